//! What a person asks to be tried again.

use super::*;

fn again(bench: &Bench) {
    let (id, now) = (bench.id, bench.now());
    bench
        .store
        .write(move |tx| tx.retry_now(id, now).map(|_| ()))
        .unwrap();
}

#[tokio::test]
async fn what_was_refused_is_held_back_for_a_day_unless_a_person_asks_for_it() {
    let bench = bench(FIELD);
    bench.levels(&[("a", "high")]);
    bench.baseline().await;
    bench.levels(&[("a", "middle")]);
    bench.answer(|_| (false, Outcome::Rejected("no".into())));
    assert_eq!(bench.apply().await.rejected, [("no".into(), 1)]);
    bench.wait(HOUR);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.held_back), (0, 1));
    again(&bench);
    let plan = bench.plan().await;
    assert_eq!((plan.writes, plan.held_back), (1, 0));
    // Refused once more, it waits once more.
    bench.wait(HOUR);
    assert_eq!(bench.apply().await.rejected, [("no".into(), 1)]);
    assert_eq!(bench.plan().await.held_back, 1);
}

#[tokio::test]
async fn what_waits_for_another_try_is_sent_at_once_when_a_person_asks_for_it() {
    let bench = bench(FIELD);
    bench.levels(&[("a", "high")]);
    bench.baseline().await;
    bench.levels(&[("a", "middle")]);
    let wait = std::time::Duration::from_hours(6);
    bench.answer(move |_| (false, Outcome::Retry("busy".into(), Some(wait))));
    assert_eq!(bench.apply().await.retried, 1);
    bench.obey();
    assert_eq!(bench.apply().await.applied, 0);
    again(&bench);
    assert_eq!(bench.apply().await.applied, 1);
}
