//! The platform-neutral words: what every platform has, in one vocabulary.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An e-mail address. Its `Debug` and `Display` show `j…@example.nl`; the whole
/// address comes out through [`Address::reveal`] alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Trims and lower-cases. Two spellings that differ in nothing else are one
    /// address; dots and plus parts are kept. Returns `None` for a text without
    /// exactly one `@` between two non-empty parts, or with white space or
    /// control characters inside.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.split_once('@')?;
        let odd = |c: char| c.is_whitespace() || c.is_control();
        let fits = !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && text.len() <= 320
            && !text.contains(odd);
        fits.then(|| Self(text.to_lowercase()))
    }

    /// The whole address, for the store, a request or the user's own screen; never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (local, domain) = self.0.split_once('@').unwrap_or(("", ""));
        write!(f, "{}…@{domain}", local.chars().next().unwrap_or('…'))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What happened. The names are those of the rule language.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// Handed to the mail service for this contact.
    Send,
    /// Accepted by the receiving server.
    Delivery,
    /// A mail was opened.
    Open,
    /// A link was clicked.
    Click,
    /// Returned, without a word on whether for good.
    Bounce,
    /// Returned for good.
    HardBounce,
    /// Returned for now.
    SoftBounce,
    /// Reported as spam.
    Complaint,
    /// Left a list.
    Unsubscribe,
    /// Joined a list, or came back to it.
    Subscribe,
    /// Looked at a page of the site.
    PageVisit,
    /// Sent a form.
    FormSubmit,
    /// Downloaded a file.
    Download,
    /// Bought something.
    Purchase,
    /// Got money back.
    Refund,
    /// Made an account.
    Signup,
    /// Shared content.
    Share,
    /// Liked content.
    Like,
    /// Took a like back.
    Unlike,
    /// Wrote a comment.
    Comment,
    /// Followed an account.
    Follow,
    /// Stopped following.
    Unfollow,
    /// Attended a webinar.
    Webinar,
    /// Answered a mail.
    Reply,
    /// A kind that the user declared under `[events] kinds`; lower case, words joined by `_`.
    Custom(String),
}

impl EventKind {
    /// Every built-in kind.
    pub const BUILT_IN: [Self; 24] = [
        Self::Send,
        Self::Delivery,
        Self::Open,
        Self::Click,
        Self::Bounce,
        Self::HardBounce,
        Self::SoftBounce,
        Self::Complaint,
        Self::Unsubscribe,
        Self::Subscribe,
        Self::PageVisit,
        Self::FormSubmit,
        Self::Download,
        Self::Purchase,
        Self::Refund,
        Self::Signup,
        Self::Share,
        Self::Like,
        Self::Unlike,
        Self::Comment,
        Self::Follow,
        Self::Unfollow,
        Self::Webinar,
        Self::Reply,
    ];

    /// The name as files, tables and rules write it, words joined by `_`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Send => "send",
            Self::Delivery => "delivery",
            Self::Open => "open",
            Self::Click => "click",
            Self::Bounce => "bounce",
            Self::HardBounce => "hard_bounce",
            Self::SoftBounce => "soft_bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Subscribe => "subscribe",
            Self::PageVisit => "page_visit",
            Self::FormSubmit => "form_submit",
            Self::Download => "download",
            Self::Purchase => "purchase",
            Self::Refund => "refund",
            Self::Signup => "signup",
            Self::Share => "share",
            Self::Like => "like",
            Self::Unlike => "unlike",
            Self::Comment => "comment",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::Webinar => "webinar",
            Self::Reply => "reply",
            Self::Custom(name) => name,
        }
    }

    /// The built-in kind of that name (`_` or a space between words, case ignored).
    pub fn built_in(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace(' ', "_");
        Self::BUILT_IN
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// Who caused an open, click, visit, form or social event (rules.md section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A person.
    Human,
    /// Nobody has judged it yet; counts as a person.
    Unknown,
    /// A mail client that fetches images before anybody looks.
    PrivacyProxy,
    /// Security software that follows links.
    Scanner,
}

/// How reachable a contact is on one list, as the platform says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// May be mailed.
    Subscribed,
    /// Returned for good; the address does not work.
    Bounced,
    /// Left.
    Unsubscribed,
    /// Reported us.
    Complained,
    /// Blocked by the platform or by us.
    Suppressed,
}

/// How an event names its contact. At least one of the two is present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContactRef {
    /// The platform's own id, which outlives a change of address.
    pub id: Option<String>,
    /// The address, where the row gives one.
    pub email: Option<Address>,
}

/// One contact as the platform shows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The platform's own stable id.
    pub id: String,
    /// The address; `None` where the platform hides it.
    pub email: Option<Address>,
    /// The strictest status over the lists we follow.
    pub status: Option<Status>,
    /// When first subscribed, where the platform tells.
    pub subscribed_at: Option<DateTime<Utc>>,
    /// Names of the lists the contact is in, among those we follow.
    pub lists: Vec<String>,
    /// Profile fields by the platform's own name; an empty text means empty.
    pub fields: BTreeMap<String, String>,
    /// All tags, or `None` where this answer did not list them all.
    pub tags: Option<Vec<String>>,
}

/// One thing that happened to one contact.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whom it happened to.
    pub contact: ContactRef,
    /// What happened.
    pub kind: EventKind,
    /// When, by the platform's clock, to the millisecond.
    pub at: DateTime<Utc>,
    /// The platform's id, where it is stable. Equal `(kind, id)` is one event for ever.
    pub id: Option<String>,
    /// The campaign's id on the platform.
    pub campaign: Option<String>,
    /// The exact URL of the link clicked.
    pub link: Option<String>,
    /// The page visited, or the page of the form.
    pub url: Option<String>,
    /// What was bought, downloaded, attended.
    pub item: Option<String>,
    /// How many were bought; missing means one.
    pub quantity: Option<u32>,
    /// The amount of the whole row, in hundredths of `currency`.
    pub value_cents: Option<i64>,
    /// ISO 4217, upper case; missing means the configuration's.
    pub currency: Option<String>,
    /// For a purchase or refund: the order's number as the shop shows it, by which another source knows it too.
    pub order: Option<String>,
    /// For a send: whether its opens and clicks can be seen. Missing means yes.
    pub tracked: Option<bool>,
    /// The platform's word on who caused it.
    pub verdict: Option<Verdict>,
    /// Everything else that a rule's `where` may ask for. Rare.
    pub properties: BTreeMap<String, serde_json::Value>,
}

impl Event {
    /// An event with nothing but the three things that every event has.
    pub fn new(contact: ContactRef, kind: EventKind, at: DateTime<Utc>) -> Self {
        Self {
            contact,
            kind,
            at,
            id: None,
            campaign: None,
            link: None,
            url: None,
            item: None,
            quantity: None,
            value_cents: None,
            currency: None,
            order: None,
            tracked: None,
            verdict: None,
            properties: BTreeMap::new(),
        }
    }
}

/// One mailing, as far as explanations need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// The platform's id, as events name it.
    pub id: String,
    /// What the marketer calls it.
    pub name: String,
    /// When it went out.
    pub sent_at: Option<DateTime<Utc>>,
}

/// A row that could not be understood. The rest of its page is kept; the days
/// it may belong to are not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The platform's id of the row, if it had one.
    pub id: Option<String>,
    /// When it happened, if that much could be read.
    pub at: Option<DateTime<Utc>>,
    /// What was wrong, without addresses.
    pub reason: String,
}
