//! Bounces, leavings and orders.

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, Page, Stream,
    activecampaign::{BOUNCES, CONTACTS, ORDERS, REPORTS, UNSUBSCRIBES},
    model::{Event, EventKind},
};
use serde_json::{Value, json};

use super::fake::{BEFORE, Fake, last, pull_all};

fn events(pages: &[Page]) -> Vec<Event> {
    pages.iter().flat_map(|page| page.events.clone()).collect()
}

fn bounce(number: u64, status: &str) -> Value {
    json!({"id": number.to_string(), "tstamp": BEFORE, "subscriberid": "4127", "contact": "4127", "campaignid": "31",
        "codeid": "48", "code": "48", "email": "marit@example.org", "error": "", "source": format!("Status: {status}\nx")})
}

#[tokio::test(start_paused = true)]
async fn bounces_are_read_to_the_last_known_one_only_if_they_come_newest_first() {
    for newest_first in [true, false] {
        let fake = Fake::new();
        let rows = |upto: u64| {
            let mut rows: Vec<Value> = (1..=upto).map(|n| bounce(n, "5.1.1")).collect();
            if newest_first {
                rows.reverse();
            }
            rows
        };
        fake.set("bounceLogs", rows(900));
        let connector = fake.connector();
        let pages = pull_all(&connector, BOUNCES, None).await.unwrap();
        assert_eq!(pages.last().unwrap().covered.len(), 1);
        let first = fake.take().len();
        fake.set("bounceLogs", rows(950));
        let news = pull_all(&connector, BOUNCES, last(&pages)).await.unwrap();
        let events = events(&news);
        assert!(
            events
                .iter()
                .any(|event| event.id.as_deref() == Some("bounce:950"))
        );
        assert!(
            events
                .iter()
                .all(|event| event.kind == EventKind::HardBounce)
        );
        let asked = fake.take().len();
        assert!(
            if newest_first {
                asked <= 4
            } else {
                asked >= first
            },
            "{asked} of {first}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lists_that_no_document_promises_may_be_missing() {
    let fake = Fake::new();
    fake.join(1, &[(1, "2")]);
    let connector = fake.connector();
    let told = async |stream: Stream, status: u16| {
        fake.hook(move |_, asked| {
            let gone = matches!(
                asked.path.as_str(),
                "bounceLogs" | "contactLists" | "ecomOrders"
            );
            gone.then(|| Ok((status, r#"{"message":"Forbidden"}"#.to_owned())))
        });
        let pages = pull_all(&connector, stream, None).await.unwrap();
        (events(&pages).len(), pages.last().unwrap().covered.len())
    };
    for status in [403, 404] {
        // Nothing is claimed; who left is read contact by contact instead.
        assert_eq!(told(BOUNCES, status).await, (0, 0));
        assert_eq!(told(ORDERS, status).await, (0, 0));
        assert_eq!(told(UNSUBSCRIBES, status).await, (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn who_left_is_the_same_event_from_the_list_and_from_the_contact() {
    let fake = Fake::new();
    fake.join(1, &[(1, "2"), (2, "1")]);
    fake.join(2, &[(1, "1")]);
    for number in 3..40 {
        fake.join(number, &[(1, "1")]);
    }
    fake.change(|account| account.page_max = 3);
    let connector = fake.following(&["Nieuws"]);
    let pages = pull_all(&connector, UNSUBSCRIBES, None).await.unwrap();
    let all = events(&pages);
    assert_eq!(all.len(), 1);
    assert_eq!(pages.last().unwrap().covered.len(), 1);
    assert_eq!(all[0].contact.id.as_deref(), Some("1"));
    // An hour later the second leaves, and the first is touched by a push of ours.
    fake.pass(TimeDelta::hours(1));
    fake.change(|account| {
        for row in &mut account.rows.get_mut("contacts").unwrap()[..2] {
            row["udate"] = "2026-11-22T06:30:00-06:00".into();
        }
        let row = &mut account.rows.get_mut("contactLists").unwrap()[2];
        (row["status"], row["udate"]) = ("2".into(), "2026-11-22T06:30:00-06:00".into());
    });
    fake.take();
    let news = pull_all(&connector, UNSUBSCRIBES, last(&pages))
        .await
        .unwrap();
    assert!(
        news.last().unwrap().covered.is_empty(),
        "nothing is claimed in between"
    );
    let news = events(&news);
    assert_eq!(news.len(), 2);
    assert_eq!(news[0], all[0]);
    assert!(fake.take().iter().all(|asked| asked.path != "contactLists"));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_completed_later_is_found_within_a_day() {
    let fake = Fake::new();
    let order = |number: u64, state: u64| {
        json!({"id": number.to_string(), "externalid": format!("w{number}"), "email": "lezer1@example.org", "state": state,
            "totalPrice": 3450, "currency": "eur", "connectionid": "1", "externalCreatedDate": BEFORE})
    };
    fake.set("ecomOrders", vec![order(2, 1), order(1, 4)]);
    let connector = fake.connector();
    let pages = pull_all(&connector, ORDERS, None).await.unwrap();
    assert_eq!(events(&pages).len(), 1);
    fake.set("ecomOrders", vec![order(2, 1), order(1, 1)]);
    fake.pass(TimeDelta::hours(25));
    let later = events(&pull_all(&connector, ORDERS, last(&pages)).await.unwrap());
    let ids: Vec<_> = later
        .iter()
        .filter_map(|event| event.id.as_deref())
        .collect();
    assert_eq!(ids, ["order:2", "order:1"]);
    assert_eq!(later[0].order.as_deref(), Some("w2"));
}

#[tokio::test(start_paused = true)]
async fn a_position_from_the_future_is_dropped() {
    let fake = Fake::new();
    fake.join(1, &[(1, "2")]);
    fake.set(
        "campaigns",
        vec![json!({"id": "31", "send_amt": "1", "opens": "1", "uniqueopens": "1"})],
    );
    fake.set("campaigns/31/links", vec![]);
    let connector = fake.connector();
    for stream in [CONTACTS, REPORTS, UNSUBSCRIBES] {
        fake.pass(TimeDelta::days(3_650));
        let pages = pull_all(&connector, stream, None).await.unwrap();
        fake.pass(TimeDelta::days(-3_650));
        let again = pull_all(&connector, stream, last(&pages)).await.unwrap();
        let anew = |pages: &[Page]| {
            pages
                .iter()
                .map(|page| page.contacts.len() + page.events.len())
                .sum::<usize>()
        };
        assert_eq!(anew(&again), anew(&pages), "{}", stream.0);
    }
}

/// The rows of a recorded answer.
fn fixture(name: &str) -> Vec<Value> {
    let path = format!(
        "{}/fixtures/activecampaign/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let page: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let rows = page.as_object().unwrap().values().find_map(Value::as_array);
    rows.unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn recorded_rows_mean_what_they_say_and_odd_ones_stand_alone() {
    let fake = Fake::new();
    fake.set(
        "campaigns",
        vec![json!({"id": "31", "send_amt": "9", "opens": "5", "uniqueopens": "4", "linkclicks": "0", "subscriberclicks": "0"})],
    );
    fake.set(
        "campaigns/31/links",
        vec![json!({"id": "7", "link": "open", "name": "Read Tracker"})],
    );
    fake.set("links/7/linkData", fixture("linkdata"));
    fake.set("bounceLogs", fixture("bouncelogs"));
    fake.set("contactLists", fixture("contactlists"));
    fake.set("ecomOrders", fixture("orders"));
    let connector = fake.connector();
    let mut told = Vec::new();
    for stream in [REPORTS, BOUNCES, UNSUBSCRIBES, ORDERS] {
        let pages = pull_all(&connector, stream, None).await.unwrap();
        let kinds: Vec<String> = events(&pages)
            .iter()
            .map(|event| event.kind.as_str().to_owned())
            .collect();
        told.push((
            kinds.join(" "),
            pages.iter().map(|page| page.rejects.len()).sum::<usize>(),
        ));
    }
    let expected = [
        ("open open", 2),
        ("soft_bounce bounce hard_bounce", 0),
        ("unsubscribe", 0),
        ("purchase purchase", 0),
    ];
    assert_eq!(
        told,
        expected.map(|(kinds, rejects)| (kinds.to_owned(), rejects))
    );
}

#[tokio::test(start_paused = true)]
async fn a_contact_who_is_there_is_told_whatever_is_odd_and_a_deleted_one_is_not() {
    let fake = Fake::new();
    let rows = fixture("contacts-odd");
    fake.hook(move |_, asked| {
        let (first, second) = (
            asked.query.get("id_greater").is_some_and(|id| id == "0"),
            asked.path == "contacts",
        );
        let filtered = asked.query.contains_key("listid") || asked.query.contains_key("status");
        if second {
            let rows = if first && !filtered {
                rows.clone()
            } else {
                Vec::new()
            };
            return Some(Ok((
                200,
                json!({"contacts": rows, "meta": {"total": "3"}}).to_string(),
            )));
        }
        let own = asked.path.strip_prefix("contacts/")?;
        let number: Value = own.parse::<u64>().unwrap_or_default().into();
        let row = rows
            .iter()
            .find(|row| row["id"] == own || row["id"] == number);
        row.map(|row| {
            Ok((
                200,
                json!({"contact": row, "contactLists": [], "fieldValues": []}).to_string(),
            ))
        })
        .or_else(|| {
            own.ends_with("contactTags")
                .then(|| Ok((200, r#"{"contactTags":[]}"#.to_owned())))
        })
    });
    let connector = fake.connector();
    let page = connector.pull(CONTACTS, None).await.unwrap();
    let ids: Vec<&str> = page
        .contacts
        .iter()
        .map(|contact| contact.id.as_str())
        .collect();
    assert_eq!(ids, ["4127", "4128"]);
    assert_eq!(page.contacts[1].email, None);
    assert_eq!(page.rejects.len(), 1);
    assert!(!page.rejects[0].reason.contains("adres"));
}
