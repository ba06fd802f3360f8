//! The port for what a platform sends by itself.
//!
//! A delivery is kept as it came before anything in it is read. A
//! [`Webhook`] then says, without asking anybody, whether it is the
//! platform's, which delivery it repeats, and what it means. What is sent
//! without a signature proves only that its sender knows the path: it is a
//! hint to poll early, unless the platform has no other source
//! ([`Trust::PathOnly`] in [`News::events`]).

pub mod form;
pub mod klaviyo;
pub mod mautic;
pub mod signature;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{
    connector::Stream,
    error::ConnectorError,
    model::{Campaign, Event, Reject},
};

/// One delivery, as it came over the wire.
#[derive(Clone, Debug)]
pub struct Delivery<'d> {
    /// The method, upper case.
    pub method: &'d str,
    /// The whole address as the sender knows it: the configured public one with the path and query that came.
    pub url: &'d str,
    /// The headers in their order, names as they came.
    pub headers: &'d [(String, String)],
    /// The body, byte for byte.
    pub body: &'d [u8],
}

impl Delivery<'_> {
    /// The value of the only header of that name, whatever its case; `None` where it is missing or there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(each, _)| each.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// What shows that a delivery is the platform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A signature over the body by a key that is shared with us alone, or that the platform publishes.
    Signed,
    /// Nothing but that the sender knows the secret path.
    PathOnly,
}

impl Trust {
    /// The word for it in tables and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::PathOnly => "path_only",
        }
    }
}

/// Why a delivery is not believed. Told to nobody but ourselves: its sender gets a 401 without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Doubt {
    /// A header that the signature needs is missing, there twice, or not of its form.
    #[error("the signature is missing or not of its form")]
    Unsigned,
    /// The signature is not that of this body.
    #[error("the signature does not belong to what was sent")]
    Forged,
    /// Signed too long ago, or in the future.
    #[error("signed too long ago")]
    Stale,
    /// Signed by, or for, another account than ours.
    #[error("signed for somebody else")]
    Foreign,
    /// The published key could not be had. The one doubt that passes by itself.
    #[error("the platform's key could not be looked up")]
    NoKey,
}

/// What a delivery says.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// What happened, only where it counts without a word from the API: always if signed; with [`Trust::PathOnly`]
    /// only the kinds that the platform reports no other way.
    pub events: Vec<Event>,
    /// Names of campaigns that events refer to.
    pub campaigns: Vec<Campaign>,
    /// Rows that could not be understood.
    pub rejects: Vec<Reject>,
    /// Rows of kinds that this version does not know: passed over.
    pub unknown: u64,
    /// The streams in which the API would show what happened: they are polled early.
    pub poll: Vec<Stream>,
}

/// A name that a platform gives is no longer than this; a longer one is no name.
const NAME_MAX: usize = 200;

/// By what a delivery is known when it comes again: the name that the platform gives it, else the digest of its body.
/// It is kept once.
pub fn known_by(webhook: &dyn Webhook, delivery: &Delivery<'_>) -> String {
    let name = webhook.name(delivery);
    match name.filter(|name| !name.is_empty() && name.len() <= NAME_MAX) {
        Some(name) => format!("id:{name}"),
        None => format!("sha256:{}", hex::encode(Sha256::digest(delivery.body))),
    }
}

/// What one platform sends. Nothing here asks anybody or keeps anything.
pub trait Webhook: Send + Sync {
    /// What shows that a delivery is the platform's.
    fn trust(&self) -> Trust;

    /// The DNS name whose TXT record holds the key for this delivery, where the platform publishes it.
    fn key_at(&self, delivery: &Delivery<'_>) -> Result<Option<String>, Doubt> {
        let _ = delivery;
        Ok(None)
    }

    /// Whether it is the platform's. `key` is what stood at [`Webhook::key_at`]. Compares in constant time.
    fn verify(
        &self,
        delivery: &Delivery<'_>,
        key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Doubt>;

    /// What names this delivery: the same when it is sent again, another for any other. `None` means that the body does.
    fn name(&self, delivery: &Delivery<'_>) -> Option<String>;

    /// What it says. `received_at` is for what the platform gives no time of.
    fn read(
        &self,
        delivery: &Delivery<'_>,
        received_at: DateTime<Utc>,
    ) -> Result<News, ConnectorError>;
}
