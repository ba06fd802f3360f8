//! What comes by itself: forms with keys in brackets.

use chrono::{DateTime, Utc};
use engaged_connectors::{
    Connector as _,
    activecampaign::{BOUNCES, CONTACTS, UNSUBSCRIBES},
    model::EventKind,
    webhook::{Delivery, News, Trust},
};

use super::fake::{Fake, NOW};

fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish()
}

const OPEN: [(&str, &str); 8] = [
    ("type", "open"),
    ("date_time", "2026-02-03T00:13:02-06:00"),
    ("initiated_from", "public"),
    ("contact[id]", "4127"),
    ("contact[email]", "marit@example.org"),
    ("campaign[id]", "31"),
    ("campaign[name]", "Week 5"),
    ("User-Agent", "Mozilla/5.0"),
];

fn with<'p>(more: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
    let kept = OPEN
        .into_iter()
        .filter(|(key, _)| more.iter().all(|(own, _)| own != key));
    kept.chain(more.iter().copied()).collect()
}

fn delivery(body: &str) -> Delivery<'_> {
    Delivery {
        method: "POST",
        url: "https://hooks.example.org/secret",
        headers: &[],
        body: body.as_bytes(),
    }
}

fn read(pairs: &[(&str, &str)]) -> News {
    let (body, now) = (form(pairs), NOW.parse::<DateTime<Utc>>().unwrap());
    let connector = Fake::new().connector();
    let hook = connector.webhook().unwrap();
    hook.verify(&delivery(&body), None, now).unwrap();
    hook.read(&delivery(&body), now).unwrap()
}

fn name(pairs: &[(&str, &str)]) -> Option<String> {
    let body = form(pairs);
    Fake::new()
        .connector()
        .webhook()
        .unwrap()
        .name(&delivery(&body))
}

#[test]
fn opens_and_clicks_count_although_nothing_is_signed() {
    assert_eq!(
        Fake::new().connector().webhook().unwrap().trust(),
        Trust::PathOnly
    );
    let open = read(&OPEN).events.remove(0);
    assert_eq!(open.kind, EventKind::Open);
    assert_eq!(open.at.to_rfc3339(), "2026-02-03T06:13:02+00:00");
    assert_eq!(
        (open.contact.id.as_deref(), open.contact.email),
        (Some("4127"), None)
    );
    assert_eq!(open.campaign.as_deref(), Some("31"));
    assert_eq!(open.properties["user_agent"], "Mozilla/5.0");
    let click = with(&[
        ("type", "click"),
        ("link[id]", "8"),
        ("link[url]", "https://example.org/a?b=1"),
    ]);
    let news = read(&click);
    assert_eq!(news.events[0].kind, EventKind::Click);
    assert_eq!(
        news.events[0].link.as_deref(),
        Some("https://example.org/a?b=1")
    );
    assert_eq!(news.campaigns[0].name, "Week 5");
    assert!(news.poll.is_empty());
}

#[test]
fn everything_else_is_a_hint() {
    let poll = |kind| {
        let news = read(&with(&[("type", kind)]));
        assert!(news.events.is_empty() && news.rejects.is_empty());
        (news.poll, news.unknown)
    };
    assert_eq!(poll("bounce"), (vec![BOUNCES, CONTACTS], 0));
    assert_eq!(poll("unsubscribe"), (vec![UNSUBSCRIBES, CONTACTS], 0));
    for kind in ["subscribe", "update", "contact_tag_added"] {
        assert_eq!(poll(kind), (vec![CONTACTS], 0));
    }
    assert_eq!(poll("sent"), (vec![], 0));
    assert_eq!(poll("teleported"), (vec![], 1));
}

#[test]
fn the_order_of_keys_and_further_keys_do_not_make_another_delivery() {
    let mut other = OPEN.to_vec();
    other.reverse();
    other.push(("contact[tags]", "vip"));
    assert_eq!(name(&OPEN), name(&other));
    assert!(name(&OPEN).is_some());
    assert_ne!(
        name(&OPEN),
        name(&with(&[("date_time", "2026-02-03T00:13:03-06:00")]))
    );
    assert_ne!(name(&OPEN), name(&with(&[("contact[id]", "4128")])));
    // What has no name of its own is known by its body.
    assert_eq!(name(&with(&[("type", "update")])), None);
}

#[test]
fn what_cannot_be_believed_is_no_event() {
    let odd = [
        with(&[("date_time", "2036-02-03T00:13:02-06:00")]),
        with(&[("date_time", "2026-02-03 00:13:02")]),
        with(&[("contact[id]", "../1")]),
        with(&[("contact[id]", "")]),
    ];
    for pairs in odd {
        let news = read(&pairs);
        assert_eq!((news.events.len(), news.rejects.len()), (0, 1), "{pairs:?}");
        assert!(!news.rejects[0].reason.contains('@'));
    }
    let connector = Fake::new().connector();
    let hook = connector.webhook().unwrap();
    assert!(hook.read(&delivery("hello"), NOW.parse().unwrap()).is_err());
}
