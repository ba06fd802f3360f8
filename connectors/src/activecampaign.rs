//! `ActiveCampaign`, which `MailBlue` sells under its own name, through the API v3 with a user's key.
//!
//! What it gives: contacts with lists, tags and custom fields; counters of every campaign; bounces; who left which list
//! and when; orders of a shop. Opens and clicks come by webhook as they happen, and once more from `linkData`, which is not
//! documented. What it hides: to whom a campaign was sent, complaints, machine opens, visits of pages, forms.
//!
//! **Complete or not.** No endpoint lists opens and clicks in a way that can be trusted, so the stream of reports is
//! `counted`: it gives the platform's counters, and what it covers is believed only as far as they agree with what
//! has arrived.
//!
//! **Who is who.** One contact in one account, by number. It may be active on one list and have left another: it counts as
//! subscribed while it is active on a followed list, and as bounced once a followed list says so.
//!
//! Facts come from `platforms/activecampaign.md` (the sheet) and the specification of the API. This file holds the
//! settings, the declaration and the port; it reads no wire format.

mod bounces;
mod contacts;
mod fields;
mod linkdata;
mod look;
mod one;
mod orders;
mod push;
mod remove;
mod reports;
mod sets;
mod start;
mod unsubscribes;
mod walk;
mod webhook;
mod wire;

use std::{sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue};
use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::{
    clock::Clock,
    connector::{
        Account, CHECK_MAX, Capabilities, Change, Connector, Look, Outcome, Page, Removal,
        RemovalSpec, Start, StartKind, Stream, StreamSpec, Who, ours::Ours,
    },
    cursor::Cursor,
    error::ConnectorError,
    http::{Client, Rate, Transport, within},
    model::EventKind,
    webhook::Webhook,
};

pub use fields::check as check_field;
pub use start::check_action;

/// The contacts.
pub const CONTACTS: Stream = Stream("contacts");
/// Opens and clicks, campaign by campaign, and what the platform counts of them.
pub const REPORTS: Stream = Stream("reports");
/// Bounces.
pub const BOUNCES: Stream = Stream("bounces");
/// Who left which list.
pub const UNSUBSCRIBES: Stream = Stream("unsubscribes");
/// Orders of connected shops.
pub const ORDERS: Stream = Stream("orders");

/// How old counters and orders may be. Nothing is documented; this is our own caution.
const CACHED: Duration = Duration::from_mins(10);
/// How late a mail may come back, as far as we wait for it.
const BOUNCE_LATENESS: Duration = Duration::from_hours(1);
/// How far apart the clocks of a webhook and of `linkData` may be for one event (sheet 4.7).
const TWINS: Duration = Duration::from_mins(2);

/// Five a second for all keys of the account together (sheet 2): never more than four in any second.
pub const RATE: Rate = Rate {
    per_second: 4.0,
    burst: 1,
    at_once: 2,
};

static STREAMS: &[StreamSpec] = &[
    spec(CONTACTS, &[], Duration::ZERO),
    StreamSpec {
        counted: true,
        ..spec(REPORTS, &[EventKind::Open, EventKind::Click], CACHED)
    },
    spec(
        BOUNCES,
        &[
            EventKind::Bounce,
            EventKind::HardBounce,
            EventKind::SoftBounce,
        ],
        BOUNCE_LATENESS,
    ),
    spec(UNSUBSCRIBES, &[EventKind::Unsubscribe], Duration::ZERO),
    spec(ORDERS, &[EventKind::Purchase], CACHED),
];

static REMOVALS: &[RemovalSpec] = &[
    RemovalSpec {
        removal: Removal::Unsubscribe,
        // A membership does not always say who ended it: whoever left by a form after our removal looks as we left them.
        lost: Some(
            "the place on the lists and in running automations: only the contact can come back",
        ),
        undone: false,
    },
    RemovalSpec {
        removal: Removal::Delete,
        lost: Some("the contact with tags, fields and its whole history"),
        undone: false,
    },
];

static CAPABILITIES: Capabilities = Capabilities {
    platform: "activecampaign",
    streams: STREAMS,
    fields: true,
    creates_fields: true,
    field_name_max: fields::NAME_MAX,
    frozen: &[],
    starts: &[StartKind::Tag, StartKind::Field, StartKind::Automation],
    removals: REMOVALS,
    retention: None,
    unreported: &[
        "to whom a campaign was sent: nobody is taken for mailed who did not open, click or return it",
        "complaints",
        "opens and clicks that no webhook brought, but for the latest of each contact and link",
        "answers, forwards, visits of pages, forms and other events of the site",
        "what was in an order, and deals (the API does not say when one was won)",
    ],
    twins: Some(TWINS),
    guarantee: "every open and click that a webhook brings, and the latest of each contact and link from \
                the reports where the account has them; days on which the platform counts more than \
                arrived are not judged",
};

const fn spec(stream: Stream, kinds: &'static [EventKind], lateness: Duration) -> StreamSpec {
    StreamSpec {
        stream,
        kinds,
        lateness,
        counted: false,
    }
}

/// What a connection to `ActiveCampaign` needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The API's address, as Settings, Developer shows it; `/api/3` is put behind it where it is missing. It is never
    /// made up from an account's name, since hosts differ (sheet 1).
    pub base_url: String,
    /// The key of a user, from the same page.
    pub key: SecretString,
    /// Names of the lists to follow; none means all. They decide a contact's status and lists, which leavings count,
    /// and from which lists a removal takes somebody.
    pub lists: Vec<String>,
    /// With what our tags begin. A change to any other tag is refused, except to `start_tags`.
    pub tag_prefix: String,
    /// Whole names of tags that start an automation of the user's.
    pub start_tags: Vec<String>,
    /// Personalisation tags of fields that start an automation of the user's: the bulk import, which keeps automations out,
    /// never writes them.
    pub start_fields: Vec<String>,
    /// Whether scores may go by the bulk import, 250 in a request instead of one. It makes a contact of each address that
    /// it does not find: whoever is deleted or renamed between our look and its work is there again. Off by default.
    pub bulk_import: bool,
}

/// One `ActiveCampaign` account.
pub struct ActiveCampaign {
    client: Client,
    clock: Arc<dyn Clock>,
    lists: Vec<String>,
    ours: Ours,
    bulk: bool,
}

impl ActiveCampaign {
    /// Reads the settings; a URL or key of the wrong shape is a [`ConnectorError::Config`].
    pub fn new(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let key = settings.key.expose_secret().trim();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let key = HeaderValue::from_str(key)
            .ok()
            .filter(|_| key.len() >= 16 && key.bytes().all(plain));
        let key = key.ok_or_else(|| ConnectorError::Config {
            what: "key".into(),
            detail: "an API key of ActiveCampaign is a long word of letters and digits".into(),
        })?;
        let credentials = Box::new(move |_| {
            Ok(HeaderMap::from_iter([(
                HeaderName::from_static("api-token"),
                key.clone(),
            )]))
        });
        let base = settings.base_url.trim().trim_end_matches('/');
        let base = if base.ends_with("/api/3") {
            base.to_owned()
        } else {
            format!("{base}/api/3")
        };
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
            bulk: settings.bulk_import,
        })
    }

    /// With at most so many requests a second; `None` for what [`RATE`] says.
    #[must_use]
    pub fn with_requests_per_second(mut self, most: Option<u32>) -> Self {
        let rate = most.map_or(RATE, |most| RATE.at(most));
        self.client = self.client.with_rate(rate);
        self
    }

    /// The present instant, as precise as cursors keep it.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(3)
    }

    /// Who the key belongs to. A key that is good shows it, whatever its user may not see.
    async fn me(&self) -> Result<(), ConnectorError> {
        let answer = self.client.get("users/me").send().await?;
        if answer.status().as_u16() == 404 {
            return Err(ConnectorError::Config {
                what: "base_url".into(),
                detail: "there is no ActiveCampaign API at this address; copy it from Settings, Developer".into(),
            });
        }
        let page: Value = answer.json()?;
        if !page["user"].is_object() {
            return Err(ConnectorError::Contract {
                what: "GET users/me".into(),
                detail: "the answer shows no user".into(),
            });
        }
        Ok(())
    }

    /// What [`Connector::check`] asks.
    async fn ask(&self) -> Result<Account, ConnectorError> {
        self.me().await?;
        for (path, right) in [("contacts", "Contacts"), ("campaigns", "Campaigns")] {
            let answer = self.client.get(path).query("limit", 1).send().await;
            let answer = answer.map_err(|failure| name_right(failure.into(), right))?;
            answer.json::<Value>()?;
        }
        let lists = one::lists(self).await;
        lists.map_err(|error| name_right(error, "Lists"))?;
        Ok(Account {
            // A user's name may be an address; the host names the account.
            name: self.client.base().host_str().unwrap_or_default().to_owned(),
            version: None,
            missing: Vec::new(),
            needless: Vec::new(),
        })
    }
}

/// A good key that is refused belongs to a user whose group lacks a permission, or to a plan that lacks the feature.
fn name_right(error: ConnectorError, right: &str) -> ConnectorError {
    match error {
        ConnectorError::Auth {
            what,
            detail,
            missing: None,
        } => ConnectorError::Auth {
            what,
            detail,
            missing: Some(format!(
                "{right}, in the permissions of the user's group (Settings, Users and Groups)"
            )),
        },
        other => other,
    }
}

#[async_trait]
impl Connector for ActiveCampaign {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        within(CHECK_MAX, "check", self.ask()).await
    }

    async fn lists(&self) -> Result<Vec<String>, ConnectorError> {
        let all = one::all_lists(self).await;
        let all = all.map_err(|error| name_right(error, "Lists"))?;
        Ok(all.into_values().collect())
    }

    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        match stream {
            CONTACTS => contacts::pull(self, cursor).await,
            REPORTS => reports::pull(self, cursor).await,
            BOUNCES => bounces::pull(self, cursor).await,
            UNSUBSCRIBES => unsubscribes::pull(self, cursor).await,
            ORDERS => orders::pull(self, cursor).await,
            Stream(name) => Err(ConnectorError::Config {
                what: "stream".into(),
                detail: format!("ActiveCampaign has no stream {name:?}"),
            }),
        }
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        push::push(self, changes).await
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        let all = fields::all(self).await?.into_iter();
        let free = all.filter(|field| field.free);
        Ok(free.map(|field| field.perstag).collect())
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
}
