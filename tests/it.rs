//! The shipped program as its users run it: real files, real processes, loopback only.

#[path = "it/acceptance.rs"]
mod acceptance;
#[path = "it/files.rs"]
mod files;
#[path = "it/program.rs"]
mod program;
