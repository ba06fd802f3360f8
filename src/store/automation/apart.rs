//! What happens to entries beside the steps of scoring: a start that is asked for, two contacts that become one.

use rusqlite::{OptionalExtension, params};

use super::{began, state_of};
use crate::{
    automation::{EntryState, Step},
    score::calendar::{Day, Millis},
    store::{Conn, ContactId, StoreError, Tx},
};

impl Conn {
    /// When the newest entry of a contact in one automation was started, or may have been, not before an instant: when
    /// its request was answered or cut off, or, where there was none, when it was entered.
    pub fn started_since(
        &self,
        contact: ContactId,
        automation: &str,
        since: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select max(started_at) from (
                   select coalesce(row.changed_at, entry.entered_at) started_at from automation_entry entry
                   left join outbox row indexed by outbox_start on row.lane = 'start' and row.target = 'start:' || entry.id
                   where entry.contact_id = ?1 and entry.automation_id = (select id from word where text = ?2)
                     and entry.state in ('attempting', 'started', 'in doubt', 'leaving'))
                 where started_at >= ?3",
            )?
            .query_row(params![contact.0, automation, since], |row| row.get(0))?)
    }
}

impl Tx {
    /// Lets something be started for a contact by an automation whose condition is not asked: a last mail before
    /// cleaning, say. Whoever is inside without a start gets one; whoever had one enters anew. Returns the entry.
    pub fn enter_automation(
        &self,
        contact: ContactId,
        automation: &str,
        reason: &str,
        on: Day,
        now: Millis,
    ) -> Result<i64, StoreError> {
        let last: Option<(i64, u32, String, bool)> = self
            .sql
            .prepare_cached(
                "select id, number, state, left_at is null from automation_entry
                 where contact_id = ?1 and automation_id = (select id from word where text = ?2)
                 order by number desc limit 1",
            )?
            .query_row(params![contact.0, automation], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let mut number = 1;
        if let Some((entry, before, state, inside)) = last {
            number = before + 1;
            let state = state_of(&state)?;
            // What a platform has refused has its row, and would not go out again.
            if inside && !state.may_have_started() && state != EntryState::Refused {
                self.set_entry(entry, EntryState::Ready, Some(reason), now)?;
                return Ok(entry);
            }
            if inside {
                if state == EntryState::Started && self.start_tag(entry)?.is_some() {
                    self.set_entry(entry, EntryState::Leaving, None, now)?;
                }
                self.leave(entry, now)?;
            }
        }
        let step = Step::Enter {
            automation: 0,
            number,
            state: EntryState::Ready,
            reason: Some(reason.to_owned()),
            due_at: None,
        };
        self.step(contact, &[automation.to_owned()], &[step], (on, now))?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Takes back what a cleaning policy asked for: what is not started yet for a contact is not to be. How many.
    pub fn withdraw_asked(
        &self,
        contact: ContactId,
        policy: &str,
        now: Millis,
    ) -> Result<usize, StoreError> {
        let reason = format!("cleaning {policy}");
        let mut select = self.sql.prepare_cached(
            "select id from automation_entry
             where contact_id = ?1 and reason = ?2 and left_at is null and state in ('settling', 'ready')",
        )?;
        let found = select.query_map(params![contact.0, reason], |row| row.get(0))?;
        let found: Vec<i64> = found.collect::<Result<_, _>>()?;
        for entry in &found {
            let why = format!("called off: {reason}");
            self.set_entry(*entry, EntryState::Withdrawn, Some(&why), now)?;
            self.leave(*entry, now)?;
        }
        Ok(found.len())
    }

    /// Two contacts turned out to be one: what is remembered of the one is remembered of the other. Inside is who was
    /// inside as either, by the entry that may have started something.
    pub(in crate::store) fn merge_entries(
        &self,
        from: ContactId,
        into: ContactId,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update automation_entry set contact_id = ?2, number = number + coalesce((
                   select max(number) from automation_entry other
                   where other.contact_id = ?2 and other.automation_id = automation_entry.automation_id), 0)
                 where contact_id = ?1",
            )?
            .execute(params![from.0, into.0])?;
        // Of two entries that stays open which may have started something, else one for which nothing is to start: by it
        // the contact was inside before. Of equals it is the later; what waits in the other is not started beside it.
        self.sql
            .prepare_cached(
                "update automation_entry set left_at = ?2,
                   state = iif(state in ('settling', 'ready'), 'withdrawn', state),
                   reason = iif(state in ('settling', 'ready'), 'became one with another contact', reason)
                 where contact_id = ?1 and left_at is null and exists (
                   select 1 from automation_entry other where other.contact_id = ?1 and other.left_at is null
                     and other.automation_id = automation_entry.automation_id
                     and (other.state in (select value from json_each(?3)), other.state not in ('settling', 'ready'), other.number)
                       > (automation_entry.state in (select value from json_each(?3)),
                         automation_entry.state not in ('settling', 'ready'), automation_entry.number))",
            )?
            .execute(params![into.0, now, began()])?;
        Ok(())
    }
}
