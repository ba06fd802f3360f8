//! `retention`: how long events are kept, and what of the stored ones is older. It deletes nothing itself; with `--delete` the
//! next daily run may.

use clap::Args;
use serde_json::json;

use crate::{
    care::WAITING,
    config::Config,
    diagnostic::{Exit, Expected},
    score::calendar::{Day, Millis, Zone},
    store::{OldEvents, needs_word},
};

use super::{Context, human, output, usage};

const FOR_EVER: &str = "events are kept for ever: the configuration has no section [retention]";

#[derive(Debug, Args)]
pub(super) struct Retention {
    /// Let the next daily run delete what is shown, for good
    #[arg(long)]
    delete: bool,
}

pub(super) fn retention(context: &Context, arguments: &Retention) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let now = context.clock.now().timestamp_millis();
    let (old, since) = store.read(|conn| Ok((conn.old_events(now)?, conn.kept_since()?)))?;
    let (begin, old) = old.unzip();
    let old = old.unwrap_or_default();
    let goes: u64 = old.iter().map(|each| each.go).sum();
    if arguments.delete {
        let Some(begin) = begin else {
            let help = "say how long: [retention] events = \"25 months\"";
            return Err(usage(FOR_EVER, help));
        };
        let_go(context, &config, (begin, goes), now)?;
    }
    let waits =
        goes > 0 && !arguments.delete && begin.is_some_and(|begin| needs_word(begin, since));
    let day = begin.map(|begin| Zone::new(config.zone).day(begin));
    let kinds = old.iter().map(|each| {
        json!({ "kind": each.kind.as_str(), "events": each.events, "go": each.go, "contacts": each.contacts })
    });
    let result = json!({
        "schema": 1,
        "events": config.retention.as_ref().map(|horizon| horizon.events.to_string()),
        "before": day,
        "deletes": goes,
        "waits": waits,
        "kinds": kinds.collect::<Vec<_>>(),
    });
    context
        .output
        .show(&result, |_| text(&config, day, &old, (goes, waits)));
    Ok(Exit::Done)
}

/// The word that what is older may be deleted.
fn let_go(
    context: &Context,
    config: &Config,
    (begin, goes): (Millis, u64),
    now: Millis,
) -> Result<(), Expected> {
    let store = human::beside(context, config)?;
    let who = human::who(context);
    let day = Zone::new(config.zone).day(begin);
    store.write(move |tx| {
        tx.keep_since(now)?;
        tx.set_control(WAITING, "", now)?;
        let detail = format!("{goes} events of before {day} may be deleted");
        tx.audit(&who, "retention", &detail, now)
    })?;
    Ok(())
}

fn text(
    config: &Config,
    begin: Option<Day>,
    old: &[OldEvents],
    (goes, waits): (u64, bool),
) -> String {
    let (Some(horizon), Some(begin)) = (&config.retention, begin) else {
        return FOR_EVER.to_owned();
    };
    let mut out = format!("events are kept for {}: from {begin} on\n", horizon.events);
    if old.is_empty() {
        return out + "none that is stored is older";
    }
    let rows = old.iter().map(|each| {
        vec![
            format!("  {}", each.kind.as_str()),
            each.events.to_string(),
            each.contacts.to_string(),
            each.go.to_string(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let head = ["  OLDER", "EVENTS", "CONTACTS", "GO"];
    out += &output::table(&head, &[1, 2, 3], &rows);
    let (these, go) = match goes {
        0 => return out + "nothing is to be deleted",
        1 => ("1 event".to_owned(), "goes"),
        many => (format!("{many} events"), "go"),
    };
    out += &if waits {
        format!("{these} {go} for good when you say so: engaged retention --delete")
    } else {
        format!("{these} {go} with the next daily run of `engaged run` or `engaged once`")
    };
    out
}
