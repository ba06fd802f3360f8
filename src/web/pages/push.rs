//! Push: what did we write to the platforms? What is held, the plan and its receipt, and the log of all writes.

mod held;
mod log;
mod plan;
mod receipt;
pub(super) mod words;

use axum::{Form, extract::Query, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

pub(super) use self::receipt::receipt;
use crate::{
    account::Role,
    config::{Config, Mode},
    desk::ask::{Ask, Outcome},
    push::word::{self, Approval},
    score::{calendar::Millis, facts::ConnectionId},
    store::{Conn, Guard, LoggedPush, OutboxState, Run, StoreError},
    text::Say,
    web::{
        access::{Access, Routes},
        html::{Column, Mood, badge, button, name, table, time},
        page::{Nav, Page, Visit},
        tasks::{self, Tasks, asked},
        told::told,
    },
};

/// So many pushes stand on a page.
const PUSHES: u16 = 20;

/// Adds the pages.
pub(super) fn add(routes: Routes) -> Routes {
    let (viewer, marketer) = (Access::Role(Role::Viewer), Access::Role(Role::Marketer));
    let step_up = Access::StepUp(Role::Marketer);
    routes
        .get("/push", viewer, show)
        .post("/push/approve", step_up, approve)
        .post("/push/pause", marketer, pause)
        .post("/push/resume", marketer, resume)
        .post("/push/plan", marketer, make_plan)
        .get("/push/plan/{fingerprint}", viewer, plan::show)
        .post("/push/apply", step_up, plan::apply)
        .post("/push/retry", marketer, retry)
        .get("/push/log/{plan}", viewer, log::one)
        .get("/push/writes", viewer, log::writes)
        .post("/push/rejected.csv", step_up, log::rejected)
}

/// Where a page of a list begins.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Before {
    before: Option<i64>,
}

/// One place that may be written to.
struct PlaceRow {
    name: String,
    id: Option<ConnectionId>,
    live: bool,
    blocked: bool,
    last: Option<Run>,
    sizes: Vec<(OutboxState, i64)>,
}

impl PlaceRow {
    fn size(&self, states: &[OutboxState]) -> i64 {
        let sizes = self.sizes.iter();
        let sizes = sizes.filter(|(state, _)| states.contains(state));
        sizes.map(|(_, size)| size).sum()
    }
}

/// What the page shows.
struct Shown {
    guards: Vec<(Guard, Option<String>)>,
    places: Vec<PlaceRow>,
    pushes: Vec<(LoggedPush, String)>,
    paused: bool,
}

fn read(conn: &Conn, config: &Config, before: Option<i64>) -> Result<Shown, StoreError> {
    let known = conn.connections()?;
    let name_of = |id: ConnectionId| {
        let found = known.iter().find(|each| each.id == id);
        found.map(|each| each.name.clone())
    };
    let sizes = conn.outbox_sizes()?;
    let mut places = Vec::new();
    for connection in config.written_to() {
        let id = known.iter().find(|each| each.name == connection.name);
        let id = id.map(|each| each.id);
        let of = sizes.iter().filter(|(of, ..)| Some(*of) == id);
        places.push(PlaceRow {
            name: connection.name.clone(),
            id,
            live: connection.mode == Mode::Live,
            blocked: conn.blocked(&connection.name)?.is_some(),
            last: match id {
                Some(id) => conn.last_run("push", Some(id))?,
                None => None,
            },
            sizes: of.map(|(_, state, size)| (*state, *size)).collect(),
        });
    }
    let guards = conn.open_guards()?.into_iter();
    let pushes = conn.pushes(before, PUSHES + 1)?.into_iter();
    Ok(Shown {
        guards: guards
            .map(|guard| {
                let on = guard.connection.and_then(name_of);
                (guard, on)
            })
            .collect(),
        places,
        pushes: pushes
            .map(|push| {
                let on = push.connection.and_then(name_of).unwrap_or_default();
                (push, on)
            })
            .collect(),
        paused: conn.is_paused()?,
    })
}

async fn show(visit: Visit, Query(page): Query<Before>) -> Response {
    let config = std::sync::Arc::clone(&visit.jobs.config);
    let shown = visit
        .read(move |conn| read(conn, &config, page.before))
        .await;
    let shown = match shown {
        Ok(shown) => shown,
        Err(refused) => return refused,
    };
    let tasks = Tasks::of(&visit, |ask| {
        matches!(ask, Ask::Plan | Ask::Apply { .. } | Ask::Retry { .. })
    });
    let body = html! {
        (lead(&visit, &shown))
        (held::section(&visit, &shown.guards))
        @if tasks.are_open() { (tasks.shown(&visit)) }
        (places(&visit, &shown))
        @if !tasks.are_open() { (tasks.shown(&visit)) }
        (pushes(&visit, &shown.pushes, page.before))
    };
    let page = Page {
        title: visit.say.t("nav-push"),
        nav: Nav::Push,
        body,
        command: Some("engaged status".to_owned()),
    };
    tasks::looking_again(visit.page(page).await, tasks.are_open())
}

/// The answer to the page's question, in a sentence.
fn lead(visit: &Visit, shown: &Shown) -> Markup {
    let say = visit.say;
    let wrote = |(push, _): &&(LoggedPush, String)| size(push, OutboxState::Applied) > 0;
    html! {
        p.lead {
            @match shown.pushes.iter().find(wrote) {
                Some((push, on)) => (say.with("push-last", [
                    ("n", size(push, OutboxState::Applied).into()), ("on", on.into()),
                    ("time", say.millis(push.known_at).into()),
                ])),
                None => (say.t("push-nothing-yet")),
            }
        }
    }
}

fn size(push: &LoggedPush, state: OutboxState) -> i64 {
    let sizes = push.sizes.iter().filter(|(each, _)| *each == state);
    sizes.map(|(_, size)| size).sum()
}

/// Each connection: what may be written there, and what waits.
fn places(visit: &Visit, shown: &Shown) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-connection")),
        Column::text(say.t("push-mode")),
        Column::text(say.t("push-last-run")),
        Column::number(say.t("push-waiting")),
        Column::number(say.t("push-refused")),
        Column::number(say.t("push-in-doubt")),
    ];
    let rows = shown.places.iter().map(|place| {
        let number = |states: &[OutboxState]| {
            let size = place.size(states);
            let state = states.first().map(|state| state.as_str());
            html! {
                @match (place.id, state) {
                    (Some(id), Some(state)) if size > 0 => a href={ "/push/writes?connection=" (id.0) "&state=" (state) } { (say.n(size)) },
                    _ => (say.n(size)),
                }
            }
        };
        vec![
            name(&place.name),
            mode(visit, place),
            last_run(visit, place.last.as_ref()),
            number(&[OutboxState::Retry, OutboxState::Planned, OutboxState::Attempting]),
            number(&[OutboxState::Rejected]),
            number(&[OutboxState::Ambiguous]),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        section {
            h2 { (say.t("push-places")) }
            (table(&say.t("push-places-caption"), &columns, &rows, &say.t("push-no-places")))
            @if visit.may(Role::Marketer) { (actions(say, shown)) }
        }
    }
}

fn mode(visit: &Visit, place: &PlaceRow) -> Markup {
    let say = visit.say;
    html! {
        @if place.blocked {
            (badge(Mood::Bad, &say.t("state-blocked"))) " " a.small href="/sync" { (say.t("push-blocked-why")) }
        } @else if place.live {
            (badge(Mood::Good, &say.t("push-live")))
        } @else {
            (badge(Mood::Calm, &say.t("push-read-only")))
        }
    }
}

fn last_run(visit: &Visit, run: Option<&Run>) -> Markup {
    let say = visit.say;
    let Some(run) = run else {
        return html! { (say.t("push-never")) };
    };
    html! {
        (time(say, run.started_at)) " "
        @match run.outcome.as_deref() {
            Some("ok") => (badge(Mood::Good, &say.t("push-run-ok"))),
            Some(_) => (badge(Mood::Warn, &say.t("push-run-trouble"))),
            None => (badge(Mood::Warn, &say.t("push-run-open"))),
        }
        @if let Some(detail) = run.detail.as_ref().filter(|_| run.outcome.as_deref() != Some("ok")) {
            div.small { (told(visit, detail)) }
        }
    }
}

/// What a person can do here.
fn actions(say: Say, shown: &Shown) -> Markup {
    let waits = [OutboxState::Retry, OutboxState::Rejected];
    let waiting: i64 = shown.places.iter().map(|place| place.size(&waits)).sum();
    html! {
        div.row {
            (button("/push/plan", &say.t("push-make-plan"), "", &[]))
            @if waiting > 0 { (button("/push/retry", &say.t("push-retry"), "quiet", &[])) }
            @if shown.paused {
                (button("/push/resume", &say.t("push-resume"), "quiet", &[]))
            } @else {
                (button("/push/pause", &say.t("push-pause"), "quiet", &[]))
            }
        }
        p.field-help { (say.t("push-plan-help")) }
    }
}

/// Every push that wrote anything, the newest first.
fn pushes(visit: &Visit, pushes: &[(LoggedPush, String)], before: Option<i64>) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-when")),
        Column::text(say.t("push-connection")),
        Column::number(say.t("push-written")),
        Column::number(say.t("push-refused")),
        Column::number(say.t("push-waiting")),
        Column::number(say.t("push-in-doubt")),
        Column::number(say.t("push-given-up")),
    ];
    let page = pushes.iter().take(PUSHES.into());
    let rows = page.map(|(push, on)| {
        let number = |states: &[OutboxState]| {
            let sum: i64 = states.iter().map(|state| size(push, *state)).sum();
            html! { (say.n(sum)) }
        };
        vec![
            html! { a href={ "/push/log/" (push.plan) } { (time(say, push.known_at)) } },
            name(on),
            number(&[OutboxState::Applied]),
            number(&[OutboxState::Rejected]),
            number(&[
                OutboxState::Retry,
                OutboxState::Planned,
                OutboxState::Attempting,
            ]),
            number(&[OutboxState::Ambiguous]),
            number(&[OutboxState::Abandoned, OutboxState::Reconciled]),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let more = pushes.len() > usize::from(PUSHES);
    let last = pushes.iter().take(PUSHES.into()).next_back();
    html! {
        section #log {
            h2 { (say.t("push-log")) }
            (table(&say.t("push-log-caption"), &columns, &rows, &say.t("push-log-empty")))
            nav.row aria-label=(say.t("push-pages")) {
                @if before.is_some() { a href="/push#log" { (say.t("first-page")) } }
                @if let Some((push, _)) = last.filter(|_| more) {
                    a href={ "/push?before=" (push.plan) "#log" } { (say.t("next-page")) }
                }
            }
            p.small.soft { (say.t("push-log-cleaning")) " " a href="/cleaning" { (say.t("nav-cleaning")) } }
        }
    }
}

/// Who says something now.
fn by(visit: &Visit) -> (String, Millis) {
    (visit.session.name.clone(), visit.now().timestamp_millis())
}

#[derive(Debug, Deserialize)]
struct Approve {
    guard: String,
    connection: Option<String>,
    shown: String,
}

async fn approve(visit: Visit, Form(form): Form<Approve>) -> Response {
    let (who, now) = by(&visit);
    let approval = Approval {
        guard: form.guard,
        connection: form.connection.filter(|name| !name.is_empty()),
        shown: Some(form.shown),
    };
    let done = visit
        .act(move |jobs| word::approve(&jobs.store, &jobs.config, &approval, (&who, now)))
        .await;
    match done {
        Ok(_) => visit.then("/push#held", Mood::Good, visit.say.t("push-approved")),
        Err(refused) => refused,
    }
}

async fn pause(visit: Visit) -> Response {
    set_paused(&visit, true).await
}

async fn resume(visit: Visit) -> Response {
    set_paused(&visit, false).await
}

async fn set_paused(visit: &Visit, paused: bool) -> Response {
    let (who, now) = by(visit);
    let say = visit.say;
    let done = visit
        .act(move |jobs| {
            Ok(jobs
                .store
                .write(move |tx| tx.set_paused(paused, &who, now))?)
        })
        .await;
    match done {
        Ok(()) if paused => visit.then("/push", Mood::Warn, say.t("push-paused")),
        Ok(()) => visit.then("/push", Mood::Good, say.t("push-resumed")),
        Err(refused) => refused,
    }
}

async fn make_plan(visit: Visit) -> Response {
    asked(&visit, Ask::Plan, |outcome| match outcome {
        Outcome::Planned { fingerprints } => {
            let first = fingerprints.first()?;
            Some(format!("/push/plan/{first}"))
        }
        _ => None,
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Retry {
    connection: Option<String>,
}

async fn retry(visit: Visit, Form(form): Form<Retry>) -> Response {
    let connection = form.connection.filter(|name| !name.is_empty());
    asked(&visit, Ask::Retry { connection }, |_| None).await
}

#[cfg(test)]
mod tests;
