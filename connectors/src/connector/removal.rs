//! Taking contacts off a list, looking at them once more before, and putting back what we took.
//!
//! A removal makes a contact less contactable, and is a set: doing it twice is
//! the same as once. A restoration is the one thing that makes somebody more
//! contactable, and may undo our own removal alone.

use chrono::{DateTime, Utc};

use crate::model::{Address, Contact, Status};

/// How a contact is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Removal {
    /// Gets no more mail of the lists followed; stays on the platform.
    Unsubscribe,
    /// Gets no more mail of the whole account.
    Suppress,
    /// Out of the list and of what it costs; the platform keeps what it knows.
    Archive,
    /// Gone, with what the platform knew.
    Delete,
}

impl Removal {
    /// Every removal.
    pub const ALL: [Self; 4] = [
        Self::Unsubscribe,
        Self::Suppress,
        Self::Archive,
        Self::Delete,
    ];

    /// The word for it in configuration and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribe => "unsubscribe",
            Self::Suppress => "suppress",
            Self::Archive => "archive",
            Self::Delete => "delete",
        }
    }
}

/// What a platform offers of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovalSpec {
    /// Which.
    pub removal: Removal,
    /// What undoing it does not bring back, in words for the user; `None` where everything comes back.
    pub lost: Option<&'static str>,
    /// Whether it can be undone at all.
    pub undone: bool,
}

/// A contact, named to a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Its id on the platform.
    pub contact: String,
    /// Its address as last read, for platforms that address by it.
    pub email: Option<Address>,
}

/// A contact as the platform has it at this moment.
#[derive(Clone, Debug)]
pub struct Look {
    /// Status, lists, tags and fields.
    pub contact: Contact,
    /// The last sign of life that the platform shows, of mail that it does not report to us too. An open that the
    /// platform itself calls a proxy's is none; what came by the streams already may stand here again.
    pub last_active_at: Option<DateTime<Utc>>,
    /// The last mail of a kind that the platform does not report (a running series, say), if it shows any.
    pub unreported_mail_at: Option<DateTime<Utc>>,
}

/// What a contact was before we took it off, as far as the platform lets it be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    /// Who.
    pub who: Who,
    /// How it was taken off.
    pub removal: Removal,
    /// The status before.
    pub status: Status,
    /// The lists it was on, as [`Contact::lists`] names them.
    pub lists: Vec<String>,
    /// The tags it had.
    pub tags: Vec<String>,
}
