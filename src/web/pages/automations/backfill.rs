//! Starting an automation for those who are in it already: the number first, then the word.

use axum::{Form, extract::Query, response::Response};
use maud::html;
use serde::Deserialize;

use crate::{
    account::Role,
    entries::{self, named, would_start},
    web::{
        html::{Mood, name},
        page::{Nav, Page, Visit},
    },
};

/// Where it is asked for.
pub(super) fn place(automation: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("name", automation);
    format!("/automations/backfill?{}", query.finish())
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    name: String,
}

pub(super) async fn show(visit: Visit, Query(which): Query<Which>) -> Response {
    let config = std::sync::Arc::clone(&visit.jobs.config);
    let automation = match named(&config, &which.name) {
        Ok(automation) => automation.clone(),
        Err(expected) => return visit.refuse(expected),
    };
    let about = automation.clone();
    let count = match visit.read(move |conn| would_start(conn, &about)).await {
        Ok(count) => count,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let limit = config.guards.max_starts;
    let body = html! {
        p.lead { (say.with("automations-backfill-lead", [("n", count.into())])) " " strong { (say.t("automations-backfill-nothing")) } }
        p { (say.t("automations-backfill-why")) }
        p { (say.with("automations-backfill-guard", [("n", limit.into())])) }
        @if count > 0 && visit.may(Role::Marketer) {
            form.row method="post" action="/automations/backfill" {
                input type="hidden" name="name" value=(automation.name);
                input type="hidden" name="seen" value=(count);
                button type="submit" { (say.with("automations-backfill-do", [("n", count.into())])) }
                a.button.quiet href="/automations" { (say.t("cancel")) }
            }
        } @else {
            @if count > 0 { p.soft { (say.t("automations-doubt-who")) } }
            p { a href="/automations" { (say.t("task-back")) } }
        }
        dl.facts {
            dt { (say.t("automations-name")) } dd { (name(&automation.name)) }
            dt { (say.t("automations-starts")) } dd { (super::words::start(&visit, &automation)) }
        }
    };
    let page = Page {
        title: say.t("automations-backfill-title"),
        nav: Nav::Automations,
        body,
        command: Some(format!(
            "engaged automations backfill {}",
            crate::web::html::argument(&automation.name)
        )),
    };
    visit.page(page).await
}

#[derive(Debug, Deserialize)]
pub(super) struct Start {
    name: String,
    seen: i64,
}

pub(super) async fn start(visit: Visit, Form(form): Form<Start>) -> Response {
    let (who, now) = (visit.session.name.clone(), visit.now().timestamp_millis());
    let done = visit
        .act(move |jobs| {
            let automation = named(&jobs.config, &form.name)?;
            entries::backfill(&jobs.store, automation, Some(form.seen), (&who, now))
        })
        .await;
    match done {
        Ok(count) => {
            let words = visit
                .say
                .with("automations-backfilled", [("n", count.into())]);
            visit.then("/automations", Mood::Good, words)
        }
        Err(refused) => refused,
    }
}
