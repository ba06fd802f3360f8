//! HubSpot, through the v3 API of its CRM with a private app's token or a service key.
//!
//! What it gives: all contacts with the properties that are asked for; sends,
//! opens, clicks, bounces and complaints with ids, bots marked; changes of
//! subscriptions; forms with an address in them; won deals and orders; and, on
//! Enterprise accounts, visits of pages. What it hides: whether a bounce is for
//! good, which opens are a mail client's own, contact ids of mail events, and
//! visits on all other accounts (counters on the contact are all there is).
//!
//! **Mail events end.** They exist in a v1 endpoint alone, which goes without a
//! successor in September 2027 (sheet, sections 1 and 8). Everything that knows it is
//! in `email`, so that one file is replaced; changes of subscriptions in
//! `subscriptions` share its fate.
//!
//! **Who is who.** A contact is known by its record id. Mail events, subscriptions
//! and forms name an address alone; the caller joins them by it.
//!
//! **Tags** are static lists whose names begin with our prefix (sheet, section 6:
//! there are no contact tags). What lists a contact is in is not read.
//!
//! Facts come from `platforms/hubspot.md`. This file holds the settings, the
//! declaration and the port; it reads no wire format.

mod answers;
mod contacts;
mod edge;
mod email;
mod forms;
mod lists;
mod look;
mod properties;
mod purchases;
mod push;
mod remove;
mod scopes;
mod search;
mod start;
mod subscriptions;
mod visits;
mod webhook;
mod window;
mod wire;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderValue, header};
use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::webhook::signature::Secrets;
use crate::{
    clock::Clock,
    connector::{
        Account, CHECK_MAX, Capabilities, Change, Connector, Former, Look, Outcome, Page, Removal,
        RemovalSpec, Start, StartKind, Stream, StreamSpec, Who, ours::Ours,
    },
    cursor::Cursor,
    error::ConnectorError,
    http::{Client, Rate, Transport, within},
    model::EventKind,
    webhook::Webhook,
};
use edge::Edge;
use webhook::Hook;

pub use properties::allowed as check_field;
pub use start::check_action;

/// The contacts.
pub const CONTACTS: Stream = Stream("contacts");
/// Sends, opens, clicks, bounces and complaints.
pub const EMAIL: Stream = Stream("email");
/// Who left, and who came back.
pub const SUBSCRIPTIONS: Stream = Stream("subscriptions");
/// Forms that were sent.
pub const FORMS: Stream = Stream("forms");
/// Visits of pages, on Enterprise accounts.
pub const VISITS: Stream = Stream("visits");
/// Won deals, orders.
pub const PURCHASES: Stream = Stream("purchases");

/// Where HubSpot is, for accounts in every region (sheet, section 1).
const HOST: &str = "https://api.hubapi.com";
/// The most bytes that the names of all properties may have in an address: beyond some 8,000 the
/// platform answers 414 (sheet, quirk 7; the number is a web server's usual one).
const NAMES_MAX: usize = 5_000;

/// Mail events of the last hours are not yet all there (sheet, section 4).
const SETTLING: Duration = Duration::from_hours(1);
/// Deals are closed by people, and may be dated back.
const BY_HAND: Duration = Duration::from_hours(24);

const fn spec(stream: Stream, kinds: &'static [EventKind], lateness: Duration) -> StreamSpec {
    StreamSpec {
        stream,
        kinds,
        lateness,
        counted: false,
    }
}

/// 100 within any ten seconds on the smallest plan (sheet, section 2): a burst of ten, then nine a second.
pub const RATE: Rate = Rate {
    per_second: 9.0,
    burst: 10,
    at_once: 4,
};

const CONTACTS_SPEC: StreamSpec = spec(CONTACTS, &[], Duration::ZERO);
const EMAIL_SPEC: StreamSpec = spec(
    EMAIL,
    &[
        EventKind::Send,
        EventKind::Open,
        EventKind::Click,
        EventKind::HardBounce,
        EventKind::SoftBounce,
        EventKind::Complaint,
    ],
    SETTLING,
);
const SUBSCRIPTIONS_SPEC: StreamSpec = spec(
    SUBSCRIPTIONS,
    &[EventKind::Subscribe, EventKind::Unsubscribe],
    SETTLING,
);
const FORMS_SPEC: StreamSpec = spec(FORMS, &[EventKind::FormSubmit], SETTLING);
const PURCHASES_SPEC: StreamSpec = spec(PURCHASES, &[EventKind::Purchase], BY_HAND);
const VISITS_SPEC: StreamSpec = spec(VISITS, &[EventKind::PageVisit], SETTLING);

/// The streams of an account, by whether it has purchases and visits.
const fn streams(purchases: bool, visits: bool) -> &'static [StreamSpec] {
    const ALL: &[StreamSpec] = &[
        CONTACTS_SPEC,
        EMAIL_SPEC,
        SUBSCRIPTIONS_SPEC,
        FORMS_SPEC,
        PURCHASES_SPEC,
        VISITS_SPEC,
    ];
    const UNSOLD: &[StreamSpec] = &[
        CONTACTS_SPEC,
        EMAIL_SPEC,
        SUBSCRIPTIONS_SPEC,
        FORMS_SPEC,
        VISITS_SPEC,
    ];
    match (purchases, visits) {
        (true, true) => ALL,
        (true, false) => ALL.split_at(5).0,
        (false, true) => UNSOLD,
        (false, false) => UNSOLD.split_at(4).0,
    }
}

static REMOVALS: &[RemovalSpec] = &[
    // A re-subscription by the API looks like the contact's own consent, and nothing that can be read
    // says whether they pressed the link as well: so it is never undone (sheet, section 6).
    RemovalSpec {
        removal: Removal::Unsubscribe,
        lost: Some("the subscription: only the contact can come back"),
        undone: false,
    },
    RemovalSpec {
        removal: Removal::Suppress,
        lost: Some("every subscription: only the contact can come back"),
        undone: false,
    },
];

/// What holds for an account with these streams.
fn capabilities(streams: &'static [StreamSpec]) -> Capabilities {
    Capabilities {
        platform: "hubspot",
        streams,
        fields: true,
        creates_fields: true,
        field_name_max: properties::NAME_MAX,
        frozen: &[],
        starts: &[StartKind::Tag, StartKind::Field, StartKind::Automation],
        removals: REMOVALS,
        retention: None,
        unreported: &[
            "whether a bounce is for good, beyond \"unknown user\"",
            "mails that HubSpot dropped before sending",
            "printed and forwarded mails",
            "visits of pages, except on Enterprise accounts where they are switched on",
            "forms without an address in them",
            "deals that were won and later reopened",
        ],
        twins: None,
        guarantee: "every event that HubSpot lists, once; mail events that HubSpot lists more than \
                six hours late, and forms more than an hour, may be missed",
    }
}

/// Which records count as purchases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purchases {
    /// None; the account has no deals, or the token may not read them.
    None,
    /// Deals that were won.
    #[default]
    Deals,
    /// Orders.
    Orders,
    /// Both. A shop that keeps one sale as a deal and as an order counts it once only if both bear its number.
    Both,
}

/// What a connection to HubSpot needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the API is, e.g. `http://127.0.0.1:9000`; `None` for HubSpot itself.
    pub base_url: Option<String>,
    /// The token of a private app, or a service key.
    pub token: SecretString,
    /// Names of the subscription types to follow; none means all mail. They decide a contact's status and
    /// lists, which changes of subscriptions count, and what unsubscribing is from.
    pub lists: Vec<String>,
    /// Names of the apps whose mail counts, as events show them (`appName`); none means all, one-to-one mail too.
    pub apps: Vec<String>,
    /// Further contact properties to read: those that rules name, and those that a push writes.
    pub properties: Vec<String>,
    /// Which records count as purchases.
    pub purchases: Purchases,
    /// Whether to read visits of pages, which Enterprise accounts alone have.
    pub page_visits: bool,
    /// With what the names of our static lists begin. A change to any other list is refused, except to `start_tags`.
    pub tag_prefix: String,
    /// Whole names of static lists that a workflow of the user's waits for. They are never made.
    pub start_tags: Vec<String>,
}

/// One HubSpot account.
pub struct HubSpot {
    client: Client,
    clock: Arc<dyn Clock>,
    capabilities: Capabilities,
    lists: Vec<String>,
    apps: Vec<String>,
    properties: Vec<String>,
    purchases: Purchases,
    ours: Ours,
    hook: Hook,
}

impl HubSpot {
    /// Reads the settings; a URL, token or property of the wrong shape is a [`ConnectorError::Config`].
    pub fn new(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let bearer = bearer(&settings.token)?;
        let credentials = Box::new(move |_| {
            Ok(HeaderMap::from_iter([(
                header::AUTHORIZATION,
                bearer.clone(),
            )]))
        });
        let base = settings.base_url.as_deref().unwrap_or(HOST);
        let transport = Arc::new(Edge::new(transport));
        let client = Client::new(base, credentials, transport, Arc::clone(&clock))?;
        let purchases = settings.purchases != Purchases::None;
        Ok(Self {
            client: client.with_rate(RATE),
            clock,
            capabilities: capabilities(streams(purchases, settings.page_visits)),
            lists: settings.lists.clone(),
            apps: settings.apps.clone(),
            properties: wanted(&settings.properties)?,
            purchases: settings.purchases,
            ours: Ours {
                prefix: settings.tag_prefix.clone(),
                tags: settings.start_tags.clone(),
                fields: Vec::new(),
            },
            hook: Hook {
                secrets: Secrets::default(),
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

    /// With the client secrets of the app whose webhooks come. Without any, none of them is believed.
    #[must_use]
    pub fn with_webhook(mut self, secrets: Secrets) -> Self {
        self.hook = Hook { secrets };
        self
    }

    /// The present instant, as precise as HubSpot's own times.
    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(3)
    }
}

/// The header that a token makes. What it looks like inside is HubSpot's (`pat-eu1-…` for private apps,
/// others for service keys), so nothing but its being one word is asked.
fn bearer(token: &SecretString) -> Result<HeaderValue, ConnectorError> {
    let refuse = || ConnectorError::Config {
        what: "token".into(),
        detail: "a HubSpot token is one word of letters, digits, dashes and the like".into(),
    };
    let token = token.expose_secret().trim();
    if token.len() < 8 || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refuse());
    }
    HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| refuse())
}

/// The properties to read of a contact: ours and the user's, each once.
fn wanted(own: &[String]) -> Result<Vec<String>, ConnectorError> {
    let refuse = |detail: String| ConnectorError::Config {
        what: "properties".into(),
        detail,
    };
    for name in own {
        properties::allowed(name).map_err(|reason| refuse(format!("{name:?}: {reason}")))?;
    }
    let ours = contacts::row::READ.iter().map(|name| (*name).to_owned());
    let names: BTreeSet<String> = ours.chain(own.iter().cloned()).collect();
    if names.iter().map(|name| name.len() + 3).sum::<usize>() > NAMES_MAX {
        let detail = "too many: HubSpot takes no longer address; leave out what no rule names";
        return Err(refuse(detail.into()));
    }
    Ok(names.into_iter().collect())
}

#[async_trait]
impl Connector for HubSpot {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        within(CHECK_MAX, "check", scopes::check(self)).await
    }

    async fn lists(&self) -> Result<Vec<String>, ConnectorError> {
        let all = subscriptions::all(self).await;
        let all = all.map_err(|error| scopes::named(error, scopes::SUBSCRIPTION_TYPES))?;
        Ok(all.into_iter().map(|each| each.name).collect())
    }

    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
        let known = self.capabilities.streams.iter();
        let Some(spec) = known.clone().find(|spec| spec.stream == stream) else {
            return Err(ConnectorError::Config {
                what: "stream".into(),
                detail: format!("this HubSpot account has no stream {:?}", stream.0),
            });
        };
        let page = match stream {
            CONTACTS => contacts::pull(self, cursor).await,
            FORMS => forms::pull(self, spec, cursor).await,
            PURCHASES => purchases::pull(self, spec, cursor).await,
            _ => window::pull(self, spec, cursor).await,
        };
        page.map_err(|error| scopes::named(error, scopes::of(stream)))
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        push::push(self, changes).await
    }

    fn webhook(&self) -> Option<&dyn Webhook> {
        Some(&self.hook)
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        properties::numbers(self).await
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
        let why = "in HubSpot only the contacts themselves can come back from an unsubscription";
        Ok(contacts
            .iter()
            .map(|_| Outcome::Rejected(why.into()))
            .collect())
    }
}
