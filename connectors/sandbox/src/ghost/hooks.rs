//! Webhooks of an integration: what Ghost would send for changes of members since it was asked last (sheet 7).
//!
//! Nothing is sent from here: a test carries the deliveries. Bulk changes tell nothing, and neither do mails, opens and clicks
//! (sheet 7). Of a member only what the recordings of 5.130 show is told. A deletion was not recorded: here the member stands
//! under `previous`. Whether a second try is signed anew is not documented: here it is the same to the byte.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::id::Id;
use super::members::member_json;
use super::state::{Member, State};
use super::{Desk, Ghost};
use crate::people::Seconds;

/// What of a member is told.
const TOLD: [&str; 20] = [
    "id",
    "uuid",
    "email",
    "name",
    "note",
    "geolocation",
    "subscribed",
    "created_at",
    "updated_at",
    "labels",
    "subscriptions",
    "avatar_image",
    "comped",
    "email_count",
    "email_opened_count",
    "email_open_rate",
    "status",
    "last_seen_at",
    "tiers",
    "newsletters",
];

/// A member that came, was changed, or went.
#[derive(Debug, Clone)]
pub(super) struct Stir {
    before: Option<Member>,
    after: Option<Member>,
}

/// One call of a webhook, ready to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `member.added`, `member.edited` or `member.deleted`.
    pub event: &'static str,
    /// Always `POST`.
    pub method: &'static str,
    /// The webhook's address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, to the byte.
    pub body: String,
}

impl State {
    /// Notes that a member was changed, where a webhook would tell of it; `before` is the member as it was.
    pub(super) fn stir(&mut self, before: Option<Member>, id: Id) {
        let after = self.members.get(&id).cloned();
        if before.is_some() || after.is_some() {
            self.stirs.push(Stir { before, after });
        }
    }
}

/// Does something to a member, and notes it.
pub(super) fn noted<T>(desk: &mut Desk<'_>, id: Id, work: impl FnOnce(&mut Desk<'_>) -> T) -> T {
    if desk.config.webhook_url.is_none() {
        return work(desk);
    }
    let before = desk.state.members.get(&id).cloned();
    let done = work(desk);
    desk.state.stir(before, id);
    done
}

/// A member as it is told of.
fn told(desk: &Desk<'_>, member: Option<&Member>, whole: bool) -> Map<String, Value> {
    let row = member.map(|member| member_json(desk, member, whole));
    let row = row.and_then(|row| match row {
        Value::Object(row) => Some(row),
        _ => None,
    });
    let row = row.unwrap_or_default().into_iter();
    row.filter(|(name, _)| TOLD.contains(&name.as_str()))
        .collect()
}

fn delivery(desk: &Desk<'_>, url: &str, stir: &Stir) -> Option<Delivery> {
    let event = match (&stir.before, &stir.after) {
        (None, _) => "member.added",
        (Some(_), Some(_)) => "member.edited",
        (Some(_), None) => "member.deleted",
    };
    let whole = stir.before.is_none();
    let current = told(desk, stir.after.as_ref(), whole);
    let mut previous = told(desk, stir.before.as_ref(), whole);
    if stir.after.is_some() {
        previous.retain(|name, value| current.get(name) != Some(value));
        if previous.is_empty() && !whole {
            return None;
        }
    }
    let body = json!({"member": {"current": current, "previous": previous}}).to_string();
    let signature = sign(&desk.config.webhook_secret, &body, desk.now);
    let version = desk.config.version.number();
    let headers = [
        (
            "User-Agent",
            format!("Ghost/{version} (https://github.com/TryGhost/Ghost)"),
        ),
        ("Content-Type", "application/json".to_owned()),
        ("Content-Version", format!("v{version}")),
        ("X-Ghost-Signature", signature),
    ];
    Some(Delivery {
        event,
        method: "POST",
        url: url.to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
        body,
    })
}

/// `sha256=HEX, t=MILLIS`, over the body and the time as text (sheet 7).
fn sign(secret: &str, body: &str, now: Seconds) -> String {
    let millis = i64::from(now) * 1_000;
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{body}{millis}").as_bytes());
    let sum = hex::encode(mac.finalize().into_bytes());
    format!("sha256={sum}, t={millis}")
}

impl Ghost {
    /// The deliveries for every change of a member since this was asked last, or since the site was first looked at; none
    /// where the site has no webhook.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.at_desk(|desk| {
            let stirs = std::mem::take(&mut desk.state.stirs);
            let Some(url) = desk.config.webhook_url.clone() else {
                return Vec::new();
            };
            let made = stirs.iter().filter_map(|stir| delivery(desk, &url, stir));
            made.collect()
        })
    }

    /// The secret by which they are signed.
    pub fn webhook_secret(&self) -> String {
        self.0.config.webhook_secret.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_openssl_makes() {
        // printf '{}1781092800000' | openssl dgst -sha256 -hmac s3cret
        let by_openssl = "ccb77cf6e9730f97e4c24d591cf88d4b686f67dce6eda0748aa3b16d3927bee8";
        assert_eq!(
            sign("s3cret", "{}", 1_781_092_800),
            format!("sha256={by_openssl}, t=1781092800000")
        );
    }
}
