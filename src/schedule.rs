//! When jobs run.
//!
//! [`due`] decides from the schedules, the last runs and the present, and is
//! pure; the daemon asks it at every heartbeat. Nothing here runs a job.

pub mod due;
