//! Rows on their way into one transaction.

use engaged_connectors::model::{Contact, Event};

use super::row::Row;
use crate::{
    score::{calendar::Millis, facts::ConnectionId},
    store::{Gap, PageCommit, Report, StoreError, Tx},
};

/// Gaps of imports, in the store's table of holes.
const SOURCE: &str = "import";

/// Rows that are stored together, or not at all.
#[derive(Default)]
pub(crate) struct Batch {
    contacts: Vec<Contact>,
    events: Vec<Event>,
    gaps: Vec<Gap>,
}

impl Batch {
    /// Takes a row in.
    pub(crate) fn push(&mut self, row: Row) {
        match row {
            Row::Contact(contact) => self.contacts.push(contact),
            Row::Event(event) => self.events.push(event),
            Row::Gap(gap) => self.gaps.push(gap),
        }
    }

    /// How many rows it holds.
    pub(crate) fn len(&self) -> usize {
        self.contacts.len() + self.events.len() + self.gaps.len()
    }

    /// How many of them are gaps.
    pub(crate) fn gaps(&self) -> u64 {
        u64::try_from(self.gaps.len()).unwrap_or(u64::MAX)
    }

    /// Stores what is new in it. Identical rows of one report are different events.
    pub(crate) fn store(
        &self,
        tx: &Tx,
        connection: ConnectionId,
        known_at: Millis,
        report: &mut Report,
    ) -> Result<PageCommit, StoreError> {
        let mut commit = PageCommit::default();
        tx.upsert_contacts(connection, &self.contacts, None, known_at, &mut commit)?;
        commit.events = tx.append(connection, known_at, &self.events, report)?;
        let mut news = 0;
        for gap in &self.gaps {
            news += tx.add_gap(connection, gap, SOURCE, known_at)?;
        }
        if news > 0 {
            tx.mark_connection_dirty(connection)?;
        }
        Ok(commit)
    }
}
