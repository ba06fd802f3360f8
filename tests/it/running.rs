//! The daemon: a real process, told to stop by a real signal.

use std::time::Duration;

use engaged_sandbox::fault::{Fault, Rule, When};

use crate::stage::{Running, Stage, until};

/// Syncs of a connection that have ended.
const SYNCS: &str = "select count(*) from run where job = 'sync' and ended_at is not null";

fn pushes(stage: &Stage) -> i64 {
    let there = stage.program.path().join("engaged.db").exists();
    // The table is made by the first migration, a moment after the file.
    let tables = "select count(*) from sqlite_schema where name = 'run'";
    if there && stage.number(tables) == 1 {
        stage.number("select count(*) from run where job = 'push' and ended_at is not null")
    } else {
        0
    }
}

#[test]
fn the_daemon_works_at_once_takes_words_beside_it_and_ends_cleanly() {
    let stage = Stage::ghost(30);
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("the first push was held", || pushes(&stage) == 1);
    assert_eq!(stage.number(SYNCS), 1);
    stage.site_events_are_the_truth();
    let pid = daemon.child.id().to_string();
    for words in [&["run"][..], &["sync"], &["apply"], &["score"]] {
        let second = stage.program.expect(7, words);
        assert!(
            second.err.contains(&pid),
            "the holder is named: {}",
            second.err
        );
    }
    stage.program.expect(0, &["approve", "baseline"]);
    stage.program.expect(0, &["pause"]);
    assert_eq!(stage.status(0)["paused"], true);
    stage.program.expect(0, &["resume"]);
    assert!(stage.program.json(&["plan"])["writes"].as_u64().unwrap() > 0);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    assert!(daemon.said().contains("stopped"), "{}", daemon.said());
    assert!(stage.writes().is_empty());
    stage.program.expect(0, &["apply"]);
    stage.site_shows_what_is_wanted();
}

#[test]
fn after_downtime_each_job_runs_once() {
    let stage = Stage::ghost(30);
    stage.settle();
    stage.day_of_news();
    let syncs = stage.number(SYNCS);
    let (there, scored) = (stage.site_events().len(), pushes(&stage));
    // The last runs were long ago: many times were missed.
    let longer = "update run set started_at = started_at - 400 * 86400000, ended_at = ended_at - 400 * 86400000";
    stage.database().execute(longer, ()).unwrap();
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("what was missed is made up for", || pushes(&stage) > scored);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    assert_eq!(stage.number(SYNCS), syncs + 1);
    assert!(stage.site_events().len() > there);
    stage.site_events_are_the_truth();
    stage.site_shows_what_is_wanted();

    // Nothing is due now.
    let asked = stage.site_ledger().len();
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("it runs", || daemon.said().contains("running"));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    assert_eq!(stage.site_ledger().len(), asked);
}

#[test]
fn a_stop_lets_the_running_job_finish() {
    let stage = Stage::ghost(30);
    let slow = Fault::Latency(Duration::from_millis(30));
    stage.site_faults().add(Rule::new("", When::Every(1), slow));
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("a sync is under way", || stage.site_ledger().len() >= 3);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    assert!(daemon.said().contains("stopping"), "{}", daemon.said());
    assert!(stage.site_ledger().len() > 3);
    assert_eq!(stage.number(SYNCS), 1);
    stage.site_events_are_the_truth();
}

#[test]
fn a_daemon_that_is_told_to_reload_takes_a_whole_configuration_or_keeps_its_own() {
    let stage = Stage::ghost(30);
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("the first push was held", || pushes(&stage) == 1);
    stage.configure(|config| config.replace("points = 3", "points = three"));
    daemon.signal("HUP");
    until("it refuses", || daemon.said().contains("not reloaded"));
    assert!(daemon.said().contains("E0102"), "{}", daemon.said());
    stage.program.expect(2, &["plan"]);
    stage.configure(|config| config.replace("points = 3", "points = 4"));
    let scored =
        || stage.number("select count(*) from run where job = 'score' and ended_at is not null");
    let before = scored();
    daemon.signal("HUP");
    until("it takes it", || {
        daemon.said().contains("changed: scores.engagement")
    });
    until("everybody is scored by it", || scored() > before);
    assert_eq!(
        stage.program.json(&["plan"])["connections"][0]["unscored"],
        0
    );
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());
    stage.program.expect(0, &["verify"]);
}

#[test]
fn a_daemon_with_a_broken_configuration_starts_nothing() {
    let stage = Stage::ghost(10);
    stage.configure(|config| config.replace("mode = \"live\"", "mode = \"alive\""));
    let run = stage.program.expect(2, &["run"]);
    assert!(
        run.err.contains("alive") && run.err.contains("engaged.toml:"),
        "{}",
        run.err
    );
    stage.configure(|config| config);
    std::fs::remove_file(stage.program.path().join("site.key")).unwrap();
    for words in [&["run"][..], &["sync"], &["plan"]] {
        let run = stage.program.expect(2, words);
        assert!(run.err.contains("site.key"), "{words:?}: {}", run.err);
        assert!(run.err.contains("engaged.toml:"), "{words:?}: {}", run.err);
    }
    assert!(stage.site_ledger().is_empty());
}
