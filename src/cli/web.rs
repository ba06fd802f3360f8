//! `web`: who may use the dashboard and the API. Each verb works beside a running daemon.

use std::sync::Arc;

use chrono::DateTime;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    account::{
        AccountError, Accounts, Actor, ApiToken, ApiTokenId, DAYS_DEFAULT, DAYS_MAX, Role, Scope,
        User,
    },
    config::Config,
    diagnostic::{Diagnostic, Exit, Expected},
    score::calendar::Millis,
};

use super::{
    Context,
    human::{beside, who},
    output,
    runtime::wait,
    usage,
};

#[derive(Debug, Args)]
pub(super) struct Web {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a link by which one user can be made, once, within 15 minutes
    SetupLink(SetupLink),
    /// List who may log in
    Users,
    /// Let a user in no more; a setup link lets them back in
    Disable(Disable),
    /// Make a token for a program; it is shown once
    Token(Token),
    /// List the tokens of programs
    Tokens,
    /// End a token
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct SetupLink {
    /// What the user will be: viewer, marketer, admin
    #[arg(long, default_value = "admin", value_parser = role)]
    role: Role,
}

#[derive(Debug, Args)]
struct Disable {
    /// The user's login name
    name: String,
}

#[derive(Debug, Args)]
struct Token {
    /// What the token is for
    name: String,
    /// What its holder may do: read, events, plan, apply, approve, automations
    #[arg(long, required = true, num_args = 1.., value_parser = scope)]
    scope: Vec<Scope>,
    /// How long it lasts
    #[arg(long, default_value_t = DAYS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    days: u32,
}

#[derive(Debug, Args)]
struct Revoke {
    /// The token's number: see `engaged web tokens`
    id: i64,
}

fn role(text: &str) -> Result<Role, String> {
    let all = Role::ALL.map(Role::as_str).join(", ");
    Role::parse(text).ok_or_else(|| format!("there are: {all}"))
}

fn scope(text: &str) -> Result<Scope, String> {
    let all = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(text).ok_or_else(|| format!("there are: {all}"))
}

pub(super) fn web(context: &Context, arguments: &Web) -> Result<Exit, Expected> {
    let config = context.config()?;
    let door = Door {
        context,
        accounts: Accounts::new(beside(context, &config)?, Arc::clone(&context.clock)),
        actor: Actor::Operator(who(context)),
        config,
    };
    wait(async {
        match &arguments.verb {
            Verb::SetupLink(arguments) => door.setup_link(arguments).await,
            Verb::Users => door.users().await,
            Verb::Disable(arguments) => door.disable(arguments).await,
            Verb::Token(arguments) => door.token(arguments).await,
            Verb::Tokens => door.tokens().await,
            Verb::Revoke(arguments) => door.revoke(arguments).await,
        }
    })?
}

/// What every verb of this group needs.
struct Door<'c> {
    context: &'c Context,
    config: Config,
    accounts: Accounts,
    actor: Actor,
}

impl Door<'_> {
    async fn setup_link(&self, arguments: &SetupLink) -> Result<Exit, Expected> {
        let Some(web) = &self.config.web else {
            return Err(usage(
                "no dashboard is configured",
                "add a section [web] to the configuration and start the daemon",
            ));
        };
        let base = match &web.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", web.listen),
        };
        let link = self.accounts.setup_link(arguments.role, &self.actor).await;
        let link = link.map_err(failed)?;
        let url = base + &link.path();
        let until = self.time(link.expires_at);
        let result = json!({
            "schema": 1, "url": url, "role": link.role.as_str(), "expires_at": instant(link.expires_at),
        });
        self.context.output.show(&result, |_| {
            format!("{url}\nmakes one {}; good once, until {until}", link.role)
        });
        Ok(Exit::Done)
    }

    async fn users(&self) -> Result<Exit, Expected> {
        let users = self.accounts.users().await?;
        let json_of = |user: &User| {
            json!({
                "name": user.name, "role": user.role.as_str(), "created_at": instant(user.created_at),
                "disabled_at": user.disabled_at.map(instant),
            })
        };
        let result = json!({ "schema": 1, "users": users.iter().map(json_of).collect::<Vec<_>>() });
        self.context.output.show(&result, |_| {
            if users.is_empty() {
                return "nobody may log in; make the first link with `engaged web setup-link`"
                    .to_owned();
            }
            let row = |user: &User| {
                let disabled = user
                    .disabled_at
                    .map(|at| format!("disabled {}", self.time(at)));
                vec![
                    user.name.clone(),
                    user.role.to_string(),
                    self.time(user.created_at),
                    disabled.unwrap_or_default(),
                ]
            };
            let rows: Vec<Vec<String>> = users.iter().map(row).collect();
            output::table(&["NAME", "ROLE", "SINCE", ""], &[], &rows)
        });
        Ok(Exit::Done)
    }

    async fn disable(&self, arguments: &Disable) -> Result<Exit, Expected> {
        let disabled = self.accounts.disable(&arguments.name, &self.actor).await;
        disabled.map_err(failed)?;
        let others = self.accounts.has_users().await?;
        let result = json!({ "schema": 1, "disabled": arguments.name, "admin_left": others });
        self.context.output.show(&result, |_| {
            let next = if others {
                ""
            } else {
                "\nno admin is left; make one with `engaged web setup-link`"
            };
            let name = &arguments.name;
            format!("{name} is let in no more; their sessions and the tokens that they made have ended{next}")
        });
        Ok(Exit::Done)
    }

    async fn token(&self, arguments: &Token) -> Result<Exit, Expected> {
        let (name, scopes, days) = (&arguments.name, &arguments.scope, arguments.days);
        let made = self.accounts.create_token(name, scopes, days, &self.actor);
        let made = made.await.map_err(failed)?;
        let mut result = token_json(&made.listed);
        result["schema"] = json!(1);
        result["token"] = json!(made.token.reveal());
        self.context.output.show(&result, |_| {
            format!(
                "{}\ntoken {} may {} until {}; it is not shown again",
                made.token.reveal(),
                made.listed.id.0,
                scopes_text(&made.listed),
                self.time(made.listed.expires_at)
            )
        });
        Ok(Exit::Done)
    }

    async fn tokens(&self) -> Result<Exit, Expected> {
        let tokens = self.accounts.tokens().await?;
        let now = self.context.clock.now().timestamp_millis();
        let result =
            json!({ "schema": 1, "tokens": tokens.iter().map(token_json).collect::<Vec<_>>() });
        self.context.output.show(&result, |_| {
            let row = |token: &ApiToken| {
                let state = match token.revoked_at {
                    Some(at) => format!("revoked {}", self.time(at)),
                    None if token.is_good(now) => format!("until {}", self.time(token.expires_at)),
                    None => format!("expired {}", self.time(token.expires_at)),
                };
                let used = token.used_at.map(|at| self.time(at));
                vec![
                    token.id.0.to_string(),
                    token.name.clone(),
                    scopes_text(token),
                    token.created_by.clone(),
                    used.unwrap_or_else(|| "never".to_owned()),
                    state,
                ]
            };
            let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
            let header = ["NUMBER", "NAME", "MAY", "MADE BY", "LAST USED", "GOOD"];
            output::table(&header, &[0], &rows)
        });
        Ok(Exit::Done)
    }

    async fn revoke(&self, arguments: &Revoke) -> Result<Exit, Expected> {
        let id = arguments.id;
        let revoked = self
            .accounts
            .revoke_token(ApiTokenId(id), &self.actor)
            .await;
        revoked.map_err(failed)?;
        let result = json!({ "schema": 1, "revoked": id });
        self.context
            .output
            .show(&result, |_| format!("token {id} is good no more"));
        Ok(Exit::Done)
    }

    /// An instant as the clock on the wall shows it.
    fn time(&self, at: Millis) -> String {
        let at = DateTime::from_timestamp_millis(at).unwrap_or_default();
        let local = at.with_timezone(&self.config.zone);
        local.format("%Y-%m-%d %H:%M").to_string()
    }
}

fn instant(at: Millis) -> String {
    let at = DateTime::from_timestamp_millis(at).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn scopes_text(token: &ApiToken) -> String {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    scopes.join(", ")
}

fn token_json(token: &ApiToken) -> serde_json::Value {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    json!({
        "id": token.id.0, "name": token.name, "scopes": scopes, "created_by": token.created_by,
        "created_at": instant(token.created_at), "expires_at": instant(token.expires_at),
        "used_at": token.used_at.map(instant), "revoked_at": token.revoked_at.map(instant),
    })
}

/// What cannot be done, and what can.
fn failed(error: AccountError) -> Expected {
    let help = match error {
        AccountError::Store(error) => return error.into(),
        AccountError::NoUser => "see who there is with `engaged web users`",
        AccountError::NoneSuch => "see what there is with `engaged web tokens`",
        AccountError::FirstIsAdmin => "make an admin first: engaged web setup-link",
        AccountError::LastAdmin => "make another admin first: engaged web setup-link",
        AccountError::TokenName => {
            "name what the token is for: engaged web token shop --scope events"
        }
        AccountError::NoScope => "say what it may do: --scope read",
        AccountError::Days => "write --days 90",
    };
    let diagnostic = Diagnostic::error("E0100", error.to_string()).help(help);
    Expected::new(Exit::Usage, diagnostic)
}
