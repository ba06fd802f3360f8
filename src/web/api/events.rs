//! Events from elsewhere: a shop, a site or a CRM sends batches of rows in the import format.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::batch::{EventBatch, EventLines, Sent};
use super::{
    extract::{Caller, Query, Refused, UNFIT, is_json, media_type, not_read, read_body, unfit},
    operation::Operation,
};
use crate::{
    account::Scope,
    config::Config,
    diagnostic::Diagnostic,
    ingest::{self, NotHere, Place, Rows, Stored},
    store::StoreError,
    web::{
        Web,
        error::Refusal,
        problem::{Problem, RejectedRow},
    },
};

mod batch;

/// The largest batch in bytes.
const BATCH_MAX: usize = 5 << 20;

/// The connection of a batch that names none.
const CONNECTION: &str = "api";

/// The longest name of a connection.
const NAME_MAX: usize = 40;

/// One row of JSON a line.
const LINES: &str = "application/x-ndjson";

/// When a batch that found no place may come again, in seconds.
const AGAIN_AFTER: u64 = 1;

/// No row of a batch can be stored.
const ALL_BAD: &str = "E1117";

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let row = json!({
        "email": "jan@example.nl", "kind": "purchase", "at": "2026-05-02T10:00:00Z", "id": "order-7781", "item": "shoes",
        "quantity": 2, "value": "260.00", "currency": "EUR",
    });
    let lines = format!("{row}\n");
    vec![
        Operation::post("/api/v1/events", Scope::Events, bring)
            .named(
                ("events", "bringEvents"),
                "Bring a batch of rows",
                "Rows in the format of `engaged import`: events, contacts and gaps, as an array or one a line. A batch is one \
                 transaction. Good rows are kept and bad ones named; if all are bad, nothing is done and the answer is 422. \
                 Sent again, a batch changes nothing: a row with `id` is known by it, one without by its whole content and how \
                 often it comes in its batch, so send a batch again whole and unchanged. At most 5 MB and 10,000 rows. While too \
                 many batches wait to be stored, the answer is 429 and nothing was done. What is new is scored within a minute or \
                 so.",
            )
            .query::<BatchQuery>()
            .body_as::<EventBatch>("application/json", json!({ "connection": "shop", "rows": [row] }))
            .body_as::<EventLines>(LINES, lines.into())
            .answer::<Taken>(
                200,
                "What became of the rows.",
                json!({
                    "connection": "shop", "contacts": 0, "contacts_changed": 0, "events": 1, "duplicates": 0, "superseded": 0,
                    "withheld": 0,
                    "gaps": 0, "rejected": [], "unknown_keys": [],
                }),
            )
            .refused(&[429]),
    ]
}

/// Whose rows they are, where the body cannot say it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BatchQuery {
    /// The connection that lines belong to; `api` if left out. An array of rows may name it in its body instead.
    #[schemars(regex(pattern = "^[A-Za-z][A-Za-z0-9_-]{0,39}$"))]
    connection: Option<String>,
}

/// What became of a batch.
#[derive(Serialize, JsonSchema)]
struct Taken {
    /// The connection that the rows belong to.
    connection: String,
    /// Contact rows taken in.
    contacts: u64,
    /// Of those, rows that said something new.
    contacts_changed: u64,
    /// New events.
    events: u64,
    /// Events that were known already.
    duplicates: u64,
    /// Events whose time changed under one id.
    superseded: u64,
    /// Events that were not stored, since their contact has not agreed to being measured.
    withheld: u64,
    /// Events that were not stored, since they are older than events are kept.
    #[serde(default, skip_serializing_if = "is_none")]
    outdated: u64,
    /// Gap rows taken in.
    gaps: u64,
    /// Rows of contacts that were erased: left out.
    #[serde(default, skip_serializing_if = "is_none")]
    erased: u64,
    /// Rows that were left out.
    rejected: Vec<RejectedRow>,
    /// Keys that mean nothing here, each once. Their rows were kept without them.
    unknown_keys: Vec<UnknownKey>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out a reference"
)]
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// A key that means nothing here.
#[derive(Serialize, JsonSchema)]
struct UnknownKey {
    /// The first row that has it, from 0.
    index: usize,
    /// The key.
    key: String,
    /// A key that it may have been meant for.
    did_you_mean: Option<&'static str>,
}

/// A free place among the batches that are under way, taken before any of the body is read.
struct Admitted(Place);

impl FromRequestParts<Arc<Web>> for Admitted {
    type Rejection = Refused;

    async fn from_request_parts(_: &mut Parts, web: &Arc<Web>) -> Result<Self, Refused> {
        let place = web.intake.place();
        Ok(Self(place.ok_or(Refusal::Busy(AGAIN_AFTER))?))
    }
}

async fn bring(
    caller: Caller,
    Query(query): Query<BatchQuery>,
    Admitted(place): Admitted,
    request: Request,
) -> Result<Response, Refused> {
    if caller.jobs.no_room().is_some() {
        // The sender keeps the batch, and comes again.
        return Err(Refusal::Busy(AGAIN_AFTER).into());
    }
    let media = media_type(request.headers());
    let media = media.as_deref();
    let is_lines = matches!(
        media,
        Some(LINES | "application/ndjson" | "application/jsonl")
    );
    if !is_lines && !is_json(media) {
        return Err(not_read("application/json` or `application/x-ndjson").into());
    }
    let body = read_body(request, BATCH_MAX).await?;
    let config = Arc::clone(&caller.jobs.config);
    let read = move || {
        let sent = if is_lines {
            Sent::lines(&body)
        } else {
            Sent::array(&body)
        };
        let Sent { connection, rows } = sent?;
        let connection = named(&config, connection, query.connection)?;
        Ok::<_, Refusal>((connection, Rows::read(&config.rules.kinds, rows)))
    };
    let read = tokio::task::spawn_blocking(read).await;
    let (connection, rows) = read.map_err(|error| StoreError::ended(&error))??;
    if rows.good() == 0 && !rows.bad.is_empty() {
        return Ok(none_good(&rows));
    }
    let rejected = rejected(&rows);
    let unknown_keys = rows.unknown_keys.iter();
    let unknown_keys = unknown_keys.map(|(index, key, nearest)| UnknownKey {
        index: *index,
        key: key.clone(),
        did_you_mean: *nearest,
    });
    let unknown_keys = unknown_keys.collect();
    let stored = if rows.good() == 0 {
        Stored::default()
    } else {
        let jobs = &caller.jobs;
        let name = connection.clone();
        let stored = ingest::store(&jobs.store, name, rows, jobs.clock.as_ref(), place).await?;
        stored.map_err(|why| not_here(&connection, &why))?
    };
    Ok(Json(Taken {
        connection,
        contacts: stored.contacts,
        contacts_changed: stored.contacts_changed,
        events: stored.events.new,
        duplicates: stored.events.duplicates,
        superseded: stored.events.superseded,
        withheld: stored.events.withheld,
        outdated: stored.events.outdated,
        gaps: stored.gaps,
        erased: stored.erased,
        rejected,
        unknown_keys,
    })
    .into_response())
}

fn rejected(rows: &Rows) -> Vec<RejectedRow> {
    let bad = rows.bad.iter();
    bad.map(|(index, reason)| RejectedRow {
        index: *index,
        reason: reason.clone(),
    })
    .collect()
}

/// Nothing in a batch can be stored.
fn none_good(rows: &Rows) -> Response {
    let message = format!("none of the {} rows can be stored", rows.bad.len());
    let diagnostic = Diagnostic::error(ALL_BAD, message);
    let refusal = Refusal::Bad(Box::new(
        diagnostic.help("see `rejected` for what is wrong with each"),
    ));
    Problem {
        rejected: rejected(rows),
        ..Problem::of(&refusal)
    }
    .into_response()
}

/// Whose rows they are. What is synced from a platform is told by that platform alone: what a batch lacks would
/// count as if it had never happened there.
fn named(
    config: &Config,
    in_body: Option<String>,
    in_query: Option<String>,
) -> Result<String, Refusal> {
    let name = match (in_body, in_query) {
        (Some(body), Some(query)) if body != query => {
            let help = "leave it out of the query".to_owned();
            return Err(unfit("body and query name two connections", Some(help)));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => CONNECTION.to_owned(),
    };
    let mut letters = name.chars();
    let is_plain = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && name.len() <= NAME_MAX;
    if !is_plain {
        let help = format!("use a letter, then letters, digits, `_` and `-`, at most {NAME_MAX}");
        return Err(unfit("that is no name for a connection", Some(help)));
    }
    if let Some(configured) = config.written_to().find(|each| each.name == name) {
        let platform = configured.platform.as_str().to_owned();
        return Err(not_here(&name, &NotHere::Synced(platform)));
    }
    Ok(name)
}

fn not_here(name: &str, why: &NotHere) -> Refusal {
    let diagnostic = match why {
        NotHere::Synced(platform) => {
            let message = format!("connection '{name}' is synced from {platform}");
            Diagnostic::error(UNFIT, message).help("bring the rows under another name")
        }
        NotHere::TooMany => {
            let message = format!("there is no connection '{name}', and no room for another");
            Diagnostic::error(UNFIT, message).help("bring the rows under a name that is there")
        }
    };
    Refusal::Bad(Box::new(diagnostic))
}
