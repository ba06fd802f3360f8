//! Takes contacts off: off each followed list that they are on, or out of the account.
//!
//! There is no leaving of everything at once (sheet 6). Only who is on no list any more is taken out of running
//! automations, afterwards, so that a sending step finds nobody to mail. Both are sets.

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    ActiveCampaign,
    one::{self, ACTIVE, LEFT, Names, contact_automations, contact_lists},
    push::known_shape,
    start::is_running,
    wire::{id, is_about, text},
};
use crate::{
    connector::{Outcome, Removal, Who, series::Series},
    error::ConnectorError,
    http::Failure,
};

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn remove(
    ac: &ActiveCampaign,
    contacts: &[Who],
    removal: Removal,
) -> Result<Vec<Outcome>, ConnectorError> {
    let (mut series, mut lists) = (Series::default(), None);
    for who in contacts {
        if series.is_over() {
            continue;
        }
        match (known_shape(&who.contact), removal) {
            (Err(reason), _) => series.refuse(reason),
            (Ok(()), Removal::Unsubscribe) => {
                series.settle(take(ac, &who.contact, &mut lists).await)?;
            }
            (Ok(()), Removal::Delete) => series.settle(delete(ac, &who.contact).await)?,
            (Ok(()), Removal::Suppress | Removal::Archive) => {
                series.refuse(format!(
                    "ActiveCampaign cannot {} anybody",
                    removal.as_str()
                ));
            }
        }
    }
    Ok(series.into_outcomes())
}

/// The followed lists, read once for many contacts.
pub(super) async fn followed<'n>(
    ac: &ActiveCampaign,
    known: &'n mut Option<Names>,
) -> Result<&'n Names, Failure> {
    Ok(match known {
        Some(known) => known,
        None => known.insert(one::lists(ac).await.map_err(Failure::NotDone)?),
    })
}

/// Whether a row says that the contact is on the list.
pub(super) fn is_on(row: &Value) -> bool {
    text(row, "status").as_deref() == Some(ACTIVE)
}

async fn take(
    ac: &ActiveCampaign,
    contact: &str,
    lists: &mut Option<Names>,
) -> Result<Outcome, Failure> {
    let lists = followed(ac, lists).await?;
    let rows = contact_lists(ac, contact).await;
    let Some(rows) = rows.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Applied);
    };
    let (ours, others): (Vec<&Value>, Vec<&Value>) = rows
        .iter()
        .filter(|row| is_on(row))
        .partition(|row| id(row, "list").is_some_and(|list| lists.contains_key(&list)));
    let mut written = false;
    for list in ours.iter().filter_map(|row| id(row, "list")) {
        let done = set(ac, contact, &list, json!(LEFT)).await;
        match done.map_err(|failure| after(failure, written))? {
            Outcome::Applied => written = true,
            other => return Ok(other),
        }
    }
    if !others.is_empty() {
        return Ok(Outcome::Applied);
    }
    end(ac, contact, |_| true)
        .await
        .map_err(|failure| after(failure, written))
}

/// A failure after something was written is no longer one before.
pub(super) fn after(failure: Failure, written: bool) -> Failure {
    match failure {
        Failure::NotDone(error) if written => Failure::Unknown(error),
        other => other,
    }
}

/// Sets the status of a contact on a list. Unsubscribing twice is unsubscribing once.
pub(super) async fn set(
    ac: &ActiveCampaign,
    contact: &str,
    list: &str,
    status: Value,
) -> Result<Outcome, Failure> {
    let off = status == LEFT;
    let mut own = json!({"list": list, "contact": contact, "status": status});
    if !off {
        // Only with this source somebody who left is put back (sheet 6).
        own["sourceid"] = 4.into();
    }
    let call = ac.client.call(Method::POST, "contactLists");
    let call = call.json(&json!({"contactList": own}));
    // Repeated blindly, a putting back could undo what the contact did meanwhile.
    let call = if off { call.idempotent() } else { call };
    let answer = call.send().await?;
    Ok(if answer.status().is_success() {
        Outcome::Applied
    } else if off && answer.status() == StatusCode::NOT_FOUND {
        // Gone meanwhile is off.
        Outcome::Applied
    } else {
        Outcome::Rejected(answer.words())
    })
}

/// Ends the automations that a contact runs through.
pub(super) async fn end(
    ac: &ActiveCampaign,
    contact: &str,
    which: impl Fn(&str) -> bool,
) -> Result<Outcome, Failure> {
    let rows = contact_automations(ac, contact).await;
    let rows = rows.map_err(Failure::NotDone)?.unwrap_or_default();
    let running = rows.iter().filter(|row| is_running(row));
    let mut written = false;
    for own in running
        .filter_map(|row| id(row, "id"))
        .filter(|own| which(own))
    {
        let path = format!("contactAutomations/{own}");
        let call = ac.client.call(Method::DELETE, &path).idempotent();
        match call.send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {}
            Ok(answer) => return Ok(Outcome::Retry(answer.words(), None)),
            // Ended already is told as a 403 (specification).
            Err(failure) if is_about(&failure, "No Result found").is_some() => {}
            Err(failure) => return Err(after(failure, written)),
        }
        written = true;
    }
    Ok(Outcome::Applied)
}

async fn delete(ac: &ActiveCampaign, contact: &str) -> Result<Outcome, Failure> {
    let path = format!("contacts/{contact}");
    let call = ac.client.call(Method::DELETE, &path).idempotent();
    let answer = call.send().await?;
    Ok(match answer.status() {
        status if status.is_success() || status == StatusCode::NOT_FOUND => Outcome::Applied,
        _ => Outcome::Rejected(answer.words()),
    })
}
