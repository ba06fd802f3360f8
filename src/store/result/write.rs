//! Writing one contact's state: what changed, how that moves the tallies, and who moved.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};

use super::{ContactState, Results, ScoreRow};
use crate::store::{
    contact::ContactId,
    error::StoreError,
    tally::{Group, NEW, NONE, NOWHERE, Sort},
    word::{Dictionary, date_text},
};

/// A score as it is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Points {
    raw: i64,
    shown: i64,
    band: Option<u32>,
}

impl Points {
    /// Where it is counted.
    fn of(self, score: u32) -> (u32, i64, u32) {
        (score, self.shown, self.band.unwrap_or(NONE))
    }
}

/// What is stored of a contact's state: rules, next change, why it is not judged.
type Stored = (i64, Option<String>, Option<String>);

impl Results<'_> {
    /// Writes one contact's state; whether a score, band, segment or stage changed. What was found about a
    /// contact that has become part of another since it was read is dropped: the other one is dirty. So is what was found
    /// about one that has objected since.
    pub fn write(&mut self, contact: ContactId, state: &ContactState) -> Result<bool, StoreError> {
        if let Some(left) = &mut self.left
            && left.query_row([contact.0], |row| row.get(0))?
        {
            return Ok(false);
        }
        let known: Option<Stored> = self
            .state
            .query_row([contact.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        // Whoever was never scored comes from nowhere, also where it does not get into anything.
        let outside = if known.is_some() { NOWHERE } else { NEW };
        let mut changed = self.write_scores(contact, &state.scores)?;
        changed |= self.write_segments(contact, &state.segments, outside)?;
        changed |= self.write_stage(contact, state.stage.as_deref(), outside)?;
        self.write_state(contact, state, known)?;
        Ok(changed)
    }

    /// Most contacts are found as they were: a row that says the same as of another date is not written.
    fn write_state(
        &mut self,
        contact: ContactId,
        state: &ContactState,
        known: Option<Stored>,
    ) -> Result<(), StoreError> {
        let next = state.next_change_on.and_then(date_text);
        let new = (self.rule_version, next, state.unjudged.clone());
        if known.as_ref() == Some(&new) {
            return Ok(());
        }
        if known.as_ref().map(|known| &known.2) == Some(&new.2) {
            // The reason has an index, which is best left alone.
            self.tx
                .sql
                .prepare_cached(
                    "update contact_state set rule_version_id = ?2, as_of_on = ?3, next_change_on = ?4 where contact_id = ?1",
                )?
                .execute(params![contact.0, new.0, date_text(self.as_of), new.1])?;
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
        let reason = self.texts.id(Dictionary::Word, new.2.as_deref())?.0;
        let before = match known {
            Some((_, _, before)) => Some(self.texts.id(Dictionary::Word, before.as_deref())?.0),
            None => None,
        };
        if let Some(before) = before {
            self.tx.count(Group::Unjudged(before), -1);
        }
        self.tx.count(Group::Unjudged(reason), 1);
        let from = before.map_or(NEW, i64::from);
        self.moved(Sort::Unjudged, NONE, from, reason.into());
        Ok(())
    }

    fn moved(&self, sort: Sort, score: u32, from: i64, to: i64) {
        self.tx.count_move((self.as_of, sort, score, from, to));
    }

    fn write_scores(
        &mut self,
        contact: ContactId,
        scores: &[ScoreRow],
    ) -> Result<bool, StoreError> {
        let mut known: Vec<(u32, Points)> = Vec::with_capacity(scores.len());
        let mut rows = self.scores.query([contact.0])?;
        while let Some(row) = rows.next()? {
            let points = Points {
                raw: row.get(1)?,
                shown: row.get(2)?,
                band: row.get(3)?,
            };
            known.push((row.get(0)?, points));
        }
        drop(rows);
        let mut changed = false;
        for score in scores {
            let name = self.texts.id(Dictionary::Word, Some(&score.name))?.0;
            let band = self.texts.id(Dictionary::Word, score.band.as_deref())?;
            let new = Points {
                raw: score.raw,
                shown: score.shown,
                band: band.is_some().then_some(band.0),
            };
            let found = known.iter().position(|(known, _)| *known == name);
            let found = found.map(|found| known.swap_remove(found).1);
            if found != Some(new) {
                changed = true;
                self.write_score(contact, name, found, new)?;
            }
        }
        // What is left belongs to scores that the rules no longer have.
        for (name, points) in &known {
            changed = true;
            self.tx.count_points(points.of(*name), -1);
            self.tx
                .sql
                .prepare_cached("delete from score where contact_id = ?1 and score_id = ?2")?
                .execute(params![contact.0, name])?;
        }
        Ok(changed)
    }

    fn write_score(
        &self,
        contact: ContactId,
        name: u32,
        found: Option<Points>,
        new: Points,
    ) -> Result<(), StoreError> {
        let stands = |found: Points| found.of(name) == new.of(name);
        if found.is_some_and(stands) {
            // Points and band have an index, which is best left alone.
            self.tx
                .sql
                .prepare_cached(
                    "update score set raw = ?3 where contact_id = ?1 and score_id = ?2",
                )?
                .execute(params![contact.0, name, new.raw])?;
        } else {
            self.tx
                .sql
                .prepare_cached(
                    "insert into score (contact_id, score_id, raw, shown, band_id) values (?1, ?2, ?3, ?4, ?5)
                     on conflict do update set raw = excluded.raw, shown = excluded.shown, band_id = excluded.band_id",
                )?
                .execute(params![contact.0, name, new.raw, new.shown, new.band])?;
            if let Some(found) = found {
                self.tx.count_points(found.of(name), -1);
            }
            self.tx.count_points(new.of(name), 1);
        }
        if found.map(|found| found.band) != Some(new.band) {
            let from = found.map_or(NEW, |found| i64::from(found.band.unwrap_or(NONE)));
            self.moved(Sort::Band, name, from, new.band.unwrap_or(NONE).into());
        }
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
                new.raw,
                new.shown,
                new.band,
                self.rule_version,
                self.known_at
            ])?;
        Ok(())
    }

    fn write_segments(
        &mut self,
        contact: ContactId,
        segments: &[String],
        outside: i64,
    ) -> Result<bool, StoreError> {
        let known: BTreeSet<u32> = self
            .segments
            .query_map([contact.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut now = BTreeSet::new();
        for segment in segments {
            now.insert(self.texts.id(Dictionary::Word, Some(segment))?.0);
        }
        for &segment in known.difference(&now) {
            self.tx
                .sql
                .prepare_cached(
                    "delete from segment_member where contact_id = ?1 and segment_id = ?2",
                )?
                .execute(params![contact.0, segment])?;
            self.tx.count(Group::Segment(segment), -1);
            self.moved(Sort::Segment, NONE, segment.into(), NOWHERE);
        }
        for &segment in now.difference(&known) {
            self.tx
                .sql
                .prepare_cached("insert into segment_member (contact_id, segment_id, since_on) values (?1, ?2, ?3)")?
                .execute(params![contact.0, segment, date_text(self.as_of)])?;
            self.tx.count(Group::Segment(segment), 1);
            self.moved(Sort::Segment, NONE, outside, segment.into());
        }
        Ok(known != now)
    }

    fn write_stage(
        &mut self,
        contact: ContactId,
        stage: Option<&str>,
        outside: i64,
    ) -> Result<bool, StoreError> {
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
            self.tx.count(Group::Stage(stage.0), 1);
        } else {
            self.tx
                .sql
                .prepare_cached("delete from stage_member where contact_id = ?1")?
                .execute([contact.0])?;
        }
        if let Some(known) = known {
            self.tx.count(Group::Stage(known), -1);
        }
        let from = known.map_or(outside, i64::from);
        self.moved(Sort::Stage, NONE, from, stage.0.into());
        Ok(true)
    }
}
