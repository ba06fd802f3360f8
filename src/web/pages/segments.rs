//! Segments: who moves where? Sizes of bands, segments and stages over time, and the moves between them.

use std::cmp::Reverse;

use axum::{extract::Query, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    config::Config,
    score::calendar::Day,
    store::{Conn, DaySizes, End, Grouping, Moved, StoreError},
    text::{Key, Say, key},
    web::{
        access::{Access, Routes},
        chart::{Colour, Frame},
        html::{self, Column},
        over_time::{self, Group},
        page::{Nav, Page, Visit},
        spread,
    },
};

/// The largest moves that are listed.
const MOVES_MAX: usize = 20;

/// Spans that can be chosen, in days.
const SPANS: [(i32, Key); 3] = [
    (28, key("segments-span-month")),
    (91, key("segments-span-quarter")),
    (364, key("segments-span-year")),
];

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes.get("/segments", Access::Role(Role::Viewer), show)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// `segments`, `stages`, or a score's name behind `score:`.
    of: Option<String>,
    days: Option<i32>,
}

/// By what contacts are told apart.
#[derive(Clone, PartialEq, Eq)]
enum By {
    Score(String),
    Segments,
    Stages,
}

impl By {
    fn all(config: &Config) -> Vec<Self> {
        let rules = &config.rules;
        let scores = rules.scores.iter().filter(|score| !score.bands.is_empty());
        let mut all: Vec<Self> = scores
            .map(|score| Self::Score(score.name.clone()))
            .collect();
        all.extend((!rules.segments.is_empty()).then_some(Self::Segments));
        all.extend((!rules.stages.is_empty()).then_some(Self::Stages));
        all
    }

    fn word(&self) -> String {
        match self {
            Self::Score(name) => format!("score:{name}"),
            Self::Segments => "segments".to_owned(),
            Self::Stages => "stages".to_owned(),
        }
    }

    fn shown(&self, say: Say) -> String {
        match self {
            Self::Score(name) => say.with("segments-bands", [("score", name.into())]),
            Self::Segments => say.t("nav-segments"),
            Self::Stages => say.t("segments-stages"),
        }
    }

    fn grouping(&self) -> Grouping<'_> {
        match self {
            Self::Score(name) => Grouping::Bands(name),
            Self::Segments => Grouping::Segments,
            Self::Stages => Grouping::Stages,
        }
    }

    /// The groups in the order in which they are drawn, from the bottom.
    fn groups(&self, config: &Config, say: Say) -> Vec<Group> {
        let named = |name: &String, colour: Colour| Group {
            name: Some(name.clone()),
            shown: name.clone(),
            colour,
        };
        match self {
            Self::Score(name) => {
                let score = config.rules.scores.iter().find(|score| score.name == *name);
                let bands = score.into_iter().flat_map(|score| {
                    let bands = score.bands.iter().rev();
                    bands.map(|band| named(&band.name, spread::colour(score, Some(&band.name))))
                });
                let rest = Group {
                    name: None,
                    shown: say.t("no-band"),
                    colour: Colour::Unjudged,
                };
                bands.chain([rest]).collect()
            }
            Self::Segments => {
                let segments = config.rules.segments.iter().enumerate();
                segments
                    .map(|(place, each)| named(&each.name, Colour::Series(place)))
                    .collect()
            }
            Self::Stages => {
                let stages = config.rules.stages.iter().enumerate();
                stages
                    .map(|(place, each)| named(&each.name, Colour::Series(place)))
                    .collect()
            }
        }
    }
}

/// What the page shows, of one state of the store.
struct Seen {
    days: Vec<DaySizes>,
    moves: Vec<Moved>,
}

fn look(conn: &Conn, by: &By, span: (Day, Day)) -> Result<Seen, StoreError> {
    Ok(Seen {
        days: conn.sizes_between(by.grouping(), span.0, span.1)?,
        moves: conn.moves(by.grouping(), span.0, span.1)?,
    })
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let say = visit.say;
    let config = std::sync::Arc::clone(&visit.jobs.config);
    let all = By::all(&config);
    let days = asked
        .days
        .filter(|days| SPANS.iter().any(|span| span.0 == *days));
    let days = days.unwrap_or(91);
    let chosen = all
        .iter()
        .find(|by| Some(by.word()) == asked.of)
        .or(all.first());
    let Some(by) = chosen.cloned() else {
        let body = html! { p.empty { (say.t("segments-none")) } };
        return page(&visit, body).await;
    };
    let today = say.local_day(visit.now().timestamp_millis());
    let span = (Day(today.0.saturating_sub(days - 1)), today);
    let asked_by = by.clone();
    let seen = match visit.read(move |conn| look(conn, &asked_by, span)).await {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let body = html! {
        (tabs(say, &all, &by, days))
        (charts(say, &config, &by, &seen, span))
        (moves(say, &by, &seen))
    };
    page(&visit, body).await
}

async fn page(visit: &Visit, body: Markup) -> Response {
    let say = visit.say;
    visit
        .page(Page {
            title: say.t("nav-segments"),
            nav: Nav::Segments,
            body,
            command: Some("engaged segments".to_owned()),
        })
        .await
}

fn query(of: &str, days: i32) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("of", of)
        .append_pair("days", &days.to_string())
        .finish()
}

fn tabs(say: Say, all: &[By], chosen: &By, days: i32) -> Markup {
    html! {
        nav aria-label=(say.t("segments-which")) {
            ul.tabs {
                @for by in all {
                    li { a href={ "/segments?" (query(&by.word(), days)) } aria-current=[(by == chosen).then_some("page")] {
                        (html::name(&by.shown(say)))
                    } }
                }
            }
        }
        nav aria-label=(say.t("segments-span")) {
            ul.tabs {
                @for (span, name) in SPANS {
                    li { a href={ "/segments?" (query(&chosen.word(), span)) } aria-current=[(span == days).then_some("page")] {
                        (say.t(name))
                    } }
                }
            }
        }
    }
}

/// Bands and stages add up to all contacts, and are stacked; a contact may be in several segments, which have a chart each.
fn charts(say: Say, config: &Config, by: &By, seen: &Seen, span: (Day, Day)) -> Markup {
    let groups = over_time::shown(by.groups(config, say), &seen.days);
    let known = seen.days.iter().filter(|day| day.sizes.is_some()).count();
    let frame = |id: &str, title: String, message: String| Frame {
        id: format!("over-time-{id}"),
        title,
        message,
        empty: say.t("segments-empty"),
        as_table: say.t("as-table"),
    };
    let since = say.with(
        "segments-known",
        [
            ("known", known.into()),
            ("days", (span.1.0 - span.0.0 + 1).unsigned_abs().into()),
        ],
    );
    let hindsight = html! {
        @if let Some(note) = over_time::hindsight(say, &seen.days) { p.small.soft { (note) } }
    };
    if matches!(by, By::Segments) {
        return html! {
            p.lead { (since) }
            (hindsight)
            div.columns {
                @for (place, group) in groups.iter().enumerate() {
                    @let id = format!("segment-{place}");
                    @let one = std::slice::from_ref(group);
                    div.card {
                        (over_time::area(say, one, &seen.days, span)
                            .draw(&frame(&id, group.shown.clone(), change(say, group, seen)), &say))
                        p { a href={ "/contacts?" (contacts_query("segment", &group.shown)) } { (say.t("segments-list")) } }
                    }
                }
            }
        };
    }
    let area = over_time::area(say, &groups, &seen.days, span);
    html! { div.card { (area.draw(&frame("all", by.shown(say), since), &say)) (hindsight) } }
}

fn contacts_query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish()
}

/// How a group's size changed between the first and the last day that are known.
fn change(say: Say, group: &Group, seen: &Seen) -> String {
    let mut known = seen.days.iter().filter_map(|day| day.sizes.as_ref());
    let size = |sizes: &crate::store::Sizes| {
        let found = sizes.groups.iter().find(|size| size.name == group.name);
        found.map_or(0, |size| size.contacts)
    };
    let first = known.next().map(size);
    let last = known.next_back().map(size).or(first);
    match first.zip(last) {
        None => say.t("none-yet"),
        Some((first, last)) => {
            let sign = if last > first { "+" } else { "" };
            let much = format!("{sign}{}", say.n(last - first));
            say.with(
                "segments-change",
                [("n", last.into()), ("much", much.into())],
            )
        }
    }
}

fn end(say: Say, end: &End) -> Markup {
    match end {
        End::New => html! { (say.t("segments-new")) },
        End::Outside => html! { (say.t("segments-outside")) },
        End::In(name) => html::name(name),
    }
}

fn moves(say: Say, by: &By, seen: &Seen) -> Markup {
    let mut moves: Vec<&Moved> = seen.moves.iter().collect();
    moves.sort_by_key(|moved| {
        (
            Reverse(moved.contacts),
            moved.from.clone(),
            moved.to.clone(),
        )
    });
    let rows = moves.iter().take(MOVES_MAX).map(|moved| {
        vec![
            end(say, &moved.from),
            end(say, &moved.to),
            html! { (say.n(moved.contacts)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("segments-from")),
        Column::text(say.t("segments-to")),
        Column::number(say.t("segments-moves")),
    ];
    html! {
        section.card {
            h2 { (say.t("segments-who-moves")) }
            p { (say.t("segments-moves-help")) }
            (html::table(&by.shown(say), &columns, &rows, &say.t("segments-no-moves")))
        }
    }
}
