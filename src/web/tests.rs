use http::{Method, StatusCode};

use super::{
    access::Access,
    stage::{RULES, Site},
};
use crate::account::Role;

mod doors;
mod gates;
mod limits;
mod markup;
mod pages;
mod secrets;
mod trail;

/// A path in which every number is the same, to tell by whether it is of one sort with another.
fn shape(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let is_name = |part: &str| part.len() < 20 && !part.chars().any(|c| c.is_ascii_digit());
    let parts = path
        .split('/')
        .map(|part| if is_name(part) { part } else { "{}" });
    parts.collect::<Vec<_>>().join("/")
}

/// A path in which every part has some value.
fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn who_is_not_logged_in_gets_nowhere_but_to_what_is_open() {
    let site = Site::new(RULES, "").await;
    let mut closed = 0;
    for route in site.table.clone() {
        let path = filled(route.path);
        let headers = [("origin", "http://127.0.0.1:8425")];
        let answer = site.ask(route.method.clone(), &path, &headers, "").await;
        let turned_away = answer.status == StatusCode::UNAUTHORIZED
            || (answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/login"));
        match route.access {
            Access::Open => {}
            _ => {
                closed += 1;
                assert!(turned_away, "{} {path}: {}", route.method, answer.status);
            }
        }
    }
    assert!(closed > 10, "{closed}");
}

#[tokio::test]
async fn every_role_reaches_what_its_route_needs_and_nothing_more() {
    let site = Site::new(RULES, "").await;
    for role in Role::ALL {
        for route in site.table.clone() {
            let needed = match route.access {
                Access::Role(needed) | Access::StepUp(needed) => needed,
                Access::Open | Access::Token(_) => continue,
            };
            // Each request has a session of its own: some end it.
            let cookie = site.cookie(role).await;
            let path = filled(route.path);
            let answer = if route.method == Method::GET {
                site.get(&cookie, &path).await
            } else {
                site.post(&cookie, &path, &[]).await
            };
            let forbidden = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                forbidden,
                role < needed,
                "{role:?} {} {path}: {}",
                route.method,
                answer.status
            );
            assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
            if role >= needed && matches!(route.access, Access::StepUp(_)) {
                assert!(
                    answer.location().starts_with("/confirm"),
                    "{path}: {}",
                    answer.status
                );
            }
        }
    }
}

#[tokio::test]
async fn the_weeks_before_the_first_run_are_computed_in_hindsight_and_said_to_be() {
    let lines = r#"{"email":"jan@example.nl","kind":"click","at":"2026-04-10T10:00:00Z","campaign":"a","link":"https://a.example/"}
{"email":"piet@example.nl","kind":"click","at":"2026-05-20T10:00:00Z","campaign":"b","link":"https://a.example/"}"#;
    let site = Site::new(RULES, lines).await;
    let day = |text: &str| crate::score::calendar::Day::parse(text).unwrap();
    let bands = crate::store::Grouping::Bands("engagement");
    let days = site
        .web
        .store()
        .read(|conn| conn.sizes_between(bands, day("2026-04-01"), day("2026-06-15")))
        .unwrap();
    let on = |text: &str| {
        days.iter()
            .find(|each| each.on == day(text))
            .unwrap()
            .clone()
    };
    let contacts = |text: &'static str| on(text).sizes.map(|sizes| sizes.contacts);
    assert_eq!(
        contacts("2026-04-06"),
        None,
        "before the first contact there is nothing to show"
    );
    assert_eq!(contacts("2026-04-13"), Some(1));
    assert_eq!(contacts("2026-05-25"), Some(2));
    assert_eq!(contacts("2026-06-15"), Some(2));
    assert!(on("2026-05-25").hindsight && !on("2026-06-15").hindsight);
    assert_eq!(
        contacts("2026-05-26"),
        None,
        "between two Mondays nothing is made up"
    );
    let cookie = site.cookie(Role::Viewer).await;
    let page = site.get(&cookie, "/segments").await.body;
    assert!(
        page.contains("Up to 8 Jun 2026 computed in hindsight"),
        "{page}"
    );
}
