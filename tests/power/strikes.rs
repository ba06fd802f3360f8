//! The program is killed exactly at its n-th write and at its n-th sync, for every n or for as many as are asked for;
//! and its n-th write or sync fails, once or from then on.

use std::collections::BTreeMap;

use engaged_sandbox::{
    people::Publication,
    rng::{Rng, mix},
};

use crate::{
    judge::{Violation, itself, run},
    program::Program,
    stage::{Scene, Stage},
    trace::{FILES, under_strace},
};

/// At so many places of a kind the program is struck, unless `ENGAGED_STRIKES` says otherwise.
const STRIKES: usize = 60;

/// After so many kills the next run is killed too, early: while it recovers what the first one left.
const AGAIN: usize = 3;

/// The calls at which the program is struck.
pub const CALLS: [&str; 2] = ["fsync", "pwrite64"];

pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// What a stroke did.
pub struct Struck {
    /// Whether the call came, and what was planned was done to it.
    pub fired: bool,
    code: Option<i32>,
    said: String,
}

/// Runs the program and does something to its n-th call.
pub fn strike(
    program: &Program,
    words: &[&str],
    call: &str,
    what: &str,
    when: &str,
) -> Option<Struck> {
    let log = program.path().join("strace.log");
    let _ = std::fs::remove_file(&log);
    let (trace, inject) = (
        format!("trace={call}"),
        format!("inject={call}:{what}:when={when}"),
    );
    let options = ["-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
    let output = under_strace(program, &options, words)?.output().unwrap();
    let seen = std::fs::read_to_string(&log).unwrap();
    let killed = what.contains("SIGKILL") && output.status.code().is_none();
    Some(Struck {
        fired: killed || seen.contains("(INJECTED)"),
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// How often one thread of a run makes a call; `strace` counts each thread's by itself.
pub fn calls(program: &Program, words: &[&str], call: &str) -> Option<usize> {
    let log = program.path().join("strace.log");
    let trace = format!("trace={call}");
    let options = ["-o", log.to_str().unwrap(), "-e", &trace];
    let status = under_strace(program, &options, words)?
        .output()
        .unwrap()
        .status;
    assert!(status.success(), "{words:?}: {status:?}");
    let seen = std::fs::read_to_string(&log).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in seen
        .lines()
        .filter(|line| line.contains(&format!("{call}(")))
    {
        *counts.entry(line.split(' ').next().unwrap()).or_default() += 1;
    }
    Some(counts.into_values().max().unwrap_or(0))
}

/// A database that can be put back.
pub struct Kept(pub [Option<Vec<u8>>; FILES.len()]);

impl Kept {
    pub fn of(program: &Program) -> Self {
        Self(FILES.map(|name| std::fs::read(program.path().join(name)).ok()))
    }

    pub fn put_back(&self, program: &Program) {
        let _ = std::fs::remove_file(program.path().join("engaged.db-shm"));
        for (name, bytes) in FILES.iter().zip(&self.0) {
            let path = program.path().join(name);
            match bytes {
                Some(bytes) => std::fs::write(path, bytes).unwrap(),
                None => drop(std::fs::remove_file(path)),
            }
        }
    }
}

/// Which of so many calls are struck: all, or some of each part of the run.
pub fn places(all: usize, wanted: usize, chance: &mut Rng) -> Vec<usize> {
    if all <= wanted {
        return (1..=all).collect();
    }
    let place = |number: usize| {
        let (from, to) = (number * all / wanted, (number + 1) * all / wanted);
        let width = u32::try_from(to - from).unwrap();
        1 + from + chance.below(width) as usize
    };
    (0..wanted).map(place).collect()
}

pub fn scene() -> Stage {
    let stage = Stage::new(&Scene {
        people: 14,
        ghost: Some(Publication::Monthly),
        ..Scene::default()
    });
    stage.configure(|config| careless(&config));
    stage
}

/// No guard holds what a test wants to see written.
fn careless(config: &str) -> String {
    config.replace(
        "[scores.engagement]",
        "[guards]\nmax_score_change = 1.0\n[scores.engagement]",
    )
}

/// The events of the store are those of the platform, and the store agrees with itself.
pub fn judge(stage: &Stage) -> Vec<Violation> {
    let (mut found, mut truth) = stage.site_found_and_true();
    found.sort();
    truth.sort();
    let mut broken = itself(&stage.program);
    if found != truth {
        broken.push(Violation::Lost(format!(
            "{} events of {}",
            found.len(),
            truth.len()
        )));
    }
    broken
}

/// Kills a verb at its calls, each time from the same beginning, and lets it run to its end after each kill.
fn kills(stage: &Stage, what: &str, words: &[&str], settle: &[&str]) -> Option<usize> {
    let program = &stage.program;
    let kept = Kept::of(program);
    let mut fired = 0;
    for call in CALLS {
        kept.put_back(program);
        let all = calls(program, words, call)?;
        let seed = setting("ENGAGED_SEED", 1) as u64;
        let mut chance = Rng::new(mix(&[seed, all as u64]));
        let (mut here, mut again) = (0, 0);
        for place in places(all, setting("ENGAGED_STRIKES", STRIKES), &mut chance) {
            kept.put_back(program);
            let struck = strike(program, words, call, "signal=SIGKILL", &place.to_string())?;
            here += usize::from(struck.fired);
            if here % AGAIN == 0 {
                let early = 1 + chance.below(4);
                let struck = strike(program, settle, call, "signal=SIGKILL", &early.to_string())?;
                again += usize::from(struck.fired);
            }
            let mut broken = run(program, settle);
            broken.extend(judge(stage));
            assert!(
                broken.is_empty(),
                "{what}, killed at {call} {place} of {all}: {broken:#?}"
            );
        }
        println!(
            "{what}: {here} kills at {call}, of {all} calls; {again} more while that was recovered"
        );
        fired += here + again;
    }
    Some(fired)
}

#[test]
fn a_kill_at_any_write_or_sync_of_a_sync_or_a_scoring_loses_and_doubles_nothing() {
    let stage = scene();
    // Tables are made by another thread than rows are written by.
    let Some(mut fired) = kills(&stage, "a new database", &["score"], &["sync"]) else {
        return;
    };
    Kept(Default::default()).put_back(&stage.program);
    stage.program.expect(0, &["score"]);
    fired += kills(&stage, "a first sync", &["sync"], &["sync"]).unwrap();
    stage.program.expect(0, &["sync"]);
    stage.program.expect(0, &["score"]);
    stage.day_of_news();
    fired += kills(&stage, "a sync of news", &["sync"], &["sync"]).unwrap();
    stage.program.expect(0, &["sync"]);
    fired += kills(&stage, "a scoring", &["score"], &["score"]).unwrap();
    println!("{fired} kills in all");
    assert!(
        fired >= 3 * setting("ENGAGED_STRIKES", STRIKES),
        "only {fired} kills"
    );
}

#[test]
fn a_kill_at_any_write_or_sync_of_a_push_is_put_right_and_then_there_is_silence() {
    let stage = scene();
    let program = &stage.program;
    if under_strace(program, &[], &[]).is_none() {
        return;
    }
    stage.settle();
    let mut chance = Rng::new(mix(&[setting("ENGAGED_SEED", 1) as u64, 7]));
    let (wanted, mut fired, mut turned) = (setting("ENGAGED_STRIKES", STRIKES), 0, false);
    for round in 0..wanted + wanted / 2 {
        turned = !turned;
        let points = if turned { -9 } else { 1 };
        stage.configure(|config| {
            let rule = format!("{{ when = \"open\", points = {points},");
            careless(&config).replace("{ when = \"open\", points = 1,", &rule)
        });
        program.expect(0, &["score"]);
        let call = CALLS[round % CALLS.len()];
        // A push of some ten requests syncs some twenty times.
        let place = 1 + chance.below(if call == "fsync" { 12 } else { 50 });
        let struck = strike(
            program,
            &["apply"],
            call,
            "signal=SIGKILL",
            &place.to_string(),
        )
        .unwrap();
        fired += usize::from(struck.fired);
        stage.work("apply");
        assert_eq!(
            stage.site_differences(),
            Vec::<String>::new(),
            "after {call} {place}"
        );
        let before = stage.writes().len();
        stage.work("apply");
        assert_eq!(stage.writes().len(), before, "silence after {call} {place}");
        assert_eq!(itself(program), [], "after {call} {place}");
    }
    println!("a push: {fired} kills");
    assert!(fired >= wanted, "only {fired} kills");
}

#[test]
fn a_write_or_a_sync_that_fails_ends_the_run_with_9_and_nothing_is_lost() {
    let stage = scene();
    let program = &stage.program;
    program.expect(0, &["score"]);
    let kept = Kept::of(program);
    let faults = [
        ("fsync", "error=EIO", ""),
        ("fsync", "error=EIO", "+"),
        ("pwrite64", "error=EIO", ""),
        ("pwrite64", "error=ENOSPC", "+"),
    ];
    let mut fired = 0;
    for (number, (call, what, from)) in faults.into_iter().enumerate() {
        kept.put_back(program);
        let Some(all) = calls(program, &["sync"], call) else {
            return;
        };
        let mut chance = Rng::new(mix(&[setting("ENGAGED_SEED", 1) as u64, number as u64]));
        for place in places(
            all,
            setting("ENGAGED_STRIKES", STRIKES).div_ceil(4),
            &mut chance,
        ) {
            kept.put_back(program);
            let struck = strike(program, &["sync"], call, what, &format!("{place}{from}")).unwrap();
            assert!(struck.fired, "{call} {place} of {all} never came");
            let case = format!("{what} at {call} {place}{from} of {all}");
            assert!(
                ended_well(&struck, place == all),
                "{case}: {:?}\n{}",
                struck.code,
                struck.said
            );
            fired += 1;
            let mut broken = run(program, &["sync"]);
            broken.extend(judge(&stage));
            assert!(broken.is_empty(), "{case}: {broken:#?}");
        }
    }
    println!("{fired} failures injected");
}

/// Whether a run that met a failing disk said so. What fails after the last commit, when the log is taken away, changes nothing.
fn ended_well(struck: &Struck, last: bool) -> bool {
    match struck.code {
        Some(9) => struck.said.contains("E03"),
        Some(0) => last || !struck.said.contains("E03"),
        _ => false,
    }
}

#[test]
fn a_limit_on_file_size_is_a_full_disk_and_says_so() {
    let stage = scene();
    let program = &stage.program;
    let shell = |words: &str| {
        let script = format!(
            "trap '' XFSZ; {words} exec {} sync",
            program.binary.display()
        );
        let mut command = program.command(&[]);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).current_dir(program.path());
        for (name, value) in command.env("NO_COLOR", "1").get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        shell.output().unwrap()
    };
    // In units of 512 bytes or of 1024, as the shell has it: a database with its tables takes some 900 KB.
    let output = shell("ulimit -f 1300;");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(9), "{said}");
    assert!(said.contains("E03"), "{said}");
    let mut broken = run(program, &["sync"]);
    broken.extend(judge(&stage));
    assert!(broken.is_empty(), "{broken:#?}");
}
