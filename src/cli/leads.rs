//! `leads`: whom automations hand over to people, why, and what people answer.

use clap::{Args, Subcommand};
use engaged_connectors::model::Address;
use serde_json::{Value, json};

use crate::{
    config::Config,
    diagnostic::{Exit, Expected},
    leads::{self, Correction, Lead, NOT_FOR},
    rules::syntax::Decimal,
    score::{calendar::Zone, explain::Points},
    store::Listed,
};

use super::{
    Context,
    human::{beside, who},
    look::date,
    output, usage,
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

pub(super) fn leads(context: &Context, arguments: &Leads) -> Result<Exit, Expected> {
    match &arguments.verb {
        None => list(context, arguments.list.as_deref(), arguments.all),
        Some(Verb::Accept(accept)) => {
            let config = context.config()?;
            let entry = leads::handed_over(&context.reading(&config)?, accept.entry)?;
            answer(context, &config, &entry, &accept.note, None)
        }
        Some(Verb::Refuse(refuse)) => self::refuse(context, refuse),
    }
}

fn list(context: &Context, only: Option<&str>, all: bool) -> Result<Exit, Expected> {
    let config = context.config()?;
    let lists = leads::lists(&config);
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
    let found = store.read(|conn| {
        let mut found = Vec::new();
        for (automation, list) in &lists {
            if only.is_none_or(|only| only == *list) {
                let which = (*automation, *list);
                found.extend(leads::of(conn, &config, which, (all, u16::MAX), today)?);
            }
        }
        Ok(found)
    })?;
    let result = json!({ "schema": 1, "leads": found.iter().map(lead_json).collect::<Vec<_>>() });
    context.output.show(&result, |_| {
        let rows: Vec<Vec<String>> = found.iter().map(row).collect();
        output::table(
            &["ENTRY", "ON", "LIST", "CONTACT", "SCORES", "BECAUSE", ""],
            &[0],
            &rows,
        )
    });
    Ok(Exit::Done)
}

/// The rules that give points, each with its points.
fn because(lead: &Lead) -> Vec<String> {
    let lines = lead.because.iter();
    lines
        .map(|(points, text)| format!("{} {text}", Points(*points)))
        .collect()
}

fn lead_json(lead: &Lead) -> Value {
    let scores = lead.scores.iter();
    let scores: serde_json::Map<String, Value> = scores
        .map(|(name, shown, band)| (name.clone(), json!({ "shown": shown, "band": band })))
        .collect();
    json!({
        "entry": lead.entry.entry, "list": lead.list, "automation": lead.entry.automation,
        "contact": lead.entry.email.as_ref().map(Address::reveal), "entered_on": lead.entry.entered_on.to_string(),
        "scores": scores, "because": because(lead), "inside": lead.entry.left_at.is_none(), "answer": lead.entry.answer,
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
        because(lead)
            .into_iter()
            .take(3)
            .collect::<Vec<_>>()
            .join("; "),
        lead.entry.answer.clone().unwrap_or_default(),
    ]
}

fn refuse(context: &Context, refuse: &Refuse) -> Result<Exit, Expected> {
    let config = context.config()?;
    let entry = leads::handed_over(&context.reading(&config)?, refuse.entry)?;
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
        store.read(|conn| leads::to_zero(conn, &entry, &score))?
    };
    let points = points.filter(|points| *points < 0).ok_or_else(|| {
        usage(
            "who is no lead loses points: there is no number of them",
            "say how many: --points -50",
        )
    })?;
    let correction = Correction {
        score,
        points,
        until,
    };
    answer(context, &config, &entry, &refuse.reason, Some(&correction))
}

/// Keeps the answer, and says so.
fn answer(
    context: &Context,
    config: &Config,
    entry: &Listed,
    words: &str,
    correction: Option<&Correction>,
) -> Result<Exit, Expected> {
    let (store, zone) = (beside(context, config)?, Zone::new(config.zone));
    let by = (who(context), context.clock.now().timestamp_millis());
    leads::answer(&store, &zone, entry, (words, correction), (&by.0, by.1))?;
    let number = entry.entry;
    let adjusted = correction.map(|each| {
        json!({ "score": each.score, "points": Points(each.points), "until": each.until.to_string() })
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
