//! Verbs that do something: `sync`, `score`, `once`, `plan`, `apply`, `verify`, `run`, `demo`.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use indicatif::ProgressBar;

use crate::{
    daemon, demo,
    desk::{Desk, supervisor::Supervisor},
    diagnostic::{Exit, Expected},
    platform,
    push::{
        apply::PushReport,
        plan::{ConnectionPlan, Plan as PushPlan, fingerprint_in},
    },
    schedule::jobs::{Jobs, Progress, Watch},
    score::{calendar::Zone, evaluate::evaluate, model::Model},
    store::{Access, Store, Which},
    sync::SyncReport,
    verify::verify as verify_store,
};

use super::{Context, automations::doors_text, output, runtime::wait, usage};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Do everything once, print one document, and end
    #[arg(long)]
    once: bool,
    /// On this platform: mailchimp, ghost, activecampaign, mailblue, copernica or hubspot; may be given more than once
    #[arg(long, value_name = "PLATFORM")]
    platform: Vec<String>,
    /// How many people read the weekly newsletter [default: 18000, or 1500 where contacts are taken one by one]
    #[arg(long)]
    people: Option<u32>,
    /// Another number makes other people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let things go wrong afterwards, to see what is said then
    #[arg(long)]
    trouble: bool,
}

#[derive(Debug, Args)]
pub(super) struct Sync {
    /// Only this connection
    connection: Option<String>,
    /// Read everything again from the beginning; what is known stays as it is
    #[arg(long)]
    full: bool,
}

#[derive(Debug, Args)]
pub(super) struct Score {
    /// Score everybody, not only those who need it
    #[arg(long)]
    full: bool,
    /// Show what the bands would be on another date; stores nothing
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Once {}

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// Write the plan to a file, for `apply FILE`
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// End with 4 if there is anything to write
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// A plan that `plan -o` wrote; refused if it is stale
    file: Option<PathBuf>,
}

/// The jobs of the configuration, with the store locked for this process.
pub(super) fn jobs(context: &Context) -> Result<Jobs, Expected> {
    let config = context.config()?;
    let systemd = Supervisor::of(&context.environment);
    let store = Store::open_telling(
        &config.database,
        Access::ReadWrite,
        context.clock.as_ref(),
        &systemd.upgrading(),
    )?;
    let transport = platform::network()?;
    Jobs::new(
        config,
        store,
        Arc::clone(&context.clock),
        &context.environment,
        &transport,
        progress(),
    )
}

/// Progress on stderr, where a person watches.
pub fn progress() -> Watch {
    let bar = if output::watched() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    Arc::new(move |progress| match progress {
        Progress::Page(connection, report) => {
            bar.set_message(format!(
                "{connection} {}: {} pages, {} contacts, {} new events",
                report.stream, report.pages, report.contacts, report.events
            ));
            bar.tick();
        }
        Progress::Scored(done, of) if done % 1000 == 0 => {
            bar.set_message(format!("scored {done} of {of}"));
            bar.tick();
        }
        Progress::Scored(..) => {}
    })
}

pub(super) fn sync(context: &Context, arguments: &Sync) -> Result<Exit, Expected> {
    let jobs = jobs(context)?;
    known(&jobs, arguments.connection.as_deref())?;
    let reports = wait(jobs.sync(arguments.connection.as_deref(), arguments.full))??;
    let result = serde_json::json!({ "schema": 1, "sync": reports });
    context.output.show(&result, |_| sync_text(&reports));
    Ok(sync_exit(&reports))
}

/// Whether a connection that somebody named is configured.
fn known(jobs: &Jobs, name: Option<&str>) -> Result<(), Expected> {
    let names: Vec<&str> = jobs
        .config
        .connections
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    match name {
        Some(name) if !names.contains(&name) => Err(usage(
            format!("there is no connection '{name}'"),
            format!("there are: {}", names.join(", ")),
        )),
        _ => Ok(()),
    }
}

fn sync_exit(reports: &[SyncReport]) -> Exit {
    if reports.iter().any(|report| report.blocked.is_some()) {
        Exit::Refused
    } else if reports.iter().any(|report| !report.is_complete()) {
        Exit::Unavailable
    } else if reports.iter().any(|report| report.list_shrunk.is_some()) {
        Exit::Guard
    } else if reports.iter().any(|report| report.rejects() > 0) {
        Exit::Part
    } else {
        Exit::Done
    }
}

fn sync_text(reports: &[SyncReport]) -> String {
    let mut out = String::new();
    for report in reports {
        out += &format!("{}: {} new events\n", report.connection, report.events());
        let rows = report.streams.iter().map(|stream| {
            let numbers = [
                stream.pages,
                stream.contacts,
                stream.events,
                stream.duplicates,
                stream.rejects,
            ];
            let mut row = vec![format!("  {}", stream.stream)];
            row.extend(numbers.iter().map(u64::to_string));
            row.push(stream.error.clone().unwrap_or_default());
            row
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let header = [
            "  STREAM", "PAGES", "CONTACTS", "NEW", "KNOWN", "REJECTED", "",
        ];
        out += &output::table(&header, &[1, 2, 3, 4, 5], &rows);
        if report.erased() > 0 {
            out += &format!(
                "  {} rows of contacts who were erased: left out\n",
                report.erased()
            );
        }
        for (number, why) in [
            (report.withheld(), "their contacts have not agreed to them"),
            (
                report.outdated(),
                "they are older than [retention] keeps them",
            ),
        ] {
            if number > 0 {
                out += &format!("  {number} events were not stored: {why}\n");
            }
        }
        if !report.missing.is_empty() {
            out += &format!("  the key lacks: {}\n", report.missing.join(", "));
        }
        if let Some(why) = &report.blocked {
            out +=
                &format!("  BLOCKED: {why}\n  its absences are frozen until the key works again\n");
        }
        if let Some(detail) = &report.list_shrunk {
            out += &format!("  HELD: {detail}; if that is right: engaged approve list_shrunk\n");
        }
    }
    if reports.is_empty() {
        "no connections are configured; `engaged import` takes files\n".to_owned()
    } else {
        out
    }
}

pub(super) fn score(context: &Context, arguments: &Score) -> Result<Exit, Expected> {
    if let Some(text) = &arguments.as_of {
        return score_as_of(context, text);
    }
    let config = context.config()?;
    let store = context.writing(&config)?;
    let watch = progress();
    let progress = |done, of| watch(Progress::Scored(done, of));
    let report = crate::rescore::rescore(
        &store,
        &config,
        context.clock.as_ref(),
        arguments.full,
        &progress,
    )?;
    let result = serde_json::json!({
        "schema": 1, "as_of": report.as_of, "scored": report.scored, "changed": report.changed, "unjudged": report.unjudged,
        "automations": report.automations,
    });
    context.output.show(&result, |_| {
        let doors = doors_text(&report.automations);
        format!(
            "{} contacts scored as of {}, {} changed, {} cannot be judged yet\n{doors}",
            report.scored, report.as_of, report.changed, report.unjudged
        )
    });
    Ok(Exit::Done)
}

/// The sizes of all bands on another date.
fn score_as_of(context: &Context, text: &str) -> Result<Exit, Expected> {
    let config = context.config()?;
    let as_of = super::look::date(text, "--as-of")?;
    let store = context.reading(&config)?;
    let zone = Zone::new(config.zone);
    let today = zone.day(context.clock.now().timestamp_millis());
    let rules = &config.rules;
    let mut sizes: Vec<Vec<u64>> = rules
        .scores
        .iter()
        .map(|score| vec![0; score.bands.len()])
        .collect();
    store.read(|conn| {
        let model = Model::new(rules, &conn.vocabulary()?);
        let coverage = conn.coverage(&zone, today, None)?;
        conn.for_each_needed(Which::All, None, &model.needs(), |_, facts| {
            let evaluation = evaluate(&model, facts, &coverage, as_of);
            for (score, value) in sizes.iter_mut().zip(&evaluation.scores) {
                if let Some(band) = value.band {
                    score[band] += 1;
                }
            }
            Ok(())
        })
    })?;
    let rows = rules.scores.iter().zip(&sizes).flat_map(|(score, sizes)| {
        score
            .bands
            .iter()
            .zip(sizes)
            .map(|(band, size)| vec![score.name.clone(), band.name.clone(), size.to_string()])
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let result = serde_json::json!({
        "schema": 1, "as_of": as_of.to_string(), "stored": false,
        "bands": rows.iter().map(|row| serde_json::json!({ "score": row[0], "band": row[1],
            "contacts": row[2].parse::<u64>().unwrap_or_default() })).collect::<Vec<_>>(),
    });
    context.output.show(&result, |_| {
        output::table(&["SCORE", "BAND", "CONTACTS"], &[2], &rows)
    });
    Ok(Exit::Done)
}

pub(super) fn once(context: &Context, _: &Once) -> Result<Exit, Expected> {
    let jobs = jobs(context)?;
    let report = wait(jobs.cycle(None))??;
    context.output.show(&report, |report| {
        let score = format!(
            "{} contacts scored as of {}, {} changed\n",
            report.score.scored, report.score.as_of, report.score.changed
        );
        let doors = doors_text(&report.score.automations);
        let cleaned: String = report.clean.iter().map(super::clean::report_text).collect();
        sync_text(&report.sync) + &score + &doors + &cleaned + &push_text(&report.push)
    });
    let sync = sync_exit(&report.sync);
    Ok(if sync == Exit::Done {
        push_exit(&report.push)
    } else {
        sync
    })
}

pub(super) fn plan(context: &Context, arguments: &Plan) -> Result<Exit, Expected> {
    // Looking needs no lock: a plan can be seen while the daemon runs.
    let config = context.config()?;
    let store = context.reading(&config)?;
    let transport = platform::network()?;
    let jobs = Jobs::looking(
        config,
        store,
        Arc::clone(&context.clock),
        &context.environment,
        &transport,
    )?;
    let plan = wait(jobs.plan())??;
    if let Some(path) = &arguments.output {
        let text = serde_json::to_string_pretty(&plan).unwrap_or_default();
        write_private(path, &text)
            .map_err(|error| usage(format!("{}: {error}", path.display()), "name another file"))?;
    }
    context.output.show(&plan, plan_text);
    Ok(if arguments.exit_code && plan.writes > 0 {
        Exit::Pending
    } else {
        Exit::Done
    })
}

/// Writes a file that its owner alone can read: a plan names people.
pub(super) fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::{
        io::Write as _,
        os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    // The mode counts for a new file only; a pipe has none to speak of.
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    file.write_all(text.as_bytes())
}

pub(super) fn plan_text(plan: &PushPlan) -> String {
    let mut out = String::new();
    for each in &plan.connections {
        let retracted = if each.retracted { ", retracted" } else { "" };
        out += &format!("{} ({}{retracted})\n", each.connection, each.mode);
        for count in &each.counts {
            out += &format!(
                "  {:<16} {:<31} {:>8}\n",
                count.verb,
                target_name(&count.target),
                count.contacts
            );
        }
        out += &format!("  {:<48} {:>8} contacts\n", "unchanged", each.unchanged);
        out += &beside_writes(each);
        for sample in each.sample.iter().take(5) {
            let before = sample.before.as_deref().unwrap_or("nothing");
            let after = sample.after.as_deref().unwrap_or("off");
            out += &format!(
                "    e.g. {} {}: {before} -> {after}\n",
                sample.contact,
                target_name(&sample.target)
            );
        }
        for edit in each.edits.iter().take(5) {
            let (ours, theirs) = (edit.ours.as_deref(), edit.theirs.as_deref());
            out += &format!(
                "    edited there: {} {}: {} -> {}\n",
                edit.contact,
                target_name(&edit.target),
                ours.unwrap_or("off"),
                theirs.unwrap_or("off")
            );
        }
        if !each.baseline.is_empty() {
            out += "  first push: held once, until `engaged approve baseline`\n";
        }
    }
    if plan.connections.is_empty() {
        return "nothing to push: no connection has `push` targets and was synced\n".to_owned();
    }
    let next = if plan.writes == 0 {
        "nothing to write"
    } else {
        "nothing was written; next: engaged apply"
    };
    out + &format!(
        "plan {}: {} writes; {next}\n",
        plan.fingerprint, plan.writes
    )
}

/// Who and what a plan leaves out, and why; only what there is.
fn beside_writes(plan: &ConnectionPlan) -> String {
    let lines = [
        (
            "not scored by these rules",
            plan.unscored,
            "contacts wait for `engaged score`",
        ),
        ("objecting", plan.objecting, "contacts, off whom ours comes"),
        (
            "left out",
            plan.frozen,
            "contacts, whom the platform lets nobody change",
        ),
        (
            "held back",
            plan.held_back,
            "writes that the platform refused",
        ),
        (
            "nothing to start",
            plan.unreachable,
            "entries: not there, or not subscribed",
        ),
        (
            "edited",
            plan.drifts,
            "fields and tags of ours, by somebody else",
        ),
        ("gone", plan.gone.len() as u64, "fields to fill anew"),
    ];
    let mut out = String::new();
    for (what, number, words) in lines.iter().filter(|(_, number, _)| *number > 0) {
        out += &format!("  {what:<48} {number:>8} {words}\n");
    }
    out
}

fn target_name(target: &str) -> String {
    target.replacen(':', " ", 1)
}

pub(super) fn apply(context: &Context, arguments: &Apply) -> Result<Exit, Expected> {
    let fingerprint = arguments.file.as_ref().map(fingerprint_of).transpose()?;
    let jobs = jobs(context)?;
    let reports = wait(jobs.apply(fingerprint.as_deref()))??;
    let applied: u64 = reports.iter().map(|report| report.applied).sum();
    let result = serde_json::json!({ "schema": 1, "applied": applied, "push": reports });
    context.output.show(&result, |_| push_text(&reports));
    Ok(push_exit(&reports))
}

/// The fingerprint in a file that `plan -o` wrote.
fn fingerprint_of(path: &PathBuf) -> Result<String, Expected> {
    let broken = |why: String| {
        usage(
            format!("{} is not a plan: {why}", path.display()),
            "make one with `engaged plan -o FILE`",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
    fingerprint_in(&text).map_err(broken)
}

fn push_exit(reports: &[PushReport]) -> Exit {
    let read_only = |why: &String| why.contains("read-only");
    if reports.iter().any(|report| report.refused.is_some()) {
        Exit::Refused
    } else if reports.iter().any(|report| report.unavailable.is_some()) {
        Exit::Unavailable
    } else if reports
        .iter()
        .any(|report| report.held.iter().any(|why| !read_only(why)))
    {
        Exit::Guard
    } else if reports
        .iter()
        .any(|report| !report.rejected.is_empty() || report.retried > 0 || report.in_doubt > 0)
    {
        Exit::Part
    } else {
        Exit::Done
    }
}

fn push_text(reports: &[PushReport]) -> String {
    let mut out = String::new();
    for report in reports {
        out += &format!(
            "{}: {} of {} writes done\n",
            report.connection, report.applied, report.planned
        );
        for why in &report.held {
            out += &format!("  held: {why}\n");
        }
        for (reason, number) in &report.rejected {
            out += &format!("  {number} refused: {reason}\n");
        }
        if report.retried > 0 {
            out += &format!("  {} wait for another try\n", report.retried);
        }
        if report.in_doubt > 0 {
            out += &format!(
                "  {} in doubt: compared again on the next run\n",
                report.in_doubt
            );
        }
        if let Some(why) = &report.refused {
            out += &format!("  the platform refuses: {why}\n");
        }
        if let Some(why) = &report.unavailable {
            out += &format!("  the platform could not be written to: {why}\n");
        }
    }
    if out.is_empty() {
        "nothing to push\n".to_owned()
    } else {
        out
    }
}

pub(super) fn verify(context: &Context) -> Result<Exit, Expected> {
    let config = context.config()?;
    let store = context.reading(&config)?;
    let report = verify_store(&store, &config, context.clock.as_ref())?;
    context.output.show(&report, |report| {
        let mut out = format!(
            "{} contacts recomputed from their events: {} differ; {} wait to be scored\n",
            report.compared, report.different, report.waiting
        );
        if report.objecting > 0 {
            out += &format!("{} object, and nothing is stored of them\n", report.objecting);
        }
        for difference in &report.differences {
            out += &format!("  {difference}\n");
        }
        if let Some(row) = report.audit_broken_at {
            out += &format!("the audit trail is broken: row {row} is not as it was written, or one before it is missing\n");
        }
        out
    });
    Ok(
        if report.different == 0 && report.audit_broken_at.is_none() {
            Exit::Done
        } else {
            Exit::Storage
        },
    )
}

pub(super) fn daemon(context: &Context) -> Result<Exit, Expected> {
    let jobs = jobs(context)?;
    let desk = Desk::new(jobs, context.environment.clone(), platform::network()?);
    wait(daemon::run(desk))??;
    Ok(Exit::Done)
}

pub(super) fn demo(context: &Context, arguments: &Demo) -> Result<Exit, Expected> {
    let ask = demo::Ask {
        once: arguments.once,
        platforms: demo::choose(&arguments.platform)?,
        people: arguments.people,
        seed: arguments.seed,
        json: context.output.json,
        trouble: arguments.trouble,
    };
    let report = wait(demo::run(&ask, Arc::clone(&context.clock)))??;
    if let Some(report) = report {
        context.output.show(&report, demo::text);
    }
    Ok(Exit::Done)
}
