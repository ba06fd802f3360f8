//! Signatures of webhooks: what is rightly signed is believed, and nothing else is.
//!
//! The first byte says which scheme; then lines of an address, and the body. A second implementation signs, and one bit
//! is turned.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use engaged_connectors::webhook::{
    Delivery, Doubt,
    signature::{Secrets, copernica, ghost, hubspot, klaviyo, mautic},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha2::Sha256;

const SECRET: &str = "a secret that nobody guesses";

/// When it is, and when the deliveries were signed.
const NOW: i64 = 1_795_000_000_000;

type Verify = fn(&Delivery<'_>, &Secrets) -> Result<(), Doubt>;

/// Signs, judges, turns a bit and judges again.
pub fn run(bytes: &[u8]) {
    let Some((&scheme, rest)) = bytes.split_first() else {
        return;
    };
    unsigned(rest);
    let line = rest.iter().position(|byte| *byte == b'\n');
    let (url, body) = rest.split_at(line.unwrap_or(0));
    let Ok(url) = std::str::from_utf8(url) else {
        return;
    };
    // What HubSpot decodes before it signs has tests of its own; here it would be written a second time.
    let url = url.replace('%', "");
    let at = NOW.to_string();
    let (verify, headers): (Verify, Vec<(String, String)>) = match scheme % 3 {
        0 => (
            |delivery, secrets| ghost::verify(delivery, secrets, now()),
            vec![(
                ghost::SIGNATURE.to_ascii_lowercase(),
                format!(
                    "sha256={}, t={NOW}",
                    hex::encode(sum(&[body, at.as_bytes()]))
                ),
            )],
        ),
        1 => (
            |delivery, secrets| hubspot::verify(delivery, secrets, now()),
            vec![
                (hubspot::TIMESTAMP.to_owned(), at.clone()),
                (
                    hubspot::SIGNATURE.to_owned(),
                    STANDARD.encode(sum(&[b"POST", url.as_bytes(), body, at.as_bytes()])),
                ),
            ],
        ),
        _ => (
            |delivery, secrets| mautic::verify(delivery, secrets),
            vec![(mautic::SIGNATURE.to_owned(), STANDARD.encode(sum(&[body])))],
        ),
    };
    let delivery = Delivery {
        method: "POST",
        url: &url,
        headers: &headers,
        body,
    };
    assert_eq!(
        verify(&delivery, &secrets(SECRET)),
        Ok(()),
        "rightly signed"
    );
    let others = [secrets("another"), secrets(" "), Secrets::default()];
    for other in &others {
        assert!(
            verify(&delivery, other).is_err(),
            "believed by another secret"
        );
    }
    let mut turned = body.to_vec();
    turned.push(0);
    let at = usize::from(scheme / 3) % turned.len();
    turned[at] ^= 1 << (scheme % 8);
    let forged = Delivery {
        body: &turned,
        ..delivery
    };
    assert!(
        verify(&forged, &secrets(SECRET)).is_err(),
        "another body is believed"
    );
}

/// Headers that somebody made up: nobody can sign without the secret.
fn unsigned(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let names = [
        ghost::SIGNATURE,
        hubspot::SIGNATURE,
        hubspot::TIMESTAMP,
        klaviyo::SIGNATURE,
        klaviyo::TIMESTAMP,
        klaviyo::WEBHOOK,
        mautic::SIGNATURE,
        "Signature",
        "Signature-Input",
        "Digest",
        "Date",
        "X-Copernica-ID",
        "X-Nonce",
    ];
    let headers: Vec<(String, String)> = names
        .iter()
        .map(|name| ((*name).to_owned(), first.to_owned()))
        .collect();
    let delivery = Delivery {
        method: "POST",
        url: "https://hooks.example/in/x",
        headers: &headers,
        body: rest.as_bytes(),
    };
    let secrets = secrets(SECRET);
    assert!(ghost::verify(&delivery, &secrets, now()).is_err());
    assert!(hubspot::verify(&delivery, &secrets, now()).is_err());
    assert!(klaviyo::verify(&delivery, &secrets, now()).is_err());
    assert!(mautic::verify(&delivery, &secrets).is_err());
    let _ = copernica::key_at(&delivery);
}

fn secrets(secret: &str) -> Secrets {
    Secrets::new([SecretString::from(secret)])
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(NOW).unwrap_or_default()
}

fn sum(parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
