//! `retention`: how long events are kept, and what of the stored ones is older. It deletes nothing.

use serde_json::json;

use crate::{
    config::Config,
    diagnostic::{Exit, Expected},
    score::calendar::{Day, Zone},
    store::OldEvents,
};

use super::{Context, output};

pub(super) fn retention(context: &Context) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let now = context.clock.now().timestamp_millis();
    let old = store.read(|conn| conn.old_events(now))?;
    let (begin, old) = old.unzip();
    let begin = begin.map(|begin| Zone::new(config.zone).day(begin));
    let old = old.unwrap_or_default();
    let goes: i64 = old
        .iter()
        .filter(|each| !each.stays)
        .map(|each| each.events)
        .sum();
    let kinds = old.iter().map(|each| {
        json!({ "kind": each.kind.as_str(), "stays": each.stays, "events": each.events, "contacts": each.contacts })
    });
    let result = json!({
        "schema": 1,
        "events": config.retention.as_ref().map(|horizon| horizon.events.to_string()),
        "before": begin,
        "deletes": goes,
        "kinds": kinds.collect::<Vec<_>>(),
    });
    context
        .output
        .show(&result, |_| text(&config, begin, &old, goes));
    Ok(Exit::Done)
}

fn text(config: &Config, begin: Option<Day>, old: &[OldEvents], goes: i64) -> String {
    let (Some(horizon), Some(begin)) = (&config.retention, begin) else {
        return "events are kept for ever: the configuration has no section [retention]".to_owned();
    };
    let mut out = format!("events are kept for {}: from {begin} on\n", horizon.events);
    if old.is_empty() {
        return out + "none that is stored is older";
    }
    let rows = old.iter().map(|each| {
        let fate = if each.stays { "stay" } else { "go" };
        vec![
            format!("  {}", each.kind.as_str()),
            each.events.to_string(),
            each.contacts.to_string(),
            fate.to_owned(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    out += &output::table(&["  OLDER", "EVENTS", "CONTACTS", ""], &[1, 2], &rows);
    out += &match goes {
        0 => "nothing is to be deleted".to_owned(),
        1 => "1 event goes with the next daily run of `engaged run` or `engaged once`".to_owned(),
        many => {
            format!("{many} events go with the next daily run of `engaged run` or `engaged once`")
        }
    };
    out
}
