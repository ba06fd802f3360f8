//! Bulk imports: checked at once and as a whole, carried out later, row by row (sheet 6).

use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Refusal, Reply};
use super::call::{Call, lenient};
use super::contact::Status;
use super::hooks::Initiator;
use super::journal::Change;
use super::write;
use crate::rng;

/// The most contacts in one import.
const MOST: usize = 250;

/// What happened to an import so far.
#[derive(Debug, Clone)]
enum Progress {
    /// So many later requests will see it unfinished.
    Waiting(u32),
    /// Carried out: ids of contacts, and addresses that failed.
    Done(Vec<String>, Vec<String>),
}

/// One import.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    id: String,
    rows: Vec<Value>,
    progress: Progress,
}

/// `POST /import/bulk_import`: one bad row refuses all.
pub(super) fn submit(account: &mut Account, call: &Call) -> Reply {
    let most = account.options.import_body_max;
    if most.is_some_and(|most| call.body.len() > most) {
        return Err(Refusal::import("The request body is too large.", None));
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::unreadable())?;
    let rows = body["contacts"].as_array().cloned().unwrap_or_default();
    let mut reasons = Vec::new();
    if rows.is_empty() || rows.len() > MOST {
        let reason = format!("Between 1 and {MOST} contacts are allowed in a request");
        reasons.push(json!(reason));
    }
    for (number, row) in rows.iter().enumerate() {
        if let Some(reason) = fault(row) {
            reasons.push(json!({"contact": number, "failureReason": reason}));
        }
    }
    if !reasons.is_empty() {
        return Err(Refusal::import(
            "JSON payload did not pass validation. Please fix failure Reasons and retry. The import was not queued for processing.",
            Some(json!(reasons)),
        ));
    }
    let number = account.imports.len() as u64;
    let (high, low) = (
        rng::mix(&[account.options.seed, 9, number]),
        rng::mix(&[account.options.seed, 10, number]),
    );
    let id = format!("{high:016x}{low:016x}");
    let answer = json!({
        "Success": 1, "queued_contacts": rows.len(), "batchId": id, "message": "Contact import queued",
    });
    account.imports.push(Batch {
        id,
        rows,
        progress: Progress::Waiting(account.options.import_steps),
    });
    Ok(Answer::written(answer, true))
}

/// What is wrong with a row. Field ids are numbers here, and texts everywhere else.
fn fault(row: &Value) -> Option<&'static str> {
    let email = row["email"].as_str().unwrap_or_default();
    if !write::valid(email) {
        return Some("Field 'email' incorrect format");
    }
    let rows = |name: &str| row[name].as_array().cloned().unwrap_or_default();
    if rows("fields").iter().any(|field| !field["id"].is_u64()) {
        return Some("Field 'fields' incorrect format");
    }
    if rows("tags").iter().any(|tag| !tag.is_string()) {
        return Some("Field 'tags' incorrect format");
    }
    None
}

impl Account {
    /// Lets the imports before the first `known` make a step.
    pub(super) fn step_imports(&mut self, known: usize) {
        for number in 0..known {
            let Progress::Waiting(steps) = self.imports[number].progress else {
                continue;
            };
            let left = steps.saturating_sub(1);
            self.imports[number].progress = if left == 0 {
                self.carry_out(number)
            } else {
                Progress::Waiting(left)
            };
        }
    }

    fn carry_out(&mut self, number: usize) -> Progress {
        let (mut success, mut failure) = (Vec::new(), Vec::new());
        for row in std::mem::take(&mut self.imports[number].rows) {
            let email = row["email"].as_str().unwrap_or_default();
            // An apostrophe fails late, as in the documented sample; so does whom a test names.
            if email.contains('\'') || self.options.import_fails.iter().any(|one| one == email) {
                failure.push(email.to_owned());
            } else {
                let index = self.import(email, &row);
                success.push(self.contacts[index].id.to_string());
            }
        }
        Progress::Done(success, failure)
    }

    /// One row: creates whom nobody knows, adds tags and never takes one off, tells no webhook, and sets nobody active again
    /// who left.
    fn import(&mut self, email: &str, row: &Value) -> usize {
        let quiet = row["exclude_automations"] == true;
        let index = self.find(email).unwrap_or_else(|| {
            let index = self.add(None, email, self.now);
            self.note(index, Change::Created);
            index
        });
        for (place, name) in ["first_name", "last_name", "phone"].into_iter().enumerate() {
            if let Some(text) = row[name].as_str() {
                write::rename(self, index, place, text);
            }
        }
        let rows = |name: &str| row[name].as_array().cloned().unwrap_or_default();
        for field in rows("fields") {
            let place = lenient(&field["id"]).and_then(|id| write::place_of(self, id));
            if let Some(place) = place {
                write::set(self, index, place, write::text(&field["value"]), quiet);
            }
        }
        for tag in rows("tags") {
            let place = self.tag_named(tag.as_str().unwrap_or_default());
            write::put_on(self, index, place, quiet, Initiator::Import);
        }
        for (name, status) in [
            ("unsubscribe", Status::Unsubscribed),
            ("subscribe", Status::Active),
        ] {
            for list in rows(name) {
                let id = lenient(&list["listid"]);
                let of = |list: &super::account::List| Some(u64::from(list.id)) == id;
                if let Some(place) = self.lists.iter().position(of) {
                    write::stand(self, index, place, status, false, Initiator::Import);
                }
            }
        }
        index
    }
}

/// `GET /import/info?batchId=`: the words before `completed` are not in the description.
pub(super) fn look(account: &Account, call: &Call) -> Reply {
    let Some(id) = call.parameter("batchId") else {
        return Err(Refusal::import("'batchId' is a required field.", None));
    };
    let found = account.imports.iter().find(|batch| batch.id == id);
    let Some(batch) = found else {
        return Err(Refusal::import("'batchId' is not known.", None));
    };
    Ok(Answer::read(match &batch.progress {
        Progress::Waiting(1) => json!({"status": "active", "success": [], "failure": []}),
        Progress::Waiting(_) => json!({"status": "waiting", "success": [], "failure": []}),
        Progress::Done(success, failure) => {
            json!({"status": "completed", "success": success, "failure": failure})
        }
    }))
}

/// `GET /import/bulk_import`: what is outstanding and what was done, in sums.
pub(super) fn overview(account: &Account) -> Answer {
    let done = |batch: &&Batch| matches!(batch.progress, Progress::Done(..));
    let (finished, open): (Vec<&Batch>, Vec<&Batch>) = account.imports.iter().partition(done);
    let sum = |batches: &[&Batch]| {
        let contacts: usize = batches
            .iter()
            .map(|batch| match &batch.progress {
                Progress::Done(success, failure) => success.len() + failure.len(),
                Progress::Waiting(_) => batch.rows.len(),
            })
            .sum();
        let row = json!({
            "forDate": account.zone.day(account.now), "batches": batches.len().to_string(), "contacts": contacts.to_string(),
        });
        if batches.is_empty() {
            json!([])
        } else {
            json!([row])
        }
    };
    Answer::read(json!({"outstanding": sum(&open), "recentlyCompleted": sum(&finished)}))
}
