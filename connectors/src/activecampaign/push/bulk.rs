//! Writes fields of many contacts at once by the bulk import, for accounts that ask for it
//! ([`super::super::Settings::bulk_import`]).
//!
//! The import names contacts by address and makes whoever it does not find (sheet 6), and it is carried out later. So
//! all of a batch are read just before, and only those go in who are there with the address that we know; the others
//! are written one by one. What is left is a contact who is deleted or renamed within those moments: that one is made
//! anew. This is why it is off unless somebody decides otherwise.
//!
//! Automations are kept from it, so that fields that start one never go this way. Nothing but fields is in an import: no
//! list, no tag, no name.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ::http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{ActiveCampaign, Run, Work, values};
use crate::{
    activecampaign::{
        walk::LIMIT,
        wire::{id, rows, text},
    },
    connector::Outcome,
    error::ConnectorError,
    http::Failure,
    model::Address,
};

/// The most and the fewest contacts of an import (sheet 6).
const BATCH: usize = 250;
const FEW: usize = 10;
/// The first wait for an import; it doubles up to the last.
const WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How long we wait for an import in all.
const PATIENCE: Duration = Duration::from_mins(15);

/// One contact of an import.
struct Entry {
    contact: String,
    email: Address,
    fields: Vec<Value>,
    rows: Vec<usize>,
}

/// Writes the fields of all for whom the import may be used, and takes them out of their work; what holds for the rest,
/// if the push ends here.
pub(super) async fn write(
    ac: &ActiveCampaign,
    run: &mut Run,
    contacts: &mut [(&str, Work<'_>)],
) -> Result<Option<Outcome>, ConnectorError> {
    let fits = |work: &Work<'_>| {
        let starts = |name: &&str| ac.ours.fields.iter().any(|own| own == name);
        work.email.is_some() && !work.fields.is_empty() && !work.fields.keys().any(starts)
    };
    let mut some: Vec<&mut (&str, Work<'_>)> =
        contacts.iter_mut().filter(|(_, work)| fits(work)).collect();
    for batch in some.chunks_mut(BATCH) {
        if batch.len() < FEW {
            break;
        }
        let names: Vec<&str> = batch.iter().map(|(own, _)| *own).collect();
        let Ok(there) = look(ac, &names).await else {
            // Who cannot be looked at is not imported.
            return Ok(None);
        };
        let mut entries = Vec::new();
        for (own, work) in batch.iter_mut() {
            let email = work.email.filter(|email| there.get(*own) == Some(*email));
            let Some(email) = email else { continue };
            let (found, rows) = match values(ac, run, work).await {
                Ok(values) => values,
                Err(error) => return run.settle(Err(Failure::NotDone(error)), &[]),
            };
            let import = |(field, value): (u64, &str)| json!({"id": field, "value": value});
            let fields: Vec<Value> = found.into_iter().map(import).collect();
            work.fields.clear();
            if !fields.is_empty() {
                entries.push(Entry {
                    contact: (*own).to_owned(),
                    email: email.clone(),
                    fields,
                    rows,
                });
            }
        }
        if let Some(rest) = import(ac, run, &entries).await? {
            return Ok(Some(rest));
        }
    }
    Ok(None)
}

/// The addresses of those who are there.
async fn look(
    ac: &ActiveCampaign,
    contacts: &[&str],
) -> Result<BTreeMap<String, Address>, ConnectorError> {
    let mut there = BTreeMap::new();
    for part in contacts.chunks(LIMIT) {
        let mut call = ac.client.get("contacts").query("limit", LIMIT);
        for own in part {
            call = call.query("ids[]", own);
        }
        let (rows, _) = rows(&call.send().await?, "contacts")?;
        let deleted = |row: &&Value| text(row, "deleted").as_deref() == Some("1");
        for row in rows.iter().filter(|row| !deleted(row)) {
            let email = text(row, "email").as_deref().and_then(Address::parse);
            there.extend(id(row, "id").zip(email));
        }
    }
    Ok(there)
}

async fn import(
    ac: &ActiveCampaign,
    run: &mut Run,
    entries: &[Entry],
) -> Result<Option<Outcome>, ConnectorError> {
    let rows: Vec<usize> = entries
        .iter()
        .flat_map(|entry| entry.rows.clone())
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let one = |entry: &Entry| json!({"email": entry.email.reveal(), "fields": entry.fields, "exclude_automations": true});
    let contacts: Vec<Value> = entries.iter().map(one).collect();
    let call = ac.client.call(Method::POST, "import/bulk_import");
    let answer = match call.json(&json!({"contacts": contacts})).send().await {
        Ok(answer) => answer,
        Err(failure) => return run.settle(Err(failure), &rows),
    };
    if !answer.status().is_success() {
        // Nothing is queued then, for one bad contact or for too many imports (sheet 2, 6): which of them is to blame
        // does not matter, since the next push tries again.
        return run.settle(Ok(Outcome::Retry(answer.words(), None)), &rows);
    }
    let batch = answer
        .json::<Value>()
        .ok()
        .and_then(|page| text(&page, "batchId"));
    let Some(batch) = batch else {
        let reason = "the import was taken without a number";
        return run.settle(Ok(Outcome::Ambiguous(reason.into())), &rows);
    };
    run.touched = true;
    let told = match wait(ac, &batch).await {
        Ok(told) => told,
        Err(reason) => return run.settle(Ok(Outcome::Ambiguous(reason)), &rows),
    };
    judge(run, entries, &told);
    Ok(None)
}

/// Waits until an import is completed; the reason when nobody knows what became of it.
async fn wait(ac: &ActiveCampaign, batch: &str) -> Result<Value, String> {
    let (start, mut pause) = (Instant::now(), WAIT);
    loop {
        let call = ac.client.get("import/info").query("batchId", batch);
        let answer = call.send().await.map_err(ConnectorError::from);
        let page = answer.and_then(|answer| answer.json::<Value>());
        let page = page.map_err(|error| error.to_string())?;
        if page["status"] == "completed" {
            return Ok(page);
        }
        if start.elapsed() + pause > PATIENCE {
            return Err("ActiveCampaign did not finish the import in time".into());
        }
        sleep(pause).await;
        pause = (pause * 2).min(WAIT_MAX);
    }
}

/// What became of each: successes are told by number, failures by address (sheet 6).
fn judge(run: &mut Run, entries: &[Entry], told: &Value) {
    let texts = |name: &str| -> BTreeSet<String> {
        let all = told[name].as_array().into_iter().flatten();
        all.filter_map(|one| text(&json!({"own": one}), "own"))
            .collect()
    };
    let (done, failed) = (texts("success"), texts("failure"));
    let known: BTreeSet<&str> = entries.iter().map(|entry| entry.contact.as_str()).collect();
    let others = done
        .iter()
        .filter(|own| !known.contains(own.as_str()))
        .count();
    if others > 0 {
        warn!(
            others,
            "the bulk import touched contacts who were not named: they were deleted or renamed meanwhile, and are made anew"
        );
    }
    let failed: BTreeSet<Address> = failed
        .iter()
        .filter_map(|one| Address::parse(one))
        .collect();
    for entry in entries {
        let outcome = if done.contains(&entry.contact) {
            Outcome::Applied
        } else if failed.contains(&entry.email) {
            Outcome::Rejected("the bulk import refused the contact".into())
        } else {
            Outcome::Ambiguous("the bulk import does not say what became of the contact".into())
        };
        entry
            .rows
            .iter()
            .for_each(|row| run.outcomes[*row] = outcome.clone());
    }
}
