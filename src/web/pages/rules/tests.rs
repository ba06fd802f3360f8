use std::fs;

use http::StatusCode;

use crate::{
    account::Role,
    publish::fingerprint,
    web::stage::{Answer, RULES, Site},
};

const LINES: &str = r#"{"email":"anna@example.nl","kind":"click","at":"2026-06-01T10:00:00Z","campaign":"n1","link":"https://shop.example/a"}
{"email":"ben@example.nl","kind":"purchase","at":"2026-06-02T10:00:00Z","item":"shoes","quantity":1,"value":"26.00","currency":"EUR"}
"#;

fn text(site: &Site) -> String {
    fs::read_to_string(site.folder.path().join("engaged.toml")).unwrap()
}

/// Sends a draft as the page would, and looks at the page that comes of it.
async fn save(site: &Site, cookie: &str, draft: &str, seen: &str) -> Answer {
    let base = fingerprint(&text(site));
    let form = [
        ("file", "engaged.toml"),
        ("text", draft),
        ("base", &base),
        ("seen", seen),
        ("look", "preview"),
    ];
    let answer = site.post(cookie, "/rules/edit", &form).await;
    if answer.status != StatusCode::SEE_OTHER {
        return answer;
    }
    let (to, _) = answer.location().split_once('#').unwrap();
    site.get(cookie, to).await
}

/// Publishes what the page shows.
async fn publish(site: &Site, cookie: &str, reason: &str) -> Answer {
    let page = site
        .get(cookie, "/rules/edit?file=engaged.toml&look=preview")
        .await;
    let offered = page.body.contains("name=\"looked_at\"");
    let looked_at = if offered {
        page.hidden("looked_at")
    } else {
        String::new()
    };
    let form = [
        ("file", "engaged.toml"),
        ("looked_at", &looked_at),
        ("reason", reason),
    ];
    site.post(cookie, "/rules/publish", &form).await
}

fn edited() -> String {
    RULES.replace(
        r#"when = "click", points = 10"#,
        r#"when = "click", points = 30"#,
    )
}

#[tokio::test]
async fn a_viewer_sees_the_rules_and_no_editor() {
    let site = Site::new(RULES, LINES).await;
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/rules").await;
    assert_eq!(page.status, StatusCode::OK);
    for there in [
        "no open in 3 months",
        "engagement &gt; 25",
        "+20",
        "engaged.toml:6",
    ] {
        assert!(page.body.contains(there), "{there}: {}", page.body);
    }
    assert!(!page.body.contains("/rules/edit"), "{}", page.body);
    let editor = site.get(&viewer, "/rules/edit").await;
    assert_eq!(editor.status, StatusCode::FORBIDDEN);
    let marketer = site.cookie(Role::Marketer).await;
    let page = site.get(&marketer, "/rules").await;
    assert!(page.body.contains("/rules/edit?file=engaged.toml"));
}

#[tokio::test]
async fn an_error_is_marked_at_its_word_and_stands_in_the_way() {
    let site = Site::new(RULES, LINES).await;
    let marketer = site.cookie(Role::Marketer).await;
    let draft = RULES.replace("engagement > 25", "engagemnt > 25");
    let page = save(&site, &marketer, &draft, "").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let marked = r#"<span class="wrong" aria-describedby="error-0">engagemnt"#;
    assert!(page.body.contains(marked), "{}", page.body);
    let line = draft
        .lines()
        .position(|line| line.contains("engagemnt"))
        .unwrap()
        + 1;
    assert!(
        page.body
            .contains(&format!("engaged.toml, line {line}, column 8")),
        "{}",
        page.body
    );
    assert!(page.body.contains(r#"<li id="error-0">"#));
    assert!(!page.body.contains(r#"action="/rules/publish""#));
    assert_eq!(text(&site), RULES);
}

#[tokio::test]
async fn what_is_no_rule_is_refused_at_its_place() {
    let site = Site::new(RULES, LINES).await;
    let marketer = site.cookie(Role::Marketer).await;
    let line = "[connections.mine]\nplatform = \"ghost\"\n";
    let page = save(&site, &marketer, &format!("{RULES}{line}"), "").await;
    assert!(
        page.body.contains("cannot be changed here"),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains(r#"<span class="wrong" aria-describedby="error-0">"#)
    );
    let boss = site.step_up(&marketer).await;
    let refused = publish(&site, &boss, "one more").await;
    let page = site.get(&boss, refused.location()).await;
    assert!(page.body.contains("Not done"), "{}", page.body);
    assert_eq!(text(&site), RULES);
}

#[tokio::test]
async fn a_draft_shows_who_would_change_before_anything_is_written() {
    let site = Site::new(RULES, LINES).await;
    let marketer = site.cookie(Role::Marketer).await;
    let page = save(&site, &marketer, &edited(), "").await;
    for there in [
        "1 contact of 2 would have",
        "anna@example.nl",
        "ambassador",
        "+30",
        "Type the password",
    ] {
        assert!(page.body.contains(there), "{there}: {}", page.body);
    }
    assert!(!page.body.contains("ben@example.nl"));
    assert_eq!(text(&site), RULES);
    let dutch = site.get(&marketer, "/rules").await;
    assert!(dutch.body.contains("It is not in force"), "{}", dutch.body);
}

#[tokio::test]
async fn publishing_writes_the_file_and_rolling_back_restores_it() {
    let site = Site::new(RULES, LINES).await;
    let marketer = site.cookie(Role::Marketer).await;
    save(&site, &marketer, &edited(), "").await;
    let unsure = publish(&site, &marketer, "clicks count").await;
    assert!(
        unsure.location().starts_with("/confirm"),
        "{}",
        unsure.location()
    );
    let marketer = site.step_up(&marketer).await;
    let short = publish(&site, &marketer, "no").await;
    let page = site.get(&marketer, short.location()).await;
    assert!(
        page.body.contains("Say in 3 to 500 characters why"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains(r#"action="/rules/publish""#),
        "{}",
        page.body
    );
    assert_eq!(text(&site), RULES);

    let done = publish(&site, &marketer, "clicks count <b>").await;
    assert_eq!(done.location(), "/rules", "{}", done.body);
    assert_eq!(text(&site), edited());
    let page = site.get(&marketer, "/rules").await;
    for there in ["+30", "clicks count &lt;b&gt;", "Published as number 1"] {
        assert!(page.body.contains(there), "{there}: {}", page.body);
    }
    let page = site.get(&marketer, "/rules/publications/1").await;
    assert!(
        page.body
            .contains("+   { when = &quot;click&quot;, points = 30 },"),
        "{}",
        page.body
    );

    let why = [("reason", "it was too much")];
    let back = site.post(&marketer, "/rules/publications/1", &why).await;
    assert_eq!(back.location(), "/rules", "{}", back.body);
    assert_eq!(text(&site), RULES);
    let page = site.get(&marketer, "/rules").await;
    assert!(page.body.contains("takes back 1"), "{}", page.body);
}

#[tokio::test]
async fn a_draft_of_somebody_else_is_not_written_over_and_nothing_typed_is_lost() {
    let site = Site::new(RULES, LINES).await;
    let (one, other) = (
        site.cookie(Role::Marketer).await,
        site.cookie(Role::Marketer).await,
    );
    save(&site, &one, &edited(), "").await;
    let mine = RULES.replace("engagement > 25", "engagement > 26");
    let page = save(&site, &other, &mine, "").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("engagement &gt; 26"), "{}", page.body);
    assert!(page.body.contains("is not saved"));
    let page = save(&site, &other, &mine, &fingerprint(&edited())).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_file_that_changed_on_disk_is_told_and_not_written_over() {
    let site = Site::new(RULES, LINES).await;
    let marketer = site.cookie(Role::Marketer).await;
    save(&site, &marketer, &edited(), "").await;
    let path = site.folder.path().join("engaged.toml");
    fs::write(&path, format!("# by hand\n{RULES}")).unwrap();
    let page = site
        .get(&marketer, "/rules/edit?file=engaged.toml&look=preview")
        .await;
    assert!(
        page.body.contains("changed on disk since this draft began"),
        "{}",
        page.body
    );
    assert!(!page.body.contains(r#"action="/rules/publish""#));
    let marketer = site.step_up(&marketer).await;
    let refused = publish(&site, &marketer, "clicks count").await;
    assert!(refused.location().starts_with("/rules/edit"));
    assert!(text(&site).starts_with("# by hand"));
}
