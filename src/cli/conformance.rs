//! `conformance`: runs the checks that every connector must pass, against the stand-in of its platform.

use clap::Args;
use engaged_connectors::conformance::{self, CHECKS, Report};

use super::{Context, runtime::started, usage};
use crate::{
    conformance::{SUBJECTS, subject},
    diagnostic::{Exit, Expected},
};

#[derive(Debug, Args)]
pub(super) struct Conformance {
    /// Whose connector: ghost or mailchimp
    platform: String,
    /// Only this check; may be given more than once
    #[arg(long, value_name = "CHECK")]
    only: Vec<String>,
}

/// Runs the checks. A connector that fails one has a fault of the program's own.
pub(super) fn conformance(context: &Context, arguments: &Conformance) -> Result<Exit, Expected> {
    let Some(subject) = subject(&arguments.platform) else {
        let names: Vec<&str> = SUBJECTS.iter().map(|subject| subject.platform()).collect();
        return Err(usage(
            format!(
                "there is no connector for '{}' to examine",
                arguments.platform
            ),
            format!("there are: {}", names.join(", ")),
        ));
    };
    let known = |id: &&String| CHECKS.iter().any(|check| check.id.eq_ignore_ascii_case(id));
    if let Some(unknown) = arguments.only.iter().find(|id| !known(id)) {
        return Err(usage(
            format!("there is no check '{unknown}'"),
            "the checks are K1 to K18",
        ));
    }
    let only: Vec<&str> = arguments.only.iter().map(String::as_str).collect();
    let report = wait(conformance::run(subject, &only))?;
    context
        .output
        .show(&report.to_json(), |_| report.to_string());
    Ok(exit(&report))
}

fn exit(report: &Report) -> Exit {
    if report.passed() {
        Exit::Done
    } else {
        Exit::Bug
    }
}

/// Runs to the end on a runtime whose time passes only while nothing else is to do: an hour of waiting takes no time.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Expected> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    Ok(started(runtime)?.block_on(work))
}

#[cfg(test)]
mod tests {
    use engaged_connectors::conformance::{Finding, Outcome, Tally, Verdict};

    use super::*;

    #[test]
    fn a_failed_check_is_a_fault_of_the_programs_own() {
        let outcome = |verdict| Outcome {
            check: CHECKS[0],
            verdict,
            tally: Tally::default(),
            parts: Vec::new(),
        };
        let report = |verdict| Report {
            platform: "ghost",
            outcomes: vec![outcome(Verdict::Passed), outcome(verdict)],
        };
        assert_eq!(exit(&report(Verdict::Skipped("for a reason"))), Exit::Done);
        let failed = report(Verdict::Failed(Finding::new("a row is lost", "opens")));
        assert_eq!(exit(&failed), Exit::Bug);
        assert!(failed.to_string().contains("what   a row is lost"));
        assert_eq!(failed.to_json()["checks"][1]["finding"]["place"], "opens");
    }
}
