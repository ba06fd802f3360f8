//! The ActiveCampaign stand-in: each quirk by name, and every answer against the published description.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::doc_markdown,
    reason = "a test may stop where it fails"
)]

mod client;
mod events;
mod hooks;
mod reading;
mod spec;
mod writing;
