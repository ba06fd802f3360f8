//! `engaged`: engagement scoring for e-mail lists.
#![doc = include_str!("ARCHITECTURE.md")]
#![cfg_attr(
    test,
    allow(
        clippy::pedantic,
        clippy::manual_is_multiple_of,
        clippy::unnecessary_to_owned,
        reason = "a test tells one story from its beginning to its end"
    )
)]

pub mod account;
pub mod adjusting;
pub mod alert;
pub mod automation;
pub mod because;
pub mod clean;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conformance;
pub mod daemon;
pub mod demo;
pub mod desk;
pub mod diagnostic;
pub mod drift;
pub mod entries;
pub mod health;
pub mod holdout;
pub mod hooks;
pub mod import;
pub mod ingest;
pub mod insight;
pub mod leads;
pub mod listing;
pub mod metrics;
mod planted;
pub mod platform;
pub mod preview;
pub mod publish;
pub mod push;
pub mod rescore;
pub mod rule_tests;
pub mod rules;
pub mod schedule;
pub mod score;
pub mod status;
pub mod store;
pub mod sync;
pub mod text;
pub mod verdict;
pub mod verify;
pub mod web;
pub mod words;
