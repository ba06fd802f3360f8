use chrono::TimeDelta;
use engaged_connectors::{Cursor, Page, Stream, model::Contact};

use super::*;
use crate::{
    automation::EntryState,
    score::calendar::Zone,
    store::{Entries, IMPORTED},
};

/// A connection that shows tags, on a port on which nobody answers, and an automation there.
const TAGGING: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[web]
listen = "127.0.0.1:0"
[connections.news]
platform = "mailchimp"
key = { env = "KEY" }
base_url = "http://127.0.0.1:9"
mode = "live"
push.tags = { prefix = "engaged:", segments = ["hot"] }
[scores.engagement]
rules = [ { when = "click", points = 10 }, { when = "purchase", points = 20 } ]
[segments]
hot = "engagement > 5"
[[automations]]
name = "Welcome back"
when = "engagement > 5"
settle = "0 minutes"
start = { connection = "news", tag = "start:back" }
"#;

/// So many contacts on the platform, who all clicked.
async fn listed(api: &Api, people: u32) {
    let jobs = api.site.web.jobs();
    let zone = Zone::new(jobs.config.zone);
    let now = jobs.clock.now();
    let contacts = (0..people).map(|number| Contact {
        id: format!("m{number}"),
        email: engaged_connectors::model::Address::parse(&format!("m{number}@example.nl")),
        status: Some(engaged_connectors::model::Status::Subscribed),
        subscribed_at: Some(now - TimeDelta::days(400)),
        lists: Vec::new(),
        fields: [].into(),
        tags: None,
    });
    let page = Page {
        contacts: contacts.collect(),
        ..Page::empty(Cursor::encode(&1).unwrap(), true)
    };
    let commit = jobs.store.write(move |tx| {
        let id = tx.connection("news", "mailchimp", 1)?.id;
        tx.commit_page(id, Stream("members"), &page, &zone, now.timestamp_millis())
    });
    commit.unwrap();
    jobs.score(false).await.unwrap();
}

/// A click of each of them, brought as events.
async fn clicks(api: &Api, numbers: std::ops::Range<u32>) {
    let rows: Vec<Value> = numbers
        .map(|number| json!({ "email": format!("m{number}@example.nl"), "kind": "click", "at": "2026-06-14T10:00:00Z", "verdict": "human" }))
        .collect();
    api.done("/api/v1/events", "/api/v1/events", &json!({ "rows": rows }))
        .await;
    api.site.web.jobs().score(false).await.unwrap();
}

#[tokio::test]
async fn a_plan_is_made_shown_held_approved_and_carried_out_as_it_was_shown() {
    let api = Api::new(TAGGING, "").await;
    listed(&api, 3).await;
    clicks(&api, 0..3).await;
    let made = api.done("/api/v1/plans", "/api/v1/plans", &json!({})).await;
    let fingerprint = made["fingerprint"].as_str().unwrap();
    assert_eq!(made["who"], "token test");
    assert_eq!(
        made["plan"]["connections"][0]["baseline"],
        json!(["tag:engaged:hot"])
    );
    assert_eq!(made["plan"]["writes"], 3);
    let one = format!("/api/v1/plans/{fingerprint}");
    assert_eq!(api.read("/api/v1/plans/{fingerprint}", &one).await, made);
    let list = api.read("/api/v1/plans", "/api/v1/plans").await;
    assert_eq!(list["items"][0]["fingerprint"], fingerprint);
    // The first push waits for a person's word.
    let template = "/api/v1/plans/{fingerprint}/apply";
    let apply = format!("/api/v1/plans/{fingerprint}/apply");
    let applied = api.done(template, &apply, &json!({})).await;
    assert_eq!(applied["applied"], 0);
    assert!(
        applied["push"][0]["held"][0]
            .as_str()
            .unwrap()
            .starts_with("baseline")
    );
    let guards = api.read("/api/v1/guards", "/api/v1/guards").await;
    assert_eq!(
        (
            &guards["items"][0]["name"],
            &guards["items"][0]["connection"]
        ),
        (&json!("baseline"), &json!("news"))
    );
    let template_approve = "/api/v1/guards/{name}/approve";
    let path = "/api/v1/guards/baseline/approve";
    let wrong = api.post(path, &json!({ "connection": "newz" })).await;
    assert_eq!(wrong.json()["help"], "did you mean 'news'?");
    let approved = api
        .done(template_approve, path, &json!({ "connection": "news" }))
        .await;
    assert_eq!(approved["approved"].as_array().unwrap().len(), 1);
    let twice = api.site.call(&api.token, Method::POST, path, "").await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert_eq!(
        described(&Method::POST, template_approve, &twice)["code"],
        "E0802"
    );
    let none = api
        .post("/api/v1/guards/nonsense/approve", &json!({}))
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    // The approval changed what the plan holds, and so does news: what was shown is not carried out as something else.
    clicks(&api, 3..4).await;
    listed(&api, 4).await;
    let stale = api.post(&apply, &json!({})).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.body);
    assert_eq!(described(&Method::POST, template, &stale)["code"], "E0801");
    let made = api.done("/api/v1/plans", "/api/v1/plans", &json!({})).await;
    assert_eq!(made["plan"]["writes"], 4);
    let apply = format!(
        "/api/v1/plans/{}/apply",
        made["fingerprint"].as_str().unwrap()
    );
    let applied = api.done(template, &apply, &json!({})).await;
    assert_eq!(applied["push"][0]["held"], json!([]), "{applied:#}");
    // Nobody answers on that port.
    assert_eq!(applied["push"][0]["planned"], 4);
    assert_eq!(applied["applied"], 0);
    tasks_tell_what_was_asked(&api, fingerprint).await;
}

/// Of each task by whom and what came of it; and of none that was never asked for.
async fn tasks_tell_what_was_asked(api: &Api, fingerprint: &str) {
    let task = api.read("/api/v1/tasks/{id}", "/api/v1/tasks/1").await;
    assert_eq!(
        (&task["verb"], &task["state"], &task["who"]),
        (&json!("plan"), &json!("done"), &json!("token test"))
    );
    assert_eq!(task["result"]["plans"], json!([fingerprint]));
    let failed = api.read("/api/v1/tasks/{id}", "/api/v1/tasks/3").await;
    assert_eq!(
        (&failed["state"], &failed["problem"]["code"]),
        (&json!("failed"), &json!("E0801"))
    );
    for path in ["/api/v1/tasks/77", "/api/v1/tasks/-1", "/api/v1/plans/0f"] {
        assert_eq!(api.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let unknown = api.post("/api/v1/plans/0f/apply", &json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_plan_that_takes_longer_is_answered_with_its_task() {
    let api = Api::new(RULES, PEOPLE).await;
    let made = api.done("/api/v1/plans", "/api/v1/plans", &json!({})).await;
    let fingerprint = made["fingerprint"].as_str().unwrap().to_owned();
    // Somebody else works meanwhile.
    let turn = api.site.web.desk.turn().await;
    tokio::time::pause();
    let template = "/api/v1/plans/{fingerprint}/apply";
    let answer = api
        .post(&format!("/api/v1/plans/{fingerprint}/apply"), &json!({}))
        .await;
    tokio::time::resume();
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    let task = described(&Method::POST, template, &answer);
    assert_eq!(
        (&task["state"], &task["ended_at"]),
        (&json!("waiting"), &Value::Null)
    );
    let place = answer.location().to_owned();
    drop(turn);
    let id = crate::desk::task::TaskId(task["id"].as_u64().unwrap());
    api.site
        .web
        .desk
        .wait(id, std::time::Duration::from_mins(1))
        .await
        .unwrap();
    let task = api.read("/api/v1/tasks/{id}", &place).await;
    assert_eq!(task["state"], "done");
}

#[tokio::test]
async fn what_is_in_doubt_is_listed_and_settled_by_a_word() {
    let api = Api::new(TAGGING, "").await;
    listed(&api, 3).await;
    api.site.clock.pass(TimeDelta::days(1));
    api.site.web.jobs().score(true).await.unwrap();
    clicks(&api, 0..3).await;
    let store = api.site.web.store();
    let entries = store.read(|conn| conn.entries(&Entries::ALL)).unwrap();
    assert_eq!(entries.len(), 3);
    let all = api.read("/api/v1/automations", "/api/v1/automations").await;
    assert_eq!(all["items"][0]["start"], "news: tag start:back");
    assert_eq!(all["items"][0]["inside"], 3);
    let numbers: Vec<i64> = entries.iter().map(|entry| entry.entry).collect();
    let doubted = numbers.clone();
    let doubt = store.write(move |tx| {
        let known = tx.connections()?;
        assert!(known.iter().any(|each| each.platform == IMPORTED));
        for entry in doubted {
            tx.set_entry(entry, EntryState::InDoubt, None, 5)?;
        }
        Ok(())
    });
    doubt.unwrap();
    let template = "/api/v1/automations/in-doubt";
    let first = api
        .read(template, "/api/v1/automations/in-doubt?limit=2")
        .await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let rest = format!(
        "{template}?limit=2&cursor={}",
        first["next"].as_str().unwrap()
    );
    let rest = api.read(template, &rest).await;
    assert_eq!(
        (&rest["items"][0]["entry"], &rest["next"]),
        (&json!(numbers[2]), &Value::Null)
    );
    assert!(rest["items"][0]["email"].as_str().unwrap().starts_with('m'));
    let template = "/api/v1/automations/entries/{id}/resolve";
    for (entry, word, becomes) in [
        (numbers[0], "started", "started"),
        (numbers[1], "again", "ready"),
        (numbers[2], "drop", "withdrawn"),
    ] {
        let path = format!("/api/v1/automations/entries/{entry}/resolve");
        let resolved = api.done(template, &path, &json!({ "word": word })).await;
        assert_eq!(resolved, json!({ "entry": entry, "state": becomes }));
        let twice = api.post(&path, &json!({ "word": word })).await;
        assert_eq!(twice.status, StatusCode::CONFLICT);
        assert_eq!(described(&Method::POST, template, &twice)["code"], "E0803");
        let odd = api.post(&path, &json!({ "word": "maybe" })).await;
        assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", odd.body);
    }
    let none = api
        .post(
            "/api/v1/automations/entries/77/resolve",
            &json!({ "word": "drop" }),
        )
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
