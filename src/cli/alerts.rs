//! `alerts`: what is wrong, what was told of it, and a test of whether telling works.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use crate::{
    alert::{self, Report, notice::Tested},
    config::Language,
    diagnostic::{Exit, Expected},
    platform,
};

use super::{Context, human::beside, output::table, runtime::wait, usage};

/// So many notices are shown to people.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Alerts {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Send a test alert now, and show what the receiver says
    Test,
}

pub(super) fn alerts(context: &Context, arguments: &Alerts) -> Result<Exit, Expected> {
    match arguments.verb {
        None => list(context),
        Some(Verb::Test) => test(context),
    }
}

fn list(context: &Context) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let report = store.read(|conn| alert::report(conn, &config, Language::English))?;
    context.output.show(&report, text);
    Ok(Exit::Done)
}

fn text(report: &Report) -> String {
    let mut out = match &report.receiver {
        Some(host) => format!("{host} is told\n\n"),
        None => "nobody is told: [alerts] names no url\n\n".to_owned(),
    };
    if report.alerts.is_empty() {
        out += "No alerts; the daemon looks once a minute.\n";
    }
    let rows = report.alerts.iter().map(|each| {
        vec![
            each.state.to_owned(),
            time(each.since),
            each.key.clone(),
            each.message.clone(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        out += &table(&["STATE", "SINCE", "ALERT", ""], &[], &rows);
    }
    let open = report.alerts.iter().filter(|each| each.state != "resolved");
    for each in open {
        out += &format!("  {}: {}\n", each.key, each.help);
    }
    let rows = report.notices.iter().take(SHOWN).map(|each| {
        vec![
            time(each.at),
            each.alert.clone(),
            each.state.clone(),
            each.delivery.to_owned(),
            each.tries.to_string(),
            each.detail.clone().unwrap_or_default(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        out += "\n";
        out += &table(&["TOLD", "ALERT", "STATE", "", "TRIES", ""], &[4], &rows);
    }
    out
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%MZ").to_string()
}

fn test(context: &Context) -> Result<Exit, Expected> {
    let config = context.config()?;
    let transport = platform::network()?;
    let teller = platform::teller(
        &config.alerts,
        &context.environment,
        &context.clock,
        &transport,
    )?;
    let Some(teller) = teller else {
        return Err(usage(
            "nobody is told: [alerts] names no url",
            "give it a url and a key: see docs/alerts.md",
        ));
    };
    let store = beside(context, &config)?;
    let clock = context.clock.as_ref();
    let tested = wait(alert::notice::test(&store, &config, &teller, clock))??;
    context.output.show(&tested, tested_text);
    Ok(if tested.taken {
        Exit::Done
    } else if tested.refused {
        Exit::Refused
    } else {
        Exit::Unavailable
    })
}

fn tested_text(tested: &Tested) -> String {
    let host = &tested.host;
    match &tested.said {
        None => format!("{host} took the test alert\n"),
        Some(said) if tested.refused => format!("{host} refuses the test alert: {said}\n"),
        Some(said) => format!("{host} did not take the test alert: {said}\n"),
    }
}
