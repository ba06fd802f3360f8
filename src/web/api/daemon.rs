//! What the daemon does: its state, its runs, what its guards hold, and what it was asked for.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    extract::{Body, Caller, Path, Query, Refused, unknown},
    operation::Operation,
    wire::{ById, Page, Paging, instant},
};
use crate::{
    account::Scope,
    desk::{
        ask::{Ask, Outcome},
        task::{Task, TaskId, TaskState},
    },
    diagnostic::Diagnostic,
    push::{apply::PushReport, guard, targets},
    status::{self, Status},
    store::{Connection, Run, StoreError},
    web::{access::Access, error::Refusal, problem::Problem},
};

/// A program that asks for something is answered within this time, with the outcome or with the task.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let read = Access::Token(Scope::Read);
    vec![
        Operation::get("/api/v1/status", read, show_status)
            .named(
                ("daemon", "getStatus"),
                "The state of everything",
                "How old the data of each connection are and up to when they are complete, who is judged, what waits, what is held. \
                 As `engaged status --json`.",
            )
            .answer::<Status>(200, "The state.", json!(null)),
        Operation::get("/api/v1/runs", read, list_runs)
            .named(
                ("daemon", "listRuns"),
                "Runs of jobs, the newest first",
                "Syncs, scoring, pushes and the others, each with how it ended. One without `ended_at` is under way, or was cut off.",
            )
            .query::<RunsQuery>()
            .answer::<Page<ListedRun>>(200, "A page of runs.", run_example()),
        Operation::get("/api/v1/guards", read, list_guards)
            .named(
                ("daemon", "listGuards"),
                "What is held until a person says so",
                "Each guard that tripped, on which connection, and what it saw. While it is open, nothing is written there.",
            )
            .answer::<Page<OpenGuard>>(200, "Every open guard.", guard_example()),
        Operation::post("/api/v1/guards/{name}/approve", Scope::Approve, approve)
            .named(
                ("daemon", "approveGuard"),
                "Let pass what a guard holds",
                "As `engaged approve`. It is good for what is held now: a baseline for these fields and tags, any other guard once. \
                 409 if the guard holds nothing.",
            )
            .path::<ByGuard>()
            .body::<Approval>(json!({ "connection": "newsletter" }))
            .answer::<Approved>(
                200,
                "What was let pass.",
                json!({ "approved": ["first push of field:ENGSCORE (200 writes)"] }),
            )
            .refused(&[409]),
        Operation::get("/api/v1/tasks/{id}", read, show_task)
            .named(
                ("daemon", "getTask"),
                "Something that was asked for",
                "Whether it waits, runs, is done or failed, and what came of it. The last hundred are remembered, until the daemon ends.",
            )
            .path::<ById>()
            .answer::<AskedTask>(200, "The task as it is now.", task_example()),
    ]
}

fn run_example() -> serde_json::Value {
    json!({ "items": [{
        "id": 812, "job": "sync", "connection": "newsletter", "started_at": "2026-06-15T12:00:01Z",
        "ended_at": "2026-06-15T12:00:04Z", "outcome": "ok", "detail": null,
        "new_events": 140, "new_contacts": 2,
    }], "next": "n812" })
}

fn guard_example() -> serde_json::Value {
    json!({ "items": [{
        "name": "baseline", "connection": "newsletter", "detail": "first push of field:ENGSCORE (200 writes)",
        "since": "2026-06-15T12:00:05Z",
    }], "next": null })
}

fn task_example() -> serde_json::Value {
    json!({
        "id": 7, "verb": "plan", "about": "", "who": "token crm", "asked_at": "2026-06-15T12:00:00Z",
        "started_at": "2026-06-15T12:00:00Z", "ended_at": null, "state": "running", "result": null, "problem": null,
    })
}

async fn show_status(caller: Caller) -> Result<Json<Status>, Refused> {
    let jobs = Arc::clone(&caller.jobs);
    let look = move || status::status(&jobs.store, &jobs.config, jobs.clock.as_ref());
    let looked = tokio::task::spawn_blocking(look).await;
    Ok(Json(looked.map_err(|error| StoreError::ended(&error))??))
}

/// Which runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunsQuery {
    /// Only of this job: `sync`, `score`, `push`, `daily` and others.
    job: Option<String>,
    /// Only for this connection.
    connection: Option<String>,
    /// So many items at most.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    limit: Option<u16>,
    /// Where the last page ended: its `next`.
    #[schemars(regex(pattern = "^n[0-9]{1,18}$"))]
    cursor: Option<String>,
}

/// One run of a job.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Run")]
struct ListedRun {
    /// Its number.
    id: i64,
    /// Which job.
    job: String,
    /// For which connection, if for one.
    connection: Option<String>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// `ok`, or what went wrong.
    outcome: Option<String>,
    /// The same for people.
    detail: Option<String>,
    /// Events that a sync brought and that were new; null for other jobs.
    new_events: Option<i64>,
    /// Contacts that a sync brought and that the connection did not have; null for other jobs.
    new_contacts: Option<i64>,
}

impl ListedRun {
    fn new(run: Run, known: &[Connection]) -> Self {
        let whose = |id| known.iter().find(|each| each.id == id);
        Self {
            id: run.id,
            job: run.job,
            connection: run.connection.and_then(whose).map(|each| each.name.clone()),
            started_at: instant(run.started_at),
            ended_at: run.ended_at.map(instant),
            outcome: run.outcome,
            detail: run.detail,
            new_events: run.brought.map(|brought| brought.events),
            new_contacts: run.brought.map(|brought| brought.contacts),
        }
    }
}

async fn list_runs(
    caller: Caller,
    Query(query): Query<RunsQuery>,
) -> Result<Json<Page<ListedRun>>, Refused> {
    let paging = Paging {
        limit: query.limit,
        cursor: query.cursor,
    };
    let (limit, before) = paging.read()?;
    let known = caller.read(crate::store::Conn::connections).await?;
    let only = match &query.connection {
        Some(name) => Some(connection(&known, name)?.id),
        None => None,
    };
    let job = query.job;
    let most = limit + 1;
    let runs = caller.read(move |conn| conn.runs(job.as_deref(), only, before, most));
    let runs = runs.await?.into_iter();
    let runs = runs.map(|run| ListedRun::new(run, &known)).collect();
    Ok(Json(Page::cut(runs, limit, |run| run.id)))
}

/// The connection of that name, among those that are known.
pub(super) fn connection<'c>(
    known: &'c [Connection],
    name: &str,
) -> Result<&'c Connection, Refusal> {
    let found = known.iter().find(|each| each.name == name);
    found.ok_or_else(|| {
        let names = known.iter().map(|each| each.name.as_str());
        unknown("connection", name, names)
    })
}

/// A guard that tripped.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Guard")]
struct OpenGuard {
    /// Its name, to approve it by.
    name: String,
    /// The connection that it holds up; null: all.
    connection: Option<String>,
    /// What it saw, and what the limit is.
    detail: String,
    /// When it tripped.
    since: DateTime<Utc>,
}

async fn list_guards(caller: Caller) -> Result<Json<Page<OpenGuard>>, Refused> {
    let look = |conn: &crate::store::Conn| Ok((conn.open_guards()?, conn.connections()?));
    let (guards, known) = caller.read(look).await?;
    let name_of = |id| known.iter().find(|each| each.id == id);
    let items = guards.into_iter().map(|guard| OpenGuard {
        connection: guard
            .connection
            .and_then(name_of)
            .map(|each| each.name.clone()),
        name: guard.name,
        detail: guard.detail,
        since: instant(guard.tripped_at),
    });
    Ok(Json(Page::whole(items)))
}

/// A guard, in a path.
#[derive(Deserialize, JsonSchema)]
struct ByGuard {
    /// Its name.
    #[schemars(extend("enum" = guard::ALL))]
    name: String,
}

/// What is let pass.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// Only on this connection; on all if left out.
    connection: Option<String>,
}

/// What was let pass.
#[derive(Serialize, JsonSchema)]
struct Approved {
    /// What each guard held, in words.
    approved: Vec<String>,
}

async fn approve(
    caller: Caller,
    Path(ByGuard { name }): Path<ByGuard>,
    Body(approval): Body<Approval>,
) -> Result<Json<Approved>, Refused> {
    if !guard::ALL.contains(&name.as_str()) {
        return Err(Refusal::NotFound.into());
    }
    let known = caller.read(crate::store::Conn::connections).await?;
    let only = match &approval.connection {
        Some(name) => Some(connection(&known, name)?.id),
        None => None,
    };
    let keys = targets::keys(&caller.jobs.config);
    let (guard, who, now) = (name.clone(), caller.who(), caller.now().timestamp_millis());
    let word = move |tx: &crate::store::Tx| guard::approve(tx, &keys, &guard, only, &who, now);
    let approved = caller.jobs.store.write_async(word).await?;
    if approved.is_empty() {
        let diagnostic = Diagnostic::error("E0802", format!("nothing is held by '{name}'"));
        let help = "see what is held with `GET /api/v1/guards`";
        return Err(Refusal::Conflict(Box::new(diagnostic.help(help))).into());
    }
    Ok(Json(Approved { approved }))
}

/// Something that was asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Task")]
pub(super) struct AskedTask {
    /// Its number, from 1 since the daemon began.
    id: u64,
    /// What was asked: `plan`, `apply`, `sync` and others.
    verb: &'static str,
    /// About what.
    about: String,
    /// By whom.
    who: String,
    /// When.
    asked_at: DateTime<Utc>,
    /// When its turn came.
    started_at: Option<DateTime<Utc>>,
    /// When it was over.
    ended_at: Option<DateTime<Utc>>,
    /// `waiting`, `running`, `done` or `failed`.
    state: &'static str,
    /// What came of a plan or of an apply that is done.
    result: Option<TaskResult>,
    /// Why it failed.
    problem: Option<Problem>,
}

/// What came of a task.
#[derive(Serialize, JsonSchema)]
struct TaskResult {
    /// The fingerprints of the plans that were made: see `GET /plans/{fingerprint}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plans: Vec<String>,
    /// What each connection's push did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    push: Vec<PushReport>,
}

impl From<Task> for AskedTask {
    fn from(task: Task) -> Self {
        let state = task.state.as_str();
        let (result, problem) = match task.state {
            TaskState::Waiting | TaskState::Running => (None, None),
            TaskState::Done(outcome) => (TaskResult::of(*outcome), None),
            TaskState::Failed(expected) => (None, Some(Problem::of(&expected.into()))),
        };
        Self {
            id: task.id.0,
            verb: task.ask.verb(),
            about: task.ask.about(),
            who: task.who,
            asked_at: instant(task.asked_at),
            started_at: task.started_at.map(instant),
            ended_at: task.ended_at.map(instant),
            state,
            result,
            problem,
        }
    }
}

impl TaskResult {
    fn of(outcome: Outcome) -> Option<Self> {
        let (plans, push) = match outcome {
            Outcome::Planned { fingerprints } => (fingerprints, Vec::new()),
            Outcome::Pushed { push } => (Vec::new(), push),
            _ => return None,
        };
        Some(Self { plans, push })
    }
}

/// A task, in a path.
async fn show_task(
    caller: Caller,
    Path(ById { id }): Path<ById>,
) -> Result<Json<AskedTask>, Refused> {
    let id = u64::try_from(id).map_err(|_| Refusal::NotFound)?;
    let task = caller.web.desk.task(TaskId(id)).ok_or(Refusal::NotFound)?;
    Ok(Json(task.into()))
}

/// Asks the desk. What is over soon is handed to `done`; else the answer names the task.
pub(super) async fn ask(
    caller: &Caller,
    ask: Ask,
    done: impl FnOnce(Outcome) -> Result<Response, Refused>,
) -> Result<Response, Refused> {
    let desk = &caller.web.desk;
    let id = desk.ask(ask, &caller.who());
    let task = desk.wait(id, ANSWER_WITHIN).await;
    let task = task.ok_or(Refusal::NotFound)?;
    match task.state {
        TaskState::Done(outcome) => done(*outcome),
        TaskState::Failed(expected) => Err(expected.into()),
        TaskState::Waiting | TaskState::Running => {
            let place = format!("/api/v1/tasks/{}", id.0);
            let mut answer = (StatusCode::ACCEPTED, Json(AskedTask::from(task))).into_response();
            let place = HeaderValue::from_str(&place)
                .map_err(|error| Refusal::ours(&format!("a task's place is no header: {error}")))?;
            answer.headers_mut().insert(header::LOCATION, place);
            Ok(answer)
        }
    }
}
