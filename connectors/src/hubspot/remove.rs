//! Unsubscribes contacts (sheet, section 6): from the types that are followed, or
//! from all mail.
//!
//! Each contact is read before, and the request goes to the address that it has
//! now. Who gets no mail any more is not written to. Nothing is ever undone: HubSpot
//! would take a re-subscription for the contact's own consent.

use ::http::Method;
use serde_json::json;

use super::{
    HubSpot, contacts, look, scopes,
    subscriptions::{self, Type},
    wire::{is_id, segment},
};
use crate::{
    connector::{Outcome, Removal, Who, series::Series},
    error::ConnectorError,
    http::Failure,
    model::Address,
};

const PATH: &str = "communication-preferences/v4/statuses";
const SCOPE: &str = "communication_preferences.write";

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn remove(
    hub: &HubSpot,
    contacts: &[Who],
    removal: Removal,
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    let types = match removal {
        Removal::Unsubscribe => subscriptions::followed(hub).await?,
        Removal::Suppress => Vec::new(),
        Removal::Archive | Removal::Delete => {
            let refuse = || {
                Outcome::Rejected(format!(
                    "HubSpot's contacts are not ours to {}",
                    removal.as_str()
                ))
            };
            return Ok(contacts.iter().map(|_| refuse()).collect());
        }
    };
    for who in contacts {
        if series.is_over() {
            continue;
        }
        if is_id(&who.contact) {
            series.settle(take(hub, &who.contact, &types).await.map_err(name_right))?;
        } else {
            series.refuse("the contact's id is not one of HubSpot's");
        }
    }
    Ok(series.into_outcomes())
}

fn name_right(failure: Failure) -> Failure {
    match failure {
        Failure::NotDone(error) => Failure::NotDone(scopes::named(error, SCOPE)),
        unknown @ Failure::Unknown(_) => unknown,
    }
}

/// Takes one contact off these types, or off everything where there are none.
async fn take(hub: &HubSpot, id: &str, types: &[Type]) -> Result<Outcome, Failure> {
    let mut names = vec!["email".to_owned(), "hs_email_optout".to_owned()];
    names.extend(types.iter().map(contacts::row::left));
    let read = look::one(hub, id, &names).await;
    let Some(record) = read.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Applied);
    };
    // Without an address no mail goes there; and who is off all mail is off each type.
    let Some(email) = record.get("email") else {
        return Ok(Outcome::Applied);
    };
    if record.says_yes("hs_email_optout") {
        return Ok(Outcome::Applied);
    }
    let Some(email) = Address::parse(email) else {
        return Ok(Outcome::Rejected(
            "the contact's address cannot be read".into(),
        ));
    };
    let path = format!("{PATH}/{}", segment(email.reveal()));
    if types.is_empty() {
        let call = hub
            .client
            .call(Method::POST, &format!("{path}/unsubscribe-all"));
        return judge(call.query("channel", "EMAIL")).await;
    }
    let mut sent = false;
    for one in types
        .iter()
        .filter(|one| !record.says_yes(&contacts::row::left(one)))
    {
        // A body can only say UNSUBSCRIBED here.
        let subscription = one
            .id
            .parse::<u64>()
            .map_or_else(|_| json!(one.id), |id| json!(id));
        let body = json!({"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": subscription});
        let outcome = match judge(hub.client.call(Method::POST, &path).json(&body)).await {
            // Some types are left already, so this is no failure before anything was written.
            Err(Failure::NotDone(error)) if sent => crate::connector::series::later(&error),
            other => other?,
        };
        if outcome != Outcome::Applied {
            return Ok(outcome);
        }
        sent = true;
    }
    Ok(Outcome::Applied)
}

async fn judge(call: crate::http::Call<'_>) -> Result<Outcome, Failure> {
    let answer = call.send().await?;
    if answer.status().is_success() {
        return Ok(Outcome::Applied);
    }
    Ok(Outcome::Rejected(answer.words()))
}
