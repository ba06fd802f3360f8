use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use engaged_connectors::{
    Clock as _, Connector as _, ConnectorError, Page,
    hubspot::{EMAIL, FORMS, PURCHASES, SUBSCRIPTIONS, VISITS},
};
use serde_json::{Value, json};

use super::fake::{Fake, last, pull_all, settings, stamp};

/// A mail event of so many seconds ago.
fn mail(fake: &Fake, kind: &str, number: usize, ago: i64) -> Value {
    let at = (fake.now() - TimeDelta::seconds(ago)).timestamp_millis();
    json!({"id": format!("{kind}-{number}"), "created": at, "type": kind, "recipient": "ann@example.org",
        "emailCampaignId": 211, "subject": "News", "url": "https://example.org", "filteredEvent": false})
}

fn happens(fake: &Fake, kind: &str, number: usize, ago: i64) {
    let row = mail(fake, kind, number, ago);
    fake.change(|account| account.events.push(row));
}

fn told(pages: &[Page]) -> Vec<String> {
    let all = pages.iter().flat_map(|page| &page.events);
    all.map(|event| event.id.clone().unwrap()).collect()
}

fn through(pages: &[Page]) -> DateTime<Utc> {
    pages.last().unwrap().covered[0].through
}

#[tokio::test(start_paused = true)]
async fn years_of_mail_events_are_read_without_a_request_for_each_day() {
    let fake = Fake::new();
    let day = 86_400;
    for number in 0..40 {
        let ago = i64::try_from(number).unwrap() * 40 * day + day;
        happens(&fake, "SENT", number, ago);
        happens(&fake, "OPEN", number, ago - 60);
    }
    happens(&fake, "DROPPED", 0, day);
    happens(&fake, "PROCESSED", 0, day);
    let connector = fake.connector();
    let pages = pull_all(&connector, EMAIL, None).await.unwrap();
    let unique: BTreeSet<String> = told(&pages).into_iter().collect();
    assert_eq!(unique.len(), 80);
    assert_eq!(fake.take().len(), 5, "each kind fits on one page");
    assert_eq!(pages[0].campaigns[0].name, "News");
    let quiet = pull_all(&connector, EMAIL, last(&pages)).await.unwrap();
    assert_eq!((fake.take().len(), quiet.len()), (5, 5));
    assert!(quiet.last().unwrap().done);
}

#[tokio::test(start_paused = true)]
async fn a_busy_day_is_drained_newest_first_before_the_cursor_moves() {
    let fake = Fake::new();
    fake.change(|account| account.page_max = 7);
    (0..60).for_each(|number| {
        happens(
            &fake,
            "OPEN",
            number,
            4_000 + i64::try_from(number).unwrap(),
        );
    });
    // Many of one millisecond.
    (60..90).for_each(|number| happens(&fake, "OPEN", number, 9_000));
    let connector = fake.connector();
    let pages = pull_all(&connector, EMAIL, None).await.unwrap();
    let unique: BTreeSet<String> = told(&pages).into_iter().collect();
    assert_eq!(unique.len(), 90);
    // From every checkpoint the rest comes too.
    for (number, page) in pages.iter().enumerate().filter(|(_, page)| !page.done) {
        let before: BTreeSet<String> = told(&pages[..=number]).into_iter().collect();
        let rest = pull_all(&fake.connector(), EMAIL, Some(page.next.clone()))
            .await
            .unwrap();
        assert_eq!(before.union(&told(&rest).into_iter().collect()).count(), 90);
        assert!(page.covered.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_near_the_present_waits_and_what_comes_late_is_read_again() {
    let fake = Fake::new();
    happens(&fake, "OPEN", 1, 60);
    happens(&fake, "OPEN", 2, 400);
    let connector = fake.connector();
    let pages = pull_all(&connector, EMAIL, None).await.unwrap();
    assert_eq!(told(&pages).len(), 1);
    assert!(fake.take().iter().all(|asked| {
        let end: i64 = asked.query["endTimestamp"].parse().unwrap();
        end < (fake.now() - TimeDelta::minutes(5)).timestamp_millis()
    }));
    assert_eq!(through(&pages), fake.now() - TimeDelta::hours(1));
    fake.pass(TimeDelta::minutes(10));
    // Shown only now, of an hour before the last pass.
    happens(&fake, "OPEN", 3, 4_200);
    let pages = pull_all(&connector, EMAIL, last(&pages)).await.unwrap();
    let unique: BTreeSet<String> = told(&pages).into_iter().collect();
    assert_eq!(unique.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_offset_that_is_no_longer_taken_begins_its_window_anew() {
    let fake = Fake::new();
    fake.change(|account| account.page_max = 5);
    (0..12).for_each(|number| happens(&fake, "SENT", number, 4_000));
    let connector = fake.connector();
    let mut refused = 1;
    fake.hook(move |_, asked| {
        let strike = asked.query.contains_key("offset") && refused > 0;
        refused -= i32::from(strike);
        strike.then(|| Ok((400, json!({"status": "error", "message": "invalid offset"}))))
    });
    let pages = pull_all(&connector, EMAIL, None).await.unwrap();
    let unique: BTreeSet<String> = told(&pages).into_iter().collect();
    assert_eq!(unique.len(), 12);
    fake.hook(|_, asked| {
        let strike = asked.query.contains_key("offset");
        strike.then(|| Ok((400, json!({"status": "error", "message": "invalid offset"}))))
    });
    let error = pull_all(&connector, EMAIL, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_offset_that_leads_in_a_circle_and_a_filter_that_is_ignored_are_errors() {
    let fake = Fake::new();
    let row = mail(&fake, "SENT", 1, 4_000);
    let page = json!({"hasMore": true, "offset": "same", "events": [row]});
    fake.hook(move |_, _| Some(Ok((200, page.clone()))));
    let error = pull_all(&fake.connector(), EMAIL, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    let row = mail(&fake, "SENT", 1, -4_000);
    fake.hook(move |_, _| {
        Some(Ok((
            200,
            json!({"hasMore": false, "offset": 7, "events": [row]}),
        )))
    });
    let error = pull_all(&fake.connector(), EMAIL, None).await.unwrap_err();
    assert!(error.to_string().contains("outside"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_is_counted_and_an_odd_row_stands_alone() {
    let fake = Fake::new();
    let mut odd = mail(&fake, "SENT", 1, 4_000);
    odd["recipient"] = json!(null);
    let rows = json!([
        odd,
        mail(&fake, "SENT", 2, 4_000),
        mail(&fake, "SUPPRESSED", 3, 4_000)
    ]);
    let mut first = true;
    fake.hook(move |_, _| {
        let rows = std::mem::take(&mut first).then(|| rows.clone());
        rows.map(|rows| {
            Ok((
                200,
                json!({"hasMore": false, "offset": "x", "events": rows}),
            ))
        })
    });
    let page = fake.connector().pull(EMAIL, None).await.unwrap();
    assert_eq!(
        (page.events.len(), page.rejects.len(), page.unknown),
        (1, 1, 1)
    );
    assert!(page.rejects[0].at.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_none_fails_as_a_whole() {
    let fake = Fake::new();
    for stream in [EMAIL, SUBSCRIPTIONS, FORMS, PURCHASES, VISITS] {
        fake.hook(|_, _| Some(Ok((200, json!("<html>")))));
        let error = fake.connector().pull(stream, None).await.unwrap_err();
        assert!(
            matches!(error, ConnectorError::Contract { .. }),
            "{stream:?}: {error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_read_from_the_timeline() {
    let fake = Fake::new();
    let at = (fake.now() - TimeDelta::hours(3)).timestamp_millis();
    let change = json!({"change": "UNSUBSCRIBED", "changeType": "PORTAL_STATUS", "source": "SOURCE_RECIPIENT"});
    let row = json!({"timestamp": at, "portalId": 62515, "recipient": "Ann@example.org", "changes": [change]});
    fake.change(|account| account.timeline.push(row));
    let pages = pull_all(&fake.connector(), SUBSCRIPTIONS, None)
        .await
        .unwrap();
    let event = &pages[0].events[0];
    assert_eq!(
        (event.kind.as_str(), event.at.timestamp_millis()),
        ("unsubscribe", at)
    );
    assert_eq!(
        event.contact.email.as_ref().unwrap().reveal(),
        "ann@example.org"
    );
}

fn sent(fake: &Fake, number: usize, ago: i64, address: &str) -> Value {
    let at = (fake.now() - TimeDelta::seconds(ago)).timestamp_millis();
    let values =
        json!([{"name": "firstname", "value": "Ann"}, {"name": "email", "value": address}]);
    json!({"conversionId": format!("c{number}"), "submittedAt": at, "values": values, "pageUrl": "https://example.org/demo"})
}

#[tokio::test(start_paused = true)]
async fn forms_are_read_back_to_where_the_last_pass_began() {
    let fake = Fake::new();
    let rows: Vec<Value> = (0..120)
        .map(|n| {
            sent(
                &fake,
                n,
                86_400 + i64::try_from(n).unwrap(),
                "ann@example.org",
            )
        })
        .collect();
    fake.change(|account| account.forms.insert("guid".into(), rows));
    let connector = fake.connector();
    let pages = pull_all(&connector, FORMS, None).await.unwrap();
    assert_eq!(told(&pages).len(), 120);
    assert_eq!(
        pages[0].events[0].url.as_deref(),
        Some("https://example.org/demo")
    );
    fake.take();
    fake.pass(TimeDelta::hours(1));
    let news = [
        sent(&fake, 500, 60, "bob@example.org"),
        sent(&fake, 501, 70, ""),
    ];
    fake.change(|account| {
        let rows = account.forms.get_mut("guid").unwrap();
        rows.splice(0..0, news);
    });
    let pages = pull_all(&connector, FORMS, last(&pages)).await.unwrap();
    assert!(told(&pages).contains(&"c500".to_owned()));
    // Whoever gave no address is nobody.
    assert!(!told(&pages).contains(&"c501".to_owned()));
    assert_eq!(fake.take().len(), 2, "the forms, and one page");
}

#[tokio::test(start_paused = true)]
async fn won_deals_are_purchases_of_their_contacts() {
    let fake = Fake::new();
    let at = stamp(fake.now() - TimeDelta::days(2));
    let deal = |won: &str| json!({"amount": "1250", "closedate": at, "dealname": "Ten seats", "hs_is_closed_won": won, "hs_lastmodifieddate": at});
    fake.change(|account| {
        account
            .deals
            .extend([(77, deal("true")), (78, deal("false"))]);
    });
    let pages = pull_all(&fake.connector(), PURCHASES, None).await.unwrap();
    assert_eq!(told(&pages), ["deals/77/51"]);
    let event = &pages[0].events[0];
    assert_eq!(
        (event.contact.id.as_deref(), event.value_cents),
        (Some("51"), Some(125_000))
    );
    // Its id is HubSpot's own: no shop knows the sale by it.
    assert_eq!(event.order, None);
}

#[tokio::test(start_paused = true)]
async fn visits_come_only_where_they_are_switched_on() {
    let fake = Fake::new();
    let at = stamp(fake.now() - TimeDelta::days(2));
    let visit = json!({"id": "v1", "eventType": "e_visited_page", "objectId": "51", "objectType": "CONTACT", "occurredAt": at, "properties": {"hs_url": "https://example.org/pricing"}});
    fake.change(|account| account.visits.push(visit));
    let page = fake.connector().pull(VISITS, None).await.unwrap();
    assert_eq!(
        page.events[0].url.as_deref(),
        Some("https://example.org/pricing")
    );
    let mut own = settings();
    own.page_visits = false;
    let connector = fake.with(&own);
    assert!(
        connector
            .capabilities()
            .streams
            .iter()
            .all(|spec| spec.stream != VISITS)
    );
    assert!(matches!(
        connector.pull(VISITS, None).await,
        Err(ConnectorError::Config { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_cursor_loop_of_the_event_api_ends() {
    let fake = Fake::new();
    let at = stamp(fake.now() - TimeDelta::days(2));
    fake.hook(move |_, _| {
        let visit =
            json!({"id": "v1", "eventType": "e_visited_page", "objectId": "51", "occurredAt": at});
        Some(Ok((
            200,
            json!({"results": [visit], "paging": {"next": {"after": "abc"}}}),
        )))
    });
    assert!(pull_all(&fake.connector(), VISITS, None).await.is_err());
}
