//! What can be asked of the daemon, and what comes of it.

use engaged_connectors::model::Address;
use serde::Serialize;

use crate::{
    clean::apply::CleanReport, publish::Order, push::apply::PushReport, rescore::ScoreReport,
    sync::SyncReport,
};

use super::reload::Reloaded;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Read what is new on one connection, or on all.
    Sync {
        /// The connection; all if left out.
        connection: Option<String>,
        /// Read from the beginning again.
        full: bool,
    },
    /// Score the contacts that need it, or all.
    Score {
        /// Everybody.
        full: bool,
    },
    /// Work out all writes; writes nothing.
    Plan,
    /// Carry out the plan of that fingerprint.
    Apply {
        /// As [`Ask::Plan`] gave it.
        fingerprint: String,
    },
    /// Work out whom the policies, or one, would ask or take off; writes nothing.
    CleanPlan {
        /// The policy; all if left out.
        policy: Option<String>,
    },
    /// Carry out the cleaning plan of that fingerprint.
    CleanApply {
        /// As [`Ask::CleanPlan`] gave it.
        fingerprint: String,
    },
    /// Confirm, as a second person, a batch that somebody else approved, and carry it out.
    CleanConfirm {
        /// The batch.
        batch: i64,
    },
    /// Put back whom a batch took off.
    CleanUndo {
        /// The batch.
        batch: i64,
    },
    /// Leave contacts alone until they are seen again.
    CleanKeep {
        /// The policy; all if left out.
        policy: Option<String>,
        /// The contacts. Whoever sees a task need not see them.
        #[serde(skip)]
        contacts: Vec<Address>,
    },
    /// Try at once what waits for another try or was refused less than a day ago.
    Retry {
        /// The connection; all if left out.
        connection: Option<String>,
    },
    /// Take the configuration anew, whole or not at all.
    Reload,
    /// Put the stored draft of a file in its place.
    Publish(Order),
    /// Put back what a file was before a publication.
    RollBack {
        /// The publication.
        publication: i64,
        /// Why; at least three characters.
        reason: String,
    },
}

impl Ask {
    /// Its name in the audit trail.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Sync { .. } => "sync",
            Self::Score { .. } => "score",
            Self::Plan => "plan",
            Self::Apply { .. } => "apply",
            Self::CleanPlan { .. } => "clean plan",
            Self::CleanApply { .. } => "clean apply",
            Self::CleanConfirm { .. } => "clean confirm",
            Self::CleanUndo { .. } => "clean undo",
            Self::CleanKeep { .. } => "clean keep",
            Self::Retry { .. } => "retry",
            Self::Reload => "reload",
            Self::Publish(_) => "publish",
            Self::RollBack { .. } => "roll back",
        }
    }

    /// What it is about, for the audit trail: no addresses.
    pub fn about(&self) -> String {
        let all = |name: &Option<String>| name.clone().unwrap_or_else(|| "all".to_owned());
        match self {
            Self::Sync { connection, full } => {
                let whole = if *full { ", from the beginning" } else { "" };
                format!("{}{whole}", all(connection))
            }
            Self::Score { full } => if *full { "everybody" } else { "who needs it" }.to_owned(),
            Self::Plan | Self::Reload => String::new(),
            Self::Apply { fingerprint } | Self::CleanApply { fingerprint } => fingerprint.clone(),
            Self::CleanPlan { policy } => all(policy),
            Self::CleanConfirm { batch } | Self::CleanUndo { batch } => format!("batch {batch}"),
            Self::CleanKeep { policy, contacts } => {
                format!("{}: {} contacts", all(policy), contacts.len())
            }
            Self::Retry { connection } => all(connection),
            Self::Publish(order) => format!("{}: {}", order.file, order.reason),
            Self::RollBack {
                publication,
                reason,
            } => format!("publication {publication}: {reason}"),
        }
    }

    /// Whether it only looks, or is one short transaction: it need not wait for whatever runs.
    pub(super) fn needs_no_turn(&self) -> bool {
        matches!(
            self,
            Self::Plan | Self::CleanPlan { .. } | Self::CleanKeep { .. }
        )
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Of [`Ask::Sync`].
    Synced {
        /// Each connection's sync.
        sync: Vec<SyncReport>,
    },
    /// Of [`Ask::Score`].
    Scored {
        /// The scores.
        score: ScoreReport,
    },
    /// Of [`Ask::Plan`] and [`Ask::CleanPlan`]: the desk keeps the plans themselves.
    Planned {
        /// Their fingerprints: one of a push, one for each policy.
        fingerprints: Vec<String>,
    },
    /// Of [`Ask::Apply`] and [`Ask::Retry`].
    Pushed {
        /// Each connection's push.
        push: Vec<PushReport>,
    },
    /// Of [`Ask::CleanApply`], [`Ask::CleanConfirm`] and [`Ask::CleanUndo`].
    Cleaned {
        /// What was done.
        clean: CleanReport,
    },
    /// Of [`Ask::CleanKeep`].
    Kept {
        /// How many contacts.
        contacts: u64,
    },
    /// Of [`Ask::Reload`].
    Reloaded {
        /// What is new.
        reload: Reloaded,
    },
    /// Of [`Ask::Publish`] and [`Ask::RollBack`].
    Published {
        /// The publication's number.
        publication: i64,
        /// What is new.
        reload: Reloaded,
    },
}
