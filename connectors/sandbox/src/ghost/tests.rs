//! Each quirk of the API that a reader or writer must cope with, seen over HTTP.

pub(super) mod client;
mod events;
mod hooks;
mod members;
mod tokens;
