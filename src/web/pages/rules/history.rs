//! What was published, by whom and why, what it changed, and taking it back.

use std::time::Duration;

use axum::{Form, extract::Path, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    desk::{
        ask::{Ask, Outcome},
        task::TaskState,
    },
    publish::{LineKind, REASON_MAX, REASON_MIN, difference},
    store::{Publication, PublicationState},
    text::Say,
    web::{
        error::Refusal,
        html::{self, Column, Mood},
        page::{Nav, Page, Visit},
    },
};

use super::{at_files, refusal};

/// How long a visitor waits for a file to be written and put in force.
const PATIENCE: Duration = Duration::from_secs(5);

/// More lines of a comparison than this are not shown.
const LINES_MAX: usize = 2_000;

/// The last publications.
pub(super) fn list(visit: &Visit, publications: &[Publication]) -> Markup {
    let say = visit.say;
    let rows = publications.iter().map(|each| {
        vec![
            html! {
                @if visit.may(Role::Marketer) {
                    a href={ "/rules/publications/" (each.id) } { (say.millis(each.planned_at)) }
                } @else { (say.millis(each.planned_at)) }
            },
            html::name(&each.who),
            html! { (html::words(&visit.plain(&each.reason))) },
            html::name(&each.file),
            state(say, each),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-published-at")),
        Column::text(say.t("rules-published-by")),
        Column::text(say.t("rules-published-why")),
        Column::text(say.t("rules-file")),
        Column::text(say.t("rules-published-state")),
    ];
    html! {
        section.card #history {
            h2 { (say.t("rules-history")) }
            (html::table(&say.t("rules-history-caption"), &columns, &rows, &say.t("rules-history-none")))
        }
    }
}

fn state(say: Say, publication: &Publication) -> Markup {
    let badge = match publication.state {
        PublicationState::Done => html::badge(Mood::Good, &say.t("rules-state-done")),
        PublicationState::Planned => html::badge(Mood::Calm, &say.t("rules-state-planned")),
        PublicationState::Failed => html::badge(Mood::Bad, &say.t("rules-state-failed")),
        PublicationState::Overtaken => html::badge(Mood::Warn, &say.t("rules-state-overtaken")),
    };
    html! {
        (badge)
        @if let Some(undone) = publication.undoes { " " (say.with("rules-undoes", [("n", undone.into())])) }
    }
}

/// One publication: what it changed.
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return visit.refuse(Refusal::NotFound);
    };
    let found = at_files(&visit, move |editor| editor.publication(id)).await;
    let (publication, before, after) = match found {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let body = html! {
        p { a href="/rules#history" { (say.t("rules-back")) } }
        dl.facts {
            dt { (say.t("rules-published-at")) } dd { (say.millis(publication.planned_at)) }
            dt { (say.t("rules-published-by")) } dd { (html::name(&publication.who)) }
            dt { (say.t("rules-published-why")) } dd { (html::words(&publication.reason)) }
            dt { (say.t("rules-file")) } dd { (html::name(&publication.file)) }
            dt { (say.t("rules-published-state")) } dd {
                (state(say, &publication))
                @if let Some(detail) = &publication.detail { " " (html::words(detail)) }
            }
        }
        h2 { (say.t("rules-what-changed")) }
        (changes(say, &before, &after))
        @if publication.state == PublicationState::Done {
            section.card {
                h2 { (say.t("rules-roll-back")) }
                p { (say.t("rules-roll-back-help")) }
                (reason_form(&visit, &format!("/rules/publications/{id}"), &[], &say.t("rules-roll-back-do"), "danger"))
            }
        }
    };
    visit
        .page(Page {
            title: say.with("rules-publication", [("n", id.into())]),
            nav: Nav::Rules,
            body,
            command: None,
        })
        .await
}

/// A form that asks why; or, where the password is wanted first, the way there, so that nothing typed is lost.
pub(super) fn reason_form(
    visit: &Visit,
    action: &str,
    hidden: &[(&str, &str)],
    label: &str,
    kind: &str,
) -> Markup {
    let say = visit.say;
    if !visit.session.stepped_up {
        let here = visit
            .uri
            .path_and_query()
            .map_or("/rules", |at| at.as_str());
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", here)
            .finish();
        return html! {
            p { (say.t("rules-password-first")) }
            p { a.button href={ "/confirm?" (query) } { (say.t("rules-password")) } }
        };
    }
    html! {
        form.stack method="post" action=(action) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            div {
                label for="reason" { (say.t("rules-reason")) }
                input #reason name="reason" required minlength=(REASON_MIN) maxlength=(REASON_MAX) autocomplete="off"
                    aria-describedby="reason-help";
                p.field-help #reason-help { (say.t("rules-reason-help")) }
            }
            div { button type="submit" class=(kind) { (label) } }
        }
    }
}

/// A reason, as it was typed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

/// Puts back what the file was before a publication.
pub(super) async fn roll_back(
    visit: Visit,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Response {
    let Ok(publication) = id.parse::<i64>() else {
        return visit.refuse(Refusal::NotFound);
    };
    let ask = Ask::RollBack {
        publication,
        reason: why.reason,
    };
    let back = format!("/rules/publications/{publication}");
    carried_out(&visit, ask, &back).await
}

/// Has a file written, and says on the next page what came of it.
pub(super) async fn carried_out(visit: &Visit, ask: Ask, on_refusal: &str) -> Response {
    let say = visit.say;
    let desk = &visit.web.desk;
    let task = desk.ask(ask, &visit.session.name);
    match desk.wait(task, PATIENCE).await.map(|task| task.state) {
        Some(TaskState::Done(outcome)) => {
            let number = match *outcome {
                Outcome::Published { publication, .. } => publication,
                _ => 0,
            };
            let text = say.with("rules-published", [("n", number.into())]);
            visit.then("/rules", Mood::Good, text)
        }
        Some(TaskState::Failed(expected)) => {
            visit.then(on_refusal, Mood::Bad, refusal(say, &expected))
        }
        _ => {
            let to = format!("/tasks/{}", task.0);
            visit.then(&to, Mood::Calm, say.t("rules-under-way"))
        }
    }
}

/// Two texts of a file, line by line.
pub(super) fn changes(say: Say, before: &str, after: &str) -> Markup {
    let mut groups = difference(before, after);
    if groups.is_empty() {
        return html! { p.empty { (say.t("rules-no-difference")) } };
    }
    let all: usize = groups.iter().map(Vec::len).sum();
    let mut left = LINES_MAX;
    for group in &mut groups {
        group.truncate(left);
        left -= group.len();
    }
    html! {
        div.table-frame tabindex="0" role="region" aria-label=(say.t("rules-what-changed")) {
            table.difference {
                caption { (say.t("rules-difference-caption")) }
                thead { tr {
                    th scope="col" { (say.t("rules-line-before")) }
                    th scope="col" { (say.t("rules-line-after")) }
                    th scope="col" { (say.t("rules-line")) }
                } }
                @for group in groups {
                    tbody {
                        @for line in group {
                            tr {
                                td.number { @if let Some(number) = line.before { (number) } }
                                td.number { @if let Some(number) = line.after { (number) } }
                                td { @match line.kind {
                                    LineKind::Same => code { "  " (crate::text::inert(&line.text)) },
                                    LineKind::Removed => del { code { "− " (crate::text::inert(&line.text)) } },
                                    LineKind::Added => ins { code { "+ " (crate::text::inert(&line.text)) } },
                                } }
                            }
                        }
                    }
                }
            }
        }
        @if all > LINES_MAX { p { (say.t("rules-difference-long")) } }
    }
}
