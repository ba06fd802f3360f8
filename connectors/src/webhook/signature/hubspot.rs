//! `HubSpot`, version 3 (sheet 7): base64 of HMAC-SHA256 by the app's client secret over method, whole address, body and
//! time, one after the other.
//!
//! `HubSpot` sends signatures of versions 1 and 2 beside it, which bind neither
//! the time nor, in the first, the address. They are not looked at: whoever
//! could choose the version would choose the weakest.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};

use super::{Secrets, fresh, millis};
use crate::webhook::{Delivery, Doubt};

/// The header that bears it.
pub const SIGNATURE: &str = "X-HubSpot-Signature-v3";
/// The header with the time of sending, in milliseconds.
pub const TIMESTAMP: &str = "X-HubSpot-Request-Timestamp";

/// What `HubSpot` decodes in an address before it signs it; everything else stays encoded.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];

/// Whether `HubSpot` sent it, just now, to us.
pub fn verify(delivery: &Delivery<'_>, secrets: &Secrets, now: DateTime<Utc>) -> Result<(), Doubt> {
    let signature = delivery.header(SIGNATURE).ok_or(Doubt::Unsigned)?;
    let sum = STANDARD.decode(signature).map_err(|_| Doubt::Unsigned)?;
    let time = delivery.header(TIMESTAMP).ok_or(Doubt::Unsigned)?;
    fresh(millis(time)?, now)?;
    let url = decoded(delivery.url);
    let parts = [
        delivery.method.as_bytes(),
        url.as_bytes(),
        delivery.body,
        time.as_bytes(),
    ];
    secrets.check(&parts, &sum)
}

/// The address as `HubSpot` signs it.
fn decoded(url: &str) -> String {
    DECODED
        .iter()
        .fold(url.to_owned(), |url, (encoded, plain)| {
            url.replace(encoded, plain)
                .replace(&encoded.to_ascii_lowercase(), plain)
        })
}
