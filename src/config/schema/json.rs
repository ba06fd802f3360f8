//! The table of keys as a JSON Schema (draft 7, which editors' TOML plugins
//! read), for completion and hover while typing.

use serde_json::{Map, Value, json};

use super::{Key, Kind, ROOT};

/// The schema of one configuration file.
///
/// A file alone need not be complete (a directory of files or an environment
/// variable may hold the rest), so the top requires nothing.
pub fn json_schema() -> Value {
    let mut schema = keys(ROOT, false);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("engaged");
    schema
}

fn keys(keys: &[Key], complete: bool) -> Value {
    let mut properties = Map::new();
    for key in keys {
        let mut property = kind(&key.kind);
        property["description"] = json!(key.about);
        properties.insert(key.name.to_owned(), property);
    }
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    if complete && !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn kind(wanted: &Kind) -> Value {
    match wanted {
        // Editors show a date to a schema as text.
        Kind::Text | Kind::Date => json!({ "type": "string" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Number | Kind::Real => json!({ "type": "number" }),
        Kind::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Kind::Truth => json!({ "type": "boolean" }),
        Kind::List(item) => json!({ "type": "array", "items": kind(item) }),
        Kind::Table(inner) => keys(inner, true),
        Kind::Named(_, inner) => json!({ "type": "object", "additionalProperties": kind(inner) }),
        Kind::Secret(inner) => {
            let mut schema = keys(inner, true);
            schema["minProperties"] = json!(1);
            schema["maxProperties"] = json!(1);
            schema
        }
        Kind::Either(kinds) => {
            json!({ "anyOf": kinds.iter().map(kind).collect::<Vec<_>>() })
        }
    }
}
