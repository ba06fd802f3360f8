//! An event as a reader of the API, or the receiver of a webhook, can name it.

use std::fmt;

use crate::people::{Seconds, time};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A mail was opened, by somebody or by something: the API tells neither apart (sheet 4.6).
    Open,
    /// A link was followed, by somebody or by something.
    Click,
    /// The address does not exist.
    HardBounce,
    /// The mailbox did not take it.
    SoftBounce,
    /// Somebody left a list; also by calling a mail spam, for which the API has no word of its own (sheet 4.6).
    Unsubscribe,
    /// Somebody joined a list, or came back to it.
    Subscribe,
    /// Somebody answered a mail. Only a webhook and a counter tell.
    Reply,
    /// Somebody bought.
    Order,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Click => "click",
            Self::HardBounce => "hard bounce",
            Self::SoftBounce => "soft bounce",
            Self::Unsubscribe => "unsubscribe",
            Self::Subscribe => "subscribe",
            Self::Reply => "reply",
            Self::Order => "order",
        })
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The id of the campaign; the empty string where there is none.
    pub campaign: String,
    /// The id of the contact.
    pub contact: String,
    /// When.
    pub at: Seconds,
    /// The address of the link of a click, the id of the row of a bounce, the id of the list of a coming or going, the id of an order.
    pub detail: String,
    /// The place among the events that are equal in all the rest, from 0.
    pub ordinal: u32,
    /// Whether a poll finds it now: of opens and clicks the latest of each contact and link, of comings and goings the last.
    pub polled: bool,
    /// Whether a webhook would tell of it: of clicks perhaps only the first of each contact and link (sheet 7).
    pub hooked: bool,
}

impl Event {
    pub(super) fn new(
        kind: Kind,
        campaign: &str,
        contact: &str,
        at: Seconds,
        detail: &str,
    ) -> Self {
        Self {
            kind,
            campaign: campaign.to_owned(),
            contact: contact.to_owned(),
            at,
            detail: detail.to_owned(),
            ordinal: 0,
            polled: true,
            hooked: true,
        }
    }

    /// The text by which the ledger and the deliveries name the event, whichever way it is told: kind, campaign, contact, time,
    /// detail. Equal events, which nobody can tell apart, share it.
    pub fn key(&self) -> String {
        let Self {
            kind,
            campaign,
            contact,
            detail,
            ..
        } = self;
        format!("{kind}|{campaign}|{contact}|{}|{detail}", time(self.at))
    }
}

/// Numbers events that are equal in everything; sorts them.
pub(super) fn number(events: &mut [Event]) {
    events.sort();
    for place in 1..events.len() {
        let (before, now) = (&events[place - 1], &events[place]);
        if before.key() == now.key() {
            events[place].ordinal = events[place - 1].ordinal + 1;
        }
    }
}
