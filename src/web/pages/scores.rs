//! Scores: how is the list spread? The distribution of each score with its bands, those who are not judged
//! beside it, and what each rule contributes.

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    account::Role,
    drift,
    rules::set::Score,
    score::calendar::Day,
    store::{AtPoints, Conn, StoreError},
    text::Say,
    web::{
        access::{Access, Routes},
        chart::{Bar, Bars, Frame, bars},
        html::{self, Column},
        page::{Nav, Page, Visit},
        spread::{Spread, unjudged_key},
    },
};

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes.get("/scores", Access::Role(Role::Viewer), show)
}

/// One score as the page shows it.
struct Shown {
    name: String,
    now: Vec<AtPoints>,
    before: Option<(Day, Vec<AtPoints>)>,
    rules: Vec<drift::ShownRule>,
    rules_on: Option<String>,
}

/// All that the page shows, of one state of the store.
struct Seen {
    scores: Vec<Shown>,
    judged: i64,
    unjudged: Vec<(String, i64)>,
}

async fn show(visit: Visit) -> Response {
    let seen = visit
        .work(|jobs| {
            let today = Say::new(jobs.config.language, jobs.config.zone)
                .local_day(jobs.clock.now().timestamp_millis());
            let month_ago = Day(today.0.saturating_sub(30));
            jobs.store.read(|conn| {
                let names = jobs.config.rules.scores.iter().map(|score| &score.name);
                let report = drift::report(conn, &jobs.config, 1)?;
                let scores = names.map(|name| look(conn, name, month_ago, &report));
                let (judged, unjudged) = conn.judged_sizes()?;
                Ok(Seen {
                    scores: scores.collect::<Result<_, _>>()?,
                    judged,
                    unjudged,
                })
            })
        })
        .await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let scores = visit.jobs.config.rules.scores.iter();
    let body = html! {
        p.lead { (lead(say, &seen)) }
        @for (score, shown) in scores.zip(&seen.scores) { (section(say, score, shown, &seen)) }
        (unjudged(say, &seen))
    };
    visit
        .page(Page {
            title: say.t("nav-scores"),
            nav: Nav::Scores,
            body,
            command: Some("engaged segments".to_owned()),
        })
        .await
}

fn look(
    conn: &Conn,
    name: &str,
    month_ago: Day,
    report: &drift::Report,
) -> Result<Shown, StoreError> {
    let week = report.weeks.last();
    let rules = week.and_then(|week| week.scores.iter().find(|each| each.score == name));
    Ok(Shown {
        name: name.to_owned(),
        now: conn.spread(name)?,
        before: conn.spread_on(name, month_ago)?,
        rules: rules.map(|each| each.rules.clone()).unwrap_or_default(),
        rules_on: week.map(|week| week.as_of.clone()),
    })
}

fn lead(say: Say, seen: &Seen) -> String {
    let waits: i64 = seen.unjudged.iter().map(|each| each.1).sum();
    say.with(
        "scores-lead",
        [("judged", seen.judged.into()), ("waits", waits.into())],
    )
}

fn section(say: Say, score: &Score, shown: &Shown, seen: &Seen) -> Markup {
    let before = shown.before.as_ref().map(|(day, points)| {
        let label = say.with("scores-on", [("day", say.day(*day).into())]);
        (label, points.clone())
    });
    let spread = Spread {
        score,
        now: &shown.now,
        before,
        unjudged: &seen.unjudged,
    };
    let frame = Frame {
        id: format!("spread-{}", shown.name),
        title: say.with("scores-spread", [("score", (&shown.name).into())]),
        message: message(say, &shown.now),
        empty: say.t("scores-empty"),
        as_table: say.t("as-table"),
    };
    html! {
        section.card {
            h2 { (html::name(&shown.name)) }
            (spread.histogram(say).draw(&frame, &say))
            (bands(say, score, shown))
            (contributions(say, shown))
        }
    }
}

/// Median and quartiles, in a sentence.
fn message(say: Say, points: &[AtPoints]) -> String {
    let all: i64 = points.iter().map(|at| at.contacts).sum();
    let at_share = |quarter: i64| {
        let rank = (all * quarter + 3) / 4;
        let mut seen = 0;
        let reached = points.iter().find(|at| {
            seen += at.contacts;
            seen >= rank.max(1)
        });
        reached.map_or(0, |at| at.shown)
    };
    say.with(
        "scores-quartiles",
        [
            ("n", all.into()),
            ("median", say.n(at_share(2)).into()),
            ("low", say.n(at_share(1)).into()),
            ("high", say.n(at_share(3)).into()),
        ],
    )
}

fn bands(say: Say, score: &Score, shown: &Shown) -> Markup {
    let all: i64 = shown.now.iter().map(|at| at.contacts).sum();
    let size = |points: &[AtPoints], band: Option<&str>| -> i64 {
        let inside = points.iter().filter(|at| at.band.as_deref() == band);
        inside.map(|at| at.contacts).sum()
    };
    let names = score.bands.iter().map(|band| Some(band.name.as_str()));
    let rows = names.chain([None]).filter_map(|band| {
        let now = size(&shown.now, band);
        if band.is_none() && now == 0 {
            return None;
        }
        let change = shown
            .before
            .as_ref()
            .map(|(_, points)| now - size(points, band));
        #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
        let share = now as f64 / all.max(1) as f64;
        let name = band.map_or_else(
            || html! { (say.t("no-band")) },
            |band| {
                let query: String = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("band", &format!("{}:{band}", shown.name))
                    .finish();
                html! { a href={ "/contacts?" (query) } { (html::name(band)) } }
            },
        );
        let change = change.map_or_else(
            || "–".to_owned(),
            |change| {
                let sign = if change > 0 { "+" } else { "" };
                format!("{sign}{}", say.n(change))
            },
        );
        Some(vec![
            name,
            html! { (say.n(now)) },
            html! { (say.percent(share)) },
            html! { (change) },
        ])
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("band")),
        Column::number(say.t("contacts")),
        Column::number(say.t("share")),
        Column::number(say.t("scores-change")),
    ];
    html::table(
        &say.t("scores-bands"),
        &columns,
        &rows,
        &say.t("scores-no-bands"),
    )
}

/// What each rule gives or costs on average, as the last week was taken.
fn contributions(say: Say, shown: &Shown) -> Markup {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a mean of points, in thousandths"
    )]
    let rows = shown.rules.iter().map(|rule| Bar {
        label: rule.when.clone(),
        value: (rule.mean * 1000.0).round() as i64,
        colour: None,
    });
    let on = shown.rules_on.as_deref().and_then(Day::parse);
    let frame = Frame {
        id: format!("rules-{}", shown.name),
        title: say.t("scores-rules"),
        message: on.map_or_else(
            || say.t("scores-rules-none"),
            |on| say.with("scores-rules-on", [("day", say.day(on).into())]),
        ),
        empty: say.t("scores-rules-none"),
        as_table: say.t("as-table"),
    };
    let chart = Bars {
        rows: rows.collect(),
        measure: bars::Measure::Points,
        words: bars::Words {
            label: say.t("scores-rule"),
            value: say.t("scores-mean"),
        },
    };
    html! { (chart.draw(&frame, &say)) }
}

/// Those who are not judged, a group of its own.
fn unjudged(say: Say, seen: &Seen) -> Markup {
    let rows = seen.unjudged.iter().map(|(reason, contacts)| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("unjudged", reason)
            .finish();
        vec![
            html! { a href={ "/contacts?" (query) } { (say.t(unjudged_key(reason))) } },
            html! { (say.n(*contacts)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("scores-why")),
        Column::number(say.t("contacts")),
    ];
    html! {
        section.card {
            h2 { (say.t("not-judged")) }
            p { (say.t("scores-unjudged-help")) }
            (html::table(&say.t("scores-unjudged"), &columns, &rows, &say.t("scores-all-judged")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(shown: i64, contacts: i64) -> AtPoints {
        AtPoints {
            shown,
            band: None,
            contacts,
        }
    }

    #[test]
    fn quartiles_are_those_of_the_contacts() {
        let en = Say::new(crate::config::Language::English, chrono_tz::UTC);
        let said = message(en, &[at(-10, 1), at(0, 2), at(7, 4), at(90, 1)]);
        assert!(said.contains('7') && said.contains('0'), "{said}");
        assert!(message(en, &[]).contains('0'));
    }
}
