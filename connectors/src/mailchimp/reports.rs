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
    /// Actions of a kind that is not known (yet).
    pub(super) unknown: u64,
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
pub(super) fn sends(due: &Due, row: &SentRow, reading: &mut Reading) {
    if let Some(contact) = reading.contact(due, row.email_address.as_deref()) {
        reading.events.push(Event {
            tracked: due.tracked,
            ..event(due, contact, EventKind::Send, due.sent_at)
        });
    }
}

/// A row of `open-details`: every open. An open without the mark of a proxy is
/// not judged; before 22 June 2024 Mailchimp set no marks (sheet, section 4.2).
pub(super) fn opens(due: &Due, row: &OpenRow, reading: &mut Reading) {
    let Some(contact) = reading.contact(due, row.email_address.as_deref()) else {
        return;
    };
    for open in &row.opens {
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
pub(super) fn activity(due: &Due, row: &ActivityRow, reading: &mut Reading) {
    let Some(contact) = reading.contact(due, row.email_address.as_deref()) else {
        return;
    };
    for deed in &row.activity {
        reading.unknown += u64::from(!is_known(deed));
        if let Some((kind, link)) = deed_kind(deed)
            && let Some(at) = reading.time(deed.timestamp.as_deref())
        {
            // It would count once more when it comes with what it lacks.
            let lacks = match deed.action.as_deref() {
                Some("click") if link.is_none() => Some("a click has no link"),
                Some("bounce") if deed.r#type.is_none() => Some("a bounce does not say which sort"),
                _ => None,
            };
            if let Some(reason) = lacks {
                reading.refuse(Some(at), reason);
                continue;
            }
            reading.events.push(Event {
                link,
                ..event(due, contact.clone(), kind, at)
            });
        }
    }
}

/// Whether the action is one of those that the specification names.
fn is_known(deed: &Deed) -> bool {
    matches!(deed.action.as_deref(), Some("open" | "click" | "bounce"))
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
pub(super) fn unsubscribes(due: &Due, row: &UnsubscribeRow, reading: &mut Reading) {
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

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;
    use crate::mailchimp::{campaign::Report, wire::ReportRow};

    fn rows<T: DeserializeOwned>(text: &str, name: &str) -> Vec<T> {
        let page: Value = serde_json::from_str(text).unwrap();
        serde_json::from_value(page[name].clone()).unwrap()
    }

    fn due() -> Due {
        let text = include_str!("../../fixtures/mailchimp/reports-automation.json");
        let rows: Vec<ReportRow> = rows(text, "reports");
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let automation = Due::of(&rows[1], None, now).unwrap();
        assert_eq!(
            automation.reports,
            [Report::Opens],
            "an automation has no times of sending"
        );
        Due::of(&rows[0], None, now).unwrap()
    }

    fn read<T: DeserializeOwned>(
        text: &str,
        name: &str,
        of: fn(&Due, &T, &mut Reading),
    ) -> Reading {
        let mut reading = Reading::default();
        for row in rows::<T>(text, name) {
            of(&due(), &row, &mut reading);
        }
        reading
    }

    #[test]
    fn clicks_and_bounces_come_from_the_activity_and_opens_do_not() {
        let text = include_str!("../../fixtures/mailchimp/email-activity-skewed.json");
        let reading = read(text, "emails", activity);
        let told = |event: &Event| (event.kind.as_str().to_owned(), event.link.clone());
        let events: Vec<_> = reading.events.iter().map(told).collect();
        let link = |text: &str| Some(text.to_owned());
        let expected = [
            ("click", link("https://shop.example.org/a?x=1&y=%20")),
            ("click", link("https://shop.example.org/b")),
            ("hard_bounce", None),
            ("bounce", None),
        ];
        assert_eq!(events, expected.map(|(kind, link)| (kind.to_owned(), link)));
        assert!(
            reading
                .events
                .iter()
                .all(|event| event.campaign.as_deref() == Some("c0ffee1234"))
        );
        assert_eq!(reading.rejects.len(), 2, "clicks without a time or a link");
    }

    #[test]
    fn opens_carry_the_mark_of_a_proxy_and_equal_ones_are_kept_apart() {
        let text = include_str!("../../fixtures/mailchimp/open-details-proxy.json");
        let reading = read(text, "members", opens);
        let verdicts: Vec<_> = reading.events.iter().map(|event| event.verdict).collect();
        assert_eq!(verdicts, [Some(Verdict::PrivacyProxy), None, None]);
        assert!(
            reading.rejects.is_empty(),
            "who was deleted for good is nobody"
        );
    }

    #[test]
    fn a_send_has_the_time_of_its_campaign_whatever_became_of_it() {
        let text = include_str!("../../fixtures/mailchimp/sent-to-bounced.json");
        let reading = read(text, "sent_to", sends);
        let sent_at: DateTime<Utc> = "2026-02-03T05:55:00Z".parse().unwrap();
        assert_eq!(reading.events.len(), 2);
        assert!(
            reading
                .events
                .iter()
                .all(|e| e.kind == EventKind::Send && e.at == sent_at)
        );
    }

    #[test]
    fn an_unsubscribe_has_its_own_time() {
        let text = include_str!("../../fixtures/mailchimp/unsubscribed.json");
        let reading = read(text, "unsubscribes", unsubscribes);
        assert_eq!(
            reading.events[0].at.to_rfc3339(),
            "2026-02-04T07:00:00+00:00"
        );
    }
}
