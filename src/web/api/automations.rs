//! Automations: what was started, and a program's word on what is in doubt.

use std::collections::BTreeMap;

use axum::Json;
use chrono::{DateTime, Utc};
use engaged_connectors::model::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    extract::{Body, Caller, Path, Query, Refused},
    operation::Operation,
    wire::{ById, Page, Paging, instant},
};
use crate::{
    account::Scope,
    automation::EntryState,
    diagnostic::Diagnostic,
    score::calendar::Day,
    store::{Entries, Listed, Resolution},
    web::{access::Access, error::Refusal},
};

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let read = Access::Token(Scope::Read);
    vec![
        Operation::get("/api/v1/automations", read, list)
            .named(
                ("automations", "listAutomations"),
                "Automations, with how many entries are in which state",
                "Also those that are configured no longer and have entries still.",
            )
            .answer::<Page<ListedAutomation>>(200, "Every automation.", list_example()),
        Operation::get("/api/v1/automations/in-doubt", read, in_doubt)
            .named(
                ("automations", "listInDoubt"),
                "Starts of which nobody knows whether they happened, the newest first",
                "The request went out and its answer was lost. Nothing is started again until somebody has looked at the platform.",
            )
            .query::<Paging>()
            .answer::<Page<ListedEntry>>(200, "A page of entries.", doubt_example()),
        Operation::post("/api/v1/automations/entries/{id}/resolve", Scope::Automations, resolve)
            .named(
                ("automations", "resolveEntry"),
                "Say what became of a start that is in doubt",
                "As `engaged automations resolve`: `started` if the platform shows that it happened, `again` to start it with the \
                 next push, `drop` to leave it. 409 if the entry is in no doubt.",
            )
            .path::<ById>()
            .body::<Word>(json!({ "word": "started" }))
            .answer::<Resolved>(200, "What the entry is now.", json!({ "entry": 41, "state": "started" }))
            .refused(&[409]),
    ]
}

fn list_example() -> serde_json::Value {
    json!({ "items": [{
        "name": "Win-back", "start": "newsletter: tag start:win-back", "inside": 12, "would_start": 0,
        "entries": { "started": 11, "in doubt": 1 },
    }], "next": null })
}

fn doubt_example() -> serde_json::Value {
    json!({ "items": [{
        "entry": 41, "automation": "Win-back", "contact": 1093, "email": "jan@example.nl", "number": 1,
        "entered_at": "2026-06-14T08:15:00Z", "entered_on": "2026-06-14", "state": "in doubt",
        "reason": null, "inside": true,
    }], "next": null })
}

/// An automation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Automation")]
struct ListedAutomation {
    /// Its name.
    name: String,
    /// What it starts, and where; null where it is configured no longer.
    start: Option<String>,
    /// Contacts for whom its condition holds.
    inside: i64,
    /// Of those, contacts for whom nothing was started because they were there before it.
    would_start: i64,
    /// How many entries are in each state that any is in.
    entries: BTreeMap<&'static str, i64>,
}

async fn list(caller: Caller) -> Result<Json<Page<ListedAutomation>>, Refused> {
    let tally = caller.read(crate::store::Conn::tally_entries).await?;
    let configured = caller.jobs.config.automations.iter();
    let mut all: Vec<ListedAutomation> = configured
        .map(|each| ListedAutomation::new(&each.name, Some(each.start.words())))
        .collect();
    for (name, state, _, inside, number) in &tally {
        let place = all.iter().position(|each| each.name == *name);
        let place = place.unwrap_or_else(|| {
            all.push(ListedAutomation::new(name, None));
            all.len() - 1
        });
        let Some(automation) = all.get_mut(place) else {
            continue;
        };
        *automation.entries.entry(state.as_str()).or_default() += number;
        if *inside {
            automation.inside += number;
            if *state == EntryState::Silent {
                automation.would_start += number;
            }
        }
    }
    Ok(Json(Page::whole(all)))
}

impl ListedAutomation {
    fn new(name: &str, start: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            start,
            inside: 0,
            would_start: 0,
            entries: BTreeMap::new(),
        }
    }
}

/// An entry into an automation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
struct ListedEntry {
    /// Its number.
    entry: i64,
    /// The automation.
    automation: String,
    /// The contact's number.
    contact: i64,
    /// The contact's address.
    email: Option<String>,
    /// Which entry of this contact it is.
    number: u32,
    /// When it was found.
    entered_at: DateTime<Utc>,
    /// The date that was scored.
    entered_on: Day,
    /// What has become of it.
    state: &'static str,
    /// Why.
    reason: Option<String>,
    /// Whether the condition holds still.
    inside: bool,
}

impl From<Listed> for ListedEntry {
    fn from(entry: Listed) -> Self {
        Self {
            entry: entry.entry,
            automation: entry.automation,
            contact: entry.contact.0,
            email: entry.email.as_ref().map(Address::reveal).map(str::to_owned),
            number: entry.number,
            entered_at: instant(entry.entered_at),
            entered_on: entry.entered_on,
            state: entry.state.as_str(),
            reason: entry.reason,
            inside: entry.left_at.is_none(),
        }
    }
}

async fn in_doubt(
    caller: Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ListedEntry>>, Refused> {
    let (limit, before) = paging.read()?;
    let which = Entries {
        state: Some(EntryState::InDoubt),
        before,
        limit: i64::from(limit) + 1,
        ..Entries::ALL
    };
    let entries = caller.read(move |conn| conn.entries(&which)).await?;
    let entries = entries.into_iter().map(ListedEntry::from).collect();
    Ok(Json(Page::cut(entries, limit, |entry| entry.entry)))
}

/// A word on a start that is in doubt.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Word {
    /// What the platform shows.
    word: Said,
}

/// What may be said of a start that is in doubt.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Said {
    /// It was started.
    Started,
    /// It was not: start it with the next push.
    Again,
    /// It was not, and is not to be.
    Drop,
}

impl From<Said> for Resolution {
    fn from(said: Said) -> Self {
        match said {
            Said::Started => Self::Started,
            Said::Again => Self::Again,
            Said::Drop => Self::Drop,
        }
    }
}

/// What an entry is now.
#[derive(Serialize, JsonSchema)]
struct Resolved {
    /// The entry.
    entry: i64,
    /// Its state.
    state: &'static str,
}

async fn resolve(
    caller: Caller,
    Path(ById { id }): Path<ById>,
    Body(Word { word }): Body<Word>,
) -> Result<Json<Resolved>, Refused> {
    let (who, now) = (caller.who(), caller.now().timestamp_millis());
    let store = &caller.jobs.store;
    let becomes = store.write_async(move |tx| tx.resolve_entry(id, word.into(), &who, now));
    if let Some(becomes) = becomes.await? {
        return Ok(Json(Resolved {
            entry: id,
            state: becomes.as_str(),
        }));
    }
    let which = Entries {
        entry: Some(id),
        ..Entries::ALL
    };
    let found = caller.read(move |conn| conn.entries(&which)).await?;
    let found = found.first().ok_or(Refusal::NotFound)?;
    let message = format!("entry {id} is not in doubt: it is {}", found.state.as_str());
    let help = "see what is in doubt with `GET /api/v1/automations/in-doubt`";
    Err(Refusal::Conflict(Box::new(Diagnostic::error("E0803", message).help(help))).into())
}
