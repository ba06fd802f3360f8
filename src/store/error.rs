//! What can go wrong with the database, by what the caller or the user must do about it.

use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};
use thiserror::Error;

/// A failed use of the store. Each variant has a code that users look up.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another instance holds the lock.
    #[error(
        "{} is in use by another engaged{}",
        path.display(),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The database.
        path: PathBuf,
        /// The holder's process, if its lock file says so.
        pid: Option<u32>,
    },
    /// A newer program wrote the database.
    #[error("{} was written by a newer engaged: its schema is {found}, this one knows {known}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema number.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The database has not been migrated yet, and this access may not do it.
    #[error("{} still has schema {found}; this engaged needs {known}", path.display())]
    Older {
        /// The database.
        path: PathBuf,
        /// Its schema number.
        found: i64,
        /// The one that is needed.
        known: i64,
    },
    /// The file is not a sound database, or holds bytes that we did not write.
    #[error("the database is damaged: {detail}")]
    Damaged {
        /// What was found.
        detail: String,
    },
    /// No room left.
    #[error("the disk is full: {detail}")]
    Full {
        /// `SQLite`'s words.
        detail: String,
    },
    /// The file or its folder cannot be written.
    #[error("the database cannot be written: {detail}")]
    ReadOnly {
        /// What refused.
        detail: String,
    },
    /// There is no such file or folder.
    #[error("{} cannot be opened: {detail}", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
        /// The operating system's words.
        detail: String,
    },
    /// The disk failed. What was committed before stands; the process must end and recover on start.
    #[error("the disk failed: {detail}")]
    Io {
        /// `SQLite`'s words.
        detail: String,
    },
    /// `SQLite` or the file system does not do what the store's promises need.
    #[error("this place cannot hold the database safely: {detail}")]
    Unsuitable {
        /// What was asked and what was got.
        detail: String,
    },
    /// A migration differs from the one that was applied.
    #[error("the database's history of migrations is not this program's: {detail}")]
    Migration {
        /// Which one, and how.
        detail: String,
    },
    /// Some other program holds the database file for longer than we wait.
    #[error("another program holds the database: {detail}")]
    Busy {
        /// `SQLite`'s words.
        detail: String,
    },
    /// A file is there already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be used as a backup.
    #[error("{} cannot be used as a backup: {detail}", path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The file of those who were erased is another database's.
    #[error("{} belongs to another database: its key is not this one's", path.display())]
    Stranger {
        /// The file.
        path: PathBuf,
    },
    /// The process is to end: what was begun is not finished.
    #[error("engaged is stopping, and broke this off")]
    Stopping,
    /// A fault in this program.
    #[error("a fault in engaged's store: {detail}")]
    Bug {
        /// What happened.
        detail: String,
    },
}

impl StoreError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "E0301",
            Self::Newer { .. } => "E0302",
            Self::Damaged { .. } => "E0303",
            Self::Full { .. } => "E0304",
            Self::ReadOnly { .. } => "E0305",
            Self::Missing { .. } => "E0306",
            Self::Io { .. } => "E0307",
            Self::Unsuitable { .. } => "E0308",
            Self::Migration { .. } => "E0309",
            Self::Busy { .. } => "E0310",
            Self::Older { .. } => "E0311",
            Self::Exists { .. } => "E0312",
            Self::Backup { .. } => "E0313",
            Self::Stranger { .. } => "E0314",
            Self::Stopping => "E0315",
            Self::Bug { .. } => "E0399",
        }
    }

    /// The exit status (product.md): 7 for a second instance, 9 for storage that cannot be used, 8 for what a stop broke off,
    /// 2 for a file that must not be there, 1 for a bug.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Locked { .. } => 7,
            Self::Exists { .. } => 2,
            Self::Stopping => 8,
            Self::Bug { .. } => 1,
            _ => 9,
        }
    }

    /// The one next step.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "stop the other one; `status`, `explain`, `plan`, `approve` and `pause` work beside it"
            }
            Self::Newer { .. } => {
                "install that newer engaged, or restore the backup made before its migration"
            }
            Self::Damaged { .. } => {
                "stop engaged and put the newest backup in its place: `engaged restore FILE`"
            }
            Self::Full { .. } => "free space on that disk and start again; nothing was lost",
            Self::ReadOnly { .. } => {
                "give engaged's user the right to write the database file and its folder"
            }
            Self::Missing { .. } => {
                "check `database` in the configuration, and that its folder exists"
            }
            Self::Io { .. } => "check the disk, then start engaged again",
            Self::Unsuitable { .. } => "put the database on a local disk, not on a network share",
            Self::Migration { .. } => {
                "use the engaged that wrote this database, or restore a backup"
            }
            Self::Busy { .. } => "close the program that has the file open",
            Self::Exists { .. } => "name another file, or write over it with --force",
            Self::Backup { .. } => "name another file; whatever is there was left as it is",
            Self::Older { .. } => "run `engaged once` or start the daemon, which migrates it",
            Self::Stranger { .. } => {
                "keep that file beside the database that it was made for, and give this one another name"
            }
            Self::Stopping => "ask again when it runs again: what was committed stands",
            Self::Bug { .. } => "please report this, with the command that you ran",
        }
    }

    /// Whether the process must end, because what the disk holds is no longer certain.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Damaged { .. })
    }

    pub(super) fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged {
            detail: detail.into(),
        }
    }

    /// A task of ours that did not come to its end.
    pub fn ended(error: &tokio::task::JoinError) -> Self {
        Self::bug(error.to_string())
    }

    pub(crate) fn bug(detail: impl Into<String>) -> Self {
        Self::Bug {
            detail: detail.into(),
        }
    }

    /// Files and folders around the database: the lock, the backup.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let detail = format!("{}: {error}", path.display());
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { detail }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { detail },
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                Self::Missing {
                    path: path.into(),
                    detail: error.to_string(),
                }
            }
            _ => Self::Io { detail },
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    /// By `SQLite`'s extended code: the same fault has several texts.
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            return match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => Self::Damaged { detail },
                _ => Self::Bug { detail },
            };
        };
        match failure.extended_code {
            ffi::SQLITE_IOERR_CORRUPTFS | ffi::SQLITE_IOERR_DATA => {
                return Self::Damaged { detail };
            }
            ffi::SQLITE_IOERR_NOMEM => return Self::Bug { detail },
            _ => {}
        }
        match failure.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged { detail },
            // A header that asks for another format than there is has no code of its own.
            ErrorCode::Unknown if detail.contains("unsupported file format") => {
                Self::Damaged { detail }
            }
            ErrorCode::DiskFull => Self::Full { detail },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                Self::ReadOnly { detail }
            }
            ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed => {
                Self::Io { detail }
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { detail },
            _ => Self::Bug { detail },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_header_of_an_unknown_format_is_damage_and_no_fault_of_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let make = rusqlite::Connection::open(&path).unwrap();
        make.execute_batch("create table a (b); drop table a")
            .unwrap();
        drop(make);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[44..48].copy_from_slice(&9_u32.to_be_bytes());
        std::fs::write(&path, bytes).unwrap();
        let conn = rusqlite::Connection::open(&path).unwrap();
        let look = conn.query_row("select count(*) from sqlite_schema", (), |row| {
            row.get::<_, i64>(0)
        });
        let error = StoreError::from(look.unwrap_err());
        assert_eq!(error.code(), "E0303", "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_a_full_disk_and_a_missing_folder_are_told_apart() {
        let code = |kind| StoreError::file(Path::new("a.db.lock"), &Error::from(kind)).code();
        assert_eq!(code(ErrorKind::PermissionDenied), "E0305");
        assert_eq!(code(ErrorKind::ReadOnlyFilesystem), "E0305");
        assert_eq!(code(ErrorKind::StorageFull), "E0304");
        assert_eq!(code(ErrorKind::NotFound), "E0306");
        assert_eq!(code(ErrorKind::Other), "E0307");
    }

    #[test]
    fn faults_of_sqlite_are_told_apart_by_their_extended_code() {
        let of =
            |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert_eq!(of(ffi::SQLITE_IOERR_FSYNC).code(), "E0307");
        assert!(of(ffi::SQLITE_IOERR_FSYNC).is_fatal());
        assert_eq!(of(ffi::SQLITE_FULL).code(), "E0304");
        assert_eq!(of(ffi::SQLITE_CORRUPT_INDEX).code(), "E0303");
        assert_eq!(of(ffi::SQLITE_READONLY_DIRECTORY).code(), "E0305");
        assert_eq!(of(ffi::SQLITE_BUSY_SNAPSHOT).code(), "E0310");
        assert_eq!(of(ffi::SQLITE_CONSTRAINT_FOREIGNKEY).code(), "E0399");
    }
}
