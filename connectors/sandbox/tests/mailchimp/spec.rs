//! Every answer against the published description: no property that it does not know, none of another type.

use std::path::Path;

use engaged_sandbox::mailchimp::Status;
use serde_json::{Value, json};

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

/// Routes of the description with paths of this world.
async fn routes(bench: &Bench) -> Vec<(&'static str, String)> {
    let id = bench.newest().await;
    let list = bench.list();
    let member = bench.member(&bench.somebody(Status::Unsubscribed));
    let link = bench.get(&format!("/reports/{id}/click-details")).await["urls_clicked"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let segment = bench.get(&format!("{list}/segments")).await["segments"][0]["id"].clone();
    vec![
        ("/", "/".into()),
        ("/ping", "/ping".into()),
        ("/lists", "/lists".into()),
        ("/lists/{list_id}", list.clone()),
        (
            "/lists/{list_id}/members",
            format!("{list}/members?count=1000"),
        ),
        (
            "/lists/{list_id}/members",
            format!("{list}/members?count=1000&status=unsubscribed"),
        ),
        ("/lists/{list_id}/members/{subscriber_hash}", member.clone()),
        (
            "/lists/{list_id}/members/{subscriber_hash}/tags",
            format!("{member}/tags"),
        ),
        (
            "/lists/{list_id}/merge-fields",
            format!("{list}/merge-fields"),
        ),
        (
            "/lists/{list_id}/merge-fields/{merge_id}",
            format!("{list}/merge-fields/1"),
        ),
        ("/lists/{list_id}/segments", format!("{list}/segments")),
        (
            "/lists/{list_id}/segments/{segment_id}/members",
            format!("{list}/segments/{segment}/members"),
        ),
        ("/lists/{list_id}/tag-search", format!("{list}/tag-search")),
        (
            "/lists/{list_id}/abuse-reports",
            format!("{list}/abuse-reports"),
        ),
        (
            "/lists/{list_id}/interest-categories",
            format!("{list}/interest-categories"),
        ),
        ("/reports", "/reports?count=1000".into()),
        ("/reports/{campaign_id}", format!("/reports/{id}")),
        (
            "/reports/{campaign_id}/email-activity",
            format!("/reports/{id}/email-activity?count=1000"),
        ),
        (
            "/reports/{campaign_id}/open-details",
            format!("/reports/{id}/open-details?count=1000"),
        ),
        (
            "/reports/{campaign_id}/sent-to",
            format!("/reports/{id}/sent-to?count=1000"),
        ),
        (
            "/reports/{campaign_id}/unsubscribed",
            format!("/reports/{id}/unsubscribed?count=1000"),
        ),
        (
            "/reports/{campaign_id}/abuse-reports",
            format!("/reports/{id}/abuse-reports"),
        ),
        (
            "/reports/{campaign_id}/click-details",
            format!("/reports/{id}/click-details"),
        ),
        (
            "/reports/{campaign_id}/click-details/{link_id}",
            format!("/reports/{id}/click-details/{link}"),
        ),
        (
            "/reports/{campaign_id}/click-details/{link_id}/members",
            format!("/reports/{id}/click-details/{link}/members"),
        ),
        (
            "/reports/{campaign_id}/sub-reports",
            format!("/reports/{id}/sub-reports"),
        ),
        ("/ecommerce/orders", "/ecommerce/orders?count=1000".into()),
        ("/ecommerce/stores", "/ecommerce/stores".into()),
        (
            "/ecommerce/stores/{store_id}",
            "/ecommerce/stores/winkel".into(),
        ),
        (
            "/ecommerce/stores/{store_id}/orders",
            "/ecommerce/stores/winkel/orders?count=1000".into(),
        ),
        ("/campaigns", "/campaigns?count=1000".into()),
        ("/campaigns/{campaign_id}", format!("/campaigns/{id}")),
        ("/automations", "/automations".into()),
        ("/batches", "/batches".into()),
    ]
}

#[tokio::test]
async fn every_read_answers_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::plain().await;
    let batch = r#"{"operations":[{"method":"GET","path":"/ping"}]}"#;
    bench.ask("POST", "/batches", batch).await;
    let mut wrong = Vec::new();
    for (route, path) in routes(&bench).await {
        let body = bench.get(&path).await;
        spec.check(spec.answer(route, "get").unwrap(), &body, route, &mut wrong);
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_write_answers_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::plain().await;
    let contact = bench.somebody(Status::Subscribed);
    let (list, member) = (bench.list(), bench.member(&contact));
    let segment = bench.get(&format!("{list}/segments")).await["segments"][0]["id"].clone();
    let address = &contact.address;
    let row = json!({"email_address": address, "status": "subscribed"});
    let operations = json!([{"method": "GET", "path": "/ping"}]);
    let writes = [
        (
            "/lists/{list_id}/members/{subscriber_hash}",
            "PATCH",
            member.clone(),
            json!({"merge_fields": {"CITY": "Ede"}}),
        ),
        (
            "/lists/{list_id}/members/{subscriber_hash}",
            "PUT",
            member.clone(),
            json!({"email_address": address, "status_if_new": "subscribed"}),
        ),
        (
            "/lists/{list_id}/members",
            "POST",
            format!("{list}/members"),
            json!({"email_address": "n@example.org", "status": "pending"}),
        ),
        (
            "/lists/{list_id}",
            "POST",
            list.clone(),
            json!({"members": [row], "update_existing": true}),
        ),
        (
            "/lists/{list_id}/merge-fields",
            "POST",
            format!("{list}/merge-fields"),
            json!({"name": "Score", "type": "number", "tag": "ENGSCORE"}),
        ),
        (
            "/lists/{list_id}/segments",
            "POST",
            format!("{list}/segments"),
            json!({"name": "cold", "static_segment": [address]}),
        ),
        (
            "/lists/{list_id}/segments/{segment_id}",
            "POST",
            format!("{list}/segments/{segment}"),
            json!({"members_to_add": [address]}),
        ),
        (
            "/lists/{list_id}/members/{subscriber_hash}/tags",
            "POST",
            format!("{member}/tags"),
            json!({"tags": [{"name": "x", "status": "active"}]}),
        ),
        (
            "/batches",
            "POST",
            "/batches".into(),
            json!({"operations": operations}),
        ),
    ];
    let mut wrong = Vec::new();
    for (route, method, path, body) in writes {
        let answer = bench.ask(method, &path, &body.to_string()).await;
        match spec.answer(route, &method.to_lowercase()) {
            Some(schema) if answer.status == 200 => {
                spec.check(schema, &answer.json(), route, &mut wrong)
            }
            None if answer.status == 204 => {}
            _ => wrong.push(format!(
                "{method} {route} answers {}: {answer:?}",
                answer.status
            )),
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
