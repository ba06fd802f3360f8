//! Scoring: a pure function of events, profile, rules and a date.
//!
//! No I/O, no clock, no async; evaluation cannot fail. What a platform, a
//! table or a file looks like is unknown here.

pub mod calendar;
pub mod facts;
