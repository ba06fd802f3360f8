//! How long ago contacts were last seen, in months: what a policy's condition cuts from.

use serde::Serialize;

use crate::score::calendar::Millis;

/// Longer ago than so many months is one group.
pub const MONTHS: usize = 36;

/// A month of 30.4375 days, which is a twelfth of a year.
const MONTH_MS: Millis = 2_629_800_000;

/// How many contacts were last seen how long ago.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ages {
    /// By whole months, from less than one; the last is of all who were seen longer ago.
    pub months: Vec<u64>,
    /// Of those, candidates.
    pub candidates: Vec<u64>,
    /// Contacts whom nobody ever saw do anything.
    pub never: u64,
    /// Of those, candidates.
    pub never_candidates: u64,
}

impl Ages {
    /// Takes in one contact, last seen at an instant, if ever.
    pub(super) fn add(&mut self, seen: Option<Millis>, now: Millis) {
        match seen {
            Some(seen) => count(&mut self.months, month(seen, now)),
            None => self.never += 1,
        }
    }

    /// Takes in one candidate, who was taken in as a contact too.
    pub(super) fn add_candidate(&mut self, seen: Option<Millis>, now: Millis) {
        match seen {
            Some(seen) => count(&mut self.candidates, month(seen, now)),
            None => self.never_candidates += 1,
        }
    }
}

fn count(months: &mut Vec<u64>, month: usize) {
    months.resize(MONTHS + 1, 0);
    months[month] += 1;
}

fn month(seen: Millis, now: Millis) -> usize {
    let months = (now - seen).max(0) / MONTH_MS;
    usize::try_from(months).map_or(MONTHS, |months| months.min(MONTHS))
}
