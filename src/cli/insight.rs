//! `backtest` and `suggest`: scores against what happened.

mod text;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    config::Config,
    diagnostic::{Diagnostic, Exit, Expected, render::render},
    drift,
    insight::{
        self, Ask, backtest as tested,
        candidates::Wanted,
        draft,
        suggest::{self as suggested, Suggestion},
    },
    rules::parse_span,
};

use super::{Context, human, look, output, usage};

/// A conversion that is no pattern of events.
const NO_PATTERN: &str = "E0270";
/// Nobody converted.
const NO_CONVERSIONS: &str = "E0274";

#[derive(Debug, Args)]
struct Looking {
    /// What counts as a conversion, e.g. "any purchase of 'shoes'"; else as configured
    #[arg(long, value_name = "PATTERN")]
    conversion: Option<String>,
    /// Who converts within this time is nobody to compare with, e.g. "90 days"
    #[arg(long, value_name = "SPAN")]
    within: Option<String>,
    /// Take fields and lists as they are today, though the past may not have known them
    #[arg(long)]
    profile_today: bool,
}

#[derive(Debug, Args)]
pub(super) struct Backtest {
    #[command(flatten)]
    looking: Looking,
    /// Keep it: `engaged drift` compares later weeks with it
    #[arg(long)]
    save: bool,
}

#[derive(Debug, Args)]
pub(super) struct Suggest {
    #[command(flatten)]
    looking: Looking,
    /// Look at this condition; may be repeated. Without it, at all that can be found
    #[arg(long, value_name = "CONDITION")]
    fact: Vec<String>,
    /// Write a draft of rules for `engaged preview`
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The score that the draft is of
    #[arg(long, value_name = "NAME", default_value = "suggested")]
    score: String,
    /// Give the draft the cautious points
    #[arg(long, requires = "output")]
    cautious: bool,
    /// Weigh the facts together by logistic regression
    #[arg(long)]
    regression: bool,
    /// Write the regression's model for `[scores.NAME] model`
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The regression's penalty on large coefficients, 0 for none; else as configured
    #[arg(long, value_name = "NUMBER", value_parser = penalty, allow_negative_numbers = true)]
    l2: Option<f64>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

fn penalty(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| "a number, 0 or more".to_owned())
}

pub(super) fn backtest(context: &Context, arguments: &Backtest) -> Result<Exit, Expected> {
    let config = context.config()?;
    let ask = ask(&config, &arguments.looking)?;
    let store = if arguments.save {
        human::beside(context, &config)?
    } else {
        context.reading(&config)?
    };
    let report = tested::backtest(&store, &ask, context.clock.as_ref())?;
    if report.all.conversions == 0 {
        return Err(nobody(&report.conversion, report.left_out.at_once));
    }
    if arguments.save {
        drift::against::keep(&store, &config, &report, context.clock.as_ref())?;
        output::say("kept: `engaged drift` compares later weeks with it");
    }
    context.output.show(&report, text::backtest);
    Ok(Exit::Done)
}

pub(super) fn suggest(context: &Context, arguments: &Suggest) -> Result<Exit, Expected> {
    let config = context.config()?;
    let ask = ask(&config, &arguments.looking)?;
    let facts = arguments.fact.iter();
    let facts = facts.map(|text| look::parse(&config, "--fact", text));
    let facts = facts.collect::<Result<Vec<_>, _>>()?;
    let wanted = if facts.is_empty() {
        Wanted::All
    } else {
        Wanted::These(facts)
    };
    for file in arguments.output.iter().chain(&arguments.model) {
        if file.exists() && !arguments.force {
            return Err(usage(
                format!("{} is there already", file.display()),
                "name another file, or replace it with --force",
            ));
        }
    }
    let regression = arguments.regression || arguments.model.is_some() || arguments.l2.is_some();
    let l2 = regression.then(|| arguments.l2.unwrap_or(config.insight.l2));
    let store = context.reading(&config)?;
    let report = suggested::suggest(&store, &ask, &wanted, l2, context.clock.as_ref())?;
    if report.all.conversions == 0 {
        return Err(nobody(&report.conversion, report.left_out.at_once));
    }
    context.output.show(&report, text::suggestion);
    if let Some(file) = &arguments.output {
        let text = draft::rules(&report, &arguments.score, arguments.cautious);
        write(file, &text)?;
        let (file, config) = (file.display(), context.path.display());
        output::say(&format!(
            "written; next: engaged preview {file} --config {config}"
        ));
    }
    model(context, arguments, &report)
}

/// Writes the model, or says why there is none.
fn model(context: &Context, arguments: &Suggest, report: &Suggestion) -> Result<Exit, Expected> {
    if let Some(refused) = &report.refused {
        let told = Diagnostic::error(refused.code, refused.why.clone()).help(refused.help.clone());
        output::say(&render(&[told], context.style()));
        return Ok(Exit::Usage);
    }
    if let Some((file, model)) = arguments.model.as_ref().zip(report.model.as_ref()) {
        write(file, &draft::model(report, model))?;
        output::say(&format!(
            "written; use it as a score: [scores.NAME] model = \"{}\"",
            file.display()
        ));
    }
    Ok(Exit::Done)
}

fn write(file: &Path, text: &str) -> Result<(), Expected> {
    std::fs::write(file, text).map_err(|error| {
        usage(
            format!("{} cannot be written", file.display()),
            error.to_string(),
        )
    })
}

fn ask<'a>(config: &'a Config, looking: &Looking) -> Result<Ask<'a>, Expected> {
    let typed = looking.conversion.as_ref();
    let (place, words) = typed.map_or(
        ("[insight] conversion", &config.insight.conversion),
        |typed| ("--conversion", typed),
    );
    let conversion = insight::conversion(words, &config.rules.kinds)
        .map_err(|errors| look::located(place, words, errors))?;
    let conversion = conversion.ok_or_else(|| {
        let wrong = format!("'{words}' is not something that happens on a day");
        Expected::new(
            Exit::Usage,
            Diagnostic::error(NO_PATTERN, wrong).help(
                "name a kind of event, such as \"any purchase\" or \"any form submit on '/demo*'\"",
            ),
        )
    })?;
    let within = looking
        .within
        .as_ref()
        .map(|text| parse_span(text).map_err(|errors| look::located("--within", text, errors)));
    Ok(Ask {
        config,
        conversion,
        within: within.transpose()?.unwrap_or(config.insight.within),
        profile_today: looking.profile_today,
    })
}

fn nobody(conversion: &str, at_once: u64) -> Expected {
    let diagnostic = Diagnostic::error(
        NO_CONVERSIONS,
        format!("nobody has converted yet: there is no first '{conversion}' to look back from"),
    )
    .help("name what happens more often with --conversion");
    Expected::new(
        Exit::Usage,
        if at_once > 0 {
            diagnostic.note(format!(
                "{at_once} contacts converted on the first day they were there; nothing was known before"
            ))
        } else {
            diagnostic
        },
    )
}
