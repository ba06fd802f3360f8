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
#[path = "kill/planted.rs"]
mod planted;
#[path = "kill/rounds.rs"]
mod rounds;
#[path = "kill/scoring.rs"]
mod scoring;
#[path = "kill/starting.rs"]
mod starting;
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
