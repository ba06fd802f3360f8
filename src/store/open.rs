//! Opening connections: every setting that a promise rests on is read back.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{Upgrading, erased, error::StoreError, migrate};
use crate::score::calendar::Millis;

/// 3.51.3 is the first release without the WAL-reset race.
const SQLITE_MIN: i32 = 3_051_003;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A person's word waits for a plan over a large list, or a backfill's commit, to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection that writes beside the one that always does.
pub(super) fn beside(
    path: &Path,
    now: Millis,
    upgrading: &Upgrading,
) -> Result<Connection, StoreError> {
    let conn = for_writing(path, now, upgrading)?;
    conn.busy_timeout(PATIENCE)?;
    Ok(conn)
}

/// The one connection that writes.
pub(super) fn for_writing(
    path: &Path,
    now: Millis,
    upgrading: &Upgrading,
) -> Result<Connection, StoreError> {
    let mut conn = unmigrated(path)?;
    migrate::run(&mut conn, path, now, upgrading)?;
    erased::settle_key(&conn, path)?;
    Ok(conn)
}

/// As [`for_writing`], for a copy that is to become a database: migrating keeps no other one.
pub(super) fn copy_for_writing(
    path: &Path,
    database: &Path,
    now: Millis,
) -> Result<Connection, StoreError> {
    let mut conn = unmigrated(path)?;
    let nobody: Upgrading = std::sync::Arc::new(|_, _| ());
    migrate::run_on_copy(&mut conn, path, now, &nobody)?;
    erased::settle_key(&conn, database)?;
    Ok(conn)
}

fn unmigrated(path: &Path) -> Result<Connection, StoreError> {
    check_version(rusqlite::version_number())?;
    check_writable(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    make(path)?;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // The page size is fixed once the first page is written.
    conn.pragma_update(None, "page_size", 8192)?;
    // A newer or damaged database is refused before anything is written to it.
    migrate::check(&conn, path)?;
    set_text(&conn, "journal_mode", "wal")?;
    set(&conn, "synchronous", 2)?;
    set(&conn, "secure_delete", 1)?;
    // What is not here the system keeps, and a larger share here would make memory grow with the list.
    set(&conn, "cache_size", -8_000)?;
    harden(&conn)?;
    Ok(conn)
}

/// A connection that only reads.
pub(super) fn for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    set(&conn, "query_only", 1)?;
    set(&conn, "cache_size", -4_000)?;
    harden(&conn)?;
    Ok(conn)
}

/// A connection that copies the database into another file: it reads, and must not be kept from writing there.
pub(super) fn for_copying(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // The copy is written with as much memory.
    set(&conn, "cache_size", -8_000)?;
    harden(&conn)?;
    Ok(conn)
}

/// Whether a database is there, ours, and of the present schema.
pub(super) fn check_readable(path: &Path) -> Result<(), StoreError> {
    check_version(rusqlite::version_number())?;
    std::fs::metadata(path).map_err(|error| StoreError::file(path, &error))?;
    let conn = for_reading(path)?;
    let found = migrate::check(&conn, path)?;
    let known = migrate::newest();
    if found < known {
        return Err(StoreError::Older {
            path: path.into(),
            found,
            known,
        });
    }
    Ok(())
}

fn check_version(number: i32) -> Result<(), StoreError> {
    if number < SQLITE_MIN {
        return Err(StoreError::Unsuitable {
            detail: format!("SQLite {} is older than 3.51.3", rusqlite::version()),
        });
    }
    Ok(())
}

/// The operating system's own words are clearer than `SQLite`'s "unable to open database file".
fn check_writable(path: &Path) -> Result<(), StoreError> {
    let link = std::fs::symlink_metadata(path);
    match link {
        Ok(found) if found.is_symlink() => Err(StoreError::Unsuitable {
            detail: format!(
                "{} is a symbolic link; name the file itself",
                path.display()
            ),
        }),
        Ok(found) if found.permissions().readonly() => Err(StoreError::ReadOnly {
            detail: format!("{} is marked read-only", path.display()),
        }),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::file(path, &error))
        }
        _ => Ok(()),
    }
}

/// Makes the file where there is none, for its owner alone: it holds people's addresses. The files beside it get the same
/// permissions from `SQLite`.
fn make(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::file(path, &error))
        }
        _ => Ok(()),
    }
}

fn harden(conn: &Connection) -> Result<(), StoreError> {
    conn.set_prepared_statement_cache_capacity(128);
    set(conn, "foreign_keys", 1)?;
    set(conn, "trusted_schema", 0)?;
    // Plans must not hang on the values bound to them: SQLite would plan again for each new value.
    let stable = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let defensive = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let timeout: i64 = conn.query_row("pragma busy_timeout", (), |row| row.get(0))?;
    if !defensive || !stable || u128::try_from(timeout) != Ok(BUSY_TIMEOUT.as_millis()) {
        return Err(StoreError::Unsuitable {
            detail: "SQLite refused a safety setting".into(),
        });
    }
    Ok(())
}

fn set(conn: &Connection, pragma: &str, value: i64) -> Result<(), StoreError> {
    // Some pragmas answer with a row, some do not; what counts is what is read back.
    conn.pragma_update(None, pragma, value)?;
    let got: i64 = conn.pragma_query_value(None, pragma, |row| row.get(0))?;
    settled(pragma, &value, &got)
}

fn set_text(conn: &Connection, pragma: &str, value: &str) -> Result<(), StoreError> {
    conn.pragma_update_and_check(None, pragma, value, |_| Ok(()))?;
    let got: String = conn.pragma_query_value(None, pragma, |row| row.get(0))?;
    settled(pragma, &value, &got.as_str())
}

fn settled<T: PartialEq + std::fmt::Display>(
    pragma: &str,
    asked: &T,
    got: &T,
) -> Result<(), StoreError> {
    if asked == got {
        return Ok(());
    }
    Err(StoreError::Unsuitable {
        detail: format!("{pragma} stays {got} when set to {asked}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_sqlite_is_refused() {
        assert_eq!(check_version(3_051_002).unwrap_err().code(), "E0308");
        check_version(rusqlite::version_number()).unwrap();
    }

    #[test]
    fn the_writer_keeps_every_setting_that_promises_rest_on() {
        let folder = tempfile::tempdir().unwrap();
        let nobody: Upgrading = std::sync::Arc::new(|_, _| ());
        let conn = for_writing(&folder.path().join("a.db"), 0, &nobody).unwrap();
        let number = |pragma: &str| -> i64 {
            conn.pragma_query_value(None, pragma, |row| row.get(0))
                .unwrap()
        };
        assert_eq!(number("synchronous"), 2);
        assert_eq!(number("foreign_keys"), 1);
        assert_eq!(number("trusted_schema"), 0);
        assert_eq!(number("secure_delete"), 1);
        assert_eq!(number("page_size"), 8192);
        let journal: String = conn
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        assert_eq!(journal, "wal");
    }
}
