//! What of ours somebody else edited on a platform, as the last push found it.
//!
//! A row is there for as long as it is so: `known_at` says since when. What a push finds no
//! more goes: it was written again, put back, or is ours no longer.

use std::collections::BTreeMap;

use rusqlite::params;

use crate::score::{calendar::Millis, facts::ConnectionId};

use super::{Conn, ContactId, StoreError, Tx};

/// A field or tag of ours that shows something else than the platform was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Whose.
    pub contact: ContactId,
    /// The contact's id there.
    pub platform_id: String,
    /// The key of the field or tag.
    pub target: String,
    /// What the platform was told; `None` is nothing.
    pub ours: Option<String>,
    /// What is there; `None` is nothing.
    pub theirs: Option<String>,
}

impl Conn {
    /// How many contacts of a connection show something of ours that somebody else edited, and since when the first does.
    pub fn edited(&self, connection: ConnectionId) -> Result<Option<(i64, Millis)>, StoreError> {
        let mut statement = self.sql.prepare_cached(
            "select count(distinct contact_id), min(known_at) from drift where connection_id = ?1",
        )?;
        let (contacts, since): (i64, Option<Millis>) =
            statement.query_row([connection.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(since.map(|since| (contacts, since)))
    }

    fn edits(
        &self,
        connection: ConnectionId,
        only: Option<ContactId>,
    ) -> Result<BTreeMap<(String, String), Edited>, StoreError> {
        let mut statement = self.sql.prepare_cached(
            "select contact_id, platform_id, target, ours, theirs from drift
             where connection_id = ?1 and (?2 is null or contact_id = ?2)",
        )?;
        let rows = statement.query_map(params![connection.0, only.map(|only| only.0)], |row| {
            Ok(Edited {
                contact: ContactId(row.get(0)?),
                platform_id: row.get(1)?,
                target: row.get(2)?,
                ours: row.get(3)?,
                theirs: row.get(4)?,
            })
        })?;
        let keyed =
            rows.map(|row| row.map(|row| ((row.platform_id.clone(), row.target.clone()), row)));
        Ok(keyed.collect::<Result<_, _>>()?)
    }
}

impl Tx {
    /// Keeps what a push found of a connection, or of one contact there, in place of what the last one found. What is
    /// still so keeps its time.
    pub fn keep_edited(
        &self,
        connection: ConnectionId,
        only: Option<ContactId>,
        found: &[Edited],
        now: Millis,
    ) -> Result<(), StoreError> {
        let mut before = self.edits(connection, only)?;
        let mut keep = self.sql.prepare_cached(
            "insert into drift (contact_id, connection_id, platform_id, target, ours, theirs, known_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             on conflict do update set contact_id = excluded.contact_id, ours = excluded.ours, theirs = excluded.theirs",
        )?;
        for each in found {
            let known = before.remove(&(each.platform_id.clone(), each.target.clone()));
            if known.as_ref() != Some(each) {
                let Edited {
                    contact,
                    platform_id,
                    target,
                    ours,
                    theirs,
                } = each;
                keep.execute(params![
                    contact.0,
                    connection.0,
                    platform_id,
                    target,
                    ours,
                    theirs,
                    now
                ])?;
            }
        }
        let mut forget = self.sql.prepare_cached(
            "delete from drift where connection_id = ?1 and platform_id = ?2 and target = ?3",
        )?;
        for (platform_id, target) in before.into_keys() {
            forget.execute(params![connection.0, platform_id, target])?;
        }
        Ok(())
    }
}
