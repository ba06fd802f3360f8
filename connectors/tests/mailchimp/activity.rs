//! What happened, campaign by campaign: nothing lost, nothing invented.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use engaged_connectors::{
    ConnectorError, Page,
    mailchimp::{ACTIVITY, COMPLAINTS},
    model::{Event, EventKind, Verdict},
};
use serde_json::{Value, json};

use super::fake::{Account, Fake, LIST, last, problem, pull_all, stamp};

const SENT: &str = "2026-11-20T06:00:00Z";
const OLD: &str = "2026-03-01T06:00:00Z";

fn who(number: usize) -> (String, String) {
    (
        format!("{number:032x}"),
        format!("reader{number}@example.org"),
    )
}

/// A campaign with this many recipients. Every 50th opened and clicked, and the
/// very first one did so 900 times: nearly all activity is on the first page.
fn mail(account: &mut Account, id: &str, sent: &str, recipients: usize) {
    let (mut sends, mut opens, mut activity) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..recipients {
        let (key, address) = who(number);
        sends.push(json!({"email_id": key, "email_address": address, "status": "sent"}));
        let times = match number {
            0 => 900,
            n if n % 50 == 0 => 2,
            _ => 0,
        };
        let deeds = (0..times).flat_map(|i| {
            let at = stamp(sent, 60 + i * 60);
            [
                json!({"action": "open", "timestamp": at, "ip": "203.0.113.7"}),
                json!({"action": "click", "timestamp": at, "url": format!("https://x.example/{i}")}),
            ]
        });
        let mut deeds: Vec<Value> = deeds.collect();
        if number == 7 {
            deeds.push(json!({"action": "bounce", "type": "soft", "timestamp": stamp(sent, 5)}));
        }
        let seen = (0..times)
            .map(|i| json!({"timestamp": stamp(sent, 60 + i * 60), "is_proxy_open": i % 2 == 1}));
        let seen: Vec<Value> = seen.collect();
        if !seen.is_empty() {
            opens.push(json!({"email_id": key, "email_address": address, "opens_count": times, "opens": seen}));
        }
        activity.push(json!({"email_id": key, "email_address": address, "activity": deeds}));
    }
    let left =
        json!({"email_id": who(3).0, "email_address": who(3).1, "timestamp": stamp(sent, 90)});
    let rows = &mut account.rows;
    rows.insert(format!("reports/{id}/sent-to"), sends);
    rows.insert(format!("reports/{id}/open-details"), opens);
    rows.insert(format!("reports/{id}/email-activity"), activity);
    rows.insert(format!("reports/{id}/unsubscribed"), vec![left]);
    let report = json!({"id": id, "campaign_title": id, "type": "regular", "list_id": LIST, "send_time": sent});
    rows.entry("reports".to_owned()).or_default().push(report);
    count(account, id);
}

/// Sets the counters of a campaign by its reports.
fn count(account: &mut Account, id: &str) {
    let rows = |name: &str| account.rows[&format!("reports/{id}/{name}")].clone();
    let opens = rows("open-details")
        .iter()
        .map(|row| row["opens"].as_array().unwrap().len())
        .sum::<usize>();
    let activity = rows("email-activity");
    let deeds = activity
        .iter()
        .flat_map(|row| row["activity"].as_array().unwrap());
    let clicks = deeds.filter(|deed| deed["action"] == "click").count();
    let (sent, left) = (rows("sent-to").len(), rows("unsubscribed").len());
    let report = account
        .rows
        .get_mut("reports")
        .unwrap()
        .iter_mut()
        .find(|row| row["id"] == id)
        .unwrap();
    report["emails_sent"] = sent.into();
    report["unsubscribed"] = left.into();
    report["opens"] = json!({"opens_total": opens, "unique_opens": 1, "last_open": ""});
    report["clicks"] = json!({"clicks_total": clicks, "unique_clicks": 1, "last_click": ""});
    report["bounces"] = json!({"hard_bounces": 0, "soft_bounces": 1, "syntax_errors": 0});
}

/// Adds an open and a click of a recipient.
fn late(account: &mut Account, id: &str, number: usize, at: &str) {
    let opens = account
        .rows
        .get_mut(&format!("reports/{id}/open-details"))
        .unwrap();
    let (key, address) = who(number);
    opens.push(json!({"email_id": key, "email_address": address, "opens": [{"timestamp": at}]}));
    let activity = account
        .rows
        .get_mut(&format!("reports/{id}/email-activity"))
        .unwrap();
    let deeds = activity[number]["activity"].as_array_mut().unwrap();
    deeds.push(json!({"action": "click", "timestamp": at, "url": "https://x.example/late"}));
    count(account, id);
}

/// An event as the store knows it again.
fn key(event: &Event) -> String {
    let email = event.contact.email.as_ref().unwrap().reveal();
    format!(
        "{email} {:?} {} {:?} {:?}",
        event.kind, event.at, event.campaign, event.link
    )
}

fn keys(pages: &[Page]) -> BTreeSet<String> {
    pages
        .iter()
        .flat_map(|page| &page.events)
        .map(key)
        .collect()
}

fn of<'a>(pages: &'a [Page], kind: &EventKind) -> Vec<&'a Event> {
    let events = pages.iter().flat_map(|page| &page.events);
    events.filter(|event| event.kind == *kind).collect()
}

/// Distinct events of a kind.
fn number(pages: &[Page], kind: &EventKind) -> usize {
    of(pages, kind)
        .into_iter()
        .map(key)
        .collect::<BTreeSet<_>>()
        .len()
}

fn world() -> std::sync::Arc<Fake> {
    let fake = Fake::new();
    fake.change(|account| {
        mail(account, "old", OLD, 2500);
        mail(account, "new", SENT, 2500);
    });
    fake
}

#[tokio::test(start_paused = true)]
async fn skewed_activity_per_recipient_loses_nothing() {
    let fake = world();
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    let each = 900 + 49 * 2;
    assert_eq!(number(&pages, &EventKind::Send), 2 * 2500);
    assert_eq!(number(&pages, &EventKind::Open), 2 * each);
    assert_eq!(number(&pages, &EventKind::Click), 2 * each);
    assert_eq!(number(&pages, &EventKind::SoftBounce), 2);
    assert_eq!(number(&pages, &EventKind::Unsubscribe), 2);
    let proxy = |event: &&&Event| event.verdict == Some(Verdict::PrivacyProxy);
    assert_eq!(
        of(&pages, &EventKind::Open).iter().filter(proxy).count(),
        each
    );
    assert!(pages.iter().all(|page| page.rejects.is_empty()));
    let covered = &pages.last().unwrap().covered[0];
    assert_eq!(
        covered.through,
        "2026-11-22T11:50:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    );
    assert!(
        pages
            .iter()
            .rev()
            .skip(1)
            .all(|page| page.covered.is_empty())
    );
}

#[tokio::test(start_paused = true)]
async fn every_checkpoint_leads_to_the_same_events() {
    let fake = Fake::new();
    fake.change(|account| {
        account.page_max = 20;
        mail(account, "old", OLD, 70);
        mail(account, "new", SENT, 70);
    });
    let connector = fake.connector();
    let pages = pull_all(&connector, ACTIVITY, None).await.unwrap();
    for done in 0..pages.len() {
        let rest = pull_all(&connector, ACTIVITY, Some(pages[done].next.clone()))
            .await
            .unwrap();
        if done + 1 < pages.len() {
            let both: BTreeSet<String> = &keys(&pages[..=done]) | &keys(&rest);
            assert_eq!(both, keys(&pages));
            assert_eq!(rest.len(), pages.len() - done - 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_gives_small_pages_is_read_to_the_end() {
    let fake = world();
    fake.change(|account| account.page_max = 60);
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    assert_eq!(number(&pages, &EventKind::Send), 5000);
    assert_eq!(number(&pages, &EventKind::Click), 2 * (900 + 49 * 2));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_pass_costs_two_requests_and_moves_the_coverage() {
    let fake = world();
    let connector = fake.connector();
    let mut pages = pull_all(&connector, ACTIVITY, None).await.unwrap();
    // What was sent lately is read twice, since a counter may move before its row shows.
    pages = pull_all(&connector, ACTIVITY, last(&pages)).await.unwrap();
    assert!(
        pages
            .iter()
            .flat_map(|page| &page.events)
            .all(|event| event.campaign.as_deref() == Some("new"))
    );
    fake.paths();
    fake.pass(TimeDelta::minutes(15));
    let pages = pull_all(&connector, ACTIVITY, last(&pages)).await.unwrap();
    assert_eq!(fake.paths(), ["lists", "reports"]);
    assert_eq!(
        pages[0].covered[0].through,
        "2026-11-22T12:05:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_of_an_old_campaign_is_found_by_its_counters() {
    for since_drops in [false, true] {
        let fake = world();
        fake.change(|account| account.since_drops = since_drops);
        let connector = fake.connector();
        let mut pages = pull_all(&connector, ACTIVITY, None).await.unwrap();
        pages = pull_all(&connector, ACTIVITY, last(&pages)).await.unwrap();
        fake.pass(TimeDelta::days(1));
        fake.change(|account| late(account, "old", 1234, "2026-11-23T11:00:00+00:00"));
        fake.paths();
        pages = pull_all(&connector, ACTIVITY, last(&pages)).await.unwrap();
        let paths: BTreeSet<String> = fake.paths().into_iter().collect();
        let expected = [
            "lists",
            "reports",
            "reports/old/email-activity",
            "reports/old/open-details",
        ];
        assert_eq!(paths.into_iter().collect::<Vec<_>>(), expected);
        let news = |event: &&Event| event.at.to_string().starts_with("2026-11-23");
        assert_eq!(
            pages
                .iter()
                .flat_map(|page| &page.events)
                .filter(news)
                .count(),
            2
        );
    }
}

#[tokio::test(start_paused = true)]
async fn recipients_who_are_deleted_while_we_page_take_nobody_with_them() {
    let fake = world();
    let mut calls = 0;
    fake.hook(move |account, asked| {
        calls += usize::from(asked.path == "reports/new/sent-to");
        if calls == 2 && asked.path == "reports/new/sent-to" {
            account
                .rows
                .get_mut("reports/new/sent-to")
                .unwrap()
                .drain(10..20);
        }
        None
    });
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    let sends = of(&pages, &EventKind::Send);
    let new: BTreeSet<String> = sends
        .into_iter()
        .filter(|e| e.campaign.as_deref() == Some("new"))
        .map(key)
        .collect();
    assert_eq!(new.len(), 2500);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_comes_twice_is_asked_for_again() {
    let fake = world();
    let mut kept = None;
    let mut repeated = 0;
    fake.hook(move |account, asked| {
        if !asked.path.ends_with("sent-to") || repeated > 2 {
            return None;
        }
        let before = kept.replace((asked.path.clone(), asked.query.clone()));
        let (path, query) = before.filter(|(path, query)| *path == asked.path && *query != asked.query)?;
        repeated += 1;
        kept = Some((asked.path.clone(), asked.query.clone()));
        let start: usize = query["offset"].parse().unwrap();
        let rows = &account.rows[&path];
        let page = json!({"sent_to": rows[start..(start + 1000).min(rows.len())], "total_items": rows.len()});
        Some(Ok((200, page.to_string().into_bytes())))
    });
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    assert_eq!(number(&pages, &EventKind::Send), 5000);
}

#[tokio::test(start_paused = true)]
async fn a_report_that_counts_more_than_it_gives_is_an_error_and_heals() {
    let fake = world();
    fake.hook(|account, asked| {
        let rows = &account
            .rows
            .get(&asked.path)
            .filter(|_| asked.path.ends_with("new/open-details"))?;
        let start: usize = asked.query["offset"].parse().unwrap();
        let rows = rows.get(start..).unwrap_or_default();
        Some(Ok((
            200,
            json!({"members": rows, "total_items": 51})
                .to_string()
                .into_bytes(),
        )))
    });
    let connector = fake.connector();
    let (mut cursor, mut pages) = (None, Vec::new());
    let error = loop {
        match engaged_connectors::Connector::pull(&connector, ACTIVITY, cursor.as_ref()).await {
            Ok(page) => {
                cursor = Some(page.next.clone());
                pages.push(page);
            }
            Err(error) => break error,
        }
        assert!(pages.len() < 100);
    };
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    assert!(
        error.to_string().contains("51 rows were counted"),
        "{error}"
    );
    fake.unhook();
    fake.pass(TimeDelta::hours(1));
    pages.extend(pull_all(&connector, ACTIVITY, cursor).await.unwrap());
    assert_eq!(number(&pages, &EventKind::Open), 2 * (900 + 49 * 2));
}

#[tokio::test(start_paused = true)]
async fn a_campaign_deleted_while_it_is_read_does_not_stop_the_others() {
    let fake = world();
    fake.change(|account| account.rows.remove("reports/old/open-details"));
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    let ends = |event: &&&Event| event.campaign.as_deref() == Some("new");
    assert_eq!(
        of(&pages, &EventKind::Send).iter().filter(ends).count(),
        2502
    );
    assert!(pages.last().unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn one_odd_row_is_told_and_the_rest_is_kept() {
    let fake = world();
    fake.change(|account| {
        let rows = account.rows.get_mut("reports/new/open-details").unwrap();
        rows[0]["opens"][0] = json!({"timestamp": "soon"});
        rows[1]["opens"] = json!("many");
        rows[2]["email_address"] = json!("");
        rows[3]["email_address"] = json!("no address");
    });
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    let rejects: Vec<&str> = pages
        .iter()
        .flat_map(|page| &page.rejects)
        .map(|reject| reject.reason.as_str())
        .collect();
    assert_eq!(rejects.len(), 3, "{rejects:?}");
    assert_eq!(
        number(&pages, &EventKind::Open),
        2 * (900 + 49 * 2) - 1 - 3 * 2
    );
}

#[tokio::test(start_paused = true)]
async fn campaigns_of_other_audiences_are_not_read() {
    let fake = world();
    fake.change(|account| {
        account
            .rows
            .get_mut("lists")
            .unwrap()
            .push(json!({"id": "ee", "name": "Other"}));
        account.rows.get_mut("reports").unwrap()[0]["list_id"] = json!("ee");
    });
    let pages = pull_all(&fake.following(&["Newsletter"]), ACTIVITY, None)
        .await
        .unwrap();
    assert_eq!(number(&pages, &EventKind::Send), 2500);
}

#[tokio::test(start_paused = true)]
async fn a_stored_position_from_the_future_begins_anew() {
    let fake = world();
    fake.pass(TimeDelta::days(400));
    let pages = pull_all(&fake.connector(), ACTIVITY, None).await.unwrap();
    let middle = pages[3].next.clone();
    fake.pass(TimeDelta::days(-400));
    let again = pull_all(&fake.connector(), ACTIVITY, Some(middle))
        .await
        .unwrap();
    assert!(keys(&again).len() >= 2500);
    assert!(again.last().unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn a_send_keeps_the_first_time_that_the_campaign_had() {
    let fake = world();
    let connector = fake.connector();
    let pages = pull_all(&connector, ACTIVITY, None).await.unwrap();
    fake.change(|account| {
        account.rows.get_mut("reports").unwrap()[1]["send_time"] =
            json!("2026-11-20T07:00:00+00:00");
    });
    let again = pull_all(&connector, ACTIVITY, last(&pages)).await.unwrap();
    assert_eq!(
        of(&again, &EventKind::Send).len(),
        2502,
        "the campaign is read twice while it is young"
    );
    assert!(keys(&again).is_subset(&keys(&pages)));
}

#[tokio::test(start_paused = true)]
async fn the_edges_refusal_is_a_wish_for_fewer_requests_and_the_apis_is_not() {
    let fake = world();
    fake.hook(|_, _| Some(Ok((403, b"<html>Access Denied</html>".to_vec()))));
    let error = pull_all(&fake.connector(), ACTIVITY, None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectorError::RateLimited { .. }),
        "{error}"
    );
    fake.hook(|_, _| Some(Ok((403, problem(403, "Forbidden")))));
    let error = pull_all(&fake.connector(), ACTIVITY, None)
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectorError::Auth { .. }), "{error}");
    let mut busy = 0;
    fake.hook(move |_, _| {
        busy += 1;
        (busy < 3).then_some(Ok((429, Vec::new())))
    });
    assert!(pull_all(&fake.connector(), ACTIVITY, None).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn complaints_have_a_stable_id() {
    let fake = Fake::new();
    let row = json!({"id": 42, "campaign_id": "new", "list_id": LIST, "email_id": "x",
        "email_address": "Jan@example.nl", "date": "2026-11-20T08:00:00+00:00"});
    fake.set(&format!("lists/{LIST}/abuse-reports"), vec![row]);
    let connector = fake.connector();
    let pages = pull_all(&connector, COMPLAINTS, None).await.unwrap();
    let again = pull_all(&connector, COMPLAINTS, last(&pages))
        .await
        .unwrap();
    for pages in [pages, again] {
        let event = &pages[0].events[0];
        assert_eq!(
            (event.id.as_deref(), &event.kind),
            (Some("42"), &EventKind::Complaint)
        );
        assert_eq!(pages[0].covered[0].kinds, [EventKind::Complaint]);
    }
}
