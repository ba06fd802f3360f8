//! S13, S14, S15 and S17: what every route of the table refuses, and what every answer bears.

use std::{collections::BTreeMap, sync::Arc};

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;

use super::filled;
use crate::{
    account::{Role, Scope},
    store::AuditFilter,
    web::{
        FORM_MAX,
        access::{Access, Routes},
        error::Refusal,
        served,
        stage::{Answer, RULES, Site},
    },
};

/// Headers of requests that no page of ours makes.
const FOREIGN: [&[(&str, &str)]; 11] = [
    &[],
    &[("origin", "null")],
    &[("origin", "null"), ("sec-fetch-site", "same-origin")],
    &[("origin", "http://evil.example")],
    &[("origin", "http://127.0.0.1:9999")],
    &[("origin", "http://127.0.0.1:8425.evil.example")],
    &[
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "same-origin"),
    ],
    &[
        ("origin", "http://127.0.0.1:8425"),
        ("sec-fetch-site", "cross-site"),
    ],
    &[
        ("origin", "http://127.0.0.1:8425"),
        ("sec-fetch-site", "same-site"),
    ],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "none")],
];

/// What every answer bears.
fn is_dressed(headers: &HeaderMap) -> Result<(), String> {
    let csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
               connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let wanted = [
        ("content-security-policy", csp),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in wanted {
        let found = headers.get(name).map(|value| value.to_str().unwrap());
        if found != Some(value) || headers.get_all(name).iter().count() != 1 {
            return Err(format!("{name}: {found:?}"));
        }
    }
    let kept = headers
        .get("cache-control")
        .map(|kept| kept.to_str().unwrap());
    if !matches!(kept, Some("no-store" | "no-cache")) {
        return Err(format!("cache-control: {kept:?}"));
    }
    // Nobody is told what serves, or given to another site.
    for name in ["server", "x-powered-by", "access-control-allow-origin"] {
        if headers.contains_key(name) {
            return Err(name.to_owned());
        }
    }
    Ok(())
}

// S13.
#[tokio::test]
async fn nothing_is_done_that_was_not_asked_for_on_a_page_of_ours() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let cookie = site.step_up(&cookie).await;
    let trail = || {
        let store = site.web.store();
        let rows = store.read(|conn| conn.audit_page(None, 200, &AuditFilter::default()));
        rows.unwrap().len()
    };
    let before = trail();
    let mut forms = 0;
    for route in site
        .table
        .iter()
        .filter(|route| route.method != Method::GET)
    {
        let by_token = matches!(route.access, Access::Token(_));
        forms += usize::from(!by_token);
        for foreign in FOREIGN {
            let mut headers = foreign.to_vec();
            headers.push(("cookie", &cookie));
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            let path = filled(route.path);
            let answer = site.ask(route.method.clone(), &path, &headers, "a=b").await;
            // To the API a cookie is nothing, wherever it comes from.
            let wanted = if by_token {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(answer.status, wanted, "{path} {foreign:?}");
        }
    }
    assert!(forms > 15, "{forms}");
    assert_eq!(trail(), before);
    assert!(site.web.desk.tasks().is_empty());
    assert_eq!(
        site.get(&cookie, "/").await.status,
        StatusCode::OK,
        "not even logged out"
    );
}

// S13 and S17.
#[tokio::test]
async fn a_path_knows_the_methods_of_the_table_alone_and_to_look_does_nothing() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let cookie = site.step_up(&cookie).await;
    let bearer = format!("Bearer {}", site.token(&Scope::ALL).await);
    let mut known: BTreeMap<&str, Vec<&Method>> = BTreeMap::new();
    for route in &site.table {
        known.entry(route.path).or_default().push(&route.method);
    }
    let all = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    ];
    for (path, methods) in known {
        for method in all.map(|method| method.parse::<Method>().unwrap()) {
            if methods.contains(&&method) {
                continue;
            }
            let headers = [
                ("cookie", cookie.as_str()),
                ("authorization", &bearer),
                ("origin", "http://127.0.0.1:8425"),
            ];
            let answer = site.ask(method.clone(), &filled(path), &headers, "").await;
            assert_eq!(
                answer.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
        }
    }
    assert!(site.web.desk.tasks().is_empty());
}

// S14.
#[tokio::test]
async fn we_answer_to_no_name_but_our_own_on_any_route() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let bearer = format!("Bearer {}", site.token(&Scope::ALL).await);
    let hosts: [&[&str]; 7] = [
        &[],
        &["evil.example"],
        &["evil.example:8425"],
        &["127.0.0.1.evil.example"],
        &["evil.example@127.0.0.1:8425"],
        &["127.0.0.1:8425", "evil.example"],
        &[""],
    ];
    let nowhere = (Method::GET, "/nowhere".to_owned());
    let routes = site
        .table
        .iter()
        .map(|route| (route.method.clone(), filled(route.path)));
    for (method, path) in routes.chain([nowhere]) {
        for hosts in hosts {
            let mut request = Request::builder()
                .method(method.clone())
                .uri(&path)
                .header("cookie", &cookie)
                .header("authorization", &bearer)
                .header("x-forwarded-host", "127.0.0.1:8425")
                .header("origin", "http://127.0.0.1:8425");
            for host in hosts {
                request = request.header("host", *host);
            }
            let answer = site.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                answer.status,
                StatusCode::MISDIRECTED_REQUEST,
                "{path} {hosts:?}"
            );
            is_dressed(&answer.headers).unwrap();
        }
    }
    assert!(site.web.desk.tasks().is_empty());
}

// S15.
#[tokio::test]
async fn every_answer_of_every_route_bears_the_headers_that_protect_its_reader() {
    let site = Site::new(RULES, "").await;
    let bearer = format!("Bearer {}", site.token(&Scope::ALL).await);
    let mut seen: BTreeMap<u16, u32> = BTreeMap::new();
    let mut look = |at: String, answer: &Answer| {
        is_dressed(&answer.headers).unwrap_or_else(|why| panic!("{at}: {why}"));
        *seen.entry(answer.status.as_u16()).or_default() += 1;
    };
    let ours = ("origin", "http://127.0.0.1:8425");
    for route in site.table.clone() {
        let path = filled(route.path);
        for who in [None, Some(Role::Viewer), Some(Role::Admin)] {
            let cookie = match who {
                // Each has a session of its own: some routes end it.
                Some(role) => site.cookie(role).await,
                None => String::new(),
            };
            let mut headers = vec![("cookie", cookie.as_str()), ours];
            if who.is_some() {
                headers.push(("authorization", bearer.as_str()));
            }
            let answer = site.ask(route.method.clone(), &path, &headers, "").await;
            look(format!("{} {path} {who:?}", route.method), &answer);
        }
    }
    let large = "a".repeat(FORM_MAX + 1);
    let form = [ours, ("content-type", "application/x-www-form-urlencoded")];
    look(
        "413".to_owned(),
        &site.ask(Method::POST, "/login", &form, &large).await,
    );
    look(
        "405".to_owned(),
        &site.ask(Method::PUT, "/login", &[ours], "").await,
    );
    look(
        "404".to_owned(),
        &site.ask(Method::GET, "/nowhere", &[], "").await,
    );
    look(
        "asset".to_owned(),
        &site.ask(Method::GET, "/assets/nothing", &[], "").await,
    );
    look(
        "403".to_owned(),
        &site.ask(Method::POST, "/login", &[], "").await,
    );
    for status in [200, 303, 401, 403, 404, 405, 413, 422] {
        assert!(seen.contains_key(&status), "{status} in {seen:?}");
    }
}

// S15.
#[tokio::test]
async fn a_fault_of_ours_bears_them_too_and_tells_a_number_and_nothing_else() {
    let site = Site::new(RULES, "").await;
    let web = Arc::clone(&site.web);
    let fault = || async move {
        Refusal::ours("no such table: secret at /var/lib/engaged").shown(
            crate::text::Say::new(crate::config::Language::English, chrono_tz::UTC),
            &"/".parse().unwrap(),
            &HeaderMap::new(),
        )
    };
    let routes = Routes::new(Arc::clone(&web)).get("/fault", Access::Open, fault);
    let (router, _) = served(&web, routes);
    let request = Request::builder().uri("/fault").header("host", "localhost");
    let answer = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    is_dressed(answer.headers()).unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20)
        .await
        .unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(
        !body.contains("secret") && !body.contains("/var/lib"),
        "{body}"
    );
}

// S17: nobody is led away after logging in, in whatever way a browser reads an address.
#[tokio::test]
async fn who_logs_in_is_led_on_to_a_place_of_ours() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let here = url::Url::parse("http://127.0.0.1:8425/login").unwrap();
    for next in [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\n/evil.example",
        "\t//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/é",
        "",
        "/%2f/evil.example",
        "/.//evil.example",
        "/push?before=3#held",
    ] {
        for path in ["/language", "/confirm"] {
            let form = [
                ("next", next),
                ("language", "en"),
                ("password", crate::web::stage::PASSWORD),
            ];
            let cookie = if path == "/confirm" {
                site.cookie(Role::Admin).await
            } else {
                cookie.clone()
            };
            let answer = site.post(&cookie, path, &form).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{next:?}");
            let led = here.join(answer.location()).unwrap();
            assert_eq!(led.origin(), here.origin(), "{next:?} -> {led}");
            assert!(!answer.location().is_empty(), "{next:?}");
        }
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("next", next)
            .finish();
        for path in ["/login", "/confirm"] {
            let page = site.get(&cookie, &format!("{path}?{query}")).await.body;
            for (_, value) in super::markup::links(&page) {
                let led = here.join(&value).unwrap();
                assert_eq!(led.origin(), here.origin(), "{next:?} -> {value}");
            }
        }
    }
}
