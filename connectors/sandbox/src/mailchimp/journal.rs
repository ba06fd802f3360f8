//! What was written to the account, contact by contact: the side of the ledger that judges consent.

use serde_json::Value;

use super::member::Status;

/// One change that a write made to one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The list.
    pub list: String,
    /// The MD5 of the address, in hex.
    pub email_id: String,
    /// What changed.
    pub change: Change,
}

/// What a write changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The contact was not there before.
    Created(Status),
    /// The status was another one, archiving included.
    Status {
        /// Before.
        from: Status,
        /// After.
        to: Status,
    },
    /// A merge field was written, even with the value that it had.
    Field {
        /// Its tag.
        tag: String,
        /// Before; the empty string where there was none.
        from: Value,
        /// After.
        to: Value,
    },
    /// A tag was put on or taken off.
    Tag {
        /// Its name.
        name: String,
        /// Whether it was put on.
        on: bool,
        /// Whether the write asked to keep automations quiet.
        quiet: bool,
    },
    /// The address was changed.
    Address,
    /// The contact was deleted for good.
    Forgotten,
    /// A step of a customer journey was triggered.
    Journey {
        /// The journey.
        journey: String,
        /// The step.
        step: String,
    },
    /// A custom event was posted.
    Event(String),
}

impl Written {
    /// Whether this made the contact exist or made them more contactable: what we must never do.
    pub fn breaks_consent(&self) -> bool {
        match self.change {
            Change::Created(_) => true,
            Change::Status { from, to } => to.contactable() > from.contactable(),
            _ => false,
        }
    }
}
