//! `engaged`: engagement scoring for e-mail lists. See `ARCHITECTURE.md` for the map.

pub mod clock;
pub mod import;
pub mod rules;
pub mod score;
pub mod store;
