//! E-mail events v1 and the timeline.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use engaged_sandbox::hubspot::{Kind, Options};
use engaged_sandbox::people::{Publication, time};
use serde_json::Value;

use crate::client::{Bench, end};

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

fn of(rows: &[Value], kind: &str) -> Vec<Value> {
    rows.iter()
        .filter(|row| row["type"] == kind)
        .cloned()
        .collect()
}

#[tokio::test]
async fn an_unfiltered_scan_gives_every_event_once_newest_first() {
    let bench = Bench::plain().await;
    let rows = bench.all_v1("events?limit=1000", "events").await;
    let truth: BTreeSet<String> = bench
        .hubspot
        .events()
        .into_iter()
        .map(|event| event.id)
        .collect();
    assert_eq!((rows.len(), ids(&rows)), (truth.len(), truth));
    assert!(rows.is_sorted_by(|a, b| a["created"].as_i64() >= b["created"].as_i64()));
    assert_eq!(bench.hubspot.ledger().served().len(), rows.len());
    let kinds: BTreeMap<&str, usize> = rows.iter().fold(BTreeMap::new(), |mut kinds, row| {
        *kinds.entry(row["type"].as_str().unwrap()).or_default() += 1;
        kinds
    });
    let expected = [
        "BOUNCE",
        "CLICK",
        "DEFERRED",
        "DELIVERED",
        "DROPPED",
        "OPEN",
        "PROCESSED",
        "SENT",
        "SPAMREPORT",
        "STATUSCHANGE",
    ];
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), expected);
    assert_eq!(kinds["SENT"], kinds["PROCESSED"]);
}

#[tokio::test]
async fn a_window_has_both_its_ends_and_a_small_page_by_default() {
    let bench = Bench::plain().await;
    let page = bench.get("/email/public/v1/events?eventType=OPEN").await;
    let rows = page["events"].as_array().unwrap();
    assert_eq!((rows.len(), &page["hasMore"]), (10, &Value::Bool(true)));
    assert!(page["offset"].is_string());
    let (to, from) = (&rows[1]["created"], &rows[4]["created"]);
    let page = bench
        .get(&format!(
            "/email/public/v1/events?eventType=OPEN&startTimestamp={from}&endTimestamp={to}"
        ))
        .await;
    assert_eq!(page["events"].as_array().unwrap()[..], rows[1..=4]);
}

#[tokio::test]
async fn an_offset_is_worth_nothing_when_a_parameter_changed() {
    let bench = Bench::plain().await;
    let page = bench
        .get("/email/public/v1/events?eventType=OPEN&limit=5")
        .await;
    let offset = page["offset"].as_str().unwrap();
    for other in ["eventType=CLICK&limit=5", "eventType=OPEN&limit=6"] {
        let answer = bench
            .ask(
                "GET",
                &format!("/email/public/v1/events?{other}&offset={offset}"),
                &Value::Null,
            )
            .await;
        assert_eq!(answer.status, 400, "{other}");
    }
}

#[tokio::test]
async fn events_that_come_while_somebody_pages_do_not_move_the_pages() {
    let bench = Bench::plain().await;
    let before = bench
        .all_v1("events?eventType=CLICK&limit=1000", "events")
        .await;
    let first = bench
        .get("/email/public/v1/events?eventType=CLICK&limit=5")
        .await;
    bench.hubspot.click_at(end(), 3);
    let second = format!(
        "/email/public/v1/events?eventType=CLICK&limit=5&offset={}",
        first["offset"].as_str().unwrap()
    );
    assert_eq!(
        bench.get(&second).await["events"].as_array().unwrap()[..],
        before[5..10]
    );
}

#[tokio::test]
async fn what_machines_did_is_marked_and_can_be_left_out() {
    let bench = Bench::plain().await;
    let all = bench
        .all_v1("events?eventType=OPEN&limit=1000", "events")
        .await;
    let people = bench
        .all_v1(
            "events?eventType=OPEN&limit=1000&excludeFilteredEvents=true",
            "events",
        )
        .await;
    let machines = all
        .iter()
        .filter(|row| row["filteredEvent"] == true)
        .count();
    assert!(machines > 0 && !people.is_empty());
    assert_eq!(people.len() + machines, all.len());
    let counted: f64 = bench
        .all("/crm/v3/objects/contacts?limit=100&properties=hs_email_open")
        .await
        .iter()
        .filter_map(|row| {
            row["properties"]["hs_email_open"]
                .as_str()?
                .parse::<f64>()
                .ok()
        })
        .sum();
    let whole = people
        .iter()
        .filter(|row| row.get("obsoletedBy").is_none())
        .count();
    assert!(
        (counted - f64::from(u32::try_from(whole).unwrap())).abs() < 0.5,
        "{counted} {whole}"
    );
}

#[tokio::test]
async fn a_replaced_event_names_the_one_that_took_its_place() {
    let bench = Bench::plain().await;
    let rows = bench
        .all_v1("events?eventType=OPEN&limit=1000", "events")
        .await;
    let replaced: Vec<&Value> = rows
        .iter()
        .filter(|row| row.get("obsoletedBy").is_some())
        .collect();
    let all = ids(&rows);
    assert!(!replaced.is_empty());
    assert!(
        replaced
            .iter()
            .all(|row| all.contains(row["obsoletedBy"]["id"].as_str().unwrap()))
    );
    let known = bench
        .hubspot
        .events()
        .into_iter()
        .filter(|event| event.obsolete && event.kind == Kind::Open)
        .count();
    assert_eq!(known, replaced.len());
}

#[tokio::test]
async fn bounces_have_a_category_or_none_and_a_greylisted_mail_arrives_later() {
    let bench = Bench::plain().await;
    let rows = bench.all_v1("events?limit=1000", "events").await;
    let bounces = of(&rows, "BOUNCE");
    assert!(
        bounces
            .iter()
            .any(|row| row["category"] == "UNKNOWN_USER" && row["status"] == "5.1.1")
    );
    assert!(bounces.iter().any(|row| row.get("category").is_none()));
    let grey = bounces
        .iter()
        .find(|row| row["category"] == "GREYLISTING")
        .unwrap();
    let same = |row: &&Value| {
        ["recipient", "emailCampaignId"].iter().all(|name| {
            row[name].to_string().to_lowercase() == grey[name].to_string().to_lowercase()
        })
    };
    let arrived = of(&rows, "DELIVERED");
    let later = arrived.iter().find(same).unwrap();
    assert!(later["created"].as_i64() > grey["created"].as_i64());
    let dropped = of(&rows, "DROPPED");
    assert!(
        dropped
            .iter()
            .all(|row| row["dropReason"] == "PREVIOUSLY_BOUNCED")
    );
}

#[tokio::test]
async fn out_of_everything_comes_without_types_and_out_of_one_names_it() {
    let bench = Bench::plain().await;
    let rows = bench
        .all_v1("events?eventType=STATUSCHANGE&limit=1000", "events")
        .await;
    let all: Vec<&Value> = rows
        .iter()
        .filter(|row| row["portalSubscriptionStatus"] == "UNSUBSCRIBED")
        .collect();
    assert!(
        !all.is_empty()
            && all
                .iter()
                .all(|row| row["subscriptions"].as_array().unwrap().is_empty())
    );
    let one = rows
        .iter()
        .find(|row| row["subscriptions"][0]["status"] == "UNSUBSCRIBED")
        .unwrap();
    assert_eq!(one["source"], "SOURCE_RECIPIENT");
    let named = bench
        .hubspot
        .events()
        .into_iter()
        .filter(|event| event.leaves && event.kind == Kind::StatusChange)
        .count();
    let leaving = rows
        .iter()
        .filter(|row| row.to_string().contains("\"UNSUBSCRIBED\""))
        .count();
    assert_eq!(named, leaving);
}

#[tokio::test]
async fn an_unbounce_lacks_the_common_fields() {
    let bench = Bench::plain().await;
    let bounced = bench
        .hubspot
        .events()
        .into_iter()
        .find(|event| event.hard)
        .unwrap();
    assert!(bench.hubspot.unbounce(&bounced.recipient));
    let rows = bench
        .all_v1("events?eventType=UNBOUNCE&limit=10", "events")
        .await;
    assert_eq!(rows[0]["recipient"], bounced.recipient);
    assert!(rows[0].get("emailCampaignId").is_none() && rows[0].get("appId").is_none());
}

#[tokio::test]
async fn mails_of_other_apps_are_events_too() {
    let bench = Bench::new(Options {
        receipts: true,
        ..Options::default()
    })
    .await;
    let mine = bench
        .all_v1("events?eventType=SENT&appId=113&limit=1000", "events")
        .await;
    let all = bench
        .all_v1("events?eventType=SENT&limit=1000", "events")
        .await;
    let orders = bench.world.read().unwrap().orders().len();
    assert_eq!(all.len(), mine.len() + orders);
    let receipt = all.iter().find(|row| row["appId"] != 113).unwrap();
    assert!(receipt.get("emailCampaignId").is_none());
}

#[tokio::test]
async fn an_address_in_an_event_may_have_capitals_and_stays_the_one_of_its_time() {
    let bench = Bench::plain().await;
    let rows = bench
        .all_v1("events?eventType=SENT&limit=1000", "events")
        .await;
    assert!(rows.iter().any(|row| {
        row["recipient"]
            .as_str()
            .unwrap()
            .starts_with(char::is_uppercase)
    }));
    let somebody = bench.mailed();
    let before = bench
        .all_v1(
            &format!("events?recipient={}&limit=1000", somebody.address),
            "events",
        )
        .await;
    bench
        .hubspot
        .readdress(&somebody.address, "new@example.org");
    let after = bench
        .all_v1(
            &format!("events?recipient={}&limit=1000", somebody.address),
            "events",
        )
        .await;
    assert!(!before.is_empty());
    assert_eq!(before, after);
}

#[tokio::test]
async fn near_now_is_shown_late_as_set() {
    let delayed = Options {
        event_delay: 300_000,
        ..Options::default()
    };
    let bench = Bench::new(delayed).await;
    let opens = bench.hubspot.events().into_iter();
    let last = opens
        .filter(|event| event.kind == Kind::Open && !event.obsolete)
        .map(|event| event.created)
        .max();
    let shown = end().timestamp_millis() - 300_000;
    assert!(last.unwrap() <= shown);
}

#[tokio::test]
async fn an_open_that_is_reported_late_keeps_its_time() {
    let bench = Bench::plain().await;
    let act = {
        let world = bench.world.read().unwrap();
        let acts = world.campaigns(Publication::Weekly).iter();
        let mut late = acts.flat_map(|campaign| &campaign.acts);
        *late.find(|act| act.lag > 0).unwrap()
    };
    let early = Options {
        now: Some(time(act.at) + TimeDelta::minutes(2)),
        ..Options::default()
    };
    let bench = Bench::new(early).await;
    let there = |bench: &Bench| {
        let events = bench.hubspot.events().into_iter();
        events
            .filter(|event| event.kind == Kind::Open && !event.obsolete)
            .filter(|event| event.created / 1_000 == i64::from(act.at))
            .count()
    };
    let before = there(&bench);
    bench
        .hubspot
        .set_now(time(act.at) + TimeDelta::minutes(i64::from(act.lag) + 1));
    assert_eq!(there(&bench), before + 1);
}

#[tokio::test]
async fn a_campaign_has_a_name_and_counters_and_needs_its_app() {
    let bench = Bench::plain().await;
    let rows = bench.all_v1("campaigns/by-id?limit=5", "campaigns").await;
    let id = &rows[0]["id"];
    let campaign = bench
        .get(&format!("/email/public/v1/campaigns/{id}?appId=113"))
        .await;
    assert!(campaign["name"].as_str().unwrap().starts_with("Weekbrief"));
    assert_ne!(campaign["contentId"], *id);
    let sent = bench
        .all_v1(
            &format!("events?eventType=SENT&appId=113&campaignId={id}&limit=1000"),
            "events",
        )
        .await;
    assert_eq!(campaign["counters"]["sent"], sent.len());
    let answer = bench
        .ask(
            "GET",
            &format!("/email/public/v1/events?campaignId={id}"),
            &Value::Null,
        )
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn the_timeline_has_more_than_the_events_and_may_lack_a_time() {
    let bench = Bench::plain().await;
    let contact = bench.mailed();
    let path = format!(
        "/communication-preferences/v4/statuses/{}/unsubscribe-all?channel=EMAIL",
        contact.address
    );
    bench.post(&path, &Value::Null).await;
    let rows = bench
        .all_v1("subscriptions/timeline?limit=3", "timeline")
        .await;
    assert_eq!(rows.len(), bench.hubspot.timeline().len());
    assert_eq!(rows[0]["changes"][0]["source"], "SOURCE_CUSTOMER");
    let events = bench
        .all_v1("events?eventType=STATUSCHANGE&limit=1000", "events")
        .await;
    assert!(!events.iter().any(|row| row["recipient"] == contact.address
        && row["created"].as_i64() >= Some(end().timestamp_millis())));
    let timeless: Vec<&Value> = rows
        .iter()
        .filter(|row| row.get("timestamp").is_none())
        .collect();
    assert!(
        !timeless.is_empty()
            && timeless
                .iter()
                .all(|row| row["changes"][0]["causedByEvent"]["created"].is_i64())
    );
}
