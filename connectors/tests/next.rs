//! What follows a score, against the sandboxes over a real line: starts that must not
//! come twice, contacts taken off and put back, and calls of a webhook.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where what it needs is not there"
)]

#[path = "next/bench.rs"]
mod bench;

#[path = "next/ghost.rs"]
mod ghost;
#[path = "next/mailchimp.rs"]
mod mailchimp;
#[path = "next/outgoing.rs"]
mod outgoing;
