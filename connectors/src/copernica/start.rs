//! Starts something for a contact: one mail to one profile.
//!
//! Copernica has no call that starts a follow-up. A follow-up watches a field or an
//! interest, which `push` sets; or a mail is sent to the profile (sheet 6). That
//! cannot be repeated, so the request goes out once. A target takes no account of
//! consent, so whoever left, or is of unknown consent, is not mailed.

use std::collections::BTreeSet;

use ::http::Method;
use serde_json::{Value, json};

use super::{Copernica, database, keyset, push::number};
use crate::{
    connector::{Action, Outcome, Start, series::Series},
    error::ConnectorError,
    http::Failure,
    model::Status,
};

/// How a start is named in a configuration.
const FORM: &str = "write \"mailing:123\" to send the Marketing Suite template 123 to the contact, or \
                    \"document:123\" for the Publisher document 123";

/// Whether Copernica can start this, or the right form in words. Asks nobody.
pub fn check_action(action: &Action) -> Result<(), String> {
    match action {
        Action::Automation(name) => request(name, 0).map(drop),
        Action::Event(_) => Err(format!("Copernica has no named events; {FORM}")),
        Action::Call { .. } => Err("Copernica calls no address; use an outgoing webhook".into()),
    }
}

/// What is sent to start this for a profile (sheet 6).
fn request(name: &str, profile: u64) -> Result<(&'static str, Value), String> {
    let (kind, id) = name.trim().split_once(':').ok_or(FORM)?;
    let id: u64 = id.trim().parse().ok().filter(|id| *id > 0).ok_or(FORM)?;
    let target = |key: &str| json!({"target": profile, "targettype": "profile", key: id});
    match kind.trim() {
        "mailing" => Ok(("ms/emailing", target("template"))),
        "document" => Ok(("publisher/emailing", target("document"))),
        _ => Err(FORM.to_owned()),
    }
}

/// One outcome per start. An `Err` means that nothing was sent.
pub(super) async fn start(
    copernica: &Copernica,
    starts: &[Start],
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    let mut shape = None;
    for start in starts {
        if series.is_over() {
            continue;
        }
        let wish = check_action(&start.action).and_then(|()| match &start.action {
            Action::Automation(name) => {
                let profile = number(&start.contact)?;
                Ok((profile, request(name, profile)?))
            }
            Action::Event(_) | Action::Call { .. } => Err(FORM.to_owned()),
        });
        match wish {
            Err(reason) => series.refuse(reason),
            Ok((profile, request)) => {
                series.settle(send(copernica, profile, request, &mut shape).await)?;
            }
        }
    }
    Ok(series.into_outcomes())
}

async fn send(
    copernica: &Copernica,
    profile: u64,
    (path, body): (&str, Value),
    shape: &mut Option<database::Shape>,
) -> Result<Outcome, Failure> {
    let known = match shape.take() {
        Some(shape) => shape,
        None => database::shape(copernica).await.map_err(Failure::NotDone)?,
    };
    let known = shape.insert(known);
    let there = keyset::find(copernica, &BTreeSet::from([profile]))
        .await
        .map_err(Failure::NotDone)?;
    let Some(there) = there.get(&profile) else {
        return Ok(Outcome::Rejected(
            "the contact is gone from the database".into(),
        ));
    };
    match known.status(there) {
        Some(Status::Subscribed) => {}
        None => {
            let why = if known.misses(there) {
                "the profile does not show the field that says who left"
            } else {
                "the database's unsubscribe behaviour says nothing about who may be mailed"
            };
            return Ok(Outcome::Rejected(why.into()));
        }
        Some(_) => return Ok(Outcome::Rejected("the contact has left".into())),
    }
    let answer = copernica
        .client
        .call(Method::POST, path)
        .json(&body)
        .send()
        .await?;
    Ok(if answer.status().is_success() {
        Outcome::Applied
    } else {
        Outcome::Rejected(answer.words())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_named_by_its_product_and_number() {
        let expected = json!({"target": 7, "targettype": "profile", "template": 579});
        assert_eq!(request("mailing:579", 7), Ok(("ms/emailing", expected)));
        assert!(request("document: 12", 7).is_ok());
        for name in [
            "",
            "579",
            "mailing:",
            "mailing:0",
            "mailing:-1",
            "mailing:5/../x",
            "followup:1",
            "journey 1 step 1",
        ] {
            let refused = check_action(&Action::Automation(name.into())).unwrap_err();
            assert!(refused.contains("mailing:123"), "{name}: {refused}");
        }
        assert!(check_action(&Action::Event("gone".into())).is_err());
        assert!(check_action(&Action::Call { body: "{}".into() }).is_err());
    }
}
