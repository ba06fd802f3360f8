//! Lives of a whole installation, one for each seed: the engine, a real database, two platforms in this process and a
//! clock that is moved by hand. Days pass, networks fail, keys are refused, rules are edited, the process dies between
//! two requests; then the trouble ends, a person answers what is asked, and the platforms' own books are held against ours.
//!
//! `ENGAGED_SEEDS` (500) says how many lives, `ENGAGED_SEED` (1) from which on. A seed that fails is printed and lives
//! the same life again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/program.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
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
#[path = "simulation/tally.rs"]
mod tally;

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use life::Life;
use tally::Tally;

/// Lives beside each other.
const THREADS: usize = 2;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn whatever_happens_to_an_installation_its_promises_hold() {
    let (first, seeds) = (setting("ENGAGED_SEED", 1), setting("ENGAGED_SEEDS", 500));
    let next = AtomicU64::new(first);
    let (tally, broken) = (Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + seeds {
                        return;
                    }
                    let mut own = Tally::default();
                    let found = Life::new(seed).live(&mut own);
                    tally.lock().unwrap().add(&own);
                    if !found.is_empty() {
                        println!("seed {seed}: {found:#?}");
                        broken.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    let (tally, broken) = (tally.into_inner().unwrap(), broken.into_inner().unwrap());
    println!("{seeds} lives: {tally}");
    assert!(
        broken.is_empty(),
        "seeds {broken:?}: ENGAGED_SEED=n ENGAGED_SEEDS=1 lives one again"
    );
    if seeds >= 100 {
        assert_eq!(
            tally.never(),
            Vec::<&str>::new(),
            "what never happened was not tried"
        );
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    for seed in [3, 17, 40] {
        let lives = [(); 2].map(|()| {
            let (mut life, mut tally) = (Life::new(seed), Tally::default());
            let broken = life.live(&mut tally);
            (broken, tally, life.digest())
        });
        assert_eq!(lives[0], lives[1], "seed {seed}");
    }
}
