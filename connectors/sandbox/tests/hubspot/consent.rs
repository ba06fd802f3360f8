//! Communication preferences v4, and that the world keeps to them.

use engaged_sandbox::hubspot::Options;
use engaged_sandbox::people::{Publication, Standing};
use serde_json::{Value, json};

use crate::client::Bench;

const STATUSES: &str = "/communication-preferences/v4/statuses";

#[tokio::test]
async fn out_of_everything_is_out_of_each_type_and_twice_is_once() {
    let bench = Bench::new(Options {
        second_type: true,
        ..Options::default()
    })
    .await;
    let contact = bench.somebody(|one| one.mailed == [true, true]);
    let path = format!(
        "{STATUSES}/{}/unsubscribe-all?channel=EMAIL&verbose=true",
        contact.address
    );
    let first = bench.post(&path, &Value::Null).await;
    assert_eq!(first["results"].as_array().unwrap().len(), 2);
    assert_eq!(first["results"][1]["status"], "UNSUBSCRIBED");
    let second = bench.post(&path, &Value::Null).await;
    assert_eq!(
        second["results"][0]["setStatusSuccessReason"],
        "NO_STATUS_CHANGE"
    );
    let now = bench.again(&contact);
    assert_eq!(
        (now.mailed, now.out_of_all, now.left_themselves),
        ([false, false], true, false)
    );
    assert_eq!(bench.hubspot.written().len(), 1);
    let world = bench.world.read().unwrap();
    let person = world
        .people()
        .iter()
        .find(|person| person.address() == contact.address)
        .unwrap();
    assert_eq!(
        person.standing(Publication::Weekly, world.end()),
        Standing::Gone
    );
}

#[tokio::test]
async fn who_is_not_out_of_everything_has_no_row_there() {
    let bench = Bench::plain().await;
    let (inside, outside) = (bench.mailed(), bench.somebody(|one| one.out_of_all));
    let one = |email: &str| format!("{STATUSES}/{email}/unsubscribe-all?channel=EMAIL");
    assert_eq!(bench.get(&one(&inside.address)).await["results"], json!([]));
    assert_eq!(
        bench.get(&one(&outside.address)).await["results"][0]["wideStatusType"],
        "PORTAL_WIDE"
    );
    let body = json!({"inputs": [inside.address, outside.address]});
    let read = bench
        .post(
            &format!("{STATUSES}/batch/unsubscribe-all/read?channel=EMAIL"),
            &body,
        )
        .await;
    let rows: Vec<usize> = read["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["wideStatuses"].as_array().unwrap().len())
        .collect();
    assert_eq!(rows, [0, 1]);
    assert_eq!(
        bench
            .ask(
                "GET",
                &format!("{STATUSES}/{}", inside.address),
                &Value::Null
            )
            .await
            .status,
        400,
        "a channel is needed"
    );
}

#[tokio::test]
async fn a_batch_unsubscribes_each_and_an_address_without_a_contact_makes_none() {
    let bench = Bench::plain().await;
    let contact = bench.mailed();
    let many = bench.hubspot.contacts().len();
    let body = json!({"inputs": [contact.address, "nobody@example.org"]});
    let answer = bench
        .post(
            &format!("{STATUSES}/batch/unsubscribe-all?channel=EMAIL"),
            &body,
        )
        .await;
    assert_eq!(answer["results"].as_array().unwrap().len(), 2);
    assert!(
        answer["results"][0].get("statuses").is_none(),
        "only when verbose"
    );
    assert!(bench.again(&contact).out_of_all);
    assert_eq!(bench.hubspot.contacts().len(), many);
    assert!(bench.hubspot.consent_breaches().is_empty());
}

#[tokio::test]
async fn one_type_can_be_left_alone_and_given_back_as_set() {
    for allowed in [true, false] {
        let bench = Bench::new(Options {
            resubscribe_allowed: allowed,
            second_type: true,
            ..Options::default()
        })
        .await;
        let contact = bench.somebody(|one| one.mailed == [true, true]);
        let path = format!("{STATUSES}/{}", contact.address);
        let id = bench.get("/communication-preferences/v4/definitions").await["results"][0]["id"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap();
        let write =
            |state: &str| json!({"channel": "EMAIL", "statusState": state, "subscriptionId": id});
        bench.post(&path, &write("UNSUBSCRIBED")).await;
        let left = bench.again(&contact);
        assert_eq!((left.mailed, left.out_of_all), ([false, true], false));
        let back = bench.ask("POST", &path, &write("SUBSCRIBED")).await;
        assert_eq!(back.status, if allowed { 200 } else { 400 });
        assert_eq!(bench.again(&contact).mailed, [allowed, true]);
        assert_eq!(bench.hubspot.consent_breaches().len(), usize::from(allowed));
        if allowed {
            assert_eq!(
                back.json()["results"][0]["setStatusSuccessReason"],
                "RESUBSCRIBE_OCCURRED"
            );
        }
    }
}

#[tokio::test]
async fn who_leaves_by_their_own_hand_after_us_says_so() {
    let bench = Bench::plain().await;
    let contact = bench.mailed();
    bench
        .post(
            &format!(
                "{STATUSES}/{}/unsubscribe-all?channel=EMAIL",
                contact.address
            ),
            &Value::Null,
        )
        .await;
    assert!(bench.hubspot.leaves(&contact.address));
    assert!(bench.again(&contact).left_themselves);
    let status = bench
        .get(&format!("{STATUSES}/{}?channel=EMAIL", contact.address))
        .await;
    assert_eq!(status["results"][0]["source"], "SOURCE_RECIPIENT");
    assert!(!bench.hubspot.mailed().contains(&contact.id));
}
