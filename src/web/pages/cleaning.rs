//! Cleaning: who should go, and is that safe? Policies, what each would do now, a sample to be looked at, batches and
//! their undo.

mod batch;
mod plan;
mod receipt;
mod review;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use axum::{Form, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

pub(super) use self::receipt::receipt;
use crate::{
    account::Role,
    clean::plan::PolicyPlan,
    config::{Approve, CleaningPolicy, Then},
    desk::{
        ask::{Ask, Outcome},
        kept::{AnyPlan, KeptPlan},
    },
    store::{BatchSizes, CleaningBatch, Conn, Stage, StoreError, TakenState},
    web::{
        access::{Access, Routes},
        html::{Column, badge, button, name, table},
        page::{Nav, Page, Visit},
        tasks::{self, Tasks, asked},
    },
};

/// So many batches stand on the page.
const BATCHES: i64 = 20;

/// Adds the pages.
pub(super) fn add(routes: Routes) -> Routes {
    let (viewer, marketer) = (Access::Role(Role::Viewer), Access::Role(Role::Marketer));
    let step_up = Access::StepUp(Role::Marketer);
    routes
        .get("/cleaning", viewer, show)
        .post("/cleaning/plan", marketer, make_plan)
        .get("/cleaning/plan/{fingerprint}", viewer, plan::show)
        .get("/cleaning/plan/{fingerprint}/all", viewer, review::all)
        .get("/cleaning/plan/{fingerprint}/review", viewer, review::show)
        .post("/cleaning/keep", marketer, review::keep)
        .post("/cleaning/apply", step_up, review::apply)
        .get("/cleaning/batch/{batch}", viewer, batch::show)
        .post("/cleaning/confirm", step_up, batch::confirm)
        .post("/cleaning/undo", step_up, batch::undo)
}

/// Whether a plan is one of cleaning.
pub(super) fn is_of(kept: &KeptPlan) -> bool {
    matches!(kept.plan, AnyPlan::Cleaning(_))
}

/// The cleaning plan of that fingerprint, if it is still kept.
fn kept(visit: &Visit, fingerprint: &str) -> Option<Arc<KeptPlan>> {
    visit.web.desk.plan(fingerprint).filter(|kept| is_of(kept))
}

/// What of a kept plan is the plan.
fn policy_plan(kept: &KeptPlan) -> Option<&PolicyPlan> {
    match &kept.plan {
        AnyPlan::Cleaning(plan) => Some(plan),
        AnyPlan::Push(_) => None,
    }
}

fn batches(conn: &Conn) -> Result<Vec<(CleaningBatch, BatchSizes)>, StoreError> {
    let mut all = Vec::new();
    for batch in conn.cleaning_batches(None, BATCHES)? {
        let sizes = conn.batch_sizes(batch.id)?;
        all.push((batch, sizes));
    }
    Ok(all)
}

async fn show(visit: Visit) -> Response {
    let all = match visit.read(batches).await {
        Ok(all) => all,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let config = Arc::clone(&visit.jobs.config);
    let tasks = Tasks::of(&visit, |ask| {
        matches!(
            ask,
            Ask::CleanPlan { .. }
                | Ask::CleanApply { .. }
                | Ask::CleanConfirm { .. }
                | Ask::CleanUndo { .. }
                | Ask::CleanKeep { .. }
        )
    });
    let mut latest: BTreeMap<String, Arc<KeptPlan>> = BTreeMap::new();
    for each in visit.web.desk.plans() {
        if let Some(plan) = policy_plan(&each) {
            let policy = plan.policy.clone();
            latest.entry(policy).or_insert(each);
        }
    }
    let body = html! {
        p.lead { (say.t("cleaning-lead")) }
        @if tasks.are_open() { (tasks.shown(&visit)) }
        @if config.cleaning.is_empty() {
            p.empty { (say.t("cleaning-no-policy")) }
            pre { "[cleaning.sunset]\nwhen = \"no open in 12 months and no click in 12 months\"\nthen = \"unsubscribe\"" }
        }
        @for (batch, _) in &all { (batch::waiting(&visit, batch)) }
        @for each in &config.cleaning { (policy(&visit, each, latest.get(&each.name))) }
        @if !tasks.are_open() { (tasks.shown(&visit)) }
        (batch_list(&visit, &all))
    };
    let page = Page {
        title: say.t("nav-cleaning"),
        nav: Nav::Cleaning,
        body,
        command: Some("engaged clean plan".to_owned()),
    };
    tasks::looking_again(visit.page(page).await, tasks.are_open())
}

/// One policy: whom it means, what happens to them, what protects; and the last plan.
fn policy(visit: &Visit, policy: &CleaningPolicy, latest: Option<&Arc<KeptPlan>>) -> Markup {
    let say = visit.say;
    html! {
        section.card {
            h2 { (name(&policy.name)) }
            div.columns {
                div { (latest_plan(visit, policy, latest)) }
                dl.facts {
                    dt { (say.t("cleaning-when")) } dd { code { (policy.text) } }
                    dt { (say.t("cleaning-steps")) } dd { (steps(visit, policy)) }
                    dt { (say.t("cleaning-on")) } dd { @for each in &policy.connections { (name(each)) " " } }
                }
            }
            details {
                summary { (say.t("cleaning-protects-and-limits")) }
                dl.facts {
                    dt { (say.t("cleaning-protects")) } dd { (protects(visit, policy)) }
                    dt { (say.t("cleaning-limits")) }
                    dd {
                        (say.with("cleaning-limits-are", [
                            ("share", say.percent(policy.max_share).into()), ("most", policy.max.into()),
                            ("breaker", say.percent(policy.breaker).into()),
                        ]))
                    }
                }
            }
        }
    }
}

/// What the policy would do, as last worked out.
fn latest_plan(visit: &Visit, policy: &CleaningPolicy, latest: Option<&Arc<KeptPlan>>) -> Markup {
    let say = visit.say;
    let plan = latest.and_then(|kept| policy_plan(kept).map(|plan| (kept, plan)));
    html! {
        @match plan {
            None => p { (say.t("cleaning-not-worked-out")) },
            Some((kept, plan)) => {
                p {
                    strong { (say.with("cleaning-would-go", [("n", (plan.ask + plan.take).into())])) } " "
                    (say.with("cleaning-of", [("n", plan.candidates.into()), ("all", plan.mailable.into())]))
                }
                p.small.soft { (say.with("push-plan-made", [("who", (&kept.who).into()), ("time", say.millis(kept.at).into())])) }
                p { a href={ "/cleaning/plan/" (plan.fingerprint) } { (say.t("cleaning-see-plan")) } }
            },
        }
        @if visit.may(Role::Marketer) {
            @let word = if plan.is_some() { say.t("cleaning-plan-anew") } else { say.t("cleaning-work-out") };
            (button("/cleaning/plan", &word, if plan.is_some() { "quiet" } else { "" }, &[("policy", &policy.name)]))
            p.field-help { (say.t("cleaning-work-out-help")) }
        }
    }
}

/// What happens to whoever the policy means, one thing after the other.
fn steps(visit: &Visit, policy: &CleaningPolicy) -> Markup {
    let say = visit.say;
    html! {
        ol.plain {
            @if let Some(first) = &policy.first {
                li {
                    (say.with("cleaning-step-first", [
                        ("automation", (&first.automation).into()), ("wait", words::window(say, first.wait).into()),
                    ]))
                }
            }
            @if policy.then != Then::Tag {
                li { (say.with("cleaning-step-tag", [("tag", (&policy.tag).into())])) }
            }
            li { (say.t(words::deed_key(policy.then.as_str()))) }
        }
        @match policy.approve {
            Approve::Automatic => p.small { (say.t("cleaning-automatic")) },
            Approve::TwoPeople => p.small { (say.t("cleaning-two-people")) },
            Approve::Always => {}
        }
    }
}

fn protects(visit: &Visit, policy: &CleaningPolicy) -> Markup {
    let say = visit.say;
    html! {
        ul.plain {
            li { (say.with("cleaning-protects-tenure", [("tenure", words::window(say, policy.tenure).into())])) }
            li { (say.with("cleaning-protects-sends", [("n", policy.min_sends.into())])) }
            @if policy.protect_purchases { li { (say.t("cleaning-protects-purchases")) } }
            @if let Some(protect) = &policy.protect { li { code { (protect.to_string()) } } }
            li { (say.t("cleaning-protects-series")) }
            @if policy.holdout > 0.0 {
                li { (say.with("cleaning-protects-holdout", [("share", say.percent(policy.holdout).into())])) }
            }
        }
    }
}

/// What was done so far.
fn batch_list(visit: &Visit, all: &[(CleaningBatch, BatchSizes)]) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("cleaning-batch")),
        Column::text(say.t("cleaning-policy")),
        Column::text(say.t("cleaning-approved")),
        Column::text(say.t("push-state")),
        Column::number(say.t("contact-case-removed")),
        Column::number(say.t("contact-case-asked")),
        Column::number(say.t("contact-case-spared")),
        Column::number(say.t("cleaning-not-restored")),
    ];
    let rows = all.iter().map(|(batch, sizes)| {
        let (mood, word) = words::batch_state(batch);
        let number = |number: i64| html! { (say.n(number)) };
        vec![
            html! { a href={ "/cleaning/batch/" (batch.id) } { (say.with("cleaning-batch-number", [("n", batch.id.into())])) } },
            name(&batch.policy),
            html! {
                (say.millis(batch.approved_at)) " "
                span.soft { (say.with("cleaning-by", [("who", (&batch.approved_by).into())])) }
                @if let Some((_, who)) = &batch.confirmed {
                    " " span.soft { (say.with("cleaning-confirmed-by", [("who", who.into())])) }
                }
            },
            badge(mood, &say.t(word)),
            number(sizes.of(Stage::Removed)),
            number(sizes.of(Stage::Asked)),
            number(sizes.of(Stage::Spared) + sizes.of(Stage::CameBack)),
            number(sizes.removals_of(TakenState::Lost)),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        section #batches {
            h2 { (say.t("cleaning-batches")) }
            (table(&say.t("cleaning-batches-caption"), &columns, &rows, &say.t("cleaning-batches-empty")))
        }
    }
}

#[derive(Debug, Deserialize)]
struct Which {
    policy: Option<String>,
}

async fn make_plan(visit: Visit, Form(which): Form<Which>) -> Response {
    plan_anew(&visit, which.policy.filter(|name| !name.is_empty())).await
}

/// Works one policy out, or all, and leads to the plan where it is one.
async fn plan_anew(visit: &Visit, policy: Option<String>) -> Response {
    asked(visit, Ask::CleanPlan { policy }, |outcome| match outcome {
        Outcome::Planned { fingerprints } => match fingerprints.as_slice() {
            [one] => Some(format!("/cleaning/plan/{one}")),
            _ => Some("/cleaning".to_owned()),
        },
        _ => None,
    })
    .await
}

#[cfg(test)]
mod tests;
