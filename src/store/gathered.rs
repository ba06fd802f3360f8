//! What several pages of one transaction share, so that each thing is done once.
//!
//! Events name contacts by address in the order of a report, and addresses lie
//! in the order of the alphabet: one after the other, each look-up goes to
//! another page of a large list, so the addresses of all pages are looked up
//! together, in their own order. What the pages add to one contact's history is
//! written once, and so is its dirty mark. Nothing here makes a contact.

use std::{collections::HashMap, mem, rc::Rc};

use engaged_connectors::{Page, model::Address};
use rusqlite::{OptionalExtension, params};

use super::{Tx, contact::ContactId, error::StoreError, history::Histories};
use crate::score::facts::ConnectionId;

/// What waits to be written at the end of a transaction.
pub(super) struct Gathered<'t> {
    tx: &'t Tx,
    pub(super) acquainted: Acquainted,
    pub(super) histories: Histories<'t>,
    /// Contacts about whom there is news.
    pub(super) news: Vec<ContactId>,
    /// How many contacts the connection did not know before.
    pub(super) met: u64,
}

impl Gathered<'_> {
    /// Writes what waits. Without it the transaction must not be committed.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        self.histories.write()?;
        self.news.sort_unstable();
        self.news.dedup();
        self.tx.mark_dirty(mem::take(&mut self.news))
    }
}

/// Whose an address is, and whether the connection knows that contact.
pub(super) const FIND: &str = "select id, exists (select 1 from membership where contact_id = contact.id and connection_id = ?2)
  from contact where email = ?1";

/// Whose some addresses are, among the contacts that a connection knows.
#[derive(Clone, Default)]
pub(super) struct Acquainted(Rc<HashMap<Address, ContactId>>);

impl Acquainted {
    pub(super) fn owner(&self, email: &Address) -> Option<&ContactId> {
        self.0.get(email)
    }
}

impl Tx {
    /// Begins to gather what some pages bring.
    pub(super) fn gather(
        &self,
        connection: ConnectionId,
        pages: &[Page],
    ) -> Result<Gathered<'_>, StoreError> {
        Ok(Gathered {
            tx: self,
            acquainted: self.acquainted(connection, pages)?,
            histories: self.histories()?,
            news: Vec::new(),
            met: 0,
        })
    }

    /// Looks up the addresses that the events of some pages name. An address that has an owner keeps
    /// it while no contact's row is taken in, so pages with such rows are not looked at.
    fn acquainted(
        &self,
        connection: ConnectionId,
        pages: &[Page],
    ) -> Result<Acquainted, StoreError> {
        if pages.iter().any(|page| !page.contacts.is_empty()) {
            return Ok(Acquainted::default());
        }
        let events = pages.iter().flat_map(|page| &page.events);
        let unnamed = events.filter(|event| event.contact.id.is_none());
        let mut asked: Vec<&Address> = unnamed
            .filter_map(|event| event.contact.email.as_ref())
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let mut find = self.sql.prepare_cached(FIND)?;
        let mut found = HashMap::with_capacity(asked.len());
        for email in asked {
            let owner: Option<(i64, bool)> = find
                .query_row(params![email.reveal(), connection.0], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            if let Some((contact, true)) = owner {
                found.insert(email.clone(), ContactId(contact));
            }
        }
        Ok(Acquainted(Rc::new(found)))
    }
}
