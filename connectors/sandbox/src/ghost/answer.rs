//! The parts that answers share: refusals in Ghost's words, times, pages, query parameters.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::id::uuid;
use crate::people::{Seconds, time};

/// A refused request. Boxed, since it is rare and large.
#[derive(Debug, Clone)]
pub(super) struct Refusal(Box<Words>);

#[derive(Debug, Clone)]
struct Words {
    status: StatusCode,
    kind: &'static str,
    message: String,
    context: Option<String>,
    code: Option<&'static str>,
    property: Option<&'static str>,
    details: Value,
    help: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Words {
            status,
            kind,
            message: message.into(),
            context: None,
            code: None,
            property: None,
            details: Value::Null,
            help: None,
        }))
    }

    /// 400: the request makes no sense.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", message)
    }

    /// 400: the request is understood but not allowed so.
    pub(super) fn incorrect_usage(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "IncorrectUsageError", message)
    }

    /// 401.
    pub(super) fn unauthorized(message: impl Into<String>, code: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UnauthorizedError", message).code(code)
    }

    /// 404.
    pub(super) fn not_found(message: impl Into<String>, context: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFoundError", message).context(context)
    }

    /// 422.
    pub(super) fn invalid(message: impl Into<String>, context: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "ValidationError", message).context(context)
    }

    pub(super) fn context(mut self, context: impl Into<String>) -> Self {
        self.0.context = Some(context.into());
        self
    }

    pub(super) fn property(mut self, property: &'static str) -> Self {
        self.0.property = Some(property);
        self
    }

    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.0.code = Some(code);
        self
    }

    pub(super) fn details(mut self, details: Value) -> Self {
        self.0.details = details;
        self
    }

    pub(super) fn help(mut self, help: &'static str) -> Self {
        self.0.help = Some(help);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let body = json!({"errors": [{
            "message": self.0.message,
            "context": self.0.context,
            "type": self.0.kind,
            "details": self.0.details,
            "property": self.0.property,
            "help": self.0.help,
            "code": self.0.code,
            "id": uuid(NUMBER.fetch_add(1, Ordering::Relaxed)),
            "ghostErrorCode": null,
        }]});
        document(self.0.status, &body)
    }
}

/// A JSON answer with Ghost's content type.
pub(super) fn document(status: StatusCode, body: &Value) -> Response {
    let kind = [(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    )];
    (status, kind, body.to_string()).into_response()
}

/// The refusals that the fault plan asks for. Ghost itself limits nothing: 429 and the HTML pages are those of a proxy before
/// it, but for 503, which is Ghost's own page while it boots.
pub(super) fn refusal(status: StatusCode) -> Response {
    match status {
        StatusCode::UNAUTHORIZED => {
            Refusal::unauthorized("Unknown Admin API Key", "UNKNOWN_ADMIN_API_KEY").into_response()
        }
        StatusCode::TOO_MANY_REQUESTS => {
            Refusal::new(status, "TooManyRequestsError", "Too many requests").into_response()
        }
        StatusCode::INTERNAL_SERVER_ERROR => Refusal::new(
            status,
            "InternalServerError",
            "An unexpected error occurred, please try again.",
        )
        .code("UNEXPECTED_ERROR")
        .into_response(),
        StatusCode::SERVICE_UNAVAILABLE => page(status, "We\u{2019}ll be right back"),
        _ => page(status, status.canonical_reason().unwrap_or("Error")),
    }
}

fn page(status: StatusCode, title: &str) -> Response {
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/html"))];
    let body = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<title>{title}</title>\n</head>\n<body></body>\n</html>\n"
    );
    (status, kind, body).into_response()
}

/// A permanent redirect.
pub(super) fn moved(target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(target) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, target)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// A time as Ghost writes it: whole seconds, three zeros.
pub(super) fn stamp(at: Seconds) -> String {
    time(at).format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A time that may be absent.
pub(super) fn stamp_or_null(at: Option<Seconds>) -> Value {
    at.map_or(Value::Null, |at| Value::String(stamp(at)))
}

/// The parameters of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The value of a parameter; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether the comma-separated values of a parameter hold this one.
    pub(super) fn lists(&self, name: &str, value: &str) -> bool {
        self.get(name)
            .is_some_and(|all| all.split(',').any(|one| one.trim() == value))
    }

    /// How many rows a page holds: 15 unless said, never more than `cap` where there is one.
    pub(super) fn limit(&self, cap: Option<usize>) -> usize {
        let asked = match self.get("limit") {
            Some("all") => usize::MAX,
            Some(number) => number.parse().ok().filter(|limit| *limit > 0).unwrap_or(15),
            None => 15,
        };
        cap.map_or(asked, |cap| asked.min(cap))
    }

    /// The number of the page, from 1.
    pub(super) fn page(&self) -> usize {
        self.get("page")
            .and_then(|page| page.parse().ok())
            .filter(|page| *page > 0)
            .unwrap_or(1)
    }
}

/// One page of `rows` with the numbers around it.
pub(super) fn paginate<T>(rows: Vec<T>, query: &Query, cap: Option<usize>) -> (Vec<T>, Value) {
    let (total, limit, page) = (rows.len(), query.limit(cap), query.page());
    let pages = total.div_ceil(limit).max(1);
    let shown = rows
        .into_iter()
        .skip((page - 1).saturating_mul(limit))
        .take(limit)
        .collect();
    let limit = if limit == usize::MAX {
        json!("all")
    } else {
        json!(limit)
    };
    let pagination = json!({
        "page": page,
        "limit": limit,
        "pages": pages,
        "total": total,
        "next": (page < pages).then_some(page + 1),
        "prev": (page > 1).then_some(page - 1),
    });
    (shown, json!({"pagination": pagination}))
}

/// Keeps only the named fields of a row, and those in `always`.
pub(super) fn keep_fields(mut row: Value, query: &Query, always: &[&str]) -> Value {
    if let (Some(_), Some(fields)) = (query.get("fields"), row.as_object_mut()) {
        fields.retain(|field, _| query.lists("fields", field) || always.contains(&field.as_str()));
    }
    row
}
