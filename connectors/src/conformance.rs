//! Conformance: what every connector must do, as checks that anybody can run on theirs.
//!
//! A platform brings a [`Subject`], which sets up a [`Stand`]: a stand-in of the
//! platform with an account on it, whose truth the checks may look at. The
//! checks K1 to K18 drive the connector through its own transport, with a
//! [`probe`] in between that plays faults and counts them. A check that was
//! not effective (a fault that never fired, a list that fitted on one page) is a
//! failure and not a pass. A check that does not apply needs a reason in the
//! subject's manifest.
//!
//! The checks wait as long as platforms ask them to, so run them on a
//! current-thread runtime whose time is paused, as `engaged conformance` does.
//! They judge a connector, not the platform, and never the network below the
//! transport.

#![expect(
    clippy::unnecessary_box_returns,
    reason = "what a check ends with is boxed once, where it is made, and passed on by `?`"
)]

mod altered;
mod asking;
mod clocks;
mod docs;
mod golden;
mod hooks;
mod keys;
mod limits;
mod links;
mod logs;
pub mod probe;
mod quiet;
mod reading;
mod removing;
mod report;
mod settings;
mod starting;
mod subject;
mod table;
mod taken;
mod writing;

pub use docs::{Row, table};
pub use golden::{Golden, render as render_golden};
pub use report::{Check, Finding, Outcome, Report, Tally, Verdict};
pub use settings::{Setting, SettingKind, Settings};
pub use subject::{
    Access, Edit, Edited, HandClock, KeyKind, Rights, Scene, Sent, Shown, Skip, Stand, Subject,
    Truth, Unwritable,
};

/// With what our tags begin on a stand.
pub const PREFIX: &str = "engaged:";

/// Every check, in the order in which they run.
pub const CHECKS: [Check; 18] = [
    Check::new(
        "K1",
        "settings stay compatible, and secrets are typed as such",
    ),
    Check::new(
        "K2",
        "check tells apart good, configuration and provider, within 10 s",
    ),
    Check::new("K3", "the capability table equals what the code does"),
    Check::new(
        "K4",
        "recorded answers give the same events; what is unknown is counted",
    ),
    Check::new(
        "K5",
        "a full read is complete, twice and while the platform changes",
    ),
    Check::new("K6", "a read resumes from every checkpoint"),
    Check::new("K7", "a cursor from the future hides nothing"),
    Check::new("K8", "rows of one second over the edge of a page"),
    Check::new(
        "K9",
        "writes are sets, a bad row stands alone, limits are known before",
    ),
    Check::new("K10", "429 and quotas are obeyed, within reason"),
    Check::new(
        "K11",
        "a refused key stops at once, and nothing is lost by it",
    ),
    Check::new(
        "K12",
        "nothing follows a link or a redirect to another host",
    ),
    Check::new("K13", "a dry run only reads"),
    Check::new("K14", "webhooks: genuine in, forged out"),
    Check::new("K15", "no key and no whole address in a log or an error"),
    Check::new(
        "K16",
        "a start begins once at most, whatever becomes of its answer",
    ),
    Check::new(
        "K17",
        "a removal is a set, and nobody is put back who decided since",
    ),
    Check::new(
        "K18",
        "a field that changes one day loses nothing in silence",
    ),
];

/// Runs the checks, or those of them that `only` names.
pub async fn run(subject: &dyn Subject, only: &[&str]) -> Report {
    let wanted =
        |check: &&Check| only.is_empty() || only.iter().any(|id| id.eq_ignore_ascii_case(check.id));
    let mut report = Report::new(subject.platform());
    for check in CHECKS.iter().filter(wanted) {
        let mut tally = Tally::default();
        let whole = subject
            .skips()
            .iter()
            .find(|skip| skip.check == check.id && skip.part.is_none());
        let verdict = match whole {
            Some(skip) => Verdict::Skipped(skip.reason),
            None => match one(check.id, subject, &mut tally).await {
                Ok(()) => Verdict::Passed,
                Err(finding) => Verdict::Failed(*finding),
            },
        };
        report.outcomes.push(Outcome {
            check: *check,
            verdict,
            tally,
            parts: subject
                .skips()
                .iter()
                .filter(|skip| skip.check == check.id && skip.part.is_some())
                .copied()
                .collect(),
        });
    }
    report
}

async fn one(id: &str, subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    match id {
        "K1" => settings::compatible(subject, tally).await,
        "K2" => asking::three_answers(subject, tally).await,
        "K3" => table::equals(subject, tally).await,
        "K4" => golden::same(subject, tally).await,
        "K5" => reading::complete(subject, tally).await,
        "K6" => reading::resumes(subject, tally).await,
        "K7" => clocks::future(subject, tally).await,
        "K8" => reading::burst(subject, tally).await,
        "K9" => writing::sets(subject, tally).await,
        "K10" => limits::obeyed(subject, tally).await,
        "K11" => keys::refused(subject, tally).await,
        "K12" => links::stay(subject, tally).await,
        "K13" => quiet::only_reads(subject, tally).await,
        "K14" => hooks::judged(subject, tally).await,
        "K15" => quiet::no_leak(subject, tally).await,
        "K16" => starting::once(subject, tally).await,
        "K17" => removing::respects(subject, tally).await,
        "K18" => altered::told(subject, tally).await,
        _ => Err(Finding::new("there is no such check built yet", id)
            .next("declare it as skipped, with a reason, in the subject's manifest")
            .boxed()),
    }
}
