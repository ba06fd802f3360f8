//! One task: what was asked of the desk, how far it has come, and what came of it.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};

use super::{cleaning, push};
use crate::{
    account::Role,
    desk::{
        ask::{Ask, Outcome},
        reload::Reloaded,
        task::{Task, TaskId, TaskState},
    },
    diagnostic::Expected,
    sync::SyncReport,
    text::{Key, key},
    web::{
        access::{Access, Routes},
        error::Refusal,
        html::{Column, Mood, button, name, notice, table},
        page::{Nav, Page, Visit},
        tasks,
    },
};

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes.get("/tasks/{id}", Access::Role(Role::Viewer), show)
}

async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let number = id.parse().ok().map(TaskId);
    let Some(task) = number.and_then(|id| visit.web.desk.task(id)) else {
        return visit.refuse(Refusal::NotFound);
    };
    let say = visit.say;
    let body = html! {
        p.lead {
            (tasks::state(&visit, &task)) " "
            (say.with("task-asked-by", [("who", (&task.who).into()), ("time", say.millis(task.asked_at).into())]))
        }
        @match &task.state {
            TaskState::Waiting => p { (say.t("task-waiting-help")) },
            TaskState::Running => p { (say.t("task-running-help")) },
            TaskState::Done(outcome) => (done(&visit, outcome)),
            TaskState::Failed(why) => (failed(&visit, &task, why)),
        }
        @if !task.is_over() { p.small.soft { (say.t("tasks-look-again")) } }
        p { a href=(from(&task.ask)) { (say.t("task-back")) } }
    };
    let page = Page {
        title: say.t(tasks::verb_key(&task.ask)),
        nav: nav(&task.ask),
        body,
        command: None,
    };
    tasks::looking_again(visit.page(page).await, !task.is_over())
}

/// The place that a task belongs to.
fn nav(ask: &Ask) -> Nav {
    match ask {
        Ask::Sync { .. } => Nav::Sync,
        Ask::Score { .. } => Nav::Scores,
        Ask::Plan | Ask::Apply { .. } | Ask::Retry { .. } => Nav::Push,
        Ask::CleanPlan { .. }
        | Ask::CleanApply { .. }
        | Ask::CleanConfirm { .. }
        | Ask::CleanUndo { .. }
        | Ask::CleanKeep { .. } => Nav::Cleaning,
        Ask::Reload | Ask::Publish { .. } | Ask::RollBack { .. } => Nav::Rules,
    }
}

fn from(ask: &Ask) -> &'static str {
    match nav(ask) {
        Nav::Sync => "/sync",
        Nav::Scores => "/scores",
        Nav::Push => "/push",
        Nav::Cleaning => "/cleaning",
        _ => "/rules",
    }
}

fn done(visit: &Visit, outcome: &Outcome) -> Markup {
    let say = visit.say;
    match outcome {
        Outcome::Synced { sync } => synced(visit, sync),
        Outcome::Scored { score } => html! {
            p {
                (say.with("task-scored", [("n", score.scored.into()), ("changed", score.changed.into())])) " "
                @if score.unjudged > 0 { (say.with("task-scored-unjudged", [("n", score.unjudged.into())])) }
            }
        },
        Outcome::Planned { fingerprints } => html! {
            ul {
                @for fingerprint in fingerprints {
                    @let place = if visit.web.desk.plan(fingerprint).is_some_and(|kept| cleaning::is_of(&kept)) { "cleaning" } else { "push" };
                    li { a href={ "/" (place) "/plan/" (fingerprint) } { (say.t("task-see-plan")) } }
                }
            }
        },
        Outcome::Pushed { push: reports } => push::receipt(visit, reports),
        Outcome::Cleaned { clean } => cleaning::receipt(visit, clean),
        Outcome::Kept { contacts } => {
            html! { p { (say.with("task-kept", [("n", (*contacts).into())])) } }
        }
        Outcome::Reloaded { reload } | Outcome::Published { reload, .. } => reloaded(visit, reload),
    }
}

fn synced(visit: &Visit, reports: &[SyncReport]) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("task-connection")),
        Column::number(say.t("task-new-events")),
        Column::number(say.t("task-rejected")),
        Column::text(say.t("task-trouble")),
    ];
    let rows = reports.iter().map(|report| {
        let errors = report
            .streams
            .iter()
            .filter_map(|stream| stream.error.as_ref());
        let trouble = report
            .blocked
            .iter()
            .chain(errors)
            .chain(&report.list_shrunk);
        vec![
            name(&report.connection),
            html! { (say.n(report.events())) },
            html! { (say.n(report.rejects())) },
            html! { @for each in trouble { p lang="en" { (name(&visit.plain(each))) } } },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let caption = say.t("task-synced");
    table(&caption, &columns, &rows, &say.t("none-yet"))
}

fn reloaded(visit: &Visit, reload: &Reloaded) -> Markup {
    let say = visit.say;
    html! {
        @if reload.changed.is_empty() {
            p { (say.t("task-nothing-changed")) }
        } @else {
            p { (say.t("task-changed")) }
            ul { @for part in &reload.changed { li { code { (part) } } } }
        }
        @if !reload.restart.is_empty() {
            p { (say.t("task-restart")) }
            ul { @for part in &reload.restart { li { code { (part) } } } }
        }
    }
}

/// Why it was not done: in the visitor's words where we have them, and as the log has it.
fn failed(visit: &Visit, task: &Task, why: &Expected) -> Markup {
    let say = visit.say;
    let code = why.diagnostics.first().map(|first| first.code);
    html! {
        (notice(Mood::Bad, &html! {
            @if let Some(words) = code.and_then(words_of) { p { strong { (say.t(words)) } } }
            @for each in &why.diagnostics {
                p.small lang="en" {
                    code { (each.code) } " " (name(&visit.plain(&each.message)))
                    @if let Some(help) = &each.help { "; " (name(&visit.plain(help))) }
                }
            }
        }))
        @if visit.may(Role::Marketer) {
            @match (&task.ask, code) {
                (Ask::Apply { .. }, Some("E0801")) => (button("/push/plan", &say.t("push-plan-anew"), "", &[])),
                (Ask::CleanApply { .. }, Some("E0901")) => (button("/cleaning/plan", &say.t("cleaning-plan-anew"), "", &[])),
                _ => {}
            }
        }
    }
}

/// What a code means here.
fn words_of(code: &str) -> Option<Key> {
    Some(match code {
        "E0801" => key("task-error-stale"),
        "E0901" => key("task-error-stale-cleaning"),
        "E0904" => key("task-error-nothing-to-undo"),
        "E0906" => key("task-error-export"),
        "E0907" => key("task-error-same-person"),
        "E0908" => key("task-error-nothing-to-confirm"),
        "E0120" => key("task-error-busy"),
        "E0121" => key("task-error-stopping"),
        _ => return None,
    })
}
