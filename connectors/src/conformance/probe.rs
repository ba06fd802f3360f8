//! The transport between a connector and a stand: it sees every request, plays the faults and counts them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use crate::http::{Transport, TransportError};

/// A request as the probe saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The place among all requests, from 1.
    pub number: usize,
    /// Its method.
    pub method: Method,
    /// Its whole address, as it was sent.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// When it was sent, by the runtime's clock.
    pub at: Instant,
    /// The status of the answer; `None` when it was lost, or is still to come.
    pub status: Option<StatusCode>,
    /// Whether a fault was played on it.
    pub struck: bool,
}

impl Seen {
    /// Whether it is one that by its method changes nothing.
    pub fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// Whether it carries one of these secrets, or signs in in the usual way.
    pub fn carries(&self, secrets: &[String]) -> bool {
        let signed = ["authorization", "cookie", "x-api-key", "api-key"];
        let text = format!(
            "{} {:?} {}",
            self.uri,
            self.headers,
            String::from_utf8_lossy(&self.body)
        );
        signed.iter().any(|name| self.headers.contains_key(*name))
            || secrets.iter().any(|secret| text.contains(secret.as_str()))
    }
}

/// What happens to a request.
pub enum Act {
    /// It is answered as it would be.
    Pass,
    /// It is not looked at, and gets this answer.
    Answer(Response<Bytes>),
    /// It is carried out, and the answer is lost.
    Lose,
    /// It waits this long first.
    Hang(Duration),
    /// No connection comes about.
    Refuse,
    /// The answer's JSON is changed on its way; says how much was.
    Alter(Arc<dyn Fn(&mut Value) -> u64 + Send + Sync>),
}

type Rule = Box<dyn FnMut(&Seen) -> Act + Send>;
type Dress = Arc<dyn Fn(&mut Response<Bytes>) + Send + Sync>;

/// What the probe keeps.
#[derive(Default)]
struct Kept {
    seen: Vec<Seen>,
    rule: Option<Rule>,
    dress: Option<Dress>,
    altered: u64,
    most: Option<(&'static str, u64)>,
    away: Option<String>,
}

/// The probe. Everything behind it is the stand's.
pub struct Probe {
    line: Arc<dyn Transport>,
    kept: Mutex<Kept>,
}

impl Probe {
    /// A probe in front of a stand.
    pub fn new(line: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self {
            line,
            kept: Mutex::default(),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on no page has more rows than this: the query parameter is lowered on its way.
    pub fn most(&self, parameter: &'static str, rows: u64) {
        self.kept().most = Some((parameter, rows));
    }

    /// From now on this decides what happens to each request.
    pub fn on(&self, rule: impl FnMut(&Seen) -> Act + Send + 'static) {
        self.kept().rule = Some(Box::new(rule));
    }

    /// From now on nothing happens to requests.
    pub fn off(&self) {
        self.kept().rule = None;
    }

    /// From now on every answer gets this on its way.
    pub fn dress(&self, dress: impl Fn(&mut Response<Bytes>) + Send + Sync + 'static) {
        self.kept().dress = Some(Arc::new(dress));
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.kept().seen.clone()
    }

    /// The requests after the first `mark`.
    pub fn since(&self, mark: usize) -> Vec<Seen> {
        self.kept().seen.get(mark..).unwrap_or_default().to_vec()
    }

    /// How many requests there were.
    pub fn count(&self) -> usize {
        self.kept().seen.len()
    }

    /// On how many requests a fault was played.
    pub fn struck(&self) -> usize {
        self.kept().seen.iter().filter(|seen| seen.struck).count()
    }

    /// How much was changed in answers.
    pub fn altered(&self) -> u64 {
        self.kept().altered
    }

    /// Requests to this host do not go out: they are seen, and get an empty answer.
    pub fn keep_away(&self, host: &str) {
        self.kept().away = Some(host.to_owned());
    }

    fn note(&self, request: &Request<Bytes>) -> (usize, Act) {
        let mut kept = self.kept();
        let mut seen = Seen {
            number: kept.seen.len() + 1,
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            at: Instant::now(),
            status: None,
            struck: false,
        };
        let away = kept
            .away
            .as_ref()
            .is_some_and(|away| request.uri().host() == Some(away));
        let act = match &mut kept.rule {
            _ if away => Act::Answer(Response::new(Bytes::from_static(b"{}"))),
            Some(rule) => rule(&seen),
            None => Act::Pass,
        };
        seen.struck = !away && !matches!(act, Act::Pass);
        kept.seen.push(seen);
        (kept.seen.len() - 1, act)
    }

    fn lowered(&self, request: &mut Request<Bytes>) {
        let Some((parameter, most)) = self.kept().most else {
            return;
        };
        let Ok(mut url) = url::Url::parse(&request.uri().to_string()) else {
            return;
        };
        let lower = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            let asked = value.parse::<u64>().ok().filter(|_| name == parameter);
            let value =
                asked.map_or_else(|| value.into_owned(), |asked| asked.min(most).to_string());
            (name.into_owned(), value)
        };
        let pairs: Vec<(String, String)> = url.query_pairs().map(lower).collect();
        if pairs.is_empty() {
            return;
        }
        url.query_pairs_mut().clear().extend_pairs(pairs);
        if let Ok(uri) = url.as_str().parse() {
            *request.uri_mut() = uri;
        }
    }
}

#[async_trait]
impl Transport for Probe {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (place, act) = self.note(&request);
        self.lowered(&mut request);
        let lost = || TransportError::Lost("the connection was reset".into());
        let mut answer = match act {
            Act::Answer(answer) => answer,
            Act::Refuse => return Err(TransportError::NotSent("connection refused".into())),
            Act::Lose => {
                self.line.send(request).await?;
                return Err(lost());
            }
            Act::Hang(wait) => {
                tokio::time::sleep(wait).await;
                self.line.send(request).await?
            }
            Act::Pass => self.line.send(request).await?,
            Act::Alter(change) => {
                let (parts, body) = self.line.send(request).await?.into_parts();
                let body = match serde_json::from_slice::<Value>(&body) {
                    Ok(mut value) => {
                        self.kept().altered += change(&mut value);
                        Bytes::from(value.to_string())
                    }
                    Err(_) => body,
                };
                Response::from_parts(parts, body)
            }
        };
        let mut kept = self.kept();
        if let Some(dress) = &kept.dress {
            dress(&mut answer);
        }
        if let Some(seen) = kept.seen.get_mut(place) {
            seen.status = Some(answer.status());
        }
        drop(kept);
        Ok(answer)
    }
}
