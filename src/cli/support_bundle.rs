//! `support-bundle`: one file for somebody who is to help, without a secret or an address.

use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt as _, path::PathBuf};

use clap::Args;
use serde_json::json;

use crate::{
    bundle::{self, Asked},
    config,
    diagnostic::{Exit, Expected},
    doctor,
};

use super::{Context, doctor::look, output, usage};

#[derive(Debug, Args)]
pub(super) struct SupportBundle {
    /// Where to write it; engaged-support-DATE.tar.gz if left out
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Take in the end of this log, cleaned, e.g. what `journalctl -u engaged` said
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Ask no platform
    #[arg(long)]
    offline: bool,
}

pub(super) fn support_bundle(
    context: &Context,
    arguments: &SupportBundle,
) -> Result<Exit, Expected> {
    let files = config::sources(&context.path).map_err(|one| Expected::from(vec![*one]))?;
    let config = config::load_texts(&context.path, &files, &context.environment)?;
    let now = context.clock.now();
    let folder = format!("engaged-support-{}", now.format("%Y%m%d-%H%M%S"));
    let path = arguments.output.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{folder}.tar.gz")));
    let unwritable = |error: io::Error| {
        usage(
            format!("{} cannot be written: {error}", path.display()),
            "name another file with -o; nothing is written over",
        )
    };
    // Before the platforms are asked: whoever cannot write need not wait for them.
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(unwritable)?;
    let made = || -> Result<Vec<bundle::Part>, Expected> {
        let report = look(context, &config, None, arguments.offline)?;
        let store = doctor::store(&config, context.clock.as_ref());
        let parts = bundle::contents(&Asked {
            config: &config,
            files: &files,
            environment: &context.environment,
            doctor: serde_json::to_value(&report).unwrap_or_default(),
            store: store.as_ref(),
            log: arguments.log.as_deref(),
            clock: context.clock.as_ref(),
        });
        bundle::pack(&file, &folder, &parts, now).map_err(unwritable)?;
        file.sync_all().map_err(unwritable)?;
        Ok(parts)
    };
    let parts = made().inspect_err(|_| {
        // Half a bundle helps nobody.
        let _ = std::fs::remove_file(&path);
    })?;
    for part in &parts {
        output::say(&format!("  {:<34} {}", part.name, part.about));
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let result = json!({ "schema": 1, "file": path, "parts": names });
    context.output.show(&result, |_| {
        format!(
            "wrote {}: look it through before you send it",
            path.display()
        )
    });
    Ok(Exit::Done)
}
