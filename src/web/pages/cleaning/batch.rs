//! One batch: how far it has come, its contacts, and its undo.

use axum::{
    Form,
    extract::{Path, Query},
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::words;
use crate::{
    account::Role,
    clean::{APPROVED_DAYS, UNDO_MS},
    desk::ask::Ask,
    score::facts::ConnectionId,
    store::{BatchRow, BatchSizes, CleaningBatch, Speaker, Stage, TakenState},
    text::key,
    web::{
        error::Refusal,
        html::{Column, Mood, badge, button, name, notice, table},
        page::{Nav, Page, Visit},
        states,
        tasks::{self, Tasks, asked},
        told::told,
    },
};

/// So many contacts stand on a page.
const ROWS: u16 = 50;

/// Which contacts.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Part {
    after: Option<i64>,
    only: Option<String>,
}

/// What the page shows.
struct Seen {
    batch: CleaningBatch,
    sizes: BatchSizes,
    rows: Vec<BatchRow>,
    names: Vec<(ConnectionId, String)>,
}

pub(super) async fn show(
    visit: Visit,
    Path(batch): Path<String>,
    Query(part): Query<Part>,
) -> Response {
    let Ok(number) = batch.parse::<i64>() else {
        return visit.refuse(Refusal::NotFound);
    };
    let troubled = part.only.as_deref() == Some("not-restored");
    let found = visit
        .read(move |conn| {
            let Some(batch) = conn.cleaning_batch(number)? else {
                return Ok(None);
            };
            let names = conn.connections()?.into_iter();
            Ok(Some(Seen {
                batch,
                sizes: conn.batch_sizes(number)?,
                rows: conn.batch_rows(number, (part.after, troubled), ROWS + 1)?,
                names: names.map(|each| (each.id, each.name)).collect(),
            }))
        })
        .await;
    let seen = match found {
        Ok(Some(seen)) => seen,
        Ok(None) => return visit.refuse(Refusal::NotFound),
        Err(refused) => return refused,
    };
    let say = visit.say;
    let tasks = Tasks::of(&visit, |ask| {
        matches!(
            ask,
            Ask::CleanApply { .. } | Ask::CleanConfirm { .. } | Ask::CleanUndo { .. }
        )
    });
    let body = html! {
        (lead(&visit, &seen.batch))
        (confirm_form(&visit, &seen))
        @if tasks.are_open() { (tasks.shown(&visit)) }
        div.columns {
            div { (stages(&visit, &seen)) }
            div { (undo_form(&visit, &seen)) }
        }
        (rows(&visit, &seen, troubled))
    };
    let page = Page {
        title: say.with("cleaning-batch-number", [("n", number.into())]),
        nav: Nav::Cleaning,
        body,
        command: Some(format!("engaged clean review {number}")),
    };
    tasks::looking_again(visit.page(page).await, tasks.are_open())
}

fn lead(visit: &Visit, batch: &CleaningBatch) -> Markup {
    let say = visit.say;
    let (mood, word) = words::batch_state(batch);
    html! {
        p.lead {
            (badge(mood, &say.t(word))) " "
            (say.with("cleaning-batch-lead", [
                ("policy", (&batch.policy).into()), ("who", (&batch.approved_by).into()),
                ("time", say.millis(batch.approved_at).into()),
            ]))
            @if let Some((at, who)) = &batch.confirmed {
                " " (say.with("cleaning-batch-confirmed", [("who", who.into()), ("time", say.millis(*at).into())]))
            }
        }
        dl.facts {
            dt { (say.t("cleaning-when")) } dd { code { (batch.condition) } }
            dt { (say.t("cleaning-what")) } dd { (say.t(words::deed_key(&batch.done))) }
        }
    }
}

/// That a batch waits for a second person, until when, and the way to it; nothing where it waits for none.
pub(super) fn waiting(visit: &Visit, batch: &CleaningBatch) -> Markup {
    let (say, number) = (visit.say, batch.id);
    html! {
        @if batch.waits() {
            (notice(Mood::Warn, &html! {
                p { (waits(visit, batch)) " " a href={ "/cleaning/batch/" (number) } { (say.with("cleaning-see-batch", [("n", number.into())])) } }
            }))
        }
    }
}

fn waits(visit: &Visit, batch: &CleaningBatch) -> String {
    let say = visit.say;
    let last = batch.approved_at + APPROVED_DAYS * 86_400_000;
    let said = [
        ("n", batch.id.into()),
        ("policy", (&batch.policy).into()),
        ("who", (&batch.approved_by).into()),
        ("day", say.day(say.local_day(last)).into()),
    ];
    say.with("cleaning-waits", said)
}

/// What a second person says yes to, for whoever may be that.
fn confirm_form(visit: &Visit, seen: &Seen) -> Markup {
    let (say, batch, sizes) = (visit.say, &seen.batch, &seen.sizes);
    if !batch.waits() {
        return html! {};
    }
    let (take, ask) = (sizes.of(Stage::Candidate), sizes.of(Stage::ToAsk));
    let other = batch.is_other(&Speaker::dashboard(&visit.session.name));
    notice(
        Mood::Warn,
        &html! {
            p { strong { (waits(visit, batch)) } }
            @if !visit.may(Role::Marketer) {
                p.soft { (say.t("cleaning-who")) }
            } @else if other {
                p { (say.t("cleaning-confirm-help")) }
                (button("/cleaning/confirm", &say.with("cleaning-confirm", [("n", (take + ask).into())]), "",
                    &[("batch", &batch.id.to_string())]))
            } @else {
                p { (say.t("cleaning-confirm-other")) }
            }
        },
    )
}

fn stages(visit: &Visit, seen: &Seen) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-state")),
        Column::number(say.t("push-contacts")),
    ];
    let rows = seen.sizes.stages.iter().map(|(stage, size)| {
        let (word, mood) = states::stage(*stage);
        vec![badge(mood, &say.t(word)), html! { (say.n(*size)) }]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    table(
        &say.t("cleaning-stages"),
        &columns,
        &rows,
        &say.t("none-yet"),
    )
}

/// The way back, as long as there is one.
fn undo_form(visit: &Visit, seen: &Seen) -> Markup {
    let say = visit.say;
    let (sizes, now) = (&seen.sizes, visit.now().timestamp_millis());
    let last = sizes.first_done_at.map(|at| at + UNDO_MS);
    let called_off = [Stage::Candidate, Stage::ToAsk, Stage::Asked];
    let waiting: i64 = called_off.iter().map(|stage| sizes.of(*stage)).sum();
    let done = sizes.removals_of(TakenState::Removed);
    let lost = sizes.removals_of(TakenState::Lost);
    html! {
        h2 { (say.t("cleaning-undo-title")) }
        @if done + waiting == 0 {
            p { (say.t("cleaning-undo-nothing")) }
        } @else if done > 0 && waiting == 0 && last.is_some_and(|last| last < now) {
            p { (say.t("cleaning-undo-late")) }
        } @else {
            @if let Some(last) = last { p { (say.with("cleaning-undo-until", [("day", say.day(say.local_day(last)).into())])) } }
            @let withdraw = done == 0 && seen.batch.waits();
            @let (help, word) = if withdraw { (key("cleaning-withdraw-help"), key("cleaning-withdraw")) } else { (key("cleaning-undo-help"), key("cleaning-undo")) };
            p { (say.t(help)) }
            @if visit.may(Role::Marketer) {
                (button("/cleaning/undo", &say.with(word, [("n", (done + waiting).into())]), "",
                    &[("batch", &seen.batch.id.to_string())]))
            } @else {
                p.soft { (say.t("cleaning-who")) }
            }
        }
        @if lost > 0 {
            p { a href={ "/cleaning/batch/" (seen.batch.id) "?only=not-restored#contacts" } { (say.with("cleaning-lost-number", [("n", lost.into())])) } }
        }
    }
}

fn rows(visit: &Visit, seen: &Seen, troubled: bool) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-contact")),
        Column::text(say.t("push-state")),
        Column::text(say.t("cleaning-silent-since")),
        Column::text(say.t("cleaning-there")),
        Column::text(say.t("cleaning-why")),
    ];
    let page = seen.rows.iter().take(ROWS.into());
    let cells = page.map(|row| {
        let (word, mood) = states::stage(row.case.stage);
        let details = row.taken.iter().filter_map(|taken| taken.detail.as_deref());
        let details = details.chain(row.case.detail.as_deref());
        let mut why: Vec<&str> = details.filter(|why| !why.is_empty()).collect();
        why.dedup();
        vec![
            visit.contact(row.case.contact, row.email.as_ref()),
            badge(mood, &say.t(word)),
            html! { (say.day(say.local_day(row.case.silent_since_at))) },
            html! {
                @for taken in &row.taken {
                    @let on = seen.names.iter().find(|(id, _)| *id == taken.connection);
                    div { @if let Some((_, on)) = on { (name(on)) ": " } (say.t(states::taken(taken.state))) }
                }
            },
            html! { @for why in why { div { (told(visit, why)) } } },
        ]
    });
    let cells: Vec<Vec<Markup>> = cells.collect();
    let last = seen.rows.iter().take(ROWS.into()).next_back();
    let more = seen.rows.len() > usize::from(ROWS);
    let only = if troubled { "&only=not-restored" } else { "" };
    html! {
        section #contacts {
            h2 { (say.t("cleaning-contacts")) }
            (table(&say.t("cleaning-contacts-caption"), &columns, &cells, &say.t("none-yet")))
            p {
                @if let Some(row) = last.filter(|_| more) {
                    a href={ "/cleaning/batch/" (seen.batch.id) "?after=" (row.case.id) (only) "#contacts" } { (say.t("next-page")) } " "
                }
                @if troubled { a href={ "/cleaning/batch/" (seen.batch.id) } { (say.t("cleaning-contacts-all")) } }
            }
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    batch: i64,
}

pub(super) async fn confirm(visit: Visit, Form(form): Form<Which>) -> Response {
    let batch = form.batch;
    asked(&visit, Ask::CleanConfirm { batch }, |_| None).await
}

pub(super) async fn undo(visit: Visit, Form(form): Form<Which>) -> Response {
    let batch = form.batch;
    asked(&visit, Ask::CleanUndo { batch }, |_| None).await
}
