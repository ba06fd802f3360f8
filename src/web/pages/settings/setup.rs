//! The configuration in force: connections, guards, what is probably not as meant; and taking it anew.

use std::time::Duration;

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    account::Role,
    config::{Config, Mode},
    desk::{
        ask::{Ask, Outcome},
        task::TaskState,
    },
    web::{
        html::{self, Column, Mood, notice},
        page::Visit,
        pages::rules::wrong,
    },
};

/// How long a visitor waits for the configuration to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn shown(visit: &Visit) -> Markup {
    let say = visit.say;
    let config = &visit.jobs.config;
    let guards = config.guards;
    html! {
        section.card #configuration {
            h2 { (say.t("settings-configuration")) }
            dl.facts {
                dt { (say.t("settings-file")) } dd { code { (html::words(&config.file.display().to_string())) } }
                dt { (say.t("settings-zone")) } dd { (config.zone.name()) }
                dt { (say.t("settings-guard-scores")) } dd { (say.percent(guards.max_score_change)) }
                dt { (say.t("settings-guard-starts")) } dd { (say.n(guards.max_starts)) }
                dt { (say.t("settings-guard-lists")) } dd { (say.percent(guards.max_list_shrink)) }
                dt { (say.t("settings-version")) } dd { "engaged " (env!("CARGO_PKG_VERSION")) }
            }
            (connections(visit, config))
            h3 { (say.t("settings-warnings")) }
            @if config.warnings.is_empty() { p.soft { (say.t("settings-no-warnings")) } }
            @for warning in &config.warnings { (notice(Mood::Warn, &wrong::finding(say, warning))) }
            @if let Some(trouble) = visit.web.desk.reload_trouble() {
                h3 { (say.t("settings-reload-trouble")) }
                p { (say.with("settings-reload-by", [("who", trouble.who.into()), ("time", say.millis(trouble.at).into())])) }
                @for error in &trouble.errors { (notice(Mood::Bad, &wrong::finding(say, error))) }
            }
            @if visit.may(Role::Admin) {
                (html::button("/settings/reload", &say.t("settings-reload"), "quiet", &[]))
                p.small.soft { (say.t("settings-reload-help")) }
            }
        }
    }
}

fn connections(visit: &Visit, config: &Config) -> Markup {
    let say = visit.say;
    let rows = config.connections.iter().map(|each| {
        let lists = if each.lists.is_empty() {
            say.t("settings-all-lists")
        } else {
            each.lists.join(", ")
        };
        let (mood, mode) = match each.mode {
            Mode::Live => (Mood::Good, say.t("settings-live")),
            Mode::ReadOnly => (Mood::Calm, say.t("settings-read-only")),
        };
        vec![
            html::name(&each.name),
            html! { (each.platform.as_str()) },
            html::badge(mood, &mode),
            html! { code { (each.schedule.as_str()) } },
            html::name(&lists),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("settings-name")),
        Column::text(say.t("settings-platform")),
        Column::text(say.t("settings-mode")),
        Column::text(say.t("settings-schedule")),
        Column::text(say.t("settings-lists")),
    ];
    html! {
        h3 { (say.t("settings-connections")) }
        (html::table(&say.t("settings-connections-caption"), &columns, &rows, &say.t("no-connections")))
    }
}

/// Takes the configuration anew, whole or not at all.
pub(super) async fn reload(visit: Visit) -> Response {
    let say = visit.say;
    let desk = &visit.web.desk;
    let task = desk.ask(Ask::Reload, &visit.session.name);
    let to = "/settings#configuration";
    match desk.wait(task, PATIENCE).await.map(|task| task.state) {
        Some(TaskState::Done(outcome)) => {
            let text = match *outcome {
                Outcome::Reloaded { reload } if reload.changed.is_empty() => {
                    say.t("settings-reloaded-same")
                }
                Outcome::Reloaded { reload } if reload.restart.is_empty() => say.with(
                    "settings-reloaded",
                    [("what", reload.changed.join(", ").into())],
                ),
                Outcome::Reloaded { reload } => say.with(
                    "settings-reloaded-restart",
                    [
                        ("what", reload.changed.join(", ").into()),
                        ("restart", reload.restart.join(", ").into()),
                    ],
                ),
                _ => say.t("settings-reloaded-same"),
            };
            visit.then(to, Mood::Good, text)
        }
        Some(TaskState::Failed(_)) => visit.then(to, Mood::Bad, say.t("settings-not-reloaded")),
        _ => {
            let to = format!("/tasks/{}", task.0);
            visit.then(&to, Mood::Calm, say.t("settings-reload-waits"))
        }
    }
}
