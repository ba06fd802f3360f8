use http::{Method, StatusCode};

use super::{
    access::Access,
    stage::{RULES, Site},
};
use crate::account::Role;

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
