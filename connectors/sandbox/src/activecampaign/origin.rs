//! The door: where the API lies, its key, its limits, and which handler answers.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use tokio::time::Instant;

use super::account::Account;
use super::answer::{self, Answer, Refusal, Reply};
use super::call::Call;
use super::{Shared, automations, campaigns, hooks, import, reads, shop, write};
use crate::people::World;
use crate::server::Site;

/// Where the API begins.
pub(super) const ROOT: &str = "/api/3";

/// The API.
pub(super) fn site(shared: &Arc<Shared>, refusal: fn(StatusCode) -> Response) -> Site {
    Site {
        router: Router::new().fallback(serve).with_state(Arc::clone(shared)),
        refusal,
    }
}

/// When the last requests came, for the limits by time.
#[derive(Debug, Default)]
pub(super) struct Recent {
    requests: VecDeque<Instant>,
    imports: [VecDeque<Instant>; 2],
    answered: u64,
}

/// Whether one more fits into so many within the time; notes it if so.
fn fits(seen: &mut VecDeque<Instant>, most: usize, within: Duration) -> bool {
    let now = Instant::now();
    while seen
        .front()
        .is_some_and(|at| now.duration_since(*at) >= within)
    {
        seen.pop_front();
    }
    let fits = seen.len() < most;
    if fits {
        seen.push_back(now);
    }
    fits
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // The server has read the whole body before.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let below = parts.uri.path().strip_prefix(ROOT);
    let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('/')) else {
        return answer::page(StatusCode::NOT_FOUND);
    };
    let query = parts.uri.query().unwrap_or_default();
    let call = Call::new(parts.method.clone(), below, query, body);
    let mut recent = shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
    let mut account = shared.account();
    let most = account.options.per_second;
    let second = Duration::from_secs(1);
    if let Some(most) = most
        && !fits(&mut recent.requests, most, second)
    {
        let mut response = (shared.refusal)(StatusCode::TOO_MANY_REQUESTS);
        if account.options.limit_headers {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(1));
        }
        return response;
    }
    let reply = admit(&account, &parts.headers, &shared.key, &call)
        .and_then(|()| import_limit(&mut recent, &call))
        .and_then(|()| handle(&shared, &mut account, &call));
    recent.answered += 1;
    let blank = account.options.blank_every;
    let blank = blank.is_some_and(|every| recent.answered.is_multiple_of(every));
    let mut response = match reply {
        Ok(_) if blank && call.method == Method::GET => StatusCode::OK.into_response(),
        Ok(answer) => answer.respond(),
        Err(refusal) => refusal.respond(),
    };
    if let Some(most) = most.filter(|_| account.options.limit_headers) {
        let left = most.saturating_sub(recent.requests.len());
        for (name, value) in [("ratelimit-limit", most), ("ratelimit-remaining", left)] {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
    response
}

/// The key in its own header, and the rights of its user: both are refused in the same words (sheet 1, 8).
fn admit(account: &Account, headers: &HeaderMap, key: &str, call: &Call) -> Result<(), Refusal> {
    let given = headers.get("api-token").and_then(|key| key.to_str().ok());
    let first = call.path.first().map(String::as_str).unwrap_or_default();
    let options = &account.options;
    let denied =
        options.forbidden.contains(&first) || (options.read_only && call.method != Method::GET);
    if given == Some(key) && !denied {
        Ok(())
    } else {
        Err(Refusal::forbidden())
    }
}

/// The limit of imports is a 400, not a 429 (sheet 2): 100 a minute with several contacts, 20 with one (sheet 6).
fn import_limit(recent: &mut Recent, call: &Call) -> Result<(), Refusal> {
    if call.method != Method::POST || call.parts() != ["import", "bulk_import"] {
        return Ok(());
    }
    let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let single = body["contacts"]
        .as_array()
        .is_some_and(|rows| rows.len() == 1);
    let most = if single { 20 } else { 100 };
    let seen = &mut recent.imports[usize::from(single)];
    if fits(seen, most, Duration::from_mins(1)) {
        return Ok(());
    }
    let reason = format!(
        "Up to {most} imports may be requested per minute. Please batch contacts into larger requests, or retry this request in a minute."
    );
    Err(Refusal::import(
        "Rate limit exceeded.",
        Some(json!([reason])),
    ))
}

fn handle(shared: &Shared, account: &mut Account, call: &Call) -> Reply {
    let reply = {
        let world = shared.world();
        account.refresh(&world);
        let imports = account.imports.len();
        let reply = route(account, &world, call);
        account.step_imports(imports);
        reply
    };
    shared.settle(account);
    let quiet = !account.options.events_in_ledger;
    reply.map(|mut answer| {
        if quiet {
            answer.served = Vec::new();
        }
        answer
    })
}

fn route(account: &mut Account, world: &World, call: &Call) -> Reply {
    let parts = call.parts();
    if let Some(reply) = webhooks(account, call, &parts) {
        return reply;
    }
    if call.method == Method::GET {
        return read(account, world, call, &parts);
    }
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["contact", "sync"]) => write::create(account, world, call, true),
        ("POST", ["contacts"]) => write::create(account, world, call, false),
        ("PUT", ["contacts", id]) => write::edit(account, world, call, id),
        ("DELETE", ["contacts", id]) => write::delete(account, world, id),
        ("POST", ["fieldValues"]) => write::value(account, world, call),
        ("POST", ["fields"]) => write::field(account, call),
        ("POST", ["fieldRels"]) => write::relate(account, call),
        ("POST", ["tags"]) => write::make_tag(account, call),
        ("POST", ["contactTags"]) => write::tag(account, call),
        ("DELETE", ["contactTags", id]) => write::untag(account, id),
        ("POST", ["contactLists"]) => write::list(account, world, call),
        ("POST", ["contactAutomations"]) => automations::enter(account, world, call),
        ("DELETE", ["contactAutomations", id]) => automations::leave(account, id),
        ("POST", ["import", "bulk_import"]) => import::submit(account, call),
        _ => Err(Refusal::no_route()),
    }
}

fn webhooks(account: &mut Account, call: &Call, parts: &[&str]) -> Option<Reply> {
    match parts {
        ["webhook", "events"] => Some(Ok(hooks::names())),
        ["webhooks"] => Some(hooks::route(account, call, None)),
        ["webhooks", id] => Some(hooks::route(account, call, Some(id))),
        _ => None,
    }
}

fn read(account: &mut Account, world: &World, call: &Call, parts: &[&str]) -> Reply {
    match parts {
        ["users", "me"] => Ok(Answer::read(me(account))),
        ["contacts"] => Ok(reads::contacts(account, world, call)),
        ["contacts", id] => reads::contact(account, world, id),
        ["contacts", id, below] => reads::below(account, world, id, below),
        ["fieldValues"] => Ok(reads::field_values(account, world, call)),
        ["fields"] => Ok(reads::fields(account, call)),
        ["contactLists"] => reads::contact_lists(account, call),
        ["contactTags"] => reads::contact_tags(account, call),
        ["tags"] => Ok(reads::tags(account, call)),
        ["lists"] => Ok(reads::lists(account, call)),
        ["automations"] => Ok(automations::automations(account, world, call)),
        ["contactAutomations"] => Ok(automations::entries(account, call)),
        [
            list @ ("fields" | "tags" | "lists" | "automations" | "contactAutomations"),
            id,
        ] => one(account, world, list, id),
        ["campaigns"] => Ok(campaigns::campaigns(account, world, call)),
        ["campaigns", id] => campaigns::campaign(account, world, id),
        ["campaigns", id, "links"] => campaigns::links(account, world, id),
        ["links", id, "linkData"] => campaigns::link_data(account, world, call, id),
        ["bounceLogs"] => campaigns::bounces(account, world, call),
        ["bounceLogs", id, "code"] => campaigns::bounce_code(account, id),
        ["activities"] => Ok(campaigns::activities(account, call)),
        ["import", "info"] => import::look(account, call),
        ["import", "bulk_import"] => Ok(import::overview(account)),
        // This account has no deals.
        ["deals"] => Ok(Answer::read(
            json!({"deals": [], "meta": {"currencies": [], "total": 0}}),
        )),
        ["ecomOrders" | "ecomOrderProducts" | "connections", ..] => {
            shop::route(account, world, call, parts)
        }
        _ => Err(Refusal::no_route()),
    }
}

/// One row of a list, under the name of the row.
fn one(account: &mut Account, world: &World, list: &str, id: &str) -> Reply {
    let (name, model) = match list {
        "fields" => ("field", "Field"),
        "tags" => ("tag", "Tag"),
        "lists" => ("list", "List"),
        "automations" => ("automation", "Series"),
        _ => ("contactAutomation", "SubscriberSeries"),
    };
    for page in 0_u32.. {
        let query = format!("limit=100&offset={}", page * 100);
        let call = Call::new(Method::GET, list, &query, bytes::Bytes::new());
        let mut answer = read(account, world, &call, &[list])?;
        let rows = answer.body[list].as_array_mut();
        let rows = rows.map(std::mem::take).unwrap_or_default();
        let last = rows.is_empty();
        let found = rows.into_iter().find(|row| row["id"] == id);
        if let Some(found) = found {
            return Ok(Answer::read(json!({name: found})));
        }
        if last {
            break;
        }
    }
    Err(Refusal::no_result(model, id))
}

fn me(account: &Account) -> serde_json::Value {
    let below = |name: &str| format!("{}/users/1/{name}", account.base);
    json!({"user": {
        "username": "marit", "firstName": "Marit", "lastName": "de Vries", "email": "post@example.nl", "phone": "",
        "signature": null,
        "links": {
            "lists": below("lists"), "userGroup": below("userGroup"), "dealGroupTotals": below("dealGroupTotals"),
            "dealGroupUsers": below("dealGroupUsers"), "configs": below("configs"),
        },
        "id": "1",
    }})
}
