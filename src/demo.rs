//! `engaged demo`: the real product on a made-up newsletter, without an account.
//!
//! Sandbox platforms on loopback speak real dialects, two of them or those that
//! are named; a shop's visits come in as a file whose tracker was down for some
//! days. First sync, scores, plan, the baseline approved and said so, push; then
//! a day of news, by webhook where the platform has one, and a second cycle.
//! Everything lives in a temporary folder. Only time is made up: the demo's
//! clock can be moved, so that the second day need not be waited for.

mod chosen;
mod setting;
mod stand;
mod visits;
mod wire;

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use engaged_connectors::{Clock, model::EventKind};
use engaged_sandbox::people::{SharedWorld, World, WorldSpec};
use serde::Serialize;

use crate::{
    config::{self, Environment, Platform},
    daemon,
    desk::Desk,
    diagnostic::{Diagnostic, Exit, Expected},
    import, platform,
    push::{guard, plan::Plan, targets},
    schedule::jobs::{CycleReport, Jobs, Watch},
    store::{Access, Store, Tally, Tx},
};
pub use chosen::{Chosen, PLATFORMS, choose};
use setting::{Setting, Sites};
use wire::Wire;

/// What is asked of the demo.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Do everything once and end.
    pub once: bool,
    /// The platforms; at least one.
    pub platforms: Vec<Chosen>,
    /// Readers of the weekly newsletter; `None` for what the platforms let one see within a minute.
    pub people: Option<u32>,
    /// Decides the people.
    pub seed: u64,
    /// Whether to stay silent but for the document.
    pub json: bool,
    /// Whether to let things go wrong, so that one sees what is said then.
    pub trouble: bool,
}

/// What the demo did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DemoReport {
    /// The version of this shape.
    pub schema: u32,
    /// Contacts in the store.
    pub contacts: i64,
    /// Events in the store.
    pub events: i64,
    /// Contacts scored, over both cycles.
    pub scored: u64,
    /// Writes that the platforms acknowledged, over both cycles.
    pub pushed: u64,
    /// Sends in the store.
    pub sends: i64,
    /// Opens that a machine caused.
    pub machine_opens: i64,
    /// Opens more than three days after the mail was sent.
    pub late_opens: i64,
    /// Days that our own sync does not cover.
    pub coverage_gaps: i64,
    /// Calls that a platform asked us to slow down for.
    pub throttled_calls: u64,
    /// Deliveries of webhooks on the second day.
    pub webhooks: u64,
    /// New events on the second day, those of webhooks included.
    pub second_day_events: u64,
    /// Writes on the second day.
    pub second_day_pushed: u64,
    /// What a platform does not report: connection and words.
    pub unreported: Vec<(String, &'static str)>,
    /// What was approved on the user's behalf, in words.
    pub approved: Vec<String>,
    /// Whether every stored score equals a recomputation from events.
    pub verified: bool,
    /// The folder, while the demo stays up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// The machine's clock, moved ahead.
struct DemoClock {
    base: Arc<dyn Clock>,
    ahead_s: AtomicI64,
}

impl DemoClock {
    fn move_on(&self, by: TimeDelta) {
        self.ahead_s.fetch_add(by.num_seconds(), Ordering::SeqCst);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> DateTime<Utc> {
        self.base.now() + TimeDelta::seconds(self.ahead_s.load(Ordering::SeqCst))
    }
}

/// Runs the demo; the report is `None` if it stayed up until it was stopped.
pub async fn run(ask: &Ask, base: Arc<dyn Clock>) -> Result<Option<DemoReport>, Expected> {
    let say = |words: &str| {
        if !ask.json {
            crate::cli::output::say(words);
        }
    };
    let clock = Arc::new(DemoClock {
        base,
        ahead_s: AtomicI64::new(0),
    });
    let people = ask.people.unwrap_or_else(|| chosen::people(&ask.platforms));
    say(&opening_words(ask, people));
    let end = clock.now().trunc_subsecs(0);
    let world = Arc::new(RwLock::new(World::generate(&spec(ask, people, end))));
    let sites = Sites::start(&ask.platforms, &world, &clock)
        .await
        .map_err(|error| failed("the sandboxes did not start", &error))?;
    let setting = Setting::new(&sites, end)
        .map_err(|error| failed("the temporary folder cannot be used", &error))?;
    let desk = Desk::new(
        setting.jobs(&clock, watch(ask))?,
        Environment::new(),
        platform::network()?,
    );
    let jobs = desk.jobs();
    let first_name = ask.platforms.first().map_or("", |each| &each.connection);

    visits::import(&jobs, &setting, &world, end)?;
    say("first sync, scores and plan ...");
    let first = cycle(&jobs).await?;
    let plan = jobs.plan().await?;
    say(&plan_words(&plan));
    say(
        "the first push is held for a person; in this demo it is approved for you: engaged approve baseline",
    );
    // With trouble one push stays held.
    let approved = approve(&jobs, ask.trouble.then_some(first_name))?;
    let pushed = jobs.apply(None).await?;

    say("a day later: a new issue, late opens, somebody leaves ...");
    let news = next_day(&desk, (&sites, &setting), &world, &clock).await?;
    visits::import(&jobs, &setting, &world, end)?;
    let second = cycle(&jobs).await?;

    let mut report = report(&jobs, &first, &second)?;
    report.pushed += pushed.iter().map(|each| each.applied).sum::<u64>();
    report.throttled_calls = sites.throttled();
    report.approved = approved;
    report.webhooks = news.0;
    report.second_day_events += news.1;
    report.unreported = unreported(ask, &jobs);
    check(&report, tells(ask, &jobs, &EventKind::Send))?;
    if ask.trouble {
        say(&format!(
            "two days later: {first_name}'s key is refused ..."
        ));
        sites.refuse_key();
        clock.move_on(TimeDelta::days(2));
        jobs.cycle(None).await?;
    }
    if ask.once {
        return Ok(Some(report));
    }
    report.folder = Some(setting.folder());
    crate::cli::output::line(&text(&report));
    say("the daemon now goes on by its schedules; stop it with Ctrl-C");
    drop(jobs);
    daemon::run(desk).await?;
    Ok(None)
}

/// Lets a day pass in which everything happens, and what platforms report by themselves come in: so many deliveries, and
/// so many new events by them.
async fn next_day(
    desk: &Arc<Desk>,
    (sites, setting): (&Sites, &Setting),
    world: &SharedWorld,
    clock: &DemoClock,
) -> Result<(u64, u64), Expected> {
    let wire = Wire::open(desk, sites, setting).await?;
    world
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .day_of_news();
    clock.move_on(TimeDelta::days(1));
    let deliveries = match wire {
        Some(wire) => wire.carry(desk, sites).await?,
        None => 0,
    };
    Ok((deliveries, desk.jobs().read_inbox().await?.events))
}

/// Who reads what. Nobody reads a publication that nobody serves, but for the one person that the world wants.
fn spec(ask: &Ask, people: u32, end: DateTime<Utc>) -> WorldSpec {
    let ghost = |each: &Chosen| each.platform == Platform::Ghost;
    let (monthly, both) = if ask.platforms.len() > 1 && ask.platforms.iter().any(ghost) {
        ((people / 9).max(10), (people / 180).max(1))
    } else {
        (1, 1)
    };
    WorldSpec {
        weekly: people,
        monthly,
        both,
        ..WorldSpec::demo(ask.seed, end)
    }
}

/// What is shown, how large, and where it is faster than life.
fn opening_words(ask: &Ask, people: u32) -> String {
    let mut words = format!(
        "making up a newsletter with {people} readers: 18 months of it, on a stand-in for {} ...",
        ask.platforms
            .iter()
            .map(|each| each.word)
            .collect::<Vec<_>>()
            .join(" and one for ")
    );
    for each in &ask.platforms {
        if let Some(most) = each.own_pace() {
            words += &format!(
                "\n  the stand-in bears a thousand requests a second; {} itself is asked {most}",
                each.word
            );
        }
    }
    if ask.people.is_none() && people < chosen::PEOPLE {
        words += &format!(
            "\n  {people} readers, so that you need not wait; --people makes another number of them"
        );
    }
    words
}

/// One whole cycle, which must succeed: there is nobody here to come back tomorrow.
async fn cycle(jobs: &Jobs) -> Result<CycleReport, Expected> {
    let report = jobs.cycle(None).await?;
    let trouble = report.sync.iter().flat_map(|sync| {
        sync.streams
            .iter()
            .filter_map(|stream| stream.error.as_ref())
            .chain(&sync.blocked)
    });
    match trouble.into_iter().next() {
        None => Ok(report),
        Some(error) => Err(Expected::new(
            Exit::Unavailable,
            Diagnostic::error("E0401", format!("a sandbox failed: {error}"))
                .help("please report this"),
        )),
    }
}

/// Lets the baseline pass, of one connection or of all, as `engaged approve baseline` does.
fn approve(jobs: &Jobs, only: Option<&str>) -> Result<Vec<String>, Expected> {
    let now = jobs.clock.now().timestamp_millis();
    let keys = targets::keys(&jobs.config);
    let known = jobs.store.read(super::store::Conn::connections)?;
    let only = only.and_then(|name| known.iter().find(|each| each.name == name));
    let only = only.map(|each| each.id);
    let word = move |tx: &Tx| guard::approve(tx, &keys, guard::BASELINE, only, "the demo", now);
    Ok(jobs.store.write(word)?)
}

fn report(jobs: &Jobs, first: &CycleReport, second: &CycleReport) -> Result<DemoReport, Expected> {
    let (sizes, tally) = jobs.store.read(|conn| Ok((conn.sizes()?, conn.tally()?)))?;
    let Tally {
        sends,
        machine_opens,
        late_opens,
        holes,
    } = tally;
    let verified = crate::verify::verify(&jobs.store, &jobs.config, jobs.clock.as_ref())?;
    Ok(DemoReport {
        schema: 1,
        contacts: sizes.0,
        events: sizes.1,
        scored: first.score.scored + second.score.scored,
        pushed: first.applied + second.applied,
        sends,
        machine_opens,
        late_opens,
        coverage_gaps: holes,
        second_day_events: second
            .sync
            .iter()
            .map(crate::sync::SyncReport::events)
            .sum(),
        second_day_pushed: second.applied,
        verified: verified.different == 0,
        ..DemoReport::default()
    })
}

/// Whether any of the platforms reports events of a kind.
fn tells(ask: &Ask, jobs: &Jobs, kind: &EventKind) -> bool {
    let all = ask.platforms.iter();
    let mut all = all.filter_map(|each| jobs.capabilities(&each.connection));
    all.any(|each| {
        each.streams
            .iter()
            .any(|stream| stream.kinds.contains(kind))
    })
}

/// What is not to be had from the platforms.
fn unreported(ask: &Ask, jobs: &Jobs) -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for each in &ask.platforms {
        let hidden = jobs.capabilities(&each.connection);
        let hidden = hidden.map_or(&[][..], |each| each.unreported).iter();
        all.extend(hidden.map(|&what| (each.connection.clone(), what)));
    }
    all
}

/// The demo promises a history with everything in it that makes scoring hard, as far as its platforms report it.
fn check(report: &DemoReport, tells_sends: bool) -> Result<(), Expected> {
    let missing = [
        ("sends", report.sends > 0 || !tells_sends),
        ("machine opens", report.machine_opens > 0),
        ("late opens", report.late_opens > 0),
        ("a coverage gap", report.coverage_gaps > 0),
        ("a throttled call", report.throttled_calls > 0),
        ("scores that equal their recomputation", report.verified),
    ];
    let missing: Vec<&str> = missing
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(what, _)| what)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let diagnostic = Diagnostic::error(
        "E0197",
        format!("the demo's history lacks {}", missing.join(", ")),
    )
    .help("try more people, with --people, or another --seed");
    Err(Expected::new(Exit::Bug, diagnostic))
}

/// What the demo did, as text.
pub fn text(report: &DemoReport) -> String {
    let mut out = format!(
        "{} contacts, {} events: {} sends, {} opens by machines, {} late opens, {} gap in our own sync\n\
         {} scores computed, {} writes pushed ({} of them on the second day), {} calls throttled and repeated\n\
         every stored score equals its recomputation from events: {}\n",
        report.contacts,
        report.events,
        report.sends,
        report.machine_opens,
        report.late_opens,
        report.coverage_gaps,
        report.scored,
        report.pushed,
        report.second_day_pushed,
        report.throttled_calls,
        if report.verified { "yes" } else { "NO" },
    );
    if report.webhooks > 0 {
        out += &format!("{} webhooks came on the second day\n", report.webhooks);
    }
    for approved in &report.approved {
        out += &format!("approved for you: {approved}\n");
    }
    for (connection, what) in &report.unreported {
        out += &format!("{connection} does not report: {what}\n");
    }
    if let Some(folder) = &report.folder {
        let config = folder.join("engaged.toml");
        out += &format!(
            "\nlook around from another terminal:\n  engaged --config {0} status\n  engaged --config {0} contacts --where \"no open in 3 months\"\n  engaged --config {0} explain ADDRESS\n",
            config.display()
        );
    }
    out
}

fn plan_words(plan: &Plan) -> String {
    let mut words = format!("the plan: {} writes", plan.writes);
    for each in &plan.connections {
        for count in &each.counts {
            words += &format!(
                "\n  {:<10} {:<13} {:<26} {:>6}",
                each.connection, count.verb, count.target, count.contacts
            );
        }
    }
    words
}

fn watch(ask: &Ask) -> Watch {
    if ask.json {
        Arc::new(|_| ())
    } else {
        crate::cli::progress()
    }
}

fn failed(what: &str, error: &std::io::Error) -> Expected {
    let diagnostic = Diagnostic::error("E0196", format!("{what}: {error}"))
        .help("free some room in the temporary folder and try again");
    Expected::new(Exit::Storage, diagnostic)
}
