//! The dashboard and the HTTP API.

pub mod chart;
