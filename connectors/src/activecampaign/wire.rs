//! How to read `ActiveCampaign`'s values. Rows stay JSON: ids and most numbers are texts, some are not
//! (sheet 3, 8), and half of the endpoints are undocumented, so that each value is read leniently where it is used.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::Value;

use crate::{
    error::ConnectorError,
    http::{Answer, Failure},
    model::{ContactRef, Reject},
};

/// The longest id that is believed to be one.
const ID_MAX: usize = 19;

/// A plain value as text; `None` where it is empty in any of the platform's ways.
pub(super) fn text(row: &Value, key: &str) -> Option<String> {
    let text = match &row[key] {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => u8::from(*yes).to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// An id; `None` for "0", which means none.
pub(super) fn id(row: &Value, key: &str) -> Option<String> {
    text(row, key).filter(|id| is_id(id) && id.bytes().any(|b| b != b'0'))
}

/// Whether this may be an id: digits alone, so that it may stand in a path.
pub(super) fn is_id(id: &str) -> bool {
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
}

/// The first of several keys that holds an id.
pub(super) fn id_of(row: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| id(row, key))
}

/// A plain value as text that every row has, though it may be empty. Where it is not there, what the row says is not known.
pub(super) fn told<'k>(row: &Value, key: &'k str) -> Result<String, &'k str> {
    match row[key] {
        Value::String(_) => Ok(text(row, key).unwrap_or_default()),
        _ => text(row, key).ok_or(key),
    }
}

/// The same where the platform may as well write null, which is empty then.
pub(super) fn told_or_null<'k>(row: &Value, key: &'k str) -> Result<String, &'k str> {
    match row.get(key) {
        Some(Value::Null) => Ok(String::new()),
        _ => told(row, key),
    }
}

/// A count that every row has.
pub(super) fn count<'k>(row: &Value, key: &'k str) -> Result<u64, &'k str> {
    told(row, key)?.parse().map_err(|_| key)
}

/// A time with its zone. Times without one show the account's wall clock, whatever their names say (sheet 3), and are
/// not to be trusted.
pub(super) fn time(row: &Value, key: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
    text(row, key).map_or(Ok(None), |text| instant(&text))
}

/// The same of a text. An hour may have one digit (specification, `/ecomOrders`).
pub(super) fn instant(text: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
    if text.starts_with("0000-00-00") {
        return Ok(None);
    }
    let read = |form| DateTime::parse_from_str(text, form).ok();
    let at = DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(|| read("%Y-%m-%dT%H:%M:%S%z"));
    at.map(|at| Some(at.to_utc().trunc_subsecs(3)))
        .ok_or("the time has no zone or cannot be read")
}

/// Whom a row names.
pub(super) fn whom(row: &Value) -> Result<ContactRef, &'static str> {
    let id = id_of(row, &["contact", "subscriberid"]).ok_or("the row names no contact")?;
    Ok(ContactRef {
        id: Some(id),
        email: None,
    })
}

/// What to tell of a row that cannot be read.
pub(super) fn reject(row: &Value, at: Option<DateTime<Utc>>, reason: &str) -> Reject {
    Reject {
        id: id(row, "id"),
        at,
        reason: reason.to_owned(),
    }
}

/// The rows of a page under their name.
pub(super) fn rows(
    answer: &Answer,
    name: &str,
) -> Result<(Vec<Value>, Option<u64>), ConnectorError> {
    rows_of(answer.json()?, name)
}

/// The same of a page that may be any JSON: one that is no object has no rows.
fn rows_of(mut page: Value, name: &str) -> Result<(Vec<Value>, Option<u64>), ConnectorError> {
    // `meta.total` is a text, or is missing (sheet 3).
    let total = text(&page["meta"], "total").and_then(|total| total.parse().ok());
    match page.get_mut(name).map(Value::take) {
        Some(Value::Array(rows)) => Ok((rows, total)),
        _ => Err(ConnectorError::Contract {
            what: format!("the list of {name}"),
            detail: "is missing in the answer".into(),
        }),
    }
}

/// Whether a failure is the platform's word on an automation or a list, and none on the key: both are a 403 (sheet 2, 6).
pub(super) fn is_about(failure: &Failure, words: &str) -> Option<String> {
    match failure {
        Failure::NotDone(ConnectorError::Auth { detail, .. }) if detail.contains(words) => {
            Some(detail.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_texts_or_numbers_and_nought_is_none() {
        assert_eq!(id(&json!({"a": "4127"}), "a").as_deref(), Some("4127"));
        assert_eq!(id(&json!({"a": 4127}), "a").as_deref(), Some("4127"));
        for odd in [json!("0"), json!(0), json!(""), json!(null), json!("../x")] {
            assert_eq!(id(&json!({"a": odd}), "a"), None);
        }
    }

    #[test]
    fn a_page_that_is_no_object_is_refused_and_not_fallen_over() {
        let (rows, total) =
            rows_of(json!({"orders": [{}], "meta": {"total": "3"}}), "orders").unwrap();
        assert_eq!((rows.len(), total), (1, Some(3)));
        for odd in [json!(0), json!("down"), json!([1]), json!(null), json!({})] {
            let refused = rows_of(odd.clone(), "orders").unwrap_err();
            assert_eq!(refused.code(), "E0501", "{odd}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_not_trusted() {
        let read = |text: &str| time(&json!({"t": text}), "t");
        let at = read("2026-02-03T00:13:02-06:00").unwrap().unwrap();
        assert_eq!(at.to_rfc3339(), "2026-02-03T06:13:02+00:00");
        assert!(read("2026-02-03 00:13:02").is_err());
        assert!(read("2019-09-06T2:10:00-05:00").unwrap().is_some());
        for empty in ["", "0000-00-00", "0000-00-00 00:00:00"] {
            assert_eq!(read(empty), Ok(None));
        }
        assert_eq!(time(&json!({"t": null}), "t"), Ok(None));
    }
}
