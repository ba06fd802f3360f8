//! `preview`: what a draft of the rules would change.

mod listing;
mod text;

use std::path::PathBuf;

use clap::Args;

use crate::{
    config,
    diagnostic::{Exit, Expected, Severity, render::render},
    preview::{self, Ask, contact::ContactChange},
};

use self::listing::Listing;
use super::{Context, look::date, output};

#[derive(Debug, Args)]
pub(super) struct Preview {
    /// A copy of the configuration that was edited; or a file with only what is to be replaced
    draft: PathBuf,
    /// As of this date (YYYY-MM-DD); today if left out
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// List every contact that changes, and by which rules
    #[arg(long)]
    contacts: bool,
    /// How to list contacts: table, csv or ndjson
    #[arg(long, default_value = "table", value_parser = ["table", "csv", "ndjson"], requires = "contacts")]
    format: String,
}

pub(super) fn preview(context: &Context, arguments: &Preview) -> Result<Exit, Expected> {
    let config = context.config()?;
    let draft = config::load_draft(&context.path, &arguments.draft, &context.environment)?;
    let as_of = arguments
        .as_of
        .as_deref()
        .map(|text| date(text, "--as-of"))
        .transpose()?;
    let store = context.reading(&config)?;
    let known: Vec<&str> = config
        .warnings
        .iter()
        .map(|each| each.message.as_str())
        .collect();
    let warnings = draft.config.warnings.iter();
    let new: Vec<_> = warnings
        .filter(|each| {
            each.severity == Severity::Warning && !known.contains(&each.message.as_str())
        })
        .cloned()
        .collect();
    if !new.is_empty() {
        output::say(&render(&new, context.style()));
    }
    let ask = Ask {
        now: &config,
        draft: &draft,
        as_of,
    };
    let clock = context.clock.as_ref();
    if !arguments.contacts {
        let report = preview::preview(&store, &ask, clock, None)?;
        context.output.show(&report, text::report);
        return Ok(Exit::Done);
    }
    let format = if context.output.json {
        "json"
    } else {
        arguments.format.as_str()
    };
    let mut listing = Listing::new(format);
    let mut each = |change: &ContactChange| listing.row(change);
    let report = preview::preview(&store, &ask, clock, Some(&mut each))?;
    listing.finish(&report);
    Ok(Exit::Done)
}
