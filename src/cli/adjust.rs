//! `adjust`: a person's correction of one contact's score, dated, with a reason and an end.
//!
//! It is a fact like any other: scores are computed with it while its dates
//! last, explanations show it as a line of its own, and taking it back leaves
//! what it did before to be asked for. It works beside a running daemon.

use clap::Args;
use serde::Serialize;

use crate::{
    adjusting::{self, Correction, CorrectionError},
    config::Config,
    diagnostic::{Exit, Expected},
    score::{
        calendar::{Day, Zone},
        explain::Points,
        facts::Adjustment,
    },
    store::{ContactId, Store},
};

use super::{
    Context,
    human::{beside, who},
    look::{date, find},
    output, usage,
};

#[derive(Debug, Args)]
pub(super) struct Adjust {
    /// The contact's address
    #[arg(required_unless_present = "withdraw")]
    contact: Option<String>,
    /// How many points, such as -20; without it, the contact's adjustments are listed
    #[arg(allow_negative_numbers = true, requires_all = ["until", "reason"])]
    points: Option<String>,
    /// The first day on which it counts no more
    #[arg(long, value_name = "DATE", requires = "points")]
    until: Option<String>,
    /// Why: explanations show it
    #[arg(long, value_name = "TEXT", requires = "points")]
    reason: Option<String>,
    /// The first day on which it counts; without it, today
    #[arg(long, value_name = "DATE", requires = "points")]
    from: Option<String>,
    /// Which score; may be left out where there is one
    #[arg(long, value_name = "NAME", requires = "points")]
    score: Option<String>,
    /// Take back the adjustment of this number
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["contact", "points"])]
    withdraw: Option<i64>,
}

/// One correction, as it is shown.
#[derive(Debug, Serialize)]
struct Line {
    number: i64,
    score: String,
    points: Points,
    from: String,
    until: String,
    reason: String,
    author: String,
    withdrawn: bool,
}

pub(super) fn adjust(context: &Context, arguments: &Adjust) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = beside(context, &config)?;
    if let Some(number) = arguments.withdraw {
        return withdraw(context, &store, number);
    }
    let typed = arguments.contact.as_deref().unwrap_or_default();
    let (contact, address) = find(&store, typed)?;
    let Some(points) = &arguments.points else {
        return list(context, &store, contact);
    };
    let (from, until, today) = days(context, &config, arguments)?;
    let reason = arguments.reason.as_deref().unwrap_or_default().trim();
    let correction = Correction::new(contact, points, (from, until), reason, today);
    let correction = correction.map_err(|error| usage(error.to_string(), advice(&error)))?;
    let score = score(&config, arguments.score.as_deref())?;
    let points = correction.points();
    let (author, now) = (who(context), context.clock.now().timestamp_millis());
    let name = score.clone();
    let number = store.write(move |tx| correction.write(tx, &name, &author, now))?;
    let result = serde_json::json!({
        "schema": 1, "number": number, "contact": address.reveal(), "score": score, "points": points,
        "from": from.to_string(), "until": until.to_string(), "reason": reason,
    });
    context.output.show(&result, |_| {
        format!(
            "{score} of {} is adjusted by {points} from {from} until {until} (number {number})\n\
             next: engaged score; to take it back: engaged adjust --withdraw {number}",
            address.reveal(),
        )
    });
    Ok(Exit::Done)
}

/// The score that is meant.
pub(super) fn score(config: &Config, named: Option<&str>) -> Result<String, Expected> {
    let scores = &config.rules.scores;
    let names: Vec<&str> = scores.iter().map(|score| score.name.as_str()).collect();
    match (named, names.as_slice()) {
        (Some(name), _) if names.contains(&name) => Ok(name.to_owned()),
        (Some(name), _) => Err(usage(
            format!("there is no score '{name}'"),
            format!("there are: {}", names.join(", ")),
        )),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(usage(
            "which score is to be adjusted?",
            format!("add --score with one of: {}", names.join(", ")),
        )),
    }
}

/// What to do about it.
fn advice(error: &CorrectionError) -> &'static str {
    match error {
        CorrectionError::Points(_) => "write it like -20 or 7.5, with up to three decimals",
        CorrectionError::Reason => "say why: --reason 'not a lead'",
        CorrectionError::Days(..) => "--until is the first day on which it counts no more",
    }
}

/// The first day on which it counts, the first on which it does no more, and today.
fn days(
    context: &Context,
    config: &Config,
    arguments: &Adjust,
) -> Result<(Day, Day, Day), Expected> {
    let today = Zone::new(config.zone).day(context.clock.now().timestamp_millis());
    let from = arguments.from.as_deref();
    let from = from.map_or(Ok(today), |text| date(text, "--from"))?;
    let until = date(arguments.until.as_deref().unwrap_or_default(), "--until")?;
    Ok((from, until, today))
}

fn withdraw(context: &Context, store: &Store, number: i64) -> Result<Exit, Expected> {
    let (author, now) = (who(context), context.clock.now().timestamp_millis());
    let withdrawn = store.write(move |tx| adjusting::withdraw(tx, number, &author, now))?;
    if !withdrawn {
        return Err(usage(
            format!("there is no adjustment {number} that could be taken back"),
            "list a contact's adjustments with `engaged adjust ADDRESS`",
        ));
    }
    let result = serde_json::json!({ "schema": 1, "withdrawn": number });
    context.output.show(&result, |_| {
        format!("adjustment {number} is taken back\nnext: engaged score")
    });
    Ok(Exit::Done)
}

fn list(context: &Context, store: &Store, contact: ContactId) -> Result<Exit, Expected> {
    let adjustments = store.read(|conn| conn.adjustments(contact))?;
    let line = |(each, withdrawn): (Adjustment, bool)| Line {
        number: each.id,
        score: each.score,
        points: Points(each.points),
        from: each.from.to_string(),
        until: each.until.to_string(),
        reason: each.reason,
        author: each.author,
        withdrawn,
    };
    let lines: Vec<Line> = adjustments.into_iter().map(line).collect();
    let result = serde_json::json!({ "schema": 1, "adjustments": lines });
    context.output.show(&result, |_| {
        let rows = lines.iter().map(|line| {
            vec![
                line.number.to_string(),
                line.score.clone(),
                line.points.to_string(),
                line.from.clone(),
                line.until.clone(),
                if line.withdrawn { "taken back" } else { "" }.to_owned(),
                format!("{} ({})", line.reason, line.author),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let header = ["NUMBER", "SCORE", "POINTS", "FROM", "UNTIL", "", "WHY"];
        output::table(&header, &[0, 2], &rows)
    });
    Ok(Exit::Done)
}
