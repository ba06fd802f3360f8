//! The program `engaged`: see `engaged --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    engaged::cli::run()
}
