//! Whether a delivery is the platform's, what names it, and what of it is kept.

use engaged_connectors::webhook::{Delivery, Doubt, Webhook, known_by};

use super::keys::Keys;
use crate::{score::calendar::Millis, store::NewDelivery};

use chrono::{DateTime, Utc};

/// Headers that reading may need. Others, with whom it came from and by which way, are not kept.
const KEPT: [&str; 12] = [
    "content-type",
    "date",
    "digest",
    "x-copernica-id",
    "x-nonce",
    "x-hubspot-request-timestamp",
    "x-ghost-signature",
    "klaviyo-webhook-id",
    "klaviyo-timestamp",
    "webhook-signature",
    "x-origin-base-url",
    "user-agent",
];

/// Judges a delivery that came now. Its address is kept without the secret part, as `shown`.
pub async fn receive(
    webhook: &dyn Webhook,
    keys: &Keys,
    delivery: &Delivery<'_>,
    shown: String,
    now: DateTime<Utc>,
) -> Result<NewDelivery, Doubt> {
    let key = match webhook.key_at(delivery)? {
        Some(name) => keys.text(&name).await,
        None => None,
    };
    webhook.verify(delivery, key.as_deref(), now)?;
    Ok(kept(webhook, delivery, shown, now.timestamp_millis()))
}

fn kept(
    webhook: &dyn Webhook,
    delivery: &Delivery<'_>,
    shown: String,
    received_at: Millis,
) -> NewDelivery {
    let headers = delivery.headers.iter();
    let headers =
        headers.filter(|(name, _)| KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept)));
    NewDelivery {
        name: known_by(webhook, delivery),
        method: delivery.method.to_owned(),
        url: shown,
        headers: headers.cloned().collect(),
        body: delivery.body.to_vec(),
        received_at,
    }
}
