//! Whether a delivery is the platform's, what names it, and what of it is kept.

use engaged_connectors::webhook::{Delivery, Doubt, Webhook};
use sha2::{Digest as _, Sha256};

use super::keys::Keys;
use crate::{score::calendar::Millis, store::NewDelivery};

use chrono::{DateTime, Utc};

/// A name that a platform gives is no longer than this; a longer one is no name.
const NAME_MAX: usize = 200;

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
    let by_platform = webhook.name(delivery);
    let by_platform = by_platform.filter(|name| !name.is_empty() && name.len() <= NAME_MAX);
    let name = match by_platform {
        Some(name) => format!("id:{name}"),
        None => format!("sha256:{}", hex::encode(Sha256::digest(delivery.body))),
    };
    let headers = delivery.headers.iter();
    let headers =
        headers.filter(|(name, _)| KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept)));
    NewDelivery {
        name,
        method: delivery.method.to_owned(),
        url: shown,
        headers: headers.cloned().collect(),
        body: delivery.body.to_vec(),
        received_at,
    }
}
