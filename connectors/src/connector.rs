//! The port: what every platform's connector offers.

pub(crate) mod ours;
mod removal;
pub(crate) mod series;
mod start;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{
    cursor::Cursor,
    error::ConnectorError,
    model::{Address, Campaign, Contact, Event, EventKind, Reject, Status},
    webhook::Webhook,
};

pub use self::{
    removal::{Former, Look, Removal, RemovalSpec, Who},
    start::{Action, Start, StartKind},
};

/// One feed of one platform that has a cursor of its own. The name is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream(pub &'static str);

/// What one stream brings.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    /// Its name.
    pub stream: Stream,
    /// The kinds of event for whose coverage it answers; none for contacts.
    pub kinds: &'static [EventKind],
    /// How late the platform may report an event: coverage ends this much before the pull began.
    pub lateness: Duration,
    /// Whether nothing but the platform's counters shows that all of it has arrived: then [`Page::covered`] on the page
    /// that ends a pass holds only as far as the counters of that pass, and of the one before, agree with what is stored.
    pub counted: bool,
}

/// What a connector can do on its platform: declared, tested, printed in the docs.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// The platform, as the configuration names it.
    pub platform: &'static str,
    /// The streams, in the order in which to pull them (contacts first).
    pub streams: &'static [StreamSpec],
    /// Whether a number can be kept on a contact.
    pub fields: bool,
    /// Whether a missing field is created on push.
    pub creates_fields: bool,
    /// The most letters a field's name may have.
    pub field_name_max: usize,
    /// Contacts of these statuses cannot be written to at all; plans leave them out.
    pub frozen: &'static [Status],
    /// What can be started for a contact.
    pub starts: &'static [StartKind],
    /// How contacts can be taken off, and what undoing that does not bring back.
    pub removals: &'static [RemovalSpec],
    /// How far back the platform reports; `None` means for ever.
    pub retention: Option<Duration>,
    /// What the platform sends but does not report, in words for the user.
    pub unreported: &'static [&'static str],
    /// How far apart the times may be that a webhook and a poll give for one and the same event of a contact and
    /// campaign; `None` where both name it by the same id, or only one of them tells.
    pub twins: Option<Duration>,
    /// What a sync promises, in words for the user.
    pub guarantee: &'static str,
}

/// The longest that [`Connector::check`] may take, whatever the platform does.
pub const CHECK_MAX: Duration = Duration::from_secs(10);

/// Who we are on the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's or site's name.
    pub name: String,
    /// The platform's version, where it has one.
    pub version: Option<String>,
    /// Rights that later work will need and this key lacks, by the names of the platform's screens.
    pub missing: Vec<String>,
    /// Rights that this key has and that nothing here ever needs, by the same names; empty where the platform does
    /// not tell what a key may do.
    pub needless: Vec<String>,
}

/// That a stream has been read completely for a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The kinds it holds for.
    pub kinds: Vec<EventKind>,
    /// The start, `None` for as long as the platform remembers everything.
    pub from: Option<DateTime<Utc>>,
    /// Complete for all events before this instant.
    pub through: DateTime<Utc>,
}

/// How much a platform counts for one campaign: what has reached us is compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The campaign's id on the platform.
    pub campaign: String,
    /// What is counted.
    pub kind: EventKind,
    /// When the platform was asked: what happened before is in the count.
    pub at: DateTime<Utc>,
    /// How many different contacts did it.
    pub contacts: u64,
    /// How often it was done in all; `None` where every contact's latest time has been read by another way, or where
    /// the platform counts otherwise than it tells.
    pub times: Option<u64>,
}

/// That a page's contacts are part of one scan over the whole list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// When the scan began; the same on all its pages.
    pub started_at: DateTime<Utc>,
    /// Whether this page ends it: contacts not seen since `started_at` are gone from the platform.
    pub done: bool,
}

/// One page: the unit that the store commits, the sandbox cuts and the test counts.
#[derive(Clone, Debug)]
pub struct Page {
    /// Contacts as they are now.
    pub contacts: Vec<Contact>,
    /// What happened. A row that was seen before may come again; the store tells them apart.
    pub events: Vec<Event>,
    /// Names of campaigns that events refer to.
    pub campaigns: Vec<Campaign>,
    /// Rows that could not be understood.
    pub rejects: Vec<Reject>,
    /// Rows of kinds that this version does not know (yet): passed over.
    pub unknown: u64,
    /// What is complete once this page is committed.
    pub covered: Vec<Covered>,
    /// What the platform counts, on streams whose completeness is known by counting alone (see [`StreamSpec::counted`]).
    pub counters: Vec<Counter>,
    /// Set on pages of a scan over the whole list.
    pub scan: Option<Scan>,
    /// Where to resume; commit it with the page.
    pub next: Cursor,
    /// Whether the stream has nothing more for now.
    pub done: bool,
}

impl Page {
    /// A page with nothing in it.
    pub fn empty(next: Cursor, done: bool) -> Self {
        Self {
            contacts: Vec::new(),
            events: Vec::new(),
            campaigns: Vec::new(),
            rejects: Vec::new(),
            unknown: 0,
            covered: Vec::new(),
            counters: Vec::new(),
            scan: None,
            next,
            done,
        }
    }
}

/// What to write. Each is a set: doing it twice is the same as once. None can
/// create a contact or make one more contactable.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Write {
    /// Make a field for numbers that the platform does not have yet; names no contact.
    CreateField {
        /// The field's name on the platform.
        field: String,
    },
    /// Set a field. `None` empties it.
    SetField {
        /// The field's name on the platform.
        field: String,
        /// The value as text; a number is written without quotes where the platform has numbers.
        value: Option<String>,
    },
    /// Put a tag on.
    AddTag {
        /// The tag.
        tag: String,
    },
    /// Take a tag off. Only ever one of ours.
    RemoveTag {
        /// The tag.
        tag: String,
    },
}

/// One remote effect for one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The contact's id on the platform; empty for [`Write::CreateField`].
    pub contact: String,
    /// The contact's address as last read, for platforms that address by it.
    pub email: Option<Address>,
    /// What to write.
    pub write: Write,
}

/// What became of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform has it.
    Applied,
    /// The platform refuses this row and would again: the reason.
    Rejected(String),
    /// Not done; worth another try later: the reason, and the wait the platform asked for.
    Retry(String, Option<Duration>),
    /// Unknown: the request may or may not have been carried out.
    Ambiguous(String),
}

/// One platform. `pull` and `push` keep no state between calls.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What this connector can do.
    fn capabilities(&self) -> &Capabilities;

    /// Who are we, what may we do. Changes nothing, and takes no longer than [`CHECK_MAX`].
    async fn check(&self) -> Result<Account, ConnectorError>;

    /// The names that `lists` of a configuration can have: audiences, newsletters, lists, types of subscription; on
    /// Copernica the databases, of which one is followed. Empty where the platform has none. Changes nothing.
    async fn lists(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }

    /// One page of a stream. The caller commits the page and `page.next` together.
    /// `None` starts from the beginning of what the platform remembers.
    async fn pull(&self, stream: Stream, cursor: Option<&Cursor>) -> Result<Page, ConnectorError>;

    /// Carries out changes; one outcome per change, in order. An `Err` means
    /// that nothing was sent. The connector splits into requests as the platform likes.
    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError>;

    /// What the platform sends by itself; `None` where nothing is understood.
    fn webhook(&self) -> Option<&dyn Webhook> {
        None
    }

    /// The names of the number fields that exist on the platform; empty where it has none.
    async fn fields(&self) -> Result<Vec<String>, ConnectorError>;

    /// Starts something, once for each; one outcome per start, in order. An `Err` means that nothing was
    /// sent. [`Outcome::Retry`] promises that nothing began; whatever else is unclear is [`Outcome::Ambiguous`].
    /// A [`StartKind::Call`] alone may be repeated after a `Retry` although it arrived: its receiver knows [`Start::key`].
    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        let refused = || Outcome::Rejected("nothing can be started on this platform".to_owned());
        Ok(starts.iter().map(|_| refused()).collect())
    }

    /// Contacts as the platform has them now, in order; `None` for one it no longer has. Changes nothing.
    async fn look(&self, contacts: &[Who]) -> Result<Vec<Option<Look>>, ConnectorError> {
        Ok(contacts.iter().map(|_| None).collect())
    }

    /// Takes contacts off; one outcome per contact, in order. An `Err` means that nothing was sent.
    async fn remove(
        &self,
        contacts: &[Who],
        removal: Removal,
    ) -> Result<Vec<Outcome>, ConnectorError> {
        let refused = || Outcome::Rejected(format!("this platform cannot {}", removal.as_str()));
        Ok(contacts.iter().map(|_| refused()).collect())
    }

    /// Puts back what [`Connector::remove`] took, for contacts who are still as it left them: whoever has
    /// decided anything since is rejected. One outcome per contact, in order. An `Err` means that nothing was sent.
    async fn restore(&self, contacts: &[Former]) -> Result<Vec<Outcome>, ConnectorError> {
        let refused = || Outcome::Rejected("this platform cannot undo that".to_owned());
        Ok(contacts.iter().map(|_| refused()).collect())
    }
}
