//! Why a request is refused or failed: as a page for people, as `problem+json`
//! for programs. Details of our own faults go to the log under a number.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use maud::html;
use tracing::error;

use super::{Web, page, problem::Problem, session};
use crate::{
    account::{Role, Scope},
    diagnostic::{Diagnostic, Expected},
    store::StoreError,
    text::Say,
};

/// Why a request is not carried out.
#[derive(Debug)]
pub enum Refusal {
    /// Nobody is logged in.
    LogIn,
    /// The session's role does not reach.
    Role(Role),
    /// The password is to be typed again.
    StepUp,
    /// No token, or one that is not valid.
    NoToken,
    /// The token lacks this scope.
    Scope(Scope),
    /// There is no such thing.
    NotFound,
    /// There is such a thing, but not for this method.
    Method,
    /// What was sent cannot be read at all.
    Malformed(Box<Diagnostic>),
    /// What was sent is of a kind that is not read here.
    Media(Box<Diagnostic>),
    /// What was asked cannot be done; the reason is the asker's to mend.
    Bad(Box<Diagnostic>),
    /// What was asked contradicts the present state: a stale plan, say.
    Conflict(Box<Diagnostic>),
    /// What was sent is too large.
    TooLarge,
    /// Too much at once: try again after so many seconds.
    Busy(u64),
    /// It came from another site.
    Foreign,
    /// It was sent to a host that we are not.
    Host,
    /// It took too long.
    TimedOut,
    /// What is needed for it cannot be had now: a platform, or the daemon's time.
    Unavailable(Box<Diagnostic>),
    /// A fault of ours, with the number under which the log has it.
    Ours(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::ours(&format!("{}: {error}", error.code()))
    }
}

impl From<Expected> for Refusal {
    /// What a person's verb would have ended with.
    fn from(expected: Expected) -> Self {
        use crate::diagnostic::Exit;
        let exit = expected.exit;
        let Some(first) = expected.diagnostics.into_iter().next() else {
            return Self::ours("an end without a reason");
        };
        match exit {
            Exit::Bug | Exit::Storage => Self::ours(&format!("{}: {first}", first.code)),
            Exit::Pending | Exit::Guard | Exit::Locked => Self::Conflict(Box::new(first)),
            Exit::Unavailable | Exit::Refused => Self::Unavailable(Box::new(first)),
            _ => Self::Bad(Box::new(first)),
        }
    }
}

impl Refusal {
    /// Logs a fault of ours, and keeps its number.
    pub fn ours(detail: &str) -> Self {
        let mut bytes = [0_u8; 6];
        // Without randomness the number is all zeros, and the log still has the fault.
        let _ = getrandom::fill(&mut bytes);
        let id = hex::encode(bytes);
        error!(id, "a request failed: {detail}");
        Self::Ours(id)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::LogIn | Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Role(_) | Self::StepUp | Self::Scope(_) | Self::Foreign => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Media(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Bad(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::TimedOut | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable code of ours.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LogIn | Self::NoToken => "E1101",
            Self::Role(_) | Self::Scope(_) => "E1102",
            Self::StepUp => "E1103",
            Self::Foreign => "E1104",
            Self::Host => "E1105",
            Self::NotFound => "E1106",
            Self::Method => "E1107",
            Self::Malformed(why)
            | Self::Media(why)
            | Self::Bad(why)
            | Self::Conflict(why)
            | Self::Unavailable(why) => why.code,
            Self::TooLarge => "E1108",
            Self::Busy(_) => "E1109",
            Self::TimedOut => "E1110",
            Self::Ours(_) => "E1111",
        }
    }

    /// What has words of its own.
    pub(super) fn diagnostic(&self) -> Option<&Diagnostic> {
        match self {
            Self::Malformed(why)
            | Self::Media(why)
            | Self::Bad(why)
            | Self::Conflict(why)
            | Self::Unavailable(why) => Some(why),
            _ => None,
        }
    }

    /// The answer to a request, in the shape that its asker reads.
    pub fn answer(self, web: &Web, request: &Request) -> Response {
        if is_for_programs(request.uri()) {
            return self.problem();
        }
        let say = session::language(web, request.headers());
        self.shown(say, request.uri(), request.headers())
    }

    /// A page; or, where logging in or the password would help, the way there.
    pub fn shown(self, say: Say, uri: &Uri, headers: &HeaderMap) -> Response {
        let back = back(uri, headers);
        match &self {
            Self::LogIn => return see(&format!("/login{back}")),
            Self::StepUp => return see(&format!("/confirm{back}")),
            _ => {}
        }
        let (title, help) = self.words(say);
        let body = html! {
            h1 { (title) }
            @if let Some(help) = help { p { (help) } }
            p { a.button href="/" { (say.t("back-to-overview")) } }
        };
        let page = page::bare(say, &title, &body);
        (self.status(), self.headers(), page).into_response()
    }

    /// Title and next step.
    fn words(&self, say: Say) -> (String, Option<String>) {
        match self {
            Self::NotFound => (
                say.t("error-not-found"),
                Some(say.t("error-not-found-help")),
            ),
            Self::Role(role) => (
                say.t("error-forbidden"),
                Some(say.with(
                    "error-forbidden-help",
                    [("role", say.t(role_key(*role)).into())],
                )),
            ),
            Self::Foreign => (say.t("error-refused"), Some(say.t("error-refused-help"))),
            Self::Host => (say.t("error-host"), None),
            Self::TooLarge => (say.t("error-too-large"), None),
            Self::Method => (say.t("error-method"), None),
            Self::Malformed(why)
            | Self::Media(why)
            | Self::Bad(why)
            | Self::Conflict(why)
            | Self::Unavailable(why) => (why.message.clone(), why.help.clone()),
            Self::Ours(id) => (
                say.t("error-internal"),
                Some(say.with("error-internal-help", [("id", id.into())])),
            ),
            _ => (say.t("error-title"), None),
        }
    }

    /// The answer to a program: RFC 9457, with our code.
    pub fn problem(self) -> Response {
        (self.headers(), Problem::of(&self)).into_response()
    }

    /// The status alone, where nothing is known of the asker.
    pub fn bare(&self) -> Response {
        self.status().into_response()
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match self {
            Self::NoToken => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::Busy(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            _ => {}
        }
        headers
    }
}

/// Whether programs ask for a path, and not people.
pub(super) fn is_for_programs(uri: &Uri) -> bool {
    uri.path().starts_with("/api/") || uri.path() == "/metrics"
}

/// The name of a role in messages.
pub fn role_key(role: Role) -> crate::text::Key {
    use crate::text::key;
    match role {
        Role::Viewer => key("role-viewer"),
        Role::Marketer => key("role-marketer"),
        Role::Admin => key("role-admin"),
    }
}

/// Where to come back to: the page that was asked for, or the one that a form stood on.
fn back(uri: &Uri, headers: &HeaderMap) -> String {
    let referer = headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok());
    let from_form = referer
        .and_then(|referer| referer.parse::<url::Url>().ok())
        .map(|url| match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        });
    let asked = uri.path_and_query().map(|path| path.as_str().to_owned());
    let back = if headers.get(header::CONTENT_TYPE).is_some() {
        from_form
    } else {
        asked
    };
    match back.filter(|back| back != "/" && back.starts_with('/') && !back.starts_with("//")) {
        Some(back) => {
            let pair: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("next", &back)
                .finish();
            format!("?{pair}")
        }
        None => String::new(),
    }
}

/// Sends a browser on with a fresh GET.
pub fn see(to: &str) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        answer.headers_mut().insert(header::LOCATION, to);
    }
    answer
}
