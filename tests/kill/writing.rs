//! Kills while a platform is written to.
use crate::rounds::Rounds;
pub fn before_the_answer(_: &mut Rounds) {}
pub fn after_the_answer(_: &mut Rounds) {}
