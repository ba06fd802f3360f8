//! What a policy would do now: how many, who stays and why, what cannot be undone. Nothing is done by looking.

use std::sync::Arc;

use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use maud::{Markup, html};

use super::{kept, policy_plan, words};
use crate::{
    account::Role,
    clean::{CLEANING, ages::Ages, plan::PolicyPlan},
    desk::kept::KeptPlan,
    web::{
        chart::{Frame, histogram},
        html::{Column, Mood, badge, button, figure, name, notice, table},
        page::{Nav, Page, Visit},
        told::told,
    },
};

pub(super) async fn show(visit: Visit, Path(fingerprint): Path<String>) -> Response {
    let kept = kept(&visit, &fingerprint);
    let Some((kept, plan)) = kept.as_ref().zip(kept.as_deref().and_then(policy_plan)) else {
        return not_kept(&visit).await;
    };
    let page = Page {
        title: title(&visit, plan),
        nav: Nav::Cleaning,
        body: whole(&visit, kept, plan),
        command: Some(format!("engaged clean plan {}", plan.policy)),
    };
    visit.page(page).await
}

/// The page of a plan that is not kept any more: plans are kept for a while only, and none survives a restart.
pub(super) async fn not_kept(visit: &Visit) -> Response {
    let say = visit.say;
    let body = html! {
        p { (say.t("push-plan-forgotten")) }
        p { a href="/cleaning" { (say.t("task-back")) } }
    };
    let page = Page {
        title: say.t("nav-cleaning"),
        nav: Nav::Cleaning,
        body,
        command: None,
    };
    (StatusCode::NOT_FOUND, visit.page(page).await).into_response()
}

pub(super) fn title(visit: &Visit, plan: &PolicyPlan) -> String {
    let policy = (&plan.policy).into();
    visit.say.with("cleaning-plan-title", [("policy", policy)])
}

fn whole(visit: &Visit, kept: &Arc<KeptPlan>, plan: &PolicyPlan) -> Markup {
    let say = visit.say;
    let place = format!("/cleaning/plan/{}", plan.fingerprint);
    html! {
        p.lead {
            (say.with("cleaning-would-go", [("n", (plan.ask + plan.take).into())])) " "
            (say.with("cleaning-of", [("n", plan.candidates.into()), ("all", plan.mailable.into())])) " "
            strong { (say.t("cleaning-nothing-done")) }
        }
        (held(visit, plan))
        div.figures {
            @if plan.first.is_some() {
                (figure(&say.n(plan.ask), &say.t("cleaning-ask"), None, &format!("{place}/all?deed=ask")))
            }
            (figure(&say.n(plan.take), &say.t("cleaning-take"), None, &format!("{place}/all?deed=take")))
            @if plan.first.is_some() { (number(&say.n(plan.in_win_back), &say.t("cleaning-in-win-back"))) }
            (number(&say.n(plan.beyond_cap), &say.t("cleaning-beyond-cap")))
        }
        (safety(visit, plan))
        @if !plan.steps.is_empty() {
            p { a.button href={ (place) "/review" } { (say.with("cleaning-review", [("n", plan.steps.len().min(super::review::SAMPLE).into())])) } }
            p.field-help { (say.t("cleaning-review-help")) }
        }
        div.columns {
            div { (stays(visit, plan)) (holdout(visit, plan)) }
            div { (ages(visit, &plan.ages)) }
        }
        p.small.soft {
            (say.with("push-plan-made", [("who", (&kept.who).into()), ("time", say.millis(kept.at).into())])) " "
            code { (plan.fingerprint) }
        }
    }
}

/// A number that leads nowhere.
fn number(value: &str, label: &str) -> Markup {
    html! { div.figure-card { span.figure-value { (value) } span.figure-label { (label) } } }
}

/// Why nothing would be done, and what a person can do about it.
fn held(visit: &Visit, plan: &PolicyPlan) -> Markup {
    let say = visit.say;
    if plan.held.is_empty() {
        return html! {};
    }
    let too_many = plan.held.iter().any(|why| why.starts_with(CLEANING));
    notice(
        Mood::Warn,
        &html! {
            p { strong { (say.t("cleaning-held")) } }
            ul { @for why in &plan.held { li { (told(visit, why)) } } }
            @if too_many {
                p { (say.t("push-guard-cleaning-means")) }
                @if visit.may(Role::Marketer) {
                    (button("/cleaning/apply", &say.t("cleaning-ask-approval"), "", &[
                        ("plan", plan.fingerprint.as_str()), ("looked", &super::review::looked(plan)),
                    ]))
                }
            }
        },
    )
}

/// What each platform does, and what it cannot undo, in bold.
fn safety(visit: &Visit, plan: &PolicyPlan) -> Markup {
    let say = visit.say;
    html! {
        h2 { (say.t("cleaning-safe")) }
        ul.plain {
            @for part in &plan.connections {
                li {
                    (name(&part.connection)) ": " (say.t(words::deed_key(plan.then))) ". "
                    @match (part.undone, part.lost) {
                        (false, lost) => {
                            strong { (say.t("cleaning-cannot-undo")) }
                            @if let Some(lost) = lost { " " strong { (say.t("cleaning-lost")) " " (words::lost(visit, lost)) "." } }
                        },
                        (true, Some(lost)) => {
                            (say.t("cleaning-can-undo")) " "
                            strong { (say.t("cleaning-lost")) " " (words::lost(visit, lost)) "." }
                        },
                        (true, None) => (say.t("cleaning-can-undo")),
                    }
                    @if part.mode != "live" { " " (badge(Mood::Calm, &say.t("push-read-only"))) }
                    @if let Some(tag) = &part.tag { " " span.soft { (say.t("cleaning-tag")) " " code { (name(tag)) } } }
                }
            }
        }
    }
}

/// Who stays, and why: those of whom it is not known are a group of their own.
fn stays(visit: &Visit, plan: &PolicyPlan) -> Markup {
    let say = visit.say;
    let group = |counts: &[(String, u64)], mood: Mood, word: &str| -> Vec<Vec<Markup>> {
        let rows = counts.iter().map(|(why, number)| {
            vec![
                told(visit, why),
                badge(mood, word),
                html! { (say.n(*number)) },
            ]
        });
        rows.collect()
    };
    let mut rows = group(&plan.protected, Mood::Good, &say.t("cleaning-protected"));
    rows.extend(group(&plan.unjudged, Mood::Warn, &say.t("not-judged")));
    for (number, why) in [
        (plan.held_out, say.t("cleaning-held-out")),
        (plan.kept, say.t("cleaning-kept")),
    ] {
        if number > 0 {
            rows.push(vec![
                html! { (why) },
                badge(Mood::Calm, &say.t("cleaning-left-alone")),
                html! { (say.n(number)) },
            ]);
        }
    }
    let columns = [
        Column::text(say.t("cleaning-why")),
        Column::text(say.t("cleaning-group")),
        Column::number(say.t("push-contacts")),
    ];
    html! {
        h2 { (say.t("cleaning-stays")) }
        (table(&say.t("cleaning-stays-caption"), &columns, &rows, &say.t("cleaning-stays-nobody")))
    }
}

/// What those did who were left alone earlier: what cleaning costs.
fn holdout(visit: &Visit, plan: &PolicyPlan) -> Markup {
    let say = visit.say;
    html! {
        @if let Some(holdout) = &plan.holdout {
            h2 { (say.t("cleaning-cost")) }
            p {
                (say.with("cleaning-holdout", [
                    ("n", holdout.contacts.into()), ("opened", holdout.opened.into()), ("clicked", holdout.clicked.into()),
                    ("bought", holdout.bought.into()), ("low", say.percent(holdout.low).into()),
                    ("high", say.percent(holdout.high).into()),
                ]))
            }
        }
    }
}

/// How long ago contacts were last seen, and which of them are candidates.
fn ages(visit: &Visit, ages: &Ages) -> Markup {
    let say = visit.say;
    let sum = |from: usize| -> u64 { ages.months.iter().skip(from).sum() };
    let all = sum(0) + ages.never;
    let within = ages.months.len().saturating_sub(1);
    let bins = ages.months.iter().take(within).enumerate();
    let bins = bins.map(|(month, contacts)| histogram::Bin {
        from: thousandths(month),
        until: thousandths(month + 1),
        contacts: *contacts,
    });
    let longer = ages.months.get(within).copied().unwrap_or_default();
    let candidates = ages.candidates.iter().take(within).copied();
    let chart = histogram::Histogram {
        bins: bins.collect(),
        bands: Vec::new(),
        before: Some(histogram::Before {
            label: say.t("cleaning-ages-candidates"),
            contacts: candidates.collect(),
        }),
        apart: Some(histogram::Apart {
            label: say.t("cleaning-ages-apart"),
            groups: vec![
                (say.t("cleaning-ages-longer"), longer),
                (say.t("cleaning-ages-never"), ages.never),
            ],
        }),
        words: histogram::Words {
            points: say.t("cleaning-ages-months"),
            contacts: say.t("push-contacts"),
            from: say.t("cleaning-ages-from"),
            below: say.t("cleaning-ages-below"),
            band: String::new(),
        },
    };
    let frame = Frame {
        id: "ages".to_owned(),
        title: say.t("cleaning-ages"),
        message: say.with(
            "cleaning-ages-message",
            [("n", (sum(12) + ages.never).into()), ("all", all.into())],
        ),
        empty: say.t("cleaning-ages-empty"),
        as_table: say.t("as-table"),
    };
    html! { (chart.draw(&frame, &say)) }
}

fn thousandths(month: usize) -> i64 {
    i64::try_from(month).unwrap_or_default() * 1_000
}
