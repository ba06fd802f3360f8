//! Opens, clicks and unsubscribes.

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, ConnectorError, Page,
    copernica::{CLICKS, OPENS, UNSUBSCRIBES},
    model::Event,
};
use serde_json::{Value, json};

use crate::fake::{Fake, read};

fn click(id: u64, mailing: u64, profile: Option<u64>, at: &str) -> Value {
    let mut row = json!({"ID": id.to_string(), "mailing": mailing.to_string(), "link": "https://shop.example.org/a",
        "timestamp": at, "ip": "203.0.113.7", "useragent": "Mozilla/5.0", "destination": "7644160"});
    if let Some(profile) = profile {
        row["profile"] = profile.to_string().into();
    }
    row
}

/// Clicks of Marketing Suite, where the account-wide list names no profile.
fn ms(fake: &Fake, name: &str, rows: &[(u64, u64, u64, &str)]) {
    fake.change(|account| {
        for (id, mailing, profile, at) in rows {
            let all = account.events.entry(format!("ms/{name}")).or_default();
            all.push(click(*id, *mailing, None, at));
            let own = account
                .events
                .entry(format!("ms/emailing/{mailing}/{name}"))
                .or_default();
            own.push(click(*id, *mailing, Some(*profile), at));
        }
    });
}

fn events(pages: &[Page]) -> Vec<&Event> {
    pages.iter().flat_map(|page| &page.events).collect()
}

fn told(pages: &[Page]) -> Vec<String> {
    let tell = |event: &Event| {
        format!(
            "{}@{}",
            event.id.clone().unwrap(),
            event.contact.id.clone().unwrap()
        )
    };
    let mut told: Vec<String> = events(pages).into_iter().map(tell).collect();
    told.sort();
    told
}

#[tokio::test(start_paused = true)]
async fn account_wide_rows_carry_no_profile_so_each_mailing_is_asked() {
    let fake = Fake::new();
    ms(
        &fake,
        "clicks",
        &[
            (1, 10, 100, "2026-02-09 10:00:00"),
            (2, 11, 101, "2026-02-09 11:00:00"),
            (3, 10, 102, "2026-02-09 12:00:00"),
        ],
    );
    let mut row = click(1, 0, Some(100), "2026-02-09 13:00:00");
    row["emailing"] = "10".into();
    fake.change(|account| account.events.insert("publisher/clicks".into(), vec![row]));
    let (pages, _) = read(&fake.connector(), CLICKS, None).await.unwrap();
    assert_eq!(
        told(&pages),
        ["ms:1@100", "ms:2@101", "ms:3@102", "pub:1@100"]
    );
    let events = events(&pages);
    let first = events
        .iter()
        .find(|event| event.id.as_deref() == Some("ms:1"))
        .unwrap();
    assert_eq!(
        (first.campaign.as_deref(), first.link.as_deref()),
        (Some("ms:10"), Some("https://shop.example.org/a"))
    );
    assert_eq!(first.at.to_rfc3339(), "2026-02-09T09:00:00+00:00");
    assert_eq!(first.properties["user_agent"], "Mozilla/5.0");
    let last = pages.last().unwrap();
    let (covered, now) = (
        &last.covered[0],
        crate::fake::NOW
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap(),
    );
    assert_eq!(covered.through, now - TimeDelta::hours(3));
    assert_eq!(
        covered.from.unwrap(),
        now - TimeDelta::days(29),
        "a day less than the account keeps"
    );
}

#[tokio::test(start_paused = true)]
async fn a_span_is_paged_by_offset_and_read_again_when_rows_shift() {
    let fake = Fake::new();
    let rows: Vec<(u64, u64, u64, &str)> = (1..=7)
        .map(|id| (id, 10, id, "2026-02-09 10:00:00"))
        .collect();
    ms(&fake, "impressions", &rows);
    fake.change(|account| account.page_max = 3);
    let mut shifted = false;
    fake.hook(move |account, asked| {
        // A row is cleared away while we page.
        if asked.path == "ms/emailing/10/impressions"
            && asked.get("start") == Some("2")
            && !std::mem::replace(&mut shifted, true)
        {
            for rows in account.events.values_mut() {
                rows.remove(0);
            }
        }
        None
    });
    let (pages, _) = read(&fake.connector(), OPENS, None).await.unwrap();
    let mut told = told(&pages);
    told.dedup();
    let expected: Vec<String> = (1..=7).map(|id| format!("ms:{id}@{id}")).collect();
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_is_passed_over_gives_no_page() {
    let fake = Fake::new();
    ms(&fake, "impressions", &[(1, 10, 100, "2025-01-01 10:00:00")]);
    fake.change(|account| account.ignores_filters = true);
    let error = read(&fake.connector(), OPENS, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_the_account_counts_and_a_mailing_does_not_show_is_a_hole() {
    for missing in [true, false] {
        let fake = Fake::new();
        ms(&fake, "impressions", &[(1, 10, 100, "2026-02-09 10:00:00")]);
        fake.change(|account| account.events.remove("ms/emailing/10/impressions"));
        if missing {
            fake.hook(|_, asked| {
                (asked.path == "ms/emailing/10/impressions")
                    .then(|| Ok((400, r#"{"error":{"message":"no such mailing"}}"#.into())))
            });
        }
        let (pages, _) = read(&fake.connector(), OPENS, None).await.unwrap();
        let rejects: Vec<_> = pages.iter().flat_map(|page| &page.rejects).collect();
        assert!(
            rejects.len() > 1 && rejects.iter().all(|reject| reject.at.is_some()),
            "{rejects:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn odd_rows_stand_alone_and_an_unsubscribe_that_failed_is_none() {
    let fake = Fake::new();
    ms(
        &fake,
        "unsubscribes",
        &[
            (1, 10, 100, "2026-02-09 10:00:00"),
            (2, 10, 101, "2026-02-09 10:00:00"),
            (3, 10, 0, "2026-02-09 10:00:00"),
        ],
    );
    fake.change(|account| {
        let own = account
            .events
            .get_mut("ms/emailing/10/unsubscribes")
            .unwrap();
        own[0]["success"] = false.into();
        own.push(click(4, 10, None, "2026-02-09 10:00:00"));
    });
    let (pages, _) = read(&fake.connector(), UNSUBSCRIBES, None).await.unwrap();
    assert_eq!(told(&pages), ["ms:2@101"]);
    let rejects: Vec<_> = pages.iter().flat_map(|page| &page.rejects).collect();
    assert_eq!(rejects.len(), 1);
    assert!(rejects[0].reason.contains("profile"));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_account_costs_a_call_for_each_product_and_moves_the_coverage() {
    let fake = Fake::new();
    let connector = fake.connector();
    let (_, cursor) = read(&connector, OPENS, None).await.unwrap();
    fake.take();
    fake.pass(TimeDelta::hours(1));
    let (pages, _) = read(&connector, OPENS, Some(cursor)).await.unwrap();
    assert_eq!(fake.take().len(), 2);
    let covered = &pages.last().unwrap().covered[0];
    assert_eq!(
        covered.through - covered.from.unwrap(),
        TimeDelta::minutes(121),
        "it follows on what was covered"
    );
}

#[tokio::test(start_paused = true)]
async fn after_more_than_the_retention_the_coverage_begins_anew() {
    let fake = Fake::new();
    let connector = fake.connector();
    let (_, cursor) = read(&connector, OPENS, None).await.unwrap();
    fake.pass(TimeDelta::days(60));
    let (pages, _) = read(&connector, OPENS, Some(cursor)).await.unwrap();
    let covered = &pages.last().unwrap().covered[0];
    let now = crate::fake::NOW
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap()
        + TimeDelta::days(60);
    assert_eq!(covered.from.unwrap(), now - TimeDelta::days(29));
}

#[tokio::test(start_paused = true)]
async fn an_hour_that_october_repeats_loses_no_event() {
    let fake = Fake::new();
    let connector = fake.connector();
    fake.pass(
        "2026-10-25T00:40:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
            - crate::fake::NOW
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap(),
    );
    let mut cursor = None;
    let mut all = Vec::new();
    for (id, at, wall) in [
        (1, 0, "02:35:00"),
        (2, 60, "02:10:00"),
        (3, 60, "03:30:00"),
        (4, 120, "04:30:00"),
    ] {
        fake.pass(TimeDelta::minutes(at));
        ms(
            &fake,
            "impressions",
            &[(id, 10, id, &format!("2026-10-25 {wall}"))],
        );
        let (pages, next) = read(&connector, OPENS, cursor).await.unwrap();
        all.extend(told(&pages));
        cursor = Some(next);
    }
    all.dedup();
    for id in 1..=4 {
        assert!(all.contains(&format!("ms:{id}@{id}")), "{id}: {all:?}");
    }
    assert_eq!(connector.capabilities().streams[1].stream, OPENS);
}
