//! Webhooks: what is made, how it is signed, and what the ledger knows of it.

use std::collections::BTreeMap;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use engaged_sandbox::copernica::{Copernica, Delivery, Options, Product};
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::bench::{Bench, end};

fn header<'d>(delivery: &'d Delivery, name: &str) -> &'d str {
    let mut all = delivery.headers.iter();
    let found = all.find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value.as_str())
}

fn form(delivery: &Delivery) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&delivery.body)
        .into_owned()
        .collect()
}

/// Verifies as a receiver would who knows the page on security and DNS only.
fn verify(delivery: &Delivery) -> bool {
    let part = |name: &str| {
        let text = header(delivery, "signature");
        let from = text.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        text[from..].split('"').next().unwrap().to_owned()
    };
    let lines = part("headers");
    let lines = lines.split(' ').map(|name| {
        let value = if name == "(request-target)" {
            "post /hooks/copernica"
        } else {
            header(delivery, name)
        };
        format!("{}: {value}", name.to_lowercase())
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let record = Copernica::txt_record(&part("keyId")).unwrap();
    let key = STANDARD.decode(record.split("p=").nth(1).unwrap()).unwrap();
    let signature = STANDARD.decode(part("signature")).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
        .verify(text.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn the_history_is_not_told_and_each_thing_is_told_once() {
    let bench = Bench::plain().await;
    assert!(bench.copernica.deliveries().is_empty());
    let names = bench.copernica.click_at(Product::MarketingSuite, end(), 2);
    let told: Vec<String> = bench
        .copernica
        .deliveries()
        .into_iter()
        .map(|one| one.tells)
        .collect();
    assert_eq!(told, names);
    assert!(bench.copernica.deliveries().is_empty());
    assert_eq!(bench.copernica.hook_ledger().served().len(), 2);
}

#[tokio::test]
async fn a_form_names_message_recipient_and_time() {
    let bench = Bench::plain().await;
    bench.copernica.click_at(Product::MarketingSuite, end(), 1);
    let delivery = bench.copernica.deliveries().remove(0);
    let body = form(&delivery);
    assert_eq!((delivery.method, delivery.trigger), ("POST", "click"));
    assert_eq!(
        header(&delivery, "content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        (body["type"].as_str(), body["timestamp"].as_str()),
        ("click", "2026-06-10 14:00:00")
    );
    assert_eq!(body["time"], end().timestamp().to_string());
    let event = bench
        .copernica
        .events()
        .into_iter()
        .find(|event| event.key() == delivery.tells)
        .unwrap();
    assert_eq!(
        (body["id"].as_str(), body["profile"].as_str()),
        (event.message.as_str(), event.profile.to_string().as_str())
    );
    assert_eq!(body["original"], event.link);
}

#[tokio::test]
async fn profile_and_mailing_may_be_missing_and_the_body_may_be_json() {
    let bench = Bench::new(Options {
        hooks_as_json: true,
        hooks_name_profile: false,
        ..Options::default()
    })
    .await;
    bench.copernica.click_at(Product::Publisher, end(), 1);
    let delivery = bench.copernica.deliveries().remove(0);
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!((body.get("profile"), body.get("mailing")), (None, None));
    assert!(body["recipient"].as_str().unwrap().contains('@'));
}

#[tokio::test]
async fn a_bounce_sets_off_two_webhooks_and_only_failure_has_a_code() {
    let bench = Bench::plain().await;
    bench.copernica.bounce(Product::MarketingSuite, 1);
    let made = bench.copernica.deliveries();
    let triggers: Vec<&str> = made.iter().map(|one| one.trigger).collect();
    assert_eq!(triggers, ["failure", "bounce"]);
    assert_eq!(form(&made[0])["code"], "5.1.1");
    assert!(!form(&made[1]).contains_key("code"));
}

#[tokio::test]
async fn our_own_writes_come_back_as_webhooks() {
    let bench = Bench::plain().await;
    let id = bench.somebody(true).id;
    bench
        .put(
            &format!("/profile/{id}/fields"),
            r#"{"Woonplaats":"Delft"}"#,
        )
        .await;
    bench
        .ask(Method::DELETE, &format!("/profile/{id}"), "")
        .await;
    let made = bench.copernica.deliveries();
    let told: Vec<&str> = made.iter().map(|one| one.tells.as_str()).collect();
    assert_eq!(told.len(), 2);
    let update = made.iter().find(|one| one.trigger == "update").unwrap();
    assert_eq!(form(update)["fields[Woonplaats]"], "Delft");
    assert_eq!(form(update)["parameters[]"], "Woonplaats");
    let delete = made.iter().find(|one| one.trigger == "delete").unwrap();
    assert_eq!(form(delete)["profile"], id.to_string());
}

#[tokio::test]
async fn leaving_tells_of_the_unsubscribe_and_of_the_change() {
    let bench = Bench::plain().await;
    let id = bench.somebody(true).id;
    bench.copernica.leaves(id);
    let made = bench.copernica.deliveries();
    let one = made
        .iter()
        .find(|one| one.trigger == "unsubscribe")
        .unwrap();
    assert_eq!(form(one)["profile"], id.to_string());
    assert!(made.iter().any(|one| one.trigger == "update"));
}

#[tokio::test]
async fn a_signature_covers_the_documented_headers_and_holds_against_the_txt_record() {
    let bench = Bench::plain().await;
    bench.copernica.click_at(Product::MarketingSuite, end(), 1);
    let good = bench.copernica.deliveries().remove(0);
    assert!(verify(&good));
    let digest = format!("SHA-256={}", STANDARD.encode(Sha256::digest(&good.body)));
    assert_eq!(header(&good, "digest"), digest);
    assert_eq!(header(&good, "x-copernica-id"), Copernica::account_id());
    assert_eq!(header(&good, "content-length"), good.body.len().to_string());
    assert_eq!(header(&good, "date"), "Wed, 10 Jun 2026 12:00:00 GMT");
    let mut forged = good.clone();
    for (name, value) in &mut forged.headers {
        if name == "X-Nonce" {
            value.push('0');
        }
    }
    assert!(!verify(&forged));
}

#[tokio::test]
async fn a_repeated_webhook_is_signed_anew_and_tells_the_same() {
    let bench = Bench::plain().await;
    bench.copernica.click_at(Product::MarketingSuite, end(), 1);
    let first = bench.copernica.deliveries().remove(0);
    bench.copernica.set_now(end() + TimeDelta::minutes(5));
    let again = bench.copernica.deliver_again(&first);
    assert_eq!(
        (&again.body, &again.tells, again.number),
        (&first.body, &first.tells, first.number)
    );
    assert_ne!(header(&again, "x-nonce"), header(&first, "x-nonce"));
    assert_ne!(header(&again, "date"), header(&first, "date"));
    assert!(verify(&again));
    assert_eq!(bench.copernica.hook_ledger().served()[&first.tells], 2);
}

#[tokio::test]
async fn a_webhook_is_made_for_validated_domains_and_known_triggers_only() {
    let bench = Bench::plain().await;
    let body = |handler: &str, trigger: &str| {
        json!({"handler": handler, "trigger": trigger, "callers": ["ms"]}).to_string()
    };
    let own = "https://engaged.example.nl/other";
    bench.post("/webhooks", &body(own, "open")).await;
    bench
        .refused(
            Method::POST,
            "/webhooks",
            &body("https://elsewhere.example.nl/", "open"),
        )
        .await;
    bench
        .refused(Method::POST, "/webhooks", &body(own, "unsubscribe"))
        .await;
    assert_eq!(bench.get("/webhooks").await["total"], 10);
    let newer = Bench::new(Options {
        unsubscribe_trigger: true,
        handler: Some(own.to_owned()),
        ..Options::default()
    })
    .await;
    newer.post("/webhooks", &body(own, "unsubscribe")).await;
}

#[tokio::test]
async fn a_webhook_for_one_product_hears_nothing_of_the_other() {
    let bench = Bench::plain().await;
    let body =
        json!({"handler": "https://engaged.example.nl/ms", "trigger": "click", "callers": ["ms"]});
    bench.post("/webhooks", &body.to_string()).await;
    bench.copernica.click_at(Product::Publisher, end(), 1);
    assert_eq!(bench.copernica.deliveries().len(), 1);
    bench.copernica.click_at(Product::MarketingSuite, end(), 1);
    assert_eq!(bench.copernica.deliveries().len(), 2);
}
