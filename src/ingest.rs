//! Batches of rows that programs send: shop, site and CRM tell what happened.
//!
//! A batch is one transaction: what is good in it is stored whole or not at
//! all, and what is not is named. The rows are those of an import and mean the
//! same, so a batch that is sent again changes nothing. Few batches may be
//! under way at once; who brings one more is told to come back, before any of
//! it is read.

use std::sync::Arc;

use engaged_connectors::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    import::{
        Batch,
        row::{BadRow, Row, RowReader},
    },
    store::{Appended, Conn, IMPORTED, PageCommit, Store, StoreError},
};

/// So many batches may be read, or wait for their transaction, at once.
pub const UNDER_WAY_MAX: usize = 8;

/// So many rows may be in a batch.
pub const ROWS_MAX: usize = 10_000;

/// So many connections are there at most, before a batch may make another.
pub const CONNECTIONS_MAX: usize = 200;

/// Keys that mean nothing to us are told so far.
const UNKNOWN_KEYS_MAX: usize = 50;

/// Where batches are let in.
pub struct Intake {
    room: Arc<Semaphore>,
}

/// A place for one batch, until it is stored.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
        }
    }
}

impl Intake {
    /// A place, if one is free.
    pub fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }
}

/// The rows of a batch, read.
#[derive(Default)]
pub struct Rows {
    good: Batch,
    /// Those that were left out: their place, from 0, and why.
    pub bad: Vec<(usize, String)>,
    /// Keys that mean nothing to us, each once: the first row that has it, the key, what may have been meant.
    pub unknown_keys: Vec<(usize, String, Option<&'static str>)>,
}

impl Rows {
    /// Reads rows with their places; `kinds` are those of the configuration. A blank row is none.
    pub fn read<'r>(kinds: &[String], rows: impl Iterator<Item = (usize, &'r str)>) -> Self {
        let mut reader = RowReader::new(kinds);
        let mut all = Self::default();
        for (index, row) in rows {
            let row = reader.json(row);
            all.take(index, row);
            for (key, nearest) in reader.take_unknown_keys() {
                if all.unknown_keys.len() < UNKNOWN_KEYS_MAX {
                    all.unknown_keys.push((index, key, nearest));
                }
            }
        }
        all
    }

    fn take(&mut self, index: usize, row: Result<Option<Row>, BadRow>) {
        match row {
            Ok(Some(row)) => self.good.push(row),
            Ok(None) => {}
            Err(BadRow(reason)) => self.bad.push((index, reason)),
        }
    }

    /// How many rows will be stored.
    pub fn good(&self) -> usize {
        self.good.len()
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Contact rows taken in.
    pub contacts: u64,
    /// Of those, rows that said something new.
    pub contacts_changed: u64,
    /// What became of the events.
    pub events: Appended,
    /// Gap rows taken in.
    pub gaps: u64,
    /// Rows of contacts that were erased: left out.
    pub erased: u64,
}

/// Why a batch cannot be stored under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotHere {
    /// The connection is synced from this platform.
    Synced(String),
    /// There are too many connections already.
    TooMany,
}

/// Stores the good rows in one transaction, for a connection that is made if it is not there.
pub async fn store(
    store: &Store,
    connection: String,
    rows: Rows,
    clock: &dyn Clock,
    place: Place,
) -> Result<Result<Stored, NotHere>, StoreError> {
    let known_at = clock.now().timestamp_millis();
    let write = store.write_async(move |tx| {
        // The place is free again when this is over, whether or not the asker still listens.
        let _place = place;
        if is_one_too_many(tx, &connection)? {
            return Ok(Err(NotHere::TooMany));
        }
        let connection = tx.connection(&connection, IMPORTED, known_at)?;
        if connection.platform != IMPORTED {
            return Ok(Err(NotHere::Synced(connection.platform)));
        }
        // Identical rows are told apart within one batch.
        let mut report = tx.begin_report()?;
        let commit: PageCommit = rows.good.store(tx, connection.id, known_at, &mut report)?;
        Ok(Ok(Stored {
            contacts: commit.contacts,
            contacts_changed: commit.contacts_changed,
            events: commit.events,
            erased: commit.erased(),
            gaps: rows.good.gaps(),
        }))
    });
    write.await
}

fn is_one_too_many(conn: &Conn, name: &str) -> Result<bool, StoreError> {
    let known = conn.connections()?;
    Ok(known.len() >= CONNECTIONS_MAX && known.iter().all(|each| each.name != name))
}
