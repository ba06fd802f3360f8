//! What was written to the account, contact by contact: the side of the ledger that judges consent.

use super::contact::Status;

/// One change that a write made to one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The id of the contact.
    pub contact: String,
    /// What changed.
    pub change: Change,
}

/// What a write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The contact was not there before.
    Created,
    /// The standing with a list was another one.
    Status {
        /// The id of the list.
        list: String,
        /// Before; nothing where they were not in it.
        from: Option<Status>,
        /// After.
        to: Status,
    },
    /// A field was written, even with the value that it had.
    Field {
        /// Its personalisation tag.
        perstag: String,
        /// Before; empty where there was none.
        from: String,
        /// After.
        to: String,
        /// Whether the write kept automations quiet.
        quiet: bool,
    },
    /// A name or phone number was written.
    Name,
    /// A tag was put on or taken off.
    Tag {
        /// Its name.
        name: String,
        /// Whether it was put on.
        on: bool,
        /// Whether the write kept automations quiet.
        quiet: bool,
    },
    /// The address was changed.
    Address,
    /// The contact was deleted.
    Deleted,
    /// The contact was put into an automation.
    Entered(u32),
    /// The contact was taken out of it.
    Left(u32),
}

impl Written {
    /// Whether this made the contact exist or made them more contactable: what we must never do.
    pub fn breaks_consent(&self) -> bool {
        match &self.change {
            Change::Created => true,
            Change::Status { from, to, .. } => {
                *to == Status::Active && *from != Some(Status::Active)
            }
            _ => false,
        }
    }
}
