//! What scoring found: scores, bands, segments, stages, and whom to score next.
//!
//! All of it is a cache of pure functions. A dirty mark carries a number, so
//! that a run clears only the marks it saw.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, OptionalExtension, params};

use super::{
    Conn, Tx,
    contact::ContactId,
    error::StoreError,
    word::{Dictionary, Texts, date_text, day_of},
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
    /// Whether a contact is part of another by now; `None` while nobody is.
    merged: Option<CachedStatement<'t>>,
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

    /// How many contacts are in each band of each score: `(score, band, contacts)`.
    pub fn band_sizes(&self) -> Result<Vec<(String, Option<String>, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select name.text, band.text, contacts from
               (select score_id, band_id, count(*) contacts from score group by score_id, band_id)
             join word name on name.id = score_id left join word band on band.id = band_id order by score_id, contacts desc",
        )?;
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
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
        let any: bool = self
            .sql
            .query_row("select exists (select 1 from merged)", (), |row| row.get(0))?;
        let merged = "select exists (select 1 from merged where contact_id = ?1)";
        Ok(Results {
            merged: any
                .then(|| self.sql.prepare_cached(merged))
                .transpose()?,
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

    pub(super) fn forget_results(&self, contact: ContactId) -> Result<(), StoreError> {
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
}

impl Results<'_> {
    /// Writes one contact's state; whether a score, band, segment or stage changed. What was found about a
    /// contact that has become part of another since it was read is dropped: the other one is dirty.
    pub fn write(&mut self, contact: ContactId, state: &ContactState) -> Result<bool, StoreError> {
        if let Some(merged) = &mut self.merged
            && merged.query_row([contact.0], |row| row.get(0))?
        {
            return Ok(false);
        }
        let mut changed = self.write_scores(contact, &state.scores)?;
        changed |= self.write_segments(contact, &state.segments)?;
        changed |= self.write_stage(contact, state.stage.as_deref())?;
        self.write_state(contact, state)?;
        Ok(changed)
    }

    /// Most contacts are found as they were: a row that says the same as of another date is not written.
    fn write_state(&mut self, contact: ContactId, state: &ContactState) -> Result<(), StoreError> {
        type Stored = (i64, Option<String>, Option<String>);
        let known: Option<Stored> = self
            .state
            .query_row([contact.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let next = state.next_change_on.and_then(date_text);
        let new = (self.rule_version, next, state.unjudged.clone());
        if known.as_ref() == Some(&new) {
            return Ok(());
        }
        self.tx
            .sql
            .prepare_cached(
                "insert into contact_state (contact_id, rule_version_id, as_of_on, next_change_on, unjudged)
                 values (?1, ?2, ?3, ?4, ?5)
                 on conflict do update set rule_version_id = excluded.rule_version_id, as_of_on = excluded.as_of_on,
                   next_change_on = excluded.next_change_on, unjudged = excluded.unjudged",
            )?
            .execute(params![contact.0, new.0, date_text(self.as_of), new.1, new.2])?;
        Ok(())
    }

    fn write_scores(
        &mut self,
        contact: ContactId,
        scores: &[ScoreRow],
    ) -> Result<bool, StoreError> {
        type Stored = (i64, i64, Option<u32>);
        let mut known: Vec<(u32, Stored)> = Vec::with_capacity(scores.len());
        let mut rows = self.scores.query([contact.0])?;
        while let Some(row) = rows.next()? {
            known.push((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)));
        }
        drop(rows);
        let mut changed = false;
        for score in scores {
            let name = self.texts.id(Dictionary::Word, Some(&score.name))?.0;
            let band = self.texts.id(Dictionary::Word, score.band.as_deref())?;
            let band = band.is_some().then_some(band.0);
            let new = (score.raw, score.shown, band);
            let found = known.iter().position(|(known, _)| *known == name);
            let found = found.map(|found| known.swap_remove(found).1);
            if found == Some(new) {
                continue;
            }
            changed = true;
            self.tx
                .sql
                .prepare_cached(
                    "insert into score (contact_id, score_id, raw, shown, band_id) values (?1, ?2, ?3, ?4, ?5)
                     on conflict do update set raw = excluded.raw, shown = excluded.shown, band_id = excluded.band_id",
                )?
                .execute(params![contact.0, name, score.raw, score.shown, band])?;
            self.tx
                .sql
                .prepare_cached(
                    "insert into score_history (contact_id, score_id, as_of_on, raw, shown, band_id, rule_version_id, known_at)
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     on conflict do update set raw = excluded.raw, shown = excluded.shown, band_id = excluded.band_id,
                       rule_version_id = excluded.rule_version_id, known_at = excluded.known_at",
                )?
                .execute(params![
                    contact.0,
                    name,
                    date_text(self.as_of),
                    score.raw,
                    score.shown,
                    band,
                    self.rule_version,
                    self.known_at
                ])?;
        }
        // What is left belongs to scores that the rules no longer have.
        for (name, _) in &known {
            changed = true;
            self.tx
                .sql
                .prepare_cached("delete from score where contact_id = ?1 and score_id = ?2")?
                .execute(params![contact.0, name])?;
        }
        Ok(changed)
    }

    fn write_segments(
        &mut self,
        contact: ContactId,
        segments: &[String],
    ) -> Result<bool, StoreError> {
        let known: BTreeSet<u32> = self
            .segments
            .query_map([contact.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut now = BTreeSet::new();
        for segment in segments {
            now.insert(self.texts.id(Dictionary::Word, Some(segment))?.0);
        }
        for segment in known.difference(&now) {
            self.tx
                .sql
                .prepare_cached(
                    "delete from segment_member where contact_id = ?1 and segment_id = ?2",
                )?
                .execute(params![contact.0, segment])?;
        }
        for segment in now.difference(&known) {
            self.tx
                .sql
                .prepare_cached("insert into segment_member (contact_id, segment_id, since_on) values (?1, ?2, ?3)")?
                .execute(params![contact.0, segment, date_text(self.as_of)])?;
        }
        Ok(known != now)
    }

    fn write_stage(&mut self, contact: ContactId, stage: Option<&str>) -> Result<bool, StoreError> {
        let stage = self.texts.id(Dictionary::Word, stage)?;
        let known: Option<u32> = self
            .stage
            .query_row([contact.0], |row| row.get(0))
            .optional()?;
        if known.unwrap_or_default() == stage.0 {
            return Ok(false);
        }
        if stage.is_some() {
            self.tx
                .sql
                .prepare_cached(
                    "insert or replace into stage_member (contact_id, stage_id, since_on) values (?1, ?2, ?3)",
                )?
                .execute(params![contact.0, stage.0, date_text(self.as_of)])?;
        } else {
            self.tx
                .sql
                .prepare_cached("delete from stage_member where contact_id = ?1")?
                .execute([contact.0])?;
        }
        Ok(true)
    }
}
