//! Who is being taken off a list, how far that has come, and what they were before.
//!
//! Rows alone: who is proposed and what is done is decided in `clean`.

mod batch;
mod second;

use std::collections::HashSet;

pub use self::{
    batch::{BatchRow, BatchSizes},
    second::{Speaker, Voice},
};

use engaged_connectors::model::{Address, Status};
use rusqlite::{OptionalExtension, Row, params};

use super::{
    Conn, Tx,
    contact::ContactId,
    error::StoreError,
    word::{Dictionary, status_number, status_of},
};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// How far one contact has come under one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Approved, to be taken off.
    Candidate,
    /// Approved by one person, to be asked once a second has confirmed it.
    ToAsk,
    /// The win-back was asked for; it gets its time.
    Asked,
    /// Taken off, or tagged.
    Removed,
    /// Showed a sign of life: the end.
    CameBack,
    /// A person said that it stays.
    Kept,
    /// Left alone on purpose, to see what cleaning costs.
    HeldOut,
    /// Was about to be taken off, and a last look said otherwise: the end.
    Spared,
}

impl Stage {
    const ALL: [Self; 8] = [
        Self::Candidate,
        Self::ToAsk,
        Self::Asked,
        Self::Removed,
        Self::CameBack,
        Self::Kept,
        Self::HeldOut,
        Self::Spared,
    ];

    /// The name in the table and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::ToAsk => "to ask",
            Self::Asked => "asked",
            Self::Removed => "removed",
            Self::CameBack => "came back",
            Self::Kept => "kept",
            Self::HeldOut => "held out",
            Self::Spared => "spared",
        }
    }

    /// Whether a case in this stage is over, so that a later silence opens another.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::CameBack | Self::Spared)
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        let mut all = Self::ALL.into_iter();
        all.find(|stage| stage.as_str() == name)
            .ok_or_else(|| StoreError::damaged(format!("cleaning stage {name}")))
    }
}

/// What became of one contact on one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenState {
    /// To be done.
    Waiting,
    /// Done.
    Removed,
    /// Not done, and not to be.
    Left,
    /// To be undone.
    Restoring,
    /// Undone.
    Restored,
    /// Cannot be undone.
    Lost,
}

impl TakenState {
    const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Removed,
        Self::Left,
        Self::Restoring,
        Self::Restored,
        Self::Lost,
    ];

    /// The name in the table and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Removed => "removed",
            Self::Left => "left",
            Self::Restoring => "restoring",
            Self::Restored => "restored",
            Self::Lost => "not restored",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == name)
            .ok_or_else(|| StoreError::damaged(format!("state of a removal {name}")))
    }
}

/// One contact under one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleaningCase {
    /// Its number.
    pub id: i64,
    /// The policy.
    pub policy: String,
    /// Who.
    pub contact: ContactId,
    /// The batch that it is part of.
    pub batch: Option<i64>,
    /// How far it has come.
    pub stage: Stage,
    /// Since when it is there.
    pub since_at: Millis,
    /// When it was opened.
    pub opened_at: Millis,
    /// The last sign of life when it was opened; else since when it was subscribed.
    pub silent_since_at: Millis,
    /// Why it is where it is.
    pub detail: Option<String>,
}

/// One contact on one platform, taken off or about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose case.
    pub case: i64,
    /// On which connection.
    pub connection: ConnectionId,
    /// The contact's id there.
    pub platform_id: String,
    /// `tag`, or the removal's word.
    pub done: String,
    /// What became of it.
    pub state: TakenState,
    /// What the contact was before, JSON.
    pub before: Option<String>,
    /// When it was done.
    pub done_at: Option<Millis>,
    /// Why it is as it is.
    pub detail: Option<String>,
}

/// What one person, or the daemon, let happen at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleaningBatch {
    /// Its number.
    pub id: i64,
    /// The policy.
    pub policy: String,
    /// The plan that was approved.
    pub fingerprint: String,
    /// The policy's condition at that time.
    pub condition: String,
    /// `tag`, or the removal's word.
    pub done: String,
    /// `approved`, `applied`, `undone`; `lapsed` if nobody confirmed it in time.
    pub state: String,
    /// Its counts, JSON.
    pub summary: String,
    /// When it was approved.
    pub approved_at: Millis,
    /// By whom.
    pub approved_by: String,
    /// Where they said so; not known of batches of older versions.
    pub approved_from: Option<Voice>,
    /// How many people have to say so before anything of it is done.
    pub people: u8,
    /// When a second person confirmed it, and who.
    pub confirmed: Option<(Millis, String)>,
}

/// A contact on one platform, as last read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The connection.
    pub connection: ConnectionId,
    /// The contact's id there.
    pub platform_id: String,
    /// Its address there.
    pub email: Option<Address>,
    /// The platform's own word on it.
    pub status: Option<Status>,
}

const CASE: &str = "select cleaning_case.id, text, contact_id, batch_id, stage, since_at, opened_at, silent_since_at, detail
    from cleaning_case join word on word.id = policy_id ";
const TAKEN: &str = "select case_id, connection_id, platform_id, done, state, before, done_at, detail from cleaning_removal ";
const BATCH: &str = "select cleaning_batch.id, text, fingerprint, condition, done, state, summary, approved_at, approved_by,
      approved_from, people, confirmed_at, confirmed_by
    from cleaning_batch join word on word.id = policy_id ";

impl Conn {
    /// The contacts that may be mailed on any of these connections.
    pub fn mailable(&self, connections: &[ConnectionId]) -> Result<HashSet<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select coalesce(into_id, identity.contact_id) from identity
             left join merged on merged.contact_id = identity.contact_id
             where connection_id in (select value from json_each(?1)) and gone_at is null and status = ?2",
        )?;
        let numbers: Vec<u16> = connections.iter().map(|id| id.0).collect();
        let numbers = serde_json::to_string(&numbers).unwrap_or_default();
        let which = params![numbers, status_number(Status::Subscribed)];
        let rows = select.query_map(which, |row| row.get(0).map(ContactId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where a contact is, as last read; what is gone is left out.
    pub fn placed(&self, contact: ContactId) -> Result<Vec<Placed>, StoreError> {
        let mut placed = Vec::new();
        let mut select = self.sql.prepare_cached(
            "select connection_id, platform_id, email, status from identity
             where contact_id = ?1 and gone_at is null order by connection_id, platform_id",
        )?;
        for member in self.members(contact)? {
            let mut rows = select.query([member.0])?;
            while let Some(row) = rows.next()? {
                let email: Option<String> = row.get(2)?;
                placed.push(Placed {
                    connection: ConnectionId(row.get(0)?),
                    platform_id: row.get(1)?,
                    email: email.as_deref().and_then(Address::parse),
                    status: row.get::<_, Option<i64>>(3)?.map(status_of).transpose()?,
                });
            }
        }
        Ok(placed)
    }

    /// The open cases of a policy, in the order of contacts.
    pub fn open_cases(&self, policy: &str) -> Result<Vec<CleaningCase>, StoreError> {
        self.cases(
            "where text = ?1 and ended_at is null order by contact_id",
            &[&policy],
        )
    }

    /// Open cases of one contact, as itself and as those who became one with it.
    pub fn open_cases_of(
        &self,
        policy: &str,
        contact: ContactId,
    ) -> Result<Vec<CleaningCase>, StoreError> {
        self.cases(
            "where text = ?1 and ended_at is null and contact_id in (with recursive member (id) as (select ?2
               union all select merged.contact_id from merged join member on merged.into_id = member.id) select id from member)",
            &[&policy, &contact.0],
        )
    }

    /// Cases that a sign of life ends, of all policies.
    pub fn watched_cases(&self) -> Result<Vec<CleaningCase>, StoreError> {
        self.cases(
            "where ended_at is null and stage in ('asked', 'removed', 'kept') order by cleaning_case.id",
            &[],
        )
    }

    /// The tag that a case put on a contact of a platform, if it is, or may be, still on.
    pub fn mark_of(
        &self,
        connection: ConnectionId,
        platform_id: &str,
        case: i64,
    ) -> Result<Option<String>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select iif(write = 'unmark', null, value) from outbox indexed by outbox_by_target
             where connection_id = ?1 and platform_id = ?2 and target in (?3, ?4) and write in ('mark', 'unmark', 'tag')
               and state in ('applied', 'ambiguous', 'attempting', 'reconciled') order by id desc limit 1",
        )?;
        let targets = (format!("clean:{case}"), format!("clean mark:{case}"));
        let found: Option<Option<String>> = select
            .query_row(
                params![connection.0, platform_id, targets.0, targets.1],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.flatten())
    }

    /// All cases of a batch, in the order of contacts.
    pub fn cases_of_batch(&self, batch: i64) -> Result<Vec<CleaningCase>, StoreError> {
        self.cases("where batch_id = ?1 order by contact_id", &[&batch])
    }

    /// A case by its number.
    pub fn case(&self, case: i64) -> Result<Option<CleaningCase>, StoreError> {
        let found = self.cases("where cleaning_case.id = ?1", &[&case])?;
        Ok(found.into_iter().next())
    }

    pub(super) fn cases(
        &self,
        condition: &'static str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<CleaningCase>, StoreError> {
        let mut select = self.sql.prepare_cached(&[CASE, condition].concat())?;
        let mut rows = select.query(params)?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            cases.push(CleaningCase {
                id: row.get(0)?,
                policy: row.get(1)?,
                // Who was merged since is read with whom it was merged into.
                contact: self.root(ContactId(row.get(2)?))?,
                batch: row.get(3)?,
                stage: Stage::parse(&row.get::<_, String>(4)?)?,
                since_at: row.get(5)?,
                opened_at: row.get(6)?,
                silent_since_at: row.get(7)?,
                detail: row.get(8)?,
            });
        }
        Ok(cases)
    }

    /// What is done to a case, on each platform.
    pub fn taken(&self, case: i64) -> Result<Vec<Taken>, StoreError> {
        let mut select = self.sql.prepare_cached(
            &[
                TAKEN,
                "where case_id = ?1 order by connection_id, platform_id",
            ]
            .concat(),
        )?;
        let mut rows = select.query([case])?;
        let mut taken = Vec::new();
        while let Some(row) = rows.next()? {
            taken.push(Taken {
                case: row.get(0)?,
                connection: ConnectionId(row.get(1)?),
                platform_id: row.get(2)?,
                done: row.get(3)?,
                state: TakenState::parse(&row.get::<_, String>(4)?)?,
                before: row.get(5)?,
                done_at: row.get(6)?,
                detail: row.get(7)?,
            });
        }
        Ok(taken)
    }

    /// All that was done, or is to be, to a contact by the open cases of all policies.
    pub fn taken_of_contact(&self, contact: ContactId) -> Result<Vec<Taken>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id from cleaning_case indexed by cleaning_case_open
             where ended_at is null and policy_id in (select policy_id from cleaning_batch) and contact_id = ?1",
        )?;
        let mut taken = Vec::new();
        for member in self.members(contact)? {
            for case in select.query_map([member.0], |row| row.get(0))? {
                taken.extend(self.taken(case?)?);
            }
        }
        Ok(taken)
    }

    /// A batch by its number.
    pub fn cleaning_batch(&self, batch: i64) -> Result<Option<CleaningBatch>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(&[BATCH, "where cleaning_batch.id = ?1"].concat())?
            .query_row([batch], batch_row)
            .optional()?)
    }

    /// The newest batches, those of one policy or all, the newest first.
    pub fn cleaning_batches(
        &self,
        policy: Option<&str>,
        limit: i64,
    ) -> Result<Vec<CleaningBatch>, StoreError> {
        let mut select = self.sql.prepare_cached(
            &[
                BATCH,
                "where ?1 is null or text = ?1 order by cleaning_batch.id desc limit ?2",
            ]
            .concat(),
        )?;
        let rows = select.query_map(params![policy, limit], batch_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn batch_row(row: &Row<'_>) -> rusqlite::Result<CleaningBatch> {
    Ok(CleaningBatch {
        id: row.get(0)?,
        policy: row.get(1)?,
        fingerprint: row.get(2)?,
        condition: row.get(3)?,
        done: row.get(4)?,
        state: row.get(5)?,
        summary: row.get(6)?,
        approved_at: row.get(7)?,
        approved_by: row.get(8)?,
        approved_from: row
            .get::<_, Option<String>>(9)?
            .as_deref()
            .and_then(Voice::parse),
        people: row.get(10)?,
        confirmed: row.get::<_, Option<Millis>>(11)?.zip(row.get(12)?),
    })
}

impl Tx {
    /// Keeps what was approved; returns its number. The batch's own number and state are not looked at, and nobody has
    /// confirmed it.
    pub fn add_cleaning_batch(&self, batch: &CleaningBatch) -> Result<i64, StoreError> {
        let policy = self.text_id(Dictionary::Word, &batch.policy)?.0;
        self.sql
            .prepare_cached(
                "insert into cleaning_batch (policy_id, fingerprint, condition, done, state, summary, approved_at, approved_by,
                   changed_at, people, approved_from) values (?1, ?2, ?3, ?4, 'approved', ?5, ?6, ?7, ?6, ?8, ?9)",
            )?
            .execute(params![
                policy,
                batch.fingerprint,
                batch.condition,
                batch.done,
                batch.summary,
                batch.approved_at,
                batch.approved_by,
                batch.people,
                batch.approved_from.map(Voice::as_str)
            ])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Moves a batch on.
    pub fn set_batch_state(&self, batch: i64, state: &str, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update cleaning_batch set state = ?2, changed_at = ?3 where id = ?1")?
            .execute(params![batch, state, now])?;
        Ok(())
    }

    /// Opens a contact's case under a policy, or moves the one that is open; returns its number.
    pub fn put_case(
        &self,
        policy: &str,
        contact: ContactId,
        batch: Option<i64>,
        stage: Stage,
        silent_since_at: Millis,
        now: Millis,
    ) -> Result<i64, StoreError> {
        let policy = self.text_id(Dictionary::Word, policy)?.0;
        Ok(self
            .sql
            .prepare_cached(
                "insert into cleaning_case (policy_id, contact_id, batch_id, stage, since_at, opened_at, silent_since_at)
                 values (?1, ?2, ?3, ?4, ?5, ?5, ?6)
                 on conflict (policy_id, contact_id) where ended_at is null
                 do update set batch_id = coalesce(excluded.batch_id, batch_id), stage = excluded.stage, since_at = excluded.since_at
                 returning id",
            )?
            .query_row(
                params![policy, contact.0, batch, stage.as_str(), now, silent_since_at],
                |row| row.get(0),
            )?)
    }

    /// Notes that a candidate is left alone; one that is so already stays as it is.
    pub fn put_held_out(
        &self,
        policy: &str,
        contact: ContactId,
        silent_since_at: Millis,
        now: Millis,
    ) -> Result<(), StoreError> {
        let policy = self.text_id(Dictionary::Word, policy)?.0;
        self.sql
            .prepare_cached(
                "insert into cleaning_case (policy_id, contact_id, stage, since_at, opened_at, silent_since_at)
                 values (?1, ?2, ?3, ?4, ?4, ?5) on conflict (policy_id, contact_id) where ended_at is null do nothing",
            )?
            .execute(params![policy, contact.0, Stage::HeldOut.as_str(), now, silent_since_at])?;
        Ok(())
    }

    /// Moves a case on, and says why.
    pub fn set_stage(
        &self,
        case: i64,
        stage: Stage,
        detail: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update cleaning_case set stage = ?2, detail = ?3, since_at = ?4, ended_at = iif(?5, ?4, null) where id = ?1",
            )?
            .execute(params![case, stage.as_str(), detail, now, stage.is_end()])?;
        Ok(())
    }

    /// Notes what is to be done to a case on one platform.
    pub fn add_taken(
        &self,
        case: i64,
        connection: ConnectionId,
        platform_id: &str,
        done: &str,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into cleaning_removal (case_id, connection_id, platform_id, done, state) values (?1, ?2, ?3, ?4, 'waiting')
                 on conflict do update set state = 'waiting', done = excluded.done, detail = null",
            )?
            .execute(params![case, connection.0, platform_id, done])?;
        Ok(())
    }

    /// Keeps what a contact was before anything is done to it; an earlier export stands.
    pub fn export_before(&self, taken: &Taken, before: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update cleaning_removal set before = coalesce(before, ?4) where case_id = ?1 and connection_id = ?2 and platform_id = ?3",
            )?
            .execute(params![taken.case, taken.connection.0, taken.platform_id, before])?;
        Ok(())
    }

    /// Records what became of a contact on one platform. What is done is dated.
    pub fn set_taken(
        &self,
        taken: &Taken,
        state: TakenState,
        detail: &str,
        now: Millis,
    ) -> Result<(), StoreError> {
        let done_at = (state == TakenState::Removed).then_some(now);
        self.sql
            .prepare_cached(
                "update cleaning_removal set state = ?4, detail = ?5, done_at = coalesce(?6, done_at)
                 where case_id = ?1 and connection_id = ?2 and platform_id = ?3",
            )?
            .execute(params![
                taken.case,
                taken.connection.0,
                taken.platform_id,
                state.as_str(),
                detail,
                done_at
            ])?;
        Ok(())
    }
}
