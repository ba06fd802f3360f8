//! Lives of a whole installation, one for each seed: the engine, a real database, two platforms in this process and a
//! clock that is moved by hand. Days pass, networks fail, keys are refused, rules are edited, the process dies between
//! two requests; then the trouble ends, a person answers what is asked, and the platforms' own books are held against ours.
//!
//! `ENGAGED_SEEDS` (100) says how many lives, `ENGAGED_SEED` (1) from which on. A seed that fails is printed with the
//! command that lives the same life again. `simulation/regressions.txt` has those that once failed; they come first.
//! `simulation/planted.rs` has bugs that the lives must find.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/program.rs"]
mod program;
#[path = "it/stage.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod stage;

#[path = "simulation/clock.rs"]
mod clock;
#[path = "simulation/judge.rs"]
mod judge;
#[path = "simulation/life.rs"]
mod life;
#[path = "simulation/line.rs"]
mod line;
#[path = "simulation/planted.rs"]
mod planted;
#[path = "simulation/tally.rs"]
mod tally;

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use life::Life;
use planted::{BUGS, Bug};
use tally::Tally;

/// How many lives, unless somebody says otherwise. `.ci/run` does.
const SEEDS: u64 = 100;
/// Lives beside each other.
const THREADS: usize = 2;
/// Lives that once went wrong.
const REGRESSIONS: &str = include_str!("simulation/regressions.txt");

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn regressions() -> impl Iterator<Item = u64> {
    let seeds = REGRESSIONS
        .lines()
        .filter_map(|line| line.split('#').next());
    let seeds = seeds.map(str::trim).filter(|seed| !seed.is_empty());
    seeds.map(|seed| seed.parse().unwrap())
}

/// Lives one life; what was broken in it.
fn live(seed: u64, bug: Option<&'static Bug>, tally: &mut Tally) -> Vec<String> {
    let living = AssertUnwindSafe(|| Life::new(seed, bug).live(tally));
    catch_unwind(living).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        vec![format!("panicked: {}", text.unwrap_or_default())]
    })
}

#[test]
fn whatever_happens_to_an_installation_its_promises_hold() {
    let first = setting("ENGAGED_SEED");
    let seeds = setting("ENGAGED_SEEDS").unwrap_or(SEEDS);
    let from = first.unwrap_or(1);
    // Where a first one is named, it is these that somebody wants to see.
    let known = regressions().filter(|_| first.is_none());
    let queue: VecDeque<u64> = known.chain(from..from + seeds).collect();
    let lives = queue.len();
    let queue = Mutex::new(queue);
    let (tally, broken) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(seed) = queue.lock().unwrap().pop_front() else {
                        return;
                    };
                    let mut own = Tally::default();
                    let found = live(seed, None, &mut own);
                    tally.lock().unwrap().add(&own);
                    if !found.is_empty() {
                        println!("seed {seed}: {found:#?}\n{}", again(seed));
                        broken.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let (tally, broken) = (tally.into_inner().unwrap(), broken.into_inner().unwrap());
    println!("{lives} lives: {tally}");
    let lines: Vec<String> = broken.iter().map(|seed| again(*seed)).collect();
    assert!(
        broken.is_empty(),
        "seeds {broken:?}; each belongs into tests/simulation/regressions.txt, and is lived again by\n{}",
        lines.join("\n")
    );
    if seeds >= SEEDS {
        assert_eq!(
            tally.never(),
            Vec::<&str>::new(),
            "what never happened was not tried"
        );
    }
}

/// The command that lives a life again.
fn again(seed: u64) -> String {
    format!(
        "ENGAGED_SEED={seed} ENGAGED_SEEDS=1 cargo test --test simulation whatever -- --nocapture"
    )
}

#[test]
fn the_same_seed_lives_the_same_life() {
    for seed in [3, 17, 40] {
        let lives = [(); 2].map(|()| {
            let (mut life, mut tally) = (Life::new(seed, None), Tally::default());
            let broken = life.live(&mut tally);
            (broken, tally, life.digest())
        });
        assert_eq!(lives[0], lives[1], "seed {seed}");
    }
}

/// Within how many lives a bug must be found.
const LIVES: u64 = 6;

#[test]
fn each_planted_bug_is_found_within_a_few_lives() {
    let queue = Mutex::new(BUGS.iter().collect::<VecDeque<_>>());
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some(bug) = queue.lock().unwrap().pop_front() else {
                        return;
                    };
                    let mut said = Vec::new();
                    let found = (1..=LIVES).find(|seed| {
                        let own = live(*seed, Some(bug), &mut Tally::default());
                        let found = own.iter().any(|finding| finding.contains(bug.found));
                        said.extend(own);
                        found
                    });
                    println!("{}: found in life {found:?}", bug.name);
                    if found.is_none() {
                        missed
                            .lock()
                            .unwrap()
                            .push(format!("{}: {said:#?}", bug.name));
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
