//! Enrols contacts in a workflow, by the v2 endpoint (sheet, section 6).
//!
//! HubSpot knows no idempotency keys, so a request goes out once, and again only
//! when HubSpot refused it unseen (429) or no connection came about. Workflows that
//! wait for a property or a static list are the sturdier way: those are sets, which
//! `push` does.

use ::http::Method;

use super::{
    HubSpot, scopes,
    wire::{is_id, segment},
};
use crate::{
    connector::{Action, Outcome, Start, series::Series},
    error::ConnectorError,
    http::Failure,
};

/// How an automation is named in a configuration.
const FORM: &str = "write the number of a contact workflow, as the v2 API knows it (the number in the \
                    address of its page is that of its flow, which may be another)";

/// Whether HubSpot can start this, or the right form in words. Asks nobody.
pub fn check_action(action: &Action) -> Result<(), String> {
    match action {
        Action::Automation(name) if is_id(name.trim()) && name.trim() != "0" => Ok(()),
        Action::Automation(_) => Err(FORM.into()),
        Action::Event(_) => Err(
            "events of our own are not sent to HubSpot; start by a tag, a field or a workflow"
                .into(),
        ),
        Action::Call { .. } => Err("HubSpot calls no address; use an outgoing webhook".into()),
    }
}

/// One outcome per start. An `Err` means that nothing was sent.
pub(super) async fn start(hub: &HubSpot, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    for start in starts {
        if series.is_over() {
            continue;
        }
        let path = match path(start) {
            Ok(path) => path,
            Err(reason) => {
                series.refuse(reason);
                continue;
            }
        };
        let call = hub.client.call(Method::POST, &path);
        let judged = call.send().await.map(|answer| {
            if answer.status().is_success() {
                Outcome::Applied
            } else {
                Outcome::Rejected(answer.words())
            }
        });
        series.settle(judged.map_err(name_right))?;
    }
    Ok(series.into_outcomes())
}

fn name_right(failure: Failure) -> Failure {
    match failure {
        Failure::NotDone(error) => Failure::NotDone(scopes::named(error, "automation")),
        unknown @ Failure::Unknown(_) => unknown,
    }
}

/// Where a start is sent to, or why it is not.
fn path(start: &Start) -> Result<String, String> {
    check_action(&start.action)?;
    let Action::Automation(workflow) = &start.action else {
        return Err(FORM.into());
    };
    let email = start.email.as_ref();
    let email = email.ok_or("without the address HubSpot does not find the contact")?;
    let email = segment(email.reveal());
    let workflow = workflow.trim();
    Ok(format!(
        "automation/v2/workflows/{workflow}/enrollments/contacts/{email}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_named_by_its_number() {
        let check = |name: &str| check_action(&Action::Automation(name.into()));
        assert_eq!(check("1234567"), Ok(()));
        for name in ["", "0", "welcome", "12/34", "journey 1 step 2", "-1"] {
            assert!(check(name).unwrap_err().contains("number"), "{name}");
        }
        assert!(check_action(&Action::Event("gone quiet".into())).is_err());
        assert!(check_action(&Action::Call { body: "{}".into() }).is_err());
    }
}
