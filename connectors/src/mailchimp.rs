//! Mailchimp, through the Marketing API 3.0 with an API key.
//!
//! What it gives: the members of every audience with merge fields and tags; per
//! campaign who was mailed, every open with a mark on those by privacy proxies,
//! every click, the first bounce and the unsubscribes; complaints; orders that a
//! shop sends. For ever. What it hides: ids of events, the time of a single send,
//! who or what clicked, and everything about automation flows.
//!
//! **Who is who.** A member belongs to one audience, so one address in two
//! audiences is two members here, `AUDIENCE:CONTACT_ID`; the caller joins them by
//! address. The contact id outlives a change of address, while the id that
//! reports give is a digest of the address. Events therefore name their contact
//! by address alone. Status, fields and tags are those of that one audience.
//!
//! **Status.** Cleaned is bounced. Pending and transactional members never agreed
//! to be mailed, which here is the same as unsubscribed. Archived ones are
//! suppressed: they are off the list, their data is kept, and no change of ours
//! brings them back but the undoing of our own removal.
//!
//! Facts come from `platforms/mailchimp.md` and the specification 3.0.90. This file
//! holds the settings, the declaration and the port; it reads no wire format.

mod activity;
mod archive;
mod campaign;
mod complaints;
mod contacts;
mod edge;
mod feed;
mod fields;
mod lists;
mod look;
mod one;
mod orders;
mod patience;
mod push;
mod remove;
mod reports;
mod restore;
mod start;
mod walk;
mod whom;
mod wire;

use std::{sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderValue, header};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SubsecRound as _, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    clock::Clock,
    connector::{
        Account, CHECK_MAX, Capabilities, Change, Connector, Former, Look, Outcome, Page, Removal,
        RemovalSpec, Start, StartKind, Stream, StreamSpec, Who, ours::Ours,
    },
    cursor::Cursor,
    error::ConnectorError,
    http::{Client, Rate, Transport, within},
    model::{EventKind, Status},
};
use edge::Edge;

pub use start::check_action;

/// The members of the audiences.
pub const CONTACTS: Stream = Stream("contacts");
/// Sends, opens, clicks, bounces and unsubscribes, campaign by campaign.
pub const ACTIVITY: Stream = Stream("activity");
/// Complaints, audience by audience.
pub const COMPLAINTS: Stream = Stream("complaints");
/// Orders of connected shops.
pub const ORDERS: Stream = Stream("orders");

/// How old the counters may be from which we learn that a report has news: the
/// specification speaks of five minutes for those of audiences.
const CACHED: Duration = Duration::from_mins(10);

/// Ten connections at once for all tools on one key, no limit per second (sheet, section 2):
/// the platform's own latency is what slows us down, one request after the other.
pub const RATE: Rate = Rate {
    per_second: 500.0,
    burst: 50,
    at_once: 4,
};

static STREAMS: &[StreamSpec] = &[
    StreamSpec {
        stream: CONTACTS,
        kinds: &[],
        lateness: Duration::ZERO,
        counted: false,
    },
    StreamSpec {
        stream: ACTIVITY,
        kinds: &[
            EventKind::Send,
            EventKind::Open,
            EventKind::Click,
            EventKind::HardBounce,
            EventKind::SoftBounce,
            EventKind::Unsubscribe,
        ],
        lateness: CACHED,
        counted: false,
    },
    StreamSpec {
        stream: COMPLAINTS,
        kinds: &[EventKind::Complaint],
        lateness: CACHED,
        counted: false,
    },
    StreamSpec {
        stream: ORDERS,
        kinds: &[EventKind::Purchase, EventKind::Refund],
        lateness: CACHED,
        counted: false,
    },
];

static REMOVALS: &[RemovalSpec] = &[
    RemovalSpec {
        removal: Removal::Unsubscribe,
        lost: Some("the place in a running automation"),
        undone: true,
    },
    // That the data is kept and that the address may come back: sheet, section 6.
    RemovalSpec {
        removal: Removal::Archive,
        lost: Some(
            "the place in a running automation, and that somebody was pending or transactional",
        ),
        undone: true,
    },
    RemovalSpec {
        removal: Removal::Delete,
        lost: Some("everything; the address can never be imported again"),
        undone: false,
    },
];

static CAPABILITIES: Capabilities = Capabilities {
    platform: "mailchimp",
    streams: STREAMS,
    fields: true,
    creates_fields: true,
    field_name_max: 10,
    // Cleaned members "cannot be changed" (sheet, section 9).
    frozen: &[Status::Bounced],
    starts: &[
        StartKind::Tag,
        StartKind::Field,
        StartKind::Automation,
        StartKind::Event,
    ],
    removals: REMOVALS,
    retention: None,
    unreported: &[
        "mails of automation flows (customer journeys) and their opens and clicks",
        "the sends of classic automations (their opens and clicks are read where Mailchimp lists them)",
        "bounces after the first of each mail",
        "opens and clicks beyond the first 1,000 of one contact in one campaign",
        "unsubscribes outside campaigns (the contact's status shows them)",
        "orders from before a shop was connected",
    ],
    twins: None,
    guarantee: "every event in Mailchimp's reports, once; opens and clicks that Mailchimp learns of \
                more than 14 days after they happened may be missed",
};

/// What a connection to Mailchimp needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API is, e.g. `http://127.0.0.1:9000/3.0`; `None` for the data
    /// centre that the key names.
    pub base_url: Option<String>,
    /// The API key, `…-us19`.
    pub key: SecretString,
    /// Names of the audiences to follow; none means all.
    pub lists: Vec<String>,
    /// With what our tags begin. A change to any other tag is refused, except to `start_tags`.
    pub tag_prefix: String,
    /// Whole names of tags that start an automation of the user's.
    pub start_tags: Vec<String>,
    /// Merge tags of fields that start an automation of the user's: these are written as text, others as numbers where they are some.
    pub start_fields: Vec<String>,
}

/// One Mailchimp account.
pub struct Mailchimp {
    client: Client,
    clock: Arc<dyn Clock>,
    lists: Vec<String>,
    ours: Ours,
}

impl Mailchimp {
    /// Reads the settings; a URL or key of the wrong shape is a [`ConnectorError::Config`].
    pub fn new(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let key = settings.key.expose_secret().trim();
        let base = match &settings.base_url {
            Some(url) => url.clone(),
            None => format!("https://{}.api.mailchimp.com/3.0", data_centre(key)?),
        };
        let basic = format!("Basic {}", STANDARD.encode(format!("engaged:{key}")));
        let basic = HeaderValue::from_str(&basic).map_err(|_| wrong_key())?;
        let credentials = Box::new(move |_| {
            Ok(HeaderMap::from_iter([(
                header::AUTHORIZATION,
                basic.clone(),
            )]))
        });
        let transport = Arc::new(Edge(transport));
        let client = Client::new(&base, credentials, transport, Arc::clone(&clock))?;
        Ok(Self {
            client: client.with_rate(RATE),
            clock,
            lists: settings.lists.clone(),
            ours: Ours {
                prefix: settings.tag_prefix.clone(),
                tags: settings.start_tags.clone(),
                fields: settings.start_fields.clone(),
            },
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
        let root = self.client.get("").query("fields", "account_name,role");
        let root: wire::Root = root.send().await?.json()?;
        lists::followed(self).await?;
        // The roles are owner, admin, manager, author and viewer; the last two write nothing.
        let reader = |role: &String| matches!(role.as_str(), "author" | "viewer");
        let missing = root.role.clone().filter(reader);
        let missing = missing.map(|_| "the role Manager".into());
        let more = |role: &String| matches!(role.as_str(), "owner" | "admin");
        let needless = root.role.filter(more);
        let needless = needless.map(|role| format!("the role {role} (Manager is enough)"));
        Ok(Account {
            name: root.account_name.unwrap_or_default(),
            version: None,
            missing: missing.into_iter().collect(),
            needless: needless.into_iter().collect(),
        })
    }

    /// The present instant, as precise as cursors keep it.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(3)
    }
}

/// The data centre that a key names after its last dash. It becomes part of a
/// host name, so nothing else is let through.
fn data_centre(key: &str) -> Result<&str, ConnectorError> {
    let (_, dc) = key.rsplit_once('-').ok_or_else(wrong_key)?;
    let letters = dc.bytes().take_while(u8::is_ascii_lowercase).count();
    let digits = &dc[letters..];
    let fits = (2..=4).contains(&letters)
        && (1..=3).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(dc).ok_or_else(wrong_key)
}

fn wrong_key() -> ConnectorError {
    ConnectorError::Config {
        what: "key".into(),
        detail: "a Mailchimp API key ends in a dash and a data centre, such as -us19".into(),
    }
}

#[async_trait]
impl Connector for Mailchimp {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        within(CHECK_MAX, "check", self.ask()).await
    }

    async fn lists(&self) -> Result<Vec<String>, ConnectorError> {
        let all = lists::all_of(self).await?;
        Ok(all.into_iter().map(|list| list.name).collect())
    }

    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        match stream {
            CONTACTS => contacts::pull(self, cursor).await,
            ACTIVITY => activity::pull(self, cursor).await,
            COMPLAINTS => complaints::pull(self, cursor).await,
            ORDERS => orders::pull(self, cursor).await,
            Stream(name) => Err(ConnectorError::Config {
                what: "stream".into(),
                detail: format!("Mailchimp has no stream {name:?}"),
            }),
        }
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        push::push(self, changes).await
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        fields::common(self).await
    }

    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        start::start(self, starts).await
    }

    async fn look(&self, contacts: &[Who]) -> Result<Vec<Option<Look>>, ConnectorError> {
        look::look(self, contacts).await
    }

    async fn remove(
        &self,
        contacts: &[Who],
        removal: Removal,
    ) -> Result<Vec<Outcome>, ConnectorError> {
        remove::remove(self, contacts, removal).await
    }

    async fn restore(&self, contacts: &[Former]) -> Result<Vec<Outcome>, ConnectorError> {
        restore::restore(self, contacts).await
    }
}

#[cfg(test)]
mod tests {
    use super::data_centre;

    #[test]
    fn only_a_data_centre_may_become_a_host_name() {
        assert_eq!(data_centre("0123abc-us19").unwrap(), "us19");
        assert_eq!(data_centre("a-b-eu1").unwrap(), "eu1");
        for key in [
            "",
            "0123",
            "0-",
            "0-us",
            "0-19",
            "0-us1.evil.example/",
            "0-us1@x",
            "0-us1234",
        ] {
            assert!(data_centre(key).is_err(), "{key}");
        }
    }
}
