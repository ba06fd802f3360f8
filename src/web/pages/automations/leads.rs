//! Leads: whom automations handed over to people, why, and their answer.

use axum::{Form, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    config::Config,
    diagnostic::{Diagnostic, Exit, Expected},
    leads::{self, Correction, Lead, NOT_FOR},
    score::{
        calendar::{Day, Zone},
        explain::Points,
    },
    store::{Conn, StoreError},
    web::{
        error::Refusal,
        html::{Column, Mood, name, table, words},
        page::Visit,
    },
};

/// So many leads are shown.
const SHOWN: usize = 20;

/// So many reasons are given for each.
const REASONS: usize = 3;

/// A reason has at most so many characters.
const REASON_MAX: usize = 500;

/// The newest leads that nobody answered, of all lists.
pub(super) fn read(conn: &Conn, config: &Config, today: Day) -> Result<Vec<Lead>, StoreError> {
    let mut all = Vec::new();
    for which in leads::lists(config) {
        let limit = u16::try_from(SHOWN).unwrap_or(u16::MAX);
        all.extend(leads::of(conn, config, which, (false, limit), today)?);
    }
    all.sort_by_key(|lead| std::cmp::Reverse(lead.entry.entry));
    all.truncate(SHOWN);
    Ok(all)
}

/// The part of the page at `#leads`; nothing where no automation hands anybody over.
pub(super) fn section(visit: &Visit, leads: &[Lead]) -> Markup {
    let say = visit.say;
    if leads::lists(&visit.jobs.config).is_empty() {
        return html! {};
    }
    let mut columns = vec![
        Column::text(say.t("push-contact")),
        Column::text(say.t("automations-list")),
        Column::text(say.t("automations-entered")),
        Column::text(say.t("automations-scores")),
        Column::text(say.t("cleaning-because")),
    ];
    let may = visit.may(Role::Marketer);
    if may {
        columns.push(Column::text(say.t("automations-answer")));
    }
    let rows = leads.iter().map(|lead| {
        let mut row = vec![
            visit.contact(lead.entry.contact, lead.entry.email.as_ref()),
            name(&lead.list),
            html! { (say.day(lead.entry.entered_on)) },
            html! {
                @for (score, shown, band) in &lead.scores {
                    div { (name(score)) " " (say.n(*shown)) @if let Some(band) = band { " (" (name(band)) ")" } }
                }
            },
            html! {
                @for (points, rule) in lead.because.iter().take(REASONS) {
                    div { (say.signed(Points(*points))) " " code { (words(rule)) } }
                }
            },
        ];
        if may {
            row.push(form(visit, lead));
        }
        row
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        section #leads {
            h2 { (say.t("automations-leads")) }
            (table(&say.t("automations-leads-caption"), &columns, &rows, &say.t("automations-leads-empty")))
            @if may && !rows.is_empty() { p.field-help { (say.t("automations-leads-help")) } }
        }
    }
}

fn form(visit: &Visit, lead: &Lead) -> Markup {
    let say = visit.say;
    let id = format!("reason-{}", lead.entry.entry);
    let scores = &visit.jobs.config.rules.scores;
    html! {
        form.row method="post" action="/automations/leads" {
            input type="hidden" name="entry" value=(lead.entry.entry);
            div {
                label for=(id) { (say.t("automations-reason")) }
                input id=(id) name="reason" maxlength=(REASON_MAX);
            }
            @if scores.len() > 1 {
                @let id = format!("score-{}", lead.entry.entry);
                div {
                    label for=(id) { (say.t("automations-which-score")) }
                    select id=(id) name="score" { @for score in scores { option value=(score.name) { (score.name) } } }
                }
            }
            button.quiet type="submit" name="answer" value="accept" { (say.t("automations-accept")) }
            button.quiet type="submit" name="answer" value="refuse" { (say.t("automations-no-lead")) }
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    entry: i64,
    #[serde(rename = "answer")]
    word: String,
    #[serde(default)]
    reason: String,
    score: Option<String>,
}

pub(super) async fn answer(visit: Visit, Form(form): Form<Answer>) -> Response {
    let accepted = match form.word.as_str() {
        "accept" => true,
        "refuse" => false,
        _ => return visit.refuse(Refusal::NotFound),
    };
    let (who, now) = (visit.session.name.clone(), visit.now().timestamp_millis());
    let done = visit
        .act(move |jobs| {
            let zone = Zone::new(jobs.config.zone);
            let entry = leads::handed_over(&jobs.store, form.entry)?;
            let reason: String = form.reason.trim().chars().take(REASON_MAX).collect();
            let usual = if accepted { "accepted" } else { "not a lead" };
            let words = if reason.is_empty() { usual } else { &reason };
            let correction = if accepted {
                None
            } else {
                let score = score(&jobs.config, form.score.as_deref())?;
                let points = jobs
                    .store
                    .read(|conn| leads::to_zero(conn, &entry, &score))?;
                let until = zone.day(now).plus(NOT_FOR);
                points.map(|points| Correction {
                    score,
                    points,
                    until,
                })
            };
            let said = (words, correction.as_ref());
            leads::answer(&jobs.store, &zone, &entry, said, (&who, now))?;
            Ok(())
        })
        .await;
    let say = visit.say;
    match done {
        Ok(()) if accepted => visit.then(
            "/automations#leads",
            Mood::Good,
            say.t("automations-accepted"),
        ),
        Ok(()) => visit.then(
            "/automations#leads",
            Mood::Good,
            say.t("automations-refused-lead"),
        ),
        Err(refused) => refused,
    }
}

/// The score that goes to zero: the one that was named, else the first.
fn score(config: &Config, named: Option<&str>) -> Result<String, Expected> {
    let mut scores = config.rules.scores.iter();
    let found = scores.find(|score| named.is_none_or(|named| named == score.name));
    found.map(|score| score.name.clone()).ok_or_else(|| {
        let diagnostic = Diagnostic::error("E0100", "there is no such score");
        Expected::new(Exit::Usage, diagnostic.help("take one of the list"))
    })
}
