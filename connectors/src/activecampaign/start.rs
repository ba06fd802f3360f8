//! Starts an automation for a contact.
//!
//! Whether somebody who is in an automation can be put into it once more is not documented, and there is no key by which a
//! repetition would be known (sheet 6). So what the contact is in is read first: whoever runs through it already is
//! refused. The request goes out once.

use ::http::Method;
use serde_json::{Value, json};

use super::{
    ActiveCampaign,
    one::contact_automations,
    push::known_shape,
    wire::{id_of, is_about, is_id, text},
};
use crate::{
    connector::{Action, Outcome, Start, series::Series},
    error::ConnectorError,
    http::Failure,
};

/// How an automation is named in a configuration.
const FORM: &str = "write \"automation 7\": the number stands at the end of the address when the automation is open in \
                    ActiveCampaign";
/// The platform's words for an automation that is not active, or that may not be used (sheet 6).
const REFUSED: &str = "SubscriberSeries";

/// Whether `ActiveCampaign` can start this, or the right form in words. Asks nobody.
pub fn check_action(action: &Action) -> Result<(), String> {
    match action {
        Action::Automation(name) => number(name).map(drop),
        Action::Event(_) => Err(
            "events are not built for ActiveCampaign; start by an automation, a tag or a field"
                .into(),
        ),
        Action::Call { .. } => {
            Err("ActiveCampaign calls no address; use an outgoing webhook".into())
        }
    }
}

/// The number of an automation.
fn number(name: &str) -> Result<String, String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let number = match words.as_slice() {
        [word, number] if word.eq_ignore_ascii_case("automation") => *number,
        _ => "",
    };
    let number = number.trim_start_matches('0');
    let fits = is_id(number) && number.len() <= 9;
    fits.then(|| number.to_owned())
        .ok_or_else(|| FORM.to_owned())
}

/// One outcome per start. An `Err` means that nothing was sent.
pub(super) async fn start(
    ac: &ActiveCampaign,
    starts: &[Start],
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    for start in starts {
        if series.is_over() {
            continue;
        }
        let automation = check_action(&start.action).and_then(|()| match &start.action {
            Action::Automation(name) => number(name),
            Action::Event(_) | Action::Call { .. } => Err(FORM.to_owned()),
        });
        let shape = known_shape(&start.contact).map_err(str::to_owned);
        match automation.and_then(|number| shape.map(|()| number)) {
            Ok(number) => series.settle(begin(ac, &start.contact, &number).await)?,
            Err(reason) => series.refuse(reason),
        }
    }
    Ok(series.into_outcomes())
}

async fn begin(ac: &ActiveCampaign, contact: &str, number: &str) -> Result<Outcome, Failure> {
    let rows = contact_automations(ac, contact).await;
    let Some(rows) = rows.map_err(Failure::NotDone)? else {
        let reason = "the contact is gone from the platform";
        return Ok(Outcome::Rejected(reason.into()));
    };
    let runs = |row: &Value| is_running(row) && automation(row).as_deref() == Some(number);
    if rows.iter().any(runs) {
        let reason = "the contact is in this automation already";
        return Ok(Outcome::Rejected(reason.into()));
    }
    let digits = |text: &str| text.parse::<u64>().unwrap_or_default();
    let body =
        json!({"contactAutomation": {"contact": digits(contact), "automation": digits(number)}});
    let call = ac
        .client
        .call(Method::POST, "contactAutomations")
        .json(&body);
    match call.send().await {
        Ok(answer) if answer.status().is_success() => Ok(Outcome::Applied),
        Ok(answer) => Ok(Outcome::Rejected(answer.words())),
        Err(failure) => match is_about(&failure, REFUSED) {
            Some(words) => Ok(Outcome::Rejected(format!(
                "the automation is not active, or may not be entered ({words})"
            ))),
            None => Err(failure),
        },
    }
}

/// The automation of a row.
pub(super) fn automation(row: &Value) -> Option<String> {
    id_of(row, &["automation", "seriesid"])
}

/// Whether a contact runs through it. 2 is done; 1 is running, and the specification shows 0 as well (sheet 5).
pub(super) fn is_running(row: &Value) -> bool {
    text(row, "status").as_deref() != Some("2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_automation_is_named_by_its_number() {
        assert_eq!(number("Automation 7").as_deref(), Ok("7"));
        for odd in [
            "7",
            "automation",
            "automation 0",
            "automation x",
            "journey 1 step 1",
            "automation 1/2",
        ] {
            assert!(number(odd).is_err(), "{odd}");
        }
    }
}
