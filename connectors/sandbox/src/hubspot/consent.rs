//! `/communication-preferences/v4`: what a contact may be mailed, and opting out (sheet 6).

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::{Contact, Standing, TYPES, stamp};
use super::journal::{Change, Written};
use super::mail::Kind;
use super::portal::Portal;
use super::timeline::{Shift, What};
use crate::people::Publication;

const NAMES: [&str; 2] = ["Weekbrief", "Maandblad"];

/// Why a write came out as it did (sheet 6).
#[derive(Clone, Copy)]
struct Reason(&'static str);

impl Portal {
    fn types(&self) -> usize {
        1 + usize::from(self.options.second_type)
    }

    /// Everything below `/communication-preferences/v4`.
    pub(super) fn consent(&mut self, call: &Call, rest: &[&str]) -> Reply {
        let batch = matches!(rest, ["statuses", "batch", ..]);
        let reads = call.method == axum::http::Method::GET || rest.last() == Some(&"read");
        self.need(match (batch, reads) {
            (false, true) => "communication_preferences.read",
            (false, false) => "communication_preferences.write",
            (true, true) => "communication_preferences.statuses.batch.read",
            (true, false) => "communication_preferences.statuses.batch.write",
        })?;
        if rest == ["definitions"] {
            return Ok(Answer::read(self.envelope(&self.definitions())));
        }
        // A single write names the channel in its body.
        let in_body = call.method == axum::http::Method::POST
            && matches!(rest, ["statuses", _] | ["statuses", "batch", "write"]);
        if !in_body && call.parameter("channel") != Some("EMAIL") {
            return Err(Problem::invalid("channel is required and must be EMAIL"));
        }
        match (call.method.as_str(), rest) {
            ("GET", ["statuses", email]) => Ok(Answer::read(self.envelope(&self.statuses(email, None)))),
            ("GET", ["statuses", email, "unsubscribe-all"]) => Ok(Answer::read(self.envelope(&self.wide(email)))),
            ("POST", ["statuses", "batch", "read"]) => self.each(call, |portal, email| {
                json!({"subscriberIdString": email, "statuses": portal.statuses(email, None)})
            }),
            ("POST", ["statuses", "batch", "unsubscribe-all", "read"]) => self.each(call, |portal, email| {
                json!({"subscriberIdString": email, "wideStatuses": portal.wide(email)})
            }),
            ("POST", ["statuses", "batch", "unsubscribe-all"]) => {
                let verbose = call.parameter("verbose") == Some("true");
                let emails = addresses(call)?;
                let mut rows = Vec::new();
                let mut applied = false;
                for email in &emails {
                    let reason = self.leave_all(email);
                    applied |= reason.0 != "NO_STATUS_CHANGE";
                    let mut row = json!({"subscriberIdString": email});
                    if verbose {
                        row["statuses"] = Value::Array(self.statuses(email, Some(reason)));
                    }
                    rows.push(row);
                }
                Ok(Answer::written(self.envelope(&rows), applied))
            }
            ("POST", ["statuses", "batch", "write"]) => self.write_batch(call),
            ("POST", ["statuses", email, "unsubscribe-all"]) => {
                let reason = self.leave_all(email);
                let rows = if call.parameter("verbose") == Some("true") { self.statuses(email, Some(reason)) } else { Vec::new() };
                Ok(Answer::written(self.envelope(&rows), reason.0 != "NO_STATUS_CHANGE"))
            }
            ("POST", ["statuses", email]) => {
                let mut body = Value::Object(call.object()?);
                body["subscriberIdString"] = json!(email);
                let (row, applied) = self.write_status(&body)?;
                Ok(Answer::written(self.envelope(&[row]), applied))
            }
            _ => Err(Problem::not_found("resource not found")),
        }
    }

    fn envelope(&self, rows: &[Value]) -> Value {
        self.batch(rows, Vec::new()).1
    }

    fn definitions(&self) -> Vec<Value> {
        let row = |of: usize| {
            json!({
                "id": TYPES[of].to_string(), "name": NAMES[of], "description": "", "purpose": "Marketing",
                "communicationMethod": "Email", "isActive": true, "isDefault": of == 0, "isInternal": false,
                "businessUnitId": 0, "createdAt": stamp(self.founded), "updatedAt": stamp(self.founded),
            })
        };
        (0..self.types()).map(row).collect()
    }

    /// One read for each address.
    fn each(&self, call: &Call, read: impl Fn(&Self, &str) -> Value) -> Reply {
        let rows: Vec<Value> = addresses(call)?
            .iter()
            .map(|email| read(self, email))
            .collect();
        Ok(Answer::read(self.envelope(&rows)))
    }

    fn known(&self, email: &str) -> Option<&Contact> {
        self.find_email(email)
            .map(|index| &self.contacts[index as usize])
            .filter(|contact| contact.alive())
    }

    /// Where an address stands with each type; who was never asked is `NOT_SPECIFIED`.
    fn statuses(&self, email: &str, reason: Option<Reason>) -> Vec<Value> {
        let contact = self.known(email);
        (0..self.types())
            .map(|of| {
                let standing = contact.and_then(|contact| contact.types[of].as_ref());
                let (status, source, at) = match standing {
                    Some(Standing { subscribed: true, source, at }) => ("SUBSCRIBED", *source, *at),
                    Some(Standing { source, at, .. }) => ("UNSUBSCRIBED", *source, *at),
                    None => ("NOT_SPECIFIED", "", self.founded),
                };
                json!({
                    "channel": "EMAIL", "subscriberIdString": email, "subscriptionId": TYPES[of], "subscriptionName": NAMES[of],
                    "status": status, "source": source, "timestamp": stamp(at), "businessUnitId": 0, "legalBasis": null,
                    "legalBasisExplanation": null, "setStatusSuccessReason": reason.map(|reason| reason.0),
                })
            })
            .collect()
    }

    /// Whether an address is out of everything; no row where it is not.
    fn wide(&self, email: &str) -> Vec<Value> {
        let out = self
            .known(email)
            .and_then(|contact| contact.out_of_all.as_ref());
        let row = |out: &Standing| {
            json!({
                "channel": "EMAIL", "subscriberIdString": email, "status": "UNSUBSCRIBED", "timestamp": stamp(out.at),
                "wideStatusType": "PORTAL_WIDE", "businessUnitId": 0,
            })
        };
        out.map(row).into_iter().collect()
    }

    /// Out of everything, by a write. Twice is once. An address without a contact is remembered in the timeline and makes none.
    fn leave_all(&mut self, email: &str) -> Reason {
        let index = self
            .find_email(email)
            .filter(|index| self.contacts[*index as usize].alive());
        if index.is_some_and(|index| self.contacts[index as usize].out_of_all.is_some()) {
            return Reason("NO_STATUS_CHANGE");
        }
        self.by_api(index, email, What::All, "UNSUBSCRIBED");
        Reason("UNSUBSCRIBE_FROM_ALL_OCCURRED")
    }

    fn by_api(&mut self, index: Option<u32>, email: &str, what: What, to: &'static str) {
        let (now, source) = (self.now, "SOURCE_CUSTOMER");
        let out = to == "UNSUBSCRIBED";
        if let Some(index) = index {
            if out {
                self.opt_out(index, what, now, source);
            }
            self.tell_world(index);
        }
        let change = match what {
            What::All => Change::OptedOut(None),
            What::Type(of) if out => Change::OptedOut(Some(TYPES[of])),
            What::Type(of) => Change::Subscribed(TYPES[of]),
        };
        let contact = index.map_or_else(
            || email.to_owned(),
            |index| self.contacts[index as usize].id.to_string(),
        );
        self.journal.push(Written { contact, change });
        let shift = Shift {
            at: now,
            contact: index,
            recipient: email.to_lowercase(),
            publication: Publication::Weekly,
            campaign: None,
            what,
            to,
            source,
            event: None,
        };
        let told = self.options.api_status_events.then_some(Kind::StatusChange);
        self.shift(shift, told);
    }

    /// One type for one address.
    fn write_status(&mut self, body: &Value) -> Result<(Value, bool), Problem> {
        let email = body["subscriberIdString"]
            .as_str()
            .ok_or_else(|| Problem::invalid("subscriberIdString is required"))?;
        if body["channel"] != "EMAIL" {
            return Err(Problem::invalid("channel is required and must be EMAIL"));
        }
        let id = body["subscriptionId"].as_u64();
        let of = TYPES
            .iter()
            .take(self.types())
            .position(|known| Some(*known) == id);
        let of =
            of.ok_or_else(|| Problem::not_found(format!("Subscription {id:?} does not exist")))?;
        let index = self
            .find_email(email)
            .filter(|index| self.contacts[*index as usize].alive());
        let contact = index.map(|index| &self.contacts[index as usize]);
        let subscribed = contact
            .and_then(|contact| contact.types[of].as_ref())
            .map(|standing| standing.subscribed);
        let wide = contact.is_some_and(|contact| contact.out_of_all.is_some());
        let reason = match body["statusState"].as_str() {
            Some("UNSUBSCRIBED") if subscribed == Some(false) => Reason("NO_STATUS_CHANGE"),
            Some("UNSUBSCRIBED") => {
                self.by_api(index, email, What::Type(of), "UNSUBSCRIBED");
                Reason("REQUESTED_CHANGE_OCCURRED")
            }
            Some("SUBSCRIBED") if subscribed == Some(true) && !wide => Reason("NO_STATUS_CHANGE"),
            Some("SUBSCRIBED") => {
                let back = subscribed == Some(false) || wide;
                if back && !self.options.resubscribe_allowed {
                    return Err(Problem::invalid(format!(
                        "{email} has unsubscribed and cannot be resubscribed"
                    )));
                }
                let now = self.now;
                if let Some(index) = index {
                    let contact = &mut self.contacts[index as usize];
                    contact.out_of_all = None;
                    contact.types[of] = Some(Standing {
                        subscribed: true,
                        at: now,
                        source: "SOURCE_CUSTOMER",
                    });
                    contact.touch(now, self.options.index_lag);
                    if wide {
                        self.hook_property(index, "hs_email_optout", "false", now);
                    }
                }
                self.by_api(index, email, What::Type(of), "SUBSCRIBED");
                Reason(if back {
                    "RESUBSCRIBE_OCCURRED"
                } else {
                    "REQUESTED_CHANGE_OCCURRED"
                })
            }
            _ => {
                return Err(Problem::invalid(
                    "statusState must be SUBSCRIBED or UNSUBSCRIBED",
                ));
            }
        };
        let row = self.statuses(email, Some(reason)).swap_remove(of);
        Ok((row, reason.0 != "NO_STATUS_CHANGE"))
    }

    fn write_batch(&mut self, call: &Call) -> Reply {
        let (mut rows, mut errors, mut applied) = (Vec::new(), Vec::new(), false);
        for input in call.inputs(100)? {
            match self.write_status(&input) {
                Ok((row, changed)) => {
                    rows.push(json!({"subscriberIdString": input["subscriberIdString"], "statuses": [row]}));
                    applied |= changed;
                }
                Err(problem) => errors.push(
                    problem.row(&[input["subscriberIdString"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned()]),
                ),
            }
        }
        let (status, body) = self.batch(&rows, errors);
        Ok(Answer::written(body, applied).with(status))
    }
}

/// The inputs of a batch, which are addresses (most: unconfirmed, 100).
fn addresses(call: &Call) -> Result<Vec<String>, Problem> {
    let texts = call
        .inputs(100)?
        .into_iter()
        .map(|input| input.as_str().map(str::to_owned));
    texts
        .collect::<Option<_>>()
        .ok_or_else(|| Problem::invalid("inputs must be addresses"))
}
