//! Takes members off: out of the newsletters that are followed, or out of the site.
//!
//! The set of newsletters is written whole, since only that leaves a trace in the
//! member's history; the bulk action leaves none. Newsletters that are not
//! followed stay in it. It goes out once: repeated blindly it could bring back
//! what the member left meanwhile.

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Ghost, members::is_followed, push::known_shape, wire::OneMember};
use crate::{
    connector::{Outcome, Removal, Who, series::Series},
    error::ConnectorError,
    http::Failure,
};

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn remove(
    ghost: &Ghost,
    contacts: &[Who],
    removal: Removal,
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    for who in contacts {
        if series.is_over() {
            continue;
        }
        match (known_shape(&who.contact), removal) {
            (Err(reason), _) => series.refuse(reason),
            (Ok(()), Removal::Unsubscribe | Removal::Delete) => {
                series.settle(take(ghost, &who.contact, removal).await)?;
            }
            (Ok(()), Removal::Suppress | Removal::Archive) => {
                series.refuse(format!("Ghost cannot {} anybody", removal.as_str()));
            }
        }
    }
    Ok(series.into_outcomes())
}

/// The member as it is now; `None` when the site has it no longer.
pub(super) async fn read(ghost: &Ghost, id: &str) -> Result<Option<Value>, ConnectorError> {
    let call = ghost.client.get(&format!("members/{id}/"));
    let answer = call.query("include", "newsletters,labels").send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let OneMember { members: [member] } = answer.json()?;
    if member["newsletters"].is_array() && member["labels"].is_array() {
        return Ok(Some(member));
    }
    Err(ConnectorError::Contract {
        what: "GET members/…/".into(),
        detail: "the member shows no newsletters or no labels".into(),
    })
}

/// Writes the whole set of a member's newsletters; the member afterwards, or why there is none.
pub(super) async fn set_newsletters(
    ghost: &Ghost,
    id: &str,
    newsletters: &[&str],
) -> Result<Result<Value, Outcome>, Failure> {
    let entries: Vec<Value> = newsletters.iter().map(|id| json!({"id": id})).collect();
    let body = json!({"members": [{"newsletters": entries}]});
    let path = format!("members/{id}/");
    let call = ghost.client.call(Method::PUT, &path).json(&body);
    let answer = call.send().await?;
    if !answer.status().is_success() {
        let gone = answer.status() == StatusCode::NOT_FOUND;
        let reason = if gone {
            "the contact is gone from the platform".into()
        } else {
            answer.words()
        };
        return Ok(Err(Outcome::Rejected(reason)));
    }
    let member = answer.json::<OneMember>();
    let member = member.map(|OneMember { members: [member] }| member);
    Ok(member.map_err(|error| Outcome::Ambiguous(error.to_string())))
}

/// Takes one member off.
async fn take(ghost: &Ghost, id: &str, removal: Removal) -> Result<Outcome, Failure> {
    let Some(member) = read(ghost, id).await.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Applied);
    };
    if removal == Removal::Delete {
        return delete(ghost, id, &member).await;
    }
    let all = member["newsletters"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let others = all
        .iter()
        .filter(|one| !is_followed(one, &ghost.newsletters));
    let kept: Vec<&str> = others.filter_map(|one| one["id"].as_str()).collect();
    if kept.len() == all.len() {
        return Ok(Outcome::Applied);
    }
    let now = match set_newsletters(ghost, id, &kept).await? {
        Ok(now) => now,
        Err(outcome) => return Ok(outcome),
    };
    let left = now["newsletters"].as_array();
    let still =
        left.is_some_and(|left| left.iter().any(|one| is_followed(one, &ghost.newsletters)));
    Ok(if still {
        Outcome::Retry("Ghost did not change this member".into(), None)
    } else {
        Outcome::Applied
    })
}

/// Deletes a member. Ghost would leave a subscription that is paid for running, with nobody to serve.
async fn delete(ghost: &Ghost, id: &str, member: &Value) -> Result<Outcome, Failure> {
    if member["status"] == "paid" {
        let reason = "the contact pays; cancel the subscription first";
        return Ok(Outcome::Rejected(reason.into()));
    }
    let path = format!("members/{id}/");
    let answer = ghost.client.call(Method::DELETE, &path).send().await?;
    Ok(match answer.status() {
        status if status.is_success() || status == StatusCode::NOT_FOUND => Outcome::Applied,
        _ => Outcome::Rejected(answer.words()),
    })
}
