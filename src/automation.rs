//! What starts when a condition begins to hold, and when it may: the one place with memory.
//!
//! Whether a condition holds is computed elsewhere, purely. Here is decided,
//! purely too, what becomes of a contact for whom it begins or ceases to hold,
//! given what is remembered. Whoever stores the steps does so in the
//! transaction that stores the scores they follow from.

pub mod entry;
mod step;

use engaged_connectors::{Action, StartKind};

use crate::{
    config::ConnectionConfig,
    rules::syntax::{Decimal, Window},
    score::calendar::Millis,
};

pub use self::{
    entry::{Entry, EntryState, Past},
    step::{Before, Moment, Seen, Step, steps},
};

/// Why an entry starts nothing that was found in quarantine, or waited when the backup was made.
pub const RESTORED: &str = "restored from a backup";

/// An entry that could not be started for so long is not started any more.
pub const WAITS_MAX_MS: Millis = 7 * 86_400_000;

/// One automation, beside the conditions in the rules.
#[derive(Clone, Debug)]
pub struct Automation {
    /// Its name.
    pub name: String,
    /// SHA-256 of its conditions and of all that they read: while it is the same, so is what they mean.
    pub fingerprint: String,
    /// Set where the condition is nothing but a comparison of a score.
    pub threshold: Option<Threshold>,
    /// No second start within this time of the last; counted in days of the calendar.
    pub cooldown: Option<Window>,
    /// How long an entry waits, so that what caused it can turn out to be a machine's.
    pub settle: Millis,
    /// So many starts for one contact, ever.
    pub max_per_contact: Option<u32>,
    /// What is started.
    pub start: Start,
}

impl Automation {
    /// What an entry becomes that has waited long enough.
    pub fn due(&self) -> EntryState {
        match self.start.begin {
            Begin::HandOver(_) => EntryState::HandedOver,
            _ => EntryState::Ready,
        }
    }
}

/// What an automation starts, and where.
#[derive(Clone, Debug)]
pub struct Start {
    /// The connection; `None` for what happens here.
    pub connection: Option<String>,
    /// What.
    pub begin: Begin,
}

impl Start {
    /// What is started, and where, in a few words.
    pub fn words(&self) -> String {
        let words = self.begin.words();
        match &self.connection {
            Some(connection) if !connection.starts_with("webhook ") => {
                format!("{connection}: {words}")
            }
            _ => words,
        }
    }
}

/// What begins for a contact.
#[derive(Clone, Debug)]
pub enum Begin {
    /// A tag is put on, and taken off when the contact leaves.
    Tag(String),
    /// A field is set.
    Field {
        /// The field.
        name: String,
        /// The text.
        value: String,
    },
    /// An automation of the platform, as its connector understands the name.
    Automation(String),
    /// An event of that name.
    Event(String),
    /// A signed call of an address.
    Call(Box<ConnectionConfig>),
    /// A place on the list of that name, for people to work off.
    HandOver(String),
}

impl Begin {
    /// The kind of start; a place on our own list is none of a platform's.
    pub fn kind(&self) -> StartKind {
        match self {
            Self::Tag(_) => StartKind::Tag,
            Self::Field { .. } => StartKind::Field,
            Self::Automation(_) => StartKind::Automation,
            Self::Event(_) => StartKind::Event,
            Self::Call(_) | Self::HandOver(_) => StartKind::Call,
        }
    }

    /// What a connector is asked to start; `None` for what is a set, or ours.
    pub fn action(&self, body: &str) -> Option<Action> {
        match self {
            Self::Tag(_) | Self::Field { .. } | Self::HandOver(_) => None,
            Self::Automation(name) => Some(Action::Automation(name.clone())),
            Self::Event(name) => Some(Action::Event(name.clone())),
            Self::Call(_) => Some(Action::Call {
                body: body.to_owned(),
            }),
        }
    }

    /// What is started, in a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Tag(tag) => format!("tag {tag}"),
            Self::Field { name, value } => format!("field {name} = {value}"),
            Self::Automation(name) => format!("automation {name}"),
            Self::Event(name) => format!("event {name}"),
            // Its path may be a secret.
            Self::Call(hook) => {
                let host = hook.base_url.as_ref().and_then(url::Url::host_str);
                format!("call {}", host.unwrap_or_default())
            }
            Self::HandOver(list) => format!("hand over to {list}"),
        }
    }
}

/// The automations that start something on a connection.
pub fn on<'a>(
    automations: &'a [Automation],
    connection: &'a str,
) -> impl Iterator<Item = &'a Automation> {
    let on = move |each: &&Automation| each.start.connection.as_deref() == Some(connection);
    automations.iter().filter(on)
}

/// A line that a score crosses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// The score's name, folded.
    pub score: String,
    /// On which side one is inside.
    pub side: Side,
    /// Where the line is.
    pub number: Decimal,
    /// Whether the line itself is outside.
    pub strict: bool,
}

/// A side of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl Threshold {
    /// Whether this line lies further out than another of the same score: whoever crosses both at once crosses this one last.
    pub fn beyond(&self, other: &Self) -> bool {
        let further = match self.side {
            Side::Above => self.number.cmp(&other.number),
            Side::Below => other.number.cmp(&self.number),
        };
        let further = further.then(self.strict.cmp(&other.strict));
        self.score == other.score && self.side == other.side && further.is_gt()
    }
}

#[cfg(test)]
mod tests;
