//! The shipped program is killed again and again, wherever it is, and judged by what the platforms know.
//!
//! A kill counts only where it was seen to fall between a phase's first and last write. `ENGAGED_ROUNDS`
//! (30) says how many must count in each phase, `ENGAGED_SEED` (1) which. The same loop is run on a build with
//! bugs planted in it, and must name what each of them breaks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/program.rs"]
mod program;
#[path = "it/stage.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod stage;

#[path = "kill/cleaning.rs"]
mod cleaning;
#[path = "kill/feeding.rs"]
mod feeding;
#[path = "kill/judge.rs"]
mod judge;
#[path = "kill/pair.rs"]
mod pair;
#[path = "kill/planted.rs"]
mod planted;
#[path = "kill/rounds.rs"]
mod rounds;
#[path = "kill/scoring.rs"]
mod scoring;
#[path = "kill/side.rs"]
mod side;
#[path = "kill/starting.rs"]
mod starting;
#[path = "kill/storm.rs"]
mod storm;
#[path = "kill/striking.rs"]
mod striking;
#[path = "kill/told.rs"]
mod told;
#[path = "kill/watch.rs"]
mod watch;
#[path = "kill/writing.rs"]
mod writing;

use rounds::Rounds;

/// As many rounds as are asked for, and nothing broken by them.
fn holds(phase: &str, run: impl FnOnce(&mut Rounds)) {
    let mut rounds = Rounds::shipped(phase);
    run(&mut rounds);
    rounds.end();
}

/// Into how many parts rounds are divided that wait more than they work.
const PARTS: u32 = 8;

/// The same, several at a time.
fn hold(phase: &str, run: impl Fn(&mut Rounds, u32) + Sync) {
    std::thread::scope(|scope| {
        for number in 1..=PARTS {
            let run = &run;
            scope.spawn(move || {
                let mut rounds = Rounds::shipped(phase).part(number, PARTS);
                run(&mut rounds, number);
                rounds.end();
            });
        }
    });
}

#[test]
fn a_backfill_that_is_killed_loses_and_doubles_nothing() {
    holds("backfill", feeding::backfill);
}

#[test]
fn a_sync_of_news_that_is_killed_loses_and_doubles_nothing() {
    holds("incremental sync", feeding::news);
}

#[test]
fn scores_are_right_after_a_kill_while_they_were_written() {
    holds("score", scoring::score);
}

#[test]
fn a_push_that_is_killed_before_the_answer_is_put_right() {
    holds("apply before the answer", writing::before_the_answer);
}

#[test]
fn who_is_taken_off_a_list_was_planned_and_is_put_back_whatever_is_killed() {
    let mut rounds = Rounds::shipped("clean").at_least(40);
    cleaning::removals(&mut rounds);
    rounds.end();
}

#[test]
fn nothing_is_started_twice_whatever_kills_its_push() {
    let mut rounds = Rounds::shipped("start").at_least(100);
    starting::starts(&mut rounds);
    rounds.end();
}

#[test]
fn a_push_that_is_killed_after_the_answer_is_put_right() {
    holds("apply after the answer", writing::after_the_answer);
}

#[test]
fn a_backfill_of_two_platforms_that_is_killed_loses_and_doubles_nothing() {
    hold("backfill of a pair", |rounds, _| pair::backfill(rounds));
}

#[test]
fn a_sync_of_two_platforms_news_that_is_killed_loses_and_doubles_nothing() {
    hold("news of a pair", |rounds, _| pair::news(rounds));
}

#[test]
fn a_push_to_two_platforms_that_is_killed_is_put_right_on_both() {
    hold("push of a pair", |rounds, _| pair::push(rounds));
}

#[test]
fn nothing_is_started_twice_on_either_of_two_platforms() {
    hold("start of a pair", |rounds, _| pair::starts(rounds));
}

#[test]
fn no_fault_while_two_platforms_are_read_loses_or_doubles_an_event() {
    hold("faults on reads", |rounds, part| {
        storm::reads(rounds, (part, PARTS));
    });
}

#[test]
fn no_fault_while_two_platforms_are_written_to_leaves_another_value_than_the_right_one() {
    hold("faults on writes", |rounds, part| {
        storm::writes(rounds, (part, PARTS));
    });
}
