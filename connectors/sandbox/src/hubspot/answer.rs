//! What an answer is made of: JSON or nothing, or a problem in the platform's words.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::settings::{Policy, uuid};
use crate::ledger::Note;

/// A good answer, or a problem.
pub(super) type Reply = Result<Answer, Problem>;

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Option<Value>,
    pub(super) served: Vec<String>,
    applied: bool,
}

impl Answer {
    fn new(status: StatusCode, body: Option<Value>) -> Self {
        Self {
            status,
            body,
            served: Vec::new(),
            applied: false,
        }
    }

    /// An answer that changed nothing.
    pub(super) fn read(body: Value) -> Self {
        Self::new(StatusCode::OK, Some(body))
    }

    /// An answer that holds events.
    pub(super) fn events(body: Value, served: Vec<String>) -> Self {
        Self {
            served,
            ..Self::read(body)
        }
    }

    /// The answer to a write; `applied` says whether it changed anything.
    pub(super) fn written(body: Value, applied: bool) -> Self {
        Self {
            applied,
            ..Self::new(StatusCode::OK, Some(body))
        }
    }

    /// 204 to a write.
    pub(super) fn empty(applied: bool) -> Self {
        Self {
            applied,
            ..Self::new(StatusCode::NO_CONTENT, None)
        }
    }

    /// With another status: 201, or 207 where rows failed.
    pub(super) fn with(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn respond(self) -> Response {
        let mut response = self
            .body
            .map_or_else(Response::default, |body| json_body(&body));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(Note {
            served: self.served,
            applied: self.applied,
            write: None,
        });
        response
    }
}

/// A refusal. Every field of its body is optional (sheet 2).
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    category: &'static str,
    message: String,
    errors: Vec<Value>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        category: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            category,
            message: message.into(),
            errors: Vec::new(),
        }
    }

    /// 400.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message)
    }

    /// 400 that names a property.
    pub(super) fn property(code: &str, message: &str, name: &str) -> Self {
        let mut problem = Self::invalid(format!(
            "Property values were not valid: [{{\"isValid\":false,\"message\":\"{message}\",\"error\":\"{code}\",\"name\":\"{name}\"}}]"
        ));
        problem
            .errors
            .push(json!({"message": message, "code": code, "context": {"propertyName": [name]}}));
        problem
    }

    /// 404.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND", message)
    }

    /// 405.
    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "Method not allowed",
        )
    }

    /// 401.
    pub(super) fn key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_AUTHENTICATION",
            "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        )
    }

    /// 403 that names the scopes (sheet 8.12).
    pub(super) fn scope(scope: &str) -> Self {
        let mut problem = Self::new(
            StatusCode::FORBIDDEN,
            "MISSING_SCOPES",
            "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
        );
        problem.errors.push(json!({
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": [scope]},
        }));
        problem
    }

    /// 429 (sheet 2); there is no `Retry-After`.
    pub(super) fn limit(policy: Policy) -> Self {
        let (category, word) = match policy {
            Policy::TenSecondly => ("TEN_SECONDLY_ROLLING", "ten_secondly_rolling"),
            Policy::Secondly => ("SECONDLY", "secondly"),
            Policy::Daily => ("DAILY", "daily"),
        };
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            category,
            format!("You have reached your {word} limit."),
        )
    }

    /// What stands in `errors` of a batch for rows that failed (sheet 6).
    pub(super) fn row(&self, ids: &[String]) -> Value {
        json!({
            "status": "error", "category": self.category, "message": self.message, "context": {"ids": ids},
        })
    }

    fn body(&self) -> Value {
        let id = uuid(&[u64::from(self.status.as_u16()), self.message.len() as u64]);
        let mut body = json!({"status": "error", "message": self.message, "correlationId": id});
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            body["errorType"] = json!("RATE_LIMIT");
            body["policyName"] = json!(self.category);
            body["requestId"] = json!(id);
        } else {
            body["category"] = json!(self.category);
        }
        if !self.errors.is_empty() {
            body["errors"] = Value::Array(self.errors.clone());
        }
        if self.category == "MISSING_SCOPES" {
            body["links"] = json!({"scopes": "https://developers.hubspot.com/scopes"});
        }
        body
    }

    pub(super) fn respond(&self) -> Response {
        let mut response = json_body(&self.body());
        *response.status_mut() = self.status;
        response
    }
}

fn json_body(body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=utf-8"),
    );
    response
}

/// What is said to a refusal that the fault plan asks for.
pub(super) fn refusal(policy: Policy) -> fn(StatusCode) -> Response {
    match policy {
        Policy::TenSecondly => |status| refuse(status, Policy::TenSecondly),
        Policy::Secondly => |status| refuse(status, Policy::Secondly),
        Policy::Daily => |status| refuse(status, Policy::Daily),
    }
}

fn refuse(status: StatusCode, policy: Policy) -> Response {
    match status {
        StatusCode::UNAUTHORIZED => Problem::key().respond(),
        StatusCode::TOO_MANY_REQUESTS => Problem::limit(policy).respond(),
        StatusCode::FORBIDDEN => Problem::scope("crm.objects.contacts.read").respond(),
        StatusCode::INTERNAL_SERVER_ERROR => {
            Problem::new(status, "INTERNAL_ERROR", "internal error").respond()
        }
        other => edge(other),
    }
}

/// A refusal by the machines before the API: a page for people, no JSON.
fn edge(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let mut response = Response::new(Body::from(format!(
        "<html><head><title>{0} {reason}</title></head><body>{0} {reason}</body></html>",
        status.as_u16()
    )));
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html; charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}
