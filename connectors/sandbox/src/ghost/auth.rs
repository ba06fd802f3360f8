//! Who is asking: a short-lived token, signed with the secret half of the Admin API key.
//!
//! The order of the checks and the words of the refusals are those of the recordings: signature, expiry, audience, age.

use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::answer::Refusal;
use crate::people::Seconds;

/// A token is no older than this, whatever it says about its expiry.
const MAX_AGE: i64 = 300;

/// Checks the `Authorization` header against the key, which is given as id and secret.
pub(super) fn check(
    headers: &HeaderMap,
    id: &str,
    secret: &str,
    now: Seconds,
) -> Result<(), Refusal> {
    let Some(header) = headers.get("authorization") else {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "NoPermissionError", "Authorization failed").context(
            "Unable to determine the authenticated user or integration. Check that cookies are being passed through if using session authentication.",
        ));
    };
    let token = header
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("ghost") && !token.is_empty() && !token.contains(' ')
        })
        .map(|(_, token)| token)
        .ok_or_else(|| {
            Refusal::unauthorized(
                "Authorization header format is \"Authorization: Ghost [token]\"",
                "INVALID_AUTH_HEADER",
            )
        })?;
    let parts: Vec<&str> = token.split('.').collect();
    let &[head, payload, signature] = parts.as_slice() else {
        return Err(malformed());
    };
    let head_claims = claims(head).ok_or_else(malformed)?;
    let kid = head_claims["kid"].as_str().ok_or_else(|| {
        Refusal::bad_request("Admin API kid missing.").code("MISSING_ADMIN_API_KID")
    })?;
    if kid != id {
        return Err(Refusal::unauthorized(
            "Unknown Admin API Key",
            "UNKNOWN_ADMIN_API_KEY",
        ));
    }
    if head_claims["alg"] != "HS256" {
        return Err(invalid("invalid algorithm"));
    }
    if !signed(secret, &format!("{head}.{payload}"), signature) {
        return Err(invalid("invalid signature"));
    }
    fresh(&claims(payload).ok_or_else(malformed)?, i64::from(now))
}

fn fresh(claims: &Value, now: i64) -> Result<(), Refusal> {
    if claims["exp"].as_i64().is_some_and(|expiry| now >= expiry) {
        return Err(invalid("jwt expired"));
    }
    if !audience_fits(&claims["aud"]) {
        return Err(invalid(r"jwt audience invalid. expected: /\/?admin\/?$/"));
    }
    let Some(issued) = claims["iat"].as_i64() else {
        return Err(invalid("iat required when maxAge is specified"));
    };
    if now >= issued + MAX_AGE {
        return Err(invalid("maxAge exceeded"));
    }
    Ok(())
}

/// Anything that ends in "admin", with or without a slash behind it.
fn audience_fits(audience: &Value) -> bool {
    let fits = |text: &str| text.strip_suffix('/').unwrap_or(text).ends_with("admin");
    match audience {
        Value::String(one) => fits(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    }
}

fn signed(secret: &str, text: &str, signature: &str) -> bool {
    let (Ok(key), Ok(signature)) = (hex::decode(secret), URL_SAFE_NO_PAD.decode(signature)) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return false;
    };
    mac.update(text.as_bytes());
    mac.verify_slice(&signature).is_ok()
}

fn claims(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn malformed() -> Refusal {
    Refusal::bad_request("Invalid token").code("INVALID_JWT")
}

fn invalid(why: &str) -> Refusal {
    Refusal::unauthorized(format!("Invalid token: {why}"), "INVALID_JWT")
}
