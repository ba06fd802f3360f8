use std::fs;

use http::{StatusCode, header};

use crate::{
    account::{Role, Scope},
    web::stage::{PASSWORD, RULES, Site},
};

/// What stands in a page to be copied.
fn copied(body: &str) -> &str {
    let from = body.split("data-copy=\"").nth(1).unwrap();
    from.split('"').next().unwrap()
}

#[tokio::test]
async fn language_and_appearance_are_kept_and_shown_at_once() {
    let site = Site::new(RULES, "").await;
    let viewer = site.cookie(Role::Viewer).await;
    let form = [("language", "nl"), ("theme", "dark")];
    let answer = site.post(&viewer, "/settings/preferences", &form).await;
    assert_eq!(answer.location(), "/settings");
    let page = site.get(&viewer, "/settings").await;
    for there in [
        r#"lang="nl""#,
        r#"data-theme="dark""#,
        "Bewaard.",
        r#"id="preferences""#,
        r#"select id="language""#,
    ] {
        assert!(page.body.contains(there), "{there}: {}", page.body);
    }
    let form = [("language", "en"), ("theme", "auto")];
    site.post(&viewer, "/settings/preferences", &form).await;
    let page = site.get(&viewer, "/settings").await;
    assert!(page.body.contains(r#"<html lang="en">"#), "{}", page.body);
}

#[tokio::test]
async fn a_viewer_sees_no_users_and_no_tokens() {
    let site = Site::new(RULES, "").await;
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/settings").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("engaged.toml"));
    for hidden in ["/settings/users", "/settings/tokens", "/settings/reload"] {
        assert!(!page.body.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn a_token_is_shown_once_and_opens_the_api() {
    let site = Site::new(RULES, "").await;
    let admin = site.cookie(Role::Admin).await;
    let admin = site.step_up(&admin).await;
    let form = [
        ("name", "<b>shop</b>"),
        ("scope", "read"),
        ("scope", "plan"),
        ("days", "30"),
    ];
    let made = site.post(&admin, "/settings/tokens", &form).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let token = copied(&made.body).to_owned();
    let known = site.web.accounts.token(&token).await.unwrap().unwrap();
    assert_eq!(known.scopes, [Scope::Read, Scope::Plan]);
    let page = site.get(&admin, "/settings").await;
    assert!(page.body.contains("&lt;b&gt;shop&lt;/b&gt;") && !page.body.contains(&token));
    let trail = site.get(&admin, "/privacy").await;
    assert!(!trail.body.contains(&token));

    let number = known.id.0.to_string();
    site.post(&admin, "/settings/tokens/revoke", &[("token", &number)])
        .await;
    assert!(site.web.accounts.token(&token).await.unwrap().is_none());
    let wrong = site
        .post(&admin, "/settings/tokens", &[("name", "x"), ("days", "30")])
        .await;
    assert_eq!(wrong.location(), "/settings");
    let page = site.get(&admin, "/settings").await;
    assert!(page.body.contains("Choose at least one"), "{}", page.body);
}

#[tokio::test]
async fn somebody_is_let_in_by_a_link_that_is_shown_once() {
    let site = Site::new(RULES, "").await;
    let admin = site.cookie(Role::Admin).await;
    let early = site
        .post(&admin, "/settings/users/invite", &[("role", "marketer")])
        .await;
    assert!(early.location().starts_with("/confirm"));
    let admin = site.step_up(&admin).await;
    let made = site
        .post(&admin, "/settings/users/invite", &[("role", "marketer")])
        .await;
    let url = copied(&made.body).to_owned();
    assert!(url.starts_with("http://127.0.0.1:8425/setup/"), "{url}");
    let path = url.strip_prefix("http://127.0.0.1:8425").unwrap();
    let form = [
        ("name", "marit"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    let answer = site.post("", path, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = site.get(&admin, "/settings").await;
    assert!(page.body.contains("marit") && !page.body.contains(path));

    site.post(
        &admin,
        "/settings/users/role",
        &[("name", "marit"), ("role", "viewer")],
    )
    .await;
    let users = site.web.accounts.users().await.unwrap();
    let marit = users.iter().find(|user| user.name == "marit").unwrap();
    assert_eq!(marit.role, Role::Viewer);
    site.post(&admin, "/settings/users/disable", &[("name", "marit")])
        .await;
    let users = site.web.accounts.users().await.unwrap();
    assert!(
        users
            .iter()
            .any(|user| user.name == "marit" && user.disabled_at.is_some())
    );
}

#[tokio::test]
async fn the_last_admin_stays() {
    let site = Site::new(RULES, "").await;
    let admin = site.cookie(Role::Admin).await;
    let admin = site.step_up(&admin).await;
    let name = site.web.accounts.users().await.unwrap()[0].name.clone();
    site.post(&admin, "/settings/users/disable", &[("name", &name)])
        .await;
    let page = site.get(&admin, "/settings").await;
    assert!(page.body.contains("the last admin"), "{}", page.body);
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_goes_on_here() {
    let site = Site::new(RULES, "").await;
    let viewer = site.cookie(Role::Viewer).await;
    let new = "another long password of tests";
    let form = [
        ("present", "not this one at all"),
        ("new", new),
        ("again", new),
    ];
    site.post(&viewer, "/settings/password", &form).await;
    let page = site.get(&viewer, "/settings").await;
    assert!(
        page.body.contains("present password is wrong"),
        "{}",
        page.body
    );
    let form = [("present", PASSWORD), ("new", new), ("again", new)];
    let answer = site.post(&viewer, "/settings/password", &form).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    assert!(
        site.get(&viewer, "/settings")
            .await
            .location()
            .starts_with("/login")
    );
    let page = site.get(cookie, "/settings").await;
    assert!(
        page.body.contains("Your password is changed"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_configuration_is_taken_anew_or_stays_with_the_reason_shown() {
    let site = Site::new(RULES, "").await;
    let admin = site.cookie(Role::Admin).await;
    let path = site.folder.path().join("engaged.toml");
    fs::write(&path, RULES.replace("points = 20", "points = 21")).unwrap();
    site.post(&admin, "/settings/reload", &[]).await;
    let page = site.get(&admin, "/settings").await;
    assert!(page.body.contains("scores.engagement"), "{}", page.body);
    fs::write(&path, "timezone = 3").unwrap();
    site.post(&admin, "/settings/reload", &[]).await;
    let page = site.get(&admin, "/settings").await;
    assert!(page.body.contains("engaged.toml, line 1"), "{}", page.body);
    assert_eq!(site.web.config().rules.scores.len(), 1);
}
