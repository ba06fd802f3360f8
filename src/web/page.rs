//! The frame around every page: navigation, how fresh the data are, what is
//! held, and the page itself; and the visit of a logged-in person that fills it.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use engaged_connectors::model::Address;
use http::{HeaderMap, Uri, request::Parts};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Web,
    error::Refusal,
    html::{self, Mood},
};
use crate::{
    account::{Role, Session, Theme},
    diagnostic::Expected,
    schedule::jobs::Jobs,
    status::{self, ConnectionStatus, Status},
    store::{Conn, StoreError},
    text::{Key, Say, key},
};

/// The places that navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    /// What needs me, and what changed?
    Overview,
    /// How is the list spread?
    Scores,
    /// Who moves where?
    Segments,
    /// Who is there, and why?
    Contacts,
    /// What do the rules do, and what if?
    Rules,
    /// Did crossings start the right things?
    Automations,
    /// Can I trust the data?
    Sync,
    /// What was written?
    Push,
    /// Who should go?
    Cleaning,
    /// Who did what, and what is held?
    Privacy,
    /// How is it set up?
    Settings,
}

impl Nav {
    const ALL: [(Self, &'static str, Key); 11] = [
        (Self::Overview, "/", key("nav-overview")),
        (Self::Scores, "/scores", key("nav-scores")),
        (Self::Segments, "/segments", key("nav-segments")),
        (Self::Contacts, "/contacts", key("nav-contacts")),
        (Self::Rules, "/rules", key("nav-rules")),
        (Self::Automations, "/automations", key("nav-automations")),
        (Self::Cleaning, "/cleaning", key("nav-cleaning")),
        (Self::Push, "/push", key("nav-push")),
        (Self::Sync, "/sync", key("nav-sync")),
        (Self::Privacy, "/privacy", key("nav-privacy")),
        (Self::Settings, "/settings", key("nav-settings")),
    ];
}

/// A page's own part.
pub struct Page {
    /// Its heading, and the title of the window.
    pub title: String,
    /// Where it stands.
    pub nav: Nav,
    /// What it says.
    pub body: Markup,
    /// The command that shows the same.
    pub command: Option<String>,
}

/// A logged-in person's request.
pub struct Visit {
    /// The server.
    pub web: Arc<Web>,
    /// Who asks.
    pub session: Arc<Session>,
    /// In which language.
    pub say: Say,
    /// The configuration, the store and the clock, the same for the whole request.
    pub jobs: Arc<Jobs>,
    /// What was asked for.
    pub uri: Uri,
    /// The request's headers.
    pub headers: HeaderMap,
}

impl FromRequestParts<Arc<Web>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let before = super::session::language(web, &parts.headers);
        let Some(session) = parts.extensions.get::<Arc<Session>>() else {
            return Err(Refusal::LogIn.shown(before, &parts.uri, &parts.headers));
        };
        let jobs = web.jobs();
        let language = session.language.unwrap_or(before.language);
        Ok(Self {
            web: Arc::clone(web),
            session: Arc::clone(session),
            say: Say::new(language, jobs.config.zone),
            jobs,
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        })
    }
}

impl Visit {
    /// The present instant.
    pub fn now(&self) -> DateTime<Utc> {
        self.jobs.clock.now()
    }

    /// Reads one snapshot of the store.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Response> {
        let read = self.jobs.store.read_async(job).await;
        read.map_err(|error| self.refuse(error))
    }

    /// Runs something that blocks: reading much, evaluating, rendering.
    pub async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Jobs) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Response> {
        let jobs = Arc::clone(&self.jobs);
        let done = tokio::task::spawn_blocking(move || job(&jobs)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.refuse(error)),
            Err(error) => Err(self.refuse(Refusal::ours(&error.to_string()))),
        }
    }

    /// Does what a person said, which blocks for one short transaction.
    pub async fn act<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Jobs) -> Result<T, Expected> + Send + 'static,
    ) -> Result<T, Response> {
        let jobs = Arc::clone(&self.jobs);
        let done = tokio::task::spawn_blocking(move || job(&jobs)).await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(expected)) => Err(self.refuse(expected)),
            Err(error) => Err(self.refuse(Refusal::ours(&error.to_string()))),
        }
    }

    /// Why the request is not carried out, as a page.
    pub fn refuse(&self, refusal: impl Into<Refusal>) -> Response {
        refusal.into().shown(self.say, &self.uri, &self.headers)
    }

    /// Whether the visitor's role reaches.
    pub fn may(&self, role: Role) -> bool {
        self.session.role >= role
    }

    /// A contact's address as the visitor may see it: viewers see it masked.
    pub fn address(&self, address: &Address) -> String {
        if self.may(Role::Marketer) {
            address.reveal().to_owned()
        } else {
            masked(address.reveal())
        }
    }

    /// A text that may hold addresses, as the visitor may see it.
    pub fn plain(&self, text: &str) -> String {
        if self.may(Role::Marketer) {
            text.to_owned()
        } else {
            without_addresses(text)
        }
    }

    /// Leaves a notice for the visitor's next page, and sends the browser there.
    pub fn then(&self, to: &str, mood: Mood, text: impl Into<String>) -> Response {
        self.web.leave_notice(self.session.id, mood, text.into());
        super::error::see(to)
    }

    /// The whole page.
    pub async fn page(&self, page: Page) -> Response {
        let status = self
            .work(|jobs| status::status(&jobs.store, &jobs.config, jobs.clock.as_ref()))
            .await;
        match status {
            Ok(status) => self.framed(&page, &status).into_response(),
            Err(refused) => refused,
        }
    }

    fn framed(&self, page: &Page, status: &Status) -> Markup {
        let say = self.say;
        let notices = self.web.take_notices(self.session.id);
        let body = html! {
            a.skip href="#content" { (say.t("skip-to-content")) }
            header.top {
                a.brand href="/" { (say.t("product")) }
                form.find role="search" action="/contacts" method="get" {
                    label.unseen for="find" { (say.t("search-contact")) }
                    input #find type="search" name="q" placeholder=(say.t("search-contact"));
                    button.quiet type="submit" { (say.t("search")) }
                }
                div.account {
                    a href="/settings" { (html::name(&self.session.name)) }
                    span.role { (say.t(super::error::role_key(self.session.role))) }
                    form method="post" action="/logout" { button.quiet type="submit" { (say.t("log-out")) } }
                }
            }
            nav.main aria-label=(say.t("nav-main")) {
                ul {
                    @for (nav, href, name) in Nav::ALL {
                        li { a href=(href) aria-current=[(nav == page.nav).then_some("page")] { (say.t(name)) } }
                    }
                }
            }
            (freshness(say, status, self.now()))
            (self.banners(status))
            main #content tabindex="-1" {
                h1 { (page.title) }
                @for (mood, text) in &notices { (html::notice(*mood, &html! { p { (text) } })) }
                (page.body)
                @if let Some(command) = &page.command { (html::command(say, command)) }
            }
        };
        document(say, &page.title, self.session.theme, &body)
    }

    fn banners(&self, status: &Status) -> Markup {
        let say = self.say;
        let reload = self.web.desk.reload_trouble();
        html! {
            @if status.paused { (html::notice(Mood::Warn, &html! { p { (say.t("banner-paused")) } })) }
            @if !status.guards.is_empty() {
                (html::notice(Mood::Warn, &html! {
                    p {
                        (say.with("banner-guards", [("n", status.guards.len().into())])) " "
                        a href="/push#held" { (say.t("banner-see")) }
                    }
                }))
            }
            @if let Some(why) = reload {
                (html::notice(Mood::Bad, &html! { p { (say.with("banner-reload", [("why", first(&why.errors).into())])) } }))
            }
        }
    }
}

/// What is wrong first of all.
fn first(errors: &[crate::diagnostic::Diagnostic]) -> String {
    let first = errors.first();
    first.map_or_else(String::new, |error| match &error.place {
        Some(place) => format!("{place}: {error}"),
        None => error.to_string(),
    })
}

/// `j…@e….nl`: enough to tell people apart, not to write to them.
pub fn masked(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    let end = domain.rsplit_once('.').map_or("", |(_, end)| end);
    format!("{}…@{}….{end}", first(local), first(domain))
}

/// A text in which everything that looks like an address is masked, also inside a link.
pub fn without_addresses(text: &str) -> String {
    let ends =
        |c: char| c.is_whitespace() || c.is_control() || "<>()[]{}\"'`,;:/?&=#|\\".contains(c);
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(ends) {
        let (word, end) = match piece.char_indices().next_back() {
            Some((at, last)) if ends(last) => piece.split_at(at),
            _ => (piece, ""),
        };
        let plain = word.replace("%40", "@");
        match plain.split_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                out += &masked(&plain);
            }
            _ => out += word,
        }
        out += end;
    }
    out
}

/// How old the data of each connection are, and up to when they are complete.
fn freshness(say: Say, status: &Status, now: DateTime<Utc>) -> Markup {
    html! {
        section.freshness aria-label=(say.t("freshness")) {
            @if status.connections.is_empty() { p { (say.t("no-connections")) } }
            ul {
                @for each in &status.connections {
                    li class=(chip_class(each)) {
                        a href="/sync" {
                            strong { (html::name(&each.name)) } " "
                            (html::badge(mood(each.state), &say.t(state_key(each.state)))) " "
                            span {
                                @match each.last_good_at {
                                    Some(at) => (say.with("fresh-age", [("age", say.ago(at, now).into())])),
                                    None => (say.t("fresh-never")),
                                }
                            } " "
                            span.through {
                                @match each.complete_through {
                                    Some(at) => (say.with("fresh-through", [("time", say.time(at).into())])),
                                    None => (say.t("fresh-not-through")),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn chip_class(each: &ConnectionStatus) -> &'static str {
    match each.state {
        "ok" => "chip",
        _ => "chip old",
    }
}

/// How a connection's state is to be taken.
pub fn mood(state: &str) -> Mood {
    match state {
        "ok" => Mood::Good,
        "blocked" | "trouble" => Mood::Bad,
        "stale" => Mood::Warn,
        _ => Mood::Calm,
    }
}

/// The name of a connection's state in messages.
pub fn state_key(state: &str) -> Key {
    match state {
        "ok" => key("state-ok"),
        "stale" => key("state-stale"),
        "trouble" => key("state-trouble"),
        "blocked" => key("state-blocked"),
        _ => key("state-never-synced"),
    }
}

/// A page for who is not logged in.
pub fn bare(say: Say, title: &str, body: &Markup) -> Markup {
    let body = html! {
        header.top { a.brand href="/" { (say.t("product")) } }
        main #content.bare { (body) }
    };
    document(say, title, None, &body)
}

fn document(say: Say, title: &str, theme: Option<Theme>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(say.language.code()) data-theme=[theme.map(Theme::as_str)] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (say.t("product")) }
                link rel="stylesheet" href="/assets/app.css";
                link rel="stylesheet" href="/assets/chart.css";
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                script src="/assets/app.js" defer {}
            }
            body { (PreEscaped("\n")) (body) }
        }
    }
}
