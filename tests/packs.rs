//! The rule packs, and the worked cases that they come from, as histories with sums worked out by hand.
//!
//! A test whose name begins with an id (`fu_01`) is that row of the reference
//! on scoring, section E. Where that differs from the contract of the rules,
//! the contract stands, and the test says so. [`packs::later`] lists the rows
//! that are not here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "it/program.rs"]
mod program;

mod packs {
    mod b2b;
    mod funnel;
    mod hygiene;
    mod later;
    mod linter;
    mod mailblue;
    mod person;
    mod schema;
    mod shipped;
    mod shop;
    mod sums;
    mod timeline;
    mod together;
}
