//! After a restore nothing starts for the time of which nobody knows what the former database started.

use super::*;
use crate::store::Source;

#[test]
fn what_happened_before_a_quarantine_ended_starts_nothing_whenever_it_is_told_of() {
    let bench = starting(JOURNEY);
    bench.score();
    let source = Source {
        file: "old.db".into(),
        known_to: None,
        zone: Zone::new(bench.config.zone),
    };
    let now = bench.now();
    let begun = bench
        .store
        .write(move |tx| tx.begin_quarantine(&source, now))
        .unwrap();
    bench.did("a", &EventKind::Click, 5, HOUR);
    bench.score();
    assert_eq!(bench.entries(), ["it a silent: restored from a backup"]);
    bench.wait(HOUR);
    let now = bench.now();
    bench
        .store
        .write(move |tx| tx.end_quarantine(begun.id, "tom", now))
        .unwrap();
    bench.wait(HOUR);
    // It came late, and the former database may have known it in time.
    bench.did("b", &EventKind::Click, 5, 2 * HOUR);
    bench.did("c", &EventKind::Click, 5, HOUR / 2);
    bench.score();
    assert_eq!(
        bench.entries()[1..],
        ["it b silent: late news of the past", "it c ready"]
    );
}
