//! Scores the contacts that need it, and stores what changed.
//!
//! A contact needs it when there is news about it, when a date has come on
//! which something changes by itself, when the rules are others, or when our
//! own coverage is. Scoring everybody gives the same result, only later.

mod doors;
pub mod past;

use std::{collections::BTreeMap, sync::Arc};

use engaged_connectors::Clock;
use serde::Serialize;

use crate::{
    config::Config,
    rules::truth::Truth,
    score::{
        calendar::{Day, Zone},
        evaluate::{Evaluation, evaluate_with_next},
        explain::why_unjudged,
        facts::{Coverage, Facts},
        model::Model,
    },
    store::{Conn, ContactId, ContactState, ScoreRow, Store, StoreError, Which},
};

pub use self::doors::DoorReport;
use self::doors::{Doors, Shown};

/// From so many on, contacts that are a third of all are found by walking through everybody: that
/// is faster than looking them up, and the list of them need not be held.
const WALK_MIN: u64 = 10_000;

/// How many contacts' results are written in one transaction.
const BATCH: usize = 5_000;

/// From how many contacts one snapshot is read, or how many numbers of contacts. While a snapshot is held, all that is
/// written stays in the database's log: one for everybody would make it grow with the list.
const SNAPSHOT: usize = 20_000;

/// What a run found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScoreReport {
    /// The date that was scored.
    pub as_of: String,
    /// Contacts evaluated.
    pub scored: u64,
    /// Of those, contacts for whom a score, band, segment or stage changed.
    pub changed: u64,
    /// Of those evaluated, contacts about whom an absence cannot be judged.
    pub unjudged: u64,
    /// Who entered and left automations, where anybody did.
    pub automations: Vec<DoorReport>,
}

/// Scores as of today.
pub fn rescore(
    store: &Store,
    config: &Config,
    clock: &dyn Clock,
    full: bool,
    progress: &dyn Fn(u64, u64),
) -> Result<ScoreReport, StoreError> {
    let limits = (full, WALK_MIN, SNAPSHOT);
    rescore_from(store, config, clock, limits, progress)
}

/// As [`rescore`], walking through everybody from so many contacts on, so many of them in one snapshot.
fn rescore_from(
    store: &Store,
    config: &Config,
    clock: &dyn Clock,
    (full, walk_min, snapshot): (bool, u64, usize),
    progress: &dyn Fn(u64, u64),
) -> Result<ScoreReport, StoreError> {
    let now = clock.now().timestamp_millis();
    let zone = Zone::new(config.zone);
    let today = zone.day(now);
    let version = version(store, config, now)?;

    let ahead = reach(store, today, now)?;

    let (who, seen, model, coverage, changed_coverage, changed_rules) = store.read(|conn| {
        let coverage = conn.coverage(&zone, today, None)?;
        let seen = conn.dirty_mark()?;
        let changed_coverage = conn.coverage_mark()? != mark(&coverage);
        // Where the mark stands, whoever is not scored by these rules is new, and so is dirty.
        let changed_rules = conn.rules_mark()? != Some(version);
        let everybody = full || changed_coverage || ahead;
        let others = changed_rules.then_some(version);
        let who = if everybody || many(conn, others, walk_min)? {
            None
        } else {
            Some(wanting(conn, others, today, now)?)
        };
        Ok((
            who,
            seen,
            Model::new(&config.rules, &conn.vocabulary()?),
            coverage,
            changed_coverage,
            changed_rules,
        ))
    })?;
    take_marks_off(store, changed_rules, changed_coverage, now)?;

    let total = match &who {
        Some(who) => who.len() as u64,
        None => store.read(super::store::Conn::count_contacts)?,
    };
    let mut run = Run {
        store,
        model: &model,
        coverage: &coverage,
        version,
        today,
        now,
        batch: Vec::new(),
        doors: store.read(|conn| {
            let rules = (&model, &coverage, &zone);
            Doors::new(conn, &config.automations, rules, version, (today, now))
        })?,
        reports: BTreeMap::new(),
        report: ScoreReport {
            as_of: today.to_string(),
            ..ScoreReport::default()
        },
    };
    run.walk_all(who.as_deref(), snapshot, &|done| progress(done, total))?;
    run.report.automations = std::mem::take(&mut run.reports).into_values().collect();
    let mark = mark(&coverage);
    store.write(move |tx| {
        tx.set_coverage_mark(&mark, now)?;
        tx.set_scored_to(today, now)?;
        tx.set_rules_mark(Some(version), now)?;
        tx.end_scoring(today, now, now)?;
        tx.take_day(today, now)?;
        tx.clear_dirty(seen)
    })?;
    Ok(run.report)
}

/// Whether somebody may be scored as of a day that has not come, since the clock was set back. Keeps today as a day as of
/// which somebody may be scored, before anybody is.
fn reach(store: &Store, today: Day, now: i64) -> Result<bool, StoreError> {
    let to = store.read(Conn::scored_to)?;
    if to.is_none_or(|to| to < today) {
        store.write(move |tx| tx.set_scored_to(today, now))?;
    }
    Ok(to.is_some_and(|to| to > today))
}

/// The number of the present rules, and what each automation rests on in them.
fn version(store: &Store, config: &Config, now: i64) -> Result<i64, StoreError> {
    let (fingerprint, rules) = (config.rules_hash.clone(), format!("{:?}", config.rules));
    let automations = config.automations.iter();
    let behind: Vec<(String, String)> = automations
        .map(|each| (each.name.clone(), each.fingerprint.clone()))
        .collect();
    store.write(move |tx| {
        let version = tx.rule_version(&fingerprint, &rules, now)?;
        tx.set_automation_versions(version, &behind)?;
        Ok(version)
    })
}

/// The contacts with news, or for whom a date or an instant has come, or who are scored by other rules.
fn wanting(
    conn: &Conn,
    changed_rules: Option<i64>,
    today: Day,
    now: i64,
) -> Result<Vec<ContactId>, StoreError> {
    let mut who = conn.dirty()?.contacts;
    who.extend(conn.due(today)?);
    who.extend(conn.settled(now)?);
    if let Some(version) = changed_rules {
        who.extend(conn.scored_by_other_rules(version)?);
    }
    who.sort_unstable();
    who.dedup();
    Ok(who)
}

/// Whether so many contacts have news, or are not scored by these rules, that a walk through everybody is shorter.
fn many(conn: &Conn, changed_rules: Option<i64>, walk_min: u64) -> Result<bool, StoreError> {
    let dirty = conn.count_dirty()?;
    if changed_rules.is_none() && dirty < walk_min {
        return Ok(false);
    }
    let all = conn.count_contacts()?;
    let stale = match changed_rules {
        Some(version) => all.saturating_sub(conn.count_scored_by(version)?),
        None => 0,
    };
    let some = dirty.max(stale);
    Ok(some >= walk_min && some * 3 >= all)
}

/// A run that is cut off leaves some contacts scored by other rules, or over other holes, than the rest. The next run
/// must see that also if the rules or the holes have become what they were.
fn take_marks_off(store: &Store, rules: bool, coverage: bool, now: i64) -> Result<(), StoreError> {
    if rules {
        store.write(move |tx| tx.set_rules_mark(None, now))?;
    }
    if coverage {
        store.write(move |tx| tx.set_coverage_mark("", now))?;
    }
    Ok(())
}

/// A text that is equal exactly when the holes are, and what is reported at all; never empty.
pub fn mark(coverage: &Coverage) -> String {
    format!("{:?} {:?}", coverage.holes, coverage.reported)
}

struct Run<'a> {
    store: &'a Store,
    model: &'a Model,
    coverage: &'a Coverage,
    version: i64,
    today: Day,
    now: i64,
    batch: Vec<(ContactId, ContactState, Option<Shown>)>,
    doors: Doors<'a>,
    /// By the automation's place among all.
    reports: BTreeMap<usize, DoorReport>,
    report: ScoreReport,
}

impl Run<'_> {
    /// These contacts, or everybody, by their numbers. Who comes meanwhile is news for the next run.
    fn walk_all(
        &mut self,
        who: Option<&[ContactId]>,
        snapshot: usize,
        progress: &dyn Fn(u64),
    ) -> Result<(), StoreError> {
        if let Some(who) = who {
            let mut parts = who.chunks(snapshot);
            return parts.try_for_each(|part| self.walk(Which::These(part), progress));
        }
        let Some((first, last)) = self.store.read(Conn::contact_span)? else {
            return Ok(());
        };
        for from in (first.0..=last.0).step_by(snapshot) {
            let to = last
                .0
                .min(from + i64::try_from(snapshot).unwrap_or(i64::MAX) - 1);
            self.walk(Which::Between(ContactId(from), ContactId(to)), progress)?;
        }
        Ok(())
    }

    /// Some contacts, as they are in one snapshot. What one knows that the one before did not is news as well: the next
    /// run scores those again.
    fn walk(&mut self, which: Which<'_>, progress: &dyn Fn(u64)) -> Result<(), StoreError> {
        let (store, model) = (self.store, self.model);
        store.read(|conn| {
            conn.for_each_needed(which, None, &model.needs(), |contact, facts| {
                self.contact(conn, contact, facts)?;
                progress(self.report.scored);
                Ok(())
            })
        })?;
        // Nobody reads now: this commit brings the log into the file, and the next snapshot lets it begin anew.
        self.flush()
    }

    fn contact(
        &mut self,
        conn: &Conn,
        contact: ContactId,
        facts: &Facts,
    ) -> Result<(), StoreError> {
        let (evaluation, next) = evaluate_with_next(self.model, facts, self.coverage, self.today);
        let state = state(self.model, &evaluation, next);
        self.report.scored += 1;
        self.report.unjudged += u64::from(state.unjudged.is_some());
        let shown = self.doors.look(conn, contact, facts, &evaluation)?;
        // The last one waits for the end of its snapshot, so that there is something to commit then.
        if self.batch.len() >= BATCH {
            self.flush()?;
        }
        self.batch.push((contact, state, shown));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = Arc::new(std::mem::take(&mut self.batch));
        let (version, today, now) = (self.version, self.today, self.now);
        let carrier = self.doors.carrier();
        let (changed, reports) = self.store.write(move |tx| {
            let (mut carrier, mut changed) = (carrier, 0);
            for (contact, _, shown) in batch.iter() {
                if let Some(shown) = shown {
                    carrier.carry(tx, *contact, shown)?;
                }
            }
            let mut results = tx.results(version, today, now)?;
            for (contact, state, _) in batch.iter() {
                changed += u64::from(results.write(*contact, state)?);
            }
            Ok((changed, carrier.reports()))
        })?;
        self.report.changed += changed;
        for (place, report) in reports {
            self.reports.entry(place).or_default().add(report);
        }
        Ok(())
    }
}

/// An evaluation by name, as it is stored.
pub fn state(model: &Model, evaluation: &Evaluation, next: Option<Day>) -> ContactState {
    let rules = model.rules();
    let scores = rules
        .scores
        .iter()
        .zip(&evaluation.scores)
        .map(|(score, value)| ScoreRow {
            name: score.name.clone(),
            raw: value.raw,
            shown: value.shown,
            band: value.band.map(|band| score.bands[band].name.clone()),
        });
    let segments = rules.segments.iter().zip(&evaluation.segments);
    let inside = segments
        .filter(|(_, truth)| **truth == Truth::True)
        .map(|(segment, _)| segment.name.clone());
    ContactState {
        scores: scores.collect(),
        segments: inside.collect(),
        stage: evaluation
            .stage
            .map(|stage| rules.stages[stage].name.clone()),
        next_change_on: next,
        unjudged: why_unjudged(evaluation).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
