//! A configuration as typed: tables, lists and values, each with its place.
//!
//! Files, packs and environment variables become one tree of this kind before
//! anything is checked, so every message can quote the place it is about.

pub(super) mod merge;

use std::{ops::Range, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::{code, found::Found, redact};
use crate::diagnostic::{Diagnostic, Place};

/// What stands for the file's name where a value comes from an environment variable.
pub(super) const ENVIRONMENT: &str = "environment";

/// A value and where it was typed.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value as typed.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number, as written but for underscores.
    Float(String),
    /// `true` or `false`.
    Truth(bool),
    /// A date or time, as written.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// The entries of a table, in the order in which they were typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<Entry>,
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Value {
    /// What it is, in the user's words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Truth(_) => "true or false",
            Self::Date(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A date as typed, in quotes or not.
    pub(super) fn date(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Date(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self.value {
            Value::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }

    pub(super) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The place of a stretch of a text's value: escapes in a quoted string take
    /// more room in the file than in the value.
    pub(super) fn inside(&self, span: &Range<usize>) -> Place {
        let source = self.place.text.get(self.place.span.clone()).unwrap_or("");
        let escapes = source.starts_with('"');
        let opening = if source.starts_with("\"\"\"") || source.starts_with("'''") {
            3 + usize::from(source[3..].starts_with('\n'))
        } else {
            usize::from(source.starts_with(['"', '\'']))
        };
        let start = opening + source_offset(&source[opening..], span.start, escapes);
        let end = opening + source_offset(&source[opening..], span.end, escapes);
        let base = self.place.span.start;
        self.place.at(base + start..base + end)
    }
}

/// How far into the source the value's byte `target` is.
fn source_offset(source: &str, target: usize, escapes: bool) -> usize {
    let (mut at, mut decoded) = (0, 0);
    while decoded < target && at < source.len() {
        let rest = &source[at..];
        let Some(character) = rest.chars().next() else {
            break;
        };
        if character != '\\' || !escapes {
            at += character.len_utf8();
            decoded += character.len_utf8();
            continue;
        }
        let letter = rest.chars().nth(1).unwrap_or('\\');
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let code = rest
            .get(2..2 + digits)
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32);
        decoded += code.map_or(1, char::len_utf8);
        at += 1 + letter.len_utf8() + digits;
    }
    at.min(source.len())
}

impl Table {
    /// The entry of that name.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// The entry of that name, to change.
    pub(super) fn entry_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.name == name)
    }

    /// The text of that name; `None` also where it is something else.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Node::text)
    }

    /// The table of that name.
    pub(super) fn table(&self, name: &str) -> Option<&Self> {
        self.get(name).and_then(Node::table)
    }

    /// The entries of the table of that name; none where there is none.
    pub(super) fn entries_of(&self, name: &str) -> &[Entry] {
        self.table(name).map_or(&[], |table| &table.entries)
    }

    /// The items of the list of that name; none where there is none.
    pub(super) fn items_of(&self, name: &str) -> &[Node] {
        self.get(name).and_then(Node::list).unwrap_or(&[])
    }
}

/// Reads one file's text. All errors of its notation are added to `found`.
pub(super) fn parse(file: &str, text: &str, found: &mut Found) -> Option<Table> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let shown = redact::table(&redact::text(text), root.get_ref());
    let whole = Place {
        file: file.into(),
        text: shown.into(),
        span: 0..0,
    };
    let failed = !errors.is_empty();
    let mut last_line = 0;
    for error in errors {
        let place = whole.at(error.span().unwrap_or(0..0));
        let (line, _) = place.position();
        // What the parser finds further on in a broken line is mostly the echo of the first.
        if line != last_line {
            found.add(notation(&place, error.message()));
        }
        last_line = line;
    }
    (!failed).then(|| table(root.into_inner(), &whole))
}

fn notation(place: &Place, message: &str) -> Diagnostic {
    let words = place.text.get(place.span.clone()).unwrap_or("");
    // The parser takes bare letters for the beginning of a number or a truth.
    let bare = words.starts_with(char::is_alphabetic) && message.starts_with("invalid");
    let label = if bare {
        "text must stand in quotes"
    } else {
        message
    };
    let diagnostic = Diagnostic::error(code::NOTATION, "this is not TOML").at(place, label);
    if message.contains("duplicate key") {
        return diagnostic.help(
            "set each key once; lists of tables are written with double brackets: [[stages]]",
        );
    }
    diagnostic
}

/// Reads one value, as the environment gives it.
pub(super) fn parse_value(text: &str, place: &Place, offset: usize) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut node = node(value, place);
    shift(&mut node, offset);
    Some(node)
}

/// Moves the spans of a node that was parsed alone to where it stands in a longer text.
fn shift(node: &mut Node, offset: usize) {
    move_place(&mut node.place, offset);
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(|node| shift(node, offset)),
        Value::Table(table) => {
            for entry in &mut table.entries {
                move_place(&mut entry.place, offset);
                shift(&mut entry.node, offset);
            }
        }
        _ => {}
    }
}

fn move_place(place: &mut Place, offset: usize) {
    place.span = place.span.start + offset..place.span.end + offset;
}

fn table(parsed: DeTable<'_>, whole: &Place) -> Table {
    let mut entries: Vec<Entry> = parsed
        .into_iter()
        .map(|(key, value)| Entry {
            place: whole.at(key.span()),
            name: key.into_inner().into_owned(),
            node: node(value, whole),
        })
        .collect();
    // The parser hands them out by name.
    entries.sort_by_key(|entry| entry.place.span.start);
    Table { entries }
}

fn node(parsed: toml::Spanned<DeValue<'_>>, whole: &Place) -> Node {
    let place = whole.at(parsed.span());
    let value = match parsed.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Float(number.to_string()), Value::Integer),
        DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Value::Truth(truth),
        DeValue::Datetime(at) => Value::Date(at.to_string()),
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(item, whole)).collect())
        }
        DeValue::Table(entries) => Value::Table(table(entries, whole)),
    };
    Node { place, value }
}

/// A text that only holds `words`, for places outside files.
pub(super) fn place_of(file: &str, words: &str) -> Place {
    let shown: Arc<str> = redact::text(words).into();
    Place {
        file: file.into(),
        span: 0..shown.len(),
        text: shown,
    }
}
