//! Writes tags, which Ghost calls labels, in bulk: one request puts one label
//! on up to a hundred members or takes it off them.
//!
//! A member's own set of labels is never written, since a PUT replaces the whole
//! set. The bulk filter leaves out who has the label already: Ghost would store
//! the membership twice (sheet, section 6). With that filter a request does the
//! same the second time, so one whose answer was lost is sent again.

use std::collections::{BTreeMap, BTreeSet};

use ::http::{Method, StatusCode};
use serde_json::json;

use super::{
    Ghost,
    walk::{LIMIT, quote},
    wire::{BulkPage, Label, LabelPage, MemberPage},
};
use crate::{
    connector::{Change, Outcome, Write, ours::FOREIGN_TAG, series::later},
    error::ConnectorError,
    http::Failure,
};

/// The longest name of a label that Ghost stores.
const NAME_MAX: usize = 191;

/// What one request carries out: one label, one direction, at most [`LIMIT`] members.
struct Batch<'a> {
    tag: &'a str,
    add: bool,
    /// The members' ids, each once.
    ids: BTreeSet<&'a str>,
    /// The changes that ask for it, by their index.
    rows: Vec<usize>,
}

/// What became of the label that a batch needs.
#[derive(Clone)]
enum Found {
    Label(Label),
    /// There is none, and nobody needs one: it is to be taken off.
    Absent,
    /// The answer was about other labels: it says nothing about this one.
    Unsaid,
    /// Ghost does not want it: why.
    Refused(String),
}

/// One outcome per change. An `Err` means that no member was touched.
pub(super) async fn push(
    ghost: &Ghost,
    changes: &[Change],
) -> Result<Vec<Outcome>, ConnectorError> {
    let (mut outcomes, batches) = sort(changes, ghost);
    let mut labels = BTreeMap::new();
    let (mut touched, mut stopped) = (false, None);
    for batch in batches {
        let done = if let Some(outcome) = &stopped {
            vec![Outcome::clone(outcome); batch.rows.len()]
        } else {
            match carry_out(ghost, &batch, changes, &mut labels).await {
                Ok(done) => done,
                Err(Failure::NotDone(error)) if !touched => return Err(error),
                Err(failure) => {
                    // Ghost is not well, or the key is not: the rest would fare no better.
                    let (outcome, rest) = failed(failure);
                    stopped = Some(rest);
                    vec![outcome; batch.rows.len()]
                }
            }
        };
        touched = true;
        for (row, outcome) in batch.rows.iter().zip(done) {
            outcomes[*row] = outcome;
        }
    }
    Ok(outcomes)
}

/// The outcome for the batch that failed, and for those that were not tried after it.
fn failed(failure: Failure) -> (Outcome, Outcome) {
    let doubt = matches!(failure, Failure::Unknown(_));
    let error = ConnectorError::from(failure);
    let rest = later(&error);
    let own = if doubt {
        Outcome::Ambiguous(error.to_string())
    } else {
        rest.clone()
    };
    (own, rest)
}

/// Sorts the changes into batches. What cannot be carried out gets its outcome here.
fn sort<'a>(changes: &'a [Change], ghost: &Ghost) -> (Vec<Outcome>, Vec<Batch<'a>>) {
    let mut outcomes = Vec::new();
    let mut batches: Vec<Batch<'a>> = Vec::new();
    let mut asked = BTreeSet::new();
    for (row, change) in changes.iter().enumerate() {
        let (tag, add) = match allowed(change, ghost) {
            Ok(wanted) => wanted,
            Err(reason) => {
                outcomes.push(Outcome::Rejected(reason.to_owned()));
                continue;
            }
        };
        let id = change.contact.as_str();
        if asked.contains(&(id, tag, !add)) {
            // Batches do not keep the order of changes, so the opposite waits for the next round.
            let reason = "the opposite is being done to the same tag".to_owned();
            outcomes.push(Outcome::Retry(reason, None));
            continue;
        }
        asked.insert((id, tag, add));
        let fits = |batch: &&mut Batch<'_>| {
            (batch.tag, batch.add) == (tag, add)
                && (batch.ids.len() < LIMIT || batch.ids.contains(id))
        };
        match batches.iter_mut().rev().find(fits) {
            Some(batch) => {
                batch.ids.insert(id);
                batch.rows.push(row);
            }
            None => batches.push(Batch {
                tag,
                add,
                ids: BTreeSet::from([id]),
                rows: vec![row],
            }),
        }
        // Stands until the batch says what became of it.
        outcomes.push(Outcome::Retry("not tried".to_owned(), None));
    }
    (outcomes, batches)
}

/// The label and the direction, or why a change cannot be made on Ghost.
fn allowed<'a>(change: &'a Change, ghost: &Ghost) -> Result<(&'a str, bool), &'static str> {
    let (tag, add) = match &change.write {
        Write::AddTag { tag } => (tag.as_str(), true),
        Write::RemoveTag { tag } => (tag.as_str(), false),
        Write::SetField { .. } | Write::CreateField { .. } => {
            return Err("Ghost has no fields; use tags");
        }
    };
    if !ghost.ours.has_tag(tag) {
        return Err(FOREIGN_TAG);
    }
    if tag.is_empty() || tag.trim() != tag || tag.chars().any(char::is_control) {
        return Err("Ghost cannot keep a tag of this form");
    }
    if tag.chars().count() > NAME_MAX {
        return Err("the tag is longer than the 191 characters that Ghost keeps");
    }
    known_shape(&change.contact)?;
    Ok((tag, add))
}

/// Whether this may be the id of a member.
pub(super) fn known_shape(id: &str) -> Result<(), &'static str> {
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("the contact's id is not one of Ghost's");
    }
    Ok(())
}

/// Puts one label on one member, whosever label it is.
pub(super) async fn put_on(ghost: &Ghost, id: &str, tag: &str) -> Result<Outcome, Failure> {
    let change = Change {
        contact: id.to_owned(),
        email: None,
        write: Write::AddTag {
            tag: tag.to_owned(),
        },
    };
    let batch = Batch {
        tag,
        add: true,
        ids: BTreeSet::from([id]),
        rows: vec![0],
    };
    let done = carry_out(ghost, &batch, &[change], &mut BTreeMap::new()).await?;
    let none = || Outcome::Retry("not tried".to_owned(), None);
    Ok(done.into_iter().next().unwrap_or_else(none))
}

/// Carries out one batch: one outcome per row.
async fn carry_out<'a>(
    ghost: &Ghost,
    batch: &Batch<'a>,
    changes: &[Change],
    labels: &mut BTreeMap<&'a str, Label>,
) -> Result<Vec<Outcome>, Failure> {
    let all = |outcome: Outcome| vec![outcome; batch.rows.len()];
    let found = match labels.get(batch.tag) {
        Some(label) => Found::Label(label.clone()),
        // A label more or less touches no member: a doubt about it is none about the batch.
        None => label(ghost, batch.tag, batch.add)
            .await
            .map_err(Failure::NotDone)?,
    };
    let label = match found {
        Found::Label(label) => label,
        Found::Absent => return Ok(all(Outcome::Applied)),
        Found::Unsaid => {
            let reason = "Ghost answered with other labels than the one that was asked for";
            return Ok(all(Outcome::Retry(reason.to_owned(), None)));
        }
        Found::Refused(reason) => return Ok(all(Outcome::Rejected(reason))),
    };
    labels.insert(batch.tag, label.clone());

    let sign = if batch.add { "-" } else { "" };
    let filter = format!("{}+label:{sign}{}", members(&batch.ids), quote(&label.slug));
    let action = if batch.add { "addLabel" } else { "removeLabel" };
    let body = json!({"bulk": {"action": action, "meta": {"label": {"id": label.id}}}});
    let call = ghost
        .client
        .call(Method::PUT, "members/bulk/")
        .query("filter", filter);
    let answer = call.json(&body).idempotent().send().await?;
    if !answer.status().is_success() {
        return Ok(all(Outcome::Rejected(answer.words())));
    }
    let stats = answer.json::<BulkPage>().map(|page| page.bulk.meta.stats);
    if stats
        .as_ref()
        .is_ok_and(|s| s.unsuccessful == 0 && s.successful >= batch.ids.len())
    {
        return Ok(all(Outcome::Applied));
    }
    // Some had the label already, some are gone, or some rows failed: a 200 does not say which.
    let (missed, why) = match stats {
        Ok(stats) => (
            stats.unsuccessful,
            format!("Ghost failed on {} members", stats.unsuccessful),
        ),
        Err(error) => (0, error.to_string()),
    };
    let Ok(now) = tagged(ghost, &batch.ids, &label).await else {
        let reason = format!("{why}, and what came of it could not be read back");
        return Ok(all(Outcome::Ambiguous(reason)));
    };
    let judge = |row: &usize| match now.get(&changes[*row].contact) {
        None => Outcome::Rejected("the contact is gone from the platform".to_owned()),
        Some(has) if *has == batch.add => Outcome::Applied,
        Some(_) if missed > 0 => Outcome::Retry(why.clone(), None),
        Some(_) => Outcome::Retry("Ghost did not change this member".to_owned(), None),
    };
    Ok(batch.rows.iter().map(judge).collect())
}

/// The label of that name; made if it is missing and needed.
async fn label(ghost: &Ghost, tag: &str, needed: bool) -> Result<Found, ConnectorError> {
    match look_up(ghost, tag).await? {
        // Ghost refuses a second label of one name, so that nothing comes of asking for it in vain.
        Found::Absent | Found::Unsaid if needed => {}
        found => return Ok(found),
    }
    let call = ghost.client.call(Method::POST, "labels/");
    // Ghost refuses a second label of one name, so the request may be repeated.
    let answer = call
        .json(&json!({"labels": [{"name": tag}]}))
        .idempotent()
        .send()
        .await?;
    if answer.status() == StatusCode::UNPROCESSABLE_ENTITY {
        return Ok(match look_up(ghost, tag).await? {
            Found::Absent => Found::Refused(answer.words()),
            found => found,
        });
    }
    if !answer.status().is_success() {
        return Ok(Found::Refused(answer.words()));
    }
    match answer.json::<LabelPage>()?.labels.into_iter().next() {
        Some(label) => Ok(Found::Label(label)),
        None => Err(answer.refusal()),
    }
}

/// Finds a label by its name. Some databases ignore case, so an equal name is preferred. A cache may repeat the answer
/// about another label: only a list without labels says that there is none.
async fn look_up(ghost: &Ghost, tag: &str) -> Result<Found, ConnectorError> {
    let call = ghost.client.get("labels/").query("limit", LIMIT);
    let call = call.query("filter", format!("name:{}", quote(tag)));
    let labels = call.send().await?.json::<LabelPage>()?.labels;
    let alike = |label: &&Label| label.name.to_lowercase() == tag.to_lowercase();
    let exact = labels.iter().find(|label| label.name == tag);
    Ok(match exact.or_else(|| labels.iter().find(alike)) {
        Some(label) => Found::Label(label.clone()),
        None if labels.is_empty() => Found::Absent,
        None => Found::Unsaid,
    })
}

/// Which of these members there are, and whether each has the label.
async fn tagged(
    ghost: &Ghost,
    ids: &BTreeSet<&str>,
    label: &Label,
) -> Result<BTreeMap<String, bool>, ConnectorError> {
    let call = ghost
        .client
        .get("members/")
        .query("limit", LIMIT)
        .query("include", "labels");
    let page: MemberPage = call.query("filter", members(ids)).send().await?.json()?;
    of_asked(ids, &page)?;
    let has = |member: &serde_json::Value| {
        let labels = member["labels"].as_array()?;
        let id = member["id"].as_str()?.to_owned();
        Some((id, labels.iter().any(|own| own["id"] == label.id.as_str())))
    };
    page.members
        .iter()
        .map(has)
        .collect::<Option<_>>()
        .ok_or_else(|| ConnectorError::Contract {
            what: "GET members/".into(),
            detail: "a member has no id or no labels".into(),
        })
}

/// Refuses an answer about members that nobody asked for: it does not say who of the others is gone.
pub(super) fn of_asked(ids: &BTreeSet<&str>, page: &MemberPage) -> Result<(), ConnectorError> {
    let asked =
        |member: &serde_json::Value| member["id"].as_str().is_some_and(|id| ids.contains(id));
    if page.members.iter().all(asked) {
        return Ok(());
    }
    Err(ConnectorError::Contract {
        what: "GET members/".into(),
        detail: "a member has no id, or is none of those that were asked for".into(),
    })
}

/// A filter for these members. A hundred ids make some 3.5 kB of URL; Ghost bears 8.
pub(super) fn members(ids: &BTreeSet<&str>) -> String {
    format!("id:{}", any_of(ids))
}

/// A filter's list of these ids.
pub(super) fn any_of(ids: &BTreeSet<&str>) -> String {
    let ids: Vec<String> = ids.iter().map(|id| quote(id)).collect();
    format!("[{}]", ids.join(","))
}

#[cfg(test)]
mod tests;
