//! A client of few lines, and a small world to ask for.

use std::sync::{Arc, LazyLock, RwLock};

use base64::Engine as _;
use chrono::{DateTime, TimeZone as _, Utc};
use engaged_sandbox::fault::FaultPlan;
use engaged_sandbox::mailchimp::{Contact, Mailchimp, Options, Status};
use engaged_sandbox::people::{Publication, SharedWorld, Standing, Turn, World, WorldSpec};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `Invalid Resource` and the like.
    pub(crate) fn title(&self) -> String {
        self.json()["title"].as_str().unwrap().to_owned()
    }
}

/// Asks with whatever header lines; `None` when no whole answer came.
pub(crate) async fn raw(method: &str, url: &str, headers: &str, body: &str) -> Option<Answer> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, target) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "{method} /{target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    Some(Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: bytes[split + 4..].to_vec(),
    })
}

/// A running stand-in with its world.
pub(crate) struct Bench {
    pub(crate) mailchimp: Mailchimp,
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
                let weekly = change.publication == Publication::Weekly;
                let gone = person.standing(Publication::Weekly, world.end()) == Standing::Gone;
                weekly && gone && person.job().is_some() && turn(&change.turn)
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

impl Bench {
    pub(crate) async fn new(options: Options) -> Self {
        Self::with_faults(options, FaultPlan::none()).await
    }

    pub(crate) async fn with_faults(options: Options, plan: FaultPlan) -> Self {
        static WORLD: LazyLock<World> = LazyLock::new(eventful);
        let world = Arc::new(RwLock::new(WORLD.clone()));
        let mailchimp = Mailchimp::start(options, Arc::clone(&world), plan)
            .await
            .unwrap();
        Self { mailchimp, world }
    }

    pub(crate) async fn plain() -> Self {
        Self::new(Options::default()).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_ask(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_ask(&self, method: &str, path: &str, body: &str) -> Option<Answer> {
        let pair = format!("any:{}", self.mailchimp.key());
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        let url = format!("{}{path}", self.mailchimp.base_url());
        raw(
            method,
            &url,
            &format!("authorization: Basic {pair}\r\n"),
            body,
        )
        .await
    }

    /// The body of a GET that must go well.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// All rows of a collection.
    pub(crate) async fn all(&self, path: &str, rows: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        loop {
            let page = self
                .get(&format!("{path}{glue}count=100&offset={}", all.len()))
                .await;
            let page_rows = page[rows].as_array().unwrap().clone();
            let total = page["total_items"].as_u64().unwrap();
            let empty = page_rows.is_empty();
            all.extend(page_rows);
            if all.len() as u64 >= total || empty {
                return all;
            }
        }
    }

    /// The path of the newsletter's list.
    pub(crate) fn list(&self) -> String {
        format!("/lists/{}", self.mailchimp.lists()[0])
    }

    /// The path of a member.
    pub(crate) fn member(&self, contact: &Contact) -> String {
        format!("{}/members/{}", self.list(), contact.email_id)
    }

    /// Somebody who stands so and has a job, so that required fields do not matter.
    pub(crate) fn somebody(&self, status: Status) -> Contact {
        self.mailchimp
            .contacts()
            .into_iter()
            .find(|contact| contact.status == status && contact.fields["JOB"] != "")
            .unwrap_or_else(|| panic!("nobody is {status:?} in this world"))
    }

    /// The same contact now.
    pub(crate) fn again(&self, contact: &Contact) -> Contact {
        self.mailchimp
            .contacts()
            .into_iter()
            .find(|now| now.contact_id == contact.contact_id)
            .unwrap()
    }

    /// The id of the newest campaign.
    pub(crate) async fn newest(&self) -> String {
        let reports = self.get("/reports?count=1&fields=reports.id").await;
        reports["reports"][0]["id"].as_str().unwrap().to_owned()
    }
}
