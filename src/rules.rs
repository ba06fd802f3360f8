//! The rule language: text to syntax tree and back, and checked sets of rules.
//!
//! [`parse_rule`] and [`parse_condition`] read what a user wrote, `print`
//! writes it canonically, [`circle`] orders what reads each other, [`lint`]
//! warns. The small matters that have one meaning everywhere live here too:
//! [`glob`], [`text_test`], [`truth`], [`fake`], [`freemail`].
//!
//! Nothing here evaluates a contact (`score` does), reads a file, or knows
//! the date.

pub mod circle;
pub mod disposable;
pub mod error;
pub mod fake;
pub mod freemail;
pub mod glob;
pub mod horizon;
mod lexer;
pub mod lint;
pub mod measured;
pub mod names;
mod parser;
pub mod print;
pub mod reach;
pub mod set;
pub mod syntax;
pub mod text_test;
pub mod tracking;
pub mod truth;

pub use error::{Code, SyntaxError};
pub use names::{Context, KnownScore, is_name, reserved};
pub use parser::{parse_condition, parse_rule, parse_span};
