//! Batches: later effects, failures inside, results elsewhere.

use std::io::Read as _;

use engaged_sandbox::mailchimp::{Kind, Options, Status};
use serde_json::{Value, json};

use crate::client::{Bench, raw};

async fn submit(bench: &Bench, operations: Value) -> Value {
    let answer = bench
        .ask(
            "POST",
            "/batches",
            &json!({"operations": operations}).to_string(),
        )
        .await;
    assert_eq!(answer.status, 200);
    answer.json()
}

async fn finish(bench: &Bench, batch: &Value) -> Value {
    let path = format!("/batches/{}", batch["id"].as_str().unwrap());
    loop {
        let now = bench.get(&path).await;
        if now["status"] == "finished" {
            return now;
        }
    }
}

/// The files of the archive, in order.
fn files(bytes: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            files.push(text);
        }
    }
    files
}

async fn results(batch: &Value) -> Vec<Value> {
    let answer = raw("GET", batch["response_body_url"].as_str().unwrap(), "", "")
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    let full = files(&answer.body)
        .into_iter()
        .filter(|file| !file.is_empty());
    full.flat_map(|file| serde_json::from_str::<Vec<Value>>(&file).unwrap())
        .collect()
}

#[tokio::test]
async fn a_batch_takes_effect_later_and_is_finished_after_some_requests() {
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let operation = json!({"method": "PATCH", "path": bench.member(&contact), "operation_id": "one",
        "body": r#"{"merge_fields":{"CITY":"Ede"}}"#});
    let batch = submit(&bench, json!([operation])).await;
    assert_eq!(
        (
            batch["status"].as_str(),
            batch["response_body_url"].as_str()
        ),
        (Some("pending"), Some(""))
    );
    assert_eq!(batch["completed_at"], "");
    let before = bench.get(&bench.member(&contact)).await;
    assert_eq!(
        before["merge_fields"]["CITY"], contact.fields["CITY"],
        "a read right after is stale"
    );
    let done = finish(&bench, &batch).await;
    assert_eq!(
        (
            done["finished_operations"].as_u64(),
            done["errored_operations"].as_u64()
        ),
        (Some(1), Some(0))
    );
    assert_eq!(bench.again(&contact).fields["CITY"], "Ede");
    let rows = results(&done).await;
    assert_eq!(
        (
            rows[0]["status_code"].as_u64(),
            rows[0]["operation_id"].as_str()
        ),
        (Some(200), Some("one"))
    );
    let member: Value = serde_json::from_str(rows[0]["response"].as_str().unwrap()).unwrap();
    assert_eq!(member["merge_fields"]["CITY"], "Ede");
}

#[tokio::test]
async fn a_batch_says_how_far_it_is() {
    let bench = Bench::new(Options {
        batch_steps: 5,
        ..Options::default()
    })
    .await;
    let batch = submit(&bench, json!([{"method": "GET", "path": "/ping"}])).await;
    let path = format!("/batches/{}", batch["id"].as_str().unwrap());
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(
            bench.get(&path).await["status"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(
        seen,
        [
            "pending",
            "preprocessing",
            "started",
            "started",
            "finalizing",
            "finished"
        ]
    );
}

#[tokio::test]
async fn a_finished_batch_has_failures_inside() {
    let bench = Bench::plain().await;
    let cleaned = bench.somebody(Status::Cleaned);
    let operations = json!([
        {"method": "PATCH", "path": bench.member(&cleaned), "body": r#"{"merge_fields":{"CITY":"Ede"}}"#},
        {"method": "GET", "path": "/nothing"},
        {"method": "POST", "path": "/batches", "body": "{}"},
        {"method": "GET", "path": "/ping", "operation_id": "fine"},
    ]);
    let batch = submit(&bench, operations).await;
    let done = finish(&bench, &batch).await;
    assert_eq!(done["errored_operations"], 3);
    let codes: Vec<u64> = results(&done)
        .await
        .iter()
        .map(|row| row["status_code"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [400, 404, 400, 200]);
}

#[tokio::test]
async fn a_read_of_a_collection_becomes_as_many_operations_as_pages() {
    let bench = Bench::plain().await;
    let id = bench.newest().await;
    let operation = json!({"method": "GET", "path": format!("/reports/{id}/email-activity"), "operation_id": id,
        "params": {"count": 100, "fields": "emails.email_id,emails.activity,total_items"}});
    let done = finish(&bench, &submit(&bench, json!([operation])).await).await;
    let rows = results(&done).await;
    let pages: Vec<Value> = rows
        .iter()
        .map(|row| serde_json::from_str(row["response"].as_str().unwrap()).unwrap())
        .collect();
    let total = pages[0]["total_items"].as_u64().unwrap();
    assert_eq!(pages.len() as u64, total.div_ceil(100));
    assert_eq!(done["total_operations"], pages.len());
    assert!(rows.iter().all(|row| row["operation_id"] == id.as_str()));
    let recipients: usize = pages
        .iter()
        .map(|page| page["emails"].as_array().unwrap().len())
        .sum();
    assert_eq!(recipients as u64, total);
    let served = bench.mailchimp.archive_ledger().served();
    let truth = bench.mailchimp.events().into_iter().filter(|e| {
        e.campaign == id
            && matches!(
                e.kind,
                Kind::Open | Kind::Click | Kind::HardBounce | Kind::SoftBounce
            )
    });
    assert_eq!(served.len(), truth.count());
}

#[tokio::test]
async fn results_lie_at_another_origin_that_knows_no_key() {
    let bench = Bench::plain().await;
    let done = finish(
        &bench,
        &submit(&bench, json!([{"method": "GET", "path": "/ping"}])).await,
    )
    .await;
    let url = done["response_body_url"].as_str().unwrap();
    assert!(
        !bench
            .mailchimp
            .base_url()
            .starts_with(url.split("/aws").next().unwrap())
    );
    let with_key = format!("authorization: Bearer {}\r\n", bench.mailchimp.key());
    assert_eq!(raw("GET", url, &with_key, "").await.unwrap().status, 400);
    assert_eq!(
        raw("GET", &url.replace("signature=", "signature=0"), "", "")
            .await
            .unwrap()
            .status,
        403
    );
    let answer = raw("GET", url, "", "").await.unwrap();
    let files = files(&answer.body);
    assert!(
        files.iter().any(String::is_empty),
        "an empty file lies among the results"
    );
}

#[tokio::test]
async fn a_link_to_results_expires_and_a_new_one_is_given() {
    let bench = Bench::plain().await;
    let done = finish(
        &bench,
        &submit(&bench, json!([{"method": "GET", "path": "/ping"}])).await,
    )
    .await;
    bench.world.write().unwrap().advance(1);
    bench.get("/ping").await;
    let url = done["response_body_url"].as_str().unwrap();
    assert_eq!(raw("GET", url, "", "").await.unwrap().status, 403);
    let path = format!("/batches/{}", done["id"].as_str().unwrap());
    let again = bench.get(&path).await;
    assert_eq!(
        raw("GET", again["response_body_url"].as_str().unwrap(), "", "")
            .await
            .unwrap()
            .status,
        200
    );
    bench.world.write().unwrap().advance(7);
    assert_eq!(bench.ask("GET", &path, "").await.status, 404);
}

#[tokio::test]
async fn more_than_five_hundred_waiting_batches_are_refused() {
    let bench = Bench::new(Options {
        batch_steps: 10_000,
        ..Options::default()
    })
    .await;
    let body = r#"{"operations":[{"method":"GET","path":"/ping"}]}"#;
    for _ in 0..500 {
        assert_eq!(bench.ask("POST", "/batches", body).await.status, 200);
    }
    let answer = bench.ask("POST", "/batches", body).await;
    assert_eq!(
        (answer.status, answer.title()),
        (429, "Too Many Requests".into())
    );
}

#[tokio::test]
async fn a_batch_without_operations_is_refused() {
    let bench = Bench::plain().await;
    assert_eq!(
        bench
            .ask("POST", "/batches", r#"{"operations":[]}"#)
            .await
            .status,
        400
    );
    assert_eq!(
        bench
            .ask("POST", "/batches", r#"{"operations":[{"path":"/ping"}]}"#)
            .await
            .status,
        400
    );
}
