//! The answers, held against recordings of real servers: the same keys, the same kinds of values, the same words of refusal.
//!
//! The recordings are not part of this repository; without them these tests say so and pass.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::tests::client::Site;
use super::{GhostConfig, Version};

/// The folder of recordings, when there is one.
fn folder(version: Version) -> Option<PathBuf> {
    let root =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/platforms/ghost-samples");
    let folder = if version == Version::Six {
        root.join("v6")
    } else {
        root
    };
    if !folder.is_dir() {
        println!("skipped: no recordings in {}", folder.display());
        return None;
    }
    Some(folder)
}

fn recording(folder: &std::path::Path, name: &str) -> Option<Value> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Every path to a value with its kind; an absent value has none, an array is its first element.
fn shape(value: &Value, path: &str, out: &mut BTreeSet<(String, &'static str)>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(rows) => {
            if let Some(first) = rows.first() {
                shape(first, &format!("{path}[]"), out);
            }
            "array"
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                shape(field, &format!("{path}.{key}"), out);
            }
            "object"
        }
    };
    out.insert((path.to_owned(), kind));
}

/// Fails where one has a key that the other has not, or another kind of value. A null goes with anything.
fn same_shape(ours: &Value, theirs: &Value, name: &str) {
    let (mut own, mut real) = (BTreeSet::new(), BTreeSet::new());
    shape(ours, "", &mut own);
    shape(theirs, "", &mut real);
    let below_null = |path: &str, other: &BTreeSet<(String, &str)>| {
        other.iter().any(|(at, kind)| {
            (*kind == "null" && path.starts_with(at.as_str()))
                || (*kind == "array"
                    && path.starts_with(&format!("{at}[]"))
                    && !other.iter().any(|(p, _)| *p == format!("{at}[]")))
        })
    };
    for (path, kind) in own.symmetric_difference(&real) {
        let (here, there) = if own.contains(&(path.clone(), kind)) {
            ("ours", &real)
        } else {
            ("theirs", &own)
        };
        let other = there
            .iter()
            .find(|(at, _)| at == path)
            .map(|(_, kind)| *kind);
        let excused =
            *kind == "null" && other.is_some() || other == Some("null") || below_null(path, there);
        assert!(
            excused,
            "{name}: {path} is {kind} in {here}, {other:?} in the other"
        );
    }
}

async fn site(version: Version) -> Site {
    let config = GhostConfig {
        version,
        arrival_delay: 0,
        ..GhostConfig::default()
    };
    Site::configured(config, 400).await
}

/// Recordings of reads, and the request here that is like each.
fn reads(id: &str) -> Vec<(&'static str, String)> {
    vec![
        ("01-site.json", "site/".to_owned()),
        (
            "05-members-list.json",
            "members/?limit=3&page=1&filter=label:vip".to_owned(),
        ),
        (
            "20-labels-list.json",
            "labels/?limit=50&include=count.members&order=name asc".to_owned(),
        ),
        (
            "31-members-keyset.json",
            "members/?limit=2&order=id asc&filter=id:>'6a'+label:vip".to_owned(),
        ),
        (
            "32-members-fields.json",
            "members/?limit=1&fields=id,email,updated_at&filter=label:vip".to_owned(),
        ),
        (
            "33-member-read.json",
            format!("members/{id}/?include=email_recipients,newsletters,labels,subscriptions"),
        ),
        (
            "74-posts-email.json",
            "posts/?limit=1&include=email,count.clicks&fields=id,title,published_at".to_owned(),
        ),
        (
            "75-newsletters.json",
            "newsletters/?limit=50&include=count.members,count.active_members".to_owned(),
        ),
        (
            "11-events-email_opened_event.json",
            "members/events/?limit=2&filter=type:email_opened_event".to_owned(),
        ),
        (
            "11-events-email_delivered_event.json",
            "members/events/?limit=2&filter=type:email_delivered_event".to_owned(),
        ),
        (
            "11-events-email_sent_event.json",
            "members/events/?limit=2&filter=type:email_sent_event".to_owned(),
        ),
        (
            "11-events-click_event.json",
            "members/events/?limit=2&filter=type:click_event".to_owned(),
        ),
        (
            "11-events-newsletter_event.json",
            "members/events/?limit=2&filter=type:newsletter_event".to_owned(),
        ),
        (
            "11-events-signup_event.json",
            "members/events/?limit=2&filter=type:signup_event".to_owned(),
        ),
        (
            "12-events-unknown-type.json",
            "members/events/?limit=3&filter=type:nosuch_event".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn answers_have_the_shape_of_the_recorded_ones() {
    for version in [Version::Five, Version::Six] {
        let Some(folder) = folder(version) else {
            return;
        };
        let site = site(version).await;
        let member = site
            .get("members/?limit=1&filter=label:vip+email_count:>4")
            .await
            .rows("members")[0]
            .clone();
        let id = member["id"].as_str().unwrap();
        for (name, target) in reads(id) {
            let Some(real) = recording(&folder, name) else {
                continue;
            };
            let ours = site.get(&target).await;
            assert_eq!(u64::from(ours.status), real["status"], "{name}");
            same_shape(&ours.body, &real["body"], name);
        }
    }
}

#[tokio::test]
async fn failed_and_complained_events_have_the_recorded_shape_too() {
    for version in [Version::Five, Version::Six] {
        let Some(folder) = folder(version) else {
            return;
        };
        let config = GhostConfig {
            version,
            arrival_delay: 0,
            publication: crate::people::Publication::Weekly,
            ..GhostConfig::default()
        };
        let site = Site::configured(config, 2_000).await;
        for kind in ["email_failed_event", "email_complained_event"] {
            let ours = site
                .get(&format!("members/events/?limit=2&filter=type:{kind}"))
                .await;
            assert!(!ours.rows("events").is_empty(), "{kind}");
            let real = recording(&folder, &format!("11-events-{kind}.json")).unwrap();
            same_shape(&ours.body, &real["body"], kind);
        }
    }
}

/// Recordings of refusals, and the request here that is like each.
fn refused(one: &str) -> Vec<(&'static str, &'static str, &str, Option<Value>)> {
    let long = json!({"members": [{"note": "x".repeat(2_001)}]});
    vec![
        (
            "13-error-filter-key.json",
            "GET",
            "members/events/?filter=type:email_opened_event+data.email_id:6a",
            None,
        ),
        (
            "13-error-or.json",
            "GET",
            "members/events/?filter=type:email_opened_event,data.member_id:x",
            None,
        ),
        (
            "13-error-syntax.json",
            "GET",
            "members/events/?filter=type:",
            None,
        ),
        (
            "22-label-create-dup.json",
            "POST",
            "labels/",
            Some(json!({"labels": [{"name": "sync:hot-lead"}]})),
        ),
        (
            "27-bulk-nofilter.json",
            "PUT",
            "members/bulk/",
            Some(json!({"bulk": {"action": "addLabel"}})),
        ),
        (
            "28-member-put-404.json",
            "PUT",
            "members/5f0000000000000000000000/",
            Some(json!({"members": [{"note": "x"}]})),
        ),
        ("29-note-too-long.json", "PUT", one, Some(long)),
        ("65-webhook-list.json", "GET", "webhooks/", None),
        (
            "70-email-read.json",
            "GET",
            "emails/6aa0e2ed38848a331b116034/",
            None,
        ),
        ("73-links.json", "GET", "links/", None),
    ]
}

#[tokio::test]
async fn refusals_have_the_recorded_words() {
    for version in [Version::Five, Version::Six] {
        let Some(folder) = folder(version) else {
            return;
        };
        let site = site(version).await;
        let member = site.get("members/?limit=1").await.rows("members")[0].clone();
        let one = format!("members/{}/", member["id"].as_str().unwrap());
        site.ask(
            "POST",
            "labels/",
            Some(json!({"labels": [{"name": "sync:hot-lead"}]})),
        )
        .await;
        for (name, method, target, body) in refused(&one) {
            let Some(real) = recording(&folder, name) else {
                continue;
            };
            let ours = site.ask(method, target, body).await;
            let words = |body: &Value| {
                let mut error = body["errors"][0].clone();
                error["id"] = Value::Null;
                error
            };
            assert_eq!(u64::from(ours.status), real["status"], "{name}");
            assert_eq!(words(&ours.body), words(&real["body"]), "{name}");
        }
    }
}

#[tokio::test]
async fn a_bulk_change_answers_in_the_recorded_shape() {
    for version in [Version::Five, Version::Six] {
        let Some(folder) = folder(version) else {
            return;
        };
        let site = site(version).await;
        let body = json!({"bulk": {"action": "addLabel", "meta": {"label": {"id": "5f0000000000000000000000"}}}});
        let ours = site
            .ask("PUT", "members/bulk/?filter=label:vip", Some(body))
            .await;
        let real = recording(&folder, "26-bulk-addLabel-unknown.json").unwrap();
        same_shape(&ours.body, &real["body"], "26-bulk-addLabel-unknown.json");
    }
}
