//! The `ActiveCampaign` connector through its port, against an account in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where what it needs is not there"
)]

#[path = "activecampaign/fake.rs"]
mod fake;

#[path = "activecampaign/contacts.rs"]
mod contacts;
#[path = "activecampaign/reports.rs"]
mod reports;
#[path = "activecampaign/spec.rs"]
mod spec;
#[path = "activecampaign/streams.rs"]
mod streams;
#[path = "activecampaign/webhook.rs"]
mod webhook;
#[path = "activecampaign/writing.rs"]
mod writing;
