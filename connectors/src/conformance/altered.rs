//! K18: whatever field of an answer is gone, empty or of another type one day, nothing is lost in silence, and nothing counts twice.
//!
//! Each field that answers to reading requests have is altered in turn, in all of them. The read may end in an error, reject
//! rows or count what it does not know; a read that says that all is well must have brought everything. What it brought and
//! what comes once the field is back is counted once. A subject spares fields by parts that are named as they are here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{
    Finding, Subject, Tally,
    probe::Act,
    taken::{Bench, Taken, pull, streams},
};
use crate::connector::Connector;

/// What is done to a field.
#[derive(Clone, Copy, Debug)]
enum Alteration {
    /// It is not there.
    Gone,
    /// It is `null`.
    Empty,
    /// A number comes as text, anything else inside an object.
    Retyped,
}

const ALTERATIONS: [Alteration; 3] = [Alteration::Gone, Alteration::Empty, Alteration::Retyped];

/// K18.
pub(super) async fn told(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 4).await?;
    let (fields, plain) = fields(&bench).await?;
    // Trying again what cannot be read makes a few more pages.
    let pages = 3 * plain.pages + 20;
    let skips = subject.skips().iter().filter(|skip| skip.check == "K18");
    let spared: BTreeSet<&str> = skips.filter_map(|skip| skip.part).collect();
    let mut silent = Vec::new();
    for field in fields
        .iter()
        .filter(|field| !spared.contains(field.as_str()))
    {
        for alteration in ALTERATIONS {
            let wanted = field.clone();
            let before = bench.probe.altered();
            bench.probe.on(move |seen| {
                if !seen.reads() {
                    return Act::Pass;
                }
                let wanted = wanted.clone();
                Act::Alter(Arc::new(move |answer| alter(answer, &wanted, alteration)))
            });
            let (taken, words) = judge(&bench, pages).await?;
            let struck = bench.probe.altered() > before;
            tally.add("alterations that struck", usize::from(struck));
            if let Some(words) = words {
                silent.push(format!("{field} {alteration:?}: {words}"));
            } else if taken == plain {
                // Nobody looks at it.
                break;
            }
        }
    }
    tally.add("fields", fields.len());
    tally.at_least(10, "fields")?;
    tally.at_least(25, "alterations that struck")?;
    match silent.first() {
        None => Ok(()),
        Some(_) => Err(Finding::new(
            format!("{} alterations lose or make up something in silence", silent.len()),
            "a read of answers of another shape",
        )
        .why(silent.join("\n"))
        .next("a row whose meaning is not sure is rejected or counted, and a page without what says whether more follows fails")
        .boxed()),
    }
}

/// Every field of the answers to a whole read, as `.members[].status`, and what was read.
async fn fields(bench: &Bench<'_>) -> Result<(BTreeSet<String>, Taken), Box<Finding>> {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&found);
    bench.probe.on(move |request| {
        if !request.reads() {
            return Act::Pass;
        }
        let seen = Arc::clone(&seen);
        Act::Alter(Arc::new(move |answer| {
            note(
                answer,
                "",
                &mut seen.lock().unwrap_or_else(PoisonError::into_inner),
            );
            0
        }))
    });
    let connector = bench.connector()?;
    let mut taken = Taken::default();
    bench
        .read_all(connector.as_ref(), &mut BTreeMap::new(), &mut taken)
        .await?;
    bench.probe.off();
    bench.compare(&taken, "a read before anything is altered", true)?;
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((found.clone(), taken))
}

fn note(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let path = format!("{at}.{name}");
                note(inner, &path, found);
                found.insert(path);
            }
        }
        Value::Array(rows) => {
            for row in rows {
                note(row, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}

/// Alters every field of that path; how many there were.
fn alter(value: &mut Value, path: &str, alteration: Alteration) -> u64 {
    if let Some(rest) = path.strip_prefix("[]") {
        let rows = value.as_array_mut().into_iter().flatten();
        return rows.map(|row| alter(row, rest, alteration)).sum();
    }
    let Some(rest) = path.strip_prefix('.') else {
        return 0;
    };
    // A name may hold a dot or brackets itself: the longest one that is there.
    let Some(fields) = value.as_object_mut() else {
        return 0;
    };
    if let Some(found) = fields.get(rest).cloned() {
        match alteration {
            Alteration::Gone => fields.remove(rest),
            Alteration::Empty => fields.insert(rest.to_owned(), Value::Null),
            Alteration::Retyped => fields.insert(rest.to_owned(), retyped(found)),
        };
        return 1;
    }
    let mut struck = 0;
    for (name, inner) in fields.iter_mut() {
        if let Some(deeper) = rest.strip_prefix(name.as_str()) {
            struck += alter(inner, deeper, alteration);
        }
    }
    struck
}

fn retyped(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => json!({ "value": other }),
    }
}

/// Reads everything once, in so many pages at most: what came, and what was lost or counts twice without a word, if
/// anything was.
async fn judge(bench: &Bench<'_>, pages: usize) -> Result<(Taken, Option<String>), Box<Finding>> {
    let mut taken = Taken::default();
    let connector = bench.connector()?;
    let whole = read(connector.as_ref(), pages, &mut taken).await;
    bench.probe.off();
    let said = taken.clone();
    if taken.pages >= pages {
        return Ok((said, Some(format!("no end after {pages} pages"))));
    }
    let loud = !whole || taken.rejects > 0 || taken.unknown > 0;
    let truth = bench.stand.truth();
    let there: BTreeSet<String> = truth.contacts.into_keys().collect();
    let told = taken.told(bench.stand.as_ref());
    // What came without a part of it, or under another id, came.
    let events = truth.events.len().saturating_sub(told.len());
    let contacts = there.len().saturating_sub(taken.contact_ids().len());
    if events + contacts > 0 && !loud {
        let first = truth.events.difference(&told).next();
        let words = format!("{events} events and {contacts} contacts are lost: {first:?}");
        return Ok((said, Some(words)));
    }
    // What is read again once all is as before counts once.
    if told.difference(&truth.events).next().is_some() {
        let connector = bench.connector()?;
        bench
            .read_all(connector.as_ref(), &mut BTreeMap::new(), &mut taken)
            .await?;
        let told = taken.told(bench.stand.as_ref());
        let extra: Vec<&String> = told.difference(&truth.events).collect();
        if let Some(first) = extra.first() {
            let words = format!("{} events count twice: {first}", extra.len());
            return Ok((said, Some(words)));
        }
    }
    Ok((said, None))
}

/// Reads every stream as far as it goes; whether all of them came to their end.
async fn read(connector: &dyn Connector, pages: usize, taken: &mut Taken) -> bool {
    let mut whole = true;
    for spec in streams(connector) {
        let mut cursor = None;
        let mut done = false;
        while taken.pages < pages {
            let Ok(page) = pull(connector, spec.stream, cursor.as_ref()).await else {
                break;
            };
            done = page.done;
            cursor = Some(taken.take(page));
            if done {
                break;
            }
        }
        whole &= done;
    }
    whole
}
