//! Writes: fields, tags, lists, automations, imports; and that the journal catches what breaks consent.

use engaged_sandbox::activecampaign::{Change, Contact, Options, Reentry, Status};
use engaged_sandbox::people::{Publication, Standing};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, free};

async fn import(bench: &Bench, rows: Value) -> Answer {
    bench
        .ask("POST", "/import/bulk_import", &json!({"contacts": rows}))
        .await
}

/// Asks until an import is carried out.
async fn finished(bench: &Bench, batch: &Value) -> Value {
    let path = format!("/import/info?batchId={}", batch.as_str().unwrap());
    for _ in 0..10 {
        let answer = bench.get(&path).await;
        if answer["status"] == "completed" {
            return answer;
        }
    }
    panic!("the import never ends");
}

async fn stand(bench: &Bench, contact: &Contact, status: u8, source: Option<u8>) -> Answer {
    let body = json!({"contactList": {"list": 2, "contact": contact.id, "status": status, "sourceid": source}});
    bench.ask("POST", "/contactLists", &body).await
}

#[tokio::test]
async fn a_field_is_made_of_text_taken_once_and_available_after_its_relation() {
    let bench = Bench::plain().await;
    let field = json!({"field": {"type": "text", "title": "Engagement score", "perstag": "ENGSCORE", "visible": 1}});
    let made = bench.ask("POST", "/fields", &field).await;
    assert_eq!(
        (made.status, &made.json()["fields"][0]["id"]),
        (201, &json!("4"))
    );
    let again = bench.ask("POST", "/fields", &field).await;
    assert_eq!(
        (again.status, &again.json()["errors"][0]["code"]),
        (422, &json!("duplicate"))
    );
    let number = json!({"field": {"type": "number", "title": "Other"}});
    assert_eq!(bench.ask("POST", "/fields", &number).await.status, 422);
    let path = "/fields?limit=100&filters[perstag]=ENGSCORE";
    assert_eq!(bench.get(path).await["fields"][0]["relations"], json!([]));
    let relation = json!({"fieldRel": {"field": "4", "relid": 0}});
    assert_eq!(bench.ask("POST", "/fieldRels", &relation).await.status, 201);
    assert_eq!(
        bench.get(path).await["fields"][0]["relations"],
        json!(["4"])
    );
}

#[tokio::test]
async fn a_value_by_put_creates_nobody_and_by_sync_whoever_is_unknown() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Unsubscribed);
    let values = json!([{"field": "1", "value": 42}]);
    let body = json!({"contact": {"fieldValues": values}});
    let path = format!("/contacts/{}", contact.id);
    assert_eq!(bench.ask("PUT", &path, &body).await.status, 200);
    assert_eq!(
        bench.ask("PUT", "/contacts/999999", &body).await.status,
        404
    );
    let now = bench.again(&contact);
    assert_eq!(
        (now.fields["CITY"].as_str(), &now.lists),
        ("42", &contact.lists)
    );
    assert!(bench.platform.consent_breaches().is_empty());
    let known = json!({"contact": {"email": contact.address, "fieldValues": values}});
    assert_eq!(bench.ask("POST", "/contact/sync", &known).await.status, 200);
    let unknown = json!({"contact": {"email": "nobody@example.org", "fieldValues": values}});
    assert_eq!(
        bench.ask("POST", "/contact/sync", &unknown).await.status,
        201
    );
    let breaches = bench.platform.consent_breaches();
    assert_eq!((breaches.len(), &breaches[0].change), (1, &Change::Created));
    assert_eq!(bench.ask("POST", "/contacts", &known).await.status, 422);
}

#[tokio::test]
async fn a_tag_is_taken_off_by_the_id_of_its_link() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Active);
    let tag = json!({"tag": {"tag": "eng:cold", "tagType": "contact", "description": ""}});
    let tag = bench.ask("POST", "/tags", &tag).await.json()["tag"]["id"].clone();
    let whole = bench.get("/tags?filters[search][eq]=eng:cold").await;
    assert_eq!(whole["tags"][0]["id"], tag);
    let body = json!({"contactTag": {"contact": contact.id, "tag": tag}});
    let link = bench.ask("POST", "/contactTags", &body).await;
    assert_eq!(link.status, 201);
    let again = bench.ask("POST", "/contactTags", &body).await;
    assert_eq!(again.json(), link.json());
    assert!(!bench.platform.ledger().entries().last().unwrap().applied);
    assert_eq!(
        bench
            .again(&contact)
            .tags
            .iter()
            .filter(|name| *name == "eng:cold")
            .count(),
        1
    );
    let unknown = bench
        .ask("DELETE", "/contactTags/424242", &Value::Null)
        .await;
    assert_eq!(unknown.status, 404);
    let link = link.json()["contactTag"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        bench
            .ask("DELETE", &format!("/contactTags/{link}"), &Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(bench.again(&contact).tags, contact.tags);
}

#[tokio::test]
async fn tags_and_fields_may_leave_the_date_of_change() {
    for moves in [true, false] {
        let bench = Bench::new(Options {
            tags_move_udate: moves,
            fields_move_udate: moves,
            ..free()
        })
        .await;
        let contact = bench.somebody(Status::Active);
        let tag = json!({"contactTag": {"contact": contact.id, "tag": 1}});
        bench.ask("POST", "/contactTags", &tag).await;
        let value = json!({"fieldValue": {"contact": contact.id, "field": "1", "value": "Ede"}});
        assert_eq!(bench.ask("POST", "/fieldValues", &value).await.status, 200);
        assert_eq!(
            bench.again(&contact).last_changed != contact.last_changed,
            moves
        );
    }
}

#[tokio::test]
async fn whoever_left_is_set_active_by_source_four_alone_and_that_is_a_breach() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Unsubscribed);
    let refused = stand(&bench, &contact, 1, None).await;
    assert_eq!(
        (refused.status, &refused.json()["contactList"]["status"]),
        (200, &json!(2))
    );
    assert!(bench.platform.consent_breaches().is_empty());
    let forced = stand(&bench, &contact, 1, Some(4)).await;
    assert_eq!(forced.json()["contactList"]["status"], 1);
    assert_eq!(bench.platform.consent_breaches().len(), 1);
}

#[tokio::test]
async fn whoever_is_unsubscribed_by_a_write_gets_no_more_mail() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Active);
    assert_eq!(stand(&bench, &contact, 2, None).await.status, 200);
    let now = bench.again(&contact);
    assert!(!now.mailed() && !now.left_themselves);
    let world = bench.world.read().unwrap();
    let person = world
        .people()
        .iter()
        .find(|person| person.address() == contact.address);
    let standing = person.unwrap().standing(Publication::Weekly, world.end());
    assert_eq!(standing, Standing::Gone);
}

#[tokio::test]
async fn an_entry_into_an_automation_that_is_off_is_refused_and_a_second_one_does_what_the_account_says()
 {
    for (reentry, status, rows, started) in [
        (Reentry::Again, 201, "2", 2),
        (Reentry::Refused, 403, "1", 1),
        (Reentry::Ignored, 201, "1", 1),
    ] {
        let bench = Bench::new(Options { reentry, ..free() }).await;
        let contact = bench.somebody(Status::Active);
        let body = |automation: u32| json!({"contactAutomation": {"contact": contact.id, "automation": automation}});
        for unknown in [9, 77] {
            let off = bench
                .ask("POST", "/contactAutomations", &body(unknown))
                .await;
            assert_eq!(
                (off.status, off.json()),
                (403, json!({"message": "Could not create SubscriberSeries"}))
            );
        }
        assert_eq!(
            bench
                .ask("POST", "/contactAutomations", &body(7))
                .await
                .status,
            201
        );
        assert_eq!(
            bench
                .ask("POST", "/contactAutomations", &body(7))
                .await
                .status,
            status
        );
        let path = format!(
            "/contactAutomations?filters[subscriberid][eq]={}",
            contact.id
        );
        assert_eq!(bench.get(&path).await["meta"]["total"], rows);
        let key = format!("{} automation 7", contact.id);
        assert_eq!(bench.platform.starts()[&key], started);
        bench.platform.finish_automations();
        let running = bench.get(&format!("{path}&filters[status][eq]=1")).await;
        assert_eq!(running["meta"]["total"], "0");
    }
}

#[tokio::test]
async fn an_import_takes_effect_later_and_keeps_automations_quiet_if_asked() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Unsubscribed);
    let row = json!({
        "email": contact.address, "tags": ["eng:cold"], "fields": [{"id": 1, "value": "42"}],
        "subscribe": [{"listid": 2}], "exclude_automations": true,
    });
    let queued = import(&bench, json!([row])).await;
    assert_eq!(
        (
            queued.status,
            &queued.json()["Success"],
            &queued.json()["queued_contacts"]
        ),
        (200, &json!(1), &json!(1))
    );
    assert_eq!(bench.again(&contact), contact);
    let done = finished(&bench, &queued.json()["batchId"]).await;
    assert_eq!(
        (&done["success"], &done["failure"]),
        (&json!([contact.id]), &json!([]))
    );
    let now = bench.again(&contact);
    assert_eq!(
        (now.fields["CITY"].as_str(), &now.lists),
        ("42", &contact.lists)
    );
    assert!(now.tags.contains(&"eng:cold".to_owned()));
    assert!(bench.platform.starts().is_empty() && bench.platform.consent_breaches().is_empty());
}

#[tokio::test]
async fn one_bad_row_refuses_the_whole_import() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Active);
    let good = json!({"email": contact.address, "fields": [{"id": 1, "value": "42"}]});
    for bad in [
        json!({"email": "no address"}),
        json!({"email": contact.address, "fields": [{"id": "1", "value": "42"}]}),
    ] {
        let answer = import(&bench, json!([good, bad])).await;
        assert_eq!(answer.status, 400);
        assert_eq!(
            (
                &answer.json()["success"],
                &answer.json()["failureReasons"][0]["contact"]
            ),
            (&json!(0), &json!(1))
        );
    }
    let many: Vec<Value> = (0..251).map(|_| good.clone()).collect();
    assert_eq!(import(&bench, json!(many)).await.status, 400);
    assert_eq!(
        bench.get("/import/bulk_import").await["outstanding"],
        json!([])
    );
}

#[tokio::test]
async fn an_import_creates_whom_nobody_knows_and_some_rows_fail_late() {
    let bench = Bench::plain().await;
    let rows = json!([{"email": "nobody@example.org"}, {"email": "o'neill@example.org"}]);
    let queued = import(&bench, rows).await.json();
    let done = finished(&bench, &queued["batchId"]).await;
    assert_eq!(done["failure"], json!(["o'neill@example.org"]));
    assert_eq!(bench.platform.consent_breaches().len(), 1);
    let unknown = bench
        .ask("GET", "/import/info?batchId=x", &Value::Null)
        .await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test(start_paused = true)]
async fn too_many_imports_are_a_400_with_its_own_words() {
    let bench = Bench::plain().await;
    let row = json!([{"email": bench.somebody(Status::Active).address}]);
    for _ in 0..20 {
        assert_eq!(import(&bench, row.clone()).await.status, 200);
    }
    let answer = import(&bench, row.clone()).await;
    assert_eq!(answer.status, 400);
    let words = answer.json()["failureReasons"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        words.starts_with("Up to 20 imports may be requested per minute"),
        "{words}"
    );
    tokio::time::advance(std::time::Duration::from_mins(1)).await;
    assert_eq!(import(&bench, row).await.status, 200);
}

#[tokio::test]
async fn who_leaves_by_hand_is_known_and_an_edit_by_hand_is_no_write() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Active);
    assert!(bench.platform.edit_by_hand(&contact.address, "CITY", "Ede"));
    assert!(bench.platform.tag_by_hand(&contact.address, "vip"));
    assert!(bench.platform.untag_by_hand(&contact.address, "vip"));
    assert!(bench.platform.leaves(&contact.address));
    assert!(
        bench
            .platform
            .readdress(&contact.address, "new@example.org")
    );
    let now = bench.again(&contact);
    assert_eq!(
        (now.address.as_str(), now.fields["CITY"].as_str()),
        ("new@example.org", "Ede")
    );
    assert!(!now.mailed() && now.left_themselves);
    assert!(bench.platform.written().is_empty());
    let later = crate::client::end() + chrono::TimeDelta::days(3_650);
    assert_eq!(bench.platform.touch_at(later, 3).len(), 3);
    let path = format!("/contacts?email={}", contact.address);
    assert_eq!(bench.get(&path).await["meta"]["total"], "0");
}

#[tokio::test]
async fn an_entry_may_be_refused_to_one_contact_alone() {
    let mut options = free();
    let contact = Bench::plain().await.somebody(Status::Active);
    options.entry_fails = vec![contact.address.clone()];
    let bench = Bench::new(options).await;
    let enter = |contact: &str| json!({"contactAutomation": {"contact": contact, "automation": 7}});
    let refused = bench
        .ask("POST", "/contactAutomations", &enter(&contact.id))
        .await;
    let others = bench.platform.contacts();
    let other = others.iter().find(|other| other.id != contact.id).unwrap();
    let entered = bench
        .ask("POST", "/contactAutomations", &enter(&other.id))
        .await;
    assert_eq!((refused.status, entered.status), (403, 201));
    assert_eq!(bench.platform.starts().len(), 1);
    for (list, row) in [
        ("fields", "field"),
        ("tags", "tag"),
        ("automations", "automation"),
    ] {
        let one = bench.get(&format!("/{list}/1")).await;
        assert_eq!(one[row]["id"], "1");
        let none = bench
            .ask("GET", &format!("/{list}/999"), &Value::Null)
            .await;
        assert_eq!(none.status, 404);
    }
}
