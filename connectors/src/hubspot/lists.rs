//! Static lists, which are our tags: finding one by its name, making one of ours, and
//! who is in it (sheet, section 6).
//!
//! Only lists that are filled by hand are written to. Making one names no contact.

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    HubSpot,
    answers::texts,
    wire::{contract, segment, text},
};
use crate::{
    error::ConnectorError,
    http::{Answer, Failure},
};

/// The kind of record that contacts are.
const CONTACT: &str = "0-1";
/// The most ids in one request (sheet, section 6: no more than 10,000; the limit is unconfirmed).
pub(super) const BATCH: usize = 1_000;
/// A read that shows whether lists may be read at all; there is no list of that name.
pub(super) const PROBE: &str = "crm/v3/lists/object-type-id/0-1/name/engaged%20looks%20around";

/// What became of the list that a tag needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    List(String),
    /// There is none, and nobody needs one: contacts are to be taken off it.
    Absent,
    /// It cannot be used: why.
    Refused(String),
}

/// The list of that name; made if it is missing, needed and `ours`.
pub(super) async fn list(
    hub: &HubSpot,
    name: &str,
    needed: bool,
    ours: bool,
) -> Result<Found, ConnectorError> {
    if let Some(found) = look_up(hub, name).await? {
        return Ok(found);
    }
    if !needed {
        return Ok(Found::Absent);
    }
    if !ours {
        return Ok(Found::Refused(format!(
            "HubSpot has no static list {name:?}"
        )));
    }
    let body = json!({"name": name, "objectTypeId": CONTACT, "processingType": "MANUAL"});
    let answer = hub
        .client
        .call(Method::POST, "crm/v3/lists")
        .json(&body)
        .send()
        .await?;
    if !answer.status().is_success() {
        // Somebody was quicker.
        let words = answer.words();
        return Ok(look_up(hub, name).await?.unwrap_or(Found::Refused(words)));
    }
    let made: Value = answer.json()?;
    id(&made)
        .map(Found::List)
        .ok_or_else(|| contract("POST crm/v3/lists", "the new list has no id"))
}

async fn look_up(hub: &HubSpot, name: &str) -> Result<Option<Found>, ConnectorError> {
    let path = format!(
        "crm/v3/lists/object-type-id/{CONTACT}/name/{}",
        segment(name)
    );
    let answer = hub.client.get(&path).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let found: Value = answer.json()?;
    let kind = inner(&found)["processingType"].as_str().unwrap_or_default();
    if !matches!(kind, "MANUAL" | "SNAPSHOT") {
        let why = format!("the list {name:?} fills itself: HubSpot lets nobody write to it");
        return Ok(Some(Found::Refused(why)));
    }
    let id = id(&found).ok_or_else(|| contract(&path, "the list has no id"))?;
    Ok(Some(Found::List(id)))
}

/// Answers wrap a list or do not.
fn inner(answer: &Value) -> &Value {
    answer.get("list").unwrap_or(answer)
}

fn id(answer: &Value) -> Option<String> {
    text(&inner(answer)["listId"]).filter(|id| super::wire::is_id(id))
}

/// Puts contacts on a list or takes them off, which is a set.
pub(super) async fn write(
    hub: &HubSpot,
    list: &str,
    add: bool,
    ids: &[&str],
) -> Result<Answer, Failure> {
    let verb = if add { "add" } else { "remove" };
    let path = format!("crm/v3/lists/{list}/memberships/{verb}");
    hub.client
        .call(Method::PUT, &path)
        .json(&ids)
        .idempotent()
        .send()
        .await
}

/// The contacts that HubSpot does not have (any more).
pub(super) fn missing(answer: &Value) -> Vec<String> {
    // One of the keys has a letter too many on the wire (sheet, section 6); both forms are read.
    let mut ids = texts(&answer["recordIdsMissing"]);
    ids.extend(texts(&answer["recordsIdsMissing"]));
    ids
}
