//! Reading what scoring needs: everything about one contact, or about all of
//! them in the order of their numbers, each table walked once.

use std::collections::{BTreeSet, HashMap};

use engaged_connectors::model::Address;
use rusqlite::{
    CachedStatement, OptionalExtension, Row, Rows,
    fallible_streaming_iterator::FallibleStreamingIterator, params,
};

use super::{
    Conn,
    contact::ContactId,
    error::StoreError,
    history::codec::{self, Entry},
    word::{day_of, kind_of_stored, status_of, verdict_of},
};
use crate::score::{
    calendar::Millis,
    facts::{Adjustment, ConnectionId, Fact, Facts, KindId, Subscription, TextId},
};

/// Which contacts to read.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All, each table walked once.
    All,
    /// Those with numbers from the first to the second, both included; as [`Which::All`] otherwise.
    Between(ContactId, ContactId),
    /// These, looked up one by one; best sorted. Unknown ones and ones merged into others are left out.
    These(&'a [ContactId]),
}

/// One table's share of the facts: rows of contacts ?1 to ?2 in order, as known at ?3.
#[derive(Clone, Copy)]
struct Part {
    select: &'static str,
    take: fn(&mut Loader<'_>, &Row<'_>) -> Result<(), StoreError>,
}

/// The part that says which contacts there are.
const CONTACTS: Part = Part {
    select: "select id, email, known_at from contact where id between ?1 and ?2 and ?3 is not null order by id",
    take: |loader, row| loader.take_contact(row),
};

const PARTS: [Part; 6] = [
    Part {
        select: "select contact_id, ev from history where contact_id between ?1 and ?2 and ?3 is not null
                 order by contact_id, bucket, part",
        take: |loader, row| loader.take_history(row),
    },
    Part {
        select: "select contact_id, at from subscribed where contact_id between ?1 and ?2 and known_at <= ?3
                 order by contact_id",
        take: |loader, row| loader.take_subscribed(row),
    },
    Part {
        select: "select contact_id, text, value, known_at from field cross join word on word.id = name_id
                 where contact_id between ?1 and ?2 and known_at <= ?3
                 order by contact_id, connection_id, name_id, known_at",
        take: |loader, row| loader.take_field(row),
    },
    Part {
        select: "select contact_id, connection_id, coalesce(text, ''), status, at
                 from subscription left join word on word.id = list_id
                 where contact_id between ?1 and ?2 and known_at <= ?3
                 order by contact_id, connection_id, list_id, known_at",
        take: |loader, row| loader.take_subscription(row),
    },
    Part {
        select: "select contact_id, connection_id from membership
                 where contact_id between ?1 and ?2 and known_at <= ?3 order by contact_id, connection_id",
        take: |loader, row| loader.take_membership(row),
    },
    Part {
        select: "select contact_id, id, score, points, from_on, until_on, reason, author from adjustment
                 where contact_id between ?1 and ?2 and known_at <= ?3 and coalesce(withdrawn_at > ?3, true)
                 order by contact_id, id",
        take: |loader, row| loader.take_adjustment(row),
    },
];

struct Loader<'k> {
    conn: &'k Conn,
    known: Option<Millis>,
    /// Contacts merged into others, and into which.
    merged: HashMap<i64, Vec<i64>>,
    absorbed: BTreeSet<i64>,
    facts: Facts,
    entries: Vec<Entry>,
    /// Name, value, known at: the newest of each name.
    fields: Vec<(String, String, Millis)>,
    found: bool,
}

impl Conn {
    /// Everything about one contact and those merged into it, as known at an
    /// instant (`None`: now); `None` if there was no such contact.
    pub fn facts(
        &self,
        contact: ContactId,
        known: Option<Millis>,
    ) -> Result<Option<Facts>, StoreError> {
        let mut loader = Loader::new(self, known)?;
        loader.load(contact.0)?;
        Ok(loader.found.then_some(loader.facts))
    }

    /// Calls back with each contact's facts, in the order of contacts. The facts are good until the
    /// call returns; memory does not grow with the number of contacts.
    pub fn for_each_facts(
        &self,
        which: Which<'_>,
        known: Option<Millis>,
        mut each: impl FnMut(ContactId, &Facts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut loader = Loader::new(self, known)?;
        match which {
            Which::These(contacts) => {
                for &contact in contacts {
                    if loader.absorbed.contains(&contact.0) {
                        continue;
                    }
                    loader.load(contact.0)?;
                    if loader.found {
                        each(contact, &loader.facts)?;
                    }
                }
                Ok(())
            }
            Which::All => loader.walk(i64::MIN, i64::MAX, &mut each),
            Which::Between(first, last) => loader.walk(first.0, last.0, &mut each),
        }
    }
}

impl<'k> Loader<'k> {
    fn new(conn: &'k Conn, known: Option<Millis>) -> Result<Self, StoreError> {
        let mut merged: HashMap<i64, Vec<i64>> = HashMap::new();
        let mut absorbed = BTreeSet::new();
        let mut select = conn.sql.prepare_cached(
            "select contact_id, into_id from merged where known_at <= ?1 order by contact_id",
        )?;
        let mut rows = select.query([known.unwrap_or(Millis::MAX)])?;
        while let Some(row) = rows.next()? {
            merged.entry(row.get(1)?).or_default().push(row.get(0)?);
            absorbed.insert(row.get(0)?);
        }
        Ok(Self {
            conn,
            known,
            merged,
            absorbed,
            facts: Facts::default(),
            entries: Vec::new(),
            fields: Vec::new(),
            found: false,
        })
    }

    fn known(&self) -> Millis {
        self.known.unwrap_or(Millis::MAX)
    }

    /// One contact by look-ups, with those merged into it.
    fn load(&mut self, contact: i64) -> Result<(), StoreError> {
        self.begin();
        self.look_up(contact)?;
        self.absorb(contact)?;
        self.finish(contact)
    }

    fn look_up(&mut self, contact: i64) -> Result<(), StoreError> {
        for part in std::iter::once(CONTACTS).chain(PARTS) {
            let mut select = self.conn.sql.prepare_cached(part.select)?;
            let mut rows = select.query(params![contact, contact, self.known()])?;
            while let Some(row) = rows.next()? {
                (part.take)(self, row)?;
            }
        }
        Ok(())
    }

    fn absorb(&mut self, contact: i64) -> Result<(), StoreError> {
        if !self.merged.contains_key(&contact) {
            return Ok(());
        }
        let mut waiting = vec![contact];
        while let Some(next) = waiting.pop() {
            for member in self.merged.get(&next).cloned().unwrap_or_default() {
                self.look_up(member)?;
                waiting.push(member);
            }
        }
        // The events of several contacts are one history.
        self.entries.sort_unstable_by_key(Entry::order);
        Ok(())
    }

    fn walk(
        &mut self,
        first: i64,
        last: i64,
        each: &mut impl FnMut(ContactId, &Facts) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = &self.conn.sql;
        let mut contacts = sql.prepare_cached(CONTACTS.select)?;
        let mut statements: Vec<CachedStatement<'_>> = Vec::new();
        for part in PARTS {
            statements.push(sql.prepare_cached(part.select)?);
        }
        let bounds = (first, last, self.known());
        let mut walks: Vec<(Part, Rows<'_>)> = Vec::new();
        for (part, statement) in PARTS.into_iter().zip(&mut statements) {
            let mut rows = statement.query(bounds)?;
            rows.advance()?;
            walks.push((part, rows));
        }
        let mut contacts = contacts.query(bounds)?;
        while let Some(row) = contacts.next()? {
            let contact: i64 = row.get(0)?;
            self.begin();
            self.take_contact(row)?;
            for (part, rows) in &mut walks {
                while let Some(row) = rows.get() {
                    let owner: i64 = row.get(0)?;
                    if owner > contact {
                        break;
                    }
                    if owner == contact {
                        (part.take)(self, row)?;
                    }
                    rows.advance()?;
                }
            }
            if self.absorbed.contains(&contact) {
                continue;
            }
            self.absorb(contact)?;
            self.finish(contact)?;
            if self.found {
                each(ContactId(contact), &self.facts)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        let facts = &mut self.facts;
        facts.events.clear();
        facts.properties.clear();
        facts.fields.clear();
        facts.subscriptions.clear();
        facts.connections.clear();
        facts.adjustments.clear();
        facts.subscribed_at = None;
        facts.address = None;
        facts.first_known_at = Millis::MAX;
        self.entries.clear();
        self.fields.clear();
        self.found = false;
    }

    fn finish(&mut self, contact: i64) -> Result<(), StoreError> {
        if self.known.is_some() {
            self.rewind(contact)?;
        }
        for entry in &self.entries {
            self.facts.events.push(Fact {
                kind: kind_of_stored(entry.fact.kind),
                ..entry.fact
            });
        }
        self.load_properties()?;
        let named = self
            .fields
            .drain(..)
            .filter(|(_, value, _)| !value.is_empty());
        self.facts
            .fields
            .extend(named.map(|(name, value, _)| (name, value)));
        self.facts.connections.sort_unstable();
        self.facts.connections.dedup();
        Ok(())
    }

    fn load_properties(&mut self) -> Result<(), StoreError> {
        let facts = &mut self.facts;
        if !facts.events.iter().any(|event| event.has_properties) {
            return Ok(());
        }
        let mut select = self
            .conn
            .sql
            .prepare_cached("select properties from event where id = ?1")?;
        for event in facts.events.iter().filter(|event| event.has_properties) {
            let text: String = select.query_row([event.id], |row| row.get(0))?;
            let named: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text)
                .map_err(|error| {
                    StoreError::damaged(format!("properties of event {}: {error}", event.id))
                })?;
            for (name, value) in named {
                let text = match value {
                    serde_json::Value::Null => continue,
                    serde_json::Value::String(text) => text,
                    other => other.to_string(),
                };
                facts.properties.push((event.id, name, text));
            }
        }
        facts.properties.sort();
        Ok(())
    }

    fn take_contact(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let known_at: Millis = row.get(2)?;
        if known_at > self.known() {
            return Ok(());
        }
        self.found = true;
        self.facts.first_known_at = self.facts.first_known_at.min(known_at);
        if self.facts.address.is_none() {
            let email = row
                .get_ref(1)?
                .as_str_or_null()
                .map_err(rusqlite::Error::from)?;
            self.facts.address = email.and_then(Address::parse);
        }
        Ok(())
    }

    fn take_history(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let blob = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        codec::decode(blob, &mut self.entries)
            .map_err(|damaged| StoreError::damaged(damaged.to_string()))
    }

    fn take_subscribed(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let at: Millis = row.get(1)?;
        let earliest = self.facts.subscribed_at.map_or(at, |known| known.min(at));
        self.facts.subscribed_at = Some(earliest);
        Ok(())
    }

    fn take_field(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let name = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let (value, known_at): (String, Millis) = (row.get(2)?, row.get(3)?);
        match self.fields.iter_mut().find(|(known, ..)| known == name) {
            Some(field) if field.2 <= known_at => (field.1, field.2) = (value, known_at),
            Some(_) => {}
            None => self.fields.push((name.to_owned(), value, known_at)),
        }
        Ok(())
    }

    fn take_subscription(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        let said = Subscription {
            connection: ConnectionId(row.get(1)?),
            list: row.get(2)?,
            status: status_of(row.get(3)?)?,
            at: row.get(4)?,
        };
        let known = &mut self.facts.subscriptions;
        match known
            .iter_mut()
            .find(|each| each.connection == said.connection && each.list == said.list)
        {
            Some(known) if known.at <= said.at => *known = said,
            Some(_) => {}
            None => known.push(said),
        }
        Ok(())
    }

    fn take_membership(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        self.facts.connections.push(ConnectionId(row.get(1)?));
        Ok(())
    }

    fn take_adjustment(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        self.facts.adjustments.push(Adjustment {
            id: row.get(1)?,
            score: row.get(2)?,
            points: row.get(3)?,
            from: day_of(&row.get::<_, String>(4)?)?,
            until: day_of(&row.get::<_, String>(5)?)?,
            reason: row.get(6)?,
            author: row.get(7)?,
        });
        Ok(())
    }

    /// Puts the events back as they were known at the date asked for.
    fn rewind(&mut self, contact: i64) -> Result<(), StoreError> {
        let known = self.known();
        let members: Vec<i64> = self
            .conn
            .members(ContactId(contact))?
            .into_iter()
            .map(|member| member.0)
            .filter(|member| *member == contact || self.absorbed.contains(member))
            .collect();
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

    /// Events that were replaced since by another time of the same id.
    fn restore_superseded(&mut self, members: &[i64], known: Millis) -> Result<(), StoreError> {
        let mut select = self.conn.sql.prepare_cached(
            "select event.id, at, kind, connection_id, campaign_id, coalesce(link_id, url_id), item_id, quantity,
               value, currency_id, tracked, properties is not null
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
        tracked: row.get::<_, Option<bool>>(10)?.unwrap_or(true),
        has_properties: row.get(11)?,
    })
}
