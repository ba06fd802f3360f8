//! An entry into an automation: what is remembered of it.

use crate::score::calendar::{Day, Millis};

/// What has become of an entry. The names are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryState {
    /// Waits, so that a machine can be recognised.
    Settling,
    /// To be started by the next push.
    Ready,
    /// A request is about to go out or under way.
    Attempting,
    /// Was started.
    Started,
    /// Nobody knows whether it was started; a person decides.
    InDoubt,
    /// The platform refuses to start it.
    Refused,
    /// Stands on a list for people.
    HandedOver,
    /// Starts nothing, since it does not lie in the present: a first import, an edit of the rules, late news.
    Silent,
    /// Starts nothing, since something forbids it: a cooldown, a limit, a higher threshold, no consent.
    Suppressed,
    /// Was over before it was started.
    Withdrawn,
    /// Was started by a tag that is to be taken off.
    Leaving,
}

impl EntryState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Settling,
        Self::Ready,
        Self::Attempting,
        Self::Started,
        Self::InDoubt,
        Self::Refused,
        Self::HandedOver,
        Self::Silent,
        Self::Suppressed,
        Self::Withdrawn,
        Self::Leaving,
    ];

    /// The name in tables and in what people read.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Settling => "settling",
            Self::Ready => "ready",
            Self::Attempting => "attempting",
            Self::Started => "started",
            Self::InDoubt => "in doubt",
            Self::Refused => "refused",
            Self::HandedOver => "handed over",
            Self::Silent => "silent",
            Self::Suppressed => "suppressed",
            Self::Withdrawn => "withdrawn",
            Self::Leaving => "leaving",
        }
    }

    /// Whether something began, or may have: what a cooldown and a limit count.
    pub const fn may_have_started(self) -> bool {
        matches!(
            self,
            Self::Attempting | Self::Started | Self::InDoubt | Self::HandedOver | Self::Leaving
        )
    }

    /// Whether a start is still to come.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Settling | Self::Ready)
    }
}

/// The entry by which a contact is inside an automation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the store.
    pub id: i64,
    /// What has become of it.
    pub state: EntryState,
    /// When it was found.
    pub entered_at: Millis,
    /// The date that was scored then.
    pub entered_on: Day,
    /// When it has waited long enough.
    pub due_at: Option<Millis>,
    /// It was asked for, whatever the condition says: a last mail before cleaning.
    pub by_hand: bool,
}

/// What is remembered of one contact and one automation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The entry by which the contact is inside, if it is.
    pub inside: Option<Entry>,
    /// How many entries there were.
    pub entries: u32,
    /// How many of them started something, or may have, or are about to.
    pub starts: u32,
    /// The date of the last of those: of the entry, or of the start where that was later.
    pub started_on: Option<Day>,
    /// When the contact last left.
    pub left_at: Option<Millis>,
}
