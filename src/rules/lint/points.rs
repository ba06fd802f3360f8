//! Rules whose points are odd: a reward for leaving, events that earn twice,
//! a rule that decides the score alone.

use std::collections::BTreeMap;

use engaged_connectors::model::EventKind;

use super::{Place, Warning};
use crate::rules::{
    glob::{Glob, UrlGlob, fold},
    set::{CountMode, Rule, Score},
    syntax::{Actor, Bound, Condition, Decimal, Filter, Pattern, RuleWhen},
};

pub(super) fn lint(score: &Score) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let total = most(score);
    let worth = score.rules.iter().filter(|rule| rule.points > 0).count();
    for (at, rule) in score.rules.iter().enumerate() {
        let mut warn = |message: String, help: &str| {
            warnings.push(Warning {
                place: Place::Rule {
                    score: score.name.clone(),
                    rule: at,
                },
                message,
                help: Some(help.into()),
            });
        };
        if let Some(kind) = opposite(rule) {
            warn(
                format!("`{kind}` earns points, though it is a step away"),
                "give it points below zero",
            );
        }
        // Of one or two rules, one is always worth half.
        if let (Some(total), Some(most)) = (total, most_of(rule))
            && worth > 2
            && most > total / 2
        {
            warn(
                format!(
                    "this rule is worth {} of all {} points that can be had",
                    points(most),
                    points(total)
                ),
                "more than half: the other rules hardly matter",
            );
        }
        let twin = score.rules[..at]
            .iter()
            .find(|earlier| same_events(earlier, rule));
        if let Some(twin) = twin {
            warn(
                format!(
                    "an event can earn the points of this rule and of `{}`",
                    twin.text
                ),
                "both count; if that is not meant, narrow one of them",
            );
        }
    }
    warnings
}

/// Thousandths as points.
pub(super) fn points(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1000, (thousandths % 1000).abs());
    Decimal::parse(&text).map_or(text, |number| number.to_string())
}

/// The most that all rules together can give, in thousandths; `None` where there is no limit.
pub(super) fn most(score: &Score) -> Option<i64> {
    sum(
        score,
        |rule| {
            if rule.points > 0 {
                most_of(rule)
            } else {
                Some(0)
            }
        },
        |group, sum| {
            let capped = |max: i64| sum.map_or(max, |sum| sum.min(max));
            score
                .groups
                .iter()
                .find(|g| g.name == group)?
                .max
                .map(capped)
        },
    )
}

/// The least that all rules together can give, in thousandths; `None` where there is no limit.
pub(super) fn least(score: &Score) -> Option<i64> {
    let sum = sum(
        score,
        |rule| {
            if rule.points < 0 {
                most_of(rule)
            } else {
                Some(0)
            }
        },
        |group, sum| {
            let capped = |min: i64| sum.map_or(min, |sum| sum.max(min));
            score
                .groups
                .iter()
                .find(|g| g.name == group)?
                .min
                .map(capped)
        },
    );
    match (sum, score.penalty_floor) {
        (Some(sum), Some(floor)) => Some(sum.max(floor)),
        (sum, floor) => sum.or(floor),
    }
}

/// Sums what rules can give, group by group, each group through its limit (`None`: it has none).
fn sum(
    score: &Score,
    of_rule: impl Fn(&Rule) -> Option<i64>,
    of_group: impl Fn(&str, Option<i64>) -> Option<i64>,
) -> Option<i64> {
    let mut groups: BTreeMap<Option<&str>, Option<i64>> = BTreeMap::new();
    for rule in &score.rules {
        let sum = groups.entry(rule.group.as_deref()).or_insert(Some(0));
        *sum = sum
            .zip(of_rule(rule))
            .map(|(sum, more)| sum.saturating_add(more));
    }
    groups.into_iter().try_fold(0_i64, |all, (group, sum)| {
        let limited = group.and_then(|group| of_group(group, sum));
        Some(all.saturating_add(limited.or(sum)?))
    })
}

/// All that a rule can ever give, in thousandths and with its sign; `None` where there is no limit.
fn most_of(rule: &Rule) -> Option<i64> {
    let times = match (&rule.when, rule.count) {
        // Bought goods count by their quantity.
        (RuleWhen::Each(pattern), _) if pattern.kind == EventKind::Purchase => None,
        (RuleWhen::State(_), _) | (_, CountMode::Once) => Some(1),
        (_, CountMode::First(number)) => Some(i64::from(number)),
        _ => None,
    };
    let sum = times.map(|times| rule.points.saturating_mul(times));
    let cap = rule
        .at_most
        .map(|cap| cap.abs().saturating_mul(rule.points.signum()));
    match (sum, cap) {
        (Some(sum), Some(cap)) => Some(if sum.abs() < cap.abs() { sum } else { cap }),
        (sum, cap) => sum.or(cap),
    }
}

/// The kind of a step away from us that this rule rewards.
fn opposite(rule: &Rule) -> Option<String> {
    let pattern = match &rule.when {
        RuleWhen::Each(pattern)
        | RuleWhen::State(
            Condition::Absence {
                any: true, pattern, ..
            }
            | Condition::Count {
                bound: Bound::AtLeast | Bound::MoreThan,
                pattern,
                ..
            }
            | Condition::DaysWith { pattern, .. },
        ) => pattern,
        RuleWhen::State(_) => return None,
    };
    let away = matches!(
        pattern.kind,
        EventKind::Unsubscribe
            | EventKind::Bounce
            | EventKind::HardBounce
            | EventKind::SoftBounce
            | EventKind::Complaint
            | EventKind::Refund
            | EventKind::Unlike
            | EventKind::Unfollow
    );
    (away && rule.points > 0).then(|| pattern.kind.as_str().replace('_', " "))
}

/// Whether some event can be an event of both rules.
fn same_events(one: &Rule, other: &Rule) -> bool {
    match (&one.when, &other.when) {
        (RuleWhen::Each(one), RuleWhen::Each(other)) => overlap(one, other),
        _ => false,
    }
}

fn overlap(one: &Pattern, other: &Pattern) -> bool {
    let bounce = |kind: &EventKind| matches!(kind, EventKind::HardBounce | EventKind::SoftBounce);
    let kinds = one.kind == other.kind
        || one.kind == EventKind::Bounce && bounce(&other.kind)
        || other.kind == EventKind::Bounce && bounce(&one.kind);
    let actors = one.actor == other.actor || [one.actor, other.actor].contains(&Actor::Everyone);
    let apart = |filter: &Filter| other.filters.iter().any(|there| exclude(filter, there));
    kinds && actors && !one.filters.iter().any(apart)
}

/// Whether no event passes both filters, as far as can be told.
fn exclude(one: &Filter, other: &Filter) -> bool {
    let globs = |a: &str, b: &str| !Glob::new(a).overlaps(&Glob::new(b));
    match (one, other) {
        (Filter::On(a), Filter::On(b)) => !UrlGlob::new(a).overlaps(&UrlGlob::new(b)),
        (Filter::Of(a), Filter::Of(b)) | (Filter::Campaign(a), Filter::Campaign(b)) => globs(a, b),
        // A link is of one class, an event of one connection.
        (Filter::Tagged(a), Filter::Tagged(b)) | (Filter::From(a), Filter::From(b)) => {
            fold(a) != fold(b)
        }
        (Filter::Over(least), Filter::Under(most)) | (Filter::Under(most), Filter::Over(least)) => {
            least >= most
        }
        // What a test lets through is not compared; another property may well go with it.
        (
            Filter::Where { name: a, test: one },
            Filter::Where {
                name: b,
                test: other,
            },
        ) => fold(a) == fold(b) && one != other,
        _ => false,
    }
}
