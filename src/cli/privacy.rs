//! `privacy` and `retract`: a copy of all about a contact, an objection, an erasure; our marks off a platform.

mod page;
mod text;

use std::{io::IsTerminal as _, path::PathBuf};

use clap::{Args, Subcommand};
use engaged_connectors::model::Address;

use crate::{
    config::{Config, Language, Mode},
    diagnostic::{Diagnostic, Exit, Expected},
    privacy::{
        self,
        erase::{self, Certificate, EraseError},
        export, trail,
    },
    schedule::jobs::Jobs,
    store::{ContactId, Store},
};

use super::{
    Context,
    human::{beside, who},
    look::{find, language},
    output,
    runtime::wait,
    usage,
    work::{jobs, write_private},
};

#[derive(Debug, Args)]
pub(super) struct Privacy {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write everything that is kept about a contact into a file
    Export(Export),
    /// Stop scoring a contact, who objects to it; our fields and tags come off with the next push
    Object(Object),
    /// Erase a contact here, after our fields and tags are off; it does not come back
    Erase(Erase),
    /// Show what people did with the contact of an address, also after it was erased
    Trail(Trail),
}

#[derive(Debug, Args)]
struct Export {
    /// The contact's address
    contact: String,
    /// Where to write it; without it, to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// json or html
    #[arg(long, default_value = "json", value_parser = ["json", "html"])]
    format: String,
    /// The language: nl or en; that of the configuration if left out
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    lang: Option<Language>,
}

#[derive(Debug, Args)]
struct Object {
    /// The contact's address
    contact: String,
    /// Take the objection back
    #[arg(long)]
    withdraw: bool,
}

#[derive(Debug, Args)]
struct Erase {
    /// The contact's address
    contact: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Erase it here also where our fields and tags cannot be taken off a platform
    #[arg(long)]
    leave_marks: bool,
}

#[derive(Debug, Args)]
struct Trail {
    /// The address
    contact: String,
}

#[derive(Debug, Args)]
pub(super) struct Retract {
    /// The connection
    connection: String,
    /// Take it back: our fields and tags are put on again by the next push
    #[arg(long)]
    withdraw: bool,
}

pub(super) fn privacy(context: &Context, arguments: &Privacy) -> Result<Exit, Expected> {
    match &arguments.verb {
        Verb::Export(arguments) => exported(context, arguments),
        Verb::Object(arguments) => objected(context, arguments),
        Verb::Erase(arguments) => erased(context, arguments),
        Verb::Trail(arguments) => trailed(context, arguments),
    }
}

fn exported(context: &Context, arguments: &Export) -> Result<Exit, Expected> {
    let config = context.config()?;
    // A copy is handed out by somebody: that stands in the audit trail.
    let store = beside(context, &config)?;
    let (contact, address) = find(&store, &arguments.contact)?;
    let language = arguments.lang.unwrap_or(config.language);
    let now = context.clock.now().timestamp_millis();
    let author = who(context);
    store.write(move |tx| {
        let handle = privacy::handle(tx, contact)?;
        tx.audit(&author, "privacy export", &handle, now)
    })?;
    let export = store.read(|conn| export::export(conn, &config, contact, language, now))?;
    let text = match arguments.format.as_str() {
        "html" => page::page(&export, language),
        _ => serde_json::to_string_pretty(&export).unwrap_or_default() + "\n",
    };
    let Some(path) = &arguments.output else {
        output::line(text.trim_end());
        return Ok(Exit::Done);
    };
    write_private(path, &text)
        .map_err(|error| usage(format!("{}: {error}", path.display()), "name another file"))?;
    let rows: usize = export.tables.iter().map(|table| table.rows.len()).sum();
    let result = serde_json::json!({
        "schema": 1, "contact": address.reveal(), "file": path, "tables": export.tables.len(), "rows": rows,
    });
    context.output.show(&result, |_| {
        format!(
            "{rows} rows of {} tables about {} are in {}\nit holds everything about one contact: give it to them alone, then delete it",
            export.tables.len(),
            address.reveal(),
            path.display()
        )
    });
    Ok(Exit::Done)
}

fn objected(context: &Context, arguments: &Object) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = beside(context, &config)?;
    let (contact, address) = find(&store, &arguments.contact)?;
    let (author, now) = (who(context), context.clock.now().timestamp_millis());
    let withdraw = arguments.withdraw;
    let changed = store.write(move |tx| privacy::object(tx, contact, withdraw, &author, now))?;
    let places = store.read(|conn| privacy::marks(conn, &config, contact))?;
    let result = serde_json::json!({
        "schema": 1, "contact": address.reveal(), "objects": !withdraw, "changed": changed, "platforms": places,
    });
    context.output.show(&result, |_| {
        text::object(&address, withdraw, changed, &places)
    });
    Ok(Exit::Done)
}

fn erased(context: &Context, arguments: &Erase) -> Result<Exit, Expected> {
    let jobs = jobs(context)?;
    let (contact, address) = find(&jobs.store, &arguments.contact)?;
    confirm(&jobs, (contact, &address), arguments.yes)?;
    let author = who(context);
    let erased = wait(erase::erase(&jobs, contact, arguments.leave_marks, &author))?;
    let certificate: Certificate = erased.map_err(|error| not_erased(error, &address))?;
    context.output.show(&certificate, text::certificate);
    let done = certificate.clear && certificate.named_in.is_empty();
    Ok(if done { Exit::Done } else { Exit::Part })
}

/// Asks a person who sits there; where nobody does, `--yes` must stand there.
fn confirm(
    jobs: &Jobs,
    (contact, address): (ContactId, &Address),
    yes: bool,
) -> Result<(), Expected> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        let message = format!("erasing {} cannot be undone", address.reveal());
        return Err(usage(message, "if that is meant, add --yes"));
    }
    let places = jobs
        .store
        .read(|conn| privacy::marks(conn, &jobs.config, contact))?;
    output::say(&text::about_to_erase(address, &places));
    output::say("Type `erase` to go on:");
    let mut typed = String::new();
    let read = std::io::stdin().read_line(&mut typed);
    if read.is_err() || typed.trim() != "erase" {
        return Err(usage("nothing was erased", "type `erase` in full to go on"));
    }
    Ok(())
}

fn not_erased(error: EraseError, address: &Address) -> Expected {
    match error {
        EraseError::Store(error) => error.into(),
        EraseError::Platform(trouble) => trouble.into(),
        EraseError::MarksLeft(_) => {
            let message = format!("{} is not erased yet: {error}", address.reveal());
            let diagnostic = Diagnostic::error("E1001", message)
                .note("nothing was deleted here; the contact is not scored any more")
                .help(
                    "put right what is said and run it again, or add --leave-marks: then they stay there, and are yours to take off",
                );
            Expected::new(Exit::Part, diagnostic)
        }
    }
}

fn trailed(context: &Context, arguments: &Trail) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let address = Address::parse(&arguments.contact).ok_or_else(|| {
        usage(
            format!("'{}' is not an address", arguments.contact),
            "give the contact's e-mail address",
        )
    })?;
    let (handle, rows) = store.read(|conn| {
        let rows = match conn.find_contact(&address)? {
            Some(contact) => trail::trail(conn, contact, None)?,
            None => trail::of_address(conn, &address)?,
        };
        Ok((conn.handle(&address)?, rows))
    })?;
    let lines = rows.iter().map(|row| {
        serde_json::json!({ "at": text::time(row.at), "who": row.who, "what": row.what, "detail": row.detail })
    });
    let result = serde_json::json!({
        "schema": 1, "contact": address.reveal(), "handle": handle, "lines": lines.collect::<Vec<_>>(),
    });
    context
        .output
        .show(&result, |_| text::trail(&address, &handle, &rows));
    Ok(Exit::Done)
}

pub(super) fn retract(context: &Context, arguments: &Retract) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = beside(context, &config)?;
    let name = &arguments.connection;
    let configured = configured(&config, name)?;
    let known = store.read(crate::store::Conn::connections)?;
    let Some(connection) = known.iter().find(|each| each.name == *name) else {
        let message = format!("nothing was ever written to '{name}'");
        return Err(usage(message, "there is nothing to take back"));
    };
    let (id, author, now) = (
        connection.id,
        who(context),
        context.clock.now().timestamp_millis(),
    );
    let (withdraw, subject) = (arguments.withdraw, name.clone());
    let changed = store.write(move |tx| {
        let (changed, what) = if withdraw {
            (tx.withdraw_retraction(id)?, "retract withdrawn")
        } else {
            (tx.retract(id, &author, now)?, "retract")
        };
        if changed {
            tx.audit(&author, what, &subject, now)?;
        }
        Ok(changed)
    })?;
    let shows = shows(&store, id)?;
    let result = serde_json::json!({
        "schema": 1, "connection": name, "retracted": !withdraw, "changed": changed, "shows": shows,
    });
    context.output.show(&result, |_| {
        text::retract(name, (withdraw, changed), &shows, configured)
    });
    Ok(Exit::Done)
}

/// The mode of a connection that somebody named.
fn configured(config: &Config, name: &str) -> Result<Mode, Expected> {
    let mut all = config.connections.iter();
    if let Some(found) = all.find(|each| each.name == name) {
        return Ok(found.mode);
    }
    let names: Vec<&str> = config
        .connections
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    Err(usage(
        format!("there is no connection '{name}'"),
        format!("there are: {}", names.join(", ")),
    ))
}

/// What of ours a connection shows: each field and tag, and on how many contacts.
fn shows(
    store: &Store,
    id: crate::score::facts::ConnectionId,
) -> Result<Vec<(String, i64)>, Expected> {
    Ok(store.read(|conn| conn.shown_by_target(id))?)
}
