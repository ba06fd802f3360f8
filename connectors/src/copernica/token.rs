//! The day token: an API token is exchanged for a JWT that is good for 24 hours
//! (sheet 1). It is kept below the client, as a credential of the one origin, and
//! goes into no cursor and no log.
//!
//! It is renewed after 20 hours, and once when the platform refuses it, unless it
//! is so young that it cannot have ended: then the right is gone, and to ask on
//! would be to hammer at a closed door.
//!
//! Copernica says nearly everything with 400, a refused token too (sheet 2). Here
//! such an answer becomes the 401 or 403 that it means.

use std::sync::Arc;

use ::http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    clock::Clock,
    http::{Transport, TransportError},
};

/// A token of this age is renewed before it ends (sheet 1).
const RENEW: TimeDelta = TimeDelta::hours(20);
/// A token younger than this has not ended, whatever the clocks say.
const YOUNG: TimeDelta = TimeDelta::hours(1);

/// Signs what goes to one origin.
pub(super) struct Signed {
    pub(super) below: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    /// Where the token is exchanged.
    pub(super) auth_url: Uri,
    pub(super) token: SecretString,
    kept: Mutex<Option<Kept>>,
}

#[derive(Clone)]
struct Kept {
    bearer: HeaderValue,
    at: DateTime<Utc>,
}

impl Signed {
    pub(super) fn new(
        below: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        auth_url: Uri,
        token: SecretString,
    ) -> Self {
        Self {
            below,
            clock,
            auth_url,
            token,
            kept: Mutex::new(None),
        }
    }

    /// The token of the day, or the refusal to give one. One renews, the others wait for it.
    async fn bearer(&self) -> Result<Result<Kept, Response<Bytes>>, TransportError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let fresh = |kept: &&Kept| kept.at <= now && now - kept.at < RENEW;
        if let Some(kept) = kept.as_ref().filter(fresh) {
            return Ok(Ok(kept.clone()));
        }
        *kept = None;
        match self.exchange().await? {
            Ok(bearer) => Ok(Ok(kept.insert(Kept { bearer, at: now }).clone())),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Forgets a token that was refused, if nobody has renewed it meanwhile.
    async fn forget(&self, refused: &Kept) {
        let mut kept = self.kept.lock().await;
        if kept
            .as_ref()
            .is_some_and(|kept| kept.bearer == refused.bearer)
        {
            *kept = None;
        }
    }

    /// Asks for a token: form in, the token itself as body out (sheet 1). What fails here has sent nothing to the API.
    async fn exchange(&self) -> Result<Result<HeaderValue, Response<Bytes>>, TransportError> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("access_token", self.token.expose_secret().trim())
            .finish();
        let mut request = Request::new(Bytes::from(form));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.auth_url.clone();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, form);
        let unsent = |why: String| TransportError::NotSent(format!("the token server: {why}"));
        let mut answer = match self.below.send(request).await {
            Ok(answer) => answer,
            Err(error @ TransportError::Untrusted(_)) => return Err(error),
            Err(error) => return Err(unsent(error.to_string())),
        };
        match answer.status().as_u16() {
            200..=299 => match bearer(answer.body()) {
                Some(bearer) => Ok(Ok(bearer)),
                None if message(answer.body()).is_some() => {
                    *answer.status_mut() = StatusCode::UNAUTHORIZED;
                    Ok(Err(answer))
                }
                None => Err(unsent("its answer is no token".into())),
            },
            429 | 300..=399 => Ok(Err(answer)),
            503 if answer.headers().contains_key(header::RETRY_AFTER) => {
                *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                Ok(Err(answer))
            }
            // A page of HTML comes from something in between and refuses no token.
            400..=499 if !is_html(answer.body()) => {
                *answer.status_mut() = StatusCode::UNAUTHORIZED;
                Ok(Err(answer))
            }
            status => Err(unsent(format!("it answered HTTP {status}"))),
        }
    }

    async fn pass(
        &self,
        request: &Request<Bytes>,
        kept: &Kept,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut signed = Request::new(request.body().clone());
        *signed.method_mut() = request.method().clone();
        *signed.uri_mut() = request.uri().clone();
        *signed.headers_mut() = request.headers().clone();
        *signed.extensions_mut() = request.extensions().clone();
        signed
            .headers_mut()
            .insert(header::AUTHORIZATION, kept.bearer.clone());
        let answer = self.below.send(signed).await?;
        // Empty replies to large questions happen (sheet 2); to a read they are no answer.
        let read = request.method() == Method::GET;
        if read && answer.status() == StatusCode::OK && answer.body().is_empty() {
            return Err(TransportError::Lost("the answer is empty".into()));
        }
        Ok(rename(answer))
    }
}

#[async_trait]
impl Transport for Signed {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let kept = match self.bearer().await? {
            Ok(kept) => kept,
            Err(refused) => return Ok(refused),
        };
        let answer = self.pass(&request, &kept).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.forget(&kept).await;
        if self.clock.now() - kept.at < YOUNG {
            return Ok(answer);
        }
        match self.bearer().await? {
            Ok(kept) => self.pass(&request, &kept).await,
            Err(refused) => Ok(refused),
        }
    }
}

/// The header for a token; `None` for what has not the shape of one.
fn bearer(body: &[u8]) -> Option<HeaderValue> {
    let token = std::str::from_utf8(body).ok()?.trim().trim_matches('"');
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b))
    };
    let shape = token.len() < 8192 && token.split('.').count() == 3 && token.split('.').all(part);
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
        .ok()
        .filter(|_| shape)?;
    bearer.set_sensitive(true);
    Some(bearer)
}

/// Gives an answer the status that it means: the words are all that Copernica gives (sheet 2).
fn rename(mut answer: Response<Bytes>) -> Response<Bytes> {
    let status = answer.status();
    let means = match status.as_u16() {
        400 => message(answer.body()).and_then(|words| refusal(&words)),
        // What stands in front of the API knows no tokens: it is the line that fails.
        401 | 403 if is_html(answer.body()) => Some(StatusCode::BAD_GATEWAY),
        _ => None,
    };
    *answer.status_mut() = means.unwrap_or(status);
    answer
}

/// `{"error":{"message":"…"}}`
fn message(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error")?;
    let words = error.get("message").unwrap_or(error).as_str()?;
    Some(words.to_lowercase())
}

/// Whether the words refuse the token, or a right of it. No codes exist, so only what is plain is taken for one.
fn refusal(words: &str) -> Option<StatusCode> {
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let token = has(&[
        "access token",
        "access_token",
        "accesstoken",
        "jwt",
        "bearer",
    ]);
    if token
        && has(&[
            "invalid",
            "expired",
            "not valid",
            "unknown",
            "missing",
            "no access",
            "revoked",
            "incorrect",
        ])
    {
        return Some(StatusCode::UNAUTHORIZED);
    }
    has(&[
        "permission",
        "access denied",
        "not authorized",
        "unauthorized",
    ])
    .then_some(StatusCode::FORBIDDEN)
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}
