//! What holds things up and what a person said about it: blocks, the pause, allowances.

use engaged_connectors::Stream;
use rusqlite::{OptionalExtension, params};

use super::{Conn, StoreError, Tx};
use crate::score::{
    calendar::{Day, Millis},
    facts::ConnectionId,
};

const PAUSED: &str = "paused";
const COVERAGE_MARK: &str = "coverage mark";
const RULES_MARK: &str = "rules mark";
const SCORED_TO: &str = "scored to";
const BEAT: &str = "beat";

impl Conn {
    /// Whether a person paused pushing.
    pub fn is_paused(&self) -> Result<bool, StoreError> {
        Ok(self
            .control(PAUSED)?
            .is_some_and(|control| control.value == "on"))
    }

    /// Why a connection is blocked until its key is mended, and since when.
    pub fn blocked(&self, connection: &str) -> Result<Option<(String, Millis)>, StoreError> {
        let control = self.control(&block_name(connection))?;
        Ok(control
            .filter(|control| !control.value.is_empty())
            .map(|control| (control.value, control.known_at)))
    }

    /// The holes that the last run scored with, as [`Tx::set_coverage_mark`] kept them.
    pub fn coverage_mark(&self) -> Result<String, StoreError> {
        Ok(self
            .control(COVERAGE_MARK)?
            .map(|control| control.value)
            .unwrap_or_default())
    }

    /// The latest day as of which somebody may be scored; later than today where the clock was set back since.
    pub fn scored_to(&self) -> Result<Option<Day>, StoreError> {
        let control = self.control(SCORED_TO)?;
        Ok(control.and_then(|control| Day::parse(&control.value)))
    }

    /// The number of the rules by which everybody without a dirty mark is scored; `None` if that is not known.
    pub fn rules_mark(&self) -> Result<Option<i64>, StoreError> {
        let mark = self.control(RULES_MARK)?;
        Ok(mark.and_then(|control| control.value.parse().ok()))
    }

    /// When the daemon last showed that it is alive; `None` if none ever ran here.
    pub fn beat_at(&self) -> Result<Option<Millis>, StoreError> {
        Ok(self.control(BEAT)?.map(|control| control.known_at))
    }

    /// Whether the next occasion may pass that a guard would hold.
    pub fn is_allowed(&self, guard: &str, subject: &str) -> Result<bool, StoreError> {
        Ok(self.control(&allowance_name(guard, subject))?.is_some())
    }

    /// How far an allowance goes, as [`Tx::note_held`] kept it; `None` without one, or if it says nothing.
    pub fn allowed_up_to(&self, guard: &str, subject: &str) -> Result<Option<i64>, StoreError> {
        let allowance = self.control(&allowance_name(guard, subject))?;
        Ok(allowance.and_then(|control| control.value.parse().ok()))
    }

    /// The open guard of that name on a connection.
    pub fn open_guard(
        &self,
        name: &str,
        connection: ConnectionId,
    ) -> Result<Option<i64>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select id from guard where name = ?1 and connection_id = ?2 and closed_at is null",
            )?
            .query_row(params![name, connection.0], |row| row.get(0))
            .optional()?)
    }

    /// What a platform refused since an instant and since a person last said "try again": the contact's id there,
    /// the target, the value.
    pub fn refused_since(
        &self,
        connection: ConnectionId,
        since: Millis,
    ) -> Result<Vec<(String, String, Option<String>)>, StoreError> {
        let retried = self.control(&retried_name(connection))?;
        let since = since.max(retried.map_or(since, |control| control.known_at));
        let mut select = self.sql.prepare_cached(
            "select platform_id, target, value from outbox
             where connection_id = ?1 and state = 'rejected' and changed_at > ?2",
        )?;
        let rows = select.query_map(params![connection.0, since], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx {
    /// The daemon is alive.
    pub fn set_beat(&self, now: Millis) -> Result<(), StoreError> {
        self.set_control(BEAT, "", now)
    }

    /// Pauses pushing, or goes on.
    pub fn set_paused(&self, paused: bool, who: &str, now: Millis) -> Result<(), StoreError> {
        self.set_control(PAUSED, if paused { "on" } else { "off" }, now)?;
        self.audit(who, if paused { "pause" } else { "resume" }, "pushing", now)
    }

    /// Blocks a connection: its key was refused. An older block keeps its date.
    pub fn block(&self, connection: &str, why: &str, now: Millis) -> Result<(), StoreError> {
        let since = self.blocked(connection)?.map_or(now, |(_, since)| since);
        self.set_control(&block_name(connection), why, since)
    }

    /// Ends a connection's block, if there is one.
    pub fn unblock(&self, connection: &str, now: Millis) -> Result<(), StoreError> {
        match self.blocked(connection)? {
            Some(_) => self.set_control(&block_name(connection), "", now),
            None => Ok(()),
        }
    }

    /// Keeps the holes that a run scored with.
    pub fn set_coverage_mark(&self, mark: &str, now: Millis) -> Result<(), StoreError> {
        self.set_control(COVERAGE_MARK, mark, now)
    }

    /// Keeps the latest day as of which somebody may be scored.
    pub fn set_scored_to(&self, day: Day, now: Millis) -> Result<(), StoreError> {
        self.set_control(SCORED_TO, &day.to_string(), now)
    }

    /// Keeps by which rules everybody is scored; `None` while a run may leave some with others.
    pub fn set_rules_mark(&self, rules: Option<i64>, now: Millis) -> Result<(), StoreError> {
        let mark = rules.map(|rules| rules.to_string());
        self.set_control(RULES_MARK, &mark.unwrap_or_default(), now)
    }

    /// Keeps how much it is that a guard holds: whoever lets it pass has seen so much, and no more.
    pub fn note_held(
        &self,
        guard: &str,
        subject: &str,
        much: i64,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.set_control(&held_name(guard, subject), &much.to_string(), now)
    }

    /// Lets the next occasion pass that a guard would hold, as far as it was held when it was looked at.
    pub fn add_allowance(&self, guard: &str, subject: &str, now: Millis) -> Result<(), StoreError> {
        let held = self.control(&held_name(guard, subject))?;
        let much = held.map_or_else(|| "granted".to_owned(), |control| control.value);
        self.set_control(&allowance_name(guard, subject), &much, now)
    }

    /// Uses an allowance up, if there is one.
    pub fn take_allowance(&self, guard: &str, subject: &str) -> Result<bool, StoreError> {
        let taken = self
            .sql
            .prepare_cached("delete from control where name = ?1")?
            .execute([allowance_name(guard, subject)])?;
        Ok(taken > 0)
    }

    /// A person's word that what waits for another try, or was refused lately, is to be tried with the next push.
    pub fn retry_now(&self, connection: ConnectionId, now: Millis) -> Result<usize, StoreError> {
        self.set_control(&retried_name(connection), "", now)?;
        Ok(self
            .sql
            .prepare_cached(
                "update outbox set not_before_at = null where connection_id = ?1 and state = 'retry'",
            )?
            .execute([connection.0])?)
    }

    /// Records that a whole page could not be read; its stream's cursor stays where it is.
    pub fn reject_page(
        &self,
        connection: ConnectionId,
        stream: Stream,
        reason: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let again = self
            .sql
            .prepare_cached(
                "update reject set times = times + 1, seen_at = ?4
                 where connection_id = ?1 and stream = ?2 and platform_id is null and reason = ?3",
            )?
            .execute(params![connection.0, stream.0, reason, now])?;
        if again == 0 {
            self.sql
                .prepare_cached(
                    "insert into reject (connection_id, stream, reason, known_at, seen_at) values (?1, ?2, ?3, ?4, ?4)",
                )?
                .execute(params![connection.0, stream.0, reason, now])?;
        }
        Ok(())
    }
}

fn block_name(connection: &str) -> String {
    format!("blocked {connection}")
}

fn retried_name(connection: ConnectionId) -> String {
    format!("retried {}", connection.0)
}

fn held_name(guard: &str, subject: &str) -> String {
    format!("held {guard} {subject}")
}

fn allowance_name(guard: &str, subject: &str) -> String {
    format!("allow {guard} {subject}")
}
