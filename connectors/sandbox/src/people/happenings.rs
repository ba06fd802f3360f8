//! The words for what happens to mails and readers: small numbers, since there are millions of them.

use super::{Publication, Seconds, names};

/// What became of one mail to one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Delivered,
    /// The address does not exist (any more); nothing is sent there again.
    HardBounce,
    /// The mailbox was full, or the like; the next issue is sent again.
    SoftBounce,
}

/// One mail to one person.
#[derive(Debug, Clone, Copy)]
pub struct Recipient {
    /// The number of the person, see [`World::person`](super::World::person).
    pub person: u32,
    /// Seconds from the campaign's sending to its fate.
    pub after: u16,
    /// What became of it.
    pub fate: Fate,
}

/// What somebody, or something, did with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Somebody opened it, perhaps not for the first time.
    Open,
    /// A privacy proxy loaded its pictures, seconds after it arrived.
    ProxyOpen,
    /// A scanner loaded its pictures before anybody saw it.
    ScannerOpen,
    /// Somebody followed the link with this number.
    Click(u8),
    /// A scanner followed it, within two seconds of arrival.
    ScannerClick(u8),
    /// Somebody left by the link in this mail.
    Unsubscribe,
    /// Somebody called it spam.
    Complaint,
}

/// A deed with its mail and time.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// The index in [`Campaign::recipients`].
    pub recipient: u32,
    /// When it happened.
    pub at: Seconds,
    /// How many minutes later than that the mail service knew of it; usually 0.
    pub lag: u16,
    /// What happened.
    pub deed: Deed,
}

/// One issue of a publication.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The place among the campaigns of its publication, from 0.
    pub number: u16,
    /// Which publication.
    pub publication: Publication,
    /// When sending began.
    pub sent_at: Seconds,
    /// The subject line.
    pub subject: String,
    /// The addresses behind its links.
    pub links: Vec<String>,
    /// Everybody it was sent to, by ascending number of the person.
    pub recipients: Vec<Recipient>,
    /// What came of it up to the world's end. It only grows at its end; its order is that of becoming, not of time.
    pub acts: Vec<Act>,
}

/// How somebody's standing with a publication changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Joined for the first time.
    Joined,
    /// Left, by a mail of this campaign.
    Left(u16),
    /// Complained about a mail of this campaign, which ends the mailing too.
    Complained(u16),
    /// The address bounced hard on this campaign and is mailed no more.
    Bounced(u16),
    /// Came back by their own form.
    Returned,
}

/// A change of standing.
#[derive(Debug, Clone, Copy)]
pub struct Milestone {
    /// The number of the person.
    pub person: u32,
    /// With which publication.
    pub publication: Publication,
    /// When.
    pub at: Seconds,
    /// What changed.
    pub turn: Turn,
}

/// A purchase in the shop that the weekly publication writes for.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// The place in the shop's book, from 1; never reused.
    pub number: u32,
    /// The number of the person.
    pub person: u32,
    /// When.
    pub at: Seconds,
    /// The price of all pieces together, in euro cents.
    pub cents: u32,
    /// How many pieces.
    pub pieces: u8,
    /// An index for [`Order::item`].
    pub(super) item: u8,
    /// The weekly campaign whose link led to it, when one did.
    pub campaign: Option<u16>,
}

impl Order {
    /// What was bought.
    pub fn item(&self) -> &'static str {
        names::ITEMS[usize::from(self.item) % names::ITEMS.len()]
    }
}

/// Something that happens after the world's end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Coming {
    Act(Publication, u16, Act),
    Milestone(Milestone),
    Order(Order),
}

impl Coming {
    pub(super) const fn at(&self) -> Seconds {
        match self {
            Self::Act(_, _, act) => act.at,
            Self::Milestone(change) => change.at,
            Self::Order(order) => order.at,
        }
    }
}
