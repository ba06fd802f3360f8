//! Starts something for a contact: a step of an automation flow, or a custom event
//! that a flow listens to.
//!
//! Neither can be repeated: Mailchimp knows no idempotency keys, and a second
//! request is a second start. So a request goes out once, and again only when
//! Mailchimp refused it unseen (429) or no connection came about. Starts by tag
//! and by field are sets, which `push` does. Nobody is added to an audience here:
//! that would make somebody more contactable.

use ::http::Method;
use serde_json::{Value, json};

use super::{Mailchimp, whom};
use crate::{
    connector::{Action, Outcome, Start, series::Series},
    error::ConnectorError,
};

/// How an automation is named in a configuration.
const FORM: &str = "write \"journey 123 step 456\": Mailchimp shows both numbers in the address that a \
                    starting point or step of the kind Customer Journey API gives";

/// Whether Mailchimp can start this, or the right form in words. Asks nobody.
pub fn check_action(action: &Action) -> Result<(), String> {
    match action {
        Action::Automation(name) => step(name).map(drop),
        Action::Event(name) => event(name),
        Action::Call { .. } => Err("Mailchimp calls no address; use an outgoing webhook".into()),
    }
}

/// The numbers of a journey and its step.
fn step(name: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
    let words: Vec<&str> = name.split_whitespace().collect();
    let read = match words.as_slice() {
        [journey, first, step, second]
            if journey.eq_ignore_ascii_case("journey") && step.eq_ignore_ascii_case("step") =>
        {
            number(first).zip(number(second))
        }
        _ => None,
    };
    read.ok_or_else(|| FORM.to_owned())
}

fn event(name: &str) -> Result<(), String> {
    let fits = (2..=30).contains(&name.chars().count())
        && name.trim() == name
        && !name.contains(char::is_control);
    let form = "the name of an event has 2 to 30 characters, on one line";
    fits.then_some(()).ok_or_else(|| form.to_owned())
}

/// One outcome per start. An `Err` means that nothing was sent.
pub(super) async fn start(
    mailchimp: &Mailchimp,
    starts: &[Start],
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    for start in starts {
        if series.is_over() {
            continue;
        }
        let (path, body) = match request(start) {
            Ok(request) => request,
            Err(reason) => {
                series.refuse(reason);
                continue;
            }
        };
        let call = mailchimp.client.call(Method::POST, &path).json(&body);
        let judged = call.send().await.map(|answer| {
            if answer.status().is_success() {
                Outcome::Applied
            } else {
                Outcome::Rejected(answer.words())
            }
        });
        series.settle(judged)?;
    }
    Ok(series.into_outcomes())
}

/// What is sent for a start, or why nothing is.
fn request(start: &Start) -> Result<(String, Value), String> {
    check_action(&start.action)?;
    match &start.action {
        Action::Automation(name) => {
            let (journey, step) = step(name)?;
            let path = format!("customer-journeys/journeys/{journey}/steps/{step}/actions/trigger");
            let email = start.email.as_ref();
            let email = email.ok_or("without the address Mailchimp does not find the contact")?;
            Ok((path, json!({"email_address": email.reveal()})))
        }
        Action::Event(name) => {
            let path = whom::path(&start.contact, start.email.as_ref())?;
            let body = json!({"name": name, "is_syncing": false});
            Ok((format!("{path}/events"), body))
        }
        Action::Call { .. } => Err("Mailchimp calls no address".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_automation_is_named_by_two_numbers() {
        assert_eq!(step("journey 12 step 345"), Ok((12, 345)));
        assert_eq!(step(" Journey 12  Step 345 "), Ok((12, 345)));
        for name in [
            "",
            "12 345",
            "journey 12",
            "journey 0 step 1",
            "journey -1 step 1",
            "journey 1/2 step 3",
            "journey 1 step 2 step 3",
            "welcome series",
        ] {
            let refused = check_action(&Action::Automation(name.into())).unwrap_err();
            assert!(
                refused.contains("journey 123 step 456"),
                "{name}: {refused}"
            );
        }
    }

    #[test]
    fn the_name_of_an_event_has_two_to_thirty_characters() {
        let check = |name: &str| check_action(&Action::Event(name.into()));
        for name in ["ab", "won back", &"é".repeat(30)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", "a", " ab", "a\nb", &"x".repeat(31)] {
            assert!(check(name).is_err(), "{name}");
        }
        assert!(check_action(&Action::Call { body: "{}".into() }).is_err());
    }
}
