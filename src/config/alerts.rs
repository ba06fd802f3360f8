//! `[alerts]`: what is told to whom when something is wrong.

use std::path::Path;

use url::Url;

use super::{
    SecretSource, code,
    connections::{address_to_call, texts},
    found::Found,
    secret, shape, time,
    tree::{Entry, Node, Table},
};
use crate::{
    alert::{Damping, Kind},
    diagnostic::{Diagnostic, Place},
    score::calendar::Millis,
};

/// What still is wrong is told again after this time.
const REPEAT_MS: Millis = 24 * 3_600_000;
/// How that is written.
const REPEAT_HELP: &str = "write minutes, hours or days: repeat = \"24 hours\"";

/// A backup is made each day; two that are missing are told.
const BACKUP_AGE_MS: Millis = 2 * 86_400_000;
/// How that is written.
const BACKUP_AGE_HELP: &str = "write hours or days: backup_age = \"2 days\"";

/// What is told to whom. Without the section alerts are kept and shown, and nobody is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerts {
    /// Who is told.
    pub receiver: Option<Receiver>,
    /// Of what; empty means everything.
    pub only: Vec<Kind>,
    /// After how many looks, and how often.
    pub damping: Damping,
    /// Syncs of a connection's schedule that may pass without a good one.
    pub poll_age: u32,
    /// By what share of the usual a day's events may differ.
    pub volume: f64,
    /// How old the last good backup may be.
    pub backup_age: Millis,
}

/// An address that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Where to call. It may be as secret as a key.
    pub url: Url,
    /// Where the secret is with which calls are signed.
    pub key: SecretSource,
    /// Where the configuration names it.
    pub key_place: Place,
}

/// Reads the section.
pub(super) fn check(root: &Table, base: &Path, found: &mut Found) -> Alerts {
    let empty = Table::default();
    let table = root.table("alerts").unwrap_or(&empty);
    let whole = |name: &str, default: u32| {
        let number = table.get(name).and_then(Node::integer);
        number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(default)
    };
    Alerts {
        receiver: receiver(table, base, found),
        // A word that is none has been reported.
        only: texts(table, "only")
            .iter()
            .filter_map(|name| Kind::parse(name))
            .collect(),
        damping: Damping {
            failure_after: whole("failure_after", 2),
            success_after: whole("success_after", 2),
            repeat: repeat(table, found),
        },
        poll_age: whole("poll_age", 2),
        volume: table.get("volume").and_then(shape::share).unwrap_or(0.5),
        backup_age: time::wait(table, "backup_age", BACKUP_AGE_MS, BACKUP_AGE_HELP, found),
    }
}

fn repeat(table: &Table, found: &mut Found) -> Millis {
    let repeat = time::wait(table, "repeat", REPEAT_MS, REPEAT_HELP, found);
    if repeat == 0
        && let Some(node) = table.get("repeat")
    {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "'repeat' cannot be no time at all")
                .at(&node.place, "would tell the same at every look")
                .help(REPEAT_HELP),
        );
    }
    repeat
}

/// An address and its key: both, or neither.
fn receiver(table: &Table, base: &Path, found: &mut Found) -> Option<Receiver> {
    match (table.entry("url"), table.entry("key")) {
        (None, None) => None,
        (Some(url), None) => {
            lacks(url, "key", found);
            None
        }
        (None, Some(key)) => {
            lacks(key, "url", found);
            None
        }
        (Some(url), Some(key)) => {
            let help = "who calls without TLS tells everybody on the way";
            let url = address_to_call(&url.node, "url", help, found);
            let keys = key.node.table()?;
            let source = secret::source(keys, base, found)?;
            Some(Receiver {
                url: url?,
                key: source,
                key_place: keys.entries.first()?.node.place.clone(),
            })
        }
    }
}

fn lacks(there: &Entry, missing: &str, found: &mut Found) {
    found.add(
        Diagnostic::error(
            code::MISSING,
            format!("'alerts' has '{}', and lacks '{missing}'", there.name),
        )
        .at(&there.place, format!("wants a '{missing}' beside it"))
        .help(
            "url = \"https://...\" and key = { file = \"secrets/alerts\" }, with at least 16 random letters in it",
        ),
    );
}
