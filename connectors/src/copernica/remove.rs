//! Takes contacts off: unsubscribes or removes them; and looks at them before.
//!
//! To unsubscribe runs the database's own behaviour, which may be to do nothing, to
//! set columns, or to **remove the profile** (sheet 6). So the behaviour is read
//! first. Where it does nothing there is nothing to do; where it removes, the
//! connection must have allowed that. Nothing here can be undone: Copernica does
//! not keep what a column held, nor whose hand changed it, so that whoever left by
//! their own could not be told from whom we took off.

use std::collections::BTreeSet;

use ::http::Method;
use serde_json::json;

use super::{
    Copernica,
    database::{self, Behaviour, Shape},
    keyset,
    push::number,
    wire::Profile,
};
use crate::{
    connector::{Look, Outcome, Removal, Who, series::Series},
    error::ConnectorError,
    http::Failure,
    model::Status,
};

/// Why a removal is not undone.
pub(super) fn for_good(removal: Removal) -> String {
    match removal {
        Removal::Unsubscribe | Removal::Delete => {
            "Copernica does not keep what was there before, nor whose hand changed it".into()
        }
        Removal::Suppress | Removal::Archive => cannot(removal),
    }
}

fn cannot(removal: Removal) -> String {
    format!("Copernica cannot {} anybody", removal.as_str())
}

/// Everybody as they are now, in order. Copernica shows no sign of life on a profile.
pub(super) async fn look(
    copernica: &Copernica,
    contacts: &[Who],
) -> Result<Vec<Option<Look>>, ConnectorError> {
    let ids: BTreeSet<u64> = contacts
        .iter()
        .filter_map(|who| number(&who.contact).ok())
        .collect();
    if ids.is_empty() {
        return Ok(contacts.iter().map(|_| None).collect());
    }
    let shape = database::shape(copernica).await?;
    let there = keyset::find(copernica, &ids).await?;
    let one = |who: &Who| {
        let profile = there.get(&number(&who.contact).ok()?)?;
        Some(Look {
            contact: shape.contact(profile, &copernica.database),
            last_active_at: None,
            unreported_mail_at: None,
        })
    };
    Ok(contacts.iter().map(one).collect())
}

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn remove(
    copernica: &Copernica,
    contacts: &[Who],
    removal: Removal,
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    let mut shape = None;
    for who in contacts {
        if series.is_over() {
            continue;
        }
        match (number(&who.contact), removal) {
            (_, Removal::Suppress | Removal::Archive) => series.refuse(cannot(removal)),
            (Err(reason), _) => series.refuse(reason),
            (Ok(id), Removal::Unsubscribe) => {
                series.settle(unsubscribe(copernica, id, &mut shape).await)?;
            }
            (Ok(id), Removal::Delete) => series.settle(delete(copernica, id).await)?,
        }
    }
    Ok(series.into_outcomes())
}

/// The profile as it is now, if it is in our database.
async fn read(copernica: &Copernica, id: u64) -> Result<Option<Profile>, ConnectorError> {
    let mut there = keyset::find(copernica, &BTreeSet::from([id])).await?;
    Ok(there.remove(&id))
}

async fn unsubscribe(
    copernica: &Copernica,
    id: u64,
    shape: &mut Option<Shape>,
) -> Result<Outcome, Failure> {
    let known = match shape.take() {
        Some(shape) => shape,
        None => database::shape(copernica).await.map_err(Failure::NotDone)?,
    };
    let known = shape.insert(known);
    let Some(profile) = read(copernica, id).await.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Applied);
    };
    match &known.behaviour {
        Behaviour::Nothing => {
            let why =
                "the database does nothing with whoever leaves; set its unsubscribe behaviour";
            return Ok(Outcome::Rejected(why.into()));
        }
        Behaviour::Remove if !copernica.may_remove => {
            let why = "the database removes whoever leaves, and the connection does not allow that";
            return Ok(Outcome::Rejected(why.into()));
        }
        Behaviour::Update(_) if known.status(&profile) == Some(Status::Unsubscribed) => {
            return Ok(Outcome::Applied);
        }
        Behaviour::Remove | Behaviour::Update(_) => {}
    }
    let path = format!("profile/{id}/unsubscribe");
    let answer = copernica
        .client
        .call(Method::PUT, &path)
        .json(&json!({}))
        .send()
        .await?;
    if !answer.status().is_success() {
        return Ok(Outcome::Rejected(answer.words()));
    }
    let now = read(copernica, id).await.map_err(Failure::Unknown)?;
    let left = now.is_none_or(|now| known.status(&now) == Some(Status::Unsubscribed));
    Ok(if left {
        Outcome::Applied
    } else {
        Outcome::Ambiguous("Copernica does not show the change yet".into())
    })
}

async fn delete(copernica: &Copernica, id: u64) -> Result<Outcome, Failure> {
    if read(copernica, id)
        .await
        .map_err(Failure::NotDone)?
        .is_none()
    {
        return Ok(Outcome::Applied);
    }
    let answer = copernica
        .client
        .call(Method::DELETE, &format!("profile/{id}"))
        .send()
        .await?;
    if answer.status().is_success() {
        return Ok(Outcome::Applied);
    }
    // Removed by somebody else meanwhile is 400 (sheet 8), as everything is.
    let gone = read(copernica, id)
        .await
        .map_err(Failure::Unknown)?
        .is_none();
    Ok(if gone {
        Outcome::Applied
    } else {
        Outcome::Rejected(answer.words())
    })
}
