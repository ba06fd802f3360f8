//! What is kept about one contact, for people who look at it: where it is, what was written to it
//! there, and what was decided about it. Who became part of the contact is read with it.

mod whole;

use std::collections::HashMap;

use engaged_connectors::model::{Address, Status};
use rusqlite::{OptionalExtension, params};

use super::{
    Conn, StoreError,
    audit::AuditRow,
    automation::{Listed, state_of},
    clean::CleaningCase,
    contact::ContactId,
    outbox::OutboxRow,
    word::{day_of, status_of},
};
use crate::score::{calendar::Millis, facts::Adjustment, facts::ConnectionId};

pub(super) use whole::list;
pub use whole::{PACKED, RowsOf};

/// A contact on a platform, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Where.
    pub connection: ConnectionId,
    /// Its id there.
    pub platform_id: String,
    /// Its address there.
    pub email: Option<Address>,
    /// The platform's own word on it.
    pub status: Option<Status>,
    /// When we first saw it there.
    pub known_at: Millis,
    /// Since when it is there no more.
    pub gone_at: Option<Millis>,
    /// Its tags there, as last read.
    pub tags: Vec<String>,
}

/// What a platform was last told about a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which platform.
    pub connection: ConnectionId,
    /// The field or tag, by its key.
    pub target: String,
    /// The value; `None`: it was taken away.
    pub value: Option<String>,
    /// When the platform said yes.
    pub known_at: Millis,
}

impl Conn {
    /// Whether there is such a contact, also one that became part of another.
    pub fn has_contact(&self, contact: ContactId) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select exists (select 1 from contact where id = ?1)")?
            .query_row([contact.0], |row| row.get(0))?)
    }

    /// A contact's present address: its own, or else that of one who became part of it.
    pub fn address_of(&self, contact: ContactId) -> Result<Option<Address>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select email from contact where id = ?1")?;
        for member in self.members(contact)? {
            let email: Option<String> = select.query_row([member.0], |row| row.get(0))?;
            if let Some(address) = email.as_deref().and_then(Address::parse) {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// Everywhere a contact is or was.
    pub fn presences(&self, contact: ContactId) -> Result<Vec<Presence>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select connection_id, platform_id, email, status, known_at, gone_at from identity
             where contact_id = ?1 order by connection_id, platform_id",
        )?;
        let mut presences = Vec::new();
        for member in self.members(contact)? {
            let mut rows = select.query([member.0])?;
            while let Some(row) = rows.next()? {
                let connection = ConnectionId(row.get(0)?);
                let email: Option<String> = row.get(2)?;
                presences.push(Presence {
                    connection,
                    platform_id: row.get(1)?,
                    email: email.as_deref().and_then(Address::parse),
                    status: row.get::<_, Option<i64>>(3)?.map(status_of).transpose()?,
                    known_at: row.get(4)?,
                    gone_at: row.get(5)?,
                    tags: self.remote_tags(member, connection)?,
                });
            }
        }
        Ok(presences)
    }

    /// The connections that ever told anything of a contact, in order: files and programs name it by its address alone.
    pub fn told_by(&self, contact: ContactId) -> Result<Vec<ConnectionId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select distinct connection_id from membership
             where contact_id in (select value from json_each(?1)) order by 1",
        )?;
        let members = list(&self.members(contact)?);
        let rows = select.query_map([members], |row| row.get(0).map(ConnectionId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest writes to one contact of a platform, the newest first.
    pub fn writes_to(&self, presence: &Presence, most: i64) -> Result<Vec<OutboxRow>, StoreError> {
        self.outbox_rows(
            "indexed by outbox_by_target where connection_id = ?1 and platform_id = ?2 order by id desc limit ?3",
            params![presence.connection.0, presence.platform_id, most],
        )
    }

    /// What a platform was last told about one contact of it.
    pub fn shown_on(&self, presence: &Presence) -> Result<Vec<Shown>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select target, value, known_at from acknowledged where connection_id = ?1 and platform_id = ?2 order by target",
        )?;
        let of = params![presence.connection.0, presence.platform_id];
        let rows = select.query_map(of, |row| {
            Ok(Shown {
                connection: presence.connection,
                target: row.get(0)?,
                value: row.get(1)?,
                known_at: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A contact's newest entries into automations, the newest first.
    pub fn entries_of(&self, contact: ContactId, most: i64) -> Result<Vec<Listed>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select entry.id, email, text, number, entered_at, entered_on, state, reason, left_at, answer
             from automation_entry entry join word on word.id = automation_id join contact on contact.id = contact_id
             where contact_id = ?1 order by entry.id desc limit ?2",
        )?;
        let mut rows = select.query([contact.0, most])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let email: Option<String> = row.get(1)?;
            entries.push(Listed {
                entry: row.get(0)?,
                contact,
                email: email.as_deref().and_then(Address::parse),
                automation: row.get(2)?,
                number: row.get(3)?,
                entered_at: row.get(4)?,
                entered_on: day_of(&row.get::<_, String>(5)?)?,
                state: state_of(&row.get::<_, String>(6)?)?,
                reason: row.get(7)?,
                left_at: row.get(8)?,
                answer: row.get(9)?,
            });
        }
        Ok(entries)
    }

    /// All cleaning cases of a contact, the newest first.
    pub fn cases_of(&self, contact: ContactId) -> Result<Vec<CleaningCase>, StoreError> {
        let mut cases = Vec::new();
        for member in self.members(contact)? {
            cases.extend(self.cases("where contact_id = ?1", &[&member.0])?);
        }
        cases.sort_by_key(|case| std::cmp::Reverse(case.id));
        Ok(cases)
    }

    /// Every correction of a contact's scores by hand, and whether it was taken back; the newest first.
    pub fn all_adjustments(
        &self,
        contact: ContactId,
    ) -> Result<Vec<(Adjustment, bool)>, StoreError> {
        let mut all = Vec::new();
        for member in self.members(contact)? {
            all.extend(self.adjustments(member)?);
        }
        all.sort_by_key(|(adjustment, _)| std::cmp::Reverse(adjustment.id));
        Ok(all)
    }

    /// When events became known.
    pub fn arrivals(&self, events: &[i64]) -> Result<HashMap<i64, Millis>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select known_at from event where id = ?1")?;
        let mut arrivals = HashMap::new();
        for event in events {
            let known_at = select.query_row([event], |row| row.get(0)).optional()?;
            arrivals.extend(known_at.map(|known_at| (*event, known_at)));
        }
        Ok(arrivals)
    }

    /// Lines of the audit trail that `about` picks by what was done and to what, the newest first; of all lines so many of
    /// the newest are looked through.
    pub fn audit_about(
        &self,
        most: Option<i64>,
        about: impl Fn(&str, &str) -> bool,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, at, who, what, detail from audit order by id desc limit ?1",
        )?;
        let mut rows = select.query([most.unwrap_or(-1)])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let (what, detail): (String, String) = (row.get(3)?, row.get(4)?);
            if about(&what, &detail) {
                lines.push(AuditRow {
                    id: row.get(0)?,
                    at: row.get(1)?,
                    who: row.get(2)?,
                    what,
                    detail,
                });
            }
        }
        Ok(lines)
    }
}
