//! Two contacts that turn out to be one.

use engaged_connectors::model::Address;
use rusqlite::params;

use super::ContactId;
use crate::{
    score::{calendar::Millis, facts::ConnectionId},
    store::{Tx, error::StoreError, tally::Group},
};

impl Tx {
    /// Gives a contact the address that its platform shows now; whether that changed anything.
    ///
    /// If another contact has that address, the two are one, unless the same
    /// platform still has that other one as a contact of its own: then the
    /// platform is in the middle of a swap, and its next rows will tell.
    pub(super) fn adopt_email(
        &self,
        connection: ConnectionId,
        contact: ContactId,
        email: &Address,
        known_at: Millis,
    ) -> Result<bool, StoreError> {
        let Some(owner) = self.owner_of(email)? else {
            // Two changes in one commit leave the address from before it.
            self.sql
                .prepare_cached(
                    "insert into former_address (contact_id, until_at, email)
                     select id, ?2, email from contact where id = ?1 and known_at < ?2 on conflict do nothing",
                )?
                .execute(params![contact.0, known_at])?;
            self.sql
                .prepare_cached("update contact set email = ?2 where id = ?1")?
                .execute(params![contact.0, email.reveal()])?;
            return Ok(true);
        };
        let (from, into) = (self.root(contact)?, self.root(owner)?);
        if from == into {
            return Ok(false);
        }
        let separate: bool = self
            .sql
            .prepare_cached(
                "select exists (select 1 from identity where contact_id = ?1 and connection_id = ?2 and gone_at is null)",
            )?
            .query_row(params![owner.0, connection.0], |row| row.get(0))?;
        if !separate {
            self.merge(from, into, known_at)?;
        }
        Ok(!separate)
    }

    /// Links two contacts: their facts are read together from now on.
    fn merge(&self, from: ContactId, into: ContactId, known_at: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into merged (contact_id, into_id, known_at) values (?1, ?2, ?3)",
            )?
            .execute(params![from.0, into.0, known_at])?;
        self.count(Group::Contacts, -1);
        self.merge_entries(from, into, known_at)?;
        self.merge_objection(from, into, known_at)?;
        self.forget_results(from)?;
        self.mark_dirty([into])
    }
}
