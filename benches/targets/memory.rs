//! Whether memory stays flat: the shipped program with some contacts and with ten times as many.

use std::path::Path;

use crate::{
    report::{Good, Report, number},
    stage::{Size, Stage},
};

/// What is run one after the other.
const VERBS: [&[&str]; 3] = [&["sync"], &["score"], &["plan"]];

/// Compares the largest resident sizes.
pub fn measure(folder: &Path, size: Size, report: &Report) {
    let peaks = |size: Size| {
        let stage = Stage::new(folder, size);
        let peaks = VERBS.map(|words| {
            let (cost, said) = stage.run(words);
            assert!(cost.status.success(), "{words:?} ends well: {said}");
            if let Some(streams) = said["sync"][0]["streams"].as_array() {
                let events = streams.iter().filter_map(|each| each["events"].as_f64());
                report.note(format!(
                    "{} contacts with {} events are read in {} CPU s",
                    size.people,
                    number(events.sum()),
                    number(cost.cpu)
                ));
            }
            cost.peak
        });
        stage.end();
        peaks
    };
    let small = peaks(size);
    let large = peaks(Size {
        people: size.people * 10,
        ..size
    });
    report.note(format!(
        "{} contacts, then {}; a letter a week for {} months",
        size.people,
        size.people * 10,
        size.months
    ));
    for ((words, small), large) in VERBS.iter().zip(small).zip(large) {
        let verb = words[0];
        report.note(format!("{verb}: {small:.1} MB, then {large:.1} MB"));
        report.claim(
            format!("memory: {verb}, ten times the contacts"),
            (large / small, "x"),
            (Good::Low, 1.2),
            1.25,
        );
        report.claim(
            format!("memory: {verb}, largest resident size"),
            (large, "MB"),
            (Good::Low, 256.0),
            1.0,
        );
    }
}
