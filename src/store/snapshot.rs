//! One state of the database, read by several threads at once.

use std::{ops::Deref, path::Path};

use super::{Conn, error::StoreError, open, shared::Shared};

/// Commits are rare and the look is short: a second try nearly always suffices.
const TRIES: usize = 100;

/// A connection of its own that sees the same state as the others it was opened
/// with. It may be moved to another thread; dropping it ends the reading.
pub struct Snapshot {
    conn: Conn,
}

impl Deref for Snapshot {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

/// Opens so many connections on one state. Not from the readers' pool: who waits
/// for several places while holding one could wait for ever.
pub(super) fn open(
    path: &Path,
    shared: &Shared,
    count: usize,
) -> Result<Vec<Snapshot>, StoreError> {
    open_while((path, shared), count, || ())
}

/// As [`open`]; `meanwhile` happens after each connection has taken its state.
pub(super) fn open_while(
    (path, shared): (&Path, &Shared),
    count: usize,
    mut meanwhile: impl FnMut(),
) -> Result<Vec<Snapshot>, StoreError> {
    let watch = connect(path, shared)?;
    let mut snapshots = Vec::new();
    for _ in 0..count {
        snapshots.push(connect(path, shared)?);
    }
    for _ in 0..TRIES {
        let before = watch.commits()?;
        for snapshot in &snapshots {
            // The state is taken by the first read, not by `begin`.
            snapshot
                .conn
                .sql
                .execute_batch("begin; select 1 from sqlite_schema limit 1")?;
            meanwhile();
        }
        if watch.commits()? == before {
            return Ok(snapshots);
        }
        for snapshot in &snapshots {
            snapshot.conn.sql.execute_batch("rollback")?;
        }
    }
    Err(StoreError::Busy {
        detail: "it is written to without a pause".into(),
    })
}

fn connect(path: &Path, shared: &Shared) -> Result<Snapshot, StoreError> {
    let sql = open::for_reading(path)?;
    let shared = Shared::clone(shared);
    Ok(Snapshot {
        conn: Conn { sql, shared },
    })
}

impl Snapshot {
    /// A number that changes when anybody else commits.
    fn commits(&self) -> Result<i64, StoreError> {
        let number = self
            .conn
            .sql
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        Ok(number)
    }
}
