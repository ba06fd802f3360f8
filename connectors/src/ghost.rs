//! Ghost 5 and 6, through the Admin API with the key of a custom integration.
//!
//! What it gives: all members with labels and newsletters; sends, deliveries,
//! first opens, permanent failures and complaints per mail and member; every
//! click; subscribes, unsubscribes, sign-ups, comments and payments. For ever.
//! What it hides: soft bounces, opens after the first, who or what opened,
//! unsubscribes done in bulk, visits of pages. There are no fields for numbers,
//! so that only tags (Ghost's labels) can be written; see the `push` module.
//!
//! Facts come from `platforms/ghost.md` and from Ghost 5.130 itself. This file
//! holds the settings, the declaration and the port; it reads no wire format.

mod events;
#[cfg(test)]
mod fake;
mod hook;
mod key;
mod look;
mod members;
mod push;
mod remove;
mod restore;
mod walk;
mod wire;

use std::{sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use async_trait::async_trait;
use secrecy::SecretString;

use crate::{
    clock::Clock,
    connector::{
        Account, Action, CHECK_MAX, Capabilities, Change, Connector, Former, Look, Outcome, Page,
        Removal, RemovalSpec, Start, StartKind, Stream, StreamSpec, Who, ours::Ours,
    },
    cursor::Cursor,
    error::ConnectorError,
    http::{Client, Rate, Transport, within},
    model::EventKind,
    webhook::{Webhook, signature::Secrets},
};
use key::Key;

/// How late Ghost learns from Mailgun what became of a mail (sheet, section 4:
/// it trusts events that are older than 30 minutes).
const MAILGUN: Duration = Duration::from_mins(30);

const MEMBERS: Stream = Stream("members");
const SENDS: Stream = Stream("sends");
const OPENS: Stream = Stream("opens");
const COMPLAINTS: Stream = Stream("complaints");
const CLICKS: Stream = Stream("clicks");
const NEWSLETTERS: Stream = Stream("newsletters");
const SIGNUPS: Stream = Stream("signups");
const COMMENTS: Stream = Stream("comments");
const PAYMENTS: Stream = Stream("payments");

/// Ghost itself sets no limit; this keeps one process of Node alive for its readers.
pub const RATE: Rate = Rate {
    per_second: 30.0,
    burst: 30,
    at_once: 2,
};

static STREAMS: &[StreamSpec] = &[
    spec(MEMBERS, &[], Duration::ZERO),
    spec(
        SENDS,
        &[EventKind::Send, EventKind::Delivery, EventKind::HardBounce],
        MAILGUN,
    ),
    spec(OPENS, &[EventKind::Open], MAILGUN),
    spec(COMPLAINTS, &[EventKind::Complaint], MAILGUN),
    spec(CLICKS, &[EventKind::Click], Duration::ZERO),
    spec(
        NEWSLETTERS,
        &[EventKind::Subscribe, EventKind::Unsubscribe],
        Duration::ZERO,
    ),
    spec(SIGNUPS, &[EventKind::Signup], Duration::ZERO),
    spec(COMMENTS, &[EventKind::Comment], Duration::ZERO),
    spec(PAYMENTS, &[EventKind::Purchase], Duration::ZERO),
];

static REMOVALS: &[RemovalSpec] = &[
    RemovalSpec {
        removal: Removal::Unsubscribe,
        lost: None,
        undone: true,
    },
    RemovalSpec {
        removal: Removal::Delete,
        lost: Some("the member with labels, notes, comments and the history on the site"),
        undone: false,
    },
];

static CAPABILITIES: Capabilities = Capabilities {
    platform: "ghost",
    streams: STREAMS,
    fields: false,
    creates_fields: false,
    field_name_max: 0,
    frozen: &[],
    starts: &[StartKind::Tag],
    removals: REMOVALS,
    retention: None,
    unreported: &[
        "sign-in mails, welcome mails and other automated mails",
        "opens after the first of each mail",
        "temporary delivery failures",
        "unsubscribes that were done in bulk in Ghost (the contact's status shows them)",
    ],
    twins: None,
    guarantee: "every event that Ghost has written, once; events that Ghost learns of more than \
                48 hours after others of their kind may be missed",
};

const fn spec(stream: Stream, kinds: &'static [EventKind], lateness: Duration) -> StreamSpec {
    StreamSpec {
        stream,
        kinds,
        lateness,
        counted: false,
    }
}

/// What a connection to Ghost needs to know.
#[derive(Clone, Debug)]
pub struct GhostSettings {
    /// The root of the site's admin address, e.g. `https://news.ghost.io`; without `/ghost`.
    pub base_url: String,
    /// The integration's Admin API key, `id:hex`.
    pub key: SecretString,
    /// Names of the newsletters to follow; none means all. They decide a
    /// contact's status and lists and which subscribes and unsubscribes count.
    /// Mails count whatever newsletter they belong to.
    pub newsletters: Vec<String>,
    /// With what our tags begin. A change to any other tag is refused, except to `start_tags`.
    pub tag_prefix: String,
    /// Whole names of tags that start something of the user's.
    pub start_tags: Vec<String>,
}

/// One Ghost site.
pub struct Ghost {
    client: Client,
    clock: Arc<dyn Clock>,
    newsletters: Vec<String>,
    ours: Ours,
    /// With what the site's webhooks are signed.
    webhook: Secrets,
}

impl Ghost {
    /// Reads the settings; a URL or key of the wrong shape is a [`ConnectorError::Config`].
    pub fn new(
        settings: &GhostSettings,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let key = Key::parse(&settings.key)?;
        let credentials = Box::new(move |now| {
            Ok(HeaderMap::from_iter([(
                header::AUTHORIZATION,
                key.header(now)?,
            )]))
        });
        let root = settings.base_url.trim().trim_end_matches('/');
        let base = format!("{root}/ghost/api/admin/");
        let client = Client::new(&base, credentials, transport, Arc::clone(&clock))?
            .with_header(
                HeaderName::from_static("accept-version"),
                HeaderValue::from_static("v5.0"),
            )
            .with_rate(RATE);
        Ok(Self {
            client,
            clock,
            newsletters: settings.newsletters.clone(),
            ours: Ours {
                prefix: settings.tag_prefix.clone(),
                tags: settings.start_tags.clone(),
                fields: Vec::new(),
            },
            webhook: Secrets::default(),
        })
    }

    /// With at most so many requests a second; `None` for what [`RATE`] says.
    #[must_use]
    pub fn with_requests_per_second(mut self, most: Option<u32>) -> Self {
        let rate = most.map_or(RATE, |most| RATE.at(most));
        self.client = self.client.with_rate(rate);
        self
    }

    /// With the secrets of the site's webhooks. Without any, none of them is believed.
    #[must_use]
    pub fn with_webhook(mut self, secrets: Secrets) -> Self {
        self.webhook = secrets;
        self
    }

    /// What [`Connector::check`] asks.
    /// The newsletters of the site, archived ones too.
    async fn newsletters(&self) -> Result<wire::NewsletterPage, ConnectorError> {
        let read = self.client.get("newsletters/").query("limit", 100);
        read.send().await?.json()
    }

    async fn ask(&self) -> Result<Account, ConnectorError> {
        let site: wire::SitePage = self.client.get("site/").send().await?.json()?;
        for path in ["members/", "labels/"] {
            let read = self
                .client
                .get(path)
                .query("limit", 1)
                .query("fields", "id");
            // Whether the rows are as documented shows when they are read; here it is about the right.
            let answer = read
                .send()
                .await
                .map_err(|failure| name_right(failure.into()))?;
            answer.json::<serde_json::Value>()?;
        }
        if !self.newsletters.is_empty() {
            self.newsletters().await?.require(&self.newsletters)?;
        }
        Ok(Account {
            name: site.site.title,
            version: site.site.version,
            missing: Vec::new(),
            needless: Vec::new(),
        })
    }
}

/// Whether Ghost can start this: it cannot, and the reason says what does. Asks nobody.
pub fn check_action(action: &Action) -> Result<(), String> {
    Err(no_start(action))
}

fn no_start(action: &Action) -> String {
    let kind = action.kind().as_str();
    format!("Ghost has no {kind} that begins for one member; start by a tag, and send to its label")
}

/// A key that Ghost knows and that may not do this belongs to somebody on the staff: it has the rights of their role.
fn name_right(error: ConnectorError) -> ConnectorError {
    match error {
        ConnectorError::Auth {
            what,
            detail,
            missing: None,
        } if detail.contains("permission") => {
            let missing = Some(
                "to read members and labels (use the Admin API key of a custom integration)".into(),
            );
            ConnectorError::Auth {
                what,
                detail,
                missing,
            }
        }
        other => other,
    }
}

#[async_trait]
impl Connector for Ghost {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        within(CHECK_MAX, "check", self.ask()).await
    }

    async fn lists(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(self.newsletters().await?.names())
    }

    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        if stream == MEMBERS {
            return members::pull(self, cursor).await;
        }
        let unknown = || ConnectorError::Config {
            what: "stream".into(),
            detail: format!("Ghost has no stream {:?}", stream.0),
        };
        let spec = STREAMS
            .iter()
            .find(|spec| spec.stream == stream)
            .ok_or_else(unknown)?;
        walk::pull(self, spec, walk::feeds(stream).ok_or_else(unknown)?, cursor).await
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        push::push(self, changes).await
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(self)
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }

    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        let refused = |start: &Start| Outcome::Rejected(no_start(&start.action));
        Ok(starts.iter().map(refused).collect())
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
mod tests;
