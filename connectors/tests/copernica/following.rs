//! Starts, looks, removals.

use engaged_connectors::{
    Action, Connector as _, Former, Outcome, Removal, Start, Who,
    copernica::{Copernica, Settings},
    http::TransportError,
    model::Status,
};
use serde_json::json;

use crate::fake::{Fake, settings};

fn who(id: u64) -> Who {
    Who {
        contact: id.to_string(),
        email: None,
    }
}

fn mail(id: u64) -> Start {
    Start {
        contact: id.to_string(),
        email: None,
        key: "k".into(),
        action: Action::Automation("mailing:579".into()),
    }
}

async fn off(connector: &Copernica, id: u64, removal: Removal) -> Outcome {
    connector
        .remove(&[who(id)], removal)
        .await
        .unwrap()
        .remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_mail_goes_to_one_profile_once_and_to_nobody_who_left() {
    let fake = Fake::new();
    fake.people([1, 2]);
    fake.change(|account| {
        account.profiles.get_mut(&2).unwrap()["fields"]["Nieuwsbrief"] = "nee".into();
    });
    let connector = fake.connector();
    let outcomes = connector.start(&[mail(1), mail(2), mail(3)]).await.unwrap();
    assert!(
        matches!(
            &outcomes[..],
            [Outcome::Applied, Outcome::Rejected(_), Outcome::Rejected(_)]
        ),
        "{outcomes:?}"
    );
    let mailed = fake.change(|account| account.mailed.clone());
    assert_eq!(
        mailed,
        [json!({"target": 1, "targettype": "profile", "template": 579})]
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_is_lost_is_in_doubt_and_not_sent_again() {
    let fake = Fake::new();
    fake.people([1]);
    fake.hook(|_, asked| {
        (asked.path == "ms/emailing").then(|| Err(TransportError::Lost("gone".into())))
    });
    let outcomes = fake.connector().start(&[mail(1)]).await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Ambiguous(_)]));
    assert_eq!(fake.writes(), ["POST ms/emailing"]);
}

#[tokio::test(start_paused = true)]
async fn without_known_consent_nobody_is_mailed() {
    let fake = Fake::new();
    fake.people([1]);
    fake.change(|account| account.behaviour = json!({"behavior": "nothing", "fields": []}));
    let outcomes = fake.connector().start(&[mail(1)]).await.unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Rejected(_)]));
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_runs_the_databases_behaviour_once() {
    let fake = Fake::new();
    fake.people([1, 2]);
    let connector = fake.connector();
    for _ in 0..2 {
        assert_eq!(
            off(&connector, 1, Removal::Unsubscribe).await,
            Outcome::Applied
        );
    }
    assert_eq!(fake.writes(), ["PUT profile/1/unsubscribe"]);
    let looks = connector.look(&[who(1), who(2), who(3)]).await.unwrap();
    let statuses: Vec<_> = looks
        .iter()
        .map(|look| look.as_ref().map(|look| look.contact.status))
        .collect();
    assert_eq!(
        statuses,
        [
            Some(Some(Status::Unsubscribed)),
            Some(Some(Status::Subscribed)),
            None
        ]
    );
    assert_eq!(
        off(&connector, 3, Removal::Unsubscribe).await,
        Outcome::Applied
    );
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_that_would_remove_the_profile_is_refused_unless_allowed() {
    let fake = Fake::new();
    fake.people([1]);
    fake.change(|account| account.behaviour = json!({"behavior": "remove", "fields": []}));
    assert!(matches!(
        off(&fake.connector(), 1, Removal::Unsubscribe).await,
        Outcome::Rejected(_)
    ));
    assert_eq!(fake.writes(), Vec::<String>::new());
    let allowed = fake.with(&Settings {
        unsubscribe_may_remove: true,
        ..settings()
    });
    assert_eq!(
        off(&allowed, 1, Removal::Unsubscribe).await,
        Outcome::Applied
    );
    assert!(fake.change(|account| account.profiles.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn an_unsubscribe_that_does_nothing_is_not_told_as_one() {
    let fake = Fake::new();
    fake.people([1]);
    fake.change(|account| account.behaviour = json!({"behavior": "nothing", "fields": {}}));
    assert!(matches!(
        off(&fake.connector(), 1, Removal::Unsubscribe).await,
        Outcome::Rejected(_)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_removed_already_is_off_and_nothing_comes_back() {
    let fake = Fake::new();
    fake.people([1]);
    let connector = fake.connector();
    for _ in 0..2 {
        assert_eq!(off(&connector, 1, Removal::Delete).await, Outcome::Applied);
    }
    assert_eq!(fake.writes(), ["DELETE profile/1"]);
    for removal in Removal::ALL {
        let former = Former {
            who: who(1),
            removal,
            status: Status::Subscribed,
            lists: Vec::new(),
            tags: Vec::new(),
        };
        assert!(matches!(
            connector.restore(&[former]).await.unwrap()[0],
            Outcome::Rejected(_)
        ));
    }
    for removal in [Removal::Archive, Removal::Suppress] {
        assert!(matches!(
            off(&connector, 1, removal).await,
            Outcome::Rejected(_)
        ));
    }
    assert_eq!(fake.take().len(), 0);
}
