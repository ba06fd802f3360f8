//! The care of the database: backups, checks, the disk it is on.
//!
//! What is done and when is in `keep`, which the daemon runs beside its jobs;
//! here is what people are shown of it. A check that finds something holds all
//! writing to platforms (`push::stop`), until a later one finds nothing.

pub mod backup;
pub mod disk;
pub mod keep;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    config::Config,
    score::calendar::Millis,
    store::{Conn, StoreError},
};

use disk::Space;

/// Since when backups are to be made; set when the daemon first sees that they are.
const EXPECTED: &str = "backup expected";

/// Contacts and events of whom something was last deleted for its age, and when.
pub const DELETED: &str = "retention deleted";

/// Before which instant events are to be deleted by a person's word; empty where nothing waits for one.
pub const WAITING: &str = "retention waits";

/// A log of more bytes than this is not emptied any more, because something reads for too long.
pub const LOG_LARGE: i64 = 64_000_000;

/// What is shown of the database's care.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct CareStatus {
    /// The newest good backup.
    pub backup: Option<BackupStatus>,
    /// Whether backups are to be made, and none was for too long.
    pub backup_stale: bool,
    /// What each check last found.
    pub checks: Vec<CheckStatus>,
    /// The room on the database's disk.
    pub disk: Option<Space>,
    /// What was last deleted because it was older than it is kept.
    pub deleted: Option<DeletedStatus>,
    /// What is older than this waits for a word before it is deleted.
    pub deletion_waits: Option<DateTime<Utc>>,
}

/// Events that were deleted because they were older than they are kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeletedStatus {
    /// When.
    pub at: DateTime<Utc>,
    /// How many there were.
    pub events: u64,
    /// Of how many contacts.
    pub contacts: u64,
}

/// A backup that was opened and found good.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BackupStatus {
    /// The file.
    pub file: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Its size.
    pub bytes: i64,
}

/// A check of our own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckStatus {
    /// What is checked.
    pub name: String,
    /// When that was last done.
    pub at: DateTime<Utc>,
    /// What is wrong, if anything.
    pub trouble: Option<String>,
    /// Whether that holds all writing to platforms.
    pub holds: bool,
}

impl CareStatus {
    /// Whether nothing keeps us from taking anything in or writing to platforms.
    pub fn is_sound(&self) -> bool {
        let room = self.disk.is_none_or(|disk| !disk.is_low());
        room && self.checks.iter().all(|check| !check.holds)
    }
}

/// Looks at what is remembered, and at the disk.
pub fn look(conn: &Conn, config: &Config, now: Millis) -> Result<CareStatus, StoreError> {
    let backup = conn.last_backup()?.map(|row| BackupStatus {
        file: row.file,
        made_at: instant(row.made_at),
        bytes: row.bytes,
    });
    let checks = conn.care()?.into_iter().map(|row| CheckStatus {
        holds: row.unsound().is_some(),
        name: row.name,
        at: instant(row.at),
        trouble: row.trouble,
    });
    Ok(CareStatus {
        backup,
        backup_stale: stale_since(conn, config, now)?.is_some(),
        checks: checks.collect(),
        disk: disk::space(&config.database),
        deleted: deleted(conn)?,
        deletion_waits: waiting(conn)?,
    })
}

fn waiting(conn: &Conn) -> Result<Option<DateTime<Utc>>, StoreError> {
    let before = conn.control(WAITING)?;
    let before = before.and_then(|control| control.value.parse().ok());
    Ok(before.map(instant))
}

fn deleted(conn: &Conn) -> Result<Option<DeletedStatus>, StoreError> {
    let Some(control) = conn.control(DELETED)? else {
        return Ok(None);
    };
    let numbers = control.value.split_once(' ');
    let numbers = numbers.and_then(|(contacts, events)| {
        let contacts: Option<u64> = contacts.parse().ok();
        contacts.zip(events.parse().ok())
    });
    Ok(numbers.map(|(contacts, events)| DeletedStatus {
        at: instant(control.known_at),
        events,
        contacts,
    }))
}

/// Since when there is no good backup, where that is too long.
pub fn stale_since(
    conn: &Conn,
    config: &Config,
    now: Millis,
) -> Result<Option<Millis>, StoreError> {
    if config.backup.is_none() {
        return Ok(None);
    }
    let expected = conn.control(EXPECTED)?.map(|control| control.known_at);
    let made = conn.last_backup()?.map(|row| row.made_at);
    // Where nothing was ever made, and nobody has begun to wait for it, nothing is late.
    let since = expected.max(made);
    Ok(since.filter(|since| since + config.alerts.backup_age <= now))
}

/// The same for people.
pub fn text(status: &CareStatus) -> String {
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%MZ").to_string();
    let mut out = String::new();
    if let Some(backup) = &status.backup {
        out += &format!(
            "Backup    {}, {}, {}\n",
            time(backup.made_at),
            size(u64::try_from(backup.bytes).unwrap_or_default()),
            backup.file
        );
    }
    if status.backup_stale {
        out +=
            "Backup    STALE: none was made of late; see the log, or try `engaged backup FILE`\n";
    }
    for check in &status.checks {
        if let Some(trouble) = &check.trouble {
            let held = if check.holds {
                "; nothing is written to any platform"
            } else {
                ""
            };
            out += &format!(
                "Check     {}: {trouble} ({}){held}\n",
                check.name,
                time(check.at)
            );
        }
    }
    if let Some(deleted) = &status.deleted {
        out += &format!(
            "Deleted   {}, {} events of {} contacts, older than [retention] keeps them\n",
            time(deleted.at),
            deleted.events,
            deleted.contacts
        );
    }
    if let Some(before) = status.deletion_waits {
        out += &format!(
            "Old       events of before {} wait to be deleted: see `engaged retention`\n",
            time(before)
        );
    }
    if let Some(disk) = status.disk.filter(Space::is_low) {
        out += &format!(
            "Disk      {} free of {}: nothing is read in until there is more room\n",
            size(disk.free),
            size(disk.total)
        );
    }
    out
}

/// A size as people read it.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut size = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while size >= 1_000.0 && unit + 1 < units.len() {
        size /= 1_000.0;
        unit += 1;
    }
    format!("{size:.1} {}", units[unit])
}

fn instant(at: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}
