//! Refusals: what HubSpot gives as the reason, by its codes and not by its prose.

use serde::Deserialize;
use serde_json::Value;

use crate::http::Answer;

/// An error; every part may be missing (sheet, section 2).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fault {
    pub(super) status: Value,
    pub(super) category: Value,
    pub(super) message: Value,
    pub(super) context: Value,
    code: Value,
    errors: Vec<Fault>,
}

impl Fault {
    /// What a refused request says; nothing where it says nothing.
    pub(super) fn read(answer: &Answer) -> Self {
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// Names of properties that do not exist, where that is what is wrong.
    pub(super) fn unknown_properties(&self) -> Vec<String> {
        let is = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            text.contains("PROPERTY_DOESNT_EXIST")
        };
        let mut names = Vec::new();
        for fault in self.errors.iter().chain([self]) {
            if [&fault.code, &fault.category, &fault.message, &self.message]
                .into_iter()
                .any(is)
            {
                names.extend(texts(&fault.context["propertyName"]));
            }
        }
        names
    }

    /// Whether it speaks of this record.
    pub(super) fn names(&self, id: &str) -> bool {
        let context = self.context.as_object().into_iter().flatten();
        context
            .flat_map(|(_, value)| texts(value))
            .any(|text| text == id)
    }
}

/// Texts and numbers, one or many, as texts.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
