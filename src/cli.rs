//! The command line: one file for each group of verbs.
//!
//! Data go to stdout, talk to stderr. What is expected to go wrong ends with a
//! code, a place and a next step; anything else is a bug and says so.

mod adjust;
mod alerts;
mod ask;
mod automations;
mod clean;
mod conformance;
mod doctor;
mod drift;
mod go_live;
mod hooks;
mod human;
mod init;
mod insight;
mod leads;
mod listing;
mod load;
mod look;
pub mod output;
mod preview;
mod privacy;
mod retention;
mod runtime;
mod service;
mod storage;
mod support_bundle;
mod tracking;
mod web;
mod work;

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{CommandFactory as _, Parser, Subcommand};
use engaged_connectors::Clock;

use crate::{
    clock::SystemClock,
    config::{self, Config, Environment},
    diagnostic::{
        Diagnostic, Exit, Expected,
        render::{Style, render},
    },
    score::calendar::Zone,
    store::{Access, Store},
};
use output::Output;
pub use work::progress;

/// Engagement scoring for e-mail lists: sync, score, plan, push.
#[derive(Debug, Parser)]
#[command(
    name = "engaged",
    version,
    after_help = "Start with `engaged demo`: it needs no account."
)]
struct Cli {
    /// The configuration: a file, or a directory of *.toml files
    #[arg(
        long,
        short,
        global = true,
        default_value = "engaged.toml",
        env = "ENGAGED_CONFIG"
    )]
    config: PathBuf,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Say more on stderr; twice for every request
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the product on a made-up newsletter, without an account
    Demo(work::Demo),
    /// Connect a platform: a few questions, and a configuration to keep
    Init(init::Init),
    /// Check the configuration and rules, offline
    Check(look::Check),
    /// Run as a daemon: schedules, catch-up, clean stop
    Run,
    /// Read what is new on the platforms
    Sync(work::Sync),
    /// Score the contacts that need it
    Score(work::Score),
    /// Sync, score, plan, and apply what no guard holds
    Once(work::Once),
    /// Show what would be written; writes nothing
    Plan(work::Plan),
    /// Write what is planned
    Apply(work::Apply),
    /// Show connections, coverage, scores, outbox, guards
    Status(look::Status),
    /// Explain one contact's scores down to the events
    Explain(look::Explain),
    /// Show what a draft of the rules would change; writes nothing
    Preview(preview::Preview),
    /// Show which conversions the scores foretold
    Backtest(insight::Backtest),
    /// Suggest points, or a model, from who converted
    Suggest(insight::Suggest),
    /// List contacts
    Contacts(look::Contacts),
    /// Show segments and bands with their sizes
    Segments,
    /// Show how one contact's scores went
    History(look::History),
    /// Show week by week what the scores are like, and what moved
    Drift(drift::Drift),
    /// Recompute every score from raw events and compare
    Verify,
    /// Show how long events are kept, and which are older
    Retention(retention::Retention),
    /// Copy the database into one checked file, also beside a running daemon
    Backup(storage::Backup),
    /// Put a backup in the place of the database; nothing is written to platforms until it is approved
    Restore(storage::Restore),
    /// Take in contacts, events and gaps from files
    Import(load::Import),
    /// Correct a contact's score by hand, with a reason and an end
    Adjust(adjust::Adjust),
    /// Show who entered automations, what was started, and what is in doubt
    Automations(automations::Automations),
    /// List whom automations hand over to people, and take their answers
    Leads(leads::Leads),
    /// Take people off a list who have left it: plan, review, apply, undo
    Clean(clean::Clean),
    /// Show what is wrong and what was told of it, and test whether telling works
    Alerts(alerts::Alerts),
    /// Find what is wrong or could be better: keys, rights, clock, disk, database, webhooks; changes nothing
    Doctor(doctor::Doctor),
    /// Make and show the addresses at which platforms report by themselves
    Hooks(hooks::Hooks),
    /// Let a read-only connection write, after showing the plan: sets mode = "live" in the file
    GoLive(go_live::GoLiveArgs),
    /// Give a contact a copy of its data, note its objection, or erase it
    Privacy(privacy::Privacy),
    /// Take our fields and tags off a platform again, by plan
    Retract(privacy::Retract),
    /// Let pass what a guard holds
    Approve(human::Approve),
    /// Stop all writing to platforms
    Pause,
    /// Go on writing to platforms
    Resume,
    /// Say who may use the dashboard and the API
    Web(web::Web),
    /// Run the checks that every connector must pass
    Conformance(conformance::Conformance),
    /// Pack what somebody who is to help needs to see, without a secret or an address
    SupportBundle(support_bundle::SupportBundle),
    /// Ask whether the daemon is alive and can work; one line, 0 or 8
    Healthcheck(service::Healthcheck),
    /// Print the manual, or write a page for each verb
    Man(service::ManPages),
    /// Print completions for a shell
    Completions(service::Completions),
}

/// What every verb gets.
struct Context {
    path: PathBuf,
    output: Output,
    environment: Environment,
    clock: Arc<dyn Clock>,
}

impl Context {
    /// The configuration; that there are warnings goes to stderr, and `check` shows them.
    fn config(&self) -> Result<Config, Expected> {
        let config = config::load(&self.path, &self.environment)?;
        if !config.warnings.is_empty() {
            let number = config.warnings.len();
            output::say(&format!(
                "{number} warnings about the configuration: see `engaged check`"
            ));
        }
        Ok(config)
    }

    /// The store, to be written by this process alone.
    fn writing(&self, config: &Config) -> Result<Store, Expected> {
        self.open(config, Access::ReadWrite)
    }

    /// The store, beside whoever writes it.
    fn reading(&self, config: &Config) -> Result<Store, Expected> {
        self.open(config, Access::ReadOnly)
    }

    /// The store, with what the configuration says may be used of whom.
    fn open(&self, config: &Config, access: Access) -> Result<Store, Expected> {
        let store = Store::open(&config.database, access, self.clock.as_ref())?;
        let now = self.clock.now().timestamp_millis();
        store.track_by(&config.rules.tracking, now)?;
        store.keep_for(config.retention.as_ref(), &Zone::new(config.zone));
        Ok(store)
    }

    fn style(&self) -> Style {
        Style::detect(std::io::stderr().is_terminal(), &self.environment)
    }
}

/// Runs the verb that the command line names.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let level = ["warn", "engaged=info,engaged_connectors=info,warn", "debug"]
        [usize::from(cli.verbose.min(2))];
    let daemon = matches!(cli.verb, Verb::Run);
    let level = if daemon && cli.verbose == 0 {
        "engaged=info,warn"
    } else {
        level
    };
    tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let context = Context {
        path: cli.config,
        output: Output { json: cli.json },
        environment: std::env::vars().collect(),
        clock: Arc::new(SystemClock),
    };
    match dispatch(&context, cli.verb) {
        Ok(exit) => exit.into(),
        Err(expected) => {
            if context.output.json {
                let all: Vec<_> = expected
                    .diagnostics
                    .iter()
                    .map(Diagnostic::to_json)
                    .collect();
                output::line(&serde_json::json!({ "schema": 1, "errors": all }).to_string());
            }
            output::say(&render(&expected.diagnostics, context.style()));
            expected.exit.into()
        }
    }
}

fn dispatch(context: &Context, verb: Verb) -> Result<Exit, Expected> {
    match verb {
        Verb::Demo(arguments) => work::demo(context, &arguments),
        Verb::Init(arguments) => init::init(context, &arguments),
        Verb::Check(arguments) => look::check(context, &arguments),
        Verb::Run => work::daemon(context),
        Verb::Sync(arguments) => work::sync(context, &arguments),
        Verb::Score(arguments) => work::score(context, &arguments),
        Verb::Once(arguments) => work::once(context, &arguments),
        Verb::Plan(arguments) => work::plan(context, &arguments),
        Verb::Apply(arguments) => work::apply(context, &arguments),
        Verb::Status(arguments) => look::status(context, &arguments),
        Verb::Explain(arguments) => look::explain(context, &arguments),
        Verb::Preview(arguments) => preview::preview(context, &arguments),
        Verb::Backtest(arguments) => insight::backtest(context, &arguments),
        Verb::Suggest(arguments) => insight::suggest(context, &arguments),
        Verb::Contacts(arguments) => look::contacts(context, &arguments),
        Verb::Segments => look::segments(context),
        Verb::History(arguments) => look::history(context, &arguments),
        Verb::Drift(arguments) => drift::drift(context, &arguments),
        Verb::Verify => work::verify(context),
        Verb::Retention(arguments) => retention::retention(context, &arguments),
        Verb::Backup(arguments) => storage::backup(context, &arguments),
        Verb::Restore(arguments) => storage::restore(context, &arguments),
        Verb::Import(arguments) => load::import(context, &arguments),
        Verb::Adjust(arguments) => adjust::adjust(context, &arguments),
        Verb::Automations(arguments) => automations::automations(context, &arguments),
        Verb::Leads(arguments) => leads::leads(context, &arguments),
        Verb::Clean(arguments) => clean::clean(context, &arguments),
        Verb::Alerts(arguments) => alerts::alerts(context, &arguments),
        Verb::Doctor(arguments) => doctor::doctor(context, &arguments),
        Verb::Hooks(arguments) => hooks::hooks(context, &arguments),
        Verb::GoLive(arguments) => go_live::go_live(context, &arguments),
        Verb::Privacy(arguments) => privacy::privacy(context, &arguments),
        Verb::Retract(arguments) => privacy::retract(context, &arguments),
        Verb::Approve(arguments) => human::approve(context, &arguments),
        Verb::Pause => human::pause(context, true),
        Verb::Resume => human::pause(context, false),
        Verb::Web(arguments) => web::web(context, &arguments),
        Verb::Conformance(arguments) => conformance::conformance(context, &arguments),
        Verb::SupportBundle(arguments) => support_bundle::support_bundle(context, &arguments),
        Verb::Healthcheck(arguments) => service::healthcheck(context, &arguments),
        Verb::Man(arguments) => service::man(&arguments, Cli::command()),
        Verb::Completions(arguments) => {
            service::completions(&arguments, &mut Cli::command());
            Ok(Exit::Done)
        }
    }
}

/// A mistake in what was typed.
fn usage(message: impl Into<String>, help: impl Into<String>) -> Expected {
    Expected::new(Exit::Usage, Diagnostic::error("E0100", message).help(help))
}

#[cfg(test)]
mod tests;
