//! A client of few lines, and a small world to ask for.

use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use chrono::{DateTime, TimeZone as _, Utc};
use engaged_sandbox::copernica::{Contact, Copernica, Options};
use engaged_sandbox::fault::FaultPlan;
use engaged_sandbox::people::{Publication, SharedWorld, Turn, World, WorldSpec};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;

/// A running stand-in with its world, and a client that exchanges its token once.
pub(crate) struct Bench {
    pub(crate) copernica: Copernica,
    pub(crate) world: SharedWorld,
    pub(crate) token: Mutex<String>,
}

/// A Wednesday, one day after an issue went out.
pub(crate) fn end() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 10, 12, 0, 0).unwrap()
}

/// The first small world in which something of each kind has happened.
fn eventful() -> World {
    let has_each = |world: &World| {
        let happened = |turn: fn(&Turn) -> bool| {
            let mut all = world.milestones().iter();
            all.any(|change| change.publication == Publication::Weekly && turn(&change.turn))
        };
        happened(|turn| matches!(turn, Turn::Left(_)))
            && happened(|turn| matches!(turn, Turn::Bounced(_)))
            && happened(|turn| matches!(turn, Turn::Complained(_)))
            && !world.orders().is_empty()
    };
    (1..1_000)
        .map(|seed| World::generate(&WorldSpec::small(seed, end(), 150)))
        .find(has_each)
        .unwrap()
}

impl Bench {
    pub(crate) async fn new(options: Options) -> Self {
        static WORLD: LazyLock<World> = LazyLock::new(eventful);
        let world = Arc::new(RwLock::new(WORLD.clone()));
        let served = Copernica::start(options, Arc::clone(&world), FaultPlan::none());
        let bench = Self {
            copernica: served.await.unwrap(),
            world,
            token: Mutex::default(),
        };
        bench.renew().await;
        bench
    }

    pub(crate) async fn plain() -> Self {
        Self::new(Options::default()).await
    }

    /// Exchanges a token.
    pub(crate) async fn exchange(&self, key: &str) -> Response<Bytes> {
        let request = Request::post(self.copernica.auth_url())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(format!("access_token={key}")));
        self.copernica.ask(request.unwrap()).await.unwrap()
    }

    pub(crate) async fn renew(&self) {
        let answer = self.exchange(self.copernica.key()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let token = String::from_utf8(answer.body().to_vec()).unwrap();
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    pub(crate) fn bearer(&self) -> String {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        format!("Bearer {token}")
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Response<Bytes> {
        let path = path
            .replace(' ', "%20")
            .replace('<', "%3C")
            .replace('>', "%3E");
        let url = format!("{}{path}", self.copernica.base_url());
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", self.bearer())
            .body(Bytes::from(body.to_owned()));
        self.copernica.ask(request.unwrap()).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> StatusCode {
        self.ask(Method::PUT, path, body).await.status()
    }

    /// The id of what a POST makes.
    pub(crate) async fn post(&self, path: &str, body: &str) -> String {
        let answer = self.ask(Method::POST, path, body).await;
        assert_eq!(
            answer.status(),
            StatusCode::CREATED,
            "{path}: {:?}",
            answer.body()
        );
        assert!(answer.body().is_empty());
        answer.headers()["x-created"].to_str().unwrap().to_owned()
    }

    /// The body of a GET that must go well.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, "").await;
        assert_eq!(
            answer.status(),
            StatusCode::OK,
            "{path}: {:?}",
            answer.body()
        );
        json(&answer)
    }

    /// What a refusal says.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: &str) -> String {
        let answer = self.ask(method, path, body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        json(&answer)["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// All rows of a list, by offset.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        loop {
            let url = format!("{path}{glue}limit=1000&start={}", all.len());
            let page = rows(&self.get(&url).await);
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// The path of the newsletter's database.
    pub(crate) fn base(&self) -> String {
        format!("/database/{}", self.copernica.databases()[0])
    }

    /// Somebody who gets the mailings, or does not.
    pub(crate) fn somebody(&self, mailed: bool) -> Contact {
        let mut all = self.copernica.contacts().into_iter();
        all.find(|contact| contact.mailed == mailed).unwrap()
    }

    /// The same contact now; `None` when removed.
    pub(crate) fn again(&self, id: u32) -> Option<Contact> {
        let mut all = self.copernica.contacts().into_iter();
        all.find(|contact| contact.id == id)
    }
}

pub(crate) fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap()
}

/// The rows of a list.
pub(crate) fn rows(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().clone()
}

/// A value of each row.
pub(crate) fn column(rows: &[Value], name: &str) -> Vec<String> {
    let all = rows
        .iter()
        .map(|row| row[name].as_str().unwrap().to_owned());
    all.collect()
}
