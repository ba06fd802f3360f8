//! The signatures under which platforms send, one file for each scheme. Pure: no network, no clock, no state.
//!
//! Each is checked over the bytes as they came, before anything in them is
//! read, and compared in constant time. Where a secret is shared, two may be
//! good at once, so that it can be changed without losing a delivery. Where a
//! time is signed, what is older or later than [`TOLERANCE`] is refused; what
//! is younger may be sent again by whoever overheard it, and is told by its
//! name, under which it is kept once.

pub mod copernica;
pub mod ghost;
pub mod hubspot;
pub mod klaviyo;
pub mod mautic;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use super::Doubt;

/// How far the time of a signature may lie from ours, either way.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// The secrets that a platform may sign with: the present one and, while it is being changed, the one before.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// These, without those that are empty or blank: with an empty key everybody can sign.
    pub fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let secrets = secrets.into_iter();
        Self(
            secrets
                .filter(|secret| !secret.expose_secret().trim().is_empty())
                .collect(),
        )
    }

    /// Whether nothing can be verified by them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether HMAC-SHA256 over the parts, one after the other, gives this sum by one of them. All are tried, each in
    /// constant time.
    fn have_signed(&self, parts: &[&[u8]], sum: &[u8]) -> bool {
        let mut fits = false;
        for secret in &self.0 {
            #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
                .expect("a key of any length");
            for part in parts {
                mac.update(part);
            }
            fits |= mac.verify_slice(sum).is_ok();
        }
        fits
    }

    /// [`Doubt::Forged`] unless one of them has signed the parts.
    fn check(&self, parts: &[&[u8]], sum: &[u8]) -> Result<(), Doubt> {
        if self.have_signed(parts, sum) {
            Ok(())
        } else {
            Err(Doubt::Forged)
        }
    }
}

/// [`Doubt::Stale`] unless it is of now, give or take [`TOLERANCE`].
fn fresh(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Doubt> {
    if (now - at).abs() > TOLERANCE {
        return Err(Doubt::Stale);
    }
    Ok(())
}

/// The instant of so many milliseconds, as text.
fn millis(text: &str) -> Result<DateTime<Utc>, Doubt> {
    let millis = text.parse().ok();
    millis
        .and_then(DateTime::from_timestamp_millis)
        .ok_or(Doubt::Unsigned)
}
