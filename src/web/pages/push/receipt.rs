//! What a push did, on each connection.

use maud::{Markup, html};

use crate::{
    account::Role,
    push::apply::PushReport,
    web::{
        html::{Column, Mood, badge, name, table},
        page::Visit,
        told::told,
    },
};

/// The receipt of a push.
pub(in crate::web::pages) fn receipt(visit: &Visit, reports: &[PushReport]) -> Markup {
    let say = visit.say;
    let written: u64 = reports.iter().map(|report| report.applied).sum();
    html! {
        p { strong { (say.with("push-receipt-written", [("n", written.into())])) } }
        @if reports.is_empty() { p.empty { (say.t("push-no-places")) } }
        @for report in reports { (one(visit, report)) }
        p { a href="/push#log" { (say.t("push-see-log")) } }
    }
}

fn one(visit: &Visit, report: &PushReport) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-outcome")),
        Column::number(say.t("push-writes")),
    ];
    let mut rows = vec![vec![
        badge(Mood::Good, &say.t("push-written")),
        html! { (say.n(report.applied)) },
    ]];
    for (why, number) in &report.rejected {
        let what = html! { (badge(Mood::Bad, &say.t("push-refused"))) " " (told(visit, why)) };
        rows.push(vec![what, html! { (say.n(*number)) }]);
    }
    for (number, mood, word) in [
        (report.retried, Mood::Warn, say.t("push-waiting")),
        (report.in_doubt, Mood::Warn, say.t("push-in-doubt")),
    ] {
        if number > 0 {
            rows.push(vec![badge(mood, &word), html! { (say.n(number)) }]);
        }
    }
    let planned = say.with("push-receipt-planned", [("n", report.planned.into())]);
    html! {
        section.card {
            h2 { (name(&report.connection)) }
            (table(&planned, &columns, &rows, ""))
            @if let Some(plan) = report.plan { p { a href={ "/push/log/" (plan) } { (say.t("push-see-rows")) } } }
            @for why in &report.held { (held(visit, why)) }
            @for why in report.refused.iter().chain(&report.unavailable) {
                p { (badge(Mood::Bad, &say.t("push-run-trouble"))) " " (told(visit, why)) }
            }
        }
    }
}

/// Why nothing was written, and the way on.
fn held(visit: &Visit, why: &str) -> Markup {
    let say = visit.say;
    html! {
        p {
            @if why.contains("read-only") {
                (badge(Mood::Calm, &say.t("push-read-only"))) " " (say.t("push-read-only-help"))
            } @else if why.contains("paused") {
                (badge(Mood::Warn, &say.t("push-held"))) " " (say.t("banner-paused"))
            } @else {
                (badge(Mood::Warn, &say.t("push-held"))) " " (told(visit, why)) " "
                @if visit.may(Role::Marketer) { a.button.quiet href="/push#held" { (say.t("banner-see")) } }
            }
        }
    }
}
