//! What is known about one contact, and the texts that facts refer to by number.
//!
//! The store fills these from its tables, restricted to what was known at a
//! date; scoring reads nothing else.

use engaged_connectors::model::{Address, EventKind, Status, Verdict};

use super::{
    calendar::{Day, Millis},
    tracking::Consent,
};

/// The number of a kind: built-in kinds in the order of [`EventKind::BUILT_IN`], then declared ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindId(pub u16);

impl KindId {
    /// The number of a built-in kind; `None` for a declared one, whose number the vocabulary knows.
    pub fn built_in(kind: &EventKind) -> Option<Self> {
        let index = EventKind::BUILT_IN.iter().position(|each| each == kind)?;
        u16::try_from(index).ok().map(Self)
    }
}

/// The number of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u16);

/// A reference to a text in the [`Vocabulary`]; zero means that there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextId(pub u32);

impl TextId {
    /// No text.
    pub const NONE: Self = Self(0);

    /// Whether there is a text.
    pub fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// One event as scoring reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The store's own id of the event.
    pub id: i64,
    /// When it happened.
    pub at: Millis,
    /// What happened.
    pub kind: KindId,
    /// Where it came from.
    pub connection: ConnectionId,
    /// Who caused it, as known.
    pub verdict: Verdict,
    /// The campaign ([`Vocabulary::campaigns`]).
    pub campaign: TextId,
    /// The link of a click, or the URL of a page visit or form ([`Vocabulary::urls`]).
    pub url: TextId,
    /// The item ([`Vocabulary::items`]).
    pub item: TextId,
    /// How many; one where the platform says nothing.
    pub quantity: u32,
    /// The amount in hundredths, if there is one.
    pub value: Option<i64>,
    /// The currency ([`Vocabulary::currencies`]); none means the configured one.
    pub currency: TextId,
    /// The number of the order, the same from every connection; it is only ever compared.
    pub order: TextId,
    /// For a send: whether opens and clicks can be seen.
    pub tracked: bool,
    /// Whether the event has properties, which are looked up apart.
    pub has_properties: bool,
}

/// Some kinds of events; all declared ones are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u64);

impl KindSet {
    /// From its bits.
    pub fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Adds a kind.
    pub fn insert(&mut self, kind: KindId) {
        self.0 |= Self::bit(kind);
    }

    /// Whether a kind is among them.
    pub fn has(self, kind: KindId) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    fn bit(kind: KindId) -> u64 {
        let built_in = usize::from(kind.0) < EventKind::BUILT_IN.len();
        1 << if built_in { kind.0.min(62) } else { 63 }
    }
}

/// What was deleted of a contact, or not taken in, because it was old: that there was something, and from when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// When the first of it happened.
    pub first_at: Millis,
    /// When the last of it happened: of the days up to then not everything is known.
    pub until_at: Millis,
    /// Which kinds may have been among it.
    pub kinds: KindSet,
}

impl Forgotten {
    /// One event.
    pub fn one(kind: KindId, at: Millis) -> Self {
        let mut kinds = KindSet::default();
        kinds.insert(kind);
        Self {
            first_at: at,
            until_at: at,
            kinds,
        }
    }

    /// With what is known already.
    #[must_use]
    pub fn beside(self, known: Option<Self>) -> Self {
        known.map_or(self, |known| known.and(self))
    }

    /// Of the one and of the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            first_at: self.first_at.min(other.first_at),
            until_at: self.until_at.max(other.until_at),
            kinds: KindSet(self.kinds.0 | other.kinds.0),
        }
    }
}

/// Everything known about one contact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The events, sorted by instant, then connection, then id. Later events than the date asked for may be among them.
    pub events: Vec<Fact>,
    /// The properties of events that have them: `(event id, name, value)`, sorted by id.
    pub properties: Vec<(i64, String, String)>,
    /// The earliest subscription that a platform or an import reported.
    pub subscribed_at: Option<Millis>,
    /// When we first heard of the contact.
    pub first_known_at: Millis,
    /// The address.
    pub address: Option<Address>,
    /// Profile fields, names as the platform writes them; the newest value of each.
    pub fields: Vec<(String, String)>,
    /// What each connection says about each list the contact is or was on.
    pub subscriptions: Vec<Subscription>,
    /// The connections that know the contact.
    pub connections: Vec<ConnectionId>,
    /// Manual corrections.
    pub adjustments: Vec<Adjustment>,
    /// What may be used; [`Facts::hide`] leaves nothing else.
    pub consent: Consent,
    /// The day of the last open, where that may be used and nothing else of it: for cleaning alone.
    pub last_open: Option<Millis>,
    /// What is no longer known of its events, because it was old.
    pub forgotten: Option<Forgotten>,
}

/// A platform's word on one contact and one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose word.
    pub connection: ConnectionId,
    /// The list's name; empty where the platform speaks of the contact as a whole.
    pub list: String,
    /// The word.
    pub status: Status,
    /// When it was said: by the platform's clock where that is known, else when we read it.
    pub at: Millis,
}

/// A manual correction of a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Its number.
    pub id: i64,
    /// Which score.
    pub score: String,
    /// Thousandths of a point.
    pub points: i64,
    /// The first day it counts.
    pub from: Day,
    /// The first day it no longer counts.
    pub until: Day,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
}

/// What a rule set reads of the facts beside events: the rest may be left out when it alone is evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The fields, with their names folded; `None`: all.
    pub fields: Option<Vec<String>>,
    /// The address.
    pub address: bool,
    /// What connections say about lists.
    pub subscriptions: bool,
}

impl Needs {
    /// Everything there is.
    pub fn all() -> Self {
        Self {
            fields: None,
            address: true,
            subscriptions: true,
        }
    }

    /// What the one or the other reads.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let fields = self.fields.zip(other.fields);
        Self {
            fields: fields.map(|(mine, other)| mine.into_iter().chain(other).collect()),
            address: self.address || other.address,
            subscriptions: self.subscriptions || other.subscriptions,
        }
    }
}

/// The texts behind the numbers. Index zero of each list is the empty text that [`TextId::NONE`] means.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Names of declared kinds, in the order of their numbers after the built-in ones.
    pub kinds: Vec<String>,
    /// Campaigns: the platform's id, and its name where known.
    pub campaigns: Vec<(String, String)>,
    /// Links and pages.
    pub urls: Vec<String>,
    /// Items.
    pub items: Vec<String>,
    /// Currencies.
    pub currencies: Vec<String>,
    /// Connections by number: `(id, name)`.
    pub connections: Vec<(ConnectionId, String)>,
}

impl Vocabulary {
    /// The kind of a number.
    pub fn kind(&self, id: KindId) -> EventKind {
        let number = usize::from(id.0);
        let built_in = EventKind::BUILT_IN.get(number).cloned();
        built_in.unwrap_or_else(|| {
            let declared = number.checked_sub(EventKind::BUILT_IN.len());
            let name = declared.and_then(|number| self.kinds.get(number));
            EventKind::Custom(name.cloned().unwrap_or_default())
        })
    }

    /// What a campaign is called: its name, or the platform's id where it has none.
    pub fn campaign(&self, id: TextId) -> Option<&str> {
        let (id, name) = text(&self.campaigns, id)?;
        Some(if name.is_empty() { id } else { name })
    }

    /// A link or page.
    pub fn url(&self, id: TextId) -> Option<&str> {
        text(&self.urls, id).map(String::as_str)
    }

    /// An item.
    pub fn item(&self, id: TextId) -> Option<&str> {
        text(&self.items, id).map(String::as_str)
    }

    /// A currency's code.
    pub fn currency(&self, id: TextId) -> Option<&str> {
        text(&self.currencies, id).map(String::as_str)
    }

    /// A connection's name.
    pub fn connection(&self, id: ConnectionId) -> Option<&str> {
        let mut all = self.connections.iter();
        let found = all.find(|(known, _)| *known == id);
        found.map(|(_, name)| name.as_str())
    }
}

fn text<T>(texts: &[T], id: TextId) -> Option<&T> {
    id.is_some()
        .then(|| texts.get(usize::try_from(id.0).ok()?))?
}

/// The days that our own sync did not cover, for each connection and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// `(connection, kind, holes)`; a pair that is not listed has no holes. `kind` `None` holds for every kind.
    pub holes: Vec<(ConnectionId, Option<KindId>, Vec<Hole>)>,
    /// What the connections report at all; `None` takes every kind as reported by each.
    pub reported: Option<Reported>,
}

/// Which kinds of event come in from where. What no connection of a contact
/// reports is not known to be absent, however silent it is, nor will it ever be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// `kind` `None`: every kind.
    pub kinds: Vec<(ConnectionId, Option<KindId>)>,
}

/// A run of days that are not covered, both ends included. The store never
/// reports days after the present as a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}
