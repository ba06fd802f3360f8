//! The two origins: the API behind its key and its limit, and the storage that hands out results to whoever has the link.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::Shared;
use super::answer::{self, Problem, Reply};
use super::call::Call;
use crate::ledger::Note;
use crate::server::Site;

/// No more requests may be under way at the same time.
const SIMULTANEOUS: usize = 10;

/// The API.
pub(super) fn api(shared: &Arc<Shared>, refusal: fn(StatusCode) -> Response) -> Site {
    Site {
        router: Router::new().fallback(serve).with_state(Arc::clone(shared)),
        refusal,
    }
}

/// The storage.
pub(super) fn archive(shared: &Arc<Shared>) -> Site {
    Site {
        router: Router::new().fallback(fetch).with_state(Arc::clone(shared)),
        refusal: answer::edge,
    }
}

/// Counts a request for as long as it is under way.
struct UnderWay(Arc<Shared>);

impl UnderWay {
    fn enter(shared: &Arc<Shared>) -> Option<Self> {
        let before = shared.under_way.fetch_add(1, Ordering::SeqCst);
        let entered = Self(Arc::clone(shared));
        (before < SIMULTANEOUS).then_some(entered)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let Some(_under_way) = UnderWay::enter(&shared) else {
        return Problem::too_many().respond();
    };
    let mut held = shared.held.subscribe();
    // The sender lives in `shared`, so that waiting cannot fail.
    drop(held.wait_for(|held| !held).await);
    let (parts, body) = request.into_parts();
    // The server has read the whole body before.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let reply = authorize(&parts.headers, &shared.key).and_then(|()| {
        let below = path
            .strip_prefix("/3.0")
            .filter(|below| below.is_empty() || below.starts_with('/'));
        let call = Call::new(
            parts.method.clone(),
            below.ok_or_else(Problem::not_found)?,
            query,
            body,
        );
        handle(&shared, &call)
    });
    match reply {
        Ok(answer) => answer.respond(),
        Err(problem) => problem.respond(),
    }
}

/// Any user with the key as password, or the key as a bearer's token.
fn authorize(headers: &HeaderMap, key: &str) -> Result<(), Problem> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Err(Problem::key_missing());
    };
    let header = header.to_str().unwrap_or_default();
    let (scheme, rest) = header.split_once(' ').unwrap_or_default();
    let good = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest == key,
        "basic" => STANDARD.decode(rest).is_ok_and(|pair| {
            String::from_utf8_lossy(&pair)
                .split_once(':')
                .is_some_and(|(_, password)| password == key)
        }),
        _ => false,
    };
    if good {
        Ok(())
    } else {
        Err(Problem::key_invalid())
    }
}

fn handle(shared: &Shared, call: &Call) -> Reply {
    let mut account = shared.account();
    let reply = {
        let world = shared.world();
        account.refresh(&world);
        account.answer(&world, call)
    };
    let now = account.now;
    let standings = std::mem::take(&mut account.standings);
    if !standings.is_empty() {
        let mut world = shared.world.write().unwrap_or_else(PoisonError::into_inner);
        for (person, publication, mailed) in standings {
            if mailed {
                world.resume_mailing(person, publication, now);
            } else {
                world.stop_mailing(person, publication, now);
            }
        }
    }
    reply
}

/// Hands out the results of a batch. A second way of signing in beside the link's own is an error, as it is with the real storage.
async fn fetch(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        return refuse(StatusCode::BAD_REQUEST, "InvalidArgument");
    }
    let query = request.uri().query().unwrap_or_default();
    let call = Call::new(
        request.method().clone(),
        request.uri().path(),
        query,
        Bytes::new(),
    );
    let name = call.path.last().map(String::as_str).unwrap_or_default();
    let id = name.strip_suffix("-response.tar.gz").unwrap_or_default();
    let until = call
        .parameter("expires")
        .and_then(|until| until.parse().ok());
    let sign = call.parameter("signature").unwrap_or_default();
    let found = shared.account().results(id, until, sign);
    match found {
        Ok((bytes, served)) => {
            let mut response = bytes.into_response();
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-gzip"));
            response.extensions_mut().insert(Note::served(served));
            response
        }
        Err((status, code)) => refuse(status, code),
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code></Error>");
    (
        status,
        [(CONTENT_TYPE, HeaderValue::from_static("application/xml"))],
        body,
    )
        .into_response()
}
