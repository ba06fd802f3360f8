//! The rule language: text to syntax tree and back, and checked sets of rules.
//!
//! Nothing here evaluates anything ([`crate::score`] does), reads a file, or
//! knows the date.

pub mod set;
pub mod syntax;
