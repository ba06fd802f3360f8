//! Jobs that ran: when, for which connection, how each ended, and what a sync brought.

use std::collections::BTreeMap;

use rusqlite::{Row, ToSql, params};

use super::{Conn, Tx, error::StoreError};
use crate::score::{
    calendar::{Day, Millis, Zone},
    facts::ConnectionId,
};

const HOUR_MS: Millis = 3_600_000;

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// Which job.
    pub job: String,
    /// For which connection, if for one.
    pub connection: Option<ConnectionId>,
    /// When it began.
    pub started_at: Millis,
    /// When it ended; `None` while it runs, or if the process ended first.
    pub ended_at: Option<Millis>,
    /// `ok`, or the code of what went wrong.
    pub outcome: Option<String>,
    /// For people.
    pub detail: Option<String>,
    /// What a sync brought; `None` for other jobs, and where that is not known.
    pub brought: Option<Brought>,
}

/// What a sync brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Events that were new.
    pub events: i64,
    /// Contacts that the connection did not know before.
    pub contacts: i64,
}

/// What a connection's syncs brought on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayBrought {
    /// The day on which the syncs began.
    pub on: Day,
    /// How many there were. A day without any has no row.
    pub runs: i64,
    /// What they brought together.
    pub brought: Brought,
}

/// The runs that began within one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// When it begins.
    pub from: Millis,
    /// Runs that ended well.
    pub good: u32,
    /// Runs that did not.
    pub bad: u32,
    /// Runs that have not ended: under way, or cut off.
    pub open: u32,
}

const COLUMNS: &str = "select id, job, connection_id, started_at, ended_at, outcome, detail, new_events, new_contacts from run ";

impl Conn {
    /// The last run of a job: the one begun last, whatever the clock said before it was set right.
    pub fn last_run(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
    ) -> Result<Option<Run>, StoreError> {
        Ok(self.last_runs(job, connection, 1)?.pop())
    }

    /// The last run of a job that ended well.
    pub fn last_good_run(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
    ) -> Result<Option<Run>, StoreError> {
        let runs = self.runs_where(
            "indexed by run_last_good where job = ?1 and connection_id is ?2 and outcome = 'ok' order by id desc limit 1",
            params![job, connection.map(|id| id.0)],
        );
        Ok(runs?.pop())
    }

    /// The last runs of a job, the newest first.
    pub fn last_runs(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
        limit: u16,
    ) -> Result<Vec<Run>, StoreError> {
        self.runs_of(job, connection, None, limit)
    }

    /// How many runs of each job have ended, and how.
    pub fn run_sizes(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select job, outcome, count(*) from run indexed by run_by_outcome where outcome is not null group by 1, 2",
        )?;
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Runs of a job on every connection, the newest first; on the next page those before the last one's number.
    pub fn runs_before(
        &self,
        job: &str,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Run>, StoreError> {
        let mut runs = self.runs_of(job, None, before, limit)?;
        for connection in self.connections()? {
            runs.append(&mut self.runs_of(job, Some(connection.id), before, limit)?);
        }
        runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.id));
        runs.truncate(limit.into());
        Ok(runs)
    }

    /// Runs of any job, the newest first, before one's number; of that job and for that connection, where they are named.
    pub fn runs(
        &self,
        job: Option<&str>,
        connection: Option<ConnectionId>,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Run>, StoreError> {
        self.runs_where(
            "not indexed where id < ?1 and (?2 is null or job = ?2) and (?3 is null or connection_id = ?3)
             order by id desc limit ?4",
            params![
                before.unwrap_or(i64::MAX),
                job,
                connection.map(|id| id.0),
                limit
            ],
        )
    }

    fn runs_of(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Run>, StoreError> {
        self.runs_where(
            "indexed by run_last where job = ?1 and connection_id is ?2 and id < ?3 order by id desc limit ?4",
            params![
                job,
                connection.map(|id| id.0),
                before.unwrap_or(i64::MAX),
                limit
            ],
        )
    }

    /// All runs that began from one instant until before another, in their order.
    pub fn runs_between(&self, from: Millis, until: Millis) -> Result<Vec<Run>, StoreError> {
        self.runs_where(
            "indexed by run_by_start where started_at >= ?1 and started_at < ?2 order by started_at, id",
            params![from, until],
        )
    }

    /// A job's runs by the hour, so many hours from an instant on; an hour in which none began is there and has none.
    pub fn run_hours(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
        from: Millis,
        hours: u16,
    ) -> Result<Vec<Hour>, StoreError> {
        let mut strip: Vec<Hour> = (0..i64::from(hours))
            .map(|hour| Hour {
                from: from + hour * HOUR_MS,
                ..Hour::default()
            })
            .collect();
        let mut select = self.sql.prepare_cached(
            "select started_at, outcome from run indexed by run_by_job
             where job = ?1 and connection_id is ?2 and started_at >= ?3 and started_at < ?4",
        )?;
        let until = from + i64::from(hours) * HOUR_MS;
        let mut rows = select.query(params![job, connection.map(|id| id.0), from, until])?;
        while let Some(row) = rows.next()? {
            let at = (row.get::<_, Millis>(0)? - from) / HOUR_MS;
            let Some(hour) = usize::try_from(at).ok().and_then(|at| strip.get_mut(at)) else {
                continue;
            };
            match row.get::<_, Option<String>>(1)?.as_deref() {
                Some("ok") => hour.good += 1,
                Some(_) => hour.bad += 1,
                None => hour.open += 1,
            }
        }
        Ok(strip)
    }

    /// What a connection's syncs brought on each day between two, both included, where any ran.
    pub fn brought_by_day(
        &self,
        connection: ConnectionId,
        (from, to): (Day, Day),
        zone: &Zone,
    ) -> Result<Vec<DayBrought>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select started_at, coalesce(new_events, 0), coalesce(new_contacts, 0) from run indexed by run_by_job
             where job = 'sync' and connection_id = ?1 and started_at >= ?2 and started_at < ?3",
        )?;
        let span = params![connection.0, zone.start_of(from), zone.start_of(to.next())];
        let mut rows = select.query(span)?;
        let mut days: BTreeMap<Day, DayBrought> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let on = zone.day(row.get(0)?);
            let day = days.entry(on).or_insert(DayBrought {
                on,
                runs: 0,
                brought: Brought::default(),
            });
            day.runs += 1;
            day.brought.events += row.get::<_, i64>(1)?;
            day.brought.contacts += row.get::<_, i64>(2)?;
        }
        Ok(days.into_values().collect())
    }

    fn runs_where(
        &self,
        condition: &'static str,
        params: &[&dyn ToSql],
    ) -> Result<Vec<Run>, StoreError> {
        let mut select = self.sql.prepare_cached(&[COLUMNS, condition].concat())?;
        let runs = select.query_map(params, run)?;
        Ok(runs.collect::<Result<_, _>>()?)
    }
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let events: Option<i64> = row.get(7)?;
    let contacts: Option<i64> = row.get(8)?;
    Ok(Run {
        id: row.get(0)?,
        job: row.get(1)?,
        connection: row.get::<_, Option<u16>>(2)?.map(ConnectionId),
        started_at: row.get(3)?,
        ended_at: row.get(4)?,
        outcome: row.get(5)?,
        detail: row.get(6)?,
        brought: events
            .zip(contacts)
            .map(|(events, contacts)| Brought { events, contacts }),
    })
}

impl Tx {
    /// Records that a job begins; returns the run's number.
    pub fn begin_run(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
        now: Millis,
    ) -> Result<i64, StoreError> {
        self.sql
            .prepare_cached("insert into run (job, connection_id, started_at) values (?1, ?2, ?3)")?
            .execute(params![job, connection.map(|id| id.0), now])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Records how a run ended: `ok`, or the code of what went wrong.
    pub fn end_run(
        &self,
        run: i64,
        outcome: &str,
        detail: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update run set ended_at = ?4, outcome = ?2, detail = ?3 where id = ?1",
            )?
            .execute(params![run, outcome, detail, now])?;
        Ok(())
    }

    /// Records what a sync brought.
    pub fn set_brought(&self, run: i64, brought: Brought) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update run set new_events = ?2, new_contacts = ?3 where id = ?1")?
            .execute(params![run, brought.events, brought.contacts])?;
        Ok(())
    }
}
