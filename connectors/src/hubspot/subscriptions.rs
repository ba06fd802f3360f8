//! Types of subscription, and who left or came back, by the v1 timeline.
//!
//! The timeline tells what the mail event STATUSCHANGE tells, and what was done by
//! the API and by hand as well (sheet, section 4); so that event is not read, and
//! nothing comes twice. Complaints and bounces stand in it too, and are read as the
//! events that they are.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    HubSpot,
    window::{Stretch, Window},
    wire::{addressed, contract, instant, reject, text},
};
use crate::{
    error::ConnectorError,
    model::{Event, EventKind, Reject},
};

/// The timeline's path.
const PATH: &str = "email/public/v1/subscriptions/timeline";
/// The path of the types.
pub(super) const TYPES: &str = "communication-preferences/v4/definitions";
/// The largest page (sheet, section 4).
const LIMIT: usize = 1_000;

/// A type of subscription that is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Type {
    pub(super) id: String,
    pub(super) name: String,
}

/// The types that are followed; none where all mail counts, and then nobody is asked.
pub(super) async fn followed(hub: &HubSpot) -> Result<Vec<Type>, ConnectorError> {
    if hub.lists.is_empty() {
        return Ok(Vec::new());
    }
    let all = all(hub).await?;
    let mut found = Vec::new();
    for name in &hub.lists {
        let named = all.iter().find(|one| one.name == *name);
        found.push(named.cloned().ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
            ConnectorError::Config {
                what: "lists".into(),
                detail: format!("there is no subscription type {name:?}; there are {names:?}"),
            }
        })?);
    }
    Ok(found)
}

/// Every type of the account.
pub(super) async fn all(hub: &HubSpot) -> Result<Vec<Type>, ConnectorError> {
    let answer: Value = hub.client.get(TYPES).send().await?.json()?;
    // `results` in v4, `subscriptionDefinitions` in v3.
    let rows = answer["results"].as_array();
    let rows = rows.or_else(|| answer["subscriptionDefinitions"].as_array());
    let rows = rows.ok_or_else(|| contract(TYPES, "the answer holds no types of subscription"))?;
    let read = |row: &Value| {
        Some(Type {
            id: text(&row["id"])?,
            name: text(&row["name"])?,
        })
    };
    Ok(rows.iter().filter_map(read).collect())
}

/// A page of the timeline.
#[derive(Deserialize)]
struct TimelinePage {
    #[serde(rename = "hasMore")]
    has_more: bool,
    offset: Option<Value>,
    timeline: Vec<Value>,
}

/// One page of a window.
pub(super) async fn read(hub: &HubSpot, window: &Window) -> Result<Stretch, ConnectorError> {
    let followed = followed(hub).await?;
    let call = hub.client.get(PATH).query("startTimestamp", window.from);
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
    let page: TimelinePage = answer.json()?;
    let offset = page.offset.as_ref().and_then(text);
    if page.has_more && offset.is_none() {
        return Err(contract(PATH, "there is more, and no offset leads there"));
    }
    stretch.next = offset.filter(|_| page.has_more);
    stretch.head = page.timeline.first().map(Value::to_string);
    for row in &page.timeline {
        match translate(row, &followed) {
            Ok((events, unknown)) => {
                stretch.events.extend(events);
                stretch.unknown += unknown;
            }
            Err(reject) => stretch.rejects.push(reject),
        }
    }
    Ok(stretch)
}

/// When a row happened: its own time, or that of what caused it (sheet, section 4: one may be absent).
fn at(row: &Value) -> Option<DateTime<Utc>> {
    let changes = row["changes"].as_array().into_iter().flatten();
    let caused = changes.filter_map(|change| instant(&change["causedByEvent"]["created"]));
    instant(&row["timestamp"]).or_else(|| caused.min())
}

/// What a row says, each kind once, and how many of its changes nobody has heard of. Rows have no id: what tells
/// them apart is who and when.
fn translate(row: &Value, followed: &[Type]) -> Result<(Vec<Event>, u64), Reject> {
    let at = at(row);
    let refuse = |reason: &str| reject(None, at, reason);
    let when = at.ok_or_else(|| refuse("the change has no time"))?;
    let changes = row["changes"].as_array();
    let changes = changes.ok_or_else(|| refuse("the row holds no changes"))?;
    let (mut kinds, mut unknown) = (BTreeSet::new(), 0);
    for change in changes {
        let kind = match change["change"].as_str().unwrap_or_default() {
            "SUBSCRIBED" => EventKind::Subscribe,
            "UNSUBSCRIBED" => EventKind::Unsubscribe,
            "REPORTED_SPAM" | "BOUNCED" | "UNBOUNCED" => continue,
            _ => {
                unknown += 1;
                continue;
            }
        };
        if counts(change, followed) {
            kinds.insert(kind);
        }
    }
    if kinds.is_empty() {
        return Ok((Vec::new(), unknown));
    }
    let contact = addressed(&row["recipient"]).map_err(refuse)?;
    let events = kinds.into_iter();
    let events = events.map(|kind| Event::new(contact.clone(), kind, when));
    Ok((events.collect(), unknown))
}

/// Whether a change is of all mail, or of a type that is followed.
fn counts(change: &Value, followed: &[Type]) -> bool {
    let of = text(&change["subscriptionId"]).filter(|id| id != "0");
    followed.is_empty() || of.is_none_or(|of| followed.iter().any(|one| one.id == of))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kinds(row: &Value, followed: &[Type]) -> Vec<String> {
        let (events, _) = translate(row, followed).unwrap();
        events
            .iter()
            .map(|event| event.kind.as_str().to_owned())
            .collect()
    }

    fn row(changes: &Value) -> Value {
        json!({"timestamp": 1_785_571_000_000_i64, "portalId": 62515, "recipient": "Ann@Example.org", "changes": changes})
    }

    #[test]
    fn a_row_that_leaves_several_types_is_one_unsubscribe() {
        let left = |id: u32| json!({"change": "UNSUBSCRIBED", "changeType": "SUBSCRIPTION_STATUS", "subscriptionId": id});
        let both = row(&json!([left(7), left(8)]));
        assert_eq!(kinds(&both, &[]), ["unsubscribe"]);
        let news = Type {
            id: "9".into(),
            name: "News".into(),
        };
        assert!(kinds(&both, std::slice::from_ref(&news)).is_empty());
        let all = row(&json!([{"change": "UNSUBSCRIBED", "changeType": "PORTAL_STATUS"}]));
        assert_eq!(kinds(&all, &[news]), ["unsubscribe"]);
    }

    #[test]
    fn a_row_without_a_time_has_that_of_its_cause() {
        let mut caused = row(
            &json!([{"change": "SUBSCRIBED", "causedByEvent": {"id": "x", "created": 1_785_570_000_000_i64}}]),
        );
        caused["timestamp"] = Value::Null;
        let (events, _) = translate(&caused, &[]).unwrap();
        assert_eq!(events[0].at.timestamp_millis(), 1_785_570_000_000);
        caused["changes"][0]["causedByEvent"] = Value::Null;
        assert!(translate(&caused, &[]).is_err());
    }

    #[test]
    fn what_comes_as_an_event_is_passed_over_and_what_is_unknown_is_counted() {
        let (events, unknown) = translate(
            &row(&json!([{"change": "BOUNCED"}, {"change": "PAUSED"}])),
            &[],
        )
        .unwrap();
        assert_eq!((events.len(), unknown), (0, 1));
    }
}
