//! A last look at members, a hundred in one request.
//!
//! `last_seen_at` moves with visits, clicks and comments, and with opens, of which
//! Ghost cannot tell a proxy's. So it errs to the side of life. Mails that no
//! stream reports are those of automations, which Ghost 6 lists and 5 does not have.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Ghost,
    events::AUTOMATED,
    members::read,
    push::{any_of, known_shape, members, of_asked},
    walk::LIMIT,
    wire::{EventPage, MemberPage, Row},
};
use crate::{
    connector::{Look, Who},
    error::ConnectorError,
};

/// Everybody as they are now, in order.
pub(super) async fn look(
    ghost: &Ghost,
    contacts: &[Who],
) -> Result<Vec<Option<Look>>, ConnectorError> {
    let mut looks = BTreeMap::new();
    let known = contacts.iter().map(|who| who.contact.as_str());
    let known: Vec<&str> = known.filter(|id| known_shape(id).is_ok()).collect();
    for ids in known.chunks(LIMIT) {
        let ids: BTreeSet<&str> = ids.iter().copied().collect();
        let mailed = automated(ghost, &ids).await?;
        let call = ghost.client.get("members/").query("limit", LIMIT);
        let call = call.query("include", "newsletters,labels");
        let page: MemberPage = call.query("filter", members(&ids)).send().await?.json()?;
        of_asked(&ids, &page)?;
        for member in &page.members {
            let id = member["id"].as_str().unwrap_or_default();
            let (contact, _) = read(id, member, &ghost.newsletters);
            let look = Look {
                contact,
                last_active_at: seen(member),
                unreported_mail_at: mailed.get(id).copied(),
            };
            looks.insert(id.to_owned(), look);
        }
    }
    let one = |who: &Who| looks.get(&who.contact).cloned();
    Ok(contacts.iter().map(one).collect())
}

fn seen(member: &Value) -> Option<DateTime<Utc>> {
    member["last_seen_at"].as_str()?.parse().ok()
}

/// Who of these was sent a mail of an automation, and when last, among the newest hundred.
async fn automated(
    ghost: &Ghost,
    ids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, DateTime<Utc>>, ConnectorError> {
    let filter = format!("type:{AUTOMATED}+data.member_id:{}", any_of(ids));
    let call = ghost.client.get("members/events/").query("limit", LIMIT);
    let answer = call.query("filter", filter).send().await?;
    let mut mailed = BTreeMap::new();
    if !answer.status().is_success() {
        // A version that knows neither the type nor the filter sends none of these mails.
        return Ok(mailed);
    }
    for row in answer.json::<EventPage>()?.events {
        let Row::Known(row) = row else { continue };
        let (kind, data) = (row.r#type, row.data);
        let own = data.member.and_then(|member| member.id);
        if let Some(id) = data.member_id.or(own) {
            if kind != AUTOMATED || !ids.contains(id.as_str()) {
                return Err(ConnectorError::Contract {
                    what: format!("GET members/events/ ({AUTOMATED})"),
                    detail: "a row is of another type, or of a member that was not asked for"
                        .into(),
                });
            }
            let last = mailed.entry(id).or_insert(data.created_at);
            *last = data.created_at.max(*last);
        }
    }
    Ok(mailed)
}
