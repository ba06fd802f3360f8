//! A client of few lines, and a small world to ask for.

use std::sync::{Arc, LazyLock, RwLock};

use bytes::Bytes;
use chrono::{DateTime, TimeZone as _, Utc};
use engaged_sandbox::fault::FaultPlan;
use engaged_sandbox::hubspot::{Contact, HubSpot, Options};
use engaged_sandbox::people::{Publication, SharedWorld, Turn, World, WorldSpec};
use http::HeaderMap;
use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `VALIDATION_ERROR` and the like.
    pub(crate) fn category(&self) -> String {
        self.json()["category"].as_str().unwrap().to_owned()
    }
}

/// A running stand-in with its world.
pub(crate) struct Bench {
    pub(crate) hubspot: HubSpot,
    pub(crate) world: SharedWorld,
}

/// A Wednesday, one day after an issue went out.
pub(crate) fn end() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 10, 12, 0, 0).unwrap()
}

/// The first small world in which something of each kind has happened.
fn eventful() -> World {
    let has_each = |world: &World| {
        let mut weekly = world
            .milestones()
            .iter()
            .filter(|change| change.publication == Publication::Weekly);
        let mut some = |turn: fn(&Turn) -> bool| weekly.any(|change| turn(&change.turn));
        some(|turn| matches!(turn, Turn::Left(_)))
            && some(|turn| matches!(turn, Turn::Bounced(_)))
            && some(|turn| matches!(turn, Turn::Complained(_)))
            && world.orders().len() > 10
    };
    (1..1_000)
        .map(|seed| World::generate(&WorldSpec::small(seed, end(), 300)))
        .find(has_each)
        .unwrap()
}

impl Bench {
    pub(crate) async fn new(options: Options) -> Self {
        static WORLD: LazyLock<World> = LazyLock::new(eventful);
        let world = Arc::new(RwLock::new(WORLD.clone()));
        let hubspot = HubSpot::start(options, Arc::clone(&world), FaultPlan::none())
            .await
            .unwrap();
        Self { hubspot, world }
    }

    pub(crate) async fn plain() -> Self {
        Self::new(Options::default()).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_ask(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_ask(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.hubspot.base_url()))
            .header("authorization", format!("Bearer {}", self.hubspot.key()))
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let (parts, body) = self.hubspot.ask(request).await.ok()?.into_parts();
        Some(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        })
    }

    /// The body of a GET that must go well.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// The body of a POST that must go well.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask("POST", path, body).await;
        assert!(answer.status < 300, "{path}: {answer:?}");
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// All rows of a collection that is paged by `after`.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}{glue}{after}")).await;
            rows.extend(page["results"].as_array().unwrap().clone());
            match page["paging"]["next"]["after"].as_str() {
                Some(next) => after = format!("after={next}"),
                None => return rows,
            }
        }
    }

    /// All rows behind an offset of e-mail events, campaigns or the timeline.
    pub(crate) async fn all_v1(&self, path: &str, rows: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut offset = String::new();
        loop {
            let page = self.get(&format!("/email/public/v1/{path}{offset}")).await;
            found.extend(page[rows].as_array().unwrap().clone());
            if page["hasMore"] == false {
                return found;
            }
            offset = format!("&offset={}", page["offset"].as_str().unwrap());
        }
    }

    /// The first contact of whom this holds.
    pub(crate) fn somebody(&self, holds: impl Fn(&Contact) -> bool) -> Contact {
        let mut contacts = self.hubspot.contacts().into_iter();
        contacts.find(|contact| holds(contact)).unwrap()
    }

    pub(crate) fn mailed(&self) -> Contact {
        self.somebody(|contact| contact.mailed[0])
    }

    /// The same contact now.
    pub(crate) fn again(&self, contact: &Contact) -> Contact {
        self.somebody(|now| now.id == contact.id)
    }
}
