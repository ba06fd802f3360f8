//! Writing fields and tags, starting, taking off and putting back: and nothing else.

use engaged_connectors::{
    Action, Change, Connector as _, Outcome, Removal, Start, Who, Write, http::TransportError,
    model::Address,
};
use serde_json::{Value, json};

use super::fake::Fake;

pub(crate) fn change(number: u64, write: Write) -> Change {
    let contact = if number == 0 {
        String::new()
    } else {
        number.to_string()
    };
    Change {
        contact,
        email: None,
        write,
    }
}

pub(crate) fn set(number: u64, value: Option<&str>) -> Change {
    let (field, value) = ("ENGSCORE".to_owned(), value.map(str::to_owned));
    change(number, Write::SetField { field, value })
}

pub(crate) fn tag(number: u64, tag: &str) -> Change {
    change(number, Write::AddTag { tag: tag.into() })
}

pub(crate) fn untag(number: u64, tag: &str) -> Change {
    change(number, Write::RemoveTag { tag: tag.into() })
}

pub(crate) fn create() -> Change {
    change(
        0,
        Write::CreateField {
            field: "ENGSCORE".into(),
        },
    )
}

pub(crate) fn who(number: u64) -> Who {
    Who {
        contact: number.to_string(),
        email: None,
    }
}

pub(crate) fn start(number: u64, name: &str) -> Start {
    Start {
        contact: number.to_string(),
        email: None,
        key: "a:1".into(),
        action: Action::Automation(name.into()),
    }
}

fn rows(fake: &Fake, name: &str) -> Vec<Value> {
    fake.change(|account| account.rows[name].clone())
}

fn applied(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| *outcome == Outcome::Applied)
}

#[tokio::test(start_paused = true)]
async fn no_request_could_make_a_contact_or_holds_an_address_or_a_status() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    let changes = [
        create(),
        set(1, Some("42")),
        tag(1, "engaged:hot"),
        set(2, Some("1")),
        tag(2, "engaged:hot"),
    ];
    let outcomes = fake.connector().push(&changes).await.unwrap();
    assert!(applied(&outcomes[..3]), "{outcomes:?}");
    assert!(
        matches!(outcomes[3..], [Outcome::Rejected(_), Outcome::Rejected(_)]),
        "{outcomes:?}"
    );
    let writes = fake.writes();
    let paths: Vec<&str> = writes.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "fields",
            "fieldRels",
            "contacts/1",
            "tags",
            "contactTags",
            "contacts/2"
        ]
    );
    let body = json!({"contact": {"fieldValues": [{"field": "9001", "value": "42"}]}});
    assert_eq!(writes[2], ("PUT".to_owned(), "contacts/1".to_owned(), body));
    assert!(!format!("{writes:?}").contains("example.org"));
    assert_eq!(rows(&fake, "contacts").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_push_of_the_same_changes_nothing() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    let connector = fake.connector();
    let changes = [create(), set(1, Some("42")), tag(1, "engaged:hot")];
    assert!(applied(&connector.push(&changes).await.unwrap()));
    let before = fake.change(|account| account.rows.clone());
    assert!(applied(&connector.push(&changes).await.unwrap()));
    assert_eq!(fake.change(|account| account.rows.clone()), before);
    for _ in 0..2 {
        assert!(applied(
            &connector.push(&[untag(1, "engaged:hot")]).await.unwrap()
        ));
        assert!(rows(&fake, "contactTags").is_empty());
    }
    assert!(applied(&connector.push(&[set(1, None)]).await.unwrap()));
    assert_eq!(rows(&fake, "fieldValues")[0]["value"], "");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_or_cannot_be_is_refused_without_a_request() {
    let fake = Fake::new();
    let long = format!("engaged:{}", "x".repeat(250));
    let field = |field: &str| {
        change(
            0,
            Write::CreateField {
                field: field.into(),
            },
        )
    };
    let changes = [
        tag(1, "vip"),
        untag(1, "vip"),
        tag(1, "engaged:a,b"),
        tag(1, &long),
        field("lower"),
        field(&"X".repeat(51)),
        Change {
            contact: "../lists/1".into(),
            ..tag(1, "engaged:hot")
        },
    ];
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
async fn a_tag_that_a_search_contains_is_not_the_tag_and_a_missing_field_is_refused() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    fake.set(
        "tags",
        vec![
            json!({"id": "9", "tag": "win terug nu", "tagType": "contact"}),
            json!({"id": "10", "tag": "win terug", "tagType": "template"}),
        ],
    );
    fake.set(
        "fields",
        vec![json!({"id": "3", "perstag": "CHOICE", "type": "dropdown"})],
    );
    let dropdown = Write::SetField {
        field: "CHOICE".into(),
        value: Some("1".into()),
    };
    let changes = [set(1, Some("1")), change(1, dropdown), tag(1, "win terug")];
    let outcomes = fake.connector().push(&changes).await.unwrap();
    assert!(
        matches!(
            outcomes[..],
            [Outcome::Rejected(_), Outcome::Rejected(_), Outcome::Applied]
        ),
        "{outcomes:?}"
    );
    assert_eq!(rows(&fake, "contactTags")[0]["tag"], "9001");
    assert_eq!(
        fake.writes()
            .iter()
            .filter(|(method, ..)| method == "PUT")
            .count(),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_another_tag_does_not_say_that_there_is_none() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    let connector = fake.connector();
    assert!(applied(
        &connector.push(&[tag(1, "engaged:hot")]).await.unwrap()
    ));
    let take_off = Write::RemoveTag {
        tag: "engaged:hot".into(),
    };
    let changes = [change(1, take_off)];
    fake.hook(|_, asked| {
        let other = json!({"tags": [{"id": "77", "tag": "engaged:cold", "tagType": "contact"}]});
        (asked.path == "tags").then(|| Ok((200, other.to_string())))
    });
    let outcomes = connector.push(&changes).await.unwrap();
    assert!(matches!(outcomes[..], [Outcome::Retry(..)]), "{outcomes:?}");
    fake.unhook();
    assert!(applied(&connector.push(&changes).await.unwrap()));
    assert_eq!(rows(&fake, "contactTags"), Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_tag_is_in_doubt_and_the_rest_waits() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    fake.join(2, &[(1, "1")]);
    fake.hook(|_, asked| {
        (asked.method == "POST" && asked.path == "contactTags")
            .then(|| Err(TransportError::Lost("reset".into())))
    });
    let connector = fake.connector();
    let changes = [tag(1, "engaged:hot"), tag(2, "engaged:hot")];
    let outcomes = connector.push(&changes).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_), Outcome::Retry(..)]),
        "{outcomes:?}"
    );
    let sent = fake
        .writes()
        .iter()
        .filter(|(_, path, _)| path == "contactTags")
        .count();
    assert_eq!(sent, 1);
    fake.unhook();
    assert!(applied(&connector.push(&changes).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_put_twice_into_a_running_automation() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    fake.set(
        "contactAutomations",
        vec![json!({"id": "1", "contact": "1", "automation": "7", "status": "2"})],
    );
    let connector = fake.connector();
    let outcomes = connector.start(&[start(1, "automation 7")]).await.unwrap();
    assert!(applied(&outcomes));
    let again = connector
        .start(&[
            start(1, "automation 7"),
            start(2, "automation 7"),
            start(1, "7"),
        ])
        .await
        .unwrap();
    assert!(
        again
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Rejected(_))),
        "{again:?}"
    );
    assert_eq!(rows(&fake, "contactAutomations").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_inactive_automation_is_no_refused_key_and_a_lost_answer_is_in_doubt() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    let posts = |reply: fn() -> super::fake::Reply| {
        fake.hook(move |_, asked| (asked.method == "POST").then(reply));
    };
    let connector = fake.connector();
    posts(|| {
        Ok((
            403,
            r#"{"message":"Could not create SubscriberSeries"}"#.into(),
        ))
    });
    let outcomes = connector.start(&[start(1, "automation 7")]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Rejected(_)]),
        "{outcomes:?}"
    );
    posts(|| Ok((403, r#"{"message":"Forbidden"}"#.into())));
    assert!(connector.start(&[start(1, "automation 7")]).await.is_err());
    fake.take();
    posts(|| Err(TransportError::Lost("reset".into())));
    let outcomes = connector.start(&[start(1, "automation 7")]).await.unwrap();
    assert!(
        matches!(outcomes[..], [Outcome::Ambiguous(_)]),
        "{outcomes:?}"
    );
    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_removal_takes_off_followed_lists_and_ends_automations_of_whoever_is_on_none() {
    let fake = Fake::new();
    fake.join(1, &[(1, "1"), (2, "1")]);
    fake.set(
        "contactAutomations",
        vec![json!({"id": "5", "contact": "1", "automation": "7", "status": "1"})],
    );
    let outcomes = fake
        .following(&["Nieuws"])
        .remove(&[who(1)], Removal::Unsubscribe)
        .await
        .unwrap();
    assert!(applied(&outcomes));
    // Still on another list: what runs there goes on.
    assert_eq!(fake.writes().len(), 1);
    assert_eq!(rows(&fake, "contactAutomations").len(), 1);
    let connector = fake.connector();
    assert!(applied(
        &connector
            .remove(&[who(1), who(9)], Removal::Unsubscribe)
            .await
            .unwrap()
    ));
    let writes = fake.writes();
    assert_eq!(
        writes[0].2,
        json!({"contactList": {"list": "2", "contact": "1", "status": "2"}})
    );
    assert_eq!(
        (writes[1].0.as_str(), writes[1].1.as_str()),
        ("DELETE", "contactAutomations/5")
    );
    assert!(applied(
        &connector
            .remove(&[who(1)], Removal::Unsubscribe)
            .await
            .unwrap()
    ));
    assert!(fake.writes().is_empty(), "twice is once");
    for removal in [Removal::Archive, Removal::Suppress] {
        fake.take();
        let outcomes = connector.remove(&[who(1)], removal).await.unwrap();
        assert!(matches!(outcomes[..], [Outcome::Rejected(_)]) && fake.take().is_empty());
    }
    assert!(applied(
        &connector
            .remove(&[who(1), who(1)], Removal::Delete)
            .await
            .unwrap()
    ));
    assert_eq!(connector.look(&[who(1)]).await.unwrap().len(), 1);
    assert!(connector.look(&[who(1)]).await.unwrap()[0].is_none());
}

/// Twelve contacts, their changes, and an account that carries out imports as the platform does.
fn importer() -> (std::sync::Arc<Fake>, Vec<Change>) {
    let fake = Fake::new();
    let fields = ["ENGSCORE", "BEGIN"].into_iter().zip(["12", "13"]);
    let fields = fields.map(|(name, id)| json!({"id": id, "perstag": name, "type": "text"}));
    fake.set("fields", fields.collect());
    let mut changes = Vec::new();
    for number in 1..=12 {
        fake.join(number, &[(1, "1")]);
        let email = Address::parse(&format!("lezer{number}@example.org"));
        changes.push(Change {
            email,
            ..set(number, Some("42"))
        });
    }
    let mut done = json!([]);
    fake.hook(move |account, asked| match asked.path.as_str() {
        "import/bulk_import" => {
            let sent = asked.body["contacts"].as_array().unwrap();
            let own = |entry: &Value| {
                account.rows["contacts"]
                    .iter()
                    .find(|row| row["email"] == entry["email"])
            };
            done = sent
                .iter()
                .filter_map(own)
                .map(|row| row["id"].clone())
                .collect();
            Some(Ok((
                200,
                json!({"Success": 1, "batchId": "0641"}).to_string(),
            )))
        }
        "import/info" => {
            let page = json!({"status": "completed", "success": done, "failure": []});
            Some(Ok((200, page.to_string())))
        }
        _ => None,
    });
    (fake, changes)
}

#[tokio::test(start_paused = true)]
async fn the_bulk_import_is_used_only_where_somebody_decided_so() {
    let (fake, changes) = importer();
    assert!(applied(&fake.connector().push(&changes).await.unwrap()));
    assert_eq!(
        fake.writes()
            .iter()
            .filter(|(method, ..)| method == "PUT")
            .count(),
        12
    );
    assert!(applied(&fake.importing().push(&changes).await.unwrap()));
    let writes = fake.writes();
    assert_eq!(writes.len(), 1);
    let entry = json!({"email": "lezer1@example.org", "fields": [{"id": 12, "value": "42"}], "exclude_automations": true});
    assert_eq!(writes[0].2["contacts"][0], entry);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_gone_or_has_another_address_or_a_field_that_starts_is_not_imported() {
    let (fake, mut changes) = importer();
    let Write::SetField { field, .. } = &mut changes[11].write else {
        panic!()
    };
    *field = "BEGIN".into();
    fake.change(|account| {
        let rows = account.rows.get_mut("contacts").unwrap();
        rows[3]["email"] = "anders@example.org".into();
        rows.remove(2);
    });
    let outcomes = fake.importing().push(&changes).await.unwrap();
    assert!(matches!(outcomes[2], Outcome::Rejected(_)), "{outcomes:?}");
    assert!(
        applied(&outcomes[..2]) && applied(&outcomes[3..]),
        "{outcomes:?}"
    );
    let writes = fake.writes();
    assert_eq!(writes[0].2["contacts"].as_array().unwrap().len(), 9);
    let alone: Vec<&str> = writes[1..]
        .iter()
        .map(|(_, path, _)| path.as_str())
        .collect();
    assert_eq!(alone, ["contacts/3", "contacts/4", "contacts/12"]);
}

#[tokio::test(start_paused = true)]
async fn an_import_that_is_refused_is_tried_again_and_one_that_does_not_end_is_in_doubt() {
    let (fake, changes) = importer();
    // Its rate limit is a 400 (sheet 2).
    let limit = r#"{"success":0,"message":"Rate limit exceeded.","failureReasons":["Up to 100 imports may be requested per minute"]}"#;
    fake.hook(move |_, asked| {
        (asked.path == "import/bulk_import").then(|| Ok((400, limit.to_owned())))
    });
    let outcomes = fake.importing().push(&changes).await.unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Retry(..))),
        "{outcomes:?}"
    );
    for (info, rejected) in [
        (json!({"status": "active"}), 0),
        (
            json!({"status": "completed", "success": [], "failure": ["lezer1@example.org"]}),
            1,
        ),
    ] {
        let info = info.to_string();
        fake.hook(move |_, asked| match asked.path.as_str() {
            "import/bulk_import" => Some(Ok((200, r#"{"Success":1,"batchId":"0641"}"#.to_owned()))),
            "import/info" => Some(Ok((200, info.clone()))),
            _ => None,
        });
        let outcomes = fake.importing().push(&changes).await.unwrap();
        let refused = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Rejected(_)))
            .count();
        let doubt = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Ambiguous(_)))
            .count();
        assert_eq!((refused, doubt), (rejected, 12 - rejected));
    }
}
