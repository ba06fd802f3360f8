//! Batches: operations that are carried out some time after they were accepted, and their results as an archive elsewhere.
//!
//! A batch makes a step after each request to the account, so that it is never done when its receipt arrives: whoever reads
//! a member right after sending a batch sees the old state. A GET of a collection becomes as many operations as it has pages.

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::call::{Call, stamp, stamp_or_empty};
use crate::people::{DAY, Seconds, World};
use crate::rng;

/// More batches must not wait at the same time.
const MOST_PENDING: usize = 500;

/// The results are kept so long.
const KEPT: Seconds = 7 * DAY;

/// A link to the results is good for so long.
const LINK: Seconds = 600;

/// The pages of a collection within a batch.
const PAGE: usize = 500;

/// How many results one file of the archive holds.
const RESULTS: usize = 100;

/// One operation, as it was sent.
#[derive(Debug, Clone)]
struct Operation {
    method: Method,
    path: String,
    query: String,
    body: Bytes,
    id: Value,
}

/// An archive with the events in it.
pub(super) type Results = (Vec<u8>, Vec<String>);

/// One operation that was carried out, or a page of it.
struct Done {
    status: StatusCode,
    /// `total_items`, where there is one.
    total: usize,
    /// What `fields` leaves of the body.
    body: Option<Value>,
    served: Vec<String>,
}

/// One batch.
#[derive(Debug)]
pub(super) struct Batch {
    id: String,
    operations: Vec<Operation>,
    steps: u32,
    submitted: Seconds,
    completed: Option<Seconds>,
    results: Vec<Value>,
    /// The events in the results.
    served: Vec<String>,
    errored: usize,
}

impl Batch {
    fn status(&self) -> &'static str {
        match (self.completed, self.steps, self.results.is_empty()) {
            (Some(_), ..) => "finished",
            (_, 0, _) => "pending",
            (_, 1, true) => "preprocessing",
            (_, _, true) => "started",
            _ => "finalizing",
        }
    }

    fn body(&self, archive: &str, now: Seconds) -> Value {
        let url = self.completed.map(|_| {
            let until = now + LINK;
            let sign = signature(&self.id, until);
            format!("{archive}/aws/mailchimp-api-batch/{}-response.tar.gz?expires={until}&signature={sign}", self.id)
        });
        json!({
            "id": self.id, "status": self.status(),
            "total_operations": self.results.len().max(self.operations.len()),
            "finished_operations": self.results.len(), "errored_operations": self.errored,
            "submitted_at": stamp(self.submitted), "completed_at": stamp_or_empty(self.completed),
            "response_body_url": url.unwrap_or_default(),
        })
    }
}

/// The secret part of a link.
fn signature(id: &str, until: Seconds) -> String {
    let parts = id.bytes().map(u64::from).chain([u64::from(until)]);
    format!("{:016x}", rng::mix(&parts.collect::<Vec<_>>()))
}

/// Everything below `/batches`.
pub(super) fn route(account: &mut Account, call: &Call, rest: &[&str]) -> Reply {
    let now = account.now;
    account
        .batches
        .retain(|batch| batch.completed.is_none_or(|at| at + KEPT > now));
    let (archive, batches) = (&account.archive, &mut account.batches);
    let place = |id: &str| {
        let place = batches.iter().position(|batch| batch.id == id);
        place.ok_or_else(Problem::not_found)
    };
    match (&call.method, rest) {
        (&Method::POST, []) => submit(account, call),
        (&Method::GET, []) => {
            let page = call.paging()?.of(batches).iter();
            let rows: Vec<Value> = page.map(|batch| batch.body(archive, now)).collect();
            Ok(Answer::read(
                json!({"batches": rows, "total_items": batches.len()}),
            ))
        }
        (&Method::GET, [id]) => Ok(Answer::read(batches[place(id)?].body(archive, now))),
        (&Method::DELETE, [id]) => {
            let place = place(id)?;
            batches.remove(place);
            Ok(Answer::empty(true))
        }
        (_, [] | [_]) => Err(Problem::method()),
        _ => Err(Problem::not_found()),
    }
}

fn submit(account: &mut Account, call: &Call) -> Reply {
    let body = call.object()?;
    let rows = body.get("operations").and_then(Value::as_array);
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
        return Err(Problem::invalid(
            "operations",
            "This value should not be blank.",
        ));
    };
    let waiting = account
        .batches
        .iter()
        .filter(|batch| batch.completed.is_none());
    if waiting.count() >= MOST_PENDING {
        return Err(Problem::too_many());
    }
    let operations = rows
        .iter()
        .map(|row| {
            operation(row).ok_or_else(|| {
                Problem::invalid("operations", "Each operation needs a method and a path.")
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    account.submitted += 1;
    let batch = Batch {
        id: format!("{:010x}", rng::mix(&[9, account.submitted]) >> 24),
        operations,
        steps: 0,
        submitted: account.now,
        completed: None,
        results: Vec::new(),
        served: Vec::new(),
        errored: 0,
    };
    let body = batch.body(&account.archive, account.now);
    account.batches.push(batch);
    Ok(Answer::written(body))
}

fn operation(row: &Value) -> Option<Operation> {
    let method = Method::from_bytes(row["method"].as_str()?.as_bytes()).ok()?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in row["params"].as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        query.append_pair(name, &value);
    }
    Some(Operation {
        method,
        path: row["path"].as_str()?.to_owned(),
        query: query.finish(),
        body: Bytes::copy_from_slice(row["body"].as_str().unwrap_or_default().as_bytes()),
        id: row.get("operation_id").cloned().unwrap_or(Value::Null),
    })
}

impl Account {
    /// Lets the first `before` batches, those that were there before this request, make a step.
    pub(super) fn step_batches(&mut self, world: &World, before: usize) {
        let done = self.options.batch_steps.max(1);
        for place in 0..before.min(self.batches.len()) {
            let batch = &mut self.batches[place];
            if batch.completed.is_some() {
                continue;
            }
            batch.steps += 1;
            // The operations take effect one step before anybody is told.
            if batch.steps + 1 >= done && batch.results.is_empty() {
                self.carry_out(world, place);
            }
            let batch = &mut self.batches[place];
            if batch.steps >= done {
                batch.completed = Some(self.now);
            }
        }
    }

    fn carry_out(&mut self, world: &World, place: usize) {
        let operations = std::mem::take(&mut self.batches[place].operations);
        let (mut results, mut served, mut errored) = (Vec::new(), Vec::new(), 0);
        for operation in &operations {
            for result in self.pages(world, operation) {
                errored += usize::from(!result.status.is_success());
                let response = result.body.map(|body| body.to_string()).unwrap_or_default();
                results.push(json!({
                    "status_code": result.status.as_u16(), "operation_id": operation.id, "response": response,
                }));
                served.extend(result.served);
            }
        }
        let batch = &mut self.batches[place];
        batch.operations = operations;
        (batch.results, batch.served, batch.errored) = (results, served, errored);
    }

    /// Carries out one operation, a GET of a collection page by page.
    fn pages(&mut self, world: &World, operation: &Operation) -> Vec<Done> {
        let path = operation
            .path
            .strip_prefix("/3.0")
            .unwrap_or(&operation.path);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = format!("{query}&{}", operation.query);
        let mut call = Call::new(
            operation.method.clone(),
            path,
            &query,
            operation.body.clone(),
        );
        if call.method != Method::GET || call.parameter("offset").is_some() {
            return vec![self.perform(world, &call)];
        }
        if call.parameter("count").is_none() {
            call.query.push(("count".to_owned(), PAGE.to_string()));
        }
        let count = call.paging().map_or(PAGE, |paging| paging.count).max(1);
        let mut pages = Vec::new();
        loop {
            let page = self.perform(world, &call);
            let total = page.total;
            pages.push(page);
            if pages.len() * count >= total {
                return pages;
            }
            call.query.retain(|(name, _)| name != "offset");
            let offset = pages.len() * count;
            call.query.push(("offset".to_owned(), offset.to_string()));
        }
    }

    fn perform(&mut self, world: &World, call: &Call) -> Done {
        let reply = if call.parts().first() == Some(&"batches") {
            Err(Problem::invalid("path", "A batch cannot hold batches."))
        } else {
            self.route(world, call)
        };
        match reply {
            Ok(answer) => {
                let total = answer
                    .body
                    .as_ref()
                    .and_then(|body| body["total_items"].as_u64());
                Done {
                    status: answer.status(),
                    total: total
                        .and_then(|total| usize::try_from(total).ok())
                        .unwrap_or(0),
                    body: answer.body.map(|body| call.project(body)),
                    served: answer.served,
                }
            }
            Err(problem) => Done {
                status: problem.status(),
                total: 0,
                body: Some(problem.body()),
                served: Vec::new(),
            },
        }
    }

    /// The archive of a batch's results and the events in it, when the link is a good one; otherwise the storage's refusal.
    pub(super) fn results(
        &self,
        id: &str,
        until: Option<Seconds>,
        sign: &str,
    ) -> Result<Results, (StatusCode, &'static str)> {
        let good = until.is_some_and(|until| signature(id, until) == sign && until >= self.now);
        if !good {
            return Err((StatusCode::FORBIDDEN, "AccessDenied"));
        }
        let mut done = self
            .batches
            .iter()
            .filter(|batch| batch.completed.is_some());
        let batch = done
            .find(|batch| batch.id == id)
            .ok_or((StatusCode::NOT_FOUND, "NoSuchKey"))?;
        let bytes = pack(&batch.results)
            .map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"))?;
        Ok((bytes, batch.served.clone()))
    }
}

/// A tar.gz as Mailchimp makes it: a folder, files of results, and an empty file between them.
fn pack(results: &[Value]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut folder = tar::Header::new_gnu();
    folder.set_entry_type(tar::EntryType::Directory);
    folder.set_mode(0o755);
    folder.set_size(0);
    archive.append_data(&mut folder, "./", std::io::empty())?;
    let empty: &[u8] = b"";
    let files = results
        .chunks(RESULTS)
        .map(|rows| Value::from(rows).to_string().into_bytes());
    for (number, bytes) in std::iter::once(empty.to_vec()).chain(files).enumerate() {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        let name = format!("./{:010x}.json", rng::mix(&[11, number as u64]) >> 24);
        archive.append_data(&mut header, name, bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}
