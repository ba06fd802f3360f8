//! What an answer is made of: JSON, or a refusal in one of the API's several shapes (sheet 2).

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::ledger::Note;

/// A good answer, or a refusal.
pub(super) type Reply = Result<Answer, Refusal>;

/// A good answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    /// The events in it, see [`Event::key`](super::Event::key).
    pub(super) served: Vec<String>,
    /// Whether the request changed anything.
    pub(super) applied: bool,
}

impl Answer {
    /// An answer that changed nothing.
    pub(super) fn read(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            served: Vec::new(),
            applied: false,
        }
    }

    /// An answer that holds events.
    pub(super) fn events(body: Value, served: Vec<String>) -> Self {
        Self {
            served,
            ..Self::read(body)
        }
    }

    /// 200 to a write; `applied` says whether it changed anything.
    pub(super) fn written(body: Value, applied: bool) -> Self {
        Self {
            applied,
            ..Self::read(body)
        }
    }

    /// 201 to a write.
    pub(super) fn created(body: Value, applied: bool) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..Self::written(body, applied)
        }
    }

    /// The answer on the wire.
    pub(super) fn respond(self) -> Response {
        let note = Note {
            served: self.served,
            applied: self.applied,
            write: None,
        };
        let mut response = json_body(self.status, &self.body);
        response.extensions_mut().insert(note);
        response
    }
}

/// A refusal.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    fn message(status: StatusCode, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            status,
            body: json!({"message": message}),
        }
    }

    fn errors(status: StatusCode, error: &Value) -> Self {
        Self {
            status,
            body: json!({"errors": [error]}),
        }
    }

    /// 403: a bad key, a missing right, or a feature that is not in the plan; the text is the same (sheet 2, 8).
    pub(super) fn forbidden() -> Self {
        Self::message(StatusCode::FORBIDDEN, "Forbidden")
    }

    /// 404 with the model's own name: `Subscriber` is a contact, `Series` an automation (sheet 2).
    pub(super) fn no_result(model: &str, id: &str) -> Self {
        Self::message(
            StatusCode::NOT_FOUND,
            format!("No Result found for {model} with id {id}"),
        )
    }

    /// 403 instead, which removing an automation's entry gives.
    pub(super) fn no_entry(id: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            ..Self::no_result("SubscriberSeries", id)
        }
    }

    /// 404 on a path that nobody serves.
    pub(super) fn no_route() -> Self {
        Self::message(StatusCode::NOT_FOUND, "No route found")
    }

    /// 403 on an entry that is not made: an inactive automation, or not allowed (sheet 6).
    pub(super) fn no_series() -> Self {
        Self::message(StatusCode::FORBIDDEN, "Could not create SubscriberSeries")
    }

    /// 404 in the other shape.
    pub(super) fn not_found(what: &str) -> Self {
        let detail = format!("{what} not found");
        let error = json!({"status": 404, "title": "Not Found", "detail": detail});
        Self::errors(StatusCode::NOT_FOUND, &error)
    }

    /// 422 on an attribute that must be there. The status is a number here and absent elsewhere.
    pub(super) fn missing(attribute: &str) -> Self {
        let pointer = format!("/data/attributes/{attribute}");
        let error = json!({
            "status": 422, "title": "Missing attribute", "source": {"pointer": pointer},
        });
        Self::errors(StatusCode::UNPROCESSABLE_ENTITY, &error)
    }

    /// 422 on something that is taken already.
    pub(super) fn duplicate(title: &str, detail: &str, attribute: Option<&str>) -> Self {
        let mut error = json!({"title": title, "detail": detail, "code": "duplicate"});
        if let Some(attribute) = attribute {
            error["source"] = json!({"pointer": format!("/data/attributes/{attribute}")});
        }
        Self::errors(StatusCode::UNPROCESSABLE_ENTITY, &error)
    }

    /// 422 on a value that will not do.
    pub(super) fn invalid(title: &str, detail: &str, attribute: &str) -> Self {
        let pointer = format!("/data/attributes/{attribute}");
        let error = json!({
            "status": "422", "title": title, "detail": detail, "code": "invalid",
            "source": {"pointer": pointer},
        });
        Self::errors(StatusCode::UNPROCESSABLE_ENTITY, &error)
    }

    /// 400 on a body that is not JSON.
    pub(super) fn unreadable() -> Self {
        Self::message(StatusCode::BAD_REQUEST, "Bad Request")
    }

    /// 400 in the shape of imports (sheet 6).
    pub(super) fn import(message: &str, reasons: Option<Value>) -> Self {
        let mut body = json!({"success": 0, "message": message});
        if let Some(reasons) = reasons {
            body["failureReasons"] = reasons;
        }
        Self {
            status: StatusCode::BAD_REQUEST,
            body,
        }
    }

    /// 429.
    pub(super) fn too_many() -> Self {
        Self::message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
    }

    /// The refusal on the wire.
    pub(super) fn respond(&self) -> Response {
        json_body(self.status, &self.body)
    }
}

fn json_body(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A page for people, which a wrong host or the machines before the API answer with (sheet 8).
pub(super) fn page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let text =
        format!("<html><head><title>{reason}</title></head><body><h1>{reason}</h1></body></html>");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=UTF-8"),
    );
    response
}

/// What the API says to a refusal that the fault plan asks for. It knows no 401: a revoked key gets a 403.
pub(super) fn refusal(status: StatusCode) -> Response {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Refusal::forbidden().respond(),
        StatusCode::TOO_MANY_REQUESTS => Refusal::too_many().respond(),
        other => page(other),
    }
}

/// The same where 429 comes from the machines before the API: its body is not described (sheet 2).
pub(super) fn refusal_by_edge(status: StatusCode) -> Response {
    if status == StatusCode::TOO_MANY_REQUESTS {
        page(status)
    } else {
        refusal(status)
    }
}
