use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::{super::copernica, Sent, TOLERANCE, now};
use crate::webhook::Doubt;

const BODY: &str = "type=click&profile=7&time=1785579100";
const NAMES: &str =
    "(request-target) Host date content-length content-type x-copernica-id digest x-nonce";

/// Copernica with a key of its own.
struct Platform(RsaKeyPair);

impl Platform {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// The TXT record, as DKIM writes it.
    fn record(&self) -> String {
        let der = self.0.public_key().as_der().unwrap();
        format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(der.as_ref()))
    }

    fn send(&self, at: DateTime<Utc>, change: impl FnOnce(&mut Draft)) -> Sent {
        let mut draft = Draft {
            key: "k2026._domainkey.copernica.com".into(),
            algorithm: "rsa-sha256".into(),
            names: NAMES.into(),
            target: "post /hooks/shop/abc?x=1".into(),
            host: "hooks.example.nl".into(),
            account: "account-12".into(),
            digest: format!("SHA-256={}", STANDARD.encode(Sha256::digest(BODY))),
            date: at.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        };
        change(&mut draft);
        let value = |name: &str| match name {
            "(request-target)" => draft.target.clone(),
            "host" => draft.host.clone(),
            "date" => draft.date.clone(),
            "content-length" => BODY.len().to_string(),
            "content-type" => "application/x-www-form-urlencoded".into(),
            "x-copernica-id" => draft.account.clone(),
            "digest" => draft.digest.clone(),
            "x-nonce" => "n-1".into(),
            other => panic!("{other}"),
        };
        let lines: Vec<String> = draft
            .names
            .to_lowercase()
            .split(' ')
            .map(|name| format!("{name}: {}", value(name)))
            .collect();
        let signed = lines.join("\n");
        let mut sum = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        let signing = self
            .0
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut sum);
        signing.unwrap();
        let signature = format!(
            r#"keyId="{}",algorithm="{}",headers="{}",signature="{}""#,
            draft.key,
            draft.algorithm,
            draft.names,
            STANDARD.encode(sum)
        );
        let header = |name: &str| (name.to_owned(), value(&name.to_lowercase()));
        let mut headers: Vec<(String, String)> = [
            "Date",
            "Content-Type",
            "X-Copernica-ID",
            "Digest",
            "X-Nonce",
        ]
        .map(header)
        .into();
        // What a proxy made of it.
        headers.push(("Host".into(), "127.0.0.1:8426".into()));
        headers.push(("Signature".into(), signature));
        Sent {
            method: "POST",
            url: "https://hooks.example.nl/hooks/shop/abc?x=1".into(),
            headers,
            body: BODY.into(),
        }
    }

    fn verify(&self, sent: &Sent) -> Result<(), Doubt> {
        copernica::verify(&sent.delivery(), Some(&self.record()), "12", now())
    }

    fn judge(&self, change: impl FnOnce(&mut Draft)) -> Result<(), Doubt> {
        self.verify(&self.send(now(), change))
    }
}

/// What is about to be signed.
struct Draft {
    key: String,
    algorithm: String,
    names: String,
    target: String,
    host: String,
    account: String,
    digest: String,
    date: String,
}

#[test]
fn what_is_genuine_passes_behind_a_proxy_and_names_its_key() {
    let platform = Platform::new();
    let sent = platform.send(now(), |_| {});
    assert_eq!(
        copernica::key_at(&sent.delivery()).unwrap(),
        "k2026._domainkey.copernica.com"
    );
    assert_eq!(platform.verify(&sent), Ok(()));
    let record = platform.record().replace("; ", ";");
    let verified = copernica::verify(&sent.delivery(), Some(&record), "account-12", now());
    assert_eq!(verified, Ok(()));
}

#[test]
fn a_flipped_bit_and_a_key_of_somebody_else_are_forged() {
    let platform = Platform::new();
    let mut sent = platform.send(now(), |_| {});
    sent.body[3] ^= 1;
    assert_eq!(platform.verify(&sent), Err(Doubt::Forged));
    sent.body.push(b'x');
    assert_eq!(platform.verify(&sent), Err(Doubt::Forged));
    let digest = |draft: &mut Draft| {
        draft.digest = format!("SHA-256={}", STANDARD.encode(Sha256::digest("other")));
    };
    assert_eq!(platform.judge(digest), Err(Doubt::Forged));
    let sent = Platform::new().send(now(), |_| {});
    assert_eq!(platform.verify(&sent), Err(Doubt::Forged));
}

#[test]
fn what_is_stale_or_of_the_future_is_refused() {
    let platform = Platform::new();
    let at = |by: TimeDelta| platform.verify(&platform.send(now() + by, |_| {}));
    assert_eq!(at(-TOLERANCE + TimeDelta::seconds(1)), Ok(()));
    assert_eq!(at(-TOLERANCE - TimeDelta::seconds(1)), Err(Doubt::Stale));
    assert_eq!(at(TOLERANCE + TimeDelta::seconds(2)), Err(Doubt::Stale));
}

#[test]
fn a_header_that_is_missing_twice_or_not_signed_is_no_signature() {
    let platform = Platform::new();
    for header in [0, 1, 2, 3, 4, 6] {
        let mut missing = platform.send(now(), |_| {});
        let taken = missing.headers.remove(header);
        assert_eq!(
            platform.verify(&missing),
            Err(Doubt::Unsigned),
            "{}",
            taken.0
        );
        let mut twice = platform.send(now(), |_| {});
        twice.headers.push(taken);
        assert_eq!(platform.verify(&twice), Err(Doubt::Unsigned));
    }
    for name in NAMES.split(' ') {
        let verified = platform.judge(|draft| {
            let names = draft.names.split(' ').filter(|each| *each != name);
            draft.names = names.collect::<Vec<_>>().join(" ");
        });
        assert_eq!(verified, Err(Doubt::Unsigned), "{name}");
    }
}

#[test]
fn what_was_signed_for_another_address_or_account_is_not_ours() {
    let platform = Platform::new();
    let host = platform.judge(|draft| draft.host = "hooks.other.nl".into());
    assert_eq!(host, Err(Doubt::Forged));
    let target = platform.judge(|draft| draft.target = "post /hooks/other/abc".into());
    assert_eq!(target, Err(Doubt::Forged));
    let account = platform.judge(|draft| draft.account = "account-13".into());
    assert_eq!(account, Err(Doubt::Foreign));
}

#[test]
fn a_key_is_looked_for_in_the_zone_of_copernica_alone() {
    let platform = Platform::new();
    for key in [
        "evil-copernica.com",
        "copernica.com",
        ".copernica.com",
        "k.copernica.com.evil.example",
        "a/b.copernica.com",
        "é.copernica.com",
        "k.evil.example",
    ] {
        let sent = platform.send(now(), |draft| draft.key = key.into());
        assert_eq!(
            copernica::key_at(&sent.delivery()),
            Err(Doubt::Unsigned),
            "{key}"
        );
        assert_eq!(platform.verify(&sent), Err(Doubt::Unsigned), "{key}");
    }
    let hmac = platform.judge(|draft| draft.algorithm = "hmac-sha256".into());
    assert_eq!(hmac, Err(Doubt::Unsigned));
}

#[test]
fn without_a_usable_key_nothing_is_known() {
    let platform = Platform::new();
    let sent = platform.send(now(), |_| {});
    for key in [
        None,
        Some("v=DKIM1; p="),
        Some("v=DKIM1; k=ed25519; p=AAAA"),
        Some("?"),
    ] {
        let verified = copernica::verify(&sent.delivery(), key, "12", now());
        assert_eq!(verified, Err(Doubt::NoKey), "{key:?}");
    }
}
