//! API tokens: making one for a program, what each may do, and ending it.

use axum::{Form, extract::RawForm, response::Response};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    account::{Actor, ApiToken, ApiTokenId, DAYS_DEFAULT, DAYS_MAX, Scope},
    text::{Key, key},
    web::{
        html::{self, Column, Mood},
        page::Visit,
    },
};

use super::{done, not_done, once};

/// A token that is to end.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ended {
    #[serde(default)]
    token: i64,
}

/// What a scope allows, in words.
fn scope_key(scope: Scope) -> Key {
    match scope {
        Scope::Read => key("settings-scope-read"),
        Scope::Events => key("settings-scope-events"),
        Scope::Plan => key("settings-scope-plan"),
        Scope::Apply => key("settings-scope-apply"),
        Scope::Approve => key("settings-scope-approve"),
        Scope::Automations => key("settings-scope-automations"),
    }
}

pub(super) fn shown(visit: &Visit, tokens: &[ApiToken]) -> Markup {
    let say = visit.say;
    let rows: Vec<Vec<Markup>> = tokens.iter().map(|token| row(visit, token)).collect();
    let columns = [
        Column::text(say.t("settings-token")),
        Column::text(say.t("settings-scopes")),
        Column::text(say.t("settings-made")),
        Column::text(say.t("settings-used")),
        Column::text(say.t("settings-until")),
        Column::text(say.t("settings-end")),
    ];
    html! {
        section.card #tokens {
            h2 { (say.t("settings-tokens")) }
            (html::table(&say.t("settings-tokens-caption"), &columns, &rows, &say.t("settings-tokens-none")))
            h3 { (say.t("settings-new-token")) }
            form.stack method="post" action="/settings/tokens" {
                div {
                    label for="token-name" { (say.t("settings-token-name")) }
                    input #token-name name="name" required maxlength="64" autocomplete="off" aria-describedby="token-name-help";
                    p.field-help #token-name-help { (say.t("settings-token-name-help")) }
                }
                fieldset {
                    legend { (say.t("settings-scopes")) }
                    @for scope in Scope::ALL {
                        label {
                            input type="checkbox" name="scope" value=(scope.as_str()); " "
                            code { (scope.as_str()) } " " span.soft { (say.t(scope_key(scope))) }
                        }
                    }
                }
                div {
                    label for="token-days" { (say.t("settings-days")) }
                    input #token-days name="days" type="number" min="1" max=(DAYS_MAX) value=(DAYS_DEFAULT) required;
                }
                div { button type="submit" { (say.t("settings-token-make")) } }
            }
        }
    }
}

fn row(visit: &Visit, token: &ApiToken) -> Vec<Markup> {
    let say = visit.say;
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let number = token.id.0.to_string();
    let now = visit.now().timestamp_millis();
    vec![
        html::name(&token.name),
        html! { (scopes.join(", ")) },
        html! { (say.millis(token.created_at)) " " (html::name(&token.created_by)) },
        html! { (token.used_at.map_or_else(|| say.t("settings-never-used"), |at| say.millis(at))) },
        html! { span.short { (say.millis(token.expires_at)) } },
        html! {
            @if let Some(at) = token.revoked_at {
                (html::badge(Mood::Calm, &say.with("settings-revoked", [("time", say.millis(at).into())])))
            } @else if !token.is_good(now) {
                (html::badge(Mood::Calm, &say.t("settings-expired")))
            } @else {
                (html::button("/settings/tokens/revoke", &say.t("settings-revoke"), "quiet", &[("token", &number)]))
            }
        },
    ]
}

/// Makes a token. It stands in the answer alone.
pub(super) async fn create(visit: Visit, RawForm(form): RawForm) -> Response {
    let (mut name, mut days, mut scopes) = (String::new(), String::new(), Vec::new());
    for (field, value) in url::form_urlencoded::parse(&form) {
        match field.as_ref() {
            "name" => name = value.into_owned(),
            "days" => days = value.into_owned(),
            "scope" => scopes.extend(Scope::parse(&value)),
            _ => {}
        }
    }
    // What is no number is out of bounds.
    let days = days.trim().parse().unwrap_or(0);
    let actor = Actor::from(visit.session.as_ref());
    let made = visit
        .web
        .accounts
        .create_token(&name, &scopes, days, &actor)
        .await;
    let made = match made {
        Ok(made) => made,
        Err(error) => return not_done(&visit, error),
    };
    let say = visit.say;
    let body = html! {
        p { (say.with("settings-token-made", [
            ("name", (&made.listed.name).into()), ("time", say.millis(made.listed.expires_at).into()),
        ])) }
        (html::command(say, made.token.reveal()))
    };
    once(&visit, say.t("settings-token"), body).await
}

/// Ends a token.
pub(super) async fn revoke(visit: Visit, Form(ended): Form<Ended>) -> Response {
    let actor = Actor::from(visit.session.as_ref());
    let accounts = &visit.web.accounts;
    let revoked = accounts.revoke_token(ApiTokenId(ended.token), &actor).await;
    done(&visit, revoked, visit.say.t("settings-token-revoked"))
}
