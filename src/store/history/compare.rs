//! Whether the packed history is what the event log gives.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use engaged_connectors::model::Verdict;

use super::super::{
    Conn,
    contact::ContactId,
    error::StoreError,
    twins::all_pairs,
    word::{kind_of_stored, verdict_number},
};
use super::codec::{self, Entry};
use crate::score::facts::KindId;

impl Conn {
    /// Compares every contact's packed history with the event log; names up to `most` that differ.
    ///
    /// Memory grows with the number of contacts, not of events: each side is
    /// summed up per contact, whatever the order.
    pub fn compare_history(&self, most: usize) -> Result<Vec<String>, StoreError> {
        let mut sums: HashMap<i64, (i64, u64)> = HashMap::new();
        let mut log = self.sql.prepare(
            "select contact_id, id, at, kind, connection_id, coalesce(campaign_id, 0), coalesce(item_id, 0),
               coalesce(quantity, 1), value, coalesce(currency_id, 0), coalesce(order_id, 0), coalesce(tracked, 1), coalesce(way = 1, 0),
               coalesce((select verdict from verdict where verdict.contact_id = event.contact_id and event_id = event.id
                 order by verdict.known_at desc limit 1), verdict, ?1)
             from event where not exists (select 1 from superseded
               where superseded.contact_id = event.contact_id and event_id = event.id)",
        )?;
        let mut rows = log.query([verdict_number(Verdict::Unknown)])?;
        while let Some(row) = rows.next()? {
            let kind = kind_of_stored(KindId(row.get(3)?));
            let tracked: bool = row.get(11)?;
            let event: (i64, i64, u16, u16, u32, u32, u32) = (
                row.get(1)?,
                row.get(2)?,
                kind.0,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
            );
            let told: bool = row.get(12)?;
            let money: (Option<i64>, u32, u32) = (row.get(8)?, row.get(9)?, row.get(10)?);
            let rest: (_, bool, bool, i64) = (money, tracked, told, row.get(13)?);
            let sum = sums.entry(row.get(0)?).or_default();
            sum.0 += 1;
            sum.1 = sum.1.wrapping_add(hash(&(event, rest)));
        }
        self.subtract_packed(&mut sums)?;
        let mut differing: Vec<i64> = sums
            .into_iter()
            .filter(|(_, sum)| *sum != (0, 0))
            .map(|(contact, _)| contact)
            .collect();
        differing.sort_unstable();
        differing.truncate(most);
        Ok(differing
            .into_iter()
            .map(|contact| {
                format!("contact {contact}: the history is not what the event log gives")
            })
            .collect())
    }

    /// Takes the packed events off what the log sums up to; whose kept twins are not what their events give, differs too.
    fn subtract_packed(&self, sums: &mut HashMap<i64, (i64, u64)>) -> Result<(), StoreError> {
        let mut packed = self
            .sql
            .prepare("select contact_id, ev from history order by contact_id, bucket, part")?;
        let mut rows = packed.query(())?;
        let twins = self.all_twins()?;
        let (mut owner, mut entries) = (None, Vec::new());
        loop {
            let row = rows.next()?;
            let contact: Option<i64> = row.map(|row| row.get(0)).transpose()?;
            if let Some(before) = owner.filter(|_| owner != contact) {
                let told = entries.iter().any(|entry: &Entry| entry.told);
                let of = ContactId(before);
                if told && all_pairs(&twins, &entries) != self.kept_pairs(of, None)? {
                    sums.entry(before).or_default().0 += 1;
                }
                entries.clear();
            }
            let (Some(row), Some(contact)) = (row, contact) else {
                return Ok(());
            };
            owner = Some(contact);
            let begin = entries.len();
            codec::decode(
                row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?,
                &mut entries,
            )
            .map_err(|damaged| {
                StoreError::damaged(format!("history of contact {contact}: {damaged}"))
            })?;
            let sum = sums.entry(contact).or_default();
            for entry in &entries[begin..] {
                sum.0 -= 1;
                sum.1 = sum.1.wrapping_sub(hash(&content(entry)));
            }
        }
    }
}

fn content(Entry { fact, told, .. }: &Entry) -> impl Hash + use<> {
    let kind = kind_of_stored(fact.kind);
    let event = (
        fact.id,
        fact.at,
        kind.0,
        fact.connection.0,
        fact.campaign.0,
        fact.item.0,
        fact.quantity,
    );
    let verdict = verdict_number(fact.verdict);
    let money = (fact.value, fact.currency.0, fact.order.0);
    let rest = (money, fact.tracked, *told, verdict);
    (event, rest)
}

fn hash(event: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    event.hash(&mut hasher);
    hasher.finish()
}
