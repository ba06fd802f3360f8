//! A few connections that only read.

use std::{
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Transaction, TransactionBehavior};

use super::{
    Conn,
    error::StoreError,
    open,
    shared::Shared,
    snapshot::{self, Snapshot},
};

/// More would cost memory and gain nothing on the machines we aim at.
const READERS_MAX: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    shared: Shared,
    idle: Mutex<Idle>,
    returned: Condvar,
}

#[derive(Default)]
struct Idle {
    connections: Vec<Conn>,
    opened: usize,
}

/// A connection on loan: it goes back even when the reader panics.
struct Loan<'r> {
    readers: &'r Readers,
    conn: Option<Conn>,
}

impl Readers {
    pub(super) fn new(path: &Path, shared: Shared) -> Self {
        Self {
            path: path.into(),
            shared,
            idle: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read<T>(
        &self,
        job: impl FnOnce(&Conn) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let loan = self.lend()?;
        let Some(conn) = &loan.conn else {
            return Err(StoreError::bug("a reader was lent without a connection"));
        };
        // One transaction, so that all statements of the job see the same snapshot.
        let _snapshot = Transaction::new_unchecked(&conn.sql, TransactionBehavior::Deferred)?;
        job(conn)
    }

    pub(super) fn snapshots(&self, count: usize) -> Result<Vec<Snapshot>, StoreError> {
        snapshot::open(&self.path, &self.shared, count)
    }

    fn lend(&self) -> Result<Loan<'_>, StoreError> {
        let mut idle = self.lock();
        loop {
            if let Some(conn) = idle.connections.pop() {
                return Ok(Loan {
                    readers: self,
                    conn: Some(conn),
                });
            }
            if idle.opened < READERS_MAX {
                idle.opened += 1;
                drop(idle);
                // Should opening fail, dropping the loan gives the place back.
                let mut loan = Loan {
                    readers: self,
                    conn: None,
                };
                loan.conn = Some(Conn {
                    sql: open::for_reading(&self.path)?,
                    shared: Shared::clone(&self.shared),
                });
                return Ok(loan);
            }
            idle = self
                .returned
                .wait(idle)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut idle = self.readers.lock();
        match self.conn.take() {
            Some(conn) => idle.connections.push(conn),
            None => idle.opened -= 1,
        }
        self.readers.returned.notify_one();
    }
}
