//! The Admin API key and the short-lived token made from it (sheet, section 1).

use ::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;

use crate::error::ConnectorError;

/// How long a token is good for, in seconds. Ghost counts five minutes from `iat`.
const LIFETIME: i64 = 240;
/// How far `iat` lies back, in seconds, for clocks that are a little behind ours.
const BACK: i64 = 5;

/// An Admin API key.
pub(super) struct Key {
    id: String,
    secret: SecretSlice<u8>,
}

impl Key {
    /// Reads `id:hex`; white space around it, as files have, does not matter.
    pub(super) fn parse(text: &SecretString) -> Result<Self, ConnectorError> {
        let wrong = |detail: &str| ConnectorError::Config {
            what: "key".into(),
            detail: format!(
                "{detail}; an Admin API key of Ghost is ID:SECRET, 24 and 64 hexadecimal digits"
            ),
        };
        let (id, secret) = text
            .expose_secret()
            .trim()
            .split_once(':')
            .ok_or_else(|| wrong("it has no colon (is it the Content API key?)"))?;
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong("the part before the colon is not hexadecimal"));
        }
        match hex::decode(secret) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self {
                id: id.to_owned(),
                secret: bytes.into(),
            }),
            Ok(_) => Err(wrong("the part after the colon has the wrong length")),
            Err(_) => Err(wrong("the part after the colon is not hexadecimal")),
        }
    }

    /// The header with a token made now.
    pub(super) fn header(&self, now: DateTime<Utc>) -> Result<HeaderValue, ConnectorError> {
        let issued = now.timestamp() - BACK;
        let head = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{}"}}"#, self.id);
        let claims = format!(
            r#"{{"iat":{issued},"exp":{},"aud":"/admin/"}}"#,
            issued + LIFETIME
        );
        let token = sign(self.secret.expose_secret(), &head, &claims);
        HeaderValue::from_str(&format!("Ghost {token}")).map_err(|_| ConnectorError::Config {
            what: "key".into(),
            detail: "it cannot stand in a header".into(),
        })
    }
}

/// HS256 in the compact form of RFC 7515.
fn sign(secret: &[u8], head: &str, claims: &str) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head),
        URL_SAFE_NO_PAD.encode(claims)
    );
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key");
    mac.update(text.as_bytes());
    format!(
        "{text}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_7515() {
        let secret = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let head = "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
        let claims =
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
        let token = sign(&secret, head, claims);
        assert!(
            token.ends_with(".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "{token}"
        );
    }

    #[test]
    fn a_token_lives_for_four_minutes_and_begins_a_little_early() {
        let key = Key::parse(&format!(" 0a1b:{}\n", "7f".repeat(32)).into()).unwrap();
        let header = key.header(Utc.timestamp_opt(1_000, 0).unwrap()).unwrap();
        let token = header.to_str().unwrap().strip_prefix("Ghost ").unwrap();
        let part = |i| {
            URL_SAFE_NO_PAD
                .decode(token.split('.').nth(i).unwrap())
                .unwrap()
        };
        assert_eq!(part(0), br#"{"alg":"HS256","typ":"JWT","kid":"0a1b"}"#);
        assert_eq!(part(1), br#"{"iat":995,"exp":1235,"aud":"/admin/"}"#);
    }

    #[test]
    fn a_key_of_another_shape_is_refused_without_being_shown() {
        for text in [
            "",
            "abc",
            "22444f78447824223cefc48062",
            "zz:7f",
            "0a:7f7f",
            "0a:secret",
            ":7f",
        ] {
            let error = Key::parse(&text.to_owned().into()).err().unwrap();
            assert!(matches!(error, ConnectorError::Config { .. }));
            assert!(
                text.is_empty() || !error.to_string().contains(text),
                "{error}"
            );
        }
    }
}
