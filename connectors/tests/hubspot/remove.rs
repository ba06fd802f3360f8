use engaged_connectors::{
    Connector as _, Former, Outcome, Removal, Who, http::TransportError, model::Status,
};
use serde_json::json;

use super::fake::{Fake, address, settings};

fn who(id: u64) -> Who {
    Who {
        contact: id.to_string(),
        email: address(id),
    }
}

fn writes(fake: &Fake) -> Vec<String> {
    let asked = fake.take().into_iter();
    asked
        .filter(|asked| asked.method != "GET")
        .map(|asked| asked.path)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_is_taken_off_gets_no_mail_and_whoever_is_off_is_not_written_to() {
    let fake = Fake::new();
    (1..=4).for_each(|id| fake.person(id, 86_400));
    fake.change(|account| {
        account.contacts.get_mut(&2).unwrap()["hs_email_optout"] = json!("true");
        account.contacts.get_mut(&3).unwrap()["email"] = json!(null);
        // The address changed since it was read.
        account.contacts.get_mut(&4).unwrap()["email"] = json!("new@example.org");
    });
    let all = [who(1), who(2), who(3), who(4), who(999)];
    let outcomes = fake
        .connector()
        .remove(&all, Removal::Suppress)
        .await
        .unwrap();
    assert_eq!(outcomes, vec![Outcome::Applied; 5]);
    let path = "communication-preferences/v4/statuses";
    assert_eq!(
        writes(&fake),
        [
            format!("{path}/p1%40example.org/unsubscribe-all"),
            format!("{path}/new%40example.org/unsubscribe-all")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn of_followed_types_only_those_are_left() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    fake.change(|account| {
        account.contacts.get_mut(&1).unwrap()["hs_email_optout_7"] = json!("true");
    });
    let mut own = settings();
    own.lists = vec!["News".into(), "Offers".into()];
    let outcomes = fake
        .with(&own)
        .remove(&[who(1)], Removal::Unsubscribe)
        .await
        .unwrap();
    assert_eq!(outcomes, [Outcome::Applied]);
    let asked = fake.take();
    let written: Vec<_> = asked
        .iter()
        .filter(|asked| asked.method == "POST")
        .collect();
    assert_eq!(written.len(), 1);
    let body = json!({"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 8});
    assert_eq!(written[0].body, body);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_merged_is_gone_and_the_survivor_is_left_alone() {
    let fake = Fake::new();
    fake.person(2, 86_400);
    fake.hook(|account, asked| {
        let merged = asked.path.ends_with("contacts/1");
        merged.then(|| Ok((200, json!({"id": "2", "properties": account.contacts[&2]}))))
    });
    let connector = fake.connector();
    let outcomes = connector
        .remove(&[who(1)], Removal::Unsubscribe)
        .await
        .unwrap();
    assert_eq!(outcomes, [Outcome::Applied]);
    assert!(writes(&fake).is_empty());
    fake.hook(|account, asked| {
        let read = asked.path.ends_with("batch/read");
        read.then(|| {
            Ok((
                200,
                json!({"results": [{"id": "2", "properties": account.contacts[&2]}]}),
            ))
        })
    });
    assert!(connector.look(&[who(1)]).await.unwrap()[0].is_none());
}

#[tokio::test(start_paused = true)]
async fn a_look_shows_the_last_sign_of_life_and_writes_nothing() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    fake.change(|account| {
        let row = account.contacts.get_mut(&1).unwrap();
        row["hs_email_last_open_date"] = json!("2026-11-01T10:00:00.000Z");
        row["hs_email_last_click_date"] = json!("1793520000000");
        row["lifecyclestage"] = json!("customer");
    });
    let looks = fake.connector().look(&[who(1), who(9)]).await.unwrap();
    let look = looks[0].as_ref().unwrap();
    assert!(looks[1].is_none());
    assert_eq!(
        look.last_active_at.unwrap().to_rfc3339(),
        "2026-11-01T10:00:00+00:00"
    );
    assert_eq!(
        (look.contact.status, &*look.contact.fields["lifecyclestage"]),
        (Some(Status::Subscribed), "customer")
    );
    assert!(!look.contact.fields.contains_key("hs_email_last_open_date"));
    assert!(
        writes(&fake)
            .iter()
            .all(|path| path.ends_with("batch/read"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_declared_is_refused_before_any_request_and_nobody_is_put_back() {
    let fake = Fake::new();
    fake.person(1, 86_400);
    let connector = fake.connector();
    for removal in [Removal::Archive, Removal::Delete] {
        let outcomes = connector.remove(&[who(1)], removal).await.unwrap();
        assert!(
            matches!(outcomes[..], [Outcome::Rejected(_)]),
            "{outcomes:?}"
        );
    }
    let former = Former {
        who: who(1),
        removal: Removal::Unsubscribe,
        status: Status::Subscribed,
        lists: Vec::new(),
        tags: Vec::new(),
    };
    let outcomes = connector.restore(&[former]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Rejected(_)]),
        "{outcomes:?}"
    );
    assert!(fake.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_removal_whose_answer_is_lost_is_in_doubt_and_the_next_are_not_tried() {
    let fake = Fake::new();
    (1..=2).for_each(|id| fake.person(id, 86_400));
    fake.hook(|_, asked| {
        (asked.method == "POST").then(|| Err(TransportError::Lost("reset".into())))
    });
    let outcomes = fake
        .connector()
        .remove(&[who(1), who(2)], Removal::Suppress)
        .await
        .unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_), Outcome::Retry(..)]),
        "{outcomes:?}"
    );
    assert_eq!(writes(&fake).len(), 1);
}
