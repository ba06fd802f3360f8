//! Each contact's events, packed: what scoring reads and what dedupe looks into.
//!
//! Derived from the table `event` and rebuildable from it; [`codec`] documents the bytes.

pub mod codec;
mod compare;

use std::collections::BTreeMap;

use rusqlite::params;

use self::codec::Entry;
use super::{Conn, Tx, contact::ContactId, error::StoreError};
use crate::score::calendar::Millis;

/// The width of a bucket: half a year. Wider scans faster and packs tighter; narrower rewrites less on append.
const BUCKET_MS: Millis = 183 * 86_400_000;

/// The bucket of an instant.
pub(super) fn bucket(at: Millis) -> i64 {
    at.div_euclid(BUCKET_MS)
}

/// One contact's buckets, loaded to be changed.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) buckets: BTreeMap<i64, Bucket>,
}

#[derive(Default)]
pub(super) struct Bucket {
    pub(super) entries: Vec<Entry>,
    parts: i64,
    changed: bool,
}

impl Bucket {
    pub(super) fn insert(&mut self, entry: Entry) {
        self.entries.push(entry);
        self.changed = true;
    }

    /// Takes an entry out; whether it was there.
    pub(super) fn remove(&mut self, id: i64) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.fact.id != id);
        let removed = self.entries.len() < before;
        self.changed |= removed;
        removed
    }

    /// The entry, to be changed.
    pub(super) fn change(&mut self, id: i64) -> Option<&mut Entry> {
        let entry = self.entries.iter_mut().find(|entry| entry.fact.id == id);
        self.changed |= entry.is_some();
        entry
    }
}

impl Ledger {
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.buckets.values().flat_map(|bucket| &bucket.entries)
    }
}

impl Conn {
    /// Loads some of a contact's buckets, or all of them.
    pub(super) fn ledger(
        &self,
        contact: ContactId,
        wanted: Option<&[i64]>,
    ) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        let mut take = |row: &rusqlite::Row<'_>| -> Result<(), StoreError> {
            let bucket: &mut Bucket = ledger.buckets.entry(row.get(0)?).or_default();
            bucket.parts += 1;
            codec::decode(
                row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?,
                &mut bucket.entries,
            )
            .map_err(|damaged| {
                StoreError::damaged(format!("history of contact {}: {damaged}", contact.0))
            })
        };
        if let Some(wanted) = wanted {
            let mut select = self.sql.prepare_cached(
                "select bucket, ev from history where contact_id = ?1 and bucket = ?2 order by part",
            )?;
            for bucket in wanted {
                let mut rows = select.query(params![contact.0, bucket])?;
                while let Some(row) = rows.next()? {
                    take(row)?;
                }
            }
        } else {
            let mut select = self.sql.prepare_cached(
                "select bucket, ev from history where contact_id = ?1 order by bucket, part",
            )?;
            let mut rows = select.query([contact.0])?;
            while let Some(row) = rows.next()? {
                take(row)?;
            }
        }
        Ok(ledger)
    }
}

impl Tx {
    /// Writes the buckets that changed.
    pub(super) fn save_ledger(
        &self,
        contact: ContactId,
        ledger: &mut Ledger,
    ) -> Result<(), StoreError> {
        let mut upsert = self.sql.prepare_cached(
            "insert into history (contact_id, bucket, part, ev) values (?1, ?2, ?3, ?4)
             on conflict do update set ev = excluded.ev",
        )?;
        for (number, bucket) in &mut ledger.buckets {
            if !bucket.changed {
                continue;
            }
            bucket.entries.sort_unstable_by_key(Entry::order);
            let parts = codec::encode(&bucket.entries);
            let mut count = 0;
            for (part, blob) in (0i64..).zip(&parts) {
                upsert.execute(params![contact.0, number, part, blob])?;
                count = part + 1;
            }
            if count < bucket.parts {
                self.sql
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
