//! What may be used of whom: read with every contact, asked of every event that comes in, and carried out on what was
//! stored before somebody withdrew.
//!
//! The configuration says which field tells it ([`Store::track_by`]); each text of it that was in force is kept, since
//! what was withheld under one is missing under the next. Where everything may be used of everybody, none of this costs
//! anything.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError},
};

use engaged_connectors::model::{Event, EventKind};
use rusqlite::{CachedStatement, params};

use super::{
    Conn, Store, Tx,
    contact::ContactId,
    error::StoreError,
    history::{Ledger, bucket},
    horizon::Kept,
    tally::Group,
    withheld::Kept as Withheld,
    word::kind_of_stored,
};
use crate::{
    rules::tracking::{Signal, Tracking, TrackingRules},
    score::{
        calendar::Millis,
        tracking::{Consent, Measured, Record, day_of_open, field_name},
    },
};

/// What may be used of whom, since when; and how long.
#[derive(Clone, Debug, Default)]
pub(super) struct Privacy {
    /// The oldest first.
    log: Vec<(Millis, TrackingRules)>,
    /// How long events are kept, if not for ever.
    pub(super) kept: Option<Kept>,
}

impl Privacy {
    /// Whether everything may be used of everybody, and always might.
    pub(super) fn is_open(&self) -> bool {
        self.log.iter().all(|(_, rules)| rules.is_open())
    }

    fn signal(&self, kind: &EventKind) -> Option<Signal> {
        self.log.last()?.1.signal(kind)
    }

    fn reads(&self, field: &str) -> bool {
        self.log.iter().any(|(_, rules)| rules.reads(field))
    }
}

/// Opens and clicks that were stored and are no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The last contact that was looked at; `None` if there is none after it.
    pub until: Option<ContactId>,
    /// Contacts of whom something was deleted.
    pub contacts: u64,
    /// Events.
    pub events: u64,
    /// Dates of a last open that nobody may keep any more.
    pub dates: u64,
}

impl Store {
    /// Sets what may be used of whom, from now on and of all that is stored: everything, until this is called. Whoever holds
    /// the database keeps it, so that what was withheld meanwhile is known to be missing later.
    pub fn track_by(&self, rules: &TrackingRules, now: Millis) -> Result<(), StoreError> {
        let rules = rules.clone();
        let log = if self.holds_lock() {
            self.write(move |tx| tx.keep_tracking(rules, now))?
        } else {
            self.read(|conn| {
                let mut log = conn.tracking_log()?;
                if log
                    .last()
                    .map_or(!rules.is_open(), |(_, last)| *last != rules)
                {
                    log.push((now, rules));
                }
                Ok(log)
            })?
        };
        self.change_privacy(|privacy| privacy.log = log);
        Ok(())
    }

    pub(super) fn change_privacy(&self, change: impl FnOnce(&mut Privacy)) {
        let mut shared = self
            .shared()
            .privacy
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut privacy = Privacy::clone(&shared);
        change(&mut privacy);
        *shared = Arc::new(privacy);
    }
}

impl Conn {
    pub(super) fn privacy(&self) -> Arc<Privacy> {
        let shared = &self.shared.privacy;
        let shared = shared.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shared)
    }

    fn tracking_log(&self) -> Result<Vec<(Millis, TrackingRules)>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select known_at, rules from tracking_rule order by known_at")?;
        let mut rows = select.query(())?;
        let mut log = Vec::new();
        while let Some(row) = rows.next()? {
            let text: String = row.get(1)?;
            let rules = serde_json::from_str(&text)
                .map_err(|error| StoreError::damaged(format!("tracking rules: {error}")))?;
            log.push((row.get(0)?, rules));
        }
        Ok(log)
    }

    /// How many contacts there are of each mode, the strictest last.
    pub fn tracking_sizes(&self) -> Result<Vec<(Tracking, u64)>, StoreError> {
        let mut sizes = Tracking::ALL.map(|mode| (mode, 0_u64));
        let privacy = self.privacy();
        if privacy.is_open() {
            sizes[0].1 = self.count_contacts()?;
            return Ok(sizes.to_vec());
        }
        let mut consents = Consents::new(self, privacy)?;
        let mut select = self.sql.prepare_cached(
            "select id from contact where id not in (select contact_id from merged)",
        )?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let contact = ContactId(row.get(0)?);
            let mode = consents.of(&self.members(contact)?)?.mode;
            sizes[mode as usize].1 += 1;
        }
        Ok(sizes.to_vec())
    }

    /// The day of the last open that is kept of some contacts that are one.
    pub(super) fn last_open(&self, members: &[ContactId]) -> Result<Option<Millis>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select max(at) from last_open where contact_id = ?1")?;
        let mut last = None;
        for member in members {
            last = last.max(select.query_row([member.0], |row| row.get(0))?);
        }
        Ok(last)
    }

    /// Which kinds are measured, by the numbers that facts have.
    pub(super) fn measured(&self, privacy: &Privacy) -> Result<Measured, StoreError> {
        let Some((_, rules)) = privacy.log.last() else {
            return Ok(Measured::default());
        };
        let declared = if rules.kinds.is_empty() {
            Vec::new()
        } else {
            self.kind_names()?
        };
        Ok(Measured::new(rules, &declared))
    }
}

/// Works out what may be used of contacts, one after the other.
pub(super) struct Consents<'c> {
    privacy: Arc<Privacy>,
    connections: HashMap<u16, String>,
    /// The names of fields, folded; `None` for those that decide nothing.
    names: HashMap<i64, Option<String>>,
    name: CachedStatement<'c>,
    memberships: CachedStatement<'c>,
    fields: CachedStatement<'c>,
}

impl<'c> Consents<'c> {
    pub(super) fn new(conn: &'c Conn, privacy: Arc<Privacy>) -> Result<Self, StoreError> {
        let connections = conn.connections()?.into_iter();
        Ok(Self {
            privacy,
            connections: connections.map(|each| (each.id.0, each.name)).collect(),
            names: HashMap::new(),
            name: conn
                .sql
                .prepare_cached("select text from word where id = ?1")?,
            memberships: conn.sql.prepare_cached(
                "select connection_id, known_at from membership where contact_id = ?1",
            )?,
            fields: conn.sql.prepare_cached(
                "select connection_id, name_id, value, known_at from field where contact_id = ?1 order by known_at",
            )?,
        })
    }

    /// What may be used of contacts that are one. What is known now counts for all times.
    pub(super) fn of(&mut self, members: &[ContactId]) -> Result<Consent, StoreError> {
        let mut consent: Option<Consent> = None;
        for member in members {
            let own = self.record(*member)?.consent(&self.privacy.log);
            consent = Some(consent.map_or(own, |others| others.and(own)));
        }
        Ok(consent.unwrap_or_default())
    }

    fn record(&mut self, contact: ContactId) -> Result<Record, StoreError> {
        let mut record = Record::default();
        let mut rows = self.memberships.query([contact.0])?;
        while let Some(row) = rows.next()? {
            let name = self.connections.get(&row.get(0)?);
            let name = name.cloned().unwrap_or_default();
            record.connections.push((name, row.get(1)?));
        }
        drop(rows);
        let mut rows = self.fields.query([contact.0])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(1)?;
            if !self.names.contains_key(&number) {
                let name: String = self.name.query_row([number], |row| row.get(0))?;
                let name = field_name(&name);
                let read = self.privacy.reads(&name);
                self.names.insert(number, read.then_some(name));
            }
            let Some(Some(field)) = self.names.get(&number) else {
                continue;
            };
            let connection = self.connections.get(&row.get(0)?);
            let connection = connection.cloned().unwrap_or_default();
            let said = (connection, field.clone(), row.get(2)?, row.get(3)?);
            record.said.push(said);
        }
        Ok(record)
    }
}

/// Keeps out of one batch what may not be stored.
pub(super) struct Withholding<'t> {
    tx: &'t Tx,
    consents: Consents<'t>,
    known: HashMap<ContactId, (ContactId, Consent)>,
}

impl<'t> Withholding<'t> {
    /// `None` where everything may be stored.
    pub(super) fn new(tx: &'t Tx) -> Result<Option<Self>, StoreError> {
        let privacy = tx.privacy();
        if privacy.is_open() {
            return Ok(None);
        }
        Ok(Some(Self {
            tx,
            consents: Consents::new(tx, privacy)?,
            known: HashMap::new(),
        }))
    }

    /// Whether an event must not be stored; of an open the date is kept where that may be.
    pub(super) fn takes(&mut self, contact: ContactId, event: &Event) -> Result<bool, StoreError> {
        let Some(signal) = self.consents.privacy.signal(&event.kind) else {
            return Ok(false);
        };
        let (root, consent) = self.of(contact)?;
        let at = event.at.timestamp_millis();
        if consent.shows(signal, at) {
            return Ok(false);
        }
        let keeps_date = consent.mode == Tracking::LastOpenDateOnly && signal == Signal::Open;
        if keeps_date && consent.shows(Signal::LastOpen, at) {
            self.tx.keep_last_open(root, at)?;
        }
        Ok(true)
    }

    fn of(&mut self, contact: ContactId) -> Result<(ContactId, Consent), StoreError> {
        if let Some(known) = self.known.get(&contact) {
            return Ok(*known);
        }
        let root = self.tx.root(contact)?;
        let consent = self.consents.of(&self.tx.members(root)?)?;
        self.known.insert(contact, (root, consent));
        Ok((root, consent))
    }
}

impl Tx {
    fn keep_tracking(
        &self,
        rules: TrackingRules,
        now: Millis,
    ) -> Result<Vec<(Millis, TrackingRules)>, StoreError> {
        let mut log = self.tracking_log()?;
        let newest = log.last();
        if newest.map_or(rules.is_open(), |(_, newest)| *newest == rules) {
            return Ok(log);
        }
        // Also where the clock was set back the newest is the one that holds.
        let since = newest.map_or(now, |(since, _)| now.max(since + 1));
        let text =
            serde_json::to_string(&rules).map_err(|error| StoreError::bug(error.to_string()))?;
        self.sql
            .prepare_cached("insert into tracking_rule (known_at, rules) values (?1, ?2)")?
            .execute(params![since, text])?;
        log.push((since, rules));
        Ok(log)
    }

    fn keep_last_open(&self, contact: ContactId, at: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into last_open (contact_id, at) values (?1, ?2)
                 on conflict do update set at = max(at, excluded.at)",
            )?
            .execute(params![contact.0, day_of_open(at)])?;
        Ok(())
    }

    /// Deletes what is stored of so many contacts after one and may not be used any more. Scores do not change by it: it
    /// was not read since it may not be used.
    pub fn forget_hidden(&self, after: ContactId, most: u32) -> Result<Forgotten, StoreError> {
        let mut forgotten = Forgotten::default();
        let privacy = self.privacy();
        if privacy.is_open() {
            return Ok(forgotten);
        }
        let measured = self.measured(&privacy)?;
        let mut consents = Consents::new(self, privacy)?;
        let mut select = self
            .sql
            .prepare_cached("select id from contact where id > ?1 order by id limit ?2")?;
        let contacts: Vec<ContactId> = select
            .query_map(params![after.0, most], |row| row.get(0).map(ContactId))?
            .collect::<Result<_, _>>()?;
        for contact in contacts {
            forgotten.until = Some(contact);
            let root = self.root(contact)?;
            let consent = consents.of(&self.members(root)?)?;
            if !consent.is_open() {
                let events = self.forget_events_of((contact, root), &consent, &measured)?;
                forgotten.events += events;
                forgotten.contacts += u64::from(events > 0);
            }
            forgotten.dates += self.forget_last_open(contact, &consent)?;
        }
        Ok(forgotten)
    }

    fn forget_last_open(&self, contact: ContactId, consent: &Consent) -> Result<u64, StoreError> {
        let from = if consent.mode == Tracking::LastOpenDateOnly {
            consent.from(Signal::LastOpen)
        } else {
            Millis::MAX
        };
        let gone = self
            .sql
            .prepare_cached("delete from last_open where contact_id = ?1 and at < ?2")?
            .execute(params![contact.0, from])?;
        Ok(gone as u64)
    }

    fn forget_events_of(
        &self,
        (contact, root): (ContactId, ContactId),
        consent: &Consent,
        measured: &Measured,
    ) -> Result<u64, StoreError> {
        let mut histories = self.histories()?;
        let mut ledger = histories.load(contact, None)?;
        let mut gone: BTreeSet<i64> = BTreeSet::new();
        for entry in ledger.entries() {
            let fact = &entry.fact;
            let Some(signal) = measured.signal(kind_of_stored(fact.kind)) else {
                continue;
            };
            if consent.shows(signal, fact.at) {
                continue;
            }
            gone.insert(fact.id);
            let keeps_date = consent.mode == Tracking::LastOpenDateOnly && signal == Signal::Open;
            if keeps_date && consent.shows(Signal::LastOpen, fact.at) {
                self.keep_last_open(root, fact.at)?;
            }
        }
        if gone.is_empty() {
            return Ok(0);
        }
        self.mark_deleted(contact, &gone)?;
        let events = self.delete_events(contact, &mut ledger, gone)?;
        histories.keep(contact, ledger)?;
        histories.write()?;
        Ok(events)
    }

    /// What a platform counts has come, also when it is deleted.
    fn mark_deleted(&self, contact: ContactId, gone: &BTreeSet<i64>) -> Result<(), StoreError> {
        let mut select = self.sql.prepare_cached(
            "select campaign_id, kind, way, at, coalesce(url, '') from event left join url on url.id = link_id
             where event.id = ?1 and way is not null and campaign_id is not null",
        )?;
        for id in gone {
            let mut rows = select.query([id])?;
            while let Some(row) = rows.next()? {
                self.mark_withheld(&Withheld {
                    contact,
                    campaign: row.get(0)?,
                    kind: row.get(1)?,
                    way: row.get(2)?,
                    at: row.get(3)?,
                    link: row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?,
                })?;
            }
        }
        Ok(())
    }

    /// Deletes events of a contact, all of whose history must be loaded, with what they superseded and what is one event
    /// with them. Returns how many that were.
    pub(super) fn delete_events(
        &self,
        contact: ContactId,
        ledger: &mut Ledger,
        mut gone: BTreeSet<i64>,
    ) -> Result<u64, StoreError> {
        self.with_company(contact, &mut gone)?;
        let found: Vec<(i64, Millis)> = ledger
            .entries()
            .filter(|entry| gone.contains(&entry.fact.id))
            .map(|entry| (entry.fact.id, entry.fact.at))
            .collect();
        for (id, at) in found {
            if let Some(bucket) = ledger.buckets.get_mut(bucket(at)) {
                bucket.remove(id, at);
            }
        }
        let mut live = 0_i64;
        for (table, column, sign) in [
            ("event", "id", 1),
            ("superseded", "event_id", -1),
            ("confirmed", "event_id", 0),
            ("verdict", "event_id", 0),
        ] {
            let mut delete = self.sql.prepare_cached(&format!(
                "delete from {table} where contact_id = ?1 and {column} = ?2"
            ))?;
            let mut pair = self.sql.prepare_cached(
                "select exists (select 1 from confirmed where contact_id = ?1 and event_id = ?2 and by_id is not null)",
            )?;
            for id in &gone {
                if table == "confirmed" {
                    let is_pair: bool = pair.query_row(params![contact.0, id], |row| row.get(0))?;
                    live -= i64::from(is_pair);
                }
                let rows = delete.execute(params![contact.0, id])?;
                live += sign * i64::try_from(rows).unwrap_or(0);
            }
        }
        self.count(Group::Events, -live);
        Ok(u64::try_from(live).unwrap_or(0))
    }
}

impl Conn {
    /// Adds what some events took the place of, and what is one event with them.
    pub(super) fn with_company(
        &self,
        contact: ContactId,
        gone: &mut BTreeSet<i64>,
    ) -> Result<(), StoreError> {
        let mut company = self.sql.prepare_cached(
            "select event_id from superseded where contact_id = ?1 and by_id = ?2
             union select by_id from confirmed where contact_id = ?1 and event_id = ?2 and by_id is not null
             union select event_id from confirmed where contact_id = ?1 and by_id = ?2",
        )?;
        let mut waiting: Vec<i64> = gone.iter().copied().collect();
        while let Some(id) = waiting.pop() {
            let others: Vec<i64> = company
                .query_map(params![contact.0, id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            waiting.extend(others.into_iter().filter(|other| gone.insert(*other)));
        }
        Ok(())
    }
}
