//! Overview: is it working, and what changed this week? A few numbers, what needs somebody, and the first score's
//! spread and bands.

use std::sync::Arc;

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    account::Role,
    automation::EntryState,
    config::Config,
    rules::set::Score,
    score::calendar::Day,
    status::{self, ConnectionStatus, Status},
    store::{AtPoints, Conn, DaySizes, End, Grouping, Sizes, StoreError},
    text::{Say, key},
    web::{
        access::{Access, Routes},
        chart::{Colour, Frame},
        html::{self, Mood},
        over_time::{self, Group},
        page::{Nav, Page, Visit, state_key},
        spread::{self, Spread},
    },
};

/// How far back the bands are drawn.
const WEEKS: i32 = 13;

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes.get("/", Access::Role(Role::Viewer), show)
}

/// The first score, as the page shows it.
struct First {
    name: String,
    now: Vec<AtPoints>,
    before: Option<(Day, Vec<AtPoints>)>,
    days: Vec<DaySizes>,
    /// Moves into the lowest band within a week.
    fell: i64,
    span: (Day, Day),
}

/// All that the page shows.
struct Seen {
    status: Status,
    first: Option<First>,
    started: i64,
    in_doubt: i64,
    cleaning: i64,
    /// How many were judged a week ago, if anything ran then.
    judged_before: Option<i64>,
}

async fn show(visit: Visit) -> Response {
    let seen = visit
        .work(|jobs| {
            let config = Arc::clone(&jobs.config);
            let today = Say::new(config.language, config.zone)
                .local_day(jobs.clock.now().timestamp_millis());
            let status = status::status(&jobs.store, &config, jobs.clock.as_ref())?;
            jobs.store.read(|conn| look(conn, &config, today, status))
        })
        .await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let config = &visit.jobs.config;
    let score = config.rules.scores.first();
    let body = html! {
        (figures(say, score, &seen))
        (needs(say, &seen))
        @if let Some((score, first)) = score.zip(seen.first.as_ref()) {
            div.columns {
                div.card { (histogram(say, score, first, &seen)) }
                div.card { (bands(say, score, first)) }
            }
        } @else {
            p.empty { (say.t("overview-no-score")) }
        }
    };
    visit
        .page(Page {
            title: say.t("nav-overview"),
            nav: Nav::Overview,
            body,
            command: Some("engaged status".to_owned()),
        })
        .await
}

fn look(conn: &Conn, config: &Config, today: Day, status: Status) -> Result<Seen, StoreError> {
    let week_ago = Day(today.0.saturating_sub(7));
    let score = config.rules.scores.first();
    let first = score.map(|score| first(conn, score, today)).transpose()?;
    let judged = conn.sizes_between(Grouping::Judged, week_ago, week_ago)?;
    let judged = judged.first().and_then(|day| day.sizes.as_ref());
    let mut cleaning = 0;
    for policy in &config.cleaning {
        cleaning += i64::try_from(conn.open_cases(&policy.name)?.len()).unwrap_or(i64::MAX);
    }
    Ok(Seen {
        status,
        first,
        started: conn.count_entries(EntryState::Started)?,
        in_doubt: conn.count_entries(EntryState::InDoubt)?,
        cleaning,
        judged_before: judged.map(|sizes| size(sizes, None)),
    })
}

fn size(sizes: &Sizes, name: Option<&str>) -> i64 {
    let found = sizes
        .groups
        .iter()
        .find(|size| size.name.as_deref() == name);
    found.map_or(0, |size| size.contacts)
}

fn first(conn: &Conn, score: &Score, today: Day) -> Result<First, StoreError> {
    let span = (Day(today.0.saturating_sub(WEEKS * 7 - 1)), today);
    let lowest = score.bands.last().map(|band| End::In(band.name.clone()));
    let week = (Day(today.0.saturating_sub(6)), today);
    let moves = conn.moves(Grouping::Bands(&score.name), week.0, week.1)?;
    let fell = moves
        .iter()
        .filter(|moved| Some(&moved.to) == lowest.as_ref() && moved.from != End::New);
    Ok(First {
        name: score.name.clone(),
        now: conn.spread(&score.name)?,
        before: conn.spread_on(&score.name, Day(today.0.saturating_sub(30)))?,
        days: conn.sizes_between(Grouping::Bands(&score.name), span.0, span.1)?,
        fell: fell.map(|moved| moved.contacts).sum(),
        span,
    })
}

/// `+12 in a week`, or nothing where a week ago is not known.
fn since(say: Say, now: i64, before: Option<i64>) -> Option<String> {
    before.map(|before| {
        let sign = if now >= before { "+" } else { "" };
        let much = format!("{sign}{}", say.n(now - before));
        say.with("overview-in-a-week", [("much", much.into())])
    })
}

fn figures(say: Say, score: Option<&Score>, seen: &Seen) -> Markup {
    let judged = seen.status.judged;
    let waits: i64 = seen.status.unjudged.iter().map(|each| each.1).sum();
    let top = score.and_then(|score| score.bands.first().map(|band| (score, band)));
    html! {
        div.figures {
            (html::figure(&say.n(judged), &say.t("overview-judged"),
                since(say, judged, seen.judged_before).as_deref(), "/scores"))
            (html::figure(&say.n(waits), &say.t("not-judged"), None, "/scores"))
            @if let Some(((score, band), first)) = top.zip(seen.first.as_ref()) {
                @let inside = |points: &[AtPoints]| -> i64 {
                    points.iter().filter(|at| at.band.as_deref() == Some(&band.name)).map(|at| at.contacts).sum()
                };
                @let before = first.days.iter().find(|day| day.on.0 == first.span.1.0 - 7);
                @let before = before.and_then(|day| day.sizes.as_ref()).map(|sizes| size(sizes, Some(&band.name)));
                @let now = inside(&first.now);
                (html::figure(&say.n(now), &say.with("overview-in-band", [("band", (&band.name).into())]),
                    since(say, now, before).as_deref(), "/segments"))
                @if let Some(lowest) = score.bands.last() {
                    (html::figure(&say.n(first.fell), &say.with("overview-fell", [("band", (&lowest.name).into())]),
                        None, "/segments"))
                }
            }
            (html::figure(&say.n(seen.started), &say.t("overview-started"), None, "/automations"))
            (html::figure(&say.n(seen.cleaning), &say.t("overview-cleaning"), None, "/cleaning"))
        }
    }
}

/// What waits for a person, each with the way there.
fn needs(say: Say, seen: &Seen) -> Markup {
    let status = &seen.status;
    let mut lines: Vec<(Mood, Markup)> = Vec::new();
    for each in &status.connections {
        if matches!(each.state, "blocked" | "trouble" | "stale") {
            let mood = if each.state == "stale" {
                Mood::Warn
            } else {
                Mood::Bad
            };
            lines.push((
                mood,
                html! {
                    a href="/sync" { (html::name(&each.name)) ": " (say.t(state_key(each.state))) }
                    @if let Some(why) = &each.why { " – " (html::name(why)) }
                },
            ));
        }
        if each.rejects > 0 {
            lines.push((Mood::Warn, html! {
                a href="/sync" { (html::name(&each.name)) ": " (say.with("overview-rejects", [("n", each.rejects.into())])) }
            }));
        }
    }
    lines.extend(
        status
            .connections
            .iter()
            .filter_map(|each| shadow(say, each)),
    );
    storage(say, status, &mut lines);
    for guard in &status.guards {
        lines.push((Mood::Warn, html! {
            a href="/push#held" { (say.with("overview-held", [("guard", (&guard.name).into())])) }
            @if let Some(connection) = &guard.connection { " (" (html::name(connection)) ")" }
            ": " (html::name(&guard.detail))
        }));
    }
    for each in &status.unconfirmed {
        let said = [
            ("n", each.batch.into()),
            ("policy", (&each.policy).into()),
            ("who", (&each.approved_by).into()),
        ];
        lines.push((Mood::Warn, html! {
            a href={ "/cleaning/batch/" (each.batch) } { (say.with("overview-unconfirmed", said)) }
        }));
    }
    if seen.in_doubt > 0 {
        lines.push((Mood::Warn, html! {
            a href="/automations" { (say.with("overview-in-doubt", [("n", seen.in_doubt.into())])) }
        }));
    }
    if status.waiting > 0 {
        lines.push((
            Mood::Calm,
            html! { (say.with("overview-waiting", [("n", status.waiting.into())])) },
        ));
    }
    html! {
        section.card {
            h2 { (say.t("overview-needs")) }
            @if lines.is_empty() { p { (html::badge(Mood::Good, &say.t("overview-nothing"))) } }
            ul.needs {
                @for (mood, line) in &lines {
                    li { (html::badge(*mood, &say.t(mood_word(*mood)))) " " (line) }
                }
            }
        }
    }
}

/// A connection that is only watched: what it would have been told, and that its time is over.
fn shadow(say: Say, connection: &ConnectionStatus) -> Option<(Mood, Markup)> {
    let shadow = connection.shadow.as_ref()?;
    let writes = shadow.last.as_ref().map_or(0, |last| last.writes);
    let put = [("n", writes.into()), ("day", say.day(shadow.until).into())];
    let told = if shadow.over {
        say.with("overview-shadow-over", put)
    } else {
        say.with("overview-shadow", put)
    };
    let mood = if shadow.over { Mood::Warn } else { Mood::Calm };
    let line = html! {
        a href="/push" { (html::name(&connection.name)) ": " (told) }
        @if shadow.over { " " code { "engaged go-live " (connection.name) } }
    };
    Some((mood, line))
}

/// What a restored database waits for, and what the database's own care has found.
fn storage(say: Say, status: &Status, lines: &mut Vec<(Mood, Markup)>) {
    if let Some(quarantine) = &status.quarantine {
        for missing in &quarantine.missing {
            let key = match missing.what {
                "sync" => key("overview-restored-sync"),
                "compare" => key("overview-restored-compare"),
                _ => key("overview-restored-score"),
            };
            let on = (&missing.connection).into();
            lines.push((Mood::Warn, html! { (say.with(key, [("connection", on)])) }));
        }
        for (automation, number) in &quarantine.silent {
            let words = [("automation", automation.into()), ("n", (*number).into())];
            lines.push((
                Mood::Calm,
                html! { (say.with("overview-restored-silent", words)) },
            ));
        }
        if quarantine.lost_days {
            lines.push((Mood::Warn, html! { (say.t("overview-restored-lost")) }));
        }
    }
    let care = &status.care;
    for check in care.checks.iter().filter(|check| check.trouble.is_some()) {
        let words = [("check", (&check.name).into())];
        lines.push((Mood::Bad, html! { (say.with("overview-check", words)) }));
    }
    if care.backup_stale {
        lines.push((Mood::Warn, html! { (say.t("overview-backup-stale")) }));
    }
    if care.disk.is_some_and(|disk| disk.is_low()) {
        lines.push((Mood::Bad, html! { (say.t("overview-disk-low")) }));
    }
}

fn mood_word(mood: Mood) -> crate::text::Key {
    match mood {
        Mood::Bad => key("overview-act"),
        Mood::Warn => key("overview-look"),
        Mood::Good | Mood::Calm => key("overview-note"),
    }
}

fn histogram(say: Say, score: &Score, first: &First, seen: &Seen) -> Markup {
    let before = first.before.as_ref().map(|(day, points)| {
        let label = say.with("scores-on", [("day", say.day(*day).into())]);
        (label, points.clone())
    });
    let spread = Spread {
        score,
        now: &first.now,
        before,
        unjudged: &seen.status.unjudged,
    };
    let contacts: i64 = first.now.iter().map(|at| at.contacts).sum();
    let frame = Frame {
        id: "overview-spread".to_owned(),
        title: say.with("scores-spread", [("score", (&first.name).into())]),
        message: say.with("overview-spread", [("n", contacts.into())]),
        empty: say.t("scores-empty"),
        as_table: say.t("as-table"),
    };
    html! { (spread.histogram(say).draw(&frame, &say)) }
}

fn bands(say: Say, score: &Score, first: &First) -> Markup {
    let groups: Vec<Group> = score
        .bands
        .iter()
        .rev()
        .map(|band| Group {
            name: Some(band.name.clone()),
            shown: band.name.clone(),
            colour: spread::colour(score, Some(&band.name)),
        })
        .chain([Group {
            name: None,
            shown: say.t("no-band"),
            colour: Colour::Unjudged,
        }])
        .collect();
    let groups = over_time::shown(groups, &first.days);
    let known = first.days.iter().filter(|day| day.sizes.is_some()).count();
    let frame = Frame {
        id: "overview-bands".to_owned(),
        title: say.with("segments-bands", [("score", (&first.name).into())]),
        message: say.with("overview-known", [("n", known.into())]),
        empty: say.t("segments-empty"),
        as_table: say.t("as-table"),
    };
    html! {
        (over_time::area(say, &groups, &first.days, first.span).draw(&frame, &say))
        @if let Some(note) = over_time::hindsight(say, &first.days) { p.small.soft { (note) } }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        account::Role,
        web::stage::{RULES, Site},
    };

    #[tokio::test]
    async fn an_empty_list_has_an_overview_that_says_so() {
        let site = Site::new(RULES, "").await;
        let cookie = site.cookie(Role::Viewer).await;
        let answer = site.get(&cookie, "/").await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("No connections"), "{}", answer.body);
    }

    #[tokio::test]
    async fn those_who_are_not_judged_are_a_number_of_their_own() {
        let lines = r#"{"email":"jan@example.nl","subscribed_at":"2026-06-10T10:00:00Z","status":"subscribed"}
{"email":"piet@example.nl","kind":"purchase","at":"2026-06-01T10:00:00Z","item":"a","value":"1.00","currency":"EUR"}"#;
        let site = Site::new(RULES, lines).await;
        let cookie = site.cookie(Role::Viewer).await;
        for path in [
            "/",
            "/scores",
            "/segments",
            "/segments?of=segments&days=28",
            "/sync",
        ] {
            let answer = site.get(&cookie, path).await;
            assert_eq!(answer.status, 200, "{path}");
        }
        let scores = site.get(&cookie, "/scores").await.body;
        assert!(scores.contains("/contacts?unjudged=too_new"), "{scores}");
    }
}
