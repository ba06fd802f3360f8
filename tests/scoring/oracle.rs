//! The naive scorer: the contract's sections 3 to 7 in plain loops.
//!
//! It shares no code with `engaged::score`: its own calendar, its own matching,
//! and brute force over days. Nothing is fast here, and nothing is clever.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use engaged::{
    rules::{
        set::{BandLimit, RuleSet, Score},
        syntax::{Condition, RuleWhen},
    },
    score::facts::{Coverage, Fact, Facts, Vocabulary},
};

pub(super) mod absence;
mod conditions;
pub(super) mod dates;
mod each;
mod matching;
mod measures;
mod orders;
mod readings;
mod status;
mod texts;
mod tracking;

pub(super) use absence::Why;
use conditions::Settings;
pub(super) use matching::is_plain_fact;

/// True, false, or `None` for unknown.
pub(super) type Kleene = Option<bool>;

/// What one contact is on one date.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) scores: Vec<ScoreLines>,
    pub(super) segments: Vec<Kleene>,
    pub(super) stage: Option<usize>,
}

/// One score: every line, the sum, what is shown, the band.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScoreLines {
    pub(super) rules: Vec<(i64, Vec<Why>)>,
    /// `(group, points)`, where a limit changed something.
    pub(super) groups: Vec<(usize, i64)>,
    /// `(adjustment, points)`.
    pub(super) adjustments: Vec<(i64, i64)>,
    pub(super) floor: i64,
    pub(super) raw: i64,
    pub(super) shown: i64,
    pub(super) band: Option<usize>,
}

/// What happened while scoring, for the counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Note {
    Lifted,
    Repeat,
    PeriodCap,
    RuleCap,
    Expired,
    Decayed,
    GroupLimit,
    PenaltyFloor,
    RangeLimit,
    OtherCurrency,
    NotYetCustomer,
    HoleUnderMeasure,
    BouncedMail,
    ClickForOpen,
    AbsentBeforeToday,
    LaterEvent,
    StagePassedOver,
    OrderToldAgain,
    BlindMeasure,
    ForgottenMeasure,
    ForgottenMail,
}

/// One contact, ready to be evaluated on any date.
pub(super) struct Oracle<'a> {
    rules: &'a RuleSet,
    vocabulary: &'a Vocabulary,
    facts: &'a Facts,
    coverage: &'a Coverage,
    /// Each event with its local date, by instant, connection and id.
    events: Vec<(&'a Fact, i32)>,
    /// Events by pattern and kind; matching does not depend on the date.
    matched: RefCell<HashMap<matching::Asked, Rc<Vec<usize>>>>,
    pub(super) notes: RefCell<HashMap<Note, usize>>,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(
        rules: &'a RuleSet,
        vocabulary: &'a Vocabulary,
        facts: &'a Facts,
        coverage: &'a Coverage,
    ) -> Self {
        let mut events: Vec<(&Fact, i32)> = facts
            .events
            .iter()
            .filter(|fact| !tracking::is_hidden(facts, fact))
            .map(|fact| (fact, dates::local(rules.zone, fact.at)))
            .collect();
        events.sort_by_key(|(fact, _)| (fact.at, fact.connection, fact.quantity, fact.id));
        Self {
            rules,
            vocabulary,
            facts,
            coverage,
            events,
            matched: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// Everything on one date.
    pub(super) fn evaluate(&self, as_of: i32) -> Outcome {
        if self.events.iter().any(|(_, day)| *day > as_of) {
            self.note(Note::LaterEvent);
        }
        let mut scores = Vec::new();
        for score in &self.rules.scores {
            let lines = self.score(score, &scores, as_of);
            scores.push(lines);
        }
        let outside = Settings {
            guards: true,
            min_sends: self.rules.min_sends,
        };
        let holds =
            |when: &Condition| self.condition(when, outside, &scores, as_of, &mut Vec::new());
        let segments = self.rules.segments.iter().map(|each| holds(&each.when));
        let segments = segments.collect();
        let mut stage = None;
        for (index, each) in self.rules.stages.iter().enumerate() {
            match holds(&each.when) {
                Some(true) => {
                    stage = Some(index);
                    break;
                }
                Some(false) => {}
                None => self.note(Note::StagePassedOver),
            }
        }
        Outcome {
            scores,
            segments,
            stage,
        }
    }

    fn score(&self, score: &Score, earlier: &[ScoreLines], as_of: i32) -> ScoreLines {
        let mut rules = Vec::new();
        for rule in &score.rules {
            rules.push(match &rule.when {
                RuleWhen::Each(pattern) => (self.each(rule, pattern, as_of), Vec::new()),
                RuleWhen::State(when) => {
                    let mut absences = Vec::new();
                    let settings = Settings {
                        guards: rule.guards,
                        min_sends: rule.min_sends,
                    };
                    let truth = self.condition(when, settings, earlier, as_of, &mut absences);
                    (if truth == Some(true) { rule.points } else { 0 }, absences)
                }
            });
        }
        // What the floor looks at: a group counts as one item, by what its limits leave of it.
        let mut items: Vec<i64> = (score.rules.iter().zip(&rules))
            .filter(|(rule, _)| rule.group.is_none())
            .map(|(_, (points, _))| *points)
            .collect();
        let mut groups = Vec::new();
        for (index, group) in score.groups.iter().enumerate() {
            let sum: i64 = (score.rules.iter().zip(&rules))
                .filter(|(rule, _)| rule.group.as_ref() == Some(&group.name))
                .map(|(_, (points, _))| *points)
                .sum();
            let mut limited = sum;
            if let Some(max) = group.max.filter(|max| limited > *max) {
                limited = max;
            }
            if let Some(min) = group.min.filter(|min| limited < *min) {
                limited = min;
            }
            if limited != sum {
                self.note(Note::GroupLimit);
                groups.push((index, limited - sum));
            }
            items.push(limited);
        }
        let adjustments: Vec<(i64, i64)> = (self.facts.adjustments.iter())
            .filter(|each| each.score == score.name && each.points != 0)
            .filter(|each| each.from.0 <= as_of && as_of < each.until.0)
            .map(|each| (each.id, each.points))
            .collect();
        items.extend(adjustments.iter().map(|(_, points)| points));
        let negative: i64 = items.iter().filter(|points| **points < 0).sum();
        let floor = match score.penalty_floor {
            Some(floor) if negative < floor => floor - negative,
            _ => 0,
        };
        if floor != 0 {
            self.note(Note::PenaltyFloor);
        }
        let raw = items.iter().sum::<i64>() + floor;
        let shown = self.shown(score, raw);
        ScoreLines {
            rules,
            groups,
            adjustments,
            floor,
            raw,
            shown,
            band: band(score, shown),
        }
    }

    fn shown(&self, score: &Score, raw: i64) -> i64 {
        let mut limited = raw;
        if let Some((low, high)) = score.range {
            limited = raw.max(low * 1000).min(high * 1000);
        }
        if limited != raw {
            self.note(Note::RangeLimit);
        }
        rounded(limited, 1000)
    }

    fn note(&self, note: Note) {
        *self.notes.borrow_mut().entry(note).or_default() += 1;
    }
}

fn band(score: &Score, shown: i64) -> Option<usize> {
    score.bands.iter().position(|band| match band.limit {
        BandLimit::Above(limit) => shown > limit,
        BandLimit::From(limit) => shown >= limit,
        BandLimit::Rest => true,
    })
}

/// `number / by`, half away from zero.
fn rounded(number: i64, by: i64) -> i64 {
    let size = (number.abs() * 2 + by) / (by * 2);
    if number < 0 { -size } else { size }
}
