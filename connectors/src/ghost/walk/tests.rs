//! Walks over a timeline in memory that sorts, filters and cuts as Ghost does.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::*;
use crate::{
    connector::Connector as _,
    ghost::{
        CLICKS, OPENS, SENDS,
        fake::{Asked, Fake, Reply, noon},
    },
    model::EventKind,
};

/// Rows of the timeline: type, seconds before noon, id.
type Rows = Arc<Mutex<Vec<(&'static str, i64, String)>>>;

/// What stands between `before` and the next quote.
fn quoted<'a>(filter: &'a str, before: &str) -> Option<&'a str> {
    filter.split_once(before)?.1.split('\'').next()
}

/// Answers a request for the timeline from the rows.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every answer of the fake has this type"
)]
fn timeline(rows: &Rows, asked: &Asked) -> Reply {
    let filter = &asked.filter;
    let kind = filter
        .trim_start_matches("type:")
        .split('+')
        .next()
        .unwrap();
    let (last, id) = (quoted(filter, "created_at:<'"), quoted(filter, "id:<'"));
    let floor = quoted(filter, "created_at:>='").unwrap_or_default();
    let mut found = Vec::new();
    for (row, ago, own) in rows.lock().unwrap().iter() {
        let at = stamp(noon() - TimeDelta::seconds(*ago));
        let beyond = last
            .is_none_or(|last| at.as_str() < last || (at == last && own.as_str() < id.unwrap()));
        if *row == kind && beyond && at.as_str() >= floor {
            found.push((at, own.clone()));
        }
    }
    found.sort();
    found.reverse();
    let event = |(at, id): &(String, String)| {
        let email = json!({"post_id": "p", "submitted_at": "2026-11-01T00:00:00.000Z"});
        let at = at.replace(' ', "T") + ".000Z";
        json!({"type": kind, "data": {"id": id, "created_at": at, "member_id": "m", "email": email}})
    };
    let page: Vec<Value> = found.iter().take(LIMIT).map(event).collect();
    let meta = json!({"pagination": {"limit": "100", "total": found.len(), "page": null}});
    Ok((200, json!({"events": page, "meta": meta}).to_string()))
}

fn ghost(rows: &Rows) -> (Ghost, Arc<Fake>) {
    let rows = Arc::clone(rows);
    Fake::answering(move |asked| timeline(&rows, asked))
}

fn row(kind: &'static str, ago: i64, id: usize) -> (&'static str, i64, String) {
    (kind, ago, format!("{id:024x}"))
}

/// A whole pass: the events by kind and id, what it covers, where the next begins.
async fn pass(
    ghost: &Ghost,
    stream: Stream,
    mut cursor: Option<Cursor>,
) -> (BTreeSet<(EventKind, String)>, Vec<Covered>, Option<Cursor>) {
    let mut seen = BTreeSet::new();
    loop {
        let page = ghost.pull(stream, cursor.as_ref()).await.unwrap();
        seen.extend(
            page.events
                .into_iter()
                .map(|event| (event.kind, event.id.unwrap())),
        );
        assert_eq!(
            page.done,
            !page.covered.is_empty(),
            "only a finished pass covers anything"
        );
        cursor = Some(Cursor::from_stored(page.next.as_str().to_owned()));
        if page.done {
            return (seen, page.covered, cursor);
        }
    }
}

const HOUR: i64 = 3600;

#[tokio::test]
async fn a_burst_at_one_instant_is_read_completely() {
    let rows: Rows = Arc::default();
    rows.lock()
        .unwrap()
        .extend((0..350).map(|id| row("click_event", 60, id)));
    let (ghost, fake) = ghost(&rows);
    let (seen, covered, _) = pass(&ghost, CLICKS, None).await;
    assert_eq!(seen.len(), 350);
    assert_eq!(fake.take().len(), 4);
    assert_eq!((covered[0].from, covered[0].through), (None, noon()));
}

#[tokio::test]
async fn late_events_are_found_and_a_site_at_rest_costs_one_request() {
    let rows: Rows = Arc::default();
    rows.lock()
        .unwrap()
        .extend((0..250).map(|id| row("email_opened_event", HOUR + id, id.try_into().unwrap())));
    let (ghost, fake) = ghost(&rows);
    let (_, covered, cursor) = pass(&ghost, OPENS, None).await;
    assert_eq!(covered[0].through, noon() - TimeDelta::minutes(30));
    let (_, _, cursor) = pass(&ghost, OPENS, cursor).await;
    fake.take();
    let (_, covered, cursor) = pass(&ghost, OPENS, cursor).await;
    assert_eq!((fake.take().len(), covered.len()), (1, 1));

    rows.lock()
        .unwrap()
        .push(row("email_opened_event", 40 * HOUR, 900));
    let (seen, _, cursor) = pass(&ghost, OPENS, cursor).await;
    assert!(seen.contains(&(EventKind::Open, format!("{:024x}", 900))));
    fake.take();
    pass(&ghost, OPENS, cursor).await;
    assert_eq!(fake.take().len(), 1);
}

#[tokio::test]
async fn the_answer_about_another_type_is_no_page_of_this_one() {
    let rows: Rows = Arc::default();
    rows.lock().unwrap().extend([
        row("email_opened_event", HOUR, 1),
        row("click_event", 100 * HOUR, 2),
    ]);
    let repeats = Arc::new(Mutex::new(false));
    let (inner, repeat, mut last) = (Arc::clone(&rows), Arc::clone(&repeats), None);
    let (ghost, _) = Fake::answering(move |asked| {
        let repeat = std::mem::take(&mut *repeat.lock().unwrap());
        let asked = last.replace(asked.clone()).filter(|_| repeat);
        timeline(&inner, &asked.or(last.clone()).unwrap())
    });
    pass(&ghost, OPENS, None).await;
    *repeats.lock().unwrap() = true;
    let error = ghost.pull(CLICKS, None).await.unwrap_err();
    assert!(error.to_string().contains("email_opened_event"), "{error}");
    let (seen, _, _) = pass(&ghost, CLICKS, None).await;
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn an_outage_of_the_platforms_own_log_loses_nothing() {
    let rows: Rows = Arc::default();
    rows.lock()
        .unwrap()
        .push(row("email_opened_event", 10 * 24 * HOUR, 1));
    let (ghost, _) = ghost(&rows);
    let (_, _, cursor) = pass(&ghost, OPENS, None).await;
    // Ten days pass before Ghost hears of an open that happened soon after.
    rows.lock()
        .unwrap()
        .push(row("email_opened_event", 9 * 24 * HOUR, 2));
    let (seen, _, _) = pass(&ghost, OPENS, cursor).await;
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_recipient_that_is_delivered_while_we_read_is_not_lost() {
    let rows: Rows = Arc::default();
    rows.lock()
        .unwrap()
        .extend((0..150).map(|id| row("email_sent_event", HOUR, id)));
    let (ghost, _) = ghost(&rows);
    let first = ghost.pull(SENDS, None).await.unwrap();
    // All that the first page did not show yet moves on, to times before and after it.
    for (id, row) in rows.lock().unwrap().iter_mut().enumerate().take(60) {
        (row.0, row.1) = match id % 2 {
            0 => ("email_delivered_event", HOUR - 60),
            _ => ("email_failed_event", HOUR - 90),
        };
    }
    let (rest, covered, _) = pass(&ghost, SENDS, Some(first.next)).await;
    let of = |event: crate::model::Event| (event.kind, event.id.unwrap());
    let all: BTreeSet<_> = first.events.into_iter().map(of).chain(rest).collect();
    let count = |kind: EventKind| all.iter().filter(|(own, _)| *own == kind).count();
    assert_eq!(count(EventKind::Send), 150);
    assert_eq!(
        (count(EventKind::Delivery), count(EventKind::HardBounce)),
        (30, 30)
    );
    assert_eq!(
        covered[0].kinds,
        [EventKind::Send, EventKind::Delivery, EventKind::HardBounce]
    );
}

#[tokio::test]
async fn events_that_arrive_while_we_read_come_with_the_next_pass() {
    let rows: Rows = Arc::default();
    rows.lock()
        .unwrap()
        .extend((0..150).map(|id| row("click_event", HOUR, id)));
    let (ghost, fake) = ghost(&rows);
    let first = ghost.pull(CLICKS, None).await.unwrap();
    rows.lock().unwrap().push(row("click_event", 10, 900));
    fake.set_now(noon() + TimeDelta::hours(1));
    let (seen, covered, cursor) = pass(&ghost, CLICKS, Some(first.next)).await;
    assert_eq!(
        covered[0].through,
        noon(),
        "the pass covers up to its own beginning"
    );
    let (next, _, _) = pass(&ghost, CLICKS, cursor).await;
    let new = (EventKind::Click, format!("{:024x}", 900));
    assert!(!seen.contains(&new) && next.contains(&new));
}

#[tokio::test]
async fn a_position_in_the_future_is_not_believed_and_all_is_read_again() {
    let rows: Rows = Arc::default();
    rows.lock().unwrap().push(row("click_event", HOUR, 1));
    let (ghost, fake) = ghost(&rows);
    let year = TimeDelta::days(365);
    let seen = Seen {
        newest: noon() + year,
        floor: None,
        head: None,
        rows: 0,
    };
    let position = Position {
        seen: BTreeMap::from([("click_event".to_owned(), seen)]),
        pass: Some(Pass::begin(noon() + year, 0)),
    };
    let (seen, covered, cursor) =
        pass(&ghost, CLICKS, Some(Cursor::encode(&position).unwrap())).await;
    assert_eq!((seen.len(), covered[0].through), (1, noon()));
    assert_eq!(fake.take()[0].filter, "type:click_event");
    let after: Position = cursor.unwrap().decode().unwrap();
    assert_eq!(after.seen["click_event"].newest, noon());
}

#[tokio::test]
async fn an_event_from_the_future_does_not_carry_the_position_along() {
    let rows: Rows = Arc::default();
    rows.lock().unwrap().extend([
        row("click_event", -900 * HOUR, 1),
        row("click_event", HOUR, 2),
    ]);
    let (ghost, fake) = ghost(&rows);
    let (_, _, cursor) = pass(&ghost, CLICKS, None).await;
    // We sleep for ten days; the event of the first of them must still be found.
    rows.lock().unwrap().push(row("click_event", -24 * HOUR, 3));
    fake.set_now(noon() + TimeDelta::days(10));
    let (seen, _, _) = pass(&ghost, CLICKS, cursor).await;
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_server_that_ignores_the_query_is_found_out() {
    let rows: Rows = Arc::default();
    rows.lock()
        .unwrap()
        .extend((0..150).map(|id| row("click_event", HOUR, id)));
    let (ghost, _) = Fake::answering(move |asked| {
        let filter = "type:click_event".to_owned();
        timeline(
            &rows,
            &Asked {
                filter,
                ..asked.clone()
            },
        )
    });
    let first = ghost.pull(CLICKS, None).await.unwrap();
    let error = ghost.pull(CLICKS, Some(&first.next)).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
}

#[tokio::test]
async fn a_page_of_the_wrong_shape_is_refused_whole() {
    for body in [
        r#"{"events":[],"meta":{"pagination":{"total":3}}}"#,
        r#"{"events":[]}"#,
        r#"{"errors":[]}"#,
        r#"{"events":[{"#,
        "",
    ] {
        let (ghost, _) = Fake::answering(move |_| Ok((200, body.to_owned())));
        let error = ghost.pull(CLICKS, None).await.unwrap_err();
        assert!(matches!(error, ConnectorError::Contract { .. }), "{error}");
    }
}
