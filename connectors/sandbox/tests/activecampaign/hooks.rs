//! Webhooks: who is told of what, and in which form.

use std::collections::{BTreeMap, BTreeSet};

use engaged_sandbox::activecampaign::{Delivery, Event, Kind, Options, Status};
use serde_json::{Value, json};

use crate::client::{Bench, free};

fn form(delivery: &Delivery) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&delivery.body)
        .into_owned()
        .collect()
}

async fn with_news(options: Options) -> (Bench, BTreeSet<String>, Vec<Delivery>) {
    let bench = Bench::new(options).await;
    let before: BTreeSet<String> = bench.platform.events().iter().map(Event::key).collect();
    bench.hook().await;
    assert!(
        bench.platform.deliveries().is_empty(),
        "the past is not told"
    );
    for _ in 0..6 {
        bench.news();
    }
    let deliveries = bench.platform.deliveries();
    (bench, before, deliveries)
}

#[tokio::test]
async fn each_event_that_a_webhook_tells_of_is_told_once() {
    for click_once in [true, false] {
        let (bench, before, deliveries) = with_news(Options {
            click_once,
            ..free()
        })
        .await;
        let mut events = bench.platform.events();
        events.retain(|event| event.hooked && !before.contains(&event.key()));
        let mut expected: Vec<String> = events.iter().map(Event::key).collect();
        let mut told: Vec<String> = deliveries
            .iter()
            .filter_map(|one| one.event.clone())
            .collect();
        expected.sort();
        told.sort();
        assert_eq!(told, expected);
        assert!(told.len() > 50);
        assert!(bench.platform.deliveries().is_empty());
        assert_eq!(bench.platform.delivered(), deliveries);
    }
}

#[tokio::test]
async fn a_click_is_told_once_for_each_contact_and_link() {
    let (bench, before, deliveries) = with_news(free()).await;
    let mut seen = BTreeSet::new();
    for click in deliveries.iter().filter(|one| one.kind == "click") {
        let form = form(click);
        let pair = (form["contact[id]"].clone(), form["link[id]"].clone());
        assert!(seen.insert(pair), "twice: {form:?}");
    }
    let mut clicks = bench.platform.events();
    clicks.retain(|event| event.kind == Kind::Click && !before.contains(&event.key()));
    assert!(!seen.is_empty() && seen.len() < clicks.len());
}

#[tokio::test]
async fn a_delivery_is_a_form_with_bracket_keys_and_no_signature() {
    let (bench, _, deliveries) = with_news(free()).await;
    let open = deliveries.iter().find(|one| one.kind == "open").unwrap();
    let form = form(open);
    assert_eq!(form["initiated_from"], "public");
    assert!(form["date_time"].ends_with("-06:00"));
    let contacts = bench.platform.contacts();
    let contact = contacts
        .iter()
        .find(|one| one.id == form["contact[id]"])
        .unwrap();
    assert_eq!(form["contact[email]"], contact.address);
    assert_eq!(form["contact[fields][CITY]"], contact.fields["CITY"]);
    assert!(
        bench
            .platform
            .counters()
            .contains_key(&form["campaign[id]"])
    );
    assert!(form.contains_key("User-Agent") && form.contains_key("campaign[message][subject]"));
    let names: Vec<&str> = open.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Content-Type", "User-Agent"]);
    let sent = deliveries.iter().filter(|one| one.kind == "sent").count();
    assert_eq!(sent, 6, "once for each campaign, not for each contact");
}

#[tokio::test]
async fn an_import_tells_no_webhook_and_other_writes_say_that_they_came_by_the_api() {
    let bench = Bench::plain().await;
    bench.hook().await;
    let contact = bench.somebody(Status::Active);
    let row = json!({"email": contact.address, "tags": ["eng:cold"], "fields": [{"id": 1, "value": "Ede"}]});
    bench
        .ask("POST", "/import/bulk_import", &json!({"contacts": [row]}))
        .await;
    for _ in 0..4 {
        bench.get("/users/me").await;
    }
    assert_eq!(bench.again(&contact).fields["CITY"], "Ede");
    assert!(bench.platform.deliveries().is_empty());
    let body = json!({"contact": {"fieldValues": [{"field": "1", "value": "Epe"}]}});
    bench
        .ask("PUT", &format!("/contacts/{}", contact.id), &body)
        .await;
    bench
        .ask(
            "POST",
            "/contactLists",
            &json!({"contactList": {"list": "2", "contact": contact.id, "status": "2"}}),
        )
        .await;
    let deliveries = bench.platform.deliveries();
    let kinds: Vec<&str> = deliveries.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["update", "unsubscribe"]);
    assert!(
        deliveries
            .iter()
            .all(|one| form(one)["initiated_from"] == "api")
    );
    assert_eq!(form(&deliveries[1])["list[][id]"], "2");
}

#[tokio::test]
async fn whoever_answers_410_is_told_no_more() {
    let (bench, _, deliveries) = with_news(free()).await;
    assert!(bench.platform.hook_answered(&deliveries[0], 410));
    bench.news();
    assert!(bench.platform.deliveries().is_empty());
}

#[tokio::test]
async fn only_wanted_events_and_sources_are_told() {
    let bench = Bench::plain().await;
    let hook = |url: &str, sources: Value| json!({"webhook": {"name": "x", "url": url, "events": ["update", "reply"], "sources": sources, "listid": 0}});
    let odd = bench
        .ask(
            "POST",
            "/webhooks",
            &hook("https://example.org:8443/x", json!(["public"])),
        )
        .await;
    assert_eq!(odd.status, 422);
    let made = bench
        .ask(
            "POST",
            "/webhooks",
            &hook("https://example.org/x", json!(["public"])),
        )
        .await;
    assert_eq!(made.status, 201);
    let contact = bench.somebody(Status::Active);
    bench.platform.edit_by_hand(&contact.address, "CITY", "Ede");
    bench.platform.replies(&contact.address);
    bench.platform.leaves(&contact.address);
    let kinds: Vec<&str> = bench
        .platform
        .deliveries()
        .iter()
        .map(|one| one.kind)
        .collect();
    assert_eq!(kinds, ["reply"]);
    let id = made.json()["webhook"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        bench
            .ask("DELETE", &format!("/webhooks/{id}"), &Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(bench.get("/webhooks").await["meta"]["total"], "0");
}

#[tokio::test]
async fn a_webhook_may_tell_another_time_than_link_data() {
    let (_, _, deliveries) = with_news(Options {
        hook_lag: 7,
        ..free()
    })
    .await;
    let open = deliveries.iter().find(|one| one.kind == "open").unwrap();
    let told = chrono::DateTime::parse_from_rfc3339(&form(open)["date_time"])
        .unwrap()
        .to_utc();
    let key = open.event.clone().unwrap();
    let earlier = (told - chrono::TimeDelta::seconds(7)).to_string();
    assert!(key.contains(&earlier), "{key} {earlier}");
}
