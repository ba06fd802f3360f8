//! Running the program: jobs that ran, switches, rejected rows, manual corrections.

use engaged_connectors::Stream;
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Conn, Tx,
    contact::ContactId,
    error::StoreError,
    word::{date_text, day_of},
};
use crate::score::{
    calendar::{Day, Millis},
    facts::{Adjustment, ConnectionId},
};

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
}

/// A switch that a person set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its value.
    pub value: String,
    /// When it was set.
    pub known_at: Millis,
}

/// A row of a platform that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectRow {
    /// The platform's id of the row, if it had one.
    pub platform_id: Option<String>,
    /// When it happened, if that much could be read.
    pub at: Option<Millis>,
    /// What was wrong.
    pub reason: String,
    /// How often it has come.
    pub times: i64,
    /// When it first came.
    pub known_at: Millis,
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        id: row.get(0)?,
        job: row.get(1)?,
        connection: row.get::<_, Option<u16>>(2)?.map(ConnectionId),
        started_at: row.get(3)?,
        ended_at: row.get(4)?,
        outcome: row.get(5)?,
        detail: row.get(6)?,
    })
}

impl Conn {
    /// The last run of a job: the one begun last, whatever the clock said before it was set right.
    pub fn last_run(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
    ) -> Result<Option<Run>, StoreError> {
        self.run(
            "select id, job, connection_id, started_at, ended_at, outcome, detail from run
             where job = ?1 and connection_id is ?2 order by id desc limit 1",
            job,
            connection,
        )
    }

    /// The last run of a job that ended well.
    pub fn last_good_run(
        &self,
        job: &str,
        connection: Option<ConnectionId>,
    ) -> Result<Option<Run>, StoreError> {
        self.run(
            "select id, job, connection_id, started_at, ended_at, outcome, detail from run
             where job = ?1 and connection_id is ?2 and outcome = 'ok' order by id desc limit 1",
            job,
            connection,
        )
    }

    /// Runs in the order in which they began, the newest first: of a job, for a connection, begun before a run.
    pub fn runs(
        &self,
        job: Option<&str>,
        connection: Option<ConnectionId>,
        before: Option<i64>,
        most: u16,
    ) -> Result<Vec<Run>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, job, connection_id, started_at, ended_at, outcome, detail from run not indexed
             where id < coalesce(?1, 9223372036854775807) and (?2 is null or job = ?2) and (?3 is null or connection_id = ?3)
             order by id desc limit ?4",
        )?;
        let params = params![before, job, connection.map(|id| id.0), most];
        let rows = select.query_map(params, run)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn run(
        &self,
        select: &'static str,
        job: &str,
        connection: Option<ConnectionId>,
    ) -> Result<Option<Run>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(select)?
            .query_row(params![job, connection.map(|id| id.0)], run)
            .optional()?)
    }

    /// A switch, if it was ever set.
    pub fn control(&self, name: &str) -> Result<Option<Control>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select value, known_at from control where name = ?1")?
            .query_row([name], |row| {
                Ok(Control {
                    value: row.get(0)?,
                    known_at: row.get(1)?,
                })
            })
            .optional()?)
    }

    /// Rejected rows of a stream, the newest first.
    pub fn rejects(
        &self,
        connection: ConnectionId,
        stream: Stream,
        limit: i64,
    ) -> Result<Vec<RejectRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select platform_id, at, reason, times, known_at from reject
             where connection_id = ?1 and stream = ?2 order by id desc limit ?3",
        )?;
        let rows = select.query_map(params![connection.0, stream.0, limit], |row| {
            Ok(RejectRow {
                platform_id: row.get(0)?,
                at: row.get(1)?,
                reason: row.get(2)?,
                times: row.get(3)?,
                known_at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the file is sound, as far as `SQLite` can tell: every page, index and reference.
    pub fn check_soundness(&self) -> Result<(), StoreError> {
        let found: String = self
            .sql
            .query_row("pragma integrity_check(1)", (), |row| row.get(0))?;
        if found != "ok" {
            return Err(StoreError::damaged(found));
        }
        let dangling = self
            .sql
            .prepare("pragma foreign_key_check")?
            .query_row((), |row| row.get::<_, String>(0))
            .optional()?;
        match dangling {
            Some(table) => Err(StoreError::damaged(format!(
                "a row of {table} refers to nothing"
            ))),
            None => Ok(()),
        }
    }
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

    /// Sets a switch.
    pub fn set_control(&self, name: &str, value: &str, known_at: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into control (name, value, known_at) values (?1, ?2, ?3)
                 on conflict do update set value = excluded.value, known_at = excluded.known_at",
            )?
            .execute(params![name, value, known_at])?;
        Ok(())
    }

    /// Corrects a score by hand from one date until before another; returns the correction's number.
    #[expect(
        clippy::too_many_arguments,
        reason = "one argument for each column that a person fills in"
    )]
    pub fn adjust(
        &self,
        contact: ContactId,
        score: &str,
        points: i64,
        days: (Day, Day),
        reason: &str,
        author: &str,
        known_at: Millis,
    ) -> Result<i64, StoreError> {
        let (Some(from), Some(until)) = (date_text(days.0), date_text(days.1)) else {
            return Err(StoreError::bug("an adjustment outside the calendar"));
        };
        self.sql
            .prepare_cached(
                "insert into adjustment (contact_id, score, points, from_on, until_on, reason, author, known_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![contact.0, score, points, from, until, reason, author, known_at])?;
        let id = self.sql.last_insert_rowid();
        self.mark_dirty([contact])?;
        Ok(id)
    }

    /// Takes a correction back; what it did before stays known.
    pub fn withdraw_adjustment(
        &self,
        adjustment: i64,
        known_at: Millis,
    ) -> Result<bool, StoreError> {
        let contact: Option<i64> = self
            .sql
            .prepare_cached(
                "update adjustment set withdrawn_at = ?2 where id = ?1 and withdrawn_at is null returning contact_id",
            )?
            .query_row([adjustment, known_at], |row| row.get(0))
            .optional()?;
        self.mark_dirty(contact.map(ContactId))?;
        Ok(contact.is_some())
    }
}

impl Conn {
    /// Every correction of a contact's scores, and whether it was taken back.
    pub fn adjustments(&self, contact: ContactId) -> Result<Vec<(Adjustment, bool)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, score, points, from_on, until_on, reason, author, withdrawn_at is not null
             from adjustment where contact_id = ?1 order by id",
        )?;
        let mut rows = select.query([contact.0])?;
        let mut adjustments = Vec::new();
        while let Some(row) = rows.next()? {
            let adjustment = Adjustment {
                id: row.get(0)?,
                score: row.get(1)?,
                points: row.get(2)?,
                from: day_of(&row.get::<_, String>(3)?)?,
                until: day_of(&row.get::<_, String>(4)?)?,
                reason: row.get(5)?,
                author: row.get(6)?,
            };
            adjustments.push((adjustment, row.get(7)?));
        }
        Ok(adjustments)
    }
}
