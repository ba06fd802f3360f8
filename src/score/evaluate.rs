//! Evaluation of one contact at one date: scores, segments, stage.

use crate::rules::{
    set::{Rule, Score},
    truth::Truth,
};

use super::{
    calendar::Day,
    condition::{Answer, Doubt, Judgement},
    each::{self, Sum, round_away},
    facts::{Coverage, Facts},
    logistic,
    model::{Compiled, Model},
    subject::Subject,
};

/// Everything that one contact is on one date.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The scores, in the rule set's order.
    pub scores: Vec<ScoreValue>,
    /// For each segment, whether the contact is in it.
    pub segments: Vec<Truth>,
    /// The first stage that holds.
    pub stage: Option<usize>,
    /// For each automation, whether the contact is to enter or to leave it.
    pub automations: Vec<Door>,
}

/// What an automation's conditions say about a contact who is outside, and one who is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Whether a contact outside enters.
    pub enters: Truth,
    /// Whether a contact inside leaves. Whoever would enter does not.
    pub leaves: Truth,
}

/// One score on one date.
#[derive(Clone, Debug)]
pub struct ScoreValue {
    /// The sum in thousandths.
    pub raw: i64,
    /// What is shown, in points.
    pub shown: i64,
    /// The band's number.
    pub band: Option<usize>,
    /// One line for each rule, in file order.
    pub rules: Vec<RuleValue>,
    /// What group limits, adjustments and the penalty floor add; with the rules they add up to `raw`.
    pub corrections: Vec<Correction>,
    /// Nothing changes before this day.
    pub(crate) hint: Day,
}

impl PartialEq for ScoreValue {
    /// Every line, the sum, and the band; not when to look again.
    fn eq(&self, other: &Self) -> bool {
        (self.raw, self.shown, self.band) == (other.raw, other.shown, other.band)
            && self.rules == other.rules
            && self.corrections == other.corrections
    }
}

/// One rule's line.
#[derive(Clone, Debug, Default)]
pub struct RuleValue {
    /// Thousandths.
    pub points: i64,
    /// Thousandths that the rule's cap took away.
    pub capped: i64,
    /// How many events a later one lifted.
    pub lifted: usize,
    /// The events that count, for an each-event rule.
    pub(crate) earned: Vec<each::Earned>,
    /// Whether the condition of a state rule is true.
    pub holds: bool,
    /// Why a state rule is unknown.
    pub doubt: Option<Doubt>,
    /// The absences in a state rule, and what each is.
    pub judgements: Vec<Judgement>,
    /// Nothing changes before this day.
    pub(crate) hint: Day,
}

impl PartialEq for RuleValue {
    /// What a user sees change: points and reasons. Which events earned them is explanation.
    fn eq(&self, other: &Self) -> bool {
        self.points == other.points && self.judgements == other.judgements
    }
}

/// A line that no rule gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Where it comes from.
    pub kind: CorrectionKind,
    /// Thousandths.
    pub points: i64,
}

/// Where a correction comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrectionKind {
    /// A group's limit; the number of the group.
    Group(usize),
    /// A manual adjustment; its number.
    Adjustment(i64),
    /// The penalty floor.
    Floor,
}

/// Where a rule stands in another set of rules: the score and the rule there.
pub(crate) type Stands = Option<(usize, usize)>;

/// Evaluates one contact at one date.
pub(crate) struct Evaluator<'a> {
    pub(crate) model: &'a Model,
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) as_of: Day,
    /// Whether each rule is to name the events that earned its points.
    detail: bool,
    /// What the contact is on an earlier date with the same events, and which rules cannot have changed since.
    before: Option<&'a [ScoreValue]>,
    /// What another set of rules gave on the same date, and which of its rules stand here too.
    taken: Option<(&'a [ScoreValue], &'a [Vec<Stands>])>,
    scores: Vec<Option<ScoreValue>>,
    segments: Vec<Option<Answer>>,
}

/// Evaluates a contact on a date.
pub fn evaluate(model: &Model, facts: &Facts, coverage: &Coverage, as_of: Day) -> Evaluation {
    let subject = Subject::new(model, facts, coverage);
    Evaluator::new(model, &subject, as_of).run().0
}

/// Evaluates a contact on a date and finds the first later date on which the same facts give something else.
pub fn evaluate_with_next(
    model: &Model,
    facts: &Facts,
    coverage: &Coverage,
    as_of: Day,
) -> (Evaluation, Option<Day>) {
    let subject = Subject::new(model, facts, coverage);
    let (now, hint) = Evaluator::new(model, &subject, as_of).run();
    let next = next_change(model, &subject, (as_of, &now, hint), |then| then != &now);
    let next = next.map(|(day, _)| day);
    (now, next)
}

/// What a contact was on a date and on each later one, up to another, on which that changed, by what is known of it
/// now; `None` if finding that takes more than so many evaluations.
pub fn course(
    model: &Model,
    facts: &Facts,
    coverage: &Coverage,
    (from, until): (Day, Day),
    most: usize,
) -> Option<Vec<(Day, Evaluation)>> {
    let subject = Subject::new(model, facts, coverage);
    let (now, mut hint) = Evaluator::new(model, &subject, from).run();
    let mut days = vec![(from, now)];
    let mut day = hint.max(from.next());
    for _ in 1..most {
        if day > until {
            return Some(days);
        }
        let (before, now) = days.last()?;
        let (then, next) = Evaluator::new(model, &subject, day)
            .after(now, *before)
            .run();
        hint = next;
        if then != *now {
            days.push((day, then));
        }
        day = hint.max(day.next());
    }
    None
}

/// The first date after a date, on which the contact is `now`, on which `differs` holds, and what the contact is then.
pub(crate) fn next_change(
    model: &Model,
    subject: &Subject<'_>,
    (as_of, now, hint): (Day, &Evaluation, Day),
    differs: impl Fn(&Evaluation) -> bool,
) -> Option<(Day, Evaluation)> {
    let mut day = hint.max(as_of.next());
    let mut last: Option<(Day, Evaluation)> = None;
    // Each step moves to a date on which something may change; beyond the calendar nothing does.
    while day < Day::NEVER && day.date().is_some() {
        let (on, before) = last
            .as_ref()
            .map_or((as_of, now), |(on, before)| (*on, before));
        let (then, hint) = Evaluator::new(model, subject, day).after(before, on).run();
        if differs(&then) {
            return Some((day, then));
        }
        last = Some((day, then));
        day = hint.max(day.next());
    }
    None
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(model: &'a Model, subject: &'a Subject<'a>, as_of: Day) -> Self {
        Self {
            model,
            subject,
            as_of,
            detail: false,
            before: None,
            taken: None,
            scores: vec![None; model.scores.len()],
            segments: vec![None; model.segments.len()],
        }
    }

    /// Names also the events that earned points.
    pub(crate) fn detailed(mut self) -> Self {
        self.detail = true;
        self
    }

    /// Takes over what the same rules gave in another set on the same date: for each
    /// score, for each of its rules, the score and rule there.
    pub(crate) fn taking(mut self, other: &'a [ScoreValue], same: &'a [Vec<Stands>]) -> Self {
        self.taken = Some((other, same));
        self
    }

    /// Takes over what cannot have changed since an earlier date.
    fn after(mut self, earlier: &'a Evaluation, day: Day) -> Self {
        // An event between the two dates may change anything.
        self.before =
            (self.subject.next_event_day(day) > self.as_of).then_some(earlier.scores.as_slice());
        self
    }

    /// The whole contact, and a day before which nothing changes.
    pub(crate) fn run(mut self) -> (Evaluation, Day) {
        let mut hint = self.subject.next_event_day(self.as_of);
        for index in 0..self.scores.len() {
            hint = hint.min(self.score(index).hint);
        }
        let mut segments = Vec::with_capacity(self.segments.len());
        for index in 0..self.segments.len() {
            let answer = self.segment(index);
            hint = hint.min(answer.hint);
            segments.push(answer.truth);
        }
        let (mut stage, model) = (None, self.model);
        for (index, node) in model.stages.iter().enumerate() {
            let answer = self.ask(node, &mut Vec::new());
            hint = hint.min(answer.hint);
            if answer.truth == Truth::True && stage.is_none() {
                stage = Some(index);
            }
        }
        let mut automations = Vec::with_capacity(model.automations.len());
        for (enter, leave) in &model.automations {
            let enters = self.ask(enter, &mut Vec::new());
            hint = hint.min(enters.hint);
            let mut leaves = !enters.truth;
            if let Some(leave) = leave {
                let answer = self.ask(leave, &mut Vec::new());
                hint = hint.min(answer.hint);
                leaves = leaves.and(answer.truth);
            }
            let enters = enters.truth;
            automations.push(Door { enters, leaves });
        }
        let scores = self.scores.into_iter().flatten().collect();
        (
            Evaluation {
                scores,
                segments,
                stage,
                automations,
            },
            hint,
        )
    }

    /// A score, evaluated once. Checked rule sets have no circles, so this ends.
    pub(crate) fn score(&mut self, index: usize) -> &ScoreValue {
        if self.scores[index].is_none() {
            let value = self.sum(index);
            self.scores[index] = Some(value);
        }
        self.scores[index].get_or_insert(ScoreValue::EMPTY)
    }

    /// A segment, evaluated once.
    pub(crate) fn segment(&mut self, index: usize) -> Answer {
        if let Some(answer) = &self.segments[index] {
            return answer.clone();
        }
        let model = self.model;
        let answer = self.ask(&model.segments[index], &mut Vec::new());
        self.segments[index] = Some(answer.clone());
        answer
    }

    fn sum(&mut self, index: usize) -> ScoreValue {
        let model = self.model;
        let score = &model.rules.scores[index];
        let mut hint = Day::NEVER;
        let mut rules = Vec::with_capacity(score.rules.len());
        for (rule, compiled) in score.rules.iter().zip(&model.scores[index]) {
            let before = self.before.map(|scores| &scores[index].rules[rules.len()]);
            let before = before.filter(|value| value.hint > self.as_of);
            let taken = || {
                let (other, same) = self.taken?;
                let (score, rule) = same[index][rules.len()]?;
                Some(&other[score].rules[rule])
            };
            let value = match before.or_else(taken) {
                Some(unchanged) => unchanged.clone(),
                None => self.rule(rule, compiled),
            };
            hint = hint.min(value.hint);
            rules.push(value);
        }
        if let Some(weights) = &score.model {
            logistic::spread(weights, &mut rules);
        }
        let (corrections, next) = corrections(score, &rules, self.subject.facts, self.as_of);
        let raw = rules
            .iter()
            .map(|rule| rule.points)
            .chain(corrections.iter().map(|each| each.points));
        let raw = raw.fold(0, i64::saturating_add);
        let shown = shown(score, raw);
        ScoreValue {
            raw,
            shown,
            band: score.band(shown),
            rules,
            corrections,
            hint: hint.min(next),
        }
    }
}

impl Evaluator<'_> {
    fn rule(&mut self, rule: &Rule, compiled: &Compiled) -> RuleValue {
        match compiled {
            Compiled::Each(pattern, lifting) => {
                let patterns = (*pattern, *lifting);
                let detail = self.detail;
                let sum =
                    each::evaluate(self.model, self.subject, rule, patterns, self.as_of, detail);
                RuleValue::each(sum)
            }
            Compiled::State(node) => {
                let mut judgements = Vec::new();
                let answer = self.ask(node, &mut judgements);
                let points = if answer.truth == Truth::True {
                    rule.points
                } else {
                    0
                };
                RuleValue {
                    points,
                    holds: answer.truth == Truth::True,
                    doubt: answer.doubt,
                    judgements,
                    hint: answer.hint,
                    ..RuleValue::default()
                }
            }
        }
    }
}

impl ScoreValue {
    const EMPTY: Self = Self {
        raw: 0,
        shown: 0,
        band: None,
        rules: Vec::new(),
        corrections: Vec::new(),
        hint: Day::NEVER,
    };
}

impl RuleValue {
    fn each(sum: Sum) -> Self {
        Self {
            points: sum.points,
            capped: sum.capped,
            lifted: sum.lifted,
            earned: sum.earned,
            hint: sum.hint,
            ..Self::default()
        }
    }
}

/// Groups, adjustments and the floor, in this order, each as a line of its own.
fn corrections(
    score: &Score,
    rules: &[RuleValue],
    facts: &Facts,
    as_of: Day,
) -> (Vec<Correction>, Day) {
    if score.groups.is_empty() && score.penalty_floor.is_none() && facts.adjustments.is_empty() {
        return (Vec::new(), Day::NEVER);
    }
    // The items that the floor looks at: rules outside groups, groups within their limits, adjustments.
    let mut items = Vec::new();
    let mut lines = Vec::new();
    let members = |name: Option<&String>| -> Vec<i64> {
        let pairs = score
            .rules
            .iter()
            .zip(rules)
            .filter(|(rule, _)| rule.group.as_ref() == name);
        pairs.map(|(_, value)| value.points).collect()
    };
    items.extend(members(None));
    for (number, group) in score.groups.iter().enumerate() {
        let sum = members(Some(&group.name))
            .into_iter()
            .fold(0, i64::saturating_add);
        let kept = sum
            .min(group.max.unwrap_or(i64::MAX))
            .max(group.min.unwrap_or(i64::MIN));
        items.push(kept);
        if kept != sum {
            lines.push(Correction {
                kind: CorrectionKind::Group(number),
                points: kept - sum,
            });
        }
    }
    let mut hint = Day::NEVER;
    for adjustment in facts
        .adjustments
        .iter()
        .filter(|each| each.score == score.name)
    {
        let changes = [adjustment.from, adjustment.until]
            .into_iter()
            .filter(|day| *day > as_of);
        hint = hint.min(changes.min().unwrap_or(Day::NEVER));
        if adjustment.from <= as_of && as_of < adjustment.until {
            items.push(adjustment.points);
            lines.push(Correction {
                kind: CorrectionKind::Adjustment(adjustment.id),
                points: adjustment.points,
            });
        }
    }
    let penalties = items
        .into_iter()
        .filter(|points| *points < 0)
        .fold(0, i64::saturating_add);
    if let Some(floor) = score.penalty_floor
        && penalties < floor
    {
        lines.push(Correction {
            kind: CorrectionKind::Floor,
            points: floor - penalties,
        });
    }
    (lines, hint)
}

/// What is shown: the raw sum within the range, rounded once, halves away from zero.
fn shown(score: &Score, raw: i64) -> i64 {
    let raw = match score.range {
        Some((low, high)) => raw
            .min(high.saturating_mul(1000))
            .max(low.saturating_mul(1000)),
        None => raw,
    };
    round_away(i128::from(raw), 1000)
}
