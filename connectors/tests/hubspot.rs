//! The HubSpot connector through its port, against an account in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where what it needs is not there"
)]

#[path = "hubspot/fake.rs"]
mod fake;

#[path = "hubspot/contacts.rs"]
mod contacts;
#[path = "hubspot/events.rs"]
mod events;
#[path = "hubspot/limits.rs"]
mod limits;
#[path = "hubspot/push.rs"]
mod push;
#[path = "hubspot/remove.rs"]
mod remove;
