//! The program with the feature `planted-bugs`, under a name of its own: the shipped one is never built so.

use std::process::ExitCode;

fn main() -> ExitCode {
    engaged::cli::run()
}
