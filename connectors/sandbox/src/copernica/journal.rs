//! What was written to the account, profile by profile: the side of the ledger that judges consent, and sees a filter that
//! was ignored.

/// One change that a write made to one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The profile.
    pub profile: u32,
    /// The number of the write, counted from 1: what one request changed has one number.
    pub request: u64,
    /// What changed.
    pub change: Change,
}

/// What a write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The profile was not there before.
    Created,
    /// A column was written, even with the value that it had.
    Field {
        /// Its name.
        name: String,
        /// Before.
        from: String,
        /// After.
        to: String,
        /// Whether the write let follow-ups begin.
        followups: bool,
    },
    /// An interest was put on or taken off.
    Interest {
        /// Its name.
        name: String,
        /// Whether it was put on.
        on: bool,
        /// Whether the write let follow-ups begin.
        followups: bool,
    },
    /// The database's behaviour for those who leave was carried out.
    Unsubscribed,
    /// The profile was deleted.
    Removed,
    /// A subprofile was made.
    Subprofile {
        /// The name of its collection.
        collection: String,
        /// Whether the write let follow-ups begin.
        followups: bool,
    },
    /// A mail was sent.
    Mailed {
        /// The template.
        template: u32,
    },
    /// The secret was replaced.
    Secret,
}

impl Written {
    /// Whether this made the profile exist or made them more contactable: what we must never do.
    pub fn breaks_consent(&self) -> bool {
        match &self.change {
            Change::Created => true,
            Change::Field { name, from, to, .. } => {
                name == "Nieuwsbrief" && to == "ja" && from != to
            }
            _ => false,
        }
    }
}
