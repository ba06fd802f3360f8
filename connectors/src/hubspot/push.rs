//! Writes properties and puts contacts on our static lists, in batches.
//!
//! A contact is only ever updated by its id, with the named properties and nothing
//! else: no upsert, no status, no address. A batch may succeed in part (207), or be
//! refused as a whole for one bad row (400): then it is halved until the bad row
//! stands alone. An id stands once in a batch, since HubSpot refuses it twice; of
//! several values for one thing the last one counts.

mod sort;

use std::collections::VecDeque;

use ::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    HubSpot,
    answers::Fault,
    lists::{self, Found},
    properties,
    wire::text,
};
use crate::{
    connector::{Change, Outcome, series::later},
    error::ConnectorError,
    http::{Answer, Failure},
};
use sort::{Sorted, Tagging, Update};

/// The most contacts of one update (sheet, section 6).
const BATCH: usize = 100;
const PATH: &str = "crm/v3/objects/contacts/batch/update";
const GONE: &str = "the contact is gone from the platform";

/// What an update answers.
#[derive(Deserialize)]
struct Updated {
    results: Vec<Value>,
    #[serde(default)]
    errors: Vec<Fault>,
}

/// Outcomes in the making.
struct Work {
    outcomes: Vec<Outcome>,
    /// Whether a request may have changed something.
    touched: bool,
    /// What holds for all that is left, when the platform or the key is not well.
    rest: Option<Outcome>,
}

impl Work {
    fn put(&mut self, rows: &[usize], outcome: &Outcome) {
        for row in rows {
            self.outcomes[*row] = outcome.clone();
        }
    }

    fn put_all(&mut self, updates: &[&Update<'_>], outcome: &Outcome) {
        for update in updates {
            self.put(&update.rows, outcome);
        }
    }

    /// The outcome of what failed. The error is for a failure before anything was sent.
    fn failed(&mut self, failure: Failure) -> Result<Outcome, ConnectorError> {
        let (error, doubt) = match failure {
            Failure::NotDone(error) if !self.touched => return Err(error),
            Failure::NotDone(error) => (error, false),
            Failure::Unknown(error) => (error, true),
        };
        self.touched = true;
        let rest = later(&error);
        self.rest = Some(rest.clone());
        Ok(if doubt {
            Outcome::Ambiguous(error.to_string())
        } else {
            rest
        })
    }
}

/// One outcome per change. An `Err` means that nothing was written.
pub(super) async fn push(
    hub: &HubSpot,
    changes: &[Change],
) -> Result<Vec<Outcome>, ConnectorError> {
    let Sorted {
        outcomes,
        fields,
        updates,
        taggings,
    } = sort::sort(changes, hub);
    let made = properties::create_all(hub, fields.keys().copied()).await?;
    let mut work = Work {
        touched: made
            .iter()
            .any(|outcome| !matches!(outcome, Outcome::Rejected(_))),
        outcomes,
        rest: None,
    };
    for (rows, outcome) in fields.values().zip(&made) {
        work.put(rows, outcome);
    }
    for part in updates.chunks(BATCH) {
        update(hub, part, &mut work).await?;
    }
    for tagging in &taggings {
        tag(hub, tagging, &mut work).await?;
    }
    Ok(work.outcomes)
}

/// Carries out updates, halving what is refused as a whole.
async fn update(hub: &HubSpot, part: &[Update<'_>], work: &mut Work) -> Result<(), ConnectorError> {
    let mut left: VecDeque<Vec<&Update<'_>>> = VecDeque::from([part.iter().collect()]);
    while let Some(mut batch) = left.pop_front() {
        if let Some(rest) = work.rest.clone() {
            work.put_all(&batch, &rest);
            continue;
        }
        let inputs: Vec<Value> = batch.iter().map(|update| update.json()).collect();
        let call = hub
            .client
            .call(Method::POST, PATH)
            .json(&json!({"inputs": inputs}));
        let answer = match call.idempotent().send().await {
            Ok(answer) => answer,
            Err(failure) => {
                let outcome = work.failed(failure)?;
                work.put_all(&batch, &outcome);
                continue;
            }
        };
        work.touched |= answer.status().is_success();
        if answer.status().is_success() {
            for (update, outcome) in batch.iter().zip(judge(&answer, &batch)) {
                work.put(&update.rows, &outcome);
            }
            continue;
        }
        let unknown = Fault::read(&answer).unknown_properties();
        let bad = |update: &&Update<'_>| {
            update
                .properties
                .keys()
                .any(|name| unknown.iter().any(|own| own == name))
        };
        let (named, others): (Vec<_>, Vec<_>) = batch.drain(..).partition(bad);
        let refused = if answer.status() == StatusCode::NOT_FOUND {
            Outcome::Rejected(GONE.into())
        } else {
            Outcome::Rejected(answer.words())
        };
        // What names a property that HubSpot lacks is known without another request.
        work.put_all(&named, &refused);
        match others.as_slice() {
            [] => {}
            [only] if named.is_empty() => work.put(&only.rows, &refused),
            many if named.is_empty() => {
                let (first, second) = many.split_at(many.len() / 2);
                left.push_front(second.to_vec());
                left.push_front(first.to_vec());
            }
            _ => left.push_front(others),
        }
    }
    Ok(())
}

/// What an answer says of each row. A 200 may list failures, and a 207 does.
fn judge(answer: &Answer, batch: &[&Update<'_>]) -> Vec<Outcome> {
    let updated: Updated = match answer.json() {
        Ok(updated) => updated,
        Err(error) => return vec![Outcome::Ambiguous(error.to_string()); batch.len()],
    };
    // Whoever was merged answers by the id of the survivor.
    if updated.errors.is_empty() && updated.results.len() >= batch.len() {
        return vec![Outcome::Applied; batch.len()];
    }
    let ids: Vec<String> = updated
        .results
        .iter()
        .filter_map(|row| text(&row["id"]))
        .collect();
    let one = |update: &&Update<'_>| {
        if ids.iter().any(|id| id == update.contact) {
            return Outcome::Applied;
        }
        match updated
            .errors
            .iter()
            .find(|fault| fault.names(update.contact))
        {
            Some(fault) => refused(fault),
            // One error for one row that did not come: it is that row's, though it does not name it.
            None => match updated.errors.as_slice() {
                [only] if ids.len() + 1 == batch.len() => refused(only),
                _ => Outcome::Ambiguous("HubSpot does not say what became of this contact".into()),
            },
        }
    };
    batch.iter().map(one).collect()
}

/// What an error of one row means.
fn refused(fault: &Fault) -> Outcome {
    let category = text(&fault.category).unwrap_or_default();
    let status = text(&fault.status).unwrap_or_default();
    let message = text(&fault.message).unwrap_or_default();
    let words = crate::http::redact(&format!("{category}: {message}"), 200);
    if category.contains("NOT_FOUND") || status == "404" {
        Outcome::Rejected(GONE.into())
    } else if category.contains("RATE_LIMIT")
        || category.contains("INTERNAL")
        || status.starts_with('5')
    {
        Outcome::Retry(words, None)
    } else {
        Outcome::Rejected(words)
    }
}

/// Puts one tag on contacts, or takes it off.
async fn tag(hub: &HubSpot, tagging: &Tagging<'_>, work: &mut Work) -> Result<(), ConnectorError> {
    let rows = || {
        tagging
            .contacts
            .iter()
            .flat_map(|(_, rows)| rows.iter().copied())
    };
    let all: Vec<usize> = rows().collect();
    if let Some(rest) = work.rest.clone() {
        work.put(&all, &rest);
        return Ok(());
    }
    // A list more or less touches no contact: a doubt about it is none about who is on it.
    let found = match lists::list(hub, tagging.tag, tagging.add, tagging.ours).await {
        Ok(found) => found,
        Err(error) => {
            let outcome = work.failed(Failure::NotDone(error))?;
            work.put(&all, &outcome);
            return Ok(());
        }
    };
    let list = match found {
        Found::List(list) => list,
        Found::Absent => {
            work.put(&all, &Outcome::Applied);
            return Ok(());
        }
        Found::Refused(reason) => {
            work.put(&all, &Outcome::Rejected(reason));
            return Ok(());
        }
    };
    let mut left: VecDeque<&[(&str, Vec<usize>)]> = tagging.contacts.chunks(lists::BATCH).collect();
    while let Some(part) = left.pop_front() {
        let ids: Vec<&str> = part.iter().map(|(id, _)| *id).collect();
        let outcomes = match &work.rest {
            Some(rest) => vec![rest.clone(); part.len()],
            None => match lists::write(hub, &list, tagging.add, &ids).await {
                Err(failure) => vec![work.failed(failure)?; part.len()],
                Ok(answer) if answer.status().is_success() => {
                    work.touched = true;
                    members(&answer, &ids)
                }
                Ok(_) if part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    left.push_front(second);
                    left.push_front(first);
                    continue;
                }
                Ok(answer) => vec![Outcome::Rejected(answer.words()); part.len()],
            },
        };
        for ((_, rows), outcome) in part.iter().zip(outcomes) {
            work.put(rows, &outcome);
        }
    }
    Ok(())
}

/// What an answer says of each contact: all but the missing are on the list now, or off it.
fn members(answer: &Answer, ids: &[&str]) -> Vec<Outcome> {
    let body: Value = match answer.json() {
        Ok(body) => body,
        // Off a list may be answered by nothing at all.
        Err(_) if answer.body().is_empty() => Value::Null,
        Err(error) => return vec![Outcome::Ambiguous(error.to_string()); ids.len()],
    };
    let missing = lists::missing(&body);
    let one = |id: &&str| {
        if missing.iter().any(|gone| gone == id) {
            Outcome::Rejected(GONE.into())
        } else {
            Outcome::Applied
        }
    };
    ids.iter().map(one).collect()
}
