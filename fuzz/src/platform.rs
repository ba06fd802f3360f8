//! The platforms: for each a connector of the kind that the conformance checks examine, and a script that answers it.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt::Write as _,
    io::Write as _,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use engaged::conformance::subject;
use engaged_connectors::{
    Clock, Connector, Who,
    conformance::{Access, HandClock, KeyKind, Rights, Scene, Stand},
    http::{Transport, TransportError},
    model::Address,
};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::scratch::Noon;

/// Stands in an answer for the address of a stand-in on loopback.
const STAND: &str = "stand.invalid";

/// Stands between two answers of a script.
pub const BETWEEN: u8 = 0x1e;

/// The platforms, in the order in which a byte names them.
pub const ALL: [&str; 5] = [
    "activecampaign",
    "copernica",
    "ghost",
    "hubspot",
    "mailchimp",
];

/// A platform, ready to be talked to.
pub struct Platform {
    /// Its name.
    pub name: &'static str,
    /// The stand-in.
    pub stand: Box<dyn Stand>,
    /// Two of its contacts.
    pub people: Vec<Who>,
    /// Hosts and ports that the key goes to when the stand-in is read.
    hosts: BTreeSet<String>,
}

impl Platform {
    /// The platform of that name.
    pub fn of(name: &str) -> &'static Self {
        static MADE: [LazyLock<Platform>; ALL.len()] = [
            LazyLock::new(|| Platform::make(ALL[0])),
            LazyLock::new(|| Platform::make(ALL[1])),
            LazyLock::new(|| Platform::make(ALL[2])),
            LazyLock::new(|| Platform::make(ALL[3])),
            LazyLock::new(|| Platform::make(ALL[4])),
        ];
        let place = ALL.iter().position(|each| *each == name);
        &MADE[place.unwrap()]
    }

    fn make(name: &'static str) -> Self {
        with_stand(async {
            // As the conformance checks set it: the stand moves it to the end of its own history.
            let clock = HandClock::at(DateTime::from_timestamp(1_781_092_800, 0).unwrap());
            let scene = Scene {
                people: 3,
                rights: Rights::All,
                clock,
            };
            let stand = subject(name).unwrap().stand(scene).await.unwrap();
            let way = Arc::new(Recorded::new(&*stand));
            let connector = stand
                .connect(&Access::good(), Arc::new(Noon), Arc::clone(&way) as _)
                .unwrap();
            let _ = connector.check().await;
            for each in connector.capabilities().streams {
                let _ = connector.pull(each.stream, None).await;
            }
            let hosts = way.taken().hosts;
            drop(connector);
            let contacts = stand.truth().contacts.into_iter().take(2);
            let people = contacts.map(|(contact, email)| Who {
                contact,
                email: Address::parse(&email),
            });
            Self {
                name,
                people: people.collect(),
                stand,
                hosts,
            }
        })
    }

    /// The answer with the stand-in's own address, which may have another port each time.
    fn named(&self, body: Bytes) -> Bytes {
        let own = self.hosts.iter().find(|host| host.starts_with("127."));
        match (own, find(&body, STAND)) {
            (Some(own), Some(_)) => Bytes::from(replaced(&body, STAND, own)),
            _ => body,
        }
    }

    /// A connector that hears nothing but these answers.
    pub fn connector(&'static self, answers: Vec<Answer>) -> Box<dyn Connector> {
        let script = Script {
            platform: self,
            answers: Mutex::new(answers.into()),
        };
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        self.stand
            .connect(&Access::good(), clock, Arc::new(script))
            .unwrap()
    }

    /// A connector whose webhooks are signed with a secret that nobody has; it hears nothing.
    pub fn deaf(&'static self) -> Box<dyn Connector> {
        let access = Access {
            hook: KeyKind::Wrong,
            ..Access::good()
        };
        let script = Script {
            platform: self,
            answers: Mutex::default(),
        };
        self.stand
            .connect(&access, Arc::new(Noon), Arc::new(script))
            .unwrap()
    }

    /// Asserts that a text for people holds neither the key nor an address.
    pub fn keeps_quiet(&self, text: &str) {
        super::scratch::holds_no_address(text);
        let told = self
            .stand
            .secrets()
            .into_iter()
            .any(|key| text.contains(&key));
        assert!(!told, "a key stands in: {text}");
    }
}

/// Host and port that a request goes to.
fn whose(request: &Request<Bytes>) -> String {
    let authority = request.uri().authority();
    authority.map(ToString::to_string).unwrap_or_default()
}

/// Whether a request bears a key; asserts nothing.
fn bears(secrets: &[String], request: &Request<Bytes>) -> bool {
    let headers = request.headers().values();
    let has = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        secrets.iter().any(|secret| text.contains(secret.as_str()))
    };
    // Ghost's key signs a token instead of going along.
    request.headers().contains_key("authorization")
        || headers.map(HeaderValue::as_bytes).any(has)
        || has(request.uri().to_string().as_bytes())
        || has(request.body())
}

/// One answer of a platform.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    /// Reads `STATUS`, lines of headers, an empty line, the body. A header `packed` has the body put into an archive, as
    /// some platforms keep results.
    pub fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(2).position(|two| two == b"\n\n");
        let (head, body) = match end {
            Some(end) => (&bytes[..end], &bytes[end + 2..]),
            None => (&b""[..], bytes),
        };
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.trim().parse().ok());
        let headers: Vec<(HeaderName, HeaderValue)> = lines
            .filter_map(|line| line.split_once(':'))
            .filter_map(|(name, value)| {
                Some((name.trim().parse().ok()?, value.trim().parse().ok()?))
            })
            .collect();
        let packed = headers.iter().any(|(name, _)| name == "packed");
        Self {
            status: status.unwrap_or(StatusCode::OK),
            headers,
            body: if packed {
                pack(body)
            } else {
                Bytes::copy_from_slice(body)
            },
        }
    }

    fn response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

fn pack(body: &[u8]) -> Bytes {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(body.len() as u64);
    tar.append_data(&mut header, "1.json", body).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    Bytes::from(gzip.finish().unwrap())
}

/// Answers in their order, whatever is asked; then the line is cut for good.
struct Script {
    platform: &'static Platform,
    answers: Mutex<VecDeque<Answer>>,
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = whose(&request);
        let known = self.platform.hosts.contains(&host);
        let key = bears(&self.platform.stand.secrets(), &request);
        assert!(known || !key, "the key goes to {host}");
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.pop_front() {
            Some(answer) => Ok(answer.response().map(|body| self.platform.named(body))),
            None => Err(TransportError::Untrusted("the script is over".into())),
        }
    }
}

/// What went over the wire.
#[derive(Default)]
pub struct Taken {
    /// Answers, as [`Answer::read`] reads them.
    pub answers: Vec<Vec<u8>>,
    /// Hosts that the key went to.
    pub hosts: BTreeSet<String>,
}

/// An answer with three rows at most in each list: so that much is said in few bytes.
fn short(body: Bytes) -> Bytes {
    fn cut(value: &mut Value) {
        match value {
            Value::Array(rows) => {
                rows.truncate(3);
                rows.iter_mut().for_each(cut);
            }
            Value::Object(map) => map.values_mut().for_each(cut),
            _ => {}
        }
    }
    let Ok(mut value) = serde_json::from_slice(&body) else {
        return body;
    };
    cut(&mut value);
    Bytes::from(value.to_string())
}

/// The way to a stand-in, written down; lists are cut short on it.
pub struct Recorded {
    line: Arc<dyn Transport>,
    secrets: Vec<String>,
    taken: Mutex<Taken>,
}

impl Recorded {
    /// The way to this one.
    pub fn new(stand: &dyn Stand) -> Self {
        Self {
            line: stand.line(),
            secrets: stand.secrets(),
            taken: Mutex::default(),
        }
    }

    /// What went over it since the last time.
    pub fn taken(&self) -> Taken {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Transport for Recorded {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let host = whose(&request);
        let key = bears(&self.secrets, &request);
        let response = self.line.send(request).await?.map(short);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = written(&response);
        taken.answers.push(replaced(&answer, &host, STAND));
        if key {
            taken.hosts.insert(host);
        }
        Ok(response)
    }
}

fn written(response: &Response<Bytes>) -> Vec<u8> {
    let mut head = response.status().as_u16().to_string();
    for name in ["content-type", "location", "link"] {
        if let Some(value) = response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
        {
            let _ = write!(head, "\n{name}: {value}");
        }
    }
    let packed = unpack(response.body());
    if packed.is_some() {
        head.push_str("\npacked: yes");
    }
    let mut all = head.into_bytes();
    all.extend_from_slice(b"\n\n");
    all.extend_from_slice(packed.as_deref().unwrap_or(response.body()));
    all
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes
        .windows(text.len())
        .position(|part| part == text.as_bytes())
}

/// The bytes with another text wherever this one stands.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (mut rest, mut out) = (bytes, Vec::with_capacity(bytes.len()));
    while let Some(place) = find(rest, from) {
        out.extend_from_slice(&rest[..place]);
        out.extend_from_slice(to.as_bytes());
        rest = &rest[place + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The one file of an archive.
fn unpack(body: &[u8]) -> Option<Vec<u8>> {
    let gzip = flate2::read::GzDecoder::new(body);
    let mut tar = tar::Archive::new(gzip);
    let mut entry = tar.entries().ok()?.next()?.ok()?;
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut entry, &mut text).ok()?;
    Some(text)
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    static STANDS: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

/// Runs to the end on this thread; waiting costs no time.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// Runs what asks a stand-in, which may be served on loopback and then takes its time.
pub fn with_stand<T>(work: impl Future<Output = T>) -> T {
    STANDS.with(|runtime| runtime.block_on(work))
}
