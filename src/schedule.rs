//! What runs, and when.
//!
//! [`due`] decides from the schedules, the last runs and the present, and is
//! pure; [`jobs`] are what runs; the daemon joins the two at every heartbeat.

pub mod due;
pub mod jobs;
mod retention;
mod weekly;
