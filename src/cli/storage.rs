//! `backup` and `restore`: a copy of the database in one file, and back.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    care::{backup, size},
    diagnostic::{Exit, Expected},
    score::calendar::Zone,
    store::{self, Held, Restored},
};

use super::{Context, human, output};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write; its folder must exist
    file: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `backup` or the daemon wrote
    file: PathBuf,
}

pub(super) fn backup(context: &Context, arguments: &Backup) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let begun = context.clock.now();
    let held = store.back_up(&arguments.file, arguments.force)?;
    let took = context.clock.now() - begun;
    let row = backup::row(&arguments.file, &held, begun.timestamp_millis());
    // The file is good, whatever becomes of the note about it.
    let noted = human::beside(context, &config)
        .and_then(|store| Ok(store.write(move |tx| tx.add_backup(&row))?));
    if noted.is_err() {
        output::say("the backup is good, but that there is one could not be noted in the database");
    }
    let result = json!({
        "schema": 1, "file": arguments.file, "bytes": held.bytes, "rows": held.rows, "contacts": held.contacts,
        "events": held.events, "database_schema": held.schema, "milliseconds": took.num_milliseconds(),
        "checked": true, "noted": noted.is_ok(),
    });
    context.output.show(&result, |_| {
        format!(
            "{}: {}\nopened and found good; it took {:.1} s",
            arguments.file.display(),
            held_text(&held),
            took.as_seconds_f64()
        )
    });
    Ok(Exit::Done)
}

fn held_text(held: &Held) -> String {
    format!(
        "{}, {} contacts, {} events, {} rows, schema {}",
        size(held.bytes),
        held.contacts,
        held.events,
        held.rows,
        held.schema
    )
}

pub(super) fn restore(context: &Context, arguments: &Restore) -> Result<Exit, Expected> {
    let config = context.config()?;
    let zone = Zone::new(config.zone);
    let clock = context.clock.as_ref();
    let restored = store::restore(&config.database, &arguments.file, &zone, clock)?;
    let quarantine = &restored.quarantine;
    let result = json!({
        "schema": 1, "file": arguments.file, "bytes": restored.held.bytes, "rows": restored.held.rows,
        "contacts": restored.held.contacts, "events": restored.held.events, "known_to": quarantine.known_to,
        "aside": restored.aside, "abandoned": quarantine.abandoned, "silenced": quarantine.silenced, "quarantine": true,
    });
    context.output.show(&result, |_| restored_text(&restored));
    Ok(Exit::Done)
}

fn restored_text(restored: &Restored) -> String {
    let quarantine = &restored.quarantine;
    let mut out = format!(
        "restored {}: {}\n",
        quarantine.file,
        held_text(&restored.held)
    );
    let known = quarantine
        .known_to
        .and_then(chrono::DateTime::from_timestamp_millis);
    if let Some(known) = known {
        out += &format!(
            "it knows what happened up to {}\n",
            known.format("%Y-%m-%d %H:%MZ")
        );
    }
    if let Some(aside) = &restored.aside {
        out += &format!("the database that was there is now {}\n", aside.display());
    }
    out += &format!(
        "QUARANTINE: nothing is written to any platform yet. {} writes that waited were given up, and {} entries into\n\
         automations start nothing: the platform may have been told since. What happened meanwhile starts nothing either.\n\
         Sessions of the dashboard have ended; look whether tokens and accounts are still as they should be (engaged web).\n\
         next: start the daemon, or run `engaged once`: it reads what was missed; then `engaged status`, and when nothing\n\
         is missing `engaged approve restored`",
        quarantine.abandoned, quarantine.silenced
    );
    out
}
