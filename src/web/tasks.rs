//! What was asked of the desk, on a page: a list of tasks, and a page that looks again by itself while one of them is
//! not over.

use std::time::Duration;

use axum::response::Response;
use chrono::{DateTime, TimeDelta};
use http::{HeaderName, HeaderValue};
use maud::{Markup, html};

use super::{
    error::see,
    html::{Column, Mood, badge, name, table, time},
    page::Visit,
};
use crate::{
    desk::{
        ask::{Ask, Outcome},
        task::{Task, TaskId, TaskState},
    },
    text::{Key, key},
};

/// So long a form waits for what it asked for, before its page says that it is under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many seconds until a page looks again.
const AGAIN: &str = "3";

/// What is over is listed for so long, in milliseconds.
const LISTED_MS: i64 = 15 * 60_000;

/// So many that are over are listed.
const OVER_MAX: usize = 3;

/// Not `<meta http-equiv>`: a header does the same, and stands beside the page.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Tasks that a page is about.
pub struct Tasks(Vec<Task>);

impl Tasks {
    /// Those of some sorts that are not over, and the last that are.
    pub fn of(visit: &Visit, about: impl Fn(&Ask) -> bool) -> Self {
        let since = visit.now().timestamp_millis() - LISTED_MS;
        let mut over = 0;
        let mut tasks = visit.web.desk.tasks();
        tasks.retain(|task| {
            over += usize::from(task.is_over() && about(&task.ask));
            let lately = over <= OVER_MAX && task.ended_at.is_some_and(|at| at >= since);
            about(&task.ask) && (!task.is_over() || lately)
        });
        Self(tasks)
    }

    /// Whether any of them is not over.
    pub fn are_open(&self) -> bool {
        self.0.iter().any(|task| !task.is_over())
    }

    /// The list; nothing where there are none.
    pub fn shown(&self, visit: &Visit) -> Markup {
        let say = visit.say;
        if self.0.is_empty() {
            return html! {};
        }
        let columns = [
            Column::text(say.t("task-what")),
            Column::text(say.t("task-state")),
            Column::text(say.t("task-asked")),
            Column::text(say.t("task-by")),
        ];
        let rows = self.0.iter().map(|task| {
            vec![
                html! { a href=(place(task.id)) { (say.t(verb_key(&task.ask))) } },
                state(visit, task),
                time(say, task.asked_at),
                name(&task.who),
            ]
        });
        let rows: Vec<Vec<Markup>> = rows.collect();
        html! {
            div.tasks {
                (table(&say.t("tasks"), &columns, &rows, ""))
                @if self.are_open() { p.small.soft { (say.t("tasks-look-again")) } }
            }
        }
    }
}

/// Where a task is shown.
pub fn place(id: TaskId) -> String {
    format!("/tasks/{}", id.0)
}

/// A page that the browser asks for again, if what it is about is not over.
pub fn looking_again(mut answer: Response, open: bool) -> Response {
    if open {
        let again = HeaderValue::from_static(AGAIN);
        answer.headers_mut().insert(REFRESH, again);
    }
    answer
}

/// Asks the desk, waits a moment, and leads to what came of it: where `to` says, else to the task's own page.
pub async fn asked(
    visit: &Visit,
    ask: Ask,
    to: impl FnOnce(&Outcome) -> Option<String>,
) -> Response {
    let desk = &visit.web.desk;
    let id = desk.ask(ask, &visit.session.name);
    let task = desk.wait(id, PATIENCE).await;
    let led = task.and_then(|task| match &task.state {
        TaskState::Done(outcome) => to(outcome),
        _ => None,
    });
    see(&led.unwrap_or_else(|| place(id)))
}

/// How far a task has come, as a badge with its time.
pub fn state(visit: &Visit, task: &Task) -> Markup {
    let (say, now) = (visit.say, visit.now());
    let (mood, word) = match &task.state {
        TaskState::Waiting => (Mood::Calm, key("task-waiting")),
        TaskState::Running => (Mood::Warn, key("task-running")),
        TaskState::Done(_) => (Mood::Good, key("task-done")),
        TaskState::Failed(_) => (Mood::Bad, key("task-failed")),
    };
    let since = task.ended_at.or(task.started_at);
    let since = since.and_then(DateTime::from_timestamp_millis);
    let ago = since.map(|since| match now - since {
        passed if passed < TimeDelta::minutes(1) => say.t("task-now"),
        _ => say.with("task-ago", [("ago", say.ago(since, now).into())]),
    });
    html! {
        (badge(mood, &say.t(word)))
        @if let Some(ago) = ago { " " span.soft { (ago) } }
    }
}

/// What was asked, as its heading.
pub fn verb_key(ask: &Ask) -> Key {
    match ask {
        Ask::Sync { .. } => key("task-sync"),
        Ask::Score { .. } => key("task-score"),
        Ask::Plan => key("task-plan"),
        Ask::Apply { .. } => key("task-apply"),
        Ask::CleanPlan { .. } => key("task-clean-plan"),
        Ask::CleanApply { .. } => key("task-clean-apply"),
        Ask::CleanConfirm { .. } => key("task-clean-confirm"),
        Ask::CleanUndo { .. } => key("task-clean-undo"),
        Ask::CleanKeep { .. } => key("task-clean-keep"),
        Ask::Retry { .. } => key("task-retry"),
        Ask::Reload => key("task-reload"),
        Ask::Publish { .. } => key("task-publish"),
        Ask::RollBack { .. } => key("task-roll-back"),
    }
}
