//! One call: built by a connector, sent as often as is safe, answered once.

use std::{fmt, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use bytes::Bytes;
use serde::Serialize;
use thiserror::Error;
use tokio::time::{Instant, sleep};
use tracing::debug;
use url::Url;

use super::{
    BodyMax, Client, TransportError,
    answer::{self, Answer},
    redact,
};
use crate::error::ConnectorError;

/// Why a call brought no answer that the connector could judge. Reads turn it
/// into a [`ConnectorError`] with `?`; writes must look at the variant.
#[derive(Clone, Debug, Error)]
pub enum Failure {
    /// The platform refused the request or never saw it: nothing was written.
    #[error("{0}")]
    NotDone(ConnectorError),
    /// A request went out and its answer was lost or useless: it may have been carried out.
    #[error("{0}")]
    Unknown(ConnectorError),
}

impl From<Failure> for ConnectorError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotDone(error) | Failure::Unknown(error) => error,
        }
    }
}

/// One try that failed.
pub(super) struct Miss {
    pub(super) error: ConnectorError,
    /// Whether the cause passes by itself.
    pub(super) passes: bool,
    /// Whether the platform may have acted on the request all the same.
    pub(super) maybe_done: bool,
    /// How long the platform asked us to wait.
    pub(super) wish: Option<Duration>,
}

/// A request in the making.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'a> {
    client: &'a Client,
    method: Method,
    target: String,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Result<Bytes, ConnectorError>,
    idempotent: bool,
    foreign: bool,
    any_answer: bool,
    name: Option<&'static str>,
    body_max: Option<BodyMax>,
}

impl<'a> Call<'a> {
    pub(super) fn new(client: &'a Client, method: Method, target: &str) -> Self {
        Self {
            client,
            method,
            target: target.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Ok(Bytes::new()),
            idempotent: false,
            foreign: false,
            any_answer: false,
            name: None,
            body_max: None,
        }
    }

    pub(super) fn foreign(mut self) -> Self {
        self.foreign = true;
        self
    }

    /// Says that sending the request twice does what sending it once does, so
    /// that it may be sent again when its answer was lost.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Takes a success for one whatever comes with it: where the receiver is anybody's, and may answer with a web page.
    pub fn any_answer(mut self) -> Self {
        self.any_answer = true;
        self
    }

    /// Calls it this in errors and logs instead of by its path, which may itself be a secret.
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Takes an answer of up to so many bytes, for files that a platform gives whole.
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = Some(BodyMax(bytes));
        self
    }

    /// Adds a query parameter, encoded here.
    pub fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Adds a header to this call alone.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends this value as JSON.
    pub fn json(self, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).map_err(|source| ConnectorError::Contract {
            what: "a request could not be written".into(),
            detail: source.to_string(),
        });
        let mut call = self.body("application/json", Bytes::new());
        call.body = body.map(Bytes::from);
        call
    }

    /// Sends these pairs as a form.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(self, pairs: &[(K, V)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        self.body("application/x-www-form-urlencoded", Bytes::from(text))
    }

    /// Sends these bytes.
    pub fn body(mut self, content_type: &'static str, bytes: Bytes) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Ok(bytes);
        self
    }

    /// Sends the call and brings the answer: a success, or a refusal (4xx) that
    /// the connector judges. Credentials, rates and failures of the network or
    /// of the platform come as [`Failure`]. Waits and tries again where that is safe.
    pub async fn send(self) -> Result<Answer, Failure> {
        let url = self.url().map_err(Failure::NotDone)?;
        let what = self.what(&url);
        let (mut spent, mut attempt, mut doubtful) = (Duration::ZERO, 0, false);
        loop {
            attempt += 1;
            let miss = match self.once(&url, &what, attempt).await {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            doubtful |= miss.maybe_done;
            let again = miss.passes && (self.idempotent || !miss.maybe_done);
            let wait = self
                .client
                .retry
                .wait(attempt, spent, miss.wish, fastrand::f64())
                .filter(|_| again);
            let Some(wait) = wait else {
                debug!(%what, attempt, error = %miss.error, "given up");
                let failure = if doubtful {
                    Failure::Unknown
                } else {
                    Failure::NotDone
                };
                return Err(failure(miss.error));
            };
            debug!(%what, attempt, ?wait, error = %miss.error, "waiting to try again");
            if miss.wish.is_some() && !self.foreign {
                // The platform's wish holds for every call of this connection.
                self.client.throttle.hold(wait);
            }
            sleep(wait).await;
            spent += wait;
        }
    }

    /// One try.
    async fn once(&self, url: &Url, what: &str, attempt: u32) -> Result<Answer, Miss> {
        let _turn = if self.foreign {
            None
        } else {
            Some(self.client.throttle.turn().await)
        };
        let request = self.request(url).map_err(|error| Miss {
            error,
            passes: false,
            maybe_done: false,
            wish: None,
        })?;
        let start = Instant::now();
        let result = self.client.transport.send(request).await;
        let ms = start.elapsed().as_millis();
        match result {
            Ok(response) => {
                let (status, bytes) = (response.status().as_u16(), response.body().len());
                debug!(%what, attempt, status, bytes, ms, "answered");
                let answer = answer::judge(what, response, self.client.clock.now())?;
                if answer.is_web_page() && !self.any_answer {
                    return Err(strange(&answer));
                }
                Ok(answer)
            }
            Err(error) => {
                let miss = missed(what, &error);
                debug!(attempt, ms, error = %miss.error, "no answer");
                Err(miss)
            }
        }
    }

    /// The request with fresh credentials, or without any when it goes elsewhere.
    fn request(&self, url: &Url) -> Result<Request<Bytes>, ConnectorError> {
        let mut request = Request::new(self.body.clone()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = url.as_str().parse().map_err(|_| ConnectorError::Contract {
            what: self.what(url),
            detail: "the address of the request cannot be written".into(),
        })?;
        if let Some(most) = self.body_max {
            request.extensions_mut().insert(most);
        }
        let headers = request.headers_mut();
        if !self.foreign {
            headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
            extend(headers, &self.client.headers);
            let mut credentials = (self.client.credentials)(self.client.clock.now())?;
            credentials
                .values_mut()
                .for_each(|value| value.set_sensitive(true));
            extend(headers, &credentials);
        }
        extend(headers, &self.headers);
        Ok(request)
    }

    fn url(&self) -> Result<Url, ConnectorError> {
        let mut url = if self.foreign {
            self.client.resolve_foreign(&self.target)?
        } else {
            self.client.resolve(&self.target)?
        };
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    /// The call in words for errors and logs: without query and without names of people.
    fn what(&self, url: &Url) -> String {
        if let Some(name) = self.name {
            return name.to_owned();
        }
        let path = url.path();
        let short = path
            .strip_prefix(self.client.base.path())
            .filter(|_| !self.foreign);
        format!("{} {}", self.method, redact::path(short.unwrap_or(path)))
    }
}

fn extend(headers: &mut HeaderMap, more: &HeaderMap) {
    for (name, value) in more {
        headers.insert(name, value.clone());
    }
}

/// What stands in between may answer for the platform, with 200 and a page to log in; nobody knows whether the platform
/// ever saw the request.
fn strange(answer: &Answer) -> Miss {
    Miss {
        error: answer.strange(),
        passes: false,
        maybe_done: true,
        wish: None,
    }
}

/// What a failure of the transport means.
fn missed(what: &str, error: &TransportError) -> Miss {
    let (what, detail) = (what.to_owned(), redact::redact(&error.to_string(), 300));
    let (passes, maybe_done) = match error {
        TransportError::NotSent(_) => (true, false),
        TransportError::Lost(_) => (true, true),
        TransportError::Untrusted(_) => (false, false),
        TransportError::TooLarge => (false, true),
    };
    let error = match error {
        TransportError::NotSent(_) | TransportError::Lost(_) => {
            ConnectorError::Transient { what, detail }
        }
        TransportError::Untrusted(_) => ConnectorError::Config { what, detail },
        TransportError::TooLarge => ConnectorError::Contract { what, detail },
    };
    Miss {
        error,
        passes,
        maybe_done,
        wish: None,
    }
}
