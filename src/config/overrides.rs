//! Environment variables that override keys: `ENGAGED__SECTION__KEY`.
//!
//! Names of keys and of things the user named (connections, scores) are
//! matched without case, and `-` and spaces count as `_`, since a shell allows
//! no more. A variable changes or adds a key; it cannot make a new named thing.

use super::{
    Environment, code,
    found::Found,
    near::proposal,
    schema::{Key, Kind, ROOT},
    tree::{self, Entry, Node, Table, Value},
};
use crate::diagnostic::{Diagnostic, Place};

/// How every override begins.
pub const PREFIX: &str = "ENGAGED__";

/// Applies the overrides whose first part `wanted` picks, in the order of their names.
pub(super) fn apply(
    root: &mut Table,
    environment: &Environment,
    wanted: impl Fn(&str) -> bool,
    found: &mut Found,
) {
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let path: Vec<&str> = path.split("__").collect();
        if !wanted(path[0]) {
            continue;
        }
        let variable = Variable::new(name, value);
        if let Err(diagnostic) = set_in_keys(root, ROOT, &path, &variable) {
            found.add(*diagnostic);
        }
    }
}

/// Whether two names are one to an environment variable.
pub(super) fn same(part: &str, name: &str) -> bool {
    let fold = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    fold(part) == fold(name)
}

/// One variable, as it is quoted in messages.
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
    /// The whole of `NAME=value`.
    place: Place,
}

type Refusal = Box<Diagnostic>;

impl<'a> Variable<'a> {
    fn new(name: &'a str, value: &'a str) -> Self {
        Self {
            name,
            value,
            place: tree::place_of(tree::ENVIRONMENT, &format!("{name}={value}")),
        }
    }

    fn name_place(&self) -> Place {
        self.place.at(0..self.name.len())
    }

    fn value_place(&self) -> Place {
        self.place.at(self.name.len() + 1..self.place.text.len())
    }

    /// The value as TOML, or as plain text where text is wanted or it is no TOML.
    fn node(&self, kind: &Kind) -> Node {
        let parsed = tree::parse_value(self.value, &self.place, self.name.len() + 1);
        match parsed {
            Some(node)
                if node.text().is_some()
                    || !matches!(kind, Kind::Text | Kind::Word(_) | Kind::Secret(_)) =>
            {
                node
            }
            _ => Node {
                place: self.value_place(),
                value: Value::Text(self.value.to_owned()),
            },
        }
    }

    /// No key or thing of that name.
    fn unknown<'b>(
        &self,
        part: &str,
        what: &str,
        known: impl IntoIterator<Item = &'b str> + Clone,
    ) -> Refusal {
        let known: Vec<String> = known
            .into_iter()
            .map(|name| name.to_uppercase().replace(['-', ' '], "_"))
            .collect();
        let end = self.name.len();
        let start = self.name.rfind(part).unwrap_or(0);
        let span = start..(start + part.len()).min(end);
        Box::new(
            Diagnostic::error(
                code::UNKNOWN_KEY,
                format!("the variable {} overrides nothing", self.name),
            )
            .at(
                &self.place.at(span),
                format!("there is no {what} of this name"),
            )
            .maybe_help(proposal(part, known.iter().map(String::as_str))),
        )
    }
}

/// Sets the key at `path` under a table that has `keys`.
fn set_in_keys(
    table: &mut Table,
    keys: &'static [Key],
    path: &[&str],
    variable: &Variable<'_>,
) -> Result<(), Refusal> {
    let Some(key) = keys.iter().find(|key| same(path[0], key.name)) else {
        return Err(variable.unknown(path[0], "key", keys.iter().map(|key| key.name)));
    };
    let at = table
        .entries
        .iter()
        .position(|entry| entry.name == key.name);
    let at = at.unwrap_or_else(|| {
        table.entries.push(Entry {
            name: key.name.to_owned(),
            place: variable.name_place(),
            node: Node {
                place: variable.value_place(),
                value: Value::Table(Table::default()),
            },
        });
        table.entries.len() - 1
    });
    let result = set(&mut table.entries[at], &key.kind, &path[1..], variable);
    if result.is_err() {
        // A table that was made on the way to nowhere would only cause a second message.
        table.entries.retain(|entry| {
            entry.place != variable.name_place()
                || entry
                    .node
                    .table()
                    .is_none_or(|made| !made.entries.is_empty())
        });
    }
    result
}

/// Sets what `path` says below an entry, or the entry itself at the path's end.
fn set(
    entry: &mut Entry,
    kind: &'static Kind,
    path: &[&str],
    variable: &Variable<'_>,
) -> Result<(), Refusal> {
    let Some(part) = path.first() else {
        entry.place = variable.name_place();
        entry.node = variable.node(kind);
        return Ok(());
    };
    match kind {
        Kind::Secret(keys) => {
            // Another place to find the secret replaces the one the file names.
            let mut table = Table::default();
            set_in_keys(&mut table, keys, path, variable)?;
            entry.place = variable.name_place();
            entry.node.value = Value::Table(table);
            Ok(())
        }
        Kind::Table(keys) => {
            let Value::Table(table) = &mut entry.node.value else {
                return Err(variable.unknown(part, "key", []));
            };
            set_in_keys(table, keys, path, variable)
        }
        Kind::Named(what, inner) => {
            let Value::Table(table) = &mut entry.node.value else {
                return Err(variable.unknown(part, what, []));
            };
            let known: Vec<String> = table
                .entries
                .iter()
                .map(|entry| entry.name.clone())
                .collect();
            match table
                .entries
                .iter_mut()
                .find(|entry| same(part, &entry.name))
            {
                Some(entry) => set(entry, inner, &path[1..], variable),
                None => Err(variable.unknown(part, what, known.iter().map(String::as_str))),
            }
        }
        _ => Err(variable.unknown(part, "key", [])),
    }
}
