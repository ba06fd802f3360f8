//! The shapes of Mailchimp's answers, and how to read their odder values. Rows are
//! read one by one where a page as a whole does not fit, so that one odd row does
//! not fail the rest. Unknown keys are skipped; texts are the default for times
//! and numbers, since an absent time is an empty text and a number may be one.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    error::ConnectorError,
    http::Answer,
    model::{Address, ContactRef, Reject},
};

/// A row of a list that is walked.
pub(super) trait Row: DeserializeOwned {
    /// The name of the property that tells rows apart.
    const KEY: &'static str;

    /// Its value.
    fn key(&self) -> Option<String>;
}

/// One row, or something that has not the shape of one.
pub(super) enum Item<T> {
    Known(T),
    Odd {
        key: Option<String>,
        reason: &'static str,
    },
}

impl<T: Row> Item<T> {
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Self::Known(row) => row.key(),
            Self::Odd { key, .. } => key.clone(),
        }
    }
}

impl<T> Item<T> {
    /// The row, or what to tell about it. Keys of reports are digests of
    /// addresses, so the reject names none of them.
    pub(super) fn known(self) -> Result<T, Reject> {
        match self {
            Self::Known(row) => Ok(row),
            Self::Odd { reason, .. } => Err(reject(None, reason)),
        }
    }
}

/// A reject without a time.
pub(super) fn reject(id: Option<String>, reason: &str) -> Reject {
    Reject {
        id,
        at: None,
        reason: reason.to_owned(),
    }
}

/// One page of any list.
pub(super) struct Listing<T> {
    pub(super) rows: Vec<Item<T>>,
    pub(super) total: u64,
}

/// The page as it is on the wire. Each list has its own name for the rows.
#[derive(Deserialize)]
struct Raw<T> {
    #[serde(
        alias = "lists",
        alias = "members",
        alias = "merge_fields",
        alias = "reports",
        alias = "sent_to",
        alias = "emails",
        alias = "unsubscribes",
        alias = "abuse_reports",
        alias = "orders",
        alias = "tags"
    )]
    rows: Vec<T>,
    total_items: u64,
}

impl<T: Row> Listing<T> {
    /// Reads a page. Without rows and their total it is none.
    pub(super) fn read(answer: &Answer) -> Result<Self, ConnectorError> {
        if let Ok(raw) = answer.json::<Raw<T>>() {
            return Ok(Self {
                rows: raw.rows.into_iter().map(Item::Known).collect(),
                total: raw.total_items,
            });
        }
        let raw: Raw<Value> = answer.json()?;
        let rows = raw.rows.into_iter().map(item).collect();
        Ok(Self {
            rows,
            total: raw.total_items,
        })
    }
}

fn item<T: Row>(value: Value) -> Item<T> {
    let key = value.get(T::KEY).and_then(text);
    match serde_json::from_value(value) {
        Ok(row) => Item::Known(row),
        Err(_) => Item::Odd {
            key,
            reason: "a part of the row has another type than documented",
        },
    }
}

/// A plain value as text; `None` for lists, objects and null.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        // 42.0 and 42 are one value and must read the same.
        Value::Number(number) => Some(match number.as_f64() {
            Some(whole) if number.is_f64() => whole.to_string(),
            _ => number.to_string(),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A time; `None` for the empty text that means none.
pub(super) fn time(text: Option<&str>) -> Result<Option<DateTime<Utc>>, &'static str> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let plain = || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok();
    let read = text.parse::<DateTime<Utc>>().ok();
    let read = read.or_else(|| plain().map(|at| at.and_utc()));
    read.map(Some).ok_or("the time cannot be read")
}

/// A time as filters take it: with a zone whose sign is escaped in the query.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// The contact that a row names; `None` where Mailchimp has forgotten the address
/// of somebody who was deleted for good, of whom nothing may be known: it is empty then, not missing.
pub(super) fn contact(address: Option<&str>) -> Result<Option<ContactRef>, &'static str> {
    let text = address.ok_or("the row has no address")?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let email = Address::parse(text).ok_or("the address cannot be read")?;
    Ok(Some(ContactRef {
        id: None,
        email: Some(email),
    }))
}

/// `GET /`
#[derive(Deserialize)]
pub(super) struct Root {
    pub(super) account_name: Option<String>,
    pub(super) role: Option<String>,
}

/// `GET /campaigns/{id}`
#[derive(Deserialize)]
pub(super) struct CampaignPage {
    pub(super) tracking: Option<Tracking>,
}

#[derive(Deserialize)]
pub(super) struct Tracking {
    pub(super) opens: Option<bool>,
    pub(super) html_clicks: Option<bool>,
}

/// A row of `GET /lists`
#[derive(Deserialize)]
pub(super) struct ListRow {
    pub(super) id: String,
    pub(super) name: String,
}

/// A row of `GET /lists/{id}/merge-fields`, and the answer to making one.
#[derive(Deserialize)]
pub(super) struct FieldRow {
    pub(super) tag: String,
    pub(super) r#type: String,
}

/// A row of `GET /lists/{id}/members/{id}/tags`
#[derive(Deserialize)]
pub(super) struct TagRow {
    pub(super) name: String,
}

/// `GET /lists/{id}/members/{id}/activity-feed`, which tells no total.
#[derive(Deserialize)]
pub(super) struct FeedPage {
    pub(super) activity: Vec<FeedRow>,
}

/// One of the twenty shapes of an activity; a part of another type than documented fails it alone.
#[derive(Default)]
pub(super) struct FeedRow {
    pub(super) activity_type: Option<String>,
    pub(super) created_at_timestamp: Option<String>,
    pub(super) campaign_id: Option<String>,
    pub(super) is_admin_unsubscribed: Option<bool>,
}

impl<'de> Deserialize<'de> for FeedRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = Value::deserialize(deserializer)?;
        Ok(Self {
            activity_type: text(&row["activity_type"]),
            created_at_timestamp: text(&row["created_at_timestamp"]),
            campaign_id: text(&row["campaign_id"]),
            is_admin_unsubscribed: row["is_admin_unsubscribed"].as_bool(),
        })
    }
}

/// What of a row of `GET /reports` says which mails are reported.
#[derive(Deserialize)]
pub(super) struct ReportKindRow {
    pub(super) id: String,
    pub(super) r#type: Option<String>,
}

/// A row of `GET /reports`. Without its counters nobody could tell that there is news.
#[derive(Deserialize)]
pub(super) struct ReportRow {
    pub(super) id: String,
    pub(super) campaign_title: Option<String>,
    pub(super) subject_line: Option<String>,
    pub(super) r#type: Option<String>,
    pub(super) list_id: Option<String>,
    pub(super) send_time: Option<String>,
    pub(super) emails_sent: u64,
    pub(super) unsubscribed: u64,
    pub(super) bounces: BounceCounts,
    pub(super) opens: OpenCounts,
    pub(super) clicks: ClickCounts,
}

#[derive(Deserialize)]
pub(super) struct BounceCounts {
    pub(super) hard_bounces: u64,
    pub(super) soft_bounces: u64,
    pub(super) syntax_errors: u64,
}

#[derive(Deserialize)]
pub(super) struct OpenCounts {
    pub(super) opens_total: u64,
    pub(super) unique_opens: u64,
    /// Known since June 2024 only.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) proxy_excluded_opens: u64,
    pub(super) last_open: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ClickCounts {
    pub(super) clicks_total: u64,
    pub(super) unique_clicks: u64,
    pub(super) last_click: Option<String>,
}

/// A row of `GET /reports/{id}/sent-to`
#[derive(Deserialize)]
pub(super) struct SentRow {
    pub(super) email_id: Option<String>,
    pub(super) email_address: Option<String>,
}

/// A row of `GET /reports/{id}/open-details`
#[derive(Deserialize)]
pub(super) struct OpenRow {
    pub(super) email_id: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) opens: Vec<Open>,
}

#[derive(Deserialize)]
pub(super) struct Open {
    pub(super) timestamp: Option<String>,
    pub(super) is_proxy_open: Option<bool>,
}

/// A row of `GET /reports/{id}/email-activity`: one recipient, often with nothing to tell.
#[derive(Deserialize)]
pub(super) struct ActivityRow {
    pub(super) email_id: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) activity: Vec<Deed>,
}

#[derive(Deserialize)]
pub(super) struct Deed {
    pub(super) action: Option<String>,
    pub(super) r#type: Option<String>,
    pub(super) timestamp: Option<String>,
    pub(super) url: Option<String>,
}

/// A row of `GET /reports/{id}/unsubscribed`
#[derive(Deserialize)]
pub(super) struct UnsubscribeRow {
    pub(super) email_id: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) timestamp: Option<String>,
}

/// A row of `GET /lists/{id}/abuse-reports`
#[derive(Deserialize)]
pub(super) struct AbuseRow {
    pub(super) id: u64,
    pub(super) campaign_id: Option<String>,
    pub(super) email_address: Option<String>,
    pub(super) date: Option<String>,
}

/// A row of `GET /ecommerce/orders`
#[derive(Deserialize)]
pub(super) struct OrderRow {
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) store_id: String,
    pub(super) customer: Option<Customer>,
    pub(super) campaign_id: Option<String>,
    pub(super) currency_code: Option<String>,
    pub(super) order_total: Option<Value>,
    pub(super) processed_at_foreign: Option<String>,
    pub(super) cancelled_at_foreign: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) lines: Vec<Line>,
}

#[derive(Deserialize)]
pub(super) struct Customer {
    pub(super) email_address: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Line {
    pub(super) id: Option<String>,
    pub(super) product_id: Option<String>,
    pub(super) product_title: Option<String>,
    pub(super) quantity: Option<u32>,
    pub(super) price: Option<Value>,
}

/// Null counts as absent.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Implements [`Row`] by one property.
macro_rules! keyed {
    ($($row:ty: $name:literal, $key:expr;)*) => {$(
        impl Row for $row {
            const KEY: &'static str = $name;

            fn key(&self) -> Option<String> {
                let key: fn(&$row) -> Option<String> = $key;
                key(self)
            }
        }
    )*};
}

keyed! {
    ListRow: "id", |row| Some(row.id.clone());
    FieldRow: "tag", |row| Some(row.tag.clone());
    TagRow: "name", |row| Some(row.name.clone());
    ReportKindRow: "id", |row| Some(row.id.clone());
    ReportRow: "id", |row| Some(row.id.clone());
    SentRow: "email_id", |row| row.email_id.clone();
    OpenRow: "email_id", |row| row.email_id.clone();
    ActivityRow: "email_id", |row| row.email_id.clone();
    UnsubscribeRow: "email_id", |row| row.email_id.clone();
    AbuseRow: "id", |row| Some(row.id.to_string());
    OrderRow: "id", |row| Some(row.id.clone());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_absent_time_is_an_empty_text() {
        assert_eq!(time(Some("")), Ok(None));
        assert_eq!(time(None), Ok(None));
        assert!(time(Some("yesterday")).is_err());
        let at = time(Some("2026-02-03T06:12:44+00:00")).unwrap().unwrap();
        assert_eq!(stamp(at), "2026-02-03T06:12:44+00:00");
        assert_eq!(time(Some("2026-02-03 06:12:44")), Ok(Some(at)));
    }

    #[test]
    fn a_number_reads_the_same_in_every_spelling() {
        for value in [json!(42), json!(42.0), json!("42")] {
            assert_eq!(text(&value).unwrap(), "42");
        }
        assert_eq!(text(&json!({"addr1": "x"})), None);
        assert_eq!(text(&json!(0.5)).unwrap(), "0.5");
    }

    #[test]
    fn somebody_who_was_deleted_for_good_is_nobody() {
        assert_eq!(contact(Some("")), Ok(None));
        assert!(contact(None).is_err() && contact(Some("no address")).is_err());
        assert!(contact(Some("Jan@Example.nl")).unwrap().is_some());
    }
}
