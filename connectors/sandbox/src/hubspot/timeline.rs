//! Changes of consent, and the timeline that tells of them (sheet 4): more than e-mail events do.

use serde_json::{Value, json};

use super::Millis;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::TYPES;
use super::events::{id_text, page_token, read_token};
use super::mail::Row;
use super::portal::{PORTAL, Portal};
use crate::people::Publication;

/// Of what somebody opted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Of all e-mail.
    All,
    /// Of one type, by the place of its publication.
    Type(usize),
}

/// A change of consent.
#[derive(Debug, Clone)]
pub(super) struct Shift {
    pub(super) at: Millis,
    /// `None` where there is no contact with the address.
    pub(super) contact: Option<u32>,
    pub(super) recipient: String,
    pub(super) publication: Publication,
    pub(super) campaign: Option<u16>,
    pub(super) what: What,
    /// `SUBSCRIBED`, `UNSUBSCRIBED`, `BOUNCED` or `REPORTED_SPAM`.
    pub(super) to: &'static str,
    pub(super) source: &'static str,
    /// The e-mail event that tells of it too.
    pub(super) event: Option<Row>,
}

impl Shift {
    /// Somebody subscribes by their own hand; the rest is set by whoever knows better.
    pub(super) fn of_mail(
        contact: u32,
        publication: Publication,
        campaign: Option<u16>,
        what: What,
        at: Millis,
    ) -> Self {
        Self {
            at,
            contact: Some(contact),
            recipient: String::new(),
            publication,
            campaign,
            what,
            to: "SUBSCRIBED",
            source: "SOURCE_RECIPIENT",
            event: None,
        }
    }

    /// The text that names it: time, account and address (sheet 4).
    pub(super) fn key(&self) -> String {
        format!("timeline/{}/{PORTAL}/{}", self.at, self.recipient)
    }

    fn change_type(&self) -> &'static str {
        match (self.to, self.what) {
            ("BOUNCED", _) => "PORTAL_BOUNCE",
            ("REPORTED_SPAM", _) => "PORTAL_SPAM_REPORT",
            (_, What::All) => "PORTAL_STATUS",
            (_, What::Type(_)) => "SUBSCRIPTION_STATUS",
        }
    }

    fn body(&self) -> Value {
        let mut change = json!({
            "change": self.to, "changeType": self.change_type(), "source": self.source, "portalId": PORTAL,
        });
        if let What::Type(of) = self.what {
            change["subscriptionId"] = json!(TYPES[of]);
        }
        let mut body =
            json!({"portalId": PORTAL, "recipient": self.recipient, "timestamp": self.at});
        if let Some(event) = self.event {
            change["causedByEvent"] = json!({"id": id_text(event), "created": event.at});
            // The time may be absent where an event caused it (sheet 4).
            if self.to == "REPORTED_SPAM" || event.id.is_multiple_of(2) {
                body.as_object_mut().map(|body| body.remove("timestamp"));
            }
        }
        body["changes"] = json!([change]);
        body
    }
}

impl Portal {
    /// `GET /email/public/v1/subscriptions/timeline`, newest first.
    pub(super) fn timeline(&self, call: &Call) -> Reply {
        let limit = call.limit(100, 1_000)?;
        let (from, to) = (call.number("startTimestamp")?, call.number("endTimestamp")?);
        let wanted = |shift: &Shift| {
            from.is_none_or(|from| shift.at >= from)
                && to.is_none_or(|to| shift.at <= to)
                && call
                    .parameter("recipient")
                    .is_none_or(|address| shift.recipient.eq_ignore_ascii_case(address))
        };
        let mut found: Vec<(usize, &Shift)> = self
            .shifts
            .iter()
            .enumerate()
            .filter(|(_, shift)| wanted(shift))
            .collect();
        found.sort_by_key(|(place, shift)| std::cmp::Reverse((shift.at, *place)));
        if let Some(token) = call.parameter("offset") {
            let (at, place) =
                read_token(call, token).ok_or_else(|| Problem::invalid("offset is not valid"))?;
            found.retain(|(number, shift)| (shift.at, *number as u64) < (at, place));
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().map(|(place, shift)| (shift.at, *place as u64));
        let rows: Vec<Value> = found.iter().map(|(_, shift)| shift.body()).collect();
        let served = found.iter().map(|(_, shift)| shift.key()).collect();
        let body = json!({"hasMore": more, "offset": page_token(call, last), "timeline": rows});
        Ok(Answer::events(body, served))
    }
}
