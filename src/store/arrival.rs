//! Who came with the first reading of a connection, and who came later.
//!
//! Where two contacts became one, it is asked of both.

use super::{Conn, StoreError, contact::ContactId};
use crate::score::calendar::Millis;

/// A contact, ?1, and all that became one with it.
const MEMBERS: &str = "(with recursive member (id) as (select ?1
    union all select merged.contact_id from merged join member on merged.into_id = member.id) select id from member)";

impl Conn {
    /// Whether a contact came in with a first import: none of its connections was read before it.
    pub fn is_first_import(&self, contact: ContactId) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                &[
                    "select not exists (
                   select 1 from membership join connection on connection.id = connection_id
                   where contact_id in ",
                    MEMBERS,
                    "
                     and first_read_at < membership.known_at)",
                ]
                .concat(),
            )?
            .query_row([contact.0], |row| row.get(0))?)
    }

    /// Whether a contact is known by first imports alone that are still going on.
    pub fn is_being_imported(&self, contact: ContactId) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                &[
                    "select count(*) > 0 and count(first_read_at) = 0
                 from membership join connection on connection.id = connection_id
                 where contact_id in ",
                    MEMBERS,
                ]
                .concat(),
            )?
            .query_row([contact.0], |row| row.get(0))?)
    }

    /// When the first imports had ended that told of a contact, later than anything for one that still goes on; `None` if
    /// there were none.
    pub fn imported_at(&self, contact: ContactId) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                &[
                    "select max(coalesce(first_read_at, 9223372036854775807)) from membership
                     join connection on connection.id = connection_id where contact_id in ",
                    MEMBERS,
                    " and (first_read_at is null or membership.known_at <= first_read_at)",
                ]
                .concat(),
            )?
            .query_row([contact.0], |row| row.get(0))?)
    }
}
