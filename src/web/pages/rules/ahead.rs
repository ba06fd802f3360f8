//! What a draft would change: bands before and after, who moves, what each rule gives, and what would be written.

use maud::{Markup, html};

use crate::{
    preview::{
        contact::{ContactChange, ScoreChange},
        report::{AutomationPreview, Flow, Preview, RulePreview, ScorePreview},
    },
    score::explain::Points,
    text::Say,
    web::{
        html::{self, Column, Mood, notice},
        page::Visit,
    },
};

use super::fate;

/// The largest moves that are listed.
const FLOWS_MAX: usize = 10;

/// So many contacts who change are listed.
pub(super) const LISTED_MAX: usize = 50;

/// The rules of a contact's change that are named.
const BECAUSE_MAX: usize = 3;

/// The whole preview.
pub(super) fn shown(visit: &Visit, preview: &Preview, listed: &[ContactChange]) -> Markup {
    let say = visit.say;
    html! {
        h2 #preview { (say.t("rules-preview")) }
        (summary(say, preview))
        @for score in &preview.scores { (self::score(say, score)) }
        (segments(say, preview))
        (stages(say, preview))
        (automations(say, &preview.automations))
        (pushes(say, preview))
        (who(visit, preview, listed))
    }
}

fn summary(say: Say, preview: &Preview) -> Markup {
    if preview.same_rules {
        return notice(Mood::Calm, &html! { p { (say.t("rules-same")) } });
    }
    html! {
        p { strong { (say.with("rules-changed", [("n", preview.changed.into()), ("all", preview.contacts.into())])) } }
        ul {
            @if !preview.settings.is_empty() {
                li { (say.with("rules-settings", [("which", preview.settings.join(", ").into())])) }
            }
            @if preview.unjudged.now > 0 || preview.unjudged.draft > 0 {
                li { (say.t("not-judged")) ": " (say.n(preview.unjudged.now)) " → " (say.n(preview.unjudged.draft)) }
            }
            @if preview.behind > 0 { li { (say.with("rules-behind", [("n", preview.behind.into())])) } }
        }
    }
}

fn score(say: Say, score: &ScorePreview) -> Markup {
    html! {
        section.card {
            h3 { (html::name(&score.score)) " " (fate(say, score.fate)) }
            @if score.moves.contacts > 0 {
                p { (say.with("rules-moves", [
                    ("n", score.moves.contacts.into()),
                    ("up", score.moves.up.into()),
                    ("down", (score.moves.contacts - score.moves.up).into()),
                    ("median", score.moves.median.map_or_else(String::new, |median| whole(say, median)).into()),
                ])) }
            } @else { p { (say.t("rules-no-moves")) } }
            (bands(say, score))
            (flows(say, score))
            (rules(say, score))
            @for overlap in score.overlaps.iter().filter(|overlap| overlap.new) {
                (notice(Mood::Warn, &html! { p { (say.with("rules-overlap", [
                    ("n", overlap.contacts.into()),
                    ("one", (&overlap.rules[0]).into()),
                    ("other", (&overlap.rules[1]).into()),
                ])) } }))
            }
        }
    }
}

/// A whole number with its sign.
fn whole(say: Say, number: i64) -> String {
    say.signed(Points(number.saturating_mul(1_000)))
}

fn change(say: Say, now: u64, draft: u64) -> String {
    let (now, draft) = (i64::try_from(now), i64::try_from(draft));
    match (now, draft) {
        (Ok(now), Ok(draft)) if now != draft => whole(say, draft - now),
        _ => "=".to_owned(),
    }
}

/// Bands before and after, with bars of one scale.
fn bands(say: Say, score: &ScorePreview) -> Markup {
    if score.bands.is_empty() {
        return html! {};
    }
    let sizes = score.bands.iter().flat_map(|band| [band.now, band.draft]);
    let most = sizes.max().unwrap_or(0).max(1);
    let bar = |number: u64| {
        let tenths = number * 1000 / most;
        format!("{}.{}%", tenths / 10, tenths % 10)
    };
    let rows = score.bands.iter().map(|band| {
        vec![
            html! { @match &band.band { Some(name) => (html::name(name)), None => (say.t("no-band")) } },
            html! { (say.n(band.now)) },
            html! { (say.n(band.draft)) },
            html! { (change(say, band.now, band.draft)) },
            html! {
                svg.beside width="100%" height="18" aria-hidden="true" focusable="false" {
                    rect.now x="0" y="1" height="7" width=(bar(band.now)) {}
                    rect.draft x="0" y="10" height="7" width=(bar(band.draft)) {}
                }
            },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("band")),
        Column::number(say.t("rules-now")),
        Column::number(say.t("rules-draft")),
        Column::number(say.t("rules-change")),
        Column::text(say.t("rules-bars")),
    ];
    html::table(&say.t("rules-bands-caption"), &columns, &rows, "")
}

fn place(say: Say, name: &str) -> Markup {
    match name {
        "(no band)" => html! { (say.t("no-band")) },
        "(not scored)" => html! { (say.t("rules-not-scored")) },
        name => html::name(name),
    }
}

/// The largest moves from band to band.
fn flows(say: Say, score: &ScorePreview) -> Markup {
    let mut moved: Vec<&Flow> = score
        .flows
        .iter()
        .filter(|flow| flow.from != flow.to && flow.contacts > 0)
        .collect();
    moved.sort_by_key(|flow| std::cmp::Reverse(flow.contacts));
    let rows = moved.iter().take(FLOWS_MAX).map(|flow| {
        vec![
            place(say, &flow.from),
            place(say, &flow.to),
            html! { (say.n(flow.contacts)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-from")),
        Column::text(say.t("rules-to")),
        Column::number(say.t("contacts")),
    ];
    html::table(
        &say.t("rules-flows"),
        &columns,
        &rows,
        &say.t("rules-no-flows"),
    )
}

/// The rules that were edited, or give something else.
fn rules(say: Say, score: &ScorePreview) -> Markup {
    let points =
        |points: Option<Points>| points.map_or_else(|| "–".to_owned(), |points| say.signed(points));
    let differs = |rule: &&RulePreview| rule.fate != "same" || rule.differs > 0;
    let rows = score.rules.iter().filter(differs).map(|rule| {
        vec![
            html! { code.rule { (html::words(&rule.when)) } },
            fate(say, rule.fate),
            html! { (points(rule.points_now)) },
            html! { (points(rule.points_draft)) },
            html! { (say.n(rule.contacts.now)) },
            html! { (say.n(rule.contacts.draft)) },
            html! { (say.n(rule.unknown)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-when")),
        Column::text(say.t("rules-fate")),
        Column::number(say.t("rules-points-now")),
        Column::number(say.t("rules-points-draft")),
        Column::number(say.t("rules-hit-now")),
        Column::number(say.t("rules-hit-draft")),
        Column::number(say.t("rules-unknown")),
    ];
    html::table(
        &say.t("rules-edited"),
        &columns,
        &rows,
        &say.t("rules-edited-none"),
    )
}

fn segments(say: Say, preview: &Preview) -> Markup {
    let all = preview.segments.iter();
    let rows = all
        .filter(|each| each.fate != "same" || each.enter > 0 || each.leave > 0)
        .map(|each| {
            vec![
                html! { (html::name(&each.segment)) " " (fate(say, each.fate)) },
                html! { (say.n(each.now)) },
                html! { (say.n(each.draft)) },
                html! { (say.n(each.enter)) },
                html! { (say.n(each.leave)) },
            ]
        });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-segment")),
        Column::number(say.t("rules-now")),
        Column::number(say.t("rules-draft")),
        Column::number(say.t("rules-enter")),
        Column::number(say.t("rules-leave")),
    ];
    html! {
        section.card {
            h3 { (say.t("rules-segments")) }
            (html::table(&say.t("rules-segments-change"), &columns, &rows, &say.t("rules-segments-same")))
        }
    }
}

fn stages(say: Say, preview: &Preview) -> Markup {
    if preview.stages.is_empty() {
        return html! {};
    }
    let stage = |name: &Option<String>| html! { @match name { Some(name) => (html::name(name)), None => (say.t("rules-no-stage")) } };
    let moved = preview.stages.iter();
    let rows = moved
        .filter(|flow| flow.from != flow.to && flow.contacts > 0)
        .map(|flow| {
            vec![
                stage(&flow.from),
                stage(&flow.to),
                html! { (say.n(flow.contacts)) },
            ]
        });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-from")),
        Column::text(say.t("rules-to")),
        Column::number(say.t("contacts")),
    ];
    html! {
        section.card {
            h3 { (say.t("rules-stages")) }
            (html::table(&say.t("rules-stages-change"), &columns, &rows, &say.t("rules-stages-same")))
        }
    }
}

/// What would begin for contacts by the edit alone, and does not.
fn automations(say: Say, all: &[AutomationPreview]) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    let silent: u64 = all.iter().map(|each| each.stay_silent).sum();
    let rows = all.iter().map(|each| {
        vec![
            html! { (html::name(&each.automation)) " " (fate(say, each.fate)) },
            html! { (say.n(each.now)) },
            html! { (say.n(each.draft)) },
            html! { (say.n(each.stay_silent)) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-automation")),
        Column::number(say.t("rules-now")),
        Column::number(say.t("rules-draft")),
        Column::number(say.t("rules-silent")),
    ];
    html! {
        section.card {
            h3 { (say.t("nav-automations")) }
            @if silent > 0 { p { (say.with("rules-silent-help", [("n", silent.into())])) } }
            (html::table(&say.t("rules-automations"), &columns, &rows, ""))
        }
    }
}

fn pushes(say: Say, preview: &Preview) -> Markup {
    let rows = preview.pushes.iter().map(|each| {
        vec![
            html::name(&each.connection),
            html! { (say.n(each.contacts)) },
            html! { (say.n(each.changed)) },
            html! {
                @if each.held {
                    (html::badge(Mood::Warn, &say.with("rules-held", [("limit", say.percent(each.limit).into())])))
                } @else { (html::badge(Mood::Good, &say.t("rules-not-held"))) }
            },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-connection")),
        Column::number(say.t("contacts")),
        Column::number(say.t("rules-pushed")),
        Column::text(say.t("rules-guard")),
    ];
    html! {
        section.card {
            h3 { (say.t("rules-push")) }
            (html::table(&say.t("rules-push-caption"), &columns, &rows, &say.t("rules-push-none")))
        }
    }
}

/// The first of those for whom anything differs.
fn who(visit: &Visit, preview: &Preview, listed: &[ContactChange]) -> Markup {
    let say = visit.say;
    if listed.is_empty() {
        return html! {};
    }
    let rows = listed.iter().map(|each| {
        vec![
            html! { a href={ "/contacts/" (each.id.0) } { (html::name(&visit.plain(&each.contact))) } },
            html! { @for change in &each.scores { div { (moved(say, change)) } } },
            html! { (others(say, each)) },
            html! { @for change in &each.scores { div { (because(visit, change)) } } },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-contact")),
        Column::text(say.t("rules-score")),
        Column::text(say.t("rules-moves-to")),
        Column::text(say.t("because")),
    ];
    let caption = say.with(
        "rules-who-caption",
        [("n", listed.len().into()), ("all", preview.changed.into())],
    );
    html! {
        section.card {
            h3 { (say.t("rules-who")) }
            details open[listed.len() <= 5] {
                summary { (caption) }
                (html::table(&caption, &columns, &rows, ""))
            }
        }
    }
}

fn moved(say: Say, change: &ScoreChange) -> Markup {
    let number =
        |number: Option<i64>| number.map_or_else(|| "–".to_owned(), |number| say.n(number));
    let band =
        |band: &Option<String>| html! { @if let Some(band) = band { " " (html::name(band)) } };
    html! {
        (html::name(&change.score)) ": "
        (number(change.before)) (band(&change.band_before)) " → " (number(change.after)) (band(&change.band_after))
    }
}

fn others(say: Say, each: &ContactChange) -> Markup {
    html! {
        @for segment in &each.enters { div { "+ " (html::name(segment)) } }
        @for segment in &each.leaves { div { "− " (html::name(segment)) } }
        @if let Some(stage) = &each.stage {
            @let name = |stage: &Option<String>| stage.clone().unwrap_or_else(|| say.t("rules-no-stage"));
            div { (html::name(&name(&stage.before))) " → " (html::name(&name(&stage.after))) }
        }
    }
}

fn because(visit: &Visit, change: &ScoreChange) -> Markup {
    html! {
        @for (number, part) in change.because.iter().take(BECAUSE_MAX).enumerate() {
            @if number > 0 { "; " }
            code { (html::words(&visit.plain(&part.what))) } " " (visit.say.signed(part.points))
        }
        @if change.because.len() > BECAUSE_MAX { "; …" }
    }
}
