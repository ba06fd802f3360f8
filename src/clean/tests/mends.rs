//! What goes wrong when two things meet: a merge and a word, an undoing and a doubt, a start and another.

use engaged_connectors::model::EventKind;

use super::{DAY, UNSUBSCRIBE, bench, plan, policy};
use crate::store::Stage;

const FIRST: &str = "then = \"unsubscribe\"\nholdout = 0.0\nmax_share = 1.0\nfirst = { automation = \"Win-back\" }";

#[tokio::test]
async fn another_start_is_no_win_back() {
    let bench = bench(&policy(FIRST));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    bench.wait(DAY);
    bench.series.start("p0", &bench, bench.now());
    bench.wait(40 * DAY);
    bench.cover();
    let late = plan(&bench);
    assert_eq!((late.take, late.in_win_back), (0, 1));
}

#[tokio::test]
async fn a_start_before_the_asking_is_no_win_back() {
    let bench = bench(&policy(FIRST));
    bench.list(100, 1);
    bench.apply(&plan(&bench).fingerprint).await;
    // Asked for anew after long: what was started between is over, and it gets its whole time again.
    bench.wait(61 * DAY);
    bench.cover();
    let case = bench.store.read(|conn| conn.open_cases("sunset")).unwrap();
    let (id, now) = (case[0].id, bench.now());
    bench.series.start_all(now - 50 * DAY);
    bench
        .store
        .write(move |tx| tx.set_stage(id, Stage::HeldOut, "", now - DAY))
        .unwrap();
    let again = plan(&bench);
    assert_eq!((again.ask, again.take), (1, 0));
    bench.apply(&again.fingerprint).await;
    bench.wait(DAY);
    bench.cover();
    let next = plan(&bench);
    assert_eq!((next.take, next.in_win_back), (0, 1));
}
