//! Mautic (sheet 7): `Webhook-Signature`, base64 of HMAC-SHA256 over the body.
//!
//! No time is signed, so that what was overheard can be sent again for ever.
//! It then has the same body, by which it is known and kept once. A Mautic
//! without a secret signs all the same, with the empty key; that is refused,
//! because [`Secrets`] holds no empty one.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Secrets;
use crate::webhook::{Delivery, Doubt};

/// The header that bears it.
pub const SIGNATURE: &str = "Webhook-Signature";

/// Whether the site sent it, at some time.
pub fn verify(delivery: &Delivery<'_>, secrets: &Secrets) -> Result<(), Doubt> {
    let signature = delivery.header(SIGNATURE).ok_or(Doubt::Unsigned)?;
    let sum = STANDARD.decode(signature).map_err(|_| Doubt::Unsigned)?;
    secrets.check(&[delivery.body], &sum)
}
