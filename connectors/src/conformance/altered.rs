//! K18: whatever field of an answer is gone, empty or of another type one day, nothing is lost in silence, and nothing counts twice.
//!
//! Each field that the answers to a stream's reading requests have is altered, in all of them that are at one place of the
//! API. The read may end in an error, reject rows or count what it does not know; a read that says that all is well must have
//! brought everything. Nobody may be told in another status than they have, and whose status is no longer known must be told
//! of. What a read brought and what comes once the field is back is counted once. Fields that nobody looks at are found many
//! at a time: a read comes out the same without them. A subject spares fields by parts that are named as they are here, and
//! one alteration of a field by adding its name.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{
    Finding, Subject, Tally,
    probe::{Act, Seen},
    taken::{Bench, Taken, pull, streams},
};
use crate::{connector::Stream, model::Contact};

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

/// So many people, and so many rows of a page at most: so that there are several pages.
const PEOPLE: u32 = 7;
const ROWS: u64 = 6;

/// After so many findings it is enough.
const FINDINGS_MAX: usize = 12;

/// Where it is read, and its name in the answer, as `.members[].status`.
type Field = (String, String);

/// A stream as it is read when nothing is altered.
struct Plain {
    stream: Stream,
    taken: Taken,
    /// How many requests that takes.
    requests: usize,
    /// Every field of the answers.
    fields: Vec<Field>,
}

/// K18.
pub(super) async fn told(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, PEOPLE, ROWS).await?;
    let skips = subject.skips().iter().filter(|skip| skip.check == "K18");
    let spared: BTreeSet<&str> = skips.filter_map(|skip| skip.part).collect();
    let mut silent = Vec::new();
    for plain in plain(&bench).await? {
        tally.add("fields", plain.fields.len());
        for alteration in ALTERATIONS {
            let mut fields = plain.fields.clone();
            fields.retain(|(_, field)| {
                let one = format!("{field} {alteration:?}");
                !spared.contains(field.as_str()) && !spared.contains(one.as_str())
            });
            let mut groups = vec![fields.as_slice()];
            while let Some(group) = groups.pop().filter(|group| !group.is_empty()) {
                let before = bench.probe.altered();
                let read = Read::of(&bench, &plain, group, alteration).await?;
                let [(place, field)] = group else {
                    if !read.same(&plain) {
                        let (one, other) = group.split_at(group.len() / 2);
                        groups.extend([one, other]);
                    }
                    continue;
                };
                let struck = bench.probe.altered() > before;
                tally.add("alterations that struck", usize::from(struck));
                if let Some(words) = read.silence(&bench, &plain).await? {
                    let stream = plain.stream.0;
                    silent.push(format!("{stream}: {place} {field} {alteration:?}: {words}"));
                }
                if silent.len() == FINDINGS_MAX {
                    return Err(finding(&silent));
                }
            }
        }
    }
    tally.at_least(10, "fields")?;
    tally.at_least(25, "alterations that struck")?;
    if silent.is_empty() {
        return Ok(());
    }
    Err(finding(&silent))
}

fn finding(silent: &[String]) -> Box<Finding> {
    Finding::new(
        format!("{} alterations lose or make up something in silence", silent.len()),
        "a read of answers of another shape",
    )
    .why(silent.join("\n"))
    .next("a row whose meaning is not sure is rejected or counted, and a page without what says whether more follows fails")
    .boxed()
}

/// Reads every stream with nothing altered.
async fn plain(bench: &Bench<'_>) -> Result<Vec<Plain>, Box<Finding>> {
    let found = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = Arc::clone(&found);
    let searches = bench.subject.searches();
    bench.probe.on(move |request| {
        let Some(place) = place(request, searches) else {
            return Act::Pass;
        };
        let seen = Arc::clone(&seen);
        Act::Alter(Arc::new(move |answer| {
            let mut names = BTreeSet::new();
            note(answer, "", &mut names);
            let fields = names.into_iter().map(|name| (place.clone(), name));
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.extend(fields);
            0
        }))
    });
    let connector = bench.connector()?;
    let (mut all, mut together) = (Vec::new(), Taken::default());
    for spec in streams(connector.as_ref()) {
        // As the altered reads are: by a connector that has just been made.
        let connector = bench.connector()?;
        let mut taken = Taken::default();
        let before = bench.probe.count();
        (bench.read(connector.as_ref(), spec.stream, None, &mut taken)).await?;
        let requests = bench.probe.count() - before;
        (bench.read(connector.as_ref(), spec.stream, None, &mut together)).await?;
        let mut fields = found.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Plain {
            stream: spec.stream,
            taken,
            requests,
            fields: std::mem::take(&mut *fields).into_iter().collect(),
        });
    }
    bench.probe.off();
    bench.compare(&together, "a read before anything is altered", true)?;
    Ok(all)
}

/// At which place of the API something is read: its path without ids; `None` for what writes.
fn place(seen: &Seen, searches: &[(&str, &str)]) -> Option<String> {
    let path = seen.uri.path();
    let search = |(verb, start): &(&str, &str)| seen.method == *verb && path.starts_with(start);
    if !seen.reads() && !searches.iter().any(search) {
        return None;
    }
    let parts = path.split('/').map(|part| {
        let digits = part.bytes().any(|b| b.is_ascii_digit());
        let version = part.len() <= 3 && part.starts_with('v');
        if digits && !version { "*" } else { part }
    });
    Some(parts.collect::<Vec<_>>().join("/"))
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

/// A stream as it is read when something is altered.
struct Read {
    taken: Taken,
    /// In which it must end.
    pages: usize,
    /// In which it must end, too: after them the platform is not to be reached.
    requests: usize,
    /// How many there were.
    asked: usize,
    /// Whether it came to its end.
    whole: bool,
}

impl Read {
    /// Reads a stream with some fields altered.
    async fn of(
        bench: &Bench<'_>,
        plain: &Plain,
        fields: &[Field],
        alteration: Alteration,
    ) -> Result<Self, Box<Finding>> {
        let wanted: Arc<[Field]> = fields.into();
        let searches = bench.subject.searches();
        let before = bench.probe.count();
        // Trying again what cannot be read makes a few more.
        let requests = 3 * plain.requests + 50;
        bench.probe.on(move |seen| {
            if seen.number > before + requests {
                return Act::Refuse;
            }
            let Some(place) = place(seen, searches) else {
                return Act::Pass;
            };
            let wanted = Arc::clone(&wanted);
            Act::Alter(Arc::new(move |answer| {
                let here = wanted.iter().filter(|(own, _)| *own == place);
                let struck = here.map(|(_, field)| alter(answer, field, alteration));
                struck.sum()
            }))
        });
        let connector = bench.connector()?;
        let mut read = Self {
            taken: Taken::default(),
            pages: 3 * plain.taken.pages + 20,
            requests,
            asked: 0,
            whole: false,
        };
        let mut cursor = None;
        while read.taken.pages < read.pages && !read.whole {
            let Ok(page) = pull(connector.as_ref(), plain.stream, cursor.as_ref()).await else {
                break;
            };
            read.whole = page.done;
            cursor = Some(read.taken.take(page));
        }
        bench.probe.off();
        read.asked = bench.probe.count() - before;
        Ok(read)
    }

    /// Whether nobody looked at what was altered.
    fn same(&self, plain: &Plain) -> bool {
        self.whole && self.taken == plain.taken
    }

    /// Whether the read itself says that not all is well.
    fn is_loud(&self, plain: &Plain) -> bool {
        let (taken, before) = (&self.taken, &plain.taken);
        let odd = taken.rejects > before.rejects || taken.unknown > before.unknown;
        // What the platform counts and nobody told is a hole, too.
        let short = taken.falls_short() && !before.falls_short();
        !self.whole || odd || short
    }

    /// Contacts who are said to have a status that they have not, or of whom nothing says that it is not known any more, if
    /// there are any.
    fn made_up(&self, plain: &Plain) -> Option<String> {
        let loud = self.is_loud(plain);
        let differs = |(id, contact): &(&String, &Contact)| {
            let before = plain.taken.contacts.get(*id);
            let told = contact.status.is_some() || !loud;
            let differs = |before: &Contact| {
                (before.status, &before.lists) != (contact.status, &contact.lists)
            };
            told && before.is_some_and(differs)
        };
        let mut wrong = self.taken.contacts.iter().filter(differs);
        let (_, first) = wrong.next()?;
        let (status, lists) = (first.status, &first.lists);
        let number = wrong.count() + 1;
        Some(format!(
            "{number} contacts have another status or other lists: {status:?} {lists:?}"
        ))
    }

    /// What was lost or counts twice without a word, if anything was.
    async fn silence(
        mut self,
        bench: &Bench<'_>,
        plain: &Plain,
    ) -> Result<Option<String>, Box<Finding>> {
        if !self.whole && self.taken.pages >= self.pages {
            return Ok(Some(format!("no end after {} pages", self.pages)));
        }
        if self.asked > self.requests {
            return Ok(Some(format!("no end after {} requests", self.requests)));
        }
        let stand = bench.stand.as_ref();
        let (truth, told) = (plain.taken.told(stand), self.taken.told(stand));
        // What came without a part of it, or under another id, came.
        let events = truth.len().saturating_sub(told.len());
        let there = plain.taken.contact_ids().len();
        let contacts = there.saturating_sub(self.taken.contact_ids().len());
        if events + contacts > 0 && !self.is_loud(plain) {
            let first = truth.difference(&told).next();
            return Ok(Some(format!(
                "{events} events and {contacts} contacts are lost: {first:?}"
            )));
        }
        if let Some(words) = self.made_up(plain) {
            return Ok(Some(words));
        }
        // Whom a finished scan did not see is gone, whatever was rejected.
        if let (Some(seen), Some(before)) = (&self.taken.scanned, &plain.taken.scanned)
            && seen.len() < before.len()
        {
            return Ok(Some("a finished scan has not seen everybody".to_owned()));
        }
        if told.is_subset(&truth) {
            return Ok(None);
        }
        // What is read again once all is as before counts once.
        let connector = bench.connector()?;
        let stream = plain.stream;
        (bench.read(connector.as_ref(), stream, None, &mut self.taken)).await?;
        let told = self.taken.told(stand);
        let extra: Vec<&String> = told.difference(&truth).collect();
        Ok((extra.first()).map(|first| format!("{} events count twice: {first}", extra.len())))
    }
}
