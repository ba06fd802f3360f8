//! The exchange of tokens, rights, refusals, and what calls cost.

use chrono::TimeDelta;
use engaged_sandbox::copernica::{Options, Rights};
use engaged_sandbox::fault::{Fault, Rule, When};
use http::{Method, StatusCode};

use super::bench::{Bench, end, json};

#[tokio::test]
async fn a_token_is_exchanged_at_a_host_of_its_own_and_is_no_write() {
    let bench = Bench::plain().await;
    assert_ne!(bench.copernica.auth_url(), bench.copernica.base_url());
    assert_eq!(bench.copernica.auth_ledger().len(), 1);
    assert!(bench.copernica.auth_ledger().writes().is_empty());
    let identity = bench.get("/identity").await;
    assert_eq!(identity["name"], "Voorbeeld");
    assert_eq!(bench.copernica.tokens().len(), 1);
}

#[tokio::test]
async fn a_wrong_token_is_a_400_at_both_hosts() {
    let bench = Bench::plain().await;
    let answer = bench.exchange("0000").await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json(&answer)["error"]["message"], "Invalid access token");
    *bench.token.lock().unwrap() = "not.a.token".to_owned();
    let said = bench.refused(Method::GET, "/identity", "").await;
    assert_eq!(said, "Invalid access token");
}

#[tokio::test]
async fn a_web_token_lasts_a_day_by_the_accounts_clock() {
    let bench = Bench::plain().await;
    bench
        .copernica
        .set_now(end() + TimeDelta::hours(24) - TimeDelta::seconds(1));
    bench.get("/identity").await;
    bench.copernica.set_now(end() + TimeDelta::hours(24));
    bench.refused(Method::GET, "/identity", "").await;
    bench.renew().await;
    bench.get("/identity").await;
    bench.copernica.expire_tokens();
    bench.refused(Method::GET, "/identity", "").await;
}

#[tokio::test]
async fn a_refused_key_is_a_400_and_an_overload_a_page_for_people() {
    let bench = Bench::plain().await;
    let refused = bench.copernica.refusal(StatusCode::UNAUTHORIZED).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let rule = Rule::new("/v4/identity", When::Nth(1), Fault::ServerError(503));
    bench.copernica.faults().add(rule);
    let busy = bench.ask(Method::GET, "/identity", "").await;
    assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(busy.headers()["content-type"], "text/html");
    assert!(String::from_utf8_lossy(busy.body()).contains("<title>Loadbalancer Error</title>"));
}

#[tokio::test]
async fn what_a_token_may_not_do_is_a_400_and_changes_nothing() {
    let with = |rights| Options {
        rights,
        ..Options::default()
    };
    let bench = Bench::new(with(Rights::ReadOnly)).await;
    let path = format!("/profile/{}/fields", bench.somebody(true).id);
    bench
        .refused(Method::PUT, &path, r#"{"Woonplaats":"Delft"}"#)
        .await;
    assert!(bench.copernica.written().is_empty());
    bench.get("/databases").await;
    let bench = Bench::new(with(Rights::NoStatistics)).await;
    bench.refused(Method::GET, "/ms/clicks", "").await;
    bench.refused(Method::GET, "/logfiles", "").await;
    bench.get("/databases").await;
    let bench = Bench::new(with(Rights::OtherAddress)).await;
    bench.refused(Method::GET, "/identity", "").await;
}

#[tokio::test]
async fn every_call_is_counted_in_the_consumption() {
    let bench = Bench::plain().await;
    bench.get("/identity").await;
    bench.refused(Method::GET, "/nothing", "").await;
    let today = "begin=2026-06-10&end=2026-06-10";
    let used = bench.get(&format!("/consumption?{today}")).await;
    assert_eq!(
        (&used["apicalls"], bench.copernica.api_calls()),
        (&3.into(), 3)
    );
    let before = bench
        .get("/consumption?begin=2026-06-09&end=2026-06-09")
        .await;
    assert_eq!(before["apicalls"], 0);
    assert!(before["emails"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn unknown_paths_and_ids_are_a_400_in_the_words_of_the_field() {
    let bench = Bench::plain().await;
    let said = bench.refused(Method::GET, "/PROFILE/18381", "").await;
    assert_eq!(said, "Invalid method");
    let said = bench.refused(Method::GET, "/profile/1", "").await;
    assert_eq!(said, "No entity with supplied ID");
    let said = bench.refused(Method::GET, "/database/1/profiles", "").await;
    assert_eq!(said, "No database with supplied ID");
}
