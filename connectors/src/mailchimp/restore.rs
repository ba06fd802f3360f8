//! Puts back what a removal took: the status, and the tags that are missing.
//!
//! This alone can make somebody more contactable, so it asks first. The member
//! must be as our removal left it, and the last word in its activity must not be
//! its own. Mailchimp refuses to subscribe whoever left by their own hand; that
//! refusal is final. What a status became is read from the answer, since
//! Mailchimp passes over some wishes in silence.
//!
//! Tags come back with `is_syncing: true`: nobody's automation may start by them.

use ::http::Method;
use serde_json::json;

use super::{Mailchimp, contacts::member::MemberRow, feed, one, whom};
use crate::{
    connector::{
        Former, Outcome, Removal,
        series::{Series, later},
    },
    error::ConnectorError,
    http::Failure,
    model::Status,
};

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn restore(
    mailchimp: &Mailchimp,
    contacts: &[Former],
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    for former in contacts {
        if series.is_over() {
            continue;
        }
        match wish(former) {
            Err(reason) => series.refuse(reason),
            Ok(wish) => series.settle(put_back(mailchimp, former, &wish).await)?,
        }
    }
    Ok(series.into_outcomes())
}

/// What must hold and what is to be.
struct Wish {
    path: String,
    /// The word for the status that our removal left.
    left: &'static str,
    /// The word for the status before.
    status: &'static str,
}

fn wish(former: &Former) -> Result<Wish, String> {
    let left = match former.removal {
        Removal::Unsubscribe => "unsubscribed",
        Removal::Archive => "archived",
        Removal::Delete => return Err("Mailchimp never takes back whom it deleted for good".into()),
        Removal::Suppress => return Err("Mailchimp has no list of suppressed addresses".into()),
    };
    let status = match former.status {
        Status::Subscribed => "subscribed",
        Status::Unsubscribed => "unsubscribed",
        Status::Bounced | Status::Complained | Status::Suppressed => {
            return Err("Mailchimp lets nobody write the status that the contact had".into());
        }
    };
    Ok(Wish {
        path: whom::path_of(&former.who)?,
        left,
        status,
    })
}

async fn put_back(mailchimp: &Mailchimp, former: &Former, wish: &Wish) -> Result<Outcome, Failure> {
    let read = one::read(mailchimp, &wish.path).await;
    let Some(member) = read.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Rejected(
            "the contact is gone from the audience".into(),
        ));
    };
    let mut written = false;
    if member.word() != wish.status {
        if let Some(refused) = decided_since(mailchimp, &member, wish).await? {
            return Ok(Outcome::Rejected(refused));
        }
        let outcome = set_status(mailchimp, &member, wish).await?;
        if outcome != Outcome::Applied {
            return Ok(outcome);
        }
        written = true;
    }
    match tags(mailchimp, former, &member, &wish.path).await {
        // The status is back already, so this is no longer a failure before anything was written.
        Err(Failure::NotDone(error)) if written => Ok(later(&error)),
        other => other,
    }
}

/// Why the member is not as our removal left it, if it is not.
async fn decided_since(
    mailchimp: &Mailchimp,
    member: &MemberRow,
    wish: &Wish,
) -> Result<Option<String>, Failure> {
    if member.word() != wish.left {
        let now = member.word();
        return Ok(Some(format!(
            "the contact is {now} now, so somebody decided since"
        )));
    }
    if wish.status != "subscribed" {
        return Ok(None);
    }
    let items = feed::read(mailchimp, &wish.path).await;
    let left = feed::left_themselves(&items.map_err(Failure::NotDone)?);
    Ok(left.then(|| "the contact left by their own hand, and so decided since".to_owned()))
}

/// Gives the member the status that it had.
async fn set_status(
    mailchimp: &Mailchimp,
    member: &MemberRow,
    wish: &Wish,
) -> Result<Outcome, Failure> {
    // An edit leaves the archived where they are; the request that brings them back could make
    // a member, but none of whom Mailchimp deleted for good, and this one was just there.
    let archived = wish.left == "archived";
    let (method, body) = if archived {
        let body = json!({
            "email_address": member.address(), "status_if_new": wish.status, "status": wish.status,
        });
        (Method::PUT, body)
    } else {
        (Method::PATCH, json!({"status": wish.status}))
    };
    let call = mailchimp.client.call(method, &wish.path);
    let call = call.query("skip_merge_validation", true).json(&body);
    let answer = call.send().await?;
    if !answer.status().is_success() {
        return Ok(Outcome::Rejected(answer.words()));
    }
    Ok(match answer.json::<MemberRow>() {
        Ok(now) if now.word() == wish.status => Outcome::Applied,
        Ok(now) => Outcome::Rejected(format!("Mailchimp left the contact {}", now.word())),
        Err(error) => Outcome::Ambiguous(error.to_string()),
    })
}

/// Puts the missing tags on.
async fn tags(
    mailchimp: &Mailchimp,
    former: &Former,
    member: &MemberRow,
    path: &str,
) -> Result<Outcome, Failure> {
    let own = one::tags(mailchimp, path, member).await;
    let own = own.map_err(Failure::NotDone)?;
    let missing = former.tags.iter().filter(|tag| !own.contains(tag));
    let missing: Vec<_> = missing
        .map(|tag| json!({"name": tag, "status": "active"}))
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::Applied);
    }
    let call = mailchimp.client.call(Method::POST, &format!("{path}/tags"));
    let body = json!({"tags": missing, "is_syncing": true});
    let answer = call.json(&body).idempotent().send().await?;
    Ok(if answer.status().is_success() {
        Outcome::Applied
    } else {
        Outcome::Rejected(answer.words())
    })
}
