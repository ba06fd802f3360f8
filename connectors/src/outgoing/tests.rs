//! Calls through the port, answered by a line of script. Calls over a real line stand in `tests/outgoing.rs`.

use std::sync::Mutex;

use ::http::{Request, Response, header};
use chrono::{DateTime, Utc};

use super::*;
use crate::http::TransportError;

const SECRET: &str = "a secret of both sides";
const URL: &str = "https://hooks.example/services/T0PSECRET?token=canary";

type Reply = Result<Response<Bytes>, TransportError>;

struct Line {
    reply: Box<dyn Fn() -> Reply + Send + Sync>,
    seen: Mutex<Vec<Request<Bytes>>>,
}

impl Clock for Line {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request<Bytes>) -> Reply {
        self.seen.lock().unwrap().push(request);
        let reply = (self.reply)();
        if matches!(&reply, Ok(answer) if answer.status() == 100) {
            std::future::pending::<()>().await;
        }
        reply
    }
}

fn webhook(
    url: &str,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> (Result<Outgoing, ConnectorError>, Arc<Line>) {
    let line = Arc::new(Line {
        reply: Box::new(reply),
        seen: Mutex::default(),
    });
    let settings = Settings {
        url: url.to_owned().into(),
        secret: SECRET.to_owned().into(),
    };
    (Outgoing::new(&settings, line.clone(), line.clone()), line)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands beside replies that fail"
)]
fn status(status: u16) -> Reply {
    Ok(Response::builder()
        .status(status)
        .body(Bytes::new())
        .unwrap())
}

fn call(body: &str) -> Start {
    Start {
        contact: String::new(),
        email: None,
        key: "winback:7:3".into(),
        action: Action::Call { body: body.into() },
    }
}

async fn outcome(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Outcome, usize) {
    let (webhook, line) = webhook(URL, reply);
    let outcomes = webhook.unwrap().start(&[call("{}")]).await.unwrap();
    let seen = line.seen.lock().unwrap().len();
    (outcomes.into_iter().next().unwrap(), seen)
}

#[tokio::test(start_paused = true)]
async fn a_call_bears_its_key_its_signature_and_its_body() {
    let (webhook, line) = webhook(URL, || status(202));
    let body = r#"{"contact":"jan@canary.example","score":81}"#;
    let outcomes = webhook.unwrap().start(&[call(body)]).await.unwrap();
    assert_eq!(outcomes, [Outcome::Applied]);
    let request = line.seen.lock().unwrap().remove(0);
    assert_eq!(
        (request.method(), request.uri().to_string().as_str()),
        (&Method::POST, URL)
    );
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    assert_eq!(header("idempotency-key"), "winback:7:3");
    assert_eq!(header(header::CONTENT_TYPE.as_str()), "application/json");
    assert_eq!(&request.body()[..], body.as_bytes());
    let signature = header("engaged-signature");
    assert_eq!(
        verify(SECRET, signature, body.as_bytes(), line.now()),
        Ok(())
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_receiver_refuses_is_over_and_what_fails_is_tried_again_later() {
    for code in [200, 201, 204] {
        assert_eq!(outcome(move || status(code)).await, (Outcome::Applied, 1));
    }
    // A redirect is not followed: it would take the body elsewhere.
    for code in [301, 307, 400, 401, 403, 404, 410, 422] {
        let (outcome, seen) = outcome(move || status(code)).await;
        assert!(
            matches!(outcome, Outcome::Rejected(_)) && seen == 1,
            "{code}: {outcome:?}"
        );
    }
    for code in [408, 429, 500, 502, 503] {
        let (outcome, seen) = outcome(move || status(code)).await;
        assert!(
            matches!(outcome, Outcome::Retry(_, None)) && seen == 1,
            "{code}: {outcome:?}"
        );
    }
    for code in [429, 503] {
        let later = move || {
            status(code).map(|mut answer| {
                let wait = HeaderValue::from_static("120");
                answer.headers_mut().insert(header::RETRY_AFTER, wait);
                answer
            })
        };
        let (outcome, seen) = outcome(later).await;
        let wait = Some(Duration::from_mins(2));
        assert!(
            matches!(outcome, Outcome::Retry(_, w) if w == wait) && seen == 1,
            "{code}"
        );
    }
    for lost in [
        TransportError::Lost("reset".into()),
        TransportError::NotSent("refused".into()),
    ] {
        let (outcome, seen) = outcome(move || Err(lost.clone())).await;
        assert!(
            matches!(outcome, Outcome::Retry(..)) && seen == 1,
            "{outcome:?}"
        );
    }
    let untrusted = || Err(TransportError::Untrusted("expired".into()));
    assert!(matches!(outcome(untrusted).await.0, Outcome::Rejected(_)));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_silent_is_left_after_its_time() {
    let start = tokio::time::Instant::now();
    let (outcome, _) = outcome(|| status(100)).await;
    assert!(matches!(outcome, Outcome::Retry(..)), "{outcome:?}");
    assert_eq!(start.elapsed(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn neither_the_address_nor_the_body_is_told() {
    let reply = || {
        let text = r#"{"message":"no jan@canary.example"}"#;
        Ok(Response::builder()
            .status(422)
            .body(Bytes::from(text))
            .unwrap())
    };
    let (refused, _) = outcome(reply).await;
    let (lost, _) = outcome(|| Err(TransportError::Lost("reset".into()))).await;
    let elsewhere = || {
        let to = "https://hooks.example/services/T0PSECRET/";
        let moved = Response::builder().status(308).header(header::LOCATION, to);
        Ok(moved.body(Bytes::new()).unwrap())
    };
    let (moved, _) = outcome(elsewhere).await;
    let shown = format!("{refused:?} {lost:?} {moved:?}");
    assert!(shown.contains("HTTP 422"), "{shown}");
    for secret in ["T0PSECRET", "canary", SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let settings = Settings {
        url: URL.to_owned().into(),
        secret: SECRET.to_owned().into(),
    };
    assert!(!format!("{settings:?}").contains("SECRET"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_call_is_refused_without_a_request() {
    let (webhook, line) = webhook(URL, || status(200));
    let webhook = webhook.unwrap();
    let event = Start {
        action: Action::Event("lead".into()),
        ..call("{}")
    };
    let long = format!("\"{}\"", "x".repeat(BODY_MAX));
    let no_key = Start {
        key: "\n".into(),
        ..call("{}")
    };
    let starts = [event, call("{"), call(&long), no_key];
    for outcome in webhook.start(&starts).await.unwrap() {
        assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    }
    assert_eq!(webhook.check().await.unwrap().name, "hooks.example");
    assert!(line.seen.lock().unwrap().is_empty());
}

#[test]
fn an_address_that_could_leak_what_is_sent_is_refused() {
    let new = |url: &str| webhook(url, || status(200)).0.map(drop);
    for url in [
        "https://x.example",
        "http://127.0.0.1:8/hook?a=b",
        "http://localhost/",
    ] {
        assert!(new(url).is_ok(), "{url}");
    }
    for url in [
        "http://x.example/",
        "ftp://x.example/",
        "https://a:b@x.example/",
        "x",
        "",
    ] {
        let refused = new(url).unwrap_err();
        assert!(
            matches!(&refused, ConnectorError::Config { what, .. } if what == "url"),
            "{url}"
        );
    }
    let short = Settings {
        url: URL.to_owned().into(),
        secret: "too short".to_owned().into(),
    };
    let line = webhook(URL, || status(200)).1;
    assert!(Outgoing::new(&short, line.clone(), line).is_err());
}
