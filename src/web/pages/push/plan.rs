//! The plan: every write as it would be done now, before anything is. What is applied is exactly this one.

use std::sync::Arc;

use axum::{
    Form,
    extract::Path,
    response::{IntoResponse as _, Response},
};
use engaged_connectors::model::Address;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::words::{change, target, verb};
use crate::{
    account::Role,
    desk::{
        ask::Ask,
        kept::{AnyPlan, KeptPlan},
    },
    push::plan::{ConnectionPlan, Plan, Sample},
    text::{Key, key},
    web::{
        html::{Column, Mood, badge, button, name, notice, table},
        page::{Nav, Page, Visit},
        tasks::asked,
    },
};

pub(super) async fn show(visit: Visit, Path(fingerprint): Path<String>) -> Response {
    let kept = visit.web.desk.plan(&fingerprint);
    let say = visit.say;
    let (status, body) = match kept.as_deref() {
        Some(KeptPlan {
            plan: AnyPlan::Push(plan),
            ..
        }) => {
            let paused = match visit.read(crate::store::Conn::is_paused).await {
                Ok(paused) => paused,
                Err(refused) => return refused,
            };
            let kept = kept.as_ref();
            (StatusCode::OK, whole(&visit, plan, kept, paused))
        }
        _ => (StatusCode::NOT_FOUND, forgotten(&visit)),
    };
    let page = Page {
        title: say.t("push-plan-title"),
        nav: Nav::Push,
        body,
        command: Some("engaged plan".to_owned()),
    };
    (status, visit.page(page).await).into_response()
}

/// Plans are kept for a while only, and none survives a restart.
fn forgotten(visit: &Visit) -> Markup {
    let say = visit.say;
    html! {
        p { (say.t("push-plan-forgotten")) }
        @if visit.may(Role::Marketer) { (button("/push/plan", &say.t("push-plan-anew"), "", &[])) }
        p { a href="/push" { (say.t("task-back")) } }
    }
}

fn whole(visit: &Visit, plan: &Plan, kept: Option<&Arc<KeptPlan>>, paused: bool) -> Markup {
    let say = visit.say;
    html! {
        p.lead {
            (say.with("push-plan-lead", [("n", plan.writes.into())])) " "
            strong { (say.t("push-plan-nothing-written")) }
        }
        @if let Some(kept) = kept {
            p.small.soft {
                (say.with("push-plan-made", [("who", (&kept.who).into()), ("time", say.millis(kept.at).into())])) " "
                code { (plan.fingerprint) }
            }
        }
        @if paused { (notice(Mood::Warn, &html! { p { (say.t("banner-paused")) } })) }
        (apply_form(visit, plan))
        @if plan.connections.is_empty() { p.empty { (say.t("push-plan-no-places")) } }
        @for part in &plan.connections { (connection(visit, part)) }
    }
}

/// The button that does it, where there is anything to do and the visitor may.
fn apply_form(visit: &Visit, plan: &Plan) -> Markup {
    let say = visit.say;
    let live = plan.connections.iter().filter(|part| part.mode == "live");
    let writes: u64 = live.map(|part| part.writes).sum();
    html! {
        @if plan.writes == 0 {
            // With what somebody else changed it is not.
            @if plan.connections.iter().all(|part| part.drifts == 0) {
                p { (say.t("push-plan-empty")) }
            }
        } @else if !visit.may(Role::Marketer) {
            p.soft { (say.t("push-plan-who")) }
        } @else if writes == 0 {
            p { (say.t("push-plan-read-only")) }
        } @else {
            div.row {
                (button("/push/apply", &say.with("push-plan-apply", [("n", writes.into())]), "",
                    &[("fingerprint", plan.fingerprint.as_str())]))
                (button("/push/plan", &say.t("push-plan-anew"), "quiet", &[]))
            }
            p.field-help { (say.t("push-plan-apply-help")) }
        }
    }
}

fn connection(visit: &Visit, part: &ConnectionPlan) -> Markup {
    let say = visit.say;
    html! {
        section {
            h2 {
                (name(&part.connection)) " "
                @if part.mode == "live" {
                    (badge(Mood::Good, &say.t("push-live")))
                } @else {
                    (badge(Mood::Calm, &say.t("push-read-only")))
                }
            }
            @if part.mode != "live" && part.writes > 0 {
                p { (say.t("push-read-only-help")) }
                pre { "[connections." (name(&part.connection)) "]\nmode = \"live\"" }
            }
            @if !part.baseline.is_empty() {
                (notice(Mood::Warn, &html! {
                    p { (say.t("push-plan-baseline")) }
                    ul { @for key in &part.baseline { li { (target(key)) } } }
                    @if !part.gone.is_empty() {
                        p { (say.with("push-plan-gone", [("fields", part.gone.join(", ").into())])) }
                    }
                }))
            }
            div.columns {
                div { (counts(visit, part)) }
                div { (left_out(visit, part)) }
            }
            (sample(visit, &part.sample))
            (edits(visit, part))
        }
    }
}

fn counts(visit: &Visit, part: &ConnectionPlan) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-what")),
        Column::text(say.t("push-target")),
        Column::number(say.t("push-contacts")),
    ];
    let rows = part.counts.iter().map(|count| {
        vec![
            html! { (verb(say, count.verb)) },
            target(&count.target),
            html! { (say.n(count.contacts)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let caption = say.with("push-plan-counts", [("n", part.writes.into())]);
    table(&caption, &columns, &rows, &say.t("push-plan-empty-here"))
}

/// Who is not written, and why.
fn left_out(visit: &Visit, part: &ConnectionPlan) -> Markup {
    let say = visit.say;
    let reasons: [(u64, Key); 6] = [
        (part.unchanged, key("push-left-unchanged")),
        (part.unscored, key("push-left-unscored")),
        (part.frozen, key("push-left-frozen")),
        (part.unreachable, key("push-left-unreachable")),
        (part.held_back, key("push-left-held-back")),
        (part.drifts, key("push-left-drifts")),
    ];
    let columns = [
        Column::text(say.t("push-left-why")),
        Column::number(say.t("push-left-number")),
    ];
    let rows = reasons
        .iter()
        .enumerate()
        .filter(|(place, (number, _))| *place == 0 || *number > 0);
    let rows =
        rows.map(|(_, (number, why))| vec![html! { (say.t(*why)) }, html! { (say.n(*number)) }]);
    let rows: Vec<Vec<Markup>> = rows.collect();
    table(&say.t("push-left-out"), &columns, &rows, "")
}

fn sample(visit: &Visit, sample: &[Sample]) -> Markup {
    let say = visit.say;
    if sample.is_empty() {
        return html! {};
    }
    let columns = [
        Column::text(say.t("push-contact")),
        Column::text(say.t("push-what")),
        Column::text(say.t("push-target")),
        Column::text(say.t("push-from-to")),
    ];
    let rows = sample.iter().map(|row| {
        let email = Address::parse(&row.contact);
        let contact = match row.who {
            Some(who) => visit.contact(who, email.as_ref()),
            None => html! {},
        };
        let values = (row.before.as_deref(), row.after.as_deref());
        vec![
            contact,
            html! { (verb(say, row.verb)) },
            target(&row.target),
            change(visit, row.verb, values),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let caption = say.with("push-plan-sample", [("n", sample.len().into())]);
    table(&caption, &columns, &rows, "")
}

/// What somebody else changed, and whose it is.
fn edits(visit: &Visit, part: &ConnectionPlan) -> Markup {
    let (say, edits) = (visit.say, &part.edits);
    if edits.is_empty() {
        return html! {};
    }
    let columns = [
        Column::text(say.t("push-contact")),
        Column::text(say.t("push-target")),
        Column::text(say.t("push-edits-ours")),
        Column::text(say.t("push-edits-theirs")),
    ];
    let rows = edits.iter().map(|row| {
        let email = Address::parse(&row.contact);
        let value = |value: &Option<String>| match value {
            Some(value) => html! { (value) },
            None => html! { span.soft { (say.t("push-edits-nothing")) } },
        };
        vec![
            visit.contact(row.who, email.as_ref()),
            target(&row.target),
            value(&row.ours),
            value(&row.theirs),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let caption = if u64::try_from(edits.len()) == Ok(part.drifts) {
        say.t("push-edits")
    } else {
        say.with("push-edits-some", [("n", edits.len().into())])
    };
    table(&caption, &columns, &rows, "")
}

#[derive(Debug, Deserialize)]
pub(super) struct Apply {
    fingerprint: String,
}

pub(super) async fn apply(visit: Visit, Form(form): Form<Apply>) -> Response {
    let fingerprint = form.fingerprint;
    asked(&visit, Ask::Apply { fingerprint }, |_| None).await
}
