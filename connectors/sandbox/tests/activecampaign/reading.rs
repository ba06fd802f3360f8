//! Reading contacts and what belongs to them: pages, filters, odd values.

use engaged_sandbox::activecampaign::{Options, Status};
use serde_json::{Value, json};

use crate::client::{Bench, free};

#[tokio::test]
async fn a_walk_by_id_finds_everybody_once_and_all_ids_are_texts() {
    let bench = Bench::plain().await;
    let (mut seen, mut last) = (Vec::new(), 0_u64);
    loop {
        let path = format!("/contacts?limit=100&orders[id]=ASC&id_greater={last}");
        let page = bench.get(&path).await;
        assert!(page["meta"]["total"].is_string());
        let rows = page["contacts"].as_array().unwrap().clone();
        for row in &rows {
            last = row["id"].as_str().unwrap().parse().unwrap();
            seen.push(row["email"].as_str().unwrap().to_owned());
        }
        if rows.len() < 100 {
            break;
        }
    }
    let contacts = bench.platform.contacts();
    let truth: Vec<String> = contacts.into_iter().map(|one| one.address).collect();
    assert_eq!(seen, truth);
    assert!(seen.len() > 250);
}

#[tokio::test]
async fn what_is_no_filter_is_ignored_without_a_word() {
    let bench = Bench::plain().await;
    let all = bench.get("/contacts").await["meta"]["total"].clone();
    for query in [
        "filters[campaignid]=11",
        "orders[udate]=DESC",
        "filters[updated_after]=2026-06-10T11:00:00+00:00",
    ] {
        let answer = bench.get(&format!("/contacts?{query}")).await;
        assert_eq!(answer["meta"]["total"], all, "{query}");
    }
    let late = bench
        .get("/contacts?filters[updated_after]=2026-06-10T11:00:00Z")
        .await;
    assert_ne!(late["meta"]["total"], all);
    let entries = bench.get("/contactAutomations?filters[contact]=1").await;
    assert_eq!(entries["meta"]["total"], "0");
}

#[tokio::test]
async fn a_date_may_switch_the_walk_by_id_off() {
    let query = "/contacts?limit=1&orders[id]=ASC&filters[updated_after]=2020-01-01";
    for keyset_with_dates in [true, false] {
        let bench = Bench::new(Options {
            keyset_with_dates,
            ..free()
        })
        .await;
        let first = bench.get(query).await["contacts"][0]["id"].clone();
        let next = format!("{query}&id_greater={}", first.as_str().unwrap());
        let second = bench.get(&next).await["contacts"][0]["id"].clone();
        assert_eq!(first != second, keyset_with_dates);
    }
}

#[tokio::test]
async fn what_is_empty_is_so_in_several_ways() {
    let bench = Bench::plain().await;
    let rows = bench.all("/contacts", "contacts").await;
    for odd in [json!(null), json!(""), json!("0000-00-00")] {
        assert!(rows.iter().any(|row| row["bounced_date"] == odd), "{odd}");
    }
}

#[tokio::test]
async fn times_have_the_offset_and_those_named_after_utc_are_local() {
    let bench = Bench::plain().await;
    let row = bench.get("/contacts?limit=1").await["contacts"][0].clone();
    let (zoned, named) = (
        row["cdate"].as_str().unwrap(),
        row["created_utc_timestamp"].as_str(),
    );
    assert!(zoned.ends_with("-06:00"), "{zoned}");
    assert_eq!(named.unwrap(), zoned[..19].replace('T', " "));
}

#[tokio::test]
async fn the_status_filter_is_over_any_list() {
    let bench = Bench::new(Options {
        second_list: true,
        ..free()
    })
    .await;
    let both = bench.platform.contacts().into_iter().find(|contact| {
        contact.lists.len() == 2
            && contact
                .lists
                .values()
                .all(|status| *status == Status::Active)
    });
    let both = both.unwrap();
    let body = json!({"contactList": {"list": 3, "contact": both.id, "status": 2}});
    bench.ask("POST", "/contactLists", &body).await;
    for status in [1, 2] {
        let rows = bench
            .all(&format!("/contacts?status={status}"), "contacts")
            .await;
        assert!(rows.iter().any(|row| row["id"] == both.id), "{status}");
    }
    let left = bench.all("/contacts?status=2&listid=2", "contacts").await;
    assert!(left.iter().all(|row| row["id"] != both.id));
}

#[tokio::test]
async fn who_was_deleted_vanishes_and_no_date_tells() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Active);
    let path = format!("/contacts/{}", contact.id);
    assert_eq!(bench.ask("DELETE", &path, &Value::Null).await.status, 200);
    let gone = bench.ask("GET", &path, &Value::Null).await;
    assert_eq!(
        (gone.status, gone.json()),
        (
            404,
            json!({"message": format!("No Result found for Subscriber with id {}", contact.id)})
        )
    );
    let rows = bench
        .all("/contacts?filters[updated_after]=2000-01-01", "contacts")
        .await;
    assert!(rows.iter().all(|row| row["id"] != contact.id));
}

#[tokio::test]
async fn lists_of_relations_have_everybody_or_are_not_there() {
    let bench = Bench::plain().await;
    let contacts = bench.platform.contacts();
    let rows = bench.all("/contactLists", "contactLists").await;
    assert_eq!(rows.len(), contacts.len());
    let tags: usize = contacts.iter().map(|contact| contact.tags.len()).sum();
    assert_eq!(bench.all("/contactTags", "contactTags").await.len(), tags);
    let fields: usize = contacts.iter().map(|contact| contact.fields.len()).sum();
    assert_eq!(bench.all("/fieldValues", "fieldValues").await.len(), fields);
    let closed = Bench::new(Options {
        global_relations: false,
        global_bounces: false,
        link_data: false,
        ..free()
    })
    .await;
    for path in [
        "/contactLists",
        "/contactTags",
        "/bounceLogs",
        "/links/1/linkData",
        "/messageActivities",
    ] {
        assert_eq!(
            closed.ask("GET", path, &Value::Null).await.status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_bad_key_a_missing_right_and_a_revoked_key_are_one_403() {
    let bench = Bench::new(Options {
        forbidden: &["webhooks"],
        read_only: true,
        ..free()
    })
    .await;
    let url = format!("{}/users/me", bench.platform.base_url());
    let wrong = bench.raw("0", "GET", &url, "").await;
    let denied = bench.ask("GET", "/webhooks", &Value::Null).await;
    let unwritable = bench
        .ask("POST", "/tags", &json!({"tag": {"tag": "x"}}))
        .await;
    let revoked = bench
        .platform
        .refusal(axum::http::StatusCode::UNAUTHORIZED)
        .await;
    for answer in [&wrong, &denied, &unwritable] {
        assert_eq!(
            (answer.status, answer.json()),
            (403, json!({"message": "Forbidden"}))
        );
    }
    assert_eq!(revoked.status().as_u16(), 403);
    assert_eq!(revoked.body(), wrong.text.as_bytes());
}

#[tokio::test]
async fn a_wrong_path_answers_with_a_page_for_people() {
    let bench = Bench::plain().await;
    let url = bench.platform.base_url().replace("/api/3", "/contacts");
    let answer = bench.raw(bench.platform.key(), "GET", &url, "").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.starts_with("<html>"));
}

#[tokio::test(start_paused = true)]
async fn the_sixth_request_of_a_second_gets_a_429() {
    let bench = Bench::new(Options::default()).await;
    for left in ["4", "3", "2", "1", "0"] {
        let answer = bench.ask("GET", "/users/me", &Value::Null).await;
        assert_eq!(
            (answer.status, &answer.headers["ratelimit-remaining"]),
            (200, &left.parse().unwrap())
        );
    }
    let answer = bench.ask("GET", "/users/me", &Value::Null).await;
    assert_eq!(
        (answer.status, &answer.headers["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(
        bench.ask("GET", "/users/me", &Value::Null).await.status,
        200
    );
}

#[tokio::test]
async fn an_answer_may_be_200_and_empty() {
    let bench = Bench::new(Options {
        blank_every: Some(2),
        ..free()
    })
    .await;
    assert!(
        !bench
            .ask("GET", "/users/me", &Value::Null)
            .await
            .text
            .is_empty()
    );
    let blank = bench.ask("GET", "/users/me", &Value::Null).await;
    assert_eq!((blank.status, blank.text.as_str()), (200, ""));
}
