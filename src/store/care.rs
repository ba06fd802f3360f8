//! What is remembered of the database's own care: backups, and what checks found.

use rusqlite::{OptionalExtension, params};

use super::{Conn, Store, StoreError, Tx, backup};
use crate::score::calendar::Millis;

/// Backups that are remembered.
const REMEMBERED: i64 = 200;

/// The checks: after a stop that was none, the whole file, every score, the daily backup, the scores in it.
pub const QUICK: &str = "file after a crash";
/// Every page, index and reference.
pub const WHOLE: &str = "file";
/// Every score, history and count.
pub const SCORES: &str = "scores";
/// The daily backup.
pub const BACKUP: &str = "backup";
/// The scores in the newest backup.
pub const BACKUP_SCORES: &str = "scores in the backup";

/// A backup that was opened and found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRow {
    /// The file.
    pub file: String,
    /// When it was begun.
    pub made_at: Millis,
    /// Its size.
    pub bytes: i64,
    /// Contacts in it.
    pub contacts: i64,
    /// Events in it.
    pub events: i64,
}

/// What a check of our own last found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CareRow {
    /// Which check.
    pub name: String,
    /// When it was last made.
    pub at: Millis,
    /// What is wrong, if anything.
    pub trouble: Option<String>,
    /// Since when.
    pub since: Option<Millis>,
}

impl CareRow {
    /// What was found, where it means that what is stored cannot be relied on.
    pub fn unsound(&self) -> Option<&str> {
        let ours = [QUICK, WHOLE, SCORES].contains(&self.name.as_str());
        self.trouble.as_deref().filter(|_| ours)
    }
}

impl Conn {
    /// The newest backup.
    pub fn last_backup(&self) -> Result<Option<BackupRow>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select file, made_at, bytes, contacts, events from backup order by id desc limit 1",
            )?
            .query_row((), |row| {
                Ok(BackupRow {
                    file: row.get(0)?,
                    made_at: row.get(1)?,
                    bytes: row.get(2)?,
                    contacts: row.get(3)?,
                    events: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// The files of all backups that were ever made; many are gone by now.
    pub fn backups(&self) -> Result<Vec<String>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select distinct file from backup order by file")?;
        let rows = select.query_map((), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What each check last found.
    pub fn care(&self) -> Result<Vec<CareRow>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select name, at, trouble, since_at from care order by name")?;
        let rows = select.query_map((), |row| {
            Ok(CareRow {
                name: row.get(0)?,
                at: row.get(1)?,
                trouble: row.get(2)?,
                since: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the file is sound as far as a quick look tells: pages, but not whether indexes agree with rows.
    pub fn check_quickly(&self) -> Result<(), StoreError> {
        let found: String = self
            .sql
            .query_row("pragma quick_check(1)", (), |row| row.get(0))?;
        if found == "ok" {
            Ok(())
        } else {
            Err(StoreError::damaged(found))
        }
    }
}

impl Tx {
    /// Remembers a backup that is good.
    pub fn add_backup(&self, row: &BackupRow) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into backup (file, made_at, bytes, contacts, events) values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![row.file, row.made_at, row.bytes, row.contacts, row.events])?;
        self.sql
            .prepare_cached("delete from backup where id <= (select max(id) from backup) - ?1")?
            .execute([REMEMBERED])?;
        Ok(())
    }

    /// Remembers what a check found.
    pub fn set_care(
        &self,
        name: &str,
        trouble: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into care (name, at, trouble, since_at) values (?1, ?2, ?3, iif(?3 is null, null, ?2))
                 on conflict do update set at = excluded.at, trouble = excluded.trouble,
                   since_at = iif(excluded.trouble is null, null, coalesce(since_at, excluded.at))",
            )?
            .execute(params![name, now, trouble])?;
        Ok(())
    }
}

impl Store {
    /// The size of the log of what is not in the database file yet.
    pub fn log_bytes(&self) -> u64 {
        let log = backup::with_ending(self.inner.readers.path(), "-wal");
        std::fs::metadata(log).map_or(0, |file| file.len())
    }

    /// Takes the log over into the database file and empties it. False if a reader still needs it.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        self.writer()?.outside_async(|tx| tx.empty_log()).await
    }
}
