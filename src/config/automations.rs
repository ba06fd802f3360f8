//! What starts when a condition begins to hold: the section `[[automations]]`, checked.
//!
//! The conditions become part of the rules, since they are evaluated with them;
//! what follows from entering stays here.

mod start;

use super::{
    code,
    connections::ConnectionConfig,
    found::Found,
    language::{self, Vocabulary},
    time,
    tree::{Node, Table},
};
use crate::{
    automation::{Automation, Side, Threshold},
    diagnostic::Diagnostic,
    rules::{
        glob::fold,
        set::{self, RuleSet},
        syntax::{Cmp, Condition},
    },
    score::calendar::Millis,
};

/// How long an entry waits before it starts anything, unless its `settle` says otherwise.
const SETTLE_MS: Millis = 30 * 60_000;
/// How it is written.
const SETTLE_HELP: &str =
    "write minutes, hours or days: settle = \"30 minutes\"; \"0 minutes\" does not wait";

/// The conditions of all automations, for the rules.
pub(super) fn conditions(
    root: &Table,
    vocabulary: &Vocabulary,
    found: &mut Found,
) -> Vec<set::Automation> {
    let tables = root.items_of("automations").iter().filter_map(Node::table);
    let checked = tables.filter_map(|table| {
        let condition = |name: &str, found: &mut Found| {
            let node = table.get(name)?;
            language::condition(node, vocabulary, found)
        };
        let (when, until) = (condition("when", found), condition("until", found));
        Some(set::Automation {
            name: table.text("name")?.to_owned(),
            text: table.text("when")?.to_owned(),
            when: when?,
            until,
        })
    });
    checked.collect()
}

/// All automations. What is wrong is left out, and reported.
pub(super) fn check(
    root: &Table,
    base: &std::path::Path,
    rules: &RuleSet,
    connections: &[ConnectionConfig],
    found: &mut Found,
) -> Vec<Automation> {
    let mut names: Vec<String> = Vec::new();
    let mut automations = Vec::new();
    for table in root.items_of("automations").iter().filter_map(Node::table) {
        let Some((node, name)) = table
            .get("name")
            .and_then(|node| Some((node, node.text()?)))
        else {
            continue;
        };
        if !check_name(node, name, &mut names, found) {
            continue;
        }
        let start = start::check(table, name, base, connections, found);
        let settle = time::wait(table, "settle", SETTLE_MS, SETTLE_HELP, found);
        let cooldown = table
            .get("cooldown")
            .and_then(|node| language::span(node, found));
        let most = table.get("max_per_contact").and_then(Node::integer);
        let Some(condition) = rules.automations.iter().find(|each| each.name == name) else {
            continue;
        };
        automations.extend(start.map(|start| Automation {
            name: name.to_owned(),
            fingerprint: super::hash::of(&rules.behind(condition)),
            threshold: threshold(&condition.when),
            cooldown,
            settle,
            max_per_contact: most.and_then(|most| u32::try_from(most).ok()),
            start,
        }));
    }
    automations
}

fn check_name(node: &Node, name: &str, names: &mut Vec<String>, found: &mut Found) -> bool {
    let wrong = if name.trim().is_empty() || name.contains(|c: char| c.is_control()) {
        "empty, or with control characters in it"
    } else if names.contains(&fold(name)) {
        "the second of this name"
    } else {
        names.push(fold(name));
        return true;
    };
    let message = format!("an automation cannot be named '{name}'");
    found.add(
        Diagnostic::error(code::BAD_NAME, message)
            .at(&node.place, wrong)
            .help("choose another name: who was in it before is remembered by it"),
    );
    false
}

/// The score and number that a condition compares, if it does nothing else.
fn threshold(condition: &Condition) -> Option<Threshold> {
    let Condition::Points { score, cmp, number } = condition else {
        return None;
    };
    let (side, strict) = match cmp {
        Cmp::Greater => (Side::Above, true),
        Cmp::GreaterOrEqual => (Side::Above, false),
        Cmp::Less => (Side::Below, true),
        Cmp::LessOrEqual => (Side::Below, false),
        Cmp::Equal | Cmp::NotEqual => return None,
    };
    Some(Threshold {
        score: fold(score),
        side,
        number: *number,
        strict,
    })
}
