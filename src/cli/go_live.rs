//! `go-live`: shows the plan, asks, and makes one connection writable in the file.

use std::{io::IsTerminal as _, sync::Arc};

use clap::Args;
use serde_json::json;

use crate::{
    config::{Config, ConnectionConfig, Mode},
    diagnostic::{Diagnostic, Exit, Expected},
    doctor,
    first::{answers, live::GoLive},
    platform,
    push::plan::Plan,
    schedule::jobs::Jobs,
    status::WouldStatus,
    store::{Holder, holder},
};

use super::{
    Context,
    ask::ask,
    human::{beside, who},
    output,
    runtime::wait,
    usage,
    work::plan_text,
};

/// So many days of a shadow period are shown.
const DAYS_SHOWN: u32 = 14;

#[derive(Debug, Args)]
pub(super) struct GoLiveArgs {
    /// The connection; may be left out where only one is read-only
    connection: Option<String>,
    /// Do not ask: the plan was looked at
    #[arg(long)]
    yes: bool,
}

pub(super) fn go_live(context: &Context, arguments: &GoLiveArgs) -> Result<Exit, Expected> {
    let config = context.config()?;
    let connection = wanted(&config, arguments.connection.as_deref())?;
    let name = connection.name.as_str();
    let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !arguments.yes && !asks {
        return Err(usage(
            "there is nobody to ask: this is no terminal",
            format!("look at `engaged plan`, then: engaged go-live {name} --yes"),
        ));
    }
    if !config.database.exists() {
        return Err(usage(
            "nothing was read yet, so there is no plan to look at",
            "engaged sync, engaged score, engaged plan; then this again",
        ));
    }
    let change = GoLive::of(&context.path, &context.environment, name)?;
    healthy(context, &config, name)?;
    let plan = plan_of(context, &change.config, name)?;
    let days = days_of(context, &config, name)?;
    if !context.output.json {
        output::line(&crate::text::inert(&looked_at(&plan, &days)));
    }
    if !arguments.yes {
        let sure = ask(
            &format!("Let engaged write this to {name}, from its next run on, y or n"),
            Some("n"),
            answers::truth,
        )?;
        if !sure {
            output::say("nothing was changed");
            return Ok(Exit::Done);
        }
    }
    // Whoever may not write down that it was done is not to do it: so the store is opened first.
    let store = beside(context, &config)?;
    let (who, now) = (who(context), context.clock.now().timestamp_millis());
    let detail = format!("{name}: {} writes planned", plan.writes);
    change.write()?;
    store.write(move |tx| tx.audit(&who, "went live", &detail, now))?;
    let held = holder(&config.database);
    let pid = match held {
        Holder::Process(pid) => pid,
        Holder::Nobody | Holder::Unseen => None,
    };
    let result = json!({
        "schema": 1, "connection": name, "file": change.file, "writes": plan.writes, "daemon": pid,
        "plan": plan,
    });
    context.output.show(&result, |_| next(name, &change, held));
    Ok(Exit::Done)
}

/// The connection that is meant.
fn wanted<'c>(config: &'c Config, named: Option<&str>) -> Result<&'c ConnectionConfig, Expected> {
    let read_only: Vec<&ConnectionConfig> = config
        .connections
        .iter()
        .filter(|each| each.mode == Mode::ReadOnly)
        .collect();
    let names: Vec<&str> = read_only.iter().map(|each| each.name.as_str()).collect();
    let there_are = format!("read-only are: {}", names.join(", "));
    match (named, read_only.as_slice()) {
        (None, [only]) => Ok(only),
        (None, []) => Err(usage("no connection is read-only", "see `engaged status`")),
        (None, _) => Err(usage("say which connection is to be written to", there_are)),
        (Some(name), _) => {
            let found = config.connections.iter().find(|each| each.name == name);
            match found {
                Some(found) if found.mode == Mode::ReadOnly => Ok(found),
                Some(_) => Err(usage(format!("'{name}' is live already"), there_are)),
                None => Err(usage(format!("there is no connection '{name}'"), there_are)),
            }
        }
    }
}

/// Refuses while the platform refuses us, or is not there to be asked.
fn healthy(context: &Context, config: &Config, name: &str) -> Result<(), Expected> {
    let network = platform::network()?;
    let asked = doctor::connections(
        config,
        Some(name),
        &context.environment,
        &context.clock,
        &network,
    );
    for finding in wait(asked)? {
        if finding.state == doctor::State::Trouble {
            let diagnostic = Diagnostic::error("E0149", format!("{name}: {}", finding.message));
            return Err(Expected::new(
                Exit::Unavailable,
                diagnostic
                    .help(finding.fix.unwrap_or_default())
                    .note("nothing was changed"),
            ));
        }
        if finding.state == doctor::State::Warning {
            output::say(&format!("warning: {name}: {}", finding.message));
        }
    }
    Ok(())
}

/// What would be written there.
fn plan_of(context: &Context, config: &Config, name: &str) -> Result<Plan, Expected> {
    let store = context.reading(config)?;
    let transport = platform::network()?;
    let jobs = Jobs::looking(
        config.clone(),
        store,
        Arc::clone(&context.clock),
        &context.environment,
        &transport,
    )?;
    let mut plan = wait(jobs.plan())??;
    plan.connections.retain(|each| each.connection == name);
    let Some(own) = plan.connections.first() else {
        return Err(usage(
            format!("there is no plan for '{name}' to look at"),
            "it has no push targets, or was not synced: engaged sync, engaged score, engaged plan",
        ));
    };
    plan.writes = own.writes;
    Ok(plan)
}

fn days_of(context: &Context, config: &Config, name: &str) -> Result<Vec<WouldStatus>, Expected> {
    let store = context.reading(config)?;
    let days = store.read(|conn| {
        let known = conn
            .connections()?
            .into_iter()
            .find(|each| each.name == name);
        match known {
            Some(known) => conn.shadow(known.id, DAYS_SHOWN),
            None => Ok(Vec::new()),
        }
    })?;
    Ok(days.into_iter().map(WouldStatus::from).collect())
}

fn looked_at(plan: &Plan, days: &[WouldStatus]) -> String {
    let mut out = String::new();
    if !days.is_empty() {
        out += "The shadow period: what each day's last run would have written, all in all\n";
        let rows = days
            .iter()
            .map(|day| vec![format!("  {}", day.on), day.writes.to_string(), day.named()]);
        out += &output::table(&["  DAY", "WRITES", ""], &[1], &rows.collect::<Vec<_>>());
        out += "\n";
    }
    out + "What would be written now\n" + &plan_text(plan)
}

/// What comes next.
fn next(name: &str, change: &GoLive, held: Holder) -> String {
    let told = match held {
        Holder::Process(Some(pid)) => {
            format!("tell the running daemon: systemctl reload engaged, or kill -HUP {pid}")
        }
        Holder::Process(None) => "tell the running daemon: systemctl reload engaged".to_owned(),
        Holder::Nobody => {
            "no daemon is running here; the next `engaged run` or `engaged once` takes it"
                .to_owned()
        }
        Holder::Unseen => "if a daemon is running, tell it: systemctl reload engaged".to_owned(),
    };
    let file = change.file.display();
    format!("{file}: '{name}' is live\n{told}\n{HELD}")
}

/// What still stands between a live connection and its first write.
const HELD: &str = "the first push is held once more: engaged approve baseline lets it go, engaged pause stops all writing\n";
