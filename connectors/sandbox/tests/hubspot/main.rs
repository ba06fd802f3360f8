//! The `HubSpot` stand-in asked without a wire: each quirk of the sheet by name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where it fails"
)]

mod client;
mod consent;
mod events;
mod faults;
mod hooks;
mod reading;
mod writing;
