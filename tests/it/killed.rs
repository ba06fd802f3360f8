//! The program is killed in the middle of its work, and run again: nothing is lost, nothing doubled.

use std::time::Duration;

use engaged_sandbox::{
    fault::{Fault, Rule, When},
    ledger::Entry,
};

use crate::stage::{Running, Stage, until};

/// Rounds in which the kill must have hit the middle.
const EFFECTIVE: u32 = 5;

fn slow(millis: u64) -> Rule {
    Rule::new(
        "",
        When::Every(1),
        Fault::Latency(Duration::from_millis(millis)),
    )
}

/// Runs a verb until so many requests were answered, and kills it; whether it still ran.
fn kill(stage: &Stage, verb: &str, seen: impl Fn() -> usize, after: usize) -> bool {
    let mut running = Running::start(&stage.program, &[verb]);
    let mut over = false;
    until("the program comes so far", || {
        over = running.is_over();
        over || seen() >= after
    });
    running.kill();
    !over
}

#[test]
fn a_killed_sync_is_resumed_without_loss() {
    let stage = Stage::ghost(40);
    stage.program.expect(0, &["sync"]);
    let whole = stage.site_ledger().len();
    assert!(whole > 15, "{whole} requests");
    stage.site_faults().add(slow(12));
    let mut effective = 0;
    for round in 1..=4 {
        for name in ["engaged.db", "engaged.db-wal", "engaged.db-shm"] {
            let _ = std::fs::remove_file(stage.program.path().join(name));
        }
        stage.site_ledger().clear();
        // Twice in the same database, at other places.
        for after in [whole * round / 5, whole / 3] {
            let mark = stage.site_ledger().len();
            let seen = || stage.site_ledger().len() - mark;
            let alive = kill(&stage, "sync", seen, after);
            effective += u32::from(alive && (1..whole).contains(&seen()));
        }
        stage.program.expect(0, &["sync"]);
        stage.site_events_are_the_truth();
        assert_eq!(
            stage.number("select count(*) from identity where gone_at is not null"),
            0
        );
    }
    stage.program.expect(0, &["score"]);
    assert_eq!(stage.program.json(&["verify"])["different"], 0);
    println!("{effective} kills fell in the middle");
    assert!(effective >= EFFECTIVE, "{effective}");
}

/// Lets other rules hold in every second round, so that there is something to write in each.
fn rules_of(stage: &Stage, round: usize) {
    stage.configure(|config| {
        let config = config.replace(
            "[scores.engagement]",
            "[guards]\nmax_score_change = 1.0\n[scores.engagement]",
        );
        if round.is_multiple_of(2) {
            config
        } else {
            config.replace(
                "{ when = \"open\", points = 1,",
                "{ when = \"open\", points = -9,",
            )
        }
    });
    stage.program.expect(0, &["score"]);
}

#[test]
fn a_killed_push_doubles_no_label_and_converges() {
    let stage = Stage::ghost(60);
    stage.settle();
    let slow = stage.site_faults().add(slow(25));
    let mut effective = 0;
    for round in 1..=7 {
        rules_of(&stage, round);
        let plan = stage.program.json(&["plan"]);
        let whole = plan["connections"][0]["counts"].as_array().unwrap().len();
        assert!(whole > 2, "{plan}");
        let mark = stage.site_ledger().len();
        let writes = || {
            stage
                .site_ledger()
                .since(mark)
                .iter()
                .filter(|entry: &&Entry| entry.write)
                .count()
        };
        let alive = kill(&stage, "apply", writes, 1 + round % (whole - 1));
        effective += u32::from(alive && (1..whole).contains(&writes()));
        stage.work("apply");
        stage.site_shows_what_is_wanted();
        let mark = stage.writes().len();
        assert_eq!(stage.work("apply")["applied"], 0);
        assert_eq!(stage.writes().len(), mark, "and then silence");
    }
    println!("{effective} kills fell in the middle");
    stage.site_faults().end(slow);
    assert!(effective >= EFFECTIVE, "{effective}");
}

#[test]
fn a_push_killed_while_its_batch_is_under_way_converges() {
    let stage = Stage::mailchimp(30);
    stage.settle();
    let answers = Fault::Latency(Duration::from_millis(150));
    let answers = Rule::new("/3.0/batches/", When::Every(1), answers);
    stage.shop().faults().add(answers);
    let mut effective = 0;
    for round in [1, 2, 4] {
        rules_of(&stage, round);
        let mark = stage.shop().ledger().len();
        let batches = || {
            stage
                .shop()
                .ledger()
                .since(mark)
                .iter()
                .filter(|entry| entry.write && entry.path == "/3.0/batches")
                .count()
        };
        effective += u32::from(kill(&stage, "apply", batches, 1));
        // What the kill left in doubt may be wanted no more.
        if round == 2 {
            rules_of(&stage, round + 1);
        }
        stage.work("once");
        stage.shop_shows_what_is_wanted();
        assert_eq!(stage.work("apply")["applied"], 0);
    }
    assert!(stage.shop().consent_breaches().is_empty());
    assert_eq!(effective, 3);
}
