//! Taking people off a list who have left it: propose, review, apply, undo.
//!
//! A plan writes nothing. What is approved becomes an outbox row before it is a
//! request, is checked once more against our own store and the platform at the
//! moment of execution, and is exported before it is done. Nobody becomes a
//! candidate by what we do not know. Which way of removing means what on a
//! platform is the connector's business.

pub mod ages;
pub mod apply;
mod ask;
mod back;
pub mod because;
mod export;
mod holdout;
pub mod judge;
pub mod life;
pub mod plan;
pub mod review;
mod second;
pub mod series;
mod undo;
mod work;

use std::{path::PathBuf, sync::Arc};

use engaged_connectors::{Clock, Connector, connector::RemovalSpec};
use thiserror::Error;

use crate::{
    config::{CleaningPolicy, Config, ConnectionConfig, Mode, Then},
    score::{calendar::Millis, facts::ConnectionId},
    store::{Store, StoreError},
};

use series::Series;

/// The guard: too many candidates at once.
pub const CLEANING: &str = "cleaning";

/// For so many days an approval holds: what has waited longer is proposed anew.
pub const APPROVED_DAYS: i64 = 7;

/// How long a batch can be undone.
pub const UNDO_MS: Millis = 90 * 86_400_000;

/// A connection as cleaning sees it.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its number in the store.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
    /// Its platform.
    pub platform: &'static str,
    /// Whether it may be written to.
    pub live: bool,
    /// How contacts can be taken off there.
    pub removals: &'static [RemovalSpec],
    /// How our tags begin there; `None` where we keep none.
    pub tag_prefix: Option<String>,
}

impl Place {
    /// A policy's tag on this connection.
    pub fn tag(&self, policy: &CleaningPolicy) -> Option<String> {
        let prefix = self.tag_prefix.as_ref()?;
        Some(format!("{prefix}{}", policy.tag))
    }

    /// What the platform says of a way of removing; `None` where it lacks it.
    pub fn spec(&self, then: Then) -> Option<RemovalSpec> {
        let Then::Remove(removal) = then else {
            return None;
        };
        let mut all = self.removals.iter();
        all.find(|spec| spec.removal == removal).copied()
    }
}

/// A connection and the connector of its platform.
pub struct Site<'a> {
    /// The connection.
    pub place: Place,
    /// Its platform's connector.
    pub connector: &'a dyn Connector,
}

impl<'a> Site<'a> {
    /// A connection that is known to the store.
    pub fn new(
        connection: &ConnectionConfig,
        id: ConnectionId,
        connector: &'a dyn Connector,
    ) -> Self {
        Self {
            place: Place {
                id,
                name: connection.name.clone(),
                platform: connection.platform.as_str(),
                live: connection.mode == Mode::Live,
                removals: connector.capabilities().removals,
                tag_prefix: connection
                    .push
                    .tags
                    .as_ref()
                    .map(|tags| tags.prefix.clone()),
            },
            connector,
        }
    }
}

/// What cleaning works with.
pub struct Cleaning<'a> {
    /// The store.
    pub store: &'a Store,
    /// The configuration.
    pub config: &'a Arc<Config>,
    /// The connections that were ever synced.
    pub sites: Vec<Site<'a>>,
    /// The automations.
    pub series: Arc<dyn Series>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// Why cleaning did nothing.
#[derive(Debug, Error)]
pub enum CleanError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No policy has that name.
    #[error("there is no cleaning policy '{name}'")]
    UnknownPolicy {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No plan of today has that fingerprint.
    #[error("the plan {fingerprint} is stale, or never was one")]
    Stale {
        /// What was asked for.
        fingerprint: String,
    },
    /// No batch has that number.
    #[error("there is no batch {batch}")]
    UnknownBatch {
        /// What was asked for.
        batch: i64,
    },
    /// Nothing of the batch can be undone.
    #[error("nothing of batch {batch} can be undone: {why}")]
    NothingToUndo {
        /// The batch.
        batch: i64,
        /// Why.
        why: String,
    },
    /// No contact has that address.
    #[error("no contact has that address")]
    UnknownContact,
    /// Whoever confirms a batch is, or may be, who approved it.
    #[error("batch {batch} was approved by {by}: somebody else confirms it")]
    SamePerson {
        /// The batch.
        batch: i64,
        /// Who approved it, and where.
        by: String,
    },
    /// The batch waits for nobody.
    #[error("batch {batch} cannot be confirmed: {why}")]
    NothingToConfirm {
        /// The batch.
        batch: i64,
        /// Why.
        why: String,
    },
    /// The export could not be written; without one nothing is done.
    #[error("{} cannot be written: {error}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl CleanError {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Stale { .. } => "E0901",
            Self::UnknownPolicy { .. } => "E0902",
            Self::UnknownBatch { .. } => "E0903",
            Self::NothingToUndo { .. } => "E0904",
            Self::UnknownContact => "E0905",
            Self::Export { .. } => "E0906",
            Self::SamePerson { .. } => "E0907",
            Self::NothingToConfirm { .. } => "E0908",
        }
    }
}

impl Cleaning<'_> {
    fn now(&self) -> Millis {
        self.clock.now().timestamp_millis()
    }

    /// The policy of that name.
    pub fn policy(&self, name: &str) -> Result<&CleaningPolicy, CleanError> {
        let mut all = self.config.cleaning.iter();
        all.find(|policy| policy.name == name)
            .ok_or_else(|| CleanError::UnknownPolicy {
                name: name.to_owned(),
                known: self
                    .config
                    .cleaning
                    .iter()
                    .map(|each| each.name.clone())
                    .collect(),
            })
    }

    /// The places that a policy cleans.
    fn places(&self, policy: &CleaningPolicy) -> Vec<Place> {
        let places = self.sites.iter().map(|site| &site.place);
        let meant = places.filter(|place| policy.connections.contains(&place.name));
        meant.cloned().collect()
    }
}

#[cfg(test)]
mod tests;
