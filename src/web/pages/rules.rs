//! Rules: what do the rules do, and what if? The rules in force with what each gives and costs, the drafts of
//! their files, and what was published from them.

mod ahead;
mod draft;
mod history;
pub(super) mod wrong;

use std::{path::Path, sync::Arc};

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    account::Role,
    config::{self, SourceFile},
    diagnostic::Expected,
    drift,
    publish::{Editor, PublishError},
    rules::set::{BandLimit, Score},
    score::explain::Points,
    store::{DraftRow, Publication, StoreError},
    text::Say,
    web::{
        access::{Access, Routes},
        error::Refusal,
        html::{self, Column, Mood},
        page::{Nav, Page, Visit},
    },
};

/// So many publications are listed.
const PUBLICATIONS: i64 = 20;

/// Adds the pages.
pub(super) fn add(routes: Routes) -> Routes {
    let marketer = Access::Role(Role::Marketer);
    let step_up = Access::StepUp(Role::Marketer);
    routes
        .get("/rules", Access::Role(Role::Viewer), show)
        .get("/rules/edit", marketer, draft::edit)
        .post("/rules/edit", marketer, draft::save)
        .post("/rules/discard", marketer, draft::discard)
        .post("/rules/publish", step_up, draft::publish)
        .get("/rules/publications/{id}", marketer, history::show)
        .post("/rules/publications/{id}", step_up, history::roll_back)
}

/// What the page shows.
struct Seen {
    weeks: drift::Report,
    segments: Vec<(String, i64)>,
    stages: Vec<(String, i64)>,
    publications: Vec<Publication>,
    /// Each file with its draft; none where they cannot be read.
    files: Vec<(SourceFile, Option<DraftRow>)>,
}

async fn show(visit: Visit) -> Response {
    let seen = visit
        .work(|jobs| {
            let sources = config::sources(&jobs.config.file).unwrap_or_default();
            jobs.store.read(|conn| {
                let files = sources.into_iter().map(|file| {
                    let draft = conn.draft(&file.name())?;
                    Ok::<_, StoreError>((file, draft))
                });
                Ok(Seen {
                    files: files.collect::<Result<_, _>>()?,
                    weeks: drift::report(conn, &jobs.config, 1)?,
                    segments: conn.segment_sizes()?,
                    stages: conn.stage_sizes()?,
                    publications: conn.publications(None, PUBLICATIONS)?,
                })
            })
        })
        .await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(refused) => return refused,
    };
    let say = visit.say;
    let rules = &visit.jobs.config.rules;
    let body = html! {
        p.lead { (say.with("rules-lead", [
            ("rules", rules.scores.iter().map(|score| score.rules.len()).sum::<usize>().into()),
            ("segments", rules.segments.len().into()),
            ("stages", rules.stages.len().into()),
        ])) }
        (files(&visit, &seen))
        @if rules.scores.is_empty() { p.empty { (say.t("rules-none")) } }
        @for score in &rules.scores { (self::score(&visit, score, &seen)) }
        (conditions(&visit, &seen))
        (history::list(&visit, &seen.publications))
    };
    visit
        .page(Page {
            title: say.t("nav-rules"),
            nav: Nav::Rules,
            body,
            command: Some("engaged preview DRAFT.toml".to_owned()),
        })
        .await
}

/// The files and their drafts. Viewers see whose draft it is, not what it says.
fn files(visit: &Visit, seen: &Seen) -> Markup {
    let say = visit.say;
    let may = visit.may(Role::Marketer);
    html! {
        @for (file, draft) in &seen.files {
            @let name = file.name();
            p.row {
                @if may {
                    a.button href=(edit_link(&name)) {
                        @match draft {
                            Some(_) => (say.with("rules-edit-draft", [("file", (&name).into())])),
                            None => (say.with("rules-edit-file", [("file", (&name).into())])),
                        }
                    }
                }
                @if let Some(draft) = draft {
                    span.soft { (say.with("rules-draft-of", [
                        ("who", (&draft.author).into()), ("file", (&name).into()), ("time", say.millis(draft.saved_at).into()),
                    ])) }
                }
            }
        }
        @if !may { p.soft { (say.t("rules-viewer")) } }
    }
}

/// Where a file is edited.
fn edit_link(file: &str) -> String {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("file", file)
        .finish();
    format!("/rules/edit?{query}")
}

/// Which file says it, and from which line on: the first line that opens a table of that name.
fn owner(visit: &Visit, seen: &Seen, section: &str, name: &str) -> Option<Markup> {
    let quoted = format!("{section}.\"{name}\"");
    let heads = [section.to_owned(), format!("{section}.{name}"), quoted];
    let heads = if name.is_empty() {
        &heads[..1]
    } else {
        &heads[1..]
    };
    let opens = |line: &str| {
        let inside = line.trim_start().trim_start_matches('[');
        let is_table = inside.len() < line.trim_start().len();
        is_table
            && heads.iter().any(|head| {
                let rest = inside.strip_prefix(head.as_str());
                rest.is_some_and(|rest| rest.starts_with([']', '.']))
            })
    };
    seen.files.iter().find_map(|(file, _)| {
        let line = file.text.lines().position(opens)? + 1;
        let (say, name) = (visit.say, file.name());
        let text = say.with("managed-by", [("file", format!("{name}:{line}").into())]);
        Some(html! {
            p.small.soft {
                @if visit.may(Role::Marketer) { a href={ (edit_link(&name)) "#line-" (line) } { (text) } } @else { (text) }
            }
        })
    })
}

/// One score: its rules, what they give and cost on average, and its bands.
fn score(visit: &Visit, score: &Score, seen: &Seen) -> Markup {
    let say = visit.say;
    let week = seen.weeks.weeks.last();
    let measured = week.and_then(|week| week.scores.iter().find(|each| each.score == score.name));
    let measured = measured.map_or(&[][..], |measured| &measured.rules);
    let rows = score.rules.iter().map(|rule| {
        let found = measured.iter().find(|each| each.when == rule.text);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a mean of points, in thousandths"
        )]
        let mean = found.map(|each| say.signed(Points((each.mean * 1000.0).round() as i64)));
        let contacts = found.map(|each| say.n(each.contacts));
        vec![
            html! { code.rule { (html::words(&visit.plain(&rule.text))) } },
            html! { (say.signed(Points(rule.points))) },
            html! { (contacts.unwrap_or_else(|| "–".to_owned())) },
            html! { (mean.unwrap_or_else(|| "–".to_owned())) },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("rules-when")),
        Column::number(say.t("rules-points")),
        Column::number(say.t("rules-hit")),
        Column::number(say.t("rules-mean")),
    ];
    let caption = match week {
        Some(week) => say.with("rules-measured", [("day", day(say, &week.as_of).into())]),
        None => say.t("rules-not-measured"),
    };
    html! {
        section.card {
            h2 { (html::name(&score.name)) }
            @if score.model.is_some() { p { (say.t("rules-model")) } }
            (html::table(&caption, &columns, &rows, &say.t("rules-score-empty")))
            @if !score.bands.is_empty() {
                p { (say.t("rules-bands")) " " @for (place, band) in score.bands.iter().enumerate() {
                    @if place > 0 { "; " }
                    (html::name(&band.name)) " " (limit(say, band.limit))
                } }
            }
            @if let Some(owner) = owner(visit, seen, "scores", &score.name) { (owner) }
        }
    }
}

fn day(say: Say, day: &str) -> String {
    crate::score::calendar::Day::parse(day).map_or_else(|| day.to_owned(), |day| say.day(day))
}

/// From where on a band holds.
fn limit(say: Say, limit: BandLimit) -> String {
    match limit {
        BandLimit::Above(points) => format!("> {}", say.n(points)),
        BandLimit::From(points) => format!("≥ {}", say.n(points)),
        BandLimit::Rest => say.t("rules-band-rest"),
    }
}

/// Segments and stages with their conditions.
fn conditions(visit: &Visit, seen: &Seen) -> Markup {
    let say = visit.say;
    let rules = &visit.jobs.config.rules;
    let columns = [
        Column::text(say.t("rules-name")),
        Column::text(say.t("rules-when")),
        Column::number(say.t("contacts")),
    ];
    let row = |(name, text): (&String, &String), sizes: &[(String, i64)]| {
        let size = sizes.iter().find(|each| each.0 == *name);
        vec![
            html::name(name),
            html! { code.rule { (html::words(&visit.plain(text))) } },
            html! { (say.n(size.map_or(0, |each| each.1))) },
        ]
    };
    let segments = rules.segments.iter().map(|each| (&each.name, &each.text));
    let segments: Vec<_> = segments.map(|each| row(each, &seen.segments)).collect();
    let stages = rules.stages.iter().map(|each| (&each.name, &each.text));
    let stages: Vec<_> = stages.map(|each| row(each, &seen.stages)).collect();
    html! {
        section.card {
            h2 { (say.t("rules-segments")) }
            (html::table(&say.t("rules-segments-caption"), &columns, &segments, &say.t("rules-no-segments")))
            @if let Some(owner) = owner(visit, seen, "segments", "") { (owner) }
        }
        section.card {
            h2 { (say.t("rules-stages")) }
            (html::table(&say.t("rules-stages-caption"), &columns, &stages, &say.t("rules-no-stages")))
            @if let Some(owner) = owner(visit, seen, "stages", "") { (owner) }
        }
    }
}

/// Does something with the configuration's files, where that may block.
async fn at_files<T: Send + 'static>(
    visit: &Visit,
    job: impl FnOnce(&Editor) -> Result<T, PublishError> + Send + 'static,
) -> Result<T, Response> {
    let done = try_files(visit, job).await?;
    done.map_err(|error| refuse(visit, error))
}

/// As [`at_files`], for who has something to say about a refusal.
async fn try_files<T: Send + 'static>(
    visit: &Visit,
    job: impl FnOnce(&Editor) -> Result<T, PublishError> + Send + 'static,
) -> Result<Result<T, PublishError>, Response> {
    let desk = Arc::clone(&visit.web.desk);
    visit.work(move |_| Ok(job(&desk.editor()))).await
}

fn refuse(visit: &Visit, error: PublishError) -> Response {
    match error {
        PublishError::UnknownFile { .. } | PublishError::UnknownPublication { .. } => {
            visit.refuse(Refusal::NotFound)
        }
        error => visit.refuse(Expected::from(error)),
    }
}

/// Why something was not published, in a sentence for the next page.
fn refusal(say: Say, expected: &Expected) -> String {
    let Some(first) = expected.diagnostics.first() else {
        return say.t("error-title");
    };
    let known = match first.code {
        "E0133" => Some(say.t("rules-refused-other")),
        "E0134" => Some(say.t("rules-refused-changed")),
        "E0136" => Some(say.t("rules-refused-same")),
        "E0137" => Some(say.t("rules-refused-reason")),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let help = first.help.as_deref();
        let help = help.map(|help| format!(": {help}")).unwrap_or_default();
        say.with(
            "rules-refused",
            [("why", format!("{first}{help} ({})", first.code).into())],
        )
    })
}

/// A file's name as messages have it, without its directory.
fn file_name(shown: &str) -> String {
    let name = Path::new(shown).file_name();
    name.map_or_else(|| shown.to_owned(), |name| name.display().to_string())
}

/// The mark of a state of what was edited: same, changed, new, removed.
fn fate(say: Say, fate: &str) -> Markup {
    match fate {
        "new" => html::badge(Mood::Good, &say.t("rules-fate-new")),
        "changed" => html::badge(Mood::Warn, &say.t("rules-fate-changed")),
        "removed" => html::badge(Mood::Bad, &say.t("rules-fate-removed")),
        _ => html::badge(Mood::Calm, &say.t("rules-fate-same")),
    }
}

#[cfg(test)]
mod tests;
