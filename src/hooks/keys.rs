//! Keys that platforms publish in DNS, looked up by DNS over HTTPS and kept for as long as DNS says (decision 22).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use engaged_connectors::{Clock, http::Transport};
use http::{Method, Request, header};
use serde::Deserialize;
use tokio::{sync::Mutex as Turn, time::timeout};
use tracing::warn;
use url::Url;

use crate::score::calendar::Millis;

/// A look-up that takes longer has failed.
const WITHIN: Duration = Duration::from_secs(3);
/// A key is kept no shorter and no longer than this, whatever DNS says.
const KEPT_MS: (Millis, Millis) = (60_000, 86_400_000);
/// That there is none, or that it could not be had, is believed for so long.
const NONE_MS: Millis = 30_000;
/// So many names are remembered: whoever knows a path could ask for any number.
const NAMES_MAX: usize = 64;

/// A text of DNS, and for how many seconds it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txt {
    /// The text, its parts joined.
    pub text: String,
    /// For how long it holds.
    pub ttl: u32,
}

/// Looks texts up.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The text at a name; `None` where there is none.
    async fn txt(&self, name: &str) -> Result<Option<Txt>, String>;
}

/// A resolver that is asked by HTTPS and answers in JSON.
pub struct OverHttps {
    url: Url,
    transport: Arc<dyn Transport>,
}

impl OverHttps {
    /// The resolver at this address.
    pub fn new(url: Url, transport: Arc<dyn Transport>) -> Self {
        Self { url, transport }
    }
}

#[async_trait]
impl Resolver for OverHttps {
    async fn txt(&self, name: &str) -> Result<Option<Txt>, String> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("name", name)
            .append_pair("type", "TXT");
        let request = Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(header::ACCEPT, "application/dns-json")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let answer = timeout(WITHIN, self.transport.send(request)).await;
        let answer = answer.map_err(|_| "it took too long".to_owned())?;
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the resolver answered {}", answer.status()));
        }
        read(answer.body())
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(rename = "Answer", default)]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: u16,
    #[serde(rename = "TTL")]
    ttl: u32,
    data: String,
}

/// The number of TXT records.
const TXT: u16 = 16;
/// There is no such name.
const NO_NAME: u16 = 3;

fn read(body: &[u8]) -> Result<Option<Txt>, String> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| "the resolver's answer is no JSON".to_owned())?;
    if answer.status == NO_NAME {
        return Ok(None);
    }
    if answer.status != 0 {
        return Err(format!("the resolver answered with code {}", answer.status));
    }
    // A name that points to another comes with both; whichever ends first ends all.
    let ttl = answer.records.iter().map(|record| record.ttl).min();
    let texts = answer.records.iter().filter(|record| record.kind == TXT);
    let mut keys = texts.map(|record| joined(&record.data));
    let key = keys.find(|text| text.contains("p="));
    Ok(key.zip(ttl).map(|(text, ttl)| Txt { text, ttl }))
}

/// The parts of a text, which stand in quotes, as one; without quotes the text itself.
fn joined(data: &str) -> String {
    if !data.starts_with('"') {
        return data.to_owned();
    }
    let (mut text, mut inside) = (String::new(), false);
    let mut letters = data.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => inside = !inside,
            '\\' => text.extend(letters.next()),
            letter if inside => text.push(letter),
            _ => {}
        }
    }
    text
}

#[derive(Clone)]
struct Kept {
    text: Option<String>,
    until: Millis,
}

/// The keys that are known.
pub struct Keys {
    resolver: Box<dyn Resolver>,
    clock: Arc<dyn Clock>,
    known: Mutex<BTreeMap<String, Kept>>,
    /// Whoever holds it looks up; the others then find what was found.
    turn: Turn<()>,
}

impl Keys {
    /// None yet.
    pub fn new(resolver: Box<dyn Resolver>, clock: Arc<dyn Clock>) -> Self {
        Self {
            resolver,
            clock,
            known: Mutex::default(),
            turn: Turn::default(),
        }
    }

    /// The text at a name; `None` where there is none, or it cannot be had now.
    pub async fn text(&self, name: &str) -> Option<String> {
        if let Some(known) = self.known(name) {
            return known.text;
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known(name) {
            return known.text;
        }
        let found = self.resolver.txt(name).await.unwrap_or_else(|error| {
            warn!(name, "a key could not be looked up: {error}");
            None
        });
        let now = self.clock.now().timestamp_millis();
        let (least, most) = KEPT_MS;
        let until = match &found {
            Some(found) => now + (Millis::from(found.ttl) * 1_000).clamp(least, most),
            None => now + NONE_MS,
        };
        let text = found.map(|found| found.text);
        let mut known = lock(&self.known);
        if known.len() >= NAMES_MAX {
            let first = known.iter().min_by_key(|(_, kept)| kept.until);
            if let Some(first) = first.map(|(name, _)| name.clone()) {
                known.remove(&first);
            }
        }
        let kept = Kept {
            text: text.clone(),
            until,
        };
        known.insert(name.to_owned(), kept);
        text
    }

    /// What is known of a name, if that still holds.
    fn known(&self, name: &str) -> Option<Kept> {
        let now = self.clock.now().timestamp_millis();
        let known = lock(&self.known);
        let kept = known.get(name)?;
        // A clock that was set back would make it hold for too long.
        let holds = now < kept.until && kept.until - now <= KEPT_MS.1;
        holds.then(|| kept.clone())
    }
}

fn lock(known: &Mutex<BTreeMap<String, Kept>>) -> MutexGuard<'_, BTreeMap<String, Kept>> {
    // Each entry goes in whole.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
