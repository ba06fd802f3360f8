use engaged_connectors::{
    Action, Change, Connector as _, ConnectorError, Outcome, Start, Write, http::TransportError,
};
use serde_json::json;

use super::fake::{Fake, address, refusal};

fn change(id: u64, write: Write) -> Change {
    Change {
        contact: id.to_string(),
        email: address(id),
        write,
    }
}

fn set(id: u64, value: &str) -> Change {
    let (field, value) = ("engagement_score".to_owned(), Some(value.to_owned()));
    change(id, Write::SetField { field, value })
}

fn tag(id: u64, tag: &str) -> Change {
    change(id, Write::AddTag { tag: tag.into() })
}

fn create(field: &str) -> Change {
    Change {
        contact: String::new(),
        email: None,
        write: Write::CreateField {
            field: field.into(),
        },
    }
}

fn filled() -> std::sync::Arc<Fake> {
    let fake = Fake::new();
    (1..=250).for_each(|id| fake.person(id, 86_400));
    fake.change(|account| account.properties.push("engagement_score".into()));
    fake
}

#[tokio::test(start_paused = true)]
async fn scores_go_out_a_hundred_at_a_time_and_a_contact_that_is_gone_stands_alone() {
    let fake = filled();
    fake.change(|account| account.contacts.remove(&150));
    let changes: Vec<Change> = (1..=250).map(|id| set(id, "71")).collect();
    let outcomes = fake.connector().push(&changes).await.unwrap();
    for (change, outcome) in changes.iter().zip(&outcomes) {
        let gone = change.contact == "150";
        assert_eq!(matches!(outcome, Outcome::Rejected(_)), gone, "{outcome:?}");
        assert!(gone || *outcome == Outcome::Applied);
    }
    let asked = fake.take();
    assert_eq!(asked.len(), 3);
    for one in &asked {
        assert_eq!(one.path, "crm/v3/objects/contacts/batch/update");
        let text = one.body.to_string();
        assert!(
            !text.contains("email") && !text.contains("optout"),
            "{text}"
        );
    }
    assert_eq!(
        fake.change(|account| account.contacts[&1]["engagement_score"].clone()),
        "71"
    );
}

#[tokio::test(start_paused = true)]
async fn one_bad_row_refuses_its_batch_which_is_halved_until_it_stands_alone() {
    let fake = filled();
    let mut changes: Vec<Change> = (1..=100).map(|id| set(id, "5")).collect();
    changes[41] = set(42, "much");
    let outcomes = fake.connector().push(&changes).await.unwrap();
    let bad: Vec<usize> = (0..100)
        .filter(|row| outcomes[*row] != Outcome::Applied)
        .collect();
    assert_eq!(bad, [41]);
    assert!(matches!(outcomes[41], Outcome::Rejected(_)));
    assert!(fake.take().len() < 20);
}

#[tokio::test(start_paused = true)]
async fn a_property_that_does_not_exist_is_known_after_one_refusal() {
    let fake = filled();
    let mut changes: Vec<Change> = (1..=100).map(|id| set(id, "5")).collect();
    let lacking = Write::SetField {
        field: "no_such".into(),
        value: Some("1".into()),
    };
    changes[7] = change(8, lacking);
    let outcomes = fake.connector().push(&changes).await.unwrap();
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome != Outcome::Applied)
            .count(),
        1
    );
    assert_eq!(fake.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_contact_stands_once_in_a_batch_and_the_last_value_counts() {
    let fake = filled();
    let outcomes = fake
        .connector()
        .push(&[set(1, "1"), set(2, "9"), set(1, "2")])
        .await
        .unwrap();
    assert_eq!(outcomes, vec![Outcome::Applied; 3]);
    assert_eq!(
        fake.change(|account| account.contacts[&1]["engagement_score"].clone()),
        "2"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_a_static_list_that_is_made_once() {
    let fake = filled();
    let connector = fake.connector();
    let changes = [
        tag(1, "engaged:hot"),
        tag(2, "engaged:hot"),
        tag(999, "engaged:hot"),
    ];
    let outcomes = connector.push(&changes).await.unwrap();
    assert_eq!(outcomes[..2], [Outcome::Applied, Outcome::Applied]);
    assert!(matches!(outcomes[2], Outcome::Rejected(_)));
    let asked = fake.take();
    let made = asked
        .iter()
        .find(|asked| asked.path == "crm/v3/lists")
        .unwrap();
    let body = json!({"name": "engaged:hot", "objectTypeId": "0-1", "processingType": "MANUAL"});
    assert_eq!(made.body, body);
    let off = Write::RemoveTag {
        tag: "engaged:hot".into(),
    };
    assert_eq!(
        connector
            .push(&[tag(2, "engaged:hot"), change(1, off)])
            .await
            .unwrap(),
        vec![Outcome::Applied; 2]
    );
    assert!(fake.take().iter().all(|asked| asked.path != "crm/v3/lists"));
    assert_eq!(
        fake.change(|account| account.lists["engaged:hot"].1.clone()),
        ["2"]
    );
    let absent = Write::RemoveTag {
        tag: "engaged:cold".into(),
    };
    assert_eq!(
        connector.push(&[change(1, absent)]).await.unwrap(),
        [Outcome::Applied]
    );
    assert_eq!(fake.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fills_itself_and_one_that_starts_something_are_never_made_or_filled_wrongly() {
    let fake = filled();
    fake.change(|account| {
        account
            .lists
            .insert("engaged:auto".into(), ("DYNAMIC".into(), Vec::new()))
    });
    let outcomes = fake
        .connector()
        .push(&[tag(1, "engaged:auto"), tag(1, "win them back")])
        .await
        .unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Rejected(_))),
        "{outcomes:?}"
    );
    assert!(fake.take().iter().all(|asked| asked.method == "GET"));
    fake.change(|account| {
        account
            .lists
            .insert("win them back".into(), ("MANUAL".into(), Vec::new()))
    });
    assert_eq!(
        fake.connector()
            .push(&[tag(1, "win them back")])
            .await
            .unwrap(),
        [Outcome::Applied]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_or_leads_elsewhere_is_refused_without_a_request() {
    let fake = filled();
    let field = |field: &str| {
        change(
            1,
            Write::SetField {
                field: field.into(),
                value: Some("1".into()),
            },
        )
    };
    let mut nobody = set(1, "1");
    nobody.contact = "1/../2".into();
    let mut changes = vec![
        tag(1, "vip"),
        field("email"),
        field("hs_email_optout"),
        field("hs_marketable_status"),
        nobody,
    ];
    changes.extend([create("ENGSCORE"), create(&"a".repeat(101)), create("a-b")]);
    let outcomes = fake.connector().push(&changes).await.unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Rejected(_))),
        "{outcomes:?}"
    );
    assert!(fake.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_missing_property_is_made_for_numbers() {
    let fake = Fake::new();
    let connector = fake.connector();
    let outcomes = connector
        .push(&[create("engagement_score"), create("firstname")])
        .await
        .unwrap();
    assert_eq!(outcomes[0], Outcome::Applied);
    assert!(matches!(outcomes[1], Outcome::Rejected(_)));
    let made = fake
        .take()
        .into_iter()
        .find(|asked| asked.method == "POST")
        .unwrap();
    assert_eq!(
        (&made.body["type"], &made.body["groupName"]),
        (&json!("number"), &json!("contactinformation"))
    );
    assert_eq!(made.body["label"], "Engagement score");
    assert_eq!(connector.fields().await.unwrap(), ["engagement_score"]);
    assert_eq!(
        connector.push(&[create("engagement_score")]).await.unwrap(),
        [Outcome::Applied]
    );
    assert!(fake.take().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_in_doubt_and_a_refused_key_is_an_error_of_the_whole() {
    let fake = filled();
    fake.hook(|_, _| Some(Err(TransportError::Lost("reset".into()))));
    let outcomes = fake.connector().push(&[set(1, "1")]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
    fake.hook(|_, _| Some(Ok((401, refusal("INVALID_AUTHENTICATION", "no")))));
    let error = fake.connector().push(&[set(1, "1")]).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Auth { .. }));
    fake.hook(|_, _| Some(Ok((200, json!("<html>")))));
    let outcomes = fake.connector().push(&[set(1, "1")]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
}

fn start(id: u64, workflow: &str) -> Start {
    Start {
        contact: id.to_string(),
        email: address(id),
        key: "k".into(),
        action: Action::Automation(workflow.into()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_workflow_takes_an_address_once_and_a_lost_answer_stays_in_doubt() {
    let fake = filled();
    let connector = fake.connector();
    let outcomes = connector
        .start(&[start(1, "42"), start(2, "welcome")])
        .await
        .unwrap();
    assert_eq!(outcomes[0], Outcome::Applied);
    assert!(matches!(outcomes[1], Outcome::Rejected(_)));
    let asked = fake.take();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].path,
        "automation/v2/workflows/42/enrollments/contacts/p1%40example.org"
    );
    for reply in [
        Err(TransportError::Lost("reset".into())),
        Ok((502, json!({}))),
    ] {
        fake.hook(move |_, _| Some(reply.clone()));
        let outcomes = connector.start(&[start(1, "42")]).await.unwrap();
        assert!(
            matches!(outcomes[..], [Outcome::Ambiguous(_)]),
            "{outcomes:?}"
        );
        assert_eq!(fake.take().len(), 1);
    }
    fake.hook(|_, _| Some(Ok((403, refusal("MISSING_SCOPES", "no")))));
    let error = connector.start(&[start(1, "42")]).await.unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Auth { missing: Some(scope), .. } if scope == "automation"),
        "{error:?}"
    );
}
