//! Puts contacts back on the lists that our removal took them off.
//!
//! The platform does not say who took somebody off. A row that names a mail, a reason, a form of leaving, an automation or
//! the network address of whoever left was not made by our request, which gives none of them; it stays so. Where
//! the platform notes one of them for us too, nobody is put back: in doubt it is refused.
//!
//! Coming back to a list may begin an automation that waits for it. What runs afterwards and did not before is ended
//! at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    ActiveCampaign,
    one::{ACTIVE, BOUNCED, LEFT, Names, contact_automations, contact_lists},
    push::{known_shape, put_all_on},
    remove::{after, end, followed, set},
    wire::{id, id_of, text},
};
use crate::{
    connector::{Former, Outcome, Removal, series::Series},
    error::ConnectorError,
    http::Failure,
};

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn restore(
    ac: &ActiveCampaign,
    contacts: &[Former],
) -> Result<Vec<Outcome>, ConnectorError> {
    let (mut series, mut lists) = (Series::default(), None);
    for former in contacts {
        if series.is_over() {
            continue;
        }
        if former.removal != Removal::Unsubscribe {
            let what = former.removal.as_str();
            series.refuse(format!("ActiveCampaign cannot undo {what}"));
            continue;
        }
        match known_shape(&former.who.contact) {
            Err(reason) => series.refuse(reason),
            Ok(()) => series.settle(put_back(ac, former, &mut lists).await)?,
        }
    }
    Ok(series.into_outcomes())
}

async fn put_back(
    ac: &ActiveCampaign,
    former: &Former,
    lists: &mut Option<Names>,
) -> Result<Outcome, Failure> {
    let own = former.who.contact.as_str();
    let lists = followed(ac, lists).await?;
    let refuse = |reason: &str| Ok(Outcome::Rejected(reason.to_owned()));
    let rows = contact_lists(ac, own).await.map_err(Failure::NotDone)?;
    let Some(rows) = rows else {
        return refuse("the contact is gone from the platform");
    };
    let status = |row: &Value| text(row, "status").unwrap_or_default();
    if rows.iter().any(|row| status(row) == BOUNCED) {
        return refuse("the address bounced since");
    }
    let mut lacking = Vec::new();
    for (list, _) in lists.iter().filter(|(_, name)| former.lists.contains(name)) {
        let row = rows
            .iter()
            .find(|row| id(row, "list").as_ref() == Some(list));
        match row {
            Some(row) if status(row) == ACTIVE => {}
            Some(row) if status(row) == LEFT && is_ours(row) => lacking.push(list),
            _ => {
                return refuse(
                    "somebody else than us changed a list of the contact, and so decided since",
                );
            }
        }
    }
    let before = running(ac, own).await.map_err(Failure::NotDone)?;
    let mut written = false;
    for list in &lacking {
        let done = set(ac, own, list, json!(ACTIVE)).await;
        match done.map_err(|failure| after(failure, written))? {
            Outcome::Applied => written = true,
            other => return Ok(other),
        }
    }
    if written {
        let begun = end(ac, own, |row| !before.contains(row)).await;
        let done = begun.map_err(|failure| after(failure, true))?;
        if done != Outcome::Applied {
            return Ok(done);
        }
    }
    let tags = put_all_on(ac, own, &former.tags).await;
    tags.map_err(|failure| after(failure, written))
}

/// The automations of a contact, by the ids of their rows.
async fn running(ac: &ActiveCampaign, own: &str) -> Result<BTreeSet<String>, ConnectorError> {
    let rows = contact_automations(ac, own).await?.unwrap_or_default();
    Ok(rows.iter().filter_map(|row| id(row, "id")).collect())
}

/// Whether nothing shows another hand than ours.
fn is_ours(row: &Value) -> bool {
    let marks = ["campaign", "message", "unsubscribeAutomation", "ip4Unsub"];
    id_of(row, &marks).is_none()
        && text(row, "unsubreason").is_none()
        && text(row, "ip4Unsub").is_none_or(|ip| ip == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_names_a_mail_or_a_reason_was_not_made_by_us() {
        let row = json!({"status": "2", "campaign": null, "message": "0", "unsubreason": null, "ip4Unsub": "0"});
        assert!(is_ours(&row));
        for (name, value) in [
            ("campaign", "31"),
            ("unsubreason", "te veel"),
            ("ip4Unsub", "XXX"),
            ("message", "3"),
        ] {
            let mut row = row.clone();
            row[name] = value.into();
            assert!(!is_ours(&row), "{name}");
        }
    }
}
