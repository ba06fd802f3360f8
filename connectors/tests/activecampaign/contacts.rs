//! Reading contacts: by id, with lists by filters, details one by one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, ConnectorError, Page,
    activecampaign::CONTACTS,
    model::{Contact, Status},
};
use serde_json::json;

use super::fake::{Fake, contact, last, pull_all};

/// Whoever came last, by id.
fn people(pages: &[Page]) -> BTreeMap<String, Contact> {
    let all = pages.iter().flat_map(|page| page.contacts.clone());
    all.map(|contact| (contact.id.clone(), contact)).collect()
}

fn told(contact: &Contact) -> (Option<Status>, Vec<&str>) {
    (
        contact.status,
        contact.lists.iter().map(String::as_str).collect(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_status_over_any_list_makes_nobody_look_subscribed_or_gone() {
    for status_of_list in [false, true] {
        let fake = Fake::new();
        fake.change(|account| (account.status_of_list, account.page_max) = (status_of_list, 3));
        fake.join(1, &[(1, "1")]);
        fake.join(2, &[(1, "2"), (2, "1")]);
        fake.join(3, &[(1, "2"), (2, "2")]);
        fake.join(4, &[]);
        fake.join(5, &[(1, "3")]);
        fake.join(6, &[(1, "0")]);
        fake.join(7, &[(1, "1"), (2, "1")]);
        // Only the scan: the round would read each by itself afterwards.
        let connector = fake.connector();
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let page = connector.pull(CONTACTS, cursor.as_ref()).await.unwrap();
            cursor = Some(page.next.clone());
            let scan = page.scan.unwrap();
            pages.push(page);
            if scan.done {
                break;
            }
        }
        let people = people(&pages);
        let seen: Vec<_> = people.values().map(told).collect();
        let expected = [
            (Some(Status::Subscribed), vec!["Nieuws"]),
            (Some(Status::Subscribed), vec!["Winkel"]),
            (Some(Status::Unsubscribed), vec![]),
            (Some(Status::Unsubscribed), vec![]),
            (Some(Status::Bounced), vec![]),
            (Some(Status::Unsubscribed), vec![]),
            (Some(Status::Subscribed), vec!["Nieuws", "Winkel"]),
        ];
        assert_eq!(seen, expected);
        // The one in doubt alone is read by itself.
        let alone = |path: &str| {
            path.strip_prefix("contacts/")
                .is_some_and(|id| !id.contains('/'))
        };
        let asked = fake.take();
        let alone: BTreeSet<&str> = asked
            .iter()
            .map(|a| a.path.as_str())
            .filter(|p| alone(p))
            .collect();
        assert_eq!(alone, BTreeSet::from(["contacts/2"]));
    }
}

#[tokio::test(start_paused = true)]
async fn custom_fields_and_tags_come_with_the_round() {
    let fake = Fake::new();
    fake.join(4127, &[(1, "1")]);
    fake.set(
        "fields",
        vec![json!({"id": "12", "perstag": "CITY", "type": "text"})],
    );
    fake.set(
        "fieldValues",
        vec![json!({"id": "1", "contact": "4127", "field": "12", "value": "Gouda"})],
    );
    fake.set(
        "tags",
        vec![json!({"id": "9", "tag": "vip", "tagType": "contact"})],
    );
    fake.set(
        "contactTags",
        vec![json!({"id": "5", "contact": "4127", "tag": "9"})],
    );
    let pages = pull_all(&fake.connector(), CONTACTS, None).await.unwrap();
    let contact = &people(&pages)["4127"];
    assert_eq!(contact.fields["CITY"], "Gouda");
    assert_eq!(contact.fields["firstName"], "Marit");
    assert_eq!(contact.tags, Some(vec!["vip".to_owned()]));
    assert!(contact.subscribed_at.is_some());
    // A quiet hour costs the lists and one page.
    fake.take();
    fake.pass(TimeDelta::hours(1));
    let quiet = pull_all(&fake.connector(), CONTACTS, last(&pages))
        .await
        .unwrap();
    assert!(people(&quiet).is_empty());
    assert_eq!(fake.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn deleted_contacts_are_noticed_by_the_daily_scan_alone() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    fake.join(2, &[(1, "1")]);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.change(|account| account.rows.get_mut("contacts").unwrap().remove(0));
    fake.pass(TimeDelta::hours(25));
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert!(
        pages
            .iter()
            .any(|page| page.scan.is_some_and(|scan| scan.done))
    );
    assert_eq!(people(&pages).keys().collect::<Vec<_>>(), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_is_read_whole_and_our_own_writes_are_harmless() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    fake.join(2, &[(1, "1")]);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::hours(1));
    fake.change(|account| {
        account.rows.get_mut("contacts").unwrap()[1]["udate"] = "2026-11-22T06:30:00-06:00".into();
        account.rows.get_mut("contactLists").unwrap()[1]["status"] = "2".into();
    });
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    let people = people(&pages);
    assert_eq!(people.keys().collect::<Vec<_>>(), ["2"]);
    assert_eq!(people["2"].status, Some(Status::Unsubscribed));
}

#[tokio::test(start_paused = true)]
async fn filters_that_are_ignored_are_refused() {
    // id_greater: the same page again and again.
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    let everybody = json!({"contacts": [contact(1)], "meta": {"total": "1"}}).to_string();
    let page = everybody.clone();
    fake.hook(move |_, asked| (asked.path == "contacts").then(|| Ok((200, page.clone()))));
    let error = pull_all(&fake.connector(), CONTACTS, None)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    // listid: whoever is on no list would be on each.
    fake.unhook();
    fake.set("contactLists", vec![]);
    fake.hook(move |_, asked| {
        let filtered = asked.query.contains_key("listid") && asked.query["id_greater"] == "0";
        filtered.then(|| Ok((200, everybody.clone())))
    });
    let error = pull_all(&fake.connector(), CONTACTS, None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("listid is ignored"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_page_of_nobody_is_not_believed_where_there_are_some() {
    let fake = Fake::new();
    fake.hook(|_, asked| {
        let page = json!({"contacts": [], "meta": {"total": "3"}});
        (asked.path == "contacts").then(|| Ok((200, page.to_string())))
    });
    assert!(pull_all(&fake.connector(), CONTACTS, None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_followed_list_that_does_not_exist_is_the_users_to_correct() {
    let fake = Fake::new();
    let error = fake.following(&["Niews"]).check().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Config { .. }), "{error}");
    assert!(error.to_string().contains("\"Nieuws\""), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_a_missing_right_and_a_wrong_host_are_told_apart() {
    let fake = Fake::new();
    let account = fake.connector().check().await.unwrap();
    assert_eq!(account.name, "krant.api-us1.com");
    let asked = fake.take();
    assert!(
        asked
            .iter()
            .all(|a| a.method == "GET" && a.headers.contains_key("api-token"))
    );
    let refuse = |what: &'static str, status: u16, body: &'static str| {
        let fake = Fake::new();
        fake.hook(move |_, asked| {
            asked
                .path
                .starts_with(what)
                .then(|| Ok((status, body.to_owned())))
        });
        fake
    };
    let forbidden = r#"{"message":"Forbidden"}"#;
    let error = refuse("", 403, forbidden)
        .connector()
        .check()
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectorError::Auth { missing: None, .. }),
        "{error}"
    );
    let error = refuse("campaigns", 403, forbidden)
        .connector()
        .check()
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ConnectorError::Auth {
                missing: Some(_),
                ..
            }
        ),
        "{error}"
    );
    let error = refuse("users", 404, "<html>")
        .connector()
        .check()
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Config { .. }), "{error}");
    let error = refuse("users", 200, "<html>")
        .connector()
        .check()
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_list_without_a_name_goes_by_its_id_and_one_that_hides_it_stops_the_stream() {
    let fake = Fake::new();
    // The fourth row of the specification's sample of `/lists` has an empty name.
    fake.set(
        "lists",
        vec![
            json!({"id": "1", "name": "Nieuws"}),
            json!({"id": "4", "name": ""}),
        ],
    );
    fake.join(1, &[(4, "1")]);
    fake.join(2, &[(4, "2")]);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    let people = people(&pages);
    let seen: Vec<_> = people.values().map(told).collect();
    let expected = [
        (Some(Status::Subscribed), vec!["4"]),
        (Some(Status::Unsubscribed), vec![]),
    ];
    assert_eq!(seen, expected);
    for hidden in [json!({"id": "4"}), json!({"id": "4", "name": null})] {
        fake.set("lists", vec![hidden]);
        let refused = pull_all(&fake.connector(), CONTACTS, None).await;
        assert_eq!(refused.unwrap_err().code(), "E0501");
    }
}
