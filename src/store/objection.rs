//! Objections: who is not to be scored any more, and what that ends.
//!
//! An objection is a fact with the time at which it became known. While it is in
//! force nothing is computed about the contact, and what was computed is not
//! kept. The contact itself and its events stay.

use std::collections::HashSet;

use rusqlite::{OptionalExtension, params};

use super::{
    Conn, Tx, clean::Stage, contact::ContactId, error::StoreError, outbox::OutboxState,
    tally::Group,
};
use crate::{automation::EntryState, score::calendar::Millis};

/// Why something about a contact ended.
pub const OBJECTED: &str = "objected";

/// One objection of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Since when.
    pub known_at: Millis,
    /// Who noted it.
    pub who: String,
    /// When it was taken back, if it was.
    pub withdrawn_at: Option<Millis>,
}

impl Conn {
    /// Since when a contact objects to being scored; `None`: it does not.
    pub fn objected_at(&self, contact: ContactId) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select known_at from objection indexed by objection_in_force
                 where contact_id = ?1 and withdrawn_at is null",
            )?
            .query_row([contact.0], |row| row.get(0))
            .optional()?)
    }

    /// Everybody who objects now. Contacts that became part of others may be among them.
    pub fn objecting(&self) -> Result<HashSet<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select contact_id from objection indexed by objection_in_force where withdrawn_at is null",
        )?;
        let rows = select.query_map((), |row| row.get(0).map(ContactId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many contacts object now.
    pub fn count_objecting(&self) -> Result<i64, StoreError> {
        self.tallied("objected", 0)
    }

    /// Some of those who object and of whom something is kept all the same that was computed.
    pub fn scored_in_spite(&self, most: usize) -> Result<Vec<ContactId>, StoreError> {
        let mut select = self.sql.prepare(
            "select contact_id from objection where withdrawn_at is null and (
               exists (select 1 from score where score.contact_id = objection.contact_id)
               or exists (select 1 from score_history where score_history.contact_id = objection.contact_id)
               or exists (select 1 from segment_member where segment_member.contact_id = objection.contact_id)
               or exists (select 1 from stage_member where stage_member.contact_id = objection.contact_id)
               or exists (select 1 from contact_state where contact_state.contact_id = objection.contact_id))
             order by 1 limit ?1",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = select.query_map([most], |row| row.get(0).map(ContactId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx {
    /// Notes that a contact objects: forgets what was computed about it, and ends what automations and cleaning have under
    /// way. False, and nothing is changed, if it objected before.
    pub fn object(&self, contact: ContactId, who: &str, now: Millis) -> Result<bool, StoreError> {
        let contact = self.root(contact)?;
        if self.objected_at(contact)?.is_some() {
            return Ok(false);
        }
        self.sql
            .prepare_cached(
                "insert into objection (contact_id, known_at, who) values (?1, ?2, ?3)
                 on conflict do update set who = excluded.who, withdrawn_at = null",
            )?
            .execute(params![contact.0, now, who])?;
        self.count(Group::Objected, 1);
        for member in self.members(contact)? {
            self.forget_results(member)?;
            self.sql
                .prepare_cached("delete from score_history where contact_id = ?1")?
                .execute([member.0])?;
            self.end_entries(member, now)?;
            self.end_cases(member, now)?;
            self.abandon_writes(member, now)?;
        }
        Ok(true)
    }

    /// Takes a contact's objection back. False, and nothing is changed, if there is none.
    pub fn withdraw_objection(&self, contact: ContactId, now: Millis) -> Result<bool, StoreError> {
        let contact = self.root(contact)?;
        if self.objected_at(contact)?.is_none() {
            return Ok(false);
        }
        for member in self.members(contact)? {
            self.sql
                .prepare_cached(
                    "update objection set withdrawn_at = ?2 where contact_id = ?1 and withdrawn_at is null",
                )?
                .execute(params![member.0, now])?;
        }
        self.count(Group::Objected, -1);
        self.mark_dirty([contact])?;
        Ok(true)
    }

    /// Two contacts became one: the objection of either is that of both.
    pub(super) fn merge_objection(
        &self,
        from: ContactId,
        into: ContactId,
        now: Millis,
    ) -> Result<(), StoreError> {
        let who: Option<String> = self
            .sql
            .prepare_cached(
                "select who from objection where contact_id = ?1 and withdrawn_at is null",
            )?
            .query_row([from.0], |row| row.get(0))
            .optional()?;
        if let Some(who) = who {
            self.count(Group::Objected, -1);
            self.object(into, &who, now)?;
        }
        Ok(())
    }

    /// What is not started is not to be; of what was started by a tag, the tag comes off.
    fn end_entries(&self, contact: ContactId, now: Millis) -> Result<(), StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, state from automation_entry where contact_id = ?1 and left_at is null",
        )?;
        let open = select.query_map([contact.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (entry, state) in open.collect::<Result<Vec<(i64, String)>, _>>()? {
            let waits = [EntryState::Settling, EntryState::Ready, EntryState::Silent];
            if waits.iter().any(|waits| waits.as_str() == state) {
                self.set_entry(entry, EntryState::Withdrawn, Some(OBJECTED), now)?;
            }
            self.leave(entry, now)?;
        }
        Ok(())
    }

    /// Ends what cleaning decided, but for who was taken off a list already: that can still be undone.
    fn end_cases(&self, contact: ContactId, now: Millis) -> Result<(), StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id from cleaning_case where contact_id = ?1 and ended_at is null and stage <> ?2",
        )?;
        let open = select.query_map(params![contact.0, Stage::Removed.as_str()], |row| {
            row.get(0)
        })?;
        for case in open.collect::<Result<Vec<i64>, _>>()? {
            self.set_stage(case, Stage::Spared, OBJECTED, now)?;
        }
        Ok(())
    }

    /// Gives up what waits to be written. What comes off is planned anew; an undoing of our own removal goes on.
    fn abandon_writes(&self, contact: ContactId, now: Millis) -> Result<(), StoreError> {
        let mut select = self.sql.prepare_cached(
            "select outbox.id from identity join outbox indexed by outbox_by_target using (connection_id, platform_id)
             where identity.contact_id = ?1 and state in ('planned', 'retry')
               and write <> 'remove tag' and not (lane = 'removal' and reason = 'undo')",
        )?;
        let waiting = select.query_map([contact.0], |row| row.get(0))?;
        for row in waiting.collect::<Result<Vec<i64>, _>>()? {
            self.settle(row, OutboxState::Abandoned, Some(OBJECTED), None, now)?;
        }
        Ok(())
    }
}
