//! Whether the daemon runs, and what ran last.

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;

use super::finding::{Finding, State};
use crate::{
    config::Config,
    store::{Holder, Store, holder},
};

/// A job that ends each turn of the daemon that did anything.
const JOBS: [&str; 4] = ["sync", "score", "push", "daily"];

pub(super) fn findings(config: &Config, store: Option<&Store>, clock: &dyn Clock) -> Finding {
    let last = store.and_then(|store| last_run(store).ok().flatten());
    let last = match last {
        Some((job, at)) => {
            let when = match (clock.now() - at).num_minutes() {
                minutes @ 0.. => format!("{minutes} minutes ago"),
                _ => format!(
                    "at {}, by a clock that ran ahead",
                    at.format("%Y-%m-%d %H:%MZ")
                ),
            };
            format!("; the last job was {job}, {when}")
        }
        None => "; nothing has run yet".to_owned(),
    };
    match holder(&config.database) {
        Holder::Process(pid) => {
            let pid = pid.map(|pid| format!("process {pid} ")).unwrap_or_default();
            let message = format!("{pid}holds the database{last}");
            Finding::new("daemon", State::Fine, "daemon", message)
        }
        Holder::Nobody => Finding::new(
            "daemon_absent",
            State::Note,
            "daemon",
            format!("no process holds the database{last}"),
        )
        .fix("start it: engaged run, or systemctl start engaged; unless cron runs engaged once"),
        Holder::Unseen => Finding::new(
            "daemon_unseen",
            State::Note,
            "daemon",
            format!("this machine does not show who holds the database{last}"),
        ),
    }
}

/// The job that began last, and when.
fn last_run(store: &Store) -> Result<Option<(String, DateTime<Utc>)>, crate::store::StoreError> {
    let runs = store.read(|conn| conn.runs(None, None, None, 20))?;
    let run = runs
        .into_iter()
        .find(|run| JOBS.contains(&run.job.as_str()));
    Ok(run.and_then(|run| Some((run.job, DateTime::from_timestamp_millis(run.started_at)?))))
}
