//! What became known since a connection's last push: asked when a guard trips, to name a likely cause.

use engaged_connectors::model::Verdict;
use rusqlite::{OptionalExtension, params};

use super::{
    Conn, Tx,
    connection::{Connection, IMPORTED},
    contact::ContactId,
    error::StoreError,
    word::verdict_number,
};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// A push that nothing held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// When it was decided.
    pub at: Millis,
    /// The fingerprint of the rules that it rested on; `None` if that was not kept.
    pub rules: Option<String>,
}

fn mark_name(connection: ConnectionId) -> String {
    format!("pushed {}", connection.0)
}

impl Conn {
    /// A connection's last push that nothing held.
    pub fn last_push(&self, connection: ConnectionId) -> Result<Option<Pushed>, StoreError> {
        if let Some(mark) = self.control(&mark_name(connection))? {
            return Ok(Some(Pushed {
                at: mark.known_at,
                rules: Some(mark.value),
            }));
        }
        // A database from before this was kept knows when pushes ended well.
        let run = self.last_good_run("push", Some(connection))?;
        Ok(run.map(|run| Pushed {
            at: run.started_at,
            rules: None,
        }))
    }

    /// Whether the rules with a fingerprint were first scored with after an instant.
    pub fn are_rules_newer(&self, fingerprint: &str, since: Millis) -> Result<bool, StoreError> {
        let known: Option<Millis> = self
            .sql
            .prepare_cached("select known_at from rule_version where fingerprint = ?1")?
            .query_row([fingerprint], |row| row.get(0))
            .optional()?;
        Ok(known.is_some_and(|known| known > since))
    }

    /// The number of the last event that was known at an instant. Events are numbered as they become known.
    pub fn last_event_known(&self, at: Millis) -> Result<i64, StoreError> {
        // From the end: as far as what has come since, however much there is before.
        Ok(self
            .sql
            .prepare_cached("select id from event where known_at <= ?1 order by id desc limit 1")?
            .query_row([at], |row| row.get(0))
            .optional()?
            .unwrap_or(0))
    }

    /// The sources whose first whole sync ended after an instant, and all imports.
    pub fn sources_new_since(&self, since: Millis) -> Result<Vec<Connection>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, name, platform from connection where platform = ?2 or known_at > ?1
               or exists (select 1 from run where job = 'sync' and connection_id = connection.id)
                 and not exists (select 1 from run where job = 'sync' and connection_id = connection.id
                   and outcome = 'ok' and ended_at <= ?1)
             order by id",
        )?;
        let rows = select.query_map(params![since, IMPORTED], |row| {
            Ok(Connection {
                id: ConnectionId(row.get(0)?),
                name: row.get(1)?,
                platform: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether anything that a contact did was said to be a machine's since an instant, of what was known before.
    pub fn is_machine_since(&self, contact: ContactId, since: Millis) -> Result<bool, StoreError> {
        let found = self.sql.prepare_cached(
            "select exists (select 1 from verdict where contact_id = ?1 and known_at > ?2 and verdict in (?3, ?4))",
        )?;
        let machines = [Verdict::PrivacyProxy, Verdict::Scanner].map(verdict_number);
        self.any_member(contact, found, |select, member| {
            select.query_row(params![member, since, machines[0], machines[1]], |row| {
                row.get(0)
            })
        })
    }

    /// Whether a source told of a contact's profile or subscription since an instant.
    pub fn is_told_of_since(
        &self,
        contact: ContactId,
        source: ConnectionId,
        since: Millis,
    ) -> Result<bool, StoreError> {
        let found = self.sql.prepare_cached(
            "select exists (select 1 from field where contact_id = ?1 and connection_id = ?2 and known_at > ?3)
               or exists (select 1 from subscription where contact_id = ?1 and connection_id = ?2 and known_at > ?3)
               or exists (select 1 from subscribed where contact_id = ?1 and connection_id = ?2 and known_at > ?3)",
        )?;
        self.any_member(contact, found, |select, member| {
            select.query_row(params![member, source.0, since], |row| row.get(0))
        })
    }

    fn any_member(
        &self,
        contact: ContactId,
        mut select: rusqlite::CachedStatement<'_>,
        mut holds: impl FnMut(&mut rusqlite::CachedStatement<'_>, i64) -> rusqlite::Result<bool>,
    ) -> Result<bool, StoreError> {
        for member in self.members(contact)? {
            if holds(&mut select, member.0)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Tx {
    /// Keeps that a connection's push was held by nothing, and the rules that it rests on.
    pub fn note_push(
        &self,
        connection: ConnectionId,
        rules: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.set_control(&mark_name(connection), rules, now)
    }
}
