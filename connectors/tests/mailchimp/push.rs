//! Writing fields and tags, and nothing else.

use engaged_connectors::{
    Change, Connector as _, ConnectorError, Outcome, Write, http::TransportError, model::Address,
};
use serde_json::{Value, json};

use super::fake::{Fake, LIST, bytes, problem};

pub(crate) fn set(number: usize, value: Option<&str>) -> Change {
    Change {
        contact: format!("{LIST}:{number:032x}"),
        email: Address::parse(&format!("reader{number}@example.org")),
        write: Write::SetField {
            field: "ENGSCORE".into(),
            value: value.map(str::to_owned),
        },
    }
}

pub(crate) fn tag(number: usize, name: &str) -> Change {
    Change {
        write: Write::AddTag { tag: name.into() },
        ..set(number, None)
    }
}

pub(crate) fn create(field: &str) -> Change {
    Change {
        contact: String::new(),
        email: None,
        write: Write::CreateField {
            field: field.into(),
        },
    }
}

fn operations(fake: &Fake) -> Vec<Value> {
    let asked = fake.asked.lock().unwrap();
    let batches = asked
        .iter()
        .filter(|asked| asked.method == "POST" && asked.path == "batches");
    batches
        .flat_map(|asked| asked.body["operations"].as_array().unwrap().clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn twelve_hundred_scores_make_three_batches_and_all_arrive() {
    let fake = Fake::new();
    let changes: Vec<Change> = (0..1200).map(|n| set(n, Some("42"))).collect();
    let outcomes = fake.connector().push(&changes).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied));
    let asked = fake.asked.lock().unwrap().clone();
    assert_eq!(
        asked.iter().filter(|asked| asked.method == "POST").count(),
        3
    );
    // The archive lies elsewhere and never sees the key.
    for asked in asked {
        let foreign = asked.host == "archives.example";
        assert_eq!(asked.headers.contains_key("authorization"), !foreign);
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_holds_a_status_or_could_make_a_member() {
    let fake = Fake::new();
    fake.set(&format!("lists/{LIST}/merge-fields"), vec![]);
    let changes = [
        create("ENGSCORE"),
        set(1, Some("4.5")),
        set(2, None),
        tag(1, "engaged:hot"),
    ];
    fake.connector().push(&changes).await.unwrap();
    for operation in operations(&fake) {
        let body: Value = serde_json::from_str(operation["body"].as_str().unwrap()).unwrap();
        let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
        let path = operation["path"].as_str().unwrap();
        match operation["method"].as_str().unwrap() {
            "PATCH" => assert_eq!(keys, ["merge_fields"]),
            "POST" => assert!(keys == ["is_syncing", "tags"] && path.ends_with("/tags")),
            other => panic!("{other}"),
        }
    }
    let asked = fake.asked.lock().unwrap();
    let writes = asked.iter().filter(|asked| asked.method != "GET");
    let paths: Vec<&str> = writes.map(|asked| asked.path.as_str()).collect();
    assert_eq!(
        paths,
        [format!("lists/{LIST}/merge-fields").as_str(), "batches"]
    );
}

#[tokio::test(start_paused = true)]
async fn each_result_decides_its_own_change() {
    let fake = Fake::new();
    let result = |number: usize, code: u16, response: Value| json!({"status_code": code, "operation_id": number.to_string(), "response": response.to_string()});
    let compliance = json!({"title": "Member In Compliance State", "status": 400, "detail": "jan@example.nl is"});
    let results = vec![
        result(0, 200, json!({"merge_fields": {"ENGSCORE": 1}})),
        result(1, 404, json!({"title": "Resource Not Found"})),
        result(2, 400, compliance),
        result(3, 429, json!({})),
        result(4, 500, json!({})),
        result(5, 200, json!({"merge_fields": {"FNAME": "X"}})),
    ];
    fake.hook(move |account, asked| {
        if let Some(batch) = account
            .batches
            .first_mut()
            .filter(|_| asked.path == "archive")
        {
            batch["results"] = results.clone().into();
        }
        None
    });
    let changes: Vec<Change> = (0..7).map(|n| set(n, Some("1"))).collect();
    let outcomes = fake.connector().push(&changes).await.unwrap();
    let gone = Outcome::Rejected("the contact is gone from the audience".into());
    assert_eq!(outcomes[..2], [Outcome::Applied, gone]);
    let Outcome::Rejected(reason) = &outcomes[2] else {
        panic!("{outcomes:?}");
    };
    assert!(
        reason.contains("Member In Compliance State") && !reason.contains("jan@"),
        "{reason}"
    );
    assert!(matches!(
        outcomes[3..5],
        [Outcome::Retry(..), Outcome::Retry(..)]
    ));
    assert!(
        matches!(outcomes[5..], [Outcome::Rejected(_), Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_submission_got_no_answer_is_in_doubt_and_the_rest_waits() {
    let fake = Fake::new();
    fake.hook(|_, asked| {
        (asked.path == "batches").then(|| Err(TransportError::Lost("reset".into())))
    });
    let changes: Vec<Change> = (0..600).map(|n| set(n, Some("1"))).collect();
    let outcomes = fake.connector().push(&changes).await.unwrap();
    assert!(
        outcomes[..500]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Ambiguous(_)))
    );
    assert!(
        outcomes[500..]
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Retry(..)))
    );
    assert_eq!(operations(&fake).len(), 500, "sent once");
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_an_error_of_the_whole() {
    let fake = Fake::new();
    fake.hook(|_, _| Some(Ok((401, problem(401, "API Key Invalid")))));
    let error = fake
        .connector()
        .push(&[set(1, Some("1"))])
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Auth { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_slow_batch_is_waited_for_and_an_endless_one_is_in_doubt() {
    let fake = Fake::new();
    let mut polls = 0;
    fake.hook(move |_, asked| {
        polls += usize::from(asked.path == "batches/0");
        (asked.path == "batches/0" && polls < 8).then(|| {
            Ok((
                200,
                bytes(&json!({"id": "0", "status": "started", "response_body_url": ""})),
            ))
        })
    });
    assert_eq!(
        fake.connector().push(&[set(1, Some("1"))]).await.unwrap(),
        [Outcome::Applied]
    );
    fake.hook(|_, asked| {
        asked
            .path
            .starts_with("batches/")
            .then(|| Ok((200, bytes(&json!({"id": "1", "status": "finalizing"})))))
    });
    let outcomes = fake.connector().push(&[set(1, Some("1"))]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_expired_link_is_asked_for_again_and_one_that_stays_so_leaves_a_doubt() {
    let fake = Fake::new();
    let mut loads = 0;
    fake.hook(move |_, asked| {
        loads += usize::from(asked.path == "archive");
        (asked.path == "archive" && loads == 1).then(|| Ok((404, b"<Error>Expired".to_vec())))
    });
    assert_eq!(
        fake.connector().push(&[set(1, Some("1"))]).await.unwrap(),
        [Outcome::Applied]
    );
    fake.hook(|_, asked| (asked.path == "archive").then(|| Ok((404, Vec::new()))));
    let outcomes = fake.connector().push(&[set(1, Some("1"))]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_field_is_made_once_in_every_audience() {
    let fake = Fake::new();
    let own = format!("lists/{LIST}/merge-fields");
    fake.change(|account| {
        account
            .rows
            .get_mut("lists")
            .unwrap()
            .push(json!({"id": "ee", "name": "Shop"}));
        account
            .rows
            .insert(own.clone(), vec![json!({"tag": "FNAME", "type": "text"})]);
        account.rows.insert(
            "lists/ee/merge-fields".into(),
            vec![json!({"tag": "ENGSCORE", "type": "number"})],
        );
    });
    let connector = fake.connector();
    assert!(connector.fields().await.unwrap().is_empty());
    let changes = [
        create("ENGSCORE"),
        create("ENGSCORE"),
        create("FNAME"),
        create("lower"),
    ];
    let outcomes = connector.push(&changes).await.unwrap();
    assert_eq!(outcomes[..2], [Outcome::Applied, Outcome::Applied]);
    assert!(
        matches!(outcomes[2..], [Outcome::Rejected(_), Outcome::Rejected(_)]),
        "{outcomes:?}"
    );
    let asked = fake.asked.lock().unwrap().clone();
    let made: Vec<_> = asked
        .iter()
        .filter(|asked| asked.method == "POST")
        .collect();
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].path, own);
    let body = json!({"tag": "ENGSCORE", "name": "ENGSCORE", "type": "number", "public": false, "required": false});
    assert_eq!(made[0].body, body);
    assert_eq!(connector.fields().await.unwrap(), ["ENGSCORE"]);
}
