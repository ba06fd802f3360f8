//! What a stand-in was asked and what it answered, in order: the checker's side of the story.
//!
//! "No event lost, none twice" and "nothing is written that a plan could not have shown" are judged by comparing a database
//! with this ledger. It judges nothing itself. Write bodies are kept; answers are not, only which events they held.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use bytes::Bytes;

/// What a platform's handler tells the ledger about its answer, as an extension of the response.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// The ids of the events in this answer, in its order; for a platform without event ids, any stable text for each.
    pub served: Vec<String>,
    /// Whether the request changed anything that a later request could see.
    pub applied: bool,
    /// Whether the request was meant to change something; by default every method but GET and HEAD is.
    pub write: Option<bool>,
}

impl Note {
    /// A note on an answer that held these events.
    pub fn served(ids: Vec<String>) -> Self {
        Self {
            served: ids,
            ..Self::default()
        }
    }

    /// A note on a write that took effect, wholly or in part.
    pub fn applied() -> Self {
        Self {
            applied: true,
            ..Self::default()
        }
    }
}

/// One request with its answer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The place in the ledger, from 1.
    pub number: usize,
    /// The method.
    pub method: Method,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query, still percent-encoded, without the question mark.
    pub query: String,
    /// The body of the request.
    pub body: Bytes,
    /// The status of the answer; that of the answer which was lost, when it was.
    pub status: u16,
    /// Whether the request was meant to change something.
    pub write: bool,
    /// Whether it did.
    pub applied: bool,
    /// Whether the whole answer went out: false for a lost or cut one.
    pub delivered: bool,
    /// The events in the answer.
    pub served: Vec<String>,
    /// The faults that were played on this request.
    pub faults: Vec<&'static str>,
}

impl Entry {
    /// The decoded value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A shared, growing list of entries. Clones see the same list.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Entry>>>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        // A list of finished entries stays whole when somebody panics beside it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry and numbers it.
    pub fn record(&self, mut entry: Entry) {
        let mut entries = self.lock();
        entry.number = entries.len() + 1;
        entries.push(entry);
    }

    /// The number of requests so far; with [`Ledger::since`] it marks a point in time.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing was asked yet.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// All entries.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// The entries after the first `mark`.
    pub fn since(&self, mark: usize) -> Vec<Entry> {
        self.lock().iter().skip(mark).cloned().collect()
    }

    /// The entries for which `keep` says yes.
    pub fn requests_matching(&self, keep: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        self.lock()
            .iter()
            .filter(|entry| keep(entry))
            .cloned()
            .collect()
    }

    /// How many requests had a path that starts with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        self.lock()
            .iter()
            .filter(|entry| entry.path.starts_with(prefix))
            .count()
    }

    /// The requests that were meant to change something, whether they did or not.
    pub fn writes(&self) -> Vec<Entry> {
        self.requests_matching(|entry| entry.write)
    }

    /// The writes that took effect, also those whose answer was lost.
    pub fn applied(&self) -> Vec<Entry> {
        self.requests_matching(|entry| entry.applied)
    }

    /// How often each event went out in a whole answer.
    pub fn served(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for entry in self.lock().iter().filter(|entry| entry.delivered) {
            for id in &entry.served {
                *times.entry(id.clone()).or_insert(0) += 1;
            }
        }
        times
    }

    /// Forgets everything, for a long run that only looks at the next part.
    pub fn clear(&self) {
        self.lock().clear();
    }
}
