//! The rule language: text to syntax tree and back, and checked sets of rules.
//!
//! Nothing here evaluates anything ([`crate::score`] does), reads a file, or
//! knows the date.

pub mod fake;
pub mod freemail;
pub mod glob;
pub mod print;
pub mod set;
pub mod syntax;
pub mod text_test;
pub mod truth;
