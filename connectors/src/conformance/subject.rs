//! What a platform must bring to be examined: a manifest, and a stand-in with an account on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use ::http::{HeaderMap, Response, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{Golden, Settings};
use crate::{
    clock::Clock,
    connector::{Action, Connector, Write},
    error::ConnectorError,
    http::Transport,
    model::{Event, EventKind},
    webhook::Delivery,
};

/// A clock that is set by hand and stands still in between.
#[derive(Debug)]
pub struct HandClock(Mutex<DateTime<Utc>>);

impl HandClock {
    /// A clock that shows this time.
    pub fn at(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(now)))
    }

    /// Sets it.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves it on.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the stand's own key may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// Everything that the connector needs.
    #[default]
    All,
    /// Less than that: the platform knows the key, and refuses or limits it.
    Few,
}

/// What a stand is made from. The same scene gives the same stand each time.
#[derive(Clone, Debug)]
pub struct Scene {
    /// How many people read the newsletter.
    pub people: u32,
    /// What the key may do.
    pub rights: Rights,
    /// The platform's clock, which the stand moves on when days pass. It must not be read before the stand is made.
    pub clock: Arc<HandClock>,
}

/// How a connector signs in, and what it is told to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Which key.
    pub key: KeyKind,
    /// Which secret of webhooks, or which account where the platform publishes its keys (K14).
    pub hook: KeyKind,
    /// Names of lists to follow, none for all.
    pub lists: Vec<String>,
}

impl Access {
    /// The good key, all lists.
    pub fn good() -> Self {
        Self {
            key: KeyKind::Good,
            hook: KeyKind::Good,
            lists: Vec::new(),
        }
    }
}

/// Which key or secret a connector gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The account's own.
    Good,
    /// One of the right shape that the platform does not know.
    Wrong,
    /// One of a shape that no key of the platform has; of webhooks, an empty one or none.
    Misshapen,
}

/// A delivery that is ready to be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The whole address to which it goes.
    pub url: String,
    /// The headers in their order.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The events that it tells of and that count by its word, by the names of [`Truth::events`]; none where it is a hint.
    pub tells: BTreeSet<String>,
}

impl Sent {
    /// As it comes in.
    pub fn delivery(&self) -> Delivery<'_> {
        Delivery {
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

/// What the platform holds, by names of the stand's own choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Contacts that a complete read finds: id as the connector gives it, and address.
    pub contacts: BTreeMap<String, String>,
    /// Events that a complete read finds. Where the platform has no ids, the k-th of equal events ends in `#k`, from 2.
    pub events: BTreeSet<String>,
}

/// One contact's fields and tags as the platform shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Fields by name, as text.
    pub fields: BTreeMap<String, String>,
    /// Tags, each as often as the platform keeps it, sorted.
    pub tags: Vec<String>,
}

/// Something that happens at the platform, by another hand than ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A day passes with something of every kind: people join, mails go out, people open, click and leave. Moves the clock.
    News,
    /// So many contacts are changed by somebody.
    Change(usize),
    /// So many contacts, those that a read meets first, are deleted for good.
    Delete(usize),
    /// So many rows of one stream come to bear one and the same second, the present one.
    Burst(usize),
    /// Some rows come to bear a time ten years ahead.
    Postdate,
}

/// What an edit touched, by the names of [`Truth`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// Contacts, by id.
    pub contacts: BTreeSet<String>,
    /// Events.
    pub events: BTreeSet<String>,
}

impl Edited {
    /// How many things were touched.
    pub fn len(&self) -> usize {
        self.contacts.len() + self.events.len()
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a check, or a part of one, does not apply to a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skip {
    /// `K1` to `K18`.
    pub check: &'static str,
    /// The part; `None` skips the whole check.
    pub part: Option<&'static str>,
    /// The reason, for people.
    pub reason: &'static str,
}

/// A write that must be refused before any request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable {
    /// The write.
    pub write: Write,
    /// Which limit it breaks.
    pub limit: &'static str,
}

/// One platform, ready to be examined.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The platform, as the configuration names it.
    fn platform(&self) -> &'static str;

    /// What does not apply, and why.
    fn skips(&self) -> &'static [Skip];

    /// What a user sets for a connection, now and in the last release (K1).
    fn settings(&self) -> Settings;

    /// Recorded answers and the events that they mean (K4).
    fn golden(&self) -> Vec<Golden>;

    /// Declared kinds that the stand cannot bring about (K3), with the reason.
    fn unseen(&self) -> &'static [(EventKind, &'static str)] {
        &[]
    }

    /// The query parameter that says how many rows a page may have. The checks ask for fewer, so that small lists have many pages.
    fn page_size(&self) -> &'static str;

    /// The field that is made and written, where the platform has fields (K3, K9).
    fn field(&self) -> &'static str {
        "ENGSCORE"
    }

    /// Writes that break a limit of the platform (K9).
    fn unwritable(&self) -> Vec<Unwritable>;

    /// One action of each kind that begins something by itself, as a configuration names it (K16); none where starts are tags
    /// and fields alone.
    fn actions(&self) -> Vec<Action> {
        Vec::new()
    }

    /// Requests that read although they are not GET: method, and how the path begins (K13).
    fn searches(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Whether results may lie at another host, from where they are fetched without credentials (K12).
    fn reads_elsewhere(&self) -> bool {
        false
    }

    /// The headers by which the platform says that the quota is spent for the next ten seconds, if it has any (K10).
    fn quota_spent(&self) -> Option<HeaderMap> {
        None
    }

    /// The headers without which no delivery can be believed, by the platform's documents (K14); none where it signs nothing.
    fn signed_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// Sets up the platform.
    async fn stand(&self, scene: Scene) -> Result<Box<dyn Stand>, String>;
}

/// A stand-in of the platform with an account on it.
#[async_trait]
pub trait Stand: Send + Sync {
    /// A connector for the account, which must send everything through `transport`. Tags begin with [`super::PREFIX`].
    fn connect(
        &self,
        access: &Access,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Box<dyn Connector>, ConnectorError>;

    /// The way to the stand-in.
    fn line(&self) -> Arc<dyn Transport>;

    /// The good key, whole, and those parts of it that are secret by themselves.
    fn secrets(&self) -> Vec<String>;

    /// The settings of a connection as `Debug` shows them.
    fn settings_shown(&self) -> String;

    /// The platform's own words for a refusal with this status.
    async fn refusal(&self, status: StatusCode) -> Response<Bytes>;

    /// What the platform holds now.
    fn truth(&self) -> Truth;

    /// The name of one of our events in [`Truth::events`]; `None` for one that the truth does not list.
    fn tell(&self, event: &Event) -> Option<String>;

    /// Fields and tags by contact id, as the platform holds them.
    fn shown(&self) -> BTreeMap<String, Shown>;

    /// Who gets the mail of the lists, by contact id.
    fn mailed(&self) -> BTreeSet<String>;

    /// How often each thing was started for each contact, by names of the stand's own choice, also where the answer was lost.
    fn starts(&self) -> BTreeMap<String, usize> {
        BTreeMap::new()
    }

    /// Somebody leaves by their own hand, as far as the platform lets them.
    async fn leaves(&self, contact: &str) -> Result<(), String>;

    /// What the platform sends by itself for what happened since this was asked last, signed now (K14). It begins to note what
    /// happens when it is asked for the first time, at the latest.
    async fn deliveries(&self) -> Vec<Sent> {
        Vec::new()
    }

    /// The same delivery once more, as the platform sends what was not answered.
    fn sent_again(&self, sent: &Sent) -> Sent {
        sent.clone()
    }

    /// The text at a DNS name, where the platform publishes the keys of its signatures.
    fn published(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// How many requests were meant to change something, by the platform's own ledger.
    fn writes(&self) -> usize;

    /// Lets something happen.
    async fn edit(&self, edit: Edit) -> Result<Edited, String>;

    /// Adds to an answer rows of a kind that no version of the platform has, where that path has rows; how many.
    fn add_unknown(&self, path: &str, answer: &mut Value) -> u64;
}
