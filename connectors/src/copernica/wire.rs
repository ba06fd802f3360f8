//! The shapes of Copernica's answers, read leniently: keys in any case (`ID` here,
//! `id` there: sheet 4.1), numbers as text and texts as numbers (sheet 4.4), and
//! times without a zone. What the rows mean stands elsewhere.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::model::Reject;

/// How Copernica writes times (sheet 3).
const STAMP: &str = "%Y-%m-%d %H:%M:%S";

/// `{"start":0,"limit":1000,"count":1,"data":[…]}`: one page of any list (sheet 3).
#[derive(Deserialize)]
pub(super) struct Listing {
    pub(super) data: Vec<Row>,
}

/// One row of anything, its keys in lower case; empty where the row is no object.
#[derive(Clone, Debug, Default)]
pub(super) struct Row(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl From<Value> for Row {
    fn from(value: Value) -> Self {
        let Value::Object(map) = value else {
            return Self::default();
        };
        let lower = |(key, value): (String, Value)| (key.to_lowercase(), value);
        Self(map.into_iter().map(lower).collect())
    }
}

impl Row {
    /// A value as it is.
    pub(super) fn value(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    /// Whether the answer speaks of it at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether there is a list or an object where one value belongs.
    pub(super) fn is_nested(&self, key: &str) -> bool {
        matches!(self.value(key), Value::Array(_) | Value::Object(_))
    }

    /// A value as text; `None` where it is empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(self.value(key)).filter(|text| !text.is_empty())
    }

    /// An id; nought means that there is none.
    pub(super) fn id(&self, key: &str) -> Option<u64> {
        self.text(key)?.parse().ok().filter(|id| *id > 0)
    }

    /// A time, in the account's own zone.
    pub(super) fn time(&self, key: &str) -> Option<NaiveDateTime> {
        naive(&self.text(key)?)
    }

    /// A value that means yes or no: `true`, `"1"`, `1` (sheet 8). `None` where it is missing.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.value(key) {
            Value::Null => None,
            value => Some(is_true(value)),
        }
    }
}

/// A profile or a subprofile (sheets 3 and 5).
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) id: u64,
    /// The columns that the answer shows, and that hold a plain value; one without a value is empty.
    pub(super) fields: BTreeMap<String, String>,
    pub(super) interests: Vec<String>,
    /// When it was changed last, where the answer tells.
    pub(super) modified: Option<NaiveDateTime>,
    pub(super) created: Option<NaiveDateTime>,
    /// Whether it was removed: such a one is still answered with 200 (sheet 3).
    pub(super) removed: bool,
    /// The profile to which a subprofile belongs.
    pub(super) parent: Option<u64>,
}

impl Profile {
    /// Reads a row; `None` where it has no id.
    pub(super) fn read(row: &Row) -> Option<Self> {
        let fields = row.value("fields").as_object();
        let value = |(name, value): (&String, &Value)| {
            let text = text(value).or(value.is_null().then(String::new))?;
            Some((name.clone(), text))
        };
        Some(Self {
            id: row.id("id")?,
            fields: fields.into_iter().flatten().filter_map(value).collect(),
            interests: interests(row.value("interests")),
            modified: row.time("modified"),
            created: row.time("created"),
            // `false`, or the date of the removal (sheet 8).
            removed: row
                .text("removed")
                .is_some_and(|text| !matches!(text.as_str(), "false" | "0")),
            parent: row.id("profile"),
        })
    }

    /// A field, whatever the case of its name (sheet 8).
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let same = |own: &&String| {
            own.eq_ignore_ascii_case(name) || own.to_lowercase() == name.to_lowercase()
        };
        let own = self.fields.keys().find(same)?;
        self.fields.get(own).map(String::as_str)
    }

    /// Whether it has an interest.
    pub(super) fn has(&self, interest: &str) -> bool {
        self.interests.iter().any(|own| own == interest)
    }
}

/// A list of names, or an object of names and whether they are on (sheet 3).
fn interests(value: &Value) -> Vec<String> {
    match value {
        Value::Array(names) => names.iter().filter_map(text).collect(),
        Value::Object(map) => {
            let on = map.iter().filter(|(_, value)| is_true(value));
            on.map(|(name, _)| name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "false" | "no"),
        _ => false,
    }
}

/// A text or number as text; yes and no as such.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(on) => Some(on.to_string()),
        _ => None,
    }
}

/// The objects of an answer that is a list, an object of rows, or a page of them.
pub(super) fn rows(value: Value) -> Option<Vec<Row>> {
    match value {
        Value::Array(rows) => Some(rows.into_iter().map(Row::from).collect()),
        Value::Object(mut map) => rows(map.remove("data")?),
        _ => None,
    }
}

/// The pairs of an object; an empty one may come as a list (as interests do, sheet 3).
pub(super) fn pairs(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Reads a time; a date alone is its first instant.
pub(super) fn naive(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim().replacen('T', " ", 1);
    let date = || {
        NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    let time = NaiveDateTime::parse_from_str(&text, STAMP).ok();
    // Nought is how databases of this kind write "never".
    time.or_else(date).filter(|_| !text.starts_with("0000"))
}

/// A time as parameters take it.
pub(super) fn stamp(at: NaiveDateTime) -> String {
    at.format(STAMP).to_string()
}

/// What a clock on the wall of the account's zone shows.
pub(super) fn local(at: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local()
}

/// The instant of a time without a zone. In the hour that October repeats it is the earlier; in the
/// hour that March leaves out, the one after it.
pub(super) fn instant(at: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let read = |at: NaiveDateTime| zone.from_local_datetime(&at).earliest();
    let found = read(at).or_else(|| read(at + Duration::hours(1)));
    found.map_or_else(|| at.and_utc(), |at| at.with_timezone(&Utc))
}

/// A row that could not be understood.
pub(super) fn reject(id: Option<String>, at: Option<DateTime<Utc>>, reason: &str) -> Reject {
    Reject {
        id,
        at,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_of_any_case_numbers_as_text_and_both_forms_of_interests_are_read() {
        let list = json!({"ID": "18381", "fields": {"Email": "a@b.nl", "EngScore": 42},
            "interests": ["nurture"], "database": "7616", "removed": false});
        let object = json!({"id": 18381, "Fields": [], "interests": {"nurture": "1", "old": 0}, "removed": "2026-02-03 10:00:00"});
        let (list, object) = (Row::from(list), Row::from(object));
        let (list, object) = (
            Profile::read(&list).unwrap(),
            Profile::read(&object).unwrap(),
        );
        assert_eq!((list.id, list.removed), (18381, false));
        assert_eq!(list.field("engscore"), Some("42"));
        assert_eq!(
            (list.interests, object.interests),
            (vec!["nurture".to_owned()], vec!["nurture".to_owned()])
        );
        assert!(object.removed);
        assert!(Profile::read(&Row::from(json!({"ID": 0}))).is_none());
        assert!(Profile::read(&Row::from(json!("no row"))).is_none());
    }

    #[test]
    fn times_have_no_zone_and_an_hour_of_october_comes_twice() {
        let zone = chrono_tz::Europe::Amsterdam;
        let read = |text: &str| instant(naive(text).unwrap(), zone).to_rfc3339();
        assert_eq!(read("2026-02-03 07:13:02"), "2026-02-03T06:13:02+00:00");
        assert_eq!(read("2026-10-25 02:30:00"), "2026-10-25T00:30:00+00:00");
        assert_eq!(read("2026-03-29 02:30:00"), "2026-03-29T01:30:00+00:00");
        assert_eq!(read("2026-07-01"), "2026-06-30T22:00:00+00:00");
        assert_eq!(naive("0000-00-00 00:00:00"), None);
        assert_eq!(naive("soon"), None);
    }
}
