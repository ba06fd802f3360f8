//! Every answer against the published description: no property that it does not know, none of another type.

use std::path::Path;

use engaged_sandbox::mailchimp::Status;
use serde_json::Value;

use crate::client::Bench;

struct Spec(Value);

impl Spec {
    fn read() -> Option<Self> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/mailchimp.json");
        match std::fs::read(&path) {
            Ok(bytes) => Some(Self(serde_json::from_slice(&bytes).unwrap())),
            Err(error) => {
                println!(
                    "skipped: no description of the API at {} ({error})",
                    path.display()
                );
                None
            }
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(place) => self.resolve(self.0.pointer(place.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    /// The schema of a good answer.
    fn answer(&self, route: &str, method: &str) -> Option<&Value> {
        let answers = &self.0["paths"][route][method]["responses"];
        assert!(answers.is_object(), "{method} {route} is not described");
        ["200", "201"]
            .iter()
            .find_map(|status| answers.get(status)?.get("schema"))
    }

    /// What is wrong with a value, as paths.
    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let schema = self.resolve(schema);
        let fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !fits {
            wrong.push(format!("{at} is {value} and should be {}", schema["type"]));
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            wrong.push(format!("{at} is {value}, none of {words:?}"));
        }
        match value {
            Value::Object(object) => self.check_object(schema, object, at, wrong),
            Value::Array(rows) => {
                for row in rows {
                    self.check(&schema["items"], row, at, wrong);
                }
            }
            _ => {}
        }
    }

    fn check_object(
        &self,
        schema: &Value,
        object: &serde_json::Map<String, Value>,
        at: &str,
        wrong: &mut Vec<String>,
    ) {
        let open = schema.get("additionalProperties").is_some();
        for (name, value) in object {
            let at = format!("{at}.{name}");
            match schema["properties"].get(name) {
                Some(schema) => self.check(schema, value, &at, wrong),
                None if open || schema["properties"].is_null() => {}
                None => wrong.push(format!("{at} is unknown")),
            }
        }
    }
}

/// Routes of the description, with a query.
const READS: [(&str, &str); 35] = [
    ("/", ""),
    ("/ping", ""),
    ("/lists", ""),
    ("/lists/{list_id}", ""),
    ("/lists/{list_id}/members", ""),
    ("/lists/{list_id}/members", "status=unsubscribed"),
    ("/lists/{list_id}/members/{subscriber_hash}", ""),
    ("/lists/{list_id}/members/{subscriber_hash}/tags", ""),
    (
        "/lists/{list_id}/members/{subscriber_hash}/activity-feed",
        "",
    ),
    ("/lists/{list_id}/merge-fields", ""),
    ("/lists/{list_id}/merge-fields/{merge_id}", ""),
    ("/lists/{list_id}/segments", ""),
    ("/lists/{list_id}/segments/{segment_id}/members", ""),
    ("/lists/{list_id}/tag-search", ""),
    ("/lists/{list_id}/abuse-reports", ""),
    ("/lists/{list_id}/interest-categories", ""),
    ("/reports", ""),
    ("/reports/{campaign_id}", ""),
    ("/reports/{campaign_id}/email-activity", ""),
    ("/reports/{campaign_id}/open-details", ""),
    ("/reports/{campaign_id}/sent-to", ""),
    ("/reports/{campaign_id}/unsubscribed", ""),
    ("/reports/{campaign_id}/abuse-reports", ""),
    ("/reports/{campaign_id}/click-details", ""),
    ("/reports/{campaign_id}/click-details/{link_id}", ""),
    ("/reports/{campaign_id}/click-details/{link_id}/members", ""),
    ("/reports/{campaign_id}/sub-reports", ""),
    ("/ecommerce/orders", ""),
    ("/ecommerce/stores", ""),
    ("/ecommerce/stores/{store_id}", ""),
    ("/ecommerce/stores/{store_id}/orders", ""),
    ("/campaigns", ""),
    ("/campaigns/{campaign_id}", ""),
    ("/automations", ""),
    ("/batches", ""),
];

/// Routes that write, with a body.
const WRITES: [(&str, &str, &str); 9] = [
    (
        "PATCH",
        "/lists/{list_id}/members/{subscriber_hash}",
        r#"{"merge_fields":{"CITY":"Ede"}}"#,
    ),
    (
        "PUT",
        "/lists/{list_id}/members/{subscriber_hash}",
        r#"{"email_address":"{address}","status_if_new":"subscribed"}"#,
    ),
    (
        "POST",
        "/lists/{list_id}/members",
        r#"{"email_address":"n@example.org","status":"pending"}"#,
    ),
    (
        "POST",
        "/lists/{list_id}",
        r#"{"members":[{"email_address":"{address}","status":"subscribed"},{}],"update_existing":true}"#,
    ),
    (
        "POST",
        "/lists/{list_id}/merge-fields",
        r#"{"name":"Score","type":"number","tag":"ENGSCORE"}"#,
    ),
    (
        "POST",
        "/lists/{list_id}/segments",
        r#"{"name":"cold","static_segment":["{address}"]}"#,
    ),
    (
        "POST",
        "/lists/{list_id}/segments/{segment_id}",
        r#"{"members_to_add":["{address}"]}"#,
    ),
    (
        "POST",
        "/lists/{list_id}/members/{subscriber_hash}/tags",
        r#"{"tags":[{"name":"x","status":"active"}]}"#,
    ),
    (
        "POST",
        "/batches",
        r#"{"operations":[{"method":"GET","path":"/ping"}]}"#,
    ),
];

/// What the names in braces stand for in this world.
async fn names(bench: &Bench, status: Status) -> Vec<(&'static str, String)> {
    let campaign = bench.newest().await;
    let links = bench
        .get(&format!("/reports/{campaign}/click-details"))
        .await;
    let segments = bench.get(&format!("{}/segments", bench.list())).await;
    let contact = bench.somebody(status);
    vec![
        ("{list_id}", contact.list),
        ("{subscriber_hash}", contact.email_id),
        ("{address}", contact.address),
        ("{campaign_id}", campaign),
        (
            "{link_id}",
            links["urls_clicked"][0]["id"].as_str().unwrap().to_owned(),
        ),
        ("{segment_id}", segments["segments"][0]["id"].to_string()),
        ("{merge_id}", "1".to_owned()),
        ("{store_id}", "winkel".to_owned()),
    ]
}

fn fill(text: &str, names: &[(&str, String)]) -> String {
    let put = |text: String, (name, value): &(&str, String)| text.replace(name, value);
    names.iter().fold(text.to_owned(), put)
}

#[tokio::test]
async fn every_read_answers_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::plain().await;
    let batch = r#"{"operations":[{"method":"GET","path":"/ping"}]}"#;
    bench.ask("POST", "/batches", batch).await;
    let names = names(&bench, Status::Unsubscribed).await;
    let mut wrong = Vec::new();
    for (route, query) in READS {
        let path = format!("{}?count=1000&{query}", fill(route, &names));
        let schema = spec.answer(route, "get").unwrap();
        spec.check(schema, &bench.get(&path).await, route, &mut wrong);
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_write_answers_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::plain().await;
    let names = names(&bench, Status::Subscribed).await;
    let mut wrong = Vec::new();
    for (method, route, body) in WRITES {
        let (path, body) = (fill(route, &names), fill(body, &names));
        let answer = bench.ask(method, &path, &body).await;
        match spec.answer(route, &method.to_lowercase()) {
            Some(schema) if answer.status == 200 => {
                spec.check(schema, &answer.json(), route, &mut wrong);
            }
            None if answer.status == 204 => {}
            _ => wrong.push(format!("{method} {route} answers {answer:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_problem_is_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::plain().await;
    let schema = &spec.0["paths"]["/ping"]["get"]["responses"]["default"]["schema"];
    let mut wrong = Vec::new();
    spec.check(
        schema,
        &bench.ask("GET", "/nothing", "").await.json(),
        "problem",
        &mut wrong,
    );
    assert!(wrong.is_empty(), "{wrong:?}");
}
