//! The daily backup: its name, which old ones go, and whether the scores in it are what its events give.

use std::{
    fs::{DirBuilder, File},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDateTime, Utc};
use engaged_connectors::Clock;

use super::{disk, size};
use crate::{
    config::{Backup, Config},
    score::calendar::Millis,
    store::{Access, BackupRow, Held, Store, StoreError},
    verify::{VerifyReport, verify},
};

/// With what the names of our own files begin and end.
const BEGINS: &str = "engaged-";
const ENDS: &str = ".db";
const STAMP: &str = "%Y%m%dT%H%M%SZ";
/// What the store puts behind the name of one that is being made.
const PARTIAL: &str = ".partial";

/// What is remembered of a backup.
pub fn row(file: &Path, held: &Held, made_at: Millis) -> BackupRow {
    BackupRow {
        file: std::path::absolute(file)
            .unwrap_or_else(|_| file.to_owned())
            .display()
            .to_string(),
        made_at,
        bytes: i64::try_from(held.bytes).unwrap_or(i64::MAX),
        contacts: held.contacts,
        events: held.events,
    }
}

/// Makes a backup in the configured folder, which is made if it is not there. Where it would fill the disk none is begun.
pub fn make(
    store: &Store,
    backup: &Backup,
    now: DateTime<Utc>,
) -> Result<(PathBuf, Held), StoreError> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(&backup.folder);
    made.map_err(|error| StoreError::file(&backup.folder, &error))?;
    remove_cut_off(&backup.folder)?;
    let stamp = now.format(STAMP);
    let file = backup.folder.join(format!("{BEGINS}{stamp}{ENDS}"));
    let needed = std::fs::metadata(store.path()).map_or(0, |database| database.len());
    let needed = needed + store.log_bytes();
    if let Some(space) = disk::space(&file)
        && space.free < needed + space.reserve()
    {
        let detail = format!(
            "a backup may need {}, and {} are free in {}",
            size(needed),
            size(space.free),
            backup.folder.display()
        );
        return Err(StoreError::Full { detail });
    }
    let held = store.back_up(&file, false)?;
    Ok((file, held))
}

/// Files in a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error: &std::io::Error| StoreError::file(folder, error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        if path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

/// Removes what backups of ours left that were cut off; one that goes on is locked.
fn remove_cut_off(folder: &Path) -> Result<(), StoreError> {
    for path in files(folder)? {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.and_then(|name| name.strip_suffix(PARTIAL));
        let ours = name.is_some_and(|name| is_ours(Path::new(name)));
        let idle = || File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if ours && idle() {
            std::fs::remove_file(&path).map_err(|error| StoreError::file(&path, &error))?;
        }
    }
    Ok(())
}

/// Removes our own files from the folder but for the newest so many. Files of other names are none of ours.
pub fn remove_old(backup: &Backup) -> Result<usize, StoreError> {
    let mut ours = files(&backup.folder)?;
    ours.retain(|path| is_ours(path));
    // Their names are in the order of their times.
    ours.sort();
    let keep = usize::try_from(backup.keep).unwrap_or(usize::MAX);
    let old = ours.len().saturating_sub(keep);
    for path in &ours[..old] {
        std::fs::remove_file(path).map_err(|error| StoreError::file(path, &error))?;
    }
    Ok(old)
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let stamp = name.and_then(|name| name.strip_prefix(BEGINS)?.strip_suffix(ENDS));
    stamp.is_some_and(|stamp| NaiveDateTime::parse_from_str(stamp, STAMP).is_ok())
}

/// A clock that stands at the moment of a backup: what was due later is none of its business.
struct Standing(DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Computes every score in a backup again from its events.
pub fn verify_scores(
    file: &Path,
    config: &Config,
    made_at: DateTime<Utc>,
) -> Result<VerifyReport, StoreError> {
    let clock = Standing(made_at);
    let store = Store::open(file, Access::ReadOnly, &clock)?;
    store.track_by(&config.rules.tracking, made_at.timestamp_millis())?;
    verify(&store, config, &clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_ours_stay_and_files_of_other_names_are_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let theirs = [
            "engaged-before-the-move.db",
            "engaged-20260101T003500Z.db.partial",
            "engaged-20261301T003500Z.db",
            "mailchimp.csv",
        ];
        for name in theirs {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        for day in 1..=9 {
            let name = format!("engaged-202601{day:02}T003500Z.db");
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let backup = Backup {
            folder: folder.path().to_owned(),
            keep: 3,
        };
        assert_eq!(remove_old(&backup).unwrap(), 6);
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut wanted: Vec<String> = theirs.map(str::to_owned).into();
        wanted.extend((7..=9).map(|day| format!("engaged-202601{day:02}T003500Z.db")));
        wanted.sort();
        assert_eq!(left, wanted);
        assert_eq!(remove_old(&backup).unwrap(), 0);
    }

    #[test]
    fn what_a_backup_of_ours_left_that_was_cut_off_goes_and_one_that_goes_on_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "x").unwrap();
            path
        };
        let left = file("engaged-20260101T003500Z.db.partial");
        let others = file("mine.db.partial");
        let goes_on = file("engaged-20260102T003500Z.db.partial");
        let held = File::open(&goes_on).unwrap();
        held.lock().unwrap();
        remove_cut_off(folder.path()).unwrap();
        assert_eq!(
            [&left, &others, &goes_on].map(|path| path.exists()),
            [false, true, true]
        );
    }
}
