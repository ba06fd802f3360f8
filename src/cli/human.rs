//! `approve`, `pause`, `resume`: a person's word. They work beside a running daemon.

use clap::Args;
use strsim::normalized_levenshtein;

use crate::{
    diagnostic::{Diagnostic, Exit, Expected},
    push::{guard, targets},
    store::{Access, Store},
};

use super::Context;

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The guard: baseline, `max_score_change`, `max_starts`, `list_shrunk`, cleaning
    guard: String,
    /// Only on this connection
    #[arg(long)]
    connection: Option<String>,
}

/// Opens the store for one small write, also while a daemon holds it.
pub(super) fn beside(context: &Context, config: &crate::config::Config) -> Result<Store, Expected> {
    Ok(Store::open(
        &config.database,
        Access::Beside,
        context.clock.as_ref(),
    )?)
}

/// Who speaks, for the audit trail.
pub(super) fn who(context: &Context) -> String {
    let user = context
        .environment
        .get("USER")
        .or_else(|| context.environment.get("LOGNAME"));
    user.cloned().unwrap_or_else(|| "command line".to_owned())
}

pub(super) fn approve(context: &Context, arguments: &Approve) -> Result<Exit, Expected> {
    let config = context.config()?;
    if !guard::ALL.contains(&arguments.guard.as_str()) {
        let nearest = guard::ALL.iter().max_by(|a, b| {
            let near = |name: &str| normalized_levenshtein(name, &arguments.guard);
            near(a).total_cmp(&near(b))
        });
        let help = format!("did you mean '{}'?", nearest.unwrap_or(&guard::BASELINE));
        return Err(super::usage(
            format!("there is no guard '{}'", arguments.guard),
            help,
        ));
    }
    let store = beside(context, &config)?;
    let known = store.read(super::super::store::Conn::connections)?;
    let only = match &arguments.connection {
        None => None,
        Some(name) => match known.iter().find(|each| each.name == *name) {
            Some(connection) => Some(connection.id),
            None => {
                return Err(super::usage(
                    format!("there is no connection '{name}'"),
                    "see `engaged status`",
                ));
            }
        },
    };
    let (name, who, now) = (
        arguments.guard.clone(),
        who(context),
        context.clock.now().timestamp_millis(),
    );
    let keys = targets::keys(&config);
    let approved = store.write(move |tx| guard::approve(tx, &keys, &name, only, &who, now))?;
    if approved.is_empty() {
        let diagnostic =
            Diagnostic::error("E0802", format!("nothing is held by '{}'", arguments.guard))
                .help("see what is held with `engaged status`");
        return Err(Expected::new(Exit::Usage, diagnostic));
    }
    let result = serde_json::json!({ "schema": 1, "approved": approved });
    context.output.show(&result, |_| {
        format!("approved: {}\nnext: engaged apply", approved.join("; "))
    });
    Ok(Exit::Done)
}

pub(super) fn pause(context: &Context, paused: bool) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = beside(context, &config)?;
    let (who, now) = (who(context), context.clock.now().timestamp_millis());
    store.write(move |tx| tx.set_paused(paused, &who, now))?;
    let result = serde_json::json!({ "schema": 1, "paused": paused });
    let words = if paused {
        "nothing is written to any platform until `engaged resume`; syncing and scoring go on"
    } else {
        "writing to platforms goes on with the next run"
    };
    context.output.show(&result, |_| words.to_owned());
    Ok(Exit::Done)
}
