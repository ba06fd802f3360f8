//! A failing case in few lines.

use std::fmt::Write as _;

use engaged::{rules::set::RuleSet, score::calendar::Day};
use engaged_connectors::model::Address;

use super::{case::Case, oracle::dates};

/// Everything about a case that matters, an event a line.
pub(super) fn describe(case: &Case) -> String {
    let mut text = String::new();
    let zone = case.rules.zone;
    let day = |at: i64| Day(dates::local(zone, at));
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes all");
    line(format!(
        "as of {} in {zone}, {:?}",
        Day(case.as_of),
        case.coverage
    ));
    line(describe_rules(&case.rules));
    let facts = &case.facts;
    for event in &facts.events {
        let kind = event.kind;
        let mut said = format!("{} {} {event:?}", day(event.at), case.kind(kind));
        for (unset, nothing) in [
            ("value: None, ", ""),
            ("TextId(0)", "-"),
            ("has_properties: false", ""),
        ] {
            said = said.replace(unset, nothing);
        }
        line(said);
    }
    for said in &facts.subscriptions {
        line(format!("{} {said:?}", day(said.at)));
    }
    line(format!(
        "subscribed {:?}, known {:?}, connections {:?}, address {:?}",
        facts.subscribed_at.map(day),
        day(facts.first_known_at),
        facts.connections,
        facts.address.as_ref().map(Address::reveal)
    ));
    line(format!(
        "fields {:?} properties {:?} adjustments {:?}",
        facts.fields, facts.properties, facts.adjustments
    ));
    text
}

/// A rule a line.
pub(super) fn describe_rules(rules: &RuleSet) -> String {
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes all");
    for score in &rules.scores {
        line(format!(
            "score {:?} groups {:?} floor {:?} range {:?}",
            score.name, score.groups, score.penalty_floor, score.range
        ));
        for rule in &score.rules {
            line(format!("  {rule:?}"));
        }
    }
    for segment in &rules.segments {
        line(format!("segment {:?} {:?}", segment.name, segment.when));
    }
    for stage in &rules.stages {
        line(format!("stage {:?}", stage.when));
    }
    text
}
