//! What HubSpot sends by itself: that a contact changed, was merged or deleted.
//!
//! There is no delivery for an open or a click (sheet, section 7); a property that
//! one moves is what can be subscribed to. So everything here is a hint: it says
//! which stream to poll early, and brings no event. A deletion shows in the daily
//! reading of everybody alone.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{CONTACTS, EMAIL, FORMS, PURCHASES, SUBSCRIPTIONS, VISITS, wire::text};
use crate::{
    connector::Stream,
    error::ConnectorError,
    webhook::{
        Delivery, Doubt, News, Trust, Webhook,
        signature::{self, Secrets},
    },
};

/// The deliveries of a HubSpot app.
pub(super) struct Hook {
    /// The app's client secret, and the one before.
    pub(super) secrets: Secrets,
}

impl Webhook for Hook {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(
        &self,
        delivery: &Delivery<'_>,
        _: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Doubt> {
        signature::hubspot::verify(delivery, &self.secrets, now)
    }

    /// `eventId` is not unique; what happened to which record when is (sheet, section 7).
    fn name(&self, delivery: &Delivery<'_>) -> Option<String> {
        let rows: Vec<Value> = serde_json::from_slice(delivery.body).ok()?;
        let part = |row: &Value, key: &str| text(&row[key]);
        let one = |row: &Value| {
            let known = ["subscriptionId", "objectId", "occurredAt"];
            let known: Option<Vec<String>> = known.iter().map(|key| part(row, key)).collect();
            let mut parts = known?;
            parts.push(part(row, "propertyName").unwrap_or_default());
            Some(parts.join("\u{1f}"))
        };
        let mut names = rows.iter().map(one).collect::<Option<Vec<String>>>()?;
        if names.is_empty() {
            return None;
        }
        names.sort();
        Some(hex::encode(Sha256::digest(names.join("\u{1e}"))))
    }

    fn read(&self, delivery: &Delivery<'_>, _: DateTime<Utc>) -> Result<News, ConnectorError> {
        let rows: Vec<Value> = serde_json::from_slice(delivery.body).map_err(|source| {
            // The reader's own words may quote what somebody sent.
            super::wire::contract("a delivery", format!("is no list: line {}", source.line()))
        })?;
        let mut news = News::default();
        for row in &rows {
            let kind = row["subscriptionType"].as_str().unwrap_or_default();
            let streams = hints(kind, row["propertyName"].as_str());
            news.unknown += u64::from(streams.is_empty());
            news.poll.extend(streams);
        }
        news.poll.sort();
        news.poll.dedup();
        Ok(news)
    }
}

/// The streams in which a row's news will show; none for a kind that nobody has heard of.
fn hints(kind: &str, property: Option<&str>) -> &'static [Stream] {
    match kind {
        "contact.propertyChange" => match property.unwrap_or_default() {
            name if name.starts_with("hs_email_optout") => &[CONTACTS, SUBSCRIPTIONS],
            name if name.starts_with("hs_email_") => &[EMAIL],
            name if name.starts_with("hs_analytics_") => &[VISITS],
            "num_conversion_events" | "recent_conversion_date" => &[FORMS],
            _ => &[CONTACTS],
        },
        "contact.creation"
        | "contact.deletion"
        | "contact.privacyDeletion"
        | "contact.merge"
        | "contact.restore" => &[CONTACTS],
        "contact.associationChange" => &[PURCHASES],
        _ if kind.starts_with("deal.") || kind.starts_with("order.") => &[PURCHASES],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with<T>(rows: &Value, look: impl FnOnce(&Delivery<'_>) -> T) -> T {
        let body = rows.to_string();
        look(&Delivery {
            method: "POST",
            url: "https://hooks.example/h",
            headers: &[],
            body: body.as_bytes(),
        })
    }

    fn change(property: &str, attempt: u8) -> Value {
        json!({"eventId": 1, "subscriptionId": 12, "portalId": 62515, "occurredAt": 1_785_579_132_345_i64,
            "subscriptionType": "contact.propertyChange", "attemptNumber": attempt, "objectId": 51,
            "propertyName": property, "propertyValue": "true"})
    }

    #[test]
    fn what_is_said_of_a_delivery_that_is_no_list_quotes_nothing_of_it() {
        let hook = Hook {
            secrets: Secrets::default(),
        };
        let read = |delivery: &Delivery<'_>| hook.read(delivery, DateTime::UNIX_EPOCH).err();
        let error = with(&json!("jan@example.nl"), read).unwrap().to_string();
        assert!(!error.contains("jan"), "{error}");
    }

    #[test]
    fn a_delivery_is_a_hint_of_where_to_look_and_brings_no_event() {
        let merge = json!({"subscriptionType": "contact.merge", "objectId": 51});
        let rows = json!([change("hs_email_optout", 0), change("hs_email_last_open_date", 0), merge, {"subscriptionType": "ticket.creation"}]);
        let news = with(&rows, |delivery| {
            Hook {
                secrets: Secrets::default(),
            }
            .read(delivery, DateTime::UNIX_EPOCH)
        })
        .unwrap();
        assert_eq!(news.poll, [CONTACTS, EMAIL, SUBSCRIPTIONS]);
        assert_eq!((news.events.len(), news.unknown), (0, 1));
        assert!(
            with(&json!({"a": 1}), |delivery| Hook {
                secrets: Secrets::default()
            }
            .read(delivery, DateTime::UNIX_EPOCH))
            .is_err()
        );
    }

    #[test]
    fn the_event_id_is_not_unique_so_what_happened_names_the_delivery() {
        let name = |rows: &Value| {
            with(rows, |delivery| {
                Hook {
                    secrets: Secrets::default(),
                }
                .name(delivery)
            })
        };
        let (one, other) = (change("hs_email_optout", 0), change("lifecyclestage", 0));
        assert_ne!(name(&json!([one])), name(&json!([other])));
        assert_eq!(
            name(&json!([one])),
            name(&json!([change("hs_email_optout", 3)]))
        );
        assert_eq!(name(&json!([one, other])), name(&json!([other, one])));
        assert_ne!(name(&json!([one, other])), name(&json!([one])));
        assert_eq!(name(&json!([])), None);
        assert_eq!(name(&json!([{"objectId": 51}])), None);
    }
}
