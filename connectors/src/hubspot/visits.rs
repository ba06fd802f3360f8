//! Visits of pages, by the event API that Enterprise accounts alone have (sheet, section 5).

use serde_json::Value;

use super::{
    HubSpot,
    window::{Stretch, Window},
    wire::{Listing, contract, instant, is_id, reject, text},
};
use crate::{
    error::ConnectorError,
    model::{ContactRef, Event, EventKind, Reject},
};

/// The path.
pub(super) const PATH: &str = "events/v3/events";
/// The event.
const VISIT: &str = "e_visited_page";
/// How many are asked for at once; the sheet names no limit.
const LIMIT: usize = 100;

/// One page of a window.
pub(super) async fn read(hub: &HubSpot, window: &Window) -> Result<Stretch, ConnectorError> {
    let stamp = |ms: i64| {
        let at = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
        at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    };
    let call = hub.client.get(PATH).query("objectType", "contact");
    let call = call.query("eventType", VISIT).query("limit", LIMIT);
    // Whether the bounds are inclusive is not documented: one millisecond more on either side.
    let call = call.query("occurredAfter", stamp((window.from - 1).max(0)));
    let mut call = call.query("occurredBefore", stamp(window.to));
    if let Some(after) = &window.after {
        call = call.query("after", after);
    }
    let answer = call.send().await?;
    let mut stretch = Stretch::default();
    if window.after.is_some() && answer.status().is_client_error() {
        stretch.refused = true;
        return Ok(stretch);
    }
    let listing: Listing = answer.json()?;
    stretch.next = listing.after();
    stretch.head = listing.results.first().map(|row| row["id"].to_string());
    for row in &listing.results {
        if row["eventType"] != VISIT {
            stretch.unknown += 1;
            continue;
        }
        let at = instant(&row["occurredAt"]).map(|at| at.timestamp_millis());
        if at.is_some_and(|at| !(window.from - 1..=window.to).contains(&at)) {
            return Err(contract(
                PATH,
                "a row lies outside the time that was asked for",
            ));
        }
        match visit(row) {
            Ok(event) => stretch.events.push(event),
            Err(reject) => stretch.rejects.push(reject),
        }
    }
    Ok(stretch)
}

fn visit(row: &Value) -> Result<Event, Reject> {
    let (id, at) = (text(&row["id"]), instant(&row["occurredAt"]));
    let refuse = |reason: &str| reject(id.clone(), at, reason);
    let at = at.ok_or_else(|| refuse("the visit has no time"))?;
    // Without it the visit would count once more as soon as it has one.
    let own = id.clone().ok_or_else(|| refuse("the visit has no id"))?;
    let contact = text(&row["objectId"]).filter(|id| is_id(id));
    let contact = ContactRef {
        id: Some(contact.ok_or_else(|| refuse("the visit names no contact"))?),
        email: None,
    };
    let mut event = Event::new(contact, EventKind::PageVisit, at);
    // The name of the property is from memory of HubSpot's help.
    let url = [&row["properties"]["hs_url"], &row["properties"]["url"]];
    event.url = url
        .into_iter()
        .find_map(|url| url.as_str())
        .map(str::to_owned);
    event.id = Some(own);
    Ok(event)
}
