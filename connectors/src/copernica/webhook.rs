//! What Copernica sends by itself. A delivery names the message, and the lists name
//! the event, so that nothing shows that both speak of one open (sheets 4.4 and 7).
//! Polling reports all of it: a delivery is believed as a hint, and brings the poll
//! forward. Bounces and complaints come from the logfiles, which no hint makes
//! appear earlier.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{CLICKS, CONTACTS, OPENS, UNSUBSCRIBES, wire::text};
use crate::{
    connector::Stream,
    error::ConnectorError,
    model::Reject,
    webhook::{Delivery, Doubt, News, Trust, Webhook, signature},
};

/// The webhooks of one account.
pub(super) struct Hook {
    /// The account for which they are signed.
    pub(super) account: Option<String>,
}

impl Webhook for Hook {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn key_at(&self, delivery: &Delivery<'_>) -> Result<Option<String>, Doubt> {
        signature::copernica::key_at(delivery).map(Some)
    }

    /// Without an account nothing is believed: a signature shows only that it is some customer of Copernica's.
    fn verify(
        &self,
        delivery: &Delivery<'_>,
        key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Doubt> {
        if let Some(account) = &self.account {
            return signature::copernica::verify(delivery, key, account, now);
        }
        signature::copernica::key_at(delivery)?;
        Err(Doubt::Foreign)
    }

    fn name(&self, _: &Delivery<'_>) -> Option<String> {
        // Whether a retry keeps its nonce is not documented (sheet 7); the body stays the same.
        None
    }

    fn read(
        &self,
        delivery: &Delivery<'_>,
        received_at: DateTime<Utc>,
    ) -> Result<News, ConnectorError> {
        let values = values(delivery)?;
        let mut news = News::default();
        let hint: &[Stream] = match values.get("type").map(String::as_str) {
            Some("open") => &[OPENS],
            Some("click") => &[CLICKS],
            // Whoever leaves is changed, too.
            Some("unsubscribe") => &[UNSUBSCRIBES, CONTACTS],
            Some("create" | "update" | "delete") => &[CONTACTS],
            Some("failure" | "failed" | "delivery" | "bounce") => &[],
            // What a removal is called is not documented: it has a profile and no message (sheet 7).
            Some(_) if values.contains_key("profile") && !values.contains_key("recipient") => {
                &[CONTACTS]
            }
            Some(_) => {
                news.unknown = 1;
                &[]
            }
            None => {
                let reject = |reason: &str| Reject {
                    id: None,
                    at: Some(happened(&values).unwrap_or(received_at)),
                    reason: reason.to_owned(),
                };
                news.rejects
                    .push(reject("the delivery does not say of which type it is"));
                &[]
            }
        };
        news.poll = hint.to_vec();
        Ok(news)
    }
}

/// When it happened, by `time`, which is in seconds since 1970; `timestamp` has no zone (sheet 7).
fn happened(values: &BTreeMap<String, String>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(values.get("time")?.parse().ok()?, 0)
}

/// The plain values of a delivery, a form or JSON, by its content type (sheet 7).
fn values(delivery: &Delivery<'_>) -> Result<BTreeMap<String, String>, ConnectorError> {
    let wrong = |detail: &str| ConnectorError::Contract {
        what: "a webhook of Copernica".into(),
        detail: detail.to_owned(),
    };
    let kind = delivery
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.ends_with("json") {
        let value: Value =
            serde_json::from_slice(delivery.body).map_err(|_| wrong("the body is no JSON"))?;
        let map = value
            .as_object()
            .ok_or_else(|| wrong("the body is no object"))?;
        let plain = map
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), text(value)?)));
        return Ok(plain.collect());
    }
    if kind == "application/x-www-form-urlencoded" {
        let pairs = url::form_urlencoded::parse(delivery.body);
        return Ok(pairs
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect());
    }
    Err(wrong("the body is neither a form nor JSON"))
}
