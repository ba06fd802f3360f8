//! What a program is told when its request is refused or failed: `problem+json`
//! of RFC 9457, with our code, the next step, and the place of a mistake.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use schemars::JsonSchema;
use serde::Serialize;

use super::error::Refusal;
use crate::diagnostic::Diagnostic;

/// The media type.
pub const PROBLEM: &str = "application/problem+json";

/// Why a request was not carried out.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Problem {
    /// `about:blank`: what happened is told by `code`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What happened, in few words; the same for equal codes.
    pub title: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// Our stable code, such as `E1116`.
    pub code: &'static str,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The one next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where in a text that was sent the mistake is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Spot>,
    /// The rows of a batch, each with the reason why it was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<RejectedRow>,
}

/// A stretch of a text that was sent.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Spot {
    /// The parameter that brought it.
    pub of: String,
    /// The first character, from 0.
    pub from: usize,
    /// The first character behind it.
    pub to: usize,
    /// The words themselves.
    pub words: String,
    /// What is to be seen there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RejectedRow {
    /// Its place among the rows, from 0; in NDJSON that of its line.
    pub index: usize,
    /// Why, without addresses.
    pub reason: String,
}

impl Spot {
    fn of(diagnostic: &Diagnostic) -> Option<Self> {
        let place = diagnostic.place.as_ref()?;
        let text = &place.text;
        let start = text.floor_char_boundary(place.span.start.min(text.len()));
        let end = text.ceil_char_boundary(place.span.end.clamp(start, text.len()));
        let from = text[..start].chars().count();
        let words = text[start..end].to_owned();
        Some(Self {
            of: place.file.to_string(),
            from,
            to: from + words.chars().count(),
            words,
            label: diagnostic.label.clone(),
        })
    }
}

impl Problem {
    /// What a program is told of a refusal.
    pub fn of(refusal: &Refusal) -> Self {
        let mut problem = Self {
            kind: "about:blank",
            title: title(refusal),
            status: refusal.status().as_u16(),
            code: refusal.code(),
            ..Self::default()
        };
        if let Some(why) = refusal.diagnostic() {
            problem.detail = Some(why.message.clone());
            problem.help.clone_from(&why.help);
            problem.place = Spot::of(why);
        }
        let (detail, help) = more(refusal);
        problem.detail = problem.detail.or(detail);
        problem.help = problem.help.or(help);
        problem
    }
}

fn title(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::LogIn | Refusal::NoToken => "a valid token is needed",
        Refusal::Role(_) | Refusal::StepUp | Refusal::Foreign => "refused",
        Refusal::Scope(_) => "the token does not reach",
        Refusal::NotFound => "there is no such thing",
        Refusal::Method => "not in this way",
        Refusal::Malformed(_) => "not JSON",
        Refusal::Media(_) => "not in this form",
        Refusal::Bad(_) => "cannot be done",
        Refusal::Conflict(_) => "things are otherwise by now",
        Refusal::TooLarge => "too large",
        Refusal::Busy(_) => "too much at once",
        Refusal::Host => "we are not that host",
        Refusal::TimedOut | Refusal::Unavailable(_) => "not to be had now",
        Refusal::Ours(_) => "something went wrong inside engaged",
    }
}

/// Detail and next step of what has no words of its own.
fn more(refusal: &Refusal) -> (Option<String>, Option<String>) {
    match refusal {
        Refusal::NoToken | Refusal::LogIn => {
            let help = "send `Authorization: Bearer TOKEN`; make a token with `engaged web token`";
            (None, Some(help.to_owned()))
        }
        Refusal::Scope(scope) => (
            Some(format!("it lacks the scope `{}`", scope.as_str())),
            Some("use a token that has it".to_owned()),
        ),
        Refusal::Method => (
            Some("this path knows other methods".to_owned()),
            Some("the header `Allow` names them".to_owned()),
        ),
        Refusal::Host => (None, Some("name it in `hosts` of [web]".to_owned())),
        Refusal::TooLarge => (None, Some("send less at once".to_owned())),
        Refusal::Busy(seconds) => (None, Some(format!("try again in {seconds} s"))),
        Refusal::TimedOut => (
            Some("it took too long".to_owned()),
            Some("ask for less, or again later".to_owned()),
        ),
        Refusal::Ours(id) => (Some(format!("the log has the details under {id}")), None),
        _ => (None, None),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Every problem is made of a refusal, whose status is a valid one.
        let status = http::StatusCode::from_u16(self.status).unwrap_or_default();
        let mut answer = (status, Json(self)).into_response();
        let media = HeaderValue::from_static(PROBLEM);
        answer.headers_mut().insert(header::CONTENT_TYPE, media);
        answer
    }
}
