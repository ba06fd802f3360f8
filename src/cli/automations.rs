//! `automations`: who entered, what was started, what is in doubt; and a person's word on it.

use clap::{Args, Subcommand, ValueEnum};
use engaged_connectors::model::Address;
use serde_json::{Value, json};

use crate::{
    automation::EntryState,
    diagnostic::{Exit, Expected},
    entries,
    rescore::DoorReport,
    store::{Entries, Listed, Resolution},
};

use super::{
    Context,
    human::{beside, who},
    look::find,
    output, usage,
};

#[derive(Debug, Args)]
pub(super) struct Automations {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List entries, the newest first
    List(List),
    /// Say what became of a start that is in doubt
    Resolve(Resolve),
    /// Start an automation for those who are in it and for whom nothing was started
    Backfill(Backfill),
}

#[derive(Debug, Args)]
struct List {
    /// The automation; without it, all
    name: Option<String>,
    /// Only entries in this state: settling, ready, started, silent, suppressed, "in doubt" and others
    #[arg(long)]
    state: Option<String>,
    /// Only this contact's
    #[arg(long, value_name = "ADDRESS")]
    contact: Option<String>,
    /// No more than this
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, Args)]
struct Resolve {
    /// The number of the entry
    entry: i64,
    /// What the platform shows
    word: Word,
}

/// A person's word on a start that is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Word {
    /// It was started
    Started,
    /// It was not: start it with the next push
    Again,
    /// It was not, and is not to be
    Drop,
}

#[derive(Debug, Args)]
struct Backfill {
    /// The automation
    name: String,
    /// Do it; without this, only the number is shown
    #[arg(long)]
    yes: bool,
}

pub(super) fn automations(context: &Context, arguments: &Automations) -> Result<Exit, Expected> {
    match &arguments.verb {
        None => overview(context),
        Some(Verb::List(list)) => entries(context, list),
        Some(Verb::Resolve(arguments)) => resolve(context, arguments),
        Some(Verb::Backfill(arguments)) => backfill(context, arguments),
    }
}

fn overview(context: &Context) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let all = store.read(|conn| entries::overview(conn, &config))?;
    let doubts = Entries {
        state: Some(EntryState::InDoubt),
        ..Entries::ALL
    };
    let doubts = store.read(|conn| conn.entries(&doubts))?;
    let mut rows = Vec::new();
    let mut listed = Vec::new();
    for each in &all {
        let start = each.automation.as_ref();
        let start = start.map_or_else(|| "not configured".to_owned(), |each| each.start.words());
        let numbers = [
            each.inside,
            each.of(EntryState::Settling),
            each.of(EntryState::Ready),
            each.started(),
            each.silent,
            each.of(EntryState::Suppressed),
            each.of(EntryState::InDoubt),
        ];
        let texts = numbers.map(|number| number.to_string());
        let row = [each.name.clone(), start.clone()].into_iter().chain(texts);
        rows.push(row.collect::<Vec<String>>());
        let states: serde_json::Map<String, Value> = EntryState::ALL
            .iter()
            .map(|state| (state.as_str().to_owned(), json!(each.of(*state))))
            .collect();
        listed.push(json!({
            "name": each.name, "start": start, "inside": each.inside, "would_start": each.silent, "entries": states,
        }));
    }
    let result = json!({
        "schema": 1, "automations": listed, "in_doubt": doubts.iter().map(entry_json).collect::<Vec<_>>(),
    });
    context.output.show(&result, |_| {
        if rows.is_empty() {
            return "no [[automations]] are configured".to_owned();
        }
        let header = [
            "AUTOMATION", "STARTS", "INSIDE", "SETTLING", "READY", "STARTED", "SILENT", "SUPPRESSED", "IN DOUBT",
        ];
        let mut out = output::table(&header, &[2, 3, 4, 5, 6, 7, 8], &rows);
        for doubt in &doubts {
            out += &format!(
                "\nin doubt: {} {} {}: look at the platform, then engaged automations resolve {} started | again | drop",
                doubt.entry,
                doubt.automation,
                name_of(doubt),
                doubt.entry
            );
        }
        out
    });
    Ok(Exit::Done)
}

fn name_of(entry: &Listed) -> String {
    let email = entry.email.as_ref().map(|email| email.reveal().to_owned());
    email.unwrap_or_else(|| format!("contact {}", entry.contact.0))
}

fn entry_json(entry: &Listed) -> Value {
    json!({
        "entry": entry.entry, "automation": entry.automation, "contact": entry.email.as_ref().map(Address::reveal),
        "number": entry.number, "entered_on": entry.entered_on.to_string(), "state": entry.state.as_str(),
        "reason": entry.reason, "inside": entry.left_at.is_none(), "answer": entry.answer,
    })
}

fn entries(context: &Context, list: &List) -> Result<Exit, Expected> {
    let config = context.config()?;
    let automation = list
        .name
        .as_deref()
        .map(|name| entries::named(&config, name))
        .transpose()?;
    let state = match &list.state {
        None => None,
        Some(text) => Some(state(text)?),
    };
    let store = context.reading(&config)?;
    let contact = list
        .contact
        .as_deref()
        .map(|typed| find(&store, typed))
        .transpose()?;
    let which = Entries {
        automation: automation.map(|each| each.name.as_str()),
        state,
        contact: contact.map(|(contact, _)| contact),
        limit: i64::from(list.limit),
        ..Entries::ALL
    };
    let entries = store.read(|conn| conn.entries(&which))?;
    let result =
        json!({ "schema": 1, "entries": entries.iter().map(entry_json).collect::<Vec<_>>() });
    context.output.show(&result, |_| {
        let rows = entries.iter().map(|each| {
            let state = match &each.reason {
                Some(reason) => format!("{}: {reason}", each.state.as_str()),
                None => each.state.as_str().to_owned(),
            };
            vec![
                each.entry.to_string(),
                each.entered_on.to_string(),
                name_of(each),
                each.automation.clone(),
                state,
                if each.left_at.is_some() {
                    "left"
                } else {
                    "inside"
                }
                .to_owned(),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        output::table(
            &["ENTRY", "ON", "CONTACT", "AUTOMATION", "STATE", ""],
            &[0],
            &rows,
        )
    });
    Ok(Exit::Done)
}

fn state(text: &str) -> Result<EntryState, Expected> {
    let mut all = EntryState::ALL.iter();
    let found = all.find(|state| state.as_str() == text).copied();
    found.ok_or_else(|| {
        let all: Vec<&str> = EntryState::ALL.iter().map(|state| state.as_str()).collect();
        usage(
            format!("there is no state '{text}'"),
            format!("there are: {}", all.join(", ")),
        )
    })
}

fn resolve(context: &Context, arguments: &Resolve) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = beside(context, &config)?;
    let (entry, now) = (arguments.entry, context.clock.now().timestamp_millis());
    let resolution = match arguments.word {
        Word::Started => Resolution::Started,
        Word::Again => Resolution::Again,
        Word::Drop => Resolution::Drop,
    };
    let becomes = entries::resolve(&store, entry, resolution, (&who(context), now))?;
    let result = json!({ "schema": 1, "entry": entry, "state": becomes.as_str() });
    context.output.show(&result, |_| {
        let next = if becomes == EntryState::Ready {
            "\nnext: engaged apply"
        } else {
            ""
        };
        format!("entry {entry} is {}{next}", becomes.as_str())
    });
    Ok(Exit::Done)
}

fn backfill(context: &Context, arguments: &Backfill) -> Result<Exit, Expected> {
    let config = context.config()?;
    let automation = entries::named(&config, &arguments.name)?;
    let now = context.clock.now().timestamp_millis();
    let yes = arguments.yes;
    let count = if yes {
        let store = beside(context, &config)?;
        entries::backfill(&store, automation, None, (&who(context), now))?
    } else {
        let store = context.reading(&config)?;
        let would = store.read(|conn| entries::would_start(conn, automation))?;
        usize::try_from(would).unwrap_or_default()
    };
    let automation = automation.name.as_str();
    let result =
        json!({ "schema": 1, "automation": automation, "would_start": count, "done": yes });
    context.output.show(&result, |_| {
        if yes {
            format!(
                "{count} entries of '{automation}' are ready to start; the guard max_starts ({}) still holds\nnext: engaged plan",
                config.guards.max_starts
            )
        } else {
            format!(
                "{count} contacts are in '{automation}' without anything having been started for them, and would start\n\
                 nothing was done; to start them: engaged automations backfill '{automation}' --yes"
            )
        }
    });
    Ok(if yes || count == 0 {
        Exit::Done
    } else {
        Exit::Pending
    })
}

/// What a run of scoring did at the doors of automations, a line each.
pub(super) fn doors_text(reports: &[DoorReport]) -> String {
    let mut out = String::new();
    for report in reports {
        let states: Vec<String> = report
            .became
            .iter()
            .map(|(state, times)| format!("{times} {state}"))
            .collect();
        let states = if states.is_empty() {
            String::new()
        } else {
            format!(" ({})", states.join("; "))
        };
        out += &format!(
            "{}: {} entered, {} left{states}\n",
            report.automation, report.entered, report.left
        );
        if report.silent > 0 {
            out += &format!(
                "{}: {} would start, and stay silent; engaged automations backfill '{}' starts them\n",
                report.automation, report.silent, report.automation
            );
        }
    }
    out
}
