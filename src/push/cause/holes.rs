//! Days of our own sync that became holes since the last push, or were read after all.

use engaged_connectors::model::EventKind;

use crate::{
    score::{
        calendar::{Day, Millis, Zone},
        facts::{ConnectionId, Coverage, Hole, KindId},
    },
    store::{StoreError, Tx},
};

/// What one connection's holes were at the last push, and are not now, or the other way round.
pub(super) struct Moved {
    /// Whose they are.
    pub(super) connection: ConnectionId,
    /// `newsletter open: 2026-06-03 to 2026-06-09 became a hole`.
    pub(super) words: String,
}

/// The days that became holes since an instant, and those that were read after all.
pub(super) fn moved_holes(
    tx: &Tx,
    zone: &Zone,
    since: Millis,
    now: Millis,
) -> Result<Vec<Moved>, StoreError> {
    let then = tx.coverage(zone, zone.day(since), Some(since))?;
    let today = tx.coverage(zone, zone.day(now), None)?;
    let names = tx.connections()?;
    let mut moved = Vec::new();
    let keys = then.holes.iter().chain(&today.holes);
    let mut keys: Vec<_> = keys
        .map(|(connection, kind, _)| (*connection, *kind))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (before, after) = (holes(&then, key), holes(&today, key));
        let name = names.iter().find(|each| each.id == key.0);
        let name = name.map_or("", |each| each.name.as_str());
        let kind = key.1.map_or_else(|| "all".to_owned(), kind_words);
        // A hole that reached up to the last push and goes on is none that opened.
        let edge = zone.day(since);
        let went_on = before.last().is_some_and(|hole| hole.to.next() >= edge);
        let mut opened = minus(after, before);
        opened.retain(|hole| !went_on || hole.from < edge);
        for (spans, what) in [
            (opened, "became a hole"),
            (minus(before, after), "was read after all"),
        ] {
            moved.extend(spans.into_iter().map(|span| Moved {
                connection: key.0,
                words: format!("{name} {kind}: {} {what}", days(span)),
            }));
        }
    }
    Ok(moved)
}

fn holes(coverage: &Coverage, key: (ConnectionId, Option<KindId>)) -> &[Hole] {
    let mut all = coverage.holes.iter();
    let found = all.find(|(connection, kind, _)| (*connection, *kind) == key);
    found.map_or(&[], |(_, _, holes)| holes)
}

fn kind_words(kind: KindId) -> String {
    let built_in = EventKind::BUILT_IN.get(usize::from(kind.0));
    built_in.map_or_else(
        || "own events".to_owned(),
        |kind| kind.as_str().replace('_', " "),
    )
}

/// The days of the first list that are not in the second; both are sorted and without overlaps.
fn minus(all: &[Hole], taken: &[Hole]) -> Vec<Hole> {
    let mut left = Vec::new();
    for hole in all {
        let mut from = hole.from;
        for other in taken.iter().filter(|other| other.to >= hole.from) {
            if other.from > hole.to {
                break;
            }
            if from < other.from {
                let to = other.from.previous();
                left.push(Hole { from, to });
            }
            from = from.max(other.to.next());
        }
        if from <= hole.to {
            left.push(Hole { from, to: hole.to });
        }
    }
    left
}

fn days(span: Hole) -> String {
    match (span.from, span.to) {
        (Day::ALWAYS, to) => format!("all days up to {to}"),
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from} to {to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Day, Hole, minus};

    fn spans(all: &[(i32, i32)]) -> Vec<Hole> {
        let hole = |(from, to): &(i32, i32)| Hole {
            from: Day(*from),
            to: Day(*to),
        };
        all.iter().map(hole).collect()
    }

    #[test]
    fn what_is_left_of_spans_are_the_days_that_others_do_not_have() {
        for (all, taken, left) in [
            (&[(1, 9)][..], &[][..], &[(1, 9)][..]),
            (&[(1, 9)], &[(1, 9)], &[]),
            (&[(1, 9)], &[(3, 4)], &[(1, 2), (5, 9)]),
            (&[(1, 9)], &[(-5, 1), (9, 20)], &[(2, 8)]),
            (
                &[(1, 3), (5, 9)],
                &[(2, 6), (8, 8)],
                &[(1, 1), (7, 7), (9, 9)],
            ),
            (&[(5, 9)], &[(1, 2), (20, 30)], &[(5, 9)]),
        ] {
            assert_eq!(
                minus(&spans(all), &spans(taken)),
                spans(left),
                "{all:?} {taken:?}"
            );
        }
    }
}
