//! The daemon as a process: from its start to its readiness, in the middle of its work, to its end.

use std::{
    fs::File,
    io::Read as _,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use chrono::Utc;
use rusqlite::{Connection, OpenFlags};

use crate::{measure, served, stage::Stage};

/// How long anything may take to begin.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(5);
/// How far work goes before it is disturbed.
const GO_ON: Duration = Duration::from_millis(500);

/// A daemon that became ready.
pub struct Daemon {
    child: Child,
    address: SocketAddr,
    database: PathBuf,
    backups: PathBuf,
    /// When it was started, in milliseconds since 1970.
    since: i64,
    /// Seconds from its start until `/readyz` said so.
    pub ready_s: f64,
}

/// What is under way.
#[derive(Debug)]
pub struct Moment {
    /// Jobs that have begun and not ended since the daemon started.
    open: Vec<String>,
    /// Jobs that have begun and ended.
    ended: Vec<String>,
    /// A backup that is being written.
    partial: bool,
    /// Backups that were made since then and whose scores were checked.
    backups: u32,
}

impl Moment {
    fn runs(&self, job: &str) -> bool {
        self.open.iter().any(|open| open == job)
    }

    pub fn scores(&self) -> bool {
        self.runs("score")
    }

    pub fn reads(&self) -> bool {
        self.runs("sync")
    }

    pub fn pushes(&self) -> bool {
        self.runs("push")
    }

    pub fn copies(&self) -> bool {
        self.partial
    }

    pub fn idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a scoring run has ended, and whatever comes after it.
    pub fn is_scored(&self) -> bool {
        self.ended.iter().any(|ended| ended == "score") && self.idle()
    }

    pub fn is_backed_up(&self) -> bool {
        self.backups > 0
    }
}

impl Daemon {
    /// Starts it and waits until it is ready.
    pub fn start(stage: &Stage, port: u16) -> Self {
        let log = File::create(stage.path("run.log")).expect("a file for what it says");
        let since = Utc::now().timestamp_millis();
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_engaged"))
            .arg("--config")
            .arg(stage.path("engaged.toml"))
            .arg("run")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while !is_ready(address) {
            let ended = child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}");
            thread::sleep(LOOK);
        }
        Self {
            child,
            address,
            database: stage.path("engaged.db"),
            backups: stage.path("backups"),
            since,
            ready_s: begun.elapsed().as_secs_f64(),
        }
    }

    /// Looks at what is under way.
    pub fn now(&self) -> Moment {
        let sql = Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the database can be read");
        let jobs = |which: &str| -> Vec<String> {
            let select =
                format!("select job from run where started_at >= ?1 and ended_at is {which}");
            let mut select = sql.prepare(&select).expect("a statement");
            let rows = select.query_map([self.since], |row| row.get(0));
            rows.expect("rows").map(|row| row.expect("a row")).collect()
        };
        let partial = std::fs::read_dir(&self.backups).is_ok_and(|files| {
            let mut files = files.flatten();
            files.any(|file| file.path().extension().is_some_and(|end| end == "partial"))
        });
        let backups = sql.query_row(
            "select count(*) from care where name = 'scores in the backup' and at >= ?1",
            [self.since],
            |row| row.get(0),
        );
        Moment {
            backups: backups.expect("a count"),
            open: jobs("null"),
            ended: jobs("not null"),
            partial,
        }
    }

    /// Waits for a moment.
    pub fn wait(&mut self, what: &str, mut found: impl FnMut(&Moment) -> bool) {
        let begun = Instant::now();
        while !found(&self.now()) {
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "until {what}: {ended:?}, {:?}",
                self.now()
            );
            thread::sleep(LOOK);
        }
    }

    /// Waits until the database's log is so large, in MB.
    pub fn wait_for_log(&mut self, size: f64) {
        let begun = Instant::now();
        while self.log() < size {
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "{ended:?}, {} of {size} MB",
                self.log()
            );
            thread::sleep(LOOK);
        }
    }

    /// The size of the database's log, in MB.
    fn log(&self) -> f64 {
        let log = std::fs::metadata(self.database.with_extension("db-wal"));
        #[expect(clippy::cast_precision_loss, reason = "a size")]
        let bytes = log.map_or(0.0, |log| log.len() as f64);
        bytes / 1e6
    }

    /// Asks for a page; the milliseconds that took.
    pub fn asked(&self, cookie: &str, page: &str) -> f64 {
        let begun = Instant::now();
        let answer = served::got(self.address, cookie, page);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{page}: {answer:.100}");
        begun.elapsed().as_secs_f64() * 1e3
    }

    /// Its largest resident size so far, in MB.
    pub fn peak(&self) -> f64 {
        measure::peak_of(&self.child)
    }

    /// Tells it to stop: the seconds until it has ended, and its largest resident size in MB.
    pub fn stop(mut self) -> (f64, f64) {
        let mut peak = self.peak();
        let begun = Instant::now();
        let mut kill = Command::new("kill");
        let sent = kill.args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let status = loop {
            peak = peak.max(self.peak());
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            thread::sleep(LOOK);
        };
        assert!(status.success(), "it ends well: {status}");
        (begun.elapsed().as_secs_f64(), peak)
    }

    /// Kills it; the size of the database's log then, in MB.
    pub fn kill(mut self) -> f64 {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.log()
    }
}

/// Lets whatever works go on for a while.
pub fn go_on() {
    thread::sleep(GO_ON);
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut line) = TcpStream::connect(address) else {
        return false;
    };
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let asked = std::io::Write::write_all(&mut line, request.as_bytes());
    asked.is_ok() && line.read_to_end(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 200 ")
}
