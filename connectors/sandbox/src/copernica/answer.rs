//! Answers, refusals and the page of the load balancer (sheet 2).

use axum::http::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::call::Page;
use super::options::NextId;
use crate::ledger::Note;

/// The version of the API that is served.
pub(super) const ROOT: &str = "https://api.copernica.com/v4";

/// Why a request is refused: a text and nothing else, always with 400 (sheet 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem(String);

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A token that is unknown or too old.
    pub(super) fn token() -> Self {
        Self::new("Invalid access token")
    }

    /// A path that is not there, or not with this method.
    pub(super) fn method() -> Self {
        Self::new("Invalid method")
    }

    /// Something with an id that is not there.
    pub(super) fn missing(what: &str) -> Self {
        Self(format!("No {what} with supplied ID"))
    }

    pub(super) fn respond(self) -> Response {
        respond_json(
            StatusCode::BAD_REQUEST,
            &json!({"error": {"message": self.0}}),
        )
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    status: StatusCode,
    body: Option<Value>,
    headers: Vec<(&'static str, String)>,
    /// The events in it.
    pub(super) served: Vec<String>,
    applied: bool,
    streamed: bool,
}

/// What a request gets.
pub(super) type Reply = Result<Answer, Problem>;

impl Answer {
    /// What was read.
    pub(super) fn read(body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::default()
        }
    }

    /// A change was made, or none was needed: 204 (sheet 1).
    pub(super) fn done(applied: bool) -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            applied,
            ..Self::default()
        }
    }

    /// Something was made: 201, an empty body, and where it is (sheet 2).
    pub(super) fn created(what: &str, id: u32, with_header: bool) -> Self {
        let mut headers = vec![("x-location", format!("{ROOT}/{what}/{id}"))];
        if with_header {
            headers.push(("x-created", id.to_string()));
        }
        Self {
            status: StatusCode::CREATED,
            headers,
            applied: true,
            ..Self::default()
        }
    }

    /// Something was deleted.
    pub(super) fn deleted(what: &str, id: u32) -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            headers: vec![("x-deleted", format!("{what} {id}"))],
            applied: true,
            ..Self::default()
        }
    }

    /// An answer that a wrong verb gets: it looks well and did nothing (sheet 8).
    pub(super) fn idle() -> Self {
        Self::default()
    }

    /// A page that is sent in pieces, without a length (sheet 1).
    pub(super) fn stream(mut self, streamed: bool) -> Self {
        self.streamed = streamed;
        self
    }

    pub(super) fn respond(self) -> Response {
        let mut response = match self.body {
            Some(body) => respond_json(self.status, &body),
            None => self.status.into_response(),
        };
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        if self.streamed {
            let chunked = HeaderValue::from_static("chunked");
            response.headers_mut().insert(TRANSFER_ENCODING, chunked);
        }
        response.extensions_mut().insert(Note {
            served: self.served,
            applied: self.applied,
            write: None,
        });
        response
    }
}

/// The envelope of a list (sheet 3). `last` is the last id of the page and whether there is more behind it; the rows must
/// be in the order of ids for that.
pub(super) fn envelope(
    page: Page,
    total: usize,
    rows: &[Value],
    last: Option<(u32, Option<u32>)>,
    nextid: NextId,
) -> Value {
    let mut body =
        json!({"start": page.start, "limit": page.limit, "count": rows.len(), "data": rows});
    if page.total {
        body["total"] = json!(total);
    }
    let next = last.and_then(|(last, next)| match nextid {
        NextId::Never => None,
        NextId::WhileMore => next,
        NextId::Always => Some(next.unwrap_or(last + 1)),
    });
    if let Some(next) = next {
        body["nextid"] = json!(next);
    }
    body
}

/// A list that is no longer than its page, or cut to it.
pub(super) fn listed(page: Page, rows: Vec<Value>) -> Answer {
    let total = rows.len();
    let rows: Vec<Value> = rows.into_iter().skip(page.start).take(page.limit).collect();
    Answer::read(envelope(page, total, &rows, None, NextId::Never))
}

fn respond_json(status: StatusCode, body: &Value) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, kind, body.to_string()).into_response()
}

/// What the fault plan asks for: a refused token is a 400 like any other, all else is the load balancer's page (sheet 2).
pub(super) fn refusal(status: StatusCode) -> Response {
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Problem::token().respond();
    }
    let page = "<!DOCTYPE html>\n<html><head><title>Loadbalancer Error</title></head>\n<body><h1>Loadbalancer Error</h1>\
                <p>The server is temporarily not available, or there are too many requests.</p></body></html>\n";
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/html"))];
    (status, kind, page).into_response()
}
