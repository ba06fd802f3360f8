//! How notices get there: retried, in order, once for who counts by keys, and never in the way of work.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use engaged_connectors::http::{Transport, TransportError};
use engaged_sandbox::fault::{Fault, Rule, When};
use http::{Request, Response};
use tokio::sync::Notify;

use super::*;
use crate::store::Delivery;

fn delivery(bench: &Bench) -> Vec<&'static str> {
    let notices = bench.report().notices.into_iter();
    notices.map(|notice| notice.delivery).collect()
}

fn block(bench: &Bench) {
    bench.write(|tx, _, now| tx.block("news", "E0601", now));
}

fn mend(bench: &Bench) {
    bench.write(|tx, _, now| tx.unblock("news", now));
    bench.synced();
}

#[tokio::test]
async fn a_receiver_that_is_down_is_tried_again_less_and_less_often_under_the_same_key() {
    let bench = Bench::new("").await;
    bench.receiver.answer(503, "");
    block(&bench);
    bench.looks(2).await;
    assert_eq!(delivery(&bench), ["retry"]);
    bench.watch_for(2 * HOUR).await;
    // After 1, 2, 4, 8, 16, 32 minutes and an hour.
    assert_eq!(bench.receiver.calls().len(), 7);
    assert_eq!(bench.receiver.keys().len(), 1);
    bench.receiver.answer(200, "");
    bench.watch_for(HOUR).await;
    assert_eq!(delivery(&bench), ["sent"]);
    assert_eq!(bench.receiver.calls().len(), 8);
}

#[tokio::test]
async fn a_receiver_that_says_when_is_not_asked_sooner() {
    let bench = Bench::new("").await;
    bench.receiver.answer_later(429, 600);
    block(&bench);
    bench.looks(2).await;
    bench.receiver.answer(200, "");
    bench.looks(9).await;
    assert_eq!(bench.receiver.calls().len(), 1);
    bench.looks(2).await;
    assert_eq!(delivery(&bench), ["sent"]);
}

#[tokio::test]
async fn what_is_refused_or_two_days_old_is_given_up_with_the_receivers_word() {
    let bench = Bench::new("repeat = \"90 hours\"").await;
    bench.receiver.answer(404, "");
    block(&bench);
    bench.looks(5).await;
    assert_eq!(delivery(&bench), ["given up"]);
    assert!(
        bench.report().notices[0]
            .detail
            .as_ref()
            .unwrap()
            .contains("HTTP 404")
    );
    assert_eq!(bench.receiver.calls().len(), 1);

    mend(&bench);
    bench.receiver.answer(503, "");
    for _ in 0..50 {
        bench.look().await;
        bench.pass(HOUR);
    }
    let notices = bench.report().notices;
    let resolved = notices
        .iter()
        .find(|notice| notice.state == "resolved")
        .unwrap();
    assert_eq!(resolved.delivery, "given up");
    assert!(
        resolved
            .detail
            .as_ref()
            .unwrap()
            .starts_with("tried for two days: ")
    );
}

#[tokio::test]
async fn what_one_alert_has_to_tell_goes_out_in_order_and_waits_for_no_other() {
    let bench = Bench::new("only = [\"blocked\", \"guard\"]").await;
    bench.receiver.answer(503, "");
    block(&bench);
    bench.looks(2).await;
    mend(&bench);
    bench.looks(20).await;
    bench.receiver.answer(200, "");
    // The first waits for its next try; its end does not overtake it.
    bench.write(|tx, id, now| tx.trip_guard("baseline", Some(id), "1", "first", now));
    let before = bench.told().len();
    bench.looks(2).await;
    assert_eq!(bench.told()[before..], ["guard:news:baseline firing"]);
    bench.watch_for(HOUR).await;
    assert_eq!(
        bench.told()[before + 1..before + 3],
        ["blocked:news firing", "blocked:news resolved"]
    );
}

#[tokio::test]
async fn a_notice_that_was_cut_off_or_whose_answer_was_lost_comes_again_under_its_key() {
    let bench = Bench::new("").await;
    block(&bench);
    bench
        .receiver
        .faults()
        .add(Rule::new("/hook", When::Nth(1), Fault::AnswerLost));
    bench.looks(4).await;
    assert_eq!(bench.receiver.keys().into_values().collect::<Vec<_>>(), [2]);
    // The process ended while it was being sent.
    let cut = rusqlite::Connection::open(bench.folder.path().join("engaged.db")).unwrap();
    cut.execute(
        "update notice set delivery = 'sending', changed_at = ?1",
        [bench.now()],
    )
    .unwrap();
    bench.looks(2).await;
    assert_eq!(bench.receiver.calls().len(), 2, "it may still be under way");
    bench.looks(2).await;
    assert_eq!(bench.receiver.keys().into_values().collect::<Vec<_>>(), [3]);
    assert_eq!(delivery(&bench), ["sent"]);
}

#[tokio::test]
async fn two_that_look_at_once_tell_once() {
    let bench = Bench::new("failure_after = 1").await;
    block(&bench);
    let (one, other) = (Watch::default(), Watch::default());
    let (first, second) = tokio::join!(one.look(&bench.jobs, None), other.look(&bench.jobs, None));
    first.and(second).unwrap();
    bench.looks(3).await;
    assert_eq!(bench.told(), ["blocked:news firing"]);
}

#[tokio::test]
async fn old_notices_are_forgotten_and_what_waits_is_not() {
    let bench = Bench::new("").await;
    let add = |key: &'static str, old: Millis| {
        bench.write(move |tx, _, now| {
            let notice = NewNotice {
                key: key.into(),
                alert: key.into(),
                state: "firing".into(),
                body: "{}".into(),
            };
            tx.add_notice(&notice, now - old, now - KEPT_MS)
        });
    };
    add("sent", 91 * DAY);
    let taken = bench
        .write(|tx, _, now| tx.take_notice(None, now, now))
        .unwrap();
    bench.write(move |tx, _, now| tx.settle_notice(taken.id, Delivery::Sent, None, None, now));
    add("waits", 91 * DAY);
    add("new", 0);
    let ids: Vec<String> = bench
        .report()
        .notices
        .into_iter()
        .map(|each| each.id)
        .collect();
    assert_eq!(ids, ["new", "waits"]);
}

#[tokio::test]
async fn a_test_says_what_the_receiver_said_and_is_not_repeated() {
    let bench = Bench::new("only = [\"guard\"]").await;
    let test = async || {
        let (store, config) = (&bench.jobs.store, &bench.jobs.config);
        let teller = bench.jobs.teller.as_ref().unwrap();
        let tested = notice::test(store, config, teller, bench.clock.as_ref()).await;
        bench.pass(1);
        tested.unwrap()
    };
    let taken = test().await;
    assert_eq!(
        (taken.taken, taken.host.as_str(), taken.said),
        (true, "127.0.0.1", None)
    );
    let body = &bench.bodies()[0];
    assert_eq!(
        (&body["alert"], &body["state"]),
        (&"test".into(), &"test".into())
    );
    bench.receiver.answer(401, "");
    let refused = test().await;
    assert!(refused.refused && refused.said.unwrap().contains("401"));
    bench.receiver.answer(500, "");
    let failed = test().await;
    assert!(!failed.refused && !failed.taken && failed.said.unwrap().contains("500"));
    bench.watch_for(HOUR).await;
    assert_eq!(bench.receiver.calls().len(), 3);
    assert_eq!(delivery(&bench), ["given up", "given up", "sent"]);
}

/// A line on which nobody ever answers.
struct Silent;

#[async_trait]
impl Transport for Silent {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        std::future::pending().await
    }
}

/// Jobs that tell a receiver on that line of a key that is refused.
fn silent(folder: &tempfile::TempDir) -> Jobs {
    let silent: Arc<dyn Transport> = Arc::new(Silent);
    let url = "http://127.0.0.1:9/hook";
    let (jobs, _) = bench::jobs(folder, url, "failure_after = 1", &silent);
    jobs.store
        .write(|tx| {
            tx.connection("news", "mailchimp", 1)?;
            tx.block("news", "E0601", 1)
        })
        .unwrap();
    jobs
}

fn under_way(jobs: &Jobs) -> Option<Delivery> {
    let notices = jobs.store.read(|conn| conn.notices(1)).unwrap();
    notices.first().map(|notice| notice.delivery)
}

#[tokio::test]
async fn while_a_receiver_does_not_answer_the_jobs_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = Arc::new(silent(&folder));
    let look = tokio::spawn({
        let jobs = Arc::clone(&jobs);
        async move { Watch::default().look(&jobs, None).await }
    });
    while under_way(&jobs) != Some(Delivery::Sending) {
        tokio::task::yield_now().await;
    }
    jobs.note("daily").await.unwrap();
    jobs.score(false).await.unwrap();
    assert_eq!(under_way(&jobs), Some(Delivery::Sending));
    look.abort();
}

#[tokio::test(start_paused = true)]
async fn looks_come_once_a_minute_and_a_receiver_that_hangs_holds_them_up_for_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = Arc::new(silent(&folder));
    let (looks, third) = (AtomicUsize::new(0), Notify::new());
    let present = || {
        if looks.fetch_add(1, Ordering::SeqCst) == 2 {
            third.notify_one();
        }
        (Arc::clone(&jobs), None)
    };
    let begun = tokio::time::Instant::now();
    tokio::select! {
        () = look_each_minute(present) => {}
        () = third.notified() => {}
    }
    // The first hangs until the call is left, which is then to be tried again by the clock that stands.
    assert_eq!(begun.elapsed(), Duration::from_secs(60 + 15 + 60 + 60));
    assert_eq!(under_way(&jobs), Some(Delivery::Retry));
}

#[tokio::test(start_paused = true)]
async fn a_running_daemon_tells_that_a_reload_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (jobs, line): (_, Arc<dyn Transport>) = (silent(&folder), Arc::new(Silent));
    let store = jobs.store.clone();
    let desk = Desk::new(jobs, bench::environment(), line);
    std::fs::write(folder.path().join("engaged.toml"), "timezone = 1").unwrap();
    desk.ask(crate::desk::ask::Ask::Reload, "a test");
    // The store's thread is not waited for by a clock that runs ahead.
    while desk.reload_trouble().is_none() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let pulse = desk.pulse.beat_at();
    let daemon = tokio::spawn(crate::daemon::run(Arc::clone(&desk)));
    let told = async || {
        let notices = store.read_async(|conn| conn.notices(9)).await.unwrap();
        let mut bodies = notices.into_iter().map(|notice| notice.notice.body);
        bodies.any(|body| body.contains("a new configuration was refused"))
    };
    let mut looked = 0;
    while !told().await {
        tokio::time::sleep(Duration::from_secs(1)).await;
        looked += 1;
        assert!(looked < 100_000, "nobody was told");
    }
    assert!(desk.pulse.beat_at() >= pulse);
    daemon.abort();
}
