//! From the sections that decide scores to a checked [`RuleSet`]: event kinds,
//! link classes, segments and stages here, scores in [`super::scores`].

use chrono_tz::Tz;
use engaged_connectors::model::EventKind;

use super::{
    code,
    connections::texts,
    found::Found,
    language::{self, Vocabulary},
    scores,
    tree::{Node, Table},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    rules::set::{LinkClass, RuleSet, Segment, Stage},
};

/// Mails that must have been ignored before absence is judged, where nothing else is said.
pub(super) const MIN_SENDS: u32 = 3;

/// Checks all rules. What is wrong is left out of the set, and reported.
pub(super) fn check(root: &Table, zone: Tz, currency: String, found: &mut Found) -> RuleSet {
    let vocabulary = vocabulary(root, found);
    for section in ["scores", "segments"] {
        for entry in root.entries_of(section) {
            let what = section.trim_end_matches('s');
            check_name(what, &entry.name, &entry.place, &vocabulary, found);
        }
    }
    let absence = root
        .table("absence")
        .and_then(|table| table.get("min_sends"));
    let mut set = RuleSet {
        zone,
        currency,
        kinds: vocabulary.kinds.clone(),
        links: links(root),
        min_sends: min_sends(absence).unwrap_or(MIN_SENDS),
        scores: scores::check(root, &vocabulary, found),
        segments: segments(root, &vocabulary, found),
        stages: stages(root, &vocabulary, found),
    };
    unused_conditions(root, &vocabulary, found);
    language::sort(root, &mut set, found);
    if !found.has_errors() {
        language::lint(root, &set, found);
    }
    set
}

/// A `min_sends` that passed the check of its range.
pub(super) fn min_sends(node: Option<&Node>) -> Option<u32> {
    node.and_then(Node::integer)
        .and_then(|number| u32::try_from(number).ok())
}

fn vocabulary(root: &Table, found: &mut Found) -> Vocabulary {
    let names = |section| {
        super::names(root, section)
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let mut lists: Vec<String> = root
        .entries_of("connections")
        .iter()
        .filter_map(|entry| entry.node.table())
        .flat_map(|connection| texts(connection, "lists"))
        .collect();
    lists.sort();
    lists.dedup();
    Vocabulary {
        kinds: kinds(root, found),
        scores: names("scores"),
        segments: names("segments"),
        links: names("links"),
        connections: names("connections"),
        lists,
    }
}

fn kinds(root: &Table, found: &mut Found) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    let nodes = root
        .table("events")
        .map_or(&[][..], |events| events.items_of("kinds"));
    for node in nodes {
        let Some(name) = node.text() else {
            continue;
        };
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let wrong =
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(letters) {
                Some("small letters, digits and '_', beginning with a letter")
            } else if EventKind::built_in(name).is_some() {
                Some("a built-in kind of this name exists")
            } else if kinds.iter().any(|kind| kind == name) {
                Some("named twice")
            } else {
                language::reserved(name, &[])
            };
        match wrong {
            Some(wrong) => found.add(
                Diagnostic::error(
                    code::BAD_NAME,
                    format!("a kind of events cannot be named '{name}'"),
                )
                .at(&node.place, wrong),
            ),
            None => kinds.push(name.to_owned()),
        }
    }
    kinds
}

fn check_name(what: &str, name: &str, place: &Place, vocabulary: &Vocabulary, found: &mut Found) {
    let wrong = if name.trim().is_empty()
        || name.contains(['\'', '"'])
        || name.contains(char::is_control)
    {
        Some("empty, or with quotes or control characters in it")
    } else {
        language::reserved(name, &vocabulary.kinds)
    };
    if let Some(wrong) = wrong {
        found.add(
            Diagnostic::error(code::BAD_NAME, format!("a {what} cannot be named '{name}'"))
                .at(place, wrong)
                .help("choose another name"),
        );
    }
}

fn links(root: &Table) -> Vec<LinkClass> {
    root.table("links").map_or_else(Vec::new, |links| {
        links
            .entries
            .iter()
            .map(|entry| LinkClass {
                name: entry.name.clone(),
                globs: texts(links, &entry.name),
            })
            .collect()
    })
}

fn segments(root: &Table, vocabulary: &Vocabulary, found: &mut Found) -> Vec<Segment> {
    root.entries_of("segments")
        .iter()
        .filter_map(|entry| {
            Some(Segment {
                name: entry.name.clone(),
                text: entry.node.text()?.to_owned(),
                when: language::condition(&entry.node, vocabulary, found)?,
            })
        })
        .collect()
}

fn stages(root: &Table, vocabulary: &Vocabulary, found: &mut Found) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for table in root.items_of("stages").iter().filter_map(Node::table) {
        let when = table
            .get("when")
            .and_then(|node| language::condition(node, vocabulary, found));
        let Some(name) = table.get("name") else {
            continue;
        };
        let text = name.text().unwrap_or_default();
        if stages.iter().any(|stage| stage.name == text) {
            found.add(
                Diagnostic::error(code::BAD_NAME, format!("two stages are named '{text}'"))
                    .at(&name.place, "the second of this name")
                    .help("join the conditions with 'or', or rename one"),
            );
        }
        if let Some(when) = when {
            stages.push(Stage {
                name: text.to_owned(),
                text: table.text("when").unwrap_or_default().to_owned(),
                when,
            });
        }
    }
    stages
}

/// The conditions of sections that nothing uses yet are checked all the same:
/// a mistake is cheaper to learn now than when it begins to matter.
fn unused_conditions(root: &Table, vocabulary: &Vocabulary, found: &mut Found) {
    let automations = root.items_of("automations").iter();
    let cleaning = root.entries_of("cleaning").iter().map(|entry| &entry.node);
    for table in automations.chain(cleaning).filter_map(Node::table) {
        for name in ["when", "until", "protect"] {
            if let Some(node) = table.get(name) {
                language::condition(node, vocabulary, found);
            }
        }
    }
}
