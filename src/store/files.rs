//! What can be seen of the database as files: settings, sizes, who may read them, who holds the lock. Changes nothing.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{Conn, StoreError, backup::with_ending, lock::lock_path, migrate};

/// The database as `SQLite` sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `SQLite`'s version.
    pub sqlite: &'static str,
    /// The schema's number.
    pub schema: i64,
    /// The schema that this program knows.
    pub newest: i64,
    /// How it journals: `wal` where all is well.
    pub journal: String,
    /// Bytes of a page.
    pub page_size: i64,
    /// Pages of the file.
    pub pages: i64,
    /// Pages of it that hold nothing.
    pub free_pages: i64,
}

/// A file of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Its permissions.
    pub mode: u32,
}

/// Who holds the database for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A process, by its number where it is known.
    Process(Option<u32>),
    /// That cannot be seen on this machine.
    Unseen,
}

impl Conn {
    /// The settings of the database as it is opened here.
    pub fn settings(&self) -> Result<Settings, StoreError> {
        let number = |pragma: &str| -> Result<i64, StoreError> {
            Ok(self
                .sql
                .pragma_query_value(None, pragma, |row| row.get(0))?)
        };
        Ok(Settings {
            sqlite: sqlite_version(),
            schema: migrate::version(&self.sql)?,
            newest: migrate::newest(),
            journal: self
                .sql
                .pragma_query_value(None, "journal_mode", |row| row.get(0))?,
            page_size: number("page_size")?,
            pages: number("page_count")?,
            free_pages: number("freelist_count")?,
        })
    }

    /// How many rows each table has, in the order of names. Reads every table through.
    pub fn table_sizes(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let mut select = self.sql.prepare(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name",
        )?;
        let names = select.query_map((), |row| row.get::<_, String>(0))?;
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let mut sizes = Vec::new();
        for name in names {
            // The names are those of our own schema.
            let count = format!("select count(*) from \"{}\"", name.replace('"', "\"\""));
            let count = self.sql.query_row(&count, (), |row| row.get(0))?;
            sizes.push((name, count));
        }
        Ok(sizes)
    }
}

/// The version of the `SQLite` that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The files of a database that are there: itself, its log of writes, the index of that.
pub fn files(database: &Path) -> Vec<DatabaseFile> {
    let all = ["", "-wal", "-shm"].into_iter().filter_map(|end| {
        let path = with_ending(database, end);
        let is = fs::metadata(&path).ok()?;
        Some(DatabaseFile {
            path,
            bytes: is.len(),
            mode: is.mode() & 0o7777,
        })
    });
    all.collect()
}

/// Who holds the database, from the system's own list of locks: trying to take it could keep a daemon from starting.
pub fn holder(database: &Path) -> Holder {
    let path = lock_path(database);
    let Ok(is) = fs::metadata(&path) else {
        return Holder::Nobody;
    };
    let Ok(locks) = fs::read_to_string("/proc/locks") else {
        return Holder::Unseen;
    };
    // `1: FLOCK  ADVISORY  WRITE 1234 fd:00:5678 0 EOF`: the last number before the range is the file's own.
    let number = format!(":{}", is.ino());
    let held = locks
        .lines()
        .filter(|line| line.contains("FLOCK"))
        .any(|line| line.split_whitespace().any(|word| word.ends_with(&number)));
    if !held {
        return Holder::Nobody;
    }
    let pid = fs::read_to_string(&path).ok();
    Holder::Process(pid.and_then(|text| text.trim().parse().ok()))
}
