//! The signature of a call: HMAC-SHA256 over its time and body, as receivers check it.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use thiserror::Error;

/// The header that bears it: `t=SECONDS,v1=HEX`.
pub const HEADER: &str = "engaged-signature";
/// How far the time of a call may lie from the receiver's.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Why a call is not ours, or not fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Forged {
    /// The header has not the form `t=SECONDS,v1=HEX`.
    #[error("the signature has not the form t=SECONDS,v1=HEX")]
    Misshapen,
    /// The call is older, or dated later, than the tolerance.
    #[error("the call is not of the last five minutes")]
    Stale,
    /// Another secret, another body or another time was signed.
    #[error("the signature does not fit the body")]
    Wrong,
}

/// The header's value for a body that is sent now.
pub fn sign(secret: &str, now: DateTime<Utc>, body: &[u8]) -> String {
    let time = now.timestamp();
    let mac = mac(secret, &time.to_string(), body).finalize();
    format!("t={time},v1={}", hex::encode(mac.into_bytes()))
}

/// Whether a call is genuine: checks a header against the body exactly as it came, before it is read. Parts of the header
/// that nobody knows yet are passed over.
pub fn verify(secret: &str, header: &str, body: &[u8], now: DateTime<Utc>) -> Result<(), Forged> {
    let part = |name: &str| {
        let mut parts = header
            .split(',')
            .filter_map(|part| part.trim().split_once('='));
        parts.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let (time, sum) = part("t").zip(part("v1")).ok_or(Forged::Misshapen)?;
    let sum = hex::decode(sum).map_err(|_| Forged::Misshapen)?;
    let seconds = time.parse().map_err(|_| Forged::Misshapen)?;
    let at = DateTime::from_timestamp(seconds, 0).ok_or(Forged::Misshapen)?;
    if (now - at).abs() > TOLERANCE {
        return Err(Forged::Stale);
    }
    // Takes the same time wherever the two differ.
    mac(secret, time, body)
        .verify_slice(&sum)
        .map_err(|_| Forged::Wrong)
}

/// What is signed: the time as it stands in the header, a dot, and the body.
fn mac(secret: &str, time: &str, body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of both sides";

    fn now() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else() {
        let body = br#"{"contact":"x"}"#;
        let header = sign(SECRET, now(), body);
        let check = |header: &str, body: &[u8], seconds: i64| {
            verify(SECRET, header, body, now() + TimeDelta::seconds(seconds))
        };
        assert_eq!(check(&header, body, 0), Ok(()));
        assert_eq!(check(&format!("v0=x, {header}"), body, 300), Ok(()));
        assert_eq!(check(&header, body, 301), Err(Forged::Stale));
        assert_eq!(check(&header, body, -301), Err(Forged::Stale));
        assert_eq!(check(&header, br#"{"contact":"y"}"#, 0), Err(Forged::Wrong));
        let later = header.replace("t=1795348800", "t=1795348801");
        assert_ne!(later, header);
        assert_eq!(check(&later, body, 0), Err(Forged::Wrong));
        assert_eq!(
            verify("another secret!!", &header, body, now()),
            Err(Forged::Wrong)
        );
        for odd in [
            "",
            "t=1",
            "v1=00",
            "t=x,v1=00",
            "t=1795348800,v1=zz",
            "t=1795348800,v1=",
        ] {
            assert!(check(odd, body, 0).is_err(), "{odd}");
        }
    }
}
