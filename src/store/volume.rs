//! How many events happened on which day, for a few weeks back.
//!
//! Counted as they come in, by their numbers, since the log itself is too long
//! to count. What is counted follows the log by a look or two.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::{Conn, Tx, error::StoreError, word::date_text};
use crate::score::{
    calendar::{Day, Millis, Zone},
    facts::ConnectionId,
};

/// Up to which event is counted.
const COUNTED: &str = "volume counted";

/// A stretch of the event log, by connection and day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// The event before the first.
    pub after: i64,
    /// The last event.
    pub last: i64,
    /// How many rows it has.
    pub rows: i64,
    /// How many events happened.
    pub days: BTreeMap<(ConnectionId, Day), i64>,
}

impl Conn {
    /// The next stretch of the event log that is not counted, of so many rows at most; of days from `first` on.
    pub fn uncounted(&self, zone: &Zone, first: Day, limit: i64) -> Result<Arrivals, StoreError> {
        let after = self.volume_mark()?;
        let since = zone.start_of(first);
        let mut arrivals = Arrivals {
            after,
            last: after,
            ..Arrivals::default()
        };
        let mut select = self.sql.prepare_cached(
            "select id, connection_id, at, exists (select 1 from confirmed where by_id = event.id) from event
             where id > ?1 order by id limit ?2",
        )?;
        let mut rows = select.query([after, limit])?;
        while let Some(row) = rows.next()? {
            (arrivals.last, arrivals.rows) = (row.get(0)?, arrivals.rows + 1);
            let (at, told_before): (Millis, bool) = (row.get(2)?, row.get(3)?);
            if at >= since && !told_before {
                let day = (ConnectionId(row.get(1)?), zone.day(at));
                *arrivals.days.entry(day).or_insert(0) += 1;
            }
        }
        Ok(arrivals)
    }

    /// The last event that is counted.
    pub fn volume_mark(&self) -> Result<i64, StoreError> {
        let mark = self.control(COUNTED)?;
        Ok(mark
            .and_then(|control| control.value.parse().ok())
            .unwrap_or(0))
    }

    /// Whether everything that came in is counted.
    pub fn is_volume_counted(&self) -> Result<bool, StoreError> {
        let mark = self.volume_mark()?;
        Ok(self
            .sql
            .prepare_cached("select coalesce(max(id), 0) <= ?1 from event")?
            .query_row([mark], |row| row.get(0))?)
    }

    /// How many events of a connection happened on a day, as far as they are counted.
    pub fn volume(&self, connection: ConnectionId, day: Day) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select events from volume where connection_id = ?1 and day_on = ?2")?
            .query_row(params![connection.0, date_text(day)], |row| row.get(0))
            .optional()?
            .unwrap_or(0))
    }
}

impl Tx {
    /// Counts a stretch, and forgets days before `first`. Nothing happens if it was counted meanwhile.
    pub fn count_arrivals(
        &self,
        arrivals: &Arrivals,
        first: Day,
        now: Millis,
    ) -> Result<(), StoreError> {
        if self.volume_mark()? != arrivals.after {
            return Ok(());
        }
        let mut add = self.sql.prepare_cached(
            "insert into volume (connection_id, day_on, events) values (?1, ?2, ?3)
             on conflict do update set events = events + excluded.events",
        )?;
        for ((connection, day), events) in &arrivals.days {
            // What lies outside the calendar is on no day.
            if let Some(day) = date_text(*day) {
                add.execute(params![connection.0, day, events])?;
            }
        }
        self.sql
            .prepare_cached("delete from volume where day_on < ?1")?
            .execute([date_text(first)])?;
        self.set_control(COUNTED, &arrivals.last.to_string(), now)
    }
}
