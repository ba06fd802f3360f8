//! `import`: files come in.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    diagnostic::{Diagnostic, Exit, Expected},
    import::{self, ImportError, ImportReport, Options},
    verdict::Machines,
};

use super::{Context, output};

#[derive(Debug, Args)]
pub(super) struct Import {
    /// JSON lines or CSV
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The connection that the rows belong to
    #[arg(long, default_value = "import")]
    connection: String,
}

pub(super) fn import(context: &Context, arguments: &Import) -> Result<Exit, Expected> {
    let config = context.config()?;
    if config
        .connections
        .iter()
        .any(|each| each.name == arguments.connection)
    {
        return Err(super::usage(
            format!("'{}' is synced from its platform", arguments.connection),
            "import under another name, with --connection",
        ));
    }
    let store = context.writing(&config)?;
    store.judge_by(Arc::new(Machines::new(config.machines.clone())))?;
    let options = Options {
        connection: arguments.connection.clone(),
        kinds: config.rules.kinds.clone(),
    };
    let bar = bar();
    let mut progress = |progress: import::Progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.bytes);
    };
    let report = import::import(
        &store,
        &arguments.files,
        &options,
        context.clock.as_ref(),
        &mut progress,
    );
    bar.finish_and_clear();
    let report = report.map_err(failed)?;
    let json = serde_json::json!({
        "schema": 1, "contacts": report.contacts, "events": report.events, "duplicates": report.duplicates,
        "withheld": report.withheld, "outdated": report.outdated, "superseded": report.superseded, "gaps": report.gaps, "erased": report.erased,
        "bad": report.bad_count,
        "bad_lines": report.bad.iter().map(|bad| serde_json::json!({
            "file": bad.file, "line": bad.line, "reason": bad.reason })).collect::<Vec<_>>(),
    });
    context.output.show(&json, |_| summary(&report));
    for bad in report.bad.iter().take(20) {
        output::say(&format!(
            "{}:{}: left out: {}",
            bad.file.display(),
            bad.line,
            bad.reason
        ));
    }
    for key in &report.unknown_keys {
        let nearest = key
            .nearest
            .map(|nearest| format!("; did you mean '{nearest}'?"))
            .unwrap_or_default();
        output::say(&format!(
            "{}:{}: '{}' means nothing here{nearest}",
            key.file.display(),
            key.line,
            key.key
        ));
    }
    Ok(if report.bad_count > 0 {
        Exit::Part
    } else {
        Exit::Done
    })
}

/// Progress on stderr, where a person watches.
fn bar() -> ProgressBar {
    let bar = if output::watched() {
        ProgressBar::new(0)
    } else {
        ProgressBar::hidden()
    };
    // The template is constant text; should it ever be wrong, the bar looks plainer.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn summary(report: &ImportReport) -> String {
    let erased = match report.erased {
        0 => String::new(),
        erased => format!(", {erased} rows of contacts who were erased left out"),
    };
    let withheld = match report.withheld {
        0 => String::new(),
        number => format!(", {number} not stored since their contacts have not agreed to them"),
    };
    let outdated = match report.outdated {
        0 => String::new(),
        number => format!(", {number} not stored since they are older than [retention] keeps them"),
    };
    format!(
        "{} contacts, {} new events, {} known already, {} gaps, {} lines left out{withheld}{outdated}{erased}",
        report.contacts, report.events, report.duplicates, report.gaps, report.bad_count
    )
}

fn failed(error: ImportError) -> Expected {
    match error {
        ImportError::Store(error) => error.into(),
        other => {
            let diagnostic = Diagnostic::error("E0120", other.to_string())
                .help("what was read before stays; the same import may be run again");
            Expected::new(Exit::Usage, diagnostic)
        }
    }
}
