//! Starts: their rows in the outbox, and the entries they are for.
//!
//! What goes out, what came of it, and what is in doubt is written to the row and
//! to the entry in one transaction.

use rusqlite::{OptionalExtension, params};

use super::{Conn, NewOutboxRow, OutboxState, StoreError, Tx, tally::Group};
use crate::{
    automation::EntryState,
    score::{calendar::Millis, facts::ConnectionId},
};

/// A person's word on a start that is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It was started.
    Started,
    /// It was not: it is started by the next push.
    Again,
    /// It was not, and is not to be.
    Drop,
}

impl Conn {
    /// How many entries of an automation became ready after an instant, and wait.
    pub fn count_ready_since(&self, automation: &str, since: Millis) -> Result<u64, StoreError> {
        let count: i64 = self
            .sql
            .prepare_cached(
                "select count(*) from automation_entry indexed by automation_entry_open
                 where state = 'ready' and automation_id = (select id from word where text = ?1) and decided_at > ?2",
            )?
            .query_row(params![automation, since], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The tag by which an entry was started, if it was by a tag.
    pub fn start_tag(&self, entry: i64) -> Result<Option<String>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select value from outbox indexed by outbox_start
                 where lane = 'start' and target = ?1 and write = 'start by tag'",
            )?
            .query_row([format!("start:{entry}")], |row| row.get(0))
            .optional()?)
    }
}

impl Tx {
    /// Queues what starts or ends something for an entry: one row for each, whatever happens. What waits becomes part of
    /// this plan; what was sent stays as it is.
    pub fn enqueue_start(&self, row: &NewOutboxRow, known_at: Millis) -> Result<(), StoreError> {
        let before: Option<(u16, String)> = self
            .sql
            .prepare_cached(
                "select connection_id, state from outbox indexed by outbox_start where lane = 'start' and target = ?1",
            )?
            .query_row([&row.target], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let becomes: Option<String> = self
            .sql
            .prepare_cached(
                "insert into outbox (plan_id, connection_id, contact_id, platform_id, write, target, value, reason, state,
                   known_at, changed_at, lane) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'planned', ?9, ?9, 'start')
                 on conflict (target) where lane = 'start' do update set plan_id = excluded.plan_id,
                   connection_id = excluded.connection_id, contact_id = excluded.contact_id, platform_id = excluded.platform_id,
                   write = excluded.write, value = excluded.value, reason = excluded.reason,
                   state = iif(state = 'retry', 'retry', 'planned'), changed_at = excluded.changed_at
                 where state in ('planned', 'retry', 'abandoned') returning state",
            )?
            .query_row(
                params![
                row.plan,
                row.connection.0,
                row.contact.map(|contact| contact.0),
                row.platform_id,
                row.write,
                row.target,
                row.value,
                row.reason,
                known_at
            ], |row| row.get(0))
            .optional()?;
        if let Some(becomes) = becomes {
            if let Some((connection, before)) = before {
                let before = OutboxState::parse(&before)?;
                self.count(Group::Outbox(ConnectionId(connection), before), -1);
            }
            let becomes = OutboxState::parse(&becomes)?;
            self.count(Group::Outbox(row.connection, becomes), 1);
        }
        Ok(())
    }

    /// Gives up starts that wait for their turn and are not part of this plan.
    pub fn abandon_starts(
        &self,
        connection: ConnectionId,
        plan: Option<i64>,
        now: Millis,
    ) -> Result<usize, StoreError> {
        const UNPLANNED: &str =
            "where connection_id = ?2 and lane = 'start' and state in ('planned', 'retry')
            and plan_id is not ?3";
        self.abandon(connection, UNPLANNED, params![now, connection.0, plan])
    }

    /// An entry's request is about to go out. False, and nothing is changed, if it is no longer ready.
    pub fn begin_entry(&self, entry: i64) -> Result<bool, StoreError> {
        let changed = self
            .sql
            .prepare_cached(
                "update automation_entry set state = 'attempting' where id = ?1 and state = 'ready'",
            )?
            .execute([entry])?;
        Ok(changed == 1)
    }

    /// What became of an entry's request. What waits for another try keeps the time from which it waits. Of who has left
    /// meanwhile nothing is tried again; where the request put a tag on, it is to be taken off. That cleaning asked for
    /// it stays known.
    pub fn settle_entry(
        &self,
        entry: i64,
        (state, tags): (EntryState, bool),
        reason: Option<&str>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update automation_entry set reason = iif(reason like 'cleaning %', reason, ?3),
                   state = case when left_at is null then ?2
                     when ?5 and ?2 in ('ready', 'started') then 'leaving'
                     when ?2 = 'ready' then 'withdrawn' else ?2 end,
                   decided_at = iif(?2 = 'ready', decided_at, ?4)
                 where id = ?1",
            )?
            .execute(params![entry, state.as_str(), reason, now, tags])?;
        Ok(())
    }

    /// Entries whose requests were cut off are in doubt; where the request was a set, they are ready again.
    pub(super) fn doubt_entries(&self, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update automation_entry indexed by automation_entry_open
                 set state = case when row.state = 'ambiguous' then 'in doubt' when left_at is null then 'ready'
                     when row.write = 'start by tag' then 'leaving' else 'withdrawn' end,
                   decided_at = iif(row.state = 'ambiguous', ?1, decided_at)
                 from outbox row indexed by outbox_start
                 where automation_entry.state = 'attempting' and row.lane = 'start'
                   and row.target = 'start:' || automation_entry.id and row.state in ('ambiguous', 'retry')",
            )?
            .execute([now])?;
        Ok(())
    }

    /// A person's word on an entry that is in doubt: what it becomes; `None`, and nothing is changed, if it is in no doubt.
    pub fn resolve_entry(
        &self,
        entry: i64,
        resolution: Resolution,
        who: &str,
        now: Millis,
    ) -> Result<Option<EntryState>, StoreError> {
        let left: Option<bool> = self
            .sql
            .prepare_cached("select left_at is not null from automation_entry where id = ?1 and state = 'in doubt'")?
            .query_row([entry], |row| row.get(0))
            .optional()?;
        let Some(left) = left else {
            return Ok(None);
        };
        let (becomes, row) = match resolution {
            Resolution::Started => (EntryState::Started, OutboxState::Applied),
            Resolution::Again if !left => (EntryState::Ready, OutboxState::Abandoned),
            Resolution::Again | Resolution::Drop => (EntryState::Withdrawn, OutboxState::Abandoned),
        };
        let said = format!("resolved by {who}");
        self.set_entry(entry, becomes, Some(&said), now)?;
        let resolved: Option<u16> = self
            .sql
            .prepare_cached(
                "update outbox indexed by outbox_start set state = ?2, detail = ?3, changed_at = ?4
                 where lane = 'start' and target = ?1 and state = 'ambiguous' returning connection_id",
            )?
            .query_row(params![format!("start:{entry}"), row.as_str(), said, now], |row| row.get(0))
            .optional()?;
        if let Some(connection) = resolved {
            self.count_write(ConnectionId(connection), OutboxState::Ambiguous, row);
        }
        self.audit(
            who,
            "resolve",
            &format!("entry {entry}: {}", becomes.as_str()),
            now,
        )?;
        Ok(Some(becomes))
    }
}
