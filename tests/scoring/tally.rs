//! Counts of the interesting cases that random histories really contained.

use std::{collections::BTreeMap, fmt};

/// How often each case occurred.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub(super) fn add(&mut self, case: &str) {
        self.add_many(case, 1);
    }

    pub(super) fn add_many(&mut self, case: &str, number: usize) {
        *self.0.entry(case.to_owned()).or_default() += number;
    }

    /// Fails unless each case occurred at least so often.
    pub(super) fn assert_at_least(&self, least: usize, cases: &[&str]) {
        for case in cases {
            let number = self.0.get(*case).copied().unwrap_or(0);
            assert!(
                number >= least,
                "{case} occurred {number} times, {least} were wanted\n{self}"
            );
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (case, number) in &self.0 {
            writeln!(f, "{number:>9} {case}")?;
        }
        Ok(())
    }
}
