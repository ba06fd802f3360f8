//! What systemd and a health check learn of the daemon (S3).

use std::{
    net::{TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;

use crate::{
    older,
    program::Program,
    stage::{Running, until},
};

const RULES: &str = "timezone = \"UTC\"\n[scores.s]\nrules = [ { when = \"open\", points = 1 } ]\n";

fn with_web(port: u16) -> String {
    format!("{RULES}[web]\nlisten = \"127.0.0.1:{port}\"\n")
}

/// A stand-in for systemd: it hears what a program says to it.
struct Systemd {
    socket: UnixDatagram,
    path: PathBuf,
    heard: Vec<String>,
}

impl Systemd {
    fn beside(program: &Program) -> Self {
        let path = program.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Self {
            socket,
            path,
            heard: Vec::new(),
        }
    }

    /// Starts the daemon as systemd does.
    fn start(&self, program: &mut Program) -> Running {
        let shipped = std::mem::replace(&mut program.binary, PathBuf::from("env"));
        let named = format!("NOTIFY_SOCKET={}", self.path.display());
        let running = Running::start(program, &[&named, shipped.to_str().unwrap(), "run"]);
        program.binary = shipped;
        running
    }

    /// Hears until this line was said.
    fn hear(&mut self, line: &str) {
        while !self.said(line) {
            let mut buffer = [0; 4096];
            let length = self.socket.recv(&mut buffer).unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.heard.extend(text.lines().map(str::to_owned));
        }
    }

    /// What was said up to now and is not heard yet.
    fn rest(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.heard.extend(text.lines().map(str::to_owned));
        }
    }

    fn said(&self, line: &str) -> bool {
        self.heard.iter().any(|each| each.starts_with(line))
    }
}

/// A database as an older program left it; the number of migrations that are missing.
fn make_older(database: &Path) -> usize {
    let files = older::migrations();
    older::make(&Connection::open(database).unwrap(), &files[..5]);
    files.len() - 5
}

#[test]
fn systemd_learns_that_we_are_ready_when_the_database_is_migrated_and_the_dashboard_is_served() {
    let mut program = Program::with(&with_web(0));
    let database = program.path().join("engaged.db");
    let missing = make_older(&database);
    let mut systemd = Systemd::beside(&program);
    let mut daemon = systemd.start(&mut program);
    systemd.hear("READY=1");
    let conn = Connection::open(&database).unwrap();
    let schema: i64 = conn
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(schema, 5 + i64::try_from(missing).unwrap());
    let said = daemon.said();
    let (_, url) = said.split_once("http://").unwrap();
    let address = url.split(['/', '"', ' ', '\n']).next().unwrap();
    TcpStream::connect(address).unwrap();
    // The copy before, and each migration, asked for time.
    let asked = systemd.heard.iter();
    let asked = asked.filter(|line| line.starts_with("EXTEND_TIMEOUT_USEC="));
    assert!(asked.count() > missing, "{:?}", systemd.heard);
    assert!(systemd.said("STATUS=bringing the database up to date: 0006_figures"));
    let early: Vec<&String> = systemd
        .heard
        .iter()
        .filter(|line| line.starts_with("WATCHDOG"))
        .collect();
    assert!(early.is_empty(), "{early:?}");
    systemd.hear("WATCHDOG=1");
    systemd.hear("STATUS=waiting for what is due next");
    assert!(!systemd.said("STOPPING=1"));
    daemon.signal("TERM");
    systemd.hear("STOPPING=1");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
}

#[test]
fn who_cannot_listen_or_use_its_database_is_never_called_ready() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut program = Program::with(&with_web(taken.local_addr().unwrap().port()));
    let mut systemd = Systemd::beside(&program);
    let mut daemon = systemd.start(&mut program);
    assert_eq!(daemon.ended(), Some(2), "{}", daemon.said());
    let database = program.file(
        "engaged.db",
        "not a database, but long enough to be looked at as one",
    );
    program.file("engaged.toml", RULES);
    for beside in ["engaged.db-wal", "engaged.db-shm"] {
        let _ = std::fs::remove_file(database.with_file_name(beside));
    }
    let mut daemon = systemd.start(&mut program);
    assert_eq!(daemon.ended(), Some(9), "{}", daemon.said());
    systemd.rest();
    assert!(
        !systemd.said("READY=1") && !systemd.said("WATCHDOG"),
        "{:?}",
        systemd.heard
    );
}

#[test]
fn a_health_check_asks_the_dashboard_or_the_sign_of_life_in_the_database() {
    // Nobody else takes the port between: it is of this test's own asking.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let program = Program::with(&with_web(port));
    let ill = program.expect(8, &["healthcheck"]);
    assert!(
        ill.out.contains("does not answer") && ill.out.lines().count() == 1,
        "{}",
        ill.out
    );
    let mut daemon = Running::start(&program, &["run"]);
    until("it is served", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let well = program.json(&["healthcheck"]);
    assert_eq!(well["healthy"], true, "{well}");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    program.expect(8, &["healthcheck"]);

    let program = Program::with(RULES);
    let ill = program.expect(8, &["healthcheck"]);
    assert!(ill.out.contains("E0306"), "{}", ill.out);
    let mut daemon = Running::start(&program, &["run"]);
    until("it shows itself", || {
        program.run(&["healthcheck"]).code == 0
    });
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    let conn = Connection::open(program.path().join("engaged.db")).unwrap();
    let older = "update control set known_at = known_at - 4 * 60000 where name = 'beat'";
    assert_eq!(conn.execute(older, ()).unwrap(), 1);
    let ill = program.expect(8, &["healthcheck"]);
    assert!(
        ill.out.contains("has not shown itself for 4 minutes"),
        "{}",
        ill.out
    );
    program.file("engaged.toml", "timezone = 3\n");
    let ill = program.expect(8, &["healthcheck"]);
    assert!(
        ill.out.contains("engaged check") && ill.out.lines().count() == 1,
        "{}",
        ill.out
    );
}
