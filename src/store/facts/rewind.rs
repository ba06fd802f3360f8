//! Putting a contact's facts back as they were known at a date.

use engaged_connectors::model::Address;
use rusqlite::{OptionalExtension, Row, params};

use super::Loader;
use crate::{
    score::{
        calendar::Millis,
        facts::{ConnectionId, Fact, KindId, TextId},
    },
    store::{contact::ContactId, error::StoreError, history::codec::Entry, word::verdict_of},
};

impl Loader<'_> {
    /// Puts the address and the events back as they were known at the date asked for.
    pub(super) fn rewind(&mut self, contact: i64) -> Result<(), StoreError> {
        let known = self.known();
        let members: Vec<i64> = self
            .conn
            .members(ContactId(contact))?
            .into_iter()
            .map(|member| member.0)
            .filter(|member| *member == contact || self.absorbed.contains(member))
            .collect();
        self.restore_address(&members, known)?;
        self.restore_superseded(&members, known)?;
        let mut select = self
            .conn
            .sql
            .prepare_cached("select known_at, verdict, contact_id from event where id = ?1")?;
        let mut judged = self.conn.sql.prepare_cached(
            "select verdict from verdict where contact_id = ?1 and event_id = ?2 and known_at <= ?3
             order by known_at desc limit 1",
        )?;
        let mut kept = Vec::with_capacity(self.entries.len());
        for mut entry in self.entries.drain(..) {
            let (since, first, owner): (Millis, Option<i64>, i64) = select
                .query_row([entry.fact.id], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
            if since > known {
                continue;
            }
            let later: Option<i64> = judged
                .query_row(params![owner, entry.fact.id, known], |row| row.get(0))
                .optional()?;
            entry.fact.verdict = match later.or(first) {
                Some(number) => verdict_of(number)?,
                None => engaged_connectors::model::Verdict::Unknown,
            };
            kept.push(entry);
        }
        self.entries = kept;
        Ok(())
    }

    /// The address that the first of some contacts with an address had.
    pub(super) fn restore_address(
        &mut self,
        members: &[i64],
        known: Millis,
    ) -> Result<(), StoreError> {
        let mut select = self.conn.sql.prepare_cached(
            "select email from (
               select until_at, email from former_address where contact_id = ?1 and until_at > ?2
               union all select ?3, email from contact where id = ?1 and known_at <= ?2
             ) order by until_at limit 1",
        )?;
        self.facts.address = None;
        for member in members {
            let email: Option<Option<String>> = select
                .query_row(params![member, known, Millis::MAX], |row| row.get(0))
                .optional()?;
            self.facts.address = email.flatten().as_deref().and_then(Address::parse);
            if self.facts.address.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Events that were replaced since by another time of the same id.
    fn restore_superseded(&mut self, members: &[i64], known: Millis) -> Result<(), StoreError> {
        let mut select = self.conn.sql.prepare_cached(
            "select event.id, at, kind, connection_id, campaign_id, coalesce(link_id, url_id), item_id, quantity,
               value, currency_id, tracked, properties is not null, coalesce(way = 1, 0), order_id
             from superseded join event on event.id = event_id
             where superseded.contact_id = ?1 and superseded.known_at > ?2",
        )?;
        let before = self.entries.len();
        for member in members {
            let mut rows = select.query(params![member, known])?;
            while let Some(row) = rows.next()? {
                self.entries.push(Entry {
                    fact: fact_of(row)?,
                    identified: true,
                    told: row.get(12)?,
                });
            }
        }
        if self.entries.len() > before {
            self.entries.sort_unstable_by_key(Entry::order);
        }
        Ok(())
    }
}

/// A fact from a row of `event`; its verdict is looked up apart.
fn fact_of(row: &Row<'_>) -> Result<Fact, StoreError> {
    let text = |column: usize| -> Result<TextId, rusqlite::Error> {
        Ok(TextId(row.get::<_, Option<u32>>(column)?.unwrap_or(0)))
    };
    Ok(Fact {
        id: row.get(0)?,
        at: row.get(1)?,
        kind: KindId(row.get(2)?),
        connection: ConnectionId(row.get(3)?),
        verdict: engaged_connectors::model::Verdict::Unknown,
        campaign: text(4)?,
        url: text(5)?,
        item: text(6)?,
        quantity: row.get::<_, Option<u32>>(7)?.unwrap_or(1),
        value: row.get(8)?,
        currency: text(9)?,
        order: text(13)?,
        tracked: row.get::<_, Option<bool>>(10)?.unwrap_or(true),
        has_properties: row.get(11)?,
    })
}
