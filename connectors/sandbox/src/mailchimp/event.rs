//! An event as a reader of the API can name it, since Mailchimp gives events no ids.

use std::fmt;

use super::call::stamp;
use super::member::Hash;
use crate::people::Seconds;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A mail was sent; its time is that of the campaign.
    Send,
    /// A mail was opened, by somebody or by something.
    Open,
    /// A link was followed, by somebody or by something.
    Click,
    /// The address does not exist.
    HardBounce,
    /// The mailbox did not take it.
    SoftBounce,
    /// Somebody left by a link.
    Unsubscribe,
    /// Somebody called it spam.
    Complaint,
    /// Somebody bought.
    Order,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send => "send",
            Self::Open => "open",
            Self::Click => "click",
            Self::HardBounce => "hard bounce",
            Self::SoftBounce => "soft bounce",
            Self::Unsubscribe => "unsubscribe",
            Self::Complaint => "complaint",
            Self::Order => "order",
        })
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The id of the campaign; of an order without one, the empty string.
    pub campaign: String,
    /// The MD5 of the address, in hex.
    pub email_id: String,
    /// When.
    pub at: Seconds,
    /// The link of a click, the id of an order.
    pub detail: String,
    /// The place among the events that are equal in all the rest, from 0: the API tells them apart by nothing.
    pub ordinal: u32,
    /// Whether open-details marks it as made by a privacy proxy.
    pub by_proxy: bool,
}

impl Event {
    pub(super) fn new(
        kind: Kind,
        campaign: &str,
        member: &Hash,
        at: Seconds,
        detail: &str,
    ) -> Self {
        Self {
            kind,
            campaign: campaign.to_owned(),
            email_id: hex::encode(member),
            at,
            detail: detail.to_owned(),
            ordinal: 0,
            by_proxy: false,
        }
    }

    /// The text by which the ledger names the event: kind, campaign, e-mail id, time, detail, and its place among equals.
    pub fn key(&self) -> String {
        let Self {
            kind,
            campaign,
            email_id,
            detail,
            ordinal,
            ..
        } = self;
        let at = stamp(self.at);
        format!("{kind}|{campaign}|{email_id}|{at}|{detail}|{ordinal}")
    }
}

/// Numbers equal events that follow each other, by time within one recipient.
pub(super) fn number(events: &mut [Event]) {
    for place in 1..events.len() {
        let equal = (0..place)
            .rev()
            .take_while(|earlier| events[*earlier].at == events[place].at);
        let same = equal
            .filter(|earlier| {
                let (a, b) = (&events[*earlier], &events[place]);
                (a.kind, &a.detail) == (b.kind, &b.detail)
            })
            .count();
        events[place].ordinal = u32::try_from(same).unwrap_or(u32::MAX);
    }
}
