//! S9 to S12: setup links, logging in, sessions and their cookie, over HTTP.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use http::{HeaderMap, Method, StatusCode, header};

use crate::{
    account::{Actor, Role},
    web::stage::{Answer, PASSWORD, RULES, Site},
};

/// A dashboard that people reach by https, behind a proxy that ends it.
fn behind_a_proxy() -> String {
    let web = "[web]\nbehind_proxy = true\npublic_url = \"https://engaged.example\"\nhosts = []\n";
    RULES.replace("[web]\n", web)
}

async fn setup_link(site: &Site, role: Role) -> String {
    let test = Actor::Operator("test".to_owned());
    let link = site.web.accounts.setup_link(role, &test).await.unwrap();
    link.path()
}

/// A form that makes an account.
fn account(name: &str) -> [(&str, &str); 3] {
    [("name", name), ("password", PASSWORD), ("again", PASSWORD)]
}

/// The cookie that an answer sets: as a browser sends it, and whole.
fn set_cookie(answer: &Answer) -> (String, String) {
    let set = answer.headers.get(header::SET_COOKIE);
    let whole = set.map_or("", |set| set.to_str().unwrap()).to_owned();
    (whole.split(';').next().unwrap().to_owned(), whole)
}

async fn log_in(site: &Site, headers: &[(&str, &str)], name: &str, password: &str) -> Answer {
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("name", name), ("password", password)])
        .finish();
    let mut all = vec![
        ("origin", "http://127.0.0.1:8425"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    all.retain(|(name, _)| !headers.iter().any(|own| own.0 == *name));
    all.extend(headers);
    site.ask(Method::POST, "/login", &all, &body).await
}

async fn name_of(site: &Site, role: Role) -> String {
    let users = site.web.accounts.users().await.unwrap();
    let user = users.into_iter().find(|user| user.role == role).unwrap();
    user.name
}

fn is_in(answer: &Answer) -> bool {
    answer.status == StatusCode::OK
}

// S9.
#[tokio::test]
async fn nobody_is_let_in_before_a_setup_link_was_used_which_looking_at_it_does_not_do() {
    let site = Site::new(RULES, "").await;
    for (name, password) in [
        ("admin", "admin"),
        ("engaged", "engaged"),
        ("", ""),
        ("admin", ""),
    ] {
        let answer = log_in(&site, &[], name, password).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.headers.get(header::SET_COOKIE).is_none());
    }
    let link = setup_link(&site, Role::Admin).await;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let looked = site.ask(method, &link, &[], "").await;
        assert_eq!(
            looked.status,
            StatusCode::OK,
            "a preview does not use it up"
        );
    }
    let short = [("name", "tom"), ("password", "short"), ("again", "short")];
    let refused = site.post("", &link, &short).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let made = site.post("", &link, &account("tom")).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let (cookie, _) = set_cookie(&made);
    assert!(is_in(&site.get(&cookie, "/").await));

    let again = site.post("", &link, &account("eve")).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert!(again.headers.get(header::SET_COOKIE).is_none());
    assert_eq!(site.get("", &link).await.status, StatusCode::NOT_FOUND);
}

// S9.
#[tokio::test]
async fn a_setup_link_that_is_old_or_never_was_is_answered_alike_and_opens_nothing() {
    let site = Site::new(RULES, "").await;
    let link = setup_link(&site, Role::Admin).await;
    site.clock.pass(TimeDelta::minutes(15));
    let (old, none) = (site.get("", &link).await, site.get("", "/setup/none").await);
    assert_eq!(
        (old.status, none.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(old.body.replace(&link, "/setup/none"), none.body);
    for path in [link.as_str(), "/setup/none", "/setup/%ff", "/setup/%00"] {
        let made = site.post("", path, &account("eve")).await;
        assert!(made.status.is_client_error(), "{path}: {}", made.status);
        assert!(made.headers.get(header::SET_COOKIE).is_none());
    }
    assert!(!site.web.accounts.has_users().await.unwrap());
}

// S11.
#[tokio::test]
async fn an_unknown_name_a_wrong_password_and_a_disabled_user_are_answered_alike() {
    let site = Site::new(RULES, "").await;
    site.cookie(Role::Viewer).await;
    let name = name_of(&site, Role::Viewer).await;
    let nobody = "n".repeat(name.len());
    let wrong = log_in(&site, &[], &name, "another password").await;
    let unknown = log_in(&site, &[], &nobody, "another password").await;
    let test = Actor::Operator("test".to_owned());
    site.web.accounts.disable(&name, &test).await.unwrap();
    let disabled = log_in(&site, &[], &name, PASSWORD).await;
    let told = |answer: &Answer, name: &str| -> (StatusCode, HeaderMap, String) {
        let body = answer.body.replace(name, "NAME");
        (answer.status, answer.headers.clone(), body)
    };
    let wrong = told(&wrong, &name);
    assert_eq!(wrong.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong, told(&unknown, &nobody));
    assert_eq!(wrong, told(&disabled, &name));
}

// S10 and S11.
#[tokio::test]
async fn the_sixth_wrong_password_waits_whatever_client_the_request_claims_to_come_from() {
    let site = Site::new(RULES, "").await;
    site.cookie(Role::Admin).await;
    for number in 0..6 {
        let claimed = format!("203.0.113.{number}");
        let headers = [
            ("x-forwarded-for", claimed.as_str()),
            ("x-real-ip", claimed.as_str()),
            ("forwarded", claimed.as_str()),
        ];
        let answer = log_in(&site, &headers, "tom", "wrong password").await;
        let expected = match number {
            5 => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        assert_eq!(answer.status, expected, "{number}");
        assert_eq!(
            answer.headers.contains_key(header::RETRY_AFTER),
            number == 5
        );
    }
    // Nor does the right one get in meanwhile; and after the wait nobody is shut out.
    let name = name_of(&site, Role::Admin).await;
    let answer = log_in(&site, &[], &name, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    site.clock.pass(TimeDelta::seconds(60));
    let answer = log_in(&site, &[], &name, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

// S11.
#[tokio::test]
async fn behind_our_proxy_the_client_is_the_one_that_the_proxy_itself_names_last() {
    let site = Site::new(&behind_a_proxy(), "").await;
    site.cookie(Role::Admin).await;
    let host = ("host", "engaged.example");
    let origin = ("origin", "https://engaged.example");
    for number in 0..6 {
        // What stands before the last was sent by the client itself.
        let named = format!("203.0.113.{number}, 198.51.100.7");
        let headers = [host, origin, ("x-forwarded-for", named.as_str())];
        let answer = log_in(&site, &headers, "tom", "wrong password").await;
        let expected = match number {
            5 => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        assert_eq!(answer.status, expected, "{number}");
    }
    let headers = [host, origin, ("x-forwarded-for", "198.51.100.8")];
    let answer = log_in(&site, &headers, "tom", "wrong password").await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "another client"
    );
}

// S12.
#[tokio::test]
async fn a_session_is_of_our_making_and_the_one_that_a_browser_had_ends_when_it_logs_in() {
    let site = Site::new(RULES, "").await;
    let first = site.cookie(Role::Admin).await;
    let name = name_of(&site, Role::Admin).await;
    // A token that somebody planted is not taken over.
    let planted = format!("engaged_session={}", "A".repeat(43));
    let answer = log_in(&site, &[("cookie", &planted)], &name, PASSWORD).await;
    let (second, _) = set_cookie(&answer);
    assert_ne!(second, planted);
    assert!(!is_in(&site.get(&planted, "/").await));
    assert!(is_in(&site.get(&second, "/").await));
    assert!(
        is_in(&site.get(&first, "/").await),
        "another browser's stays"
    );
    let answer = log_in(&site, &[("cookie", &second)], &name, PASSWORD).await;
    let (third, _) = set_cookie(&answer);
    assert!(is_in(&site.get(&third, "/").await));
    assert!(!is_in(&site.get(&second, "/").await));
    // A setup link opened in the same browser ends the session there, too.
    let link = setup_link(&site, Role::Viewer).await;
    let made = site.post(&third, &link, &account("eve")).await;
    assert!(is_in(&site.get(&set_cookie(&made).0, "/").await));
    assert!(!is_in(&site.get(&third, "/").await));
}

// S12.
#[tokio::test]
async fn a_session_is_renewed_by_the_password_and_ends_by_logout_idleness_and_disabling() {
    let site = Site::new(RULES, "").await;
    let old = site.cookie(Role::Viewer).await;
    let new = site.step_up(&old).await;
    assert!(!is_in(&site.get(&old, "/").await), "the old token is dead");
    assert!(is_in(&site.get(&new, "/").await));
    let out = site.post(&new, "/logout", &[]).await;
    assert!(set_cookie(&out).1.contains("Max-Age=0"));
    assert!(out.headers.contains_key("clear-site-data"));
    assert!(
        !is_in(&site.get(&new, "/").await),
        "the cookie came back, the session did not"
    );

    let idle = site.cookie(Role::Viewer).await;
    site.clock.pass(TimeDelta::minutes(60));
    assert!(!is_in(&site.get(&idle, "/").await));

    let cookie = site.cookie(Role::Marketer).await;
    assert!(is_in(&site.get(&cookie, "/").await));
    let name = name_of(&site, Role::Marketer).await;
    let test = Actor::Operator("test".to_owned());
    site.web.accounts.disable(&name, &test).await.unwrap();
    assert!(
        site.get(&cookie, "/")
            .await
            .location()
            .starts_with("/login")
    );
    let asked = site.post(&cookie, "/push/plan", &[]).await;
    assert!(asked.location().starts_with("/login"), "{}", asked.status);
    assert!(site.web.desk.tasks().is_empty());
}

// S12.
#[tokio::test]
async fn a_session_is_brought_by_its_own_cookie_and_by_nothing_else() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Admin).await;
    let (_, token) = cookie.split_once('=').unwrap();
    for name in [
        "__Host-engaged",
        "session",
        "ENGAGED_SESSION",
        "engaged_sessionx",
    ] {
        let other = format!("{name}={token}");
        assert!(!is_in(&site.get(&other, "/").await), "{name}");
    }
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    for path in ["/", "/api/v1/status"] {
        let answer = site.ask(Method::GET, path, &headers, "").await;
        assert!(!is_in(&answer), "{path}");
    }
    let in_url = format!("/?engaged_session={token}&token={token}");
    assert!(!is_in(&site.get("", &in_url).await));
    // And an API token is no session, and stands in a header alone.
    let token = site.token(&crate::account::Scope::ALL).await;
    assert!(!is_in(
        &site.get(&format!("engaged_session={token}"), "/").await
    ));
    for path in ["/api/v1/status?token=", "/api/v1/status?access_token="] {
        let answer = site
            .ask(Method::GET, &format!("{path}{token}"), &[], "")
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

// S12.
#[tokio::test]
async fn cookies_are_out_of_reach_of_scripts_other_sites_and_by_https_of_other_hosts() {
    let plain = Site::new(RULES, "").await;
    let link = setup_link(&plain, Role::Admin).await;
    let (_, whole) = set_cookie(&plain.post("", &link, &account("tom")).await);
    let parts: BTreeSet<&str> = whole.split("; ").skip(1).collect();
    assert_eq!(
        parts,
        BTreeSet::from(["Path=/", "HttpOnly", "SameSite=Lax"])
    );
    assert!(whole.starts_with("engaged_session="));

    let site = Site::new(&behind_a_proxy(), "").await;
    site.cookie(Role::Admin).await;
    let name = name_of(&site, Role::Admin).await;
    let headers = [
        ("host", "engaged.example"),
        ("origin", "https://engaged.example"),
    ];
    let answer = log_in(&site, &headers, &name, PASSWORD).await;
    assert!(
        answer
            .headers
            .contains_key(header::STRICT_TRANSPORT_SECURITY)
    );
    let (cookie, whole) = set_cookie(&answer);
    // No Domain: the prefix does not bear it, and a token has at least 256 bits.
    let parts: BTreeSet<&str> = whole.split("; ").skip(1).collect();
    let wanted = ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"];
    assert_eq!(parts, BTreeSet::from(wanted));
    let token = cookie.strip_prefix("__Host-engaged=").unwrap();
    assert!(token.len() >= 43, "{}", token.len());
    // The unbound name is not believed here.
    let unbound = format!("engaged_session={token}");
    assert!(!is_in(&site.get(&unbound, "/").await));
    assert!(is_in(&site.get(&cookie, "/").await));
}
