//! How Copernica signs its webhooks: HTTP Signatures with rsa-sha256, the key in a DNS TXT record (sheet 7).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::time;
use crate::people::{self, Seconds};
use crate::rng::mix;

/// A test key, and the public half of it. It opens nothing.
const PRIVATE: &str = include_str!("../../fixtures/copernica/test-key.pem");
const PUBLIC: &str = include_str!("../../fixtures/copernica/test-key.pub.b64");

/// What is signed, in this order; Copernica writes some of the names in mixed case.
const SIGNED: &str =
    "(request-target) host date content-length content-type X-Copernica-ID digest X-Nonce";

/// The account that the signatures name.
pub(super) const ACCOUNT: &str = "account-1234";

/// The name of the key of this month: it rotates.
pub(super) fn key_name(at: Seconds) -> String {
    format!("webhooks-{}.copernica.com", time::local(at).format("%Y%m"))
}

/// The text of the TXT record at that name; `None` for any other name.
pub(super) fn txt_record(name: &str) -> Option<String> {
    let month = name
        .strip_prefix("webhooks-")?
        .strip_suffix(".copernica.com")?;
    (month.len() == 6 && month.bytes().all(|digit| digit.is_ascii_digit()))
        .then(|| format!("v=DKIM1; k=rsa; p={}", PUBLIC.trim()))
}

/// The headers of a webhook, with its signature.
pub(super) fn headers(
    (host, path): (&str, &str),
    kind: &str,
    body: &[u8],
    at: Seconds,
    number: u64,
) -> Vec<(String, String)> {
    let digest = format!("SHA-256={}", STANDARD.encode(Sha256::digest(body)));
    let date = people::time(at).format("%a, %d %b %Y %H:%M:%S GMT");
    let mut headers = vec![
        ("Host".to_owned(), host.to_owned()),
        ("Date".to_owned(), date.to_string()),
        ("Content-Length".to_owned(), body.len().to_string()),
        ("Content-Type".to_owned(), kind.to_owned()),
        ("X-Copernica-ID".to_owned(), ACCOUNT.to_owned()),
        ("Digest".to_owned(), digest),
        (
            "X-Nonce".to_owned(),
            format!("{:016x}", mix(&[39, number, u64::from(at)])),
        ),
    ];
    let value = |name: &str| {
        let mut all = headers.iter();
        let found = all.find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or_else(|| format!("post {path}"), |(_, value)| value.clone())
    };
    let lines = SIGNED
        .split(' ')
        .map(|name| format!("{}: {}", name.to_ascii_lowercase(), value(name)));
    let text = lines.collect::<Vec<_>>().join("\n");
    let signature = format!(
        "keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{SIGNED}\",signature=\"{}\"",
        key_name(at),
        sign(text.as_bytes())
    );
    headers.push(("Signature".to_owned(), signature));
    headers
}

#[expect(
    clippy::expect_used,
    reason = "the key is a committed fixture, and a sound key signs whatever it is given"
)]
fn sign(text: &[u8]) -> String {
    let lines = PRIVATE
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"));
    let inner: String = lines.filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(inner).expect("the fixture is base64");
    let key = RsaKeyPair::from_pkcs8(&der).expect("the fixture is a key");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text,
        &mut signature,
    )
    .expect("a sound key signs");
    STANDARD.encode(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_openssl_makes() {
        // printf 'a line to sign' | openssl dgst -sha256 -sign test-key.pem | base64 -w0
        let by_openssl = "hPlKUoOYoXE3D7Gb4cdQPitvgyjkCvkLOInwYr5/vgmdNN+4Sa8KKC90ixS2fRMw9bl4HnJwyW3hLEDUsvnsvWvnoiGYzpOGtveLziAIYGcflKu3WKPFYIZ+UXty55BwyRgWHFie+c8T8jQ+NCIN0G+JjujTYuVvt+cgnTpdNpKs0X1NMj2Y+iW2jNiXuB4GwXFN3QMrzemGbq2Qodq4LFva1PjTidWAPJPjtPuN16HnH56RiKjortMG2PLMm+KDazMmp5RXTGpqLwW5LEA1CE+JN08LfC5OWS3Y7/Cj0LQkysjkmyA2T1MW9IJH9N9jgZgBb8dByvXMuReYtdM6xQ==";
        assert_eq!(sign(b"a line to sign"), by_openssl);
    }

    #[test]
    fn the_key_stands_at_its_own_name_only() {
        let record = txt_record("webhooks-202606.copernica.com").unwrap();
        assert!(record.starts_with("v=DKIM1; k=rsa; p=MII"));
        for other in ["webhooks-202606.example.com", "www.copernica.com"] {
            assert_eq!(txt_record(other), None);
        }
    }
}
