//! The runtime on which a verb waits for networks and for the store, or why there is none.

use std::{
    io::{self, Write as _},
    panic,
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use crate::diagnostic::{Diagnostic, Exit, Expected};

/// What to do where there is no room for one.
const HELP: &str = "free some memory or threads and try again";

/// A runtime, or why there is none.
pub(super) fn started(runtime: io::Result<Runtime>) -> Result<Runtime, Expected> {
    runtime.map_err(|error| {
        let diagnostic = Diagnostic::error("E0199", failed(&error.to_string()));
        Expected::new(Exit::Bug, diagnostic.help(HELP))
    })
}

/// Runs something async to its end.
pub(super) fn wait<T>(work: impl Future<Output = T>) -> Result<T, Expected> {
    let runtime = started(built())?;
    let done = runtime.block_on(work);
    // What a stop cut off may still run on a thread of its own; it is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(done)
}

/// Where one of its threads cannot be made, tokio panics, and then waits for ever for those that it had made (1.x; seen
/// under a limit of memory). Nothing is under way yet, so the process ends instead.
fn built() -> io::Result<Runtime> {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(|panicked| {
        let why = panicked.payload().downcast_ref::<String>();
        let why = failed(why.map_or("a thread could not be made", String::as_str));
        let _ = writeln!(io::stderr(), "error[E0199]: {why}\n  help: {HELP}");
        std::process::exit(i32::from(Exit::Bug as u8));
    }));
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    panic::set_hook(usual);
    runtime
}

fn failed(why: &str) -> String {
    format!("the runtime did not start: {why}")
}
