//! From scores to the platforms: plan, outbox, guards, apply.
//!
//! A plan is the difference between what a platform is to show and what it was
//! last told; it writes nothing. Applying a plan first puts every write into the
//! outbox, then carries it out, and remembers what the platform acknowledged.

pub mod apply;
pub mod cause;
pub mod compare;
pub mod diff;
pub mod guard;
pub mod plan;
mod send;
mod settle;
pub mod starts;
pub mod stop;
pub mod targets;
pub mod word;

#[cfg(test)]
mod tests;
