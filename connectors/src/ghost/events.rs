//! What the rows of the timeline mean, in our words. Pure: rows in, events and
//! rejects out; one odd row never fails a page.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Fact, Known, Row};
use crate::model::{Address, Campaign, ContactRef, Event, EventKind, Reject};

/// Currencies whose smallest unit is the whole one, as Ghost's payment provider counts them.
const WHOLE: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
];

/// One type of event, which has a walk of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Feed {
    Sent,
    Delivered,
    Failed,
    Opened,
    Complained,
    Clicked,
    Newsletter,
    Signup,
    Comment,
    Payment,
}

/// Mails of automations, which no stream reads; a last look asks for them.
pub(super) const AUTOMATED: &str = "automated_email_sent_event";

impl Feed {
    /// Every type that has a walk.
    const ALL: [Self; 10] = [
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Opened,
        Self::Complained,
        Self::Clicked,
        Self::Newsletter,
        Self::Signup,
        Self::Comment,
        Self::Payment,
    ];

    /// The type to ask for.
    pub(super) fn asked(self) -> &'static str {
        match self {
            Self::Sent => "email_sent_event",
            Self::Delivered => "email_delivered_event",
            Self::Failed => "email_failed_event",
            Self::Opened => "email_opened_event",
            Self::Complained => "email_complained_event",
            Self::Clicked => "click_event",
            Self::Newsletter => "newsletter_event",
            Self::Signup => "signup_event",
            Self::Comment => "comment_event",
            Self::Payment => "payment_event",
        }
    }

    /// The type that the answer names: for complaints it is another one.
    fn answered(self) -> &'static str {
        match self {
            Self::Complained => "email_complaint_event",
            other => other.asked(),
        }
    }
}

/// A place in a list that is sorted by time, then id, both falling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) at: DateTime<Utc>,
    pub(super) id: String,
}

/// What a page of the timeline says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) events: Vec<Event>,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) rejects: Vec<Reject>,
    /// Rows of a type that nobody asked for.
    pub(super) unknown: u64,
    /// The type of a row that answers another question of ours.
    pub(super) foreign: Option<&'static str>,
    /// Where the rows that could be placed lie, in the order of the page.
    pub(super) places: Vec<Place>,
}

/// Translates a page. `followed` are the newsletters that count; none means all.
pub(super) fn read(feed: Feed, rows: Vec<Row>, followed: &[String]) -> Reading {
    let mut reading = Reading::default();
    let mut campaigns = BTreeMap::new();
    for row in rows {
        let known = match row {
            Row::Known(known) => known,
            Row::Odd(value) => {
                let (place, reject) = odd(&value);
                reading.places.extend(place);
                reading.rejects.push(reject);
                continue;
            }
        };
        let Known { r#type, data } = *known;
        reading.places.push(Place {
            at: data.created_at,
            id: data.id.clone(),
        });
        if r#type != feed.answered() {
            let others = Feed::ALL.iter().map(|other| other.answered());
            let foreign = others.chain([AUTOMATED]).find(|other| *other == r#type);
            reading.foreign = reading.foreign.or(foreign);
            reading.unknown += 1;
            continue;
        }
        if let Some((id, campaign)) = campaign(&data) {
            campaigns.insert(id, campaign);
        }
        let (id, at) = (data.id.clone(), data.created_at);
        match translate(feed, data, followed) {
            Ok(events) => reading.events.extend(events),
            Err(reason) => reading.rejects.push(Reject {
                id: Some(id),
                at: Some(at),
                reason: reason.to_owned(),
            }),
        }
    }
    reading.campaigns = campaigns.into_values().collect();
    reading
}

/// What can be said of a row that has not the shape of one.
fn odd(value: &Value) -> (Option<Place>, Reject) {
    let data = &value["data"];
    let id = data["id"].as_str().map(str::to_owned);
    let at = data["created_at"]
        .as_str()
        .and_then(|at| at.parse::<DateTime<Utc>>().ok());
    let place = id.clone().zip(at).map(|(id, at)| Place { at, id });
    let missing = ["id", "created_at"]
        .into_iter()
        .find(|key| data[*key].is_null());
    let reason = match missing {
        Some(key) => format!("the row has no {key}"),
        None => "a part of the row has another type than documented".to_owned(),
    };
    (place, Reject { id, at, reason })
}

/// The mailing of a row about a mail, under the id of its post: clicks know no other.
fn campaign(data: &Fact) -> Option<(String, Campaign)> {
    let mail = data.email.as_ref()?;
    let id = mail.post_id.clone()?;
    let name = mail.subject.clone().unwrap_or_default();
    Some((
        id.clone(),
        Campaign {
            id,
            name,
            sent_at: mail.submitted_at.or(mail.created_at),
        },
    ))
}

/// The events of one row; the reason when it makes no sense.
fn translate(feed: Feed, data: Fact, followed: &[String]) -> Result<Vec<Event>, &'static str> {
    let base = bare(&data)?;
    let of = |kind| Event {
        kind,
        ..base.clone()
    };
    Ok(match feed {
        Feed::Sent => vec![send(&base, &data)],
        Feed::Delivered => vec![send(&base, &data), of(EventKind::Delivery)],
        Feed::Failed => vec![send(&base, &data), of(EventKind::HardBounce)],
        Feed::Opened => vec![of(EventKind::Open)],
        Feed::Complained => vec![of(EventKind::Complaint)],
        Feed::Signup => vec![of(EventKind::Signup)],
        Feed::Clicked => {
            let link = data.link.and_then(|link| link.to);
            let campaign = data.post.and_then(|post| post.id);
            vec![Event {
                campaign,
                link,
                ..of(EventKind::Click)
            }]
        }
        Feed::Comment => {
            vec![Event {
                url: data.post.and_then(|post| post.url),
                ..of(EventKind::Comment)
            }]
        }
        Feed::Newsletter => {
            let name = data.newsletter.and_then(|newsletter| newsletter.name);
            if !followed.is_empty() && !name.as_ref().is_some_and(|name| followed.contains(name)) {
                return Ok(Vec::new());
            }
            let joined = data
                .subscribed
                .ok_or("the row does not say whether it is a subscribe")?;
            let kind = if joined {
                EventKind::Subscribe
            } else {
                EventKind::Unsubscribe
            };
            let list = name.map(|name| ("list".to_owned(), Value::String(name)));
            vec![Event {
                properties: list.into_iter().collect(),
                ..of(kind)
            }]
        }
        Feed::Payment => payment(of(EventKind::Purchase), data.amount, data.currency)?,
    })
}

/// What every row has: whom it happened to, when, and in which mailing.
fn bare(data: &Fact) -> Result<Event, &'static str> {
    let who = data.member.as_ref();
    let id = data
        .member_id
        .clone()
        .or_else(|| who.and_then(|who| who.id.clone()));
    let email = who.and_then(|who| Address::parse(who.email.as_deref()?));
    if id.is_none() && email.is_none() {
        return Err("the row names no member");
    }
    // The kind is set by the caller, which knows the feed.
    let mut event = Event::new(ContactRef { id, email }, EventKind::Send, data.created_at);
    event.id = Some(data.id.clone());
    event.campaign = data.email.as_ref().and_then(|mail| mail.post_id.clone());
    Ok(event)
}

/// The send behind a row about a recipient. Its id and its time are the same
/// whether the row is (still) sent, delivered or failed, so that it counts once.
fn send(base: &Event, data: &Fact) -> Event {
    let mail = data.email.as_ref();
    let at = mail.and_then(|mail| mail.submitted_at.or(mail.created_at));
    Event {
        kind: EventKind::Send,
        at: at.unwrap_or(base.at),
        tracked: mail.and_then(|mail| mail.track_opens),
        ..base.clone()
    }
}

/// A purchase; nothing for trials and refunds, which Ghost books as nought or less.
fn payment(
    base: Event,
    amount: Option<i64>,
    currency: Option<String>,
) -> Result<Vec<Event>, &'static str> {
    let amount = amount.ok_or("the row has no amount")?;
    let currency = currency.ok_or("the row has no currency")?.to_uppercase();
    if amount <= 0 {
        return Ok(Vec::new());
    }
    let unit = if WHOLE.contains(&currency.as_str()) {
        100
    } else {
        1
    };
    let value_cents = Some(amount.checked_mul(unit).ok_or("the amount is absurd")?);
    Ok(vec![Event {
        value_cents,
        currency: Some(currency),
        ..base
    }])
}

#[cfg(test)]
mod tests;
