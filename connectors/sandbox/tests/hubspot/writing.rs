//! Writes: properties, batches, lists, workflows.

use engaged_sandbox::hubspot::{Change, Options};
use serde_json::{Value, json};

use crate::client::Bench;

const UPDATE: &str = "/crm/v3/objects/contacts/batch/update";
const PROPERTIES: &str = "/crm/v3/properties/contacts";

async fn score(bench: &Bench) {
    let body = json!({
        "name": "engagement_score", "label": "Score", "groupName": "contactinformation", "type": "number", "fieldType": "number",
    });
    assert_eq!(bench.ask("POST", PROPERTIES, &body).await.status, 201);
}

fn input(id: &str, value: &str) -> Value {
    json!({"id": id, "properties": {"engagement_score": value}})
}

#[tokio::test]
async fn a_property_must_exist_and_its_name_is_refused_a_second_time_as_set() {
    for (conflict, status) in [(true, 409), (false, 400)] {
        let bench = Bench::new(Options {
            taken_is_conflict: conflict,
            ..Options::default()
        })
        .await;
        let missing = bench
            .ask(
                "GET",
                &format!("{PROPERTIES}/engagement_score"),
                &Value::Null,
            )
            .await;
        assert_eq!(
            (missing.status, missing.category()),
            (404, "OBJECT_NOT_FOUND".into())
        );
        score(&bench).await;
        assert_eq!(
            bench.get(&format!("{PROPERTIES}/engagement_score")).await["fieldType"],
            "number"
        );
        let again = json!({"name": "engagement_score", "label": "x", "groupName": "contactinformation", "type": "string", "fieldType": "text"});
        assert_eq!(bench.ask("POST", PROPERTIES, &again).await.status, status);
    }
}

#[tokio::test]
async fn an_enumeration_takes_its_options_only() {
    let bench = Bench::plain().await;
    let body = json!({
        "name": "engagement_band", "label": "Band", "groupName": "contactinformation", "type": "enumeration", "fieldType": "select",
        "options": [{"label": "Hot", "value": "hot", "hidden": false, "displayOrder": 0}],
    });
    bench.post(PROPERTIES, &body).await;
    let contact = bench.mailed();
    for (value, status) in [("hot", 200), ("cold", 400), ("", 200)] {
        let body =
            json!({"inputs": [{"id": contact.id, "properties": {"engagement_band": value}}]});
        assert_eq!(
            bench.ask("POST", UPDATE, &body).await.status,
            status,
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_batch_writes_all_its_rows_and_moves_lastmodifieddate() {
    let bench = Bench::plain().await;
    score(&bench).await;
    let contacts: Vec<_> = bench.hubspot.contacts().into_iter().take(3).collect();
    let inputs: Vec<Value> = contacts
        .iter()
        .map(|contact| input(&contact.id, "71"))
        .collect();
    let answer = bench.ask("POST", UPDATE, &json!({"inputs": inputs})).await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (200, &json!("COMPLETE"))
    );
    for contact in &contacts {
        let now = bench.again(contact);
        assert_eq!(now.fields["engagement_score"], "71");
        assert!(now.modified > contact.modified);
        assert_eq!(
            (now.mailed, now.out_of_all),
            (contact.mailed, contact.out_of_all)
        );
    }
    assert!(bench.hubspot.consent_breaches().is_empty());
}

#[tokio::test]
async fn a_property_that_does_not_exist_refuses_the_whole_batch_or_its_row_as_set() {
    for whole in [true, false] {
        let bench = Bench::new(Options {
            bad_property_refuses_all: whole,
            ..Options::default()
        })
        .await;
        score(&bench).await;
        let contacts = bench.hubspot.contacts();
        let bad = json!({"id": contacts[1].id, "properties": {"nosuch": "1"}});
        let answer = bench
            .ask(
                "POST",
                UPDATE,
                &json!({"inputs": [input(&contacts[0].id, "5"), bad]}),
            )
            .await;
        assert_eq!(answer.status, if whole { 400 } else { 207 });
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text.contains("nosuch"), "{text}");
        assert_eq!(
            bench
                .again(&contacts[0])
                .fields
                .contains_key("engagement_score"),
            !whole
        );
        assert_eq!(
            bench.hubspot.ledger().applied().len(),
            1 + usize::from(!whole)
        );
    }
}

#[tokio::test]
async fn an_unknown_id_fails_its_row_and_a_doubled_one_the_batch() {
    let bench = Bench::plain().await;
    score(&bench).await;
    let contact = bench.mailed();
    let answer = bench
        .ask(
            "POST",
            UPDATE,
            &json!({"inputs": [input(&contact.id, "5"), input("9999999", "5")]}),
        )
        .await;
    let json = answer.json();
    assert_eq!((answer.status, &json["numErrors"]), (207, &json!(1)));
    assert_eq!(json["errors"][0]["context"]["ids"], json!(["9999999"]));
    let twice = json!({"inputs": [input(&contact.id, "6"), input(&contact.id, "7")]});
    assert_eq!(bench.ask("POST", UPDATE, &twice).await.status, 400);
    assert_eq!(bench.again(&contact).fields["engagement_score"], "5");
}

#[tokio::test]
async fn a_batch_has_its_most_and_what_only_the_platform_writes_is_refused() {
    let bench = Bench::new(Options {
        batch_most: 10,
        ..Options::default()
    })
    .await;
    score(&bench).await;
    let contacts = bench.hubspot.contacts();
    let inputs: Vec<Value> = contacts
        .iter()
        .take(11)
        .map(|contact| input(&contact.id, "1"))
        .collect();
    assert_eq!(
        bench
            .ask("POST", UPDATE, &json!({"inputs": inputs}))
            .await
            .status,
        400
    );
    for name in [
        "hs_marketable_status",
        "hs_email_optout",
        "lastmodifieddate",
    ] {
        let body = json!({"inputs": [{"id": contacts[0].id, "properties": {name: "true"}}]});
        let answer = bench.ask("POST", UPDATE, &body).await;
        assert!(
            answer.status == 400
                && answer.json()["message"]
                    .as_str()
                    .unwrap()
                    .contains("READ_ONLY_VALUE"),
            "{name}"
        );
    }
    assert!(bench.hubspot.written().is_empty());
}

#[tokio::test]
async fn an_upsert_of_a_stranger_makes_a_contact_which_the_journal_calls_a_breach() {
    let bench = Bench::plain().await;
    score(&bench).await;
    let body = json!({"inputs": [{"id": "new@example.org", "idProperty": "email", "properties": {"engagement_score": "1"}}]});
    let made = bench
        .post("/crm/v3/objects/contacts/batch/upsert", &body)
        .await;
    assert_eq!(made["results"][0]["new"], true);
    assert_eq!(bench.hubspot.consent_breaches().len(), 1);
    assert_eq!(
        bench
            .post("/crm/v3/objects/contacts/batch/upsert", &body)
            .await["results"][0]["new"],
        false
    );
}

#[tokio::test]
async fn a_list_names_what_changed_and_who_is_missing_and_is_read_page_by_page() {
    let bench = Bench::plain().await;
    let body = json!({"name": "Stil", "objectTypeId": "0-1", "processingType": "MANUAL"});
    let list = bench.post("/crm/v3/lists", &body).await["list"]["listId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        bench.ask("POST", "/crm/v3/lists", &body).await.status,
        400,
        "a name is taken once"
    );
    let all: Vec<String> = bench
        .hubspot
        .contacts()
        .into_iter()
        .map(|contact| contact.id)
        .collect();
    let members = format!("/crm/v3/lists/{list}/memberships");
    let ids: Vec<&str> = all
        .iter()
        .take(5)
        .map(String::as_str)
        .chain(["1"])
        .collect();
    let added = bench
        .ask("PUT", &format!("{members}/add"), &json!(ids))
        .await
        .json();
    assert_eq!(
        (
            added["recordsIdsAdded"].as_array().unwrap().len(),
            &added["recordIdsMissing"]
        ),
        (5, &json!(["1"]))
    );
    let twice = bench
        .ask("PUT", &format!("{members}/add"), &json!([all[0]]))
        .await
        .json();
    assert_eq!(twice["recordsIdsAdded"], json!([]));
    let change = json!({"recordIdsToAdd": [all[7]], "recordIdsToRemove": [all[0], all[1]]});
    bench
        .ask("PUT", &format!("{members}/add-and-remove"), &change)
        .await;
    let rows = bench.all(&format!("{members}?limit=2")).await;
    let found: Vec<&str> = rows
        .iter()
        .map(|row| row["recordId"].as_str().unwrap())
        .collect();
    assert_eq!(found, [&all[2], &all[3], &all[4], &all[7]]);
    let of = bench
        .get(&format!("/crm/v3/lists/records/0-1/{}/memberships", all[7]))
        .await;
    assert_eq!(of["results"][0]["listId"], list);
    assert_eq!(bench.hubspot.starts()[&format!("{} list Stil", all[0])], 1);
}

#[tokio::test]
async fn a_list_that_fills_itself_takes_nobody_by_hand() {
    let bench = Bench::plain().await;
    let list = bench
        .get("/crm/v3/lists/object-type-id/0-1/name/Alle%20klanten")
        .await["list"]
        .clone();
    assert_eq!(list["processingType"], "DYNAMIC");
    let path = format!(
        "/crm/v3/lists/{}/memberships/add",
        list["listId"].as_str().unwrap()
    );
    assert_eq!(
        bench
            .ask("PUT", &path, &json!([bench.mailed().id]))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn each_enrolment_counts_and_the_id_of_the_flow_is_not_that_of_the_workflow() {
    let bench = Bench::plain().await;
    let contact = bench.mailed();
    let path = |workflow: &str, email: &str| {
        format!("/automation/v2/workflows/{workflow}/enrollments/contacts/{email}")
    };
    let flow = bench.get("/automation/v4/flows").await["results"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ids = bench
        .post(
            "/automation/v4/workflow-id-mappings/batch/read",
            &json!({"inputs": [{"flowId": flow}]}),
        )
        .await;
    let workflow = ids["results"][0]["workflowId"].as_str().unwrap();
    for (id, email, status) in [
        (workflow, &*contact.address, 204),
        (workflow, &*contact.address, 204),
        (&flow, &*contact.address, 404),
        ("9402", &*contact.address, 400),
        (workflow, "nobody@example.org", 404),
    ] {
        assert_eq!(
            bench
                .ask("POST", &path(id, email), &Value::Null)
                .await
                .status,
            status,
            "{id} {email}"
        );
    }
    assert_eq!(
        bench.hubspot.starts()[&format!("{} workflow 9401", contact.id)],
        2
    );
    assert!(
        !bench
            .hubspot
            .written()
            .iter()
            .any(|written| written.change == Change::Created)
    );
}

#[tokio::test]
async fn a_custom_event_with_a_uuid_counts_once_and_a_stranger_becomes_a_contact() {
    let bench = Bench::plain().await;
    let contact = bench.mailed();
    let event = json!({"eventName": "pe62515_stil", "email": contact.address, "uuid": "a", "properties": {}});
    for _ in 0..2 {
        assert_eq!(
            bench.ask("POST", "/events/v3/send", &event).await.status,
            204
        );
    }
    assert_eq!(
        bench.hubspot.starts()[&format!("{} event pe62515_stil", contact.id)],
        1
    );
    let stranger = json!({"eventName": "pe62515_stil", "email": "new@example.org"});
    bench.post("/events/v3/send", &stranger).await;
    assert_eq!(bench.hubspot.consent_breaches().len(), 1);
}
