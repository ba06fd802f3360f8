//! What every request must pass, and every answer bears: the host by which we
//! were asked, where a change came from, sizes and times, and the headers that
//! keep a browser from being used against its owner.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, uri::Authority};

use super::{
    Web,
    error::{Refusal, is_for_programs},
};

/// Nothing from elsewhere, nothing inline; the dashboard needs no more.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The names by which a browser on this machine may ask for us.
pub(super) const THIS_MACHINE: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// A page that takes longer than this has failed.
const LIMIT: Duration = Duration::from_mins(1);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The outermost layer.
pub async fn guard(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/assets/");
    let for_programs = is_for_programs(request.uri());
    let https = web.is_https();
    let mut response = match refused(&web, &request) {
        Some(refusal) => refusal.answer(&web, &request),
        None => match tokio::time::timeout(LIMIT, next.run(request)).await {
            Ok(response) => response,
            Err(_) if for_programs => Refusal::TimedOut.problem(),
            Err(_) => Refusal::TimedOut.bare(),
        },
    };
    dress(response.headers_mut(), asset, https);
    response
}

/// Why a request is not looked at.
fn refused(web: &Web, request: &Request) -> Option<Refusal> {
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    // Of two names, a proxy before us may have believed the other.
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Some(Refusal::Host);
    };
    let host = host.to_str().ok();
    let Some(host) = host.filter(|host| web.answers_to(host)) else {
        return Some(Refusal::Host);
    };
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let https = web.is_https() && !is_named(host, &THIS_MACHINE);
    // A token in a header is sent by no browser on its own.
    let by_token = is_for_programs(request.uri());
    (!safe && !by_token && !is_own(request.headers(), host, https)).then_some(Refusal::Foreign)
}

/// Whether a change was asked for by a page of ours, which where people come by https is one that came so. A browser
/// that says neither where it came from nor of which site is not believed.
fn is_own(headers: &HeaderMap, host: &str, https: bool) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(SEC_FETCH_SITE);
    let origin = text(header::ORIGIN);
    let site_fits = site.is_none_or(|site| site == "same-origin");
    let origin_fits = origin.is_none_or(|origin| {
        let plain = origin.strip_prefix("http://").filter(|_| !https);
        let of = origin.strip_prefix("https://").or(plain);
        of.is_some_and(|of| of.eq_ignore_ascii_case(host))
    });
    (site.is_some() || origin.is_some()) && site_fits && origin_fits
}

fn dress(headers: &mut HeaderMap, asset: bool, https: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CSP);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not "no-referrer": browsers would then call the origin of our own forms null.
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(header::X_FRAME_OPTIONS, "DENY");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    set(
        header::CACHE_CONTROL,
        if asset { "no-cache" } else { "no-store" },
    );
    if https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// Whether a `Host` header names a host that we answer to, whatever the port where the name is one of this machine.
pub(super) fn is_named(host: &str, names: &[impl AsRef<str>]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    if authority.as_str().contains('@') {
        return false;
    }
    names
        .iter()
        .any(|name| authority.host().eq_ignore_ascii_case(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        is_own(&headers, "127.0.0.1:8425", false)
    }

    #[test]
    fn a_change_is_taken_from_our_own_pages_alone() {
        let ours = ("origin", "http://127.0.0.1:8425");
        assert!(own(&[ours, ("sec-fetch-site", "same-origin")]));
        assert!(own(&[ours]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        for headers in [
            &[][..],
            &[ours, ("sec-fetch-site", "cross-site")],
            &[ours, ("sec-fetch-site", "same-site")],
            &[ours, ("sec-fetch-site", "none")],
            &[("origin", "null")],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[("origin", "http://127.0.0.1:9999")],
            &[
                ("origin", "http://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[("origin", "http://127.0.0.1:8425.evil.example")],
        ] {
            assert!(!own(headers), "{headers:?}");
        }
    }

    // S13.
    #[test]
    fn where_people_come_by_https_a_page_that_came_without_is_not_ours() {
        let from = |origin: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
            is_own(&headers, "engaged.example", true)
        };
        assert!(from("https://engaged.example"));
        assert!(!from("http://engaged.example"));
    }

    #[test]
    fn we_answer_to_our_own_names_only() {
        let names = ["127.0.0.1", "localhost", "[::1]", "engaged.example"].map(String::from);
        for host in [
            "127.0.0.1:8425",
            "localhost",
            "LOCALHOST:1",
            "[::1]:8425",
            "engaged.example",
        ] {
            assert!(is_named(host, &names), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "",
            "a@localhost",
            "localhost.",
            "127.1",
        ] {
            assert!(!is_named(host, &names), "{host}");
        }
    }
}
