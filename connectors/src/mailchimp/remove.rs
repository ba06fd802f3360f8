//! Takes members off: unsubscribes, archives, or deletes them for good.
//!
//! Each member is read before: who gets no mail any more is not written to; who
//! left by their own hand is refused, so that it never counts as ours; and the
//! deletion, which cannot be undone, goes to the address that the member has
//! now. No request could make a member. A request goes out once; of one whose
//! answer was lost nobody knows, and taking off again is harmless.

use ::http::{Method, StatusCode};
use serde_json::json;

use super::{Mailchimp, feed, one, whom};
use crate::{
    connector::{Outcome, Removal, Who, series::Series},
    error::ConnectorError,
    http::Failure,
};

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn remove(
    mailchimp: &Mailchimp,
    contacts: &[Who],
    removal: Removal,
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    for who in contacts {
        if series.is_over() {
            continue;
        }
        match whom::path_of(who) {
            _ if removal == Removal::Suppress => {
                series.refuse("Mailchimp has no list of suppressed addresses; unsubscribe");
            }
            Err(reason) => series.refuse(reason),
            Ok(path) => series.settle(take(mailchimp, &path, removal).await)?,
        }
    }
    Ok(series.into_outcomes())
}

/// Takes one member off.
async fn take(mailchimp: &Mailchimp, path: &str, removal: Removal) -> Result<Outcome, Failure> {
    let read = one::read(mailchimp, path).await;
    let Some(member) = read.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Applied);
    };
    if member.word() == "unsubscribed" && removal != Removal::Delete {
        // Done already by a request of ours, or by the contact, which is then nothing that we may undo.
        let items = feed::read(mailchimp, path)
            .await
            .map_err(Failure::NotDone)?;
        if feed::left_themselves(&items) {
            let why = "the contact left by their own hand meanwhile";
            return Ok(Outcome::Rejected(why.into()));
        }
    }
    let call = |method, path: &str| mailchimp.client.call(method, path);
    let call = match (removal, member.word(), member.id()) {
        (Removal::Unsubscribe, "unsubscribed" | "cleaned" | "archived", _)
        | (Removal::Archive, "archived", _) => return Ok(Outcome::Applied),
        // Only the status, so that nothing else can change; required fields of others may be empty.
        (Removal::Unsubscribe, ..) => call(Method::PATCH, path)
            .query("skip_merge_validation", true)
            .json(&json!({"status": "unsubscribed"})),
        (Removal::Archive, ..) => call(Method::DELETE, path),
        (Removal::Delete, _, Some(hash)) => {
            let (parent, _) = path.rsplit_once('/').unwrap_or_default();
            call(
                Method::POST,
                &format!("{parent}/{hash}/actions/delete-permanent"),
            )
        }
        (Removal::Delete | Removal::Suppress, ..) => {
            return Ok(Outcome::Rejected(
                "the member shows no id, so it cannot be deleted".into(),
            ));
        }
    };
    let answer = call.send().await?;
    Ok(match answer.status() {
        status if status.is_success() || status == StatusCode::NOT_FOUND => Outcome::Applied,
        _ => Outcome::Rejected(answer.words()),
    })
}
