//! Profiles: who is there, what changed, who is gone.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, ConnectorError, Page, copernica::CONTACTS, model::Status,
};
use serde_json::json;

use crate::fake::{Fake, profile, read};

fn ids(pages: &[Page]) -> Vec<u64> {
    let contacts = pages.iter().flat_map(|page| &page.contacts);
    contacts
        .map(|contact| contact.id.parse().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn everybody_is_read_by_id_and_changes_by_what_moved_since() {
    let fake = Fake::new();
    fake.change(|account| account.page_max = 2);
    fake.people([3, 5, 8, 13, 21]);
    let connector = fake.connector();
    let (pages, cursor) = read(&connector, CONTACTS, None).await.unwrap();
    assert_eq!(ids(&pages), [3, 5, 8, 13, 21]);
    assert!(
        pages.iter().all(|page| page.scan.is_some()) && pages.last().unwrap().scan.unwrap().done
    );
    let contact = &pages[0].contacts[0];
    assert_eq!(contact.email.as_ref().unwrap().reveal(), "p3@example.org");
    assert_eq!(
        (contact.status, contact.fields["EngScore"].as_str()),
        (Some(Status::Subscribed), "0")
    );
    fake.pass(TimeDelta::hours(1));
    fake.change(|account| {
        account
            .profiles
            .insert(5, profile(5, "2026-02-10 13:30:00"))
    });
    let (pages, cursor) = read(&connector, CONTACTS, Some(cursor)).await.unwrap();
    assert_eq!(ids(&pages), [5]);
    assert!(pages.iter().all(|page| page.scan.is_none()));
    fake.pass(TimeDelta::hours(24));
    fake.change(|account| account.profiles.remove(&8));
    let (pages, _) = read(&connector, CONTACTS, Some(cursor)).await.unwrap();
    assert_eq!(
        ids(&pages),
        [3, 5, 13, 21],
        "once a day all are read, and who was removed is missed"
    );
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_joins_or_goes_while_we_page_moves_nobody() {
    let fake = Fake::new();
    fake.change(|account| account.page_max = 2);
    fake.people([3, 5, 8, 13, 21]);
    let connector = fake.connector();
    let first = connector.pull(CONTACTS, None).await.unwrap();
    fake.change(|account| account.profiles.remove(&3));
    fake.people([34]);
    let (pages, _) = read(&connector, CONTACTS, Some(first.next)).await.unwrap();
    assert_eq!(ids(&pages), [8, 13, 21, 34]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_filter_is_silently_ignored_by_copernica_and_noticed_by_us() {
    let fake = Fake::new();
    fake.people(1..=5);
    fake.change(|account| account.page_max = 2);
    let connector = fake.connector();
    let first = connector.pull(CONTACTS, None).await.unwrap();
    fake.change(|account| account.ignores_filters = true);
    let error = connector
        .pull(CONTACTS, Some(&first.next))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_column_named_modified_shadows_the_time_of_change_so_all_are_read() {
    let fake = Fake::new();
    fake.people([1]);
    fake.change(|account| {
        account
            .fields
            .push(json!({"name": "Modified", "type": "text"}));
    });
    let connector = fake.connector();
    let (_, cursor) = read(&connector, CONTACTS, None).await.unwrap();
    let (pages, _) = read(&connector, CONTACTS, Some(cursor)).await.unwrap();
    assert_eq!(ids(&pages), [1]);
    assert!(pages[0].scan.is_some());
    fake.change(|account| {
        account
            .fields
            .push(json!({"name": "id", "type": "integer"}));
    });
    let error = connector.pull(CONTACTS, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Config { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_from_the_future_begins_anew() {
    let fake = Fake::new();
    fake.people([1, 2]);
    let connector = fake.connector();
    let (_, cursor) = read(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::days(-400));
    let (pages, _) = read(&connector, CONTACTS, Some(cursor)).await.unwrap();
    assert_eq!(ids(&pages), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn the_same_address_in_two_profiles_is_two_contacts() {
    let fake = Fake::new();
    fake.people([1, 2]);
    fake.change(|account| {
        for each in account.profiles.values_mut() {
            each["fields"]["Email"] = "same@example.org".into();
        }
    });
    let (pages, _) = read(&fake.connector(), CONTACTS, None).await.unwrap();
    assert_eq!(ids(&pages).into_iter().collect::<BTreeSet<_>>().len(), 2);
}
