use engaged_sandbox::mailchimp::Status;
use http::StatusCode;

use crate::{
    account::Role,
    web::stage::{POLICY, RULES, Site},
};

/// Works out the only policy: where its plan is.
async fn work_out(site: &Site, cookie: &str) -> String {
    let asked = site
        .post(cookie, "/cleaning/plan", &[("policy", "sunset")])
        .await;
    let place = asked.location().to_owned();
    assert!(
        place.starts_with("/cleaning/plan/"),
        "{place} {}",
        asked.body
    );
    place
}

/// A marketer who has typed the password again.
async fn marketer(site: &Site) -> String {
    let cookie = site.cookie(Role::Marketer).await;
    site.step_up(&cookie).await
}

/// Carries out what the sample shows: the page of the task.
async fn carry_out(site: &Site, cookie: &str, place: &str) -> String {
    let sample = site.get(cookie, &format!("{place}/review")).await;
    let (plan, looked) = (sample.hidden("plan"), sample.hidden("looked"));
    let form = [("plan", plan.as_str()), ("looked", looked.as_str())];
    let asked = site.post(cookie, "/cleaning/apply", &form).await;
    site.get(cookie, asked.location()).await.body
}

/// The numbers of the contacts that a page links to.
fn linked(body: &str) -> Vec<String> {
    let parts = body.split("href=\"/contacts/").skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect()
}

fn unsubscribed(site: &Site) -> usize {
    let all = site.members();
    all.values()
        .filter(|(status, tags)| {
            *status == Status::Unsubscribed && tags.contains("engaged:cleaned:sunset")
        })
        .count()
}

#[tokio::test]
async fn who_goes_was_in_a_sample_and_is_put_back_by_a_batchs_undo() {
    let site = Site::shop(60, POLICY).await;
    let before = site.members();
    let cookie = marketer(&site).await;
    let place = work_out(&site, &cookie).await;
    let plan = site.get(&cookie, &place).await.body;
    assert!(plan.contains("Nothing was done"), "{plan}");
    assert!(plan.contains("Last sign of life"), "{plan}");
    assert!(
        plan.contains(
            "<strong>What does not come back: the place in a running automation.</strong>"
        ),
        "{plan}"
    );
    assert!(
        !plan.contains("action=\"/cleaning/apply\""),
        "the button stands below the sample: {plan}"
    );
    assert!(site.writes().is_empty());

    // The same sample each time, each with its reason.
    let review = format!("{place}/review");
    let sample = site.get(&cookie, &review).await.body;
    let drawn = linked(&sample);
    assert!(drawn.len() > 2 && drawn.len() <= 20, "{drawn:?}");
    assert_eq!(drawn, linked(&site.get(&cookie, &review).await.body));
    assert!(sample.contains("measured mail"), "{sample}");

    let done = carry_out(&site, &cookie, &place).await;
    assert!(
        done.contains("It can be undone until 13 Sep 2026"),
        "{done}"
    );
    let removed = unsubscribed(&site);
    assert!(removed > 2, "{done}");
    let overview = site.get(&cookie, "/cleaning").await.body;
    assert!(overview.contains("/cleaning/batch/1"), "{overview}");
    let batch = site.get(&cookie, "/cleaning/batch/1").await.body;
    assert!(
        batch.contains(&format!("Put {removed} contacts back")),
        "{batch}"
    );

    let asked = site
        .post(&cookie, "/cleaning/undo", &[("batch", "1")])
        .await;
    let undone = site.get(&cookie, asked.location()).await.body;
    assert!(undone.contains("put back"), "{undone}");
    assert_eq!(site.members(), before, "they are as they were");
    let batch = site.get(&cookie, "/cleaning/batch/1").await.body;
    assert!(
        batch.contains("undone") && batch.contains("nothing to undo"),
        "{batch}"
    );
    let again = site
        .post(&cookie, "/cleaning/undo", &[("batch", "1")])
        .await;
    let again = site.get(&cookie, again.location()).await.body;
    assert!(again.contains("E0904"), "{again}");
}

#[tokio::test]
async fn nothing_is_carried_out_by_who_did_not_see_the_sample_or_saw_another() {
    let site = Site::shop(60, POLICY).await;
    let cookie = marketer(&site).await;
    let place = work_out(&site, &cookie).await;
    let plan = place.rsplit('/').next().unwrap();
    let form = [("plan", plan), ("looked", "no")];
    let asked = site.post(&cookie, "/cleaning/apply", &form).await;
    assert_eq!(asked.location(), format!("{place}/review"));
    let page = site.get(&cookie, asked.location()).await.body;
    assert!(page.contains("Look at the sample first"), "{page}");
    // One is ticked and left alone: what was looked at is stale, and the new plan is without it.
    let sample = site.get(&cookie, &format!("{place}/review")).await;
    let (stale, looked) = (sample.hidden("plan"), sample.hidden("looked"));
    let ticked = linked(&sample.body).remove(0);
    let form = [("policy", "sunset"), ("contact", ticked.as_str())];
    let kept = site.post(&cookie, "/cleaning/keep", &form).await;
    let anew = kept.location().to_owned();
    assert!(
        anew.starts_with("/cleaning/plan/") && anew != place,
        "{anew}"
    );
    let all = site.get(&cookie, &format!("{anew}/all")).await.body;
    assert!(!linked(&all).contains(&ticked), "{all}");
    let form = [("plan", stale.as_str()), ("looked", looked.as_str())];
    let refused = site.post(&cookie, "/cleaning/apply", &form).await;
    let refused = site.get(&cookie, refused.location()).await.body;
    assert!(
        refused.contains("E0901") && refused.contains("Nobody was taken off"),
        "{refused}"
    );
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn a_viewer_sees_everything_but_the_buttons_and_masked_addresses() {
    let site = Site::shop(60, POLICY).await;
    let cookie = marketer(&site).await;
    let place = work_out(&site, &cookie).await;
    let viewer = site.cookie(Role::Viewer).await;
    for page in [
        &place,
        &format!("{place}/review"),
        &format!("{place}/all"),
        "/cleaning",
    ] {
        let seen = site.get(&viewer, page).await;
        assert_eq!(seen.status, StatusCode::OK, "{page}");
        assert!(
            !seen.body.contains("action=\"/cleaning"),
            "{page}: {}",
            seen.body
        );
        let addresses = site.members().into_keys();
        let shown: Vec<_> = addresses
            .filter(|address| seen.body.contains(address))
            .collect();
        assert!(shown.is_empty(), "{page}: {shown:?}");
    }
    let sample = site.get(&viewer, &format!("{place}/review")).await.body;
    assert!(
        sample.contains("…@") && !linked(&sample).is_empty(),
        "{sample}"
    );
    let refused = site
        .post(&viewer, "/cleaning/undo", &[("batch", "1")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn where_two_people_are_asked_for_the_second_is_somebody_else_who_typed_the_password() {
    let policy = format!("{POLICY}\napprove = \"two people\"");
    let site = Site::shop(60, &policy).await;
    let first = marketer(&site).await;
    let place = work_out(&site, &first).await;
    let sample = site.get(&first, &format!("{place}/review")).await.body;
    assert!(sample.contains("Two people have to say so"), "{sample}");
    let receipt = carry_out(&site, &first, &place).await;
    assert!(receipt.contains("wait for a second person"), "{receipt}");
    assert!(site.writes().is_empty());

    // It is shown where people look, and the first of them has no button.
    let form = [("batch", "1")];
    for page in ["/", "/cleaning", "/cleaning/batch/1"] {
        let page = site.get(&first, page).await.body;
        assert!(page.contains("waits for a second person"), "{page}");
        assert!(!page.contains("action=\"/cleaning/confirm\""), "{page}");
    }
    let mine = site.post(&first, "/cleaning/confirm", &form).await;
    let refused = site.get(&first, mine.location()).await.body;
    assert!(refused.contains("E0907"), "{refused}");
    assert!(
        refused.contains("Somebody else than who approved it"),
        "{refused}"
    );
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/cleaning/batch/1").await.body;
    assert!(!page.contains("action=\"/cleaning"), "{page}");
    let refused = site.post(&viewer, "/cleaning/confirm", &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let second = site.cookie(Role::Marketer).await;
    let page = site.get(&second, "/cleaning/batch/1").await.body;
    assert!(page.contains("action=\"/cleaning/confirm\""), "{page}");
    let asked = site.post(&second, "/cleaning/confirm", &form).await;
    assert!(asked.location().starts_with("/confirm"), "{}", asked.status);
    assert!(site.writes().is_empty());

    let second = site.step_up(&second).await;
    let asked = site.post(&second, "/cleaning/confirm", &form).await;
    let done = site.get(&second, asked.location()).await.body;
    assert!(done.contains("It can be undone until"), "{done}");
    assert!(unsubscribed(&site) > 2, "{done}");
    let batch = site.get(&first, "/cleaning/batch/1").await.body;
    assert!(batch.contains("Confirmed by marketer"), "{batch}");
    assert!(!batch.contains("waits for a second person"), "{batch}");
}

#[tokio::test]
async fn what_waits_for_a_second_person_is_withdrawn_by_one_and_says_so_in_dutch() {
    let policy = format!("{POLICY}\napprove = \"two people\"");
    let site = Site::shop(60, &policy).await;
    let first = marketer(&site).await;
    let place = work_out(&site, &first).await;
    carry_out(&site, &first, &place).await;
    let dutch = format!("{first}; engaged_language=nl");
    for page in ["/", "/cleaning", "/cleaning/batch/1"] {
        let page = site.get(&dutch, page).await.body;
        assert!(page.contains("wacht op een tweede persoon"), "{page}");
    }
    let page = site.get(&dutch, "/cleaning/batch/1").await.body;
    assert!(page.contains("Intrekken voor"), "{page}");
    let form = [("batch", "1")];
    let asked = site.post(&first, "/cleaning/undo", &form).await;
    site.get(&first, asked.location()).await;
    let page = site.get(&dutch, "/cleaning/batch/1").await.body;
    assert!(!page.contains("wacht op een tweede persoon"), "{page}");
    let second = marketer(&site).await;
    let late = site.post(&second, "/cleaning/confirm", &form).await;
    let late = site.get(&second, late.location()).await.body;
    assert!(late.contains("E0908"), "{late}");
    assert!(site.writes().is_empty());
}

#[tokio::test]
async fn too_many_candidates_are_put_before_a_person_and_named_with_their_cause() {
    let policy = POLICY.replace("breaker = 1.0", "breaker = 0.01");
    let site = Site::shop(60, &policy).await;
    let cookie = marketer(&site).await;
    let place = work_out(&site, &cookie).await;
    let held = site.get(&cookie, &place).await;
    assert!(
        held.body.contains("The policy never ran before"),
        "{}",
        held.body
    );
    let (plan, looked) = (held.hidden("plan"), held.hidden("looked"));
    let form = [("plan", plan.as_str()), ("looked", looked.as_str())];
    let asked = site.post(&cookie, "/cleaning/apply", &form).await;
    let held = site.get(&cookie, asked.location()).await.body;
    assert!(held.contains("/push#held"), "{held}");
    assert!(site.writes().is_empty());
    let guards = site.get(&cookie, "/push").await;
    assert!(guards.body.contains("Too many to clean"), "{}", guards.body);
    let fields = ["guard", "connection", "shown"].map(|name| (name, guards.hidden(name)));
    let form: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let word = site.post(&cookie, "/push/approve", &form).await;
    assert_eq!(word.status, StatusCode::SEE_OTHER);
    let place = work_out(&site, &cookie).await;
    carry_out(&site, &cookie, &place).await;
    assert!(unsubscribed(&site) > 0);
}

#[tokio::test]
async fn without_a_policy_and_in_dutch_the_page_says_how_to_begin() {
    let config = RULES.replace("timezone", "language = \"nl\"\ntimezone");
    let site = Site::new(&config, "").await;
    let viewer = site.cookie(Role::Viewer).await;
    let page = site.get(&viewer, "/cleaning").await.body;
    assert!(page.contains("Er is nog geen opschoonbeleid"), "{page}");
    for gone in [
        "/cleaning/plan/none",
        "/cleaning/plan/none/review",
        "/cleaning/plan/none/all",
        "/cleaning/batch/9",
        "/cleaning/batch/x",
    ] {
        let page = site.get(&viewer, gone).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{gone}");
    }
}
