//! The webhooks of an app: happenings since the last time, in arrays, signed as the platform signs them (sheet 7).
//!
//! Nothing is sent: a test carries the deliveries, drops some, repeats and reorders them.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::portal::{PORTAL, Portal};
use super::{HubSpot, Millis};

/// The app.
const APP: u64 = 1_160_452;

/// What the app subscribed to: the kind, and the property where it is a change of one (sheet 7: the workaround for opens).
const SUBSCRIPTIONS: [(&str, &str); 8] = [
    ("contact.creation", ""),
    ("contact.deletion", ""),
    ("contact.privacyDeletion", ""),
    ("contact.merge", ""),
    ("contact.propertyChange", "email"),
    ("contact.propertyChange", "hs_email_optout"),
    ("contact.propertyChange", "hs_email_last_open_date"),
    ("contact.propertyChange", "hs_email_last_click_date"),
];

/// Most happenings in a delivery.
const MOST: usize = 100;

/// A delivery, as it would come over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Always `POST`.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The names of what is in it, as [`HubSpot::happenings`] has them.
    pub happenings: Vec<String>,
}

/// What happened and was not delivered yet, and what was.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    open: bool,
    waiting: Vec<Value>,
    told: Vec<String>,
    made: u64,
    /// The ids of custom events that were sent.
    pub(super) uuids: HashSet<String>,
}

impl Hooks {
    /// Begins to note what happens, with what happened before forgotten.
    pub(super) fn open(&mut self, open: bool) {
        self.open = open;
    }
}

fn name(happening: &Value) -> String {
    format!(
        "{}/{}/{}/{}",
        happening["subscriptionId"],
        happening["objectId"],
        happening["occurredAt"],
        happening["propertyName"].as_str().unwrap_or_default()
    )
}

impl Portal {
    /// Something happened to a contact.
    pub(super) fn hook(&mut self, index: u32, kind: &str, at: Millis) {
        self.happened(index, kind, "", "", at);
    }

    /// A property of a contact changed.
    pub(super) fn hook_property(&mut self, index: u32, property: &str, value: &str, at: Millis) {
        self.happened(index, "contact.propertyChange", property, value, at);
    }

    fn happened(&mut self, index: u32, kind: &str, property: &str, value: &str, at: Millis) {
        let subscribed = SUBSCRIPTIONS
            .iter()
            .position(|known| *known == (kind, property));
        let Some(place) = subscribed.filter(|_| self.hooks.open) else {
            return;
        };
        self.hooks.made += 1;
        let mut body = json!({
            // Not unique, as the sheet warns.
            "eventId": 100 + self.hooks.made / 2, "subscriptionId": 5_500 + place, "portalId": PORTAL, "appId": APP,
            "occurredAt": at, "subscriptionType": kind, "attemptNumber": 0,
            "objectId": self.contacts[index as usize].id, "changeSource": "CRM_UI", "sourceId": "userId:1",
        });
        if !property.is_empty() {
            body["propertyName"] = json!(property);
            body["propertyValue"] = json!(value);
        }
        self.hooks.told.push(name(&body));
        self.hooks.waiting.push(body);
    }

    fn deliver(&self, happenings: &[Value], attempt: u32) -> Delivery {
        let url = self.options.webhook_url.clone().unwrap_or_default();
        let mut rows = happenings.to_vec();
        for row in &mut rows {
            row["attemptNumber"] = json!(attempt);
        }
        let happenings = rows.iter().map(name).collect();
        let body = Value::Array(rows).to_string();
        // Each attempt is signed anew, a little later.
        let at = (self.now + i64::from(attempt) * 60_000).to_string();
        let signature = sign(
            &self.options.client_secret(),
            &format!("POST{}{body}{at}", as_signed(&url)),
        );
        let headers = [
            ("Content-Type", "application/json"),
            ("User-Agent", "HubSpot Webhooks/1.0"),
            ("X-HubSpot-Signature-Version", "v3"),
            ("X-HubSpot-Signature-v3", &signature),
            ("X-HubSpot-Request-Timestamp", &at),
        ];
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        Delivery {
            method: "POST",
            url,
            headers,
            body,
            happenings,
        }
    }
}

/// The address as it is signed: these characters are decoded, everything else stays as it was sent (sheet 7: "decoded per
/// docs", which list them).
fn as_signed(url: &str) -> String {
    let mut parts = url.split('%');
    let mut signed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match code.filter(|code| b":/?@!$'()*,;".contains(code)) {
            Some(code) => {
                signed.push(char::from(code));
                signed.push_str(&part[2..]);
            }
            None => {
                signed.push('%');
                signed.push_str(part);
            }
        }
    }
    signed
}

/// The base64 of the HMAC-SHA256 by the client secret.
fn sign(secret: &str, text: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

impl HubSpot {
    /// The deliveries for what happened since they were last asked for.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.at_work(|portal, _| {
            let waiting = std::mem::take(&mut portal.hooks.waiting);
            waiting
                .chunks(MOST)
                .map(|chunk| portal.deliver(chunk, 0))
                .collect()
        })
    }

    /// The same delivery once more, because it was not answered well.
    pub fn redelivery(&self, delivery: &Delivery, attempt: u32) -> Delivery {
        let rows: Vec<Value> = serde_json::from_str(&delivery.body).unwrap_or_default();
        self.shared
            .at_work(|portal, _| portal.deliver(&rows, attempt))
    }

    /// Everything that was put into a delivery or waits for one: subscription, contact, time, property.
    pub fn happenings(&self) -> Vec<String> {
        self.shared.at_work(|portal, _| portal.hooks.told.clone())
    }

    /// The secret by which deliveries are signed.
    pub fn client_secret(&self) -> String {
        self.shared.portal().options.client_secret()
    }
}
