//! What was written, as people look it up: the pushes, the rows of one, and what came in the way.
//!
//! Each page is read along an index from where the last one ended, so that it
//! costs the same however much was ever written.

use std::cmp::Reverse;

use rusqlite::{Row, params};

use super::{COLUMNS, OutboxRow, OutboxState, outbox_row};
use crate::{
    score::{calendar::Millis, facts::ConnectionId},
    store::{Conn, StoreError, Tx},
};

/// So many rows that went wrong are looked at for what they have in common.
const TROUBLES_OF: i64 = 20_000;

/// So many sorts of trouble are told.
const TROUBLES_MAX: i64 = 20;

/// A plan that was carried out on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedPush {
    /// The plan's number.
    pub plan: i64,
    /// The plan's fingerprint.
    pub fingerprint: String,
    /// Where it was carried out; `None` where nothing is left of it.
    pub connection: Option<ConnectionId>,
    /// Its counts, JSON.
    pub summary: String,
    /// When it was queued.
    pub known_at: Millis,
    /// How many of its rows are in which state now. What was overtaken by a later plan belongs to that.
    pub sizes: Vec<(OutboxState, i64)>,
}

/// A write, and the attempt that it was last part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedWrite {
    /// The write.
    pub row: OutboxRow,
    /// The last request that it was part of.
    pub attempt: Option<String>,
    /// When it came into its state.
    pub changed_at: Millis,
}

/// Whose writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WritesOf {
    /// Of one plan.
    Plan(i64),
    /// Of one connection.
    Connection(ConnectionId),
}

/// Which page of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WritesWanted {
    /// Whose.
    pub of: WritesOf,
    /// In this state; in any if left out.
    pub state: Option<OutboxState>,
    /// Only those with smaller numbers: where the last page ended.
    pub before: Option<i64>,
    /// No more than this.
    pub limit: u16,
}

/// What several writes have in common that did not go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What became of them.
    pub state: OutboxState,
    /// What was written.
    pub write: String,
    /// The platform's last word.
    pub detail: String,
    /// How many, among the newest 20,000.
    pub writes: i64,
}

impl Conn {
    /// Plans that were carried out, the newest first: those before a number.
    pub fn pushes(&self, before: Option<i64>, limit: u16) -> Result<Vec<LoggedPush>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, fingerprint, connection_id, summary, known_at, written from plan
             where id < ?1 order by id desc limit ?2",
        )?;
        let mut rows = select.query(params![before.unwrap_or(i64::MAX), limit])?;
        let mut pushes = Vec::new();
        while let Some(row) = rows.next()? {
            pushes.push(self.logged(row)?);
        }
        Ok(pushes)
    }

    /// A plan that was carried out, by its number.
    pub fn push(&self, plan: i64) -> Result<Option<LoggedPush>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, fingerprint, connection_id, summary, known_at, written from plan where id = ?1",
        )?;
        let mut rows = select.query([plan])?;
        rows.next()?.map(|row| self.logged(row)).transpose()
    }

    fn logged(&self, row: &Row<'_>) -> Result<LoggedPush, StoreError> {
        let plan = row.get(0)?;
        Ok(LoggedPush {
            plan,
            fingerprint: row.get(1)?,
            connection: row.get::<_, Option<u16>>(2)?.map(ConnectionId),
            summary: row.get(3)?,
            known_at: row.get(4)?,
            sizes: self.push_sizes(plan, row.get(5)?)?,
        })
    }

    /// How many rows of a plan are in which state. What was done when its push ended is not counted again.
    fn push_sizes(
        &self,
        plan: i64,
        written: Option<i64>,
    ) -> Result<Vec<(OutboxState, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select count(*) from outbox indexed by outbox_by_plan where plan_id = ?1 and state = ?2",
        )?;
        let mut sizes = Vec::new();
        for state in OutboxState::ALL {
            let known = written.filter(|_| state == OutboxState::Applied);
            let size = match known {
                Some(size) => size,
                None => select.query_row(params![plan, state.as_str()], |row| row.get(0))?,
            };
            if size > 0 {
                sizes.push((state, size));
            }
        }
        Ok(sizes)
    }

    /// A page of writes, the newest first.
    pub fn writes(&self, wanted: &WritesWanted) -> Result<Vec<LoggedWrite>, StoreError> {
        let (index, whose) = match wanted.of {
            WritesOf::Plan(plan) => ("outbox_by_plan where plan_id = ?1", plan),
            WritesOf::Connection(connection) => (
                "outbox_by_state where connection_id = ?1",
                connection.0.into(),
            ),
        };
        let sql = format!(
            "select {COLUMNS}, attempt, changed_at from outbox indexed by {index} and state = ?2 and id < ?3
             order by id desc limit ?4"
        );
        let mut select = self.sql.prepare_cached(&sql)?;
        let mut found = Vec::new();
        let states = OutboxState::ALL.into_iter();
        for state in states.filter(|state| wanted.state.is_none_or(|wanted| wanted == *state)) {
            let before = wanted.before.unwrap_or(i64::MAX);
            let mut rows = select.query(params![whose, state.as_str(), before, wanted.limit])?;
            while let Some(row) = rows.next()? {
                found.push(logged_write(row)?);
            }
        }
        found.sort_by_key(|write| Reverse(write.row.id));
        found.truncate(wanted.limit.into());
        for write in &mut found {
            if let Some(contact) = &mut write.row.row.contact {
                *contact = self.root(*contact)?;
            }
        }
        Ok(found)
    }

    /// What was asked of a platform for an entry into an automation, if anything ever was.
    pub fn start_of(&self, entry: i64) -> Result<Option<LoggedWrite>, StoreError> {
        let sql = format!(
            "select {COLUMNS}, attempt, changed_at from outbox indexed by outbox_start
             where lane = 'start' and target = ?1"
        );
        let mut select = self.sql.prepare_cached(&sql)?;
        let mut rows = select.query([format!("start:{entry}")])?;
        rows.next()?.map(logged_write).transpose()
    }

    /// What came in the way of writes, the most frequent first.
    pub fn write_troubles(&self, of: WritesOf) -> Result<Vec<Trouble>, StoreError> {
        let (index, whose) = match of {
            WritesOf::Plan(plan) => ("outbox_by_plan where plan_id = ?1", plan),
            WritesOf::Connection(connection) => (
                "outbox_by_state where connection_id = ?1",
                connection.0.into(),
            ),
        };
        let sql = format!(
            "select write, coalesce(detail, ''), count(*) from (
               select write, detail from outbox indexed by {index} and state = ?2 order by id desc limit ?3)
             group by 1, 2 order by 3 desc, 2 limit ?4"
        );
        let mut select = self.sql.prepare_cached(&sql)?;
        let mut troubles = Vec::new();
        for state in [
            OutboxState::Rejected,
            OutboxState::Ambiguous,
            OutboxState::Retry,
        ] {
            let mut rows =
                select.query(params![whose, state.as_str(), TROUBLES_OF, TROUBLES_MAX])?;
            while let Some(row) = rows.next()? {
                troubles.push(Trouble {
                    state,
                    write: row.get(0)?,
                    detail: row.get(1)?,
                    writes: row.get(2)?,
                });
            }
        }
        troubles.sort_by_key(|trouble| Reverse(trouble.writes));
        Ok(troubles)
    }
}

impl Tx {
    /// Keeps how many writes of a plan are done, now that its push has ended: what still waits becomes part of a later one.
    pub fn end_push(&self, plan: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update plan set written = (select count(*) from outbox indexed by outbox_by_plan
                   where plan_id = ?1 and state = 'applied') where id = ?1",
            )?
            .execute([plan])?;
        Ok(())
    }
}

fn logged_write(row: &Row<'_>) -> Result<LoggedWrite, StoreError> {
    Ok(LoggedWrite {
        row: outbox_row(row)?,
        attempt: row.get(16)?,
        changed_at: row.get(17)?,
    })
}
