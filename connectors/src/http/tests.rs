//! The client against a transport in memory, on paused time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeZone, Utc};
use tokio::time::Instant;

use super::*;

struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap()
    }
}

type Reply = Result<Response<Bytes>, TransportError>;

/// Answers from a list, keeps what was asked; the last answer repeats.
struct Script {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<(String, HeaderMap)>>,
}

impl Script {
    fn seen(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Reply {
        let line = format!("{} {}", request.method(), request.uri());
        self.seen
            .lock()
            .unwrap()
            .push((line, request.headers().clone()));
        let mut replies = self.replies.lock().unwrap();
        let next = replies.pop_front().unwrap();
        if replies.is_empty() {
            replies.push_back(next.clone());
        }
        next
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a list of replies holds failures too"
)]
fn reply(status: u16, body: &str) -> Reply {
    Ok(Response::builder()
        .status(status)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap())
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a list of replies holds failures too"
)]
fn later(status: u16, wait: &str) -> Reply {
    let response = Response::builder()
        .status(status)
        .header(header::RETRY_AFTER, wait);
    Ok(response.body(Bytes::new()).unwrap())
}

fn client(replies: impl IntoIterator<Item = Reply>) -> (Client, Arc<Script>) {
    let script = Arc::new(Script {
        replies: Mutex::new(replies.into_iter().collect()),
        seen: Mutex::default(),
    });
    let credentials: Credentials = Box::new(|now| {
        let value = HeaderValue::from_str(&format!("Key {}", now.timestamp())).unwrap();
        Ok(HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
    });
    let client = Client::new(
        "https://api.example/v3",
        credentials,
        script.clone(),
        Arc::new(Still),
    );
    (client.unwrap(), script)
}

#[tokio::test(start_paused = true)]
async fn a_read_carries_fresh_credentials_and_its_query() {
    let (client, script) = client([reply(200, "[1,2]")]);
    let answer = client
        .get("members/")
        .query("filter", "id:>'a'+b")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Vec<u8>>().unwrap(), [1, 2]);
    let (line, headers) = script.seen.lock().unwrap()[0].clone();
    assert_eq!(
        line,
        "GET https://api.example/v3/members/?filter=id%3A%3E%27a%27%2Bb"
    );
    assert_eq!(headers[header::AUTHORIZATION], "Key 1795348800");
    assert!(headers[header::AUTHORIZATION].is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn links_off_the_origin_are_refused_before_anything_is_sent() {
    let (client, script) = client([reply(200, "{}")]);
    for target in [
        "https://evil.example/v3/members",
        "http://api.example/v3/members",
        "https://api.example:8443/v3/members",
        "https://user@api.example/v3/members",
        "//evil.example/v3",
        "https:\\\\evil.example/",
    ] {
        let error = ConnectorError::from(client.get(target).send().await.unwrap_err());
        assert!(
            matches!(error, ConnectorError::Contract { .. }),
            "{target}: {error}"
        );
    }
    assert_eq!(script.seen(), 0);
    client
        .get("https://api.example/v3/next?page=2")
        .send()
        .await
        .unwrap();
    client.get("/other").send().await.unwrap();
    assert_eq!(script.seen(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_read_carries_no_credentials() {
    let (client, script) = client([reply(200, "{}")]);
    let client = client.with_header(header::ACCEPT_LANGUAGE, HeaderValue::from_static("nl"));
    client.get("x").send().await.unwrap();
    assert_eq!(
        script.seen.lock().unwrap().remove(0).1[header::ACCEPT_LANGUAGE],
        "nl"
    );
    client
        .get_foreign("https://archive.example/x?sig=1")
        .send()
        .await
        .unwrap();
    assert!(script.seen.lock().unwrap()[0].1.is_empty());
    assert!(
        client
            .get_foreign("http://archive.example/x")
            .send()
            .await
            .is_err()
    );
    assert!(
        client
            .get_foreign("http://127.0.0.1/x")
            .send()
            .await
            .is_err()
    );
    assert_eq!(script.seen(), 1);
}

#[test]
fn a_base_url_that_could_leak_the_key_is_refused() {
    let new = |url: &str| {
        let (transport, clock) = (client([reply(200, "")]).1, Arc::new(Still));
        Client::new(url, Box::new(|_| Ok(HeaderMap::new())), transport, clock)
    };
    for url in [
        "http://api.example",
        "ftp://x",
        "api.example",
        "https://a:b@x",
        "https://x/?k=1",
        "",
    ] {
        assert!(
            matches!(new(url), Err(ConnectorError::Config { .. })),
            "{url}"
        );
    }
    for url in [
        "https://api.example/x",
        "http://127.0.0.1:2368",
        "http://[::1]/",
        "http://localhost",
    ] {
        assert!(new(url).unwrap().base().path().ends_with('/'), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn passing_failures_of_a_read_are_tried_again() {
    let lost = || Err(TransportError::Lost("reset".into()));
    let (client, script) = client([lost(), reply(503, ""), later(429, "7"), reply(200, "1")]);
    let start = Instant::now();
    let answer = client.get("x").send().await.unwrap();
    assert_eq!((answer.json::<u8>().unwrap(), script.seen()), (1, 4));
    assert!(start.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_stays_down_is_given_up_within_the_budget() {
    let (client, script) = client([reply(500, r#"{"errors":[{"message":"out of a@b.nl"}]}"#)]);
    let start = Instant::now();
    let error = ConnectorError::from(client.get("x").send().await.unwrap_err());
    assert_eq!(
        error.to_string(),
        "GET x: HTTP 500 Internal Server Error: out of …"
    );
    assert!(matches!(error, ConnectorError::Transient { .. }));
    assert_eq!(script.seen(), 6);
    assert!(start.elapsed() < Duration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn a_wish_beyond_the_budget_comes_back_to_the_caller_capped() {
    for (wish, seconds) in [("600", 600), ("100000", 900)] {
        let (client, script) = client([later(429, wish)]);
        let error = ConnectorError::from(client.get("x").send().await.unwrap_err());
        let expected = Some(Duration::from_secs(seconds));
        assert!(
            matches!(error, ConnectorError::RateLimited { retry_after, .. } if retry_after == expected)
        );
        assert_eq!(script.seen(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_not_repeated() {
    for lost in [
        Err(TransportError::Lost("reset".into())),
        reply(502, "<html>"),
        reply(500, ""),
    ] {
        let (client, script) = client([lost]);
        let failure = client
            .call(Method::POST, "x")
            .json(&1)
            .send()
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Unknown(_)), "{failure}");
        assert_eq!(script.seen(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_when_to_come_back_is_believed_and_a_write_stays_in_doubt() {
    let (client, _) = client([later(503, "600")]);
    let failure = client.call(Method::POST, "x").json(&1).send().await;
    let Err(Failure::Unknown(ConnectorError::RateLimited { retry_after, .. })) = failure else {
        panic!("{failure:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_mins(10)));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_refused_or_not_sent_is_repeated_without_doubt() {
    let not_sent = Err(TransportError::NotSent("refused".into()));
    let (client, script) = client([not_sent.clone(), later(429, "1"), not_sent]);
    let failure = client
        .call(Method::POST, "x")
        .json(&1)
        .send()
        .await
        .unwrap_err();
    assert!(matches!(failure, Failure::NotDone(_)), "{failure}");
    assert_eq!(script.seen(), 6);
}

#[tokio::test(start_paused = true)]
async fn one_lost_answer_leaves_a_doubt_that_later_refusals_do_not_remove() {
    let lost = Err(TransportError::Lost("reset".into()));
    let (client, script) = client([lost, later(429, "1")]);
    let call = client.call(Method::PUT, "x").json(&1).idempotent();
    let failure = call.send().await.unwrap_err();
    assert!(
        matches!(
            failure,
            Failure::Unknown(ConnectorError::RateLimited { .. })
        ),
        "{failure}"
    );
    assert_eq!(script.seen(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_stops_at_once_with_the_platforms_words() {
    for status in [401, 403] {
        let (client, script) = client([reply(status, r#"{"message":"Unknown key","code":"K"}"#)]);
        let error = ConnectorError::from(client.get("x").send().await.unwrap_err());
        assert!(
            matches!(&error, ConnectorError::Auth { detail, .. } if detail.ends_with(": Unknown key"))
        );
        assert_eq!(script.seen(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn other_refusals_are_for_the_connector_to_judge() {
    let (client, _) = client([reply(
        422,
        r#"{"errors":[{"message":"No.","context":"Exists"}]}"#,
    )]);
    let answer = client
        .call(Method::POST, "x")
        .json(&1)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.words(), "HTTP 422 Unprocessable Entity: No.; Exists");
    assert!(matches!(
        answer.json::<u8>(),
        Err(ConnectorError::Contract { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed() {
    let moved = Response::builder()
        .status(301)
        .header(header::LOCATION, "https://evil.example/?k=1");
    let (client, script) = client([Ok(moved.body(Bytes::new()).unwrap())]);
    let error = ConnectorError::from(client.get("x").send().await.unwrap_err());
    assert!(
        error.to_string().contains("https://evil.example/:"),
        "{error}"
    );
    assert_eq!(script.seen(), 1);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_no_json_are_refused_with_a_redacted_sample() {
    let deep = "[".repeat(10_000);
    let bodies = [
        "",
        "<html>log in as jan@x.nl",
        "{\"a\":[1,",
        "\u{feff}[1]",
        &deep,
        "\0",
    ];
    for body in bodies {
        let (client, _) = client([reply(200, body)]);
        let answer = client.get("x").send().await;
        let read = answer.map_err(ConnectorError::from);
        let error = read
            .and_then(|answer| answer.json::<Vec<u8>>())
            .unwrap_err();
        assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
        assert!(!error.to_string().contains("jan@"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_the_limit_is_refused_without_another_try() {
    let (client, script) = client([Err(TransportError::TooLarge)]);
    let error = ConnectorError::from(client.get("x").send().await.unwrap_err());
    assert_eq!(error.to_string(), "GET x: the answer is larger than 32 MB");
    assert_eq!(script.seen(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wish_of_the_platform_holds_for_every_call_of_the_connection() {
    let (client, _) = client([later(429, "60"), reply(200, "1")]);
    let start = Instant::now();
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.get("other").send().await.unwrap();
        start.elapsed()
    };
    let (first, second) = tokio::join!(client.get("x").send(), other);
    assert!(
        first.is_ok() && second >= Duration::from_mins(1),
        "{second:?}"
    );
}

/// Everything that was logged while a client talked.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_key_query_or_address_is_logged_at_any_level() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let lost = Err(TransportError::Lost("jan@canary.example hung up".into()));
    let (client, _) = client([lost, reply(500, "no jan@canary.example"), reply(200, "{}")]);
    let call = client
        .get("contacts/jan@canary.example/tags")
        .query("token", "canary");
    call.send().await.unwrap();
    drop(guard);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("GET contacts/…/tags"), "{text}");
    assert!(
        !text.contains("canary") && !text.contains("1795348800"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_web_page_is_no_word_of_the_platform_that_a_write_was_done() {
    let page = "\n<!doctype html><title>Wi-Fi</title>";
    for method in [Method::POST, Method::GET] {
        let (client, script) = client([reply(200, page)]);
        let failure = client.call(method, "journeys/1/trigger").send().await;
        let failure = failure.unwrap_err();
        assert!(matches!(failure, Failure::Unknown(_)));
        let error = ConnectorError::from(failure);
        assert!(error.to_string().contains("web page"), "{error}");
        assert_eq!(script.seen(), 1);
    }
    // Who is called at an address of the user's own may answer as it likes.
    let (client, _) = client([reply(200, page)]);
    let call = client.call(Method::POST, "hook").any_answer();
    assert!(call.send().await.is_ok());
}

// F25.
#[tokio::test]
async fn an_answer_that_comes_a_byte_a_second_is_given_up_within_the_limit_of_a_whole_request() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    let network = network::Network::new().unwrap();
    let dripped = async {
        let (mut line, _) = port.accept().await.unwrap();
        let mut asked = [0; 1_000];
        assert!(line.read(&mut asked).await.unwrap() > 0);
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n";
        line.write_all(head.as_bytes()).await.unwrap();
        // The line is never silent for long.
        tokio::time::pause();
        let (began, mut bytes) = (tokio::time::Instant::now(), 0);
        while line.write_all(b" ").await.is_ok() && bytes < 600 {
            bytes += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        (bytes, began.elapsed())
    };
    let request = Request::builder()
        .uri(format!("http://{address}/members"))
        .body(Bytes::new())
        .unwrap();
    let (answer, (bytes, took)) = tokio::join!(network.send(request), dripped);
    // What a request that changes something did is in doubt then.
    assert!(matches!(answer, Err(TransportError::Lost(_))), "{answer:?}");
    assert!(
        bytes > 30 && took < Duration::from_secs(90),
        "{bytes} in {took:?}"
    );
}

// F26.
#[tokio::test(start_paused = true)]
async fn a_body_in_another_charset_or_with_a_key_twice_is_refused_with_its_name_and_not_guessed_at()
{
    #[derive(Debug, serde::Deserialize)]
    struct Member {
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        email: String,
    }
    let twice = r#"{"email":"a@x.example","email":"b@x.example"}"#.as_bytes();
    // `Zoë` as ISO 8859-1 has it, and a document in UTF-16.
    let latin = b"{\"email\":\"Zo\xeb@x.example\"}";
    let wide: Vec<u8> =
        r#"{"email":"a@x.example"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [twice, latin, &wide] {
        let reply = Response::new(Bytes::copy_from_slice(body));
        let (client, _) = client([Ok(reply)]);
        let answer = client.get("members/1").send().await.unwrap();
        let error = answer.json::<Member>().unwrap_err();
        assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
        assert!(!error.to_string().contains("@x.example"), "{error}");
    }
}
