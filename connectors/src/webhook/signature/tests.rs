use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use sha2::Digest as _;

use super::*;
use crate::webhook::Delivery;

pub(super) const NEW: &str = "the new secret of both sides";
const OLD: &str = "the old secret of both sides";
const URL: &str = "https://hooks.example.nl/hooks/shop/abc?x=1";

/// A delivery of which a test can change anything.
pub(super) struct Sent {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn delivery(&self) -> Delivery<'_> {
        Delivery {
            method: self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

/// One scheme, as all must behave.
struct Scheme {
    name: &'static str,
    sign: fn(&str, DateTime<Utc>) -> Sent,
    verify: fn(&Delivery<'_>, &Secrets, DateTime<Utc>) -> Result<(), Doubt>,
    /// How old it may become; `None` where no time is signed.
    age_max: Option<TimeDelta>,
}

pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_785_579_132_345).unwrap()
}

fn sum(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn sent(headers: &[(&str, String)], body: String) -> Sent {
    let headers = headers.iter();
    Sent {
        method: "POST",
        url: URL.into(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        body: body.into_bytes(),
    }
}

fn from_hubspot(secret: &str, at: DateTime<Utc>) -> Sent {
    let body = r#"[{"eventId":1}]"#;
    let time = at.timestamp_millis().to_string();
    let sum = sum(
        secret,
        &[b"POST", URL.as_bytes(), body.as_bytes(), time.as_bytes()],
    );
    let signature = STANDARD.encode(sum);
    sent(
        &[(hubspot::SIGNATURE, signature), (hubspot::TIMESTAMP, time)],
        body.into(),
    )
}

fn from_ghost(secret: &str, at: DateTime<Utc>) -> Sent {
    let body = r#"{"member":{"current":{"id":"a"}}}"#;
    let time = at.timestamp_millis().to_string();
    let sum = sum(secret, &[body.as_bytes(), time.as_bytes()]);
    let signature = format!("sha256={}, t={time}", hex::encode(sum));
    sent(&[(ghost::SIGNATURE, signature)], body.into())
}

fn from_mautic(secret: &str, _: DateTime<Utc>) -> Sent {
    let body = r#"{"mautic.email_on_open":[]}"#;
    let signature = STANDARD.encode(sum(secret, &[body.as_bytes()]));
    sent(&[(mautic::SIGNATURE, signature)], body.into())
}

fn from_klaviyo(secret: &str, at: DateTime<Utc>) -> Sent {
    let body = format!(
        r#"{{"data":[],"meta":{{"timestamp":"{}","klaviyo_webhook_id":"01HF"}}}}"#,
        at.to_rfc3339()
    );
    // Of whatever form: it is signed as it stands.
    let time = "Sat, 01 Aug 2026 05:12:20 GMT".to_owned();
    let signature = hex::encode(sum(secret, &[body.as_bytes(), time.as_bytes()]));
    sent(
        &[
            (klaviyo::SIGNATURE, signature),
            (klaviyo::TIMESTAMP, time),
            (klaviyo::WEBHOOK, "01HF".into()),
        ],
        body,
    )
}

const SCHEMES: [Scheme; 4] = [
    Scheme {
        name: "HubSpot",
        sign: from_hubspot,
        verify: hubspot::verify,
        age_max: Some(TOLERANCE),
    },
    Scheme {
        name: "Ghost",
        sign: from_ghost,
        verify: ghost::verify,
        age_max: Some(TOLERANCE),
    },
    Scheme {
        name: "Mautic",
        sign: from_mautic,
        verify: |delivery, secrets, _| mautic::verify(delivery, secrets),
        age_max: None,
    },
    Scheme {
        name: "Klaviyo",
        sign: from_klaviyo,
        verify: klaviyo::verify,
        age_max: Some(TimeDelta::days(1)),
    },
];

fn secrets(all: &[&str]) -> Secrets {
    Secrets::new(all.iter().map(|secret| SecretString::from(*secret)))
}

#[test]
fn what_is_genuine_passes_by_the_present_secret_and_by_the_one_before() {
    for scheme in SCHEMES {
        let verify = |secret, known: &[&str]| {
            (scheme.verify)(
                &(scheme.sign)(secret, now()).delivery(),
                &secrets(known),
                now(),
            )
        };
        assert_eq!(verify(NEW, &[NEW]), Ok(()), "{}", scheme.name);
        assert_eq!(verify(NEW, &[NEW, OLD]), Ok(()), "{}", scheme.name);
        assert_eq!(verify(OLD, &[NEW, OLD]), Ok(()), "{}", scheme.name);
        assert_eq!(verify(OLD, &[NEW]), Err(Doubt::Forged), "{}", scheme.name);
        assert_eq!(verify(NEW, &[]), Err(Doubt::Forged), "{}", scheme.name);
    }
}

#[test]
fn an_empty_secret_verifies_nothing_although_the_platform_signs_with_it() {
    for scheme in SCHEMES {
        let sent = (scheme.sign)("", now());
        for known in [&[""][..], &[" "], &["", NEW]] {
            let verified = (scheme.verify)(&sent.delivery(), &secrets(known), now());
            assert_eq!(verified, Err(Doubt::Forged), "{}", scheme.name);
        }
    }
    assert!(secrets(&["", " "]).is_empty());
}

#[test]
fn one_bit_of_the_body_or_of_a_header_that_is_another_is_forged() {
    for scheme in SCHEMES {
        let genuine = (scheme.sign)(NEW, now());
        for at in 0..genuine.body.len() {
            let mut sent = (scheme.sign)(NEW, now());
            sent.body[at] ^= 1;
            let verified = (scheme.verify)(&sent.delivery(), &secrets(&[NEW]), now());
            assert_eq!(verified, Err(Doubt::Forged), "{} {at}", scheme.name);
        }
        for header in 0..genuine.headers.len() {
            for at in 0..genuine.headers[header].1.len() {
                let mut sent = (scheme.sign)(NEW, now());
                let mut value = sent.headers[header].1.clone().into_bytes();
                value[at] ^= 1;
                sent.headers[header].1 = String::from_utf8(value).unwrap();
                let verified = (scheme.verify)(&sent.delivery(), &secrets(&[NEW]), now());
                assert!(verified.is_err(), "{} {header} {at}", scheme.name);
            }
        }
    }
}

#[test]
fn what_is_stale_or_of_the_future_is_refused() {
    for scheme in SCHEMES {
        let Some(age_max) = scheme.age_max else {
            continue;
        };
        let verify =
            |at| (scheme.verify)(&(scheme.sign)(NEW, at).delivery(), &secrets(&[NEW]), now());
        let millisecond = TimeDelta::milliseconds(1);
        assert_eq!(verify(now() - age_max), Ok(()), "{}", scheme.name);
        assert_eq!(verify(now() + TOLERANCE), Ok(()), "{}", scheme.name);
        let stale = Err(Doubt::Stale);
        assert_eq!(
            verify(now() - age_max - millisecond),
            stale,
            "{}",
            scheme.name
        );
        assert_eq!(
            verify(now() + TOLERANCE + millisecond),
            stale,
            "{}",
            scheme.name
        );
    }
}

#[test]
fn a_header_that_is_missing_or_there_twice_is_no_signature() {
    for scheme in SCHEMES {
        let count = (scheme.sign)(NEW, now()).headers.len();
        for header in 0..count {
            let mut missing = (scheme.sign)(NEW, now());
            let taken = missing.headers.remove(header);
            let verified = (scheme.verify)(&missing.delivery(), &secrets(&[NEW]), now());
            assert_eq!(verified, Err(Doubt::Unsigned), "{} {header}", scheme.name);
            let mut twice = (scheme.sign)(NEW, now());
            twice.headers.push((taken.0.to_uppercase(), taken.1));
            let verified = (scheme.verify)(&twice.delivery(), &secrets(&[NEW]), now());
            assert_eq!(verified, Err(Doubt::Unsigned), "{} {header}", scheme.name);
        }
    }
}

#[test]
fn hubspot_binds_method_and_address_and_older_versions_are_no_way_in() {
    let known = secrets(&[NEW]);
    let mut put = from_hubspot(NEW, now());
    put.method = "PUT";
    assert_eq!(
        hubspot::verify(&put.delivery(), &known, now()),
        Err(Doubt::Forged)
    );
    let mut elsewhere = from_hubspot(NEW, now());
    elsewhere.url = URL.replace("shop", "other");
    assert_eq!(
        hubspot::verify(&elsewhere.delivery(), &known, now()),
        Err(Doubt::Forged)
    );
    let mut old = from_hubspot(NEW, now());
    old.headers.remove(0);
    let v1 = hex::encode(Sha256::digest([NEW.as_bytes(), &old.body].concat()));
    old.headers.push(("X-HubSpot-Signature".into(), v1));
    assert_eq!(
        hubspot::verify(&old.delivery(), &known, now()),
        Err(Doubt::Unsigned)
    );
}

#[test]
fn hubspot_signs_the_address_with_some_letters_decoded() {
    let mut sent = from_hubspot(NEW, now());
    sent.url = "https://hooks.example.nl/hooks/shop/abc?x=%40%2c%20".into();
    let time = now().timestamp_millis().to_string();
    let signed = "https://hooks.example.nl/hooks/shop/abc?x=@,%20";
    let sum = sum(
        NEW,
        &[b"POST", signed.as_bytes(), &sent.body, time.as_bytes()],
    );
    sent.headers[0].1 = STANDARD.encode(sum);
    assert_eq!(
        hubspot::verify(&sent.delivery(), &secrets(&[NEW]), now()),
        Ok(())
    );
}

#[test]
fn ghost_signing_the_body_alone_is_not_enough() {
    let mut sent = from_ghost(NEW, now());
    let body_alone = hex::encode(sum(NEW, &[&sent.body]));
    sent.headers[0].1 = format!("sha256={body_alone}");
    let known = secrets(&[NEW]);
    assert_eq!(
        ghost::verify(&sent.delivery(), &known, now()),
        Err(Doubt::Unsigned)
    );
    sent.headers[0].1 = format!("sha256={body_alone}, t={}", now().timestamp_millis());
    assert_eq!(
        ghost::verify(&sent.delivery(), &known, now()),
        Err(Doubt::Forged)
    );
}

#[test]
fn klaviyo_must_mean_the_webhook_that_the_body_names() {
    let mut sent = from_klaviyo(NEW, now());
    sent.headers[2].1 = "01HG".into();
    assert_eq!(
        klaviyo::verify(&sent.delivery(), &secrets(&[NEW]), now()),
        Err(Doubt::Foreign)
    );
}

mod copernica;
