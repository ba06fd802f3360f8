//! Checks a tree against the table of keys: unknown and missing keys, and
//! values of the wrong kind, all of them at once.
//!
//! Afterwards whoever reads the tree may treat a value of the wrong kind as
//! absent: the person has been told.

use super::{
    code,
    found::Found,
    near::{choice, nearest, proposal},
    schema::{Key, Kind},
    tree::{Node, Table, Value},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    rules::syntax::Decimal,
};

/// Checks a table against its keys. `place` is where the table is named, `what` its name in messages.
pub(super) fn check_table(
    table: &Table,
    keys: &'static [Key],
    place: &Place,
    what: &str,
    found: &mut Found,
) {
    for entry in &table.entries {
        let Some(key) = keys.iter().find(|key| key.name == entry.name) else {
            found.add(unknown_key(&entry.name, &entry.place, keys));
            continue;
        };
        let what = format!("'{}'", entry.name);
        check_node(&entry.node, &key.kind, &entry.place, &what, found);
    }
    for key in keys.iter().filter(|key| key.required) {
        if table.entry(key.name).is_none() {
            found.add(
                Diagnostic::error(
                    code::MISSING,
                    format!("{what} lacks the key '{}'", key.name),
                )
                .at(place, format!("'{}' is required here", key.name))
                .help(key.about),
            );
        }
    }
}

fn unknown_key(name: &str, place: &Place, keys: &'static [Key]) -> Diagnostic {
    let known = keys.iter().map(|key| key.name);
    Diagnostic::error(code::UNKNOWN_KEY, format!("there is no key '{name}' here"))
        .at(place, "unknown key")
        .maybe_help(proposal(name, known))
}

/// Checks a value. `named` is where its key stands, `what` the key in messages.
pub(super) fn check_node(
    node: &Node,
    kind: &'static Kind,
    named: &Place,
    what: &str,
    found: &mut Found,
) {
    match (kind, &node.value) {
        (Kind::Text | Kind::Date, Value::Text(_))
        | (Kind::Date, Value::Date(_))
        | (Kind::Number, Value::Integer(_))
        | (Kind::Truth, Value::Truth(_)) => {}
        (Kind::Number, Value::Float(text)) if plain(text) => {}
        (Kind::Real, _) if real(node).is_some() => {}
        (Kind::Word(words), Value::Text(text)) => check_word(text, words, node, what, found),
        (Kind::Whole(least, most), Value::Integer(number)) => {
            if !(*least..=*most).contains(number) {
                found.add(outside(node, what, &format!("{least} to {most}")));
            }
        }
        (Kind::Share, Value::Integer(_) | Value::Float(_)) => {
            if share(node).is_none() {
                found.add(outside(node, what, "0 to 1").note("0.20 is 20 %"));
            }
        }
        (Kind::List(item), Value::List(nodes)) => {
            for node in nodes {
                check_node(node, item, &node.place, &item_name(what), found);
            }
        }
        (Kind::Table(keys), Value::Table(table)) => {
            check_table(table, keys, named, what, found);
        }
        (Kind::Named(_, inner), Value::Table(table)) => {
            for entry in &table.entries {
                let what = format!("'{}'", entry.name);
                check_node(&entry.node, inner, &entry.place, &what, found);
            }
        }
        (Kind::Secret(keys), Value::Table(table)) => check_secret(table, keys, named, what, found),
        (Kind::Secret(_), Value::Text(_)) => found.add(inline_secret(node)),
        (Kind::Either(kinds), value) => {
            if let Some(kind) = kinds.iter().find(|kind| same_kind(kind, value)) {
                check_node(node, kind, named, what, found);
            } else {
                found.add(wrong_kind(node, kind, what));
            }
        }
        _ => found.add(wrong_kind(node, kind, what)),
    }
}

/// `'rules'` holds things called `this rule`.
fn item_name(what: &str) -> String {
    match what.trim_matches('\'').strip_suffix('s') {
        Some(item) => format!("this {item}"),
        None => format!("an item of {what}"),
    }
}

fn check_word(text: &str, words: &[&str], node: &Node, what: &str, found: &mut Found) {
    if !words.contains(&text) {
        let near =
            nearest(text, words.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
        found.add(
            Diagnostic::error(code::BAD_VALUE, format!("{what} cannot be \"{text}\""))
                .at(&node.place, "not one of the possible words")
                .maybe_help(near.or_else(|| choice(words.iter().copied()))),
        );
    }
}

fn check_secret(table: &Table, keys: &'static [Key], named: &Place, what: &str, found: &mut Found) {
    check_table(table, keys, named, what, found);
    if table.entries.len() != 1 {
        found.add(
            Diagnostic::error(
                code::MISPLACED_OPTION,
                format!(
                    "{what} must say one place, and says {}",
                    table.entries.len()
                ),
            )
            .at(named, "exactly one of file, env, credential")
            .help("key = { file = \"secrets/NAME\" }"),
        );
    }
}

fn inline_secret(node: &Node) -> Diagnostic {
    Diagnostic::error(
        code::INLINE_SECRET,
        "a secret does not belong in the configuration",
    )
    .at(&node.place, "refused, and not shown")
    .note("whoever sees this file, its backups or its git history would have the key")
    .help("put it into a file of its own, chmod 600, and write key = { file = \"secrets/NAME\" }")
}

fn outside(node: &Node, what: &str, range: &str) -> Diagnostic {
    Diagnostic::error(code::BAD_VALUE, format!("{what} is out of range"))
        .at(&node.place, format!("must be {range}"))
}

fn wrong_kind(node: &Node, kind: &Kind, what: &str) -> Diagnostic {
    let wanted = in_words(kind);
    let is = node.value.kind();
    let help = match (kind, &node.value) {
        (Kind::Number, Value::Float(_)) => {
            Some("write it with digits and a point, such as 12.5".to_owned())
        }
        (Kind::Text | Kind::Word(_), Value::Integer(_) | Value::Truth(_) | Value::Date(_)) => {
            Some("put it in quotes".to_owned())
        }
        (Kind::List(_), Value::Text(_)) => Some("put it in square brackets".to_owned()),
        _ => None,
    };
    Diagnostic::error(code::WRONG_KIND, format!("{what} must be {wanted}"))
        .at(&node.place, format!("this is {is}"))
        .maybe_help(help)
}

fn in_words(kind: &Kind) -> String {
    match kind {
        Kind::Text | Kind::Word(_) => "text".into(),
        Kind::Date => "a date or time".into(),
        Kind::Whole(..) => "a whole number".into(),
        Kind::Number => "a plain number".into(),
        Kind::Real => "a number".into(),
        Kind::Share => "a number from 0 to 1".into(),
        Kind::Truth => "true or false".into(),
        Kind::List(_) => "a list".into(),
        Kind::Table(_) | Kind::Named(..) | Kind::Secret(_) => "a table".into(),
        Kind::Either(kinds) => kinds.iter().map(in_words).collect::<Vec<_>>().join(" or "),
    }
}

fn same_kind(kind: &Kind, value: &Value) -> bool {
    matches!(
        (kind, value),
        (Kind::Text | Kind::Word(_) | Kind::Date, Value::Text(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Whole(..), Value::Integer(_))
            | (
                Kind::Number | Kind::Real | Kind::Share,
                Value::Integer(_) | Value::Float(_)
            )
            | (Kind::Truth, Value::Truth(_))
            | (Kind::List(_), Value::List(_))
            | (
                Kind::Table(_) | Kind::Named(..) | Kind::Secret(_),
                Value::Table(_)
            )
    )
}

fn plain(text: &str) -> bool {
    Decimal::parse(text.trim_start_matches('+')).is_some()
}

/// The exact number of a value that passed as a number.
pub(super) fn decimal(node: &Node) -> Option<Decimal> {
    match &node.value {
        Value::Integer(number) => Decimal::parse(&number.to_string()),
        Value::Float(text) => Decimal::parse(text.trim_start_matches('+')),
        _ => None,
    }
}

/// A share of a whole, as a fraction.
pub(super) fn share(node: &Node) -> Option<f64> {
    let number = real(node)?;
    (0.0..=1.0).contains(&number).then_some(number)
}

/// A number of any form but infinity and "not a number".
pub(super) fn real(node: &Node) -> Option<f64> {
    let number: f64 = match &node.value {
        Value::Integer(number) => number.to_string().parse().ok()?,
        Value::Float(text) => text.parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}
