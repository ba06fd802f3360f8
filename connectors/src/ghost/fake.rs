//! A Ghost of three lines for the tests here: a function from request to answer,
//! and a clock that stands still. The stateful stand-in is the sandbox's.

use std::sync::{Arc, Mutex};

use ::http::{Request, Response};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeZone as _, Utc};
use serde_json::Value;

use super::{Ghost, GhostSettings};
use crate::{
    clock::Clock,
    http::{Transport, TransportError},
};

/// The present in these tests: 2026-11-22, noon.
pub(super) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
}

/// What a request said, for the answering function and for asserting.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) filter: String,
    pub(super) body: Value,
}

pub(super) type Reply = Result<(u16, String), TransportError>;
type Answering = Box<dyn FnMut(&Asked) -> Reply + Send>;

pub(super) struct Fake {
    answer: Mutex<Answering>,
    asked: Mutex<Vec<Asked>>,
    now: Mutex<DateTime<Utc>>,
}

impl Fake {
    /// A connector with a prefix of `engaged:` that follows `newsletters`, and what it talks to.
    pub(super) fn following(
        newsletters: &[&str],
        answer: impl FnMut(&Asked) -> Reply + Send + 'static,
    ) -> (Ghost, Arc<Self>) {
        let fake = Arc::new(Self {
            answer: Mutex::new(Box::new(answer)),
            asked: Mutex::default(),
            now: Mutex::new(noon()),
        });
        let settings = GhostSettings {
            base_url: "http://127.0.0.1:1".to_owned(),
            key: format!("0a:{}", "7f".repeat(32)).into(),
            newsletters: newsletters.iter().map(|&name| name.to_owned()).collect(),
            tag_prefix: "engaged:".to_owned(),
            start_tags: vec!["win them back".to_owned()],
        };
        (
            Ghost::new(&settings, fake.clone(), fake.clone()).unwrap(),
            fake,
        )
    }

    pub(super) fn answering(
        answer: impl FnMut(&Asked) -> Reply + Send + 'static,
    ) -> (Ghost, Arc<Self>) {
        Self::following(&[], answer)
    }

    /// What was asked since the last time.
    pub(super) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub(super) fn set_now(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap() = now;
    }
}

impl Clock for Fake {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }
}

#[async_trait]
impl Transport for Fake {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let uri = request.uri();
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let filter = pairs.into_iter().find(|(key, _)| key == "filter");
        let path = uri.path().strip_prefix("/ghost/api/admin/").unwrap();
        let asked = Asked {
            method: request.method().to_string(),
            path: path.to_owned(),
            filter: filter
                .map(|(_, filter)| filter.into_owned())
                .unwrap_or_default(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        };
        assert!(
            path.ends_with('/'),
            "Ghost redirects paths without a slash at the end"
        );
        assert!(uri.to_string().len() < 8_000, "Ghost refuses longer URLs");
        self.asked.lock().unwrap().push(asked.clone());
        let (status, body) = self.answer.lock().unwrap()(&asked)?;
        Ok(Response::builder()
            .status(status)
            .body(Bytes::from(body))
            .unwrap())
    }
}

/// A recorded answer.
pub(super) fn fixture(name: &str) -> String {
    let path = format!("{}/fixtures/ghost/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}
