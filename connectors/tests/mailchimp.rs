//! The Mailchimp connector through its port, against an account in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where what it needs is not there"
)]

#[path = "mailchimp/fake.rs"]
mod fake;

#[path = "mailchimp/activity.rs"]
mod activity;
#[path = "mailchimp/contacts.rs"]
mod contacts;
#[path = "mailchimp/orders.rs"]
mod orders;
#[path = "mailchimp/push.rs"]
mod push;
#[path = "mailchimp/spec.rs"]
mod spec;
