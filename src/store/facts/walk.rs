//! Walking through contacts: each table once, side by side, and no further than is wanted.

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Rows, fallible_streaming_iterator::FallibleStreamingIterator};

use super::{CONTACTS, Loader, PARTS, Part};
use crate::{
    score::{
        calendar::Millis,
        facts::{Facts, Needs},
    },
    store::{Conn, contact::ContactId, error::StoreError},
};

/// One part's rows on the way through all contacts.
struct Walk<'s> {
    part: Part,
    rows: Rows<'s>,
    /// Whose the present row is; beyond all contacts at the end.
    owner: i64,
}

impl Walk<'_> {
    fn advance(&mut self) -> Result<(), StoreError> {
        self.owner = match self.rows.next()? {
            Some(row) => row.get(0)?,
            None => i64::MAX,
        };
        Ok(())
    }
}

/// A reader of everything that comes.
pub(super) fn to_the_end(
    mut each: impl FnMut(ContactId, &Facts) -> Result<(), StoreError>,
) -> impl FnMut(ContactId, &Facts) -> Result<ControlFlow<()>, StoreError> {
    move |contact, facts| each(contact, facts).map(ControlFlow::Continue)
}

impl Conn {
    /// Calls back with what is needed of each contact after one, in their order, until that is enough. Who objects to being
    /// scored is among them: this is for lists, which say so.
    pub fn walk_from(
        &self,
        after: ContactId,
        needs: &Needs,
        mut each: impl FnMut(ContactId, &Facts) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut loader = Loader::new(self, None, needs)?;
        loader.objecting.clear();
        loader.walk((after.0.saturating_add(1), i64::MAX), &mut each)
    }
}

impl Loader<'_> {
    /// Through the contacts from the first to the last, both included, as far as they are wanted.
    pub(super) fn walk(
        &mut self,
        (first, last): (i64, i64),
        each: &mut impl FnMut(ContactId, &Facts) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let sql = &self.conn.sql;
        let mut contacts = sql.prepare_cached(CONTACTS.select)?;
        let mut statements: Vec<(Part, CachedStatement<'_>)> = Vec::new();
        for part in PARTS {
            if (part.needed)(self) {
                statements.push((part, sql.prepare_cached(part.select)?));
            }
        }
        let bounds = (first, last, self.known());
        let mut walks: Vec<Walk<'_>> = Vec::new();
        for (part, statement) in &mut statements {
            let mut walk = Walk {
                part: *part,
                rows: statement.query(bounds)?,
                owner: Millis::MIN,
            };
            walk.advance()?;
            walks.push(walk);
        }
        let mut contacts = contacts.query(bounds)?;
        while let Some(row) = contacts.next()? {
            self.conn.may_go_on()?;
            let contact: i64 = row.get(0)?;
            self.begin();
            self.take_contact(row)?;
            for walk in &mut walks {
                while walk.owner <= contact {
                    if walk.owner == contact
                        && let Some(row) = walk.rows.get()
                    {
                        (walk.part.take)(self, row)?;
                    }
                    walk.advance()?;
                }
            }
            if self.is_passed_over(ContactId(contact)) {
                continue;
            }
            self.absorb(contact)?;
            self.finish(contact)?;
            if self.found && each(ContactId(contact), &self.facts)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}
