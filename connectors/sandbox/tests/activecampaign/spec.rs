//! Every answer against the published description: no property that it does not know, none of another type.

use std::path::Path;

use engaged_sandbox::activecampaign::Status;
use serde_json::{Value, json};

use crate::client::{Answer, Bench, free};

/// Properties that the fact sheet knows and the description does not, or not everywhere (sheet 3, 4.1, 5).
const KNOWN: [&str; 14] = [
    "created_timestamp",
    "updated_timestamp",
    "created_utc_timestamp",
    "updated_utc_timestamp",
    "created_by",
    "updated_by",
    "mpp_tracking",
    "email_empty",
    "anonymized",
    "deleted_at",
    "adate",
    "edate",
    "meta",
    "scoreValues",
];

struct Spec(Value);

impl Spec {
    fn read() -> Option<Self> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/activecampaign.json");
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

    /// The schemas of an answer; none where the description has an example alone.
    fn answer(&self, route: &str, method: &str, status: u16) -> Vec<&Value> {
        let content = &self.0["paths"][route][method]["responses"][status.to_string()]["content"];
        let media = content
            .as_object()
            .and_then(|content| content.values().next());
        let media = media.unwrap_or_else(|| panic!("{method} {route} {status} is not described"));
        let schema = &media["schema"];
        match schema["oneOf"].as_array() {
            Some(several) => several.iter().collect(),
            None => vec![schema],
        }
    }

    /// What is wrong with an answer, by the schema that fits best.
    fn check_answer(&self, route: &str, method: &str, answer: &Answer) -> Vec<String> {
        let wrong = |schema: &Value| {
            let mut wrong = Vec::new();
            check(
                schema,
                &answer.json(),
                &format!("{method} {route}"),
                &mut wrong,
            );
            wrong
        };
        let schemas = self.answer(route, method, answer.status);
        let all = schemas.into_iter().map(wrong);
        all.min_by_key(Vec::len).unwrap_or_default()
    }
}

fn check(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        // Null is one of the ways of being empty, whatever the example had (sheet 3).
        Some("string") => value.is_string() || value.is_null(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !fits {
        wrong.push(format!("{at} is {value} and should be {}", schema["type"]));
        return;
    }
    match value {
        Value::Object(object) if schema["properties"].is_object() => {
            for (name, value) in object {
                let at = format!("{at}.{name}");
                match schema["properties"].get(name) {
                    Some(schema) => check(schema, value, &at, wrong),
                    None if KNOWN.contains(&name.as_str()) => {}
                    None => wrong.push(format!("{at} is unknown")),
                }
            }
        }
        Value::Array(rows) => {
            for row in rows {
                check(&schema["items"], row, at, wrong);
            }
        }
        _ => {}
    }
}

const READS: [&str; 26] = [
    "/users/me",
    "/contacts",
    "/contacts/{id}",
    "/contacts/{id}/contactLists",
    "/contacts/{id}/fieldValues",
    "/contacts/{id}/bounceLogs",
    "/contacts/{id}/contactLogs",
    "/contacts/{id}/trackingLogs",
    "/contacts/{id}/contactAutomations",
    "/fields",
    "/fieldValues",
    "/tags",
    "/lists",
    "/campaigns",
    "/campaigns/{campaign}",
    "/campaigns/{campaign}/links",
    "/automations",
    "/contactAutomations",
    "/import/info?batchId={batch}",
    "/import/bulk_import",
    "/webhooks",
    "/webhook/events",
    "/ecomOrders",
    "/ecomOrderProducts",
    "/connections",
    "/activities",
];

/// Route and body of each write; those that must be refused are among them.
fn writes(contact: &str, address: &str) -> Vec<(&'static str, Value)> {
    let field = |title: &str| json!({"title": title, "type": "text", "perstag": "ENGSCORE"});
    let series = |automation: u32| json!({"contact": contact, "automation": automation});
    let import = |email: &str| json!({"contacts": [{"email": email}]});
    let value = json!({"contact": contact, "field": "1", "value": "Ede"});
    let list = json!({"list": 2, "contact": contact, "status": 2});
    let hook = json!({"name": "x", "url": "https://example.org/h", "events": ["open"], "sources": ["public"]});
    vec![
        (
            "POST /contact/sync",
            json!({"contact": {"email": "n@example.org"}}),
        ),
        (
            "POST /contacts",
            json!({"contact": {"email": "m@example.org"}}),
        ),
        ("POST /contacts", json!({"contact": {"email": address}})),
        (
            "PUT /contacts/{id}",
            json!({"contact": {"fieldValues": [value.clone()]}}),
        ),
        ("POST /fieldValues", json!({"fieldValue": value})),
        ("POST /fields", json!({"field": field("Score")})),
        ("POST /fields", json!({"field": field("Score")})),
        (
            "POST /fieldRels",
            json!({"fieldRel": {"field": 4, "relid": 0}}),
        ),
        (
            "POST /tags",
            json!({"tag": {"tag": "eng:cold", "tagType": "contact"}}),
        ),
        (
            "POST /contactTags",
            json!({"contactTag": {"contact": contact, "tag": 7}}),
        ),
        (
            "POST /contactTags",
            json!({"contactTag": {"contact": 1, "tag": 7}}),
        ),
        ("POST /contactTags", json!({"contactTag": {"tag": 7}})),
        ("DELETE /contactTags/{id}", Value::Null),
        (
            "POST /contactAutomations",
            json!({"contactAutomation": series(7)}),
        ),
        (
            "POST /contactAutomations",
            json!({"contactAutomation": series(9)}),
        ),
        ("DELETE /contactAutomations/{id}", Value::Null),
        ("POST /contactLists", json!({"contactList": list})),
        ("POST /import/bulk_import", import(address)),
        ("POST /import/bulk_import", import("x")),
        ("POST /webhooks", json!({"webhook": hook})),
        ("DELETE /contacts/{id}", Value::Null),
    ]
}

/// Somebody who bounced, with an entry into an automation; the id of an import.
async fn prepared(bench: &Bench) -> (String, String, String) {
    let contact = bench.somebody(Status::Bounced);
    let entry = json!({"contactAutomation": {"contact": contact.id, "automation": 7}});
    bench.ask("POST", "/contactAutomations", &entry).await;
    let rows = json!({"contacts": [{"email": contact.address}]});
    let batch = bench.ask("POST", "/import/bulk_import", &rows).await.json();
    (
        contact.id,
        contact.address,
        batch["batchId"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn every_read_answers_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::plain().await;
    let (contact, _, batch) = prepared(&bench).await;
    bench.hook().await;
    let mut wrong = Vec::new();
    for path in READS {
        let campaign = path.contains("{campaign}");
        let filled = path
            .replace("{id}", &contact)
            .replace("{campaign}", "12")
            .replace("{batch}", &batch);
        let glue = if path.contains('?') { '&' } else { '?' };
        let answer = bench
            .ask("GET", &format!("{filled}{glue}limit=100"), &Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{path}");
        let mut route = path.split('?').next().unwrap().to_owned();
        if campaign {
            route = route.replace("{campaign}", "{id}");
        }
        wrong.extend(spec.check_answer(&route, "get", &answer));
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_write_answers_as_described() {
    let Some(spec) = Spec::read() else { return };
    let bench = Bench::new(free()).await;
    let (contact, address, _) = prepared(&bench).await;
    let mut wrong = Vec::new();
    for (write, body) in writes(&contact, &address) {
        let (method, route) = write.split_once(' ').unwrap();
        let path = route.replace(
            "{id}",
            if route.starts_with("/contacts") {
                &contact
            } else {
                "424242"
            },
        );
        let answer = bench.ask(method, &path, &body).await;
        wrong.extend(spec.check_answer(route, &method.to_lowercase(), &answer));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
