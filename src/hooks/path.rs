//! The secret part of an address: 256 bits that a platform knows and nobody else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// So many letters of base64 hold 256 bits.
const LETTERS_MIN: usize = 43;
/// Longer ones are nobody's.
const LETTERS_MAX: usize = 200;

/// The paths that are good: the present one and, while a platform is told of it, the one before.
#[derive(Clone, Default)]
pub struct Paths(Vec<[u8; 32]>);

impl Paths {
    /// Adds one. False if it could be guessed, or cannot stand in an address.
    pub fn add(&mut self, secret: &SecretString) -> bool {
        let text = secret.expose_secret();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !(LETTERS_MIN..=LETTERS_MAX).contains(&text.len()) || !text.chars().all(fits) {
            return false;
        }
        self.0.push(Sha256::digest(text).into());
        true
    }

    /// Whether this is one of them. Takes as long whatever it is.
    pub fn fit(&self, text: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let one = |path: &[u8; 32]| path.as_slice().ct_eq(digest.as_slice());
        let any = self
            .0
            .iter()
            .map(one)
            .fold(Choice::from(0), |any, one| any | one);
        any.into()
    }
}

/// A new one.
pub fn fresh() -> Result<SecretString, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_path_is_taken_fits_itself_alone_and_is_another_each_time() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        let mut paths = Paths::default();
        assert!(!paths.fit(one.expose_secret()));
        assert!(paths.add(&one));
        assert!(paths.fit(one.expose_secret()));
        assert!(!paths.fit(other.expose_secret()));
        assert!(!paths.fit(""));
        assert!(paths.add(&other));
        assert!(paths.fit(one.expose_secret()) && paths.fit(other.expose_secret()));
    }

    #[test]
    fn what_can_be_guessed_or_cannot_stand_in_an_address_is_not_taken() {
        let mut paths = Paths::default();
        for text in [
            "",
            "secret",
            &"a".repeat(42),
            &"a/".repeat(30),
            &"é".repeat(43),
        ] {
            assert!(!paths.add(&SecretString::from(text)), "{text}");
        }
        assert!(paths.add(&SecretString::from("a".repeat(43))));
    }
}
