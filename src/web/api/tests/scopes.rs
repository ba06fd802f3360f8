use chrono::TimeDelta;

use super::{document::all, *};
use crate::account::{Actor, ApiTokenId, Role};

/// A path in which every part has some value.
fn filled(path: &str) -> String {
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// A body that an operation takes, as its example shows.
fn body_of(operation: &Value) -> String {
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    if example.is_null() {
        String::new()
    } else {
        example.to_string()
    }
}

/// Headers that open nothing, whoever has them.
fn strangers(everything: &str, cookie: &str) -> [Vec<(String, String)>; 5] {
    let authorized = |by: String| vec![("authorization".to_owned(), by)];
    [
        vec![],
        authorized("Bearer engd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        authorized(format!("Basic {everything}")),
        vec![("cookie".to_owned(), cookie.to_owned())],
        vec![("cookie".to_owned(), format!("token={everything}"))],
    ]
}

#[tokio::test]
async fn each_operation_opens_to_its_own_scope_and_to_nothing_else() {
    let site = Site::new(RULES, PEOPLE).await;
    let document = document::whole();
    let mut tokens = Vec::new();
    for scope in Scope::ALL {
        tokens.push((scope, site.token(&[scope]).await));
    }
    let everything = site.token(&Scope::ALL).await;
    let cookie = site.cookie(Role::Admin).await;
    let mut closed = 0;
    for (template, method, operation) in all(&document) {
        let Some(needed) = operation["x-scope"].as_str() else {
            assert_eq!(template, "/api/v1/openapi.json");
            continue;
        };
        closed += 1;
        let (path, body) = (filled(&template), body_of(&operation));
        let ask = |headers: Vec<(String, String)>| {
            let (site, method, path, body) = (&site, method.clone(), &path, &body);
            async move {
                let kind = ("content-type", "application/json");
                let headers = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                let headers: Vec<_> = headers.chain([kind]).collect();
                site.ask(method, path, &headers, body).await
            }
        };
        for headers in strangers(&everything, &cookie) {
            let answer = ask(headers).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
            described(&method, &template, &answer);
        }
        let in_url = format!("{path}?token={everything}");
        let answer = site.ask(method.clone(), &in_url, &[], "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        for (scope, token) in &tokens {
            let answer = ask(vec![(
                "authorization".to_owned(),
                format!("Bearer {token}"),
            )])
            .await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                refused,
                scope.as_str() != needed,
                "{method} {path} with {scope}: {}",
                answer.body
            );
            assert_ne!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{method} {path} with {scope}"
            );
            assert!(
                answer.status.as_u16() < 500,
                "{method} {path}: {}",
                answer.body
            );
            described(&method, &template, &answer);
        }
    }
    assert!(closed > 15, "{closed}");
}

#[tokio::test]
async fn a_token_that_is_over_or_was_taken_back_opens_nothing() {
    let site = Site::new(RULES, PEOPLE).await;
    let document = document::whole();
    let spent = site.token(&Scope::ALL).await;
    let test = Actor::Operator("test".to_owned());
    let listed = site.web.accounts.tokens().await.unwrap();
    let ApiTokenId(number) = listed[0].id;
    site.web
        .accounts
        .revoke_token(ApiTokenId(number), &test)
        .await
        .unwrap();
    let old = site.token(&Scope::ALL).await;
    site.clock.pass(TimeDelta::days(90));
    for (template, method, operation) in all(&document) {
        if operation["x-scope"].is_null() {
            continue;
        }
        for token in [&spent, &old] {
            let path = filled(&template);
            let answer = site
                .call(token, method.clone(), &path, &body_of(&operation))
                .await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    // The last instant at which the second was good is just before.
    let late = Site::new(RULES, "").await;
    let token = late.token(&[Scope::Read]).await;
    late.clock
        .pass(TimeDelta::days(90) - TimeDelta::milliseconds(1));
    let answer = late.call(&token, Method::GET, "/api/v1/status", "").await;
    assert_eq!(answer.status, StatusCode::OK);
}
