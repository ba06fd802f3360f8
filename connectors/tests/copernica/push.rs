//! Writes: fields and interests, and what never may be written.

use engaged_connectors::{
    Change, Connector as _, Outcome, Write,
    copernica::{Copernica, Settings},
    http::TransportError,
};
use serde_json::json;

use crate::fake::{Fake, settings};

fn set(id: u64, field: &str, value: &str) -> Change {
    let write = Write::SetField {
        field: field.into(),
        value: Some(value.into()),
    };
    Change {
        contact: id.to_string(),
        email: None,
        write,
    }
}

fn tag(id: u64, tag: &str) -> Change {
    Change {
        contact: id.to_string(),
        email: None,
        write: Write::AddTag { tag: tag.into() },
    }
}

fn untag(id: u64, tag: &str) -> Change {
    Change {
        contact: id.to_string(),
        email: None,
        write: Write::RemoveTag { tag: tag.into() },
    }
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

async fn push(connector: &Copernica, changes: &[Change]) -> Vec<Outcome> {
    connector.push(changes).await.unwrap()
}

fn bulk() -> Settings {
    Settings {
        imports: true,
        ..settings()
    }
}

#[tokio::test(start_paused = true)]
async fn scores_and_interests_arrive_and_a_second_push_writes_nothing() {
    let fake = Fake::new();
    fake.people([1, 2]);
    let connector = fake.connector();
    let changes = [
        create("EngTrend"),
        set(1, "EngScore", "42"),
        tag(1, "engaged:hot"),
        set(2, "engscore", "7"),
        set(1, "EngTrend", "3"),
    ];
    assert!(
        push(&connector, &changes)
            .await
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    let (one, made) = fake.change(|account| {
        (
            account.profiles[&1].clone(),
            account.fields.last().unwrap().clone(),
        )
    });
    assert_eq!(
        (
            &one["fields"]["EngScore"],
            &one["fields"]["EngTrend"],
            &one["interests"]
        ),
        (&json!("42"), &json!("3"), &json!(["engaged:hot"]))
    );
    assert_eq!(
        (&made["type"], &made["index"], &made["lock"]),
        (&json!("integer"), &json!(true), &json!(true))
    );
    assert_eq!(
        fake.writes().len(),
        6,
        "a field, an interest that had to be defined, and who needed it once more"
    );
    assert!(
        push(&connector, &changes)
            .await
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    assert_eq!(fake.writes(), Vec::<String>::new());
    assert_eq!(
        push(&connector, &[untag(1, "engaged:hot")]).await,
        [Outcome::Applied]
    );
    assert_eq!(
        fake.change(|account| account.profiles[&1]["interests"].clone()),
        json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn no_request_could_make_somebody_or_make_them_more_contactable() {
    let fake = Fake::new();
    fake.people([1]);
    let connector = fake.connector();
    let changes = [
        set(1, "Nieuwsbrief", "ja"),
        set(1, "EMAIL", "x@example.org"),
        tag(1, "klant"),
        set(9, "EngScore", "1"),
        tag(9, "engaged:x"),
    ];
    for outcome in push(&connector, &changes).await {
        assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    }
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_without_a_request() {
    let fake = Fake::new();
    let connector = fake.connector();
    let mut foreign = set(1, "EngScore", "1");
    foreign.contact = "1/unsubscribe".into();
    let changes = [
        foreign,
        set(1, "EngScore", &"x".repeat(256)),
        create(&"A".repeat(65)),
        tag(1, "engaged:a\nb"),
        tag(1, "other"),
        tag(0, "engaged:a"),
    ];
    for outcome in push(&connector, &changes).await {
        assert!(matches!(outcome, Outcome::Rejected(_)), "{outcome:?}");
    }
    assert_eq!(fake.take().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn unknown_field_names_are_dropped_in_silence_and_do_not_count_as_applied() {
    let fake = Fake::new();
    fake.people([1]);
    let connector = fake.connector();
    assert!(
        matches!(&push(&connector, &[set(1, "EngScroe", "1")]).await[..], [Outcome::Rejected(why)] if why.contains("EngScroe"))
    );
    // Accepted, and not kept.
    fake.hook(|_, asked| {
        asked
            .path
            .ends_with("/fields")
            .then_some(())
            .filter(|()| asked.method == "PUT")
            .map(|()| Ok((204, String::new())))
    });
    assert!(matches!(
        &push(&connector, &[set(1, "EngScore", "5")]).await[..],
        [Outcome::Ambiguous(_)]
    ));
}

#[tokio::test(start_paused = true)]
async fn one_who_was_removed_or_is_of_another_database_stands_alone() {
    let fake = Fake::new();
    fake.people([1, 3]);
    let outcomes = push(
        &fake.connector(),
        &[
            set(1, "EngScore", "4"),
            set(2, "EngScore", "5"),
            set(3, "EngScore", "6"),
        ],
    )
    .await;
    assert!(
        matches!(
            &outcomes[..],
            [Outcome::Applied, Outcome::Rejected(_), Outcome::Applied]
        ),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_in_doubt_and_the_rest_waits() {
    let fake = Fake::new();
    fake.people([1, 2]);
    let connector = fake.connector();
    fake.hook(|_, asked| (asked.method == "PUT").then(|| Err(TransportError::Lost("gone".into()))));
    let changes = [set(1, "EngScore", "4"), set(2, "EngScore", "5")];
    let outcomes = push(&connector, &changes).await;
    assert!(
        matches!(&outcomes[..], [Outcome::Ambiguous(_), Outcome::Retry(..)]),
        "{outcomes:?}"
    );
    fake.unhook();
    assert!(
        push(&connector, &changes)
            .await
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    fake.hook(|_, asked| {
        (asked.method != "GET").then(|| Err(TransportError::NotSent("no line".into())))
    });
    assert!(
        connector.push(&[set(1, "EngScore", "9")]).await.is_err(),
        "nothing at all was written"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_before_the_platform_failed_is_in_doubt_and_not_to_be_done_later() {
    let fake = Fake::new();
    fake.people([1, 2, 3]);
    let connector = fake.connector();
    fake.hook(|_, asked| asked.path.contains("/2/").then(|| Ok((302, String::new()))));
    let changes = [1, 2, 3].map(|id| set(id, "EngScore", "4"));
    let outcomes = push(&connector, &changes).await;
    assert!(
        matches!(
            &outcomes[..],
            [
                Outcome::Ambiguous(_),
                Outcome::Retry(..),
                Outcome::Retry(..)
            ]
        ),
        "{outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_field_that_starts_something_is_written_as_text() {
    let fake = Fake::new();
    fake.people([1]);
    assert_eq!(
        push(&fake.connector(), &[set(1, "NurtureStart", "20260203")]).await,
        [Outcome::Applied]
    );
    let asked = fake
        .take()
        .into_iter()
        .find(|asked| asked.method == "PUT")
        .unwrap();
    assert_eq!(asked.body, json!({"NurtureStart": "20260203"}));
}

#[tokio::test(start_paused = true)]
async fn an_import_updates_many_by_id_in_a_few_calls_and_is_read_back() {
    let fake = Fake::new();
    fake.people(1..=300);
    let changes: Vec<Change> = (1..=300)
        .map(|id| set(id, "EngScore", &(id + 5).to_string()))
        .collect();
    assert!(
        push(&fake.with(&bulk()), &changes)
            .await
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    let asked = fake.take();
    let imports: Vec<_> = asked
        .iter()
        .filter(|asked| asked.path == "imports")
        .collect();
    assert_eq!(imports.len(), 2, "one row is tried first");
    for import in &imports {
        assert_eq!(
            (
                &import.body["action"],
                &import.body["removeMissing"],
                &import.body["followups"]
            ),
            (&json!("update"), &json!(false), &json!(false))
        );
        assert_eq!(import.body["keyFields"], json!(["ID"]));
    }
    assert!(asked.iter().all(|asked| asked.method != "PUT"));
    assert_eq!(
        fake.change(|account| account.profiles[&300]["fields"]["EngScore"].clone()),
        json!("305")
    );
}

#[tokio::test(start_paused = true)]
async fn an_import_whose_key_is_passed_over_is_noticed_by_its_witness() {
    let fake = Fake::new();
    fake.people(1..=150);
    fake.change(|account| account.imports_by_id = false);
    let changes: Vec<Change> = (1..=150)
        .map(|id| set(id, "EngScore", &(id + 5).to_string()))
        .collect();
    assert!(
        push(&fake.with(&bulk()), &changes)
            .await
            .iter()
            .all(|outcome| *outcome == Outcome::Applied)
    );
    let writes = fake.writes();
    assert_eq!(
        writes
            .iter()
            .filter(|write| write.ends_with("imports"))
            .count(),
        1
    );
    assert!(
        writes
            .iter()
            .filter(|write| write.starts_with("PUT"))
            .count()
            >= 149
    );
}
