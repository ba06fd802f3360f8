//! Ghost (sheet 7): `X-Ghost-Signature: sha256=HEX, t=MILLIS`, HMAC-SHA256 over the body and the time as text.
//!
//! Without a secret Ghost sends no header at all. Signatures over the body
//! alone, as early releases of Ghost 5 may have made, are not taken: they are
//! good for ever.

use chrono::{DateTime, Utc};

use super::{Secrets, fresh, millis};
use crate::webhook::{Delivery, Doubt};

/// The header that bears it.
pub const SIGNATURE: &str = "X-Ghost-Signature";

/// Whether the site sent it, just now.
pub fn verify(delivery: &Delivery<'_>, secrets: &Secrets, now: DateTime<Utc>) -> Result<(), Doubt> {
    let header = delivery.header(SIGNATURE).ok_or(Doubt::Unsigned)?;
    let part = |name: &str| {
        let parts = header.split(',').filter_map(|part| part.split_once('='));
        let mut of_name = parts.filter(|(key, _)| key.trim() == name);
        match (of_name.next(), of_name.next()) {
            (Some((_, value)), None) => Ok(value.trim()),
            _ => Err(Doubt::Unsigned),
        }
    };
    let sum = hex::decode(part("sha256")?).map_err(|_| Doubt::Unsigned)?;
    let time = part("t")?;
    fresh(millis(time)?, now)?;
    secrets.check(&[delivery.body, time.as_bytes()], &sum)
}
