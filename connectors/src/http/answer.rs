//! Judges answers: what is an answer, what is a failure, and what the platform
//! says about it in its own words.

use ::http::{HeaderMap, Response, StatusCode, header};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{call::Miss, redact::redact, retry};
use crate::error::ConnectorError;

/// The most characters of an answer that an error quotes.
const SAMPLE: usize = 120;
/// The most characters of a platform's explanation that an error quotes.
const WORDS: usize = 300;
/// Where the platforms we know keep their explanation, best first.
const WORD_KEYS: [&str; 10] = [
    "message",
    "title",
    "detail",
    "context",
    "error",
    "error_description",
    "description",
    "reason",
    "errors",
    "data",
];

/// A success, or a refusal (4xx other than 401, 403, 408, 425 and 429) that the connector judges.
#[derive(Clone, Debug)]
pub struct Answer {
    what: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The status: 2xx or 4xx.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, e.g. for what is left of a quota.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, decompressed.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Reads a success as JSON. A refusal, a page of HTML, a truncated or
    /// otherwise odd body is a [`ConnectorError::Contract`] with a redacted
    /// sample. After a write that means: carried out or not, nobody knows.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ConnectorError> {
        if !self.status.is_success() {
            return Err(self.refusal());
        }
        serde_json::from_slice(&self.body).map_err(|source| self.odd(&source.to_string()))
    }

    /// Whether a success brings a web page: none of the platforms has one to give.
    pub(super) fn is_web_page(&self) -> bool {
        self.status.is_success() && self.body.trim_ascii_start().starts_with(b"<")
    }

    /// A success that is a web page, as an error.
    pub(super) fn strange(&self) -> ConnectorError {
        self.odd("it is a web page, of whatever stands between here and the platform")
    }

    fn odd(&self, why: &str) -> ConnectorError {
        let kind = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        ConnectorError::Contract {
            what: self.what.clone(),
            detail: format!(
                "the answer ({}, {} bytes) is not as documented: {}; it begins {:?}",
                redact(kind.unwrap_or("no content type"), 60),
                self.body.len(),
                redact(why, SAMPLE),
                redact(&String::from_utf8_lossy(&self.body), SAMPLE),
            ),
        }
    }

    /// This answer as an error, for a status that the connector has no use for.
    pub fn refusal(&self) -> ConnectorError {
        ConnectorError::Contract {
            what: self.what.clone(),
            detail: self.words(),
        }
    }

    /// The status and the platform's explanation, redacted, on one line.
    pub fn words(&self) -> String {
        words(self.status, &self.body)
    }
}

/// Sorts an answer by what the caller must do about it.
pub(super) fn judge(
    what: &str,
    response: Response<Bytes>,
    now: DateTime<Utc>,
) -> Result<Answer, Miss> {
    let (parts, body) = response.into_parts();
    let (status, headers, what) = (parts.status, parts.headers, what.to_owned());
    let code = status.as_u16();
    let wish = retry::retry_after(&headers, now);
    let detail = || words(status, &body);
    let error = match code {
        401 | 403 => ConnectorError::Auth {
            what,
            detail: detail(),
            missing: None,
        },
        429 => ConnectorError::RateLimited {
            what,
            retry_after: wish,
        },
        // A server that says when to come back is not broken; what became of a write is in doubt all the same.
        503 if wish.is_some() => ConnectorError::RateLimited {
            what,
            retry_after: wish,
        },
        408 | 425 | 500..=599 => ConnectorError::Transient {
            what,
            detail: detail(),
        },
        200..=299 | 400..=499 => {
            return Ok(Answer {
                what,
                status,
                headers,
                body,
            });
        }
        300..=399 => ConnectorError::Contract {
            what,
            detail: redirect(&headers),
        },
        _ => ConnectorError::Contract {
            what,
            detail: detail(),
        },
    };
    Err(Miss {
        error,
        passes: matches!(code, 408 | 425 | 429 | 500..=599),
        // A server that failed may have failed after it had written.
        maybe_done: matches!(code, 0..200 | 408 | 500..),
        wish,
    })
}

fn redirect(headers: &HeaderMap) -> String {
    let to = headers
        .get(header::LOCATION)
        .and_then(|to| to.to_str().ok());
    let to = to.and_then(|to| to.split('?').next()).unwrap_or("nowhere");
    format!(
        "redirected to {}: not followed; check base_url",
        redact(to, SAMPLE)
    )
}

fn words(status: StatusCode, body: &[u8]) -> String {
    let mut found = Vec::new();
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => collect(&value, 0, &mut found),
        Err(_) => found.push(String::from_utf8_lossy(body).into_owned()),
    }
    found.dedup();
    let text = redact(found.join("; ").trim(), WORDS);
    if text.is_empty() {
        format!("HTTP {status}")
    } else {
        format!("HTTP {status}: {text}")
    }
}

/// Collects texts under the keys that hold explanations, a few levels deep.
fn collect(value: &Value, depth: u8, found: &mut Vec<String>) {
    if depth > 4 || found.len() >= 6 {
        return;
    }
    match value {
        Value::String(text) if !text.is_empty() => found.push(text.clone()),
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect(item, depth + 1, found)),
        Value::Object(map) => {
            let known = WORD_KEYS.iter().filter_map(|key| map.get(*key));
            known.for_each(|inner| collect(inner, depth + 1, found));
        }
        _ => {}
    }
}
