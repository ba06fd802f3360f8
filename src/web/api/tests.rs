mod document;
mod events;
mod schema;

use http::{Method, StatusCode};
use serde_json::Value;

use super::*;
use crate::{
    account::Scope,
    web::stage::{Answer, Site},
};

/// People with mail, and one who bought.
const PEOPLE: &str = r#"{"email":"jan@example.nl","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed"}
{"email":"jan@example.nl","kind":"send","at":"2026-06-08T06:00:00Z","campaign":"n23","tracked":true}
{"email":"jan@example.nl","kind":"click","at":"2026-06-08T10:00:05Z","campaign":"n23","link":"https://shop.example/a"}
{"email":"piet@example.nl","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed"}
{"email":"piet@example.nl","kind":"purchase","at":"2026-05-02T10:00:00Z","item":"shoes","quantity":2,"value":"260.00","currency":"EUR"}
{"email":"zo@elsewhere.example","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed"}
"#;

/// What an operation answered must be in the document, with that schema.
fn described(method: &Method, template: &str, answer: &Answer) -> Value {
    let document = document::whole();
    let operation = &document["paths"][template][method.as_str().to_ascii_lowercase()];
    let answered = &operation["responses"][answer.status.as_str()];
    assert!(
        answered.is_object(),
        "{method} {template}: {} is not in the document: {}",
        answer.status,
        answer.body
    );
    let answered = schema::resolved(&document, answered);
    let kind = answer.headers[header::CONTENT_TYPE].to_str().unwrap();
    let kind = kind.split(';').next().unwrap();
    let schema = &answered["content"][kind]["schema"];
    assert!(schema.is_object(), "{method} {template}: {kind}");
    let body = answer.json();
    let faults = schema::faults(&document, schema, &body);
    assert!(
        faults.is_empty(),
        "{method} {template}: {faults:?}\n{body:#}"
    );
    body
}
