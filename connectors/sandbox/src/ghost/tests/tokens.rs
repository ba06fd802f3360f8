//! Who may ask.

use serde_json::{Value, json};

use super::client::{Answer, NOW, Site, token};
use crate::ghost::{GhostConfig, Version};

async fn with(site: &Site, header: &str) -> Answer {
    site.raw("GET", "/ghost/api/admin/members/?limit=1", header, None)
        .await
}

async fn claiming(site: &Site, claims: Value) -> Answer {
    let token = token(&GhostConfig::default(), &claims);
    with(site, &format!("authorization: Ghost {token}\r\n")).await
}

#[tokio::test]
async fn a_fresh_token_for_the_admin_audience_passes() {
    let site = Site::new(Version::Six, 20).await;
    for (issued, expires, audience) in [
        (NOW, NOW + 300, "/admin/"),
        (NOW, NOW + 3_600, "/admin/"),
        (NOW + 60, NOW + 300, "/v3/admin/"),
        (NOW - 299, NOW + 1, "admin"),
    ] {
        let answer = claiming(
            &site,
            json!({"iat": issued, "exp": expires, "aud": audience}),
        )
        .await;
        assert_eq!(answer.status, 200, "{issued} {audience}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_is_refused_in_the_recorded_words() {
    let site = Site::new(Version::Six, 20).await;
    let refused = |claims: Value| claiming(&site, claims);
    assert_eq!(
        refused(json!({"iat": NOW - 100, "exp": NOW, "aud": "/admin/"}))
            .await
            .error(),
        (401, "Invalid token: jwt expired", Some("INVALID_JWT"))
    );
    assert_eq!(
        refused(json!({"iat": NOW - 300, "exp": NOW + 60, "aud": "/admin/"}))
            .await
            .error(),
        (401, "Invalid token: maxAge exceeded", Some("INVALID_JWT"))
    );
    let audience = refused(json!({"iat": NOW, "exp": NOW + 60})).await;
    assert!(
        audience
            .error()
            .1
            .starts_with("Invalid token: jwt audience invalid")
    );
    assert_eq!(
        with(&site, "").await.error(),
        (403, "Authorization failed", None)
    );
    assert_eq!(
        with(&site, "authorization: Bearer x\r\n").await.error().2,
        Some("INVALID_AUTH_HEADER")
    );

    let stranger = GhostConfig {
        key_id: "0".repeat(24),
        ..GhostConfig::default()
    };
    let forger = GhostConfig {
        secret: "00".repeat(32),
        ..GhostConfig::default()
    };
    let claims = json!({"iat": NOW, "exp": NOW + 60, "aud": "/admin/"});
    let answer = with(
        &site,
        &format!("authorization: Ghost {}\r\n", token(&stranger, &claims)),
    )
    .await;
    assert_eq!(
        answer.error(),
        (401, "Unknown Admin API Key", Some("UNKNOWN_ADMIN_API_KEY"))
    );
    let answer = with(
        &site,
        &format!("authorization: Ghost {}\r\n", token(&forger, &claims)),
    )
    .await;
    assert_eq!(
        answer.error(),
        (401, "Invalid token: invalid signature", Some("INVALID_JWT"))
    );
}

#[tokio::test]
async fn the_site_tells_everybody_its_version() {
    let site = Site::new(Version::Five, 20).await;
    let answer = site.raw("GET", "/ghost/api/admin/site/", "", None).await;
    assert_eq!(
        (answer.status, &answer.body["site"]["version"]),
        (200, &json!("5.130"))
    );
    assert!(
        answer.head.contains("content-version: v5.130"),
        "{}",
        answer.head
    );
}

#[tokio::test]
async fn a_path_without_a_slash_is_moved_to_the_one_with_it() {
    let site = Site::new(Version::Six, 20).await;
    let answer = site
        .raw("GET", "/ghost/api/admin/members?limit=1", "", None)
        .await;
    assert_eq!(answer.status, 301);
    assert!(
        answer
            .head
            .contains("location: /ghost/api/admin/members/?limit=1\r\n"),
        "{}",
        answer.head
    );
}

#[tokio::test]
async fn what_an_integration_may_not_read_is_not_there() {
    let five = Site::new(Version::Five, 20).await;
    assert_eq!(five.get("stats/member_count/").await.status, 501);
    let site = Site::new(Version::Six, 20).await;
    assert_eq!(site.get("emails/x/batches/").await.status, 403);
    assert_eq!(site.get("webhooks/").await.error().2, Some("UPDATE_CLIENT"));
}
