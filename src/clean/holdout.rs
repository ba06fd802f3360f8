//! What cleaning costs: how many of those who were left alone did show a sign of life.

use engaged_connectors::model::EventKind;
use serde::Serialize;

use crate::{
    insight::rates::Count,
    score::{
        calendar::Millis,
        facts::{Fact, KindId, Needs},
    },
    store::{CleaningCase, Conn, StoreError, Which},
};

use super::life::by_person;

/// How long those who are held out are watched.
const WATCHED_MS: Millis = 90 * 86_400_000;

/// What those did who were held out, in the 90 days after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holdout {
    /// Contacts that were held out.
    pub contacts: u64,
    /// Of those, contacts whose 90 days are over.
    pub complete: u64,
    /// Contacts that opened.
    pub opened: u64,
    /// Contacts that clicked.
    pub clicked: u64,
    /// Contacts that bought.
    pub bought: u64,
    /// Contacts that did any of these.
    pub any: u64,
    /// The lower end of their share, 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Counts what happened to the contacts of some cases; `None` where there are none.
pub(super) fn measure<'a>(
    conn: &Conn,
    cases: impl Iterator<Item = &'a CleaningCase>,
    now: Millis,
) -> Result<Option<Holdout>, StoreError> {
    let mut found = Holdout {
        contacts: 0,
        complete: 0,
        opened: 0,
        clicked: 0,
        bought: 0,
        any: 0,
        low: 0.0,
        high: 0.0,
    };
    for case in cases {
        let (from, until) = (case.opened_at, case.opened_at + WATCHED_MS);
        found.contacts += 1;
        found.complete += u64::from(until <= now);
        let needs = Needs {
            fields: Some(Vec::new()),
            ..Needs::default()
        };
        conn.for_each_needed(Which::These(&[case.contact]), None, &needs, |_, facts| {
            let seen = |fact: &&Fact| fact.at > from && fact.at <= until && by_person(fact);
            let did = |kind: EventKind| {
                let kind = KindId::built_in(&kind);
                let mut events = facts.events.iter().filter(seen);
                events.any(|fact| Some(fact.kind) == kind)
            };
            let (opened, clicked, bought) = (
                did(EventKind::Open),
                did(EventKind::Click),
                did(EventKind::Purchase),
            );
            found.opened += u64::from(opened);
            found.clicked += u64::from(clicked);
            found.bought += u64::from(bought);
            found.any += u64::from(opened || clicked || bought);
            Ok(())
        })?;
    }
    (found.low, found.high) = wilson(found.any, found.contacts);
    Ok((found.contacts > 0).then_some(found))
}

/// Wilson's interval of a share, 95 %; of nobody, all that is possible.
fn wilson(hits: u64, of: u64) -> (f64, f64) {
    let count = Count {
        cases: of,
        conversions: hits,
    };
    count
        .rate()
        .map_or((0.0, 1.0), |rate| (rate.low, rate.high))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn the_interval_is_the_textbooks() {
        let (low, high) = wilson(40, 100);
        assert!(
            (low - 0.3094).abs() < 5e-4 && (high - 0.4980).abs() < 5e-4,
            "{low} {high}"
        );
        let (low, high) = wilson(0, 10);
        assert!(
            low.abs() < 1e-9 && (high - 0.2775).abs() < 5e-4,
            "{low} {high}"
        );
    }
}
