//! What each language must be able to say.
//!
//! A phrase that one language lacks does not compile, and one that nobody says
//! is dead code, which the compiler reports too.

use engaged_connectors::model::EventKind;

use crate::{
    rules::{
        set::{Decay, Group, Period},
        syntax::{Condition, Pattern},
        tracking::Tracking,
    },
    score::{
        Doubt,
        calendar::Day,
        explain::{AbsenceLine, Cause, FakeLine, Points},
        facts::Hole,
    },
    verdict::Evidence,
};

use super::format::Marks;

/// Why what is shown is not the sum.
#[derive(Clone, Copy, Debug)]
pub(super) enum NotTheSum {
    /// No more than this is shown.
    Above(i64),
    /// No less than this is shown.
    Below(i64),
    /// What is shown is a whole number.
    Rounded,
}

/// Why something cannot be judged, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reasoning {
    /// What it means.
    pub(super) meaning: String,
    /// What to do, or until when to wait.
    pub(super) advice: Option<String>,
}

impl Reasoning {
    pub(super) fn new(meaning: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            meaning: meaning.into(),
            advice: Some(advice.into()),
        }
    }
}

/// A language.
pub(super) trait Phrases {
    // Numbers and dates.
    fn marks(&self) -> Marks;
    fn date(&self, day: Day) -> String;

    // The top.
    fn title(&self, contact: &str, as_of: Day, known_at: Day) -> String;
    fn score(&self, name: &str, shown: i64, band: Option<&str>) -> String;
    fn not_the_sum(&self, sum: Points, why: NotTheSum) -> String;

    // Rules.
    /// One event of a pattern, without an article.
    fn event(&self, pattern: &Pattern) -> String;
    /// So many events of a pattern.
    fn events(&self, number: usize, pattern: &Pattern) -> String;
    /// Events of a pattern, without a number.
    fn kind(&self, pattern: &Pattern) -> String;
    fn condition(&self, condition: &Condition) -> String;
    /// Why a text looks made up.
    fn fake(&self, line: &FakeLine) -> String;
    /// What a model gives everybody to begin with.
    fn everybody(&self) -> &'static str;
    fn since(&self, day: Day) -> String;
    /// That a contact objects to being scored, and what follows.
    fn objects(&self, contact: &str, since: Day) -> String;
    fn fading(&self, decay: Decay) -> String;
    fn no_points(&self) -> &'static str;
    fn sum(&self) -> &'static str;

    // Events.
    fn order(&self, id: &str) -> String;
    fn number(&self, id: &str) -> String;
    fn pieces(&self, number: u32) -> String;
    fn campaign(&self, name: &str) -> String;
    fn via(&self, connection: &str) -> String;
    fn also_told_by(&self, connections: &[String]) -> String;
    fn only_by_webhook(&self) -> &'static str;
    fn until(&self, day: Day) -> String;
    fn more_events(&self, number: usize) -> String;

    // What was taken away.
    fn over_rule_limit(&self, limit: Points) -> String;
    fn over_period_limits(&self, lost: Points, limits: &[(i64, Period)]) -> String;
    fn gone(&self, number: usize) -> String;
    fn lifted(&self, number: usize, by: &[EventKind]) -> String;
    fn by_machines(&self, number: usize, how: &[String]) -> String;
    fn privacy_proxy(&self) -> &'static str;
    fn scanner(&self) -> &'static str;
    fn evidence(&self, evidence: &Evidence) -> String;
    fn group(&self, group: &Group, took: bool) -> String;
    fn floor(&self, floor: Points) -> String;
    fn adjustment(&self, author: &str, reason: &str, until: Option<Day>) -> String;

    // What is not judged and what does not apply.
    fn not_judged(&self) -> &'static str;
    fn not_counted(&self) -> &'static str;
    fn absence(&self, line: &AbsenceLine, as_of: Day) -> Reasoning;
    fn doubt(&self, doubt: &Doubt, gaps: &[Hole], as_of: Day) -> Reasoning;
    fn as_above(&self) -> &'static str;
    fn other_rules(&self, number: usize) -> String;
    fn other_rules_listed(&self) -> &'static str;

    // Where the contact belongs.
    fn segments(&self, names: &[String]) -> String;
    fn segments_not_judged(&self) -> &'static str;
    /// What is not used of a contact, for want of its consent.
    fn tracking(&self, mode: Tracking) -> Option<&'static str>;
    /// That events up to a day are gone, because they were older than they are kept.
    fn deleted(&self, day: Day) -> String;
    fn stage(&self, name: &str) -> String;

    // What happens next.
    fn next(&self, hindsight: bool) -> &'static str;
    fn nothing_changes(&self) -> &'static str;
    fn fades_daily(&self) -> &'static str;
    fn from(&self, day: Day) -> String;
    fn change(&self, points: Points, cause: &Cause) -> String;
    fn becomes(&self, score: &str, shown: (i64, i64), band: (Option<&str>, Option<&str>))
    -> String;
    fn enters(&self, segment: &str) -> String;
    fn leaves(&self, segment: &str) -> String;
    fn stage_becomes(&self, stage: Option<&str>) -> String;
    fn left_out(&self, number: usize, until: Day) -> String;
    fn then_nothing(&self) -> &'static str;
    fn then_more(&self) -> &'static str;
}
