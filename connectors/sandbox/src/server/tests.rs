//! Behaviour of the server under faults, seen through a plain socket, since a client library would hide it.

use std::collections::BTreeMap;

use axum::Extension;
use axum::response::IntoResponse as _;
use axum::routing::{get, put};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::fault::{Rule, When};

async fn events() -> (Extension<Note>, &'static str) {
    (
        Extension(Note::served(vec!["a".to_owned(), "b".to_owned()])),
        "two events",
    )
}

fn site() -> Site {
    let router = Router::new()
        .route(
            "/page",
            get(|request: Request| async move {
                format!("page {}", request.uri().query().unwrap_or("-"))
            }),
        )
        .route("/events", get(events))
        .route(
            "/thing",
            put(|| async { (Extension(Note::applied()), "done") }),
        );
    Site {
        router,
        refusal: |status| (status, "refused").into_response(),
    }
}

/// Sends one request on a fresh connection and gives every byte that comes back.
async fn ask(serving: &Serving, method: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A broken connection may end in an error; what came before it is the answer.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn serving(rules: Vec<Rule>) -> Serving {
    serve(site(), FaultPlan { seed: 1, rules }).await.unwrap()
}

#[tokio::test]
async fn a_request_and_its_answer_stand_in_the_ledger() {
    let serving = serving(vec![]).await;
    assert!(
        ask(&serving, "GET", "/page?a=%20b")
            .await
            .ends_with("page a=%20b")
    );
    ask(&serving, "PUT", "/thing").await;
    let entries = serving.ledger().entries();
    assert_eq!(
        (
            entries[0].path.as_str(),
            entries[0].parameter("a").as_deref()
        ),
        ("/page", Some(" b"))
    );
    assert!(!entries[0].write && entries[1].write && entries[1].applied && entries[1].delivered);
    assert_eq!(serving.ledger().writes().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_has_taken_effect_and_sends_no_byte() {
    let serving = serving(vec![Rule::new("/thing", When::Nth(1), Fault::AnswerLost)]).await;
    assert_eq!(ask(&serving, "PUT", "/thing").await, "");
    let entry = serving.ledger().entries().remove(0);
    assert!(entry.applied && !entry.delivered);
    assert!(ask(&serving, "PUT", "/thing").await.ends_with("done"));
}

#[tokio::test]
async fn a_request_without_an_answer_has_taken_effect_and_waits_as_long_as_the_line_is_open() {
    let serving = serving(vec![Rule::new("/thing", When::Nth(1), Fault::NoAnswer)]).await;
    let carried_out = async {
        while serving.ledger().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = ask(&serving, "PUT", "/thing") => panic!("{answer}"),
        () = carried_out => {}
    }
    let entry = serving.ledger().entries().remove(0);
    assert!(entry.applied && !entry.delivered);
    serving.shutdown().await;
}

#[tokio::test]
async fn a_cut_body_stops_in_the_middle_of_what_its_length_promised() {
    let serving = serving(vec![Rule::new("/page", When::Nth(1), Fault::CutBody)]).await;
    let answer = ask(&serving, "GET", "/page?12345").await;
    assert!(answer.contains("content-length: 10\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\npage "), "{answer}");
}

#[tokio::test]
async fn events_count_as_served_for_each_whole_answer_and_for_no_other() {
    let rules = vec![
        Rule::new("/events", When::Nth(1), Fault::CutBody),
        Rule::new("/events", When::Nth(2), Fault::AnswerLost),
        Rule::new("/events", When::Nth(4), Fault::DuplicatePage),
    ];
    let serving = serving(rules).await;
    for _ in 0..3 {
        ask(&serving, "GET", "/events").await;
    }
    let once = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]);
    assert_eq!(serving.ledger().served(), once);
    ask(&serving, "GET", "/events").await;
    assert_eq!(serving.ledger().served().values().sum::<usize>(), 4);
}

#[tokio::test]
async fn a_duplicate_page_is_the_page_before() {
    let serving = serving(vec![Rule::new("/page", When::Nth(2), Fault::DuplicatePage)]).await;
    assert!(ask(&serving, "GET", "/page?1").await.ends_with("page 1"));
    assert!(ask(&serving, "GET", "/page?2").await.ends_with("page 1"));
    assert!(ask(&serving, "GET", "/page?2").await.ends_with("page 2"));
}

#[tokio::test]
async fn a_refusal_keeps_the_request_from_the_platform() {
    let rules = vec![
        Rule::new(
            "/thing",
            When::Nth(1),
            Fault::TooMany {
                retry_after: Some(7),
            },
        ),
        Rule::new("/thing", When::Nth(2), Fault::ServerError(503)),
    ];
    let serving = serving(rules).await;
    let answer = ask(&serving, "PUT", "/thing").await;
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 7\r\n"),
        "{answer}"
    );
    assert!(
        ask(&serving, "PUT", "/thing")
            .await
            .starts_with("HTTP/1.1 503")
    );
    assert!(serving.ledger().applied().is_empty());
    assert_eq!(
        serving
            .faults()
            .report()
            .iter()
            .map(|(_, fired)| *fired)
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[tokio::test]
async fn a_shut_down_server_answers_no_more() {
    let serving = serving(vec![]).await;
    let address = serving.address;
    serving.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn half_a_body_looks_whole_and_a_login_page_and_a_redirect_keep_the_request_from_the_platform()
 {
    let serving = serving(vec![
        Rule::new("/page", When::Nth(1), Fault::HalfBody),
        Rule::new("/thing", When::Nth(1), Fault::LoginPage),
        Rule::new("/thing", When::Nth(2), Fault::Elsewhere(9)),
    ])
    .await;
    let half = ask(&serving, "GET", "/page?abcd").await;
    assert!(half.starts_with("HTTP/1.1 200") && half.contains("content-length: 4"));
    assert!(half.ends_with("page"), "{half}");
    let login = ask(&serving, "PUT", "/thing").await;
    assert!(login.starts_with("HTTP/1.1 200") && login.contains("text/html"));
    let elsewhere = ask(&serving, "PUT", "/thing").await;
    assert!(elsewhere.starts_with("HTTP/1.1 302"), "{elsewhere}");
    assert!(elsewhere.contains("location: http://127.0.0.1:9/"));
    let entries = serving.ledger().entries();
    assert!(!entries[0].delivered && entries[0].status == 200);
    assert!(
        entries[1..]
            .iter()
            .all(|entry| entry.write && !entry.applied)
    );
}
