//! The fingerprint of a set of rules, by which a stored score names the rules it was computed with.

use std::fmt::Write;

use engaged_connectors::model::EventKind;
use sha2::{Digest, Sha256};

use crate::rules::{
    set::{BandLimit, CountMode, Decay, Rule, RuleSet, Score},
    syntax::RuleWhen,
    tracking::TrackingRules,
};

/// SHA-256, in hexadecimal, of the canonical text.
pub(super) fn of(rules: &RuleSet) -> String {
    hex::encode(Sha256::digest(canonical(rules)))
}

/// Everything that decides a score, one thing a line, in the rule language's
/// canonical printing. Texts are quoted with escapes, so that no name can look like structure.
///
/// Two sets with equal texts score equally. The converse holds only nearly: the
/// order of rules is kept, since explanations list them in it.
fn canonical(rules: &RuleSet) -> String {
    let mut text = String::new();
    let lines = &mut text;
    line(lines, format_args!("rules 1"));
    line(lines, format_args!("zone {}", rules.zone));
    line(lines, format_args!("currency {}", rules.currency));
    line(lines, format_args!("kinds {:?}", rules.kinds));
    for class in &rules.links {
        line(
            lines,
            format_args!("links {:?} {:?}", class.name, class.globs),
        );
    }
    line(lines, format_args!("min_sends {}", rules.min_sends));
    for score in &rules.scores {
        write_score(lines, score);
    }
    for segment in &rules.segments {
        line(
            lines,
            format_args!("segment {:?} {}", segment.name, segment.when),
        );
    }
    for stage in &rules.stages {
        line(lines, format_args!("stage {:?} {}", stage.name, stage.when));
    }
    for automation in &rules.automations {
        let (name, when) = (&automation.name, &automation.when);
        line(lines, format_args!("automation {name:?} {when}"));
        if let Some(until) = &automation.until {
            line(lines, format_args!(" until {until}"));
        }
    }
    if rules.tracking != TrackingRules::default() {
        line(lines, format_args!("tracking {:?}", rules.tracking));
    }
    text
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{content}");
}

fn write_score(lines: &mut String, score: &Score) {
    line(lines, format_args!("score {:?}", score.name));
    line(lines, format_args!(" range {:?}", score.range));
    line(
        lines,
        format_args!(" penalty_floor {:?}", score.penalty_floor),
    );
    for group in &score.groups {
        line(
            lines,
            format_args!(" group {:?} {:?} {:?}", group.name, group.min, group.max),
        );
    }
    for band in &score.bands {
        let limit = match band.limit {
            BandLimit::Above(points) => format!("above {points}"),
            BandLimit::From(points) => format!("from {points}"),
            BandLimit::Rest => "rest".to_owned(),
        };
        line(lines, format_args!(" band {:?} {limit}", band.name));
    }
    if let Some(model) = &score.model {
        let bits: Vec<u64> = model.iter().map(|number| number.to_bits()).collect();
        line(lines, format_args!(" model {bits:x?}"));
    }
    for rule in &score.rules {
        write_rule(lines, rule);
    }
}

/// Options that mean nothing on a kind of rule are left out of its lines.
fn write_rule(lines: &mut String, rule: &Rule) {
    line(lines, format_args!(" rule {} {}", rule.points, rule.when));
    if let Some(group) = &rule.group {
        line(lines, format_args!("  group {group:?}"));
    }
    if let RuleWhen::State(_) = rule.when {
        line(
            lines,
            format_args!("  guards {} min_sends {}", rule.guards, rule.min_sends),
        );
        return;
    }
    let count = match rule.count {
        CountMode::Each => "each".to_owned(),
        CountMode::Once => "once".to_owned(),
        CountMode::PerMessage => "per message".to_owned(),
        CountMode::PerLink => "per link".to_owned(),
        CountMode::PerDay => "per day".to_owned(),
        CountMode::First(number) => format!("first {number}"),
    };
    line(lines, format_args!("  count {count}"));
    line(
        lines,
        format_args!("  at_most {:?} {:?}", rule.at_most, rule.at_most_per),
    );
    if let Some(expires) = rule.expires {
        line(lines, format_args!("  expires {expires}"));
    }
    match rule.decay {
        Some(Decay::Linear { share, period }) => {
            line(lines, format_args!("  decay {share} per {period}"));
        }
        Some(Decay::HalfLife { days }) => line(lines, format_args!("  decay half-life {days}")),
        None => {}
    }
    let mut kinds: Vec<&str> = rule.lifted_by.iter().map(EventKind::as_str).collect();
    kinds.sort_unstable();
    line(lines, format_args!("  lifted_by {kinds:?}"));
}
