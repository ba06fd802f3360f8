use http::StatusCode;

use crate::{
    account::Role,
    desk::kept::AnyPlan,
    store::{AuditFilter, Conn},
    web::stage::{RULES, Site},
};

/// Works out a plan: the page that it led to.
async fn plan(site: &Site, cookie: &str) -> (String, String) {
    let asked = site.post(cookie, "/push/plan", &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    let place = asked.location().to_owned();
    assert!(place.starts_with("/push/plan/"), "{place}");
    let page = site.get(cookie, &place).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    (place.rsplit('/').next().unwrap().to_owned(), page.body)
}

/// Applies a plan: the page of the task.
async fn apply(site: &Site, cookie: &str, fingerprint: &str) -> String {
    let form = [("fingerprint", fingerprint)];
    let asked = site.post(cookie, "/push/apply", &form).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    site.get(cookie, asked.location()).await.body
}

/// Lets pass what the first open guard holds, as the form on the page does.
async fn approve(site: &Site, cookie: &str) -> StatusCode {
    let held = site.get(cookie, "/push").await;
    let fields = ["guard", "connection", "shown"].map(|name| (name, held.hidden(name)));
    let form: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    site.post(cookie, "/push/approve", &form).await.status
}

#[tokio::test]
async fn a_plan_is_held_once_and_after_a_word_exactly_its_writes_are_done() {
    let site = Site::shop(30, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let (fingerprint, page) = plan(&site, &marketer).await;
    assert!(page.contains("Nothing was written"), "{page}");
    assert!(page.contains("engaged:hot"), "{page}");
    assert!(site.writes().is_empty(), "a plan writes nothing");

    // To apply needs the password, and then the word on the first push.
    let form = [("fingerprint", fingerprint.as_str())];
    let asked = site.post(&marketer, "/push/apply", &form).await;
    assert!(asked.location().starts_with("/confirm"));
    let marketer = site.step_up(&marketer).await;
    let held = apply(&site, &marketer, &fingerprint).await;
    assert!(
        held.contains("Nothing was written") && held.contains("show for the first time"),
        "{held}"
    );
    assert!(site.writes().is_empty(), "what is held is not written");
    assert_eq!(approve(&site, &marketer).await, StatusCode::SEE_OTHER);
    let who = site
        .web
        .store()
        .read(|conn| conn.audit_page(None, 10, &AuditFilter::default()))
        .unwrap();
    let word = who.iter().find(|row| row.what == "approve").unwrap();
    assert!(word.who.starts_with("marketer"), "{word:?}");

    let done = apply(&site, &marketer, &fingerprint).await;
    let kept = site.web.desk.plan(&fingerprint).unwrap();
    let planned = serde_json::to_value(&*kept).unwrap()["plan"]["writes"]
        .as_i64()
        .unwrap();
    assert!(
        planned > 30 && done.contains(&format!("{planned} writes were done")),
        "{done}"
    );
    // On the platform stands what the plan counted, and nothing else of ours.
    let AnyPlan::Push(plan_kept) = &kept.plan else {
        panic!("{kept:?}")
    };
    let members = site.members();
    let with = |tag: &str| {
        members
            .values()
            .filter(|(_, tags)| tags.contains(tag))
            .count() as u64
    };
    let tags = plan_kept.connections[0].counts.iter();
    let mut ours = 0;
    for count in tags.filter(|count| count.verb == "add tag") {
        let tag = count.target.strip_prefix("tag:").unwrap();
        assert_eq!(with(tag), count.contacts, "{tag}");
        ours += count.contacts;
    }
    let shown = members.values().flat_map(|(_, tags)| tags);
    let shown = shown.filter(|tag| tag.starts_with("engaged:")).count() as u64;
    assert!(ours > 0 && ours == shown, "{ours} {shown}");
    let log = site.get(&marketer, "/push").await.body;
    assert!(
        log.contains("/push/log/1") && log.contains("Nothing is held"),
        "{log}"
    );
    let one = site.get(&marketer, "/push/log/1").await.body;
    assert!(
        one.contains("set field") && one.contains("ENGSCORE"),
        "{one}"
    );
    // There is nothing left to write.
    let (_, again) = plan(&site, &marketer).await;
    assert!(again.contains("There is nothing to write"), "{again}");
}

#[tokio::test]
async fn a_stale_plan_writes_nothing_and_offers_the_new_one() {
    let site = Site::shop(30, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (first, _) = plan(&site, &marketer).await;
    apply(&site, &marketer, &first).await;
    approve(&site, &marketer).await;
    // Somebody is adjusted, and so the plan is another.
    let store = site.web.store();
    store
        .write(|tx| {
            let contact = crate::store::ContactId(1);
            let day = |text| crate::score::calendar::Day::parse(text).unwrap();
            let days = (day("2026-06-01"), day("2026-09-01"));
            tx.adjust(contact, "engagement", 50_000, days, "a test", "test", 1)?;
            Ok(())
        })
        .unwrap();
    site.web.jobs().score(false).await.unwrap();
    let stale = apply(&site, &marketer, &first).await;
    assert!(
        stale.contains("no longer what it was") && stale.contains("E0801"),
        "{stale}"
    );
    assert!(stale.contains("action=\"/push/plan\""), "{stale}");
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn a_viewer_sees_what_is_held_and_can_let_nothing_pass() {
    let site = Site::shop(20, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (fingerprint, _) = plan(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    let viewer = site.cookie(Role::Viewer).await;
    let viewer = site.step_up(&viewer).await;
    let page = site.get(&viewer, "/push").await.body;
    assert!(
        page.contains("First push") && !page.contains("action=\"/push/approve\""),
        "{page}"
    );
    assert!(!page.contains("action=\"/push/plan\""), "{page}");
    let shown = site.get(&marketer, "/push").await.hidden("shown");
    let form = [
        ("guard", "baseline"),
        ("connection", "shop"),
        ("shown", &shown),
    ];
    let refused = site.post(&viewer, "/push/approve", &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(site.web.store().read(Conn::open_guards).unwrap().len(), 1);
    // Addresses are masked for viewers, everywhere.
    let seen = site
        .get(&viewer, &format!("/push/plan/{fingerprint}"))
        .await
        .body;
    assert!(
        site.members().keys().all(|address| !seen.contains(address)),
        "{seen}"
    );
    let seen = site
        .get(&marketer, &format!("/push/plan/{fingerprint}"))
        .await
        .body;
    assert!(site.members().keys().any(|address| seen.contains(address)));
}

#[tokio::test]
async fn a_word_counts_for_what_was_shown_and_for_nothing_else() {
    let site = Site::shop(20, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (fingerprint, _) = plan(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    let form = [
        ("guard", "baseline"),
        ("connection", "shop"),
        ("shown", "another"),
    ];
    let refused = site.post(&marketer, "/push/approve", &form).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(site.web.store().read(Conn::open_guards).unwrap().len(), 1);
    assert_eq!(approve(&site, &marketer).await, StatusCode::SEE_OTHER);
    assert!(site.web.store().read(Conn::open_guards).unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_written_by_looking() {
    let site = Site::shop(20, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (fingerprint, _) = plan(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    approve(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    let before = (site.writes().len(), site.members());
    for place in [
        "/push",
        "/push/log/1",
        "/push/log/1?state=applied",
        "/push/writes?connection=1",
        "/push/writes?connection=1&state=rejected",
        "/automations",
        "/cleaning",
        "/tasks/1",
        &format!("/push/plan/{fingerprint}"),
    ] {
        let page = site.get(&marketer, place).await;
        assert_eq!(page.status, StatusCode::OK, "{place}");
    }
    assert_eq!(before, (site.writes().len(), site.members()));
}

#[tokio::test]
async fn a_read_only_connection_is_planned_and_says_how_to_change_that() {
    let edit = |config: String| config.replace("mode = \"live\"", "mode = \"read-only\"");
    let site = Site::shop_edited(20, edit).await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (fingerprint, page) = plan(&site, &marketer).await;
    assert!(
        page.contains("read-only") && page.contains("mode = &quot;live&quot;"),
        "{page}"
    );
    assert!(!page.contains("action=\"/push/apply\""), "{page}");
    let tried = apply(&site, &marketer, &fingerprint).await;
    assert!(
        tried.contains("Nothing is written to a read-only connection"),
        "{tried}"
    );
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn writing_is_paused_and_goes_on_by_a_marketers_word() {
    let site = Site::shop(20, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (fingerprint, _) = plan(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    approve(&site, &marketer).await;
    assert_eq!(
        site.post(&marketer, "/push/pause", &[]).await.status,
        StatusCode::SEE_OTHER
    );
    let paused = apply(&site, &marketer, &fingerprint).await;
    assert!(
        paused.contains("Writing to platforms is paused"),
        "{paused}"
    );
    assert!(site.writes().is_empty());
    site.post(&marketer, "/push/resume", &[]).await;
    let done = apply(&site, &marketer, &fingerprint).await;
    assert!(done.contains("writes were done"), "{done}");
}

#[tokio::test]
async fn what_a_platform_refuses_is_grouped_by_cause_and_goes_into_a_file_without_formulas() {
    let site = Site::shop(20, "").await;
    let marketer = site.cookie(Role::Marketer).await;
    let marketer = site.step_up(&marketer).await;
    let (fingerprint, _) = plan(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    approve(&site, &marketer).await;
    apply(&site, &marketer, &fingerprint).await;
    let store = site.web.store();
    store
        .write(|tx| {
            let wanted = crate::store::WritesWanted {
                of: crate::store::WritesOf::Plan(1),
                state: None,
                before: None,
                limit: 3,
            };
            for write in tx.writes(&wanted)? {
                let state = crate::store::OutboxState::Rejected;
                let why = "=cmd <b>jan@voorbeeld.nl</b> is in a compliance state";
                tx.settle(write.row.id, state, Some(why), None, 1)?;
            }
            Ok(())
        })
        .unwrap();
    let page = site.get(&marketer, "/push/log/1").await.body;
    assert!(
        page.contains("&lt;b&gt;jan@voorbeeld.nl&lt;/b&gt;"),
        "{page}"
    );
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/push/log/1").await.body;
    assert!(
        page.contains("compliance state") && !page.contains("jan@voorbeeld.nl"),
        "{page}"
    );
    assert!(!page.contains("rejected.csv"), "{page}");
    let file = site
        .post(&marketer, "/push/rejected.csv", &[("plan", "1")])
        .await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(file.body.lines().count(), 4, "{}", file.body);
    assert!(file.body.contains(",'=cmd <b>"), "{}", file.body);
}

#[tokio::test]
async fn without_connections_and_in_dutch_the_page_says_what_is_missing() {
    let site = Site::new(
        &RULES.replace("timezone", "language = \"nl\"\ntimezone"),
        "",
    )
    .await;
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/push").await.body;
    assert!(
        page.contains("Er is nog niets naar een platform geschreven"),
        "{page}"
    );
    assert!(page.contains("Er wordt niets tegengehouden"), "{page}");
    for gone in [
        "/push/plan/none",
        "/push/log/7",
        "/push/log/x",
        "/push/writes",
        "/tasks/99",
    ] {
        assert_eq!(
            site.get(&viewer, gone).await.status,
            StatusCode::NOT_FOUND,
            "{gone}"
        );
    }
}
