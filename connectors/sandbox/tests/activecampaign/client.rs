//! A client of few lines, and a small world to ask for.

use std::sync::{Arc, LazyLock, RwLock};

use axum::http::Request;
use bytes::Bytes;
use chrono::{DateTime, TimeZone as _, Utc};
use engaged_sandbox::activecampaign::{ActiveCampaign, Contact, Options, Status};
use engaged_sandbox::fault::FaultPlan;
use engaged_sandbox::people::{Publication, SharedWorld, Standing, Turn, World, WorldSpec};
use serde_json::{Value, json};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// A running stand-in with its world.
pub(crate) struct Bench {
    pub(crate) platform: ActiveCampaign,
    pub(crate) world: SharedWorld,
}

/// A Wednesday, one day after an issue went out.
pub(crate) fn end() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 10, 12, 0, 0).unwrap()
}

/// The first small world in which something of each kind has happened, whatever the world's chances are.
fn eventful() -> World {
    let has_each = |world: &World| {
        let gone = |turn: fn(&Turn) -> bool| {
            world.milestones().iter().any(|change| {
                let person = world.person(change.person);
                let gone = person.standing(Publication::Weekly, world.end()) == Standing::Gone;
                change.publication == Publication::Weekly && gone && turn(&change.turn)
            })
        };
        gone(|turn| matches!(turn, Turn::Left(_)))
            && gone(|turn| matches!(turn, Turn::Bounced(_)))
            && gone(|turn| matches!(turn, Turn::Complained(_)))
            && !world.orders().is_empty()
    };
    (1..1_000)
        .map(|seed| World::generate(&WorldSpec::small(seed, end(), 300)))
        .find(has_each)
        .unwrap()
}

/// Options for tests: no limit by time.
pub(crate) fn free() -> Options {
    Options {
        per_second: None,
        ..Options::default()
    }
}

impl Bench {
    pub(crate) async fn new(options: Options) -> Self {
        static WORLD: LazyLock<World> = LazyLock::new(eventful);
        let world = Arc::new(RwLock::new(WORLD.clone()));
        let platform = ActiveCampaign::start(options, Arc::clone(&world), FaultPlan::none())
            .await
            .unwrap();
        Self { platform, world }
    }

    pub(crate) async fn plain() -> Self {
        Self::new(free()).await
    }

    pub(crate) async fn raw(&self, key: &str, method: &str, url: &str, body: &str) -> Answer {
        let request = Request::builder().method(method).uri(url);
        let request = request.header("Api-Token", key);
        let request = request.body(Bytes::copy_from_slice(body.as_bytes()));
        let answer = self.platform.ask(request.unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.platform.base_url());
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.raw(self.platform.key(), method, &url, &text).await
    }

    /// The body of a GET that must go well.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// All rows of a list, by offset until a page is not full.
    pub(crate) async fn all(&self, path: &str, rows: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        loop {
            let page = format!("{path}{glue}limit=100&offset={}", all.len());
            let page = self.get(&page).await[rows].as_array().unwrap().clone();
            let last = page.len() < 100;
            all.extend(page);
            if last {
                return all;
            }
        }
    }

    /// Somebody who stands so with the newsletter.
    pub(crate) fn somebody(&self, status: Status) -> Contact {
        let list = self.platform.lists()[0].clone();
        let mut contacts = self.platform.contacts().into_iter();
        let found = contacts.find(|contact| contact.lists.get(&list) == Some(&status));
        found.unwrap_or_else(|| panic!("nobody is {status:?} in this world"))
    }

    /// The same contact now.
    pub(crate) fn again(&self, contact: &Contact) -> Contact {
        let mut contacts = self.platform.contacts().into_iter();
        contacts.find(|now| now.id == contact.id).unwrap()
    }

    /// Makes a webhook for everything.
    pub(crate) async fn hook(&self) {
        let body = json!({"webhook": {
            "name": "engaged", "url": "https://example.org/hook",
            "events": ["open", "click", "bounce", "unsubscribe", "subscribe", "update", "sent", "reply", "contact_tag_added", "contact_tag_removed"],
            "sources": ["public", "admin", "api", "system"], "listid": 0,
        }});
        let answer = self.ask("POST", "/webhooks", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Lets a day of news pass.
    pub(crate) fn news(&self) {
        self.world.write().unwrap().day_of_news();
    }
}
