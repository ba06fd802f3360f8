//! Refusals in the platform's words: tokens, scopes, limits.

use axum::http::StatusCode;
use engaged_sandbox::fault::{Fault, Rule, When};
use engaged_sandbox::hubspot::{Options, Policy};
use serde_json::{Value, json};

use crate::client::Bench;

#[tokio::test]
async fn a_missing_scope_is_a_403_that_names_it() {
    let cases = [
        (
            "crm.objects.contacts.read",
            "GET",
            "/crm/v3/objects/contacts",
        ),
        (
            "crm.objects.contacts.write",
            "POST",
            "/crm/v3/objects/contacts/batch/update",
        ),
        (
            "crm.schemas.contacts.write",
            "POST",
            "/crm/v3/properties/contacts",
        ),
        ("content", "GET", "/email/public/v1/events"),
        ("automation", "GET", "/automation/v4/flows"),
        ("crm.lists.write", "POST", "/crm/v3/lists"),
        (
            "communication_preferences.statuses.batch.write",
            "POST",
            "/communication-preferences/v4/statuses/batch/unsubscribe-all?channel=EMAIL",
        ),
        (
            "communication_preferences.read",
            "GET",
            "/communication-preferences/v4/definitions",
        ),
        ("forms", "GET", "/marketing/v3/forms"),
        (
            "crm.objects.deals.read",
            "POST",
            "/crm/v3/objects/deals/search",
        ),
    ];
    for (scope, method, path) in cases {
        let bench = Bench::new(Options::default().without(&[scope])).await;
        let answer = bench.ask(method, path, &json!({})).await;
        assert_eq!(
            (answer.status, answer.category()),
            (403, "MISSING_SCOPES".into()),
            "{path}"
        );
        assert_eq!(
            answer.json()["errors"][0]["context"]["requiredGranularScopes"],
            json!([scope])
        );
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_is_refused_and_works_when_it_is_back() {
    let bench = Bench::plain().await;
    let rule = bench
        .hubspot
        .faults()
        .add(Rule::new("", When::From(1), Fault::RevokedKey));
    let answer = bench
        .ask("GET", "/crm/v3/objects/contacts", &Value::Null)
        .await;
    assert_eq!(
        (answer.status, answer.category()),
        (401, "INVALID_AUTHENTICATION".into())
    );
    bench.hubspot.faults().end(rule);
    bench.get("/crm/v3/objects/contacts").await;
}

#[tokio::test]
async fn a_429_names_its_policy_and_says_nothing_of_when() {
    for (policy, name) in [
        (Policy::TenSecondly, "TEN_SECONDLY_ROLLING"),
        (Policy::Secondly, "SECONDLY"),
        (Policy::Daily, "DAILY"),
    ] {
        let bench = Bench::new(Options {
            policy,
            ..Options::default()
        })
        .await;
        let fault = Fault::TooMany { retry_after: None };
        bench
            .hubspot
            .faults()
            .add(Rule::new("", When::Nth(1), fault));
        let answer = bench
            .ask("GET", "/crm/v3/objects/contacts", &Value::Null)
            .await;
        let json = answer.json();
        assert_eq!(
            (answer.status, &json["policyName"], &json["errorType"]),
            (429, &json!(name), &json!("RATE_LIMIT"))
        );
        assert!(
            json["message"]
                .as_str()
                .unwrap()
                .contains(&name.to_lowercase())
        );
        assert!(!answer.headers.contains_key("retry-after"));
    }
}

#[tokio::test]
async fn limits_are_kept_when_asked_for_and_told_except_by_searches() {
    let bench = Bench::new(Options {
        enforce_limits: true,
        ..Options::default()
    })
    .await;
    let search = "/crm/v3/objects/contacts/search";
    for _ in 0..5 {
        let answer = bench.ask("POST", search, &json!({})).await;
        assert!(answer.status == 200 && !answer.headers.contains_key("x-hubspot-ratelimit-max"));
    }
    let sixth = bench.ask("POST", search, &json!({})).await;
    assert_eq!(
        (sixth.status, &sixth.json()["policyName"]),
        (429, &json!("SECONDLY"))
    );
    let mut served = 0;
    while bench
        .ask("GET", "/account-info/v3/details", &Value::Null)
        .await
        .status
        == 200
    {
        served += 1;
    }
    assert_eq!(served, 190 - 6);
    bench
        .hubspot
        .set_now(crate::client::end() + chrono::TimeDelta::seconds(11));
    let answer = bench
        .ask("GET", "/account-info/v3/details", &Value::Null)
        .await;
    assert_eq!(
        (
            answer.status,
            answer.headers["x-hubspot-ratelimit-remaining"]
                .to_str()
                .unwrap()
        ),
        (200, "189")
    );
}

#[tokio::test]
async fn a_gateway_answers_in_html_and_a_lost_answer_has_taken_effect() {
    let bench = Bench::plain().await;
    let answer = bench.hubspot.refusal(StatusCode::BAD_GATEWAY).await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let contact = bench.mailed();
    let path = format!(
        "/automation/v2/workflows/9401/enrollments/contacts/{}",
        contact.address
    );
    bench
        .hubspot
        .faults()
        .add(Rule::new("/automation", When::Nth(1), Fault::AnswerLost));
    assert!(bench.try_ask("POST", &path, &Value::Null).await.is_none());
    assert_eq!(bench.hubspot.starts().len(), 1);
}
