//! A whole set of rules, checked: what scoring is compiled from.
//!
//! The configuration builds it; every condition in it has parsed, every name in
//! it refers to something, and no score reads itself in a circle.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use engaged_connectors::model::EventKind;

use super::{
    circle::{Name, Node, reads},
    syntax::{Condition, RuleWhen, Window},
    tracking::TrackingRules,
};

/// Everything that decides a score, save the facts and the date.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet {
    /// The zone in which instants become local dates.
    pub zone: Tz,
    /// The currency of amounts, ISO 4217, upper case.
    pub currency: String,
    /// Kinds declared under `[events] kinds`, `_` between words.
    pub kinds: Vec<String>,
    /// Link classes in file order; the first match wins.
    pub links: Vec<LinkClass>,
    /// `[absence] min_sends`: for conditions outside scores. Default 3.
    pub min_sends: u32,
    /// The scores in an order in which each reads only earlier ones.
    pub scores: Vec<Score>,
    /// Segments in file order; they may name scores and other segments, never in a circle.
    pub segments: Vec<Segment>,
    /// Stages in file order; the first that holds.
    pub stages: Vec<Stage>,
    /// When contacts enter and leave automations, in file order.
    pub automations: Vec<Automation>,
    /// What may be used of whom.
    pub tracking: TrackingRules,
}

/// A class of links, for `click tagged 'BOFU'`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkClass {
    /// Its name.
    pub name: String,
    /// Globs over the whole URL, or over its path if they begin with `/`.
    pub globs: Vec<String>,
}

/// One score.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Its name.
    pub name: String,
    /// Its rules in file order.
    pub rules: Vec<Rule>,
    /// Its bands from the top.
    pub bands: Vec<Band>,
    /// What is shown is clamped to this, in points.
    pub range: Option<(i64, i64)>,
    /// Limits on the sum of a group of rules.
    pub groups: Vec<Group>,
    /// The negative items together count no lower than this, in thousandths.
    pub penalty_floor: Option<i64>,
    /// For a score by a logistic model: what each rule adds to the logarithm of the odds while its
    /// condition holds. The first rule always holds: it is the intercept. The points of rules mean nothing then.
    pub model: Option<Vec<f64>>,
}

impl Score {
    /// The first band, from the top, that a number of shown points reaches.
    pub fn band(&self, shown: i64) -> Option<usize> {
        self.bands.iter().position(|band| match band.limit {
            BandLimit::Above(limit) => shown > limit,
            BandLimit::From(limit) => shown >= limit,
            BandLimit::Rest => true,
        })
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The condition as the user typed it; explanations quote it.
    pub text: String,
    /// The condition.
    pub when: RuleWhen,
    /// Thousandths of a point.
    pub points: i64,
    /// How often an each-event rule counts; the pattern's default is filled in.
    pub count: CountMode,
    /// Caps per period, in thousandths; each-event rules only.
    pub at_most_per: Vec<(i64, Period)>,
    /// The cap on the rule's sum, in thousandths.
    pub at_most: Option<i64>,
    /// An event's points are gone this long after its date.
    pub expires: Option<Window>,
    /// How an event's points fade.
    pub decay: Option<Decay>,
    /// The kinds that lift this rule's events; the pattern's default is filled in.
    pub lifted_by: Vec<EventKind>,
    /// The group it belongs to.
    pub group: Option<String>,
    /// False for the literal reading of absence.
    pub guards: bool,
    /// Tracked mails that must have been ignored before absence is judged.
    pub min_sends: u32,
}

/// How often an each-event rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountMode {
    /// Every event.
    Each,
    /// The earliest only.
    Once,
    /// The earliest of each message.
    PerMessage,
    /// The earliest of each message and link.
    PerLink,
    /// The earliest of each local date; for page visits, of each date and page.
    PerDay,
    /// The earliest so many.
    First(u32),
}

/// A period of the local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A date.
    Day,
    /// An ISO week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// How an event's points fade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// Each whole period takes this share (in thousandths of the event's points), never below zero.
    Linear {
        /// In thousandths: 500 is 50 %.
        share: i64,
        /// The period.
        period: Window,
    },
    /// Halved every so many days.
    HalfLife {
        /// Days, more than zero.
        days: u32,
    },
}

/// A band: the first, from the top, that the shown points reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub limit: BandLimit,
}

/// Where a band begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandLimit {
    /// `above = 45`: more than this.
    Above(i64),
    /// `from = 0`: this and more.
    From(i64),
    /// The rest.
    Rest,
}

/// Limits on a group of rules, in thousandths.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// No more than this.
    pub max: Option<i64>,
    /// No less than this.
    pub min: Option<i64>,
}

/// A named condition; contacts may be in any number.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// The condition as typed.
    pub text: String,
    /// The condition.
    pub when: Condition,
}

/// One of an ordered row; a contact is in the first that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The condition as typed.
    pub text: String,
    /// The condition.
    pub when: Condition,
}

/// When contacts enter and leave an automation. What follows from that is configured elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Automation {
    /// Its name.
    pub name: String,
    /// The condition for entering as typed.
    pub text: String,
    /// The condition for entering.
    pub when: Condition,
    /// The condition for leaving; without one, a contact leaves where `when` does not hold.
    pub until: Option<Condition>,
}

impl RuleSet {
    /// What one automation rests on: its own conditions, and the scores and segments that they read. Stages
    /// and other automations have no part in it.
    #[must_use]
    pub fn behind(&self, automation: &Automation) -> Self {
        let mut wanted: Vec<Name> = reads(&automation.when);
        wanted.extend(automation.until.iter().flat_map(reads));
        let mut read = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            if !read.insert(name.folded()) {
                continue;
            }
            let scores = self
                .scores
                .iter()
                .map(|score| Node::score(&score.name, score.rules.iter().map(|rule| &rule.when)));
            let segments = self.segments.iter();
            let segments = segments.map(|each| Node::segment(&each.name, &each.when));
            let node = scores
                .chain(segments)
                .find(|node| node.name.folded() == name.folded());
            wanted.extend(node.into_iter().flat_map(|node| node.reads));
        }
        let score = |each: &Score| read.contains(&Name::Score(each.name.clone()).folded());
        let segment = |each: &Segment| read.contains(&Name::Segment(each.name.clone()).folded());
        Self {
            scores: self
                .scores
                .iter()
                .filter(|each| score(each))
                .cloned()
                .collect(),
            segments: self
                .segments
                .iter()
                .filter(|each| segment(each))
                .cloned()
                .collect(),
            stages: Vec::new(),
            automations: vec![automation.clone()],
            ..self.clone()
        }
    }
}
