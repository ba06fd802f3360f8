//! Consent: what the platform lets a write do, and that the journal catches it.

use engaged_sandbox::mailchimp::Status;
use engaged_sandbox::people::Publication;
use serde_json::json;

use crate::client::Bench;

#[tokio::test]
async fn who_left_cannot_be_subscribed_by_a_write() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Unsubscribed);
    for (method, body) in [
        ("PATCH", json!({"status": "subscribed"})),
        (
            "PUT",
            json!({"email_address": contact.address, "status": "subscribed", "status_if_new": "subscribed"}),
        ),
    ] {
        let answer = bench
            .ask(method, &bench.member(&contact), &body.to_string())
            .await;
        assert_eq!(
            (answer.status, answer.title()),
            (400, "Member In Compliance State".into())
        );
    }
    assert_eq!(bench.again(&contact), contact);
    assert!(bench.mailchimp.consent_breaches().is_empty());
}

#[tokio::test]
async fn who_was_unsubscribed_by_a_write_can_be_subscribed_by_one_and_that_is_a_breach() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    for status in ["unsubscribed", "subscribed"] {
        let answer = bench
            .ask(
                "PATCH",
                &bench.member(&contact),
                &json!({"status": status}).to_string(),
            )
            .await;
        assert_eq!(answer.json()["status"], status);
    }
    let breaches = bench.mailchimp.consent_breaches();
    assert_eq!((breaches.len(), bench.mailchimp.written().len()), (1, 2));
    assert_eq!(breaches[0].email_id, contact.email_id);
}

#[tokio::test]
async fn a_cleaned_member_cannot_be_changed_at_all() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Cleaned);
    for body in [
        r#"{"status":"subscribed"}"#,
        r#"{"merge_fields":{"CITY":"Ede"}}"#,
    ] {
        let answer = bench.ask("PATCH", &bench.member(&contact), body).await;
        assert_eq!(
            (answer.status, answer.title()),
            (400, "Member In Compliance State".into())
        );
    }
    assert_eq!(bench.again(&contact), contact);
}

#[tokio::test]
async fn who_is_archived_stays_so_through_an_edit() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    assert!(bench.mailchimp.archive_by_hand(&contact.address));
    let answer = bench
        .ask(
            "PATCH",
            &bench.member(&contact),
            r#"{"merge_fields":{"CITY":"Ede"}}"#,
        )
        .await;
    assert_eq!(
        (answer.status, answer.json()["status"].as_str()),
        (200, Some("archived"))
    );
    assert!(bench.mailchimp.consent_breaches().is_empty());
    assert_eq!(
        bench
            .ask("DELETE", &bench.member(&contact), "")
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn an_upsert_brings_the_archived_back_and_that_is_a_breach() {
    for bulk in [false, true] {
        let bench = Bench::plain().await;
        let contact = bench.somebody(Status::Subscribed);
        bench.mailchimp.archive_by_hand(&contact.address);
        if bulk {
            let row = json!({"email_address": contact.address, "status": "subscribed"});
            let body = json!({"members": [row], "update_existing": true}).to_string();
            bench.ask("POST", &bench.list(), &body).await;
        } else {
            let body = json!({"email_address": contact.address, "status_if_new": "subscribed"})
                .to_string();
            bench.ask("PUT", &bench.member(&contact), &body).await;
        }
        assert_eq!(bench.again(&contact).status, Status::Subscribed);
        assert_eq!(bench.mailchimp.consent_breaches().len(), 1);
    }
}

#[tokio::test]
async fn who_left_themselves_cannot_be_brought_back_from_the_archive_either() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    assert!(bench.mailchimp.leaves(&contact.address));
    assert_eq!(
        bench
            .ask("DELETE", &bench.member(&contact), "")
            .await
            .status,
        204
    );
    let archived = bench.again(&contact);
    assert!(archived.left_themselves && archived.status == Status::Archived);
    let body = json!({"email_address": contact.address, "status": "subscribed", "status_if_new": "subscribed"});
    let answer = bench
        .ask("PUT", &bench.member(&contact), &body.to_string())
        .await;
    assert_eq!(
        (answer.status, answer.title()),
        (400, "Member In Compliance State".into())
    );
    assert!(bench.mailchimp.consent_breaches().is_empty());
}

#[tokio::test]
async fn the_feed_tells_by_whose_hand_somebody_left() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let body = r#"{"status":"unsubscribed"}"#;
    bench.ask("PATCH", &bench.member(&contact), body).await;
    let path = format!("{}/activity-feed", bench.member(&contact));
    let unsubs = format!("{path}?activity_filters=unsub");
    let by_us = bench.get(&unsubs).await["activity"].clone();
    assert_eq!(by_us.as_array().unwrap().len(), 1);
    assert_eq!(by_us[0]["is_admin_unsubscribed"], true);
    assert!(!bench.again(&contact).left_themselves);
    assert!(bench.mailchimp.leaves(&contact.address));
    assert!(bench.again(&contact).left_themselves);
    let both = bench.get(&unsubs).await["activity"].clone();
    let hands: Vec<&serde_json::Value> = both
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["is_admin_unsubscribed"])
        .collect();
    assert_eq!(hands.len(), 2);
    assert!(hands.contains(&&json!(false)));
}

#[tokio::test]
async fn making_somebody_is_a_breach_whatever_their_status() {
    let bench = Bench::plain().await;
    let path = format!("{}/members", bench.list());
    let body = |address: &str| json!({"email_address": address, "status": "unsubscribed", "status_if_new": "unsubscribed"});
    assert_eq!(
        bench
            .ask("POST", &path, &body("a@example.org").to_string())
            .await
            .status,
        200
    );
    assert_eq!(
        bench
            .ask(
                "PUT",
                &format!("{path}/b%40example.org"),
                &body("b@example.org").to_string()
            )
            .await
            .status,
        200
    );
    let rows = json!({"members": [body("c@example.org")], "update_existing": true}).to_string();
    assert_eq!(
        bench.ask("POST", &bench.list(), &rows).await.json()["total_created"],
        1
    );
    assert_eq!(bench.mailchimp.consent_breaches().len(), 3);
}

#[tokio::test]
async fn who_was_deleted_for_good_is_nowhere_and_cannot_come_back() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let path = bench.member(&contact);
    assert_eq!(
        bench
            .ask("POST", &format!("{path}/actions/delete-permanent"), "")
            .await
            .status,
        204
    );
    for method in ["GET", "PATCH", "DELETE"] {
        assert_eq!(bench.ask(method, &path, "{}").await.status, 404);
    }
    let body = json!({"email_address": contact.address, "status": "subscribed"}).to_string();
    for (method, path) in [
        ("PUT", path.clone()),
        ("POST", format!("{}/members", bench.list())),
    ] {
        let answer = bench.ask(method, &path, &body).await;
        assert_eq!(
            (answer.status, answer.title()),
            (400, "Forgotten Email Not Subscribed".into())
        );
    }
    let bulk =
        json!({"members": [serde_json::from_str::<serde_json::Value>(&body).unwrap()]}).to_string();
    assert_eq!(
        bench.ask("POST", &bench.list(), &bulk).await.json()["error_count"],
        1
    );
    assert!(bench.mailchimp.consent_breaches().is_empty());
}

#[tokio::test]
async fn who_is_unsubscribed_or_archived_is_mailed_no_more() {
    for (method, body) in [("PATCH", r#"{"status":"unsubscribed"}"#), ("DELETE", "")] {
        let bench = Bench::plain().await;
        let contact = bench.somebody(Status::Subscribed);
        bench.ask(method, &bench.member(&contact), body).await;
        let sends = bench.mailchimp.events_of(&contact.address).len();
        bench.world.write().unwrap().advance(14);
        let campaigns = bench
            .world
            .read()
            .unwrap()
            .campaigns(Publication::Weekly)
            .len();
        let path = "/reports?count=1000&fields=total_items";
        assert_eq!(bench.get(path).await["total_items"], campaigns);
        let later = bench.mailchimp.events_of(&contact.address);
        let sent = |events: &[engaged_sandbox::mailchimp::Event]| {
            events
                .iter()
                .filter(|event| event.kind == engaged_sandbox::mailchimp::Kind::Send)
                .count()
        };
        assert!(sent(&later) <= sends && sent(&later) < campaigns);
        let newest = bench.newest().await;
        let rows = bench
            .all(&format!("/reports/{newest}/sent-to"), "sent_to")
            .await;
        assert!(
            rows.iter()
                .all(|row| row["email_id"] != contact.email_id.as_str())
        );
    }
}

#[tokio::test]
async fn a_status_that_is_none_is_refused() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    for status in ["archived", "hot"] {
        let answer = bench
            .ask(
                "PATCH",
                &bench.member(&contact),
                &json!({"status": status}).to_string(),
            )
            .await;
        assert_eq!(
            (answer.status, answer.title()),
            (400, "Invalid Resource".into())
        );
    }
}
