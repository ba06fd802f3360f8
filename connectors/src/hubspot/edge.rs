//! What HubSpot says about its limits, put where the client understands it, and
//! the limits that hold for a part of the API alone.
//!
//! A 429 need not say when to come back; its policy does (sheet, section 2). Answers
//! count down what is left of ten seconds and of the day: what is spent is not
//! asked for. Searches have a limit of their own, which no answer counts down.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, de::IgnoredAny};
use tokio::time::{Instant, sleep_until};

use crate::http::{Transport, TransportError};

/// Four searches a second, which the older documents promise (the newer say five).
const SEARCH_EVERY: Duration = Duration::from_millis(250);
/// The rolling window of all other calls.
const ROLLING: Duration = Duration::from_secs(10);
/// When a day's calls are spent: it may be hours until the account's midnight, and this is when to ask again.
const SPENT: Duration = Duration::from_mins(15);

/// The transport below, at HubSpot's pace.
pub(super) struct Edge {
    below: Arc<dyn Transport>,
    pace: Mutex<Pace>,
}

/// When what may go out again.
#[derive(Default)]
struct Pace {
    any: Option<Instant>,
    search: Option<Instant>,
    day: Option<Instant>,
}

/// The body of a 429.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(rename = "policyName")]
    policy: Option<String>,
}

impl Edge {
    pub(super) fn new(below: Arc<dyn Transport>) -> Self {
        Self {
            below,
            pace: Mutex::default(),
        }
    }

    /// Takes a turn: when the request may go, or the wait when the day's calls are spent.
    fn turn(&self, search: bool) -> Result<Instant, Duration> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(left) = pace.day.and_then(|day| day.checked_duration_since(now)) {
            return Err(left);
        }
        let mut at = pace.any.map_or(now, |any| any.max(now));
        if search {
            at = pace.search.map_or(at, |free| free.max(at));
            pace.search = Some(at + SEARCH_EVERY);
        }
        Ok(at)
    }

    /// Keeps what an answer says about what is left.
    fn note(&self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if number("x-hubspot-ratelimit-remaining") == Some(0) {
            let rest = number("x-hubspot-ratelimit-interval-milliseconds");
            let rest = rest.map_or(ROLLING, Duration::from_millis).min(SPENT);
            pace.any = Some(Instant::now() + rest);
        }
        if number("x-hubspot-ratelimit-daily-remaining") == Some(0) {
            pace.day = Some(Instant::now() + SPENT);
        }
    }
}

#[async_trait]
impl Transport for Edge {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        match self.turn(request.uri().path().ends_with("/search")) {
            Ok(at) => sleep_until(at).await,
            Err(wait) => return Ok(spent(wait)),
        }
        let mut response = self.below.send(request).await?;
        self.note(response.headers());
        rename(&mut response);
        let silent = !response.headers().contains_key(header::RETRY_AFTER);
        if response.status() == StatusCode::TOO_MANY_REQUESTS && silent {
            let wait = wait(response.body());
            response.headers_mut().insert(header::RETRY_AFTER, wait);
        }
        Ok(response)
    }
}

/// Gives answers that are not the API's own the status that they mean. A page of HTML with 403 is from what stands
/// in front of it and no word on the key; a lock and the move of an account pass (sheet, section 2: unconfirmed).
fn rename(response: &mut Response<Bytes>) {
    let json = serde_json::from_slice::<IgnoredAny>(response.body()).is_ok();
    let meant = match response.status().as_u16() {
        403 if !json => StatusCode::TOO_MANY_REQUESTS,
        423 | 477 => StatusCode::SERVICE_UNAVAILABLE,
        _ => return,
    };
    *response.status_mut() = meant;
}

/// The refusal that HubSpot would give.
fn spent(wait: Duration) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(
        br#"{"message":"the calls of the day are spent","policyName":"DAILY"}"#,
    ));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let seconds = HeaderValue::from(wait.as_secs().max(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

/// How long a refusal without a word on it means.
fn wait(body: &Bytes) -> HeaderValue {
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let wait = match refusal.policy.as_deref() {
        Some("DAILY") => SPENT,
        _ => ROLLING,
    };
    HeaderValue::from(wait.as_secs())
}
