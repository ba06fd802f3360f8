//! Retractions: connections off which our fields and tags are taken.

use rusqlite::{OptionalExtension, params};

use super::{Conn, Tx, about::list, contact::ContactId, error::StoreError};
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

impl Conn {
    /// What of ours a connection shows: each field and tag by its key, and on how many contacts.
    pub fn shown_by_target(
        &self,
        connection: ConnectionId,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let mut select = self.sql.prepare(
            "select target, count(*) from acknowledged join identity using (connection_id, platform_id)
             where connection_id = ?1 and value is not null and gone_at is null group by 1 order by 1",
        )?;
        let rows = select.query_map([connection.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether anything of ours may be shown of a contact on a connection.
    pub fn shows_on(
        &self,
        connection: ConnectionId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        let members = list(&self.members(self.root(contact)?)?);
        Ok(self
            .sql
            .prepare_cached(
                "select exists (select 1 from identity join acknowledged using (connection_id, platform_id)
                     where connection_id = ?1 and value is not null
                       and identity.contact_id in (select value from json_each(?2)))
                   or exists (select 1 from identity join outbox indexed by outbox_by_target using (connection_id, platform_id)
                     where connection_id = ?1 and state in ('attempting', 'ambiguous') and lane = 'set'
                       and identity.contact_id in (select value from json_each(?2)))
                   or exists (select 1 from automation_entry where state = 'leaving'
                     and contact_id in (select value from json_each(?2)))",
            )?
            .query_row(params![connection.0, members], |row| row.get(0))?)
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
