//! Scoring: a pure function of events, profile, rules and a date.
//!
//! No I/O, no clock, no async; evaluation cannot fail. What a platform, a
//! table or a file looks like is unknown here.
//!
//! [`facts`] is what goes in, [`model::Model`] the compiled rules,
//! [`evaluate`] the result on a date, [`explain`] the result in words.

mod absence;
pub mod ask;
pub mod beside;
pub mod calendar;
mod condition;
mod each;
pub mod evaluate;
pub mod explain;
pub mod facts;
pub mod first;
pub mod logistic;
pub mod model;
pub mod orders;
mod pattern;
mod status;
mod subject;
pub mod tracking;

pub use absence::{Grounds, Reason};
pub use condition::{Doubt, Judgement};
pub use status::status_on;
