//! What Klaviyo's system webhooks send (sheet 7): a batch of events in the shape in which the API gives them (sheet 4).
//!
//! No connector for Klaviyo uses it yet: it is ready for one.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Delivery, News};
use crate::{
    error::ConnectorError,
    model::{ContactRef, Event, EventKind, Reject, Verdict},
};

#[derive(Deserialize)]
struct Batch {
    data: Vec<Value>,
}

#[derive(Deserialize)]
struct Item {
    topic: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    data: Row,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    attributes: Attributes,
    relationships: Relationships,
}

#[derive(Deserialize)]
struct Attributes {
    datetime: DateTime<Utc>,
    #[serde(default)]
    event_properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct Relationships {
    profile: Related,
}

#[derive(Deserialize)]
struct Related {
    data: Named,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// What it says.
pub fn read(delivery: &Delivery<'_>) -> Result<News, ConnectorError> {
    let batch: Batch =
        serde_json::from_slice(delivery.body).map_err(|error| ConnectorError::Contract {
            what: "webhook".into(),
            detail: format!("not a batch of events: line {}", error.line()),
        })?;
    let mut news = News::default();
    for item in batch.data {
        let known = item.get("topic").and_then(Value::as_str).map(is_known);
        if known == Some(false) {
            news.unknown += 1;
            continue;
        }
        let id = item.pointer("/payload/data/id").and_then(Value::as_str);
        let id = id.map(str::to_owned);
        match serde_json::from_value::<Item>(item) {
            Ok(item) => news.events.extend(event(item)),
            Err(_) => news.rejects.push(Reject {
                id,
                at: None,
                reason: "an event that is not of its form".into(),
            }),
        }
    }
    Ok(news)
}

fn is_known(topic: &str) -> bool {
    kind(topic, &Map::new()).is_some()
}

fn kind(topic: &str, properties: &Map<String, Value>) -> Option<EventKind> {
    Some(match topic.strip_prefix("event:klaviyo.")? {
        "received_email" => EventKind::Send,
        "opened_email" => EventKind::Open,
        "clicked_email" => EventKind::Click,
        "bounced_email" => match properties.get("Bounce Type").and_then(Value::as_str) {
            Some("Hard") => EventKind::HardBounce,
            Some("Soft") => EventKind::SoftBounce,
            _ => EventKind::Bounce,
        },
        "marked_email_as_spam" => EventKind::Complaint,
        "unsubscribed_from_email_marketing" => EventKind::Unsubscribe,
        _ => return None,
    })
}

fn event(item: Item) -> Option<Event> {
    let row = item.payload.data;
    let properties = &row.attributes.event_properties;
    let contact = ContactRef {
        id: Some(row.relationships.profile.data.id),
        email: None,
    };
    let kind = kind(&item.topic, properties)?;
    let mut event = Event::new(contact, kind, row.attributes.datetime);
    event.id = Some(row.id);
    let text = |name: &str| properties.get(name)?.as_str().map(str::to_owned);
    event.campaign = text("$message");
    event.link = text("URL").filter(|_| event.kind == EventKind::Click);
    let machine = |name: &str| properties.get(name).and_then(Value::as_bool) == Some(true);
    event.verdict =
        if machine("machine_open") || machine("Machine Open") || machine("Apple Privacy Open") {
            Some(Verdict::PrivacyProxy)
        } else if machine("Bot Click") {
            Some(Verdict::Scanner)
        } else {
            None
        };
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(body: &str) -> News {
        let delivery = Delivery {
            method: "POST",
            url: "https://hooks.example/hooks/klaviyo/x",
            headers: &[],
            body: body.as_bytes(),
        };
        read(&delivery).unwrap()
    }

    fn item(topic: &str, properties: &str) -> String {
        format!(
            r#"{{"topic":"event:klaviyo.{topic}","external_id":"6vQ","payload":{{"data":{{"type":"event","id":"6vQ","attributes":
            {{"datetime":"2026-08-01T10:12:12+00:00","event_properties":{properties}}},
            "relationships":{{"profile":{{"data":{{"type":"profile","id":"01J"}}}}}}}}}}}}"#
        )
    }

    #[test]
    fn an_event_has_the_id_under_which_the_api_gives_it() {
        let items = [
            item("opened_email", r#"{"$message":"m","machine_open":true}"#),
            item(
                "clicked_email",
                r#"{"URL":"https://shop.example/a","Bot Click":false}"#,
            ),
            item("bounced_email", r#"{"Bounce Type":"Hard"}"#),
        ]
        .join(",");
        let news = read_text(&format!(r#"{{"data":[{items}],"meta":{{}}}}"#));
        let [open, click, bounce] = news.events.as_slice() else {
            panic!("{news:?}")
        };
        assert_eq!(open.id.as_deref(), Some("6vQ"));
        assert_eq!(open.campaign.as_deref(), Some("m"));
        assert_eq!(open.verdict, Some(Verdict::PrivacyProxy));
        assert_eq!(click.link.as_deref(), Some("https://shop.example/a"));
        assert_eq!(click.verdict, None);
        assert_eq!(bounce.kind, EventKind::HardBounce);
    }

    #[test]
    fn an_odd_event_is_named_and_a_topic_of_tomorrow_is_counted() {
        let odd = r#"{"topic":"event:klaviyo.opened_email","payload":{"data":{"id":"x"}}}"#;
        let news = read_text(&format!(
            r#"{{"data":[{odd},{},{}]}}"#,
            item("sent_sms", "{}"),
            item("opened_email", "{}")
        ));
        assert_eq!((news.events.len(), news.unknown), (1, 1));
        assert_eq!(news.rejects[0].id.as_deref(), Some("x"));
    }
}
