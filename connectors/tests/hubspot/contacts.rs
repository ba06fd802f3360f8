use std::collections::BTreeSet;

use chrono::TimeDelta;
use engaged_connectors::{Connector as _, ConnectorError, Page, hubspot::CONTACTS};
use serde_json::json;

use super::fake::{Fake, last, pull_all, settings, stamp};

fn ids(pages: &[Page]) -> BTreeSet<u64> {
    let all = pages.iter().flat_map(|page| &page.contacts);
    all.map(|contact| contact.id.parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_reading_is_a_scan_by_the_list_and_a_day_later_shows_who_is_gone() {
    let fake = Fake::new();
    (1..=250).for_each(|id| fake.person(id, 86_400));
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    assert_eq!((pages.len(), ids(&pages).len()), (3, 250));
    assert!(pages.iter().all(|page| page.scan.is_some()));
    assert!(pages[2].scan.unwrap().done && !pages[1].scan.unwrap().done);
    assert!(fake.take().iter().all(|asked| asked.method == "GET"));
    fake.change(|account| account.contacts.remove(&7));
    fake.pass(TimeDelta::hours(25));
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert!(pages.iter().all(|page| page.scan.is_some()));
    assert!(!ids(&pages).contains(&7));
}

#[tokio::test(start_paused = true)]
async fn in_between_only_what_changed_is_searched_and_the_lag_of_the_index_is_read_again() {
    let fake = Fake::new();
    (1..=120).for_each(|id| fake.person(id, 86_400));
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::minutes(20));
    fake.person(3, 30);
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert_eq!(ids(&pages), BTreeSet::from([3]));
    assert!(pages.iter().all(|page| page.scan.is_none()));
    // The index learns now of a change that happened before the last pass ended.
    fake.person(4, 240);
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert!(ids(&pages).contains(&4));
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_of_ten_thousand_rows_is_never_met() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::hours(1));
    (1..=10_450).for_each(|id| fake.person(id, 3_000 - i64::try_from(id).unwrap() / 5));
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert_eq!(ids(&pages).len(), 10_450);
    assert!(
        fake.take()
            .iter()
            .all(|asked| asked.body["after"].is_null())
    );
}

#[tokio::test(start_paused = true)]
async fn an_import_of_one_millisecond_is_read_by_rising_ids() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::hours(1));
    (1..=900).for_each(|id| fake.person(id, 600));
    (901..=910).for_each(|id| fake.person(id, 10));
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert_eq!(ids(&pages).len(), 910);
}

#[tokio::test(start_paused = true)]
async fn whoever_changes_while_a_search_is_read_shifts_nobody_over_the_edge() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    let connector = fake.connector();
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::hours(1));
    (1..=600).for_each(|id| fake.person(id, 3_000 - i64::try_from(id).unwrap()));
    let mut pages_read = 0;
    let now = stamp(
        chrono::DateTime::parse_from_rfc3339("2026-11-22T13:00:00Z")
            .unwrap()
            .to_utc(),
    );
    fake.hook(move |account, asked| {
        if asked.path.ends_with("/search") {
            pages_read += 1;
            if pages_read == 2 {
                for id in 1..=5 {
                    account.contacts.get_mut(&id).unwrap()["lastmodifieddate"] = json!(now);
                }
            }
        }
        None
    });
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert_eq!(ids(&pages).len(), 600);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_comes_again_is_an_error_and_costs_nothing() {
    let fake = Fake::new();
    (1..=250).for_each(|id| fake.person(id, 86_400));
    let connector = fake.connector();
    let first = connector.pull(CONTACTS, None).await.unwrap();
    let mut again = true;
    fake.hook(move |account, asked| {
        let page = std::mem::take(&mut again).then(|| {
            let mut asked = asked.clone();
            asked.query.remove("after");
            let rows: Vec<_> = (1..=100)
                .map(|id: u64| json!({"id": id.to_string(), "properties": account.contacts[&id]}))
                .collect();
            json!({"results": rows, "paging": {"next": {"after": "100"}}})
        });
        page.map(|page| Ok((200, page)))
    });
    let error = connector
        .pull(CONTACTS, Some(&first.next))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    let pages = pull_all(&connector, CONTACTS, Some(first.next))
        .await
        .unwrap();
    assert_eq!(ids(&pages).len(), 150);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_from_the_future_begins_anew() {
    let fake = Fake::new();
    fake.person(1, 10);
    let connector = fake.connector();
    fake.pass(TimeDelta::days(3_650));
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    fake.pass(-TimeDelta::days(3_650));
    fake.person(2, 10);
    let pages = pull_all(&connector, CONTACTS, last(&pages)).await.unwrap();
    assert!(pages[0].scan.is_some());
    assert_eq!(ids(&pages).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_followed_type_that_is_not_there_is_the_users_to_correct() {
    let fake = Fake::new();
    let mut own = settings();
    own.lists = vec!["News".into()];
    fake.person(1, 10);
    let connector = fake.with(&own);
    let pages = pull_all(&connector, CONTACTS, None).await.unwrap();
    assert_eq!(pages[0].contacts[0].lists, ["News"]);
    assert!(connector.check().await.is_ok());
    own.lists = vec!["Weekly".into()];
    let error = fake.with(&own).check().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Config { .. }), "{error}");
    assert!(error.to_string().contains("Offers"), "{error}");
}

#[test]
fn an_address_that_would_be_too_long_is_refused_before_it_is_sent() {
    let fake = Fake::new();
    let mut own = settings();
    own.properties = (0..400).map(|n| format!("a_property_{n}")).collect();
    let made = engaged_connectors::hubspot::HubSpot::new(&own, fake.clone(), fake.clone());
    assert!(matches!(made.err(), Some(ConnectorError::Config { .. })));
    own.properties = vec!["ENGSCORE".into()];
    assert!(engaged_connectors::hubspot::HubSpot::new(&own, fake.clone(), fake).is_err());
}
