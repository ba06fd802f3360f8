use std::sync::Arc;

use futures_util::future::join_all;

use super::*;
use crate::{
    daemon,
    ingest::{CONNECTIONS_MAX, UNDER_WAY_MAX},
    store::IMPORTED,
};

const EVENTS: &str = "/api/v1/events";

fn click(who: &str, at: &str) -> Value {
    json!({ "email": who, "kind": "click", "at": at, "campaign": "n23", "link": "https://shop.example/a" })
}

impl Api {
    async fn lines(&self, path: &str, lines: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/x-ndjson"),
        ];
        self.site.ask(Method::POST, path, &headers, lines).await
    }

    fn count_events(&self) -> i64 {
        let sizes = self.site.web.store().read(crate::store::Conn::sizes);
        sizes.unwrap().1
    }
}

#[tokio::test]
async fn a_batch_that_is_sent_again_changes_nothing() {
    let api = Api::new(RULES, "").await;
    let twin = click("jan@example.nl", "2026-06-14T10:00:00Z");
    let batch = json!({ "connection": "shop", "rows": [
        { "email": "jan@example.nl", "status": "subscribed", "fields": { "country": "NL" } },
        twin, twin,
        { "email": "jan@example.nl", "kind": "purchase", "at": "2026-06-14T11:00:00Z", "id": "o-1", "value": 260.10, "quantity": 2 },
        { "gap": { "from": "2026-04-10", "to": "2026-04-24" } },
    ] });
    let first = api.done(EVENTS, EVENTS, &batch).await;
    let expected = json!({ "connection": "shop", "contacts": 1, "contacts_changed": 1, "events": 3, "duplicates": 0, "superseded": 0, "withheld": 0,
        "gaps": 1, "rejected": [], "unknown_keys": [] });
    assert_eq!(first, expected);
    let again = api.done(EVENTS, EVENTS, &batch).await;
    assert_eq!(
        (
            &again["events"],
            &again["duplicates"],
            &again["contacts_changed"]
        ),
        (&json!(0), &json!(3), &json!(0))
    );
    assert_eq!(api.count_events(), 3);
    // The same rows a line each are the same batch.
    let rows = batch["rows"].as_array().unwrap().iter();
    let lines: Vec<String> = rows.map(Value::to_string).collect();
    let answer = api
        .lines("/api/v1/events?connection=shop", &lines.join("\n\n"))
        .await;
    let again = described(&Method::POST, EVENTS, &answer);
    assert_eq!(
        (&again["events"], &again["duplicates"]),
        (&json!(0), &json!(3)),
        "{again}"
    );
    // Under another name they are others'.
    let other = api.lines(EVENTS, &lines.join("\n")).await.json();
    assert_eq!(
        (&other["connection"], &other["events"]),
        (&json!("api"), &json!(3))
    );
}

#[tokio::test]
async fn good_rows_are_kept_and_bad_ones_named() {
    let api = Api::new(RULES, "").await;
    let answer = api.done(EVENTS, EVENTS, &json!({ "rows": [
        click("jan@example.nl", "2026-06-14T10:00:00Z"),
        { "email": "jan@example.nl", "kind": "opn", "at": "2026-06-14T10:00:00Z" },
        null,
        { "email": "piet@example.nl", "kind": "open", "at": "2026-06-14T10:00:00Z", "campain": "n23" },
        { "email": "secret@example.nl", "kind": "open", "at": "secret@example.nl" },
    ] })).await;
    assert_eq!(answer["events"], 2);
    assert_eq!(answer["rejected"], json!([
        { "index": 1, "reason": "unknown kind 'opn'; did you mean open?" },
        { "index": 2, "reason": "not a JSON object" },
        { "index": 4, "reason": "at 's…@e….nl' is not a time with its offset, like 2026-06-08T10:00:00Z" },
    ]).as_array().map(|rows| {
        let mut rows = rows.clone();
        // How an address is shortened is not at issue here; that it is, is.
        rows[2]["reason"] = answer["rejected"][2]["reason"].clone();
        Value::from(rows)
    }).unwrap());
    assert!(
        !answer["rejected"][2]["reason"]
            .as_str()
            .unwrap()
            .contains("secret@"),
        "{answer}"
    );
    assert_eq!(
        answer["unknown_keys"],
        json!([{ "index": 3, "key": "campain", "did_you_mean": "campaign" }])
    );
    let none = api.post(EVENTS, &json!({ "rows": [{}, 7] })).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = described(&Method::POST, EVENTS, &none);
    assert_eq!(
        (
            &problem["code"],
            problem["rejected"].as_array().unwrap().len()
        ),
        (&json!("E1117"), 2)
    );
    let empty = api.done(EVENTS, EVENTS, &json!({ "rows": [] })).await;
    assert_eq!(empty["events"], 0);
    assert_eq!(api.count_events(), 2);
}

#[tokio::test]
async fn what_is_too_much_or_somebody_elses_is_refused_whole() {
    let config = RULES.replace("[scores.engagement]", "[connections.news]\nplatform = \"mailchimp\"\nkey = { env = \"KEY\" }\n[scores.engagement]");
    let api = Api::new(&config, "").await;
    let row = click("jan@example.nl", "2026-06-14T10:00:00Z");
    let problem = |answer: &Answer, status: u16| {
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        described(&Method::POST, EVENTS, answer)
    };
    // A connection that was never synced yet is its platform's all the same.
    let synced = api
        .post(EVENTS, &json!({ "connection": "news", "rows": [row] }))
        .await;
    assert_eq!(
        problem(&synced, 422)["detail"],
        "connection 'news' is synced from mailchimp"
    );
    for name in ["", "a b", "ä", "-x", &"x".repeat(41), "webhook x"] {
        let answer = api
            .post(EVENTS, &json!({ "connection": name, "rows": [row] }))
            .await;
        assert_eq!(problem(&answer, 422)["code"], "E1116", "{name}");
    }
    let twice = api
        .post(
            "/api/v1/events?connection=a",
            &json!({ "connection": "b", "rows": [row] }),
        )
        .await;
    problem(&twice, 422);
    let many = vec![row.clone(); 10_001];
    problem(&api.post(EVENTS, &json!({ "rows": many })).await, 413);
    let many: Vec<String> = many.iter().map(|_| "{}".to_owned()).collect();
    problem(&api.lines(EVENTS, &many.join("\n")).await, 413);
    let large = json!({ "rows": [{ "email": "a".repeat(5 << 20) }] });
    problem(&api.post(EVENTS, &large).await, 413);
    problem(
        &api.site
            .call(&api.token, Method::POST, EVENTS, "{\"rows\":[")
            .await,
        400,
    );
    problem(&api.lines(EVENTS, "").await, 200);
    let kind = [
        ("authorization", format!("Bearer {}", api.token)),
        ("content-type", "text/csv".to_owned()),
    ];
    let kind = kind.each_ref().map(|(name, value)| (*name, value.as_str()));
    problem(&api.site.ask(Method::POST, EVENTS, &kind, "a,b").await, 415);
    assert_eq!(api.count_events(), 0);
    // A name that is there is taken; a new one too many is not.
    let store = api.site.web.store();
    let fill = store.write(|tx| {
        for number in 0..CONNECTIONS_MAX {
            tx.connection(&format!("c{number}"), IMPORTED, 1)?;
        }
        Ok(())
    });
    fill.unwrap();
    problem(
        &api.post(EVENTS, &json!({ "connection": "one-more", "rows": [row] }))
            .await,
        422,
    );
    problem(
        &api.post(EVENTS, &json!({ "connection": "c1", "rows": [row] }))
            .await,
        200,
    );
}

#[tokio::test]
async fn what_was_brought_is_scored_at_the_next_heartbeat() {
    let api = Api::new(RULES, PEOPLE).await;
    let jobs = api.site.web.jobs();
    daemon::tick(&jobs).await.unwrap();
    let rows = json!({ "rows": [{ "email": "zo@elsewhere.example", "kind": "purchase", "at": "2026-06-14T10:00:00Z" }] });
    api.done(EVENTS, EVENTS, &rows).await;
    let lookup = "/api/v1/contacts/lookup";
    let who = json!({ "email": "zo@elsewhere.example" });
    assert_eq!(
        api.done(lookup, lookup, &who).await["scores"][0]["points"],
        0
    );
    let runs = || {
        jobs.store
            .read(|conn| conn.last_runs("score", None, 100))
            .unwrap()
            .len()
    };
    let before = runs();
    daemon::tick(&jobs).await.unwrap();
    assert_eq!(
        api.done(lookup, lookup, &who).await["scores"][0]["points"],
        20
    );
    assert_eq!(runs(), before + 1);
    // Without news nothing is scored.
    daemon::tick(&jobs).await.unwrap();
    assert_eq!(runs(), before + 1);
}

/// Batch `number` of the flood: rows with an id that comes twice in it, and rows told apart by their content.
fn flood(number: u32) -> Value {
    let rows = (0..500).map(|row: u32| {
        // Each id comes twice.
        let event = if row.is_multiple_of(2) { row / 4 } else { row };
        let who = format!("p{}@example.nl", (number * 500 + event) % 700);
        let at = format!("2026-06-{:02}T{:02}:{:02}:00Z", 1 + number % 14, event % 24, event % 60);
        if row.is_multiple_of(2) {
            json!({ "email": who, "kind": "open", "at": at, "campaign": "n1", "id": format!("e{number}-{event}") })
        } else {
            json!({ "email": who, "kind": "page_visit", "at": at, "url": format!("https://shop.example/{number}/{row}") })
        }
    });
    json!({ "connection": "site", "rows": rows.collect::<Vec<_>>() })
}

#[tokio::test]
async fn in_a_flood_each_event_counts_once_and_who_is_too_many_is_told_to_come_back() {
    let api = Arc::new(Api::new(RULES, "").await);
    // One place only.
    let mut taken: Vec<_> = (1..UNDER_WAY_MAX)
        .map(|_| api.site.web.intake.place().unwrap())
        .collect();
    let batches: Vec<String> = (0..20).map(|number| flood(number).to_string()).collect();
    let mut busy = 0;
    let mut waiting: Vec<usize> = (0..20).chain([3, 3, 7]).collect();
    while !waiting.is_empty() {
        let now: Vec<usize> = waiting.drain(..waiting.len().min(4)).collect();
        let answers = now.iter().map(|number| {
            let (api, batch) = (Arc::clone(&api), batches[*number].clone());
            tokio::spawn(async move {
                api.site
                    .call(&api.token, Method::POST, EVENTS, &batch)
                    .await
            })
        });
        for (number, answer) in now.iter().zip(join_all(answers).await) {
            let answer = answer.unwrap();
            described(&Method::POST, EVENTS, &answer);
            match answer.status {
                StatusCode::OK => {}
                StatusCode::TOO_MANY_REQUESTS => {
                    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
                    busy += 1;
                    waiting.push(*number);
                }
                status => panic!("{status}: {}", answer.body),
            }
        }
    }
    assert!(busy > 0, "four at once found room for one");
    // 125 ids and 250 visits in each batch, however often it came.
    assert_eq!(api.count_events(), 20 * (125 + 250));
    assert!(api.site.web.intake.place().is_some());
    taken.clear();
}
