//! Webhooks: what is told of members, in which shape, and what is not told at all.

use serde_json::{Value, json};

use super::client::Site;
use crate::ghost::{Delivery, GhostConfig, Version};

async fn site() -> Site {
    let config = GhostConfig {
        version: Version::Five,
        webhook_url: Some("https://hooks.example.nl/site".to_owned()),
        ..GhostConfig::default()
    };
    Site::configured(config, 40).await
}

fn body(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.body).unwrap()
}

/// The names of what stands under `previous`.
fn previous(delivery: &Delivery) -> Vec<String> {
    let body = body(delivery);
    let previous = body["member"]["previous"].as_object().unwrap();
    previous.keys().cloned().collect()
}

#[tokio::test]
async fn whoever_was_there_before_is_not_told_and_news_of_members_are() {
    let site = site().await;
    assert_eq!(site.serving.ghost().deliveries(), []);
    site.world.write().unwrap().day_of_news();
    let told = site.serving.ghost().deliveries();
    let added = told.iter().filter(|one| one.event == "member.added");
    assert!(added.clone().count() > 0);
    for one in added {
        assert!(body(one)["member"]["current"]["email"].is_string());
        assert_eq!(body(one)["member"]["previous"], json!({}));
    }
    assert_eq!(site.serving.ghost().deliveries(), []);
}

#[tokio::test]
async fn a_change_tells_what_was_before_as_recorded() {
    let site = site().await;
    site.serving.ghost().deliveries();
    let member = site.serving.ghost().members().remove(0);
    let path = format!("members/{}/", member.id);
    for change in [
        json!({"labels": [{"name": "L2"}]}),
        json!({"name": "Hook2"}),
    ] {
        let wanted = json!({"members": [change]});
        assert_eq!(site.ask("PUT", &path, Some(wanted)).await.status, 200);
    }
    let told = site.serving.ghost().deliveries();
    assert!(told.iter().all(|one| one.event == "member.edited"));
    assert_eq!(previous(&told[0]), ["labels"]);
    assert!(previous(&told[1]).contains(&"name".to_owned()));
    assert!(site.serving.ghost().delete_member(&member.email));
    let told = site.serving.ghost().deliveries();
    assert_eq!(told[0].event, "member.deleted");
    assert_eq!(body(&told[0])["member"]["previous"]["id"], member.id);
}

#[tokio::test]
async fn bulk_changes_tell_nothing() {
    let site = site().await;
    site.serving.ghost().deliveries();
    let wanted = json!({"bulk": {"action": "unsubscribe", "meta": {}}});
    let answer = site
        .ask("PUT", "members/bulk/?all=true", Some(wanted))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(site.serving.ghost().deliveries(), []);
}
