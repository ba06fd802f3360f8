//! The database and the disk that it is on.

use std::path::Path;

use engaged_connectors::Clock;

use super::{
    configuration::shown,
    finding::{Finding, State},
};
use crate::{
    care::{
        self, CareStatus, CheckStatus,
        disk::{Space, space},
        size,
    },
    config::{Config, Mode},
    restored,
    store::{Access, DatabaseFile, Settings, Store, StoreError, files, sqlite_version},
};

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
    all.extend(kept(&store, config, clock));
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
    let large = wal.bytes > care::LOG_LARGE.unsigned_abs();
    large.then(|| {
        let message = format!("the log of writes has grown to {}", size(wal.bytes));
        let subject = wal.path.display().to_string();
        let finding = Finding::new("wal_large", State::Warning, subject, message);
        finding.fix("end whatever reads the database for a long time, and restart the daemon")
    })
}

/// The disk that the database is on, or is to be on.
fn disk(config: &Config) -> Option<Finding> {
    let database = &config.database;
    let folder = database.parent().filter(|path| path.as_os_str() != "");
    let folder = folder.unwrap_or(Path::new(".")).display().to_string();
    Some(judged_disk(&folder, space(database)?))
}

pub(super) fn judged_disk(folder: &str, space: Space) -> Finding {
    let message = format!("{} free of {}", size(space.free), size(space.total));
    if !space.is_low() {
        return Finding::new("disk", State::Fine, folder, message);
    }
    let finding = Finding::new("disk_low", State::Trouble, folder, message);
    finding.fix("free some space: nothing is read in until there is room; nothing is lost by it")
}

/// What the database's own care has found, and whether a restored one waits.
fn kept(store: &Store, config: &Config, clock: &dyn Clock) -> Vec<Finding> {
    let now = clock.now().timestamp_millis();
    let seen = store.read(|conn| {
        Ok::<_, StoreError>((
            care::look(conn, config, now)?,
            restored::look(conn, config)?,
        ))
    });
    let (care, quarantine) = match seen {
        Ok(seen) => seen,
        Err(error) => return vec![unusable(&error)],
    };
    let mut all = vec![backup(config, &care)];
    all.extend(care.checks.iter().filter_map(failed));
    all.extend(care.deletion_waits.map(|before| {
        let message = format!(
            "events of before {} are older than they are kept, and wait to be deleted",
            before.with_timezone(&config.zone).format("%Y-%m-%d")
        );
        let finding = Finding::new("retention_waits", State::Warning, "database", message);
        finding.fix("see whether that is meant, and this machine's clock right: engaged retention; then engaged retention --delete")
    }));
    all.extend(quarantine.map(|found| {
        let missing = found
            .missing
            .first()
            .map(|missing| format!(": {}", missing.words()));
        let missing = missing.unwrap_or_default();
        let message = format!("restored from a backup, and writes to no platform{missing}");
        let finding = Finding::new("quarantine", State::Warning, "database", message);
        finding.fix("when engaged status names nothing missing: engaged approve restored")
    }));
    all
}

/// How old the newest backup is.
fn backup(config: &Config, care: &CareStatus) -> Finding {
    let Some(newest) = &care.backup else {
        // Before anything is written to a platform, all that is known can be read again.
        let live = config
            .connections
            .iter()
            .any(|each| each.mode == Mode::Live);
        let state = if live { State::Warning } else { State::Note };
        let none = Finding::new("backup_missing", state, "backup", "none was made yet");
        return none.fix(match config.backup {
            None => "add [backup] to the configuration, or run engaged backup FILE; docs/backup.md",
            Some(_) => "the daemon makes them; or make one now: engaged backup FILE",
        });
    };
    let message = format!(
        "made {}, {}",
        newest.made_at.format("%Y-%m-%d %H:%MZ"),
        size(u64::try_from(newest.bytes).unwrap_or_default())
    );
    if care.backup_stale {
        let old = Finding::new("backup_old", State::Warning, &newest.file, message);
        return old.fix("the daemon's log says why none was made since; try engaged backup FILE");
    }
    Finding::new("backup", State::Fine, &newest.file, message)
}

/// A check of the database that found something.
fn failed(check: &CheckStatus) -> Option<Finding> {
    let trouble = check.trouble.as_ref()?;
    let held = if check.holds {
        "; nothing is written to any platform"
    } else {
        ""
    };
    let finding = Finding::new(
        "check_failed",
        State::Trouble,
        &check.name,
        format!("{trouble}{held}"),
    );
    Some(finding.fix("see docs/backup.md; what was found is looked at again with engaged verify"))
}
