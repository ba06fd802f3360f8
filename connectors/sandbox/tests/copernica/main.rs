//! The Copernica stand-in through its own door: each quirk by name. A few go over plain sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where it fails"
)]

mod bench;
mod contacts;
mod hooks;
mod statistics;
mod tokens;
mod writing;
