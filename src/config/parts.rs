//! The parts of a configuration and a fingerprint of each, to tell what an edit changed.
//!
//! A part is what a person would name: `scores.engagement`, `connections.news`,
//! `guards`. What packs bring and variables override is in it; where it stands
//! in the files is not.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{
    schema,
    tree::{Node, Table, Value},
};

/// Each part, and a fingerprint of what it says.
pub type Parts = BTreeMap<String, String>;

/// The sections that decide what scores, segments and stages are, and nothing else: no host, no key, nothing that
/// is started, written or removed.
pub const RULES: [&str; 9] = [
    "absence", "currency", "events", "extends", "links", "scores", "segments", "stages", "tests",
];

/// Whether a part, or a key at the top, is of the rules.
pub fn is_rules(part: &str) -> bool {
    let section = part.split_once('.').map_or(part, |(section, _)| section);
    RULES.contains(&section)
}

/// What differs between two configurations, in the order of names.
pub fn differing(before: &Parts, after: &Parts) -> Vec<String> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let other = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    other.cloned().collect()
}

/// The parts of a tree.
pub(super) fn of(root: &Table) -> Parts {
    let all = split(root);
    all.map(|(name, node)| (name, fingerprint(node))).collect()
}

/// The names of a tree's parts, in its order.
pub(super) fn names(root: &Table) -> Vec<String> {
    split(root).map(|(name, _)| name).collect()
}

/// Sections of named things by name, others whole.
fn split(root: &Table) -> impl Iterator<Item = (String, &Node)> {
    root.entries.iter().flat_map(|entry| {
        let named = schema::ROOT
            .iter()
            .any(|key| key.name == entry.name && matches!(key.kind, schema::Kind::Named(..)));
        match entry.node.table().filter(|_| named) {
            Some(table) => {
                let inner = table.entries.iter();
                inner
                    .map(|inner| (format!("{}.{}", entry.name, inner.name), &inner.node))
                    .collect()
            }
            None => vec![(entry.name.clone(), &entry.node)],
        }
    })
}

/// Equal for equal values.
pub(super) fn fingerprint(node: &Node) -> String {
    let mut text = String::new();
    write(&mut text, node);
    hex::encode(&Sha256::digest(text)[..12])
}

/// What a value says, without its places: equal texts are equal values.
fn write(text: &mut String, node: &Node) {
    match &node.value {
        Value::Text(words) => text.push_str(&format!("{words:?}")),
        Value::Integer(number) => text.push_str(&number.to_string()),
        Value::Float(words) | Value::Date(words) => text.push_str(words),
        Value::Truth(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::List(nodes) => {
            text.push('[');
            for node in nodes {
                write(text, node);
                text.push(',');
            }
            text.push(']');
        }
        Value::Table(table) => {
            text.push('{');
            for entry in &table.entries {
                text.push_str(&format!("{:?}=", entry.name));
                write(text, &entry.node);
                text.push(',');
            }
            text.push('}');
        }
    }
}
