//! `approve`, `pause`, `resume`: a person's word. They work beside a running daemon.

use clap::Args;

use crate::{
    diagnostic::{Exit, Expected},
    push::word::{self, Approval},
    restored,
    store::{Access, QUARANTINE, Store},
};

use super::Context;

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The guard: baseline, `max_score_change`, `max_starts`, `list_shrunk`, cleaning, restored
    guard: String,
    /// Only on this connection
    #[arg(long)]
    connection: Option<String>,
    /// With `restored`: what files and programs told since the backup was told again
    #[arg(long)]
    sent_again: bool,
}

/// Opens the store for one small write, also while a daemon holds it.
pub(super) fn beside(context: &Context, config: &crate::config::Config) -> Result<Store, Expected> {
    context.open(config, Access::Beside)
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
    word::known(&arguments.guard)?;
    let config = context.config()?;
    let store = beside(context, &config)?;
    let approval = Approval {
        guard: arguments.guard.clone(),
        connection: arguments.connection.clone(),
        shown: None,
    };
    let now = context.clock.now().timestamp_millis();
    let who = who(context);
    let approved = if arguments.guard == QUARANTINE {
        restored::approve(&store, &config, arguments.sent_again, (&who, now))?
    } else {
        word::approve(&store, &config, &approval, (&who, now))?
    };
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
