//! An address that webhooks call: it keeps every call, and answers as it is told.
//!
//! It knows nothing of whoever calls. A call whose answer the fault plan loses has
//! come all the same, so that whoever repeats it can be seen to: [`Receiver::calls`]
//! has each time, [`Receiver::keys`] counts the times of each idempotency key.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use crate::fault::{FaultPlan, Faults};
use crate::ledger::{Ledger, Note};
use crate::server::{Serving, Site, serve};

/// One call that came, whatever was answered.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, to the byte.
    pub body: Bytes,
}

impl Received {
    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

/// What a call is answered with.
#[derive(Debug, Clone, Default)]
struct Reply {
    status: StatusCode,
    body: String,
    retry_after: Option<u64>,
    location: Option<String>,
}

#[derive(Default)]
struct Inner {
    calls: Vec<Received>,
    reply: Reply,
}

/// A running receiver. Dropping it stops it.
pub struct Receiver {
    serving: Serving,
    inner: Arc<Mutex<Inner>>,
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1 and answers every call with 200.
    pub async fn start(plan: FaultPlan) -> io::Result<Self> {
        let inner = Arc::<Mutex<Inner>>::default();
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&inner));
        let refusal = StatusCode::into_response;
        let serving = serve(Site { router, refusal }, plan).await?;
        Ok(Self { serving, inner })
    }

    /// An address on it: `http://127.0.0.1:PORT/hook`.
    pub fn url(&self) -> String {
        format!("{}/hook", self.serving.base_url())
    }

    /// From now on calls are answered with this status and body.
    pub fn answer(&self, status: u16, body: &str) {
        lock(&self.inner).reply = Reply {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            body: body.to_owned(),
            ..Reply::default()
        };
    }

    /// From now on calls are told to come back after so many seconds.
    pub fn answer_later(&self, status: u16, seconds: u64) {
        self.answer(status, "");
        lock(&self.inner).reply.retry_after = Some(seconds);
    }

    /// From now on calls are sent elsewhere.
    pub fn answer_elsewhere(&self, location: &str) {
        self.answer(307, "");
        lock(&self.inner).reply.location = Some(location.to_owned());
    }

    /// Every call that came, in order.
    pub fn calls(&self) -> Vec<Received> {
        lock(&self.inner).calls.clone()
    }

    /// How often each idempotency key came.
    pub fn keys(&self) -> BTreeMap<String, usize> {
        let mut keys = BTreeMap::new();
        for call in &lock(&self.inner).calls {
            let key = call.header("idempotency-key").to_owned();
            *keys.entry(key).or_insert(0) += 1;
        }
        keys
    }

    /// See [`Serving::ask`]: a call without a wire.
    pub async fn ask(
        &self,
        request: axum::http::Request<Bytes>,
    ) -> io::Result<axum::http::Response<Bytes>> {
        self.serving.ask(request).await
    }

    /// What was asked and answered.
    pub fn ledger(&self) -> &Ledger {
        self.serving.ledger()
    }

    /// The faults that are played.
    pub fn faults(&self) -> &Faults {
        self.serving.faults()
    }

    /// Stops after the calls under way.
    pub async fn shutdown(self) {
        self.serving.shutdown().await;
    }
}

async fn receive(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // The server has read the whole body before.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let target = parts.uri.path_and_query().map(ToString::to_string);
    let reply = {
        let mut inner = lock(&inner);
        inner.calls.push(Received {
            method: parts.method,
            target: target.unwrap_or_default(),
            headers: parts.headers,
            body,
        });
        inner.reply.clone()
    };
    let mut response = (reply.status, reply.body).into_response();
    let headers = response.headers_mut();
    if let Some(seconds) = reply.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(location) = reply.location.and_then(|to| HeaderValue::try_from(to).ok()) {
        headers.insert(LOCATION, location);
    }
    response.extensions_mut().insert(Note::applied());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Rule, When};

    #[tokio::test]
    async fn a_call_whose_answer_is_lost_has_come_all_the_same() {
        let receiver = Receiver::start(FaultPlan::none()).await.unwrap();
        let rule = Rule::new("/hook", When::Nth(1), Fault::AnswerLost);
        receiver.faults().add(rule);
        let call = || {
            let call = axum::http::Request::post(receiver.url()).header("idempotency-key", "a");
            receiver.ask(call.body(Bytes::from_static(b"{}")).unwrap())
        };
        assert!(call().await.is_err());
        receiver.answer_later(503, 7);
        let answer = call().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[RETRY_AFTER]),
            (503, &HeaderValue::from(7))
        );
        assert_eq!(receiver.keys(), BTreeMap::from([("a".to_owned(), 2)]));
        assert_eq!(&receiver.calls()[1].body[..], b"{}");
    }
}
