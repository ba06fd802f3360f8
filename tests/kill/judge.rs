//! What may never come of a kill, held against what the platforms know.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{program::Program, side::Side, stage::Stage, watch::Left};

/// How many cases a finding names.
pub const NAMED: usize = 3;

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Events of the platform that the store does not have.
    Lost(String),
    /// Events that the store has more often than the platform.
    Twice(String),
    /// Events that the platform never had.
    Invented(String),
    /// The file is damaged, or rows refer to nothing.
    Unsound(String),
    /// The packed history is not the log's, or scores are not what the log gives.
    Disagrees(String),
    /// Something changed on a platform for which no attempt was committed before.
    Unaccounted(String),
    /// A request came again without a kill that explains it.
    Repeated(String),
    /// Somebody may be mailed who might not before, or something that is not ours was changed.
    Touched(String),
    /// A platform does not show what it should.
    NotConverged(String),
    /// Where nothing is left to do, something is written.
    Restless(String),
    /// An older value was written over a newer one.
    Aged(String),
    /// A plan changed something, on a platform or here.
    Planned(String),
    /// A run after the kill did not end well.
    Failed(String),
}

/// Runs a verb that must end well.
pub fn run(program: &Program, words: &[&str]) -> Vec<Violation> {
    let run = program.run(words);
    if run.code == 0 {
        return Vec::new();
    }
    vec![Violation::Failed(format!(
        "engaged {}: {}\n{}{}",
        words.join(" "),
        run.code,
        run.out,
        run.err
    ))]
}

/// Holds the store against the platforms, event by event, and against itself.
pub fn store(stage: &Stage) -> Vec<Violation> {
    let sides = Side::all(stage).into_iter();
    let mut broken: Vec<Violation> = sides
        .flat_map(|side| events(side.word(), side.events()))
        .collect();
    let gone = stage.number("select count(*) from identity where gone_at is not null");
    if gone > 0 {
        broken.push(Violation::Lost(format!(
            "{gone} contacts are held for gone"
        )));
    }
    broken.extend(itself(&stage.program));
    broken
}

/// Holds the store against itself: the file, the packed history against the log, the scores against both.
pub fn itself(program: &Program) -> Vec<Violation> {
    let mut broken = Left::by(program).is_sound();
    let run = program.run(&["verify", "--json"]);
    let report: Value = serde_json::from_str(&run.out).unwrap_or_default();
    if report["different"] != 0 {
        broken.push(Violation::Disagrees(format!("{}{}", run.out, run.err)));
    }
    broken
}

/// A plan asks, and changes nothing: no request that writes, and no byte of the database.
pub fn plan(stage: &Stage) -> Vec<Violation> {
    let sides = Side::all(stage);
    let writes = || -> usize { sides.iter().map(|side| side.writes(0).len()).sum() };
    let before = (writes(), stage.files());
    let mut broken = run(&stage.program, &["plan"]);
    let (asked, files) = (writes(), stage.files());
    if asked != before.0 || files != before.1 {
        broken.push(Violation::Planned(format!(
            "{} requests; the files are as before: {}",
            asked - before.0,
            files == before.1
        )));
    }
    broken
}

/// Compares two bags of events.
fn events(whose: &str, (found, truth): (Vec<String>, Vec<String>)) -> Vec<Violation> {
    let mut times: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for event in found {
        times.entry(event).or_default().0 += 1;
    }
    for event in truth {
        times.entry(event).or_default().1 += 1;
    }
    let those = |differs: fn(usize, usize) -> bool, broken: fn(String) -> Violation| {
        let all = times
            .iter()
            .filter(|(_, (ours, theirs))| differs(*ours, *theirs));
        let named: Vec<&String> = all.clone().map(|(event, _)| event).take(NAMED).collect();
        let count = all.count();
        (count > 0).then(|| broken(format!("{count} events of {whose}: {named:?}…")))
    };
    let found = [
        those(|ours, theirs| ours < theirs, Violation::Lost),
        those(|ours, theirs| ours > theirs && theirs > 0, Violation::Twice),
        those(
            |ours, theirs| ours > theirs && theirs == 0,
            Violation::Invented,
        ),
    ];
    found.into_iter().flatten().collect()
}
