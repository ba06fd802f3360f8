//! How often to begin again when a list changes under our hands. Beginning again
//! heals a hole that a deleted row tore; doing it for ever would hide that the
//! platform does not keep its word.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Fresh starts in a row before it is an error.
const TRIES: u8 = 3;
/// After this rest a failed list is worth three more.
const REST: TimeDelta = TimeDelta::hours(1);

/// Fresh starts used up so far. It stands in the cursor, so that neither a
/// restart of the daemon nor a failed page makes it forget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Patience {
    tries: u8,
    last_at: Option<DateTime<Utc>>,
}

impl Patience {
    /// Uses up one fresh start; `None` when there is none left for now.
    pub(super) fn spend(&self, now: DateTime<Utc>) -> Option<Self> {
        let rested = self.last_at.is_none_or(|at| at > now || now - at >= REST);
        let tries = if rested { 0 } else { self.tries };
        (tries < TRIES).then_some(Self {
            tries: tries + 1,
            last_at: Some(now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_fresh_starts_are_granted_and_more_after_an_hour() {
        let now = DateTime::UNIX_EPOCH;
        let mut patience = Patience::default();
        for _ in 0..3 {
            patience = patience.spend(now).unwrap();
        }
        assert_eq!(patience.spend(now + TimeDelta::minutes(59)), None);
        assert!(patience.spend(now + REST).is_some());
        assert!(patience.spend(now - TimeDelta::days(1)).is_some());
    }
}
