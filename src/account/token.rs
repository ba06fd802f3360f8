//! Random tokens: sessions, setup links and API tokens are all 256 bits that only their holder knows.
//!
//! The database keeps the SHA-256 of a token and finds it by that. Guessing 256
//! bits is hopeless, so a fast digest is enough.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::store::StoreError;

/// Bytes of chance in each token.
const BYTES: usize = 32;

/// How an API token begins, so that scanners for leaked secrets know it.
pub const API_PREFIX: &str = "engd_";

/// What the database keeps of a token.
pub(crate) type Digest = [u8; 32];

/// A token. It shows itself to [`Token::reveal`] alone.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// A new one.
    pub(super) fn generate() -> Result<Self, StoreError> {
        Self::with_prefix("")
    }

    /// A new one that begins with `engd_`.
    pub(super) fn for_api() -> Result<Self, StoreError> {
        Self::with_prefix(API_PREFIX)
    }

    fn with_prefix(prefix: &str) -> Result<Self, StoreError> {
        let text = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random()?));
        Ok(Self(SecretString::from(text)))
    }

    /// What somebody presents as a session or a setup link; `None` if it cannot be one.
    pub(super) fn presented(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == BYTES).then(|| Self(SecretString::from(text)))
    }

    /// What somebody presents as an API token; `None` if it cannot be one.
    pub(super) fn presented_to_api(text: &str) -> Option<Self> {
        Self::presented(text.strip_prefix(API_PREFIX)?)?;
        Some(Self(SecretString::from(text)))
    }

    /// The token itself: for its holder, once.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn digest(&self) -> Digest {
        Sha256::digest(self.reveal().as_bytes()).into()
    }

    /// What forms of this session carry.
    pub(super) fn csrf(&self) -> Csrf {
        Csrf(URL_SAFE_NO_PAD.encode(keyed(self.reveal().as_bytes(), b"engaged csrf")))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What a form carries to show that it is ours: derived from its session's token, and of no use without it.
#[derive(Clone)]
pub struct Csrf(String);

impl Csrf {
    /// For the hidden field of a form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form brought the right one; takes as long for a wrong one.
    pub fn matches(&self, brought: &str) -> bool {
        self.0.as_bytes().ct_eq(brought.as_bytes()).into()
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Csrf(…)")
    }
}

/// Bytes that nobody can foretell.
pub(super) fn random() -> Result<[u8; BYTES], StoreError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::bug(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

/// HMAC-SHA-256.
pub(super) fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_token_is_another_256_bits_and_shows_none_of_them() {
        let tokens: Vec<Token> = (0..1000).map(|_| Token::generate().unwrap()).collect();
        let texts: HashSet<&str> = tokens.iter().map(Token::reveal).collect();
        assert_eq!(texts.len(), 1000);
        let mut ones = [0u32; 256];
        for token in &tokens {
            let bytes = URL_SAFE_NO_PAD.decode(token.reveal()).unwrap();
            assert_eq!(bytes.len() * 8, 256);
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += u32::from(bytes[bit / 8] >> (bit % 8) & 1);
            }
            assert!(!format!("{token:?} {token}").contains(&token.reveal()[..4]));
        }
        // Every bit varies: 500 of 1000 on average, and 350 is nine deviations off.
        assert!(
            ones.iter().all(|ones| (350..650).contains(ones)),
            "{ones:?}"
        );
    }

    #[test]
    fn only_what_can_be_a_token_is_looked_up() {
        let token = Token::generate().unwrap();
        let api = Token::for_api().unwrap();
        assert!(api.reveal().starts_with("engd_"));
        assert_eq!(
            Token::presented(token.reveal()).unwrap().digest(),
            token.digest()
        );
        assert_eq!(
            Token::presented_to_api(api.reveal()).unwrap().digest(),
            api.digest()
        );
        assert!(Token::presented(api.reveal()).is_none());
        assert!(Token::presented_to_api(token.reveal()).is_none());
        for odd in [
            "",
            "a",
            "é",
            &token.reveal()[1..],
            &format!("{}A", token.reveal()),
        ] {
            assert!(Token::presented(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_form_of_another_session_does_not_match() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert!(one.csrf().matches(one.csrf().as_str()));
        assert!(!one.csrf().matches(other.csrf().as_str()));
        assert!(!one.csrf().matches(""));
        assert_ne!(one.csrf().as_str(), one.reveal());
        assert_eq!(format!("{:?}", one.csrf()), "Csrf(…)");
    }
}
