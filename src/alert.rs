//! Alerts: what is wrong is told to somebody who reads no logs.
//!
//! Once a minute a daemon looks at its own store. Conditions are pure functions
//! of what was seen (`condition`), each alert goes from pending to firing to
//! resolved by its looks (`step`, pure too), and what is to be told is queued in
//! the same transaction and sent by a signed call (`notice`). All of it is
//! a task of its own: neither a slow look nor a dead receiver holds a job up,
//! and no job, however long, keeps the looks away.

mod condition;
mod kind;
pub mod notice;
mod sight;
mod step;
mod volume;
pub mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;
use serde::Serialize;
use tracing::{error, info, warn};

pub use condition::{Condition, Fact, Refused};
pub use kind::Kind;
pub use notice::Teller;
pub use step::{Damping, Look, Memory, State, Word};

use crate::{
    care::disk::Space,
    config::{Alerts, Config, Language},
    desk::Desk,
    schedule::jobs::Jobs,
    score::calendar::{Millis, Zone},
    store::{AlertRow, Conn, NewNotice, Notice, Store, StoreError},
};

use self::{condition::Found, sight::Machine, volume::Kept};

/// So many events are counted at once, and so often in one look.
const COUNTED: i64 = 100_000;
const COUNTS: usize = 10;
/// Notices are kept for so long.
const KEPT_MS: Millis = 90 * 86_400_000;
/// So many notices are listed.
const LISTED: u32 = 50;

/// How often a daemon looks.
const EVERY: Duration = Duration::from_mins(1);

/// Looks once a minute, the first time a minute from now: what was missed while nothing ran is being made up for by then.
pub async fn keep_looking(desk: Arc<Desk>) {
    look_each_minute(|| {
        let refused = desk.reload_trouble().map(|trouble| Refused {
            at: trouble.at,
            errors: i64::try_from(trouble.errors.len()).unwrap_or(i64::MAX),
        });
        (desk.jobs(), refused)
    })
    .await;
}

/// `present` gives the jobs that are in force, and the last reload if it was refused.
async fn look_each_minute(present: impl Fn() -> (Arc<Jobs>, Option<Refused>)) {
    let watch = Watch::default();
    loop {
        tokio::time::sleep(EVERY).await;
        let (jobs, refused) = present();
        if let Err(failed) = watch.look(&jobs, refused).await {
            error!(code = failed.code(), "no look at what is wrong: {failed}");
        }
    }
}

/// What is kept between looks.
#[derive(Default)]
pub struct Watch {
    kept: Arc<Mutex<Kept>>,
}

impl Watch {
    /// One look: counts, sees, judges, remembers, and tells.
    pub async fn look(&self, jobs: &Jobs, refused: Option<Refused>) -> Result<(), StoreError> {
        let (store, config, clock) = (&jobs.store, &jobs.config, jobs.clock.as_ref());
        count(store, config, clock).await?;
        let (kept, now) = (Arc::clone(&self.kept), clock.now());
        let seen = Arc::clone(config);
        let machine = Machine {
            disk_low: (jobs.room)().filter(Space::is_low).map(|space| space.free),
            log_bytes: store.log_bytes(),
        };
        let found = store
            .read_async(move |conn| {
                // Each answer goes in whole.
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let sight = sight::look(conn, &seen, now, (refused, machine), &mut kept)?;
                Ok(condition::judge(&sight, &seen.alerts))
            })
            .await?;
        remember(store, config, found, now.timestamp_millis()).await?;
        match &jobs.teller {
            Some(teller) => notice::deliver(store, teller, clock).await,
            None => Ok(()),
        }
    }
}

/// Counts what came in since the last look, and no more of a long backfill than a look has time for.
async fn count(store: &Store, config: &Config, clock: &dyn Clock) -> Result<(), StoreError> {
    let zone = Arc::new(Zone::new(config.zone));
    let now = clock.now().timestamp_millis();
    let first = volume::first(zone.day(now));
    for _ in 0..COUNTS {
        let zone = Arc::clone(&zone);
        let arrivals = store
            .read_async(move |conn| conn.uncounted(&zone, first, COUNTED))
            .await?;
        let rows = arrivals.rows;
        if rows == 0 {
            break;
        }
        store
            .write_async(move |tx| tx.count_arrivals(&arrivals, first, now))
            .await?;
        if rows < COUNTED {
            break;
        }
    }
    Ok(())
}

/// What a look makes of the alerts there are.
#[derive(Default)]
struct Changes {
    rows: Vec<AlertRow>,
    forgotten: Vec<String>,
    notices: Vec<NewNotice>,
    /// What fires now and did not, or no longer does.
    news: Vec<(String, State)>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.forgotten.is_empty()
    }
}

/// Takes every alert a look further, in one transaction with what is to be told. While all is well nothing is written.
async fn remember(
    store: &Store,
    config: &Arc<Config>,
    found: Found,
    now: Millis,
) -> Result<(), StoreError> {
    let found = Arc::new(found);
    let (asked, seen) = (Arc::clone(config), Arc::clone(&found));
    let quiet = store
        .read_async(move |conn| Ok(changes(conn.alerts()?, &seen, &asked, now).is_empty()))
        .await?;
    if quiet {
        return Ok(());
    }
    let config = Arc::clone(config);
    let changed = store
        .write_async(move |tx| {
            // Whoever looked beside us has been here.
            let changes = changes(tx.alerts()?, &found, &config, now);
            for row in &changes.rows {
                tx.set_alert(row)?;
            }
            for key in &changes.forgotten {
                tx.forget_alert(key)?;
            }
            for notice in &changes.notices {
                tx.add_notice(notice, now, now - KEPT_MS)?;
            }
            Ok(changes.news)
        })
        .await?;
    for (alert, state) in changed {
        if state == State::Firing {
            warn!(alert, "an alert fires");
        } else {
            info!(alert, "an alert is over");
        }
    }
    Ok(())
}

fn changes(known: Vec<AlertRow>, found: &Found, config: &Config, now: Millis) -> Changes {
    let mut known: BTreeMap<String, AlertRow> = known
        .into_iter()
        .map(|row| (row.key.clone(), row))
        .collect();
    let mut changes = Changes::default();
    let mut seen = BTreeSet::new();
    for condition in &found.holds {
        let key = condition.key();
        // The guards of two cleaning policies are one alert: a word on one is a word on both.
        if seen.insert(key.clone()) {
            let before = known.remove(&key);
            further(
                before,
                Some(condition),
                Look::Bad,
                config,
                now,
                &mut changes,
            );
        }
    }
    for (key, row) in known {
        let look = if found.unknown.contains(&key) {
            Look::Unknown
        } else {
            Look::Good
        };
        further(Some(row), None, look, config, now, &mut changes);
    }
    changes
}

/// Takes one alert a look further.
fn further(
    before: Option<AlertRow>,
    holds: Option<&Condition>,
    look: Look,
    config: &Config,
    now: Millis,
    changes: &mut Changes,
) {
    let remembered = before.as_ref().and_then(condition_of);
    let Some(condition) = holds.cloned().or(remembered) else {
        // A fact of another version: the alert ends as if it never was.
        changes.forgotten.extend(before.map(|row| row.key));
        return;
    };
    let kind = condition.fact.kind();
    let listens = listens(&config.alerts, kind);
    let memory = before.as_ref().map(|row| row.memory);
    let (after, word) = step::step(memory, look, now, config.alerts.damping, listens);
    let Some(after) = after else {
        changes.forgotten.extend(before.map(|row| row.key));
        return;
    };
    if let Some(word) = word.filter(|_| listens) {
        let since = condition.fact.since().unwrap_or(after.since);
        changes
            .notices
            .push(notice::of_alert(config, &condition, word, since, now));
    }
    let fired = memory.is_some_and(|memory| memory.state == State::Firing);
    if fired != (after.state == State::Firing) {
        changes.news.push((condition.key(), after.state));
    }
    let row = AlertRow {
        key: condition.key(),
        kind,
        connection: condition.connection.clone(),
        fact: serde_json::to_string(&condition.fact).unwrap_or_default(),
        memory: after,
    };
    if before.as_ref() != Some(&row) {
        changes.rows.push(row);
    }
}

/// Whether somebody is to be told of that.
fn listens(alerts: &Alerts, kind: Kind) -> bool {
    alerts.receiver.is_some() && (alerts.only.is_empty() || alerts.only.contains(&kind))
}

/// What an alert was about when it was last seen to hold.
fn condition_of(row: &AlertRow) -> Option<Condition> {
    Some(Condition {
        connection: row.connection.clone(),
        fact: serde_json::from_str(&row.fact).ok()?,
    })
}

/// Every alert that is or was, and the last notices.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub schema: u32,
    /// The host that is told; `None` if nobody is.
    pub receiver: Option<String>,
    /// What fires, then what is pending, then what is over.
    pub alerts: Vec<Shown>,
    /// The last notices, the newest first.
    pub notices: Vec<ShownNotice>,
}

/// An alert.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// What tells it from others.
    pub key: String,
    /// What sort of alert it is.
    pub alert: &'static str,
    /// The connection.
    pub connection: Option<String>,
    /// `firing`, `pending` or `resolved`.
    pub state: &'static str,
    /// Since when the condition holds, or held.
    pub since: DateTime<Utc>,
    /// Since when it is in this state.
    pub changed_at: DateTime<Utc>,
    /// What is wrong, or that it is over.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A notice.
#[derive(Clone, Debug, Serialize)]
pub struct ShownNotice {
    /// Its key: the same however often it is sent.
    pub id: String,
    /// The alert that it is of.
    pub alert: String,
    /// `firing`, `resolved` or `test`.
    pub state: String,
    /// `planned`, `sending`, `sent`, `retry` or `given up`.
    pub delivery: &'static str,
    /// How many calls were made.
    pub tries: i64,
    /// The receiver's last word.
    pub detail: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// Looks at what is kept, in the words of a language.
pub fn report(conn: &Conn, config: &Config, language: Language) -> Result<Report, StoreError> {
    let mut rows = conn.alerts()?;
    let place = |state| match state {
        State::Firing => 0,
        State::Pending => 1,
        State::Resolved => 2,
    };
    rows.sort_by_key(|row| (place(row.memory.state), -row.memory.changed_at));
    let shown = |row: &AlertRow| {
        let condition = condition_of(row)?;
        let message = match row.memory.state {
            State::Resolved => words::resolved(&condition, language),
            State::Pending | State::Firing => words::firing(&condition, config.zone, language),
        };
        Some(Shown {
            key: row.key.clone(),
            alert: row.kind.as_str(),
            connection: row.connection.clone(),
            state: row.memory.state.as_str(),
            since: instant(condition.fact.since().unwrap_or(row.memory.since)),
            changed_at: instant(row.memory.changed_at),
            message,
            help: words::help(&condition, language),
        })
    };
    let receiver = config.alerts.receiver.as_ref();
    Ok(Report {
        schema: 1,
        receiver: receiver.and_then(|receiver| receiver.url.host_str().map(str::to_owned)),
        alerts: rows.iter().filter_map(shown).collect(),
        notices: conn.notices(LISTED)?.into_iter().map(show_notice).collect(),
    })
}

fn show_notice(notice: Notice) -> ShownNotice {
    ShownNotice {
        id: notice.notice.key,
        alert: notice.notice.alert,
        state: notice.notice.state,
        delivery: notice.delivery.as_str(),
        tries: notice.tries,
        detail: notice.detail,
        at: instant(notice.known_at),
    }
}

/// A stored time; what lies outside the calendar is its beginning.
fn instant(at: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

#[cfg(test)]
mod tests;
