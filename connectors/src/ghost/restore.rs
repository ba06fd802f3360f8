//! Puts members back on the newsletters that our removal took them off.
//!
//! Ghost writes down for each newsletter who changed a subscription. Only where
//! the last word was ours, an integration's, it is taken back: whoever left by
//! their own hand, or was taken off by the site's owner, stays off.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Ghost,
    push::{known_shape, put_on},
    remove::{read, set_newsletters},
    walk::{LIMIT, quote},
    wire::{EventPage, NewsletterPage, Row},
};
use crate::{
    connector::{
        Former, Outcome, Removal,
        series::{Series, later},
    },
    error::ConnectorError,
    http::Failure,
};

/// One outcome per contact. An `Err` means that nothing was written.
pub(super) async fn restore(
    ghost: &Ghost,
    contacts: &[Former],
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut series = Series::default();
    let mut newsletters = None;
    for former in contacts {
        if series.is_over() {
            continue;
        }
        if former.removal != Removal::Unsubscribe {
            series.refuse(format!("Ghost cannot undo {}", former.removal.as_str()));
            continue;
        }
        if let Err(reason) = known_shape(&former.who.contact) {
            series.refuse(reason);
            continue;
        }
        series.settle(put_back(ghost, former, &mut newsletters).await)?;
    }
    Ok(series.into_outcomes())
}

/// The ids of the newsletters that are alive, by name.
type Alive = BTreeMap<String, String>;

async fn alive(ghost: &Ghost) -> Result<Alive, ConnectorError> {
    let call = ghost.client.get("newsletters/").query("limit", LIMIT);
    let page: NewsletterPage = call.send().await?.json()?;
    let alive = page.newsletters.into_iter();
    let alive = alive.filter(|one| one.status.as_deref() != Some("archived"));
    Ok(alive.filter_map(|one| one.name.zip(one.id)).collect())
}

async fn put_back(
    ghost: &Ghost,
    former: &Former,
    known: &mut Option<Alive>,
) -> Result<Outcome, Failure> {
    let id = former.who.contact.as_str();
    let Some(member) = read(ghost, id).await.map_err(Failure::NotDone)? else {
        return Ok(Outcome::Rejected(
            "the contact is gone from the platform".into(),
        ));
    };
    if member["email_suppression"]["suppressed"] == true {
        let reason = "the address bounced or complained since, and Ghost suppresses it";
        return Ok(Outcome::Rejected(reason.into()));
    }
    let alive = match known {
        Some(alive) => &*alive,
        None => known.insert(self::alive(ghost).await.map_err(Failure::NotDone)?),
    };
    let had = former.lists.iter().filter_map(|name| alive.get(name));
    let own = texts(&member["newsletters"], "id");
    let lacking: Vec<&str> = had
        .map(String::as_str)
        .filter(|id| !own.contains(id))
        .collect();
    if !lacking.is_empty() {
        let words = last_words(ghost, id).await.map_err(Failure::NotDone)?;
        let ours = |id: &&str| words.get(*id).is_some_and(|word| word.taken_off_by_us);
        if !lacking.iter().all(ours) {
            let reason = "somebody else than us changed the subscription, and so decided since";
            return Ok(Outcome::Rejected(reason.into()));
        }
        let all: Vec<&str> = own.iter().chain(&lacking).copied().collect();
        let now = match set_newsletters(ghost, id, &all).await? {
            Ok(now) => now,
            Err(outcome) => return Ok(outcome),
        };
        let on = texts(&now["newsletters"], "id");
        if !lacking.iter().all(|one| on.contains(one)) {
            let reason = "Ghost did not put the member back on the newsletters";
            return Ok(Outcome::Rejected(reason.into()));
        }
    }
    labels(ghost, former, &member, !lacking.is_empty()).await
}

/// Puts missing labels on.
async fn labels(
    ghost: &Ghost,
    former: &Former,
    member: &Value,
    mut written: bool,
) -> Result<Outcome, Failure> {
    let own = texts(&member["labels"], "name");
    for tag in former
        .tags
        .iter()
        .filter(|tag| !own.contains(&tag.as_str()))
    {
        match put_on(ghost, &former.who.contact, tag).await {
            Ok(Outcome::Applied) => written = true,
            // The newsletters are back already, so this is no longer a failure before anything was written.
            Err(Failure::NotDone(error)) if written => return Ok(later(&error)),
            other => return other,
        }
    }
    Ok(Outcome::Applied)
}

/// When a subscription was changed last, and whether nobody but us had a hand in it.
struct Word {
    at: DateTime<Utc>,
    taken_off_by_us: bool,
}

/// The last word on each newsletter of a member, by the newsletter's id.
async fn last_words(ghost: &Ghost, id: &str) -> Result<BTreeMap<String, Word>, ConnectorError> {
    let filter = format!("type:newsletter_event+data.member_id:{}", quote(id));
    let call = ghost.client.get("members/events/").query("limit", LIMIT);
    let page: EventPage = call.query("filter", filter).send().await?.json()?;
    let mut words: BTreeMap<String, Word> = BTreeMap::new();
    for row in page.events {
        let Row::Known(row) = row else { continue };
        let (at, data) = (row.data.created_at, row.data);
        let own = data.member.and_then(|member| member.id);
        if data.member_id.or(own).is_some_and(|own| own != id) {
            return Err(ConnectorError::Contract {
                what: "GET members/events/ (newsletter_event)".into(),
                detail: "a row is of a member that was not asked for".into(),
            });
        }
        let Some(newsletter) = data.newsletter.and_then(|one| one.id) else {
            continue;
        };
        let ours = data.subscribed == Some(false) && data.source.as_deref() == Some("api");
        // Newest first, in whole seconds: of two within one, nobody can say which came last.
        match words.get_mut(&newsletter) {
            Some(word) if word.at == at => word.taken_off_by_us &= ours,
            Some(_) => {}
            None => {
                let word = Word {
                    at,
                    taken_off_by_us: ours,
                };
                words.insert(newsletter, word);
            }
        }
    }
    Ok(words)
}

/// One text of each row of a list.
fn texts<'a>(rows: &'a Value, key: &str) -> Vec<&'a str> {
    let rows = rows.as_array().into_iter().flatten();
    rows.filter_map(|row| row[key].as_str()).collect()
}
