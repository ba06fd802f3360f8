//! Starts of which the answer is lost, late or no: at most one for each entry, whatever crashes.

use super::*;

fn lost(_: &Start) -> Answer {
    (true, Outcome::Ambiguous("reset".into()))
}

/// Somebody for whom it is not known whether the journey began.
async fn doubtful() -> Bench {
    let bench = starting(JOURNEY);
    bench.begins(lost);
    bench.levels(&[("a", "high")]);
    let report = bench.apply().await;
    assert_eq!((report.applied, report.in_doubt), (0, 1));
    bench.begins(|_| (true, Outcome::Applied));
    bench.asked();
    bench
}

impl Bench {
    fn resolve(&self, resolution: Resolution) -> Option<EntryState> {
        let now = self.now();
        let resolved = self
            .store
            .write(move |tx| tx.resolve_entry(1, resolution, "marit", now));
        resolved.unwrap()
    }

    async fn nothing_more_in_twenty_runs(&self) {
        for _ in 0..20 {
            self.score();
            assert_eq!(self.plan().await.writes, 0);
            assert_eq!(self.pushed().await, NOTHING);
        }
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_never_repeated_by_itself() {
    let bench = doubtful().await;
    assert_eq!(bench.entries(), ["it a in doubt: reset"]);
    bench.nothing_more_in_twenty_runs().await;
    bench.wait(2 * WEEK);
    bench.nothing_more_in_twenty_runs().await;
    assert_eq!(bench.begun(), [("start:1".into(), 1)]);
}

#[tokio::test]
async fn a_process_that_ends_before_the_answer_leaves_a_doubt() {
    let bench = starting(JOURNEY);
    bench.levels(&[("a", "high")]);
    bench.cut_off().await;
    assert_eq!(bench.entries(), ["it a attempting"]);
    assert_eq!(bench.plan().await.writes, 0);
    bench.asked();
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(bench.entries(), ["it a in doubt"]);
    bench.nothing_more_in_twenty_runs().await;
    // The same where the next process begins by looking at what was cut off.
    bench.levels(&[("b", "high")]);
    bench.cut_off().await;
    let now = bench.now();
    bench.write(move |tx| tx.doubt_attempts(now).map(|_| ()));
    assert_eq!(bench.entries(), ["it a in doubt", "it b in doubt"]);
    bench.asked();
    bench.nothing_more_in_twenty_runs().await;
    assert_eq!(
        bench.begun(),
        [("start:1".into(), 1), ("start:2".into(), 1)]
    );
}

#[tokio::test]
async fn a_persons_word_settles_a_doubt() {
    let bench = doubtful().await;
    assert_eq!(
        bench.resolve(Resolution::Started),
        Some(EntryState::Started)
    );
    assert_eq!(bench.resolve(Resolution::Again), None);
    bench.nothing_more_in_twenty_runs().await;
    assert_eq!(bench.entries(), ["it a started: resolved by marit"]);

    let bench = doubtful().await;
    assert_eq!(bench.resolve(Resolution::Drop), Some(EntryState::Withdrawn));
    bench.nothing_more_in_twenty_runs().await;

    let bench = doubtful().await;
    assert_eq!(bench.resolve(Resolution::Again), Some(EntryState::Ready));
    assert_eq!(bench.plan().await.starts, 1);
    assert_eq!(bench.pushed().await, ["a starts start:1"]);
    assert_eq!(bench.entries(), ["it a started"]);
    bench.nothing_more_in_twenty_runs().await;
    assert_eq!(bench.begun(), [("start:1".into(), 2)]);
}

#[tokio::test]
async fn who_left_meanwhile_is_not_started_again() {
    let bench = doubtful().await;
    bench.levels(&[("a", "")]);
    assert_eq!(bench.entries(), ["it a in doubt: reset, left"]);
    assert_eq!(
        bench.resolve(Resolution::Again),
        Some(EntryState::Withdrawn)
    );
    bench.nothing_more_in_twenty_runs().await;
}

#[tokio::test]
async fn what_is_to_be_tried_again_is_started_once_later() {
    let bench = starting(JOURNEY);
    bench.begins(|_| (false, Outcome::Retry("busy".into(), None)));
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.apply().await.retried, 1);
    assert_eq!(bench.entries(), ["it a ready: busy"]);
    bench.begins(|_| (true, Outcome::Applied));
    bench.asked();
    assert_eq!(bench.pushed().await, ["a starts start:1"]);
    bench.nothing_more_in_twenty_runs().await;
    assert_eq!(bench.begun(), [("start:1".into(), 1)]);
    // A platform that is away was asked for nothing.
    *bench.site.fails.lock().unwrap() = Some(transient());
    bench.levels(&[("b", "high")]);
    assert!(bench.apply().await.unavailable.is_some());
    assert_eq!(bench.pushed().await, ["b starts start:2"]);
    // Who leaves meanwhile is not started.
    bench.begins(|_| (false, Outcome::Retry("busy".into(), None)));
    bench.levels(&[("c", "high")]);
    bench.apply().await;
    bench.asked();
    bench.levels(&[("c", "")]);
    assert_eq!(bench.pushed().await, NOTHING);
    assert_eq!(
        bench.entries().pop().unwrap(),
        "it c withdrawn: left before it was started, left"
    );
}

#[tokio::test]
async fn what_is_refused_is_not_repeated() {
    let bench = starting(JOURNEY);
    bench.begins(|_| (false, Outcome::Rejected("no such step".into())));
    bench.levels(&[("a", "high")]);
    assert_eq!(bench.apply().await.rejected.len(), 1);
    bench.begins(|_| (true, Outcome::Applied));
    bench.asked();
    bench.wait(2 * DAY);
    bench.nothing_more_in_twenty_runs().await;
    assert_eq!(bench.entries(), ["it a refused: no such step"]);
}

#[tokio::test]
async fn a_doubt_keeps_nobody_else_waiting() {
    let bench = starting(JOURNEY);
    bench.levels(&[("a", "high")]);
    bench.cut_off().await;
    bench.asked();
    bench.levels(&[("b", "high")]);
    assert_eq!(bench.pushed().await, ["b starts start:2"]);
    assert_eq!(bench.entries(), ["it a in doubt", "it b started"]);
}
