//! The shipped program while the machine's clock is wrong, and when it is right again: nothing is lost, doubled or left behind.
//!
//! The clock is shifted by libfaketime (Debian's `faketime`); without it the tests say that they are skipped.

use std::path::Path;

use crate::stage::{Running, Stage, until};

/// Where systems have the library that shifts a program's clock.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
];

/// Shifts the program's clock; `false` where the machine has nothing for it.
fn shift(stage: &mut Stage, by: &str) -> bool {
    let Some(library) = LIBRARIES.iter().find(|path| Path::new(path).exists()) else {
        println!("skipped: there is no libfaketime");
        return false;
    };
    stage.program.env = vec![
        ("LD_PRELOAD", (*library).to_owned()),
        ("FAKETIME", by.to_owned()),
        // A span of time is as long as ever.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    true
}

/// Everything once, whatever comes of it; the codes.
fn works(stage: &Stage) -> Vec<i32> {
    let verbs = ["sync", "score", "apply", "status", "doctor"];
    let runs = verbs.map(|verb| {
        let run = stage.program.run(&[verb]);
        assert!(!run.err.contains("panicked"), "{verb}: {}", run.err);
        run.code
    });
    runs.to_vec()
}

/// Lets the clock be wrong by so much for a day of news and a start of the daemon, and then right again. `apply` under the
/// wrong clock ends with this code.
fn wrong_for_a_while(by: &str, apply: i32) {
    let mut stage = Stage::both(30);
    stage.settle();
    let as_of = |stage: &Stage| stage.program.json(&["score"])["as_of"].clone();
    let right = as_of(&stage);
    let in_step = |stage: &Stage| {
        let said = stage.program.run(&["doctor"]).out;
        said.contains("in step with shop")
    };
    assert!(in_step(&stage));
    if !shift(&mut stage, by) {
        return;
    }
    assert_ne!(as_of(&stage), right, "{by}: the clock is wrong");
    assert!(!in_step(&stage), "{by}: doctor says so");
    assert_eq!(works(&stage)[2], apply);
    stage.day_of_news();
    assert_eq!(works(&stage)[2], apply);
    let mut daemon = Running::start(&stage.program, &["run"]);
    until("the daemon is ready", || daemon.said().contains("running"));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0), "{}", daemon.said());

    stage.program.env.clear();
    let codes = works(&stage);
    assert_eq!(codes[..2], [0, 0]);
    // A day that ends a month or a half year for many is held as on any other.
    if codes[2] == 5 {
        stage.program.expect(0, &["approve", "max_score_change"]);
    }
    stage.program.expect(0, &["apply"]);
    stage.site_events_are_the_truth();
    stage.shop_events_are_the_truth();
    stage.site_shows_what_is_wanted();
    stage.shop_shows_what_is_wanted();
    stage.program.expect(0, &["verify"]);
    // Somebody who begins anew today comes to the same.
    let wanted = stage.wanted();
    for name in ["engaged.db", "engaged.db-wal", "engaged.db-shm"] {
        let _ = std::fs::remove_file(stage.program.path().join(name));
    }
    stage.program.expect(0, &["sync"]);
    stage.program.expect(0, &["score"]);
    assert_eq!(stage.wanted(), wanted);
}

#[test]
fn a_clock_that_runs_a_year_ahead_leaves_nothing_behind_once_it_is_right() {
    wrong_for_a_while("+400d", 5);
}

#[test]
fn a_clock_that_is_days_behind_leaves_nothing_behind_once_it_is_right() {
    wrong_for_a_while("-5d", 6);
}
