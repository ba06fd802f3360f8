//! Looking, taking off and putting back, where Ghost answers otherwise than the sandbox does.

use serde_json::{Value, json};

use super::super::fake::{Asked, Fake, Reply};
use crate::connector::{Connector as _, Former, Outcome, Removal, Who};
use crate::model::Status;

const ID: &str = "66b0c1f2a3d4e5f601234567";

#[expect(
    clippy::unnecessary_wraps,
    reason = "every answer of the fake has this type"
)]
fn ok(body: &Value) -> Reply {
    Ok((200, body.to_string()))
}

/// A member on these newsletters.
fn member(newsletters: &[&str]) -> Value {
    let newsletters: Vec<Value> = newsletters
        .iter()
        .map(|id| json!({"id": id, "name": format!("Letter {id}"), "status": "active"}))
        .collect();
    json!({"id": ID, "email": "lena@example.org", "status": "free", "labels": [], "newsletters": newsletters,
        "email_suppression": {"suppressed": false}})
}

fn word(newsletter: &str, at: &str, subscribed: bool, source: &str) -> Value {
    json!({"type": "newsletter_event", "data": {"id": "1", "member_id": ID, "created_at": at,
        "subscribed": subscribed, "source": source, "newsletter": {"id": newsletter, "name": "x"}}})
}

fn events(rows: &[Value]) -> Value {
    json!({"events": rows, "meta": {"pagination": {"total": rows.len()}}})
}

fn who() -> Who {
    Who {
        contact: ID.into(),
        email: None,
    }
}

/// Puts back somebody who was on `Letter a`, on a site that answers so.
async fn put_back(member_now: Value, words: Vec<Value>, after: Value) -> (Outcome, Vec<Asked>) {
    let (ghost, fake) = Fake::answering(move |asked| match asked.path.as_str() {
        "newsletters/" => {
            ok(&json!({"newsletters": [{"id": "a", "name": "Letter a", "status": "active"}]}))
        }
        "members/events/" => ok(&events(&words)),
        _ if asked.method == "PUT" => ok(&json!({"members": [after]})),
        _ => ok(&json!({"members": [member_now]})),
    });
    let former = Former {
        who: who(),
        removal: Removal::Unsubscribe,
        status: Status::Subscribed,
        lists: vec!["Letter a".into()],
        tags: vec![],
    };
    let outcome = ghost.restore(&[former]).await.unwrap().remove(0);
    (outcome, fake.take())
}

fn written(asked: &[Asked]) -> usize {
    asked.iter().filter(|asked| asked.method != "GET").count()
}

#[tokio::test(start_paused = true)]
async fn only_our_own_last_word_is_taken_back() {
    let (early, late) = ("2026-11-20T08:00:00.000Z", "2026-11-21T08:00:00.000Z");
    let off = |at, source| word("a", at, false, source);
    let ours = vec![off(late, "api"), off(early, "member")];
    let (outcome, asked) = put_back(member(&["b"]), ours, member(&["a", "b"])).await;
    assert_eq!(outcome, Outcome::Applied);
    let put = asked.iter().find(|asked| asked.method == "PUT").unwrap();
    assert_eq!(
        put.body,
        json!({"members": [{"newsletters": [{"id": "b"}, {"id": "a"}]}]})
    );
    for others in [
        vec![off(late, "member"), off(early, "api")],
        vec![off(late, "admin")],
        vec![word("a", late, true, "api"), off(early, "api")],
        // Nobody can say which of two within one second came last.
        vec![off(late, "api"), off(late, "member")],
        vec![word("b", late, false, "api")],
        vec![],
    ] {
        let (outcome, asked) = put_back(member(&[]), others.clone(), member(&["a"])).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{others:?}");
        assert_eq!(written(&asked), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_suppressed_address_and_a_silent_refusal_are_told() {
    let ours = || vec![word("a", "2026-11-20T08:00:00.000Z", false, "api")];
    let mut suppressed = member(&[]);
    suppressed["email_suppression"]["suppressed"] = json!(true);
    let (outcome, asked) = put_back(suppressed, ours(), member(&["a"])).await;
    assert!(matches!(outcome, Outcome::Rejected(_)) && written(&asked) == 0);
    let (outcome, _) = put_back(member(&[]), ours(), member(&[])).await;
    assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    let (outcome, asked) = put_back(member(&["a"]), vec![], member(&["a"])).await;
    assert_eq!((outcome, written(&asked)), (Outcome::Applied, 0));
}

#[tokio::test(start_paused = true)]
async fn who_pays_is_not_deleted() {
    let mut paying = member(&["a"]);
    paying["status"] = json!("paid");
    let (ghost, fake) = Fake::answering(move |_| ok(&json!({"members": [paying]})));
    let outcome = ghost.remove(&[who()], Removal::Delete).await.unwrap();
    assert!(matches!(&outcome[0], Outcome::Rejected(why) if why.contains("pays")));
    assert_eq!(written(&fake.take()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_newsletter_that_stays_is_not_taken_for_gone() {
    let (ghost, _) = Fake::answering(|_| ok(&json!({"members": [member(&["a"])]})));
    let outcome = ghost.remove(&[who()], Removal::Unsubscribe).await.unwrap();
    assert!(matches!(outcome[0], Outcome::Retry(..)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn mails_of_automations_are_seen_where_ghost_lists_them() {
    let auto = json!({"type": "automated_email_sent_event", "data": {"id": "1", "member_id": ID,
        "created_at": "2026-11-20T08:00:00.000Z"}});
    let odd = json!({"type": "automated_email_sent_event"});
    let refused = Ok((
        400,
        r#"{"errors":[{"message":"Cannot filter"}]}"#.to_owned(),
    ));
    let cases = [
        (
            ok(&events(&[odd, auto])),
            "2026-11-20T08:00:00Z".parse().ok(),
        ),
        (ok(&events(&[])), None),
        (refused, None),
    ];
    for (answer, mailed) in cases {
        let (ghost, _) = Fake::answering(move |asked| match asked.path.as_str() {
            "members/events/" => answer.clone(),
            _ => ok(&json!({"members": [member(&["a"])], "meta": {"pagination": {"total": 1}}})),
        });
        let look = ghost.look(&[who()]).await.unwrap().remove(0).unwrap();
        assert_eq!(
            (look.unreported_mail_at, look.last_active_at),
            (mailed, None)
        );
    }
}
