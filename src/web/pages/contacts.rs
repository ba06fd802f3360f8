//! Contacts: who is there? Looked for by address, by group, or by a condition of the rule language.

mod choice;
mod export;
mod list;

use axum::{
    extract::Query,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use maud::{Markup, html};

use crate::{
    account::Role,
    listing::Budget,
    rules::{SyntaxError, set::RuleSet},
    score::Reason,
    store::{ContactState, Length},
    text::{Say, inert, key},
    web::{
        access::{Access, Routes},
        error::see,
        html::{self, Column, Mood, badge, notice},
        page::{Nav, Page, Visit},
        spread::unjudged_key,
    },
};

use self::{
    choice::{Asked, Choice, Group, Sorted, Wrong},
    list::{End, Row},
};

/// So many segments of a contact are named in a row.
const SEGMENTS_MAX: usize = 8;

/// Adds the page.
pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get("/contacts", Access::Role(Role::Viewer), show)
        .post(
            "/contacts/export",
            Access::StepUp(Role::Marketer),
            export::export,
        )
}

async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let alone = asked.is_search_alone();
    if let Some(text) = asked.search().filter(|_| alone) {
        match visit.work(move |jobs| list::owner(jobs, &text)).await {
            Ok(Some(contact)) => return see(&format!("/contacts/{}", contact.0)),
            Ok(None) => {}
            Err(refused) => return refused,
        }
    }
    let choice = asked.choice(&visit.jobs.config, visit.may(Role::Marketer));
    let (choice, wrong) = match choice {
        Ok(choice) => (choice, None),
        Err(wrong) => (Choice::default(), Some(wrong)),
    };
    let list = if wrong.is_some() {
        None
    } else {
        let (wanted, after) = (choice.clone(), asked.after.clone());
        let page =
            visit.work(move |jobs| list::page(jobs, &wanted, after.as_deref(), Budget::OF_REQUEST));
        match page.await {
            Ok(page) => Some(page),
            Err(refused) => return refused,
        }
    };
    let part = Part {
        visit: &visit,
        asked: &asked,
        choice: &choice,
    };
    let body = html! {
        (part.search(wrong.as_ref()))
        @if let Some(list) = &list { (part.list(list)) }
    };
    let command = list
        .is_some()
        .then(|| choice.command(&visit.jobs.config.rules));
    let page = Page {
        title: visit.say.t("nav-contacts"),
        nav: Nav::Contacts,
        body,
        command,
    };
    let page = visit.page(page).await;
    if wrong.is_some() {
        return (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    }
    page
}

/// What the page is made from.
struct Part<'a> {
    visit: &'a Visit,
    asked: &'a Asked,
    choice: &'a Choice,
}

impl Part<'_> {
    fn say(&self) -> Say {
        self.visit.say
    }

    fn rules(&self) -> &RuleSet {
        &self.visit.jobs.config.rules
    }

    /// The form, with what is wrong with what was typed.
    fn search(&self, wrong: Option<&Wrong>) -> Markup {
        let say = self.say();
        let typed = self.asked.condition.as_deref().unwrap_or_default();
        let told = wrong.map(|wrong| self.wrong(wrong, typed));
        let in_condition = matches!(wrong, Some(Wrong::Condition(_)));
        html! {
            form.filters method="get" action="/contacts" {
                div.row {
                    @if self.visit.may(Role::Marketer) {
                        div {
                            label for="q" { (say.t("contacts-address")) }
                            input #q type="search" name="q" value=(inert(&self.asked.search().unwrap_or_default())) autocomplete="off";
                        }
                    }
                    div { label for="who" { (say.t("contacts-who")) } (self.groups()) }
                    div { label for="sort" { (say.t("contacts-sort")) } (self.sorts()) }
                    button type="submit" { (say.t("contacts-show")) }
                }
                div.condition {
                    label for="where" { (say.t("contacts-where")) }
                    input.mono #where name="where" value=(inert(typed)) autocomplete="off" spellcheck="false" maxlength="8000"
                        aria-describedby="where-help" aria-invalid=[in_condition.then_some("true")];
                    p.field-help #where-help { (say.t("contacts-where-help")) }
                }
                @if let Some(told) = told { (notice(Mood::Bad, &told)) }
            }
        }
    }

    fn wrong(&self, wrong: &Wrong, typed: &str) -> Markup {
        let say = self.say();
        match wrong {
            Wrong::Name(name) => {
                html! { p { (say.with("contacts-no-name", [("name", name.into())])) } }
            }
            Wrong::Address => html! { p { (say.t("contacts-no-address")) } },
            Wrong::Condition(errors) => html! {
                p { (say.t("contacts-wrong")) }
                @for error in errors { (mistake(typed.trim(), error)) }
            },
        }
    }

    /// Everybody, and each group that lists are kept of.
    fn groups(&self) -> Markup {
        let say = self.say();
        let rules = self.rules();
        let chosen = self
            .choice
            .group
            .as_ref()
            .map(Group::value)
            .unwrap_or_default();
        let option = |group: &Group, name: &str| {
            let value = group.value();
            html! { option value=(value) selected[value == chosen] { (name) } }
        };
        html! {
            select #who name="who" {
                option value="" { (say.t("contacts-everybody")) }
                @if !rules.segments.is_empty() {
                    optgroup label=(say.t("contacts-segments")) {
                        @for segment in &rules.segments { (option(&Group::Segment(segment.name.clone()), &segment.name)) }
                    }
                }
                @for score in &rules.scores {
                    optgroup label=(say.with("contacts-bands", [("score", (&score.name).into())])) {
                        @for band in &score.bands {
                            (option(&Group::Band(score.name.clone(), Some(band.name.clone())), &band.name))
                        }
                        (option(&Group::Band(score.name.clone(), None), &say.t("no-band")))
                    }
                }
                @if !rules.stages.is_empty() {
                    optgroup label=(say.t("contacts-stages")) {
                        @for stage in &rules.stages { (option(&Group::Stage(stage.name.clone()), &stage.name)) }
                    }
                }
                optgroup label=(say.t("contacts-unjudged")) {
                    @for reason in Reason::WAITING {
                        (option(&Group::Unjudged(reason.as_str().to_owned()), &say.t(unjudged_key(reason.as_str()))))
                    }
                }
            }
        }
    }

    fn sorts(&self) -> Markup {
        let say = self.say();
        let option = |sorted: &Sorted, name: &str| {
            html! {
                option value=(sorted.value()) selected[*sorted == self.choice.sorted] { (name) }
            }
        };
        html! {
            select #sort name="sort" {
                (option(&Sorted::Known, &say.t("contacts-sort-known")))
                @for score in &self.rules().scores {
                    (option(&Sorted::Most(score.name.clone()), &say.with("contacts-sort-most", [("score", (&score.name).into())])))
                    (option(&Sorted::Fewest(score.name.clone()), &say.with("contacts-sort-fewest", [("score", (&score.name).into())])))
                }
            }
        }
    }

    fn list(&self, list: &list::Page) -> Markup {
        let say = self.say();
        let scores = &self.rules().scores;
        let mut columns = vec![Column::text(say.t("contacts-contact"))];
        columns.extend(
            scores
                .iter()
                .map(|score| Column::number(score.name.clone())),
        );
        columns.extend([
            Column::text(say.t("contacts-belongs")),
            Column::text(say.t("not-judged")),
        ]);
        let rows: Vec<Vec<Markup>> = list.rows.iter().map(|row| self.row(row)).collect();
        let caption = match list.end {
            End::Kept { .. } => say.t("contacts-caption"),
            End::Looked { .. } => say.t("contacts-caption-now"),
        };
        let empty = match (&list.end, &list.next) {
            (End::Looked { .. }, Some(_)) => say.t("contacts-nobody-yet"),
            _ => say.t("contacts-nobody"),
        };
        html! {
            (self.length(list))
            (html::table(&caption, &columns, &rows, &empty))
            (self.onward(list))
            @if self.visit.may(Role::Marketer) { (self.export()) }
        }
    }

    fn row(&self, row: &Row) -> Vec<Markup> {
        let say = self.say();
        let mut cells = vec![self.visit.contact(row.id, row.email.as_ref())];
        for score in &self.rules().scores {
            let found = row.state.iter().flat_map(|state| &state.scores);
            let found = found.clone().find(|each| each.name == score.name);
            cells.push(html! {
                @if let Some(found) = found {
                    @if let Some(band) = &found.band { (badge(Mood::Calm, &inert(band))) " " }
                    strong data-points=(found.shown) { (say.n(found.shown)) }
                } @else { "–" }
            });
        }
        match &row.state {
            None if row.objects => cells.extend([
                html! { span.soft { (say.t("contacts-objected")) } },
                html! { "–" },
            ]),
            None => cells.extend([
                html! { span.soft { (say.t("contacts-not-scored")) } },
                html! { "–" },
            ]),
            Some(state) => cells.extend([self.belongs(state), self.unjudged(state)]),
        }
        cells
    }

    fn belongs(&self, state: &ContactState) -> Markup {
        let more = state.segments.len().saturating_sub(SEGMENTS_MAX);
        html! {
            @for (place, segment) in state.segments.iter().take(SEGMENTS_MAX).enumerate() {
                @if place > 0 { ", " } (html::name(segment))
            }
            @if more > 0 { " " span.soft { (self.say().with("contact-more", [("n", more.into())])) } }
            @if let Some(stage) = &state.stage {
                @if !state.segments.is_empty() { br; }
                span.soft { (self.say().t("contact-stage")) " " } (html::name(stage))
            }
            @if state.segments.is_empty() && state.stage.is_none() { "–" }
        }
    }

    fn unjudged(&self, state: &ContactState) -> Markup {
        let say = self.say();
        html! {
            @match &state.unjudged {
                Some(reason) => span.soft { (say.with("contacts-because", [("why", say.t(unjudged_key(reason)).into())])) },
                None => "–",
            }
        }
    }

    /// How many there are, as far as that is known.
    fn length(&self, list: &list::Page) -> Markup {
        let say = self.say();
        html! {
            @match &list.end {
                End::Kept { length, as_asked } => {
                    p.lead { (counted(say, *length)) }
                    @if !as_asked { (notice(Mood::Calm, &html! { p { (say.t("contacts-not-sorted")) } })) }
                },
                End::Looked { contacts, of } => p.lead { (self.looked(*contacts, *of, list)) },
            }
        }
    }

    /// How far looking has come.
    fn looked(&self, contacts: u64, of: Length, list: &list::Page) -> String {
        let say = self.say();
        let all = contacts.saturating_add(self.seen_before());
        let found = list.rows.len();
        let key = match list.next {
            None => key("contacts-looked-at-all"),
            Some(_) if list.is_full() => key("contacts-looked-and-full"),
            Some(_) => key("contacts-looked-so-far"),
        };
        say.with(
            key,
            [
                ("seen", all.into()),
                ("all", counted(say, of).into()),
                ("n", found.into()),
            ],
        )
    }

    fn seen_before(&self) -> u64 {
        let seen = self.asked.seen.as_deref();
        seen.and_then(|seen| seen.parse().ok()).unwrap_or(0)
    }

    /// The way to the next page, and back to the first.
    fn onward(&self, list: &list::Page) -> Markup {
        let say = self.say();
        let href = |after: Option<&str>, seen: u64| {
            let seen = (seen > 0).then(|| seen.to_string());
            self.href("/contacts", &[("after", after), ("seen", seen.as_deref())])
        };
        let (seen, name) = match &list.end {
            End::Looked { contacts, .. } if !list.is_full() => {
                (*contacts, say.t("contacts-look-on"))
            }
            End::Looked { contacts, .. } => (*contacts, say.t("next-page")),
            End::Kept { .. } => (0, say.t("next-page")),
        };
        let seen = if seen > 0 {
            seen.saturating_add(self.seen_before())
        } else {
            0
        };
        html! {
            @if list.next.is_some() || self.asked.after.is_some() {
                nav.row aria-label=(say.t("contacts-pages")) {
                    @if self.asked.after.is_some() { a.button.quiet href=(href(None, 0)) { (say.t("first-page")) } }
                    @if let Some(next) = &list.next { a.button href=(href(Some(next), seen)) { (name) } }
                }
            }
        }
    }

    /// A page of ours with what is asked for.
    fn href(&self, path: &str, more: &[(&str, Option<&str>)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.choice.pairs(self.asked));
        for (name, value) in more {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// The whole list as a file.
    fn export(&self) -> Markup {
        let say = self.say();
        let format = |format: &str, name: String| {
            html! {
                button.quiet type="submit" name="format" value=(format) { (name) }
            }
        };
        html! {
            section.export {
                h2 { (say.t("contacts-export")) }
                form.row method="post" action=(self.href("/contacts/export", &[])) {
                    (format("csv", say.t("download-csv"))) (format("ndjson", say.t("download-ndjson")))
                }
                p.field-help { (say.t("contacts-export-help")) }
            }
        }
    }
}

fn counted(say: Say, length: Length) -> String {
    let key = if length.or_more {
        key("contacts-more-than")
    } else {
        key("contacts-number")
    };
    say.with(key, [("n", length.contacts.into())])
}

/// A mistake at its word.
fn mistake(typed: &str, error: &SyntaxError) -> Markup {
    let before = inert(typed.get(..error.span.start).unwrap_or(typed));
    let word = inert(typed.get(error.span.clone()).unwrap_or_default());
    let after = inert(typed.get(error.span.end..).unwrap_or_default());
    html! {
        pre.mistake { (before) span.wrong { (if word.is_empty() { "\u{a0}" } else { word.as_str() }) } (after) }
        p { (html::words(&error.message)) " (" (error.code.as_str()) ")" }
        @if let Some(help) = &error.help { p { strong { (html::words(help)) } } }
    }
}

#[cfg(test)]
mod tests;
