//! A copy of the database in one file, made beside whoever writes and checked before it gets its name.
//!
//! `VACUUM INTO` copies one state and leaves out what was deleted. It does not
//! sync what it writes, and leaves half a file when it is cut off: so the copy
//! is made under another name, synced, opened, checked, and only then named.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::ErrorKind,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use super::{Conn, Store, StoreError, migrate, open, shared::Shared};
use crate::score::calendar::Millis;

/// What a backup holds, by its own counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Its size.
    pub bytes: u64,
    /// Its schema.
    pub schema: i64,
    /// Contacts.
    pub contacts: i64,
    /// Events.
    pub events: i64,
    /// Rows in all tables.
    pub rows: i64,
    /// The newest that it knows: a run, an event, a write.
    pub known_to: Option<Millis>,
}

impl Store {
    /// Copies the present state into a file that only its owner can read, while others read and write on. The file is
    /// there when it is whole and was found good, or not at all. `replace`: also in the place of another.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where there is such a file; [`StoreError::Full`] and the like for the place of the file.
    pub fn back_up(&self, target: &Path, replace: bool) -> Result<Held, StoreError> {
        let database = self.inner.readers.path();
        refuse(database, target, replace)?;
        let partial = with_ending(target, ".partial");
        let file = claim(&partial)?;
        let made = copy(database, &partial, &file).and_then(|held| {
            name(&partial, target, replace)?;
            Ok(held)
        });
        if made.is_err() {
            // What could not be removed is removed by the next backup to that place.
            let _ = std::fs::remove_file(&partial);
            let _ = std::fs::remove_file(with_ending(&partial, "-journal"));
        }
        made
    }
}

/// Whether the target must not be written.
fn refuse(database: &Path, target: &Path, replace: bool) -> Result<(), StoreError> {
    let found = match std::fs::metadata(target) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|error| StoreError::file(target, &error))?,
    };
    let ours = std::fs::metadata(database).map_err(|error| StoreError::file(database, &error))?;
    let same = (found.dev(), found.ino()) == (ours.dev(), ours.ino());
    if replace && found.is_file() && !same {
        return Ok(());
    }
    if same || !found.is_file() {
        let detail = if same {
            "it is the database itself"
        } else {
            "it is not a file"
        };
        return Err(StoreError::Backup {
            path: target.into(),
            detail: detail.into(),
        });
    }
    Err(StoreError::Exists {
        path: target.into(),
    })
}

/// An empty file that nobody else writes a backup into.
fn claim(partial: &Path) -> Result<File, StoreError> {
    let failed = |error: &std::io::Error| StoreError::file(partial, error);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(partial)
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => StoreError::Backup {
                path: partial.into(),
                detail: "there is no such folder".into(),
            },
            _ => failed(&error),
        })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::Busy {
                detail: format!("another backup is written to {}", partial.display()),
            });
        }
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    // What one that was cut off has left.
    file.set_len(0).map_err(|error| failed(&error))?;
    Ok(file)
}

/// The copy, on disk and examined. The file is closed by the caller, after `SQLite` is done with it: closing it sooner
/// would drop `SQLite`'s own locks.
fn copy(database: &Path, partial: &Path, file: &File) -> Result<Held, StoreError> {
    let conn = open::for_copying(database)?;
    conn.execute("vacuum into ?1", [partial.to_string_lossy()])?;
    drop(conn);
    file.sync_all()
        .map_err(|error| StoreError::file(partial, &error))?;
    examine(partial)
}

/// Gives the copy its name, in one step.
fn name(partial: &Path, target: &Path, replace: bool) -> Result<(), StoreError> {
    let failed = |error: &std::io::Error| StoreError::file(target, error);
    if replace {
        std::fs::rename(partial, target).map_err(|error| failed(&error))?;
    } else {
        // A rename would take the place of a file that has come meanwhile.
        match std::fs::hard_link(partial, target) {
            Ok(()) => std::fs::remove_file(partial).map_err(|error| failed(&error))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(StoreError::Exists {
                    path: target.into(),
                });
            }
            // A file system without links.
            Err(_) => std::fs::rename(partial, target).map_err(|error| failed(&error))?,
        }
    }
    sync_folder(target)
}

/// Whether a file is a whole and sound database of ours, and what it holds.
fn examine(path: &Path) -> Result<Held, StoreError> {
    let sql = open::for_reading(path).map_err(|error| bad(path, error))?;
    held(
        &Conn {
            sql,
            shared: Shared::default(),
        },
        path,
    )
}

/// The same, through a connection.
pub(super) fn held(conn: &Conn, path: &Path) -> Result<Held, StoreError> {
    let schema = migrate::check(&conn.sql, path).map_err(|error| bad(path, error))?;
    if schema == 0 {
        return Err(StoreError::Backup {
            path: path.into(),
            detail: "it is empty".into(),
        });
    }
    conn.check_soundness().map_err(|error| bad(path, error))?;
    count(conn, path, schema).map_err(|error| bad(path, error))
}

fn count(conn: &Conn, path: &Path, schema: i64) -> Result<Held, StoreError> {
    if schema == migrate::newest() {
        // The counts were committed with the rows: what is missing from the copy is missed by them.
        let differ = conn.compare_tallies(1)?;
        if let Some(first) = differ.first() {
            return Err(StoreError::damaged(format!(
                "its rows are not as many as they were: {first}"
            )));
        }
    }
    let number = |select: &str| -> Result<i64, StoreError> {
        Ok(conn.sql.query_row(select, (), |row| row.get(0))?)
    };
    let mut rows = 0;
    let mut tables = conn.sql.prepare(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'",
    )?;
    let tables = tables.query_map((), |row| row.get::<_, String>(0))?;
    for table in tables {
        rows += number(&format!("select count(*) from \"{}\"", table?))?;
    }
    let known_to = conn.sql.query_row(
        "select max(at) from (
           select max(max(started_at), coalesce(max(ended_at), 0)) at from run
           union all select max(changed_at) from outbox
           union all select (select known_at from event order by id desc limit 1)
           union all select max(at) from audit)",
        (),
        |row| row.get(0),
    )?;
    let file = std::fs::metadata(path).map_err(|error| StoreError::file(path, &error))?;
    Ok(Held {
        bytes: file.len(),
        schema,
        contacts: number("select count(*) from contact")?,
        events: number("select count(*) from event")?,
        rows,
        known_to,
    })
}

/// What is wrong with a file that is not the database; that it is too new is told as such.
pub(super) fn bad(path: &Path, error: StoreError) -> StoreError {
    let detail = match error {
        StoreError::Newer { .. }
        | StoreError::Backup { .. }
        | StoreError::Io { .. }
        | StoreError::Missing { .. }
        | StoreError::Bug { .. } => return error,
        StoreError::Damaged { detail } | StoreError::Migration { detail } => detail,
        other => other.to_string(),
    };
    StoreError::Backup {
        path: path.into(),
        detail,
    }
}

/// The path with something behind its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Waits until what happened to names in a file's folder is on disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::file(folder, &error))
}
