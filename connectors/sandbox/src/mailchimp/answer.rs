//! What an answer is made of: JSON or nothing, or a problem in Mailchimp's words.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::ledger::Note;
use crate::rng;

/// Where every problem says that it is explained.
const EXPLAINED: &str = "https://mailchimp.com/developer/marketing/docs/errors/";

/// A good answer, or a problem.
pub(super) type Reply = Result<Answer, Problem>;

/// A good answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// 200 with a body, 204 without.
    pub(super) body: Option<Value>,
    /// The events in it, see [`Event::key`](super::Event::key).
    pub(super) served: Vec<String>,
    /// Whether the request changed anything.
    pub(super) applied: bool,
}

impl Answer {
    /// An answer that changed nothing.
    pub(super) fn read(body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::default()
        }
    }

    /// An answer that holds events.
    pub(super) fn events(body: Value, served: Vec<String>) -> Self {
        Self {
            body: Some(body),
            served,
            applied: false,
        }
    }

    /// The answer to a write that took effect.
    pub(super) fn written(body: Value) -> Self {
        Self {
            body: Some(body),
            applied: true,
            ..Self::default()
        }
    }

    /// 204 to a write; `applied` says whether it changed anything.
    pub(super) fn empty(applied: bool) -> Self {
        Self {
            applied,
            ..Self::default()
        }
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> StatusCode {
        if self.body.is_some() {
            StatusCode::OK
        } else {
            StatusCode::NO_CONTENT
        }
    }

    /// The answer on the wire.
    pub(super) fn respond(self) -> Response {
        let status = self.status();
        let note = Note {
            served: self.served,
            applied: self.applied,
            write: None,
        };
        let mut response = self
            .body
            .map_or_else(Response::default, |body| json_body(&body));
        *response.status_mut() = status;
        response.extensions_mut().insert(note);
        response
    }
}

/// A refusal: `application/problem+json` with a title that clients match on.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    errors: Vec<(String, String)>,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            title,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Resource Not Found",
            "The requested resource could not be found.",
        )
    }

    /// 405 on a path that knows other methods.
    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method Not Allowed",
            "The requested method and resource are not compatible.",
        )
    }

    /// 401 without credentials.
    pub(super) fn key_missing() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "API Key Missing",
            "Your request did not include an API key.",
        )
    }

    /// 401 with wrong ones.
    pub(super) fn key_invalid() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "API Key Invalid",
            "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
        )
    }

    /// 429 in the API's own words.
    pub(super) fn too_many() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too Many Requests",
            "You have exceeded the limit of 10 simultaneous connections.",
        )
    }

    /// 400 on validation, naming one property.
    pub(super) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "Invalid Resource",
            "The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
        );
        problem.errors.push((field.into(), message.into()));
        problem
    }

    /// 400 on a body that is not JSON.
    pub(super) fn unreadable() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "JSON Parse Error",
            "We encountered an unspecified JSON parsing error.",
        )
    }

    /// 400 on an address that must not be subscribed again.
    pub(super) fn compliance(address: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "Member In Compliance State",
            format!(
                "{address} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
            ),
        )
    }

    /// 400 on an address that was deleted for good.
    pub(super) fn forgotten(address: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "Forgotten Email Not Subscribed",
            format!(
                "{address} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list."
            ),
        )
    }

    /// 400 on adding an address that is there.
    pub(super) fn exists(address: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "Member Exists",
            format!(
                "{address} is already a list member. Use PUT to insert or update list members."
            ),
        )
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened, in English prose.
    pub(super) fn detail(&self) -> String {
        self.errors
            .first()
            .map_or_else(|| self.detail.clone(), |(_, message)| message.clone())
    }

    /// The body.
    pub(super) fn body(&self) -> Value {
        let occurrence = rng::mix(&[u64::from(self.status.as_u16()), self.detail.len() as u64]);
        let mut body = json!({
            "type": EXPLAINED,
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": format!("{:08x}-0000-4000-8000-{:012x}", occurrence >> 32, occurrence & 0xFFFF_FFFF_FFFF),
        });
        if !self.errors.is_empty() {
            body["errors"] = self
                .errors
                .iter()
                .map(|(field, message)| json!({"field": field, "message": message}))
                .collect();
        }
        body
    }

    /// The problem on the wire.
    pub(super) fn respond(&self) -> Response {
        let mut response = json_body(&self.body());
        *response.status_mut() = self.status;
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json; charset=utf-8"),
        );
        response
    }
}

fn json_body(body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// A refusal by the machines before the API: a page for people, no JSON.
pub(super) fn edge(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let mut response = Response::new(Body::from(format!(
        "<html><head><title>{0} {reason}</title></head><body><h1>{reason}</h1></body></html>",
        status.as_u16()
    )));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// What the API itself says to a refusal that the fault plan asks for; 403 and 502 to 504 come from the edge.
pub(super) fn refusal(status: StatusCode) -> Response {
    match status {
        StatusCode::UNAUTHORIZED => Problem::key_invalid().respond(),
        StatusCode::TOO_MANY_REQUESTS => Problem::too_many().respond(),
        StatusCode::INTERNAL_SERVER_ERROR => Problem::new(
            status,
            "Internal Server Error",
            "An unexpected internal error has occurred. Please contact Support for more information.",
        )
        .respond(),
        other => edge(other),
    }
}

/// The same at extreme volume, when the edge refuses with 429 before the API sees anything.
pub(super) fn refusal_by_edge(status: StatusCode) -> Response {
    if status == StatusCode::TOO_MANY_REQUESTS {
        edge(status)
    } else {
        refusal(status)
    }
}
