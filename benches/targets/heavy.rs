//! One contact with very many events: taken in, scored and explained, some and twice as many.
//!
//! Such a one exists on every list: a role's mailbox behind a scanner, the account on which somebody tests. What is done for
//! each of its events must not look at all of them again.

use std::{fs, io::Write as _, path::Path, process::Command};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::{
    measure::{self, Cost},
    report::{Good, Report, number},
};

const CONFIG: &str = "timezone = \"Europe/Amsterdam\"\nextends = [\"copernica-shop\"]\n";

/// What each verb costs.
const VERBS: [&[&str]; 3] = [
    &["import", "events.jsonl"],
    &["score"],
    &["explain", "role@example.org"],
];

/// Opens and clicks of one contact, a minute apart, up to yesterday.
fn write(path: &Path, events: u32) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    let end: DateTime<Utc> = Utc::now() - TimeDelta::days(1);
    for number in 0..events {
        let at = end - TimeDelta::minutes(i64::from(events - number));
        let mut row = json!({
            "email": "role@example.org", "id": number.to_string(), "at": at.to_rfc3339(), "kind": "open"
        });
        if number % 2 == 0 {
            row["kind"] = json!("click");
            row["link"] = json!(format!("https://shop.example/{}", number % 500));
        }
        writeln!(file, "{row}")?;
    }
    file.flush()
}

fn costs(folder: &Path, events: u32) -> [Cost; 3] {
    let folder = tempfile::tempdir_in(folder).expect("a folder");
    fs::write(folder.path().join("engaged.toml"), CONFIG).expect("the configuration is kept");
    write(&folder.path().join("events.jsonl"), events).expect("the events are kept");
    VERBS.map(|words| {
        let said = fs::File::create(folder.path().join("said")).expect("a file for what it says");
        let mut command = Command::new(env!("CARGO_BIN_EXE_engaged"));
        let cost = measure::run(command.current_dir(folder.path()).args(words).stdout(said));
        assert!(cost.status.success(), "{words:?} ends well");
        cost
    })
}

/// Compares so many events with half of them.
pub fn measure(folder: &Path, events: u32, report: &Report) {
    let half = costs(folder, events / 2);
    let whole = costs(folder, events);
    report.note(format!(
        "one contact with {} events, then {events}",
        events / 2
    ));
    for ((words, half), whole) in VERBS.iter().zip(half).zip(whole) {
        let verb = words[0];
        report.note(format!(
            "{verb}: {} and {} CPU s, {:.0} and {:.0} MB",
            number(half.cpu),
            number(whole.cpu),
            half.peak,
            whole.peak
        ));
        // Scoring one contact takes hardly longer than a start.
        if verb == "score" {
            continue;
        }
        report.claim(
            format!("heavy: {verb}, twice the events"),
            (whole.cpu / half.cpu, "x"),
            (Good::Low, 2.3),
            1.3,
        );
        report.claim(
            format!("heavy: {verb}, memory"),
            (whole.peak, "MB"),
            (Good::Low, 250.0),
            1.2,
        );
    }
}
