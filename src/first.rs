//! The first run: from a few answers to a configuration that a person wants to keep.
//!
//! What is asked is in `answers`, what can be chosen in `offer`, the text that comes of it in `compose`. Before anything is
//! written the platform is asked (`probe`) and the whole configuration is checked; `place` then writes the key's file and
//! the configuration, both or neither, and never over anything. How people are asked is the command line's business.
//!
//! A shadow period follows, and `live` ends it: one connection is made writable in the file, comments kept.

pub mod answers;
pub mod compose;
pub mod live;
pub mod offer;
pub mod place;
pub mod probe;

#[cfg(test)]
mod tests;
