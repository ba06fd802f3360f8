//! Copernica, Marketing Suite and Publisher, through the REST API v4 with an API token.
//!
//! What it gives: the profiles of one database; every open and click with its link
//! and user agent, and every unsubscribe, within minutes; sends, deliveries,
//! bounces and complaints a day late; rows of collections, such as orders. As far
//! back as the account keeps its data, which may be a week. What it hides: who or
//! what opened, and where an unsubscribe came from that no mail led to.
//!
//! **One source for each kind.** A logfile names the message, a list of events
//! numbers the event, and a webhook knows the message: nothing says that two rows
//! are one event. So opens, clicks and unsubscribes come from the lists alone
//! (`polled`), sends, deliveries, bounces and complaints from the logfiles alone
//! (`logs`), and a webhook only says when to look.
//!
//! **What Copernica does not say.** A filter, field or parameter that it does not
//! understand is passed over in silence (sheet 3 and 8). So each row is held
//! against what was asked, and each write is read back. No filtered update is ever
//! sent, since with a filter passed over it would write to everybody.
//!
//! Facts come from `platforms/copernica.md`; nobody has tried this against Copernica
//! itself. This file holds the settings, the declaration and the port.

mod collections;
mod contacts;
mod database;
mod import;
mod keyset;
mod logfile;
mod logs;
mod polled;
mod push;
mod remove;
mod start;
mod token;
mod webhook;
mod window;
mod wire;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ::http::{HeaderMap, Uri};
use async_trait::async_trait;
use chrono::{DateTime, Datelike as _, Days, SubsecRound as _, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    clock::Clock,
    connector::{
        Account, CHECK_MAX, Capabilities, Change, Connector, Former, Look, Outcome, Page, Removal,
        RemovalSpec, Start, StartKind, Stream, StreamSpec, Who, ours::Ours,
    },
    cursor::Cursor,
    error::ConnectorError,
    http::{Client, Rate, Retry, Transport, within},
    model::EventKind,
    webhook::Webhook,
};
use token::Signed;
use webhook::Hook;
use wire::Row;

pub use collections::Collection;
pub use start::check_action;

/// The profiles of the database.
pub const CONTACTS: Stream = Stream("contacts");
/// Opens.
pub const OPENS: Stream = Stream("opens");
/// Clicks.
pub const CLICKS: Stream = Stream("clicks");
/// Unsubscribes.
pub const UNSUBSCRIBES: Stream = Stream("unsubscribes");
/// Sends, deliveries, bounces and complaints.
pub const LOGS: Stream = Stream("logs");
/// Rows of collections.
pub const COLLECTIONS: Stream = Stream("collections");

/// How much is read again: more than the hour that October repeats (sheet 3), and more than [`LATE`].
const OVERLAP: TimeDelta = TimeDelta::hours(4);
/// How late an event may come to be seen: two hours are lost where times are not in the zone that we think (sheet 3).
const LATE: Duration = Duration::from_hours(3);
/// The shortest time for which an account can be set to keep its data (sheet 4.6).
const RETENTION: u32 = 7;

/// No limit is published and calls are counted: two at once are enough (sheet 2).
pub const RATE: Rate = Rate {
    per_second: 10.0,
    burst: 10,
    at_once: 2,
};

static STREAMS: &[StreamSpec] = &[
    spec(CONTACTS, &[], Duration::ZERO),
    spec(OPENS, &[EventKind::Open], LATE),
    spec(CLICKS, &[EventKind::Click], LATE),
    spec(UNSUBSCRIBES, &[EventKind::Unsubscribe], LATE),
    spec(
        LOGS,
        &[
            EventKind::Send,
            EventKind::Delivery,
            EventKind::HardBounce,
            EventKind::SoftBounce,
            EventKind::Complaint,
        ],
        Duration::from_hours(24),
    ),
];

static REMOVALS: &[RemovalSpec] = &[
    RemovalSpec {
        removal: Removal::Unsubscribe,
        lost: Some(
            "what the columns held before; and the whole profile, where the database removes whoever leaves \
             and the connection allows that",
        ),
        undone: false,
    },
    RemovalSpec {
        removal: Removal::Delete,
        lost: Some("the profile with its fields, interests and subprofiles"),
        undone: false,
    },
];

const fn spec(stream: Stream, kinds: &'static [EventKind], lateness: Duration) -> StreamSpec {
    StreamSpec {
        stream,
        kinds,
        lateness,
        counted: false,
    }
}

/// One of the two mail products that live side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Product {
    /// `ms` in paths, `cdm` in logfiles.
    MarketingSuite,
    /// `publisher` in paths, `pom` in logfiles.
    Publisher,
}

impl Product {
    /// Keeps the ids of the two apart, which may be equal.
    const fn prefix(self) -> &'static str {
        match self {
            Self::MarketingSuite => "ms",
            Self::Publisher => "pub",
        }
    }
}

/// What a connection to Copernica needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API is, ending in `/v4`; `None` for Copernica's own.
    pub base_url: Option<String>,
    /// Where the token is exchanged for that of the day; `None` for Copernica's own.
    pub auth_url: Option<String>,
    /// The API token, as the Marketing Suite shows it once.
    pub token: SecretString,
    /// The database, by its id or its name.
    pub database: String,
    /// The zone of the account's times, such as `Europe/Amsterdam`, which is the default.
    pub time_zone: Option<String>,
    /// The products that the account has; none means both.
    pub products: Vec<Product>,
    /// For how many days the account keeps its data; `None` for the shortest that can be set, a week.
    pub retention_days: Option<u32>,
    /// Collections whose rows are events.
    pub collections: Vec<Collection>,
    /// Whether to unsubscribe although the database removes whoever leaves.
    pub unsubscribe_may_remove: bool,
    /// Whether to write many fields by imports: far fewer calls, but try it on a database of your own first (see the
    /// `import` module). With `false` each profile is written by itself.
    pub imports: bool,
    /// With what our tags begin. A change to any other tag is refused, except to `start_tags`.
    pub tag_prefix: String,
    /// Whole names of tags that start a follow-up of the user's.
    pub start_tags: Vec<String>,
    /// Names of fields that start a follow-up of the user's: these are written as text.
    pub start_fields: Vec<String>,
    /// The account for which webhooks are signed, `account-123`; with none they are not believed.
    pub webhook_account: Option<String>,
}

/// One database of one Copernica account.
pub struct Copernica {
    client: Client,
    clock: Arc<dyn Clock>,
    database: String,
    zone: Tz,
    products: Vec<Product>,
    retention: TimeDelta,
    collections: Vec<Collection>,
    may_remove: bool,
    imports: bool,
    ours: Ours,
    hook: Hook,
    capabilities: Capabilities,
}

impl Copernica {
    /// Reads the settings; one of the wrong shape is a [`ConnectorError::Config`].
    pub fn new(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let auth = settings
            .auth_url
            .as_deref()
            .unwrap_or("https://authenticate.copernica.com");
        let auth_url = auth_url(auth, &transport, &clock)?;
        let token = settings.token.expose_secret().trim();
        if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(config(
                "token",
                "an API token is one word, as the Marketing Suite shows it once",
            ));
        }
        if settings.database.trim().is_empty() {
            return Err(config(
                "database",
                "say which database, by its id or its name",
            ));
        }
        let zone = settings.time_zone.as_deref().unwrap_or("Europe/Amsterdam");
        let zone: Tz = zone
            .parse()
            .map_err(|_| config("time_zone", "is no zone such as Europe/Amsterdam"))?;
        let days = settings.retention_days.unwrap_or(RETENTION).clamp(2, 3_650);
        let retention = TimeDelta::days(i64::from(days));
        let signed = Signed::new(
            transport,
            Arc::clone(&clock),
            auth_url,
            settings.token.clone(),
        );
        let base = settings
            .base_url
            .as_deref()
            .unwrap_or("https://api.copernica.com/v4");
        let credentials = Box::new(|_| Ok(HeaderMap::new()));
        // An overload lasts for minutes (sheet 2).
        let retry = Retry {
            attempts: 6,
            first: Duration::from_secs(5),
            ceiling: Duration::from_mins(2),
            budget: Duration::from_mins(5),
        };
        let client = Client::new(base, credentials, Arc::new(signed), Arc::clone(&clock))?;
        Ok(Self {
            client: client.with_rate(RATE).with_retry(retry),
            clock,
            database: settings.database.trim().to_owned(),
            zone,
            products: products(&settings.products),
            retention,
            collections: settings.collections.clone(),
            may_remove: settings.unsubscribe_may_remove,
            imports: settings.imports,
            ours: Ours {
                prefix: settings.tag_prefix.clone(),
                tags: settings.start_tags.clone(),
                fields: settings.start_fields.clone(),
            },
            hook: Hook {
                account: settings.webhook_account.clone(),
            },
            capabilities: capabilities(retention, streams(&settings.collections)),
        })
    }

    /// With at most so many requests a second; `None` for what [`RATE`] says.
    #[must_use]
    pub fn with_requests_per_second(mut self, most: Option<u32>) -> Self {
        let rate = most.map_or(RATE, |most| RATE.at(most));
        self.client = self.client.with_rate(rate);
        self
    }

    /// What [`Connector::check`] asks.
    async fn ask(&self) -> Result<Account, ConnectorError> {
        let answer = self.client.get("identity").send().await?;
        let identity: Row = answer.json()?;
        let name = identity.text("name").or_else(|| identity.text("company"));
        let id = identity.text("id").ok_or_else(|| answer.refusal())?;
        self.find_database()
            .await
            .map_err(|error| name_right(error, "to read databases"))?;
        database::shape(self)
            .await
            .map_err(|error| name_right(error, "to read the database"))?;
        let profiles = self.path("profiles");
        let read = self
            .client
            .get(&profiles)
            .query("limit", 1)
            .query("total", false);
        let read = read
            .send()
            .await
            .map_err(|failure| name_right(failure.into(), "to read profiles"))?;
        read.json::<Value>()?;
        let read = self.client.get("logfiles").send().await;
        let read = read.map_err(|failure| name_right(failure.into(), "to read logfiles"))?;
        read.json::<Value>()?;
        let mut missing = Vec::new();
        let calls = match self.calls().await {
            Ok(calls) => calls,
            Err(ConnectorError::Auth { .. }) => {
                missing.push("to read the consumption".to_owned());
                None
            }
            Err(error) => return Err(error),
        };
        let calls = calls.map_or_else(String::new, |calls| {
            format!(", {calls} API calls this month")
        });
        Ok(Account {
            name: name.unwrap_or(id),
            version: Some(format!("REST v4{calls}")),
            missing,
            needless: Vec::new(),
        })
    }

    /// The databases of the account.
    async fn databases(&self) -> Result<Vec<Row>, ConnectorError> {
        let answer = self
            .client
            .get("databases")
            .query("limit", 1000)
            .send()
            .await?;
        wire::rows(answer.json()?).ok_or_else(|| answer.refusal())
    }

    /// Refuses a database that is not there.
    async fn find_database(&self) -> Result<(), ConnectorError> {
        let rows = self.databases().await?;
        let is =
            |row: &Row| [row.text("id"), row.text("name")].contains(&Some(self.database.clone()));
        if rows.iter().any(is) {
            return Ok(());
        }
        let names: Vec<String> = rows.iter().filter_map(|row| row.text("name")).collect();
        let detail = format!(
            "there is no database {:?}; there are {names:?}",
            self.database
        );
        Err(config("database", &detail))
    }

    /// How many calls the account has made since the first of the month: they are counted, and may cost (sheet 2).
    async fn calls(&self) -> Result<Option<u64>, ConnectorError> {
        let today = wire::local(self.clock.now(), self.zone).date();
        let call = self
            .client
            .get("consumption")
            .query("begin", today.with_day(1).unwrap_or(today));
        let answer = call.query("end", today + Days::new(1)).send().await?;
        if !answer.status().is_success() {
            return Ok(None);
        }
        Ok(apicalls(&answer.json::<Value>()?))
    }

    /// A path below the database.
    fn path(&self, below: &str) -> String {
        let name: String = url::form_urlencoded::byte_serialize(self.database.as_bytes()).collect();
        format!("database/{}/{below}", name.replace('+', "%20"))
    }

    fn has(&self, product: Product) -> bool {
        self.products.contains(&product)
    }

    /// The present instant, as precise as cursors keep it.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(3)
    }

    /// From when on the account still has its data.
    fn horizon(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.retention
    }
}

fn products(wanted: &[Product]) -> Vec<Product> {
    let both = [Product::MarketingSuite, Product::Publisher];
    both.into_iter()
        .filter(|product| wanted.is_empty() || wanted.contains(product))
        .collect()
}

/// The streams; that of collections only where some are mapped, since of others nothing is known. What is made
/// here stays for as long as the program runs: a line for each connection that is made.
fn streams(collections: &[Collection]) -> &'static [StreamSpec] {
    let names: BTreeSet<&str> = collections.iter().map(|each| each.kind.as_str()).collect();
    if names.is_empty() {
        return STREAMS;
    }
    let kind = |name: &str| {
        collections
            .iter()
            .find(|each| each.kind.as_str() == name)
            .map(|each| each.kind.clone())
    };
    let kinds: Vec<EventKind> = names.into_iter().filter_map(kind).collect();
    let mut streams = STREAMS.to_vec();
    streams.push(spec(COLLECTIONS, kinds.leak(), LATE));
    streams.leak()
}

fn capabilities(retention: TimeDelta, streams: &'static [StreamSpec]) -> Capabilities {
    Capabilities {
        platform: "copernica",
        streams,
        fields: true,
        creates_fields: true,
        field_name_max: push::NAME_MAX,
        frozen: &[],
        starts: &[StartKind::Tag, StartKind::Field, StartKind::Automation],
        removals: REMOVALS,
        retention: retention.to_std().ok(),
        unreported: &[
            "what is older than the account keeps its data",
            "unsubscribes outside of mails (the contact's status shows them)",
            "refusals of a mail by Copernica itself, which are no bounces",
            "web forms, surveys and visits of pages, which have no API",
        ],
        twins: None,
        guarantee: "every event that Copernica still has, once, if the connection reads more often than the \
                    account clears its data away; sends, deliveries, bounces and complaints a day late",
    }
}

/// Reads the address where tokens are exchanged, by the same rules as that of the API.
fn auth_url(
    text: &str,
    transport: &Arc<dyn Transport>,
    clock: &Arc<dyn Clock>,
) -> Result<Uri, ConnectorError> {
    let credentials = Box::new(|_| Ok(HeaderMap::new()));
    let tried = Client::new(text, credentials, Arc::clone(transport), Arc::clone(clock));
    tried.map_err(|error| match error {
        ConnectorError::Config { detail, .. } => config("auth_url", &detail),
        other => other,
    })?;
    text.trim()
        .parse()
        .map_err(|_| config("auth_url", "is no address"))
}

fn config(what: &str, detail: &str) -> ConnectorError {
    ConnectorError::Config {
        what: what.to_owned(),
        detail: detail.to_owned(),
    }
}

/// Names the right that a token lacks: v4 gives rights to each token (sheet 1).
fn name_right(error: ConnectorError, right: &str) -> ConnectorError {
    match error {
        ConnectorError::Auth {
            what,
            detail,
            missing: None,
        } => ConnectorError::Auth {
            what,
            detail,
            missing: Some(right.to_owned()),
        },
        other => other,
    }
}

/// The number under `apicalls`, however deep it lies.
fn apicalls(value: &Value) -> Option<u64> {
    match value {
        Value::Object(map) => {
            let own = map
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case("apicalls"));
            let own = own.and_then(|(_, value)| wire::text(value)?.parse().ok());
            own.or_else(|| map.values().find_map(apicalls))
        }
        Value::Array(items) => {
            let each: Vec<u64> = items.iter().filter_map(apicalls).collect();
            (!each.is_empty()).then(|| each.iter().sum())
        }
        _ => None,
    }
}

#[async_trait]
impl Connector for Copernica {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        within(CHECK_MAX, "check", self.ask()).await
    }

    async fn lists(&self) -> Result<Vec<String>, ConnectorError> {
        let rows = self.databases().await;
        let rows = rows.map_err(|error| name_right(error, "to read databases"))?;
        Ok(rows.iter().filter_map(|row| row.text("name")).collect())
    }

    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        let spec = self
            .capabilities
            .streams
            .iter()
            .find(|spec| spec.stream == stream);
        let spec = spec
            .ok_or_else(|| config("stream", &format!("Copernica has no stream {:?}", stream.0)))?;
        match (stream, spec.kinds) {
            (CONTACTS, _) => contacts::pull(self, cursor).await,
            (LOGS, _) => logs::pull(self, spec, cursor).await,
            (COLLECTIONS, _) => collections::pull(self, spec, cursor).await,
            (_, [kind]) => polled::pull(self, spec, kind, cursor).await,
            _ => Err(config("stream", "no such stream")),
        }
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        push::push(self, changes).await
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(&self.hook)
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        let columns = database::columns(self).await?;
        Ok(columns
            .into_iter()
            .filter(database::Column::is_number)
            .map(|column| column.name)
            .collect())
    }

    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        start::start(self, starts).await
    }

    async fn look(&self, contacts: &[Who]) -> Result<Vec<Option<Look>>, ConnectorError> {
        remove::look(self, contacts).await
    }

    async fn remove(
        &self,
        contacts: &[Who],
        removal: Removal,
    ) -> Result<Vec<Outcome>, ConnectorError> {
        remove::remove(self, contacts, removal).await
    }

    async fn restore(&self, contacts: &[Former]) -> Result<Vec<Outcome>, ConnectorError> {
        Ok(contacts
            .iter()
            .map(|former| Outcome::Rejected(remove::for_good(former.removal)))
            .collect())
    }
}
