//! Distinct values for many profiles by `POST imports`, ten calls instead of a
//! hundred thousand (sheet 6). Only where the connection allows it, because the
//! sheet leaves open whether `ID` may be a key, and an import knows no errors of
//! single rows.
//!
//! The action is `update`, which makes nobody; `removeMissing` is never set;
//! follow-ups stay off, so that fields that start something go another way. One row
//! is tried first, beside a witness whose value must not move: where the key is
//! passed over, that shows before more than our own field is wrong. What an import
//! has not brought about is written by itself afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ::http::Method;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::{
    Copernica, keyset,
    push::{Wishes, Work},
    wire::{Profile, Row},
};
use crate::{connector::Write, error::ConnectorError};

/// Below this many profiles single writes are as good.
const MANY: usize = 100;
/// Rows of one import; the limit is not documented (sheet 6).
const ROWS: usize = 5_000;
/// The first wait for an import; it doubles up to the last.
const WAIT: Duration = Duration::from_secs(2);
const WAIT_MAX: Duration = Duration::from_mins(1);
/// How long we wait for an import in all.
const PATIENCE: Duration = Duration::from_mins(15);

/// One row: the profile, and its values by field, in one order for all rows (sheet 6).
type Line = (u64, BTreeMap<String, Value>);

/// Writes what can be written by imports. Outcomes are left to whoever reads the profiles afterwards.
pub(super) async fn all(
    work: &mut Work<'_>,
    there: &BTreeMap<u64, Profile>,
    wishes: &Wishes,
) -> Result<(), ConnectorError> {
    let mut groups: BTreeMap<Vec<String>, Vec<Line>> = BTreeMap::new();
    for (id, places) in wishes {
        let mut line = BTreeMap::new();
        for place in places {
            if let Write::SetField {
                field,
                value: Some(value),
            } = &work.changes[*place].write
                && !value.trim().is_empty()
                && !work
                    .copernica
                    .ours
                    .fields
                    .iter()
                    .any(|own| own.eq_ignore_ascii_case(field))
            {
                line.insert(field.clone(), work.value(field, Some(value)));
            }
        }
        if !line.is_empty() {
            groups
                .entry(line.keys().cloned().collect())
                .or_default()
                .push((*id, line));
        }
    }
    for lines in groups.values().filter(|lines| lines.len() >= MANY) {
        if !tried(work, there, lines).await? {
            warn!("an import did not do what it was asked to; profiles are written one by one");
            return Ok(());
        }
        for part in lines[1..].chunks(ROWS) {
            if !run(work, part).await? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Imports the first row, and looks whether it arrived and whether the witness stayed as it was.
async fn tried(
    work: &mut Work<'_>,
    there: &BTreeMap<u64, Profile>,
    lines: &[Line],
) -> Result<bool, ConnectorError> {
    let Some((pilot, line)) = lines.first() else {
        return Ok(false);
    };
    let shows = |profile: &Profile| {
        line.iter().all(|(field, value)| {
            let own = profile
                .field(field)
                .and_then(|text| text.trim().parse::<f64>().ok());
            own.is_some() && own == value.as_f64() || profile.field(field) == value.as_str()
        })
    };
    let witness = lines.iter().skip(1).map(|(id, _)| *id);
    let witness = witness
        .into_iter()
        .find(|id| there.get(id).is_some_and(|profile| !shows(profile)));
    let Some(witness) = witness else {
        return Ok(false);
    };
    if !run(work, &lines[..1]).await? {
        return Ok(false);
    }
    let seen = keyset::find(work.copernica, &BTreeSet::from([*pilot, witness])).await;
    let Ok(seen) = seen else { return Ok(false) };
    Ok(seen.get(pilot).is_some_and(shows) && !seen.get(&witness).is_some_and(shows))
}

/// One import, waited for; whether the platform says that it is through.
async fn run(work: &mut Work<'_>, lines: &[Line]) -> Result<bool, ConnectorError> {
    let source: Vec<Value> = lines.iter().map(|(id, line)| source(*id, line)).collect();
    let body = json!({
        "database": work.copernica.database, "name": "engaged", "action": "update", "keyFields": ["ID"],
        "format": "json", "source": source, "followups": false, "autostart": true, "rebuild": false,
        "ignoreEmptyFields": true, "removeMissing": false,
    });
    let sent = work
        .copernica
        .client
        .call(Method::POST, "imports")
        .json(&body)
        .send()
        .await;
    let Some(answer) = work.sent(sent, &[])? else {
        // Whether it runs shows when the profiles are read; single writes do no harm beside it.
        work.rest = None;
        return Ok(false);
    };
    let text = |name: &str| answer.headers().get(name)?.to_str().ok().map(str::to_owned);
    let made =
        text("x-created").or_else(|| Some(text("x-location")?.rsplit('/').next()?.to_owned()));
    let id: Option<u64> = made.and_then(|id| id.trim().parse().ok());
    match id.filter(|_| answer.status().is_success()) {
        Some(id) => Ok(wait(work.copernica, id, lines.len()).await),
        None => Ok(false),
    }
}

fn source(id: u64, line: &BTreeMap<String, Value>) -> Value {
    let mut row: Map<String, Value> = line
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    row.insert("ID".into(), id.into());
    Value::Object(row)
}

/// Polls an import until all its lines are processed, by either spelling (sheet 6).
async fn wait(copernica: &Copernica, id: u64, lines: usize) -> bool {
    let (start, mut pause) = (Instant::now(), WAIT);
    loop {
        let answer = copernica.client.get(&format!("import/{id}")).send().await;
        let Ok(row) = answer
            .map_err(ConnectorError::from)
            .and_then(|answer| answer.json::<Row>())
        else {
            return false;
        };
        if row.flag("lasterror") == Some(true) {
            return false;
        }
        if row
            .id("processedlines")
            .is_some_and(|done| done >= lines as u64)
        {
            return true;
        }
        if start.elapsed() + pause > PATIENCE {
            return false;
        }
        sleep(pause).await;
        pause = (pause * 2).min(WAIT_MAX);
    }
}
