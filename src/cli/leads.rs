//! `leads`: whom automations hand over to people, why, and what people answer.

use clap::{Args, Subcommand};
use engaged_connectors::model::Address;
use serde_json::{Value, json};

use crate::{
    automation::{Begin, EntryState},
    config::Config,
    diagnostic::{Exit, Expected},
    rules::syntax::{Decimal, Unit, Window},
    score::{
        calendar::{Day, Zone},
        evaluate::{Evaluation, evaluate},
        explain::Points,
        model::Model,
    },
    store::{Conn, Entries, Listed, StoreError},
};

use super::{
    Context,
    human::{beside, who},
    look::date,
    output, usage,
};

/// How long "not a lead" holds, unless it is said.
const NOT_FOR: Window = Window {
    number: 3,
    unit: Unit::Month,
};

#[derive(Debug, Args)]
pub(super) struct Leads {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The list, as `start = { handover = "..." }` names it; without it, all
    list: Option<String>,
    /// Also those who were answered
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// This was a lead: takes it off the list
    Accept(Accept),
    /// This was no lead: takes it off the list, and adjusts the score for a while
    Refuse(Refuse),
}

#[derive(Debug, Args)]
struct Accept {
    /// The number of the entry
    entry: i64,
    /// A word about it
    #[arg(long, default_value = "accepted")]
    note: String,
}

#[derive(Debug, Args)]
struct Refuse {
    /// The number of the entry
    entry: i64,
    /// Why: explanations of the score show it
    #[arg(long, default_value = "not a lead")]
    reason: String,
    /// By how much the score is adjusted; without it, to zero
    #[arg(long, allow_negative_numbers = true)]
    points: Option<String>,
    /// The first day on which the adjustment counts no more; without it, in three months
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Which score; may be left out where there is one
    #[arg(long, value_name = "NAME")]
    score: Option<String>,
}

/// A score, its shown points, and its band.
type Number = (String, i64, Option<String>);

/// A lead, and why it is one today.
struct Lead {
    entry: Listed,
    list: String,
    scores: Vec<Number>,
    because: Vec<String>,
}

pub(super) fn leads(context: &Context, arguments: &Leads) -> Result<Exit, Expected> {
    match &arguments.verb {
        None => list(context, arguments.list.as_deref(), arguments.all),
        Some(Verb::Accept(accept)) => {
            let config = context.config()?;
            let entry = handed_over(context, &config, accept.entry)?;
            answer(context, &config, &entry, &accept.note, None)
        }
        Some(Verb::Refuse(refuse)) => self::refuse(context, refuse),
    }
}

/// The lists that automations hand over to: the automation, and the list.
fn lists(config: &Config) -> Vec<(&str, &str)> {
    let all = config.automations.iter();
    let lists = all.filter_map(|each| match &each.start.begin {
        Begin::HandOver(list) => Some((each.name.as_str(), list.as_str())),
        _ => None,
    });
    lists.collect()
}

fn list(context: &Context, only: Option<&str>, all: bool) -> Result<Exit, Expected> {
    let config = context.config()?;
    let lists = lists(&config);
    if let Some(name) = only.filter(|name| lists.iter().all(|(_, list)| list != name)) {
        let names: Vec<&str> = lists.iter().map(|(_, list)| *list).collect();
        return Err(usage(
            format!("no automation hands over to '{name}'"),
            if names.is_empty() {
                "none does: start = { handover = \"Sales\" }".to_owned()
            } else {
                format!("there are: {}", names.join(", "))
            },
        ));
    }
    let today = Zone::new(config.zone).day(context.clock.now().timestamp_millis());
    let store = context.reading(&config)?;
    let leads = store.read(|conn| {
        let mut leads = Vec::new();
        for (automation, list) in &lists {
            if only.is_none_or(|only| only == *list) {
                leads.extend(leads_of(conn, &config, (automation, list), all, today)?);
            }
        }
        Ok(leads)
    })?;
    let result = json!({ "schema": 1, "leads": leads.iter().map(lead_json).collect::<Vec<_>>() });
    context.output.show(&result, |_| {
        let rows: Vec<Vec<String>> = leads.iter().map(row).collect();
        output::table(
            &["ENTRY", "ON", "LIST", "CONTACT", "SCORES", "BECAUSE", ""],
            &[0],
            &rows,
        )
    });
    Ok(Exit::Done)
}

fn leads_of(
    conn: &Conn,
    config: &Config,
    (automation, list): (&str, &str),
    all: bool,
    today: Day,
) -> Result<Vec<Lead>, StoreError> {
    let which = Entries {
        automation: Some(automation),
        state: Some(EntryState::HandedOver),
        ..Entries::ALL
    };
    let model = Model::new(&config.rules, &conn.vocabulary()?);
    let coverage = conn.coverage(&Zone::new(config.zone), today, None)?;
    let mut leads = Vec::new();
    for entry in conn.entries(&which)? {
        if entry.answer.is_some() && !all {
            continue;
        }
        let facts = conn.facts(entry.contact, None)?.unwrap_or_default();
        let now = evaluate(&model, &facts, &coverage, today);
        let (scores, because) = reasons(config, &now);
        leads.push(Lead {
            entry,
            list: list.to_owned(),
            scores,
            because,
        });
    }
    Ok(leads)
}

/// The numbers, and the rules that give points, the most first.
fn reasons(config: &Config, evaluation: &Evaluation) -> (Vec<Number>, Vec<String>) {
    let scores = config.rules.scores.iter().zip(&evaluation.scores);
    let numbers = scores.clone().map(|(score, value)| {
        let band = value.band.map(|band| score.bands[band].name.clone());
        (score.name.clone(), value.shown, band)
    });
    let lines = scores.flat_map(|(score, value)| score.rules.iter().zip(&value.rules));
    let mut lines: Vec<(i64, &str)> = lines
        .map(|(rule, value)| (value.points, rule.text.as_str()))
        .filter(|(points, _)| *points != 0)
        .collect();
    lines.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    let words = lines
        .iter()
        .map(|(points, text)| format!("{} {text}", Points(*points)));
    (numbers.collect(), words.collect())
}

fn lead_json(lead: &Lead) -> Value {
    let scores = lead.scores.iter();
    let scores: serde_json::Map<String, Value> = scores
        .map(|(name, shown, band)| (name.clone(), json!({ "shown": shown, "band": band })))
        .collect();
    json!({
        "entry": lead.entry.entry, "list": lead.list, "automation": lead.entry.automation,
        "contact": lead.entry.email.as_ref().map(Address::reveal), "entered_on": lead.entry.entered_on.to_string(),
        "scores": scores, "because": lead.because, "inside": lead.entry.left_at.is_none(), "answer": lead.entry.answer,
    })
}

fn row(lead: &Lead) -> Vec<String> {
    let scores = lead.scores.iter().map(|(name, shown, band)| match band {
        Some(band) => format!("{name} {shown} ({band})"),
        None => format!("{name} {shown}"),
    });
    let email = lead
        .entry
        .email
        .as_ref()
        .map(|email| email.reveal().to_owned());
    vec![
        lead.entry.entry.to_string(),
        lead.entry.entered_on.to_string(),
        lead.list.clone(),
        email.unwrap_or_default(),
        scores.collect::<Vec<_>>().join(", "),
        lead.because
            .iter()
            .take(3)
            .cloned()
            .collect::<Vec<_>>()
            .join("; "),
        lead.entry.answer.clone().unwrap_or_default(),
    ]
}

/// The entry of that number, if it stands on a list.
fn handed_over(context: &Context, config: &Config, entry: i64) -> Result<Listed, Expected> {
    let which = Entries {
        entry: Some(entry),
        state: Some(EntryState::HandedOver),
        ..Entries::ALL
    };
    let found = context.reading(config)?.read(|conn| conn.entries(&which))?;
    found.into_iter().next().ok_or_else(|| {
        usage(
            format!("no lead has the number {entry}"),
            "see `engaged leads`",
        )
    })
}

fn refuse(context: &Context, refuse: &Refuse) -> Result<Exit, Expected> {
    let config = context.config()?;
    let entry = handed_over(context, &config, refuse.entry)?;
    let score = super::adjust::score(&config, refuse.score.as_deref())?;
    let today = Zone::new(config.zone).day(context.clock.now().timestamp_millis());
    let until = match &refuse.until {
        Some(text) => date(text, "--until")?,
        None => today.plus(NOT_FOR),
    };
    if until <= today {
        return Err(usage(
            format!("until {until} there is no day on which it would count"),
            "--until is the first day on which it counts no more",
        ));
    }
    let points = if let Some(text) = &refuse.points {
        Decimal::parse(text).and_then(|number| number.scaled(3))
    } else {
        let store = context.reading(&config)?;
        let state = store
            .read(|conn| conn.state(entry.contact))?
            .unwrap_or_default();
        let shown = state.scores.iter().find(|row| row.name == score);
        shown.map(|row| -row.shown * 1000)
    };
    let points = points.filter(|points| *points < 0).ok_or_else(|| {
        usage(
            "who is no lead loses points: there is no number of them",
            "say how many: --points -50",
        )
    })?;
    answer(
        context,
        &config,
        &entry,
        &refuse.reason,
        Some((score, points, until)),
    )
}

/// Keeps the answer, and with it the adjustment that follows from it.
fn answer(
    context: &Context,
    config: &Config,
    entry: &Listed,
    words: &str,
    adjustment: Option<(String, i64, Day)>,
) -> Result<Exit, Expected> {
    let (author, now) = (who(context), context.clock.now().timestamp_millis());
    let today = Zone::new(config.zone).day(now);
    let (number, contact, note) = (entry.entry, entry.contact, words.to_owned());
    let adjusted = adjustment.clone();
    beside(context, config)?.write(move |tx| {
        tx.answer_entry(number, &note)?;
        if let Some((score, points, until)) = &adjusted {
            tx.adjust(
                contact,
                score,
                *points,
                (today, *until),
                &note,
                &author,
                now,
            )?;
        }
        tx.audit(&author, "answer lead", &format!("entry {number}"), now)
    })?;
    let adjusted = adjustment.map(|(score, points, until)| {
        json!({ "score": score, "points": Points(points), "until": until.to_string() })
    });
    let result = json!({ "schema": 1, "entry": number, "answer": words, "adjustment": adjusted });
    context.output.show(&result, |_| {
        let then = if adjusted.is_some() {
            "; the score is adjusted\nnext: engaged score"
        } else {
            ""
        };
        format!("lead {number}: {words}{then}")
    });
    Ok(Exit::Done)
}
