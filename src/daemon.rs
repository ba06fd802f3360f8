//! The daemon: a heartbeat asks what is due, and the jobs run one after another.
//!
//! The heartbeat is the scheduler's only job here; what a schedule means, and
//! what was missed while nothing ran, is decided by `schedule::due` from the
//! last runs in the store. A stop lets the running job finish its unit of work.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_cron_scheduler::{Job, JobScheduler};
use tracing::{error, info, warn};

use crate::{
    alert,
    care::keep::{self, keep_caring},
    desk::{Desk, ask::Ask, supervisor::Supervisor},
    diagnostic::{Diagnostic, Exit, Expected},
    push::apply::PushError,
    rescore::DoorReport,
    schedule::{
        due::{Schedule, due},
        jobs::{Jobs, Trouble},
    },
    score::calendar::Millis,
    store::{Store, StoreError},
    web::{Listening, Running},
};

/// Every minute, at its first second; schedules know no finer grain.
const HEARTBEAT: &str = "0 * * * * *";

/// The job that scores what a new day changes, and pushes it.
const DAILY: &str = "daily";

/// Shortly after midnight, when yesterday is whole.
const DAILY_AT: &str = "35 0 * * *";

/// How long a stop waits for the running job. Then a walk through a large list is broken off.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// How long it then waits for that. What is cut off after it was not committed, or is in doubt.
const BROKEN_OFF_WITHIN: Duration = Duration::from_secs(2);

/// How long a stop waits for pages that are being made.
const PAGES_END_WITHIN: Duration = Duration::from_secs(1);

/// Runs until the process is asked to stop.
pub async fn run(desk: Arc<Desk>) -> Result<(), Expected> {
    let beat = Arc::new(Notify::new());
    let mut heartbeat = start_heartbeat(&beat).await.map_err(|error| {
        let diagnostic =
            Diagnostic::error("E0198", format!("the scheduler did not start: {error}"));
        Expected::new(Exit::Bug, diagnostic.help("please report this"))
    })?;
    let mut stop = std::pin::pin!(stopped());
    let hangups = reload_on_hangup(Arc::clone(&desk));
    desk.settle_publications().await?;
    let dashboard = open_dashboard(&desk).await?;
    let listening = Listening::start(&desk).await?;
    let crashed = keep::begin(&desk.jobs()).await?;
    // Whoever started us learns that migrations are done and work begins.
    desk.supervisor.ready();
    let beside = go_on_beside(&desk, crashed, hangups);
    let store = desk.jobs().store.clone();
    let mut failed = std::pin::pin!(store.failed());
    info!(
        connections = desk.jobs().config.connections.len(),
        "running"
    );
    // The first look at what is due comes at once: catching up need not wait.
    beat.notify_one();
    loop {
        tokio::select! {
            () = &mut stop => {
                close(&desk).await;
                break;
            }
            // What is on the disk is no longer certain: whoever starts us next finds out.
            failed = &mut failed => return Err(failed.into()),
            () = beat.notified() => {}
        }
        drop(show_life(&desk));
        let turn = turn(&desk);
        tokio::pin!(turn);
        let ended = loop {
            tokio::select! {
                ended = &mut turn => break Some(ended),
                () = &mut stop => break None,
                failed = &mut failed => return Err(failed.into()),
                // A backfill takes hours and a push minutes: no reason to be taken for dead.
                () = beat.notified() => drop(show_life(&desk)),
            }
        };
        let Some(ended) = ended else {
            tokio::join!(
                async {
                    let _ = tokio::time::timeout(STOP_WITHIN + BROKEN_OFF_WITHIN, turn).await;
                },
                close(&desk)
            );
            break;
        };
        match ended {
            Ok(()) => {}
            Err(fatal) if fatal.is_fatal() => return Err(fatal.into()),
            Err(failed) => error!(code = failed.code(), "{failed}"),
        }
    }
    beside.iter().for_each(JoinHandle::abort);
    end_serving(listening, dashboard).await;
    // Nothing of ours runs in the scheduler but the beat itself.
    if let Err(error) = heartbeat.shutdown().await {
        warn!("the scheduler did not stop cleanly: {error}");
    }
    let jobs = desk.jobs();
    keep::end(&jobs.store, jobs.clock.now().timestamp_millis()).await?;
    info!("stopped");
    Ok(())
}

/// What goes on beside the jobs, and ends with them.
fn go_on_beside(
    desk: &Arc<Desk>,
    crashed: bool,
    hangups: impl Future<Output = ()> + Send + 'static,
) -> [JoinHandle<()>; 3] {
    [
        tokio::spawn(hangups),
        tokio::spawn(alert::keep_looking(Arc::clone(desk))),
        tokio::spawn(keep_caring(Arc::clone(desk), crashed)),
    ]
}

/// Takes nothing more in, and answers what is under way.
async fn end_serving(listening: Option<Listening>, dashboard: Option<Running>) {
    if let Some(listening) = listening {
        // Who is not answered by then sends it again.
        let _ = tokio::time::timeout(PAGES_END_WITHIN, listening.stop()).await;
    }
    if let Some(dashboard) = dashboard {
        // A browser that keeps its connection open is not waited for.
        let _ = tokio::time::timeout(PAGES_END_WITHIN, dashboard.stop()).await;
    }
}

/// Serves the dashboard, and says how its first account is made.
async fn open_dashboard(desk: &Arc<Desk>) -> Result<Option<Running>, Expected> {
    let dashboard = Running::start(desk).await?;
    if let Some(dashboard) = &dashboard
        && let Some(link) = dashboard.first_link().await?
    {
        // Neither a log line, which others may collect, nor data: it is for whoever starts us.
        crate::cli::output::say(&format!(
            "nobody has an account yet; make one, once and within 15 minutes, at {link}"
        ));
    }
    Ok(dashboard)
}

async fn start_heartbeat(
    beat: &Arc<Notify>,
) -> Result<JobScheduler, tokio_cron_scheduler::JobSchedulerError> {
    let heartbeat = JobScheduler::new().await?;
    let beat = Arc::clone(beat);
    let job = Job::new_async(HEARTBEAT, move |_, _| {
        let beat = Arc::clone(&beat);
        Box::pin(async move { beat.notify_one() })
    })?;
    heartbeat.add(job).await?;
    heartbeat.start().await?;
    Ok(heartbeat)
}

/// Resolves when the process is asked to stop. It listens from the call on, not only once it is waited for.
fn stopped() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = signal(SignalKind::terminate());
    async {
        let Ok(mut terminate) = terminate else {
            // Without a handler the default action ends the process, which loses nothing committed.
            let _ = tokio::signal::ctrl_c().await;
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// Waits for whatever runs, for a while. What is cut off resumes from its last commit.
async fn close(desk: &Desk) {
    info!("stopping after the present unit of work");
    desk.supervisor.stopping();
    desk.close(STOP_WITHIN, BROKEN_OFF_WITHIN).await;
}

/// Takes the configuration anew whenever the process is told to. It listens from the call on: unheard, a hangup
/// would end the process.
fn reload_on_hangup(desk: Arc<Desk>) -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let hangup = signal(SignalKind::hangup());
    async move {
        let Ok(mut hangup) = hangup else {
            warn!("hangups are not heard: restart to take a new configuration");
            return;
        };
        while hangup.recv().await.is_some() {
            desk.ask(Ask::Reload, "SIGHUP");
        }
    }
}

/// Tells systemd that we live, once the writer has shown that it does, and whoever reads the database.
fn show_life(desk: &Desk) -> JoinHandle<()> {
    let jobs = desk.jobs();
    desk.pulse.beat(jobs.clock.as_ref());
    let (store, supervisor) = (jobs.store.clone(), desk.supervisor.clone());
    let now = jobs.clock.now().timestamp_millis();
    tokio::spawn(vouch(store, supervisor, now))
}

async fn vouch(store: Store, supervisor: Supervisor, now: Millis) {
    // An empty transaction needs no room: on a full disk we are not well, but alive.
    if store.write_async(|_| Ok(())).await.is_err() {
        return;
    }
    supervisor.alive();
    if let Err(error) = store.write_async(move |tx| tx.set_beat(now)).await {
        warn!(code = error.code(), "no sign of life was kept: {error}");
    }
}

/// The daemon's own turn.
async fn turn(desk: &Desk) -> Result<(), StoreError> {
    let _turn = desk.turn().await;
    let ended = tick_told(&desk.jobs(), &desk.supervisor).await;
    desk.supervisor.doing("waiting for what is due next");
    ended
}

/// Runs what is due now, once each.
pub async fn tick(jobs: &Jobs) -> Result<(), StoreError> {
    tick_told(jobs, &Supervisor::default()).await
}

/// The same; `supervisor` is told what is being done.
async fn tick_told(jobs: &Jobs, supervisor: &Supervisor) -> Result<(), StoreError> {
    jobs.read_inbox().await?;
    let now = jobs.clock.now();
    let zone = jobs.config.zone;
    let mut schedules: Vec<Schedule> = jobs
        .config
        .connections
        .iter()
        .map(|connection| Schedule::of(connection, zone))
        .collect();
    // The daily line is constant and correct; a test runs it.
    schedules.extend(Schedule::new(DAILY, DAILY_AT, zone));
    let last = last_runs(jobs)?;
    let hinted = jobs.hinted()?;
    let hinted = hinted.iter().map(|name| format!("sync {name}"));
    let hinted: BTreeSet<String> = hinted.collect();
    let due = due(&schedules, |job| last.get(job).copied(), now);
    let early = schedules
        .iter()
        .filter(|each| hinted.contains(&each.job) && !due.iter().any(|due| due.job == each.job));
    let mut work = false;
    for schedule in due.iter().copied().chain(early) {
        work = true;
        supervisor.doing(&schedule.job);
        match schedule.job.strip_prefix("sync ") {
            Some(connection) => {
                jobs.sync(Some(connection), false).await?;
            }
            None => {
                jobs.note(DAILY).await?;
                jobs.retain_daily().await?;
            }
        }
        supervisor.alive();
    }
    let (settled, news) = jobs
        .store
        .read(|conn| Ok((conn.next_settled_at()?, conn.has_dirty()?)))?;
    // What has settled is to be started now, not with the next sync.
    work |= settled.is_some_and(|at| at <= now.timestamp_millis());
    if work || news {
        // News that came in by itself is scored at once. What it changes is pushed when its connection's turn comes;
        // what it starts does not wait for that.
        supervisor.doing("scoring");
        let report = jobs.score(false).await?;
        work |= report.automations.iter().any(DoorReport::has_ready);
    }
    if work {
        jobs.weekly().await?;
        jobs.clean().await?;
        supervisor.doing("pushing");
        match jobs.apply(None).await {
            Ok(_) => {}
            Err(Trouble {
                error: PushError::Store(error),
                ..
            }) => return Err(error),
            Err(trouble) => warn!(
                connection = trouble.connection,
                "nothing was pushed: {}", trouble.error
            ),
        }
    }
    Ok(())
}

/// When each job last began.
fn last_runs(jobs: &Jobs) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
    jobs.store.read(|conn| {
        let mut last = BTreeMap::new();
        for connection in conn.connections()? {
            if let Some(run) = conn.last_run("sync", Some(connection.id))? {
                let at = DateTime::from_timestamp_millis(run.started_at);
                last.extend(at.map(|at| (format!("sync {}", connection.name), at)));
            }
        }
        if let Some(run) = conn.last_run(DAILY, None)? {
            last.extend(
                DateTime::from_timestamp_millis(run.started_at).map(|at| (DAILY.to_owned(), at)),
            );
        }
        Ok(last)
    })
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixDatagram, sync::mpsc};

    use super::*;
    use crate::{clock::SystemClock, config::Environment, store::Access, store::Conn};

    // F6: a thread that counted seconds would vouch for it.
    #[tokio::test]
    async fn nobody_vouches_for_a_writer_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&socket).unwrap();
        systemd.set_nonblocking(true).unwrap();
        let named = ("NOTIFY_SOCKET".to_owned(), socket.display().to_string());
        let supervisor = Supervisor::of(&Environment::from([named]));
        let path = folder.path().join("engaged.db");
        let store = Store::open(&path, Access::ReadWrite, &SystemClock).unwrap();

        let (go_on, hangs) = mpsc::channel::<()>();
        let (began, begins) = mpsc::channel();
        let hung = store.clone();
        let hung = std::thread::spawn(move || {
            hung.write(move |_| {
                began.send(()).unwrap();
                let _ = hangs.recv();
                Ok(())
            })
        });
        begins.recv().unwrap();
        let vouching = tokio::spawn(vouch(store.clone(), supervisor, 7_000));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let mut heard = [0; 64];
        assert!(systemd.recv(&mut heard).is_err(), "it was vouched for");
        assert_eq!(store.read(Conn::beat_at).unwrap(), None);

        go_on.send(()).unwrap();
        hung.join().unwrap().unwrap();
        vouching.await.unwrap();
        let length = systemd.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"WATCHDOG=1");
        assert_eq!(store.read(Conn::beat_at).unwrap(), Some(7_000));
    }
}
