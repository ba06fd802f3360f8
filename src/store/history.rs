//! Each contact's events, packed: what scoring reads and what dedupe looks into.
//!
//! Derived from the table `event` and rebuildable from it; [`codec`] documents the bytes.

pub mod codec;
mod compare;

use std::{
    collections::BTreeMap,
    mem,
    ops::{Range, RangeInclusive},
};

use engaged_connectors::model::Verdict;

use rusqlite::{CachedStatement, Rows, params};

use self::codec::Entry;
use super::{Conn, Tx, contact::ContactId, error::StoreError};
use crate::score::{calendar::Millis, facts::Fact};

/// The width of a bucket: half a year. Wider scans faster and packs tighter; narrower rewrites less on append.
const BUCKET_MS: Millis = 183 * 86_400_000;

/// The bucket of an instant.
pub(super) fn bucket(at: Millis) -> i64 {
    at.div_euclid(BUCKET_MS)
}

/// How many entries, and of how many contacts, wait to be written at most: some 5 MB.
const WAITING_MAX: usize = 40_000;
const WAITING_CONTACTS_MAX: usize = 8_000;

/// One contact's buckets, loaded to be changed.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) buckets: Buckets,
    /// Whether all that there are were loaded.
    whole: bool,
    /// Events that do not count, since a webhook told them too ([`super::twins`]); in order.
    shadows: Vec<i64>,
}

/// Buckets in the order of their numbers. They are few, and lie in one piece.
#[derive(Default)]
pub(super) struct Buckets(Vec<(i64, Bucket)>);

impl Buckets {
    fn place(&self, number: i64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |(number, _)| *number)
    }

    /// A bucket that was loaded.
    pub(super) fn get(&self, number: i64) -> Option<&Bucket> {
        self.place(number).ok().map(|place| &self.0[place].1)
    }

    /// A bucket that was loaded, to be changed.
    pub(super) fn get_mut(&mut self, number: i64) -> Option<&mut Bucket> {
        let place = self.place(number).ok()?;
        Some(&mut self.0[place].1)
    }

    /// A bucket, empty if there was none.
    pub(super) fn or_empty(&mut self, number: i64) -> &mut Bucket {
        let place = self.place(number).unwrap_or_else(|place| {
            self.0.insert(place, (number, Bucket::default()));
            place
        });
        &mut self.0[place].1
    }

    fn range(&self, numbers: RangeInclusive<i64>) -> impl Iterator<Item = &Bucket> {
        let within = self
            .0
            .iter()
            .filter(move |(number, _)| numbers.contains(number));
        within.map(|(_, bucket)| bucket)
    }
}

#[derive(Default)]
pub(super) struct Bucket {
    /// What was stored, in the order of [`Entry::order`]: a contact may have very many, and each new row looks here.
    stored: Vec<Entry>,
    /// What has come since.
    added: Vec<Entry>,
    parts: i64,
    changed: bool,
}

impl Bucket {
    /// The stored entries of one instant.
    pub(super) fn stored_at(&self, at: Millis) -> &[Entry] {
        &self.stored[self.span(at)]
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        self.added.push(entry);
        self.changed = true;
    }

    /// Takes an entry out, if it is there.
    pub(super) fn remove(&mut self, id: i64, at: Millis) {
        if let Some(found) = self
            .span(at)
            .find(|&index| self.stored[index].fact.id == id)
        {
            self.stored.remove(found);
            self.changed = true;
        } else if let Some(found) = self.added.iter().position(|entry| entry.fact.id == id) {
            self.added.remove(found);
            self.changed = true;
        }
    }

    /// Sets an entry's verdict if `allowed` agrees with the one it has; whether it was set.
    pub(super) fn judge(
        &mut self,
        (id, at): (i64, Millis),
        verdict: Verdict,
        allowed: impl Fn(Verdict) -> bool,
    ) -> Option<bool> {
        let span = self.span(at);
        let mut candidates = self.stored[span].iter_mut().chain(&mut self.added);
        let entry = candidates.find(|entry| entry.fact.id == id)?;
        let set = allowed(entry.fact.verdict);
        if set {
            entry.fact.verdict = verdict;
            self.changed = true;
        }
        Some(set)
    }

    fn span(&self, at: Millis) -> Range<usize> {
        let from = self.stored.partition_point(|entry| entry.fact.at < at);
        let to = self.stored.partition_point(|entry| entry.fact.at <= at);
        from..to
    }
}

impl Ledger {
    /// Takes in rows of buckets; those in `known` are here already.
    fn take(
        &mut self,
        contact: ContactId,
        mut rows: Rows<'_>,
        known: &[i64],
    ) -> Result<(), StoreError> {
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            if known.contains(&number) {
                continue;
            }
            let bucket = self.buckets.or_empty(number);
            bucket.parts += 1;
            let blob = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            codec::decode(blob, &mut bucket.stored).map_err(|damaged| {
                StoreError::damaged(format!("history of contact {}: {damaged}", contact.0))
            })?;
        }
        Ok(())
    }

    fn len(&self) -> usize {
        let buckets = self.buckets.0.iter();
        buckets
            .map(|(_, bucket)| bucket.stored.len() + bucket.added.len())
            .sum()
    }

    /// Puts what has come since in its place, so that [`Ledger::between`] finds it.
    pub(super) fn settle(&mut self) {
        for (_, bucket) in &mut self.buckets.0 {
            if bucket.added.is_empty() {
                continue;
            }
            bucket.stored.append(&mut bucket.added);
            bucket.stored.sort_by_key(Entry::order);
        }
    }

    /// Says which events do not count.
    pub(super) fn shadow(&mut self, events: impl Iterator<Item = i64>) {
        self.shadows = events.collect();
        self.shadows.sort_unstable();
    }

    /// What happened in a span of time, in order. The buckets must be loaded, and settled.
    pub(super) fn between(&self, span: RangeInclusive<Millis>) -> impl Iterator<Item = &Fact> {
        let numbers = bucket(*span.start())..=bucket(*span.end());
        let stored = self.buckets.range(numbers).map(|bucket| &bucket.stored);
        stored.flat_map(move |stored| {
            let from = stored.partition_point(|entry| entry.fact.at < *span.start());
            let to = stored.partition_point(|entry| entry.fact.at <= *span.end());
            let facts = stored[from..to].iter().map(|entry| &entry.fact);
            facts.filter(|fact| self.shadows.binary_search(&fact.id).is_err())
        })
    }

    /// Sets an event's verdict; whether it was another one.
    pub(super) fn set_verdict(&mut self, fact: &Fact, verdict: Verdict) -> bool {
        let bucket = self.buckets.get_mut(bucket(fact.at));
        let differs = |known| known != verdict;
        bucket.and_then(|bucket| bucket.judge((fact.id, fact.at), verdict, differs)) == Some(true)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let buckets = self.buckets.0.iter();
        buckets.flat_map(|(_, bucket)| bucket.stored.iter().chain(&bucket.added))
    }
}

/// What loads and saves histories. Made once for many: even finding a prepared statement tells at this rate.
pub(super) struct Histories<'t> {
    tx: &'t Tx,
    one: CachedStatement<'t>,
    all: CachedStatement<'t>,
    upsert: CachedStatement<'t>,
    /// Changed and not yet written: a later page of the same transaction often names the same contacts.
    waiting: BTreeMap<ContactId, Ledger>,
    /// How many entries those have.
    entries: usize,
}

impl Conn {
    /// All of a contact's history, to be looked at.
    pub(super) fn whole_history(&self, contact: ContactId) -> Result<Ledger, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select bucket, ev from history where contact_id = ?1 order by bucket, part",
        )?;
        let mut ledger = Ledger::default();
        ledger.take(contact, select.query([contact.0])?, &[])?;
        ledger.whole = true;
        Ok(ledger)
    }
}

impl Tx {
    pub(super) fn histories(&self) -> Result<Histories<'_>, StoreError> {
        Ok(Histories {
            tx: self,
            one: self.sql.prepare_cached(
                "select bucket, ev from history where contact_id = ?1 and bucket = ?2 order by part",
            )?,
            all: self.sql.prepare_cached(
                "select bucket, ev from history where contact_id = ?1 order by bucket, part",
            )?,
            // To replace takes one look where to update on a conflict takes two; nothing hangs on the old row.
            upsert: self.sql.prepare_cached(
                "insert or replace into history (contact_id, bucket, part, ev) values (?1, ?2, ?3, ?4)",
            )?,
            waiting: BTreeMap::new(),
            entries: 0,
        })
    }
}

impl Histories<'_> {
    /// Loads some of a contact's buckets, or all of them.
    pub(super) fn load(
        &mut self,
        contact: ContactId,
        wanted: Option<&[i64]>,
    ) -> Result<Ledger, StoreError> {
        let mut ledger = self.waiting.remove(&contact).unwrap_or_default();
        self.entries -= ledger.len();
        if ledger.whole {
            return Ok(ledger);
        }
        if let Some(wanted) = wanted {
            for &number in wanted {
                if ledger.buckets.get(number).is_none() {
                    ledger.buckets.or_empty(number);
                    let rows = self.one.query(params![contact.0, number])?;
                    ledger.take(contact, rows, &[])?;
                }
            }
        } else {
            let known: Vec<i64> = ledger.buckets.0.iter().map(|(number, _)| *number).collect();
            let rows = self.all.query([contact.0])?;
            ledger.take(contact, rows, &known)?;
            ledger.whole = true;
        }
        Ok(ledger)
    }

    /// Writes what changed, now or with the rest; [`Histories::write`] must follow within the transaction.
    pub(super) fn keep(
        &mut self,
        contact: ContactId,
        mut ledger: Ledger,
    ) -> Result<(), StoreError> {
        ledger.settle();
        self.entries += ledger.len();
        self.waiting.insert(contact, ledger);
        if self.entries > WAITING_MAX || self.waiting.len() > WAITING_CONTACTS_MAX {
            return self.write();
        }
        Ok(())
    }

    /// Writes all that waits, in the order of contacts.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        self.entries = 0;
        for (contact, mut ledger) in mem::take(&mut self.waiting) {
            self.save(contact, &mut ledger)?;
        }
        Ok(())
    }

    fn save(&mut self, contact: ContactId, ledger: &mut Ledger) -> Result<(), StoreError> {
        ledger.settle();
        for &mut (number, ref mut bucket) in &mut ledger.buckets.0 {
            if !bucket.changed {
                continue;
            }
            let parts = codec::encode(&bucket.stored);
            let mut count = 0;
            for (part, blob) in (0i64..).zip(&parts) {
                self.upsert
                    .execute(params![contact.0, number, part, blob])?;
                count = part + 1;
            }
            if count < bucket.parts {
                self.tx
                    .sql
                    .prepare_cached(
                        "delete from history where contact_id = ?1 and bucket = ?2 and part >= ?3",
                    )?
                    .execute(params![contact.0, number, count])?;
            }
            bucket.parts = count;
            bucket.changed = false;
        }
        Ok(())
    }
}
