//! Opens and clicks: counters, links and who is behind them.

use chrono::TimeDelta;
use engaged_connectors::{
    ConnectorError, Page,
    activecampaign::REPORTS,
    connector::Counter,
    model::{Event, EventKind},
};
use serde_json::{Value, json};

use super::fake::{BEFORE, Fake, last, pull_all};

fn campaign(opens: u64, unique: u64, clicks: u64, clickers: u64) -> Value {
    json!({"id": "31", "name": "Week 5", "type": "single", "sdate": BEFORE, "send_amt": "9",
        "opens": opens.to_string(), "uniqueopens": unique.to_string(), "linkclicks": clicks, "subscriberclicks": clickers})
}

fn row(contact: u64, minute: u64) -> Value {
    json!({"subscriberid": contact.to_string(), "tstamp": format!("2026-02-03T01:{minute:02}:00-06:00"), "times": "2"})
}

fn account() -> std::sync::Arc<Fake> {
    let fake = Fake::new();
    fake.set("campaigns", vec![campaign(3, 2, 1, 1)]);
    fake.set("campaigns/31/links", vec![
        json!({"id": "7", "link": "open", "name": "Read Tracker", "tracked": "1", "messageid": "3"}),
        json!({"id": "8", "link": "https://example.org/a", "name": "", "tracked": "1"}),
    ]);
    fake.set("links/7/linkData", vec![row(1, 1), row(2, 2)]);
    fake.set("links/8/linkData", vec![row(2, 3)]);
    fake
}

fn events(pages: &[Page]) -> Vec<Event> {
    pages.iter().flat_map(|page| page.events.clone()).collect()
}

fn counters(pages: &[Page]) -> Vec<Counter> {
    pages
        .iter()
        .flat_map(|page| page.counters.clone())
        .collect()
}

fn opens(pages: &[Page]) -> Vec<(u64, Option<u64>)> {
    let all = counters(pages).into_iter();
    let opens = all.filter(|counter| counter.kind == EventKind::Open);
    opens
        .map(|counter| (counter.contacts, counter.times))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_read_tracker_gives_opens_and_other_links_clicks() {
    let fake = account();
    let pages = pull_all(&fake.connector(), REPORTS, None).await.unwrap();
    let told: Vec<_> = events(&pages)
        .into_iter()
        .map(|e| (e.kind.as_str().to_owned(), e.id.unwrap(), e.link))
        .collect();
    let at = |minute: u64| {
        row(1, minute)["tstamp"]
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
            .timestamp()
    };
    let expected = [
        ("open".to_owned(), format!("linkdata:7:1:{}", at(1)), None),
        ("open".to_owned(), format!("linkdata:7:2:{}", at(2)), None),
        (
            "click".to_owned(),
            format!("linkdata:8:2:{}", at(3)),
            Some("https://example.org/a".to_owned()),
        ),
    ];
    assert_eq!(told, expected);
    assert_eq!(pages[0].campaigns[0].name, "Week 5");
    // Read whole after the counter: each contact's latest open is there, and no more is promised.
    assert_eq!(opens(&pages), [(2, None)]);
    let covered = &pages.last().unwrap().covered;
    assert_eq!(covered[0].kinds, [EventKind::Open, EventKind::Click]);
}

#[tokio::test(start_paused = true)]
async fn only_a_campaign_whose_counters_rose_is_read_again() {
    let fake = account();
    let connector = fake.connector();
    let pages = pull_all(&connector, REPORTS, None).await.unwrap();
    fake.take();
    fake.pass(TimeDelta::hours(1));
    let quiet = pull_all(&connector, REPORTS, last(&pages)).await.unwrap();
    assert_eq!(fake.take().len(), 1);
    assert_eq!(opens(&quiet), [(2, None)]);
    assert!(!quiet.last().unwrap().covered.is_empty());
    fake.set("campaigns", vec![campaign(4, 3, 1, 1)]);
    fake.change(|account| {
        account
            .rows
            .get_mut("links/7/linkData")
            .unwrap()
            .push(row(3, 9));
    });
    let news = pull_all(&connector, REPORTS, last(&quiet)).await.unwrap();
    assert_eq!(events(&news).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn without_link_data_the_counters_are_told_and_nothing_fails() {
    let shapes: [(u16, &str); 4] = [
        (403, r#"{"message":"Forbidden"}"#),
        (404, r#"{"message":"No Result found"}"#),
        (200, r#"{"linkDatas":[]}"#),
        (
            200,
            r#"{"linkData":[{"who":"1","when":"2026-02-03 01:00:00"}]}"#,
        ),
    ];
    for (status, body) in shapes {
        let fake = account();
        fake.hook(move |_, asked| {
            asked
                .path
                .ends_with("linkData")
                .then(|| Ok((status, body.to_owned())))
        });
        let pages = pull_all(&fake.connector(), REPORTS, None).await.unwrap();
        assert_eq!(events(&pages).len(), 0, "{body}");
        // Opens that webhooks bring are compared one by one then.
        assert_eq!(opens(&pages), [(2, Some(3))], "{body}");
        assert!(!pages.last().unwrap().covered.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_revoked_meanwhile_is_no_missing_feature() {
    let fake = account();
    fake.hook(|_, asked| {
        let shut = asked.path.ends_with("linkData") || asked.path == "users/me";
        shut.then(|| Ok((403, r#"{"message":"Forbidden"}"#.to_owned())))
    });
    let error = pull_all(&fake.connector(), REPORTS, None)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Auth { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rows_that_move_between_two_pages_are_not_skipped() {
    for totals in [true, false] {
        let fake = account();
        let rows: Vec<Value> = (1..=250).map(|n| row(n, n % 60)).collect();
        fake.set("links/7/linkData", rows);
        fake.change(|account| account.totals = totals);
        let mut asks = 0;
        fake.hook(move |account, asked| {
            if asked.path == "links/7/linkData" {
                asks += 1;
                if asks == 2 {
                    // Whoever opens again moves to the end, where the last page has them.
                    let rows = account.rows.get_mut("links/7/linkData").unwrap();
                    let moved: Vec<Value> = rows.drain(..30).collect();
                    rows.extend(moved);
                }
            }
            None
        });
        let pages = pull_all(&fake.connector(), REPORTS, None).await.unwrap();
        let mut who: Vec<u64> = events(&pages)
            .iter()
            .filter(|event| event.kind == EventKind::Open)
            .map(|event| event.contact.id.as_ref().unwrap().parse().unwrap())
            .collect();
        who.sort_unstable();
        who.dedup();
        assert_eq!(who.len(), 250);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_with_fewer_rows_than_asked_for_is_not_the_last() {
    let fake = account();
    let rows: Vec<Value> = (1..=40).map(|n| row(n, n)).collect();
    fake.set("links/7/linkData", rows);
    fake.change(|account| (account.page_max, account.totals) = (7, false));
    let pages = pull_all(&fake.connector(), REPORTS, None).await.unwrap();
    let mut ids: Vec<_> = events(&pages)
        .into_iter()
        .map(|event| event.id.unwrap())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 41);
}

#[tokio::test(start_paused = true)]
async fn a_cut_answer_fails_its_page_and_the_next_try_reads_it() {
    let fake = account();
    let connector = fake.connector();
    fake.hook(|_, asked| (asked.path == "campaigns").then(|| Ok((200, String::new()))));
    let error = pull_all(&connector, REPORTS, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    fake.unhook();
    assert_eq!(
        events(&pull_all(&connector, REPORTS, None).await.unwrap()).len(),
        3
    );
}
