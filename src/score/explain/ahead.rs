//! What changes by itself after a date, day by day, and what causes it.

use crate::rules::{
    set::{Decay, Group, Rule, Score},
    syntax::{Condition, Pattern, RuleWhen},
    truth::Truth,
};

use super::{
    super::{
        calendar::Day,
        each,
        evaluate::{
            Correction, CorrectionKind, Evaluation, Evaluator, RuleValue, ScoreValue, next_change,
        },
        model::Model,
        subject::Subject,
    },
    Coming, Points,
    lines::band_name,
};

/// How many coming changes the serialized explanation lists.
const NEXT_MAX: usize = 6;

/// How many days are told in full.
const STEPS_MAX: usize = 24;

/// How many days are looked at: points with a half-life change on every one.
const LOOKED_AT_MAX: usize = 400;

/// What changes by itself.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// The days on which something changes, soonest first. Days on which points
    /// only fade by a half-life are left out.
    pub steps: Vec<Step>,
    /// Whether nothing changes after the last step.
    pub complete: bool,
    /// Whether some points fade a little each day.
    pub fades: bool,
    /// Whether events after the date are known and asked about, so that this is no forecast.
    pub hindsight: bool,
}

/// What changes on one day.
#[derive(Clone, Debug)]
pub struct Step {
    /// The day.
    pub on: Day,
    /// The scores whose sum or band changes.
    pub moves: Vec<Move>,
    /// Segments entered.
    pub entered: Vec<String>,
    /// Segments left.
    pub left: Vec<String>,
    /// The stage before and from then on, where they differ.
    pub stage: Option<(Option<String>, Option<String>)>,
}

/// How one score changes on one day.
#[derive(Clone, Debug)]
pub struct Move {
    /// The score.
    pub score: String,
    /// Its sum from then on.
    pub raw: Points,
    /// What is shown before and from then on.
    pub shown: (i64, i64),
    /// The band before and from then on.
    pub band: (Option<String>, Option<String>),
    /// What adds up to the change of the sum.
    pub changes: Vec<Change>,
}

/// One line that changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// By how much.
    pub points: Points,
    /// Why.
    pub cause: Cause,
}

/// Why a line changes.
#[derive(Clone, Debug)]
pub enum Cause {
    /// A condition comes to hold.
    Begins(Condition),
    /// A condition no longer holds.
    Ends(Condition),
    /// A condition goes on to hold, and weighs otherwise beside the others of its model.
    Weighs(Condition),
    /// New events count; only in hindsight.
    Counts(Pattern, usize),
    /// Events no longer count, because later ones lift them; only in hindsight.
    Lifted(Pattern, usize),
    /// The points of some events come to their end.
    Expires(Pattern, usize),
    /// The points of events fade, and come a period nearer to their end.
    Fades(Pattern),
    /// The points of events fade by a half-life, as they do every day.
    FadesDaily,
    /// A group's limits take more or less than before.
    Group(Group),
    /// The floor under all that is negative gives more or less than before.
    Floor(i64),
    /// A manual adjustment begins to count.
    AdjustmentBegins(String),
    /// A manual adjustment ends.
    AdjustmentEnds(String),
}

/// Looks ahead: the serialized list, and the same in full.
pub(super) fn look(
    model: &Model,
    subject: &Subject<'_>,
    (as_of, known_at): (Day, Day),
    now: &Evaluation,
    hint: Day,
) -> (Vec<Coming>, Ahead) {
    let mut coming = Vec::new();
    let mut ahead = Ahead {
        hindsight: subject.next_event_day(as_of) <= known_at,
        ..Ahead::default()
    };
    let (mut before, mut day, mut hint) = (now.clone(), as_of, hint);
    for _ in 0..LOOKED_AT_MAX {
        let next = next_change(model, subject, (day, &before, hint), |then| *then != before);
        let Some((on, _)) = next else {
            ahead.complete = true;
            break;
        };
        // Which events a change is about is known in detail only.
        let (then, _) = Evaluator::new(model, subject, on).detailed().run();
        if coming.len() < NEXT_MAX {
            coming.extend(listed(model, on, &before, &then));
        }
        let step = Step::between(model, subject, on, &before, &then);
        let only_fades = step.is_half_life(model, &before, &then);
        ahead.fades |= only_fades;
        if !only_fades && !step.is_empty() {
            ahead.steps.push(step);
        }
        if ahead.steps.len() == STEPS_MAX {
            break;
        }
        (before, day, hint) = (then, on, on.next());
    }
    coming.truncate(NEXT_MAX);
    (coming, ahead)
}

/// The scores that change on a day, as they are serialized.
fn listed(model: &Model, on: Day, before: &Evaluation, then: &Evaluation) -> Vec<Coming> {
    let scores = model.rules().scores.iter();
    let pairs = scores.zip(before.scores.iter().zip(&then.scores));
    let moved = pairs.filter(|(_, (old, new))| (old.raw, old.band) != (new.raw, new.band));
    let coming = moved.map(|(score, (old, new))| {
        let lines = score.rules.iter().zip(old.rules.iter().zip(&new.rules));
        let changed = lines
            .filter(|(_, (old, new))| old.points != new.points)
            .map(|(rule, _)| rule.text.as_str());
        let changed: Vec<&str> = changed.collect();
        Coming {
            on,
            score: score.name.clone(),
            raw: Points(new.raw),
            band: band_name(score, new.band),
            because: if changed.is_empty() {
                "an adjustment".to_owned()
            } else {
                changed.join(", ")
            },
        }
    });
    coming.collect()
}

impl Step {
    fn between(
        model: &Model,
        subject: &Subject<'_>,
        on: Day,
        before: &Evaluation,
        then: &Evaluation,
    ) -> Self {
        let rules = model.rules();
        let scores = rules
            .scores
            .iter()
            .zip(before.scores.iter().zip(&then.scores));
        let moved = scores.filter(|(_, (old, new))| (old.raw, old.band) != (new.raw, new.band));
        let crossed = |inside: bool| {
            let pairs = before.segments.iter().zip(&then.segments);
            let names = rules.segments.iter().zip(pairs);
            names
                .filter(|(_, (old, new))| {
                    let (old, new) = (**old == Truth::True, **new == Truth::True);
                    old != new && new == inside
                })
                .map(|(segment, _)| segment.name.clone())
                .collect()
        };
        let stage = |number: Option<usize>| number.map(|number| rules.stages[number].name.clone());
        Self {
            on,
            moves: moved
                .map(|(score, (old, new))| Move::between(score, subject, old, new))
                .collect(),
            entered: crossed(true),
            left: crossed(false),
            stage: (before.stage != then.stage).then(|| (stage(before.stage), stage(then.stage))),
        }
    }

    /// Whether a person would notice nothing: reasons may have changed, but no number and no name.
    fn is_empty(&self) -> bool {
        self.moves.is_empty()
            && self.entered.is_empty()
            && self.left.is_empty()
            && self.stage.is_none()
    }

    /// Whether all that happens is that points fade by a half-life.
    fn is_half_life(&self, model: &Model, before: &Evaluation, then: &Evaluation) -> bool {
        let quiet = |(score, (old, new)): (&Score, (&ScoreValue, &ScoreValue))| {
            let fades = |(rule, (old, new)): (&Rule, (&RuleValue, &RuleValue))| {
                let points = |value: &RuleValue| {
                    let earned = value
                        .earned
                        .iter()
                        .map(|each| (each.index, each.points != 0));
                    earned.collect::<Vec<_>>()
                };
                old.points == new.points
                    || matches!(rule.decay, Some(Decay::HalfLife { .. }))
                        && points(old) == points(new)
            };
            let rules = score.rules.iter().zip(old.rules.iter().zip(&new.rules));
            let lasting = |value: &ScoreValue| {
                let kinds = value.corrections.iter().map(|each| each.kind.clone());
                kinds
                    .filter(|kind| matches!(kind, CorrectionKind::Adjustment(_)))
                    .collect::<Vec<_>>()
            };
            let only_fades = rules.into_iter().all(fades);
            old.band == new.band && only_fades && lasting(old) == lasting(new)
        };
        let scores = model.rules().scores.iter();
        let mut pairs = scores.zip(before.scores.iter().zip(&then.scores));
        !self.moves.is_empty()
            && self.entered.is_empty()
            && self.left.is_empty()
            && self.stage.is_none()
            && pairs.all(quiet)
    }
}

impl Move {
    fn between(score: &Score, subject: &Subject<'_>, old: &ScoreValue, new: &ScoreValue) -> Self {
        let lines = score.rules.iter().zip(old.rules.iter().zip(&new.rules));
        let changed = lines.filter(|(_, (old, new))| old.points != new.points);
        let rules = changed.map(|(rule, (old, new))| Change {
            points: Points(new.points - old.points),
            cause: cause(rule, old, new),
        });
        let mut changes: Vec<Change> = rules.collect();
        let points = |lines: &[Correction], kind: &CorrectionKind| {
            let found = lines.iter().find(|line| line.kind == *kind);
            found.map_or(0, |line| line.points)
        };
        let mut kinds: Vec<CorrectionKind> = Vec::new();
        for line in old.corrections.iter().chain(&new.corrections) {
            if !kinds.contains(&line.kind) {
                kinds.push(line.kind.clone());
            }
        }
        for kind in kinds {
            let (was, is) = (
                points(&old.corrections, &kind),
                points(&new.corrections, &kind),
            );
            if was != is {
                changes.push(Change {
                    points: Points(is - was),
                    cause: corrected(score, subject, &kind, is != 0),
                });
            }
        }
        Self {
            score: score.name.clone(),
            raw: Points(new.raw),
            shown: (old.shown, new.shown),
            band: (band_name(score, old.band), band_name(score, new.band)),
            changes,
        }
    }
}

fn cause(rule: &Rule, old: &RuleValue, new: &RuleValue) -> Cause {
    let pattern = match &rule.when {
        RuleWhen::State(condition) if old.holds && new.holds => {
            return Cause::Weighs(condition.clone());
        }
        RuleWhen::State(condition) if !new.holds => return Cause::Ends(condition.clone()),
        RuleWhen::State(condition) => return Cause::Begins(condition.clone()),
        RuleWhen::Each(pattern) => pattern.clone(),
    };
    let counts = |value: &RuleValue, index: usize| {
        let found = value.earned.iter().find(|earned| earned.index == index);
        found.map(|earned| earned.points != 0)
    };
    let earned = |earned: &&each::Earned| earned.points != 0;
    let lost = |how: Option<bool>| {
        let standing = old.earned.iter().filter(earned);
        let lost = standing.filter(|each| counts(new, each.index) == how);
        lost.count()
    };
    let standing = new.earned.iter().filter(earned);
    let came = standing.filter(|each| counts(old, each.index).is_none());
    let came = came.count();
    match (came, lost(None), lost(Some(false))) {
        (0, 0, 0) if matches!(rule.decay, Some(Decay::HalfLife { .. })) => Cause::FadesDaily,
        (0, 0, 0) => Cause::Fades(pattern),
        (0, 0, expired) => Cause::Expires(pattern, expired),
        (0, lifted, _) => Cause::Lifted(pattern, lifted),
        (came, ..) => Cause::Counts(pattern, came),
    }
}

fn corrected(score: &Score, subject: &Subject<'_>, kind: &CorrectionKind, begins: bool) -> Cause {
    match kind {
        CorrectionKind::Group(number) => Cause::Group(score.groups[*number].clone()),
        CorrectionKind::Floor => Cause::Floor(score.penalty_floor.unwrap_or_default()),
        CorrectionKind::Adjustment(id) => {
            let adjustments = &subject.facts.adjustments;
            let found = adjustments.iter().find(|each| each.id == *id);
            let author = found.map(|each| each.author.clone()).unwrap_or_default();
            if begins {
                Cause::AdjustmentBegins(author)
            } else {
                Cause::AdjustmentEnds(author)
            }
        }
    }
}
