//! As much of JSON Schema as the document uses.

use serde_json::{Map, Value};

/// What a reference leads to, or the thing itself.
pub(super) fn resolved<'d>(document: &'d Value, thing: &'d Value) -> &'d Value {
    let Some(reference) = thing.get("$ref").and_then(Value::as_str) else {
        return thing;
    };
    let pointer = reference.strip_prefix('#').expect(reference);
    document.pointer(pointer).expect(reference)
}

/// Where a value does not fit a schema, and why.
pub(super) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "$", &mut faults);
    faults
}

/// Words that say nothing of what fits.
const SILENT: [&str; 9] = [
    "$ref",
    "title",
    "description",
    "default",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "example",
];

fn check(document: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Value::Object(words) = schema else {
        // `true` and `false` are schemas.
        if *schema == Value::Bool(false) {
            faults.push(format!("{at}: nothing fits"));
        }
        return;
    };
    if words.contains_key("$ref") {
        check(document, resolved(document, schema), value, at, faults);
    }
    let schema = words;
    for (word, what) in schema {
        let fits = match word.as_str() {
            "type" => is_of_kind(what, value),
            "enum" => what.as_array().unwrap().contains(value),
            "const" => what == value,
            "anyOf" | "oneOf" => {
                let all = what.as_array().unwrap().iter();
                let fit = all.filter(|each| self::faults(document, each, value).is_empty());
                let fit = fit.count();
                fit == 1 || (fit > 1 && word == "anyOf")
            }
            "allOf" => {
                for each in what.as_array().unwrap() {
                    check(document, each, value, at, faults);
                }
                true
            }
            "required" => value.as_object().is_none_or(|value| {
                let names = what.as_array().unwrap().iter();
                names
                    .map(|name| name.as_str().unwrap())
                    .all(|name| value.contains_key(name))
            }),
            "maxItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 <= what.as_u64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|items| items.len() as u64 >= what.as_u64().unwrap()),
            "properties" | "additionalProperties" | "items" | "prefixItems" => {
                parts(document, (word, what), (schema, value), at, faults);
                true
            }
            word => {
                assert!(
                    SILENT.contains(&word),
                    "{at}: a word that is not checked: {word}"
                );
                true
            }
        };
        if !fits {
            faults.push(format!("{at}: {word} {what} and {value}"));
        }
    }
}

fn parts(
    document: &Value,
    (word, what): (&str, &Value),
    (schema, value): (&Map<String, Value>, &Value),
    at: &str,
    faults: &mut Vec<String>,
) {
    match (word, value) {
        ("properties", Value::Object(value)) => {
            for (name, each) in what.as_object().unwrap() {
                if let Some(value) = value.get(name) {
                    check(document, each, value, &format!("{at}.{name}"), faults);
                }
            }
        }
        ("additionalProperties", Value::Object(value)) => {
            let known = schema.get("properties").and_then(Value::as_object);
            for (name, value) in value {
                if known.is_none_or(|known| !known.contains_key(name)) {
                    check(document, what, value, &format!("{at}.{name}"), faults);
                }
            }
        }
        ("items", Value::Array(values)) => {
            for (number, value) in values.iter().enumerate() {
                check(document, what, value, &format!("{at}[{number}]"), faults);
            }
        }
        ("prefixItems", Value::Array(values)) => {
            for (number, (each, value)) in what.as_array().unwrap().iter().zip(values).enumerate() {
                check(document, each, value, &format!("{at}[{number}]"), faults);
            }
        }
        _ => {}
    }
}

fn is_of_kind(kinds: &Value, value: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("{other} is no type"),
    };
    match kinds {
        Value::Array(kinds) => kinds.iter().any(is),
        kind => is(kind),
    }
}
