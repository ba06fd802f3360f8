//! Writes: what the platform takes, refuses and passes over.

use engaged_sandbox::mailchimp::{Change, Contact, Options, Status};
use serde_json::{Value, json};

use crate::client::Bench;

async fn score_field(bench: &Bench) {
    let field =
        json!({"tag": "ENGSCORE", "name": "Score", "type": "number", "public": false}).to_string();
    let answer = bench
        .ask("POST", &format!("{}/merge-fields", bench.list()), &field)
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_patch_writes_a_merge_field_and_moves_last_changed() {
    let bench = Bench::plain().await;
    score_field(&bench).await;
    let contact = bench.somebody(Status::Subscribed);
    let answer = bench
        .ask(
            "PATCH",
            &bench.member(&contact),
            r#"{"merge_fields":{"ENGSCORE":42}}"#,
        )
        .await;
    assert_eq!(answer.status, 200);
    let now = bench.again(&contact);
    assert!(now.fields["ENGSCORE"] == 42 || now.fields["ENGSCORE"] == "42");
    assert!(now.last_changed > contact.last_changed);
    assert_eq!((now.status, &now.tags), (contact.status, &contact.tags));
    let written = bench.mailchimp.written_by_contact();
    let Change::Field { tag, from, to } = &written[&contact.email_id][0] else {
        panic!("{written:?}")
    };
    assert_eq!(
        (tag.as_str(), from, to),
        ("ENGSCORE", &json!(""), &json!(42))
    );
}

#[tokio::test]
async fn numbers_come_back_as_numbers_or_as_texts() {
    let bench = Bench::plain().await;
    score_field(&bench).await;
    let mut kinds = [false, false];
    for contact in bench
        .mailchimp
        .contacts()
        .iter()
        .filter(|c| c.status == Status::Subscribed && c.fields["JOB"] != "")
        .take(12)
    {
        let body = bench
            .ask(
                "PATCH",
                &bench.member(contact),
                r#"{"merge_fields":{"ENGSCORE":7}}"#,
            )
            .await
            .json();
        kinds[usize::from(body["merge_fields"]["ENGSCORE"].is_string())] = true;
    }
    assert_eq!(kinds, [true, true]);
}

#[tokio::test]
async fn a_number_field_refuses_words_and_changes_nothing() {
    let bench = Bench::plain().await;
    score_field(&bench).await;
    let contact = bench.somebody(Status::Subscribed);
    let body = r#"{"status":"unsubscribed","merge_fields":{"ENGSCORE":"hot"}}"#;
    let answer = bench.ask("PATCH", &bench.member(&contact), body).await;
    assert_eq!(
        (answer.status, answer.title()),
        (400, "Invalid Resource".into())
    );
    assert_eq!(answer.json()["errors"][0]["field"], "merge_fields.ENGSCORE");
    assert_eq!(bench.again(&contact), contact_with_score(contact));
}

fn contact_with_score(mut contact: Contact) -> Contact {
    contact.fields.insert("ENGSCORE".into(), json!(""));
    contact
}

#[tokio::test]
async fn an_unknown_merge_field_is_dropped_without_a_word() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let answer = bench
        .ask(
            "PATCH",
            &bench.member(&contact),
            r#"{"merge_fields":{"NOSUCH":1}}"#,
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["merge_fields"].get("NOSUCH").is_none());
}

#[tokio::test]
async fn a_required_field_of_others_refuses_the_write_unless_skipped() {
    let bench = Bench::plain().await;
    score_field(&bench).await;
    let jobless = bench
        .mailchimp
        .contacts()
        .into_iter()
        .find(|c| c.fields["JOB"] == "" && c.status == Status::Subscribed)
        .unwrap();
    let body = r#"{"merge_fields":{"ENGSCORE":1}}"#;
    let refused = bench.ask("PATCH", &bench.member(&jobless), body).await;
    assert_eq!(
        (
            refused.status,
            refused.json()["errors"][0]["field"].as_str()
        ),
        (400, Some("merge_fields.JOB"))
    );
    let path = format!("{}?skip_merge_validation=true", bench.member(&jobless));
    assert_eq!(bench.ask("PATCH", &path, body).await.status, 200);
}

#[tokio::test]
async fn merge_fields_have_rules_for_tags_and_are_not_made_twice() {
    let bench = Bench::plain().await;
    let path = format!("{}/merge-fields", bench.list());
    let make = |tag: &str, kind: &str| json!({"tag": tag, "name": "x", "type": kind}).to_string();
    let made = bench
        .ask("POST", &path, &make("engscore", "number"))
        .await
        .json();
    assert_eq!(
        (made["tag"].as_str(), made["type"].as_str()),
        (Some("ENGSCORE"), Some("number"))
    );
    for (tag, kind) in [
        ("ENGSCORE", "number"),
        ("ELEVENCHARS", "text"),
        ("BAD-TAG", "text"),
        ("OK", "score"),
    ] {
        let answer = bench.ask("POST", &path, &make(tag, kind)).await;
        assert_eq!(
            (answer.status, answer.title()),
            (400, "Invalid Resource".into()),
            "{tag}"
        );
    }
    let nameless = bench
        .ask(
            "POST",
            &path,
            &json!({"name": "y", "type": "text"}).to_string(),
        )
        .await
        .json();
    assert_eq!(nameless["tag"], format!("MERGE{}", nameless["merge_id"]));
    let rows = bench.all(&path, "merge_fields").await;
    assert_eq!(
        rows.iter().filter(|row| row["tag"] == "ENGSCORE").count(),
        1
    );
    assert_eq!(rows.iter().filter(|row| row["tag"] == "FNAME").count(), 1);
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off_and_unknown_ones_are_made() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let path = format!("{}/tags", bench.member(&contact));
    let post = async |name: &str, status: &str| {
        let body =
            json!({"tags": [{"name": name, "status": status}], "is_syncing": true}).to_string();
        bench.ask("POST", &path, &body).await
    };
    let answer = post("cold", "active").await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert!(bench.again(&contact).tags.contains(&"cold".to_owned()));
    let mark = bench.mailchimp.ledger().len();
    assert_eq!(post("cold", "active").await.status, 204);
    assert!(
        !bench.mailchimp.ledger().since(mark)[0].applied,
        "the tag was there"
    );
    post("cold", "inactive").await;
    assert_eq!(bench.again(&contact).tags, contact.tags);
    let found = bench
        .get(&format!("{}/tag-search?name=COL", bench.list()))
        .await;
    assert_eq!(found["tags"][0]["name"], "cold");
    assert_eq!(post("cold", "perhaps").await.status, 400);
    let quiet = Change::Tag {
        name: "cold".into(),
        on: true,
        quiet: true,
    };
    assert_eq!(bench.mailchimp.written()[0].change, quiet);
}

#[tokio::test]
async fn a_change_of_tags_moves_last_changed_or_not_as_set() {
    for moves in [true, false] {
        let bench = Bench::new(Options {
            tags_move_last_changed: moves,
            ..Options::default()
        })
        .await;
        let contact = bench.somebody(Status::Subscribed);
        let body = r#"{"tags":[{"name":"cold","status":"active"}]}"#;
        bench
            .ask("POST", &format!("{}/tags", bench.member(&contact)), body)
            .await;
        assert_eq!(
            bench.again(&contact).last_changed > contact.last_changed,
            moves
        );
    }
}

#[tokio::test]
async fn a_segment_takes_five_hundred_and_passes_over_strangers() {
    let bench = Bench::plain().await;
    let path = format!("{}/segments", bench.list());
    let (one, two) = (
        bench.somebody(Status::Subscribed),
        bench.somebody(Status::Unsubscribed),
    );
    let made = bench
        .ask(
            "POST",
            &path,
            &json!({"name": "cold", "static_segment": [one.address]}).to_string(),
        )
        .await
        .json();
    assert_eq!(made["member_count"], 1);
    let path = format!("{path}/{}", made["id"]);
    let body = json!({"members_to_add": [two.address, "stranger@example.org"], "members_to_remove": [one.address]});
    let answer = bench.ask("POST", &path, &body.to_string()).await.json();
    assert_eq!(
        (
            answer["total_added"].as_u64(),
            answer["total_removed"].as_u64()
        ),
        (Some(1), Some(1))
    );
    assert!(bench.again(&two).tags.contains(&"cold".to_owned()));
    let many = vec!["a@example.org"; 501];
    assert_eq!(
        bench
            .ask("POST", &path, &json!({"members_to_add": many}).to_string())
            .await
            .status,
        400
    );
    assert_eq!(
        bench.mailchimp.contacts().len(),
        bench
            .all(&format!("{}/members", bench.list()), "members")
            .await
            .len()
    );
}

#[tokio::test]
async fn a_bulk_call_answers_200_with_refusals_inside() {
    let bench = Bench::plain().await;
    score_field(&bench).await;
    let (there, left, cleaned) = (
        bench.somebody(Status::Subscribed),
        bench.somebody(Status::Unsubscribed),
        bench.somebody(Status::Cleaned),
    );
    let row = |address: &str| json!({"email_address": address, "status": "subscribed", "merge_fields": {"ENGSCORE": 5}});
    let rows: Vec<Value> = [&there.address, &left.address, &cleaned.address]
        .into_iter()
        .map(|a| row(a))
        .collect();
    let path = bench.list();
    let existing = bench
        .ask("POST", &path, &json!({"members": rows}).to_string())
        .await
        .json();
    assert_eq!(existing["errors"][0]["error_code"], "ERROR_CONTACT_EXISTS");
    let answer = bench
        .ask(
            "POST",
            &path,
            &json!({"members": rows, "update_existing": true}).to_string(),
        )
        .await;
    let body = answer.json();
    assert_eq!(
        (
            answer.status,
            body["total_updated"].as_u64(),
            body["error_count"].as_u64()
        ),
        (200, Some(2), Some(1))
    );
    assert_eq!(body["errors"][0]["error_code"], "ERROR_GENERIC");
    // Who left is not subscribed again, and the answer does not say so.
    assert_eq!(bench.again(&left).status, Status::Unsubscribed);
    assert_eq!(bench.again(&cleaned).status, Status::Cleaned);
    let many = vec![row("a@example.org"); 501];
    assert_eq!(
        bench
            .ask("POST", &path, &json!({"members": many}).to_string())
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_bulk_call_with_sync_tags_replaces_all_tags_and_without_adds() {
    let bench = Bench::plain().await;
    let tagged =
        |contact: &Contact| contact.status == Status::Subscribed && !contact.tags.is_empty();
    let contact = bench.mailchimp.contacts().into_iter().find(tagged).unwrap();
    let row = json!({"email_address": contact.address, "status": "subscribed", "tags": ["only"]});
    for sync in [false, true] {
        let body =
            json!({"members": [row], "update_existing": true, "sync_tags": sync}).to_string();
        bench.ask("POST", &bench.list(), &body).await;
        let mut tags = if sync { vec![] } else { contact.tags.clone() };
        tags.push("only".to_owned());
        assert_eq!(bench.again(&contact).tags, tags);
    }
}

#[tokio::test]
async fn a_put_adds_tags_to_the_new_but_not_to_those_who_are_there() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let body =
        json!({"email_address": contact.address, "status_if_new": "subscribed", "tags": ["x"]})
            .to_string();
    assert_eq!(
        bench
            .ask("PUT", &bench.member(&contact), &body)
            .await
            .status,
        200
    );
    assert_eq!(bench.again(&contact).tags, contact.tags);
    let new =
        json!({"email_address": "nieuw@example.org", "status_if_new": "subscribed", "tags": ["x"]})
            .to_string();
    let path = format!("{}/members/nieuw%40example.org", bench.list());
    assert_eq!(
        bench.ask("PUT", &path, &new).await.json()["tags"][0]["name"],
        "x"
    );
}

#[tokio::test]
async fn adding_somebody_who_is_there_is_refused() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let body = json!({"email_address": contact.address, "status": "subscribed"}).to_string();
    let answer = bench
        .ask("POST", &format!("{}/members", bench.list()), &body)
        .await;
    assert_eq!(
        (answer.status, answer.title()),
        (400, "Member Exists".into())
    );
}

#[tokio::test]
async fn a_journey_step_is_triggered_once_for_each_call() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let path = "/customer-journeys/journeys/12/steps/34/actions/trigger";
    let body = json!({"email_address": contact.address}).to_string();
    for _ in 0..2 {
        assert_eq!(bench.ask("POST", path, &body).await.status, 204);
    }
    let step = Change::Journey {
        journey: "12".into(),
        step: "34".into(),
    };
    assert_eq!(
        bench.mailchimp.written_by_contact()[&contact.email_id],
        [step.clone(), step]
    );
    let name = format!("{} journey 12 step 34", contact.email_id);
    assert_eq!(bench.mailchimp.starts()[&name], 2);
    let path = path.replace("34", "welcome");
    assert_eq!(bench.ask("POST", &path, &body).await.status, 404);
    assert_eq!(bench.get("/automations").await["total_items"], 0);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_problem() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    assert_eq!(
        bench
            .ask("PATCH", &bench.member(&contact), "{")
            .await
            .title(),
        "JSON Parse Error"
    );
}
