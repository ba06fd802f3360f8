//! Mail events, by the v1 endpoint: the one place that knows it.
//!
//! It ends in September 2027 and has no successor (sheet, sections 1, 4 and 8). What
//! takes its place must give the same `Stretch` for a kind and a window.
//!
//! One walk for each kind, since an unfiltered one drags along twice as many rows
//! that mean nothing here. Rows name an address, never a contact.

use serde::Deserialize;
use serde_json::Value;

use super::{
    HubSpot,
    window::{Stretch, Window},
    wire::{addressed, contract, instant, is_nested, reject, text},
};
use crate::{
    error::ConnectorError,
    model::{Campaign, Event, EventKind, Reject, Verdict},
};

/// The path.
pub(super) const PATH: &str = "email/public/v1/events";
/// The largest page; the default is small (sheet, section 4).
const LIMIT: usize = 1_000;

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sent,
    Open,
    Click,
    Bounce,
    SpamReport,
}

impl Kind {
    /// HubSpot's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Sent => "SENT",
            Self::Open => "OPEN",
            Self::Click => "CLICK",
            Self::Bounce => "BOUNCE",
            Self::SpamReport => "SPAMREPORT",
        }
    }
}

/// A page. The offset is a text (sheet, quirk 4).
#[derive(Deserialize)]
struct EventPage {
    #[serde(rename = "hasMore")]
    has_more: bool,
    offset: Option<Value>,
    events: Vec<Value>,
}

/// One page of one kind in a window.
pub(super) async fn read(
    hub: &HubSpot,
    kind: Kind,
    window: &Window,
) -> Result<Stretch, ConnectorError> {
    let call = hub.client.get(PATH).query("eventType", kind.word());
    let call = call.query("startTimestamp", window.from);
    // The end is inclusive (sheet, section 4).
    let mut call = call
        .query("endTimestamp", window.to - 1)
        .query("limit", LIMIT);
    if let Some(after) = &window.after {
        call = call.query("offset", after);
    }
    let answer = call.send().await?;
    let mut stretch = Stretch::default();
    if window.after.is_some() && answer.status().is_client_error() {
        stretch.refused = true;
        return Ok(stretch);
    }
    let page: EventPage = answer.json()?;
    let offset = page.offset.as_ref().and_then(text);
    if page.has_more && offset.is_none() {
        return Err(contract(PATH, "there is more, and no offset leads there"));
    }
    stretch.next = offset.filter(|_| page.has_more);
    stretch.head = page.events.first().map(|row| row["id"].to_string());
    for row in &page.events {
        if row["type"] != kind.word() {
            stretch.unknown += 1;
            continue;
        }
        if instant(&row["created"]).is_some_and(|at| !window.holds(at)) {
            return Err(contract(
                PATH,
                "a row lies outside the time that was asked for",
            ));
        }
        match translate(kind, row, &hub.apps) {
            Ok(Some(event)) => {
                stretch.campaigns.extend(campaign(kind, row));
                stretch.events.push(event);
            }
            Ok(None) => {}
            Err(reject) => stretch.rejects.push(reject),
        }
    }
    stretch.campaigns.sort_by(|a, b| a.id.cmp(&b.id));
    stretch.campaigns.dedup_by(|a, b| a.id == b.id);
    Ok(stretch)
}

/// What one row says; `None` for one that another took the place of, or of an app that does not count.
fn translate(kind: Kind, row: &Value, apps: &[String]) -> Result<Option<Event>, Reject> {
    let at = instant(&row["created"]);
    // Documents name an event by its id and its time together (sheet, section 4).
    let id = text(&row["id"]).zip(at);
    let id = id.map(|(id, at)| format!("{id}/{}", at.timestamp_millis()));
    let refuse = |reason: &str| reject(id.clone(), at, reason);
    if !row["obsoletedBy"].is_null() {
        return Ok(None);
    }
    if !apps.is_empty() && !apps.iter().any(|app| row["appName"] == app.as_str()) {
        return Ok(None);
    }
    let at = at.ok_or_else(|| refuse("the event has no time"))?;
    if id.is_none() {
        return Err(refuse("the event has no id"));
    }
    let contact = addressed(&row["recipient"]).map_err(refuse)?;
    // Without its mailing the event would be another one, and count once more as soon as that can be read.
    if is_nested(&row["emailCampaignId"]) {
        return Err(refuse("the mailing cannot be read"));
    }
    let category = row["category"].as_str();
    let meant = match kind {
        Kind::Sent => EventKind::Send,
        Kind::Open => EventKind::Open,
        Kind::Click => EventKind::Click,
        Kind::Bounce => bounce(category),
        Kind::SpamReport => EventKind::Complaint,
    };
    let mut event = Event::new(contact, meant, at);
    event.id = id;
    event.campaign = text(&row["emailCampaignId"]);
    event.link = row["url"]
        .as_str()
        .filter(|_| kind == Kind::Click)
        .map(str::to_owned);
    event.verdict = verdict(kind, row["filteredEvent"] == true);
    if let (Kind::Bounce, Some(category)) = (kind, category) {
        event
            .properties
            .insert("category".to_owned(), category.into());
    }
    Ok(Some(event))
}

/// Whether a bounce is for good. Integrators disagree on most categories, and most bounces pass; only that nobody
/// has the address is for good. What filters refuse is not the address's fault (sheet, section 4: the safe rule).
fn bounce(category: Option<&str>) -> EventKind {
    match category {
        Some("UNKNOWN_USER") => EventKind::HardBounce,
        _ => EventKind::SoftBounce,
    }
}

/// HubSpot marks what it filters as a bot's and does not say whose. Opens so marked are those of mail clients that
/// fetch pictures by themselves among others; clicks are those of scanners. What is not marked is not judged.
fn verdict(kind: Kind, filtered: bool) -> Option<Verdict> {
    match kind {
        Kind::Open if filtered => Some(Verdict::PrivacyProxy),
        Kind::Click if filtered => Some(Verdict::Scanner),
        _ => None,
    }
}

/// The mailing of a row: sends bear the subject. Its id is none of a marketing mail's own (sheet, section 4).
fn campaign(kind: Kind, row: &Value) -> Option<Campaign> {
    let name = row["subject"].as_str().filter(|_| kind == Kind::Sent)?;
    Some(Campaign {
        id: text(&row["emailCampaignId"])?,
        name: name.to_owned(),
        sent_at: None,
    })
}

#[cfg(test)]
mod tests;
