//! Watches a running program's database from outside and kills the program at a counted event.

use std::{
    fs::File,
    os::unix::{fs::FileExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::{Connection, types::FromSql};
use tempfile::TempDir;

use crate::{judge::Violation, program::Program, stage::Running};

/// How often one looks before the program is taken to hang: some two minutes.
const LOOKS_MAX: u32 = 1_000_000;

/// What has happened to the database since the watch began.
pub struct Watch {
    files: [PathBuf; 2],
    /// Held open, since the last to leave takes it away; what was in it can still be read then.
    index: Option<File>,
    change: u32,
    log: Option<(u64, SystemTime)>,
    /// Transactions that were committed.
    pub commits: u32,
    /// Times that the write-ahead log was seen to change. Its pages come one by one, the commit with the last.
    pub writes: u32,
}

impl Watch {
    fn begin(folder: &Path) -> Self {
        let mut watch = Self {
            files: ["engaged.db-shm", "engaged.db-wal"].map(|name| folder.join(name)),
            index: None,
            change: 0,
            log: None,
            commits: 0,
            writes: 0,
        };
        watch.look();
        (watch.commits, watch.writes) = (0, 0);
        watch
    }

    fn look(&mut self) {
        if self.index.is_none() {
            self.index = File::open(&self.files[0]).ok();
        }
        // The third word of the shared index counts commits (SQLite, "WAL-mode file format"); recovery sets it to zero.
        let mut word = [0; 4];
        let read = |index: &File| index.read_exact_at(&mut word, 8).is_ok();
        let change = match self.index.as_ref().map(read) {
            Some(true) => u32::from_ne_bytes(word),
            _ => 0,
        };
        let anew = change < self.change;
        self.commits += if anew { change } else { change - self.change };
        self.change = change;
        let log = std::fs::metadata(&self.files[1]).ok();
        let log = log.and_then(|log| Some((log.len(), log.modified().ok()?)));
        self.writes += u32::from(log != self.log);
        self.log = log;
    }
}

/// Starts the program and kills it as soon as it is due; whether the kill found it alive.
pub fn kill(program: &Program, verb: &str, due: impl FnMut(&Watch) -> bool) -> bool {
    kill_words(program, &[verb], due)
}

/// The same for a verb of several words.
pub fn kill_words(program: &Program, words: &[&str], mut due: impl FnMut(&Watch) -> bool) -> bool {
    let mut watch = Watch::begin(program.path());
    let mut running = Running::start(program, words);
    for _ in 0..LOOKS_MAX {
        let over = running.child.try_wait().unwrap().is_some();
        watch.look();
        if due(&watch) || over {
            // Harmless if it has ended: then its number has been given back and is not used.
            running.child.kill().unwrap();
            return running.child.wait().unwrap().signal() == Some(9);
        }
        std::thread::sleep(Duration::from_micros(100));
    }
    panic!(
        "`engaged {}` neither ended nor came so far: {}",
        words.join(" "),
        running.said()
    );
}

/// Runs the program to its end; how often it committed.
pub fn commits_of(program: &Program, verb: &str) -> u32 {
    let mut commits = 0;
    let alive = kill(program, verb, |watch| {
        commits = watch.commits;
        false
    });
    assert!(!alive);
    commits
}

/// The database as a process left it, in a copy: what the program finds stays untouched.
pub struct Left {
    _folder: TempDir,
    conn: Connection,
}

impl Left {
    pub fn by(program: &Program) -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["engaged.db", "engaged.db-wal"] {
            let from = program.path().join(name);
            if from.exists() {
                std::fs::copy(from, folder.path().join(name)).unwrap();
            }
        }
        let conn = Connection::open(folder.path().join("engaged.db")).unwrap();
        Self {
            _folder: folder,
            conn,
        }
    }

    /// The first column of a query; nothing where its tables are not there yet.
    pub fn rows<T: FromSql>(&self, query: &str) -> Vec<T> {
        let Ok(mut select) = self.conn.prepare(query) else {
            return Vec::new();
        };
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    pub fn number(&self, query: &str) -> i64 {
        self.rows(query).first().copied().unwrap_or(0)
    }

    /// Whether the file is whole, whatever stands in it.
    pub fn is_sound(&self) -> Vec<Violation> {
        let found: Vec<String> = self.rows("select integrity_check from pragma_integrity_check");
        let strays = self.number("select count(*) from pragma_foreign_key_check");
        let sound = found == ["ok"] && strays == 0;
        let unsound = Violation::Unsound(format!("{found:?}, {strays} rows refer to none"));
        if sound { Vec::new() } else { vec![unsound] }
    }
}
