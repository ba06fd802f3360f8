//! Conditions in three values: true, false, and unknown with its reason.

use std::sync::Arc;

use engaged_connectors::model::Status;

use crate::rules::{
    freemail::is_free_domain,
    glob::fold,
    syntax::{Bound, Cmp, Decimal, Window},
    truth::Truth,
};

use super::{
    absence::{self, Absence, Reason},
    calendar::Day,
    evaluate::Evaluator,
    facts::{ConnectionId, Hole, KindId, Needs},
    pattern::{Asked, PatternId},
    status,
    subject::Signals,
};

/// A compiled condition.
#[derive(Debug)]
pub(crate) enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Absence {
        any: bool,
        absence: Absence,
        text: Arc<str>,
    },
    Count {
        bound: Bound,
        number: u32,
        measure: Measure,
    },
    DaysWith {
        cmp: Cmp,
        number: u32,
        measure: Measure,
    },
    Total {
        cmp: Cmp,
        number: Decimal,
        purchases: bool,
        refunds: Option<PatternId>,
        measure: Measure,
    },
    TimeSince {
        cmp: Cmp,
        measure: Measure,
    },
    Field(String, Asked),
    Email(Asked),
    EmailDomain(Asked),
    EmailDomainFree {
        negated: bool,
    },
    Points(usize, Cmp, Decimal),
    Band {
        score: usize,
        negated: bool,
        bands: Vec<usize>,
    },
    Segment(usize),
    InList(String),
    Status {
        negated: bool,
        status: Status,
    },
    Otherwise,
    /// A name that refers to nothing; checked rule sets have none.
    Nothing,
}

impl Node {
    /// The absences in it, in the order in which they are judged.
    pub(crate) fn absences(&self) -> Vec<&Absence> {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().flat_map(Self::absences).collect(),
            Self::Not(inner) => inner.absences(),
            Self::Absence { absence, .. } => vec![absence],
            _ => Vec::new(),
        }
    }

    /// Adds what this condition reads beside events.
    pub(crate) fn note_needs(&self, needs: &mut Needs) {
        match self {
            Self::Or(parts) | Self::And(parts) => {
                for part in parts {
                    part.note_needs(needs);
                }
            }
            Self::Not(inner) => inner.note_needs(needs),
            Self::Field(name, _) => {
                if let Some(fields) = &mut needs.fields {
                    fields.push(name.clone());
                }
            }
            Self::Email(_) | Self::EmailDomain(_) | Self::EmailDomainFree { .. } => {
                needs.address = true;
            }
            Self::InList(_) | Self::Status { .. } => needs.subscriptions = true,
            // These read events, or what other conditions gave.
            Self::Absence { .. }
            | Self::Count { .. }
            | Self::DaysWith { .. }
            | Self::Total { .. }
            | Self::TimeSince { .. }
            | Self::Points(..)
            | Self::Band { .. }
            | Self::Segment(_)
            | Self::Otherwise
            | Self::Nothing => {}
        }
    }
}

/// What is measured in a window.
#[derive(Debug)]
pub(crate) struct Measure {
    pub(crate) pattern: PatternId,
    pub(crate) window: Window,
    pub(crate) kinds: Vec<KindId>,
    pub(crate) from: Option<Vec<ConnectionId>>,
    pub(crate) guards: bool,
    /// What of what it reads is measured.
    pub(crate) signals: Signals,
}

/// Why a condition is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// An absence cannot be judged.
    Absence(Reason),
    /// The contact has no such field.
    Field(String),
    /// The contact has no address.
    NoAddress,
    /// An amount in the window is in another currency.
    OtherCurrency,
    /// It never happened, so there is no time since.
    Never,
    /// No platform said anything about the contact's status.
    NoStatus,
}

/// A condition's value on one date.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) truth: Truth,
    /// Set when unknown: the first reason met.
    pub(crate) doubt: Option<Doubt>,
    /// Nothing changes before this day.
    pub(crate) hint: Day,
}

impl Answer {
    fn known(truth: bool, hint: Day) -> Self {
        Self {
            truth: truth.into(),
            doubt: None,
            hint,
        }
    }

    fn unknown(doubt: Doubt, hint: Day) -> Self {
        Self {
            truth: Truth::Unknown,
            doubt: Some(doubt),
            hint,
        }
    }

    fn tested(truth: Truth, doubt: Doubt) -> Self {
        Self {
            truth,
            doubt: (truth == Truth::Unknown).then_some(doubt),
            hint: Day::NEVER,
        }
    }

    /// The opposite where `negated`.
    fn negate(mut self, negated: bool) -> Self {
        if negated {
            self.truth = !self.truth;
        }
        self
    }
}

/// An absence met while a condition was evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The absence in canonical words.
    pub text: Arc<str>,
    /// What it is.
    pub reason: Reason,
}

impl Evaluator<'_> {
    /// Evaluates a condition; absences met are noted in `judgements`.
    pub(crate) fn ask(&mut self, node: &Node, judgements: &mut Vec<Judgement>) -> Answer {
        match node {
            Node::Or(parts) => self.combine(parts, judgements, Truth::False, Truth::or),
            Node::And(parts) => self.combine(parts, judgements, Truth::True, Truth::and),
            Node::Not(inner) => self.ask(inner, judgements).negate(true),
            Node::Absence { any, absence, text } => {
                let (reason, hint) = absence::judge(absence, self.subject, self.as_of);
                judgements.push(Judgement {
                    text: Arc::clone(text),
                    reason,
                });
                let truth = reason.truth();
                let doubt = (truth == Truth::Unknown).then_some(Doubt::Absence(reason));
                Answer { truth, doubt, hint }.negate(*any)
            }
            Node::Count {
                bound,
                number,
                measure,
            } => self.count(*bound, *number, measure),
            Node::DaysWith {
                cmp,
                number,
                measure,
            } => self.days_with(*cmp, *number, measure),
            Node::Total {
                cmp,
                number,
                purchases,
                refunds,
                measure,
            } => self.total(*cmp, *number, *purchases, *refunds, measure),
            Node::TimeSince { cmp, measure } => self.time_since(*cmp, measure),
            Node::Points(..) | Node::Band { .. } | Node::Segment(_) => self.derived(node),
            _ => self.profile(node),
        }
    }

    fn combine(
        &mut self,
        parts: &[Node],
        judgements: &mut Vec<Judgement>,
        start: Truth,
        join: fn(Truth, Truth) -> Truth,
    ) -> Answer {
        let mut whole = Answer {
            truth: start,
            doubt: None,
            hint: Day::NEVER,
        };
        // Every part is asked, so that each absence shows its reason.
        for part in parts {
            let answer = self.ask(part, judgements);
            whole.truth = join(whole.truth, answer.truth);
            whole.doubt = whole.doubt.or(answer.doubt);
            whole.hint = whole.hint.min(answer.hint);
        }
        if whole.truth != Truth::Unknown {
            whole.doubt = None;
        }
        whole
    }

    /// The indices of events that cover the date, and the first day on which one no longer does.
    fn covering(&self, measure: &Measure, pattern: PatternId) -> (Vec<usize>, Day) {
        let mut hint = Day::NEVER;
        let within = self.subject.until(pattern, self.as_of).filter(|&index| {
            let end = self.subject.days[index].plus(measure.window);
            if end > self.as_of {
                hint = hint.min(end);
            }
            end > self.as_of
        });
        (within.collect(), hint)
    }

    /// Whether a hole covers the date, and the first day on which that may differ.
    fn hole(&self, measure: &Measure) -> (bool, Day) {
        // What is no longer known is missing in any reading, and of the date itself too.
        let forgotten = self.subject.forgotten_to(&measure.kinds);
        let end = forgotten.plus(measure.window);
        let mut covered = forgotten != Day::ALWAYS && end > self.as_of;
        let mut hint = if covered { end } else { Day::NEVER };
        if !measure.guards {
            return (covered, hint);
        }
        let holes = self.subject.holes(&measure.kinds, measure.from.as_deref());
        let Some(holes) = holes else {
            return (true, Day::NEVER);
        };
        for hole in holes {
            if hole.to >= self.as_of {
                hint = hint.min(hole.from.max(self.as_of).next());
            }
            let end = hole.to.min(self.as_of.previous()).plus(measure.window);
            if hole.from < self.as_of && end > self.as_of {
                covered = true;
                hint = hint.min(end);
            }
        }
        (covered, hint)
    }

    /// Whether days cover the date on which nobody looked, and the first day on which that may differ.
    /// No setting takes that away: silence says nothing then.
    fn unseen(&self, measure: &Measure) -> (bool, Day) {
        match self.subject.unseen_to(measure.signals) {
            Day::ALWAYS => (false, Day::NEVER),
            Day::NEVER => (true, Day::NEVER),
            day => {
                let end = day.plus(measure.window);
                let covered = end > self.as_of;
                (covered, if covered { end } else { Day::NEVER })
            }
        }
    }

    /// The holes that may leave a condition's counts, totals and times open on the date.
    pub(crate) fn gaps(&self, node: &Node) -> Vec<Hole> {
        let in_the_way: Vec<Hole> = match node {
            Node::Or(parts) | Node::And(parts) => {
                parts.iter().flat_map(|part| self.gaps(part)).collect()
            }
            Node::Not(inner) => self.gaps(inner),
            Node::Count { measure, .. }
            | Node::DaysWith { measure, .. }
            | Node::Total { measure, .. }
            | Node::TimeSince { measure, .. }
                if measure.guards =>
            {
                let holes = self.subject.holes(&measure.kinds, measure.from.as_deref());
                let Some(holes) = holes else {
                    return vec![Hole::always(self.as_of)];
                };
                let last = self.subject.last(measure.pattern, self.as_of);
                let covers = |hole: &Hole| match node {
                    Node::TimeSince { .. } => last.is_some_and(|last| hole.to > last),
                    _ => hole.to.min(self.as_of.previous()).plus(measure.window) > self.as_of,
                };
                let open = |hole: &Hole| hole.from < self.as_of && covers(hole);
                holes.into_iter().filter(open).collect()
            }
            _ => Vec::new(),
        };
        absence::until_yesterday(in_the_way.iter(), self.as_of)
    }

    fn count(&self, bound: Bound, number: u32, measure: &Measure) -> Answer {
        let (events, hint) = self.covering(measure, measure.pattern);
        let found = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let cmp = match bound {
            Bound::AtLeast => Cmp::GreaterOrEqual,
            Bound::MoreThan => Cmp::Greater,
            Bound::AtMost => Cmp::LessOrEqual,
            Bound::FewerThan => Cmp::Less,
            Bound::Exactly => Cmp::Equal,
        };
        self.bounded(cmp, found.cmp(&number), measure, hint)
    }

    fn days_with(&self, cmp: Cmp, number: u32, measure: &Measure) -> Answer {
        let (events, hint) = self.covering(measure, measure.pattern);
        let mut days: Vec<Day> = events
            .iter()
            .map(|&index| self.subject.days[index])
            .collect();
        days.sort_unstable();
        days.dedup();
        let found = u32::try_from(days.len()).unwrap_or(u32::MAX);
        self.bounded(cmp, found.cmp(&number), measure, hint)
    }

    /// What is known is a lower bound: what it decides stands, all else is unknown over a hole.
    fn bounded(&self, cmp: Cmp, found: std::cmp::Ordering, measure: &Measure, hint: Day) -> Answer {
        let (hole, hole_hint) = self.hole(measure);
        let (unseen, unseen_hint) = self.unseen(measure);
        let hint = hint.min(hole_hint).min(unseen_hint);
        let decided = match cmp {
            Cmp::Greater | Cmp::GreaterOrEqual => cmp.holds(found),
            Cmp::Less | Cmp::LessOrEqual => !cmp.holds(found),
            // Once exceeded, more events change nothing.
            Cmp::Equal | Cmp::NotEqual => found.is_gt(),
        };
        if unseen && !decided {
            return Answer::unknown(Doubt::Absence(Reason::NoTracking), hint);
        }
        if hole && !decided {
            return Answer::unknown(Doubt::Absence(Reason::CoverageGap), hint);
        }
        Answer::known(cmp.holds(found), hint)
    }

    fn total(
        &self,
        cmp: Cmp,
        number: Decimal,
        purchases: bool,
        refunds: Option<PatternId>,
        measure: &Measure,
    ) -> Answer {
        let (events, mut hint) = self.covering(measure, measure.pattern);
        let (returned, returned_hint) = refunds.map_or((Vec::new(), Day::NEVER), |refunds| {
            self.covering(measure, refunds)
        });
        hint = hint.min(returned_hint);
        let ours = |index: &usize| {
            let currency = self.subject.event(*index).currency;
            !currency.is_some() || currency == self.model.currency
        };
        if !events.iter().chain(&returned).all(ours) {
            return Answer::unknown(Doubt::OtherCurrency, hint.min(self.hole(measure).1));
        }
        if purchases && measure.guards && !matches!(cmp, Cmp::Greater | Cmp::GreaterOrEqual) {
            if self.subject.first_purchase > self.as_of {
                return Answer::unknown(Doubt::Absence(Reason::NeverCustomer), Day::NEVER);
            }
            let known_for = self
                .subject
                .first_subscribed(self.as_of)
                .plus(measure.window);
            if known_for > self.as_of {
                return Answer::unknown(Doubt::Absence(Reason::TooNew), known_for);
            }
        }
        let sum = |indices: &[usize]| -> i64 {
            indices
                .iter()
                .filter_map(|&index| self.subject.event(index).value)
                .fold(0, i64::saturating_add)
        };
        let hundredths = sum(&events).saturating_sub(sum(&returned));
        self.bounded(cmp, compare_hundredths(hundredths, number), measure, hint)
    }

    fn time_since(&self, cmp: Cmp, measure: &Measure) -> Answer {
        let Some(last) = self.subject.last(measure.pattern, self.as_of) else {
            if self.subject.unseen_to(measure.signals) != Day::ALWAYS {
                return Answer::unknown(Doubt::Absence(Reason::NoTracking), Day::NEVER);
            }
            return Answer::unknown(Doubt::Never, Day::NEVER);
        };
        let end = last.plus(measure.window);
        let hint = [end, end.next()]
            .into_iter()
            .filter(|day| *day > self.as_of)
            .min()
            .unwrap_or(Day::NEVER);
        // A hole after the last known event may hide a later one, but later ones end later still.
        let holes = self.subject.holes(&measure.kinds, measure.from.as_deref());
        let reported = holes.is_some();
        let holes = holes.unwrap_or_default();
        let hidden = |as_of: Day| {
            let behind =
                |hole: &Hole| hole.to > last && hole.from < as_of && last < as_of.previous();
            !reported || holes.iter().any(behind)
        };
        let next_hole = holes
            .iter()
            .filter(|hole| hole.to >= self.as_of)
            .map(|hole| hole.from.max(self.as_of).next());
        let hint = hint.min(next_hole.min().unwrap_or(Day::NEVER));
        if measure.guards && end <= self.as_of && hidden(self.as_of) {
            return Answer::unknown(Doubt::Absence(Reason::CoverageGap), hint);
        }
        Answer::known(cmp.holds(self.as_of.cmp(&end)), hint)
    }

    fn derived(&mut self, node: &Node) -> Answer {
        match node {
            Node::Points(score, cmp, number) => {
                let (shown, hint) = (self.score(*score).shown, self.score(*score).hint);
                Answer::known(cmp.holds(Decimal::from(shown).cmp(number)), hint)
            }
            Node::Band {
                score,
                negated,
                bands,
            } => {
                let value = self.score(*score);
                let (inside, hint) = (
                    value.band.is_some_and(|band| bands.contains(&band)),
                    value.hint,
                );
                Answer::known(inside, hint).negate(*negated)
            }
            Node::Segment(segment) => self.segment(*segment),
            _ => Answer::unknown(Doubt::Never, Day::NEVER),
        }
    }

    /// What depends on the profile rather than on events in a window.
    fn profile(&self, node: &Node) -> Answer {
        let facts = self.subject.facts;
        let address = facts
            .address
            .as_ref()
            .map(engaged_connectors::model::Address::reveal);
        let domain = address
            .and_then(|address| address.split_once('@'))
            .map(|(_, domain)| domain);
        match node {
            Node::Field(name, test) => {
                let value = facts
                    .fields
                    .iter()
                    .find(|(each, _)| fold(each) == *name)
                    .map(|(_, value)| value.as_str());
                Answer::tested(test.holds(value), Doubt::Field(name.clone()))
            }
            Node::Email(test) => Answer::tested(test.holds(address), Doubt::NoAddress),
            Node::EmailDomain(test) => Answer::tested(test.holds(domain), Doubt::NoAddress),
            Node::EmailDomainFree { negated } => match domain {
                Some(domain) => Answer::known(is_free_domain(domain), Day::NEVER).negate(*negated),
                None => Answer::unknown(Doubt::NoAddress, Day::NEVER),
            },
            Node::InList(list) => {
                let on = facts
                    .subscriptions
                    .iter()
                    .any(|each| fold(&each.list) == *list && each.status != Status::Unsubscribed);
                Answer::known(on, Day::NEVER)
            }
            Node::Status { negated, status } => {
                match status::strictest(self.subject, self.model.kinds, self.as_of) {
                    Some(found) => Answer::known(found == *status, Day::NEVER).negate(*negated),
                    None => Answer::unknown(Doubt::NoStatus, Day::NEVER),
                }
            }
            Node::Otherwise => Answer::known(true, Day::NEVER),
            _ => Answer::known(false, Day::NEVER),
        }
    }
}

/// Orders an amount in hundredths against a decimal number of units.
fn compare_hundredths(hundredths: i64, number: Decimal) -> std::cmp::Ordering {
    let (mantissa, scale) = number.parts();
    let left = i128::from(hundredths) * 10_i128.pow(u32::from(scale));
    let right = i128::from(mantissa) * 100;
    left.cmp(&right)
}
