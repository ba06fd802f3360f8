//! The quirks of reading and changing members.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::client::{Answer, Site};
use crate::ghost::{GhostConfig, Version};
use crate::people::{DAY, Publication};

fn names(member: &Value) -> Vec<&str> {
    member["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label["name"].as_str().unwrap())
        .collect()
}

async fn some(site: &Site) -> Value {
    site.get("members/?limit=1&order=id asc&filter=subscribed:true")
        .await
        .rows("members")[0]
        .clone()
}

async fn put(site: &Site, member: &Value, fields: Value) -> Answer {
    let id = member["id"].as_str().unwrap();
    site.ask(
        "PUT",
        &format!("members/{id}/"),
        Some(json!({"members": [fields]})),
    )
    .await
}

async fn label(site: &Site, name: &str) -> String {
    let made = site
        .ask("POST", "labels/", Some(json!({"labels": [{"name": name}]})))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    made.rows("labels")[0]["id"].as_str().unwrap().to_owned()
}

async fn bulk(site: &Site, filter: &str, action: &str, label: &str) -> (u64, u64) {
    let body = json!({"bulk": {"action": action, "meta": {"label": {"id": label}}}});
    let answer = site
        .ask("PUT", &format!("members/bulk/?filter={filter}"), Some(body))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let stats = &answer.body["bulk"]["meta"]["stats"];
    (
        stats["successful"].as_u64().unwrap(),
        stats["unsuccessful"].as_u64().unwrap(),
    )
}

#[tokio::test]
async fn a_keyset_scan_finds_every_member_once() {
    let site = Site::new(Version::Six, 250).await;
    let mut ids: Vec<String> = Vec::new();
    loop {
        let after = ids
            .last()
            .map(|id| format!("&filter=id:>'{id}'"))
            .unwrap_or_default();
        let page = site
            .get(&format!("members/?limit=100&order=id asc{after}"))
            .await;
        let rows = page.rows("members");
        assert_eq!(page.body["meta"]["pagination"]["total"], 250 - ids.len());
        if rows.is_empty() {
            break;
        }
        ids.extend(
            rows.iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(
        (ids.len(), ids.iter().collect::<HashSet<_>>().len()),
        (250, 250)
    );
}

#[tokio::test]
async fn a_page_holds_at_most_a_hundred_members_in_six_and_all_of_them_in_five() {
    let six = Site::new(Version::Six, 150).await;
    let page = six.get("members/?limit=all").await;
    assert_eq!(
        (
            page.rows("members").len(),
            &page.body["meta"]["pagination"]["limit"]
        ),
        (100, &json!(100))
    );
    assert_eq!(page.body["meta"]["pagination"]["next"], 2);
    let five = Site::new(Version::Five, 150).await;
    assert_eq!(
        five.get("members/?limit=all").await.rows("members").len(),
        150
    );
}

#[tokio::test]
async fn members_are_found_by_address_label_list_and_time_of_change() {
    let site = Site::new(Version::Six, 120).await;
    let member = some(&site).await;
    let (id, email) = (
        member["id"].as_str().unwrap(),
        member["email"].as_str().unwrap(),
    );
    for filter in [
        format!("email:'{email}'"),
        format!("id:['{id}','5f0000000000000000000000']"),
        format!("email:'{email}'+subscribed:true"),
    ] {
        let found = site.get(&format!("members/?filter={filter}")).await;
        assert_eq!(found.rows("members").len(), 1, "{filter}");
        assert_eq!(found.rows("members")[0]["id"], id);
    }
    let with =
        site.get("members/?limit=1&filter=label:vip").await.body["meta"]["pagination"]["total"]
            .as_u64()
            .unwrap();
    let without =
        site.get("members/?limit=1&filter=label:-vip").await.body["meta"]["pagination"]["total"]
            .as_u64()
            .unwrap();
    assert!(with > 10 && with + without == 120, "{with} {without}");
    let page = site
        .get("members/?limit=100&order=updated_at asc&filter=updated_at:>'2026-11-01 00:00:00'")
        .await;
    let times: Vec<&str> = page
        .rows("members")
        .iter()
        .map(|row| row["updated_at"].as_str().unwrap())
        .collect();
    assert!(!times.is_empty() && times.is_sorted() && times[0] > "2026-11-01");
}

#[tokio::test]
async fn labels_in_a_put_replace_the_whole_set_and_new_names_are_made() {
    let site = Site::new(Version::Six, 60).await;
    let member = site
        .get("members/?limit=1&filter=label:vip")
        .await
        .rows("members")[0]
        .clone();
    let answer = put(&site, &member, json!({"labels": [{"name": "Score hot"}]})).await;
    assert_eq!(names(&answer.rows("members")[0]), ["Score hot"]);
    let made = site
        .get("labels/?filter=slug:score-hot&include=count.members")
        .await;
    assert_eq!(made.rows("labels")[0]["count"]["members"], 1);
}

#[tokio::test]
async fn a_label_with_only_an_id_crashes_five_and_loses_the_labels_in_six() {
    for version in [Version::Five, Version::Six] {
        let site = Site::new(version, 60).await;
        let member = site
            .get("members/?limit=1&filter=label:vip")
            .await
            .rows("members")[0]
            .clone();
        let answer = put(
            &site,
            &member,
            json!({"labels": [{"id": member["labels"][0]["id"]}]}),
        )
        .await;
        match version {
            Version::Five => assert_eq!(answer.error().0, 500),
            Version::Six => assert!(names(&answer.rows("members")[0]).is_empty()),
        }
    }
}

#[tokio::test]
async fn a_label_with_an_id_and_another_name_is_renamed_for_everybody() {
    let site = Site::new(Version::Six, 60).await;
    let member = site
        .get("members/?limit=1&filter=label:vip")
        .await
        .rows("members")[0]
        .clone();
    let id = member["labels"]
        .as_array()
        .unwrap()
        .iter()
        .find(|label| label["slug"] == "vip")
        .unwrap()["id"]
        .clone();
    put(
        &site,
        &member,
        json!({"labels": [{"id": id, "name": "VIP-renamed"}]}),
    )
    .await;
    let label = site.get("labels/?filter=slug:vip").await.rows("labels")[0].clone();
    assert_eq!(
        (label["name"].as_str(), &label["id"]),
        (Some("VIP-renamed"), &id)
    );
}

#[tokio::test]
async fn a_change_of_labels_alone_does_not_move_updated_at_and_a_note_does() {
    let site = Site::new(Version::Six, 60).await;
    let member = some(&site).await;
    let answer = put(&site, &member, json!({"labels": [{"name": "x"}]})).await;
    assert_eq!(
        answer.rows("members")[0]["updated_at"],
        member["updated_at"]
    );
    let answer = put(&site, &member, json!({"note": "score 12"})).await;
    let changed = &answer.rows("members")[0];
    assert!(changed["updated_at"].as_str() > member["updated_at"].as_str());
    assert_eq!(
        (names(changed), changed["note"].as_str()),
        (vec!["x"], Some("score 12")),
        "absent keys stay"
    );
}

#[tokio::test]
async fn a_note_over_two_thousand_characters_and_an_unknown_member_are_refused() {
    let site = Site::new(Version::Five, 20).await;
    let member = some(&site).await;
    let answer = put(&site, &member, json!({"note": "x".repeat(2_001)})).await;
    assert_eq!(
        answer.error(),
        (422, "Validation error, cannot edit member.", None)
    );
    assert_eq!(
        put(&site, &member, json!({"note": "é".repeat(2_000)}))
            .await
            .status,
        200
    );
    let nobody = json!({"id": "5f0000000000000000000000"});
    let answer = put(&site, &nobody, json!({"note": "x"})).await;
    assert_eq!(
        answer.body["errors"][0]["context"],
        "Could not find Member 5f0000000000000000000000"
    );
    assert_eq!(site.serving.ledger().applied().len(), 1);
}

#[tokio::test]
async fn a_second_label_of_the_same_name_is_refused_and_slugs_are_plain() {
    let site = Site::new(Version::Six, 20).await;
    label(&site, "sync:hot-lead").await;
    let answer = site
        .ask(
            "POST",
            "labels/",
            Some(json!({"labels": [{"name": "Sync:Hot-Lead"}]})),
        )
        .await;
    assert_eq!(
        (answer.status, answer.body["errors"][0]["context"].as_str()),
        (422, Some("Label already exists"))
    );
    let slugs = site.get("labels/?order=name asc").await;
    let slugs: Vec<&str> = slugs
        .rows("labels")
        .iter()
        .map(|label| label["slug"].as_str().unwrap())
        .collect();
    assert_eq!(slugs, ["sondag-lasare", "vip", "sync-hot-lead"]);
}

#[tokio::test]
async fn a_bulk_label_given_twice_stands_twice_is_listed_once_and_counts_two_when_removed() {
    let site = Site::new(Version::Six, 20).await;
    let (hot, member) = (label(&site, "Score hot").await, some(&site).await);
    let filter = format!("id:'{}'", member["id"].as_str().unwrap());
    assert_eq!(bulk(&site, &filter, "addLabel", &hot).await, (1, 0));
    assert_eq!(bulk(&site, &filter, "addLabel", &hot).await, (1, 0));
    assert_eq!(
        bulk(
            &site,
            &format!("{filter}+label:-score-hot"),
            "addLabel",
            &hot
        )
        .await,
        (0, 0)
    );
    let listed = site
        .get(&format!("members/{}/", member["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        names(&listed.rows("members")[0])
            .iter()
            .filter(|name| **name == "Score hot")
            .count(),
        1
    );
    assert_eq!(
        listed.rows("members")[0]["updated_at"],
        member["updated_at"]
    );
    assert_eq!(bulk(&site, &filter, "removeLabel", &hot).await, (2, 0));
}

#[tokio::test]
async fn a_bulk_change_fails_in_part_with_status_200_and_needs_a_filter() {
    let site = Site::new(Version::Six, 20).await;
    assert_eq!(
        bulk(
            &site,
            "label:vip,label:-vip",
            "addLabel",
            "5f0000000000000000000000"
        )
        .await,
        (0, 20)
    );
    let body = json!({"bulk": {"action": "addLabel", "meta": {"label": {"id": "x"}}}});
    let answer = site.ask("PUT", "members/bulk/", Some(body)).await;
    assert_eq!(answer.error().0, 400);
    assert!(site.serving.ledger().applied().is_empty());
    assert_eq!(site.serving.ledger().writes().len(), 2);
}

#[tokio::test]
async fn a_single_unsubscribe_writes_an_event_and_a_bulk_one_does_not() {
    let site = Site::new(Version::Six, 40).await;
    let members = site
        .get("members/?limit=2&order=id asc&filter=subscribed:true")
        .await;
    let (one, two) = (&members.rows("members")[0], &members.rows("members")[1]);
    let answer = put(&site, one, json!({"newsletters": []})).await;
    assert_eq!(answer.rows("members")[0]["subscribed"], false);
    let filter = format!("id:'{}'", two["id"].as_str().unwrap());
    assert_eq!(bulk(&site, &filter, "unsubscribe", "").await, (1, 0));
    for (member, events) in [(one, 1), (two, 0)] {
        let filter = format!(
            "type:newsletter_event+data.member_id:{}",
            member["id"].as_str().unwrap()
        );
        let page = site.get(&format!("members/events/?filter={filter}")).await;
        let left = page
            .rows("events")
            .iter()
            .filter(|event| event["data"]["source"] == "api")
            .count();
        assert_eq!(left, events);
    }
}

#[tokio::test]
async fn nobody_who_was_unsubscribed_through_the_api_gets_the_next_issue() {
    let site = Site::new(Version::Six, 40).await;
    let member = some(&site).await;
    put(&site, &member, json!({"newsletters": []})).await;
    let person = {
        let world = site.world.read().unwrap();
        world
            .people()
            .iter()
            .find(|person| person.address() == member["email"].as_str().unwrap())
            .unwrap()
            .number
    };
    site.world.write().unwrap().day_of_news();
    let world = site.world.read().unwrap();
    let issue = world.campaigns(Publication::Monthly).last().unwrap();
    assert!(issue.sent_at > world.end() - DAY);
    assert!(issue.recipients.iter().all(|mail| mail.person != person));
}

#[tokio::test]
async fn a_bounced_address_is_suppressed_but_still_subscribed() {
    let config = GhostConfig {
        publication: Publication::Weekly,
        ..GhostConfig::default()
    };
    let site = Site::configured(config, 600).await;
    let page = site.get("members/?limit=100&filter=email_disabled:1").await;
    let bounced = page
        .rows("members")
        .iter()
        .find(|row| row["email_suppression"]["info"]["reason"] == "fail")
        .unwrap();
    assert_eq!(
        (
            &bounced["email_suppression"]["suppressed"],
            &bounced["subscribed"]
        ),
        (&json!(true), &json!(true))
    );
}

#[tokio::test]
async fn one_member_can_be_read_with_every_mail() {
    let site = Site::new(Version::Six, 40).await;
    let member = site
        .get("members/?limit=1&filter=email_count:>3")
        .await
        .rows("members")[0]
        .clone();
    let id = member["id"].as_str().unwrap();
    let read = site
        .get(&format!("members/{id}/?include=email_recipients"))
        .await;
    let read = &read.rows("members")[0];
    let mails = read["email_recipients"].as_array().unwrap();
    assert_eq!(member["email_count"], mails.len());
    assert!(mails.iter().all(|mail| mail["processed_at"].is_string()));
    assert_eq!(
        site.get("members/5f0000000000000000000000/")
            .await
            .error()
            .0,
        404
    );
}

#[tokio::test]
async fn the_history_tells_by_whose_hand_a_member_left() {
    let site = Site::new(Version::Six, 40).await;
    let members = site
        .get("members/?limit=2&order=id asc&filter=subscribed:true")
        .await;
    let [by_us, themselves] = [0, 1].map(|place: usize| members.rows("members")[place].clone());
    put(&site, &by_us, json!({"newsletters": []})).await;
    let email = themselves["email"].as_str().unwrap();
    assert!(site.serving.ghost().leaves(email));
    assert!(!site.serving.ghost().leaves("nobody@example.org"));
    let views = site.serving.ghost().members();
    for (member, source) in [(&by_us, "api"), (&themselves, "member")] {
        let id = member["id"].as_str().unwrap();
        let view = views.iter().find(|view| view.id == id).unwrap();
        assert!(view.newsletters.is_empty());
        assert_eq!(view.left_themselves, source == "member");
        let filter = format!("type:newsletter_event+data.member_id:'{id}'");
        let events = site.get(&format!("members/events/?filter={filter}")).await;
        let last = &events.rows("events")[0]["data"];
        assert_eq!(
            (&last["source"], &last["subscribed"]),
            (&json!(source), &json!(false))
        );
    }
    assert!(site.serving.ghost().joins(email));
    let back = site.serving.ghost().members();
    let back = back.iter().find(|view| view.email == email).unwrap();
    assert_eq!((back.newsletters.len(), back.left_themselves), (2, false));
}
