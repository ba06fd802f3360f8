//! Rounds of a phase: how many kills fell into it, and what they broke.

use std::{collections::BTreeMap, path::PathBuf};

use engaged_sandbox::rng::{Rng, mix};

use crate::{
    judge::Violation,
    stage::{Scene, Stage},
};

/// How many kills must fall into each phase.
const WANTED: u32 = 30;
/// After so many times as many kills the phase is taken to be unreachable.
const TRIES: u32 = 6;

/// One phase's rounds.
pub struct Rounds {
    phase: String,
    wanted: u32,
    /// Kills between the phase's first and last write, as seen in what they left.
    pub effective: u32,
    /// Kills before, after, or of a program that had ended.
    pub ineffective: u32,
    /// Where the effective ones fell, and how often.
    places: BTreeMap<String, u32>,
    /// What was broken.
    pub broken: Vec<Violation>,
    /// Where to kill.
    pub chance: Rng,
    seed: u64,
    planted: Option<(PathBuf, &'static str)>,
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

impl Rounds {
    /// Rounds of the shipped program.
    pub fn shipped(phase: &str) -> Self {
        let wanted = setting("ENGAGED_ROUNDS").map_or(WANTED, |rounds| rounds.try_into().unwrap());
        let seed = setting("ENGAGED_SEED").unwrap_or(1);
        Self {
            phase: phase.to_owned(),
            wanted,
            effective: 0,
            ineffective: 0,
            places: BTreeMap::new(),
            broken: Vec::new(),
            chance: Rng::new(mix(&[seed, phase.len() as u64])),
            seed,
            planted: None,
        }
    }

    /// At least so many kills must fall into the phase.
    pub fn at_least(self, wanted: u32) -> Self {
        Self {
            wanted: self.wanted.max(wanted),
            ..self
        }
    }

    /// One of several parts of these rounds, which are done at the same time: most of the time is waiting for a platform's pace.
    pub fn part(self, number: u32, of: u32) -> Self {
        Self {
            phase: format!("{}, part {number}", self.phase),
            wanted: self.wanted.div_ceil(of),
            chance: Rng::new(mix(&[self.seed, self.phase.len() as u64, number.into()])),
            ..self
        }
    }

    /// Rounds of another build, with a bug planted in it.
    pub fn planted(binary: PathBuf, bug: &'static str, wanted: u32) -> Self {
        Self {
            wanted,
            planted: Some((binary, bug)),
            ..Self::shipped(&format!("planted: {bug}"))
        }
    }

    /// The next scene's stage; each has people of its own.
    pub fn stage(&mut self, scene: &Scene) -> Stage {
        let seed = self.chance.bits();
        let mut stage = Stage::new(&Scene { seed, ..*scene });
        self.plant(&mut stage.program);
        stage
    }

    /// Gives a program the build that these rounds are about.
    pub fn plant(&self, program: &mut crate::program::Program) {
        if let Some((binary, bug)) = &self.planted {
            program.binary.clone_from(binary);
            program.bug = Some(bug);
        }
    }

    /// How many kills must fall into the phase.
    pub const fn wanted(&self) -> u32 {
        self.wanted
    }

    /// Whether there is to be another round.
    pub fn go_on(&self) -> bool {
        let tries = self.effective + self.ineffective;
        self.broken.is_empty() && self.effective < self.wanted && tries < self.wanted * TRIES
    }

    /// Counts a kill, and where it fell.
    pub fn count(&mut self, effective: bool, place: String) {
        if effective {
            self.effective += 1;
            *self.places.entry(place).or_default() += 1;
        } else {
            self.ineffective += 1;
        }
    }

    /// A number from 1 to `last`.
    pub fn pick(&mut self, last: u32) -> u32 {
        1 + self.chance.below(last)
    }

    /// Says how it went.
    pub fn tell(&self) {
        println!(
            "{}: {} effective kills, {} ineffective, seed {}; places: {:?}; broken: {:?}",
            self.phase, self.effective, self.ineffective, self.seed, self.places, self.broken
        );
    }

    /// Says how it went and fails if that is not well.
    pub fn end(&self) {
        self.tell();
        assert!(self.broken.is_empty(), "{:#?}", self.broken);
        assert!(
            self.effective >= self.wanted,
            "too few kills fell into the phase"
        );
    }
}
