//! The Mailchimp stand-in through plain sockets: each quirk by name, and every answer against the published description.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where it fails"
)]

mod batches;
mod client;
mod consent;
mod faults;
mod reading;
mod reports;
mod spec;
mod writing;
