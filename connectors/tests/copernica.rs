//! The Copernica connector through its port, against an account in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where what it needs is not there"
)]

#[path = "copernica/fake.rs"]
mod fake;

#[path = "copernica/collections.rs"]
mod collections;
#[path = "copernica/contacts.rs"]
mod contacts;
#[path = "copernica/fixtures.rs"]
mod fixtures;
#[path = "copernica/following.rs"]
mod following;
#[path = "copernica/logs.rs"]
mod logs;
#[path = "copernica/polled.rs"]
mod polled;
#[path = "copernica/push.rs"]
mod push;
#[path = "copernica/token.rs"]
mod token;
#[path = "copernica/webhook.rs"]
mod webhook;
