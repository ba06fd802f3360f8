//! The windows in a rule set, so that dates can be put at their edges.

use engaged::rules::{
    set::{Decay, RuleSet},
    syntax::{Condition, RuleWhen, Window},
};

/// Every window that a rule set names.
pub(crate) fn windows(rules: &RuleSet) -> Vec<Window> {
    let mut all = Vec::new();
    for rule in rules.scores.iter().flat_map(|score| &score.rules) {
        all.extend(rule.expires);
        if let Some(Decay::Linear { period, .. }) = rule.decay {
            all.push(period);
        }
        if let RuleWhen::State(when) = &rule.when {
            collect(when, &mut all);
        }
    }
    rules
        .segments
        .iter()
        .for_each(|each| collect(&each.when, &mut all));
    rules
        .stages
        .iter()
        .for_each(|each| collect(&each.when, &mut all));
    all
}

fn collect(when: &Condition, all: &mut Vec<Window>) {
    match when {
        Condition::Or(parts) | Condition::And(parts) => {
            for part in parts {
                collect(part, all);
            }
        }
        Condition::Not(part) => collect(part, all),
        Condition::Absence { window, .. } | Condition::Count { window, .. } => all.extend(*window),
        Condition::Total { window, .. }
        | Condition::DaysWith { window, .. }
        | Condition::TimeSince { window, .. } => all.push(*window),
        _ => {}
    }
}
