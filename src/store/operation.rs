//! Running the program: switches, rejected rows, manual corrections.

use engaged_connectors::Stream;
use rusqlite::{OptionalExtension, params};

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

impl Conn {
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
