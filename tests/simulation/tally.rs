//! How often something happened over all lives: a test of what never happened proves nothing.

use std::{collections::BTreeMap, fmt};

/// What must have happened at some time.
const SOMETIMES: [&str; 24] = [
    "a day passed with news",
    "a platform could not be reached",
    "a platform answered with a web page",
    "a key was refused",
    "a storm: too many",
    "a storm: server error",
    "a storm: cut body",
    "a storm: duplicate page",
    "a storm: answer lost",
    "a storm: latency",
    "a storm: login page",
    "a storm: half body",
    "a storm: elsewhere",
    "died before a request was carried out",
    "died after a request was carried out",
    "started anew",
    "rules were edited",
    "the clock went back",
    "somebody edited what we show",
    "an edit stayed",
    "a guard was approved",
    "a start went out",
    "a start was in doubt",
    "a plan was looked at",
];

/// Counts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<&'static str, u64>);

impl Tally {
    /// It happened.
    pub fn count(&mut self, what: &'static str) {
        self.times(what, 1);
    }

    /// It happened so often.
    pub fn times(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            self.times(what, *times);
        }
    }

    /// What never happened.
    pub fn never(&self) -> Vec<&'static str> {
        let happened = |what: &&'static str| self.0.get(what).is_some_and(|times| *times > 0);
        SOMETIMES
            .into_iter()
            .filter(|what| !happened(what))
            .collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(what, times)| write!(out, "\n  {times:>8} {what}"))
    }
}
