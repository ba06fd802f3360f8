//! `clean`: who would be taken off a list, who is, and putting them back.

use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::{
    clean::{
        CleanError,
        apply::CleanReport,
        plan::{CleaningPlan, PolicyPlan},
        review::Reviewed,
    },
    config::Approve,
    diagnostic::{Diagnostic, Exit, Expected},
    listing::csv_line,
    platform,
    schedule::jobs::Jobs,
    store::{Speaker, Store},
};

use super::{
    Context,
    human::{beside, who},
    output,
    runtime::wait,
    work::jobs,
};

#[derive(Debug, Args)]
pub(super) struct Clean {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show who would be asked or taken off, and why; writes nothing
    Plan {
        /// Only this policy
        policy: Option<String>,
    },
    /// List the contacts of the present plans, or of a batch; or take contacts out
    Review(Review),
    /// Carry out a plan that was looked at
    Apply {
        /// The plan's fingerprint, as `clean plan` shows it
        plan: String,
    },
    /// Confirm, as a second person, a batch that somebody else approved; works beside a running daemon
    Confirm {
        /// The batch's number
        batch: i64,
    },
    /// Put back whom a batch took off, up to 90 days after
    Undo {
        /// The batch's number
        batch: i64,
    },
}

#[derive(Debug, Args)]
struct Review {
    /// The batch's number; the present plans if left out
    batch: Option<i64>,
    /// Only this policy
    #[arg(long, conflicts_with = "batch")]
    policy: Option<String>,
    /// Leave this contact alone until it is seen again; may be repeated
    #[arg(long, value_name = "EMAIL", conflicts_with = "batch")]
    keep: Vec<String>,
    /// How to list: table, csv or ndjson
    #[arg(long, default_value = "table", value_parser = ["table", "csv", "ndjson"])]
    format: String,
}

pub(super) fn clean(context: &Context, arguments: &Clean) -> Result<Exit, Expected> {
    match &arguments.what {
        What::Plan { policy } => plan(context, policy.as_deref()),
        What::Review(review) if review.keep.is_empty() => list(context, review),
        What::Review(review) => keep(context, review),
        What::Apply { plan } => {
            let jobs = jobs(context)?;
            let cleaning = jobs.cleaning()?;
            let by = Speaker::command_line(&who(context));
            let report = wait(cleaning.apply(plan, &by))??;
            Ok(done(context, &report))
        }
        What::Confirm { batch } => confirm(context, *batch),
        What::Undo { batch } => {
            let jobs = jobs(context)?;
            let cleaning = jobs.cleaning()?;
            let report = wait(cleaning.undo(*batch, &who(context)))??;
            Ok(done(context, &report))
        }
    }
}

/// The jobs on a store that is not locked: looking works beside a running daemon.
fn looking(
    context: &Context,
    open: impl FnOnce(&crate::config::Config) -> Result<Store, Expected>,
) -> Result<Jobs, Expected> {
    let config = context.config()?;
    let store = open(&config)?;
    let transport = platform::network()?;
    let clock = Arc::clone(&context.clock);
    Jobs::looking(config, store, clock, &context.environment, &transport)
}

fn plan(context: &Context, policy: Option<&str>) -> Result<Exit, Expected> {
    let jobs = looking(context, |config| context.reading(config))?;
    let plan = jobs.cleaning()?.plan(policy)?;
    context.output.show(&plan, plan_text);
    Ok(Exit::Done)
}

fn list(context: &Context, review: &Review) -> Result<Exit, Expected> {
    let jobs = looking(context, |config| context.reading(config))?;
    let cleaning = jobs.cleaning()?;
    let rows = match review.batch {
        Some(batch) => cleaning.review_batch(batch)?,
        None => cleaning.review(review.policy.as_deref())?,
    };
    match review.format.as_str() {
        _ if context.output.json => {
            context.output.show(
                &serde_json::json!({ "schema": 1, "contacts": rows }),
                |_| String::new(),
            );
        }
        "csv" => {
            let head = [
                "policy",
                "contact",
                "state",
                "silent_since",
                "connections",
                "detail",
            ];
            output::line(&csv_line(head.into_iter().map(str::to_owned)));
            for row in &rows {
                output::line(&csv_line(cells(row).into_iter()));
            }
        }
        "ndjson" => {
            for row in &rows {
                output::line(&serde_json::to_string(row).unwrap_or_default());
            }
        }
        _ => {
            let head = ["POLICY", "CONTACT", "STATE", "SILENT SINCE", "ON", "WHY"];
            let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row).to_vec()).collect();
            output::line(&crate::text::inert(&output::table(&head, &[], &rows)));
        }
    }
    Ok(Exit::Done)
}

fn cells(row: &Reviewed) -> [String; 6] {
    let row = row.clone();
    let on = row.connections.join("; ");
    [
        row.policy,
        row.contact,
        row.state,
        row.silent_since,
        on,
        row.detail,
    ]
}

fn keep(context: &Context, review: &Review) -> Result<Exit, Expected> {
    let jobs = looking(context, |config| beside(context, config))?;
    let cleaning = jobs.cleaning()?;
    let kept = cleaning.keep(review.policy.as_deref(), &review.keep, &who(context))?;
    let result = serde_json::json!({ "schema": 1, "kept": kept });
    context.output.show(&result, |_| {
        format!(
            "{kept} contacts are left alone until they are seen again\nnext: engaged clean plan"
        )
    });
    Ok(Exit::Done)
}

/// A person's word, and no more: the dashboard, where the other of the two is, runs in the daemon, which then carries it
/// out.
fn confirm(context: &Context, batch: i64) -> Result<Exit, Expected> {
    let jobs = looking(context, |config| beside(context, config))?;
    let cleaning = jobs.cleaning()?;
    let by = Speaker::command_line(&who(context));
    let report = wait(cleaning.confirm(batch, &by))??;
    let result = serde_json::json!({ "schema": 1, "clean": report });
    context.output.show(&result, |_| confirmed_text(&report));
    Ok(exit(&report))
}

fn done(context: &Context, report: &CleanReport) -> Exit {
    let result = serde_json::json!({ "schema": 1, "clean": report });
    context.output.show(&result, |_| report_text(report));
    exit(report)
}

fn exit(report: &CleanReport) -> Exit {
    if !report.held.is_empty() {
        Exit::Guard
    } else if !report.unavailable.is_empty() {
        Exit::Unavailable
    } else if report.retried + report.in_doubt > 0
        || !report.rejected.is_empty()
        || !report.not_restored.is_empty()
    {
        Exit::Part
    } else {
        Exit::Done
    }
}

fn plan_text(plan: &CleaningPlan) -> String {
    if plan.policies.is_empty() {
        return "there is no cleaning policy: add [cleaning.NAME] to the configuration (docs/cleaning.md)".to_owned();
    }
    let texts: Vec<String> = plan.policies.iter().map(policy_text).collect();
    texts.join("\n")
}

fn policy_text(plan: &PolicyPlan) -> String {
    let mut out = format!("{}: {}, then {}\n", plan.policy, plan.when, plan.then);
    out += &format!(
        "  {} mailable, {} candidates, at most {} at once\n",
        plan.mailable, plan.candidates, plan.cap
    );
    if let Some(first) = &plan.first {
        out += &format!(
            "  {} to ask with '{first}', {} in it\n",
            plan.ask, plan.in_win_back
        );
    }
    out += &format!(
        "  {} to take off, {} wait for a later run\n",
        plan.take, plan.beyond_cap
    );
    let counts = |title: &str, counts: &[(String, u64)]| {
        let words: Vec<String> = counts
            .iter()
            .map(|(why, number)| format!("{number} {why}"))
            .collect();
        if words.is_empty() {
            String::new()
        } else {
            format!("  {title}: {}\n", words.join(", "))
        }
    };
    out += &counts("protected", &plan.protected);
    out += &counts("not judged", &plan.unjudged);
    out += &format!("  {} held out, {} kept\n", plan.held_out, plan.kept);
    out += &holdout_text(plan);
    out += &connections_text(plan);
    let rows = plan.sample.iter();
    let rows: Vec<Vec<String>> = rows
        .map(|row| {
            let on = row.connections.join(", ");
            vec![
                format!("  {}", row.contact),
                row.deed.to_owned(),
                row.silent_since.clone(),
                on,
            ]
        })
        .collect();
    if !rows.is_empty() {
        out += &output::table(&["  CONTACT", "", "SILENT SINCE", "ON"], &[], &rows);
    }
    for why in &plan.held {
        out += &format!("  HELD: {why}\n");
    }
    if plan.broken.is_some() && !plan.held.is_empty() {
        out += "  if that is right: engaged approve cleaning\n";
    } else if plan.held.is_empty() && !plan.steps.is_empty() {
        out += &format!(
            "  all of them: engaged clean review --policy {}\n",
            plan.policy
        );
        if plan.approve == Approve::TwoPeople.as_str() {
            out += "  two people have to say so: one applies it, and another confirms the batch before anything is done\n";
        }
        out += &format!("  next: engaged clean apply {}\n", plan.fingerprint);
    }
    out
}

/// What those did who were left alone earlier.
fn holdout_text(plan: &PolicyPlan) -> String {
    let mut out = String::new();
    if let Some(holdout) = &plan.holdout {
        out += &format!(
            "  of {} held out so far ({} for 90 days) {} opened, {} clicked, {} bought: {:.0} % to {:.0} % come alive\n",
            holdout.contacts,
            holdout.complete,
            holdout.opened,
            holdout.clicked,
            holdout.bought,
            holdout.low * 100.0,
            holdout.high * 100.0
        );
    }
    out
}

/// What each platform does, and cannot undo.
fn connections_text(plan: &PolicyPlan) -> String {
    let mut out = String::new();
    for part in &plan.connections {
        let tag = part
            .tag
            .as_ref()
            .map(|tag| format!(", tag {tag}"))
            .unwrap_or_default();
        let undo = match (part.undone, part.lost) {
            (false, _) => "cannot be undone".to_owned(),
            (true, Some(lost)) => format!("can be undone for 90 days, but for {lost}"),
            (true, None) => "can be undone for 90 days".to_owned(),
        };
        out += &format!("  on {} ({}){tag}: {undo}\n", part.connection, part.mode);
    }
    out
}

/// What a confirmation did, in words: nothing is carried out yet.
fn confirmed_text(report: &CleanReport) -> String {
    let batch = report.batch.unwrap_or_default();
    let mut out = if report.held.is_empty() {
        format!(
            "batch {batch} of {} is confirmed, {} asked\n",
            report.policy, report.asked
        )
    } else {
        format!("batch {batch} of {} is not confirmed\n", report.policy)
    };
    out += &asides(report);
    if report.held.is_empty() {
        out += "  the daemon carries it out in its next round; without one: engaged once\n";
    }
    out
}

/// What cleaning did, in words; for `once` too.
pub(super) fn report_text(report: &CleanReport) -> String {
    let mut out = String::new();
    let name = if report.policy.is_empty() {
        "cleaning"
    } else {
        &report.policy
    };
    let batch = report
        .batch
        .map(|batch| format!(" (batch {batch})"))
        .unwrap_or_default();
    out += &format!(
        "{name}{batch}: {} taken off, {} asked, {} put back, {} came back\n",
        report.removed, report.asked, report.restored, report.came_back
    );
    if let Some(batch) = report.batch.filter(|_| report.waits > 0) {
        out += &format!(
            "  {} wait: nothing is done before a second person confirms the batch, on its page or with `engaged clean confirm {batch}`\n",
            report.waits
        );
    }
    out += &asides(report);
    if let Some(file) = &report.export {
        out += &format!("  what they were before: {file}\n");
    }
    if let Some(batch) = report.batch.filter(|_| report.removed > 0) {
        out += &format!("  to put them back: engaged clean undo {batch}\n");
    }
    out
}

/// What else is to be said: who was passed over, what went wrong, what holds it up.
fn asides(report: &CleanReport) -> String {
    let mut out = String::new();
    if report.not_asked > 0 {
        out += &format!(
            "  {} are in the win-back already, or were too lately\n",
            report.not_asked
        );
    }
    for (why, number) in &report.spared {
        out += &format!("  {number} spared: {why}\n");
    }
    for (why, number) in &report.rejected {
        out += &format!("  {number} refused by the platform: {why}\n");
    }
    for (contact, why) in &report.not_restored {
        out += &format!("  not put back: {contact}: {why}\n");
    }
    if report.retried + report.in_doubt > 0 {
        out += &format!(
            "  {} to be tried again, {} in doubt: the next run looks\n",
            report.retried, report.in_doubt
        );
    }
    for why in report.held.iter().chain(&report.unavailable) {
        out += &format!("  HELD: {why}\n");
    }
    out
}

impl From<CleanError> for Expected {
    fn from(error: CleanError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        let (exit, help) = match error {
            CleanError::Store(error) => return error.into(),
            CleanError::Stale { .. } => (
                Exit::Pending,
                "look at the new plan with `engaged clean plan`, then apply that".to_owned(),
            ),
            CleanError::UnknownPolicy { known, .. } if known.is_empty() => (
                Exit::Usage,
                "there is none yet: docs/cleaning.md shows how to write one".to_owned(),
            ),
            CleanError::UnknownPolicy { known, .. } => {
                (Exit::Usage, format!("there are: {}", known.join(", ")))
            }
            CleanError::UnknownBatch { .. } => (
                Exit::Usage,
                "a batch has the number that `engaged clean apply` printed".to_owned(),
            ),
            CleanError::NothingToUndo { batch, .. } => (
                Exit::Usage,
                format!("see its contacts with `engaged clean review {batch}`"),
            ),
            CleanError::UnknownContact => (
                Exit::Usage,
                "use an address of the list as it is there".to_owned(),
            ),
            CleanError::SamePerson { .. } => (
                Exit::Usage,
                "let somebody else confirm it on the page of the batch; one of the two has to be logged in to the dashboard, and the command line counts as one person, whoever uses it".to_owned(),
            ),
            CleanError::NothingToConfirm { batch, .. } => (
                Exit::Usage,
                format!("see its contacts with `engaged clean review {batch}`, and make a new plan with `engaged clean plan`"),
            ),
            CleanError::Export { .. } => (
                Exit::Storage,
                "nothing was done; make room or set the rights right, and run it again".to_owned(),
            ),
        };
        Self::new(exit, Diagnostic::error(code, message).help(help))
    }
}
