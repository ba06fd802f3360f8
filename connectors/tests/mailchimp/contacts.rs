//! The members: who is there, who changed, who is gone.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, ConnectorError, Page, mailchimp::CONTACTS, model::Status,
};
use serde_json::{Value, json};

use super::fake::{Fake, LIST, bytes, last, pull_all, stamp};

const START: &str = "2026-01-01T00:00:00Z";

fn member(number: usize, changed: i64, status: &str) -> Value {
    json!({
        "id": format!("{number:032x}"), "contact_id": format!("{:032x}", number + 1_000_000),
        "email_address": format!("reader{number}@example.org"), "status": status,
        "merge_fields": {"FNAME": "X"}, "timestamp_opt": stamp(START, 0), "timestamp_signup": "",
        "last_changed": stamp(START, changed), "tags_count": 0, "tags": [],
    })
}

fn path() -> String {
    format!("lists/{LIST}/members")
}

/// 2,500 members, of whom 1,500 changed in one second, and 5 archived ones.
fn world() -> std::sync::Arc<Fake> {
    let fake = Fake::new();
    let changed = |number: usize| match number {
        500..2000 => 1000,
        number => i64::try_from(number).unwrap() * 2,
    };
    let mut rows: Vec<Value> = (0..2500)
        .map(|n| member(n, changed(n), "subscribed"))
        .collect();
    rows.extend((9000..9005).map(|n| member(n, 77, "archived")));
    fake.set(&path(), rows);
    fake
}

fn ids(pages: &[Page]) -> BTreeSet<String> {
    pages
        .iter()
        .flat_map(|page| &page.contacts)
        .map(|contact| contact.id.clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_pass_is_a_scan_of_everybody() {
    let fake = world();
    let pages = pull_all(&fake.connector(), CONTACTS, None).await.unwrap();
    assert_eq!(ids(&pages).len(), 2505);
    let scans: Vec<_> = pages.iter().map(|page| page.scan.unwrap()).collect();
    assert!(
        scans
            .iter()
            .all(|scan| scan.started_at == scans[0].started_at)
    );
    assert!(
        scans
            .split_last()
            .is_some_and(|(end, rest)| end.done && rest.iter().all(|s| !s.done))
    );
    let archived = pages.iter().flat_map(|page| &page.contacts);
    assert_eq!(
        archived
            .filter(|contact| contact.status == Some(Status::Suppressed))
            .count(),
        5
    );
}

#[tokio::test(start_paused = true)]
async fn every_checkpoint_leads_to_the_same_contacts() {
    let fake = world();
    fake.change(|account| account.page_max = 300);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    for done in 0..pages.len() - 1 {
        let rest = pull_all(&connector, CONTACTS, Some(pages[done].next.clone()))
            .await
            .unwrap();
        assert_eq!((&ids(&pages[..=done]) | &ids(&rest)).len(), 2505);
    }
}

#[tokio::test(start_paused = true)]
async fn members_who_change_while_we_page_are_not_taken_for_gone() {
    let fake = world();
    let mut calls = 0;
    fake.hook(move |account, asked| {
        calls += usize::from(asked.path.ends_with("/members"));
        // With every page, the members who come next move to the end of the list.
        if asked.path.ends_with("/members") && calls < 6 {
            let rows = account.rows.get_mut(&asked.path).unwrap();
            for row in rows
                .iter_mut()
                .filter(|row| row["status"] == "subscribed")
                .skip(calls * 400)
                .take(50)
            {
                row["last_changed"] =
                    stamp("2026-11-22T12:00:00Z", i64::try_from(calls).unwrap()).into();
            }
        }
        None
    });
    let pages = pull_all(&fake.connector(), CONTACTS, None).await.unwrap();
    assert_eq!(ids(&pages).len(), 2505);
}

#[tokio::test(start_paused = true)]
async fn later_passes_bring_what_changed_and_once_a_day_everybody() {
    let fake = world();
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::hours(1));
    fake.change(|account| {
        let rows = account.rows.get_mut(&path()).unwrap();
        rows[3]["last_changed"] = json!("2026-11-22T12:30:00+00:00");
        rows[4]["last_changed"] = json!("2026-11-22T12:31:00+00:00");
        rows[4]["status"] = json!("archived");
        rows.remove(5);
    });
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert!(pages.iter().all(|page| page.scan.is_none()));
    let changed = ids(&pages);
    assert!(
        changed.len() < 400,
        "only what changed, with an overlap: {}",
        changed.len()
    );
    for number in [3, 4] {
        assert!(changed.contains(&format!("{LIST}:{:032x}", number + 1_000_000)));
    }
    fake.pass(TimeDelta::hours(23));
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert_eq!(
        ids(&pages).len(),
        2504,
        "the deleted one does not come any more"
    );
    assert!(pages.last().unwrap().scan.unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn the_archived_are_not_taken_for_all_members() {
    let fake = world();
    let repeat = |fake: &Fake, times: usize| {
        let mut left = times;
        fake.hook(move |account, asked| {
            let live = asked.path.ends_with("/members") && !asked.query.contains_key("status");
            if !live || left == 0 {
                return None;
            }
            left -= 1;
            let rows = account.rows[&asked.path].iter();
            let rows: Vec<&Value> = rows.filter(|row| row["status"] == "archived").collect();
            Some(Ok((
                200,
                bytes(&json!({"members": rows, "total_items": rows.len()})),
            )))
        });
    };
    // Once: it is asked for again.
    repeat(&fake, 1);
    let pages = pull_all(&fake.connector(), CONTACTS, None).await.unwrap();
    assert_eq!(ids(&pages).len(), 2505);
    // Whatever is asked: nobody is called gone.
    repeat(&fake, usize::MAX);
    let error = pull_all(&fake.connector(), CONTACTS, None).await;
    assert!(matches!(error, Err(ConnectorError::Contract { .. })));
}

#[tokio::test(start_paused = true)]
async fn one_scan_spans_all_audiences() {
    let fake = world();
    fake.change(|account| {
        account
            .rows
            .get_mut("lists")
            .unwrap()
            .push(json!({"id": "ee", "name": "Shop"}));
        account
            .rows
            .insert("lists/ee/members".into(), vec![member(1, 5, "cleaned")]);
    });
    let pages = pull_all(&fake.connector(), CONTACTS, None).await.unwrap();
    let ends: Vec<bool> = pages.iter().map(|page| page.scan.unwrap().done).collect();
    assert_eq!(ends.iter().filter(|done| **done).count(), 1);
    let ids = ids(&pages);
    // The same person in two audiences is two members, joined by the address.
    let own = format!("{:032x}", 1_000_001);
    assert!(ids.contains(&format!("{LIST}:{own}")) && ids.contains(&format!("ee:{own}")));
    let shop = pages
        .iter()
        .flat_map(|page| &page.contacts)
        .find(|contact| contact.id.starts_with("ee:"));
    assert_eq!(shop.unwrap().lists, ["Shop"]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_audience_stops_with_the_names_there_are() {
    let fake = world();
    let error = fake.following(&["Nieuws"]).check().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Config { .. }));
    assert!(error.to_string().contains("Newsletter"), "{error}");
    assert_eq!(fake.connector().check().await.unwrap().name, "Krant");
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_is_ignored_is_an_error_and_no_circle() {
    let fake = world();
    fake.hook(|account, asked| {
        let rows = account
            .rows
            .get(&asked.path)
            .filter(|_| asked.path.ends_with("/members"))?;
        Some(Ok((
            200,
            bytes(&json!({"members": rows[..500], "total_items": 2500})),
        )))
    });
    let error = pull_all(&fake.connector(), CONTACTS, None)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    assert!(error.to_string().contains("unfiltered"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_scan_that_saw_fewer_than_there_are_is_an_error() {
    let fake = world();
    fake.hook(|account, asked| {
        // The filter swallows two minutes instead of a second.
        let since = asked.query.get("since_last_changed")?;
        let later = stamp(&since.replace("+00:00", "Z"), 120);
        let rows = account.rows[&asked.path].iter().filter(|row| {
            row["last_changed"].as_str() > Some(later.as_str()) && row["status"] == "subscribed"
        });
        let mut rows: Vec<&Value> = rows.collect();
        rows.sort_by_key(|row| row["last_changed"].as_str());
        let total = rows.len();
        rows.truncate(1000);
        Some(Ok((
            200,
            bytes(&json!({"members": rows, "total_items": total})),
        )))
    });
    let error = pull_all(&fake.connector(), CONTACTS, None)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("there are 2500 members"),
        "{error}"
    );
}
