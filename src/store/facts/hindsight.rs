//! Facts for a look back: events count from their own date, whenever they became
//! known, and the profile counts as it was known on the date. A platform reports
//! past events truly; of a field it tells only what it is today.

use rusqlite::params;

use super::{Loader, PARTS};
use crate::{
    score::{
        calendar::Millis,
        facts::{Facts, Needs},
    },
    store::{Conn, ContactId, StoreError},
};

/// What of the profile has no date of its own, by its table.
const UNDATED: [&str; 3] = [" from field", " from subscription", " from adjustment"];

/// One contact in a look back.
#[derive(Clone, Copy, Debug)]
pub struct Hindsight<'a> {
    /// The events as known now, the profile as known then.
    pub facts: &'a Facts,
    /// Fields that became known, or changed, later.
    pub late_fields: &'a [String],
    /// Lists about which something else was said later.
    pub late_lists: usize,
}

impl Conn {
    /// Calls back with each of some contacts as a look back to an instant sees it. Several
    /// looks at one contact may be asked; contacts merged into others are left out.
    pub fn for_each_in_hindsight(
        &self,
        looks: impl IntoIterator<Item = (ContactId, Millis)>,
        needs: &Needs,
        mut each: impl FnMut(usize, Hindsight<'_>),
    ) -> Result<(), StoreError> {
        let mut loader = Loader::new(self, None, needs)?;
        for (number, (contact, known)) in looks.into_iter().enumerate() {
            loader.known = None;
            loader.load(contact.0)?;
            if !loader.found || loader.is_passed_over(contact) {
                continue;
            }
            let fields = std::mem::take(&mut loader.facts.fields);
            let lists = std::mem::take(&mut loader.facts.subscriptions);
            loader.facts.adjustments.clear();
            loader.load_profile(contact, known)?;
            let facts = &loader.facts;
            let late = fields
                .into_iter()
                .filter(|field| !facts.fields.contains(field));
            let late: Vec<String> = late.map(|(name, _)| name).collect();
            let lists = lists
                .iter()
                .filter(|list| !facts.subscriptions.contains(list));
            let late_lists = lists.count();
            each(
                number,
                Hindsight {
                    facts,
                    late_fields: &late,
                    late_lists,
                },
            );
        }
        Ok(())
    }
}

impl Loader<'_> {
    /// Gives the newest fields that were read their names; an empty one is none.
    pub(super) fn name_fields(&mut self) {
        for (name, value, _) in self.fields.drain(..) {
            if let Some(Some(name)) = self.names.get(&name)
                && !value.is_empty()
            {
                self.facts.fields.push((name.clone(), value));
            }
        }
    }

    /// Loads what has no date of its own, as it was known at an instant.
    fn load_profile(&mut self, contact: ContactId, known: Millis) -> Result<(), StoreError> {
        let members: Vec<i64> = self
            .conn
            .members(contact)?
            .into_iter()
            .map(|member| member.0)
            .filter(|member| *member == contact.0 || self.absorbed.contains(member))
            .collect();
        for part in PARTS {
            let undated = UNDATED.iter().any(|table| part.select.contains(table));
            if !undated || !(part.needed)(self) {
                continue;
            }
            let mut select = self.conn.sql.prepare_cached(part.select)?;
            for member in &members {
                let mut rows = select.query(params![member, member, known])?;
                while let Some(row) = rows.next()? {
                    (part.take)(self, row)?;
                }
            }
        }
        self.name_fields();
        if self.needs.address {
            // Whom we did not know yet had the first address that we know of.
            let known = known.max(self.facts.first_known_at);
            self.restore_address(&members, known)?;
        }
        Ok(())
    }
}
