//! Whether an edit of a file touches rules alone.
//!
//! Who may edit rules need not be somebody who may move a key to another host,
//! start an automation or take people off a list. So an edit that comes from
//! elsewhere than the file itself is compared with it as parsed, and whatever
//! is no rule must be as it was.

use super::{
    code,
    found::Found,
    parts::{self, is_rules},
    source::SourceFile,
    tree::{self, Entry, Node, Table, Value},
};
use crate::diagnostic::{Diagnostic, Place};

/// What a draft of a file changes beside rules, each in its place in the draft. `files` are all files of the
/// configuration as they stand. Nothing that the draft names is read.
pub fn beside_rules(files: &[SourceFile], draft: &SourceFile) -> Vec<Diagnostic> {
    let mut found = Found::default();
    let Some(after) = tree::parse(&draft.shown(), &draft.text, &mut found) else {
        return found.sorted();
    };
    let mut trees = Vec::new();
    for file in files {
        match tree::parse(&file.shown(), &file.text, &mut found) {
            Some(tree) => trees.push((file, tree)),
            None => return found.sorted(),
        }
    }
    let empty = Table::default();
    let mut here = trees.iter().filter(|(file, _)| file.path == draft.path);
    let before = here.next().map_or(&empty, |(_, tree)| tree);
    let whole = tree::place_of(&draft.shown(), &draft.text).at(0..0);
    tables(&beside(before), &beside(&after), "", &whole, &mut found);
    models(trees.iter().map(|(_, tree)| tree), &after, &mut found);
    found.sorted()
}

/// A file's tree without its rules. The order of what is left means nothing.
fn beside(root: &Table) -> Table {
    let mut entries: Vec<Entry> = root.entries.clone();
    entries.retain(|entry| !is_rules(&entry.name));
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Table { entries }
}

fn tables(before: &Table, after: &Table, path: &str, whole: &Place, found: &mut Found) {
    for entry in &after.entries {
        let path = joined(path, &entry.name);
        match before.get(&entry.name) {
            None => found.add(other(&path, &entry.place, "is not in the file")),
            Some(before) => nodes(before, &entry.node, &path, &entry.place, found),
        }
    }
    let names = |table: &Table| -> Vec<String> {
        let all = table.entries.iter();
        all.map(|entry| entry.name.clone()).collect()
    };
    let (were, are) = (names(before), names(after));
    for gone in were.iter().filter(|name| !are.contains(name)) {
        let path = joined(path, gone);
        found.add(other(&path, whole, &format!("'{gone}' is missing")));
    }
    let mut kept = were.iter().filter(|name| are.contains(name));
    let mut stay = are.iter().filter(|name| were.contains(name));
    if kept.by_ref().ne(stay.by_ref()) {
        found.add(other(path, whole, "is in another order"));
    }
}

fn nodes(before: &Node, after: &Node, path: &str, key: &Place, found: &mut Found) {
    match (&before.value, &after.value) {
        (Value::Table(before), Value::Table(after)) => tables(before, after, path, key, found),
        (Value::List(before), Value::List(after)) if before.len() == after.len() => {
            for (before, after) in before.iter().zip(after) {
                nodes(before, after, path, &after.place, found);
            }
        }
        _ if parts::fingerprint(before) != parts::fingerprint(after) => {
            found.add(other(path, &after.place, "is other than in the file"));
        }
        _ => {}
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A model's file is read, and quoted in messages: only files that were named before may be named.
fn models<'a>(before: impl Iterator<Item = &'a Table>, after: &Table, found: &mut Found) {
    let known: Vec<&Node> = before
        .flat_map(named_models)
        .map(|(_, node)| node)
        .collect();
    for (score, node) in named_models(after) {
        if !known.iter().any(|known| known.text() == node.text()) {
            let path = format!("scores.{score}.model");
            found.add(other(&path, &node.place, "this file is not named yet"));
        }
    }
}

fn named_models(root: &Table) -> impl Iterator<Item = (&str, &Node)> {
    root.entries_of("scores").iter().filter_map(|entry| {
        let model = entry.node.table()?.get("model")?;
        Some((entry.name.as_str(), model))
    })
}

fn other(path: &str, place: &Place, label: &str) -> Diagnostic {
    Diagnostic::error(code::NOT_RULES, format!("'{path}' cannot be changed here"))
        .at(place, label)
        .note(format!("a draft may change {}", parts::RULES.join(", ")))
        .help("change it in the file itself, and reload")
}
