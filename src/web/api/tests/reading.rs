use super::*;

const CONTACTS: &str = "/api/v1/contacts";
const CONTACT: &str = "/api/v1/contacts/{id}";

/// The addresses on a page, in their order.
fn emails(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["email"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn contacts_are_listed_by_what_is_asked_for() {
    let api = Api::new(RULES, PEOPLE).await;
    for (query, expected) in [
        (
            "",
            &["jan@example.nl", "piet@example.nl", "zo@elsewhere.example"][..],
        ),
        ("q=JAN", &["jan@example.nl"]),
        ("q=nobody", &[]),
        ("segment=hot", &["piet@example.nl"]),
        ("segment=cold", &[]),
        ("band=engagement:engaged", &["jan@example.nl"]),
        ("band=engagement%3Aaway", &["zo@elsewhere.example"]),
        ("band=engagement:", &[]),
        (
            "unjudged=not_mailed",
            &["piet@example.nl", "zo@elsewhere.example"],
        ),
        ("where=any%20purchase%20in%201%20year", &["piet@example.nl"]),
        (
            "where=engagement%20%3C%2020&unjudged=not_mailed",
            &["zo@elsewhere.example"],
        ),
        ("q=z&unjudged=not_mailed", &["zo@elsewhere.example"]),
        ("q=z&band=engagement:engaged", &[]),
        ("q=z&band=engagement:", &[]),
    ] {
        let page = api.read(CONTACTS, &format!("{CONTACTS}?{query}")).await;
        assert_eq!(emails(&page), expected, "{query}");
        assert_eq!(page["next"], Value::Null, "{query}");
    }
    let page = api.read(CONTACTS, "/api/v1/contacts?q=piet").await;
    let piet = &page["items"][0];
    assert_eq!(
        piet["scores"],
        json!([{ "name": "engagement", "points": 60, "raw": 60, "band": "ambassador" }])
    );
    assert_eq!(piet["segments"], json!(["hot"]));
    assert_eq!(piet["unjudged"], "not_mailed");
    assert_eq!(piet["scored"], true);
}

#[tokio::test]
async fn pages_follow_one_another_and_each_contact_comes_once() {
    let mut lines = String::new();
    for number in 0..7 {
        lines += &format!(
            "{{\"email\":\"c{number}@example.nl\",\"subscribed_at\":\"2024-01-10T10:00:00Z\"}}\n"
        );
    }
    let api = Api::new(RULES, &lines).await;
    let all: Vec<String> = (0..7)
        .map(|number| format!("c{number}@example.nl"))
        .collect();
    for query in [
        "",
        "q=c&",
        "unjudged=not_mailed&",
        "band=engagement:away&",
        "where=engagement%20%3D%200&",
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..8 {
            let path = format!("{CONTACTS}?{query}limit=3{cursor}");
            let page = api.read(CONTACTS, &path).await;
            assert!(page["items"].as_array().unwrap().len() <= 3);
            seen.extend(emails(&page).into_iter().map(str::to_owned));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.sort();
        assert_eq!(seen, all, "{query}");
    }
}

#[tokio::test]
async fn a_contact_is_found_shown_explained_and_remembered() {
    let api = Api::new(RULES, PEOPLE).await;
    let lookup = "/api/v1/contacts/lookup";
    let jan = api
        .done(lookup, lookup, &json!({ "email": "Jan@Example.nl" }))
        .await;
    let id = jan["id"].as_i64().unwrap();
    assert_eq!(jan["email"], "jan@example.nl");
    assert_eq!(jan["connections"], json!([]));
    assert_eq!(
        jan,
        api.read(CONTACT, &format!("/api/v1/contacts/{id}")).await
    );
    let template = "/api/v1/contacts/{id}/explanation";
    let explained = api
        .read(template, &format!("/api/v1/contacts/{id}/explanation"))
        .await;
    let score = &explained["scores"][0];
    let lines = score["rules"].as_array().unwrap().iter();
    let sum: f64 = lines.map(|line| line["points"].as_f64().unwrap()).sum();
    assert!(
        (sum - score["raw"].as_f64().unwrap()).abs() < 1e-9,
        "{score:#}"
    );
    assert_eq!(score["shown"], jan["scores"][0]["points"]);
    assert_eq!(score["rules"][1]["events"][0]["id"], "c-1");
    let past = format!("/api/v1/contacts/{id}/explanation?as_of=2026-06-07&known_at=2026-06-15");
    let past = api.read(template, &past).await;
    assert_eq!(
        (&past["as_of"], &past["scores"][0]["shown"]),
        (&json!("2026-06-07"), &json!(0))
    );
    let template = "/api/v1/contacts/{id}/history";
    let history = api
        .read(template, &format!("/api/v1/contacts/{id}/history"))
        .await;
    assert_eq!(history["items"][0]["points"], jan["scores"][0]["points"]);
    for path in [
        "/api/v1/contacts/77",
        "/api/v1/contacts/x",
        "/api/v1/contacts/99999999999999999999",
        "/api/v1/contacts/77/explanation",
        "/api/v1/contacts/77/history",
        // Nothing was known of him then.
        &format!("/api/v1/contacts/{id}/explanation?known_at=2020-01-01"),
    ] {
        let answer = api.get(path).await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_FOUND,
            "{path}: {}",
            answer.body
        );
    }
    let nobody = api
        .post(lookup, &json!({ "email": "nobody@example.nl" }))
        .await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_is_not_judged_is_a_group_of_its_own() {
    let api = Api::new(RULES, PEOPLE).await;
    let scores = api.read("/api/v1/scores", "/api/v1/scores").await;
    assert_eq!(
        scores["items"][0]["bands"],
        json!([
            { "name": "ambassador", "contacts": 1 }, { "name": "engaged", "contacts": 1 }, { "name": "away", "contacts": 1 },
            { "name": null, "contacts": 0 },
        ])
    );
    assert_eq!(
        scores["items"][0]["spread"],
        json!([
            { "points": 0, "band": "away", "contacts": 1 }, { "points": 10, "band": "engaged", "contacts": 1 },
            { "points": 60, "band": "ambassador", "contacts": 1 },
        ])
    );
    let segments = api.read("/api/v1/segments", "/api/v1/segments").await;
    assert_eq!(
        segments["items"],
        json!([{ "name": "hot", "contacts": 1 }, { "name": "cold", "contacts": 0 }])
    );
    let stages = api.read("/api/v1/stages", "/api/v1/stages").await;
    for each in [scores, segments, stages] {
        let unjudged = each["unjudged"].as_array().unwrap().iter();
        let unjudged: i64 = unjudged
            .map(|group| group["contacts"].as_i64().unwrap())
            .sum();
        assert!(unjudged > 0, "{each:#}");
        assert_eq!(each["judged"].as_i64().unwrap() + unjudged, 3, "{each:#}");
    }
}

#[tokio::test]
async fn the_daemon_tells_its_state_and_its_runs() {
    let api = Api::new(RULES, PEOPLE).await;
    let status = api.read("/api/v1/status", "/api/v1/status").await;
    assert_eq!(
        (&status["contacts"], &status["schema"]),
        (&json!(3), &json!(1))
    );
    api.site.web.jobs().score(true).await.unwrap();
    let path = "/api/v1/runs";
    let first = api.read(path, "/api/v1/runs?job=score&limit=1").await;
    assert_eq!(
        (&first["items"][0]["job"], &first["items"][0]["outcome"]),
        (&json!("score"), &json!("ok"))
    );
    let next = first["next"].as_str().unwrap();
    let second = api
        .read(
            path,
            &format!("/api/v1/runs?job=score&limit=1&cursor={next}"),
        )
        .await;
    assert!(second["items"][0]["id"].as_i64() < first["items"][0]["id"].as_i64());
    assert_eq!(second["next"], Value::Null);
    let none = api.read(path, "/api/v1/runs?connection=import").await;
    assert_eq!(none["items"], json!([]));
    assert_eq!(
        api.read("/api/v1/guards", "/api/v1/guards").await["items"],
        json!([])
    );
}
