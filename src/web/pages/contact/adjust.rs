//! A person's word on a score: what was said before, saying it, and taking it back.

use std::time::Duration;

use axum::{
    Form,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    adjusting::{self, Correction, CorrectionError},
    because::When,
    desk::{ask::Ask, task::TaskState},
    score::{
        calendar::{Day, Zone},
        explain::Points,
        facts::Adjustment,
    },
    store::ContactId,
    text::{Key, inert, key},
    web::{
        error::Refusal,
        html::{self, Column, Mood, notice},
        page::Visit,
    },
};

use super::{Asked, Part, day, number};

/// The longest reason.
const REASON_MAX: usize = 500;

/// How long a visitor waits for the lists to know.
const PATIENCE: Duration = Duration::from_secs(5);

/// An adjustment as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    score: String,
    #[serde(default)]
    points: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    reason: String,
    /// What is wrong with it.
    #[serde(skip)]
    wrong: Option<Key>,
}

/// Which adjustment is taken back.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Taken {
    #[serde(default)]
    number: String,
}

/// Adjusts a score.
pub(super) async fn adjust(
    visit: Visit,
    Path(id): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    let contact = match known(&visit, &id).await {
        Ok(contact) => contact,
        Err(refused) => return refused,
    };
    let now = visit.now().timestamp_millis();
    let today = Zone::new(visit.jobs.config.zone).day(now);
    let correction = match read(&visit, contact, &typed, today) {
        Ok(correction) => correction,
        Err(wrong) => {
            return again(
                &visit,
                &id,
                Typed {
                    wrong: Some(wrong),
                    ..typed
                },
            )
            .await;
        }
    };
    let (author, score) = (visit.session.name.clone(), typed.score);
    let store = visit.jobs.store.clone();
    let written = store.write_async(move |tx| correction.write(tx, &score, &author, now));
    match written.await {
        Ok(_) => done(&visit, contact, key("contact-adjusted")).await,
        Err(error) => visit.refuse(error),
    }
}

/// Takes an adjustment back.
pub(super) async fn withdraw(
    visit: Visit,
    Path(id): Path<String>,
    Form(taken): Form<Taken>,
) -> Response {
    let contact = match known(&visit, &id).await {
        Ok(contact) => contact,
        Err(refused) => return refused,
    };
    let Ok(number) = taken.number.parse::<i64>() else {
        return visit.refuse(Refusal::NotFound);
    };
    let (author, now) = (visit.session.name.clone(), visit.now().timestamp_millis());
    let store = visit.jobs.store.clone();
    let withdrawn = store.write_async(move |tx| {
        let mut theirs = tx.all_adjustments(contact)?.into_iter();
        let is_theirs = theirs.any(|(adjustment, _)| adjustment.id == number);
        Ok(is_theirs && adjusting::withdraw(tx, number, &author, now)?)
    });
    match withdrawn.await {
        Ok(true) => done(&visit, contact, key("contact-withdrawn")).await,
        Ok(false) => visit.refuse(Refusal::NotFound),
        Err(error) => visit.refuse(error),
    }
}

/// The contact of an address of ours, as itself or as whom it became part of.
async fn known(visit: &Visit, id: &str) -> Result<ContactId, Response> {
    let Some(id) = number(id) else {
        return Err(visit.refuse(Refusal::NotFound));
    };
    let found = visit.read(move |conn| {
        let there = conn.has_contact(id)?;
        there.then(|| conn.root(id)).transpose()
    });
    found.await?.ok_or_else(|| visit.refuse(Refusal::NotFound))
}

/// The adjustment that was typed, or what is wrong with it.
fn read(visit: &Visit, contact: ContactId, typed: &Typed, today: Day) -> Result<Correction, Key> {
    let scores = &visit.jobs.config.rules.scores;
    if !scores.iter().any(|score| score.name == typed.score) {
        return Err(key("contact-adjust-no-score"));
    }
    if typed.reason.chars().count() > REASON_MAX {
        return Err(key("contact-adjust-long-reason"));
    }
    let Ok(Some(until)) = day(Some(&typed.until)) else {
        return Err(key("contact-adjust-no-date"));
    };
    // A decimal comma is as good as a point.
    let points = typed
        .points
        .trim()
        .trim_start_matches('+')
        .replace(',', ".");
    let correction = Correction::new(contact, &points, (today, until), &typed.reason, today);
    correction.map_err(|error| match error {
        CorrectionError::Points(_) => key("contact-adjust-no-points"),
        CorrectionError::Reason => key("contact-adjust-no-reason"),
        CorrectionError::Days(..) => key("contact-adjust-no-day"),
    })
}

/// The page with what was typed and what is wrong with it.
async fn again(visit: &Visit, id: &str, typed: Typed) -> Response {
    let asked = Asked::default();
    match super::shown(visit, id, &asked, When::default(), false, Some(&typed)).await {
        Ok(page) => (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
        Err(refused) => refused,
    }
}

/// Lets the lists know, and goes back to the contact.
async fn done(visit: &Visit, contact: ContactId, said: Key) -> Response {
    let desk = &visit.web.desk;
    let task = desk.ask(Ask::Score { full: false }, &visit.session.name);
    let task = desk.wait(task, PATIENCE).await;
    let scored = task.is_some_and(|task| matches!(task.state, TaskState::Done(_)));
    let then = if scored {
        key("contact-lists-know")
    } else {
        key("contact-lists-will-know")
    };
    let text = format!("{} {}", visit.say.t(said), visit.say.t(then));
    visit.then(&format!("/contacts/{}", contact.0), Mood::Good, text)
}

impl Part<'_> {
    /// What people said about the scores, and saying it.
    pub(super) fn adjustments(&self, typed: Option<&Typed>) -> Markup {
        let say = self.say();
        let may = self.visit.may(Role::Marketer);
        let columns = [
            Column::text(say.t("contact-score")),
            Column::number(say.t("contact-points-column")),
            Column::text(say.t("contact-counts")),
            Column::text(say.t("contact-why")),
            Column::text(say.t("contact-state")),
        ];
        let rows = self.seen.adjustments.iter();
        let rows: Vec<Vec<Markup>> = rows
            .map(|(each, withdrawn)| self.adjustment(each, *withdrawn))
            .collect();
        html! {
            h2 #adjust { (say.t("contact-adjustments")) }
            (html::table(&say.t("contact-adjustments-caption"), &columns, &rows, &say.t("contact-no-adjustments")))
            @if may { (self.form(typed)) }
        }
    }

    fn adjustment(&self, each: &Adjustment, withdrawn: bool) -> Vec<Markup> {
        let say = self.say();
        let (from, until) = (say.day(each.from), say.day(each.until));
        let over = each.until <= self.seen.today;
        vec![
            html::name(&each.score),
            html! { (say.signed(Points(each.points))) },
            html! { (say.with("contact-from-until", [("from", from.into()), ("until", until.into())])) },
            html! { (self.name(&each.reason)) " (" (self.name(&each.author)) ")" },
            html! {
                @if withdrawn {
                    (say.t("contact-taken-back"))
                } @else if over {
                    (say.t("contact-over"))
                } @else if self.visit.may(Role::Marketer) {
                    @let action = format!("/contacts/{}/withdraw", self.seen.id.0);
                    @let number = each.id.to_string();
                    (html::button(&action, &say.t("contact-take-back"), "quiet", &[("number", &number)]))
                } @else {
                    (say.t("contact-in-force"))
                }
            },
        ]
    }

    fn form(&self, typed: Option<&Typed>) -> Markup {
        let say = self.say();
        let scores = &self.visit.jobs.config.rules.scores;
        let was = typed.cloned().unwrap_or_default();
        let action = format!("/contacts/{}/adjust#adjust", self.seen.id.0);
        html! {
            details open[typed.is_some()] {
                summary { (say.t("contact-adjust")) }
                @if let Some(wrong) = was.wrong { (notice(Mood::Bad, &html! { p { (say.t(wrong)) } })) }
                form.stack method="post" action=(action) {
                    @if let [only] = scores.as_slice() {
                        input type="hidden" name="score" value=(only.name);
                    } @else {
                        div {
                            label for="adjust-score" { (say.t("contact-score")) }
                            select #adjust-score name="score" {
                                @for score in scores {
                                    option value=(score.name) selected[score.name == was.score] { (score.name) }
                                }
                            }
                        }
                    }
                    div {
                        label for="adjust-points" { (say.t("contact-adjust-points")) }
                        input #adjust-points name="points" value=(inert(&was.points)) inputmode="decimal" required autocomplete="off"
                            aria-describedby="adjust-points-help";
                        p.field-help #adjust-points-help { (say.t("contact-adjust-points-help")) }
                    }
                    div {
                        label for="adjust-until" { (say.t("contact-adjust-until")) }
                        input #adjust-until name="until" type="date" value=(inert(&was.until)) required
                            min=(self.seen.today.next().to_string()) aria-describedby="adjust-until-help";
                        p.field-help #adjust-until-help { (say.t("contact-adjust-until-help")) }
                    }
                    div {
                        label for="adjust-reason" { (say.t("contact-adjust-reason")) }
                        input #adjust-reason name="reason" value=(inert(&was.reason)) required maxlength=(REASON_MAX) autocomplete="off"
                            aria-describedby="adjust-reason-help";
                        p.field-help #adjust-reason-help { (say.t("contact-adjust-reason-help")) }
                    }
                    div { button type="submit" { (say.t("contact-adjust-submit")) } }
                }
            }
        }
    }
}
