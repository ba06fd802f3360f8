//! One member of a list, in a hundred bytes; what follows from the person is asked of the world.

use md5::{Digest as _, Md5};
use serde_json::Value;

use crate::people::{Seconds, World};

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Gets every campaign.
    Subscribed,
    /// Left, or was taken off.
    Unsubscribed,
    /// Bounced for good.
    Cleaned,
    /// Was asked to confirm.
    Pending,
    /// Gets receipts only.
    Transactional,
    /// Put away; keeps everything.
    Archived,
}

impl Status {
    const ALL: [Self; 6] = [
        Self::Subscribed,
        Self::Unsubscribed,
        Self::Cleaned,
        Self::Pending,
        Self::Transactional,
        Self::Archived,
    ];

    /// The platform's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Subscribed => "subscribed",
            Self::Unsubscribed => "unsubscribed",
            Self::Cleaned => "cleaned",
            Self::Pending => "pending",
            Self::Transactional => "transactional",
            Self::Archived => "archived",
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// How much may be sent: 0 is nothing.
    pub const fn contactable(self) -> u8 {
        match self {
            Self::Unsubscribed | Self::Cleaned | Self::Archived => 0,
            Self::Transactional => 1,
            Self::Pending => 2,
            Self::Subscribed => 3,
        }
    }
}

/// The MD5 of an address.
pub(super) type Hash = [u8; 16];

/// The subscriber hash: the MD5 of the address in lower case.
pub(super) fn hash(address: &str) -> Hash {
    Md5::digest(address.to_lowercase()).into()
}

/// One member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    /// The place in the list, from 0; it never changes.
    pub(super) index: u32,
    /// The hash of the present address.
    pub(super) hash: Hash,
    /// Never changes, whatever the address.
    pub(super) contact: Hash,
    /// The number of the person; absent for those whom a write created.
    pub(super) person: Option<u32>,
    /// The address, where it is not the person's own.
    pub(super) address: Option<Box<str>>,
    pub(super) status: Status,
    /// Whether they left or complained themselves: then no write may subscribe them again.
    pub(super) left_themselves: bool,
    /// Deleted for good: invisible, kept so that numbers stay.
    pub(super) forgotten: bool,
    pub(super) opted_in: Seconds,
    pub(super) last_changed: Seconds,
    /// When the status changed last.
    pub(super) status_changed: Seconds,
    /// Numbers of tags, ascending, with the time of adding.
    pub(super) tags: Vec<(u16, Seconds)>,
    /// Written merge fields by number; the others follow from the person.
    pub(super) fields: Vec<(u16, Value)>,
    /// What the activity feed shows beside the campaigns.
    pub(super) moments: Vec<Moment>,
}

/// Something in a member's activity feed that no report has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Seconds,
    pub(super) what: Happened,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    /// A flow sent a mail.
    FlowMail,
    /// A mail of a flow was opened.
    FlowOpen,
    /// Left: by their own hand, or taken off.
    Left { by_themselves: bool },
}

impl Member {
    /// The value written to a field, if any was.
    pub(super) fn written(&self, field: u16) -> Option<&Value> {
        self.fields
            .iter()
            .find(|(number, _)| *number == field)
            .map(|(_, value)| value)
    }

    /// Writes a field.
    pub(super) fn write(&mut self, field: u16, value: Value) {
        match self.fields.iter_mut().find(|(number, _)| *number == field) {
            Some((_, old)) => *old = value,
            None => self.fields.push((field, value)),
        }
    }

    /// The address.
    pub(super) fn address(&self, world: &World) -> String {
        match (&self.address, self.person) {
            (Some(address), _) => address.to_string(),
            (None, Some(person)) => world.person(person).address(),
            (None, None) => String::new(),
        }
    }

    /// Changes the status.
    pub(super) fn turn(&mut self, status: Status, at: Seconds, by_themselves: bool) {
        self.left_themselves = match status {
            Status::Unsubscribed => by_themselves,
            // Putting somebody away does not undo that they left.
            Status::Archived => self.left_themselves,
            _ => false,
        };
        self.status = status;
        self.status_changed = at;
        if status == Status::Unsubscribed {
            let what = Happened::Left { by_themselves };
            self.moments.push(Moment { at, what });
        }
        self.touch(at);
    }

    /// Leaves by their own hand; who is archived stays so.
    pub(super) fn leave(&mut self, at: Seconds) {
        let status = self.status;
        self.turn(Status::Unsubscribed, at, true);
        if status == Status::Archived {
            self.status = status;
        }
    }

    /// Moves `last_changed`.
    pub(super) fn touch(&mut self, at: Seconds) {
        self.last_changed = self.last_changed.max(at);
    }

    /// Puts a tag on or takes it off; says whether that changed anything.
    pub(super) fn tag(&mut self, tag: u16, on: bool, at: Seconds) -> bool {
        match (self.tags.binary_search_by_key(&tag, |(tag, _)| *tag), on) {
            (Err(place), true) => self.tags.insert(place, (tag, at)),
            (Ok(place), false) => drop(self.tags.remove(place)),
            _ => return false,
        }
        true
    }
}
