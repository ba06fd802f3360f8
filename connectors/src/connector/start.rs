//! What begins for a contact and cannot be taken back: a series, an event, a call.
//!
//! Unlike a [`super::Write`], a start that is done twice is two starts. Whoever
//! asks for one has committed before that it is about to, and never repeats one
//! whose answer was lost.

use crate::model::Address;

/// A way in which a platform lets something be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StartKind {
    /// A tag that the user's own automation listens to: a set, done by [`super::Write::AddTag`].
    Tag,
    /// A field that the user's own automation listens to: a set, done by [`super::Write::SetField`].
    Field,
    /// An automation of the platform that is told to take the contact.
    Automation,
    /// A named event that the user's own automation listens to.
    Event,
    /// A call of an address of the user's.
    Call,
}

impl StartKind {
    /// The word for it in configuration and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Field => "field",
            Self::Automation => "automation",
            Self::Event => "event",
            Self::Call => "call",
        }
    }
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// An automation of the platform, as its connector lets the configuration name it.
    Automation(String),
    /// An event by its name.
    Event(String),
    /// A call with this body, JSON.
    Call {
        /// The whole body.
        body: String,
    },
}

impl Action {
    /// Its kind.
    pub const fn kind(&self) -> StartKind {
        match self {
            Self::Automation(_) => StartKind::Automation,
            Self::Event(_) => StartKind::Event,
            Self::Call { .. } => StartKind::Call,
        }
    }
}

/// One start for one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The contact's id on the platform; empty for [`Action::Call`].
    pub contact: String,
    /// The contact's address as last read.
    pub email: Option<Address>,
    /// Names this start, now and when it is tried again: an idempotency key where the receiver knows such.
    pub key: String,
    /// What to start.
    pub action: Action,
}
