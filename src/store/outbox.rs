//! Plans, the outbox, what platforms were last told, and what needs a person's word.
//!
//! The rows of what is to be written and how far each has come. What to write
//! and when to try is decided in `push`.

mod lane;
mod log;
mod many;

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};

use super::{Conn, Tx, contact::ContactId, error::StoreError, tally::Group};
use crate::{
    planted::{Bug, is_planted},
    score::{calendar::Millis, facts::ConnectionId},
};

pub use self::{
    lane::Lane,
    log::{LoggedPush, LoggedWrite, Trouble, WritesOf, WritesWanted},
};

/// How far one write has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutboxState {
    /// To be done.
    Planned,
    /// Committed before its request goes out.
    Attempting,
    /// Done, the platform says.
    Applied,
    /// Refused for good.
    Rejected,
    /// To be tried again later.
    Retry,
    /// Nobody knows whether it was done.
    Ambiguous,
    /// Was in doubt, and was written again.
    Reconciled,
    /// Given up, or overtaken by a newer value.
    Abandoned,
}

impl OutboxState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Planned,
        Self::Attempting,
        Self::Applied,
        Self::Rejected,
        Self::Retry,
        Self::Ambiguous,
        Self::Reconciled,
        Self::Abandoned,
    ];

    /// The name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Attempting => "attempting",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Retry => "retry",
            Self::Ambiguous => "ambiguous",
            Self::Reconciled => "reconciled",
            Self::Abandoned => "abandoned",
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| StoreError::damaged(format!("outbox state {name}")))
    }
}

/// A write to be queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutboxRow {
    /// The plan that showed it.
    pub plan: Option<i64>,
    /// Where to.
    pub connection: ConnectionId,
    /// For whom; `None` where the write names no contact.
    pub contact: Option<ContactId>,
    /// The contact's id on the platform; empty where the write names no contact.
    pub platform_id: String,
    /// The verb, as `push` names it.
    pub write: String,
    /// What is written to: at most one open row per connection, contact and target.
    pub target: String,
    /// The value; `None` takes it away.
    pub value: Option<String>,
    /// Why.
    pub reason: String,
    /// Which sort of write it is.
    pub lane: Lane,
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number.
    pub id: i64,
    /// What is to be written.
    pub row: NewOutboxRow,
    /// How far it has come.
    pub state: OutboxState,
    /// How many requests it has been part of.
    pub tries: i64,
    /// Not to be tried before this.
    pub not_before_at: Option<Millis>,
    /// The platform's last word.
    pub detail: Option<String>,
    /// When it was queued.
    pub known_at: Millis,
    /// The contact's address there, as last read.
    pub email: Option<String>,
}

/// A plan that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its number.
    pub id: i64,
    /// What it was made of; another fingerprint today means that it is stale.
    pub fingerprint: String,
    /// `open`, `approved`, `applied`, `stale`.
    pub state: String,
    /// Its counts and samples, JSON.
    pub summary: String,
    /// When it was made.
    pub known_at: Millis,
}

/// A stop that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Its number, for `approve`.
    pub id: i64,
    /// Which guard.
    pub name: String,
    /// The connection it holds up; `None`: all.
    pub connection: Option<ConnectionId>,
    /// What it is about: a field, a tag, a list.
    pub subject: String,
    /// What was seen and what the limit is, for people.
    pub detail: String,
    /// Since when.
    pub tripped_at: Millis,
}

const COLUMNS: &str = "id, plan_id, connection_id, contact_id, platform_id, write, target, value, reason, state, tries,
    not_before_at, detail, known_at, lane,
    (select email from identity where identity.connection_id = outbox.connection_id
      and identity.platform_id = outbox.platform_id)";

// Statements about one target name their index: with `state in (..)` beside it the planner
// took the index by state, and queueing became quadratic in what was queued.

impl Conn {
    /// Rows of one sort, and of one plan if it is named, that may be tried now, the oldest first.
    pub fn outbox_ready(
        &self,
        connection: ConnectionId,
        lane: Lane,
        plan: Option<i64>,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_rows(
            "where connection_id = ?1 and state in ('planned', 'retry') and coalesce(not_before_at, ?2) <= ?2
               and lane = ?4 and coalesce(plan_id = ?5, ?5 is null) order by id limit ?3",
            params![connection.0, now, limit, lane.as_str(), plan],
        )
    }

    /// Rows of a connection in one state, the oldest first.
    pub fn outbox(
        &self,
        connection: ConnectionId,
        state: OutboxState,
        limit: i64,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_rows(
            "where connection_id = ?1 and state = ?2 order by id limit ?3",
            params![connection.0, state.as_str(), limit],
        )
    }

    /// Rows of one sort that are in doubt, the oldest first.
    pub fn outbox_in_doubt(
        &self,
        connection: ConnectionId,
        lane: Lane,
        limit: i64,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_rows(
            "where connection_id = ?1 and state = 'ambiguous' and lane = ?2 order by id limit ?3",
            params![connection.0, lane.as_str(), limit],
        )
    }

    pub(super) fn outbox_rows(
        &self,
        condition: &'static str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached(&["select ", COLUMNS, " from outbox ", condition].concat())?;
        let mut rows = select.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(outbox_row(row)?);
        }
        Ok(found)
    }

    /// A plan by its fingerprint, the newest.
    pub fn plan(&self, fingerprint: &str) -> Result<Option<Plan>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select id, fingerprint, state, summary, known_at from plan where fingerprint = ?1 order by id desc limit 1",
            )?
            .query_row([fingerprint], |row| {
                Ok(Plan {
                    id: row.get(0)?,
                    fingerprint: row.get(1)?,
                    state: row.get(2)?,
                    summary: row.get(3)?,
                    known_at: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// Guards that hold something up.
    pub fn open_guards(&self) -> Result<Vec<Guard>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, name, connection_id, subject, detail, tripped_at from guard where closed_at is null order by id",
        )?;
        let rows = select.query_map((), |row| {
            Ok(Guard {
                id: row.get(0)?,
                name: row.get(1)?,
                connection: row.get::<_, Option<u16>>(2)?.map(ConnectionId),
                subject: row.get(3)?,
                detail: row.get(4)?,
                tripped_at: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Targets of a connection whose first push a person has approved, and when.
    pub fn baselines(
        &self,
        connection: ConnectionId,
    ) -> Result<BTreeMap<String, Millis>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select target, approved_at from baseline where connection_id = ?1")?;
        let rows = select.query_map([connection.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn outbox_row(row: &Row<'_>) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        id: row.get(0)?,
        row: NewOutboxRow {
            plan: row.get(1)?,
            connection: ConnectionId(row.get(2)?),
            contact: row.get::<_, Option<i64>>(3)?.map(ContactId),
            platform_id: row.get(4)?,
            write: row.get(5)?,
            target: row.get(6)?,
            value: row.get(7)?,
            reason: row.get(8)?,
            lane: Lane::parse(&row.get::<_, String>(14)?)?,
        },
        state: OutboxState::parse(&row.get::<_, String>(9)?)?,
        tries: row.get(10)?,
        not_before_at: row.get(11)?,
        detail: row.get(12)?,
        known_at: row.get(13)?,
        email: row.get(15)?,
    })
}

impl Tx {
    /// Keeps a connection's plan; returns its number.
    pub fn add_plan(
        &self,
        connection: ConnectionId,
        fingerprint: &str,
        summary: &str,
        known_at: Millis,
    ) -> Result<i64, StoreError> {
        self.sql
            .prepare_cached(
                "insert into plan (connection_id, fingerprint, state, summary, known_at) values (?1, ?2, 'open', ?3, ?4)",
            )?
            .execute(params![connection.0, fingerprint, summary, known_at])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Moves a plan on; `who` decided.
    pub fn set_plan_state(
        &self,
        plan: i64,
        state: &str,
        who: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update plan set state = ?2, decided_by = ?3, decided_at = ?4 where id = ?1",
            )?
            .execute(params![plan, state, who, now])?;
        Ok(())
    }

    /// Queues a write. An older row for the same target that has not been tried yet is abandoned: only the
    /// newest value is sent. One that is in doubt is settled by this one. Returns `None`, and queues nothing, while an
    /// attempt at that target is under way; the same write that already waits for its turn becomes part of this plan.
    pub fn enqueue(&self, row: &NewOutboxRow, known_at: Millis) -> Result<Option<i64>, StoreError> {
        let open = self.open_at(row)?;
        if open.contains(&OutboxState::Attempting) {
            return Ok(None);
        }
        let waiting = self
            .sql
            .prepare_cached(
                "update outbox indexed by outbox_by_target set plan_id = ?6 where connection_id = ?1 and platform_id = ?2 and target = ?3
                   and state in ('planned', 'retry') and write = ?4 and value is ?5",
            )?
            .execute(params![
                row.connection.0,
                row.platform_id,
                row.target,
                row.write,
                row.value,
                row.plan
            ])?;
        if waiting > 0 {
            return Ok(None);
        }
        self.sql
            .prepare_cached(
                "update outbox indexed by outbox_by_target set state = iif(state = 'ambiguous', 'reconciled', 'abandoned'),
                   detail = iif(state = 'ambiguous', 'written again', 'a newer value took its place'), changed_at = ?4
                 where connection_id = ?1 and platform_id = ?2 and target = ?3 and state in ('planned', 'retry', 'ambiguous')",
            )?
            .execute(params![row.connection.0, row.platform_id, row.target, known_at])?;
        for state in open {
            let settled = if state == OutboxState::Ambiguous {
                OutboxState::Reconciled
            } else {
                OutboxState::Abandoned
            };
            self.count_write(row.connection, state, settled);
        }
        self.count(Group::Outbox(row.connection, OutboxState::Planned), 1);
        self.sql
            .prepare_cached(
                "insert into outbox (plan_id, connection_id, contact_id, platform_id, write, target, value, reason, state,
                   known_at, changed_at, lane) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'planned', ?9, ?9, ?10)",
            )?
            .execute(params![
                row.plan,
                row.connection.0,
                row.contact.map(|contact| contact.0),
                row.platform_id,
                row.write,
                row.target,
                row.value,
                row.reason,
                known_at,
                row.lane.as_str()
            ])?;
        Ok(Some(self.sql.last_insert_rowid()))
    }

    /// The states of what is not settled at a row's target.
    fn open_at(&self, row: &NewOutboxRow) -> Result<Vec<OutboxState>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select state from outbox indexed by outbox_by_target where connection_id = ?1 and platform_id = ?2 and target = ?3
               and state in ('attempting', 'planned', 'retry', 'ambiguous')",
        )?;
        let mut rows = select.query(params![row.connection.0, row.platform_id, row.target])?;
        let mut open = Vec::new();
        while let Some(row) = rows.next()? {
            open.push(OutboxState::parse(&row.get::<_, String>(0)?)?);
        }
        Ok(open)
    }

    /// Records that requests for these rows are about to go out. Commit before sending.
    pub fn begin_attempt(
        &self,
        rows: &[i64],
        attempt: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        if is_planted(Bug::NoAttempt) {
            return Ok(());
        }
        let mut update = self.sql.prepare_cached(
            "update outbox set state = 'attempting', attempt = ?2, tries = tries + 1, changed_at = ?3
             where id = ?1 and state = ?4 returning connection_id",
        )?;
        'rows: for row in rows {
            for from in [OutboxState::Planned, OutboxState::Retry] {
                let connection: Option<u16> = update
                    .query_row(params![row, attempt, now, from.as_str()], |row| row.get(0))
                    .optional()?;
                if let Some(connection) = connection {
                    let connection = ConnectionId(connection);
                    self.count_write(connection, from, OutboxState::Attempting);
                    continue 'rows;
                }
            }
            return Err(StoreError::bug(format!(
                "outbox row {row} cannot be attempted"
            )));
        }
        Ok(())
    }

    /// Records what became of a row.
    pub fn settle(
        &self,
        row: i64,
        state: OutboxState,
        detail: Option<&str>,
        not_before_at: Option<Millis>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let before: Option<(u16, String)> = self
            .sql
            .prepare_cached("select connection_id, state from outbox where id = ?1")?
            .query_row([row], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((connection, before)) = before else {
            return Ok(());
        };
        let before = OutboxState::parse(&before)?;
        self.count_write(ConnectionId(connection), before, state);
        self.sql
            .prepare_cached(
                "update outbox set state = ?2, detail = ?3, not_before_at = ?4, changed_at = ?5 where id = ?1",
            )?
            .execute(params![row, state.as_str(), detail, not_before_at, now])?;
        Ok(())
    }

    /// Records what a platform now has.
    pub fn acknowledge(
        &self,
        contact: ContactId,
        connection: ConnectionId,
        platform_id: &str,
        target: &str,
        value: Option<&str>,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into acknowledged (contact_id, connection_id, platform_id, target, value, known_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6)
                 on conflict do update set value = excluded.value, known_at = excluded.known_at",
            )?
            .execute(params![contact.0, connection.0, platform_id, target, value, known_at])?;
        Ok(())
    }

    /// Trips a guard, once while it is open. Returns its number.
    pub fn trip_guard(
        &self,
        name: &str,
        connection: Option<ConnectionId>,
        subject: &str,
        detail: &str,
        now: Millis,
    ) -> Result<i64, StoreError> {
        let open: Option<i64> = self
            .sql
            .prepare_cached(
                "update guard set detail = ?4 where name = ?1 and connection_id is ?2 and subject = ?3
                 and closed_at is null returning id",
            )?
            .query_row(params![name, connection.map(|id| id.0), subject, detail], |row| row.get(0))
            .optional()?;
        if let Some(open) = open {
            return Ok(open);
        }
        self.sql
            .prepare_cached(
                "insert into guard (name, connection_id, subject, detail, tripped_at) values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![name, connection.map(|id| id.0), subject, detail, now])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Closes a guard: `approved` by a person, or `cleared` because its reason is gone. False if it is not open.
    pub fn close_guard(
        &self,
        guard: i64,
        verdict: &str,
        who: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let closed = self
            .sql
            .prepare_cached(
                "update guard set verdict = ?2, closed_by = ?3, closed_at = ?4 where id = ?1 and closed_at is null",
            )?
            .execute(params![guard, verdict, who, now])?;
        Ok(closed > 0)
    }

    /// Records that a person approved the first push of a target.
    pub fn approve_baseline(
        &self,
        connection: ConnectionId,
        target: &str,
        who: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into baseline (connection_id, target, approved_at, approved_by) values (?1, ?2, ?3, ?4)
                 on conflict do nothing",
            )?
            .execute(params![connection.0, target, now, who])?;
        Ok(())
    }
}
