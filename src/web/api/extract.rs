//! What a request brings: who calls, its query, its path and its body; and in
//! our own words what is wrong with them.

use std::{error::Error as _, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use http::{HeaderMap, header, request::Parts};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::{
    account::ApiToken,
    config,
    diagnostic::Diagnostic,
    schedule::jobs::Jobs,
    store::{Conn, StoreError},
    web::{Web, error::Refusal},
};

/// The largest body but for events.
pub(super) const BODY_MAX: usize = 1 << 20;

/// A body that is not JSON.
const MALFORMED: &str = "E1114";
/// A body of a kind that is not read.
const MEDIA: &str = "E1115";
/// A parameter or a field that does not fit.
pub(super) const UNFIT: &str = "E1116";

/// A refusal, answered to a program.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Refusal);

impl<R: Into<Refusal>> From<R> for Refused {
    fn from(refusal: R) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.problem()
    }
}

/// What was sent does not fit.
pub(super) fn unfit(message: impl Into<String>, help: Option<String>) -> Refusal {
    Refusal::Bad(Box::new(Diagnostic::error(UNFIT, message).maybe_help(help)))
}

/// A name that nothing has, among those that there are.
pub(super) fn unknown<'a>(
    what: &str,
    name: &str,
    there_are: impl IntoIterator<Item = &'a str> + Clone,
) -> Refusal {
    let help = config::proposal(name, there_are);
    unfit(format!("there is no {what} '{}'", short(name)), help)
}

/// A text from elsewhere, for a message.
fn short(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.contains('@') {
        "…".to_owned()
    } else {
        text
    }
}

/// A program whose token was admitted.
pub(super) struct Caller {
    /// The server.
    pub(super) web: Arc<Web>,
    /// The configuration, the store and the clock, the same for the whole request.
    pub(super) jobs: Arc<Jobs>,
    token: Arc<ApiToken>,
}

impl FromRequestParts<Arc<Web>> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Refused> {
        let token = parts.extensions.get::<Arc<ApiToken>>();
        Ok(Self {
            web: Arc::clone(web),
            jobs: web.jobs(),
            token: Arc::clone(token.ok_or(Refusal::NoToken)?),
        })
    }
}

impl Caller {
    /// For the audit trail.
    pub(super) fn who(&self) -> String {
        format!("token {}", self.token.name)
    }

    /// The present instant.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.jobs.clock.now()
    }

    /// Reads one snapshot of the store.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        Ok(self.jobs.store.read_async(job).await?)
    }

    /// As [`Caller::read`], with the configuration and the clock.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Conn, &Jobs) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let jobs = Arc::clone(&self.jobs);
        self.read(move |conn| job(conn, &jobs)).await
    }
}

/// The parameters of a query.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Web>> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Web>) -> Result<Self, Refused> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(query) => Ok(Self(query.0)),
            Err(rejection) => {
                let why = rejection.source().map(ToString::to_string);
                let why = why.unwrap_or_else(|| "it cannot be read".to_owned());
                Err(unfit(format!("in the query: {why}"), None).into())
            }
        }
    }
}

/// Refuses a request with a parameter that its operation does not know.
pub(super) async fn only_known(
    State(known): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let unknown_one = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name)
        .find(|name| !known.iter().any(|known| known == name));
    match unknown_one {
        None => next.run(request).await,
        Some(name) => {
            let names = known.iter().map(String::as_str);
            let help = config::proposal(&name, names);
            let help = help.or_else(|| Some("this operation takes no parameters".to_owned()));
            unfit(format!("there is no parameter '{}'", short(&name)), help).problem()
        }
    }
}

/// The parts of a path. What cannot be a part of one names nothing.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Web>> for Path<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Refused> {
        match axum::extract::Path::from_request_parts(parts, web).await {
            Ok(path) => Ok(Self(path.0)),
            Err(_) => Err(Refusal::NotFound.into()),
        }
    }
}

/// A body of JSON; none at all is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Web>> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &Arc<Web>) -> Result<Self, Refused> {
        let media = media_type(request.headers());
        let bytes = read_body(request, BODY_MAX).await?;
        if bytes.is_empty() {
            return Ok(Self(parse(b"{}")?));
        }
        if !is_json(media.as_deref()) {
            return Err(not_read("application/json").into());
        }
        Ok(Self(parse(&bytes)?))
    }
}

/// A body's kind, without parameters, in small letters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase())
}

/// Whether a kind is that of JSON.
pub(super) fn is_json(media: Option<&str>) -> bool {
    media.is_some_and(|media| {
        media == "application/json"
            || (media.starts_with("application/") && media.ends_with("+json"))
    })
}

/// The body is not of a kind that is read here.
pub(super) fn not_read(kinds: &str) -> Refusal {
    let diagnostic = Diagnostic::error(MEDIA, "a body of this kind is not read here");
    Refusal::Media(Box::new(
        diagnostic.help(format!("send it with `Content-Type: {kinds}`")),
    ))
}

/// A body of at most so many bytes.
pub(super) async fn read_body(request: Request, most: usize) -> Result<Vec<u8>, Refusal> {
    let headers = request.headers();
    let packed = headers.get(header::CONTENT_ENCODING);
    if packed.is_some_and(|packed| packed != "identity") {
        let diagnostic = Diagnostic::error(MEDIA, "a packed body is not read here");
        let diagnostic = diagnostic.help("send it without `Content-Encoding`");
        return Err(Refusal::Media(Box::new(diagnostic)));
    }
    let told = headers.get(header::CONTENT_LENGTH);
    let told: Option<usize> = told.and_then(|told| told.to_str().ok()?.parse().ok());
    if told.is_some_and(|told| told > most) {
        return Err(Refusal::TooLarge);
    }
    let mut chunks = request.into_body().into_data_stream();
    let mut body = Vec::with_capacity(told.unwrap_or_default());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| malformed("the body did not come whole"))?;
        if body.len() + chunk.len() > most {
            return Err(Refusal::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads an object of JSON. An array of its values in their order, which the reader would take too, is none.
pub(super) fn parse<'t, T: Deserialize<'t>>(text: &'t [u8]) -> Result<T, Refusal> {
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{')
        && serde_json::from_slice::<IgnoredAny>(text).is_ok()
    {
        return Err(unfit("the body is not an object", None));
    }
    serde_json::from_slice(text).map_err(|error| {
        if error.is_data() {
            return misfit(&error.to_string());
        }
        malformed(format!("the body is not JSON: {error}"))
    })
}

/// The body cannot be read at all.
pub(super) fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::Malformed(Box::new(Diagnostic::error(MALFORMED, message)))
}

/// What the reader says of a body that does not fit; of an unknown field, which was meant.
fn misfit(said: &str) -> Refusal {
    let mut quoted = said.split('`').skip(1).step_by(2);
    let (Some(name), true) = (quoted.next(), said.starts_with("unknown field")) else {
        return unfit(format!("in the body: {said}"), None);
    };
    let known: Vec<&str> = quoted.collect();
    let help = config::proposal(name, known.iter().copied());
    let message = format!("there is no field '{}'", short(name));
    unfit(message, help.or_else(|| Some("leave it out".to_owned())))
}
