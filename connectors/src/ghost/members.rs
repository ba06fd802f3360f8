//! The members: a scan over all of them by rising id, every time. `updated_at`
//! moves neither with labels set in bulk nor with unsubscribes in bulk (sheet,
//! section 3), so nothing less than all of them would be true; it also finds
//! the ones that are gone.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    Ghost,
    walk::{LIMIT, quote},
    wire::MemberPage,
};
use crate::{
    connector::{Page, Scan},
    cursor::Cursor,
    error::ConnectorError,
    model::{Address, Contact, Reject, Status},
};

/// Where a scan stands; without `last` the next one begins.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    started_at: DateTime<Utc>,
    last: Option<String>,
}

/// One page of the scan.
pub(super) async fn pull(ghost: &Ghost, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
    let now = ghost.clock.now().trunc_subsecs(3);
    let resumed = cursor.map(Cursor::decode::<Position>).transpose()?;
    if resumed
        .as_ref()
        .is_some_and(|position| position.started_at > now)
    {
        warn!("the stored position lies in the future; the scan begins anew");
    }
    let under_way = |position: &Position| position.last.is_some() && position.started_at <= now;
    let mut position = resumed.filter(under_way).unwrap_or(Position {
        started_at: now,
        last: None,
    });

    let mut call = ghost
        .client
        .get("members/")
        .query("limit", LIMIT)
        .query("order", "id asc");
    call = call.query("include", "newsletters,labels");
    if let Some(last) = &position.last {
        call = call.query("filter", format!("id:>{}", quote(last)));
    }
    let answer: MemberPage = call.send().await?.json()?;
    let done = answer.meta.pagination.total <= answer.members.len();
    let mut page = Page::empty(Cursor::encode(&())?, done);
    page.scan = Some(Scan {
        started_at: position.started_at,
        done,
    });
    for member in &answer.members {
        let id = place(member, position.last.as_deref())?;
        let (contact, reject) = read(id, member, &ghost.newsletters);
        position.last = Some(contact.id.clone());
        page.contacts.push(contact);
        page.rejects.extend(reject);
    }
    if !done && page.contacts.is_empty() {
        return Err(contract(
            "the count says that there are more members, and none came",
        ));
    }
    if done {
        position.last = None;
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// The member's id, which must lead on. Without it the scan could neither go on
/// nor tell who is gone.
fn place<'a>(member: &'a Value, last: Option<&str>) -> Result<&'a str, ConnectorError> {
    match member["id"].as_str() {
        Some(id) if last.is_none_or(|last| last < id) => Ok(id),
        Some(_) => Err(contract("the members are not sorted by id, or come again")),
        None => Err(contract("a member has no id")),
    }
}

fn contract(detail: &str) -> ConnectorError {
    ConnectorError::Contract {
        what: "GET members/".into(),
        detail: detail.to_owned(),
    }
}

/// A member as a contact. What cannot be read is left out and told in the
/// reject: a contact that is there must not look as if it were gone.
pub(super) fn read(id: &str, member: &Value, followed: &[String]) -> (Contact, Option<Reject>) {
    let mut odd = None;
    let email = member["email"].as_str().and_then(Address::parse);
    if email.is_none() {
        odd = Some("the address cannot be read");
    }
    let time = |key: &str| {
        member[key]
            .as_str()
            .and_then(|at| at.parse::<DateTime<Utc>>().ok())
    };
    let newsletters = member["newsletters"].as_array();
    let lists = newsletters.and_then(|all| lists(all, followed));
    let status = lists
        .as_ref()
        .map(|lists| status(&member["email_suppression"], lists));
    if status.is_none() {
        odd = Some("the newsletters cannot be read");
    }
    let tags = member["labels"]
        .as_array()
        .and_then(|all| all.iter().map(name).collect());
    if tags.is_none() {
        odd = Some("the labels cannot be read");
    }
    let field = |key: &str| {
        (
            key.to_owned(),
            member[key].as_str().unwrap_or_default().to_owned(),
        )
    };
    let contact = Contact {
        id: id.to_owned(),
        email,
        status,
        subscribed_at: time("created_at"),
        lists: lists.unwrap_or_default(),
        fields: BTreeMap::from(["name", "note", "status"].map(field)),
        tags,
    };
    let reject = odd.map(|reason| Reject {
        id: Some(id.to_owned()),
        at: time("updated_at"),
        reason: reason.to_owned(),
    });
    (contact, reject)
}

/// The newsletters of a member that are alive and followed; `None` where one of all has no name or does not say whether it
/// is alive: left out, it would make the member look as if it had left.
fn lists(all: &[Value], followed: &[String]) -> Option<Vec<String>> {
    let told = |one: &Value| one["name"].is_string() && one["status"].is_string();
    if !all.iter().all(told) {
        return None;
    }
    let ours = all.iter().filter(|one| is_followed(one, followed));
    ours.map(name).collect()
}

/// Whether a newsletter is alive and followed.
pub(super) fn is_followed(newsletter: &Value, followed: &[String]) -> bool {
    newsletter["status"] != "archived"
        && (followed.is_empty() || name(newsletter).is_some_and(|name| followed.contains(&name)))
}

/// The strictest of what holds: a member that bounced and left has left.
fn status(suppression: &Value, lists: &[String]) -> Status {
    let listed = if lists.is_empty() {
        Status::Unsubscribed
    } else {
        Status::Subscribed
    };
    let suppressed = match suppression["info"]["reason"].as_str() {
        _ if suppression["suppressed"] != true => Status::Subscribed,
        Some("spam") => Status::Complained,
        Some("fail") => Status::Bounced,
        _ => Status::Suppressed,
    };
    listed.max(suppressed)
}

fn name(value: &Value) -> Option<String> {
    value["name"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
