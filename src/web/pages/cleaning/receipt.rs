//! What cleaning did.

use maud::{Markup, html};

use crate::{
    account::Role,
    clean::{UNDO_MS, apply::CleanReport},
    web::{
        html::{Column, Mood, badge, name, notice, table},
        page::Visit,
        told::told,
    },
};

/// The receipt of a cleaning, or of undoing one.
pub(in crate::web::pages) fn receipt(visit: &Visit, report: &CleanReport) -> Markup {
    let say = visit.say;
    let columns = [
        Column::text(say.t("push-outcome")),
        Column::number(say.t("push-contacts")),
    ];
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    for (number, mood, word) in [
        (report.removed, Mood::Good, say.t("contact-case-removed")),
        (report.asked, Mood::Good, say.t("contact-case-asked")),
        (report.waits, Mood::Warn, say.t("cleaning-waits-second")),
        (report.not_asked, Mood::Calm, say.t("cleaning-not-asked")),
        (
            report.came_back,
            Mood::Good,
            say.t("contact-case-came-back"),
        ),
        (report.restored, Mood::Good, say.t("contact-taken-restored")),
        (report.retried, Mood::Warn, say.t("push-waiting")),
        (report.in_doubt, Mood::Warn, say.t("push-in-doubt")),
    ] {
        if number > 0 {
            rows.push(vec![badge(mood, &word), html! { (say.n(number)) }]);
        }
    }
    for (counts, mood, word) in [
        (&report.spared, Mood::Calm, say.t("contact-case-spared")),
        (&report.rejected, Mood::Bad, say.t("push-refused")),
    ] {
        for (why, number) in counts {
            let what = html! { (badge(mood, &word)) " " (told(visit, why)) };
            rows.push(vec![what, html! { (say.n(*number)) }]);
        }
    }
    html! {
        (table(&say.t("cleaning-receipt"), &columns, &rows, &say.t("cleaning-receipt-nothing")))
        @if !report.held.is_empty() {
            (notice(Mood::Warn, &html! {
                p { strong { (say.t("cleaning-held")) } }
                ul { @for why in &report.held { li { (told(visit, why)) } } }
                @if visit.may(Role::Marketer) { p { a href="/push#held" { (say.t("banner-see")) } } }
            }))
        }
        @for why in &report.unavailable { (notice(Mood::Bad, &html! { p { (told(visit, why)) } })) }
        (not_restored(visit, report))
        @if report.waits > 0 { p { (say.t("cleaning-waits-help")) } }
        @if report.removed > 0 { p { (until(visit)) } }
        @if let Some(file) = report.export.as_ref().filter(|_| visit.may(Role::Marketer)) {
            p.small { (say.t("cleaning-export")) " " code { (name(file)) } }
        }
        @if let Some(batch) = report.batch {
            p { a href={ "/cleaning/batch/" (batch) } { (say.with("cleaning-see-batch", [("n", batch.into())])) } }
        }
    }
}

/// Until when it can be undone, from now.
fn until(visit: &Visit) -> Markup {
    let last = visit.now().timestamp_millis() + UNDO_MS;
    let say = visit.say;
    html! { (say.with("cleaning-undo-until", [("day", say.day(say.local_day(last)).into())])) }
}

fn not_restored(visit: &Visit, report: &CleanReport) -> Markup {
    let say = visit.say;
    if report.not_restored.is_empty() {
        return html! {};
    }
    let columns = [
        Column::text(say.t("push-contact")),
        Column::text(say.t("cleaning-why")),
    ];
    let rows = report.not_restored.iter().map(|(contact, why)| {
        // Where the address is not known, it is the platform's id.
        let shown = if contact.contains('@') || visit.may(Role::Marketer) {
            visit.plain(contact)
        } else {
            "…".to_owned()
        };
        vec![name(&shown), told(visit, why)]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        h2 { (say.t("cleaning-not-restored")) }
        (table(&say.t("cleaning-not-restored-caption"), &columns, &rows, ""))
    }
}
