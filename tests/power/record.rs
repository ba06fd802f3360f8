//! Which runs are recorded: a first sync, scores and the first push, a day of news, and a daemon that takes deliveries.

use std::process::Stdio;

use engaged_sandbox::people::Publication;

use crate::{
    cuts::{Found, at_every_call},
    disk::Image,
    hooked,
    program::Program,
    stage::{Scene, Stage},
    trace::{FILES, Op, Said, read, recording, under_strace},
};

/// So many effective cuts there are at least, in all.
const WANTED: usize = 10_000;

/// So many deliveries a daemon takes.
const DELIVERIES: usize = 40;

/// The files as a program left them when it ended.
fn image(program: &Program) -> Image {
    FILES.map(|name| std::fs::read(program.path().join(name)).ok())
}

/// A run that was recorded: the files before it, and what it asked.
struct Recorded {
    what: &'static str,
    before: Image,
    ops: Vec<Op>,
}

/// Runs the program to its end and records it.
fn record(program: &Program, what: &'static str, words: &[&str]) -> Option<Recorded> {
    let before = image(program);
    let log = program.path().join("strace.log");
    let mut command = under_strace(program, &recording(&log), words)?;
    let status = command.output().unwrap();
    assert!(status.status.success(), "{what}: {status:?}");
    Some(Recorded {
        what,
        before,
        ops: read(&log),
    })
}

fn seed() -> u64 {
    std::env::var("ENGAGED_SEED").map_or(1, |seed| seed.parse().unwrap())
}

fn cut(run: &Recorded) -> Found {
    let found = at_every_call(&run.before, &run.ops, seed());
    println!(
        "{}: {} calls, {} states committed, {} effective cuts, {} things told: {:?}",
        run.what,
        run.ops.len(),
        found.states,
        found.effective,
        found.said,
        found.broken
    );
    found
}

/// A daemon that takes deliveries, until it is asked to stop.
fn record_taking() -> Option<Recorded> {
    let program = hooked::program();
    let path = hooked::path(&program);
    let before = image(&program);
    let log = program.path().join("strace.log");
    let said = std::fs::File::create(program.path().join("said.log")).unwrap();
    let mut command = under_strace(&program, &recording(&log), &["run"])?;
    let mut tracer = command.stderr(said).stdout(Stdio::null()).spawn().unwrap();
    let address =
        hooked::address(|| std::fs::read_to_string(program.path().join("said.log")).unwrap());
    for number in 0..DELIVERIES {
        // Each comes twice, and is answered twice.
        for _ in 0..2 {
            assert_eq!(
                hooked::deliver(address, &hooked::request(&path, number)),
                Some(200)
            );
        }
    }
    let children = format!("/proc/{0}/task/{0}/children", tracer.id());
    let traced = std::fs::read_to_string(children).unwrap();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", traced.trim()])
        .status();
    assert!(sent.unwrap().success() && tracer.wait().unwrap().success());
    let what = "a daemon that takes deliveries";
    Some(Recorded {
        what,
        before,
        ops: read(&log),
    })
}

#[test]
fn whatever_was_synced_or_told_is_there_after_power_is_cut_anywhere() {
    let stage = Stage::new(&Scene {
        people: 14,
        ghost: Some(Publication::Monthly),
        ..Scene::default()
    });
    stage.configure(|config| {
        config.replace(
            "[scores.engagement]",
            "[guards]\nmax_score_change = 1.0\n[scores.engagement]",
        )
    });
    let program = &stage.program;
    let Some(sync) = record(program, "a first sync", &["sync"]) else {
        return;
    };
    let mut runs = vec![sync];
    runs.extend(record(program, "first scores", &["score"]));
    program.expect(5, &["apply"]);
    program.expect(0, &["approve", "baseline"]);
    runs.extend(record(program, "the first push", &["apply"]));
    stage.day_of_news();
    runs.extend(record(program, "a day of news", &["once"]));
    runs.extend(record_taking());
    let requests = runs
        .iter()
        .flat_map(|run| &run.ops)
        .filter(|op| matches!(op, Op::Said(Said::Request)))
        .count();
    assert!(requests > 3, "the push made only {requests} requests");
    let found: Vec<Found> = runs.iter().map(cut).collect();
    assert!(
        found.iter().all(|found| found.broken.is_empty()),
        "{found:#?}"
    );
    let effective: usize = found.iter().map(|found| found.effective).sum();
    println!("{effective} effective cuts in all");
    assert!(effective >= WANTED, "only {effective}");
}
