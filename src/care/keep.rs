//! What the daemon does for its database beside its jobs: a look after a crash, the daily backup, the weekly checks, the log.
//!
//! All of it reads by connections of its own and writes a row when it is done,
//! so that no job waits for it. A check that finds something is told as an alert,
//! and holds all writing to platforms.

use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use tracing::{error, info, warn};

use crate::{
    desk::Desk,
    schedule::{due::Schedule, jobs::Jobs},
    score::calendar::Millis,
    store::{BACKUP, BACKUP_SCORES, CareRow, Conn, QUICK, SCORES, Store, StoreError, WHOLE},
    verify::{VerifyReport, verify},
};

use super::{EXPECTED, backup, size};

/// How often it is asked what is due.
const EVERY: Duration = Duration::from_mins(1);
/// Backups are made with the daily job, shortly after midnight.
const DAILY_AT: &str = "35 0 * * *";
/// One that failed is tried again after this.
const AGAIN_MS: Millis = 3_600_000;
/// How often everything is checked.
const WEEK_MS: Millis = 7 * 86_400_000;
/// What was never checked is, when the daemon has run for so long: a start has other things to do.
const SETTLED_MS: Millis = 3_600_000;
/// A log larger than this is emptied.
const LOG_MAX: u64 = 16_000_000;
/// Set while a daemon runs: who finds it set on start follows one that did not stop.
const RUNNING: &str = "running";

/// Cares until it is dropped. Begin it when the daemon is ready, with what [`begin`] said.
pub async fn keep_caring(desk: Arc<Desk>, crashed: bool) {
    if crashed {
        warn!("the last daemon did not stop cleanly: the database is looked at");
        report(after_crash(&desk.jobs()).await);
    }
    loop {
        tokio::time::sleep(EVERY).await;
        let jobs = desk.jobs();
        let running = jobs.clock.now().timestamp_millis() - desk.pulse.started_at();
        report(look_after(&jobs, running).await);
    }
}

fn report(done: Result<(), StoreError>) {
    if let Err(failed) = done {
        error!(
            code = failed.code(),
            "the care of the database failed: {failed}"
        );
    }
}

/// Remembers that a daemon runs; whether the one before did not stop. Before anybody is told that it does: whatever
/// ends it then is noticed.
pub async fn begin(jobs: &Jobs) -> Result<bool, StoreError> {
    let now = jobs.clock.now().timestamp_millis();
    jobs.store
        .write_async(move |tx| {
            let before = tx.control(RUNNING)?;
            tx.set_control(RUNNING, "on", now)?;
            Ok(before.is_some_and(|control| control.value == "on"))
        })
        .await
}

/// Remembers that the daemon has stopped.
pub async fn end(store: &Store, now: Millis) -> Result<(), StoreError> {
    store
        .write_async(move |tx| tx.set_control(RUNNING, "off", now))
        .await
}

/// A quick look at every page.
async fn after_crash(jobs: &Jobs) -> Result<(), StoreError> {
    let found = jobs.store.read_async(Conn::check_quickly).await;
    note(jobs, QUICK, damage(found)?).await
}

/// What is damaged, apart from what failed for another reason.
fn damage(found: Result<(), StoreError>) -> Result<Option<String>, StoreError> {
    match found {
        Ok(()) => Ok(None),
        Err(StoreError::Damaged { detail }) => Ok(Some(detail)),
        Err(other) => Err(other),
    }
}

async fn note(jobs: &Jobs, name: &'static str, trouble: Option<String>) -> Result<(), StoreError> {
    match &trouble {
        Some(found) => warn!(check = name, "a check of the database found: {found}"),
        None => info!(check = name, "in order"),
    }
    let now = jobs.clock.now().timestamp_millis();
    jobs.store
        .write_async(move |tx| tx.set_care(name, trouble.as_deref(), now))
        .await
}

/// Does what is due. `running`: for how long the daemon has run.
pub async fn look_after(jobs: &Jobs, running: Millis) -> Result<(), StoreError> {
    let (checks, expected) = jobs
        .store
        .read_async(|conn| Ok((conn.care()?, conn.control(EXPECTED)?)))
        .await?;
    let of = |name: &str| checks.iter().find(|check| check.name == name);
    let now = jobs.clock.now().timestamp_millis();
    if jobs.config.backup.is_some() {
        if expected.is_none() {
            let begin = move |tx: &crate::store::Tx| tx.set_control(EXPECTED, "", now);
            jobs.store.write_async(begin).await?;
        }
        if is_backup_due(jobs, of(BACKUP)) {
            back_up(jobs, of(BACKUP_SCORES)).await?;
        }
    }
    let week = |check: Option<&CareRow>| match check {
        Some(check) => check.at + WEEK_MS <= now,
        None => running >= SETTLED_MS,
    };
    if week(of(SCORES)) {
        check_all(jobs).await?;
    }
    let log = jobs.store.log_bytes();
    if log > LOG_MAX && jobs.store.empty_log().await? {
        info!(was = size(log), "emptied the database's log");
    }
    Ok(())
}

/// Once each day, shortly after midnight; what was missed is made up for, what failed is tried again within the hour.
fn is_backup_due(jobs: &Jobs, last: Option<&CareRow>) -> bool {
    let now = jobs.clock.now();
    let Some(last) = last else {
        return true;
    };
    if last.trouble.is_some() {
        return last.at + AGAIN_MS <= now.timestamp_millis();
    }
    let schedule = Schedule::new(BACKUP, DAILY_AT, jobs.config.zone);
    let after = DateTime::from_timestamp_millis(last.at);
    let next = schedule
        .ok()
        .zip(after)
        .and_then(|(schedule, at)| schedule.next_after(at));
    next.is_some_and(|next| next <= now)
}

/// The daily backup. That it failed is remembered, and no reason for anything else to stop.
async fn back_up(jobs: &Jobs, verified: Option<&CareRow>) -> Result<(), StoreError> {
    let Some(settings) = jobs.config.backup.clone() else {
        return Ok(());
    };
    let (store, at) = (jobs.store.clone(), jobs.clock.now());
    let now = at.timestamp_millis();
    let make = move || {
        let (file, held) = backup::make(&store, &settings, at)?;
        let row = backup::row(&file, &held, now);
        store.write(move |tx| tx.add_backup(&row))?;
        // The newest is good: what is older than the configured number may go.
        let removed = backup::remove_old(&settings)?;
        Ok::<_, StoreError>((file, held, removed))
    };
    let made = tokio::task::spawn_blocking(make).await;
    let (file, held, removed) = match made.map_err(|error| StoreError::ended(&error))? {
        Ok(made) => made,
        Err(failed) => return note(jobs, BACKUP, Some(failed.to_string())).await,
    };
    info!(size = size(held.bytes), removed, "made a backup");
    note(jobs, BACKUP, None).await?;
    if verified.is_some_and(|last| last.at + WEEK_MS > now) {
        return Ok(());
    }
    let config = Arc::clone(&jobs.config);
    let check = move || backup::verify_scores(&file, &config, at);
    let verified = tokio::task::spawn_blocking(check).await;
    let found = match verified.map_err(|error| StoreError::ended(&error))? {
        Ok(report) => differences(&report),
        Err(failed) => Some(failed.to_string()),
    };
    note(jobs, BACKUP_SCORES, found).await
}

/// Every page, index and reference, then every score.
async fn check_all(jobs: &Jobs) -> Result<(), StoreError> {
    let (store, config) = (jobs.store.clone(), Arc::clone(&jobs.config));
    let clock = Arc::clone(&jobs.clock);
    let check = move || verify(&store, &config, clock.as_ref());
    let checked = tokio::task::spawn_blocking(check).await;
    match checked.map_err(|error| StoreError::ended(&error))? {
        Ok(report) => {
            note(jobs, WHOLE, None).await?;
            note(jobs, QUICK, None).await?;
            note(jobs, SCORES, differences(&report)).await
        }
        Err(StoreError::Damaged { detail }) => {
            note(jobs, WHOLE, Some(detail)).await?;
            note(jobs, SCORES, Some("the file is damaged".to_owned())).await
        }
        Err(other) => Err(other),
    }
}

/// What a verification found, if anything.
fn differences(report: &VerifyReport) -> Option<String> {
    if let Some(row) = report.audit_broken_at {
        return Some(format!("the audit trail is broken at row {row}"));
    }
    let first = report.differences.first();
    (report.different > 0).then(|| {
        let first = first.map_or_else(String::new, |first| format!("; the first: {first}"));
        format!("{} are not what the events give{first}", report.different)
    })
}

#[cfg(test)]
mod tests;
