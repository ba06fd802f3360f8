//! The session's cookie, and what is known of a visitor before anybody logs in.

use http::{HeaderMap, HeaderValue, header};

use super::Web;
use crate::{account::Session, config::Language, store::StoreError, text::Say};

/// Bound to the host and to https.
const SECURE: &str = "__Host-engaged";
/// On this machine without TLS, where browsers differ about what they take for secure.
const PLAIN: &str = "engaged_session";
/// The language of who is not logged in.
const LANGUAGE: &str = "engaged_language";

/// The session of a token, if there is one that is valid.
pub(super) async fn of(web: &Web, token: Option<String>) -> Result<Option<Session>, StoreError> {
    match token {
        Some(token) => web.accounts.session(&token).await,
        None => Ok(None),
    }
}

/// The session's token as the cookie has it.
pub(super) fn token(web: &Web, headers: &HeaderMap) -> Option<String> {
    cookie(headers, name(web))
}

fn name(web: &Web) -> &'static str {
    if web.is_https() { SECURE } else { PLAIN }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(each, _)| *each == name)
        .map(|(_, value)| value.to_owned())
}

/// The header that gives a browser its session.
pub(super) fn set(web: &Web, token: &str) -> Option<HeaderValue> {
    let secure = if web.is_https() { "; Secure" } else { "" };
    let text = format!(
        "{}={token}; Path=/; HttpOnly; SameSite=Lax{secure}",
        name(web)
    );
    HeaderValue::from_str(&text).ok()
}

/// The header that takes it away.
pub(super) fn unset(web: &Web) -> Option<HeaderValue> {
    let secure = if web.is_https() { "; Secure" } else { "" };
    let text = format!(
        "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}",
        name(web)
    );
    HeaderValue::from_str(&text).ok()
}

/// The header that keeps a language for who is not logged in.
pub(super) fn keep_language(language: Language) -> Option<HeaderValue> {
    let text = format!(
        "{LANGUAGE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000",
        language.code()
    );
    HeaderValue::from_str(&text).ok()
}

/// The language of who is not logged in: their choice, else that of the configuration.
pub(super) fn language(web: &Web, headers: &HeaderMap) -> Say {
    let config = web.config();
    let chosen = cookie(headers, LANGUAGE);
    let chosen = chosen.and_then(|code| {
        Language::ALL
            .into_iter()
            .find(|language| language.code() == code)
    });
    Say::new(chosen.unwrap_or(config.language), config.zone)
}
