//! Alerts: who is told, what is wrong, what was told lately, and whether telling works.

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    account::Role,
    alert::{self, Report},
    text::{Key, key},
    web::{
        html::{self, Column, Mood},
        page::Visit,
    },
};

/// So many notices are shown.
const NOTICES: usize = 10;

/// What is kept of alerts, in the visitor's language.
pub(super) async fn look(visit: &Visit) -> Result<Report, Response> {
    let language = visit.say.language;
    let look = visit.work(move |jobs| {
        jobs.store
            .read(|conn| alert::report(conn, &jobs.config, language))
    });
    look.await
}

fn state(word: &str) -> (Mood, Key) {
    match word {
        "firing" => (Mood::Bad, key("settings-alert-firing")),
        "pending" => (Mood::Warn, key("settings-alert-pending")),
        "test" => (Mood::Calm, key("settings-alert-test")),
        _ => (Mood::Good, key("settings-alert-resolved")),
    }
}

fn delivery(word: &str) -> (Mood, Key) {
    match word {
        "sent" => (Mood::Good, key("settings-notice-sent")),
        "retry" => (Mood::Warn, key("settings-notice-retry")),
        "given up" => (Mood::Bad, key("settings-notice-given-up")),
        _ => (Mood::Calm, key("settings-notice-waits")),
    }
}

pub(super) fn shown(visit: &Visit, report: &Report) -> Markup {
    let say = visit.say;
    let badge = |(mood, word): (Mood, Key)| html::badge(mood, &say.t(word));
    let alerts = report.alerts.iter().map(|each| {
        vec![
            badge(state(each.state)),
            html! {
                (html::words(&visit.plain(&each.message)))
                @if each.state != "resolved" { div.small.soft { (html::words(&visit.plain(&each.help))) } }
            },
            html! { (say.time(each.since)) },
        ]
    });
    let alerts: Vec<Vec<Markup>> = alerts.collect();
    let notices = report.notices.iter().take(NOTICES).map(|each| {
        vec![
            html! { (say.time(each.at)) },
            html! { code { (each.alert) } " " (badge(state(&each.state))) },
            badge(delivery(each.delivery)),
            html! { (html::words(&visit.plain(each.detail.as_deref().unwrap_or("")))) },
        ]
    });
    let notices: Vec<Vec<Markup>> = notices.collect();
    html! {
        section.card #alerts {
            h2 { (say.t("settings-alerts")) }
            p {
                @match &report.receiver {
                    Some(host) => (say.with("settings-told", [("host", host.into())])),
                    None => (say.t("settings-nobody-told")),
                }
            }
            (html::table(&say.t("settings-alerts-caption"), &alert_columns(visit), &alerts, &say.t("settings-alerts-none")))
            @if !notices.is_empty() {
                (html::table(&say.t("settings-notices-caption"), &notice_columns(visit), &notices, ""))
            }
            @if visit.may(Role::Admin) && report.receiver.is_some() {
                (html::button("/settings/alerts/test", &say.t("settings-send-test"), "quiet", &[]))
            }
        }
    }
}

fn alert_columns(visit: &Visit) -> [Column; 3] {
    let say = visit.say;
    [
        Column::text(say.t("settings-alert-state")),
        Column::text(say.t("settings-alert-what")),
        Column::text(say.t("settings-since")),
    ]
}

fn notice_columns(visit: &Visit) -> [Column; 4] {
    let say = visit.say;
    [
        Column::text(say.t("settings-notice-at")),
        Column::text(say.t("settings-alert")),
        Column::text(say.t("settings-notice-state")),
        Column::text(say.t("settings-notice-said")),
    ]
}

/// Sends a test alert now, and says what came of it.
pub(super) async fn test(visit: Visit) -> Response {
    let (say, to) = (visit.say, "/settings#alerts");
    let jobs = &visit.jobs;
    let Some(teller) = &jobs.teller else {
        return visit.then(to, Mood::Bad, say.t("settings-nobody-told"));
    };
    let who = visit.session.name.clone();
    let now = visit.now().timestamp_millis();
    let noted = jobs
        .store
        .write_async(move |tx| tx.audit(&who, "test alert", "", now));
    if let Err(error) = noted.await {
        return visit.refuse(error);
    }
    let sent = alert::notice::test(&jobs.store, &jobs.config, teller, jobs.clock.as_ref());
    match sent.await {
        Err(error) => visit.refuse(error),
        Ok(tested) if tested.taken => {
            let text = say.with("settings-test-taken", [("host", tested.host.into())]);
            visit.then(to, Mood::Good, text)
        }
        Ok(tested) => {
            let said = tested.said.unwrap_or_default();
            let args = [("host", tested.host.into()), ("said", said.into())];
            visit.then(to, Mood::Bad, say.with("settings-test-not-taken", args))
        }
    }
}
