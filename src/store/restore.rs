//! Puts a backup in the place of the database. What was there is moved aside, never deleted.
//!
//! The backup is copied beside the database, checked there, brought to the
//! present schema and put into quarantine. From the moment at which that copy
//! has the name `<database>.restored` the restore is decided: whoever opens the
//! database for writing next carries it to its end. Before that moment nothing
//! has happened.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chrono::DateTime;
use engaged_connectors::Clock;
use rusqlite::Connection;

use super::{
    Conn, StoreError,
    backup::{self, Held, sync_folder, with_ending},
    lock::Lock,
    migrate, open,
    quarantine::{Quarantine, Source},
    shared::Shared,
    writer::Writer,
};
use crate::score::calendar::{Millis, Zone};

/// The first bytes of a database.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What a restore did.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup held.
    pub held: Held,
    /// The quarantine that began.
    pub quarantine: Quarantine,
    /// Where the database is that was there before, if there was one.
    pub aside: Option<PathBuf>,
}

/// Puts a backup in the place of the database, in quarantine.
///
/// # Errors
/// [`StoreError::Locked`] while another process writes the database, [`StoreError::Newer`] for a backup of a newer
/// program, [`StoreError::Backup`] for a file that is damaged or none of ours. Then nothing was changed.
pub fn restore(
    database: &Path,
    file: &Path,
    zone: &Zone,
    clock: &dyn Clock,
) -> Result<Restored, StoreError> {
    let _lock = Lock::take(database)?;
    let now = clock.now().timestamp_millis();
    finish(database, now)?;
    look(file)?;
    refuse_itself(database, file)?;
    let copy = with_ending(database, ".restoring");
    let prepared = prepare((file, database), &copy, zone, now);
    let (held, quarantine) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            remove_copy(&copy);
            return Err(error);
        }
    };
    let decided = with_ending(database, ".restored");
    std::fs::rename(&copy, &decided).map_err(|error| StoreError::file(&decided, &error))?;
    sync_folder(database)?;
    Ok(Restored {
        held,
        quarantine,
        aside: finish(database, now)?,
    })
}

/// Ends a restore that was decided, and forgets one that was not. The lock is held. Returns where the former database is.
pub(super) fn finish(database: &Path, now: Millis) -> Result<Option<PathBuf>, StoreError> {
    remove_copy(&with_ending(database, ".restoring"));
    let decided = with_ending(database, ".restored");
    if !decided.exists() {
        return Ok(None);
    }
    let aside = move_aside(database, now)?;
    std::fs::rename(&decided, database).map_err(|error| StoreError::file(database, &error))?;
    sync_folder(database)?;
    Ok(aside)
}

/// A second name for the database and its log, under which they stay. The log goes before the database does: the next
/// database must not find it.
fn move_aside(database: &Path, now: Millis) -> Result<Option<PathBuf>, StoreError> {
    let log = with_ending(database, "-wal");
    let aside = free_name(database, now);
    if database.exists() {
        link(database, &aside)?;
        if log.exists() {
            link(&log, &with_ending(&aside, "-wal"))?;
        }
        sync_folder(database)?;
    }
    for gone in [
        log,
        with_ending(database, "-shm"),
        with_ending(database, "-journal"),
    ] {
        remove(&gone)?;
    }
    Ok(aside.exists().then_some(aside))
}

fn free_name(database: &Path, now: Millis) -> PathBuf {
    let date = DateTime::from_timestamp_millis(now).unwrap_or_default();
    let dated = format!(".before-restore-{}", date.format("%Y%m%dT%H%M%SZ"));
    let first = with_ending(database, &dated);
    let others = (2..).map(|number| with_ending(database, &format!("{dated}-{number}")));
    let mut names = std::iter::once(first.clone()).chain(others);
    names.find(|name| !name.exists()).unwrap_or(first)
}

/// A second name, or a copy where the file system has none.
fn link(from: &Path, to: &Path) -> Result<(), StoreError> {
    let linked = std::fs::hard_link(from, to).or_else(|_| {
        std::fs::copy(from, to)?;
        File::open(to)?.sync_all()
    });
    linked.map_err(|error| StoreError::file(to, &error))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file(path, &error)),
        _ => Ok(()),
    }
}

fn remove_copy(copy: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        // What cannot be removed is written over by the next restore.
        let _ = std::fs::remove_file(with_ending(copy, ending));
    }
}

/// A first look, which changes nothing beside the file: whether it is a database at all, and not too new.
fn look(file: &Path) -> Result<(), StoreError> {
    let failed = |error: &std::io::Error| StoreError::file(file, error);
    let mut head = Vec::new();
    let opened = File::open(file).map_err(|error| failed(&error))?;
    opened
        .take(64)
        .read_to_end(&mut head)
        .map_err(|error| failed(&error))?;
    let version = head.get(60..64).and_then(|bytes| bytes.try_into().ok());
    let (true, Some(version)) = (head.starts_with(MAGIC), version) else {
        return Err(StoreError::Backup {
            path: file.into(),
            detail: "it is no database".into(),
        });
    };
    let (found, known) = (i64::from(u32::from_be_bytes(version)), migrate::newest());
    if found > known {
        return Err(StoreError::Newer {
            path: file.into(),
            found,
            known,
        });
    }
    Ok(())
}

fn refuse_itself(database: &Path, file: &Path) -> Result<(), StoreError> {
    let names = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
    match (names(database), names(file)) {
        (Ok(one), Ok(other)) if one == other => Err(StoreError::Backup {
            path: file.into(),
            detail: "it is the database itself".into(),
        }),
        _ => Ok(()),
    }
}

/// Copies the backup, checks the copy, and puts it into quarantine.
fn prepare(
    (file, database): (&Path, &Path),
    copy: &Path,
    zone: &Zone,
    now: Millis,
) -> Result<(Held, Quarantine), StoreError> {
    take(file, copy)?;
    let log = with_ending(file, "-wal");
    if log.exists() {
        // A database that was moved aside has what was committed last in there.
        take(&log, &with_ending(copy, "-wal"))?;
    }
    // Whatever is wrong with the copy is wrong with the backup, and told of that.
    let told = |error| match error {
        StoreError::Backup { detail, .. } => StoreError::Backup {
            path: file.into(),
            detail,
        },
        other => backup::bad(file, other),
    };
    let sql = Connection::open(copy).map_err(|error| told(error.into()))?;
    let held = backup::held(
        &Conn {
            sql,
            shared: Shared::default(),
        },
        copy,
    )
    .map_err(told)?;
    let conn = open::copy_for_writing(copy, database, now).map_err(told)?;
    let writer = Writer::start(conn, Shared::default())?;
    let source = Source {
        file: file.display().to_string(),
        known_to: held.known_to,
        zone: zone.clone(),
    };
    let quarantine = writer.write(move |tx| tx.begin_quarantine(&source, now))?;
    drop(writer);
    // One file, without a log beside it.
    let sql = Connection::open(copy)?;
    sql.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))?;
    drop(sql);
    let synced = File::open(copy).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::file(copy, &error))?;
    Ok((held, quarantine))
}

/// Copies a file into one that only its owner can read.
fn take(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(|error| StoreError::file(from, &error))?;
    let mut options = File::options();
    let target = options.write(true).create(true).truncate(true).mode(0o600);
    let copied = target
        .open(to)
        .and_then(|mut target| std::io::copy(&mut source, &mut target));
    copied
        .map(|_| ())
        .map_err(|error| StoreError::file(to, &error))
}
