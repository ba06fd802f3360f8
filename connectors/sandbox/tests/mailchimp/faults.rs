//! Faults and limits in Mailchimp's words.

use engaged_sandbox::fault::{Fault, FaultPlan, Rule, When};
use engaged_sandbox::mailchimp::{Options, Status};

use crate::client::Bench;

#[tokio::test]
async fn the_eleventh_request_at_the_same_time_is_refused() {
    let bench = std::sync::Arc::new(Bench::plain().await);
    bench.mailchimp.hold();
    let mut refused = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let bench = std::sync::Arc::clone(&bench);
        refused.spawn(async move { bench.ask("GET", "/ping", "").await.status });
    }
    // Ten are kept back; only the others are answered.
    for _ in 0..2 {
        assert_eq!(refused.join_next().await.unwrap().unwrap(), 429);
    }
    bench.mailchimp.release();
    let mut good = 0;
    while let Some(status) = refused.join_next().await {
        good += usize::from(status.unwrap() == 200);
    }
    assert_eq!(good, 10);
    assert_eq!(bench.ask("GET", "/ping", "").await.status, 200);
}

fn once(path: &str, fault: Fault) -> FaultPlan {
    FaultPlan {
        seed: 1,
        rules: vec![Rule::new(path, When::Nth(1), fault)],
    }
}

#[tokio::test]
async fn a_429_is_a_problem_or_a_page_of_the_edge_as_set() {
    for edge in [false, true] {
        let options = Options {
            edge_refuses: edge,
            ..Options::default()
        };
        let plan = once("/3.0/ping", Fault::TooMany { retry_after: None });
        let bench = Bench::with_faults(options, plan).await;
        let answer = bench.ask("GET", "/ping", "").await;
        assert_eq!(answer.status, 429);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&answer.body).is_err(),
            edge
        );
        assert!(!answer.head.contains("retry-after"));
        assert_eq!(bench.ask("GET", "/ping", "").await.status, 200);
    }
}

#[tokio::test]
async fn the_edge_answers_403_without_json() {
    let bench = Bench::with_faults(Options::default(), once("", Fault::ServerError(403))).await;
    let answer = bench.ask("GET", "/lists", "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.head.contains("text/html"));
}

#[tokio::test]
async fn a_revoked_key_is_an_invalid_one() {
    let bench = Bench::with_faults(Options::default(), once("", Fault::RevokedKey)).await;
    let answer = bench.ask("GET", "/ping", "").await;
    assert_eq!(
        (answer.status, answer.title()),
        (401, "API Key Invalid".into())
    );
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_has_taken_effect() {
    let bench = Bench::with_faults(Options::default(), FaultPlan::none()).await;
    let contact = bench.somebody(Status::Subscribed);
    let path = bench.member(&contact);
    bench
        .mailchimp
        .faults()
        .add(Rule::new("/3.0/lists", When::Nth(1), Fault::AnswerLost));
    let answer = bench
        .try_ask("PATCH", &path, r#"{"merge_fields":{"CITY":"Ede"}}"#)
        .await;
    assert!(answer.is_none());
    assert_eq!(bench.again(&contact).fields["CITY"], "Ede");
    let applied = bench.mailchimp.ledger().applied();
    assert_eq!((applied.len(), applied[0].delivered), (1, false));
}

#[tokio::test]
async fn the_archive_meets_the_same_plan() {
    let bench = Bench::with_faults(Options::default(), once("/aws", Fault::ServerError(503))).await;
    let url = bench.mailchimp.base_url();
    assert_eq!(bench.ask("GET", "/ping", "").await.status, 200, "{url}");
    let rule = &bench.mailchimp.archive_faults().report()[0];
    assert_eq!((rule.0.path.as_str(), rule.1), ("/aws", 0));
}

#[tokio::test]
async fn two_worlds_of_one_seed_answer_alike() {
    let (one, two) = (Bench::plain().await, Bench::plain().await);
    let path = format!("{}/members?count=1000", one.list());
    assert_eq!(one.get(&path).await, two.get(&path).await);
    assert_eq!(one.mailchimp.key(), two.mailchimp.key());
    assert_eq!(one.mailchimp.key().len(), 36);
}
