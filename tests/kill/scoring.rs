//! Kills while scores are written.
use crate::rounds::Rounds;
pub fn score(_: &mut Rounds) {}
