//! A platform that only talks, and a desk with a connection to it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use engaged_connectors::{
    Account, Capabilities, Change, Clock, Connector, ConnectorError, Cursor, Outcome, Page, Stream,
    http::{Network, Transport},
    model::{Address, ContactRef, Event, EventKind, Reject},
    webhook::{
        Delivery, Doubt, News, Trust, Webhook,
        signature::{Secrets, mautic},
    },
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;
use tempfile::TempDir;

use crate::{
    config::{self, Environment},
    desk::Desk,
    schedule::jobs::Jobs,
    store::{Access, Store},
};

pub(crate) const PATH: &str = "a-path-that-nobody-can-guess-because-it-is-long-0";
pub(crate) const BEFORE: &str = "a-path-that-was-good-before-and-still-is-for-now-0";
pub(crate) const SECRET: &str = "a secret of both sides";

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[webhooks]
listen = "127.0.0.1:0"
[connections.site]
platform = "ghost"
base_url = "http://127.0.0.1:9"
key = { env = "KEY" }
webhook = { path = { env = "PATH_NOW" }, former_path = { env = "PATH_BEFORE" }, secret = { env = "SECRET" } }
[scores.engagement]
rules = [{ when = "open", points = 1 }]
"#;

/// A clock that a test sets. It begins at noon (UTC) on 15 June 2026.
pub(crate) struct Hands(AtomicI64);

impl Hands {
    pub(crate) fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// What tests work with.
pub(crate) struct Bench {
    pub(crate) desk: Arc<Desk>,
    pub(crate) clock: Arc<Hands>,
    _folder: TempDir,
}

impl Bench {
    /// A desk with the connection `site`; what its platform says is read by [`Talker`].
    pub(crate) fn new() -> Self {
        Self::with(|jobs| jobs.put("site", Box::new(Talker::new())))
    }

    /// The same, with the connector of its platform.
    pub(crate) fn ghost() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Jobs)) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("engaged.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let environment: Environment = [
            ("KEY", format!("{}:{}", "0".repeat(24), "0".repeat(64))),
            ("PATH_NOW", PATH.to_owned()),
            ("PATH_BEFORE", BEFORE.to_owned()),
            ("SECRET", SECRET.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let config = config::load(&path, &environment).unwrap();
        let noon: DateTime<Utc> = "2026-06-15T12:00:00Z".parse().unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(noon.timestamp_millis())));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let store = Store::open(&config.database, Access::ReadWrite, clock.as_ref()).unwrap();
        let transport: Arc<dyn Transport> = Arc::new(Network::new().unwrap());
        let jobs = Jobs::new(
            config,
            store,
            shared,
            &environment,
            &transport,
            Arc::new(|_| {}),
        );
        let Ok(mut jobs) = jobs else {
            panic!("no jobs");
        };
        change(&mut jobs);
        Self {
            desk: Desk::new(jobs, environment, transport),
            clock,
            _folder: folder,
        }
    }

    pub(crate) fn store(&self) -> Store {
        self.desk.jobs().store.clone()
    }
}

/// Its deliveries are lists of opens: `[{"id":"e1","email":"a@example.nl","at":1785579132345}]`, signed as Mautic signs.
pub(crate) struct Talker {
    secrets: Secrets,
    capabilities: Capabilities,
}

pub(crate) const OPENS: Stream = Stream("opens");

impl Talker {
    fn new() -> Self {
        Self {
            secrets: Secrets::new([SecretString::from(SECRET)]),
            capabilities: Capabilities {
                platform: "ghost",
                streams: &[],
                fields: false,
                creates_fields: false,
                field_name_max: 0,
                frozen: &[],
                starts: &[],
                removals: &[],
                retention: None,
                unreported: &[],
                twins: None,
                guarantee: "none",
            },
        }
    }
}

/// The event that a row means, by webhook and by poll alike.
pub(crate) fn open(number: usize, at: DateTime<Utc>) -> Event {
    let contact = ContactRef {
        id: None,
        email: Address::parse(&format!("reader{}@example.nl", number % 500)),
    };
    let mut event = Event::new(contact, EventKind::Open, at);
    event.id = Some(format!("e{number}"));
    event.campaign = Some(format!("n{}", number % 7));
    event
}

/// A body that says so.
pub(crate) fn body(number: usize, at: DateTime<Utc>) -> String {
    format!(r#"[{{"number":{number},"at":{}}}]"#, at.timestamp_millis())
}

/// The signature of a body.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

impl Webhook for Talker {
    fn trust(&self) -> Trust {
        Trust::Signed
    }

    fn verify(
        &self,
        delivery: &Delivery<'_>,
        _: Option<&str>,
        _: DateTime<Utc>,
    ) -> Result<(), Doubt> {
        mautic::verify(delivery, &self.secrets)
    }

    fn name(&self, delivery: &Delivery<'_>) -> Option<String> {
        delivery.header("x-nonce").map(str::to_owned)
    }

    fn read(&self, delivery: &Delivery<'_>, _: DateTime<Utc>) -> Result<News, ConnectorError> {
        assert_ne!(delivery.body, b"fall", "a bug in a connector");
        let rows: Vec<Value> =
            serde_json::from_slice(delivery.body).map_err(|_| ConnectorError::Contract {
                what: "webhook".into(),
                detail: "not a list".into(),
            })?;
        let mut news = News::default();
        for row in rows {
            let at = row["at"].as_i64().and_then(DateTime::from_timestamp_millis);
            match (row["number"].as_u64(), at, row["hint"].as_bool()) {
                (Some(number), Some(at), _) => {
                    news.events.push(open(usize::try_from(number).unwrap(), at));
                }
                (_, _, Some(true)) => news.poll = vec![OPENS],
                (_, _, Some(false)) => news.unknown += 1,
                _ => news.rejects.push(Reject {
                    id: None,
                    at: None,
                    reason: "no number".into(),
                }),
            }
        }
        Ok(news)
    }
}

#[async_trait]
impl Connector for Talker {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        unreachable!("it only talks")
    }

    async fn pull(&self, _: Stream, _: Option<&Cursor>) -> Result<Page, ConnectorError> {
        unreachable!("it only talks")
    }

    async fn push(&self, _: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        unreachable!("it only talks")
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }
}
