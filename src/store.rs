//! The database: the only part of this program that knows `SQLite`.
//!
//! One writer thread owns the write connection and runs each job in a
//! `BEGIN IMMEDIATE` transaction of its own; readers see one snapshot each.
//! Callers compose methods of [`Tx`] and [`Conn`] inside [`Store::write`] and
//! [`Store::read`]; no type of the database library leaves this module. Nothing
//! here decides anything: what to sync, score or push is the caller's business.

mod about;
mod account;
mod alert;
mod append;
mod arrival;
mod audit;
mod automation;
mod backup;
mod care;
mod clean;
mod connection;
mod contact;
mod control;
mod counter;
mod coverage;
mod edited;
mod erase;
mod erased;
mod error;
mod facts;
mod figures;
mod files;
mod gathered;
mod history;
mod horizon;
mod inbox;
mod leftover;
mod listing;
mod lock;
mod look;
mod migrate;
mod objection;
mod open;
mod operation;
mod outbox;
mod page;
mod publication;
mod quarantine;
mod reader;
mod restore;
mod result;
mod retraction;
mod run;
mod session;
mod shadow;
mod shared;
mod since;
mod snapshot;
mod standing;
mod start;
mod tally;
mod token;
mod tracking;
mod twins;
mod verdict;
mod volume;
mod week;
mod withheld;
mod word;
mod writer;

use std::{cell::RefCell, path::Path, sync::Arc};

pub use about::{PACKED, Presence, RowsOf, Shown};
pub use account::AccountRow;
pub use alert::{AlertRow, Delivery, NewNotice, Notice};
pub use append::{Appended, Report};
pub use audit::{AuditChain, AuditFilter, AuditRow};
pub use automation::{
    Entries, EntriesWanted, EntryDay, EntrySize, Listed, Tally as EntryTally, Waiting,
};
pub use backup::Held;
pub use care::{BACKUP, BACKUP_SCORES, BackupRow, CareRow, QUICK, SCORES, WHOLE};
pub use clean::{
    BatchRow, BatchSizes, CleaningBatch, CleaningCase, Placed, Speaker, Stage, Taken, TakenState,
    Voice,
};
pub use connection::{Connection, IMPORTED};
pub use contact::{ContactId, Gone, Upserted};
pub use counter::Shortfall;
pub use coverage::Gap;
pub use edited::Edited;
pub use erase::{Cleared, Erasure, Traces};
pub use error::StoreError;
pub use facts::{Hindsight, Which};
pub use figures::{AtPoints, DayMoves, DaySizes, End, Grouping, Moved, PastDay, Size, Sizes};
pub use files::{DatabaseFile, Holder, Settings, files, holder, sqlite_version};
pub use history::codec;
pub use horizon::{OldEvents, Outdated, needs_word};
pub use inbox::{Arrived, Hook, NewDelivery, Settled, StoredDelivery, WITHOUT_CONNECTION};
pub use leftover::SettledWrites;
pub use listing::{Among, Length, ListedContact, Listing, NoPlace, Order, PAGE_MAX, Place, Wanted};
pub use look::{HistoryRow, Tally};
pub use objection::{OBJECTED, Objection};
pub use operation::{Control, RejectRow};
pub use outbox::{
    Guard, Lane, LoggedPush, LoggedWrite, NewOutboxRow, OutboxRow, OutboxState, Plan,
    Trouble as WriteTrouble, WritesOf, WritesWanted,
};
pub use page::PageCommit;
pub use publication::{DraftRow, NewPublication, Publication, PublicationState};
pub use quarantine::{Comparison, QUARANTINE, Quarantine, Source};
pub use restore::{Restored, restore};
pub use result::{ContactState, Dirty, Results, ScoreRow};
pub use run::{Brought, DayBrought, Hour, Run};
pub use session::SessionRow;
pub use shadow::ShadowDay;
pub use since::Pushed;
pub use snapshot::Snapshot;
pub use standing::{Asked, OpenWrite, Standing};
pub use start::Resolution;
pub use tracking::Forgotten;
pub use volume::Arrivals;
pub use week::{Week, WeekBand, WeekRule, WeekScore};

use engaged_connectors::Clock;

use crate::verdict::Machines;

/// What may be done with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything. Creates and migrates the database, and holds the lock: one such store exists at a time.
    ReadWrite,
    /// A person's word, beside whoever writes: short transactions, no lock, no migration.
    Beside,
    /// Reading, beside whoever writes. The database must exist and have the present schema.
    ReadOnly,
}

/// Is told what is being done to an older database, by a name, and whether that begins now or has gone on for a while.
pub type Upgrading = Arc<dyn Fn(&str, bool) + Send + Sync>;

/// An open database. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Fields are dropped in this order: the lock goes last, when nothing writes any more.
    writer: Option<writer::Writer>,
    readers: reader::Readers,
    shared: shared::Shared,
    lock: Option<lock::Lock>,
}

/// A connection that reads one snapshot.
pub struct Conn {
    sql: rusqlite::Connection,
    /// What may be used of whom, and whether we stop: the same for all connections of a store.
    shared: shared::Shared,
}

/// A transaction: everything done through it is committed together, or not at all.
pub struct Tx {
    conn: Conn,
    /// By what new events are judged.
    machines: RefCell<Arc<Machines>>,
    /// What is to be added to the tallies before the commit.
    counted: tally::Counting,
    /// Whom an erasure keeps out.
    erased: RefCell<erased::Erased>,
}

impl std::ops::Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl Store {
    /// Opens a database; with [`Access::ReadWrite`] locks, creates and migrates it.
    ///
    /// # Errors
    /// Each way in which storage cannot be used is a variant of [`StoreError`].
    pub fn open(path: &Path, access: Access, clock: &dyn Clock) -> Result<Self, StoreError> {
        let nobody: Upgrading = Arc::new(|_, _| ());
        Self::open_telling(path, access, clock, &nobody)
    }

    /// As [`Store::open`]; `upgrading` is told while an older database is brought to the present schema.
    pub fn open_telling(
        path: &Path,
        access: Access,
        clock: &dyn Clock,
        upgrading: &Upgrading,
    ) -> Result<Self, StoreError> {
        let shared = shared::Shared::default();
        let start = |conn| writer::Writer::start(conn, shared.clone());
        let (lock, writer) = match access {
            Access::ReadOnly => {
                open::check_readable(path)?;
                (None, None)
            }
            Access::Beside => {
                open::check_readable(path)?;
                let conn = open::beside(path, clock.now().timestamp_millis(), upgrading)?;
                (None, Some(start(conn)?))
            }
            Access::ReadWrite => {
                let lock = lock::Lock::take(path)?;
                let now = clock.now().timestamp_millis();
                restore::finish(path, now)?;
                let writer = start(open::for_writing(path, now, upgrading)?)?;
                let database = path.to_owned();
                let again = writer.write(move |tx| tx.replay_erasures(&database, now))?;
                if again > 0 {
                    writer.outside(|tx| tx.empty_log())?;
                }
                (Some(lock), Some(writer))
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                writer,
                readers: reader::Readers::new(path, shared.clone()),
                shared,
                lock,
            }),
        })
    }

    /// Runs a job in one transaction and waits for its commit. An error rolls everything back.
    /// Blocks the thread; inside async code use [`Store::write_async`].
    pub fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer()?.write(job)
    }

    /// As [`Store::write`], without blocking the thread. Waits while too many jobs are queued.
    /// Dropping the future does not stop a job that has been queued.
    pub async fn write_async<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer()?.write_async(job).await
    }

    /// Sets by what new events are judged: machines that name themselves and behave like machines, until this is called.
    pub fn judge_by(&self, machines: Arc<Machines>) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.judge_by(machines);
            Ok(())
        })
    }

    /// Reads one snapshot. Blocks the thread while all readers are busy.
    pub fn read<T>(
        &self,
        job: impl FnOnce(&Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.inner.readers.read(job)
    }

    /// Opens so many connections that all see one and the same state, for as many threads.
    /// Whoever writes is not held up; what it commits meanwhile is not seen.
    pub fn snapshots(&self, count: usize) -> Result<Vec<Snapshot>, StoreError> {
        self.inner.readers.snapshots(count)
    }

    /// As [`Store::read`], on a thread made for blocking.
    pub async fn read_async<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read(job))
            .await
            .map_err(|error| StoreError::bug(error.to_string()))?
    }

    /// Waits until a write fails so that nobody knows any more what is on the disk. Then the process must end: what was
    /// committed before stands, and is found again on start.
    pub async fn failed(&self) -> StoreError {
        match self.writer() {
            Ok(writer) => writer.failed().await,
            Err(_) => std::future::pending().await,
        }
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        self.inner.readers.path()
    }

    fn holds_lock(&self) -> bool {
        self.inner.lock.is_some()
    }

    fn shared(&self) -> &shared::Shared {
        &self.inner.shared
    }

    fn writer(&self) -> Result<&writer::Writer, StoreError> {
        self.inner
            .writer
            .as_ref()
            .ok_or_else(|| StoreError::bug("a store opened for reading was asked to write"))
    }
}

#[cfg(test)]
mod tests;
