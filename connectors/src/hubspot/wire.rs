//! The shapes of HubSpot's answers, and how to read their odder values. Rows are
//! read one by one, so that one odd row does not fail the rest.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    error::ConnectorError,
    model::{Address, ContactRef, Reject},
};

/// One page of any v3 list. The link to the next page is absolute and never followed (sheet, section 1).
#[derive(Deserialize)]
pub(super) struct Listing {
    pub(super) results: Vec<Value>,
    /// How many there are in all, of a search.
    pub(super) total: Option<Value>,
    #[serde(default, rename = "paging", deserialize_with = "next")]
    next: Option<String>,
}

impl Listing {
    /// The token of the next page.
    pub(super) fn after(&self) -> Option<String> {
        self.next.clone()
    }
}

/// The token of the next page, from `{"next":{"after":"…"}}`. The last page has nothing, or at most a way back.
fn next<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let wrong = || serde::de::Error::custom("no token leads to the next page");
    let paging = Option::<BTreeMap<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    match paging.get("next") {
        None | Some(Value::Null) => {
            let known = |name: &String| matches!(name.as_str(), "next" | "prev");
            paging.keys().all(known).then_some(None).ok_or_else(wrong)
        }
        Some(next) => {
            let token = text(&next["after"]).filter(|token| !token.is_empty());
            token.map(Some).ok_or_else(wrong)
        }
    }
}

/// A record of the CRM.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    #[serde(deserialize_with = "id")]
    pub(super) id: String,
    #[serde(deserialize_with = "properties")]
    pub(super) properties: BTreeMap<String, String>,
}

impl Record {
    /// A property that has a value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.properties.get(name)?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Whether a property for yes and no says yes.
    pub(super) fn says_yes(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A property that is a time; `None` for none and for what is none.
    pub(super) fn time(&self, name: &str) -> Option<DateTime<Utc>> {
        time(self.get(name)?)
    }
}

/// Numbers and texts, as HubSpot mixes both.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let fits = text(&value).filter(|id| is_id(id));
    fits.ok_or_else(|| serde::de::Error::custom("the id of a record is a number"))
}

/// Whether there is a list or an object where one value belongs.
pub(super) fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Properties by name; null is an empty text, and what is neither text nor number is left out, unless it says who
/// somebody is or who may be mailed: that would look like somebody who did not leave.
fn properties<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let all = BTreeMap::<String, Value>::deserialize(deserializer)?;
    if all.values().any(is_nested) && !all.values().any(|value| text(value).is_some()) {
        return Err(serde::de::Error::custom("no property is a text"));
    }
    let read = all.into_iter().filter_map(|(name, value)| {
        if value.is_null() {
            return Some(Ok((name, String::new())));
        }
        match text(&value) {
            Some(text) => Some(Ok((name, whole(text)))),
            None if name == "email" || name.starts_with("hs_email_") => {
                Some(Err(serde::de::Error::custom("a property is no text")))
            }
            None => None,
        }
    });
    read.collect()
}

/// `71.0` is `71`: HubSpot gives a number back in either form (sheet, quirk 8).
fn whole(text: String) -> String {
    match text.split_once('.') {
        Some((number, zeros))
            if !zeros.is_empty()
                && zeros.bytes().all(|b| b == b'0')
                && number.parse::<i64>().is_ok() =>
        {
            number.to_owned()
        }
        _ => text,
    }
}

/// Whether this may be the id of a record.
pub(super) fn is_id(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

/// A plain value as text; `None` for lists, objects and null.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A time, as text or in milliseconds.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.len() >= 10 && text.bytes().all(|b| b.is_ascii_digit()) {
        return DateTime::from_timestamp_millis(text.parse().ok()?);
    }
    let day = || {
        let day = text.parse::<chrono::NaiveDate>().ok()?;
        Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
    };
    text.parse::<DateTime<Utc>>().ok().or_else(day)
}

/// A time in a value.
pub(super) fn instant(value: &Value) -> Option<DateTime<Utc>> {
    time(&text(value)?)
}

/// Whom an address names.
pub(super) fn addressed(value: &Value) -> Result<ContactRef, &'static str> {
    let address = value.as_str().and_then(Address::parse);
    let email = address.ok_or("the address is missing or cannot be read")?;
    Ok(ContactRef {
        id: None,
        email: Some(email),
    })
}

/// What to tell about a row.
pub(super) fn reject(id: Option<String>, at: Option<DateTime<Utc>>, reason: &str) -> Reject {
    Reject {
        id,
        at,
        reason: reason.to_owned(),
    }
}

/// A page that is not what was asked for.
pub(super) fn contract(what: &str, detail: impl Into<String>) -> ConnectorError {
    ConnectorError::Contract {
        what: what.to_owned(),
        detail: detail.into(),
    }
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}
