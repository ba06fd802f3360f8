//! Logging in and out, the first account by a setup link, and the password typed
//! again before what cannot be undone.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Form,
    extract::{ConnectInfo, FromRequestParts, Path, Query, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts};
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    account::{LoginError, NewSession, Role, Session, SetupError},
    config::Language,
    text::{Key, Say},
    web::{
        Web,
        access::{Access, Routes},
        error::{Refusal, see},
        html::{Mood, notice},
        page::{self, Visit},
        session,
    },
};

/// Adds the pages.
pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get("/login", Access::Open, login_form)
        .post("/login", Access::Open, login)
        .post("/logout", Access::Role(Role::Viewer), logout)
        .get("/setup/{token}", Access::Open, setup_form)
        .post("/setup/{token}", Access::Open, setup)
        .get("/confirm", Access::Role(Role::Viewer), confirm_form)
        .post("/confirm", Access::Role(Role::Viewer), confirm)
        .post("/language", Access::Open, language)
}

/// Who is not logged in: where from, and in which language.
struct Stranger {
    web: Arc<Web>,
    say: Say,
    from: IpAddr,
    /// The session that the browser has all the same.
    session: Option<Arc<Session>>,
    uri: Uri,
    headers: HeaderMap,
}

impl FromRequestParts<Arc<Web>> for Stranger {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.0.ip());
        Ok(Self {
            web: Arc::clone(web),
            say: session::language(web, &parts.headers),
            from: web.client(&parts.headers, peer),
            session: parts.extensions.get::<Arc<Session>>().cloned(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        })
    }
}

impl Stranger {
    /// Lets somebody in. A session that the browser had ends: under one cookie there is one.
    async fn let_in(&self, session: &NewSession, to: &str) -> Response {
        if let Some(old) = &self.session
            && let Err(error) = self.web.accounts.logout(old).await
        {
            return refused(self, error);
        }
        welcome(&self.web, session, to)
    }

    fn page(&self, status: StatusCode, title: &str, body: &Markup) -> Response {
        let shown = html! {
            (body)
            (languages(self.say, self.uri.path()))
        };
        (status, page::bare(self.say, title, &shown)).into_response()
    }
}

/// Where to go on to, if it is a place of ours.
#[derive(Debug, Default, Deserialize)]
struct Next {
    next: Option<String>,
}

impl Next {
    fn path(&self) -> &str {
        // Browsers drop tabs and line ends from an address: behind one, a second slash would lead to another site.
        let plain = |next: &str| {
            next.bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        };
        let next = self.next.as_deref();
        next.filter(|next| next.starts_with('/') && !next.starts_with("//") && plain(next))
            .unwrap_or("/")
    }
}

#[derive(Deserialize)]
struct Typed {
    name: String,
    password: SecretString,
    next: Option<String>,
}

async fn login_form(stranger: Stranger, Query(next): Query<Next>) -> Response {
    match stranger.web.accounts.has_users().await {
        Ok(true) => login_page(&stranger, StatusCode::OK, "", next.path(), None),
        Ok(false) => nobody_yet(&stranger),
        Err(error) => refused(&stranger, error),
    }
}

fn refused(stranger: &Stranger, error: impl Into<Refusal>) -> Response {
    error
        .into()
        .shown(stranger.say, &stranger.uri, &stranger.headers)
}

fn nobody_yet(stranger: &Stranger) -> Response {
    let say = stranger.say;
    let body = html! {
        h1 { (say.t("login-nobody-title")) }
        p { (say.t("login-nobody")) }
        pre { "engaged web setup-link" }
    };
    stranger.page(StatusCode::OK, &say.t("login-nobody-title"), &body)
}

fn login_page(
    stranger: &Stranger,
    status: StatusCode,
    name: &str,
    next: &str,
    wrong: Option<&str>,
) -> Response {
    let say = stranger.say;
    let body = html! {
        h1 { (say.t("login-title")) }
        @if let Some(wrong) = wrong { (notice(Mood::Bad, &html! { p { (wrong) } })) }
        form.stack method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            div {
                label for="name" { (say.t("login-name")) }
                input #name name="name" value=(name) autocomplete="username" required autofocus[wrong.is_none()];
            }
            div {
                label for="password" { (say.t("login-password")) }
                input #password name="password" type="password" autocomplete="current-password" required;
            }
            div { button type="submit" { (say.t("login-submit")) } }
        }
    };
    stranger.page(status, &say.t("login-title"), &body)
}

async fn login(stranger: Stranger, Form(typed): Form<Typed>) -> Response {
    let next = Next { next: typed.next };
    let say = stranger.say;
    let web = Arc::clone(&stranger.web);
    let done = web
        .accounts
        .login(&typed.name, &typed.password, stranger.from);
    match done.await {
        Ok(session) => stranger.let_in(&session, next.path()).await,
        Err(LoginError::Wrong) => {
            let wrong = say.t("login-wrong");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            login_page(&stranger, status, &typed.name, next.path(), Some(&wrong))
        }
        Err(LoginError::Wait(seconds)) => {
            let wait = say.with("login-wait", [("n", seconds.into())]);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = login_page(&stranger, status, &typed.name, next.path(), Some(&wait));
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            answer
        }
        Err(LoginError::Store(error)) => refused(&stranger, error),
    }
}

/// Gives the browser its session and sends it on.
fn welcome(web: &Web, session: &NewSession, to: &str) -> Response {
    let mut answer = see(to);
    if let Some(cookie) = session::set(web, session.token.reveal()) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

async fn logout(visit: Visit) -> Response {
    if let Err(error) = visit.web.accounts.logout(&visit.session).await {
        return visit.refuse(error);
    }
    let mut answer = see("/login");
    let headers = answer.headers_mut();
    if let Some(cookie) = session::unset(&visit.web) {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(
        "clear-site-data",
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    answer
}

#[derive(Deserialize)]
struct NewAccount {
    name: String,
    password: SecretString,
    again: SecretString,
}

async fn setup_form(stranger: Stranger, Path(token): Path<String>) -> Response {
    match stranger.web.accounts.is_setup_link(&token).await {
        Ok(true) => setup_page(&stranger, StatusCode::OK, &token, "", None),
        Ok(false) => dead_link(&stranger),
        Err(error) => refused(&stranger, error),
    }
}

fn dead_link(stranger: &Stranger) -> Response {
    let say = stranger.say;
    let body = html! {
        h1 { (say.t("setup-dead-title")) }
        p { (say.t("setup-dead")) }
        pre { "engaged web setup-link" }
    };
    stranger.page(StatusCode::NOT_FOUND, &say.t("setup-dead-title"), &body)
}

fn setup_page(
    stranger: &Stranger,
    status: StatusCode,
    token: &str,
    name: &str,
    wrong: Option<&str>,
) -> Response {
    let say = stranger.say;
    let body = html! {
        h1 { (say.t("setup-title")) }
        p { (say.t("setup-lead")) }
        @if let Some(wrong) = wrong { (notice(Mood::Bad, &html! { p { (wrong) } })) }
        form.stack method="post" action={ "/setup/" (token) } {
            div {
                label for="name" { (say.t("login-name")) }
                input #name name="name" value=(name) autocomplete="username" required maxlength="64" autofocus;
            }
            div {
                label for="password" { (say.t("login-password")) }
                input #password name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="128"
                    aria-describedby="password-help";
                p.field-help #password-help { (say.t("setup-password-help")) }
            }
            div {
                label for="again" { (say.t("setup-again")) }
                input #again name="again" type="password" autocomplete="new-password" required;
            }
            div { button type="submit" { (say.t("setup-submit")) } }
        }
    };
    stranger.page(status, &say.t("setup-title"), &body)
}

async fn setup(
    stranger: Stranger,
    Path(token): Path<String>,
    Form(typed): Form<NewAccount>,
) -> Response {
    use secrecy::ExposeSecret as _;
    let say = stranger.say;
    let again = |wrong: String| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        setup_page(&stranger, status, &token, &typed.name, Some(&wrong))
    };
    if typed.password.expose_secret() != typed.again.expose_secret() {
        return again(say.t("setup-differ"));
    }
    let web = Arc::clone(&stranger.web);
    let made = web
        .accounts
        .use_setup_link(&token, &typed.name, &typed.password, stranger.from);
    match made.await {
        Ok(session) => stranger.let_in(&session, "/").await,
        Err(SetupError::Spent) => dead_link(&stranger),
        Err(SetupError::Name(why)) => again(say.t(Key(why.key()))),
        Err(SetupError::Taken) => again(say.t("setup-name-taken")),
        Err(SetupError::Password(why)) => again(say.t(Key(why.key()))),
        Err(SetupError::Store(error)) => refused(&stranger, error),
    }
}

#[derive(Deserialize)]
struct Confirmation {
    password: SecretString,
    next: Option<String>,
}

async fn confirm_form(visit: Visit, Query(next): Query<Next>) -> Response {
    confirm_page(&visit, StatusCode::OK, next.path(), None)
}

fn confirm_page(visit: &Visit, status: StatusCode, next: &str, wrong: Option<&str>) -> Response {
    let say = visit.say;
    let title = say.t("confirm-title");
    let body = html! {
        h1 { (title) }
        p { (say.t("confirm-lead")) }
        @if let Some(wrong) = wrong { (notice(Mood::Bad, &html! { p { (wrong) } })) }
        form.stack method="post" action="/confirm" {
            input type="hidden" name="next" value=(next);
            input type="hidden" name="name" value=(visit.session.name) autocomplete="username";
            div {
                label for="password" { (say.t("login-password")) }
                input #password name="password" type="password" autocomplete="current-password" required autofocus;
            }
            div.row {
                button type="submit" { (say.t("confirm-submit")) }
                a.button.quiet href=(next) { (say.t("cancel")) }
            }
        }
    };
    (status, page::bare(say, &title, &body)).into_response()
}

async fn confirm(visit: Visit, Form(typed): Form<Confirmation>) -> Response {
    let next = Next { next: typed.next };
    let say = visit.say;
    let done = visit.web.accounts.step_up(&visit.session, &typed.password);
    match done.await {
        Ok(session) => {
            // The token is another now: who had the old one has nothing.
            visit
                .web
                .leave_notice(session.session.id, Mood::Good, say.t("confirm-done"));
            welcome(&visit.web, &session, next.path())
        }
        Err(LoginError::Wrong) => {
            let wrong = say.t("confirm-wrong");
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            confirm_page(&visit, status, next.path(), Some(&wrong))
        }
        Err(LoginError::Wait(seconds)) => {
            let wait = say.with("login-wait", [("n", seconds.into())]);
            let status = StatusCode::TOO_MANY_REQUESTS;
            confirm_page(&visit, status, next.path(), Some(&wait))
        }
        Err(LoginError::Store(error)) => visit.refuse(error),
    }
}

/// A choice of language for who is not logged in.
fn languages(say: Say, path: &str) -> Markup {
    html! {
        form.row method="post" action="/language" {
            input type="hidden" name="next" value=(path);
            div {
                label for="language" { (say.t("language")) }
                select #language name="language" data-submit {
                    @for (language, name) in [(Language::Dutch, "Nederlands"), (Language::English, "English")] {
                        option value=(language.code()) selected[language == say.language] { (name) }
                    }
                }
            }
            button.quiet type="submit" { (say.t("apply-choice")) }
        }
    }
}

#[derive(Deserialize)]
struct Chosen {
    language: String,
    next: Option<String>,
}

async fn language(State(_): State<Arc<Web>>, Form(chosen): Form<Chosen>) -> Response {
    let next = Next { next: chosen.next };
    let mut answer = see(next.path());
    let mut all = Language::ALL.into_iter();
    if let Some(language) = all.find(|each| each.code() == chosen.language)
        && let Some(cookie) = session::keep_language(language)
    {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
