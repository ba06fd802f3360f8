//! Verbs that only look: `check`, `status`, `explain`, `contacts`, `segments`, `history`.

use std::{collections::BTreeSet, ops::ControlFlow};

use clap::Args;
use engaged_connectors::model::Address;

use crate::{
    because::{When, because},
    config::{self, Config, Language},
    diagnostic::{Diagnostic, Exit, Expected, render::render},
    listing::{Budget, Filter, Row, Sieve, both},
    rule_tests::{self, Failure},
    rules::{SyntaxError, syntax::Condition},
    score::{
        Reason,
        calendar::{Day, Zone},
        explain::Points,
    },
    status,
    store::{ContactId, Store},
    words::{self, Detail, Role},
};

use super::{
    Context,
    listing::Listing,
    output,
    tracking::{self, Tracked},
    usage,
};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Print the JSON Schema of the configuration instead
    #[arg(long)]
    schema: bool,
}

#[derive(Debug, Args)]
pub(super) struct Status {}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The contact's address
    contact: String,
    /// As of this date (YYYY-MM-DD); today if left out
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// With what was known at the end of this date; everything if left out
    #[arg(long, value_name = "DATE")]
    known_at: Option<String>,
    /// The language: nl or en; that of the configuration if left out
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
    /// Every rule, every event with its number, every date ahead
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(super) struct Contacts {
    /// Only those in this segment
    #[arg(long)]
    segment: Option<String>,
    /// Only those for whom this condition holds, e.g. "no open in 3 months"
    #[arg(long = "where", value_name = "CONDITION")]
    condition: Option<String>,
    /// Only those in this stage
    #[arg(long)]
    stage: Option<String>,
    /// Only those who are not judged for this reason, e.g. `too_new`
    #[arg(long, value_name = "REASON")]
    not_judged: Option<String>,
    /// Only those whose address begins like this
    #[arg(long, value_name = "BEGINNING")]
    address: Option<String>,
    /// table, csv or ndjson
    #[arg(long, default_value = "table", value_parser = ["table", "csv", "ndjson"])]
    format: String,
}

#[derive(Debug, Args)]
pub(super) struct History {
    /// The contact's address
    contact: String,
}

pub(super) fn check(context: &Context, arguments: &Check) -> Result<Exit, Expected> {
    if arguments.schema {
        output::line(&format!("{:#}", config::json_schema()));
        return Ok(Exit::Done);
    }
    let config = config::load(&context.path, &context.environment)?;
    let rules = &config.rules;
    let failures = rule_tests::run(rules, &config.tests);
    let tracking = tracking::look(context, &config);
    let result = serde_json::json!({
        "schema": 1, "connections": config.connections.len(), "scores": rules.scores.len(),
        "rules": rules.scores.iter().map(|score| score.rules.len()).sum::<usize>(),
        "segments": rules.segments.len(), "stages": rules.stages.len(), "rules_hash": config.rules_hash,
        "tests": config.tests.len(), "tracking": tracking.as_ref().map(Tracked::json),
        "failures": failures.iter().map(|failure| serde_json::json!({
            "test": failure.test, "what": failure.what, "expected": failure.expected, "found": failure.found,
            "because": failure.because.scores })).collect::<Vec<_>>(),
        "warnings": config.warnings.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
    });
    let told = config
        .warnings
        .iter()
        .cloned()
        .chain(failures.iter().map(|each| failed(each, config.language)));
    let told: Vec<Diagnostic> = told.collect();
    if !told.is_empty() {
        output::say(&render(&told, context.style()));
    }
    context.output.show(&result, |_| {
        let scores = rules
            .scores
            .iter()
            .map(|score| format!("{} ({} rules)", score.name, score.rules.len()));
        format!(
            "{} {}: {} connections, scores {}, {} segments, {} stages\n{}{}rules {}",
            config.file.display(),
            if failures.is_empty() {
                "is in order"
            } else {
                "can be read"
            },
            config.connections.len(),
            scores.collect::<Vec<_>>().join(", "),
            rules.segments.len(),
            rules.stages.len(),
            tests_text(&config, &failures),
            tracking.as_ref().map(Tracked::text).unwrap_or_default(),
            &config.rules_hash[..12.min(config.rules_hash.len())],
        )
    });
    Ok(if failures.is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    })
}

/// One line on the rule tests; none where there are none.
fn tests_text(config: &Config, failures: &[Failure]) -> String {
    let failed: BTreeSet<&str> = failures.iter().map(|each| each.test.as_str()).collect();
    match (config.tests.len(), failed.len()) {
        (0, _) => String::new(),
        (all, 0) => format!("{all} rule tests hold\n"),
        (all, failed) => format!("{failed} of {all} rule tests fail\n"),
    }
}

/// A rule test's failure, and why it came out as it did.
fn failed(failure: &Failure, language: Language) -> Diagnostic {
    let mut lines = words::explanation(&failure.because, language, Detail::Everything);
    let of_scores = [
        Role::Score,
        Role::Item,
        Role::Part,
        Role::Remark,
        Role::Total,
    ];
    lines.retain(|line| of_scores.contains(&line.role));
    let because = words::text(&lines);
    failure.diagnostic().note(format!(
        "because:{}",
        because.trim_end().replace('\n', "\n  ")
    ))
}

pub(super) fn status(context: &Context, _: &Status) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let status = status::status(&store, &config, context.clock.as_ref())?;
    context.output.show(&status, status::text);
    Ok(if status.is_healthy() {
        Exit::Done
    } else {
        Exit::Unavailable
    })
}

/// Reads a date that somebody typed.
pub(super) fn date(text: &str, option: &str) -> Result<Day, Expected> {
    Day::parse(text).ok_or_else(|| {
        usage(
            format!("{option} '{text}' is not a date"),
            "write it as 2026-06-15",
        )
    })
}

/// Reads a language as the configuration writes it.
pub(super) fn language(text: &str) -> Result<Language, String> {
    Language::ALL
        .into_iter()
        .find(|language| language.code() == text.to_lowercase())
        .ok_or_else(|| "there are nl (Dutch) and en (English)".to_owned())
}

pub(super) fn find(store: &Store, typed: &str) -> Result<(ContactId, Address), Expected> {
    let address = Address::parse(typed).ok_or_else(|| {
        usage(
            format!("'{typed}' is not an address"),
            "give the contact's e-mail address",
        )
    })?;
    let found = store.read(|conn| conn.find_contact(&address))?;
    let contact = found.ok_or_else(|| {
        usage(
            format!("there is no contact {}", address.reveal()),
            "list contacts with `engaged contacts`",
        )
    })?;
    Ok((contact, address))
}

pub(super) fn explain(context: &Context, arguments: &Explain) -> Result<Exit, Expected> {
    let config = context.config()?;
    let typed = |text: &Option<String>, option: &str| {
        text.as_deref().map(|text| date(text, option)).transpose()
    };
    let when = When {
        as_of: typed(&arguments.as_of, "--as-of")?,
        known_at: typed(&arguments.known_at, "--known-at")?,
    };
    let now = context.clock.now().timestamp_millis();
    let store = context.reading(&config)?;
    let (contact, address) = find(&store, &arguments.contact)?;
    let language = arguments.lang.unwrap_or(config.language);
    if let Some(at) = store.read(|conn| conn.objected_at(contact))? {
        let since = Zone::new(config.zone).day(at);
        let result = serde_json::json!({
            "schema": 1, "contact": address.reveal(), "objects_since": since.to_string(),
        });
        context.output.show(&result, |_| {
            words::objects(address.reveal(), since, language)
        });
        return Ok(Exit::Done);
    }
    let explanation =
        store.read(|conn| because(conn, &config, (contact, address.reveal()), when, now))?;
    let Some(explanation) = explanation else {
        let help = "nothing was known about the contact on that date";
        return Err(usage(
            format!("{} was not known yet", address.reveal()),
            help,
        ));
    };
    let detail = if arguments.all {
        Detail::Everything
    } else {
        Detail::Short
    };
    context.output.show(&explanation, |explanation| {
        words::text(&words::explanation(explanation, language, detail))
    });
    Ok(Exit::Done)
}

/// Whom the options ask for.
fn wanted(config: &Config, arguments: &Contacts) -> Result<Filter, Expected> {
    let rules = &config.rules;
    let segments = rules.segments.iter().map(|segment| segment.name.as_str());
    let stages = rules.stages.iter().map(|stage| stage.name.as_str());
    known(
        "segment",
        arguments.segment.as_deref(),
        &segments.collect::<Vec<_>>(),
    )?;
    known(
        "stage",
        arguments.stage.as_deref(),
        &stages.collect::<Vec<_>>(),
    )?;
    known(
        "reason",
        arguments.not_judged.as_deref(),
        &Reason::WAITING.map(Reason::as_str),
    )?;
    let segment = arguments.segment.clone().map(Condition::Segment);
    let condition = arguments.condition.as_deref();
    let condition = condition.map(|text| parse(config, "--where", text));
    Ok(Filter {
        condition: both(segment, condition.transpose()?),
        stage: arguments.stage.clone(),
        unjudged: arguments.not_judged.clone(),
        address: arguments.address.clone(),
    })
}

/// Refuses a name that nothing has.
fn known(what: &str, named: Option<&str>, names: &[&str]) -> Result<(), Expected> {
    match named {
        Some(name) if !names.contains(&name) => Err(usage(
            format!("there is no {what} '{name}'"),
            format!("there are: {}", names.join(", ")),
        )),
        _ => Ok(()),
    }
}

/// A condition on the command line; `flag` is what it stands behind.
pub(super) fn parse(
    config: &Config,
    flag: &str,
    text: &str,
) -> Result<crate::rules::syntax::Condition, Expected> {
    config
        .condition(text)
        .map_err(|errors| located(flag, text, errors))
}

/// What is wrong with words of the rule language on the command line.
pub(super) fn located(flag: &str, text: &str, errors: Vec<SyntaxError>) -> Expected {
    let place = crate::diagnostic::Place {
        file: flag.into(),
        text: text.into(),
        span: 0..text.len(),
    };
    let located = errors.into_iter().map(|error| {
        Diagnostic::error(error.code.as_str(), error.message)
            .at(&place.at(error.span), error.label)
            .maybe_help(error.help)
    });
    Expected::from(located.collect::<Vec<_>>())
}

pub(super) fn contacts(context: &Context, arguments: &Contacts) -> Result<Exit, Expected> {
    let config = context.config()?;
    let filter = wanted(&config, arguments)?;
    let store = context.reading(&config)?;
    let format = if context.output.json {
        "json"
    } else {
        arguments.format.as_str()
    };
    let today = Zone::new(config.zone).day(context.clock.now().timestamp_millis());
    let mut listing = Listing::new(format, &config.rules);
    store.read(|conn| {
        let sieve = Sieve::new(conn, &config.rules, filter, today)?;
        let first = ContactId(i64::MIN);
        sieve.look(conn, first, Budget::NONE, &mut |contact, facts, state| {
            listing.row(&Row::new(contact, facts, state));
            ControlFlow::Continue(())
        })
    })?;
    listing.finish();
    Ok(Exit::Done)
}

pub(super) fn segments(context: &Context) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let (bands, segments, stages) = store.read(|conn| {
        Ok((
            conn.band_sizes()?,
            conn.segment_sizes()?,
            conn.stage_sizes()?,
        ))
    })?;
    let named =
        |sizes: &[(String, i64)], names: &mut dyn Iterator<Item = &String>| -> Vec<(String, i64)> {
            let size = |name: &String| {
                sizes
                    .iter()
                    .find(|(each, _)| each == name)
                    .map_or(0, |(_, size)| *size)
            };
            names.map(|name| (name.clone(), size(name))).collect()
        };
    let rules = &config.rules;
    let segments = named(
        &segments,
        &mut rules.segments.iter().map(|segment| &segment.name),
    );
    let stages = named(&stages, &mut rules.stages.iter().map(|stage| &stage.name));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for score in &rules.scores {
        for band in &score.bands {
            let size = bands
                .iter()
                .find(|(name, each, _)| *name == score.name && each.as_ref() == Some(&band.name));
            rows.push(vec![
                score.name.clone(),
                band.name.clone(),
                size.map_or(0, |each| each.2).to_string(),
            ]);
        }
    }
    let result = serde_json::json!({
        "schema": 1,
        "bands": rows.iter().map(|row| serde_json::json!({ "score": row[0], "band": row[1],
            "contacts": row[2].parse::<i64>().unwrap_or_default() })).collect::<Vec<_>>(),
        "segments": segments.iter().map(|(name, size)| serde_json::json!({ "segment": name, "contacts": size })).collect::<Vec<_>>(),
        "stages": stages.iter().map(|(name, size)| serde_json::json!({ "stage": name, "contacts": size })).collect::<Vec<_>>(),
    });
    rows.extend(
        segments
            .iter()
            .map(|(name, size)| vec!["segment".to_owned(), name.clone(), size.to_string()]),
    );
    rows.extend(
        stages
            .iter()
            .map(|(name, size)| vec!["stage".to_owned(), name.clone(), size.to_string()]),
    );
    context.output.show(&result, |_| {
        output::table(&["SCORE", "BAND", "CONTACTS"], &[2], &rows)
    });
    Ok(Exit::Done)
}

pub(super) fn history(context: &Context, arguments: &History) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let (contact, address) = find(&store, &arguments.contact)?;
    let rows = store.read(|conn| conn.score_history(contact))?;
    let result = serde_json::json!({
        "schema": 1, "contact": address.reveal(),
        "history": rows.iter().map(|row| serde_json::json!({ "on": row.on, "score": row.score, "raw": Points(row.raw),
            "shown": row.shown, "band": row.band, "rules": row.rules })).collect::<Vec<_>>(),
    });
    let table = rows.iter().map(|row| {
        let band = row.band.clone().unwrap_or_default();
        vec![
            row.on.clone(),
            row.score.clone(),
            row.shown.to_string(),
            band,
            row.rules.chars().take(12).collect(),
        ]
    });
    let table: Vec<Vec<String>> = table.collect();
    context.output.show(&result, |_| {
        output::table(&["DATE", "SCORE", "POINTS", "BAND", "RULES"], &[2], &table)
    });
    Ok(Exit::Done)
}
