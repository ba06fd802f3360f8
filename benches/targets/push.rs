//! Writing to a platform: queueing that grows as what is queued does, and as few requests as there can be.

use std::path::Path;

use crate::{
    report::{Good, Report, number},
    stage::{Size, Stage},
};

/// The most changes that one batch of Mailchimp may carry.
const BATCH: u64 = 500;

/// CPU seconds of planning, queueing and sending to so many contacts, and how many writes there were.
fn apply(folder: &Path, people: u32, report: &Report) -> (f64, u64) {
    let stage = Stage::new(folder, Size { people, months: 1 });
    for words in [
        &["sync"][..],
        &["score"],
        &["apply"],
        &["approve", "baseline"],
    ] {
        let (_, said) = stage.run(words);
        assert!(!said["errors"].is_array(), "{words:?} ends well: {said}");
    }
    let (cost, said) = stage.run(&["apply"]);
    // A few the platform refuses, for whom it must not write; that is no fault of the push.
    let queued = said["push"][0]["planned"].as_u64().unwrap_or_default();
    let applied = said["applied"].as_u64().unwrap_or_default();
    assert!(
        applied > queued * 9 / 10,
        "all but a few are applied: {said}"
    );
    let asked = stage.end();
    let batches = asked["batches"].as_u64().expect("a count");
    report.note(format!(
        "{queued} writes of one field: {batches} batches, {} CPU s",
        number(cost.cpu)
    ));
    // One write makes the field, and is no part of a batch.
    let least = (queued - 1).div_ceil(BATCH);
    assert_eq!(batches, least, "as few requests as there can be");
    (cost.cpu, queued)
}

/// Applies to some, and to twice as many.
#[expect(clippy::cast_precision_loss, reason = "counts")]
pub fn measure(folder: &Path, people: u32, report: &Report) {
    let (once, few) = apply(folder, people / 2, report);
    let (twice, many) = apply(folder, people, report);
    let growth = (twice / once) / (many as f64 / few as f64);
    report.claim(
        "push: CPU s a write when twice as many are queued, by those a write before",
        (growth, "x"),
        (Good::Low, 1.2),
        1.5,
    );
    report.note(format!(
        "{} writes planned, queued, sent and settled per CPU second",
        number(many as f64 / twice)
    ));
}
