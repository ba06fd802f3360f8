//! Reading a platform: the shipped program beside a script as many have one, from the same server.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::{
    measure,
    report::{Good, Report, number},
    stage::{Size, Stage},
};

/// Reads everything once with each.
#[expect(clippy::cast_precision_loss, reason = "counts")]
pub fn measure(folder: &Path, size: Size, report: &Report) {
    let stage = Stage::new(folder, size);
    let (cost, said) = stage.run(&["sync"]);
    assert!(cost.status.success(), "the sync ends well: {said}");
    let streams = said["sync"][0]["streams"].as_array().expect("streams");
    let of = |stream: &Value, what: &str| stream[what].as_u64().expect("a count");
    let activity = streams
        .iter()
        .find(|each| each["stream"] == "activity")
        .expect("activity");
    let events = of(activity, "events");
    let all: u64 = streams.iter().map(|each| of(each, "events")).sum();

    let counts = stage.path("counts.txt");
    let mut script = Command::new("python3");
    script
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/plain_sync.py"))
        .args([&stage.base, &stage.key])
        .args([stage.path("plain.db"), counts.clone()]);
    let plain = measure::run(&mut script);
    assert!(plain.status.success(), "the script ends well");
    let told = std::fs::read_to_string(counts).expect("what the script found");
    let theirs: u64 = told.trim().parse().expect("a number");
    assert_eq!(events, theirs, "both read the same");

    let per = 1e6 / all as f64;
    report.note(format!(
        "{} events of {} contacts in {} pages, contacts and orders with them",
        number(all as f64),
        size.people,
        streams.iter().map(|each| of(each, "pages")).sum::<u64>()
    ));
    report.note(format!(
        "a million events: the script {} CPU s and {:.0} MB, `engaged sync` {} CPU s and {:.0} MB",
        number(plain.cpu * 1e6 / theirs as f64),
        plain.peak,
        number(cost.cpu * per),
        cost.peak
    ));
    report.claim(
        "sync: CPU s for a million events",
        (cost.cpu * per, "s"),
        (Good::Low, 5.0),
        4.0,
    );
    report.claim(
        "sync: largest resident size",
        (cost.peak, "MB"),
        (Good::Low, 64.0),
        2.0,
    );
    stage.end();
}
