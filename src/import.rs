//! Files into the store: contacts, events and gaps, as CSV or JSON lines.
//!
//! Memory stays flat in the size of a file, and a batch of rows is one
//! transaction. A file imported twice changes nothing, so an import that was
//! killed is simply run again. A bad line is reported with its number and its
//! reason, and the others are kept. What a row means is decided in [`row`];
//! what is new in it, in the store.

pub mod row;

mod batch;
mod csv_rows;
mod json_rows;

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use engaged_connectors::Clock;
use thiserror::Error;

pub(crate) use self::batch::Batch;
use self::row::{BadRow, Row, RowReader};
use crate::{
    score::facts::ConnectionId,
    store::{IMPORTED, Report, Store, StoreError, Tx},
};

/// Rows of one transaction. Large, because what a commit costs goes by the contacts it touches.
const BATCH_ROWS: usize = 50_000;
/// Bad lines that are told one by one; the others are counted.
const BAD_LINES_MAX: usize = 1_000;

/// What to import as.
#[derive(Clone, Debug)]
pub struct Options {
    /// The connection that the rows belong to.
    pub connection: String,
    /// Kinds declared under `[events] kinds`.
    pub kinds: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connection: "import".into(),
            kinds: Vec::new(),
        }
    }
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Contact rows taken in.
    pub contacts: u64,
    /// Of those, rows that said something new.
    pub contacts_changed: u64,
    /// New events.
    pub events: u64,
    /// Events that were known already.
    pub duplicates: u64,
    /// Events that were not stored, since their contact has not agreed to being measured.
    pub withheld: u64,
    /// Events that were not stored, since they are older than events are kept.
    pub outdated: u64,
    /// Events whose time changed under one id.
    pub superseded: u64,
    /// Gap rows taken in.
    pub gaps: u64,
    /// Rows of contacts that were erased: left out.
    pub erased: u64,
    /// Lines that were left out, the first thousand.
    pub bad: Vec<BadLine>,
    /// How many lines were left out.
    pub bad_count: u64,
    /// Columns or keys that mean nothing to us, each once, with the first line that has it.
    pub unknown_keys: Vec<UnknownKey>,
}

/// A line that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The file.
    pub file: PathBuf,
    /// Its number, from 1.
    pub line: u64,
    /// Why, without addresses.
    pub reason: String,
}

/// A key that means nothing to us; its rows were kept without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// The file.
    pub file: PathBuf,
    /// The first line that has it.
    pub line: u64,
    /// The key.
    pub key: String,
    /// A key that it may have been meant for.
    pub nearest: Option<&'static str>,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of all files.
    pub bytes: u64,
    /// Bytes of all files.
    pub total: u64,
    /// Rows read.
    pub rows: u64,
}

/// An import that could not go on. What was committed before stays, and the same import may be run again.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error("{} cannot be read: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// The connection is synced from a platform: what a file lacks would count as if it had never happened there.
    #[error("connection {name} is synced from {platform}; import under another name")]
    Synced {
        /// The connection.
        name: String,
        /// Its platform.
        platform: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports files in the order given; with an empty list, nothing.
pub fn import(
    store: &Store,
    files: &[PathBuf],
    options: &Options,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    let connection = connect(store, options, clock)?;
    let mut sizes = Vec::new();
    for file in files {
        let size = std::fs::metadata(file).map_err(|source| unreadable(file, source))?;
        sizes.push(size.len());
    }
    let mut import = Import {
        store,
        connection,
        clock,
        rows: RowReader::new(&options.kinds),
        batch: Batch::default(),
        report: ImportReport::default(),
        progress: Progress {
            bytes: 0,
            total: sizes.iter().sum(),
            rows: 0,
        },
        tell: progress,
    };
    let mut done = 0;
    for (file, size) in files.iter().zip(sizes) {
        import.file(file, done)?;
        done += size;
    }
    Ok(import.report)
}

fn connect(
    store: &Store,
    options: &Options,
    clock: &dyn Clock,
) -> Result<ConnectionId, ImportError> {
    let (name, known_at) = (options.connection.clone(), clock.now().timestamp_millis());
    let connection = store.write(move |tx| tx.connection(&name, IMPORTED, known_at))?;
    if connection.platform == IMPORTED {
        return Ok(connection.id);
    }
    Err(ImportError::Synced {
        name: connection.name,
        platform: connection.platform,
    })
}

struct Import<'i> {
    store: &'i Store,
    connection: ConnectionId,
    clock: &'i dyn Clock,
    rows: RowReader,
    batch: Batch,
    report: ImportReport,
    progress: Progress,
    tell: &'i mut dyn FnMut(Progress),
}

impl Import<'_> {
    fn file(&mut self, path: &Path, before: u64) -> Result<(), ImportError> {
        let failed = |source| unreadable(path, source);
        let file = File::open(path).map_err(failed)?;
        let mut lines = BufReader::with_capacity(1 << 18, file);
        skip_mark(&mut lines).map_err(failed)?;
        let json = is_json(path, &mut lines).map_err(failed)?;
        // Identical rows are told apart within one file.
        let mut report = Some(self.store.write(Tx::begin_long_report)?);
        let mut take = |this: &mut Self, line: u64, bytes: u64, row| {
            this.take(path, line, row);
            if this.batch.len() < BATCH_ROWS {
                return Ok(());
            }
            this.progress.bytes = before + bytes;
            this.commit(&mut report)
        };
        if json {
            json_rows::read(self, lines, path, &mut take)?;
        } else {
            csv_rows::read(self, lines, path, &mut take)?;
        }
        self.commit(&mut report)
    }

    fn take(&mut self, path: &Path, line: u64, row: Result<Option<Row>, BadRow>) {
        match row {
            Ok(Some(row)) => {
                self.progress.rows += 1;
                self.batch.push(row);
            }
            Ok(None) => {}
            Err(BadRow(reason)) => {
                self.report.bad_count += 1;
                if self.report.bad.len() < BAD_LINES_MAX {
                    self.report.bad.push(BadLine {
                        file: path.into(),
                        line,
                        reason,
                    });
                }
            }
        }
        for (key, nearest) in self.rows.take_unknown_keys() {
            self.report.unknown_keys.push(UnknownKey {
                file: path.into(),
                line,
                key,
                nearest,
            });
        }
    }

    fn commit(&mut self, report: &mut Option<Report>) -> Result<(), ImportError> {
        let Some(mut running) = report.take() else {
            return Ok(());
        };
        let batch = std::mem::take(&mut self.batch);
        let gaps = batch.gaps();
        let (connection, known_at) = (self.connection, self.clock.now().timestamp_millis());
        let (running, commit) = self.store.write(move |tx| {
            let commit = batch.store(tx, connection, known_at, &mut running)?;
            Ok((running, commit))
        })?;
        *report = Some(running);
        self.report.contacts += commit.contacts;
        self.report.contacts_changed += commit.contacts_changed;
        self.report.events += commit.events.new;
        self.report.duplicates += commit.events.duplicates;
        self.report.withheld += commit.events.withheld;
        self.report.outdated += commit.events.outdated;
        self.report.superseded += commit.events.superseded;
        self.report.gaps += gaps;
        self.report.erased += commit.erased();
        (self.tell)(self.progress);
        Ok(())
    }
}

fn unreadable(file: &Path, source: std::io::Error) -> ImportError {
    ImportError::File {
        file: file.into(),
        source,
    }
}

/// Spreadsheets begin a file with a byte order mark.
fn skip_mark(lines: &mut BufReader<File>) -> std::io::Result<()> {
    if lines.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        lines.read_exact(&mut [0; 3])?;
    }
    Ok(())
}

fn is_json(path: &Path, lines: &mut BufReader<File>) -> std::io::Result<bool> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("jsonl" | "ndjson" | "json") => return Ok(true),
        Some("csv") => return Ok(false),
        _ => {}
    }
    let first = lines
        .fill_buf()?
        .iter()
        .find(|byte| !byte.is_ascii_whitespace());
    Ok(first == Some(&b'{'))
}

#[cfg(test)]
mod tests;
