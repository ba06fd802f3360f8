//! A kill at the n-th request of a kind to a platform: held back, carried out without an answer, or answered.

use std::time::Duration;

use engaged_sandbox::fault::{Fault, Rule, When};
use http::Method;

use crate::{rounds::Rounds, side::Side, watch::kill_words};

/// Longer than any of these tests: the request is there, and nothing is done about it.
const HELD: Duration = Duration::from_hours(1);

/// Starts a verb and kills it there; whether it was alive when the request had come so far, and how far that was.
pub fn strike(
    side: Side<'_>,
    words: &[&str],
    rounds: &mut Rounds,
    (method, path): (&Method, &str),
    nth: u32,
) -> (bool, &'static str) {
    let (fault, done) = match rounds.pick(3) {
        1 => (Some(Fault::Latency(HELD)), "not carried out"),
        2 => (Some(Fault::NoAnswer), "carried out, not answered"),
        _ => (None, "answered"),
    };
    let mark = side.ledger().len();
    let rule = fault.map(|fault| {
        let rule = Rule::new(path, When::Nth(nth.into()), fault);
        side.faults().add(rule.on(method.clone()))
    });
    let seen = || {
        let mut entries = side.ledger().since(mark);
        entries.retain(|entry| entry.method == *method && entry.path.starts_with(path));
        entries
    };
    let due = || match (rule, fault) {
        (Some(rule), Some(Fault::NoAnswer)) => {
            let silent = |name: &&'static str| *name == Fault::NoAnswer.name();
            let unheard = seen().iter().any(|entry| entry.faults.iter().any(silent));
            side.faults().fired(rule) > 0 && unheard
        }
        (Some(rule), _) => side.faults().fired(rule) > 0,
        (None, _) => seen().iter().filter(|entry| entry.delivered).count() >= nth as usize,
    };
    let alive = kill_words(&side.stage.program, words, |_| due());
    let happened = due();
    if let Some(rule) = rule {
        side.faults().end(rule);
    }
    (alive && happened, done)
}
