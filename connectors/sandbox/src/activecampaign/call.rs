//! One request as the API sees it, and the account's way of writing times.

use axum::http::Method;
use bytes::Bytes;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone as _};
use serde_json::{Map, Value};

use super::answer::Refusal;
use crate::people::{Seconds, seconds, time};

/// The page of a list unless another is asked for (sheet 3).
const PAGE: usize = 20;

/// The largest page; more is cut to it without a word (sheet 3).
const LARGEST_PAGE: usize = 100;

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The parts of the path below `/api/3`, decoded.
    pub(super) path: Vec<String>,
    /// The parameters, decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Call {
    /// A request to `path` (below `/api/3`) with an encoded query.
    pub(super) fn new(method: Method, path: &str, query: &str, body: Bytes) -> Self {
        Self {
            method,
            path: path
                .split('/')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
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

    /// A parameter that is a number; what is none counts as absent.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }

    /// Whether an order is asked for, and whether it is a falling one.
    pub(super) fn order(&self, name: &str) -> Option<bool> {
        let order = self.parameter(&format!("orders[{name}]"))?;
        Some(order.eq_ignore_ascii_case("desc"))
    }

    /// The rows of this page.
    pub(super) fn page<'a, T>(&self, rows: &'a [T]) -> &'a [T] {
        let number = |name: &str, default: usize| {
            self.number(name)
                .map_or(default, |number| usize::try_from(number).unwrap_or(default))
        };
        let from = number("offset", 0).min(rows.len());
        let limit = number("limit", PAGE).clamp(1, LARGEST_PAGE);
        &rows[from..from.saturating_add(limit).min(rows.len())]
    }

    /// The body's object under its root key.
    pub(super) fn object(&self, root: &str) -> Result<Map<String, Value>, Refusal> {
        let body: Value = serde_json::from_slice(&self.body).map_err(|_| Refusal::unreadable())?;
        match body.get(root) {
            Some(Value::Object(object)) => Ok(object.clone()),
            _ => Err(Refusal::missing(root)),
        }
    }
}

/// A number that may stand in quotes: the API takes either.
pub(super) fn lenient(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// How the account writes times: with its own offset, and some without any (sheet 3).
#[derive(Debug, Clone, Copy)]
pub(super) struct Zone {
    offset: FixedOffset,
    honest_utc: bool,
}

impl Zone {
    /// The zone so many minutes east of Greenwich.
    pub(super) fn new(minutes: i32, honest_utc: bool) -> Self {
        let utc = FixedOffset::east_opt(0);
        // Zero minutes are a valid offset.
        let offset = FixedOffset::east_opt(minutes * 60).or(utc);
        Self {
            offset: offset.unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc)),
            honest_utc,
        }
    }

    fn local(self, at: Seconds) -> DateTime<FixedOffset> {
        time(at).with_timezone(&self.offset)
    }

    /// `2026-02-03T00:13:02-06:00`.
    pub(super) fn stamp(self, at: Seconds) -> String {
        self.local(at).to_rfc3339_opts(SecondsFormat::Secs, false)
    }

    /// `2026-02-03 00:13:02`, the local wall time.
    pub(super) fn wall(self, at: Seconds) -> String {
        self.local(at).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// What stands in the fields that are named after UTC: local wall time all the same, unless the account is honest.
    pub(super) fn named_utc(self, at: Seconds) -> String {
        if self.honest_utc {
            time(at).format("%Y-%m-%d %H:%M:%S").to_string()
        } else {
            self.wall(at)
        }
    }

    /// A day alone.
    pub(super) fn day(self, at: Seconds) -> String {
        self.local(at).format("%Y-%m-%d").to_string()
    }

    /// A time as a filter may have it: with an offset, or local, or a day. A malformed one is no time, and then no filter.
    pub(super) fn parse(self, text: &str) -> Option<Seconds> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(seconds(at.to_utc()));
        }
        let plain = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let day = || {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
        };
        let local = plain.or_else(day)?;
        let at = self.offset.from_local_datetime(&local).single()?;
        Some(seconds(at.to_utc()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_plus_in_a_time_makes_it_malformed() {
        let zone = Zone::new(-360, false);
        let call = |query: &str| Call::new(Method::GET, "/contacts", query, Bytes::new());
        let at = |query: &str| call(query).parameter("x").and_then(|x| zone.parse(x));
        assert_eq!(
            at("x=2026-02-03T06:13:02%2B00:00"),
            at("x=2026-02-03T06:13:02Z")
        );
        assert!(at("x=2026-02-03T06:13:02Z").is_some());
        assert_eq!(at("x=2026-02-03T06:13:02+00:00"), None);
    }

    #[test]
    fn a_time_without_an_offset_is_local() {
        let zone = Zone::new(-360, false);
        let at = zone.parse("2026-02-03 00:13:02").unwrap();
        assert_eq!(zone.stamp(at), "2026-02-03T00:13:02-06:00");
        assert_eq!(zone.named_utc(at), "2026-02-03 00:13:02");
        assert_eq!(Zone::new(-360, true).named_utc(at), "2026-02-03 06:13:02");
    }

    #[test]
    fn a_page_has_twenty_rows_and_never_more_than_a_hundred() {
        let rows: Vec<u32> = (0..500).collect();
        let page = |query: &str| {
            Call::new(Method::GET, "/x", query, Bytes::new())
                .page(&rows)
                .len()
        };
        assert_eq!(
            [page(""), page("limit=100"), page("limit=500")],
            [20, 100, 100]
        );
        assert_eq!(page("limit=100&offset=450"), 50);
    }
}
