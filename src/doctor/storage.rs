//! The database and the disk that it is on.

use engaged_connectors::Clock;

use super::{
    configuration::shown,
    finding::{Finding, State},
};
use crate::{
    config::Config,
    store::{Access, DatabaseFile, Settings, Store, StoreError, files, sqlite_version},
};

const MB: u64 = 1024 * 1024;

/// Below this much, or a twentieth of the disk where that is less, it is nearly full.
const FREE_MIN: u64 = 200 * MB;

/// A log of writes that stays larger than this, and than half the database, is held open by somebody.
const WAL_MAX: u64 = 256 * MB;

/// Looks at the database and its disk; gives the store as well, where it can be opened.
pub(super) fn findings(config: &Config, clock: &dyn Clock) -> (Option<Store>, Vec<Finding>) {
    let database = &config.database;
    let name = database.display().to_string();
    let mut all: Vec<Finding> = disk(config).into_iter().collect();
    let there = files(database);
    for file in &there {
        all.extend(open_to_others(file));
    }
    if there.is_empty() {
        let message = format!("not there yet; SQLite {}", sqlite_version());
        let missing = Finding::new("database_missing", State::Note, name, message);
        all.push(missing.fix("engaged sync makes it"));
        return (None, all);
    }
    let store = match Store::open(database, Access::ReadOnly, clock) {
        Ok(store) => store,
        Err(error) => {
            all.push(unusable(&error));
            return (None, all);
        }
    };
    match store.read(super::super::store::Conn::settings) {
        Ok(settings) => all.push(settings_of(&name, &settings, &there)),
        Err(error) => all.push(unusable(&error)),
    }
    all.extend(wal(&there));
    all.extend(backup(&store, config, clock));
    (Some(store), all)
}

pub(super) fn unusable(error: &StoreError) -> Finding {
    let message = format!("{error} ({})", error.code());
    let finding = Finding::new("database_unusable", State::Trouble, "database", message);
    finding.fix(error.next_step())
}

fn settings_of(name: &str, settings: &Settings, there: &[DatabaseFile]) -> Finding {
    let bytes: u64 = there.iter().map(|file| file.bytes).sum();
    let message = format!(
        "SQLite {}, schema {}, {}, {}",
        settings.sqlite,
        settings.schema,
        settings.journal,
        size(bytes)
    );
    // Other settings belong to a connection, and are read back whenever one is opened.
    if settings.journal == "wal" {
        return Finding::new("database", State::Fine, name, message);
    }
    let finding = Finding::new("database_settings", State::Warning, name, message);
    finding.fix("another program changed how it journals; start engaged once, which sets it right")
}

fn open_to_others(file: &DatabaseFile) -> Option<Finding> {
    (file.mode & 0o077 != 0).then(|| {
        let message = format!(
            "others on this machine can read people's addresses in it (mode {:o})",
            file.mode
        );
        let subject = file.path.display().to_string();
        let finding = Finding::new("database_open", State::Warning, subject, message);
        finding.fix(format!("chmod 600 {}", shown(&file.path)))
    })
}

fn wal(there: &[DatabaseFile]) -> Option<Finding> {
    let wal = there
        .get(1)
        .filter(|file| file.path.to_string_lossy().ends_with("-wal"))?;
    let large = wal.bytes > WAL_MAX && wal.bytes > there[0].bytes / 2;
    large.then(|| {
        let message = format!("the log of writes has grown to {}", size(wal.bytes));
        let subject = wal.path.display().to_string();
        let finding = Finding::new("wal_large", State::Warning, subject, message);
        finding.fix("end whatever reads the database for a long time, and restart the daemon")
    })
}

/// The disk that the database is on, or is to be on.
fn disk(config: &Config) -> Option<Finding> {
    let folder = config
        .database
        .parent()
        .filter(|path| path.as_os_str() != "");
    let folder = folder.unwrap_or(std::path::Path::new("."));
    let found = rustix::fs::statvfs(folder).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let whole = found.f_blocks.saturating_mul(found.f_frsize);
    Some(judged_disk(&folder.display().to_string(), free, whole))
}

pub(super) fn judged_disk(folder: &str, free: u64, whole: u64) -> Finding {
    let message = format!("{} free of {}", size(free), size(whole));
    if free >= FREE_MIN.min(whole / 20) {
        return Finding::new("disk", State::Fine, folder, message);
    }
    let finding = Finding::new("disk_low", State::Trouble, folder, message);
    finding.fix("free some space: a full disk stops syncing; nothing is lost by it")
}

/// How old the newest backup is. Nothing keeps that yet; this is where it is to be asked.
fn backup(_: &Store, _: &Config, _: &dyn Clock) -> Option<Finding> {
    None
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..MB => format!("{} KB", bytes / 1024),
        MB..1_073_741_824 => format!("{} MB", bytes / MB),
        _ => format!(
            "{}.{} GB",
            bytes / (1024 * MB),
            bytes % (1024 * MB) * 10 / (1024 * MB)
        ),
    }
}
