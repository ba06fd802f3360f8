//! Which days have been read completely, and which have not.
//!
//! A day counts as covered when statements of completeness reach from its first
//! instant to its last and no hole names it. What is not covered is not judged.

use std::collections::{BTreeMap, BTreeSet};

use engaged_connectors::{Stream, connector::Covered, model::EventKind};
use rusqlite::params;

use super::{
    Conn, Tx,
    connection::IMPORTED,
    error::StoreError,
    word::{date_text, day_of, kind_of_stored},
};
use crate::score::{
    calendar::{Day, Millis, Zone},
    facts::{ConnectionId, Coverage, Hole, KindId, Reported},
};

/// Days, both included, that were not read completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// The kinds it holds for; none means every kind.
    pub kinds: Vec<EventKind>,
}

impl Tx {
    /// Records what a page made complete.
    pub fn cover(
        &self,
        connection: ConnectionId,
        covered: &[Covered],
        known_at: Millis,
    ) -> Result<(), StoreError> {
        // A statement inside an earlier one adds nothing.
        let mut insert = self.sql.prepare_cached(
            "insert into coverage (connection_id, kind, from_at, through_at, known_at)
             select ?1, ?2, ?3, ?4, ?5 where not exists (
               select 1 from coverage where connection_id = ?1 and kind = ?2 and through_at >= ?4
                 and (from_at is null or from_at <= ?3))",
        )?;
        for each in covered {
            for kind in &each.kinds {
                insert.execute(params![
                    connection.0,
                    self.stored_kind(kind)?.0,
                    each.from.map(|at| at.timestamp_millis()),
                    each.through.timestamp_millis(),
                    known_at
                ])?;
            }
        }
        Ok(())
    }

    /// Records a hole; the same one twice changes nothing. Returns how many rows are new.
    /// `source` says where it comes from, and finds it again for [`Tx::heal`].
    pub fn add_gap(
        &self,
        connection: ConnectionId,
        gap: &Gap,
        source: &str,
        known_at: Millis,
    ) -> Result<usize, StoreError> {
        let (Some(from), Some(to)) = (date_text(gap.from), date_text(gap.to)) else {
            return Err(StoreError::bug("a gap outside the calendar"));
        };
        let mut kinds = Vec::new();
        for kind in &gap.kinds {
            kinds.push(Some(self.stored_kind(kind)?.0));
        }
        if kinds.is_empty() {
            kinds.push(None);
        }
        let mut insert = self.sql.prepare_cached(
            "insert into hole (connection_id, kind, from_on, to_on, source, known_at)
             select ?1, ?2, ?3, ?4, ?5, ?6 where not exists (
               select 1 from hole where connection_id = ?1 and kind is ?2 and from_on = ?3 and to_on = ?4
                 and source = ?5 and healed_at is null)",
        )?;
        let mut new = 0;
        for kind in kinds {
            new += insert.execute(params![connection.0, kind, from, to, source, known_at])?;
        }
        Ok(new)
    }

    /// Closes the holes of one source, because what was missing has been read since. Returns how many.
    pub fn heal(
        &self,
        connection: ConnectionId,
        source: &str,
        known_at: Millis,
    ) -> Result<usize, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "update hole set healed_at = ?3 where connection_id = ?1 and source = ?2 and healed_at is null",
            )?
            .execute(params![connection.0, source, known_at])?)
    }
}

impl Conn {
    /// The holes as known at an instant (`None`: now). `present` is today's
    /// date: the future is never a hole, nor is today on a connection that is synced.
    pub fn coverage(
        &self,
        zone: &Zone,
        present: Day,
        known: Option<Millis>,
    ) -> Result<Coverage, StoreError> {
        let known = known.unwrap_or(Millis::MAX);
        let mut holes: BTreeMap<(ConnectionId, Option<KindId>), Vec<Hole>> = BTreeMap::new();
        let mut last_days = BTreeMap::new();
        let mut reported = Reported::default();
        for connection in self.connections()? {
            let imported = connection.platform == IMPORTED;
            let last = if imported {
                present
            } else {
                present.previous()
            };
            last_days.insert(connection.id, last);
            if imported {
                reported.kinds.push((connection.id, None));
                continue;
            }
            for kind in self.declared_kinds(connection.id)? {
                reported
                    .kinds
                    .push((connection.id, Some(kind_of_stored(kind))));
                let covered = self.covered(connection.id, kind, known)?;
                let uncovered = uncovered_days(&covered, zone, last);
                holes
                    .entry((connection.id, Some(kind_of_stored(kind))))
                    .or_default()
                    .extend(uncovered);
            }
        }
        let mut select = self.sql.prepare_cached(
            "select connection_id, kind, from_on, to_on from hole
             where known_at <= ?1 and (healed_at is null or healed_at > ?1)",
        )?;
        let mut rows = select.query([known])?;
        while let Some(row) = rows.next()? {
            let connection = ConnectionId(row.get(0)?);
            let kind = row
                .get::<_, Option<u16>>(1)?
                .map(|kind| kind_of_stored(KindId(kind)));
            let last = last_days.get(&connection).copied().unwrap_or(present);
            let hole = Hole {
                from: day_of(&row.get::<_, String>(2)?)?,
                to: day_of(&row.get::<_, String>(3)?)?.min(last),
            };
            holes.entry((connection, kind)).or_default().push(hole);
        }
        let holes = holes
            .into_iter()
            .map(|((connection, kind), days)| (connection, kind, united(days)))
            .filter(|(_, _, days)| !days.is_empty())
            .collect();
        Ok(Coverage {
            holes,
            reported: Some(reported),
        })
    }

    /// Days up to `last` that not every stream of a connection has read whole, in order. What single rows or imports left
    /// open is not counted.
    pub fn unread(
        &self,
        connection: ConnectionId,
        zone: &Zone,
        last: Day,
    ) -> Result<Vec<Hole>, StoreError> {
        let mut days = Vec::new();
        for kind in self.declared_kinds(connection)? {
            let covered = self.covered(connection, kind, Millis::MAX)?;
            days.extend(uncovered_days(&covered, zone, last));
        }
        Ok(united(days))
    }

    /// Up to when a stream is complete without a hole between: the earliest over
    /// its kinds. `None` if it never was complete, or answers for no kind.
    pub fn complete_through(
        &self,
        connection: ConnectionId,
        stream: Stream,
    ) -> Result<Option<Millis>, StoreError> {
        let mut through: Option<Millis> = None;
        for kind in self.stream_kinds(connection, stream)? {
            let Some(&(_, end)) = self.covered(connection, kind, Millis::MAX)?.last() else {
                return Ok(None);
            };
            through = Some(through.map_or(end, |earliest| earliest.min(end)));
        }
        Ok(through)
    }

    /// The stored numbers of the kinds that a stream answers for.
    pub(super) fn stream_kinds(
        &self,
        connection: ConnectionId,
        stream: Stream,
    ) -> Result<Vec<KindId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select kind from stream_kind where connection_id = ?1 and stream = ?2",
        )?;
        let rows = select.query_map(params![connection.0, stream.0], |row| {
            row.get(0).map(KindId)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn declared_kinds(&self, connection: ConnectionId) -> Result<BTreeSet<KindId>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select kind from stream_kind where connection_id = ?1")?;
        let rows = select.query_map([connection.0], |row| row.get(0).map(KindId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is complete, as spans of instants in order, none touching the next.
    fn covered(
        &self,
        connection: ConnectionId,
        kind: KindId,
        known: Millis,
    ) -> Result<Vec<(Millis, Millis)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select coalesce(from_at, ?4), through_at from coverage
             where connection_id = ?1 and kind = ?2 and known_at <= ?3 order by 1",
        )?;
        let rows = select.query_map(params![connection.0, kind.0, known, Millis::MIN], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        let mut spans: Vec<(Millis, Millis)> = Vec::new();
        for row in rows {
            let (from, through) = row?;
            match spans.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(through),
                _ => spans.push((from, through)),
            }
        }
        Ok(spans)
    }
}

/// The days up to `last` that no span covers whole.
fn uncovered_days(spans: &[(Millis, Millis)], zone: &Zone, last: Day) -> Vec<Hole> {
    let mut holes = Vec::new();
    let mut from = Day::ALWAYS;
    for &(begin, end) in spans {
        let first = if begin == Millis::MIN {
            Day::ALWAYS
        } else {
            first_whole_day(begin, zone)
        };
        // The day of `end` is not over at `end`.
        let past = zone.day(end);
        if past <= first {
            continue;
        }
        if from < first {
            holes.push(Hole {
                from,
                to: first.previous().min(last),
            });
        }
        from = from.max(past);
    }
    holes.push(Hole { from, to: last });
    holes
}

fn first_whole_day(at: Millis, zone: &Zone) -> Day {
    let day = zone.day(at);
    if zone.start_of(day) == at {
        day
    } else {
        day.next()
    }
}

/// Sorted, without overlaps, neighbours joined.
fn united(mut days: Vec<Hole>) -> Vec<Hole> {
    days.retain(|hole| hole.from <= hole.to);
    days.sort_by_key(|hole| (hole.from, hole.to));
    let mut united: Vec<Hole> = Vec::new();
    for hole in days {
        match united.last_mut() {
            Some(last) if hole.from <= last.to.next() => last.to = last.to.max(hole.to),
            _ => united.push(hole),
        }
    }
    united
}
