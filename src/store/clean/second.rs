//! Batches that need two people: who spoke first and where, and what of a batch may not be done before somebody else
//! has spoken.

use rusqlite::params;

use super::{BATCH, CleaningBatch, Stage, Taken, batch_row};
use crate::{
    score::calendar::Millis,
    store::{Conn, OutboxState, StoreError, Tx},
};

/// Where somebody says something. A name alone does not tell two people apart: at the command line it is whatever the
/// environment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// A shell on this machine.
    CommandLine,
    /// A session of the dashboard, opened with a password.
    Dashboard,
    /// Nobody: the daemon, for a policy that lets it.
    Daemon,
}

impl Voice {
    const ALL: [Self; 3] = [Self::CommandLine, Self::Dashboard, Self::Daemon];

    /// The name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "command line",
            Self::Dashboard => "dashboard",
            Self::Daemon => "daemon",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|from| from.as_str() == name)
    }
}

/// Who says something, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The name in the audit trail.
    pub name: String,
    /// Where.
    pub from: Voice,
}

impl Speaker {
    /// Somebody who is logged in to the dashboard.
    pub fn dashboard(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            from: Voice::Dashboard,
        }
    }

    /// Whoever has a shell on this machine.
    pub fn command_line(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            from: Voice::CommandLine,
        }
    }
}

impl CleaningBatch {
    /// Whether nothing of it may be done before a second person has confirmed it.
    pub fn waits(&self) -> bool {
        self.state == "approved" && self.needs_two() && self.confirmed.is_none()
    }

    /// Whether two people have to say so.
    pub fn needs_two(&self) -> bool {
        self.people > 1
    }

    /// Whether the daemon approved it by itself, so that no person has spoken yet.
    pub fn is_automatic(&self) -> bool {
        match self.approved_from {
            Some(from) => from == Voice::Daemon,
            // Before it was kept where, the daemon's name was all that there was.
            None => self.approved_by == "engaged",
        }
    }

    /// Whether somebody is another person than whoever approved it, as far as can be told. One of the two must be logged
    /// in to the dashboard: the command line counts as one person, whoever it says it is.
    pub fn is_other(&self, by: &Speaker) -> bool {
        let dashboard = [Some(by.from), self.approved_from].contains(&Some(Voice::Dashboard));
        // Names of the dashboard are folded, those of a shell are not.
        let same = by.name.to_lowercase() == self.approved_by.to_lowercase();
        dashboard && !same && by.from != Voice::Daemon && !self.is_automatic()
    }
}

impl Conn {
    /// Batches that are approved and not done, the oldest first.
    pub fn batches_under_way(&self) -> Result<Vec<CleaningBatch>, StoreError> {
        let mut select = self.sql.prepare_cached(
            &[BATCH, "where state = 'approved' order by cleaning_batch.id"].concat(),
        )?;
        let rows = select.query_map((), batch_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Batches that wait for a second person, the oldest first.
    pub fn batches_that_wait(&self) -> Result<Vec<CleaningBatch>, StoreError> {
        let mut batches = self.batches_under_way()?;
        batches.retain(CleaningBatch::waits);
        Ok(batches)
    }

    /// Rows of the outbox that would carry out what is still to be done of a batch.
    pub fn removals_queued(&self, batch: i64) -> Result<Vec<i64>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select outbox.id from cleaning_case
             join cleaning_removal on case_id = cleaning_case.id and cleaning_removal.state = 'waiting'
             join outbox indexed by outbox_by_target on outbox.connection_id = cleaning_removal.connection_id
               and outbox.platform_id = cleaning_removal.platform_id and target = 'clean:' || case_id and write = done
             where batch_id = ?1 and outbox.state in ('planned', 'retry') order by outbox.id",
        )?;
        let rows = select.query_map([batch], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Conn {
    /// Whether a removal is under way, or was and nobody knows what became of it.
    pub fn is_removal_in_doubt(&self, taken: &Taken) -> Result<bool, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select exists (select 1 from outbox indexed by outbox_by_target where connection_id = ?1 and platform_id = ?2
               and target = 'clean:' || ?3 and state in ('attempting', 'ambiguous'))",
        )?;
        let key = params![taken.connection.0, taken.platform_id, taken.case];
        Ok(select.query_row(key, |row| row.get(0))?)
    }
}

impl Tx {
    /// Back to who was asked, since the case was opened: what came after that is let go of.
    pub fn put_back_to_asked(&self, case: i64, why: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update cleaning_case set stage = ?2, detail = ?3, since_at = opened_at, ended_at = null where id = ?1",
            )?
            .execute(params![case, Stage::Asked.as_str(), why])?;
        Ok(())
    }

    /// From now on a batch needs a second person.
    pub fn need_second(&self, batch: i64, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update cleaning_batch set people = 2, changed_at = ?2 where id = ?1")?
            .execute(params![batch, now])?;
        Ok(())
    }

    /// A second person has confirmed a batch.
    pub fn confirm_batch(&self, batch: i64, who: &str, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update cleaning_batch set confirmed_at = ?2, confirmed_by = ?3, changed_at = ?2 where id = ?1",
            )?
            .execute(params![batch, now, who])?;
        Ok(())
    }

    /// Gives up what would carry a batch out; a confirmation queues it anew. How many rows.
    pub fn hold_removals(&self, batch: i64, why: &str, now: Millis) -> Result<usize, StoreError> {
        let queued = self.removals_queued(batch)?;
        for row in &queued {
            self.settle(*row, OutboxState::Abandoned, Some(why), None, now)?;
        }
        Ok(queued.len())
    }
}
