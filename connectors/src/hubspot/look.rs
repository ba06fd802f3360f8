//! Contacts as they are now: one by itself before a removal, many for a last look.
//!
//! Reading the id of somebody who was merged answers with the survivor (sheet,
//! section 3), who is somebody else: whoever was asked for is gone.

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    HubSpot,
    contacts::{self, row},
    subscriptions::{self, Type},
    wire::{Listing, Record, is_id},
};
use crate::{
    connector::{Look, Who},
    error::ConnectorError,
};

/// How many are asked for at once (sheet, section 3).
const BATCH: usize = 100;
/// Signs of life. Those of mail leave out what HubSpot takes for a bot's (sheet, section 3).
const LIFE: [&str; 4] = [
    "hs_analytics_last_timestamp",
    "hs_email_last_click_date",
    "hs_email_last_open_date",
    "recent_conversion_date",
];

/// Everybody as they are now, in order.
pub(super) async fn look(
    hub: &HubSpot,
    contacts: &[Who],
) -> Result<Vec<Option<Look>>, ConnectorError> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let types = subscriptions::followed(hub).await?;
    let mut names = contacts::names(hub, &types);
    names.extend(LIFE.iter().map(|name| (*name).to_owned()));
    let mut looks = Vec::with_capacity(contacts.len());
    for part in contacts.chunks(BATCH) {
        let mut ids: Vec<&str> = part.iter().map(|who| who.contact.as_str()).collect();
        ids.retain(|id| is_id(id));
        ids.sort_unstable();
        ids.dedup();
        let records = read(hub, &ids, &names).await?;
        for who in part {
            let record = records.iter().find(|record| record.id == who.contact);
            looks.push(record.map(|record| seen(record, &types)));
        }
    }
    Ok(looks)
}

fn seen(record: &Record, types: &[Type]) -> Look {
    let last_active_at = LIFE.iter().filter_map(|name| record.time(name)).max();
    let mut record = record.clone();
    record
        .properties
        .retain(|name, _| !LIFE.contains(&name.as_str()));
    Look {
        contact: row::read(&record, types).0,
        last_active_at,
        // Every mail that HubSpot sends stands in its events.
        unreported_mail_at: None,
    }
}

/// Those of these contacts that there are.
async fn read(
    hub: &HubSpot,
    ids: &[&str],
    names: &[String],
) -> Result<Vec<Record>, ConnectorError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let inputs: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    let path = format!("{}/batch/read", contacts::PATH);
    let body = json!({"inputs": inputs, "properties": names});
    let call = hub
        .client
        .call(Method::POST, &path)
        .json(&body)
        .idempotent();
    let answer = call.send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(Vec::new());
    }
    let listing: Listing = answer.json()?;
    contacts::records(listing.results)
}

/// One contact; `None` for whoever is gone.
pub(super) async fn one(
    hub: &HubSpot,
    id: &str,
    names: &[String],
) -> Result<Option<Record>, ConnectorError> {
    let call = hub.client.get(&format!("{}/{id}", contacts::PATH));
    let answer = call.query("properties", names.join(",")).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let record: Record = answer.json()?;
    Ok((record.id == id).then_some(record))
}
