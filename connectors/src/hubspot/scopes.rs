//! Who we are, and which rights the token lacks, by HubSpot's own words for them
//! (sheet, sections 1 and 8: missing ones show as 403 only).
//!
//! Rights to write cannot be tried without writing: a token that may read what it
//! cannot write shows that at the first push.

use serde_json::Value;

use super::{
    CONTACTS, EMAIL, FORMS, HubSpot, PURCHASES, Purchases, SUBSCRIPTIONS, VISITS, subscriptions,
    wire::text,
};
use crate::{
    connector::{Account, Stream},
    error::ConnectorError,
    http::Answer,
};

const CONTACT_SCOPE: &str = "crm.objects.contacts.read";
const EMAIL_SCOPE: &str = "content";
/// What reading the types of subscription needs.
pub(super) const SUBSCRIPTION_TYPES: &str = "communication_preferences.read";

/// What a stream needs.
pub(super) fn of(stream: Stream) -> &'static str {
    match stream {
        CONTACTS => CONTACT_SCOPE,
        EMAIL | SUBSCRIPTIONS => EMAIL_SCOPE,
        FORMS => "forms",
        PURCHASES => {
            "crm.objects.deals.read or crm.objects.orders.read (set purchases to what the account has)"
        }
        VISITS => "an Enterprise account (or set page_visits to false)",
        Stream(_) => "an unknown scope",
    }
}

/// A refusal of a key that HubSpot knows is one of a right: names it. A key that it does not know stays that.
pub(super) fn named(error: ConnectorError, scope: &str) -> ConnectorError {
    match error {
        ConnectorError::Auth {
            what,
            detail,
            missing: None,
        } if detail.starts_with("HTTP 403") => ConnectorError::Auth {
            what,
            detail,
            missing: Some(scope.to_owned()),
        },
        other => other,
    }
}

/// What [`crate::Connector::check`] asks. Without contacts and mail events nothing works; what else is
/// missing is told.
pub(super) async fn check(hub: &HubSpot) -> Result<Account, ConnectorError> {
    let contacts = ask(hub, super::contacts::PATH, CONTACT_SCOPE).await?;
    contacts.json::<Value>()?;
    let events: Value = ask(hub, super::email::PATH, EMAIL_SCOPE).await?.json()?;
    let mut probes = vec![
        (super::properties::PATH, "crm.schemas.contacts.read"),
        ("marketing/v3/forms", of(FORMS)),
        (super::lists::PROBE, "crm.lists.read"),
        (subscriptions::TYPES, SUBSCRIPTION_TYPES),
    ];
    if matches!(hub.purchases, Purchases::Deals | Purchases::Both) {
        probes.push(("crm/v3/objects/deals", "crm.objects.deals.read"));
    }
    if matches!(hub.purchases, Purchases::Orders | Purchases::Both) {
        probes.push(("crm/v3/objects/orders", "crm.objects.orders.read"));
    }
    if hub
        .capabilities
        .streams
        .iter()
        .any(|spec| spec.stream == VISITS)
    {
        probes.push(("events/v3/events/event-types", of(VISITS)));
    }
    let mut missing = Vec::new();
    for (path, scope) in probes {
        match allowed(hub, path, scope).await {
            Ok(()) => {}
            Err(ConnectorError::Auth {
                missing: Some(scope),
                ..
            }) => missing.push(scope),
            Err(error) => return Err(error),
        }
    }
    if !missing
        .iter()
        .any(|scope| scope.starts_with("communication"))
    {
        subscriptions::followed(hub).await?;
    }
    let portal = text(&events["events"][0]["portalId"]);
    Ok(Account {
        name: portal.map_or_else(|| "HubSpot".into(), |id| format!("HubSpot account {id}")),
        version: None,
        missing,
        needless: Vec::new(),
    })
}

/// Asks for one row of something.
async fn ask(hub: &HubSpot, path: &str, scope: &str) -> Result<Answer, ConnectorError> {
    let call = hub.client.get(path).query("limit", 1);
    call.send()
        .await
        .map_err(|failure| named(failure.into(), scope))
}

/// Whether something may be read. What is not there is no refusal; a page that is none is an error.
async fn allowed(hub: &HubSpot, path: &str, scope: &str) -> Result<(), ConnectorError> {
    let answer = ask(hub, path, scope).await?;
    if answer.status().is_success() {
        answer.json::<Value>()?;
    }
    Ok(())
}
