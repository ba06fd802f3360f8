//! What was written to the account, contact by contact: the side of the ledger that judges consent.

/// One change that a write made to one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The id of the contact; the address where there is no contact.
    pub contact: String,
    /// What changed.
    pub change: Change,
}

/// What a write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The contact was not there before.
    Created,
    /// A property was written, even with the value that it had.
    Field {
        /// Its name.
        name: String,
        /// Before; empty where there was none.
        from: String,
        /// After.
        to: String,
    },
    /// Opted out: of all e-mail, or of the type with this id.
    OptedOut(Option<u64>),
    /// Subscribed again to the type with this id.
    Subscribed(u64),
    /// Put on a list, by its name, where the contact had not been.
    Listed(String),
    /// Taken off a list, by its name.
    Unlisted(String),
    /// Enrolled in a workflow, with its id.
    Enrolled(String),
    /// Taken out of a workflow.
    Unenrolled(String),
    /// A custom event was sent.
    Event(String),
    /// The contact was archived.
    Archived,
    /// The contact was deleted for good.
    Forgotten,
    /// Another contact was merged into this one.
    Merged,
}

impl Written {
    /// Whether this made the contact exist or made it more contactable: what we must never do.
    pub const fn breaks_consent(&self) -> bool {
        matches!(self.change, Change::Created | Change::Subscribed(_))
    }
}
