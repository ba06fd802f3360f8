//! What Mautic sends (sheet 7): one JSON object, whose names are kinds of news and whose values are lists.
//!
//! Only the kinds whose rows the sheet shows are read; the others are counted
//! as unknown. No connector for Mautic uses it yet: it is ready for one.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Delivery, News};
use crate::{
    error::ConnectorError,
    model::{Address, ContactRef, Event, EventKind, Reject},
};

#[derive(Deserialize)]
struct Opened {
    stat: Stat,
    timestamp: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stat {
    email_address: Option<String>,
    lead: Option<Numbered>,
    email: Option<Numbered>,
}

#[derive(Deserialize)]
struct Changed {
    contact: Numbered,
    channel: String,
    new_status: String,
    timestamp: Option<DateTime<Utc>>,
}

/// Anything with an id, as a number or as text.
#[derive(Deserialize)]
struct Numbered {
    id: Value,
}

impl Numbered {
    fn id(&self) -> Option<String> {
        match &self.id {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }
}

/// What it says. A time that a row does not give is that of its arrival.
pub fn read(delivery: &Delivery<'_>, received_at: DateTime<Utc>) -> Result<News, ConnectorError> {
    let contract = |detail: String| ConnectorError::Contract {
        what: "webhook".into(),
        detail,
    };
    let kinds: Map<String, Value> = serde_json::from_slice(delivery.body)
        .map_err(|error| contract(format!("not a JSON object: line {}", error.line())))?;
    let mut news = News::default();
    for (kind, rows) in kinds {
        let Some(name) = kind.strip_prefix("mautic.") else {
            continue;
        };
        let rows = match rows {
            Value::Array(rows) => rows,
            row @ Value::Object(_) => vec![row],
            _ => Vec::new(),
        };
        for row in rows {
            let event = match name {
                "email_on_open" => opened(row, received_at),
                "lead_channel_subscription_changed" => changed(row, received_at),
                _ => {
                    news.unknown += 1;
                    continue;
                }
            };
            match event {
                Ok(event) => news.events.extend(event),
                Err(reason) => news.rejects.push(Reject {
                    id: None,
                    at: None,
                    reason: format!("{name}: {reason}"),
                }),
            }
        }
    }
    Ok(news)
}

fn opened(row: Value, received_at: DateTime<Utc>) -> Result<Option<Event>, String> {
    let row: Opened = serde_json::from_value(row).map_err(|_| "not of its form".to_owned())?;
    let contact = ContactRef {
        id: row.stat.lead.as_ref().and_then(Numbered::id),
        email: row.stat.email_address.as_deref().and_then(Address::parse),
    };
    if contact == ContactRef::default() {
        return Err("names no contact".into());
    }
    let at = row.timestamp.unwrap_or(received_at);
    let mut event = Event::new(contact, EventKind::Open, at);
    event.campaign = row.stat.email.as_ref().and_then(Numbered::id);
    Ok(Some(event))
}

/// A word that is not known reads as an unsubscribe, as Mautic's own code does; a contact who can be reached again is a
/// state and no event.
fn changed(row: Value, received_at: DateTime<Utc>) -> Result<Option<Event>, String> {
    let row: Changed = serde_json::from_value(row).map_err(|_| "not of its form".to_owned())?;
    let kind = match (row.channel.as_str(), row.new_status.as_str()) {
        ("email", "contactable") => return Ok(None),
        ("email", "bounced") => EventKind::Bounce,
        ("email", _) => EventKind::Unsubscribe,
        _ => return Ok(None),
    };
    let contact = ContactRef {
        id: row.contact.id(),
        email: None,
    };
    if contact.id.is_none() {
        return Err("names no contact".into());
    }
    let at = row.timestamp.unwrap_or(received_at);
    Ok(Some(Event::new(contact, kind, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(body: &str) -> News {
        let delivery = Delivery {
            method: "POST",
            url: "https://hooks.example/hooks/mautic/x",
            headers: &[],
            body: body.as_bytes(),
        };
        read(
            &delivery,
            DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn an_open_has_its_contact_mail_and_time_and_no_html() {
        let news = read_text(
            r#"{"mautic.email_on_open":[{"stat":{"id":501224,"emailAddress":"Jan@example.nl","openCount":2,
            "lead":{"id":7},"email":{"id":"12","customHtml":"<p>long</p>"}},"timestamp":"2026-11-20T17:58:03+00:00"}]}"#,
        );
        let [event] = news.events.as_slice() else {
            panic!("{news:?}")
        };
        assert_eq!(event.kind, EventKind::Open);
        assert_eq!(event.contact.id.as_deref(), Some("7"));
        assert_eq!(event.campaign.as_deref(), Some("12"));
        assert_eq!(event.at.to_rfc3339(), "2026-11-20T17:58:03+00:00");
        assert!(!format!("{news:?}").contains("long"));
    }

    #[test]
    fn who_left_and_who_bounced_are_told_apart_and_who_came_back_is_no_event() {
        let row = |status: &str| {
            format!(r#"{{"contact":{{"id":7}},"channel":"email","new_status":"{status}"}}"#)
        };
        let news = read_text(&format!(
            r#"{{"mautic.lead_channel_subscription_changed":[{},{},{},{}]}}"#,
            row("bounced"),
            row("unsubscribed"),
            row("contactable"),
            row("a word of tomorrow"),
        ));
        let kinds: Vec<&EventKind> = news.events.iter().map(|event| &event.kind).collect();
        assert_eq!(
            kinds,
            [
                &EventKind::Bounce,
                &EventKind::Unsubscribe,
                &EventKind::Unsubscribe
            ]
        );
    }

    #[test]
    fn an_odd_row_does_not_take_the_others_with_it_and_a_kind_of_tomorrow_is_counted() {
        let news = read_text(
            r#"{"mautic.email_on_open":[{"stat":{}},{"stat":{"emailAddress":"a@example.nl"}}],"mautic.sms_on_send":[{}]}"#,
        );
        assert_eq!(
            (news.events.len(), news.rejects.len(), news.unknown),
            (1, 1, 1)
        );
    }
}
