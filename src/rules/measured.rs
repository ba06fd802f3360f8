//! Which rules read what is measured of contacts: opens, clicks, visits.

use super::{
    set::RuleSet,
    syntax::{Condition, Pattern, RuleWhen},
    tracking::Signal,
};

/// A condition that reads what is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Where it stands: a score, `segments`, `stages` or `automations`.
    pub place: String,
    /// What it says, as typed; for an automation its name.
    pub text: String,
    /// Whether opens are needed.
    pub opens: bool,
    /// Whether clicks, visits or the like are needed.
    pub clicks: bool,
}

/// Every condition that reads what is measured, in the order of the file.
pub fn readers(rules: &RuleSet) -> Vec<Reader> {
    let mut all = Vec::new();
    for score in &rules.scores {
        for rule in &score.rules {
            let mut patterns = Vec::new();
            match &rule.when {
                RuleWhen::Each(pattern) => patterns.push(pattern),
                RuleWhen::State(condition) => collect(condition, &mut patterns),
            }
            all.extend(reader(rules, &score.name, &rule.text, &patterns));
        }
    }
    for each in &rules.segments {
        all.extend(of(rules, "segments", &each.text, &[&each.when]));
    }
    for each in &rules.stages {
        all.extend(of(rules, "stages", &each.text, &[&each.when]));
    }
    for each in &rules.automations {
        let conditions: Vec<&Condition> = [Some(&each.when), each.until.as_ref()]
            .into_iter()
            .flatten()
            .collect();
        all.extend(of(rules, "automations", &each.name, &conditions));
    }
    all
}

fn of(rules: &RuleSet, place: &str, text: &str, conditions: &[&Condition]) -> Option<Reader> {
    let mut patterns = Vec::new();
    for condition in conditions {
        collect(condition, &mut patterns);
    }
    reader(rules, place, text, &patterns)
}

fn reader(rules: &RuleSet, place: &str, text: &str, patterns: &[&Pattern]) -> Option<Reader> {
    let reads = |signal| {
        let mut kinds = patterns.iter().map(|pattern| &pattern.kind);
        kinds.any(|kind| rules.tracking.signal(kind) == Some(signal))
    };
    // A click stands in for an open, but no open for a click.
    let (opens, clicks) = (reads(Signal::Open), reads(Signal::Click));
    (opens || clicks).then(|| Reader {
        place: place.to_owned(),
        text: text.to_owned(),
        opens,
        clicks,
    })
}

/// The patterns in a condition. What it reads of scores and segments stands there.
fn collect<'a>(condition: &'a Condition, patterns: &mut Vec<&'a Pattern>) {
    match condition {
        Condition::Or(parts) | Condition::And(parts) => {
            for part in parts {
                collect(part, patterns);
            }
        }
        Condition::Not(inner) => collect(inner, patterns),
        Condition::Absence { pattern, .. }
        | Condition::Count { pattern, .. }
        | Condition::DaysWith { pattern, .. }
        | Condition::Total { pattern, .. }
        | Condition::TimeSince { pattern, .. } => patterns.push(pattern),
        _ => {}
    }
}
