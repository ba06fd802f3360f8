//! Scores against what happened: which conversions they foretold, and which facts
//! would have foretold them.
//!
//! [`cases`] finds who converted and whom to compare them with, on the days before;
//! [`backtest`] scores them as of those days; [`suggest`] looks for facts that go
//! with conversions, and [`regression`] weighs them together; [`draft`] writes both
//! down. Everything is read from one state of the store; nothing is written, and
//! nothing that was not known on a day counts on it.

pub mod backtest;
pub mod candidates;
pub mod cases;
pub mod draft;
pub mod model;
pub mod rates;
pub mod regression;
pub mod suggest;

use crate::{
    config::Config,
    rules::{
        Context, SyntaxError, parse_rule,
        set::RuleSet,
        syntax::{Condition, Pattern, RuleWhen, Window},
    },
};
use engaged_connectors::model::EventKind;

/// With fewer conversions nothing is fitted.
pub const CONVERSIONS_MIN: u64 = 50;
/// A fact that fewer cases have gets no points.
pub const CASES_MIN: u64 = 30;

/// What a conversion is, and how to look back.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Which events; the first of each contact counts.
    pub conversion: Pattern,
    /// Who converts within this time is nobody to compare with.
    pub within: Window,
    /// Whether fields and lists are taken as they are now.
    pub profile_today: bool,
}

/// Reads what a conversion is: a pattern, or `any` with a pattern. `None` for any other condition.
///
/// # Errors
///
/// What is wrong with the words.
pub fn conversion(text: &str, kinds: &[String]) -> Result<Option<Pattern>, Vec<SyntaxError>> {
    let context = Context {
        kinds,
        ..Context::default()
    };
    Ok(match parse_rule(text, &context)? {
        RuleWhen::Each(pattern)
        | RuleWhen::State(Condition::Absence {
            any: true,
            pattern,
            window: None,
        }) => Some(pattern),
        RuleWhen::State(_) => None,
    })
}

/// Whether a condition asks about a kind of event, itself or by a score or segment that it reads.
pub(crate) fn reads(condition: &Condition, kind: &EventKind, rules: &RuleSet) -> bool {
    match condition {
        Condition::Or(parts) | Condition::And(parts) => {
            parts.iter().any(|part| reads(part, kind, rules))
        }
        Condition::Not(inner) => reads(inner, kind, rules),
        Condition::Absence { pattern, .. }
        | Condition::Count { pattern, .. }
        | Condition::DaysWith { pattern, .. }
        | Condition::Total { pattern, .. }
        | Condition::TimeSince { pattern, .. } => same_kind(&pattern.kind, kind),
        Condition::Points { score, .. } | Condition::Band { score, .. } => {
            let found = rules.scores.iter().find(|each| each.name == *score);
            found.is_some_and(|score| {
                let mut all = score.rules.iter();
                all.any(|rule| rule_reads(&rule.when, kind, rules))
            })
        }
        Condition::Segment(name) => {
            let found = rules.segments.iter().find(|each| each.name == *name);
            found.is_some_and(|segment| reads(&segment.when, kind, rules))
        }
        _ => false,
    }
}

/// As [`reads`], of a rule.
pub(crate) fn rule_reads(when: &RuleWhen, kind: &EventKind, rules: &RuleSet) -> bool {
    match when {
        RuleWhen::Each(pattern) => same_kind(&pattern.kind, kind),
        RuleWhen::State(condition) => reads(condition, kind, rules),
    }
}

/// A refund is of a purchase.
fn same_kind(one: &EventKind, other: &EventKind) -> bool {
    one == other || *other == EventKind::Purchase && *one == EventKind::Refund
}

/// The rules of scores that ask about the conversion itself: the score, and the rule. None where only
/// some events of a kind are conversions: others of it may well come before.
pub(crate) fn own_conversion(rules: &RuleSet, conversion: &Pattern) -> Vec<(String, String)> {
    if !conversion.filters.is_empty() {
        return Vec::new();
    }
    let kind = &conversion.kind;
    let scores = rules.scores.iter();
    let all = scores.flat_map(|score| score.rules.iter().map(move |rule| (score, rule)));
    all.filter(|(_, rule)| rule_reads(&rule.when, kind, rules))
        .map(|(score, rule)| (score.name.clone(), rule.text.clone()))
        .collect()
}

#[cfg(test)]
mod tests;
