//! The quirks of reading events.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::client::Site;
use crate::ghost::{GhostConfig, Version};
use crate::people::{Publication, Truth};

fn truth(site: &Site) -> Truth {
    site.world.read().unwrap().truth(Publication::Monthly)
}

fn ids(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["data"]["id"].as_str().unwrap())
        .collect()
}

async fn instant(people: u32) -> Site {
    Site::configured(
        GhostConfig {
            arrival_delay: 0,
            ..GhostConfig::default()
        },
        people,
    )
    .await
}

#[tokio::test]
async fn a_keyset_reader_gets_every_event_once_and_they_add_up_to_the_truth() {
    let site = instant(300).await;
    let truth = truth(&site);
    for (kind, count) in [
        ("email_delivered_event", truth.delivered),
        ("email_failed_event", truth.hard_bounces),
        ("click_event", truth.clicks + truth.scanner_clicks),
    ] {
        let events = site.drain(kind, 37).await;
        let unique: HashSet<&str> = ids(&events).into_iter().collect();
        assert_eq!((events.len(), unique.len()), (count, count), "{kind}");
    }
    let served = site.serving.ledger().served();
    assert!(served.iter().all(|(_, times)| *times == 1));
}

#[tokio::test]
async fn only_the_first_open_of_a_mail_is_there() {
    let site = instant(300).await;
    let events = site.drain("email_opened_event", 100).await;
    let unique: HashSet<&str> = ids(&events).into_iter().collect();
    assert_eq!(unique.len(), events.len());
    let truth = truth(&site);
    // A few are still on their way, since the mail service reports some opens hours late.
    assert!(
        events.len() <= truth.opened && events.len() * 100 > truth.opened * 97,
        "{} of {}",
        events.len(),
        truth.opened
    );
    assert!(
        truth.opens + truth.machine_opens > truth.opened,
        "there were repeated opens"
    );
}

#[tokio::test]
async fn the_order_is_newest_first_and_by_id_where_times_are_equal() {
    let site = instant(300).await;
    let events = site.drain("email_delivered_event", 100).await;
    let keys: Vec<(&str, &str)> = events
        .iter()
        .map(|event| {
            (
                event["data"]["created_at"].as_str().unwrap(),
                event["data"]["id"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(keys.windows(2).all(|pair| pair[0] > pair[1]));
    assert!(
        keys.windows(2).any(|pair| pair[0].0 == pair[1].0),
        "equal times occur"
    );
    assert!(keys.iter().all(|(at, _)| at.contains(".000Z")));
}

#[tokio::test]
async fn everything_about_one_mail_to_one_member_shares_one_id() {
    let site = instant(200).await;
    let delivered = site.drain("email_delivered_event", 100).await;
    let opened = site.drain("email_opened_event", 100).await;
    let known: HashMap<&str, &Value> = ids(&delivered).into_iter().zip(&delivered).collect();
    for event in &opened {
        let id = event["data"]["id"].as_str().unwrap();
        assert_eq!(known[id]["data"]["member_id"], event["data"]["member_id"]);
    }
}

#[tokio::test]
async fn a_mail_is_merely_sent_only_until_it_is_delivered_or_has_failed() {
    let site = Site::new(Version::Six, 200).await;
    let sent_at = site
        .world
        .read()
        .unwrap()
        .campaigns(Publication::Monthly)
        .last()
        .unwrap()
        .sent_at;
    let at =
        |offset: i64| chrono::DateTime::from_timestamp(i64::from(sent_at) + offset, 0).unwrap();
    // A fresh site, since time does not run backwards on one that has seen more.
    let config = GhostConfig::default();
    let ghost = crate::ghost::Ghost::new(config, site.world.clone());
    let count = |wanted: &str| {
        ghost
            .visible_events()
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .unwrap()
            .1
    };
    ghost.set_now(at(-1));
    let (soft_bounced, delivered) = (count("email_sent_event"), count("email_delivered_event"));
    ghost.set_now(at(10));
    let fresh = count("email_sent_event") - soft_bounced;
    assert!(fresh > 100 && count("email_delivered_event") == delivered);
    ghost.set_now(at(1_000));
    assert!(count("email_sent_event") - soft_bounced < 5);
    assert!(count("email_delivered_event") - delivered > fresh - 5);
}

#[tokio::test]
async fn an_open_becomes_visible_later_than_its_time() {
    let config = GhostConfig {
        publication: Publication::Weekly,
        ..GhostConfig::default()
    };
    let site = Site::configured(config, 3_000).await;
    site.world.write().unwrap().day_of_news();
    let end = site.world.read().unwrap().end();
    let ghost = site.serving.ghost();
    ghost.set_now(chrono::DateTime::from_timestamp(i64::from(end), 0).unwrap());
    let early: HashSet<String> = opens(&site);
    let newest = early
        .iter()
        .map(|key| key.split('/').next().unwrap().to_owned())
        .max()
        .unwrap();
    ghost.set_now(chrono::DateTime::from_timestamp(i64::from(end) + 86_400, 0).unwrap());
    let late = opens(&site);
    assert!(late.is_superset(&early) && late.len() > early.len());
    let overtaken = late
        .difference(&early)
        .filter(|key| key.split('/').next().unwrap() < newest.as_str())
        .count();
    assert!(overtaken > 0, "some appear behind what was newest before");
}

/// Time and id of all opens, read without a token, which would be too old by now.
fn opens(site: &Site) -> HashSet<String> {
    let ghost = site.serving.ghost();
    ghost.at_desk(|desk| {
        desk.state
            .rows(crate::ghost::state::Kind::Opened)
            .iter()
            .map(|row| format!("{}/{}", row.at, row.id))
            .collect()
    })
}

#[tokio::test]
async fn complaints_are_asked_for_by_one_name_and_answered_by_another() {
    let site = Site::configured(
        GhostConfig {
            publication: Publication::Weekly,
            arrival_delay: 0,
            ..GhostConfig::default()
        },
        2_000,
    )
    .await;
    let page = site
        .get("members/events/?limit=2&filter=type:email_complained_event")
        .await;
    let event = &page.rows("events")[0];
    assert_eq!(event["type"], "email_complaint_event");
    assert!(event["data"]["email_address"].is_string() && event["data"]["email_id"].is_string());
    assert!(
        site.get("members/events/?filter=type:email_complaint_event")
            .await
            .rows("events")
            .is_empty()
    );
}

#[tokio::test]
async fn a_click_has_no_member_id_but_a_member() {
    let site = instant(200).await;
    let page = site
        .get("members/events/?limit=1&filter=type:click_event")
        .await;
    let data = &page.rows("events")[0]["data"];
    assert!(data.get("member_id").is_none());
    assert!(
        data["member"]["id"].is_string() && data["link"]["to"].as_str().unwrap().contains("?ref=")
    );
}

#[tokio::test]
async fn the_limit_in_the_answer_is_a_text_and_the_total_a_number() {
    let site = instant(200).await;
    let page = site
        .get("members/events/?limit=1000&filter=type:email_delivered_event")
        .await;
    let pagination = &page.body["meta"]["pagination"];
    assert_eq!(
        (page.rows("events").len(), pagination["limit"].as_str()),
        (100, Some("100"))
    );
    assert_eq!(pagination["total"], truth(&site).delivered);
    assert!(pagination["page"].is_null() && pagination["next"].is_null());
}

#[tokio::test]
async fn filters_beyond_the_few_allowed_keys_are_refused_in_the_recorded_words() {
    let site = instant(50).await;
    let refused = |filter: &'static str| site.get(filter);
    assert_eq!(
        refused(
            "members/events/?filter=type:email_opened_event+data.email_id:6afd227a3ad6ab9254119771"
        )
        .await
        .error(),
        (400, "Cannot filter by data.email_id", None)
    );
    assert!(
        refused("members/events/?filter=type:email_opened_event,data.member_id:x")
            .await
            .error()
            .1
            .contains("in an OR")
    );
    let syntax = refused("members/events/?filter=type:").await;
    assert!(syntax.error().1.starts_with(
        "Query Error: unexpected character in filter at char 1\ntype:\n-----^\nExpecting 'NOT'"
    ));
    assert_eq!(
        refused("members/events/?filter=type:nosuch_event")
            .await
            .rows("events")
            .len(),
        0
    );
}

#[tokio::test]
async fn events_can_be_asked_for_by_time_member_and_post() {
    let site = instant(200).await;
    let all = site.drain("email_opened_event", 100).await;
    let some = &all[all.len() / 2]["data"];
    let member = some["member_id"].as_str().unwrap();
    let own = site
        .get(&format!(
            "members/events/?limit=100&filter=type:email_opened_event+data.member_id:{member}"
        ))
        .await;
    assert_eq!(
        own.rows("events").len(),
        all.iter()
            .filter(|event| event["data"]["member_id"] == member)
            .count()
    );
    let post = some["email"]["post_id"].as_str().unwrap();
    let of_post = site
        .get(&format!(
            "members/events/?limit=1&filter=data.post_id:{post}+type:email_opened_event"
        ))
        .await;
    let count = all
        .iter()
        .filter(|event| event["data"]["email"]["post_id"] == post)
        .count();
    assert_eq!(of_post.body["meta"]["pagination"]["total"], count);
    let at = some["created_at"].as_str().unwrap();
    let since = site
        .get(&format!(
            "members/events/?limit=1&filter=type:[email_opened_event]+data.created_at:>='{at}'"
        ))
        .await;
    let count = all
        .iter()
        .filter(|event| event["data"]["created_at"].as_str().unwrap() >= at)
        .count();
    assert_eq!(since.body["meta"]["pagination"]["total"], count);
}

#[tokio::test]
async fn a_deleted_members_mail_events_stay_without_a_member_and_the_others_go() {
    let site = instant(200).await;
    let event = site
        .get("members/events/?limit=1&filter=type:click_event")
        .await
        .rows("events")[0]
        .clone();
    let member = event["data"]["member"].clone();
    assert!(
        site.serving
            .ghost()
            .delete_member(member["email"].as_str().unwrap())
    );
    let filter = format!("data.member_id:{}", member["id"].as_str().unwrap());
    let left = site
        .get(&format!("members/events/?limit=100&filter={filter}"))
        .await;
    assert!(!left.rows("events").is_empty());
    for event in left.rows("events") {
        assert!(
            event["type"].as_str().unwrap().starts_with("email_"),
            "{event}"
        );
        assert_eq!(
            event["data"]["member"],
            serde_json::json!({"avatar_image": null})
        );
    }
}

#[tokio::test]
#[ignore = "a measurement; run it with --release"]
async fn a_page_deep_in_a_million_rows_costs_what_the_first_one_costs() {
    let spec = crate::people::WorldSpec::demo(
        1,
        chrono::DateTime::from_timestamp(1_795_428_000, 0).unwrap(),
    );
    let world = std::sync::Arc::new(std::sync::RwLock::new(crate::people::World::generate(
        &spec,
    )));
    let config = GhostConfig {
        publication: Publication::Weekly,
        ..GhostConfig::default()
    };
    let begin = std::time::Instant::now();
    let ghost = crate::ghost::Ghost::new(config, world.clone());
    println!("{:?} in {:?}", ghost.visible_events(), begin.elapsed());
    let serving = ghost
        .serve(crate::fault::FaultPlan::none(), 0)
        .await
        .unwrap();
    let site = Site { serving, world };
    for day in ["2026-11-20", "2026-01-20", "2025-06-20"] {
        let begin = std::time::Instant::now();
        for _ in 0..20 {
            let page = site
                .get(&format!(
                    "members/events/?limit=100&filter=type:email_delivered_event+data.created_at:<'{day} 00:00:00'"
                ))
                .await;
            assert_eq!(page.rows("events").len(), 100);
        }
        println!("{day}: {:?} a page", begin.elapsed() / 20);
    }
}
