//! One request as the API sees it.

use std::fmt;

use axum::http::Method;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use super::answer::Problem;

/// The rows of a page unless asked for more, and the most that there are (sheet 3).
const ROWS: usize = 100;
const ROWS_MAX: usize = 1_000;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The parts of the path below `/v4`, decoded.
    pub(super) path: Vec<String>,
    /// The parameters, decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// Whether it came to the host that streams (sheet 1).
    pub(super) streaming: bool,
}

/// Which rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) start: usize,
    pub(super) limit: usize,
    /// Whether the total is wanted.
    pub(super) total: bool,
}

impl Call {
    pub(super) fn new(method: Method, path: &str, query: &str, body: Bytes) -> Self {
        Self {
            method,
            path: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(decode)
                .collect(),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            body,
            streaming: false,
        }
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.query.iter().filter(|(key, _)| key == name);
        all.next().map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says yes.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.parameter(name), Some("true" | "1"))
    }

    /// The filters: `fields[]=…` or `fields[0]=…` (sheet 3).
    pub(super) fn fields(&self) -> Vec<&str> {
        let filter = |key: &str| key.starts_with("fields[") && key.ends_with(']');
        let all = self.query.iter().filter(|(key, _)| filter(key));
        all.map(|(_, value)| value.as_str()).collect()
    }

    /// What page is asked for; only lists that are `streamed` have more than 1,000 rows, and at that host alone.
    pub(super) fn page(&self, streamed: bool) -> Page {
        let number = |name: &str| self.parameter(name).and_then(|text| text.parse().ok());
        let most = if self.streaming && streamed {
            usize::MAX
        } else {
            ROWS_MAX
        };
        Page {
            start: number("start").unwrap_or(0),
            limit: number("limit").unwrap_or(ROWS).min(most),
            total: !matches!(self.parameter("total"), Some("false" | "0")),
        }
    }

    /// The body: JSON, or a form with brackets for nesting (sheet 2).
    pub(super) fn object(&self) -> Result<Map<String, Value>, Problem> {
        let text = self.body.trim_ascii();
        if text.is_empty() || text == b"[]" {
            return Ok(Map::new());
        }
        if text.starts_with(b"{") {
            return serde_json::from_slice(text).map_err(|_| Problem::new("Invalid JSON"));
        }
        let mut object = Map::new();
        for (key, value) in url::form_urlencoded::parse(text) {
            match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
                Some((outer, inner)) => {
                    object.entry(outer).or_insert_with(|| json!({}))[inner] = json!(value);
                }
                None => {
                    object.insert(key.into_owned(), json!(value));
                }
            }
        }
        Ok(object)
    }
}

/// A part of a path without its percent signs; a plus is a plus there.
fn decode(part: &str) -> String {
    let safe = part.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("x={safe}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// A value as the text that a column holds.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => u8::from(*yes).to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An object whose keys keep their order, which counts in the rows of an import (sheet 6).
#[derive(Debug, Clone, Default)]
pub(super) struct Ordered(pub(super) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(Rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(query: &str, body: &str) -> Call {
        let body = Bytes::from(body.to_owned());
        Call::new(Method::PUT, "/database/7616/profiles", query, body)
    }

    #[test]
    fn filters_come_with_and_without_a_number() {
        let call = put(
            "fields[]=modified%3E%3D2026-02-01%2000%3A00%3A00&fields%5B1%5D=id%3E7",
            "",
        );
        assert_eq!(call.fields(), ["modified>=2026-02-01 00:00:00", "id>7"]);
    }

    #[test]
    fn a_form_nests_by_brackets() {
        let call = put("", "fields%5BEngScore%5D=42&secret=x");
        assert_eq!(
            Value::Object(call.object().unwrap()),
            json!({"fields": {"EngScore": "42"}, "secret": "x"})
        );
    }

    #[test]
    fn a_page_has_a_thousand_rows_at_most_but_where_it_is_streamed() {
        let mut call = put("limit=5000&start=3", "");
        assert_eq!((call.page(true).limit, call.page(true).start), (1_000, 3));
        call.streaming = true;
        assert_eq!(
            (call.page(true).limit, call.page(false).limit),
            (5_000, 1_000)
        );
        assert_eq!(put("", "").page(false).limit, 100);
    }
}
