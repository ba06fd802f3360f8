//! Klaviyo's system webhooks (sheet 7): `Klaviyo-Signature`, hexadecimal HMAC-SHA256 over the body and the header
//! `Klaviyo-Timestamp` exactly as it came.
//!
//! That header has been seen in two forms, once five hours off, so the age is
//! read from `meta.timestamp`, which the same signature covers. How Klaviyo
//! repeats is not told; a day is allowed for, within which the inbox knows a
//! repetition by its body.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{Secrets, TOLERANCE};
use crate::webhook::{Delivery, Doubt};

/// The header that bears it.
pub const SIGNATURE: &str = "Klaviyo-Signature";
/// The header with the time, in whatever form.
pub const TIMESTAMP: &str = "Klaviyo-Timestamp";
/// The header that names the webhook.
pub const WEBHOOK: &str = "Klaviyo-Webhook-Id";

/// How old a delivery may be.
const AGE_MAX: TimeDelta = TimeDelta::days(1);

#[derive(Deserialize)]
struct Body {
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    timestamp: DateTime<Utc>,
    klaviyo_webhook_id: String,
}

/// Whether Klaviyo sent it, not long ago, for the webhook that it says.
pub fn verify(delivery: &Delivery<'_>, secrets: &Secrets, now: DateTime<Utc>) -> Result<(), Doubt> {
    let signature = delivery.header(SIGNATURE).ok_or(Doubt::Unsigned)?;
    let sum = hex::decode(signature).map_err(|_| Doubt::Unsigned)?;
    let time = delivery.header(TIMESTAMP).ok_or(Doubt::Unsigned)?;
    let webhook = delivery.header(WEBHOOK).ok_or(Doubt::Unsigned)?;
    secrets.check(&[delivery.body, time.as_bytes()], &sum)?;
    // Only now is anything in it read.
    let body: Body = serde_json::from_slice(delivery.body).map_err(|_| Doubt::Unsigned)?;
    let age = now - body.meta.timestamp;
    if age > AGE_MAX || age < -TOLERANCE {
        return Err(Doubt::Stale);
    }
    if body.meta.klaviyo_webhook_id != webhook {
        return Err(Doubt::Foreign);
    }
    Ok(())
}
