//! HTTP as the connectors use it: one origin, fresh credentials, a polite
//! rate, retries with jitter, and answers that are judged before they are read.
//!
//! A connector makes a [`Client`] and sends [`Call`]s through it. Under the
//! client lies the [`Transport`] port; [`Network`] is the real one, tests put
//! an in-memory one there. It knows no platform, follows no redirect, keeps no
//! state but the rate, and never logs a query, a key or an address.

mod answer;
mod call;
mod network;
mod redact;
mod retry;
mod throttle;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use thiserror::Error;
use url::{Host, Url};

pub use answer::Answer;
pub use call::{Call, Failure};
pub use network::Network;
pub use redact::redact;
pub use retry::Retry;
pub use throttle::Rate;

use crate::{clock::Clock, error::ConnectorError};
use throttle::Throttle;

/// The most bytes of a body that are kept, after decompression.
pub const BODY_MAX: usize = 32 * 1024 * 1024;

/// Goes with a request whose answer may have more than [`BODY_MAX`] bytes; see [`Call::body_max`].
#[derive(Clone, Copy, Debug)]
pub struct BodyMax(pub usize);

/// Carries one request to the network and one answer back, without judging either.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer, at most [`BODY_MAX`] bytes of it.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError>;
}

/// Why there is no answer. The texts name no credentials.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransportError {
    /// No connection was made, so the platform did not see the request.
    #[error("could not connect: {0}")]
    NotSent(String),
    /// The connection was made and broke: the platform may have acted on the request.
    #[error("the answer was lost: {0}")]
    Lost(String),
    /// The certificate is not to be trusted. Nothing was sent, and nothing will be.
    #[error("the server's certificate is refused: {0}")]
    Untrusted(String),
    /// The body is larger than [`BODY_MAX`]. The platform has acted on the request.
    #[error("the answer is larger than {} MB", BODY_MAX / 1024 / 1024)]
    TooLarge,
}

/// Makes the headers that prove who we are, freshly for each request.
pub type Credentials =
    Box<dyn Fn(DateTime<Utc>) -> Result<HeaderMap, ConnectorError> + Send + Sync>;

/// Talks to one origin on behalf of one connection.
pub struct Client {
    base: Url,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    credentials: Credentials,
    headers: HeaderMap,
    retry: Retry,
    throttle: Throttle,
}

impl Client {
    /// A client for everything under `base_url`, whose origin it never leaves
    /// with credentials. Plain `http` is for loopback only; anything else is a
    /// [`ConnectorError::Config`].
    pub fn new(
        base_url: &str,
        credentials: Credentials,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConnectorError> {
        Ok(Self {
            base: base(base_url)?,
            transport,
            clock,
            credentials,
            headers: HeaderMap::new(),
            retry: Retry::default(),
            throttle: Throttle::new(Rate::default()),
        })
    }

    /// Adds a header to every request to the origin, such as the API's version.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets how fast and how many at once; see the platform's sheet.
    #[must_use]
    pub fn with_rate(mut self, rate: Rate) -> Self {
        self.throttle = Throttle::new(rate);
        self
    }

    /// Sets how often and how long to try again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Where paths are resolved: always with a slash at the end.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A read. `target` is a path under the base (`members/`), an absolute path
    /// on the origin (`/api/x`), or a whole URL on the origin, as `next` links are.
    pub fn get(&self, target: &str) -> Call<'_> {
        Call::new(self, Method::GET, target).idempotent()
    }

    /// A request that is sent once, unless [`Call::idempotent`] says that
    /// sending it twice does what sending it once does.
    pub fn call(&self, method: Method, target: &str) -> Call<'_> {
        Call::new(self, method, target)
    }

    /// A read from another origin, without credentials and without our own
    /// headers: for result archives that a platform keeps elsewhere.
    pub fn get_foreign(&self, url: &str) -> Call<'_> {
        Call::new(self, Method::GET, url).idempotent().foreign()
    }

    /// Resolves a target and refuses to leave the origin.
    fn resolve(&self, target: &str) -> Result<Url, ConnectorError> {
        match self.base.join(target) {
            Ok(url) if url.origin() == self.base.origin() && plain(&url) => Ok(url),
            Ok(url) => Err(ConnectorError::Contract {
                what: "a link in an answer".into(),
                detail: format!(
                    "leads to {} instead of {}: refused",
                    url.origin().ascii_serialization(),
                    self.base.origin().ascii_serialization(),
                ),
            }),
            Err(source) => Err(unreadable(source)),
        }
    }

    /// Checks a URL elsewhere: encrypted, or on loopback when the base is too.
    fn resolve_foreign(&self, url: &str) -> Result<Url, ConnectorError> {
        let url = Url::parse(url).map_err(unreadable)?;
        let encrypted = url.scheme() == "https";
        let local = url.scheme() == "http" && is_loopback(&url) && is_loopback(&self.base);
        if plain(&url) && (encrypted || local) {
            return Ok(url);
        }
        Err(ConnectorError::Contract {
            what: "a link in an answer".into(),
            detail: format!(
                "leads to {} without https: refused",
                url.origin().ascii_serialization()
            ),
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// Gives a conversation this long; what does not end by then is a [`ConnectorError::Transient`].
pub async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<T, ConnectorError> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(ConnectorError::Transient {
            what: what.to_owned(),
            detail: format!("no good answer within {} seconds", limit.as_secs()),
        })
    })
}

/// Reads the configured URL.
fn base(text: &str) -> Result<Url, ConnectorError> {
    let refuse = |detail: &str| ConnectorError::Config {
        what: "base_url".into(),
        detail: detail.to_owned(),
    };
    let mut url = Url::parse(text.trim()).map_err(|source| refuse(&source.to_string()))?;
    if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("must begin with https:// and a host"));
    }
    if !plain(&url) || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse(
            "must hold no user name, password, query or fragment",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(refuse(
            "must be https: over plain http the key could be read on its way",
        ));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether no user name or password stands in the URL.
fn plain(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

/// Whether the URL leads back to this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn unreadable(source: url::ParseError) -> ConnectorError {
    ConnectorError::Contract {
        what: "a link in an answer".into(),
        detail: format!("is no URL: {source}"),
    }
}
