//! The database as numbers: its size, its disk, its backups and checks, and whether it was restored.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::{
    page::{Page, Sort},
    seconds, whole,
};
use crate::{
    care::{self, CareStatus},
    config::Config,
    store::{BACKUP, BACKUP_SCORES, Conn, QUICK, SCORES, StoreError, WHOLE, files},
};

/// What is checked.
const CHECKS: [&str; 5] = [BACKUP, BACKUP_SCORES, QUICK, SCORES, WHOLE];

pub(super) fn of_care(
    conn: &Conn,
    config: &Config,
    now: DateTime<Utc>,
    page: &mut Page,
) -> Result<(), StoreError> {
    let care = care::look(conn, config, now.timestamp_millis())?;
    of_files(config, &care, page);
    of_backups(&care, page);
    one(
        page,
        "engaged_events",
        "Events that are stored.",
        Some(whole(conn.sizes()?.1)),
    );
    let quarantine = conn.quarantine()?.is_some();
    one(
        page,
        "engaged_quarantine",
        "1 while a restored database may not write to any platform.",
        Some(f64::from(u8::from(quarantine))),
    );
    Ok(())
}

/// A family of one number, or of none while nobody knows it.
fn one(page: &mut Page, name: &'static str, help: &str, value: Option<f64>) {
    page.family(name, Sort::Gauge, help);
    if let Some(value) = value {
        page.sample(&[], value);
    }
}

fn bytes(number: u64) -> f64 {
    whole(i64::try_from(number).unwrap_or(i64::MAX))
}

fn of_files(config: &Config, care: &CareStatus, page: &mut Page) {
    let there = files(&config.database);
    let size = |path: &Path| {
        let of = there.iter().find(|file| file.path == path);
        of.map(|file| bytes(file.bytes))
    };
    let mut log = config.database.clone().into_os_string();
    log.push("-wal");
    one(
        page,
        "engaged_database_bytes",
        "The size of the database file.",
        size(&config.database),
    );
    one(
        page,
        "engaged_database_log_bytes",
        "The size of the log of writes beside it.",
        size(Path::new(&log)),
    );
    one(
        page,
        "engaged_disk_free_bytes",
        "What is free on the database's disk.",
        care.disk.map(|disk| bytes(disk.free)),
    );
    one(
        page,
        "engaged_disk_reserve_bytes",
        "Below this nothing is read in.",
        care.disk.map(|disk| bytes(disk.reserve())),
    );
}

fn of_backups(care: &CareStatus, page: &mut Page) {
    let newest = care.backup.as_ref();
    one(
        page,
        "engaged_backup_last_timestamp_seconds",
        "When the newest good backup was made, in Unix time.",
        newest.map(|backup| seconds(backup.made_at.timestamp_millis())),
    );
    one(
        page,
        "engaged_backup_bytes",
        "Its size.",
        newest.map(|backup| whole(backup.bytes)),
    );
    let known = || {
        let known = care.checks.iter();
        known.filter(|check| CHECKS.contains(&check.name.as_str()))
    };
    page.family(
        "engaged_check_last_timestamp_seconds",
        Sort::Gauge,
        "When a check of the database was last done, in Unix time.",
    );
    for check in known() {
        let at = seconds(check.at.timestamp_millis());
        page.sample(&[("check", &check.name)], at);
    }
    page.family(
        "engaged_check_failed",
        Sort::Gauge,
        "1 where it found something.",
    );
    for check in known() {
        let failed = f64::from(u8::from(check.trouble.is_some()));
        page.sample(&[("check", &check.name)], failed);
    }
}
