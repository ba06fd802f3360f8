//! Recorded rows, odd rows and nonsense.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ghost::{fake::fixture, members, wire::EventPage};

fn read_fixture(feed: Feed, name: &str, followed: &[String]) -> Reading {
    let page: EventPage = serde_json::from_str(&fixture(name)).unwrap();
    read(feed, page.events, followed)
}

fn rows(value: Value) -> Vec<Row> {
    serde_json::from_value(value).unwrap()
}

/// The shortest readable form of events.
fn lines(reading: &Reading) -> Vec<String> {
    let line = |event: &Event| {
        let at = event.at.format("%F %T");
        format!(
            "{} {} {at}",
            event.kind.as_str(),
            event.id.as_deref().unwrap_or("-")
        )
    };
    reading.events.iter().map(line).collect()
}

#[test]
fn each_row_about_a_recipient_gives_the_same_send() {
    for (feed, name, second) in [
        (Feed::Sent, "events-sent", None),
        (
            Feed::Delivered,
            "events-delivered",
            Some(EventKind::Delivery),
        ),
        (Feed::Failed, "events-failed", Some(EventKind::HardBounce)),
    ] {
        let text = fixture(name);
        let mut value: Value = serde_json::from_str(&text).unwrap();
        let reading = read_fixture(feed, name, &[]);
        let kinds: Vec<EventKind> = reading
            .events
            .iter()
            .map(|event| event.kind.clone())
            .collect();
        let each: Vec<EventKind> = [EventKind::Send].into_iter().chain(second).collect();
        assert_eq!(kinds, [each.clone(), each].concat());

        // The same row as another feed would show it.
        let row = &mut value["events"][0];
        row["type"] = "email_failed_event".into();
        row["data"]["created_at"] = "2026-11-21T00:00:00.000Z".into();
        let moved = read(Feed::Failed, rows(json!([row])), &[]);
        assert_eq!(reading.events[0], moved.events[0]);
        assert_eq!(reading.events[0].tracked, Some(true));
    }
}

#[test]
fn opens_and_clicks_name_the_same_campaign_as_the_send() {
    let opened = read_fixture(Feed::Opened, "events-opened", &[]);
    assert_eq!(
        lines(&opened),
        [
            "open 6afd227aa3b784a7521198b9 2026-11-19 10:47:47",
            "open 6afd227a595969f552119ae8 2026-11-19 08:01:32",
        ]
    );
    assert_eq!(
        opened.events[0].contact.id.as_deref(),
        Some("6a650d0aed0ed45ab2113987")
    );
    assert_eq!(opened.campaigns.len(), 1);
    assert_eq!(opened.campaigns[0].name, "Issue #8");
    let clicked = read_fixture(Feed::Clicked, "events-clicked", &[]);
    assert_eq!(
        clicked.events[0].campaign.as_ref(),
        Some(&opened.campaigns[0].id)
    );
    assert_eq!(clicked.events[0].campaign, opened.events[0].campaign);
    assert_eq!(
        clicked.events[0].link.as_deref(),
        Some("https://example.com/a7-2?ref=weekbrief")
    );
    assert_eq!(
        clicked.events[0].contact.id.as_deref(),
        Some("6abece4736e24b32da115ff3")
    );
    assert!(
        clicked.campaigns.is_empty(),
        "a click does not know when the mail went out"
    );
}

#[test]
fn complaints_come_under_another_type_than_asked_for() {
    let reading = read_fixture(Feed::Complained, "events-complained", &[]);
    assert_eq!(reading.events.len(), 2);
    assert_eq!(reading.events[0].kind, EventKind::Complaint);
}

#[test]
fn an_open_of_a_deleted_member_keeps_the_members_id() {
    let reading = read_fixture(Feed::Opened, "events-opened-member-gone", &[]);
    assert_eq!(
        reading.events[0].contact.id.as_deref(),
        Some("6a6454d7a9df07a303113741")
    );
    assert_eq!(reading.events[0].contact.email, None);
}

#[test]
fn only_followed_newsletters_are_joined_and_left() {
    let all = read_fixture(Feed::Newsletter, "events-newsletter", &[]);
    let kinds: Vec<_> = all.events.iter().map(|event| &event.kind).collect();
    assert_eq!(kinds, [&EventKind::Subscribe, &EventKind::Unsubscribe]);
    assert_eq!(all.events[0].properties["list"], "Weekbrief");
    let followed = read_fixture(
        Feed::Newsletter,
        "events-newsletter",
        &["Weekbrief".to_owned()],
    );
    assert_eq!(followed.events, all.events);
    let other = read_fixture(Feed::Newsletter, "events-newsletter", &["Other".to_owned()]);
    assert!(other.events.is_empty() && other.rejects.is_empty());
    assert_eq!(other.places.len(), 2, "the walk goes on past them");
}

#[test]
fn signups_comments_and_payments_are_read() {
    assert_eq!(
        read_fixture(Feed::Signup, "events-signup", &[])
            .events
            .len(),
        2
    );
    let comments = read_fixture(Feed::Comment, "events-comment", &[]).events;
    assert_eq!(
        comments[0].url.as_deref(),
        Some("http://127.0.0.1:2368/issue-1/")
    );
    let paid = read_fixture(Feed::Payment, "events-payment", &[]).events;
    let values: Vec<_> = paid
        .iter()
        .map(|e| (e.value_cents.unwrap(), e.currency.as_deref()))
        .collect();
    assert_eq!(values, [(70_000, Some("JPY")), (500, Some("USD"))]);
}

#[test]
fn an_odd_row_is_rejected_alone_and_without_its_address() {
    let mut value: Value = serde_json::from_str(&fixture("events-opened")).unwrap();
    let good = value["events"][0].clone();
    let list = value["events"].as_array_mut().unwrap();
    for (key, wrong) in [
        ("id", json!(7)),
        ("created_at", json!("soon")),
        ("email", json!("x@y.nl")),
    ] {
        let mut row = good.clone();
        row["data"][key] = wrong;
        list.push(row);
    }
    let mut nobody = good.clone();
    nobody["data"]["member_id"] = Value::Null;
    nobody["data"]["member"] = json!({});
    list.extend([
        nobody,
        json!("text"),
        json!(null),
        json!({"type": "email_opened_event"}),
    ]);
    let reading = read(Feed::Opened, rows(value["events"].take()), &[]);
    assert_eq!((reading.events.len(), reading.rejects.len()), (2, 7));
    let known = &reading.rejects[2];
    assert_eq!(known.id.as_deref(), good["data"]["id"].as_str());
    assert!(known.at.is_some());
    assert!(
        reading
            .rejects
            .iter()
            .all(|reject| !reject.reason.contains('@'))
    );
}

#[test]
fn unknown_keys_and_types_are_passed_over() {
    let mut value: Value = serde_json::from_str(&fixture("events-opened")).unwrap();
    value["events"][0]["data"]["device"] = json!({"name": "new"});
    value["events"][1]["type"] = "email_reopened_event".into();
    let reading = read(Feed::Opened, rows(value["events"].take()), &[]);
    assert_eq!((reading.events.len(), reading.rejects.len()), (1, 0));
    let none = read_fixture(Feed::Opened, "events-unknown-type", &[]);
    assert!(none.events.is_empty());
}

/// JSON of any shape, with the keys and texts that the parser looks at.
fn anything() -> impl Strategy<Value = Value> {
    let texts = [
        "email_opened_event",
        "2026-11-19T10:47:47.000Z",
        "a@b",
        "6afd",
        "",
        "fail",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(texts.to_vec()).prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let keys = [
        "type",
        "data",
        "id",
        "created_at",
        "member",
        "member_id",
        "email",
        "post",
        "link",
        "to",
        "newsletter",
        "newsletters",
        "labels",
        "name",
        "amount",
        "currency",
        "subscribed",
        "info",
        "email_suppression",
        "suppressed",
        "reason",
        "submitted_at",
        "post_id",
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        let key = proptest::sample::select(keys.to_vec()).prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_reader_panic_or_lose_a_row(value in proptest::collection::vec(anything(), 0..6)) {
        let count = value.len();
        for feed in [Feed::Sent, Feed::Clicked, Feed::Newsletter, Feed::Payment, Feed::Comment] {
            let reading = read(feed, rows(Value::from(value.clone())), &[]);
            prop_assert!(reading.rejects.len() + reading.places.len() >= count);
            prop_assert!(reading.rejects.len() <= count);
        }
        for member in &value {
            let (contact, _) = members::read("6afd", member, &[]);
            prop_assert_eq!(contact.id, "6afd");
        }
    }
}
