//! What a plan says: its counts, its connections, its deeds.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{
    clean::{ages::Ages, holdout::Holdout},
    score::calendar::Millis,
    store::{ContactId, Placed},
};

/// The plans of all policies.
#[derive(Clone, Debug, Serialize)]
pub struct CleaningPlan {
    /// The version of this shape.
    pub schema: u32,
    /// For each policy.
    pub policies: Vec<PolicyPlan>,
}

/// What one policy would do now.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PolicyPlan {
    /// The policy.
    pub policy: String,
    /// Who is proposed.
    pub when: String,
    /// What is done.
    pub then: &'static str,
    /// Whose word it needs, as the configuration says it.
    pub approve: &'static str,
    /// The win-back that comes first.
    pub first: Option<String>,
    /// Where.
    pub connections: Vec<Part>,
    /// Contacts that may be mailed there.
    pub mailable: u64,
    /// Of those, all for whom the condition holds and nothing stands before it.
    pub candidates: u64,
    /// How many may go on at once.
    pub cap: u64,
    /// Candidates for whom the win-back would be started.
    pub ask: u64,
    /// Candidates that would be taken off.
    pub take: u64,
    /// Candidates whose win-back still has time, or was not started yet.
    pub in_win_back: u64,
    /// Candidates that wait for a later run.
    pub beyond_cap: u64,
    /// Candidates that are left alone, to see what cleaning costs.
    pub held_out: u64,
    /// Contacts that a person, or an undo, took out.
    pub kept: u64,
    /// Contacts that something protects: what, and how many.
    pub protected: Vec<(String, u64)>,
    /// Contacts of whom it is not known whether the condition holds: why, and how many.
    pub unjudged: Vec<(String, u64)>,
    /// What those did who were held out earlier.
    pub holdout: Option<Holdout>,
    /// How long ago the mailable contacts were last seen.
    pub ages: Ages,
    /// Why nothing would be done.
    pub held: Vec<String>,
    /// Some of the contacts.
    pub sample: Vec<Row>,
    /// Equal for equal deeds.
    pub fingerprint: String,
    /// Everything that would be done.
    #[serde(skip)]
    pub steps: Vec<Step>,
    /// Candidates that are held out, with the start of their silence.
    #[serde(skip)]
    pub left_alone: Vec<(ContactId, Millis)>,
    /// What the breaker saw, if there are too many.
    #[serde(skip)]
    pub broken: Option<String>,
}

impl PolicyPlan {
    /// Puts the deeds into an order that the fingerprint alone decides, and keeps so many: the first of them are a sample
    /// at random, the same each time that this plan is looked at.
    pub fn draw(&mut self, most: usize) {
        let place = |contact: ContactId| {
            let mut hash = Sha256::new();
            hash.update(self.fingerprint.as_bytes());
            hash.update(contact.0.to_be_bytes());
            hash.finalize()
        };
        self.steps.sort_by_cached_key(|step| place(step.contact));
        self.steps.truncate(most);
    }
}

/// One connection of a policy.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The connection.
    pub connection: String,
    /// `read-only` or `live`.
    pub mode: &'static str,
    /// Whether it can be undone there.
    pub undone: bool,
    /// What undoing does not bring back.
    pub lost: Option<&'static str>,
    /// The tag that goes on.
    pub tag: Option<String>,
    /// Why nothing is done there.
    pub held: Option<String>,
}

/// What is to happen to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The win-back is started.
    Ask,
    /// It is taken off.
    Take,
}

impl Deed {
    /// The word for lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Take => "take off",
        }
    }
}

/// One contact of a plan.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who.
    pub contact: ContactId,
    /// What happens.
    pub deed: Deed,
    /// The last sign of life, else since when subscribed.
    pub silent_since: Millis,
    /// Where the contact can be mailed.
    pub placed: Vec<Placed>,
}

/// One contact, shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The address, or the platform's id.
    pub contact: String,
    /// What happens.
    pub deed: &'static str,
    /// The date of the last sign of life, else of subscribing.
    pub silent_since: String,
    /// The connections.
    pub connections: Vec<String>,
}
