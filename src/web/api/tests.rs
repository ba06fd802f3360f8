mod acting;
mod document;
mod events;
mod reading;
mod schema;
mod scopes;
mod wrong;

use http::{Method, StatusCode};
use serde_json::Value;

use super::*;
use crate::{
    account::Scope,
    web::stage::{Answer, RULES, Site},
};

/// People with mail, and one who bought.
const PEOPLE: &str = r#"{"email":"jan@example.nl","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed"}
{"email":"jan@example.nl","kind":"send","at":"2026-06-08T06:00:00Z","campaign":"n23","tracked":true}
{"email":"jan@example.nl","kind":"click","at":"2026-06-08T10:00:05Z","campaign":"n23","link":"https://shop.example/a","id":"c-1"}
{"email":"piet@example.nl","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed"}
{"email":"piet@example.nl","kind":"purchase","at":"2026-05-02T10:00:00Z","item":"shoes","quantity":3,"value":"260.00","currency":"EUR"}
{"email":"zo@elsewhere.example","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed"}
"#;

/// A site, and a program with every scope.
struct Api {
    site: Site,
    token: String,
}

impl Api {
    async fn new(config: &str, lines: &str) -> Self {
        let site = Site::new(config, lines).await;
        let token = site.token(&Scope::ALL).await;
        Self { site, token }
    }

    async fn get(&self, path: &str) -> Answer {
        self.site.call(&self.token, Method::GET, path, "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        self.site.call(&self.token, Method::POST, path, &body).await
    }

    /// What an operation reads, which must be as the document says.
    async fn read(&self, template: &str, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        described(&Method::GET, template, &answer)
    }

    /// What an operation does, which must be as the document says.
    async fn done(&self, template: &str, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        described(&Method::POST, template, &answer)
    }
}

/// An answer must be in the document, with that schema.
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
