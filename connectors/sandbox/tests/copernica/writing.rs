//! Every write, and what a careless one does.

use engaged_sandbox::copernica::{Behavior, Change, Event, ImportById, Kind, Options};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::bench::{Bench, column, rows};

async fn with_score(options: Options) -> Bench {
    let bench = Bench::new(options).await;
    let path = format!("{}/fields", bench.base());
    bench
        .post(
            &path,
            r#"{"name":"EngScore","type":"integer","value":"0","lock":true}"#,
        )
        .await;
    bench
}

#[tokio::test]
async fn a_new_field_is_named_in_a_header_and_holds_whole_numbers() {
    let bench = with_score(Options::default()).await;
    let fields = bench.get(&format!("{}/fields", bench.base())).await;
    let own = rows(&fields).pop().unwrap();
    assert_eq!(
        (&own["name"], &own["type"], &own["lock"]),
        (&json!("EngScore"), &json!("integer"), &json!(true))
    );
    let id = bench.somebody(true).id;
    let path = format!("/profile/{id}/fields");
    assert_eq!(bench.get(&path).await["EngScore"], "0");
    assert_eq!(
        bench.put(&path, r#"{"EngScore":42}"#).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(bench.get(&path).await["EngScore"], "42");
    bench
        .refused(
            Method::POST,
            &format!("{}/fields", bench.base()),
            r#"{"name":"engscore","type":"text"}"#,
        )
        .await;
    let empty = with_score(Options {
        new_field_fills: false,
        ..Options::default()
    });
    assert_eq!(empty.await.get(&path).await["EngScore"], "");
}

#[tokio::test]
async fn unknown_columns_are_dropped_and_the_same_value_moves_nothing() {
    let bench = with_score(Options::default()).await;
    let before = bench.somebody(true);
    let path = format!("/profile/{}/fields", before.id);
    assert_eq!(
        bench.put(&path, r#"{"Nope":1,"EngScore":0}"#).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(bench.again(before.id).unwrap().modified, before.modified);
    assert_eq!(
        bench.copernica.ledger().applied().len(),
        1,
        "the field alone"
    );
    assert_eq!(bench.put(&path, "EngScore=7").await, StatusCode::NO_CONTENT);
    let after = bench.again(before.id).unwrap();
    assert_eq!(after.fields["EngScore"], "7");
    assert_ne!(after.modified, before.modified);
}

#[tokio::test]
async fn a_filter_that_is_ignored_changes_everybody_and_the_ledger_shows_it() {
    let bench = with_score(Options::default()).await;
    let everybody = bench.copernica.contacts().len();
    let id = bench.somebody(true).id;
    let path = |filter: &str| format!("{}/profiles?fields[]={filter}", bench.base());
    let body = r#"{"fields":{"EngScore":9}}"#;
    bench.put(&path(&format!("id=={id}")), body).await;
    assert_eq!(bench.copernica.reach().into_values().next_back(), Some(1));
    bench.put(&path(&format!("Idd=={id}")), body).await;
    assert_eq!(
        bench.copernica.reach().into_values().next_back(),
        Some(everybody)
    );
    bench
        .refused(Method::PUT, &format!("{}/profiles", bench.base()), body)
        .await;
}

#[tokio::test]
async fn the_verb_alone_tells_a_new_profile_from_a_change_of_many() {
    let bench = Bench::plain().await;
    let before = bench.copernica.contacts().len();
    let body = r#"{"fields":{"Email":"nieuw@example.org","Nieuwsbrief":"ja"}}"#;
    let path = format!("{}/profiles?fields[]=id==1", bench.base());
    let made = bench.post(&path, body).await;
    assert_eq!(bench.copernica.contacts().len(), before + 1);
    let breaches = bench.copernica.consent_breaches();
    assert_eq!(breaches[0].change, Change::Created);
    assert_eq!(breaches[0].profile.to_string(), made);
    let answer = bench
        .ask(Method::PUT, &format!("{path}&create=1"), body)
        .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(bench.copernica.contacts().len(), before + 2);
    assert_eq!(bench.put(&path, body).await, StatusCode::NO_CONTENT);
    assert_eq!(bench.copernica.contacts().len(), before + 2);
}

#[tokio::test]
async fn an_asynchronous_update_comes_later() {
    let bench = with_score(Options::default()).await;
    let id = bench.somebody(true).id;
    let path = format!("{}/profiles?async=1&fields[]=id=={id}", bench.base());
    assert_eq!(
        bench.put(&path, r#"{"fields":{"EngScore":5}}"#).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(bench.again(id).unwrap().fields["EngScore"], "0");
    for _ in 0..3 {
        bench.get("/identity").await;
    }
    assert_eq!(bench.again(id).unwrap().fields["EngScore"], "5");
}

#[tokio::test]
async fn interests_merge_by_post_and_are_replaced_by_put() {
    let bench = Bench::plain().await;
    let all = bench.copernica.contacts();
    let id = all.iter().find(|one| one.interests == ["VIP"]).unwrap().id;
    let path = format!("/profile/{id}/interests");
    let own = || bench.again(id).unwrap().interests;
    bench.ask(Method::POST, &path, r#"{"nurture":1}"#).await;
    assert_eq!(own(), ["VIP"], "nobody has defined it yet");
    bench
        .post(
            &format!("{}/interests", bench.base()),
            r#"{"name":"nurture"}"#,
        )
        .await;
    bench.ask(Method::POST, &path, r#"{"nurture":1}"#).await;
    assert_eq!(own(), ["VIP", "nurture"]);
    bench.ask(Method::POST, &path, r#"{"nurture":0}"#).await;
    assert_eq!(own(), ["VIP"]);
    bench.put(&path, r#"{"nurture":1}"#).await;
    assert_eq!(own(), ["nurture"], "the owner's own interest is gone");
}

fn import(bench: &Bench, source: &str, more: &str) -> String {
    let database = bench.copernica.databases()[0];
    format!(
        r#"{{"database":{database},"name":"scores","action":"update","keyFields":["ID"],"format":"json","source":{source},"followups":false,"autostart":true,"ignoreEmptyFields":true{more}}}"#
    )
}

async fn finish(bench: &Bench, id: &str) -> (Vec<String>, Value) {
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..9 {
        let state = bench.get(&format!("/import/{id}")).await;
        let word = state["status"].as_str().unwrap().to_owned();
        if seen.last() != Some(&word) {
            seen.push(word);
        }
        if seen.last().unwrap() == "finished" {
            return (seen, state);
        }
    }
    panic!("the import never ends: {seen:?}");
}

#[tokio::test]
async fn an_import_writes_distinct_values_later_and_says_nothing_of_rows() {
    let bench = with_score(Options::default()).await;
    let people = bench.copernica.contacts();
    let source = format!(
        r#"[{{"ID":{},"EngScore":11}},{{"ID":{},"EngScore":12}},{{"ID":1,"EngScore":13}}]"#,
        people[0].id, people[1].id
    );
    let id = bench.post("/imports", &import(&bench, &source, "")).await;
    assert_eq!(bench.again(people[0].id).unwrap().fields["EngScore"], "0");
    let (words, state) = finish(&bench, &id).await;
    assert_eq!(words, ["ready for start", "running", "finished"]);
    assert_eq!(
        (
            &state["totallines"],
            &state["processedlines"],
            &state["lasterror"]
        ),
        (&json!(3), &json!(3), &json!(false))
    );
    assert_eq!(bench.again(people[0].id).unwrap().fields["EngScore"], "11");
    assert_eq!(bench.again(people[1].id).unwrap().fields["EngScore"], "12");
    assert_eq!(bench.copernica.contacts().len(), people.len());
    assert!(bench.copernica.consent_breaches().is_empty());
}

#[tokio::test]
async fn a_row_of_an_import_with_its_columns_in_another_order_lands_in_the_wrong_ones() {
    let bench = with_score(Options::default()).await;
    let people = bench.copernica.contacts();
    let source = format!(
        r#"[{{"ID":{},"EngScore":11,"Woonplaats":"Delft"}},{{"ID":{},"Woonplaats":"Delft","EngScore":12}}]"#,
        people[0].id, people[1].id
    );
    let id = bench.post("/imports", &import(&bench, &source, "")).await;
    finish(&bench, &id).await;
    let fields = |place: usize| {
        let fields = bench.again(people[place].id).unwrap().fields;
        (fields["EngScore"].clone(), fields["Woonplaats"].clone())
    };
    assert_eq!(fields(0), ("11".into(), "Delft".into()));
    assert_eq!(fields(1), ("0".into(), "12".into()));
}

#[tokio::test]
async fn remove_missing_deletes_everybody_who_is_not_named() {
    let bench = with_score(Options::default()).await;
    let one = bench.somebody(true).id;
    let source = format!(r#"[{{"ID":{one},"EngScore":1}}]"#);
    let id = bench
        .post(
            "/imports",
            &import(&bench, &source, r#","removeMissing":true"#),
        )
        .await;
    finish(&bench, &id).await;
    let left: Vec<u32> = bench
        .copernica
        .contacts()
        .iter()
        .map(|contact| contact.id)
        .collect();
    assert_eq!(left, [one]);
    let written = bench.copernica.written();
    assert!(
        written
            .iter()
            .filter(|written| written.change == Change::Removed)
            .count()
            > 100
    );
}

#[tokio::test]
async fn whether_an_import_may_go_by_id_is_a_setting() {
    for import_by_id in [ImportById::Refused, ImportById::MatchesNobody] {
        let bench = with_score(Options {
            import_by_id,
            ..Options::default()
        })
        .await;
        let one = bench.somebody(true).id;
        let body = import(&bench, &format!(r#"[{{"ID":{one},"EngScore":1}}]"#), "");
        if import_by_id == ImportById::Refused {
            bench.refused(Method::POST, "/imports", &body).await;
        } else {
            let id = bench.post("/imports", &body).await;
            finish(&bench, &id).await;
        }
        assert_eq!(bench.again(one).unwrap().fields["EngScore"], "0");
    }
}

#[tokio::test]
async fn an_import_by_address_meets_duplicates() {
    for import_all_duplicates in [true, false] {
        let bench = with_score(Options {
            import_all_duplicates,
            ..Options::default()
        })
        .await;
        let (a, b) = (
            bench.copernica.contacts()[0].clone(),
            bench.copernica.contacts()[1].clone(),
        );
        assert!(bench.copernica.write_by_hand(b.id, "Email", &a.address));
        let source = format!(r#"[{{"Email":"{}","EngScore":3}}]"#, a.address);
        let body = import(&bench, &source, "").replace(r#"["ID"]"#, r#"["Email"]"#);
        let id = bench.post("/imports", &body).await;
        finish(&bench, &id).await;
        let score = |id| bench.again(id).unwrap().fields["EngScore"].clone();
        assert_eq!(
            (score(a.id), score(b.id) == "3"),
            ("3".into(), import_all_duplicates)
        );
    }
}

#[tokio::test]
async fn what_unsubscribing_does_is_the_databases_own_affair() {
    for (behavior, field, there) in [
        (Behavior::Nothing, "ja", true),
        (Behavior::Update, "nee", true),
        (Behavior::Remove, "", false),
    ] {
        let bench = Bench::new(Options {
            behavior,
            ..Options::default()
        })
        .await;
        let told = bench.get(&format!("{}/unsubscribe", bench.base())).await;
        assert_eq!(told["behavior"], behavior.word());
        let id = bench.somebody(true).id;
        assert_eq!(
            bench.put(&format!("/profile/{id}/unsubscribe"), "[]").await,
            StatusCode::NO_CONTENT
        );
        let after = bench.again(id);
        assert_eq!(after.is_some(), there);
        assert!(after.is_none_or(|one| one.fields["Nieuwsbrief"] == field
            && !one.mailed
            && !one.left_themselves));
        bench.world.write().unwrap().advance(7);
        let events = bench.copernica.events();
        let late = events.iter().filter(|event| {
            event.profile == id && i64::from(event.at) > super::bench::end().timestamp() + 86_400
        });
        assert_eq!(late.count(), 0, "nothing is sent any more");
    }
}

#[tokio::test]
async fn whoever_leaves_by_their_own_hand_is_known_and_may_come_back() {
    let bench = Bench::plain().await;
    let id = bench.somebody(true).id;
    assert!(bench.copernica.leaves(id));
    let left = bench.again(id).unwrap();
    assert!(left.left_themselves && !left.mailed);
    let sent = |bench: &Bench| {
        let events = bench.copernica.events();
        let own = |event: &&Event| event.profile == id && event.kind == Kind::Destination;
        events.iter().filter(own).count()
    };
    let before = sent(&bench);
    bench.world.write().unwrap().advance(7);
    assert_eq!(sent(&bench), before);
    assert!(bench.copernica.joins(id));
    assert!(bench.again(id).unwrap().mailed);
    bench.world.write().unwrap().advance(7);
    assert_eq!(sent(&bench), before + 1);
    assert!(bench.copernica.written().is_empty());
}

#[tokio::test]
async fn giving_consent_back_by_a_write_is_a_breach() {
    let bench = Bench::plain().await;
    let id = bench.somebody(true).id;
    let path = format!("/profile/{id}/fields");
    bench.put(&path, r#"{"Nieuwsbrief":"nee"}"#).await;
    assert!(bench.copernica.consent_breaches().is_empty());
    bench.put(&path, r#"{"Nieuwsbrief":"ja"}"#).await;
    assert_eq!(bench.copernica.consent_breaches().len(), 1);
}

#[tokio::test]
async fn an_unsubscribe_with_attribution_may_leave_the_statistics_alone() {
    let bench = Bench::plain().await;
    let mailing = bench.all("/ms/emailings").await.pop().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = format!("/ms/emailing/{mailing}");
    let sent = bench.all(&format!("{own}/destinations")).await;
    let mut mailed = column(&sent, "profile").into_iter();
    let id: u32 = mailed
        .find(|id| {
            bench
                .again(id.parse().unwrap())
                .is_some_and(|one| one.mailed)
        })
        .unwrap()
        .parse()
        .unwrap();
    let before = bench.get("/ms/unsubscribes?limit=1").await["total"].clone();
    let body = format!(r#"{{"target":{id},"behavior":true,"statistics":false}}"#);
    assert_eq!(
        bench.put(&format!("{own}/unsubscribe"), &body).await,
        StatusCode::NO_CONTENT
    );
    assert!(!bench.again(id).unwrap().mailed);
    assert_eq!(bench.get("/ms/unsubscribes?limit=1").await["total"], before);
}

#[tokio::test]
async fn starts_are_counted_by_what_begins_them() {
    let bench = Bench::plain().await;
    let id = bench.somebody(true).id;
    let field = format!("/profile/{id}/fields");
    bench.put(&field, r#"{"NurtureStart":"2026-06-10"}"#).await;
    bench.put(&field, r#"{"NurtureStart":"2026-06-10"}"#).await;
    bench
        .post(
            &format!("/profile/{id}/subprofiles/Nurture"),
            r#"{"Reeks":"koud"}"#,
        )
        .await;
    let mail = format!(r#"{{"target":{id},"targettype":"profile","template":77}}"#);
    bench.post("/ms/emailing", &mail).await;
    bench.post("/ms/emailing", &mail).await;
    let starts: Vec<(String, usize)> = bench.copernica.starts().into_iter().collect();
    let expected = [
        (format!("{id} field NurtureStart=2026-06-10"), 1),
        (format!("{id} mail 77"), 2),
        (format!("{id} subprofile Nurture"), 1),
    ];
    assert_eq!(starts, expected);
    assert_eq!(bench.get("/ms/emailings?type=individual").await["total"], 2);
}

#[tokio::test]
async fn an_import_without_followups_starts_nothing() {
    for (word, started) in [("false", 0), ("true", 1)] {
        let bench = Bench::plain().await;
        let id = bench.somebody(true).id;
        let source = format!(r#"[{{"ID":{id},"NurtureStart":"2026-06-10"}}]"#);
        let body = import(&bench, &source, "")
            .replace(r#""followups":false"#, &format!(r#""followups":{word}"#));
        let import = bench.post("/imports", &body).await;
        finish(&bench, &import).await;
        assert_eq!(bench.copernica.starts().len(), started);
    }
}

#[tokio::test]
async fn the_wrong_verb_looks_well_and_does_nothing() {
    let bench = Bench::plain().await;
    let one = bench.somebody(true);
    let path = format!("/profile/{}/fields", one.id);
    let answer = bench
        .ask(Method::POST, &path, r#"{"Woonplaats":"Delft"}"#)
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(bench.put("/imports", "{}").await, StatusCode::OK);
    assert_eq!(bench.again(one.id), Some(one));
    assert!(bench.copernica.ledger().applied().is_empty());
}

#[tokio::test]
async fn many_are_deleted_by_a_body_and_one_by_its_path() {
    let bench = Bench::plain().await;
    let all = bench.copernica.contacts();
    let answer = bench
        .ask(Method::DELETE, &format!("/profile/{}", all[0].id), "")
        .await;
    assert_eq!(
        answer.headers()["x-deleted"],
        format!("profile {}", all[0].id)
    );
    let body = json!({"profiles": [all[1].id, all[2].id]}).to_string();
    bench
        .ask(Method::DELETE, &format!("{}/profiles", bench.base()), &body)
        .await;
    assert_eq!(bench.copernica.contacts(), all[3..]);
}

#[tokio::test]
async fn the_header_with_the_new_id_may_be_missing() {
    let bench = Bench::new(Options {
        created_header: false,
        ..Options::default()
    })
    .await;
    let answer = bench
        .ask(
            Method::POST,
            &format!("{}/interests", bench.base()),
            r#"{"name":"x"}"#,
        )
        .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert!(
        !answer.headers().contains_key("x-created") && answer.headers().contains_key("x-location")
    );
}
