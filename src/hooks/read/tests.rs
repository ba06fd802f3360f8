use super::*;
use crate::{
    hooks::fake::{Bench, body},
    store::NewDelivery,
};
use engaged_connectors::Clock as _;

fn delivery(name: &str, body: &str, received_at: Millis) -> NewDelivery {
    NewDelivery {
        name: name.into(),
        method: "POST".into(),
        url: "http://127.0.0.1/hooks/site/…".into(),
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
        received_at,
    }
}

/// Puts bodies into the inbox, each under a name of its own.
fn put(bench: &Bench, bodies: &[&str]) {
    let now = bench.clock.now().timestamp_millis();
    let all = bodies.iter();
    let all: Vec<NewDelivery> = all.map(|body| delivery(body, body, now)).collect();
    let write = bench.store().write(move |tx| {
        let id = tx.connection("site", "ghost", now)?.id;
        tx.take_in(id, &all)
    });
    write.unwrap();
}

fn events(bench: &Bench) -> i64 {
    bench.store().read(Conn::sizes).unwrap().1
}

#[tokio::test]
async fn what_is_said_twice_in_two_deliveries_is_one_event_and_what_is_read_is_not_read_again() {
    let bench = Bench::new();
    let jobs = bench.desk.jobs();
    let at = bench.clock.now();
    put(
        &bench,
        &[&body(1, at), &body(2, at), &format!("{} ", body(1, at))],
    );
    let report = jobs.read_inbox().await.unwrap();
    assert_eq!((report.read, report.odd, report.events), (3, 0, 2));
    assert_eq!(events(&bench), 2);
    assert_eq!(jobs.read_inbox().await.unwrap(), InboxReport::default());
    put(&bench, &[&body(1, at)]);
    assert_eq!(
        jobs.read_inbox().await.unwrap().read,
        0,
        "the store knows its name"
    );
}

#[tokio::test]
async fn odd_deliveries_are_named_and_kept_and_hold_none_up() {
    let bench = Bench::new();
    let jobs = bench.desk.jobs();
    let good = body(1, bench.clock.now());
    let partly = format!(
        "[{{}},{}]",
        &body(2, bench.clock.now()).trim_matches(['[', ']'])
    );
    put(&bench, &["{", "fall", &partly, &good]);
    let report = jobs.read_inbox().await.unwrap();
    assert_eq!((report.read, report.odd, report.events), (4, 3, 2));
    let odd = bench.store().read(|conn| conn.odd_deliveries(10)).unwrap();
    let why: Vec<&str> = odd.iter().filter_map(|each| each.why.as_deref()).collect();
    assert_eq!(
        why,
        [
            "1 of its rows: no number",
            "the reader fell over it; please report this",
            "webhook: not a list"
        ]
    );
    assert_eq!(odd[2].delivery.body, b"{");
}

#[tokio::test]
async fn a_hint_brings_the_next_poll_forward_once_and_not_too_often() {
    let bench = Bench::new();
    let jobs = bench.desk.jobs();
    let store = bench.store();
    let sync = || {
        let now = bench.clock.now().timestamp_millis();
        let write = store.write(move |tx| {
            let id = tx.connection("site", "ghost", now)?.id;
            let run = tx.begin_run("sync", Some(id), now)?;
            tx.end_run(run, "ok", None, now)
        });
        write.unwrap();
    };
    sync();
    put(&bench, &[r#"[{"hint":false}]"#]);
    jobs.read_inbox().await.unwrap();
    bench.clock.pass(600_000);
    assert!(jobs.hinted().unwrap().is_empty());
    sync();
    bench.clock.pass(60_000);
    put(&bench, &[r#"[{"hint":true}]"#]);
    jobs.read_inbox().await.unwrap();
    assert!(jobs.hinted().unwrap().is_empty(), "polled a minute ago");
    bench.clock.pass(240_000);
    assert_eq!(jobs.hinted().unwrap(), ["site"]);
    sync();
    bench.clock.pass(600_000);
    assert!(jobs.hinted().unwrap().is_empty(), "that was it");
    let hook = store.read(Conn::hooks).unwrap().remove(0);
    assert_eq!(hook.unknown, 1);
}

#[tokio::test]
async fn what_was_read_is_forgotten_after_two_weeks_and_what_is_odd_after_ninety_days() {
    let bench = Bench::new();
    let jobs = bench.desk.jobs();
    put(&bench, &["{", &body(1, bench.clock.now())]);
    jobs.read_inbox().await.unwrap();
    let kept = || {
        let store = bench.store();
        let odd = store.read(|conn| conn.odd_deliveries(10)).unwrap().len();
        let file = rusqlite::Connection::open(&jobs.config.database).unwrap();
        let all = file.query_row("select count(*) from delivery", (), |row| row.get(0));
        (odd, all.unwrap())
    };
    bench.clock.pass(READ_KEPT_MS);
    jobs.read_inbox().await.unwrap();
    assert_eq!(kept(), (1, 2));
    bench.clock.pass(1);
    jobs.read_inbox().await.unwrap();
    assert_eq!(kept(), (1, 1));
    bench.clock.pass(ODD_KEPT_MS);
    jobs.read_inbox().await.unwrap();
    assert_eq!(kept(), (0, 0));
    assert_eq!(events(&bench), 1, "what it said stays");
}

#[tokio::test]
async fn a_connection_is_expected_to_be_heard_from_the_first_reading_on() {
    let bench = Bench::new();
    let jobs = bench.desk.jobs();
    let now = bench.clock.now().timestamp_millis();
    bench
        .store()
        .write(move |tx| tx.connection("site", "ghost", now))
        .unwrap();
    jobs.read_inbox().await.unwrap();
    bench.clock.pass(1_000);
    jobs.read_inbox().await.unwrap();
    let hook = bench.store().read(Conn::hooks).unwrap().remove(0);
    assert_eq!((hook.expected_at, hook.heard_at), (now, None));
}
