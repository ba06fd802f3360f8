//! Backups beside work, backups that are cut off, and what an old backup must not do when it comes back.

use std::{collections::BTreeMap, path::PathBuf};

use engaged::{
    clock::SystemClock,
    store::{Access, Store},
};
use serde_json::Value;

use crate::{
    program::Program,
    stage::{Running, Stage, until},
};

/// Everybody with points is started on a journey, which cannot be asked what it did.
const JOURNEY: &str = "[guards]\nmax_score_change = 1.0\n[[automations]]\nname = \"Welcome\"\nwhen = \"engagement > -1000\"\nsettle = \"0 minutes\"\n\
    start = { connection = \"shop\", automation = \"journey 1 step 1\" }\n[scores.engagement]";

const SMALL: &str = r#"
timezone = "Europe/Amsterdam"
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
bands = [ { name = "hot", from = 10 }, { name = "cool" } ]
"#;

/// A database of some size: a copy takes long enough to be cut off.
fn large() -> Program {
    let program = Program::with(SMALL);
    program.expect(0, &["score"]);
    let conn = rusqlite::Connection::open(program.path().join("engaged.db")).unwrap();
    conn.execute_batch(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < 300000)
         insert into word (text) select i || ' a name of a campaign that is long enough to fill pages quickly' from n;
         pragma wal_checkpoint(truncate);",
    )
    .unwrap();
    program
}

fn sound(path: &PathBuf) -> bool {
    let conn = rusqlite::Connection::open(path).unwrap();
    let found: String = conn
        .query_row("pragma integrity_check", (), |row| row.get(0))
        .unwrap();
    found == "ok"
}

fn beside(program: &Program, prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(program.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_made_while_a_sync_writes_is_whole_and_scores_like_the_database() {
    let stage = Stage::mailchimp(120);
    stage.program.expect(0, &["score"]);
    let mut sync = Running::start(&stage.program, &["sync"]);
    let mut made = Vec::new();
    while sync.child.try_wait().unwrap().is_none() && made.len() < 40 {
        let name = format!("b{}.db", made.len());
        let report = stage.program.json(&["backup", &name]);
        made.push((name, report["events"].as_i64().unwrap()));
    }
    assert_eq!(sync.ended(), Some(0), "{}", sync.said());
    let all = stage.number("select count(*) from event");
    // Some were made when part of it was there: else nothing was tried.
    let during = made.iter().filter(|(_, events)| *events < all).count();
    assert!(during > 0, "{made:?} of {all}");
    for (name, events) in &made {
        let path = stage.program.path().join(name);
        assert!(sound(&path), "{name}");
        let conn = rusqlite::Connection::open(&path).unwrap();
        let kept: i64 = conn
            .query_row("select count(*) from event", (), |row| row.get(0))
            .unwrap();
        assert_eq!(kept, *events);
    }
    stage.program.expect(0, &["verify"]);
}

#[test]
fn a_backup_that_is_killed_is_not_there_and_the_next_one_is() {
    let program = large();
    let (target, partial) = (
        program.path().join("copy.db"),
        program.path().join("copy.db.partial"),
    );
    let mut cut = 0;
    for round in 0..60_u64 {
        let mut backup = Running::start(&program, &["backup", "copy.db"]);
        let written = || std::fs::metadata(&partial).map_or(0, |file| file.len());
        // Each round is killed when more of it is written.
        let enough = (round % 10) * 3_000_000 + 1;
        while backup.child.try_wait().unwrap().is_none() && written() < enough {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        let _ = backup.child.kill();
        let killed = backup.ended().is_none();
        if target.exists() {
            assert!(sound(&target), "what has its name is whole");
            std::fs::remove_file(&target).unwrap();
        } else if killed && partial.exists() {
            cut += 1;
        }
        if cut >= 12 {
            break;
        }
    }
    assert!(cut >= 8, "{cut} were killed while they wrote");
    program.expect(0, &["backup", "copy.db"]);
    assert!(sound(&target) && !partial.exists());
    program.expect(0, &["verify"]);
}

#[test]
fn a_backup_that_has_no_room_leaves_nothing_and_says_so() {
    let program = large();
    let command = program.command(&["backup", "copy.db"]);
    let line = format!(
        "trap '' XFSZ; ulimit -f 4096; exec {} backup copy.db",
        command.get_program().to_str().unwrap()
    );
    let ended = std::process::Command::new("sh")
        .args(["-c", &line])
        .current_dir(program.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(9), "{said}");
    assert_eq!(beside(&program, "copy"), Vec::<String>::new());
    program.expect(0, &["verify"]);
}

#[test]
fn mistakes_are_told_with_their_code_and_nothing_happens() {
    let program = Program::with(SMALL);
    program.expect(0, &["score"]);
    program.expect(0, &["backup", "good.db"]);
    let again = program.expect(2, &["backup", "good.db"]);
    assert!(
        again.err.contains("E0312") && again.err.contains("--force"),
        "{}",
        again.err
    );
    program.expect(0, &["backup", "good.db", "--force"]);
    program.expect(9, &["backup", "engaged.db", "--force"]);
    program.expect(9, &["backup", "none/good.db"]);
    program.expect(9, &["restore", "never.db"]);
    program.file("letter.db", "Dear editor");
    let letter = program.expect(9, &["restore", "letter.db"]);
    assert!(
        letter.err.contains("letter.db cannot be used as a backup"),
        "{}",
        letter.err
    );
    program.expect(9, &["restore", "engaged.db"]);
    program.expect(2, &["approve", "restored"]);
    let held = Store::open(
        &program.path().join("engaged.db"),
        Access::ReadWrite,
        &SystemClock,
    )
    .unwrap();
    program.expect(7, &["restore", "good.db"]);
    drop(held);
    assert_eq!(beside(&program, "engaged.db.before"), Vec::<String>::new());
    program.expect(0, &["restore", "good.db"]);
    assert_eq!(beside(&program, "engaged.db.before").len(), 1);
    let status = program.expect(0, &["status"]).out;
    assert!(status.contains("Restored  from good.db"), "{status}");
    program.expect(0, &["approve", "restored"]);
    program.expect(2, &["approve", "restored"]);
}

/// How often each contact was started.
fn started(stage: &Stage) -> BTreeMap<String, usize> {
    let all = stage.shop().starts().into_iter();
    all.filter(|(key, _)| key.ends_with(" journey 1 step 1"))
        .collect()
}

fn entries(stage: &Stage) -> Vec<String> {
    stage.rows(
        "select state || ': ' || coalesce(reason, '') from automation_entry group by 1 order by 1",
    )
}

fn missing(status: &Value) -> Vec<String> {
    let missing = status["quarantine"]["missing"].as_array().unwrap().iter();
    missing
        .map(|each| each["what"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_old_backup_starts_nobody_again_and_writes_no_older_value_over_a_newer_one() {
    let stage = Stage::mailchimp(40);
    let program = &stage.program;
    stage.configure(|config| config.replace("[scores.engagement]", JOURNEY));
    stage.settle();
    program.expect(0, &["automations", "backfill", "Welcome", "--yes"]);
    assert!(started(&stage).is_empty());
    program.expect(0, &["backup", "old.db"]);

    // What the backup does not know: everybody is started, a day of news comes, and newer values are written.
    stage.work("apply");
    assert!(started(&stage).len() > 10, "{:?}", started(&stage));
    stage.day_of_news();
    let later = stage.work("once");
    assert!(later["applied"].as_u64().unwrap() > 0, "nothing was newer");
    stage.shop_shows_what_is_wanted();
    // Whoever came in that day is started too, and the backup has never heard of them.
    let begun = started(&stage);

    let report = program.json(&["restore", "old.db"]);
    assert!(report["silenced"].as_u64().unwrap() > 10, "{report}");
    let mark = stage.writes().len();
    // In quarantine: nothing is written, whatever is asked; the word is refused until all is read.
    let early = program.expect(5, &["approve", "restored"]);
    assert!(
        early
            .err
            .contains("shop has not been synced to its end since"),
        "{}",
        early.err
    );
    assert_eq!(missing(&stage.status(0)), ["sync"]);
    let held = program.expect(5, &["apply"]);
    assert!(
        held.out.contains("engaged approve restored"),
        "{}",
        held.out
    );
    let cycle = program.expect(5, &["once"]);
    assert!(
        cycle.out.contains("engaged approve restored"),
        "{}",
        cycle.out
    );
    assert_eq!(stage.writes().len(), mark, "quarantine writes nothing");
    let status = stage.status(0);
    assert_eq!(missing(&status), Vec::<String>::new(), "{status}");
    let silent = &status["quarantine"]["silent"][0];
    assert_eq!(silent[0], "Welcome");
    // And whoever came in meanwhile and may not be written to.
    assert!(
        silent[1].as_u64().unwrap() >= begun.len() as u64,
        "{silent}"
    );

    program.expect(0, &["approve", "restored"]);
    assert!(stage.status(0)["quarantine"].is_null());
    let after = stage.work("once");
    stage.shop_shows_what_is_wanted();
    assert_eq!(
        after["applied"], 0,
        "the platform showed the newest already: {after}"
    );
    assert_eq!(stage.writes().len(), mark);
    assert_eq!(started(&stage), begun, "nobody twice");
    assert!(begun.values().all(|times| *times == 1), "{begun:?}");
    assert_eq!(entries(&stage), ["silent: restored from a backup"]);
    program.expect(0, &["verify"]);
    // And then work goes on as ever.
    stage.day_of_news();
    stage.work("once");
    stage.shop_shows_what_is_wanted();
    assert_eq!(started(&stage), begun);
}

#[test]
fn tags_that_were_put_on_since_the_backup_come_off_again_when_they_are_no_longer_right() {
    let stage = Stage::ghost(40);
    stage.settle();
    stage.program.expect(0, &["backup", "old.db"]);
    // Bands turn over, and the site gets other labels.
    stage.configure(|config| {
        config.replace(
            "{ when = \"open\", points = 1,",
            "{ when = \"open\", points = -9,",
        )
    });
    stage.program.expect(5, &["once"]);
    stage.program.expect(0, &["approve", "max_score_change"]);
    stage.work("apply");
    stage.site_shows_what_is_wanted();
    // Back to the old database and the old rules: it believes that it told the site the old bands.
    stage.configure(|config| config);
    stage.program.expect(0, &["restore", "old.db"]);
    let mark = stage.writes().len();
    stage.program.expect(5, &["once"]);
    assert_eq!(stage.writes().len(), mark);
    stage.program.expect(0, &["approve", "restored"]);
    let run = stage.program.run(&["apply"]);
    // So many labels change that a person is asked, as ever.
    if run.code == 5 {
        stage.program.expect(0, &["approve", "max_score_change"]);
        stage.work("apply");
    }
    assert!(stage.writes().len() > mark, "the labels were others");
    stage.site_shows_what_is_wanted();
}

#[test]
fn the_daemon_makes_a_backup_and_notices_that_it_was_killed() {
    let program = Program::with(&format!("{SMALL}\n[backup]\nfolder = \"copies\"\n"));
    let mut daemon = Running::start(&program, &["run"]);
    until("the daemon runs", || daemon.said().contains("running"));
    daemon.signal("KILL");
    assert_eq!(daemon.ended(), None);
    let mut daemon = Running::start(&program, &["run"]);
    until("the crash is noticed", || {
        daemon.said().contains("file after a crash") && daemon.said().contains("in order")
    });
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    let status = program.json(&["status"]);
    let checks = status["care"]["checks"].as_array().unwrap();
    assert_eq!(checks[0]["name"], "file after a crash");
    assert!(checks[0]["trouble"].is_null());
    let daemon = Running::start(&program, &["run"]);
    until("it runs again", || daemon.said().contains("running"));
    assert!(
        !daemon.said().contains("did not stop cleanly"),
        "{}",
        daemon.said()
    );
}
