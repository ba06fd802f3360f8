//! Who may use the dashboard: roles, and letting somebody in or in no more.

use axum::{Form, response::Response};
use http::header;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::{Actor, Role, User},
    web::{
        error::role_key,
        html::{self, Column, Mood},
        page::Visit,
    },
};

use super::{done, not_done, once};

/// A user, and perhaps a role.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
}

pub(super) fn shown(visit: &Visit, users: &[User]) -> Markup {
    let say = visit.say;
    let rows = users.iter().enumerate().map(|(place, user)| {
        vec![
            html! { span.short { (html::name(&user.name)) } },
            html! { (say.t(role_key(user.role))) },
            html! { span.short { (say.millis(user.created_at)) } },
            html! {
                @if let Some(at) = user.disabled_at {
                    (html::badge(Mood::Calm, &say.with("settings-disabled", [("time", say.millis(at).into())])))
                } @else { (changes(visit, user, place)) }
            },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let columns = [
        Column::text(say.t("login-name")),
        Column::text(say.t("settings-role")),
        Column::text(say.t("settings-since")),
        Column::text(say.t("settings-change")),
    ];
    html! {
        section.card #users {
            h2 { (say.t("settings-users")) }
            (html::table(&say.t("settings-users-caption"), &columns, &rows, ""))
            h3 { (say.t("settings-invite")) }
            p { (say.t("settings-invite-help")) }
            form.row method="post" action="/settings/users/invite" {
                div {
                    label for="invite-role" { (say.t("settings-role")) }
                    (choice(visit, "invite-role", Role::Viewer))
                }
                button type="submit" { (say.t("settings-invite-do")) }
            }
        }
    }
}

fn choice(visit: &Visit, id: &str, chosen: Role) -> Markup {
    html! {
        select id=(id) name="role" {
            @for role in Role::ALL {
                option value=(role.as_str()) selected[role == chosen] { (visit.say.t(role_key(role))) }
            }
        }
    }
}

/// What can be changed about a user.
fn changes(visit: &Visit, user: &User, place: usize) -> Markup {
    let say = visit.say;
    let id = format!("role-{place}");
    html! {
        div.row {
            form.row method="post" action="/settings/users/role" {
                input type="hidden" name="name" value=(user.name);
                label.unseen for=(id) { (say.with("settings-role-of", [("name", (&user.name).into())])) }
                (choice(visit, &id, user.role))
                button.quiet type="submit" { (say.t("settings-give-role")) }
            }
            (html::button("/settings/users/disable", &say.t("settings-disable"), "quiet", &[("name", &user.name)]))
        }
    }
}

/// Makes a link by which one user can come in. It stands in the answer alone.
pub(super) async fn invite(visit: Visit, Form(named): Form<Named>) -> Response {
    let say = visit.say;
    let Some(role) = Role::parse(&named.role) else {
        return visit.then("/settings", Mood::Bad, say.t("settings-no-role"));
    };
    let actor = Actor::from(visit.session.as_ref());
    let link = match visit.web.accounts.setup_link(role, &actor).await {
        Ok(link) => link,
        Err(error) => return not_done(&visit, error),
    };
    let url = format!("{}{}", origin(&visit), link.path());
    let body = html! {
        p { (say.with("settings-link-help", [
            ("role", say.t(role_key(role)).into()), ("time", say.millis(link.expires_at).into()),
        ])) }
        (html::command(say, &url))
    };
    once(&visit, say.t("settings-link"), body).await
}

/// How people reach us: as configured, else as the asker did.
fn origin(visit: &Visit) -> String {
    let web = visit.jobs.config.web.as_ref();
    if let Some(url) = web.and_then(|web| web.public_url.as_ref()) {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let host = visit.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("127.0.0.1"))
}

/// Gives a user another role.
pub(super) async fn role(visit: Visit, Form(named): Form<Named>) -> Response {
    let say = visit.say;
    let Some(role) = Role::parse(&named.role) else {
        return visit.then("/settings", Mood::Bad, say.t("settings-no-role"));
    };
    let actor = Actor::from(visit.session.as_ref());
    let given = visit.web.accounts.set_role(&named.name, role, &actor).await;
    let said = say.with(
        "settings-role-given",
        [
            ("name", (&named.name).into()),
            ("role", say.t(role_key(role)).into()),
        ],
    );
    done(&visit, given, said)
}

/// Lets a user in no more.
pub(super) async fn disable(visit: Visit, Form(named): Form<Named>) -> Response {
    let actor = Actor::from(visit.session.as_ref());
    let disabled = visit.web.accounts.disable(&named.name, &actor).await;
    let said = visit
        .say
        .with("settings-user-disabled", [("name", (&named.name).into())]);
    done(&visit, disabled, said)
}
