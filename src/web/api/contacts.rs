//! Contacts: who is there, what they are, and why.

mod one;
mod pick;

use axum::Json;
use engaged_connectors::model::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::{
    one::{HistoryLine, WholeContact},
    pick::Pick,
};
use super::{
    extract::{Caller, Query, Refused},
    operation::Operation,
    wire::{ById, Page, Paging},
};
use crate::{
    account::Scope,
    score::explain::{Explanation, Points},
    store::{ContactId, ContactState},
    web::access::Access,
};

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let read = Access::Token(Scope::Read);
    vec![
        Operation::get("/api/v1/contacts", read, list)
            .named(
                ("contacts", "listContacts"),
                "Contacts, a page at a time",
                "Everybody, or those for whom all holds that is asked for. One choice alone is read as the last run of scoring \
                 left it. A condition, or several choices together, is evaluated now, and only so many contacts are looked at for \
                 one page: a page may be short or empty while `next` leads on. To find somebody by their whole address, use \
                 `POST /contacts/lookup`, since addresses of pages stand in logs.",
            )
            .query::<ListQuery>()
            .answer::<Page<Contact>>(200, "A page of contacts.", list_example()),
        Operation::post("/api/v1/contacts/lookup", Scope::Read, one::look_up)
            .named(
                ("contacts", "lookUpContact"),
                "The contact with this address",
                "Also by an address that they had before they became one with another contact.",
            )
            .body::<one::Lookup>(json!({ "email": "jan@example.nl" }))
            .answer::<WholeContact>(200, "The contact.", contact_example())
            .refused(&[404]),
        Operation::get("/api/v1/contacts/{id}", read, one::show)
            .named(
                ("contacts", "getContact"),
                "A contact",
                "What the last run of scoring found, and where the contact is. Who became one with another contact is answered \
                 with that one, whose `id` is another.",
            )
            .path::<ById>()
            .answer::<WholeContact>(200, "The contact.", contact_example()),
        Operation::get("/api/v1/contacts/{id}/explanation", read, one::explain)
            .named(
                ("contacts", "explainContact"),
                "Why a contact is what it is",
                "Every score down to the events, and what changes next if nothing happens: as `engaged explain --json`. The \
                 lines of a score add up to `raw`. 404 if nothing was known of the contact then.",
            )
            .path::<ById>()
            .query::<one::ExplainQuery>()
            .answer::<Explanation>(200, "The explanation.", explanation_example()),
        Operation::get("/api/v1/contacts/{id}/history", read, one::history)
            .named(
                ("contacts", "getHistory"),
                "What a contact's scores were",
                "A line for each date on which a score changed, the oldest first.",
            )
            .path::<ById>()
            .query::<Paging>()
            .answer::<Page<HistoryLine>>(200, "A page of changes.", history_example()),
    ]
}

fn example() -> Value {
    json!({
        "id": 1093, "email": "jan@example.nl", "scored": true,
        "scores": [{ "name": "engagement", "points": 11, "raw": 11, "band": "engaged" }],
        "segments": ["hot"], "stage": null, "unjudged": "coverage_gap",
    })
}

fn list_example() -> Value {
    json!({ "items": [example()], "next": "n1093" })
}

fn contact_example() -> Value {
    let mut contact = example();
    contact["next_change_on"] = "2026-07-24".into();
    contact["connections"] = json!([{
        "connection": "newsletter", "platform_id": "8f2c", "email": "jan@example.nl", "status": "subscribed",
        "known_at": "2026-01-10T10:00:00Z", "gone_at": null, "tags": ["engaged:engaged"],
    }]);
    contact
}

fn history_example() -> Value {
    json!({ "items": [{
        "on": "2026-06-15", "score": "engagement", "points": 11, "raw": 11, "band": "engaged", "rules": "9c1e",
    }], "next": null })
}

fn explanation_example() -> Value {
    json!({
        "schema": 1, "contact": "jan@example.nl", "as_of": "2026-06-15", "known_at": "2026-06-15",
        "scores": [{
            "name": "engagement", "raw": 0, "shown": 0, "band": "neutral", "next_change_on": "2026-07-12",
            "rules": [
                { "when": "no open in 3 months", "points": -10, "absence": { "state": "absent", "since": "2026-06-15" }, "events": [] },
                { "when": "click", "points": 10, "events": [{
                    "id": "e-1", "at": "2026-06-08T10:00:05Z", "campaign": "n23", "connection": "newsletter", "points": 10,
                    "ends_on": null,
                }] },
            ],
        }],
        "segments": [], "stage": null,
        "next": [{ "on": "2026-07-12", "score": "engagement", "raw": -15, "band": null, "because": "no click in 6 months" }],
    })
}

/// Which contacts.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// Only those whose address begins like this.
    q: Option<String>,
    /// Only those in this segment.
    segment: Option<String>,
    /// Only those in this band of a score, as `engagement:away`; `engagement:` for those in no band of it.
    band: Option<String>,
    /// Only those in this stage.
    stage: Option<String>,
    /// Only those about whom an absence is not judged for this reason: `no_tracking`, `too_new`, `not_tracked`, `not_mailed`,
    /// `too_few_sends`, `coverage_gap` or `unmeasurable`.
    unjudged: Option<String>,
    /// Only those for whom this condition of the rule language holds today.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// So many contacts at most.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    limit: Option<u16>,
    /// Where the last page ended: its `next`.
    cursor: Option<String>,
}

/// A contact, and what the rules make of it.
#[derive(Serialize, JsonSchema)]
struct Contact {
    /// Its number.
    id: i64,
    /// Its address.
    email: Option<String>,
    /// Whether it was scored yet. If not, the rest says nothing.
    scored: bool,
    /// Whether it objects to being scored: then it never is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    objects: bool,
    /// Its scores.
    scores: Vec<ContactScore>,
    /// The segments that it is in.
    segments: Vec<String>,
    /// Its stage.
    stage: Option<String>,
    /// Why an absence in its rules is not judged; null if all are.
    unjudged: Option<String>,
}

/// One score of a contact.
#[derive(Serialize, JsonSchema)]
struct ContactScore {
    /// The score.
    name: String,
    /// What is shown and pushed.
    points: i64,
    /// The sum before it is rounded and kept within its range.
    raw: Points,
    /// The band; null: in none.
    band: Option<String>,
}

impl Contact {
    fn new(id: ContactId, email: Option<&Address>, state: Option<ContactState>) -> Self {
        let scored = state.is_some();
        let state = state.unwrap_or_default();
        let scores = state.scores.into_iter().map(|score| ContactScore {
            name: score.name,
            points: score.shown,
            raw: Points(score.raw),
            band: score.band,
        });
        Self {
            id: id.0,
            email: email.map(|email| email.reveal().to_owned()),
            scored,
            objects: false,
            scores: scores.collect(),
            segments: state.segments,
            stage: state.stage,
            unjudged: state.unjudged,
        }
    }
}

async fn list(
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Contact>>, Refused> {
    let pick = Pick::new(&caller.jobs.config, query)?;
    let page = caller.look(move |conn, jobs| pick.page(conn, jobs)).await?;
    Ok(Json(page))
}
