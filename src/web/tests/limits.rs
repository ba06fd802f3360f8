//! S23: too much, too deep, too slow and out of range, on every route.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use axum::body::{Body, Bytes};
use http::{Method, Request, StatusCode};

use super::{filled, markup};
use crate::{
    account::{Role, Scope},
    web::{
        FORM_MAX,
        access::Access,
        stage::{POLICY, RULES, Site},
    },
};

/// Values that fit no field.
const ODD: [&str; 24] = [
    "",
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "1e308",
    "NaN",
    "-0",
    "65536",
    "2147483647",
    "-2147483648",
    "9999-12-31",
    "2199-12-31",
    "1970-01-01",
    "0000-00-00",
    "9223372036854775807.9223372036854775807",
    "n9223372036854775807",
    "n-9223372036854775808",
    "\u{0}\u{1b}\u{202e}",
    "' or 1=1; --",
    "../../etc/passwd",
];

/// The names of fields in addresses, beside those that pages themselves name.
const NAMES: [&str; 18] = [
    "after",
    "as_of",
    "automation",
    "before",
    "connection",
    "cursor",
    "days",
    "deed",
    "from",
    "job",
    "kind",
    "known_at",
    "limit",
    "next",
    "of",
    "only",
    "q",
    "state",
];

fn pair(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish()
}

/// A dashboard with people, entries, a plan and a policy.
async fn shop() -> Site {
    let series = "[[automations]]\nname = \"Fans\"\nwhen = \"engagement >= 2\"\nstart = { connection = \"shop\", tag = \"fan\" }\n";
    Site::shop(20, &format!("{POLICY}{series}")).await
}

#[tokio::test]
async fn no_number_date_or_cursor_in_an_address_is_more_than_a_page_can_bear() {
    let site = shop().await;
    let cookie = site.cookie(Role::Admin).await;
    let bearer = format!("Bearer {}", site.token(&Scope::ALL).await);
    let headers = [("cookie", cookie.as_str()), ("authorization", &bearer)];
    let mut asked = 0;
    for route in site
        .table
        .iter()
        .filter(|route| route.method == Method::GET)
    {
        let path = filled(route.path);
        let mut all: Vec<String> = Vec::new();
        for odd in ODD {
            let part: String = url::form_urlencoded::byte_serialize(odd.as_bytes()).collect();
            if route.path.contains('{') && !part.is_empty() {
                let parts = route.path.split('/');
                let parts = parts.map(|each| if each.starts_with('{') { &part } else { each });
                all.push(parts.collect::<Vec<_>>().join("/"));
            }
            all.extend(
                NAMES
                    .iter()
                    .map(|name| format!("{path}?{}", pair(name, odd))),
            );
        }
        all.extend(["%ff", "%00", "%2e%2e", "%C3%28"].map(|part| path.replace('1', part)));
        all.extend(
            ["?%ff=%ff", "?&&&=&", "?before=1&before=2", "?[]=1"]
                .map(|query| format!("{path}{query}")),
        );
        all.push(format!("{path}?q={}", "a".repeat(60_000)));
        all.push(format!("{path}?{}", "a=1&".repeat(15_000)));
        for path in all {
            let answer = site.ask(Method::GET, &path, &headers, "").await;
            let short: String = path.chars().take(200).collect();
            assert!(
                !answer.status.is_server_error(),
                "{short}: {} {}",
                answer.status,
                answer.body
            );
            asked += 1;
        }
    }
    assert!(asked > 5_000, "{asked}");
}

#[tokio::test]
async fn every_form_of_every_page_bears_whatever_stands_in_its_fields() {
    let site = shop().await;
    let cookie = site.cookie(Role::Admin).await;
    let mut cookie = site.step_up(&cookie).await;
    let plan = site
        .post(&cookie, "/push/plan", &[])
        .await
        .location()
        .to_owned();
    let clean = site
        .post(&cookie, "/cleaning/plan", &[("policy", "sunset")])
        .await
        .location()
        .to_owned();
    let places = [
        plan,
        format!("{clean}/review"),
        clean,
        "/contacts/1".to_owned(),
    ];
    let mut known = BTreeSet::new();
    let mut sent = 0;
    for (_, page) in markup::walk(&site, &cookie, &places).await {
        for form in markup::forms(&page.body) {
            let names: BTreeSet<String> = form.fields.iter().map(|field| field.0.clone()).collect();
            let shape = super::shape(&form.action);
            // What ends the session, or waits for a platform, is not asked a thousand times.
            let spared = ["/logout", "/sync/run", "/sync"].contains(&shape.as_str());
            if spared || !known.insert((shape, names.clone())) {
                continue;
            }
            for name in &names {
                for odd in ODD {
                    let fields: Vec<(&str, &str)> = form
                        .fields
                        .iter()
                        .map(|(each, value)| {
                            (
                                each.as_str(),
                                if each == name { odd } else { value.as_str() },
                            )
                        })
                        .collect();
                    let answer = if form.method == "post" {
                        site.post(&cookie, &form.action, &fields).await
                    } else {
                        let query: String = url::form_urlencoded::Serializer::new(String::new())
                            .extend_pairs(&fields)
                            .finish();
                        site.get(&cookie, &format!("{}?{query}", form.action)).await
                    };
                    let status = answer.status;
                    assert!(
                        !status.is_server_error(),
                        "{} {name}={odd:?}: {status} {}",
                        form.action,
                        answer.body
                    );
                    sent += 1;
                    // Some forms end the session that sent them.
                    if answer.location().starts_with("/login") {
                        cookie = site.cookie(Role::Admin).await;
                        cookie = site.step_up(&cookie).await;
                    }
                }
            }
        }
    }
    assert!(sent > 200, "{sent}");
}

#[tokio::test]
async fn what_is_sent_is_refused_when_it_is_too_large_too_deep_or_no_form() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let cookie = site.step_up(&cookie).await;
    let bearer = format!("Bearer {}", site.token(&Scope::ALL).await);
    let large = "a".repeat(6 << 20);
    let deep = "[".repeat(200_000);
    let deeper = "{\"a\":".repeat(100_000);
    let many = "a=1&".repeat(FORM_MAX / 4 - 1);
    for route in site
        .table
        .iter()
        .filter(|route| route.method != Method::GET)
    {
        let path = filled(route.path);
        let by_token = matches!(route.access, Access::Token(_));
        let kind = if by_token {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        for body in [&large, &deep, &deeper, &many] {
            if path == "/logout" {
                continue;
            }
            let headers = [
                ("cookie", cookie.as_str()),
                ("authorization", &bearer),
                ("origin", "http://127.0.0.1:8425"),
                ("content-type", kind),
            ];
            let answer = site.ask(Method::POST, &path, &headers, body).await;
            let status = answer.status;
            assert!(
                !status.is_server_error(),
                "{path}: {status} {}",
                answer.body
            );
            if by_token && body.len() == large.len() {
                // Who takes no body does not read one.
                let refused = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::NOT_FOUND];
                assert!(refused.contains(&status), "{path}: {status}");
            }
            if by_token && body.starts_with(['[', '{']) {
                assert!(status.is_client_error(), "{path}: {status}");
            }
        }
    }
    for path in ["/login", "/setup/x"] {
        let headers = [
            ("origin", "http://127.0.0.1:8425"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = site.ask(Method::POST, path, &headers, &large).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_after_a_minute() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let bearer = format!("Bearer {}", site.token(&Scope::ALL).await);
    for (path, kind) in [
        ("/login", "application/x-www-form-urlencoded"),
        ("/setup/x", "application/x-www-form-urlencoded"),
        ("/language", "application/x-www-form-urlencoded"),
        ("/api/v1/plans", "application/json"),
        ("/api/v1/events", "application/x-ndjson"),
    ] {
        // A byte a second, for ever.
        let drops = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
        });
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "127.0.0.1:8425")
            .header("origin", "http://127.0.0.1:8425")
            .header("cookie", &cookie)
            .header("authorization", &bearer)
            .header("content-type", kind)
            .body(Body::from_stream(drops))
            .unwrap();
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let answer = site.send(request).await;
        let took = began.elapsed();
        tokio::time::resume();
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(took <= Duration::from_secs(61), "{path}: {took:?}");
    }
}
