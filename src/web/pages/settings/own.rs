//! One's own part: language and appearance, the password, and where one is logged in.

use axum::{Form, response::Response};
use http::{HeaderValue, header};
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::{
    account::{Actor, ChangeError, OpenSession, SessionId, Theme},
    config::Language,
    text::Key,
    web::{
        html::{self, Column, Mood},
        page::Visit,
        session,
    },
};

use super::done;

/// A choice of language and appearance.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    language: String,
    #[serde(default)]
    theme: String,
}

pub(super) fn preferences_form(visit: &Visit) -> Markup {
    let say = visit.say;
    let theme = visit.session.theme.map_or("auto", Theme::as_str);
    let themes = [
        ("auto", say.t("theme-auto")),
        (Theme::Light.as_str(), say.t("theme-light")),
        (Theme::Dark.as_str(), say.t("theme-dark")),
    ];
    html! {
        section.card {
            h2 { (say.t("settings-own")) }
            form.stack #preferences method="post" action="/settings/preferences" {
                div {
                    label for="language" { (say.t("language")) }
                    select #language name="language" {
                        @for (language, name) in [(Language::Dutch, "Nederlands"), (Language::English, "English")] {
                            option value=(language.code()) selected[language == say.language] lang=(language.code()) { (name) }
                        }
                    }
                }
                div {
                    label for="theme" { (say.t("theme")) }
                    select #theme name="theme" {
                        @for (value, name) in themes {
                            option value=(value) selected[value == theme] { (name) }
                        }
                    }
                }
                div { button type="submit" { (say.t("save")) } }
            }
        }
    }
}

/// Keeps language and appearance.
pub(super) async fn preferences(visit: Visit, Form(chosen): Form<Chosen>) -> Response {
    let mut all = Language::ALL.into_iter();
    let language = all.find(|language| language.code() == chosen.language);
    let theme = Theme::parse(&chosen.theme);
    let keep = visit
        .web
        .accounts
        .set_preferences(visit.session.user_id, language, theme);
    if let Err(error) = keep.await {
        return visit.refuse(error);
    }
    // In the language that was just chosen.
    let say = crate::text::Say::new(
        language.unwrap_or(visit.say.language),
        visit.jobs.config.zone,
    );
    visit.then("/settings", Mood::Good, say.t("settings-saved"))
}

/// A password in the place of another.
#[derive(Deserialize)]
pub(super) struct Changed {
    present: SecretString,
    new: SecretString,
    again: SecretString,
}

pub(super) fn password_form(visit: &Visit) -> Markup {
    let say = visit.say;
    html! {
        section.card {
            h2 { (say.t("settings-password")) }
            form.stack method="post" action="/settings/password" {
                input type="hidden" name="name" value=(visit.session.name) autocomplete="username";
                div {
                    label for="present" { (say.t("settings-present")) }
                    input #present name="present" type="password" autocomplete="current-password" required;
                }
                div {
                    label for="new" { (say.t("settings-new")) }
                    input #new name="new" type="password" autocomplete="new-password" required minlength="12" maxlength="128"
                        aria-describedby="new-help";
                    p.field-help #new-help { (say.t("setup-password-help")) }
                }
                div {
                    label for="again" { (say.t("setup-again")) }
                    input #again name="again" type="password" autocomplete="new-password" required;
                }
                div { button type="submit" { (say.t("settings-change-password")) } }
            }
        }
    }
}

/// Changes one's own password. All sessions end; the browser gets a new one.
pub(super) async fn password(visit: Visit, Form(typed): Form<Changed>) -> Response {
    let say = visit.say;
    let bad = |why: String| visit.then("/settings", Mood::Bad, why);
    if typed.new.expose_secret() != typed.again.expose_secret() {
        return bad(say.t("setup-differ"));
    }
    let accounts = &visit.web.accounts;
    let changed = accounts.change_password(&visit.session, &typed.present, &typed.new);
    match changed.await {
        Ok(new) => {
            let text = say.t("settings-password-changed");
            visit.web.leave_notice(new.session.id, Mood::Good, text);
            let mut answer = crate::web::error::see("/settings");
            if let Some(cookie) = session::set(&visit.web, new.token.reveal()) {
                answer.headers_mut().append(header::SET_COOKIE, cookie);
            }
            answer
        }
        Err(ChangeError::Wrong) => bad(say.t("settings-present-wrong")),
        Err(ChangeError::Wait(seconds)) => {
            let mut answer = bad(say.with("login-wait", [("n", seconds.into())]));
            let after = HeaderValue::from(seconds);
            answer.headers_mut().insert(header::RETRY_AFTER, after);
            answer
        }
        Err(ChangeError::Password(why)) => bad(say.t(Key(why.key()))),
        Err(ChangeError::Store(error)) => visit.refuse(error),
    }
}

/// A session that is to end.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ended {
    #[serde(default)]
    session: i64,
}

pub(super) fn sessions(visit: &Visit, open: &[OpenSession]) -> Markup {
    let say = visit.say;
    let rows = open.iter().map(|each| {
        let number = each.id.0.to_string();
        vec![
            html! { span.short { (say.millis(each.created_at)) } },
            html! { span.short { (say.millis(each.seen_at)) } },
            html::name(&each.from),
            html! {
                @if each.id == visit.session.id {
                    (html::badge(Mood::Good, &say.t("settings-this-session")))
                } @else {
                    (html::button("/settings/sessions/end", &say.t("settings-end-session"), "quiet", &[("session", &number)]))
                }
            },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("settings-since")),
        Column::text(say.t("settings-seen")),
        Column::text(say.t("settings-from")),
        Column::text(say.t("settings-end")),
    ];
    html! {
        section.card {
            h2 { (say.t("settings-sessions")) }
            (html::table(&say.t("settings-sessions-caption"), &columns, &rows, ""))
        }
    }
}

/// Ends one of one's own sessions.
pub(super) async fn end_session(visit: Visit, Form(ended): Form<Ended>) -> Response {
    let actor = Actor::from(visit.session.as_ref());
    let user = visit.session.user_id;
    let end = visit
        .web
        .accounts
        .end_session(user, SessionId(ended.session), &actor);
    done(&visit, end.await, visit.say.t("settings-session-ended"))
}
