//! The logfiles of each day.

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Connector as _, ConnectorError, Page,
    copernica::{LOGS, Product, Settings},
    model::Event,
};
use serde_json::{Value, json};

use crate::fake::{Fake, read, settings};

fn row(id: &str, day: u32, more: &Value) -> Value {
    let mut row = json!({"id": id, "time": format!("2026-02-{day:02} 07:13:02"), "email": "marit@example.org", "profile": 18381,
        "subprofile": 0, "template": 579});
    row.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    row
}

/// A file for each of these days, the same but for its date.
fn file(fake: &Fake, kind: &str, days: impl IntoIterator<Item = u32>, rows: impl Fn(u32) -> Value) {
    for day in days {
        let name = format!("{kind}.2026-02-{day:02}.log");
        fake.change(|account| account.files.insert(name, rows(day)));
    }
}

fn told(pages: &[Page]) -> Vec<String> {
    let tell = |event: &Event| format!("{} {}", event.kind.as_str(), event.id.clone().unwrap());
    pages
        .iter()
        .flat_map(|page| &page.events)
        .map(tell)
        .collect()
}

fn only(product: Product) -> Settings {
    Settings {
        products: vec![product],
        ..settings()
    }
}

#[tokio::test(start_paused = true)]
async fn a_logfile_gives_sends_deliveries_bounces_and_complaints_by_message() {
    let fake = Fake::new();
    file(&fake, "cdm-attempts", 5..=9, |day| {
        json!([row(
            &format!("m{day}"),
            day,
            &json!({"profile": null, "profileid": 18381, "mailingid": 2345})
        )])
    });
    file(&fake, "cdm-delivery", 5..=9, |day| {
        json!([row(&format!("m{day}"), day, &json!({}))])
    });
    file(&fake, "cdm-error", [6], |day| {
        json!([
            row("m6", day, &json!({"code": "5.1.1"})),
            row("m6", day, &json!({"code": 550})),
            row("m7", day, &json!({"code": "421"})),
            row("m8", day, &json!({"code": "0"})),
            row("m9", day, &json!({"code": ""})),
        ])
    });
    file(&fake, "cdm-abuse", [6], |day| {
        json!([
            row("m6", day, &json!({"mail": "Feedback-Type: abuse"})),
            row("m7", day, &json!({"mail": "Feedback-Type: not-spam"}))
        ])
    });
    let (pages, _) = read(&fake.with(&only(Product::MarketingSuite)), LOGS, None)
        .await
        .unwrap();
    let told = told(&pages);
    assert_eq!(
        told.iter().filter(|told| told.starts_with("send ")).count(),
        5
    );
    assert_eq!(
        told.iter()
            .filter(|told| told.starts_with("delivery "))
            .count(),
        5
    );
    let rest: Vec<&str> = told
        .iter()
        .map(String::as_str)
        .filter(|told| !told.starts_with("send ") && !told.starts_with("delivery "))
        .collect();
    let expected = [
        "hard_bounce ms:m6:2026-02-06 07:13:02:5.1.1",
        "hard_bounce ms:m6:2026-02-06 07:13:02:550",
        "soft_bounce ms:m7:2026-02-06 07:13:02:421",
        "complaint ms:m6",
    ];
    assert_eq!(rest, expected);
    let send = pages.iter().flat_map(|page| &page.events).next().unwrap();
    assert_eq!(
        (send.campaign.as_deref(), send.contact.id.as_deref()),
        (Some("ms:2345"), Some("18381"))
    );
    assert!(pages.iter().any(|page| {
        page.campaigns
            .iter()
            .any(|campaign| campaign.id == "ms:9" && campaign.name == "Winter")
    }));
}

#[tokio::test(start_paused = true)]
async fn a_day_is_read_twice_and_covered_only_then() {
    let fake = Fake::new();
    let attempts = |day| json!([row(&format!("m{day}"), day, &json!({}))]);
    file(&fake, "cdm-attempts", 5..=9, attempts);
    let connector = fake.with(&only(Product::MarketingSuite));
    let (pages, cursor) = read(&connector, LOGS, None).await.unwrap();
    let covered = &pages.last().unwrap().covered[0];
    let local = |day: u32| {
        format!("2026-02-{day:02}T00:00:00+01:00")
            .parse::<DateTime<Utc>>()
            .unwrap()
    };
    assert_eq!((covered.from, covered.through), (Some(local(5)), local(9)));
    fake.take();
    let (pages, cursor) = read(&connector, LOGS, Some(cursor)).await.unwrap();
    assert_eq!(
        (told(&pages).len(), fake.take().len()),
        (0, 1),
        "nothing new costs one call"
    );
    // The rest of the 9th came late, and the 10th is over for an hour.
    file(&fake, "cdm-attempts", [9], |day| {
        json!([row("m9", day, &json!({})), row("m9b", day, &json!({}))])
    });
    file(&fake, "cdm-attempts", [10], attempts);
    fake.pass(
        "2026-02-11T00:30:00+01:00"
            .parse::<DateTime<Utc>>()
            .unwrap()
            - crate::fake::NOW.parse::<DateTime<Utc>>().unwrap(),
    );
    let (pages, cursor) = read(&connector, LOGS, Some(cursor)).await.unwrap();
    assert_eq!(
        told(&pages).len(),
        0,
        "half an hour after midnight the 10th may not be complete"
    );
    fake.pass(TimeDelta::minutes(31));
    let (pages, _) = read(&connector, LOGS, Some(cursor)).await.unwrap();
    assert_eq!(told(&pages), ["send ms:m9", "send ms:m9b", "send ms:m10"]);
    let covered = &pages.last().unwrap().covered[0];
    assert_eq!((covered.from, covered.through), (Some(local(5)), local(10)));
}

#[tokio::test(start_paused = true)]
async fn what_the_account_has_cleared_away_is_not_covered() {
    let fake = Fake::new();
    let attempts = |day| json!([row(&format!("m{day}"), day, &json!({}))]);
    file(&fake, "cdm-attempts", 1..=9, attempts);
    let connector = fake.with(&only(Product::MarketingSuite));
    let (_, cursor) = read(&connector, LOGS, None).await.unwrap();
    fake.change(|account| account.files.clear());
    file(&fake, "cdm-attempts", 18..=22, attempts);
    fake.pass(TimeDelta::days(13));
    let (pages, _) = read(&connector, LOGS, Some(cursor)).await.unwrap();
    let from = pages.last().unwrap().covered[0].from.unwrap();
    assert_eq!(
        from,
        "2026-02-18T00:00:00+01:00"
            .parse::<DateTime<Utc>>()
            .unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn publisher_has_files_of_its_own_names_and_a_type_that_is_passed_over_gives_no_other() {
    let fake = Fake::new();
    file(&fake, "pom-attempts", 8..=9, |day| {
        json!([row("same", day, &json!({"mailingid": 4}))])
    });
    file(&fake, "pom-clicks", 8..=9, |_| panic_row());
    fake.change(|account| account.ignores_filters = true);
    let (pages, _) = read(&fake.with(&only(Product::Publisher)), LOGS, None)
        .await
        .unwrap();
    assert_eq!(told(&pages), ["send pub:same", "send pub:same"]);
}

fn panic_row() -> Value {
    json!("not a file that we read")
}

#[tokio::test(start_paused = true)]
async fn odd_rows_stand_alone_and_a_file_that_is_none_fails_whole() {
    let fake = Fake::new();
    file(&fake, "cdm-attempts", [9], |day| {
        let nobody = row("m2", day, &json!({"profile": 0, "email": ""}));
        let undated = row("m3", day, &json!({"time": "soon"}));
        json!([
            row("m1", day, &json!({})),
            nobody,
            undated,
            row("", day, &json!({})),
            "no row"
        ])
    });
    file(&fake, "cdm-attempts", [8], |_| json!([]));
    let connector = fake.with(&only(Product::MarketingSuite));
    let (pages, _) = read(&connector, LOGS, None).await.unwrap();
    assert_eq!(told(&pages), ["send ms:m1"]);
    let rejects: Vec<_> = pages.iter().flat_map(|page| &page.rejects).collect();
    assert!(
        rejects.len() == 3 && rejects.iter().all(|reject| reject.at.is_some()),
        "{rejects:?}"
    );
    fake.change(|account| {
        account.files.insert(
            "cdm-attempts.2026-02-09.log".into(),
            json!({"error": "busy"}),
        )
    });
    let error = read(&connector, LOGS, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    assert!(connector.webhook().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_names_does_not_pass_for_a_day_without_mail() {
    for odd in [
        "2026-02-09",
        "cdm-attempts-2026-02-09.log",
        "cdm-attempts.2026-02-09.log/../x",
        "cdm-attempts.today.log",
    ] {
        let fake = Fake::new();
        file(&fake, "cdm-attempts", 8..=9, |_| json!([]));
        fake.hook(move |_, asked| {
            asked
                .get("type")
                .map(|_| Ok((200, json!([odd]).to_string())))
        });
        let read = read(&fake.with(&only(Product::MarketingSuite)), LOGS, None).await;
        assert!(
            matches!(read, Err(ConnectorError::Contract { .. })),
            "{odd}"
        );
    }
}
