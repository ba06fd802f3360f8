//! Rows of reports become events. Pure. A row is one recipient with any number of
//! things that happened, often none. There are no ids; each event repeats the
//! same values whenever its report is read again, so that the caller knows it by
//! them. Times have whole seconds: two opens within one are two equal events of
//! one row.

use chrono::{DateTime, Utc};

use super::{
    campaign::Due,
    wire::{ActivityRow, Deed, OpenRow, SentRow, UnsubscribeRow, contact, reject, time},
};
use crate::model::{ContactRef, Event, EventKind, Reject, Verdict};

/// What a page of a report says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) events: Vec<Event>,
    pub(super) rejects: Vec<Reject>,
}

impl Reading {
    fn refuse(&mut self, at: Option<DateTime<Utc>>, reason: &str) {
        self.rejects.push(Reject {
            at,
            ..reject(None, reason)
        });
    }

    /// The contact of a row; `None` when there is nothing to tell, which has been told.
    fn contact(&mut self, due: &Due, address: Option<&str>) -> Option<ContactRef> {
        contact(address).unwrap_or_else(|reason| {
            self.refuse(Some(due.sent_at), reason);
            None
        })
    }

    /// The time of something that happened; `None` when it has none, which has been told.
    fn time(&mut self, text: Option<&str>) -> Option<DateTime<Utc>> {
        let at = time(text).and_then(|at| at.ok_or("an event has no time"));
        at.map_err(|reason| self.refuse(None, reason)).ok()
    }
}

/// A row of `sent-to`: the send, at the time when the campaign went out.
pub(super) fn sends(due: &Due, row: SentRow, reading: &mut Reading) {
    if let Some(contact) = reading.contact(due, row.email_address.as_deref()) {
        reading.events.push(Event {
            tracked: due.tracked,
            ..event(due, contact, EventKind::Send, due.sent_at)
        });
    }
}

/// A row of `open-details`: every open. An open without the mark of a proxy is
/// not judged; before 22 June 2024 Mailchimp set no marks (sheet, section 4.2).
pub(super) fn opens(due: &Due, row: OpenRow, reading: &mut Reading) {
    let Some(contact) = reading.contact(due, row.email_address.as_deref()) else {
        return;
    };
    for open in row.opens {
        if let Some(at) = reading.time(open.timestamp.as_deref()) {
            let proxy = open.is_proxy_open == Some(true);
            reading.events.push(Event {
                verdict: proxy.then_some(Verdict::PrivacyProxy),
                ..event(due, contact.clone(), EventKind::Open, at)
            });
        }
    }
}

/// A row of `email-activity`: clicks and the first bounce. Its opens are those of
/// `open-details`, without the marks.
pub(super) fn activity(due: &Due, row: ActivityRow, reading: &mut Reading) {
    let Some(contact) = reading.contact(due, row.email_address.as_deref()) else {
        return;
    };
    for deed in row.activity {
        if let Some((kind, link)) = deed_kind(&deed)
            && let Some(at) = reading.time(deed.timestamp.as_deref())
        {
            reading.events.push(Event {
                link,
                ..event(due, contact.clone(), kind, at)
            });
        }
    }
}

/// The kind and the link; `None` for opens and for actions that are not known (yet).
fn deed_kind(deed: &Deed) -> Option<(EventKind, Option<String>)> {
    Some(match (deed.action.as_deref()?, deed.r#type.as_deref()) {
        ("click", _) => (EventKind::Click, deed.url.clone()),
        ("bounce", Some("hard")) => (EventKind::HardBounce, None),
        ("bounce", Some("soft")) => (EventKind::SoftBounce, None),
        ("bounce", _) => (EventKind::Bounce, None),
        _ => return None,
    })
}

/// A row of `unsubscribed`.
pub(super) fn unsubscribes(due: &Due, row: UnsubscribeRow, reading: &mut Reading) {
    if let Some(contact) = reading.contact(due, row.email_address.as_deref())
        && let Some(at) = reading.time(row.timestamp.as_deref())
    {
        reading
            .events
            .push(event(due, contact, EventKind::Unsubscribe, at));
    }
}

fn event(due: &Due, contact: ContactRef, kind: EventKind, at: DateTime<Utc>) -> Event {
    Event {
        campaign: Some(due.id.clone()),
        ..Event::new(contact, kind, at)
    }
}
