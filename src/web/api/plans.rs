//! Plans: what would be written is worked out, shown, and carried out as it was shown.

use std::sync::Arc;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    daemon::{AskedTask, ask},
    extract::{Body, Caller, Path, Refused},
    operation::Operation,
    wire::{Page, instant},
};
use crate::{
    account::Scope,
    desk::{
        ask::{Ask, Outcome},
        kept::{AnyPlan, KeptPlan},
    },
    push::{apply::PushReport, plan::Plan},
    web::{access::Access, error::Refusal},
};

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let read = Access::Token(Scope::Read);
    vec![
        Operation::get("/api/v1/plans", read, list)
            .named(
                ("plans", "listPlans"),
                "The plans that were asked for lately",
                "The last twenty, the newest first, also those that somebody asked for on the dashboard.",
            )
            .answer::<Page<PlanLine>>(200, "Every plan that is kept.", list_example()),
        Operation::post("/api/v1/plans", Scope::Plan, make)
            .named(
                ("plans", "createPlan"),
                "Work out what would be written",
                "Writes nothing, here or on a platform. Equal writes give an equal fingerprint. What takes longer than some seconds \
                 is answered with its task.",
            )
            .body::<NewPlan>(json!({}))
            .answer::<ShownPlan>(200, "The plan.", json!(null))
            .answer::<AskedTask>(202, "It takes longer: see the task.", json!(null)),
        Operation::get("/api/v1/plans/{fingerprint}", read, show)
            .named(
                ("plans", "getPlan"),
                "A plan",
                "Counts for each target and verb, and some of the writes with what the platform was told before.",
            )
            .path::<ByFingerprint>()
            .answer::<ShownPlan>(200, "The plan.", json!(null)),
        Operation::post("/api/v1/plans/{fingerprint}/apply", Scope::Apply, apply)
            .named(
                ("plans", "applyPlan"),
                "Carry out a plan",
                "Exactly this plan, or nothing: if anything has moved since, 409, and the plan is made anew. Read-only connections \
                 write nothing, and neither does what a guard holds; `held` says so. Only a plan that is kept can be carried out.",
            )
            .path::<ByFingerprint>()
            .answer::<Applied>(200, "What was done.", applied_example())
            .answer::<AskedTask>(202, "It takes longer: see the task.", json!(null))
            .refused(&[409]),
    ]
}

fn list_example() -> serde_json::Value {
    json!({ "items": [{
        "fingerprint": "0f6c1d", "who": "token crm", "at": "2026-06-15T12:00:00Z", "writes": 222,
    }], "next": null })
}

fn applied_example() -> serde_json::Value {
    json!({ "applied": 0, "push": [{
        "connection": "newsletter", "planned": 222, "applied": 0, "rejected": [], "retried": 0, "in_doubt": 0,
        "held": ["the connection is read-only"], "refused": null, "unavailable": null,
    }] })
}

/// A plan in a list.
#[derive(Serialize, JsonSchema)]
struct PlanLine {
    /// Its fingerprint.
    fingerprint: String,
    /// Who asked for it.
    who: String,
    /// When it was made.
    at: DateTime<Utc>,
    /// How many writes there are.
    writes: u64,
}

/// A plan, and whence it comes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeptPlan")]
struct ShownPlan {
    /// Its fingerprint.
    fingerprint: String,
    /// Who asked for it.
    who: String,
    /// When it was made.
    at: DateTime<Utc>,
    /// The plan, as `engaged plan --json` gives it.
    plan: Plan,
}

/// What is asked of a plan: so far nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPlan {}

/// A plan, in a path.
#[derive(Deserialize, JsonSchema)]
struct ByFingerprint {
    /// Its fingerprint.
    fingerprint: String,
}

/// What came of carrying out a plan.
#[derive(Serialize, JsonSchema)]
struct Applied {
    /// Writes that the platforms acknowledged.
    applied: u64,
    /// What each connection's push did.
    push: Vec<PushReport>,
}

/// The plan of what would be pushed, if it is one.
fn pushed(kept: &KeptPlan) -> Option<&Plan> {
    match &kept.plan {
        AnyPlan::Push(plan) => Some(plan),
        AnyPlan::Cleaning(_) => None,
    }
}

async fn list(caller: Caller) -> Json<Page<PlanLine>> {
    let plans = caller.web.desk.plans();
    let lines = plans.iter().filter_map(|kept| {
        Some(PlanLine {
            fingerprint: kept.fingerprint.clone(),
            who: kept.who.clone(),
            at: instant(kept.at),
            writes: pushed(kept)?.writes,
        })
    });
    Json(Page::whole(lines))
}

/// A plan that is kept; one of cleaning is none here.
fn kept(caller: &Caller, fingerprint: &str) -> Result<Arc<KeptPlan>, Refusal> {
    let kept = caller.web.desk.plan(fingerprint);
    kept.filter(|kept| pushed(kept).is_some())
        .ok_or(Refusal::NotFound)
}

fn shown(caller: &Caller, fingerprint: &str) -> Result<Json<ShownPlan>, Refused> {
    let kept = kept(caller, fingerprint)?;
    let plan = pushed(&kept).ok_or(Refusal::NotFound)?;
    Ok(Json(ShownPlan {
        fingerprint: kept.fingerprint.clone(),
        who: kept.who.clone(),
        at: instant(kept.at),
        plan: plan.clone(),
    }))
}

async fn show(
    caller: Caller,
    Path(ByFingerprint { fingerprint }): Path<ByFingerprint>,
) -> Result<Json<ShownPlan>, Refused> {
    shown(&caller, &fingerprint)
}

async fn make(caller: Caller, Body(NewPlan {}): Body<NewPlan>) -> Result<Response, Refused> {
    ask(&caller, Ask::Plan, |outcome| {
        let Outcome::Planned { fingerprints } = outcome else {
            return Err(Refusal::ours("a plan ended as something else").into());
        };
        let made = fingerprints.first().map_or("", String::as_str);
        Ok(shown(&caller, made)?.into_response())
    })
    .await
}

async fn apply(
    caller: Caller,
    Path(ByFingerprint { fingerprint }): Path<ByFingerprint>,
) -> Result<Response, Refused> {
    // What is carried out was shown.
    kept(&caller, &fingerprint)?;
    ask(&caller, Ask::Apply { fingerprint }, |outcome| {
        let Outcome::Pushed { push } = outcome else {
            return Err(Refusal::ours("an apply ended as something else").into());
        };
        let applied = push.iter().map(|report| report.applied).sum();
        Ok(Json(Applied { applied, push }).into_response())
    })
    .await
}
