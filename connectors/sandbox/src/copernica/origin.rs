//! The three hosts: the one that exchanges tokens, the API, and the API that streams (sheet 1).

use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::account::Account;
use super::answer::{Problem, Reply, refusal};
use super::call::Call;
use super::{Copernica, Shared};
use crate::ledger::Note;
use crate::people::Seconds;
use crate::server::Site;

/// A web token is valid for a day (sheet 1).
const VALID: Seconds = 86_400;

/// Where tokens are exchanged.
pub(super) fn authenticate(shared: &Arc<Shared>) -> Site {
    Site {
        router: Router::new()
            .fallback(exchange)
            .with_state(Arc::clone(shared)),
        refusal,
    }
}

/// The API.
pub(super) fn api(shared: &Arc<Shared>) -> Site {
    Site {
        router: Router::new().fallback(serve).with_state(Arc::clone(shared)),
        refusal,
    }
}

/// The API whose lists of profiles may be longer, and come in pieces.
pub(super) fn streaming(shared: &Arc<Shared>) -> Site {
    Site {
        router: Router::new()
            .fallback(stream)
            .with_state(Arc::clone(shared)),
        refusal,
    }
}

/// `POST` with the form field `access_token`: the body of the answer is the web token itself.
async fn exchange(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // The server has read the whole body before.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut form = url::form_urlencoded::parse(&body);
    let good = parts.method == Method::POST
        && form.any(|(name, value)| name == "access_token" && value == shared.key.as_str());
    let mut response = if good {
        shared.at_desk(|account, _| {
            let token = issue(&shared.key, account.now, account.epoch);
            account.issued.push(token.clone());
            token.into_response()
        })
    } else {
        Problem::token().respond()
    };
    // Nothing that a later reader of the account could see has changed.
    response.extensions_mut().insert(Note {
        write: Some(false),
        ..Note::default()
    });
    response
}

fn signed(key: &str, text: &str) -> String {
    // HMAC takes keys of any length.
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map(|mut mac| {
        mac.update(text.as_bytes());
        mac.finalize().into_bytes()
    });
    mac.map(|mac| URL_SAFE_NO_PAD.encode(mac))
        .unwrap_or_default()
}

/// A web token that begins now.
fn issue(key: &str, now: Seconds, epoch: u64) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({"typ": "JWT", "alg": "HS256"}));
    let claims = part(&json!({"iat": now, "exp": now + VALID, "sub": "1234", "epoch": epoch}));
    let text = format!("{head}.{claims}");
    format!("{text}.{}", signed(key, &text))
}

/// Whether a web token is ours and still good by the account's clock.
fn accepted(key: &str, account: &Account, headers: &HeaderMap) -> Option<()> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let token = header.strip_prefix("Bearer ")?;
    let (text, signature) = token.rsplit_once('.')?;
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let current = claims["epoch"] == account.epoch
        && claims["exp"]
            .as_u64()
            .is_some_and(|end| u64::from(account.now) < end);
    (current && signed(key, text) == signature).then_some(())
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    answer(&shared, request, false).await
}

async fn stream(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    answer(&shared, request, true).await
}

async fn answer(shared: &Shared, request: Request, streaming: bool) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.path();
    let below = path
        .strip_prefix("/v4")
        .filter(|below| below.starts_with('/'));
    let query = parts.uri.query().unwrap_or_default();
    let reply: Reply = shared.at_desk(|account, _| {
        accepted(&shared.key, account, &parts.headers).ok_or_else(Problem::token)?;
        let below = below.ok_or_else(Problem::method)?;
        let mut call = Call::new(parts.method.clone(), below, query, body);
        call.streaming = streaming;
        account.answer(&call)
    });
    match reply {
        Ok(answer) => answer.respond(),
        Err(problem) => problem.respond(),
    }
}

impl Shared {
    /// Does something with the account as of now, and tells the world whom to mail after that.
    pub(super) fn at_desk<T>(
        &self,
        work: impl FnOnce(&mut Account, &crate::people::World) -> T,
    ) -> T {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        let result = {
            let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
            account.refresh(&world);
            work(&mut account, &world)
        };
        let now = account.now;
        let standings = std::mem::take(&mut account.standings);
        if !standings.is_empty() {
            let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
            for (person, publication, mailed) in standings {
                if mailed {
                    world.resume_mailing(person, publication, now);
                } else {
                    world.stop_mailing(person, publication, now);
                }
            }
        }
        result
    }
}

impl Copernica {
    /// All web tokens end now, before their time: the next call with one is refused as if the day were over.
    pub fn expire_tokens(&self) {
        self.shared.at_desk(|account, _| account.epoch += 1);
    }

    /// Every web token that was given out, which no log may hold.
    pub fn tokens(&self) -> Vec<String> {
        self.shared.at_desk(|account, _| account.issued.clone())
    }
}
