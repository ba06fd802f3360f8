//! What a machine runs short of: room on the disk, files that may be open. It is said, and nothing is lost.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use engaged_sandbox::{
    fault::{Fault, Rule, When},
    people::Publication,
};
use serde_json::Value;

use crate::{
    hooked::{self, deliver, request},
    program::Program,
    stage::{Running, Scene, Stage, secret, until},
};

/// A site that reports by itself and is asked every minute, and the path at which it reports.
fn reporting() -> (Stage, String) {
    let stage = Stage::new(&Scene {
        people: 30,
        ghost: Some(Publication::Weekly),
        ..Scene::default()
    });
    stage.configure(|config| {
        config
            .replace(
                "schedule = \"0 0 1 1 *\"",
                "schedule = \"* * * * *\"\nwebhook = { path = { file = \"site.path\" }, secret = { file = \"site.hook\" } }",
            )
            .replace(
                "[scores.engagement]",
                "[webhooks]\nlisten = \"127.0.0.1:0\"\n[scores.engagement]",
            )
    });
    secret(&stage.program, "site.hook", hooked::SECRET);
    let path = hooked::path(&stage.program);
    (stage, path)
}

/// The program under a limit of the shell's.
fn limited(program: &Program, limit: &str, words: &[&str]) -> Command {
    let plain = program.command(words);
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            &format!("ulimit {limit} || exit 99; exec \"$0\" \"$@\""),
        ])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(program.path());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// How many deliveries are kept, each once.
fn kept(stage: &Stage) -> i64 {
    stage.number("select coalesce(sum(accepted), 0) from hook where connection_id > 0")
}

// F9.
#[test]
fn where_no_more_files_may_be_open_it_is_said_and_when_clients_leave_all_goes_on_with_nothing_lost()
{
    let (stage, path) = reporting();
    let slow = Fault::Latency(Duration::from_millis(150));
    let slow = stage.site_faults().add(Rule::new("", When::Every(1), slow));
    let log = stage.program.path().join("limited.log");
    let mut command = limited(&stage.program, "-n 64", &["run"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap());
    let mut daemon = Running::of(command.spawn().unwrap(), log);
    let address = hooked::address(|| daemon.said());
    // While the first sync is under way, more come than there is room for.
    until("a sync is under way", || stage.site_ledger().len() >= 2);
    let clients: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    until("it is said what is short", || {
        daemon.said().contains("Too many open files") && daemon.said().contains("ulimit -n")
    });
    assert!(stage.site_faults().fired(slow) > 1);
    let ended = "select count(*) from run where job = 'sync' and ended_at is not null";
    assert_eq!(stage.number(ended), 0, "it met a sync: {}", daemon.said());
    stage.site_faults().end(slow);
    let said = daemon.said().matches("Too many open files").count();
    drop(clients);
    until("a delivery is taken", || {
        deliver(address, &request(&path, 1)) == Some(200)
    });
    until("it is synced", || is_ok(&stage));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    stage.site_events_are_the_truth();
    assert_eq!(kept(&stage), 1);
    assert!(said < 5, "{}", daemon.said());
    stage.program.expect(0, &["verify"]);
}

/// Whether the site's last sync ended well.
fn is_ok(stage: &Stage) -> bool {
    let run = stage.program.run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&run.out).unwrap_or_default();
    status["connections"][0]["state"] == "ok"
}

/// The variable that says that this process is inside.
const INSIDE: &str = "ENGAGED_TEST_SMALL_DISK";

/// Runs a test of this file again with a small disk of its own for its temporary files, where one may be had.
fn on_a_small_disk(test: &str, megabytes: u32) {
    let folder = tempfile::tempdir().unwrap();
    let disk = format!("mount -t tmpfs -o size={megabytes}m tmpfs \"$TMPDIR\"");
    let output = Command::new("unshare")
        .args([
            "-rm",
            "sh",
            "-c",
            &format!("{disk} || exit 77; exec \"$0\" \"$@\""),
        ])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("TMPDIR", folder.path())
        .env(INSIDE, "1")
        .output();
    let Ok(output) = output else {
        println!("skipped: there is no unshare");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || said.contains("unshare: ") {
        println!("skipped: no file system may be mounted here");
        return;
    }
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

/// Fills a disk until so many bytes are free.
fn fill(folder: &Path, leave: u64) -> PathBuf {
    let path = folder.join("ballast");
    let free = || {
        let found = rustix::fs::statvfs(folder).unwrap();
        found.f_bavail * found.f_frsize
    };
    let size = free().saturating_sub(leave);
    std::fs::write(&path, vec![7; usize::try_from(size).unwrap()]).unwrap();
    path
}

// F10.
#[test]
fn a_daemon_whose_disk_fills_and_is_emptied_again_loses_and_doubles_nothing_and_goes_on_by_itself()
{
    if std::env::var_os(INSIDE).is_none() {
        on_a_small_disk(
            "scarce::a_daemon_whose_disk_fills_and_is_emptied_again_loses_and_doubles_nothing_and_goes_on_by_itself",
            8,
        );
        return;
    }
    let (stage, path) = reporting();
    stage.program.expect(0, &["score"]);
    // There is room to begin with, and not enough for the first sync.
    let ballast = fill(stage.program.path(), 700_000);
    let mut daemon = Running::start(&stage.program, &["run"]);
    let address = hooked::address(|| daemon.said());
    until("the disk is full", || daemon.said().contains("E0304"));
    let read = stage.number("select count(*) from event");
    // Nobody is told that a delivery was kept, and whoever looks learns why.
    assert_eq!(deliver(address, &request(&path, 1)), Some(503));
    assert_eq!(kept(&stage), 0);
    let status = stage.program.run(&["status"]);
    assert!(
        status.out.contains("Disk")
            && status
                .out
                .contains("nothing is read in until there is more room"),
        "{}{}",
        status.out,
        status.err
    );
    assert!(!is_ok(&stage));
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(deliver(address, &request(&path, 1)), Some(200));
    until("it goes on by itself", || is_ok(&stage));
    assert!(
        stage.number("select count(*) from event") > read,
        "the first was cut off"
    );
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    stage.site_events_are_the_truth();
    assert_eq!(kept(&stage), 1);
    stage.program.expect(0, &["verify"]);
}

/// F15.
#[test]
fn a_reader_that_holds_the_log_hinders_nobody_and_the_log_goes_when_it_has_gone() {
    let stage = Stage::ghost(40);
    stage.settle();
    let path = stage.program.path().join("engaged.db");
    let log = stage.program.path().join("engaged.db-wal");
    let reader = rusqlite::Connection::open(&path).unwrap();
    let events = || -> i64 {
        let count = "select count(*) from event";
        reader.query_row(count, (), |row| row.get(0)).unwrap()
    };
    reader.execute_batch("begin").unwrap();
    let before = events();
    stage.day_of_news();
    assert!(stage.work("once")["applied"].as_u64().unwrap() > 0);
    stage.site_events_are_the_truth();
    stage.site_shows_what_is_wanted();
    assert_eq!(events(), before, "the reader sees what it saw");
    let held = std::fs::metadata(&log).unwrap().len();
    assert!(held > 0, "the log is held");

    reader.execute_batch("commit").unwrap();
    assert!(events() > before);
    drop(reader);
    assert_eq!(stage.work("once")["applied"], 0);
    let left = std::fs::metadata(&log).map_or(0, |log| log.len());
    assert_eq!(left, 0, "{held} bytes were held");
}
