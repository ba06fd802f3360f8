//! The JSON Schema, as an editor reads it: it takes every pack and the example, and no slip.
//!
//! That `config/schema.json` is the one of the program is tested beside the
//! configuration. Here are the few words of draft 7 that it uses, checked by hand;
//! a word that is not known here fails.

use engaged::config::{json_schema, packs};
use serde_json::{Value, json};

use super::person::text;

/// Where a value breaks a schema, or nothing.
fn breaks(schema: &Value, value: &Value, path: &str) -> Option<String> {
    for (word, wanted) in schema.as_object().unwrap() {
        let holds = match word.as_str() {
            "$schema"
            | "title"
            | "description"
            | "properties"
            | "additionalProperties"
            | "items" => true,
            "type" => is_a(wanted.as_str().unwrap(), value),
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= wanted.as_f64(),
            "maximum" => value.as_f64() <= wanted.as_f64(),
            "required" => {
                let mut names = wanted.as_array().unwrap().iter();
                names.all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "minProperties" => size(value) >= wanted.as_u64().unwrap(),
            "maxProperties" => size(value) <= wanted.as_u64().unwrap(),
            "anyOf" => {
                let mut kinds = wanted.as_array().unwrap().iter();
                kinds.any(|kind| breaks(kind, value, path).is_none())
            }
            other => panic!("{path}: the schema uses {other}"),
        };
        if !holds {
            return Some(format!("{path}: {word} {wanted}"));
        }
    }
    if let (Some(items), Some(all)) = (schema.get("items"), value.as_array()) {
        let mut numbered = all.iter().enumerate();
        return numbered.find_map(|(at, item)| breaks(items, item, &format!("{path}[{at}]")));
    }
    let mut named = value.as_object()?.iter();
    named.find_map(|(name, inner)| {
        let path = format!("{path}.{name}");
        let own = schema.get("properties").and_then(|known| known.get(name));
        match own.or_else(|| schema.get("additionalProperties")) {
            Some(Value::Bool(false)) => Some(format!("{path}: no such key")),
            Some(inside) => breaks(inside, inner, &path),
            None => panic!("{path}: the schema says nothing"),
        }
    })
}

fn size(value: &Value) -> u64 {
    value.as_object().map_or(0, |table| table.len() as u64)
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("the schema uses type {other}"),
    }
}

/// Where a text in TOML breaks the schema.
fn toml_breaks(text: &str) -> Option<String> {
    let value: toml::Value = toml::from_str(text).unwrap();
    breaks(&json_schema(), &as_an_editor(value), "")
}

/// To editors that check TOML by a JSON Schema, a date is its text.
fn as_an_editor(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(all) => all.into_iter().map(as_an_editor).collect(),
        toml::Value::Table(table) => {
            let entries = table.into_iter();
            entries
                .map(|(name, value)| (name, as_an_editor(value)))
                .collect()
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

#[test]
fn the_schema_takes_every_pack_and_a_file_that_extends_it() {
    for pack in packs::names() {
        assert_eq!(toml_breaks(packs::text(pack).unwrap()), None, "{pack}");
        assert_eq!(toml_breaks(&text(&[pack], "")), None, "{pack}");
    }
}

#[test]
fn the_schema_takes_the_example() {
    let example =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/engaged.example.toml");
    let text = std::fs::read_to_string(example).unwrap();
    assert_eq!(toml_breaks(&text), None);
}

#[test]
fn the_schema_takes_no_slip() {
    for (slip, expected) in [
        ("timezon = 'UTC'", ".timezon: no such key"),
        ("language = 'fr'", ".language: enum [\"en\",\"nl\"]"),
        (
            "[scores.s]\nrules = [{ when = 'open' }]",
            ".scores.s.rules[0]: required [\"when\",\"points\"]",
        ),
        (
            "[scores.s]\nrules = [{ when = 'open', points = '1' }]",
            ".scores.s.rules[0].points: type \"number\"",
        ),
        (
            "[guards]\nmax_score_change = 20",
            ".guards.max_score_change: maximum 1",
        ),
        ("[absence]\nmin_sends = -1", ".absence.min_sends: minimum 0"),
        (
            "[absence]\nmin_sends = 2.5",
            ".absence.min_sends: type \"integer\"",
        ),
        (
            "[scores.s]\nrules = [{ when = 'open', points = 1, at_most = [[1]] }]",
            ".scores.s.rules[0].at_most: anyOf",
        ),
        (
            "[connections.a]\nplatform = 'ghost'\nkey = {}",
            ".connections.a.key: minProperties 1",
        ),
        ("[segments]\nhot = 1", ".segments.hot: type \"string\""),
    ] {
        let found = toml_breaks(slip).unwrap_or_else(|| panic!("{slip} is taken"));
        assert!(found.starts_with(expected), "{slip}: {found}");
    }
}

#[test]
fn the_schema_prints_as_it_stands_in_the_repository() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/schema.json");
    let stored: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(stored, json_schema());
    let run = crate::program::Program::with("").expect(0, &["check", "--schema"]);
    assert_eq!(serde_json::from_str::<Value>(&run.out).unwrap(), stored);
    assert_eq!(
        stored["$schema"],
        json!("http://json-schema.org/draft-07/schema#")
    );
}
