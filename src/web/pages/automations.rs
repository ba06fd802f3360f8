//! Automations: did threshold crossings start the right things? Who entered, what was started, what nobody knows, and
//! whom people are to look at.

mod backfill;
mod doubt;
mod entries;
mod leads;
mod words;

use std::{collections::HashMap, sync::Arc};

use axum::{extract::Query, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    automation::EntryState,
    config::{Config, Mode},
    entries::{Numbers, overview},
    score::calendar::{Day, Zone},
    store::{Conn, EntriesWanted, EntryDay, Listed, QUARANTINE, StoreError},
    web::{
        access::{Access, Routes},
        html::{Column, Mood, badge, name, table},
        page::{Nav, Page, Visit},
        tasks::{self, Tasks},
    },
};

/// Adds the pages.
pub(super) fn add(routes: Routes) -> Routes {
    let (viewer, marketer) = (Access::Role(Role::Viewer), Access::Role(Role::Marketer));
    let step_up = Access::StepUp(Role::Marketer);
    routes
        .get("/automations", viewer, show)
        .post("/automations/resolve", marketer, doubt::resolve)
        .get("/automations/backfill", viewer, backfill::show)
        .post("/automations/backfill", step_up, backfill::start)
        .post("/automations/leads", marketer, leads::answer)
}

/// What of the list of entries is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
struct Filter {
    automation: Option<String>,
    state: Option<String>,
    before: Option<i64>,
}

impl Filter {
    fn automation(&self) -> Option<&str> {
        self.automation.as_deref().filter(|name| !name.is_empty())
    }

    fn state(&self) -> Option<EntryState> {
        let mut all = EntryState::ALL.into_iter();
        all.find(|state| self.state.as_deref() == Some(state.as_str()))
    }
}

/// Why nothing that an automation starts would go out now.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Door {
    Open,
    NotConfigured,
    ReadOnly,
    Paused,
    Blocked,
    Held(String),
}

/// What the page shows.
struct Shown {
    numbers: Vec<(Numbers, Door)>,
    doubts: Vec<doubt::Doubt>,
    days: Vec<EntryDay>,
    entries: Vec<Listed>,
    leads: Vec<crate::leads::Lead>,
    today: Day,
}

/// Since when entries are charted.
fn weeks_ago(today: Day) -> Day {
    (0..entries::DAYS - 1).fold(today, |day, _| day.previous())
}

fn read(conn: &Conn, config: &Config, filter: &Filter, now: i64) -> Result<Shown, StoreError> {
    let today = Zone::new(config.zone).day(now);
    let mut numbers = Vec::new();
    for each in overview(conn, config)? {
        let door = door(conn, config, &each)?;
        numbers.push((each, door));
    }
    let wanted = EntriesWanted {
        automation: filter.automation(),
        state: filter.state(),
        unanswered: false,
        before: filter.before,
        limit: entries::ROWS + 1,
    };
    Ok(Shown {
        numbers,
        doubts: doubt::read(conn)?,
        days: conn.entry_days(weeks_ago(today))?,
        entries: conn.entries_page(&wanted)?,
        leads: leads::read(conn, config, today)?,
        today,
    })
}

fn door(conn: &Conn, config: &Config, each: &Numbers) -> Result<Door, StoreError> {
    let Some(automation) = &each.automation else {
        return Ok(Door::NotConfigured);
    };
    let Some(on) = &automation.start.connection else {
        return Ok(Door::Open);
    };
    let mut all = config.written_to();
    let mode = all
        .find(|connection| connection.name == *on)
        .map(|each| each.mode);
    if mode == Some(Mode::ReadOnly) {
        return Ok(Door::ReadOnly);
    }
    if conn.is_paused()? {
        return Ok(Door::Paused);
    }
    if conn.blocked(on)?.is_some() {
        return Ok(Door::Blocked);
    }
    let known = conn.connections()?;
    let id = known
        .iter()
        .find(|each| each.name == *on)
        .map(|each| each.id);
    let held = conn.open_guards()?.into_iter();
    let held = held
        .filter(|guard| guard.name != crate::clean::CLEANING)
        .find(|guard| {
            let here = guard.connection.is_some() && guard.connection == id;
            here || guard.name == QUARANTINE
        });
    Ok(held.map_or(Door::Open, |guard| Door::Held(guard.name)))
}

async fn show(visit: Visit, Query(filter): Query<Filter>) -> Response {
    let (config, now) = (
        Arc::clone(&visit.jobs.config),
        visit.now().timestamp_millis(),
    );
    let asked = filter.clone();
    let shown = visit
        .read(move |conn| read(conn, &config, &asked, now))
        .await;
    let shown = match shown {
        Ok(shown) => shown,
        Err(refused) => return refused,
    };
    let tasks = Tasks::of(&visit, |ask| {
        matches!(ask, crate::desk::ask::Ask::Score { .. })
    });
    let body = html! {
        (lead(&visit, &shown))
        (doubt::section(&visit, &shown.doubts))
        (tasks.shown(&visit))
        (all(&visit, &shown.numbers))
        (entries::chart(&visit, &shown.days, shown.today))
        (leads::section(&visit, &shown.leads))
        (entries::list(&visit, &shown.entries, &filter, &names(&shown.numbers)))
    };
    let page = Page {
        title: visit.say.t("nav-automations"),
        nav: Nav::Automations,
        body,
        command: Some("engaged automations".to_owned()),
    };
    tasks::looking_again(visit.page(page).await, tasks.are_open())
}

fn names(numbers: &[(Numbers, Door)]) -> Vec<&str> {
    numbers.iter().map(|(each, _)| each.name.as_str()).collect()
}

/// The answer to the page's question, in a sentence.
fn lead(visit: &Visit, shown: &Shown) -> Markup {
    let say = visit.say;
    let sum =
        |of: fn(&Numbers) -> i64| -> i64 { shown.numbers.iter().map(|(each, _)| of(each)).sum() };
    html! {
        p.lead {
            @if shown.numbers.is_empty() {
                (say.t("automations-none"))
            } @else {
                (say.with("automations-lead", [
                    ("started", sum(Numbers::started).into()),
                    ("ready", sum(|each| each.of(EntryState::Ready) + each.of(EntryState::Settling)).into()),
                    ("doubt", sum(|each| each.of(EntryState::InDoubt)).into()),
                ]))
            }
        }
    }
}

/// Every automation: what it waits for, what it starts, whether that would go out, and its numbers.
fn all(visit: &Visit, numbers: &[(Numbers, Door)]) -> Markup {
    let say = visit.say;
    if numbers.is_empty() {
        return html! {
            pre { "[[automations]]\nname = \"Ambassador series\"\nwhen = \"engagement >= 75\"\nstart = { connection = \"newsletter\", tag = \"ambassador\" }" }
        };
    }
    let rules = &visit.jobs.config.rules.automations;
    let when: HashMap<&str, &str> = rules
        .iter()
        .map(|each| (each.name.as_str(), each.text.as_str()))
        .collect();
    let columns = [
        Column::text(say.t("automations-name")),
        Column::text(say.t("automations-starts")),
        Column::number(say.t("automations-inside")),
        Column::number(say.t("automations-settling")),
        Column::number(say.t("automations-ready")),
        Column::number(say.t("automations-started")),
        Column::number(say.t("automations-suppressed")),
        Column::number(say.t("automations-refused")),
        Column::number(say.t("automations-in-doubt")),
        Column::text(say.t("automations-silent")),
    ];
    let rows = numbers.iter().map(|(each, door)| {
        let number = |number: i64, state: EntryState| {
            html! {
                @if number > 0 { a href=(entries::place(&each.name, Some(state))) { (say.n(number)) } } @else { (say.n(number)) }
            }
        };
        vec![
            html! {
                a href=(entries::place(&each.name, None)) { (name(&each.name)) }
                @if let Some(when) = when.get(each.name.as_str()) { div.small { code { (when) } } }
                div { (words::door(visit, door)) }
            },
            html! { @if let Some(automation) = &each.automation { (words::start(visit, automation)) } },
            html! { (say.n(each.inside)) },
            number(each.of(EntryState::Settling), EntryState::Settling),
            number(each.of(EntryState::Ready), EntryState::Ready),
            number(each.started(), EntryState::Started),
            number(each.of(EntryState::Suppressed), EntryState::Suppressed),
            number(each.of(EntryState::Refused), EntryState::Refused),
            number(each.of(EntryState::InDoubt), EntryState::InDoubt),
            silent(visit, each),
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    table(&say.t("automations-caption"), &columns, &rows, "")
}

/// Contacts who are inside without anything having been started for them.
fn silent(visit: &Visit, each: &Numbers) -> Markup {
    let say = visit.say;
    html! {
        @if each.silent == 0 {
            (say.n(0))
        } @else if each.automation.is_none() {
            (say.n(each.silent))
        } @else {
            a href=(backfill::place(&each.name)) { (say.with("automations-would-start", [("n", each.silent.into())])) }
        }
    }
}

/// A badge for a number that wants somebody to look.
fn wants_somebody(word: &str) -> Markup {
    badge(Mood::Warn, word)
}

#[cfg(test)]
mod tests;
