//! One contact: why is this person here, and what happens next?
//!
//! `seen` reads, in one snapshot; the other files each show a part of it. The score is explained as
//! of now, as the verb does, also where the last score run has not seen the newest facts yet.

mod adjust;
mod because;
mod line;
mod record;
mod seen;
mod timeline;
mod who;

use axum::{
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::Role,
    because::When,
    score::calendar::Day,
    store::ContactId,
    text::{Say, inert},
    web::{
        access::{Access, Routes},
        error::{Refusal, see},
        html::{self, Mood, notice},
        page::{Nav, Page, Visit},
    },
};

use self::{
    adjust::Typed,
    seen::{Found, Seen},
};

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    let marketer = Access::Role(Role::Marketer);
    routes
        .get("/contacts/{id}", Access::Role(Role::Viewer), show)
        .post("/contacts/{id}/adjust", marketer, adjust::adjust)
        .post("/contacts/{id}/withdraw", marketer, adjust::withdraw)
}

/// What of a contact is asked for, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    /// As of this date.
    as_of: Option<String>,
    /// With what was known at the end of this date.
    known_at: Option<String>,
    /// Events of this kind only.
    kind: Option<String>,
    /// Events before this place.
    before: Option<String>,
}

impl Asked {
    /// The address of this view of a contact, with another choice of events.
    fn href(&self, id: ContactId, kind: Option<&str>, before: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let pairs = [
            ("as_of", self.as_of.as_deref()),
            ("known_at", self.known_at.as_deref()),
            ("kind", kind),
            ("before", before),
        ];
        for (name, value) in pairs {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => format!("/contacts/{}", id.0),
            query => format!("/contacts/{}?{query}", id.0),
        }
    }
}

/// A text that is no date which a page can be asked for.
struct NoDate;

/// A date that was typed, if one was.
fn day(typed: Option<&str>) -> Result<Option<Day>, NoDate> {
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else {
        return Ok(None);
    };
    let among = |day: &Day| {
        let years = Day::parse("1970-01-01").zip(Day::parse("2200-01-01"));
        years.is_some_and(|(first, last)| (first..last).contains(day))
    };
    let day = Day::parse(typed).filter(|day| day.to_string() == typed && among(day));
    day.map(Some).ok_or(NoDate)
}

/// What a part of the page is made from.
struct Part<'a> {
    visit: &'a Visit,
    seen: &'a Seen,
    asked: &'a Asked,
    /// The date that is shown.
    as_of: Day,
}

impl Part<'_> {
    fn say(&self) -> Say {
        self.visit.say
    }

    /// A text from elsewhere, short and as the visitor may see it.
    fn name(&self, text: &str) -> Markup {
        html::name(&self.visit.plain(text))
    }

    fn connection(&self, id: crate::score::facts::ConnectionId) -> Markup {
        let found = self.seen.connections.iter().find(|each| each.id == id);
        self.name(found.map_or("–", |each| each.name.as_str()))
    }
}

async fn show(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Response {
    let dates = day(asked.as_of.as_deref())
        .ok()
        .zip(day(asked.known_at.as_deref()).ok());
    let wrong = dates.is_none();
    let (as_of, known_at) = dates.unwrap_or_default();
    let page = shown(&visit, &id, &asked, When { as_of, known_at }, wrong, None).await;
    match page {
        Ok(page) if wrong => (StatusCode::UNPROCESSABLE_ENTITY, page).into_response(),
        Ok(page) | Err(page) => page,
    }
}

/// The page; `wrong`: a date that was typed is none; `typed`: an adjustment that could not be made.
async fn shown(
    visit: &Visit,
    id: &str,
    asked: &Asked,
    when: When,
    wrong: bool,
    typed: Option<&Typed>,
) -> Result<Response, Response> {
    let Some(id) = number(id) else {
        return Err(visit.refuse(Refusal::NotFound));
    };
    let events = timeline::Wanted::of(asked);
    let found = visit
        .work(move |jobs| seen::look(jobs, id, when, &events))
        .await?;
    let seen = match found {
        Found::Nobody => return Err(visit.refuse(Refusal::NotFound)),
        Found::PartOf(other) => {
            let (kind, before) = (asked.kind.as_deref(), asked.before.as_deref());
            return Err(see(&asked.href(other, kind, before)));
        }
        Found::Contact(seen) => seen,
    };
    let part = Part {
        visit,
        seen: &seen,
        asked,
        as_of: when.as_of.unwrap_or(seen.today),
    };
    let page = Page {
        title: part.title(),
        nav: Nav::Contacts,
        body: part.body(when, wrong, typed),
        command: part.command(),
    };
    Ok(visit.page(page).await)
}

/// The number of a contact in an address of ours.
fn number(text: &str) -> Option<ContactId> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text && number > 0).then_some(ContactId(number))
}

impl Part<'_> {
    fn title(&self) -> String {
        match &self.seen.address {
            Some(address) => inert(&self.visit.address(address)),
            None => self.say().with(
                "contact-without-address",
                [("n", self.seen.id.0.to_string().into())],
            ),
        }
    }

    fn command(&self) -> Option<String> {
        let address = self.seen.address.as_ref()?;
        if !self.visit.may(Role::Marketer) {
            return None;
        }
        let mut command = format!("engaged explain {}", html::argument(address.reveal()));
        for (option, value) in [
            ("--as-of", &self.asked.as_of),
            ("--known-at", &self.asked.known_at),
        ] {
            if let Ok(Some(day)) = day(value.as_deref()) {
                command += &format!(" {option} {day}");
            }
        }
        Some(command)
    }

    fn body(&self, when: When, wrong: bool, typed: Option<&Typed>) -> Markup {
        let say = self.say();
        html! {
            (self.lead())
            @if when != When::default() { (self.another_day(when)) }
            @if when == When::default() && self.seen.objects_since.is_none() { (self.behind()) }
            @match &self.seen.known {
                None if self.seen.objects_since.is_some() => (self.objects()),
                None => (notice(Mood::Warn, &html! { p { (say.t("contact-not-known-yet")) } })),
                Some(known) => (self.explained(known)),
            }
            @if self.seen.objects_since.is_none() { (self.other_day(wrong)) }
            (self.who())
            @if let Some(known) = &self.seen.known { (self.timeline(known)) }
            (self.record())
            (self.adjustments(typed))
            (self.audit())
        }
    }

    /// That nothing is worked out about the contact.
    fn objects(&self) -> Markup {
        let say = self.say();
        let since = self
            .seen
            .objects_since
            .map_or_else(String::new, |day| say.day(day));
        let text = say.with("contact-objects", [("on", since.into())]);
        notice(Mood::Warn, &html! { p { (text) } })
    }

    /// That this is not the present.
    fn another_day(&self, when: When) -> Markup {
        let say = self.say();
        let on = say.day(self.as_of);
        let text = match when.known_at {
            None => say.with("contact-another-day", [("on", on.into())]),
            Some(known) => {
                let known = say.day(known);
                say.with(
                    "contact-another-knowledge",
                    [("on", on.into()), ("known", known.into())],
                )
            }
        };
        notice(
            Mood::Warn,
            &html! { p { (text) " " a href={ "/contacts/" (self.seen.id.0) } { (say.t("contact-back-to-today")) } } },
        )
    }

    /// That lists and platforms show another number, because the last score run was before the newest facts.
    fn behind(&self) -> Markup {
        let say = self.say();
        let (Some(stored), Some(known)) = (&self.seen.stored, &self.seen.known) else {
            return html! { (notice(Mood::Calm, &html! { p { (say.t("contact-not-scored-yet")) } })) };
        };
        let now = &known.explanation.scores;
        let same = now.iter().all(|score| {
            let stored = stored.scores.iter().find(|each| each.name == score.name);
            stored.is_some_and(|stored| stored.shown == score.shown && stored.band == score.band)
        });
        if same {
            return html! {};
        }
        let was = stored
            .scores
            .iter()
            .map(|score| format!("{} {}", score.name, say.n(score.shown)));
        let was = was.collect::<Vec<_>>().join(", ");
        notice(
            Mood::Calm,
            &html! { p { (say.with("contact-behind", [("was", was.into())])) } },
        )
    }

    /// The choice of another day.
    fn other_day(&self, wrong: bool) -> Markup {
        let say = self.say();
        let typed = |text: &Option<String>| inert(text.as_deref().unwrap_or_default());
        html! {
            details.other-day open[wrong] {
                summary { (say.t("contact-other-day")) }
                form.row method="get" action={ "/contacts/" (self.seen.id.0) } {
                    div {
                        label for="as-of" { (say.t("contact-as-of")) }
                        input #as-of type="date" name="as_of" value=(typed(&self.asked.as_of)) aria-describedby="as-of-help";
                    }
                    div {
                        label for="known-at" { (say.t("contact-known-at")) }
                        input #known-at type="date" name="known_at" value=(typed(&self.asked.known_at)) aria-describedby="as-of-help";
                    }
                    button type="submit" { (say.t("contact-look")) }
                }
                p.field-help #as-of-help { (say.t("contact-other-day-help")) }
                @if wrong { (notice(Mood::Bad, &html! { p { (say.t("contact-no-date")) } })) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
