//! A score's line over time: what was found on each day, what happened meanwhile, where our own sync
//! was blind, and what comes if nothing happens.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, NaiveTime};
use engaged_connectors::model::{EventKind, Verdict};
use maud::Markup;

use crate::{
    because::Known,
    rules::{
        set::{BandLimit, Score},
        syntax::{Condition, Pattern, RuleWhen},
    },
    score::{
        calendar::{Day, Zone},
        evaluate::{Evaluation, course},
        explain::ScoreLines,
        facts::{Hole, KindId},
    },
    store::{Conn, StoreError},
    text::key,
    web::chart::{Band, Complete, Forecast, Frame, Mark, Step, StepLine, line::Words},
    words,
};

use super::{Part, timeline::is_late};

/// No line is longer than so many days.
const DAYS_MAX: i32 = 365;
/// Nor shorter than this.
const DAYS_MIN: i32 = 90;
/// No forecast looks further than so many days.
const AHEAD_MAX: i32 = 365;
/// A longer line leaves days out.
const STEPS_MAX: usize = 150;
/// So many events are gone through, all evaluations together, to work out what was never stored.
const WORK_MAX: usize = 400_000;
/// So many events at most are looked at for marks; more than this say nothing more.
const EVENTS_MAX: usize = 400;
/// So many marks are drawn.
const MARKS_MAX: usize = 60;

/// What happened on one day, of one kind, by people or by machines.
type Key = (Day, String, bool, bool);

/// What the marks tell: how often, and the campaign where it was one.
pub(super) type Happened = BTreeMap<(Day, String, bool, bool), (usize, Option<String>)>;

/// The newest that happened up to a day, sends left out: they are nobody's doing.
pub(super) fn happened(
    conn: &Conn,
    known: &Known,
    until: Day,
    zone: &Zone,
) -> Result<Happened, StoreError> {
    let sent = [EventKind::Send, EventKind::Delivery].map(|kind| KindId::built_in(&kind));
    let events = known.facts.events.iter().rev();
    let events =
        events.filter(|fact| zone.day(fact.at) <= until && !sent.contains(&Some(fact.kind)));
    let events: Vec<_> = events.take(EVENTS_MAX).collect();
    let ids: Vec<i64> = events.iter().map(|fact| fact.id).collect();
    let arrivals = conn.arrivals(&ids)?;
    let mut happened = Happened::new();
    for fact in events {
        let kind = known.vocabulary.kind(fact.kind).as_str().to_owned();
        let human = matches!(fact.verdict, Verdict::Human | Verdict::Unknown);
        let late = is_late(fact, arrivals.get(&fact.id).copied(), &known.facts);
        let key: Key = (zone.day(fact.at), kind, human, late);
        if !happened.contains_key(&key) && happened.len() >= MARKS_MAX {
            break;
        }
        let campaign = known.vocabulary.campaign(fact.campaign).map(str::to_owned);
        let (times, only) = happened.entry(key).or_insert((0, campaign.clone()));
        *times += 1;
        if *only != campaign {
            *only = None;
        }
    }
    Ok(happened)
}

/// What the scores showed on a day.
pub(super) type Showed = (Day, Vec<i64>);

/// What was never stored, because nothing ran yet: the days before the first that was, worked out by the present rules.
/// Nothing, where that would take too long.
pub(super) fn before(known: &Known, first: Day, until: Day) -> Vec<Showed> {
    let zone = known.model.zone();
    let events = &known.facts.events;
    let begin = events
        .first()
        .map_or(known.facts.first_known_at, |fact| fact.at);
    let from = zone.day(begin).max(Day(until.0 - DAYS_MAX));
    let last = first.min(until).previous();
    if last < from {
        return Vec::new();
    }
    let most = (WORK_MAX / events.len().max(1)).min(2 * usize::try_from(DAYS_MAX).unwrap_or(0));
    let course = course(
        &known.model,
        &known.facts,
        &known.coverage,
        (from, last),
        most,
    );
    let days = course.into_iter().flatten();
    let shown =
        |evaluation: &Evaluation| evaluation.scores.iter().map(|score| score.shown).collect();
    days.map(|(day, evaluation)| (day, shown(&evaluation)))
        .collect()
}

impl Part<'_> {
    /// The chart of one score.
    pub(super) fn line(&self, index: usize, score: &ScoreLines, known: &Known) -> Markup {
        let say = self.say();
        let config = &self.visit.jobs.config;
        let rules = config
            .rules
            .scores
            .iter()
            .find(|each| each.name == score.name);
        let steps = self.steps(index, score);
        let first = steps.first().map_or(self.as_of, |(day, _)| *day);
        let from = first
            .min(Day(self.as_of.0 - DAYS_MIN))
            .max(Day(self.as_of.0 - DAYS_MAX));
        let holes = rules.map(|rules| holes(known, rules, from, self.as_of));
        let (holes, blind_since) = split(holes.unwrap_or_default(), self.as_of);
        let message = self.message(&steps, from);
        let chart = StepLine {
            from: start(from),
            now: start(self.as_of.next()),
            steps: with_gaps(&steps, &holes),
            forecast: self.forecast(index, known),
            bands: rules.map(bands).unwrap_or_default(),
            marks: self.marks(from),
            complete: blind_since.map(|since| Complete {
                until: start(since),
                label: say.t("stale-from"),
            }),
            words: Words {
                points: say.t("contact-line-points"),
                time: say.t("contact-line-date"),
                events: say.t("contact-line-events"),
                by: say.t("contact-line-by"),
                gap: say.t("gap"),
                human: say.t("contact-line-human"),
                machine: say.t("contact-line-machine"),
                late: say.t("contact-line-late"),
            },
        };
        let frame = Frame {
            id: format!("line-{index}"),
            title: say.t("contact-line-title"),
            message,
            empty: say.t("contact-line-empty"),
            as_table: say.t("as-table"),
        };
        chart.draw(&frame, &say).figure
    }

    /// The days on which the score changed, and what it is on the date that is shown.
    fn steps(&self, index: usize, score: &ScoreLines) -> Vec<(Day, i64)> {
        let rows = self.seen.history.iter();
        let rows = rows.filter(|row| row.score == score.name);
        let stored = rows.filter_map(|row| Some((Day::parse(&row.on)?, row.shown)));
        let before = self.seen.before.iter();
        let before = before.filter_map(|(day, shown)| Some((*day, *shown.get(index)?)));
        let steps = before.chain(stored.filter(|(day, _)| *day < self.as_of));
        let mut steps: Vec<(Day, i64)> = steps.collect();
        steps.push((self.as_of, score.shown));
        // What stayed is no step.
        steps.dedup_by(|next, before| next.1 == before.1);
        let from = Day(self.as_of.0 - DAYS_MAX);
        let before = steps.iter().filter(|(day, _)| *day < from).count();
        let mut steps = steps.split_off(before.saturating_sub(1));
        if let Some(first) = steps.first_mut() {
            first.0 = first.0.max(from);
        }
        thinned(steps)
    }

    fn message(&self, steps: &[(Day, i64)], from: Day) -> String {
        let say = self.say();
        let now = steps.last().map_or(0, |(_, points)| *points);
        let told = match steps {
            [] | [_] => say.with(
                "contact-line-level",
                [
                    ("points", say.n(now).into()),
                    (
                        "since",
                        say.day(steps.first().map_or(from, |step| step.0)).into(),
                    ),
                ],
            ),
            [.., before, last] => say.with(
                "contact-line-moved",
                [
                    ("before", say.n(before.1).into()),
                    ("points", say.n(last.1).into()),
                    ("on", say.day(last.0).into()),
                ],
            ),
        };
        match self.seen.first_on {
            Some(first) if !self.seen.before.is_empty() => {
                let first = say.day(first);
                format!(
                    "{told} {}",
                    say.with("contact-line-before", [("on", first.into())])
                )
            }
            _ => told,
        }
    }

    fn forecast(&self, index: usize, known: &Known) -> Option<Forecast> {
        let explanation = &known.explanation;
        let name = &explanation.scores.get(index)?.name;
        let ahead = &explanation.ahead;
        let last = Day(self.as_of.0.saturating_add(AHEAD_MAX));
        let steps = ahead.steps.iter().take_while(|step| step.on <= last);
        let steps: Vec<(Day, i64)> = steps
            .filter_map(|step| {
                let moved = step.moves.iter().find(|moved| moved.score == *name)?;
                Some((step.on, moved.shown.1))
            })
            .collect();
        // Some days of rest after the last change, so that it can be seen.
        let until = steps.last().map(|(day, _)| Day(day.0 + 14))?;
        let label = if ahead.hindsight {
            key("contact-line-then")
        } else {
            key("contact-line-if-nothing")
        };
        Some(Forecast {
            until: start(until),
            steps: steps
                .into_iter()
                .map(|(day, points)| step(day, Some(points)))
                .collect(),
            label: self.say().t(label),
        })
    }

    fn marks(&self, from: Day) -> Vec<Mark> {
        let language = self.say().language;
        let happened = self
            .seen
            .happened
            .iter()
            .filter(|((day, ..), _)| *day >= from);
        let marks = happened.map(|((day, kind, human, late), (times, campaign))| {
            let kind = EventKind::built_in(kind).unwrap_or_else(|| EventKind::Custom(kind.clone()));
            let mut label = words::kind(&kind, language);
            if *times > 1 {
                label = format!("{times} × {label}");
            }
            if let Some(campaign) = campaign {
                let short: String = campaign.chars().take(60).collect();
                label += &format!(" ({short})");
            }
            Mark {
                at: start(*day),
                label: self.visit.plain(&label),
                human: *human,
                late: *late,
                href: Some("#events".to_owned()),
            }
        });
        marks.collect()
    }
}

/// A day's first moment, as charts have it.
fn start(day: Day) -> NaiveDateTime {
    day.date().unwrap_or_default().and_time(NaiveTime::MIN)
}

fn step(day: Day, points: Option<i64>) -> Step {
    Step {
        at: start(day),
        points: points.map(|points| points.saturating_mul(1000)),
    }
}

/// Of a line with too many steps, every so many of the older ones.
fn thinned(steps: Vec<(Day, i64)>) -> Vec<(Day, i64)> {
    let every = steps.len().div_ceil(STEPS_MAX).max(1);
    let last = steps.len().saturating_sub(1);
    let kept = steps.into_iter().enumerate();
    let kept = kept.filter(|(place, _)| (last - place).is_multiple_of(every));
    kept.map(|(_, step)| step).collect()
}

/// The line, which is not known where our own sync was blind.
fn with_gaps(steps: &[(Day, i64)], holes: &[Hole]) -> Vec<Step> {
    let blind = |day: Day| holes.iter().any(|hole| hole.from <= day && day <= hole.to);
    let mut line: Vec<Step> = Vec::new();
    for (place, (day, points)) in steps.iter().enumerate() {
        let until = steps.get(place + 1).map_or(Day::NEVER, |next| next.0);
        line.push(step(*day, (!blind(*day)).then_some(*points)));
        for hole in holes
            .iter()
            .filter(|hole| hole.to >= *day && hole.from < until)
        {
            if hole.from > *day {
                line.push(step(hole.from, None));
            }
            if hole.to.next() < until {
                line.push(step(hole.to.next(), Some(*points)));
            }
        }
    }
    line
}

/// Holes that are over, and since when we are blind until the day itself.
fn split(holes: Vec<Hole>, as_of: Day) -> (Vec<Hole>, Option<Day>) {
    let (open, over): (Vec<Hole>, Vec<Hole>) =
        holes.into_iter().partition(|hole| hole.to.next() >= as_of);
    (over, open.iter().map(|hole| hole.from).min())
}

/// The days on which what a score reads may be missing, from a connection that knows the contact.
fn holes(known: &Known, score: &Score, from: Day, until: Day) -> Vec<Hole> {
    let read = kinds(score);
    let is_read =
        |kind: &Option<KindId>| kind.is_none_or(|kind| read.contains(&known.vocabulary.kind(kind)));
    let holes = known.coverage.holes.iter();
    let theirs = holes.filter(|(connection, kind, _)| {
        known.facts.connections.contains(connection) && is_read(kind)
    });
    let within = theirs.flat_map(|(.., holes)| holes).map(|hole| Hole {
        from: hole.from.max(from),
        to: hole.to.min(until),
    });
    let mut holes: Vec<Hole> = within.filter(|hole| hole.from <= hole.to).collect();
    holes.sort_by_key(|hole| (hole.from, hole.to));
    let mut united: Vec<Hole> = Vec::new();
    for hole in holes {
        match united.last_mut() {
            Some(last) if hole.from <= last.to.next() => last.to = last.to.max(hole.to),
            _ => united.push(hole),
        }
    }
    united
}

/// The kinds of events that the rules of a score ask for.
fn kinds(score: &Score) -> BTreeSet<EventKind> {
    let mut kinds = BTreeSet::new();
    for rule in &score.rules {
        match &rule.when {
            RuleWhen::Each(pattern) => note(pattern, &mut kinds),
            RuleWhen::State(condition) => collect(condition, &mut kinds),
        }
    }
    kinds
}

fn note(pattern: &Pattern, kinds: &mut BTreeSet<EventKind>) {
    if pattern.kind == EventKind::Bounce {
        kinds.extend([EventKind::HardBounce, EventKind::SoftBounce]);
    }
    kinds.insert(pattern.kind.clone());
}

fn collect(condition: &Condition, kinds: &mut BTreeSet<EventKind>) {
    match condition {
        Condition::Or(parts) | Condition::And(parts) => {
            for part in parts {
                collect(part, kinds);
            }
        }
        Condition::Not(inner) => collect(inner, kinds),
        Condition::Absence { pattern, .. }
        | Condition::Count { pattern, .. }
        | Condition::Total { pattern, .. }
        | Condition::DaysWith { pattern, .. }
        | Condition::TimeSince { pattern, .. } => note(pattern, kinds),
        _ => {}
    }
}

/// A score's bands from the lowest, as far as a chart needs them.
fn bands(score: &Score) -> Vec<Band> {
    let bands = score.bands.iter().rev().map(|band| Band {
        name: band.name.clone(),
        from: match band.limit {
            BandLimit::Above(limit) => Some(limit.saturating_add(1).saturating_mul(1000)),
            BandLimit::From(limit) => Some(limit.saturating_mul(1000)),
            BandLimit::Rest => None,
        },
    });
    bands.collect()
}
