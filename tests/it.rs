//! The shipped program as its users run it: real files, real processes, loopback only.

#[path = "it/acceptance.rs"]
mod acceptance;
#[path = "it/program.rs"]
mod program;
#[path = "it/files.rs"]
mod files;
