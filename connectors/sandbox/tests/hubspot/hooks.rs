//! Webhooks: what is told, in which shape, and by whom it is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engaged_sandbox::hubspot::{Delivery, HubSpot, Options};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::client::Bench;

const URL: &str = "https://hooks.example.nl/hubspot?connection=1";

async fn bench() -> Bench {
    Bench::new(Options {
        webhook_url: Some(URL.to_owned()),
        ..Options::default()
    })
    .await
}

fn rows(delivery: &Delivery) -> Vec<Value> {
    serde_json::from_str(&delivery.body).unwrap()
}

fn header<'d>(delivery: &'d Delivery, name: &str) -> &'d str {
    &delivery
        .headers
        .iter()
        .find(|(each, _)| each == name)
        .unwrap()
        .1
}

fn signed(delivery: &Delivery, hubspot: &HubSpot) -> bool {
    signed_for(URL, delivery, hubspot)
}

fn signed_for(url: &str, delivery: &Delivery, hubspot: &HubSpot) -> bool {
    let at = header(delivery, "X-HubSpot-Request-Timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(hubspot.client_secret().as_bytes()).unwrap();
    mac.update(format!("POST{url}{}{at}", delivery.body).as_bytes());
    STANDARD.encode(mac.finalize().into_bytes()) == header(delivery, "X-HubSpot-Signature-v3")
}

#[tokio::test]
async fn what_was_before_the_app_is_not_told_and_a_day_of_news_is() {
    let bench = bench().await;
    assert!(bench.hubspot.deliveries().is_empty());
    bench.world.write().unwrap().day_of_news();
    let deliveries = bench.hubspot.deliveries();
    assert!(
        deliveries
            .iter()
            .all(|delivery| rows(delivery).len() <= 100 && signed(delivery, &bench.hubspot))
    );
    let all: Vec<Value> = deliveries.iter().flat_map(rows).collect();
    let has = |name: &str| {
        all.iter()
            .any(|row| row["propertyName"] == name || row["subscriptionType"] == name)
    };
    assert!(
        has("hs_email_last_open_date")
            && has("hs_email_last_click_date")
            && has("contact.creation")
    );
    let named: Vec<String> = deliveries
        .into_iter()
        .flat_map(|delivery| delivery.happenings)
        .collect();
    assert_eq!(named, bench.hubspot.happenings());
    assert!(bench.hubspot.deliveries().is_empty());
}

#[tokio::test]
async fn the_id_of_a_happening_is_not_its_own() {
    let bench = bench().await;
    bench.world.write().unwrap().day_of_news();
    let all: Vec<Value> = bench.hubspot.deliveries().iter().flat_map(rows).collect();
    let mut ids: Vec<i64> = all
        .iter()
        .map(|row| row["eventId"].as_i64().unwrap())
        .collect();
    ids.dedup();
    assert!(ids.len() < all.len());
}

#[tokio::test]
async fn opting_out_leaving_and_being_deleted_are_told_with_their_values() {
    let bench = bench().await;
    let contact = bench.mailed();
    bench.hubspot.leaves(&contact.address);
    bench.hubspot.delete_by_hand(&contact.address, true);
    let delivery = bench.hubspot.deliveries().remove(0);
    let rows = rows(&delivery);
    assert_eq!(
        (&rows[0]["propertyName"], &rows[0]["propertyValue"]),
        (&"hs_email_optout".into(), &"true".into())
    );
    assert_eq!(rows[1]["subscriptionType"], "contact.privacyDeletion");
    assert_eq!(rows[0]["objectId"].to_string(), contact.id);
}

#[tokio::test]
async fn a_delivery_that_is_repeated_is_signed_anew_and_says_so() {
    let bench = bench().await;
    bench.hubspot.leaves(&bench.mailed().address);
    let first = bench.hubspot.deliveries().remove(0);
    let second = bench.hubspot.redelivery(&first, 1);
    assert_eq!(
        (
            &second.happenings,
            rows(&second)[0]["attemptNumber"].as_u64()
        ),
        (&first.happenings, Some(1))
    );
    assert_ne!(
        header(&first, "X-HubSpot-Signature-v3"),
        header(&second, "X-HubSpot-Signature-v3")
    );
    assert!(signed(&second, &bench.hubspot));
}

#[tokio::test]
async fn an_address_is_signed_with_some_characters_decoded_and_all_others_as_they_are() {
    let bench = Bench::new(Options {
        webhook_url: Some("https://hooks.example.nl/a%2Fb?of=app%3A1&x=%20%253A%c3%a9".to_owned()),
        ..Options::default()
    })
    .await;
    bench.hubspot.leaves(&bench.mailed().address);
    let delivery = bench.hubspot.deliveries().remove(0);
    let decoded = "https://hooks.example.nl/a/b?of=app:1&x=%20%253A%c3%a9";
    assert!(signed_for(decoded, &delivery, &bench.hubspot));
}
