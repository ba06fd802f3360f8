//! Recorded members, and a scan over a list that changes.

use serde_json::json;

use super::*;
use crate::{
    connector::Connector as _,
    ghost::{
        MEMBERS,
        fake::{Asked, Fake, fixture, noon},
    },
};

fn member(name: &str) -> Value {
    let page: MemberPage = serde_json::from_str(&fixture(name)).unwrap_or_else(|_| {
        let mut value: Value = serde_json::from_str(&fixture(name)).unwrap();
        value["meta"] = json!({"pagination": {"total": 1}});
        serde_json::from_value(value).unwrap()
    });
    page.members[0].clone()
}

#[test]
fn a_member_becomes_a_contact() {
    let (contact, reject) = read("x", &member("members"), &[]);
    assert_eq!(reject, None);
    assert_eq!(contact.email, Address::parse("an@mail.example"));
    assert_eq!(contact.status, Some(Status::Subscribed));
    assert_eq!(contact.lists, ["Weekbrief"]);
    assert_eq!(contact.tags.unwrap(), ["VIP", "Beta Tester"]);
    assert_eq!(contact.fields["name"], "An de Wit");
    assert_eq!(contact.fields["status"], "free");
    assert_eq!(
        contact.subscribed_at.unwrap().to_string(),
        "2026-11-22 04:43:33 UTC"
    );
}

#[test]
fn the_strictest_status_counts() {
    let of = |change: &dyn Fn(&mut Value), followed: &[&str]| {
        let mut member = member("member-suppressed");
        change(&mut member);
        let followed: Vec<String> = followed.iter().map(|&name| name.to_owned()).collect();
        read("x", &member, &followed).0.status.unwrap()
    };
    let spam = |member: &mut Value| member["email_suppression"]["info"]["reason"] = "spam".into();
    let fine = |member: &mut Value| member["email_suppression"] = json!({"suppressed": false});
    let left = |member: &mut Value| member["newsletters"] = json!([]);
    let archived = |member: &mut Value| {
        fine(member);
        member["newsletters"][0]["status"] = "archived".into();
    };
    assert_eq!(of(&|_| (), &[]), Status::Bounced);
    assert_eq!(of(&spam, &[]), Status::Complained);
    assert_eq!(of(&fine, &[]), Status::Subscribed);
    assert_eq!(of(&fine, &["Weekbrief"]), Status::Subscribed);
    assert_eq!(of(&fine, &["Other"]), Status::Unsubscribed);
    assert_eq!(of(&left, &[]), Status::Unsubscribed);
    assert_eq!(of(&archived, &[]), Status::Unsubscribed);
}

#[test]
fn a_member_that_is_partly_unreadable_is_still_there() {
    let mut odd = member("members");
    odd["email"] = "nonsense".into();
    odd["labels"] = Value::Null;
    let (contact, reject) = read("x", &odd, &[]);
    assert_eq!((contact.email, contact.tags), (None, None));
    assert_eq!(contact.status, Some(Status::Subscribed));
    assert!(reject.is_some_and(|reject| !reject.reason.contains("nonsense")));
}

/// Members `m000`, `m001` ... by keyset, as Ghost gives them.
fn list(count: usize) -> impl FnMut(&Asked) -> crate::ghost::fake::Reply + Send {
    move |asked| {
        let after = asked
            .filter
            .trim_start_matches("id:>")
            .trim_matches('\'')
            .to_owned();
        let ids = (0..count)
            .map(|i| format!("m{i:03}"))
            .filter(|id| *id > after);
        let rest: Vec<Value> = ids
            .map(|id| json!({"id": id, "email": "a@b.nl", "labels": [], "newsletters": []}))
            .collect();
        let meta = json!({"pagination": {"total": rest.len()}});
        let page: Vec<&Value> = rest.iter().take(100).collect();
        Ok((200, json!({"members": page, "meta": meta}).to_string()))
    }
}

#[tokio::test]
async fn a_scan_reads_everybody_once_and_the_next_begins_anew() {
    let (ghost, fake) = Fake::answering(list(250));
    let mut cursor = None;
    for _ in 0..2 {
        let mut ids = Vec::new();
        loop {
            let page = ghost.pull(MEMBERS, cursor.as_ref()).await.unwrap();
            ids.extend(page.contacts.into_iter().map(|contact| contact.id));
            cursor = Some(page.next);
            let scan = page.scan.unwrap();
            assert_eq!((scan.started_at, scan.done), (noon(), page.done));
            if page.done {
                break;
            }
        }
        assert_eq!(
            ids,
            (0..250).map(|i| format!("m{i:03}")).collect::<Vec<_>>()
        );
        assert_eq!(fake.take().len(), 3);
    }
}

#[tokio::test]
async fn a_scan_that_is_resumed_keeps_its_beginning() {
    let (ghost, fake) = Fake::answering(list(150));
    let first = ghost.pull(MEMBERS, None).await.unwrap();
    fake.set_now(noon() + chrono::TimeDelta::days(3));
    let second = ghost.pull(MEMBERS, Some(&first.next)).await.unwrap();
    assert_eq!(
        second.scan.unwrap(),
        Scan {
            started_at: noon(),
            done: true
        }
    );
    let third = ghost.pull(MEMBERS, Some(&second.next)).await.unwrap();
    assert_eq!(
        third.scan.unwrap().started_at,
        noon() + chrono::TimeDelta::days(3)
    );
}

#[tokio::test]
async fn a_scan_from_the_future_begins_anew() {
    let (ghost, _) = Fake::answering(list(150));
    let started_at = noon() + chrono::TimeDelta::days(365);
    let cursor = Cursor::encode(&Position {
        started_at,
        last: Some("m100".into()),
    })
    .unwrap();
    let page = ghost.pull(MEMBERS, Some(&cursor)).await.unwrap();
    assert_eq!(
        (page.contacts.len(), page.scan.unwrap().started_at),
        (100, noon())
    );
}

#[tokio::test]
async fn a_list_that_does_not_lead_on_is_refused() {
    let body = |ids: &[Value], total: usize| {
        let members: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "email": "a@b.nl"}))
            .collect();
        json!({"members": members, "meta": {"pagination": {"total": total}}}).to_string()
    };
    for body in [
        body(&["b".into(), "a".into()], 2),
        body(&["a".into(), "a".into()], 2),
        body(&[Value::Null], 1),
        body(&[], 5),
        r#"{"members":[]}"#.to_owned(),
        "<html>".to_owned(),
    ] {
        let (ghost, _) = Fake::answering(move |_| Ok((200, body.clone())));
        let error = ghost.pull(MEMBERS, None).await.unwrap_err();
        assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    }
}
