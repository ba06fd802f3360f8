//! One request as the API sees it: path, parameters, body; the same whether it came by the network or in a batch.

use std::collections::BTreeMap;

use axum::http::Method;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat};
use serde_json::{Map, Value};

use super::answer::Problem;
use crate::people::{Seconds, seconds, time};

/// The largest page.
const LARGEST_PAGE: usize = 1_000;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// The method.
    pub(super) method: Method,
    /// The parts of the path below `/3.0`, decoded.
    pub(super) path: Vec<String>,
    /// The parameters, decoded.
    pub(super) query: Vec<(String, String)>,
    /// The body.
    pub(super) body: Bytes,
}

/// A page of a collection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    pub(super) count: usize,
    pub(super) offset: usize,
}

impl Paging {
    /// The rows of this page.
    pub(super) fn of<'a, T>(&self, rows: &'a [T]) -> &'a [T] {
        let from = self.offset.min(rows.len());
        let to = from.saturating_add(self.count).min(rows.len());
        &rows[from..to]
    }
}

impl Call {
    /// A request to `path` (below `/3.0`) with an encoded query.
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
        }
    }

    /// The path, to match on.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The value of a parameter; an empty one is as good as none.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a parameter says yes.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.parameter(name), Some("true" | "1"))
    }

    /// A time in a parameter. A malformed one counts as absent, as users report of the real API: a bare `+00:00` in a
    /// query arrives as ` 00:00`, and the whole list comes back.
    pub(super) fn time(&self, name: &str) -> Option<Seconds> {
        self.parameter(name).and_then(moment)
    }

    /// `count` and `offset`.
    pub(super) fn paging(&self) -> Result<Paging, Problem> {
        let number = |name: &str, default: usize| match self.parameter(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| {
                Problem::invalid(name, "This value should be a whole number, 0 or more.")
            }),
        };
        let (count, offset) = (number("count", 10)?, number("offset", 0)?);
        if count > LARGEST_PAGE {
            return Err(Problem::invalid(
                "count",
                "This value should be 1000 or less.",
            ));
        }
        Ok(Paging { count, offset })
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Problem> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(Problem::invalid("", "Schema describes object.")),
            Err(_) => Err(Problem::unreadable()),
        }
    }

    /// Leaves only what `fields` asks for, and without what `exclude_fields` names.
    pub(super) fn project(&self, mut body: Value) -> Value {
        if let Some(only) = self.parameter("fields") {
            Paths::parse(only).keep(&mut body);
        }
        if let Some(without) = self.parameter("exclude_fields") {
            Paths::parse(without).drop(&mut body);
        }
        body
    }
}

/// Dotted paths, as a tree. A blank after a comma belongs to the path behind it, which then names nothing: the real API
/// ignores such paths too.
#[derive(Debug, Default)]
struct Paths {
    whole: bool,
    below: BTreeMap<String, Paths>,
}

impl Paths {
    fn parse(text: &str) -> Self {
        let mut root = Self::default();
        for path in text.split(',') {
            let mut at = &mut root;
            for part in path.split('.') {
                at = at.below.entry(part.to_owned()).or_default();
            }
            at.whole = true;
        }
        root
    }

    fn keep(&self, value: &mut Value) {
        match value {
            Value::Object(object) => object.retain(|key, value| match self.below.get(key) {
                None => false,
                Some(paths) => {
                    if !paths.whole {
                        paths.keep(value);
                    }
                    true
                }
            }),
            Value::Array(rows) => rows.iter_mut().for_each(|row| self.keep(row)),
            _ => {}
        }
    }

    fn drop(&self, value: &mut Value) {
        match value {
            Value::Object(object) => object.retain(|key, value| match self.below.get(key) {
                None => true,
                Some(paths) if paths.whole => false,
                Some(paths) => {
                    paths.drop(value);
                    true
                }
            }),
            Value::Array(rows) => rows.iter_mut().for_each(|row| self.drop(row)),
            _ => {}
        }
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

/// A time as Mailchimp writes it.
pub(super) fn stamp(at: Seconds) -> String {
    time(at).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// A time that may be absent: then it is the empty string.
pub(super) fn stamp_or_empty(at: Option<Seconds>) -> String {
    at.map(stamp).unwrap_or_default()
}

/// A time as Mailchimp reads it: ISO 8601 with a zone, or without one, or a day.
pub(super) fn moment(text: &str) -> Option<Seconds> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let plain = || {
        ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let day = || {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    zoned
        .ok()
        .or_else(|| plain().or_else(day).map(|at| at.and_utc()))
        .map(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn get(query: &str) -> Call {
        Call::new(Method::GET, "/lists", query, Bytes::new())
    }

    #[test]
    fn fields_keep_dotted_paths_in_rows() {
        let body = json!({"rows": [{"a": 1, "b": {"c": 2, "d": 3}}], "total_items": 1});
        assert_eq!(
            get("fields=rows.b.c,total_items").project(body.clone()),
            json!({"rows": [{"b": {"c": 2}}], "total_items": 1})
        );
        assert_eq!(
            get("exclude_fields=rows.b,total_items").project(body),
            json!({"rows": [{"a": 1}]})
        );
    }

    #[test]
    fn a_blank_after_a_comma_loses_the_path_behind_it() {
        let body = json!({"id": 1, "name": "x"});
        assert_eq!(get("fields=id,%20name").project(body), json!({"id": 1}));
    }

    #[test]
    fn a_bare_plus_in_a_time_makes_it_malformed() {
        let at = "2026-02-01T17:40:03";
        assert!(get(&format!("since={at}%2B00:00")).time("since").is_some());
        assert!(get(&format!("since={at}Z")).time("since").is_some());
        assert_eq!(get(&format!("since={at}+00:00")).time("since"), None);
    }

    #[test]
    fn a_plus_in_a_path_stays_a_plus() {
        let call = Call::new(Method::GET, "/members/a+b%40example.org", "", Bytes::new());
        assert_eq!(call.parts(), ["members", "a+b@example.org"]);
    }

    #[test]
    fn a_page_of_more_than_a_thousand_is_refused() {
        assert!(get("count=1001").paging().is_err());
        assert!(get("count=-1").paging().is_err());
        assert_eq!(get("").paging().map(|page| page.count).ok(), Some(10));
    }
}
