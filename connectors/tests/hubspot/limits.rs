use std::time::Duration;

use engaged_connectors::{
    Connector as _, ConnectorError,
    hubspot::{CONTACTS, EMAIL, PURCHASES, SUBSCRIPTIONS},
};
use http::HeaderValue;
use serde_json::json;
use tokio::time::Instant;

use super::fake::{Fake, last, pull_all, refusal};

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_wish_is_understood_by_its_policy() {
    let fake = Fake::new();
    let mut left = 1;
    fake.hook(move |_, _| {
        left -= 1;
        (left >= 0).then(|| {
            Ok((
                429,
                json!({"errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}),
            ))
        })
    });
    let start = Instant::now();
    fake.connector().pull(CONTACTS, None).await.unwrap();
    assert!(
        start.elapsed() >= Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    fake.hook(|_, _| {
        Some(Ok((
            429,
            json!({"errorType": "RATE_LIMIT", "policyName": "DAILY"}),
        )))
    });
    let start = Instant::now();
    let error = fake.connector().pull(CONTACTS, None).await.unwrap_err();
    assert!(
        matches!(
            error,
            ConnectorError::RateLimited {
                retry_after: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_spent_is_not_asked_for() {
    let fake = Fake::new();
    (1..=150).for_each(|id| fake.person(id, 86_400));
    fake.change(|account| {
        let zero = HeaderValue::from_static("0");
        account
            .headers
            .insert("x-hubspot-ratelimit-remaining", zero);
        let interval = HeaderValue::from_static("10000");
        account
            .headers
            .insert("x-hubspot-ratelimit-interval-milliseconds", interval);
    });
    let start = Instant::now();
    pull_all(&fake.connector(), CONTACTS, None).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(10));
    fake.change(|account| {
        account.headers.clear();
        let zero = HeaderValue::from_static("0");
        account
            .headers
            .insert("x-hubspot-ratelimit-daily-remaining", zero);
    });
    let connector = fake.connector();
    let first = connector.pull(CONTACTS, None).await.unwrap();
    fake.take();
    let error = connector
        .pull(CONTACTS, Some(&first.next))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectorError::RateLimited { .. }),
        "{error:?}"
    );
    assert!(fake.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn searches_go_out_four_a_second_and_all_calls_a_hundred_in_ten() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(chrono::TimeDelta::hours(1));
    (1..=2_000).for_each(|id| fake.person(id, 3_000 - i64::try_from(id).unwrap()));
    fake.take();
    let start = Instant::now();
    pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    let searches = u32::try_from(fake.take().len()).unwrap();
    assert!(searches >= 10);
    assert!(start.elapsed() >= Duration::from_millis(250) * (searches - 1));
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_is_named_and_an_unknown_key_is_not_one() {
    let fake = Fake::new();
    fake.person(1, 10);
    fake.hook(|_, _| Some(Ok((403, refusal("MISSING_SCOPES", "not granted")))));
    let cases = [
        (CONTACTS, "crm.objects.contacts.read"),
        (EMAIL, "content"),
        (SUBSCRIPTIONS, "content"),
        (PURCHASES, "crm.objects.deals.read"),
    ];
    for (stream, scope) in cases {
        let error = fake.connector().pull(stream, None).await.unwrap_err();
        assert!(
            matches!(&error, ConnectorError::Auth { missing: Some(named), .. } if named.starts_with(scope)),
            "{error:?}"
        );
    }
    fake.hook(|_, _| Some(Ok((401, refusal("INVALID_AUTHENTICATION", "no")))));
    let error = fake.connector().check().await.unwrap_err();
    assert!(
        matches!(error, ConnectorError::Auth { missing: None, .. }),
        "{error:?}"
    );
    fake.hook(|_, asked| {
        let forms = asked.path.starts_with("marketing/v3/forms");
        forms.then(|| Ok((403, refusal("MISSING_SCOPES", "not granted"))))
    });
    let account = fake.connector().check().await.unwrap();
    assert_eq!(account.missing, ["forms"]);
    fake.unhook();
    let account = fake.connector().check().await.unwrap();
    assert!(account.missing.is_empty() && !account.name.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_page_in_front_of_the_api_is_no_refusal_of_the_key_and_a_move_of_the_account_passes() {
    let fake = Fake::new();
    fake.person(1, 10);
    fake.hook(|_, _| Some(Ok((403, json!(null)))));
    let error = fake.connector().pull(CONTACTS, None).await.unwrap_err();
    assert!(
        matches!(error, ConnectorError::RateLimited { .. }),
        "{error:?}"
    );
    for status in [423, 477] {
        let mut left = 1;
        fake.hook(move |_, _| {
            left -= 1;
            (left >= 0).then(|| Ok((status, refusal("MIGRATION", "moving"))))
        });
        assert!(fake.connector().pull(CONTACTS, None).await.is_ok());
    }
    // An address that leads elsewhere is no good answer either.
    fake.hook(|_, _| Some(Ok((404, refusal("NOT_FOUND", "no such page")))));
    let error = fake.connector().check().await.unwrap_err();
    assert!(
        matches!(error, ConnectorError::Contract { .. }),
        "{error:?}"
    );
}
