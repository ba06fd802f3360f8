//! What scoring found: scores, bands, segments, stages, and whom to score next.
//!
//! All of it is a cache of pure functions. A dirty mark carries a number, so
//! that a run clears only the marks it saw.

mod write;

use rusqlite::{CachedStatement, OptionalExtension, params};

use super::{
    Conn, Tx,
    contact::ContactId,
    error::StoreError,
    tally::Group,
    word::{Texts, date_text, day_of},
};
use crate::score::{
    calendar::{Day, Millis},
    facts::ConnectionId,
};

/// The contacts with news since they were last scored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Marks up to this number were seen; hand it to [`Tx::clear_dirty`].
    pub seen: i64,
    /// In order.
    pub contacts: Vec<ContactId>,
}

/// One score of one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRow {
    /// Which score.
    pub name: String,
    /// The sum, in thousandths of a point.
    pub raw: i64,
    /// What is shown, in points.
    pub shown: i64,
    /// The band, if one holds.
    pub band: Option<String>,
}

/// What a run found out about one contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactState {
    /// Its scores.
    pub scores: Vec<ScoreRow>,
    /// Its segments.
    pub segments: Vec<String>,
    /// Its stage.
    pub stage: Option<String>,
    /// The first date on which anything changes by itself; [`Day::NEVER`] if none.
    pub next_change_on: Option<Day>,
    /// Why it is not judged, if it is not.
    pub unjudged: Option<String>,
}

/// Writes what one run finds; only what changed is written.
pub struct Results<'t> {
    tx: &'t Tx,
    texts: Texts<'t>,
    rule_version: i64,
    as_of: Day,
    known_at: Millis,
    // What every contact is asked or told by.
    scores: CachedStatement<'t>,
    segments: CachedStatement<'t>,
    stage: CachedStatement<'t>,
    state: CachedStatement<'t>,
    /// Whether a contact is part of another by now, or objects; `None` while nobody is or does.
    left: Option<CachedStatement<'t>>,
}

impl Conn {
    /// The dirty contacts of this snapshot.
    pub fn dirty(&self) -> Result<Dirty, StoreError> {
        let seen = self.dirty_mark()?;
        let mut select = self
            .sql
            .prepare_cached("select contact_id from dirty order by contact_id")?;
        let contacts = select
            .query_map((), |row| row.get(0).map(ContactId))?
            .collect::<Result<_, _>>()?;
        Ok(Dirty { seen, contacts })
    }

    /// The newest dirty mark of this snapshot; hand it to [`Tx::clear_dirty`].
    pub fn dirty_mark(&self) -> Result<i64, StoreError> {
        self.sequence("dirty")
    }

    /// How many contacts are dirty.
    pub fn count_dirty(&self) -> Result<u64, StoreError> {
        let dirty: i64 = self
            .sql
            .query_row("select count(*) from dirty", (), |row| row.get(0))?;
        Ok(u64::try_from(dirty).unwrap_or_default())
    }

    /// Whether any contact is dirty.
    pub fn has_dirty(&self) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .query_row("select exists (select 1 from dirty)", (), |row| row.get(0))?)
    }

    /// How many contacts are scored by the rules of that number.
    pub fn count_scored_by(&self, rule_version: i64) -> Result<u64, StoreError> {
        let scored: i64 = self.sql.query_row(
            "select count(*) from contact_state where rule_version_id = ?1",
            [rule_version],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(scored).unwrap_or_default())
    }

    /// Contacts for whom something changes by itself on or before a date.
    pub fn due(&self, on: Day) -> Result<Vec<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select contact_id from contact_state where next_change_on <= ?1 order by contact_id",
        )?;
        let rows = select.query_map([date_text(on)], |row| row.get(0).map(ContactId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Contacts whose scores are of other rules than these, or who have none yet.
    pub fn scored_by_other_rules(&self, rule_version: i64) -> Result<Vec<ContactId>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select contact.id from contact left join contact_state on contact_id = contact.id
             where rule_version_id is not ?1 and not exists (select 1 from merged where merged.contact_id = contact.id)
               and not exists (select 1 from objection where objection.contact_id = contact.id and withdrawn_at is null)
             order by contact.id",
        )?;
        let rows = select.query_map([rule_version], |row| row.get(0).map(ContactId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of the rules with this fingerprint, if anything was scored with them.
    pub fn rules_numbered(&self, fingerprint: &str) -> Result<Option<i64>, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select id from rule_version where fingerprint = ?1")?
            .query_row([fingerprint], |row| row.get(0))
            .optional()?)
    }

    /// What is stored about one contact.
    pub fn state(&self, contact: ContactId) -> Result<Option<ContactState>, StoreError> {
        let found = self
            .sql
            .prepare_cached(
                "select next_change_on, unjudged from contact_state where contact_id = ?1",
            )?
            .query_row([contact.0], |row| {
                Ok((row.get::<_, Option<String>>(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((next, unjudged)) = found else {
            return Ok(None);
        };
        let mut segments = self.sql.prepare_cached(
            "select text from segment_member join word on word.id = segment_id where contact_id = ?1 order by text",
        )?;
        let stage = self
            .sql
            .prepare_cached("select text from stage_member join word on word.id = stage_id where contact_id = ?1")?
            .query_row([contact.0], |row| row.get(0))
            .optional()?;
        Ok(Some(ContactState {
            scores: self.scores(contact)?,
            segments: segments
                .query_map([contact.0], |row| row.get(0))?
                .collect::<Result<_, _>>()?,
            stage,
            next_change_on: next.as_deref().map(day_of).transpose()?,
            unjudged,
        }))
    }

    fn scores(&self, contact: ContactId) -> Result<Vec<ScoreRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select name.text, raw, shown, band.text from score join word name on name.id = score_id
             left join word band on band.id = band_id where contact_id = ?1 order by score_id",
        )?;
        let rows = select.query_map([contact.0], |row| {
            Ok(ScoreRow {
                name: row.get(0)?,
                raw: row.get(1)?,
                shown: row.get(2)?,
                band: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn sequence(&self, name: &str) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .prepare_cached("select value from sequence where name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?
            .unwrap_or(0))
    }
}

impl Tx {
    /// Marks contacts as having news; a merged one marks the contact that it is part of.
    pub fn mark_dirty(
        &self,
        contacts: impl IntoIterator<Item = ContactId>,
    ) -> Result<(), StoreError> {
        let mut contacts = contacts.into_iter().peekable();
        if contacts.peek().is_none() {
            return Ok(());
        }
        let seq: i64 = self
            .sql
            .prepare_cached(
                "insert into sequence (name, value) values ('dirty', 1)
                 on conflict do update set value = value + 1 returning value",
            )?
            .query_row((), |row| row.get(0))?;
        let mut insert = self
            .sql
            .prepare_cached("insert or replace into dirty (contact_id, seq) values (?1, ?2)")?;
        let merged: bool =
            self.sql
                .query_row("select exists (select 1 from merged)", (), |row| row.get(0))?;
        for contact in contacts {
            let contact = if merged { self.root(contact)? } else { contact };
            insert.execute(params![contact.0, seq])?;
        }
        Ok(())
    }

    /// Marks everybody that a connection knows: its coverage changed.
    pub fn mark_connection_dirty(&self, connection: ConnectionId) -> Result<(), StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select contact_id from membership where connection_id = ?1")?;
        let contacts: Vec<i64> = select
            .query_map([connection.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.mark_dirty(contacts.into_iter().map(ContactId))
    }

    /// Clears the marks that a run saw; later ones stay.
    pub fn clear_dirty(&self, seen: i64) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from dirty where seq <= ?1")?
            .execute([seen])?;
        Ok(())
    }

    /// The number of a version of the rules, given out when first seen.
    pub fn rule_version(
        &self,
        fingerprint: &str,
        rules: &str,
        known_at: Millis,
    ) -> Result<i64, StoreError> {
        self.sql
            .prepare_cached(
                "insert into rule_version (fingerprint, rules, known_at) values (?1, ?2, ?3) on conflict do nothing",
            )?
            .execute(params![fingerprint, rules, known_at])?;
        Ok(self
            .sql
            .prepare_cached("select id from rule_version where fingerprint = ?1")?
            .query_row([fingerprint], |row| row.get(0))?)
    }

    /// Begins to write the results of a run.
    pub fn results(
        &self,
        rule_version: i64,
        as_of: Day,
        known_at: Millis,
    ) -> Result<Results<'_>, StoreError> {
        let any: bool = self.sql.query_row(
            "select exists (select 1 from merged) or exists (select 1 from objection where withdrawn_at is null)",
            (),
            |row| row.get(0),
        )?;
        let left = "select exists (select 1 from merged where contact_id = ?1)
            or exists (select 1 from objection where contact_id = ?1 and withdrawn_at is null)";
        Ok(Results {
            left: any.then(|| self.sql.prepare_cached(left)).transpose()?,
            tx: self,
            texts: Texts::new(self, ConnectionId(0)),
            rule_version,
            as_of,
            known_at,
            scores: self.sql.prepare_cached(
                "select score_id, raw, shown, band_id from score where contact_id = ?1",
            )?,
            segments: self
                .sql
                .prepare_cached("select segment_id from segment_member where contact_id = ?1")?,
            stage: self
                .sql
                .prepare_cached("select stage_id from stage_member where contact_id = ?1")?,
            state: self.sql.prepare_cached(
                "select rule_version_id, next_change_on, unjudged from contact_state where contact_id = ?1",
            )?,
        })
    }

    /// Forgets what was found about a contact that has become part of another, or objects. That is no move.
    pub(super) fn forget_results(&self, contact: ContactId) -> Result<(), StoreError> {
        self.discount(contact)?;
        for delete in [
            "delete from score where contact_id = ?1",
            "delete from segment_member where contact_id = ?1",
            "delete from stage_member where contact_id = ?1",
            "delete from contact_state where contact_id = ?1",
            "delete from dirty where contact_id = ?1",
        ] {
            self.sql.prepare_cached(delete)?.execute([contact.0])?;
        }
        Ok(())
    }

    /// Takes a contact off the tallies of its groups.
    pub(super) fn discount(&self, contact: ContactId) -> Result<(), StoreError> {
        let mut scores = self.sql.prepare_cached(
            "select score_id, shown, coalesce(band_id, 0) from score where contact_id = ?1",
        )?;
        let points = scores.query_map([contact.0], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        for each in points {
            self.count_points(each?, -1);
        }
        let mut segments = self
            .sql
            .prepare_cached("select segment_id from segment_member where contact_id = ?1")?;
        for segment in segments.query_map([contact.0], |row| row.get(0))? {
            self.count(Group::Segment(segment?), -1);
        }
        let mut stages = self
            .sql
            .prepare_cached("select stage_id from stage_member where contact_id = ?1")?;
        for stage in stages.query_map([contact.0], |row| row.get(0))? {
            self.count(Group::Stage(stage?), -1);
        }
        let mut states = self.sql.prepare_cached(
            "select coalesce(word.id, 0) from contact_state left join word on text = unjudged where contact_id = ?1",
        )?;
        for reason in states.query_map([contact.0], |row| row.get(0))? {
            self.count(Group::Unjudged(reason?), -1);
        }
        Ok(())
    }
}
