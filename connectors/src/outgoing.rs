//! Outgoing webhooks: a signed POST to an address of the user's.
//!
//! It has no streams and no contacts; it starts things elsewhere. Each call bears
//! a key of its own and a signature over its time and body, so that a receiver
//! can tell it is ours, is fresh, and has not come before. That is why a call
//! alone may be repeated when its answer was lost: whoever counts calls by their
//! key has each once. Repeating is the caller's; here each call goes out once.
//!
//! The address may hold a secret (chat services give such), so that neither it
//! nor the body is ever logged or told.

mod signature;

use std::{sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::IgnoredAny;
use url::Url;

use crate::{
    clock::Clock,
    connector::{
        Account, Action, Capabilities, Change, Connector, Outcome, Page, Start, StartKind, Stream,
        series::later,
    },
    cursor::Cursor,
    error::ConnectorError,
    http::{Client, Failure, Retry, Transport, within},
};

pub use signature::{Forged, HEADER, TOLERANCE, sign, verify};

/// The header that names a call, now and when it is repeated.
pub const KEY_HEADER: &str = "idempotency-key";
/// How long a receiver may take.
const LIMIT: Duration = Duration::from_secs(15);
/// The shortest secret that is taken.
const SECRET_MIN: usize = 16;
/// The largest body: a receiver that reads JSON reads this.
const BODY_MAX: usize = 256 * 1024;
/// What errors call a call.
const NAME: &str = "the call of the webhook";

static CAPABILITIES: Capabilities = Capabilities {
    platform: "webhook",
    streams: &[],
    fields: false,
    creates_fields: false,
    field_name_max: 0,
    frozen: &[],
    starts: &[StartKind::Call],
    removals: &[],
    retention: None,
    unreported: &[],
    twins: None,
    guarantee: "each call arrives at least once or is told; its key says which calls are one",
};

/// What a webhook needs to know. Its `Debug` shows neither.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to post, with path and query; `https`, or `http` on this machine.
    pub url: SecretString,
    /// What both sides sign with, at least 16 characters.
    pub secret: SecretString,
}

/// One address.
pub struct Outgoing {
    client: Client,
    clock: Arc<dyn Clock>,
    /// Path and query.
    target: String,
    host: String,
    secret: SecretString,
}

impl Outgoing {
    /// Reads the settings; an address or secret of the wrong shape is a [`ConnectorError::Config`] that quotes neither.
    pub fn new(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let refuse = |what: &str, detail: &str| ConnectorError::Config {
            what: what.into(),
            detail: detail.into(),
        };
        let url = Url::parse(settings.url.expose_secret().trim())
            .map_err(|source| refuse("url", &source.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("url", "must hold no user name or password"));
        }
        if settings.secret.expose_secret().chars().count() < SECRET_MIN {
            return Err(refuse("secret", "must have at least 16 characters"));
        }
        let origin = url.origin().ascii_serialization();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        // Credentials are in each call's own signature.
        let none = Box::new(|_| Ok(HeaderMap::new()));
        let once = Retry {
            attempts: 1,
            ..Retry::default()
        };
        // The client holds origins to https, or to this machine.
        let client = Client::new(&origin, none, transport, Arc::clone(&clock))
            .map_err(|error| match error {
                ConnectorError::Config { detail, .. } => refuse("url", &detail),
                other => other,
            })?
            .with_retry(once);
        Ok(Self {
            client,
            clock,
            target,
            host: url.host_str().unwrap_or_default().to_owned(),
            secret: settings.secret.clone(),
        })
    }

    /// One call, once.
    async fn call(&self, key: &str, body: &str) -> Outcome {
        let signature = sign(
            self.secret.expose_secret(),
            self.clock.now(),
            body.as_bytes(),
        );
        let headers = HeaderValue::from_str(key)
            .ok()
            .zip(HeaderValue::from_str(&signature).ok());
        let Some((key, signature)) = headers.filter(|_| !key.is_empty()) else {
            return Outcome::Rejected("the key of the call is none for a header".into());
        };
        let call = self
            .client
            .call(Method::POST, &self.target)
            .named(NAME)
            .any_answer()
            .body("application/json", Bytes::from(body.to_owned()))
            .header(HeaderName::from_static(KEY_HEADER), key)
            .header(HeaderName::from_static(HEADER), signature);
        let answered = within(LIMIT, NAME, async {
            Ok(match call.send().await {
                Ok(answer) if answer.status().is_success() => Outcome::Applied,
                Ok(answer) => Outcome::Rejected(answer.words()),
                // The receiver tells repeated calls apart, so a doubt is worth another try.
                Err(Failure::NotDone(error) | Failure::Unknown(error)) => refused(&error),
            })
        });
        answered.await.unwrap_or_else(|error| later(&error))
    }
}

/// What a failure means for the one call.
fn refused(error: &ConnectorError) -> Outcome {
    match error {
        ConnectorError::Transient { .. } | ConnectorError::RateLimited { .. } => later(error),
        // The place to which a redirect leads may be as secret as the address.
        ConnectorError::Contract { .. } => Outcome::Rejected(
            "the receiver sends the call elsewhere, which is not followed, or answers at great length".into(),
        ),
        // 401 and 403, a bad certificate: the same again without somebody's doing.
        _ => Outcome::Rejected(error.to_string()),
    }
}

/// Whether a webhook can do this, or the right form in words. Asks nobody.
pub fn check_action(action: &Action) -> Result<(), String> {
    match action {
        Action::Call { body } if body.len() > BODY_MAX => {
            Err("the body of a call has at most 256 kB".into())
        }
        Action::Call { body } => serde_json::from_str::<IgnoredAny>(body)
            .map(drop)
            .map_err(|source| format!("the body of a call is JSON: {source}")),
        other => {
            let kind = other.kind().as_str();
            Err(format!(
                "a webhook has no {kind}; it can be called, nothing else"
            ))
        }
    }
}

#[async_trait]
impl Connector for Outgoing {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    /// Asks nobody: any request to a webhook may be taken for a call.
    async fn check(&self) -> Result<Account, ConnectorError> {
        Ok(Account {
            name: self.host.clone(),
            version: None,
            missing: Vec::new(),
            needless: Vec::new(),
        })
    }

    async fn pull(&self, stream: Stream, _: Option<&Cursor>) -> Result<Page, ConnectorError> {
        Err(ConnectorError::Config {
            what: "stream".into(),
            detail: format!("a webhook has no stream {:?}", stream.0),
        })
    }

    async fn push(&self, changes: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        let refused = |_| Outcome::Rejected("a webhook has no contacts".to_owned());
        Ok(changes.iter().map(refused).collect())
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }

    async fn start(&self, starts: &[Start]) -> Result<Vec<Outcome>, ConnectorError> {
        let mut outcomes = Vec::with_capacity(starts.len());
        for start in starts {
            let outcome = match (check_action(&start.action), &start.action) {
                (Ok(()), Action::Call { body }) => self.call(&start.key, body).await,
                (Err(reason), _) => Outcome::Rejected(reason),
                // What is no call was refused above.
                (Ok(()), _) => Outcome::Rejected("a webhook can only be called".into()),
            };
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

#[cfg(test)]
mod tests;
