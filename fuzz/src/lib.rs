//! What each fuzz target does with bytes; a finding is a panic.
//!
//! One function for each target, in a file of its name. `fuzz_targets/` hands
//! it what libFuzzer makes up; `tests/fuzz.rs` of the project hands it the
//! corpora on every test run, so that no target rots. A target asserts what its
//! reader promises, not only that it does not fall over.

pub mod answers;
pub mod config;
pub mod cursor;
pub mod database;
pub mod globs;
pub mod history;
pub mod import;
pub mod plan;
pub mod platform;
pub mod query;
pub mod rows;
pub mod rules;
pub mod schedule;
pub mod seeds;
pub mod signature;
pub mod text;
pub mod webhook;
pub mod wire;

mod scratch;

/// A target: its name, which is that of its corpus, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by name.
pub const TARGETS: [Target; 20] = [
    ("activecampaign", wire::activecampaign),
    ("answers", answers::run),
    ("config", config::run),
    ("copernica", wire::copernica),
    ("cursor", cursor::run),
    ("database", database::run),
    ("ghost", wire::ghost),
    ("globs", globs::run),
    ("history", history::run),
    ("hubspot", wire::hubspot),
    ("import", import::run),
    ("mailchimp", wire::mailchimp),
    ("plan", plan::run),
    ("query", query::run),
    ("rows", rows::run),
    ("rules", rules::run),
    ("schedule", schedule::run),
    ("signature", signature::run),
    ("text", text::run),
    ("webhook", webhook::run),
];
