//! Copernica (sheet 7): HTTP Signatures after draft-cavage, with a key that stands in DNS as a DKIM key does.
//!
//! The address and the host that are signed are compared with our public ones,
//! not with what the headers say, and the length with that of the body as it
//! came: so a proxy that renames the host does no harm, and what was signed
//! for somebody else's address is not ours.

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY as RSA, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::fresh;
use crate::webhook::{Delivery, Doubt};

/// All of this must be signed, or one could be had for another request.
const COVERED: [&str; 8] = [
    "(request-target)",
    "host",
    "date",
    "content-length",
    "content-type",
    "digest",
    "x-copernica-id",
    "x-nonce",
];

/// What the name of a key ends in: with its dot, or `evil-copernica.com` would do.
const ZONE: &str = ".copernica.com";

/// The header `Signature`, taken apart.
struct Signature<'d> {
    key: &'d str,
    names: Vec<String>,
    sum: Vec<u8>,
}

/// Where the key is: the DNS name whose TXT record holds it. Nothing is looked up at a name that is not Copernica's.
pub fn key_at(delivery: &Delivery<'_>) -> Result<String, Doubt> {
    Ok(signature(delivery)?.key.to_ascii_lowercase())
}

/// Whether Copernica sent it just now, to us, for this account. `key` is the TXT record at [`key_at`]; `account` is the
/// number, or `account-NUMBER`.
pub fn verify(
    delivery: &Delivery<'_>,
    key: Option<&str>,
    account: &str,
    now: DateTime<Utc>,
) -> Result<(), Doubt> {
    let signature = signature(delivery)?;
    if COVERED
        .iter()
        .any(|wanted| !signature.names.iter().any(|name| name == wanted))
    {
        return Err(Doubt::Unsigned);
    }
    let header = |name| delivery.header(name).ok_or(Doubt::Unsigned);
    let date = DateTime::parse_from_rfc2822(header("date")?).map_err(|_| Doubt::Unsigned)?;
    fresh(date.with_timezone(&Utc), now)?;
    let digest = header("digest")?
        .strip_prefix("SHA-256=")
        .and_then(|digest| STANDARD.decode(digest).ok())
        .ok_or(Doubt::Unsigned)?;
    let key = public_key(key.ok_or(Doubt::NoKey)?)?;
    let signed = signed_text(delivery, &signature.names)?;
    let by_key = UnparsedPublicKey::new(&RSA, key).verify(signed.as_bytes(), &signature.sum);
    // The digest is public, and signed: nothing can be learnt from how it is compared.
    if by_key.is_err() || digest != Sha256::digest(delivery.body).as_slice() {
        return Err(Doubt::Forged);
    }
    let number = |id: &str| id.strip_prefix("account-").unwrap_or(id).to_owned();
    if number(header("x-copernica-id")?) != number(account) {
        return Err(Doubt::Foreign);
    }
    Ok(())
}

fn signature<'d>(delivery: &'d Delivery<'_>) -> Result<Signature<'d>, Doubt> {
    let header = delivery.header("signature").ok_or(Doubt::Unsigned)?;
    let part = |name: &str| {
        let parts = header.split(',').filter_map(|part| part.split_once('='));
        let mut of_name = parts.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        match (of_name.next(), of_name.next()) {
            (Some((_, value)), None) => {
                let value = value.trim().strip_prefix('"');
                value
                    .and_then(|value| value.strip_suffix('"'))
                    .ok_or(Doubt::Unsigned)
            }
            _ => Err(Doubt::Unsigned),
        }
    };
    let key = part("keyId")?;
    let label = key
        .len()
        .checked_sub(ZONE.len())
        .and_then(|at| key.is_char_boundary(at).then(|| key.split_at(at)))
        .filter(|(_, zone)| zone.eq_ignore_ascii_case(ZONE))
        .map(|(label, _)| label);
    let of_dns = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = label
        .is_some_and(|label| !label.is_empty() && label.len() <= 200 && label.chars().all(of_dns));
    if !fits || part("algorithm")? != "rsa-sha256" {
        return Err(Doubt::Unsigned);
    }
    let names = part("headers")?.split_whitespace();
    Ok(Signature {
        key,
        names: names.map(str::to_ascii_lowercase).collect(),
        sum: STANDARD
            .decode(part("signature")?)
            .map_err(|_| Doubt::Unsigned)?,
    })
}

/// The text that is signed: a line for each name, in the order of the list.
fn signed_text(delivery: &Delivery<'_>, names: &[String]) -> Result<String, Doubt> {
    let url = Url::parse(delivery.url).map_err(|_| Doubt::Unsigned)?;
    let mut lines = Vec::with_capacity(names.len());
    for name in names {
        let value = match name.as_str() {
            "(request-target)" => {
                let query = url.query().map(|query| format!("?{query}"));
                let method = delivery.method.to_ascii_lowercase();
                format!("{method} {}{}", url.path(), query.unwrap_or_default())
            }
            "host" => {
                let host = url.host_str().ok_or(Doubt::Unsigned)?;
                let port = url.port().map(|port| format!(":{port}"));
                format!("{host}{}", port.unwrap_or_default())
            }
            "content-length" => delivery.body.len().to_string(),
            name => delivery
                .header(name)
                .ok_or(Doubt::Unsigned)?
                .trim()
                .to_owned(),
        };
        lines.push(format!("{name}: {value}"));
    }
    Ok(lines.join("\n"))
}

/// The key in a TXT record of DKIM's form: `v=DKIM1; k=rsa; p=BASE64`. An empty `p` is a key that was taken back.
fn public_key(record: &str) -> Result<Vec<u8>, Doubt> {
    let tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let tag = |name: &str| {
        let mut found = tags.clone().filter(|(key, _)| key.trim() == name);
        found.next().map(|(_, value)| value.trim())
    };
    if tag("k").is_some_and(|kind| !kind.eq_ignore_ascii_case("rsa")) {
        return Err(Doubt::NoKey);
    }
    let text: String = tag("p").unwrap_or_default().split_whitespace().collect();
    let key = STANDARD.decode(text).map_err(|_| Doubt::NoKey)?;
    if key.is_empty() {
        return Err(Doubt::NoKey);
    }
    Ok(key)
}
