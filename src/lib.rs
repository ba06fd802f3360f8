//! `engaged`: engagement scoring for e-mail lists. See `ARCHITECTURE.md` for the map.

pub mod clock;
pub mod config;
pub mod diagnostic;
pub mod rules;
pub mod schedule;
pub mod score;
pub mod store;
