//! Retractions: connections off which our fields and tags are taken.

use rusqlite::{OptionalExtension, params};

use super::{Conn, Tx, error::StoreError};
use crate::score::{calendar::Millis, facts::ConnectionId};

impl Conn {
    /// Since when a connection is retracted; `None`: it is not.
    pub fn retracted_at(&self, connection: ConnectionId) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select known_at from retraction where connection_id = ?1")?
            .query_row([connection.0], |row| row.get(0))
            .optional()?)
    }

    /// Whether anything of ours may be shown on a connection: acknowledged, or in doubt.
    pub fn shows_anything(&self, connection: ConnectionId) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select exists (select 1 from acknowledged where connection_id = ?1 and value is not null)
                   or exists (select 1 from outbox indexed by outbox_by_state
                     where connection_id = ?1 and state in ('attempting', 'ambiguous') and lane = 'set')",
            )?
            .query_row([connection.0], |row| row.get(0))?)
    }
}

impl Tx {
    /// Retracts a connection. False, and nothing is changed, if it is retracted already.
    pub fn retract(
        &self,
        connection: ConnectionId,
        who: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let new = self
            .sql
            .prepare_cached(
                "insert into retraction (connection_id, known_at, who) values (?1, ?2, ?3) on conflict do nothing",
            )?
            .execute(params![connection.0, now, who])?;
        Ok(new > 0)
    }

    /// Takes a retraction back. False, and nothing is changed, if there is none.
    pub fn withdraw_retraction(&self, connection: ConnectionId) -> Result<bool, StoreError> {
        let gone = self
            .sql
            .prepare_cached("delete from retraction where connection_id = ?1")?
            .execute([connection.0])?;
        Ok(gone > 0)
    }
}
