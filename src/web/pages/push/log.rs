//! The log: one push with its rows, or the rows of a connection in one state; and what was refused, as a file.

use axum::{
    Form,
    extract::{Path, Query},
    response::{IntoResponse as _, Response},
};
use engaged_connectors::model::Address;
use http::header;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::{
    by,
    words::{attempted_at, before_of, change, state, target, target_of, verb},
};
use crate::{
    account::Role,
    listing::csv_line,
    score::facts::ConnectionId,
    store::{
        Conn, LoggedPush, LoggedWrite, OutboxState, StoreError, WriteTrouble, WritesOf,
        WritesWanted,
    },
    text::Say,
    web::{
        error::Refusal,
        html::{Column, button, name, table, time},
        page::{Nav, Page, Visit},
        states,
        told::told,
    },
};

/// So many rows stand on a page.
const ROWS: u16 = 50;

/// So many refused rows go into a file.
const EXPORTED_MAX: u16 = u16::MAX;

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Filter {
    connection: Option<u16>,
    state: Option<String>,
    before: Option<i64>,
}

impl Filter {
    fn state(&self) -> Option<OutboxState> {
        let mut all = OutboxState::ALL.into_iter();
        all.find(|state| self.state.as_deref() == Some(state.as_str()))
    }

    fn wanted(&self, of: WritesOf) -> WritesWanted {
        WritesWanted {
            of,
            state: self.state(),
            before: self.before,
            limit: ROWS + 1,
        }
    }
}

/// What stands in a list of rows.
struct Rows {
    rows: Vec<LoggedWrite>,
    troubles: Vec<WriteTrouble>,
}

fn read(conn: &Conn, wanted: &WritesWanted) -> Result<Rows, StoreError> {
    Ok(Rows {
        rows: conn.writes(wanted)?,
        troubles: conn.write_troubles(wanted.of)?,
    })
}

/// One push.
pub(super) async fn one(
    visit: Visit,
    Path(plan): Path<String>,
    Query(filter): Query<Filter>,
) -> Response {
    let Ok(plan) = plan.parse::<i64>() else {
        return visit.refuse(Refusal::NotFound);
    };
    let wanted = filter.wanted(WritesOf::Plan(plan));
    let found = visit
        .read(move |conn| {
            let Some(push) = conn.push(plan)? else {
                return Ok(None);
            };
            let on = conn.connections()?.into_iter();
            let on = on.filter(|each| Some(each.id) == push.connection);
            let on = on.map(|each| each.name).next().unwrap_or_default();
            Ok(Some((push, on, read(conn, &wanted)?)))
        })
        .await;
    let (push, on, rows) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return visit.refuse(Refusal::NotFound),
        Err(refused) => return refused,
    };
    let say = visit.say;
    let place = format!("/push/log/{plan}");
    let body = html! {
        p.lead { (say.with("push-log-lead", [("on", on.into()), ("time", say.millis(push.known_at).into())])) }
        div.columns {
            div { (summary(say, &push)) }
            div { (sizes(say, &push, &place)) }
        }
        (troubles(&visit, &rows.troubles))
        @if visit.may(Role::Marketer) && push.sizes.iter().any(|(state, _)| *state == OutboxState::Rejected) {
            (button("/push/rejected.csv", &say.t("push-export"), "quiet", &[("plan", &plan.to_string())]))
        }
        (list(&visit, &rows.rows, &filter, &place, &[]))
    };
    let page = Page {
        title: say.t("push-log-title"),
        nav: Nav::Push,
        body,
        command: None,
    };
    visit.page(page).await
}

/// The rows of one connection.
pub(super) async fn writes(visit: Visit, Query(filter): Query<Filter>) -> Response {
    let Some(connection) = filter.connection.map(ConnectionId) else {
        return visit.refuse(Refusal::NotFound);
    };
    let wanted = filter.wanted(WritesOf::Connection(connection));
    let found = visit
        .read(move |conn| {
            let known = conn.connections()?.into_iter();
            let named = known.filter(|each| each.id == connection);
            let Some(on) = named.map(|each| each.name).next() else {
                return Ok(None);
            };
            Ok(Some((on, read(conn, &wanted)?)))
        })
        .await;
    let (on, rows) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return visit.refuse(Refusal::NotFound),
        Err(refused) => return refused,
    };
    let say = visit.say;
    let body = html! {
        p.lead { (say.with("push-writes-lead", [("on", (&on).into())])) }
        (troubles(&visit, &rows.troubles))
        @if visit.may(Role::Marketer) {
            div.row {
                (button("/push/retry", &say.t("push-retry"), "", &[("connection", &on)]))
                (button("/push/rejected.csv", &say.t("push-export"), "quiet", &[("connection", &connection.0.to_string())]))
            }
        }
        (list(&visit, &rows.rows, &filter, "/push/writes", &[("connection", connection.0.to_string())]))
    };
    let page = Page {
        title: say.t("push-writes-title"),
        nav: Nav::Push,
        body,
        command: Some("engaged status".to_owned()),
    };
    visit.page(page).await
}

/// What the plan was, by verb and target.
fn summary(say: Say, push: &LoggedPush) -> Markup {
    let counts: Vec<Value> = serde_json::from_str(&push.summary).unwrap_or_default();
    let columns = [
        Column::text(say.t("push-what")),
        Column::text(say.t("push-target")),
        Column::number(say.t("push-contacts")),
    ];
    let rows = counts.iter().map(|count| {
        let text = |key: &str| count.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = count.get("contacts").and_then(Value::as_u64);
        vec![
            html! { (verb(say, text("verb"))) },
            target(text("target")),
            html! { (say.n(number.unwrap_or_default())) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        (table(&say.t("push-log-planned"), &columns, &rows, &say.t("none-yet")))
        p.small.soft { (say.t("push-fingerprint")) " " code { (push.fingerprint) } }
    }
}

/// How many rows are in which state, each a way to their list.
fn sizes(say: Say, push: &LoggedPush, place: &str) -> Markup {
    let columns = [
        Column::text(say.t("push-state")),
        Column::number(say.t("push-writes")),
    ];
    let rows = push.sizes.iter().map(|(each, size)| {
        let href = format!("{place}?state={}#rows", each.as_str());
        vec![
            state(say, *each),
            html! { a href=(href) { (say.n(*size)) } },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    table(
        &say.t("push-log-states"),
        &columns,
        &rows,
        &say.t("push-log-moved"),
    )
}

/// What came in the way, grouped by the platform's words.
fn troubles(visit: &Visit, troubles: &[WriteTrouble]) -> Markup {
    let say = visit.say;
    if troubles.is_empty() {
        return html! {};
    }
    let columns = [
        Column::text(say.t("push-cause")),
        Column::text(say.t("push-what")),
        Column::text(say.t("push-state")),
        Column::number(say.t("push-writes")),
    ];
    let rows = troubles.iter().map(|trouble| {
        let why = if trouble.detail.is_empty() {
            html! { (say.t("push-cause-none")) }
        } else {
            told(visit, &trouble.detail)
        };
        vec![
            why,
            html! { (verb(say, &trouble.write)) },
            state(say, trouble.state),
            html! { (say.n(trouble.writes)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        section {
            h2 { (say.t("push-troubles")) }
            (table(&say.t("push-troubles-caption"), &columns, &rows, ""))
            p.small.soft { (say.t("push-troubles-help")) }
        }
    }
}

/// The rows, with the filter by state.
fn list(
    visit: &Visit,
    rows: &[LoggedWrite],
    filter: &Filter,
    place: &str,
    kept: &[(&str, String)],
) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-contact")),
        Column::text(say.t("push-what")),
        Column::text(say.t("push-target")),
        Column::text(say.t("push-from-to")),
        Column::text(say.t("push-state")),
        Column::text(say.t("push-when")),
        Column::text(say.t("push-request")),
    ];
    let page = rows.iter().take(ROWS.into());
    let cells: Vec<Vec<Markup>> = page.map(|write| row(visit, write)).collect();
    let last = rows.iter().take(ROWS.into()).next_back();
    let older = last
        .filter(|_| rows.len() > usize::from(ROWS))
        .map(|write| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(kept);
            query.extend_pairs(filter.state.iter().map(|state| ("state", state)));
            query.append_pair("before", &write.row.id.to_string());
            format!("{place}?{}#rows", query.finish())
        });
    html! {
        section #rows {
            h2 { (say.t("push-rows")) }
            form.row method="get" action=(place) {
                @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
                div {
                    label for="state" { (say.t("push-state")) }
                    select #state name="state" data-submit {
                        option value="" selected[filter.state().is_none()] { (say.t("push-any-state")) }
                        @for each in OutboxState::ALL {
                            option value=(each.as_str()) selected[filter.state() == Some(each)] { (say.t(states::write(each).0)) }
                        }
                    }
                }
                button.quiet type="submit" { (say.t("apply-choice")) }
            }
            (table(&say.t("push-rows-caption"), &columns, &cells, &say.t("push-rows-empty")))
            @if let Some(older) = older { p { a href=(older) { (say.t("next-page")) } } }
            p.small.soft { (say.t("push-bodies")) }
        }
    }
}

fn row(visit: &Visit, write: &LoggedWrite) -> Vec<Markup> {
    let say = visit.say;
    let row = &write.row.row;
    let email = write.row.email.as_deref().and_then(Address::parse);
    let contact = match row.contact {
        Some(contact) => visit.contact(contact, email.as_ref()),
        None => html! { "–" },
    };
    let values = (before_of(row), row.value.as_deref());
    vec![
        contact,
        html! { (verb(say, &row.write)) },
        target_of(row),
        change(visit, &row.write, values),
        html! {
            (state(say, write.row.state))
            @if let Some(detail) = &write.row.detail { div.small { (told(visit, detail)) } }
        },
        time(say, write.changed_at),
        request(visit, write),
    ]
}

/// What was asked of the platform, as far as it is kept.
fn request(visit: &Visit, write: &LoggedWrite) -> Markup {
    let say = visit.say;
    let row = &write.row.row;
    html! {
        details {
            summary { (say.with("push-tries", [("n", write.row.tries.into())])) }
            dl.facts {
                dt { (say.t("push-what")) } dd { code { (row.write) } }
                dt { (say.t("push-target")) } dd { code { (name(&row.target)) } }
                dt { (say.t("push-value")) } dd { code { (name(&visit.plain(row.value.as_deref().unwrap_or("–")))) } }
                @if visit.may(Role::Marketer) && !row.platform_id.is_empty() {
                    dt { (say.t("push-platform-id")) } dd { code { (name(&row.platform_id)) } }
                }
                dt { (say.t("push-queued")) } dd { (say.millis(write.row.known_at)) }
                @if let Some(attempt) = &write.attempt {
                    dt { (say.t("push-attempt")) }
                    dd {
                        code { (name(attempt)) }
                        @if let Some(at) = attempted_at(attempt) { " " (say.millis(at)) }
                    }
                }
                @if let Some(at) = write.row.not_before_at.filter(|_| write.row.state == OutboxState::Retry) {
                    dt { (say.t("push-next-try")) } dd { (say.millis(at)) }
                }
            }
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Export {
    plan: Option<i64>,
    connection: Option<u16>,
}

/// What platforms refused, as CSV. It names people, and so it is noted who took it away.
pub(super) async fn rejected(visit: Visit, Form(form): Form<Export>) -> Response {
    let of = match (form.plan, form.connection) {
        (Some(plan), _) => WritesOf::Plan(plan),
        (None, Some(connection)) => WritesOf::Connection(ConnectionId(connection)),
        (None, None) => return visit.refuse(Refusal::NotFound),
    };
    let (who, now) = by(&visit);
    let wanted = WritesWanted {
        of,
        state: Some(OutboxState::Rejected),
        before: None,
        limit: EXPORTED_MAX,
    };
    let rows = visit
        .act(move |jobs| {
            let rows = jobs.store.read(|conn| conn.writes(&wanted))?;
            let words = format!("{} refused writes", rows.len());
            jobs.store
                .write(move |tx| tx.audit(&who, "export", &words, now))?;
            Ok(rows)
        })
        .await;
    match rows {
        Ok(rows) => {
            let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
            let file = "attachment; filename=\"refused.csv\"";
            ([kind, (header::CONTENT_DISPOSITION, file)], csv(&rows)).into_response()
        }
        Err(refused) => refused,
    }
}

fn csv(rows: &[LoggedWrite]) -> String {
    let head = ["contact", "write", "target", "value", "reason", "at"];
    let mut out = csv_line(head.into_iter().map(str::to_owned)) + "\r\n";
    for write in rows {
        let row = &write.row.row;
        let at = chrono::DateTime::from_timestamp_millis(write.changed_at);
        let cells = [
            write
                .row
                .email
                .clone()
                .unwrap_or_else(|| row.platform_id.clone()),
            row.write.clone(),
            row.target.clone(),
            row.value.clone().unwrap_or_default(),
            write.row.detail.clone().unwrap_or_default(),
            at.map(|at| at.to_rfc3339()).unwrap_or_default(),
        ];
        out += &csv_line(cells.into_iter());
        out += "\r\n";
    }
    out
}
