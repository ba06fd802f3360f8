//! Sync health: can the data be trusted? For each connection how old they are, up to when they are complete, where
//! the holes are, how the syncs of the last week went, and what could not be understood.

use std::time::Duration;

use axum::{Form, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    desk::ask::Ask,
    score::{
        calendar::{Day, Zone},
        facts::Hole,
    },
    status::{self, ConnectionStatus},
    store::{Conn, DayBrought, Hour, StoreError},
    text::Say,
    web::{
        access::{Access, Routes},
        chart::{Bar, Bars, Cell, Frame, Row, State, StateWords, Strip, bars},
        html::{self, Column, Mood},
        page::{Nav, Page, Visit, mood, state_key},
    },
};

/// A sync that takes longer goes on behind the page.
const PATIENCE: Duration = Duration::from_secs(5);

const HOURS: u16 = 7 * 24;

/// So many days of what came in.
const DAYS: i32 = 14;

/// So many of the newest holes.
const HOLES_MAX: usize = 20;

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes.get("/sync", Access::Role(Role::Viewer), show).post(
        "/sync/run",
        Access::Role(Role::Marketer),
        run,
    )
}

/// One connection, as the page shows it.
struct Shown {
    status: ConnectionStatus,
    hours: Vec<Hour>,
    brought: Vec<DayBrought>,
    holes: Vec<Hole>,
}

async fn show(visit: Visit) -> Response {
    let shown = visit
        .work(|jobs| {
            let status = status::status(&jobs.store, &jobs.config, jobs.clock.as_ref())?;
            let zone = Zone::new(jobs.config.zone);
            let now = jobs.clock.now().timestamp_millis();
            jobs.store.read(|conn| {
                let each = status.connections.into_iter();
                each.map(|status| look(conn, status, &zone, now))
                    .collect::<Result<Vec<_>, _>>()
            })
        })
        .await;
    let shown = match shown {
        Ok(shown) => shown,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let body = html! {
        p.lead { (say.t("sync-lead")) }
        @if shown.is_empty() { p.empty { (say.t("no-connections")) } }
        @for each in &shown { (section(&visit, each)) }
    };
    visit
        .page(Page {
            title: say.t("nav-sync"),
            nav: Nav::Sync,
            body,
            command: Some("engaged status".to_owned()),
        })
        .await
}

fn look(conn: &Conn, status: ConnectionStatus, zone: &Zone, now: i64) -> Result<Shown, StoreError> {
    let today = zone.day(now);
    // Whole days of 24 hours, today the last.
    let from = zone.start_of(Day(today.0.saturating_sub(6)));
    let known = conn.connections()?;
    let Some(known) = known.into_iter().find(|each| each.name == status.name) else {
        return Ok(Shown {
            status,
            hours: Vec::new(),
            brought: Vec::new(),
            holes: Vec::new(),
        });
    };
    let coverage = conn.coverage(zone, today, None)?;
    let mut holes: Vec<Hole> = coverage
        .holes
        .into_iter()
        .filter(|(connection, _, _)| *connection == known.id)
        .flat_map(|(_, _, holes)| holes)
        .collect();
    holes.sort_by_key(|hole| (std::cmp::Reverse(hole.to), hole.from));
    holes.dedup();
    let days = (Day(today.0.saturating_sub(DAYS - 1)), today);
    Ok(Shown {
        hours: conn.run_hours("sync", Some(known.id), from, HOURS)?,
        brought: conn.brought_by_day(known.id, days, zone)?,
        holes,
        status,
    })
}

fn section(visit: &Visit, each: &Shown) -> Markup {
    let say = visit.say;
    let status = &each.status;
    html! {
        section.card {
            h2 { (html::name(&status.name)) " " (html::badge(mood(status.state), &say.t(state_key(status.state)))) }
            @if let Some(why) = &status.why {
                @let tone = if status.state == "ok" { Mood::Calm } else { Mood::Bad };
                (html::notice(tone, &html! {
                    p { (html::name(why)) }
                    @if status.state == "blocked" { p { (say.t("sync-blocked-help")) } }
                }))
            }
            (facts(visit, status))
            @if visit.may(Role::Marketer) {
                form.row method="post" action="/sync/run" {
                    input type="hidden" name="connection" value=(status.name);
                    button.quiet type="submit" { (say.with("sync-run", [("name", (&status.name).into())])) }
                }
            }
            (strip(visit, each))
            div.columns {
                (brought(say, each))
                (holes(say, each))
            }
        }
    }
}

fn facts(visit: &Visit, status: &ConnectionStatus) -> Markup {
    let say = visit.say;
    let now = visit.now();
    html! {
        dl.facts {
            dt { (say.t("sync-platform")) } dd { (status.platform) " (" (status.mode) ")" }
            dt { (say.t("sync-last")) }
            dd { @match status.last_good_at {
                Some(at) => { (say.time(at)) " (" (say.with("fresh-age", [("age", say.ago(at, now).into())])) ")" }
                None => (say.t("fresh-never")),
            } }
            dt { (say.t("sync-complete")) }
            dd { @match status.complete_through {
                Some(at) => (say.time(at)),
                None => (say.t("fresh-not-through")),
            } }
            dt { (say.t("sync-next")) }
            dd { @match status.next_at { Some(at) => (say.time(at)), None => "–" } }
            dt { (say.t("sync-contacts")) } dd { (say.n(status.contacts)) }
            dt { (say.t("sync-rejects")) } dd { (say.n(status.rejects)) }
            @if let Some(webhook) = &status.webhook {
                dt { (say.t("sync-webhook")) }
                dd { @match webhook.last_at {
                    Some(at) => { (say.time(at)) " (" (say.with("fresh-age", [("age", say.ago(at, now).into())])) ")" }
                    None => (say.t("fresh-never")),
                } }
                dt { (say.t("sync-webhook-refused")) } dd { (say.n(webhook.refused)) }
            }
        }
    }
}

/// How the syncs of the last seven days went, an hour a cell.
fn strip(visit: &Visit, each: &Shown) -> Markup {
    let say = visit.say;
    let now = visit.now().timestamp_millis();
    let blocked = each.status.state == "blocked";
    let state = |hour: &Hour| match (hour.good, hour.bad, hour.open) {
        (0, 0, 0) => State::Nothing,
        (_, 0, 0) => State::Ok,
        (0, _, 0) if blocked => State::Blocked,
        (0, _, 0) => State::Failed,
        (_, 0, _) if hour.from + 3_600_000 > now => State::Ok,
        _ => State::Partly,
    };
    let cell = |hour: &Hour| Cell {
        state: state(hour),
        note: (hour.good + hour.bad + hour.open > 0).then(|| {
            say.with(
                "sync-runs",
                [
                    ("good", hour.good.into()),
                    ("bad", (hour.bad + hour.open).into()),
                ],
            )
        }),
    };
    let rows = each.hours.chunks(24).map(|day| {
        let first = day.first().map_or(0, |hour| hour.from);
        Row {
            label: say.day_short(say.local_day(first)),
            cells: day
                .iter()
                .filter(|hour| hour.from <= now)
                .map(cell)
                .collect(),
        }
    });
    let bad: u32 = each.hours.iter().map(|hour| hour.bad).sum();
    let good: u32 = each.hours.iter().map(|hour| hour.good).sum();
    let frame = Frame {
        id: format!("strip-{}", each.status.name),
        title: say.t("sync-strip"),
        message: say.with(
            "sync-strip-message",
            [("good", good.into()), ("bad", bad.into())],
        ),
        empty: say.t("sync-strip-empty"),
        as_table: say.t("as-table"),
    };
    let strip = Strip {
        columns: (0..24).map(|hour| hour.to_string()).collect(),
        rows: rows.collect(),
        states: StateWords {
            ok: say.t("sync-state-ok"),
            partly: say.t("sync-state-partly"),
            failed: say.t("sync-state-failed"),
            blocked: say.t("state-blocked"),
            nothing: say.t("sync-state-nothing"),
        },
        heading: say.t("day"),
    };
    html! { (strip.draw(&frame, &say)) }
}

/// New events on each of the last days; a day without a sync is left out, and said.
fn brought(say: Say, each: &Shown) -> Markup {
    let rows = each.brought.iter().map(|day| Bar {
        label: say.day_short(day.on),
        value: day.brought.events,
        colour: None,
    });
    let frame = Frame {
        id: format!("brought-{}", each.status.name),
        title: say.t("sync-brought"),
        message: say.with(
            "sync-brought-message",
            [
                ("n", each.brought.len().into()),
                ("days", i64::from(DAYS).into()),
            ],
        ),
        empty: say.t("sync-brought-empty"),
        as_table: say.t("as-table"),
    };
    let chart = Bars {
        rows: rows.collect(),
        measure: bars::Measure::Count,
        words: bars::Words {
            label: say.t("day"),
            value: say.t("sync-events"),
        },
    };
    html! { div { (chart.draw(&frame, &say)) } }
}

fn holes(say: Say, each: &Shown) -> Markup {
    let rows = each.holes.iter().take(HOLES_MAX).map(|hole| {
        let from = if hole.from == Day::ALWAYS {
            say.t("sync-ever")
        } else {
            say.day(hole.from)
        };
        let days = i64::from(hole.to.0) - i64::from(hole.from.0) + 1;
        let days = if hole.from == Day::ALWAYS {
            "–".to_owned()
        } else {
            say.n(days)
        };
        vec![
            html! { (from) },
            html! { (say.day(hole.to)) },
            html! { (days) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("sync-hole-from")),
        Column::text(say.t("sync-hole-to")),
        Column::number(say.t("sync-hole-days")),
    ];
    html! {
        div {
            h3 { (say.t("sync-holes")) }
            p { (say.t("sync-holes-help")) }
            (html::table(&say.t("sync-holes-caption"), &columns, &rows, &say.t("sync-no-holes")))
            (short(say, &each.status))
        }
    }
}

/// Where less reached us than the platform counts, the newest first; nothing where all of it did.
fn short(say: Say, status: &ConnectionStatus) -> Markup {
    let rows = status.short.iter().map(|each| {
        let reported = [("n", each.reported().into()), ("of", each.counted.into())];
        vec![
            html! { (say.day(each.from)) },
            html! { (say.day(each.to)) },
            html! { (html::name(&each.campaign)) },
            html! { (html::name(&each.kind)) },
            html! { (say.with("sync-short-of", reported)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("sync-hole-from")),
        Column::text(say.t("sync-hole-to")),
        Column::text(say.t("sync-short-campaign")),
        Column::text(say.t("sync-short-kind")),
        Column::text(say.t("sync-short-came")),
    ];
    let more = status.short_in_all.saturating_sub(rows.len());
    html! {
        @if !rows.is_empty() {
            h3 { (say.t("sync-short")) }
            p { (say.t("sync-short-help")) }
            (html::table(&say.t("sync-short-caption"), &columns, &rows, ""))
            @if more > 0 { p { (say.with("sync-short-more", [("n", more.into())])) } }
        }
    }
}

#[derive(Deserialize)]
struct Which {
    connection: String,
}

/// Asks the daemon to sync now.
async fn run(visit: Visit, Form(which): Form<Which>) -> Response {
    let say = visit.say;
    let known = visit
        .jobs
        .config
        .connections
        .iter()
        .any(|each| each.name == which.connection);
    if !known {
        return visit.refuse(crate::web::error::Refusal::NotFound);
    }
    let ask = Ask::Sync {
        connection: Some(which.connection.clone()),
        full: false,
    };
    let desk = &visit.web.desk;
    let task = desk.ask(ask, &visit.session.name);
    let done = desk.wait(task, PATIENCE).await;
    let name = [("name", which.connection.into())];
    let text = if done.is_some_and(|task| task.is_over()) {
        say.with("sync-done", name)
    } else {
        say.with("sync-under-way", name)
    };
    visit.then("/sync", Mood::Calm, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Language, status::ShortStatus};

    #[test]
    fn days_of_which_less_came_than_is_counted_are_told_in_both_languages_and_not_without_any() {
        let mut status = ConnectionStatus {
            name: "krant".into(),
            platform: "activecampaign".into(),
            mode: "read-only",
            state: "ok",
            why: None,
            last_good_at: None,
            complete_through: None,
            contacts: 0,
            rejects: 0,
            short: Vec::new(),
            short_in_all: 0,
            next_at: None,
            shadow: None,
            webhook: None,
        };
        let shown = |language, status: &ConnectionStatus| {
            short(Say::new(language, chrono_tz::UTC), status).into_string()
        };
        assert_eq!(shown(Language::Dutch, &status), "");
        status.short.push(ShortStatus {
            campaign: "Winter".into(),
            kind: "open".into(),
            missing: 10,
            counted: 200,
            from: Day(20_000),
            to: Day(20_001),
        });
        status.short_in_all = 3;
        for (language, words) in [
            (Language::Dutch, ["190 van 200 gemeld", "Nog 2", "Winter"]),
            (
                Language::English,
                ["190 of 200 reported", "2 more", "Winter"],
            ),
        ] {
            let page = shown(language, &status);
            for word in words {
                assert!(page.contains(word), "{word}: {page}");
            }
        }
    }
}
