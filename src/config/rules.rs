//! From the sections that decide scores to a checked [`RuleSet`]: event kinds,
//! link classes, segments and stages here, scores in [`super::scores`].

use chrono_tz::Tz;

use super::{
    automations, code,
    connections::texts,
    found::Found,
    language::{self, Vocabulary},
    privacy, scores,
    tree::{Entry, Node, Table},
};
use crate::{
    diagnostic::Diagnostic,
    rules::{
        KnownScore,
        glob::fold,
        set::{LinkClass, RuleSet, Segment, Stage},
    },
};

/// Mails that must have been ignored before absence is judged, where nothing else is said.
pub(super) const MIN_SENDS: u32 = 3;

/// Checks all rules. What is wrong is left out of the set, and reported.
pub(super) fn check(root: &Table, zone: Tz, currency: String, found: &mut Found) -> RuleSet {
    let vocabulary = vocabulary(root, found);
    for section in ["scores", "segments"] {
        check_names(section, root, &vocabulary.kinds, found);
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
        automations: automations::conditions(root, &vocabulary, found),
        tracking: privacy::check(root, &vocabulary.kinds, &vocabulary.connections, found),
    };
    other_rules(root, &vocabulary, found);
    language::sort(root, &mut set, found);
    set
}

/// A `min_sends` that passed the check of its range.
pub(super) fn min_sends(node: Option<&Node>) -> Option<u32> {
    node.and_then(Node::integer)
        .and_then(|number| u32::try_from(number).ok())
}

/// Every name that conditions may use.
pub(super) fn vocabulary(root: &Table, found: &mut Found) -> Vocabulary {
    let names = |section| -> Vec<String> {
        let names = super::names(root, section).into_iter();
        names.map(str::to_owned).collect()
    };
    let connections: Vec<&Table> = root
        .entries_of("connections")
        .iter()
        .filter_map(|entry| entry.node.table())
        .collect();
    let all_named = connections
        .iter()
        .all(|connection| !connection.items_of("lists").is_empty());
    let lists = connections
        .iter()
        .flat_map(|connection| texts(connection, "lists"))
        .collect();
    Vocabulary {
        kinds: kinds(root, found),
        scores: known_scores(root),
        segments: names("segments"),
        classes: names("links"),
        // Imported events belong to no configured connection.
        connections: names("connections")
            .into_iter()
            .chain(["import".to_owned()])
            .collect(),
        lists: (all_named && !connections.is_empty()).then_some(lists),
    }
}

fn known_scores(root: &Table) -> Vec<KnownScore> {
    let known = |entry: &Entry| KnownScore {
        name: entry.name.clone(),
        bands: entry
            .node
            .table()
            .map_or(&[][..], |score| score.items_of("bands"))
            .iter()
            .filter_map(|band| Some(band.table()?.text("name")?.to_owned()))
            .collect(),
    };
    root.entries_of("scores").iter().map(known).collect()
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
        let fits = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(letters);
        let wrong = if !fits {
            "small letters, digits and '_', beginning with a letter"
        } else if kinds.iter().any(|kind| kind == name) {
            "named twice"
        } else {
            if language::check_reserved("kind of events", name, &node.place, &[], found) {
                kinds.push(name.to_owned());
            }
            continue;
        };
        found.add(
            Diagnostic::error(
                code::BAD_NAME,
                format!("a kind of events cannot be named '{name}'"),
            )
            .at(&node.place, wrong),
        );
    }
    kinds
}

/// The names of scores and segments, which rules read.
fn check_names(section: &str, root: &Table, kinds: &[String], found: &mut Found) {
    let what = section.trim_end_matches('s');
    let mut seen: Vec<(String, &str)> = Vec::new();
    for entry in root.entries_of(section) {
        let name = &entry.name;
        let folded = fold(name);
        let wrong = if name.trim().is_empty()
            || name.contains(|c: char| c.is_control() || matches!(c, '\'' | '"'))
        {
            "empty, or with quotes or control characters in it".to_owned()
        } else if let Some((_, other)) = seen.iter().find(|(other, _)| *other == folded) {
            format!("rules could not tell it from '{other}'")
        } else {
            language::check_reserved(what, name, &entry.place, kinds, found);
            seen.push((folded, name));
            continue;
        };
        found.add(
            Diagnostic::error(code::BAD_NAME, format!("a {what} cannot be named '{name}'"))
                .at(&entry.place, wrong)
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

/// What other sections read with their own eyes later is checked with the rules, so that all errors come at once.
fn other_rules(root: &Table, vocabulary: &Vocabulary, found: &mut Found) {
    if let Some(node) = root.table("insight").and_then(|it| it.get("conversion")) {
        language::rule(node, vocabulary, found);
    }
}
