//! Settings: how is it set up, and who may use it? One's own part, the people and programs that are let in, and the
//! configuration in force.

mod alerts;
mod own;
mod setup;
mod tokens;
mod users;

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    account::{AccountError, Role},
    web::{
        access::{Access, Routes},
        html::Mood,
        page::{Nav, Page, Visit},
    },
};

/// Adds the pages.
pub(super) fn add(routes: Routes) -> Routes {
    let viewer = Access::Role(Role::Viewer);
    let step_up = Access::StepUp(Role::Admin);
    routes
        .get("/settings", viewer, show)
        .post("/settings/preferences", viewer, own::preferences)
        .post("/settings/password", viewer, own::password)
        .post("/settings/sessions/end", viewer, own::end_session)
        .post("/settings/users/invite", step_up, users::invite)
        .post("/settings/users/role", step_up, users::role)
        .post("/settings/users/disable", step_up, users::disable)
        .post("/settings/tokens", step_up, tokens::create)
        .post("/settings/tokens/revoke", step_up, tokens::revoke)
        .post(
            "/settings/alerts/test",
            Access::Role(Role::Admin),
            alerts::test,
        )
        .post("/settings/reload", Access::Role(Role::Admin), setup::reload)
}

async fn show(visit: Visit) -> Response {
    let sessions = match visit.web.accounts.sessions(visit.session.user_id).await {
        Ok(sessions) => sessions,
        Err(error) => return visit.refuse(error),
    };
    let alerts = match alerts::look(&visit).await {
        Ok(alerts) => alerts,
        Err(refused) => return refused,
    };
    let let_in = if visit.may(Role::Admin) {
        match let_in(&visit).await {
            Ok(let_in) => let_in,
            Err(refused) => return refused,
        }
    } else {
        html! {}
    };
    let say = visit.say;
    let body = html! {
        div.columns {
            (own::preferences_form(&visit))
            (own::password_form(&visit))
        }
        (own::sessions(&visit, &sessions))
        (let_in)
        (alerts::shown(&visit, &alerts))
        (setup::shown(&visit))
    };
    visit
        .page(Page {
            title: say.t("nav-settings"),
            nav: Nav::Settings,
            body,
            command: Some("engaged check".to_owned()),
        })
        .await
}

/// The people and programs that are let in, for admins.
async fn let_in(visit: &Visit) -> Result<Markup, Response> {
    let accounts = &visit.web.accounts;
    let users = accounts
        .users()
        .await
        .map_err(|error| visit.refuse(error))?;
    let tokens = accounts
        .tokens()
        .await
        .map_err(|error| visit.refuse(error))?;
    let say = visit.say;
    Ok(html! {
        @if !visit.session.stepped_up {
            p.row {
                (say.t("settings-step-up"))
                a.button.quiet href="/confirm?next=%2Fsettings" { (say.t("settings-password-now")) }
            }
        }
        (users::shown(visit, &users))
        (tokens::shown(visit, &tokens))
    })
}

/// Back to the page, with what came of it.
fn done(visit: &Visit, done: Result<(), AccountError>, said: String) -> Response {
    match done {
        Ok(()) => visit.then("/settings", Mood::Good, said),
        Err(error) => not_done(visit, error),
    }
}

/// Back to the page, with why it was not done.
fn not_done(visit: &Visit, error: AccountError) -> Response {
    let say = visit.say;
    let why = match error {
        AccountError::Store(error) => return visit.refuse(error),
        AccountError::NoUser => say.t("settings-no-user"),
        AccountError::NoneSuch => say.t("settings-none-such"),
        AccountError::LastAdmin => say.t("settings-last-admin"),
        AccountError::FirstIsAdmin => say.t("settings-first-is-admin"),
        AccountError::TokenName => say.t("settings-token-name-wrong"),
        AccountError::NoScope => say.t("settings-no-scope"),
        AccountError::Days => say.t("settings-days-wrong"),
    };
    visit.then("/settings", Mood::Bad, why)
}

/// What is shown once: it stands in this answer and nowhere else.
async fn once(visit: &Visit, title: String, body: Markup) -> Response {
    let say = visit.say;
    let body = html! {
        (body)
        p { strong { (say.t("settings-once")) } }
        p { a.button href="/settings" { (say.t("settings-back")) } }
    };
    visit
        .page(Page {
            title,
            nav: Nav::Settings,
            body,
            command: None,
        })
        .await
}

#[cfg(test)]
mod tests;
