//! What a look sees: the store and the schedules, read in one go.

use chrono::{DateTime, Utc};

use crate::{
    care,
    config::{Config, ConnectionConfig, Mode, OnDrift},
    schedule::due::Schedule,
    score::calendar::{Day, Millis, Zone},
    store::{BACKUP, Conn, Connection, Run, StoreError},
};

use super::{
    condition::{ConnectionSight, HookSight, Refused, Sight},
    volume::{self, Kept},
};

/// Rows that were rejected count for so long after they first came.
const REJECTED_MS: Millis = 86_400_000;
/// A removal in doubt is settled by a look at the platform, with one of the next syncs.
const DOUBT_MS: Millis = 3_600_000;

/// What is seen of the machine, beside the store.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Machine {
    /// The bytes that are free on the database's disk, where they are too few.
    pub(super) disk_low: Option<u64>,
    /// The bytes of the database's log.
    pub(super) log_bytes: u64,
}

/// Looks at everything.
pub(super) fn look(
    conn: &Conn,
    config: &Config,
    now: DateTime<Utc>,
    (refused, machine): (Option<Refused>, Machine),
    kept: &mut Kept,
) -> Result<Sight, StoreError> {
    let zone = Zone::new(config.zone);
    let known = conn.connections()?;
    let mut connections = Vec::new();
    for configured in &config.connections {
        // What was never synced has not begun.
        if let Some(known) = known.iter().find(|known| known.name == configured.name) {
            connections.push(connection(
                conn, config, configured, known, now, &zone, kept,
            )?);
        }
    }
    let name = |id| known.iter().find(|known| known.id == id);
    let guards = conn.open_guards()?.into_iter().map(|guard| {
        let connection = guard.connection.and_then(name);
        let connection = connection.map(|known| known.name.clone());
        (connection, guard.name, guard.tripped_at)
    });
    Ok(Sight {
        now: now.timestamp_millis(),
        connections,
        guards: guards.collect(),
        refused,
        backup_stale: care::stale_since(conn, config, now.timestamp_millis())?,
        damaged: damaged(conn)?,
        disk_low: machine.disk_low.map(number),
        log_bytes: number(machine.log_bytes),
    })
}

fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Checks that found something. That a backup failed is told when there is none for too long.
fn damaged(conn: &Conn) -> Result<Vec<(String, Millis)>, StoreError> {
    let found = conn.care()?.into_iter();
    let found = found.filter(|check| check.trouble.is_some() && check.name != BACKUP);
    Ok(found
        .map(|check| (check.name, check.since.unwrap_or(check.at)))
        .collect())
}

fn connection(
    conn: &Conn,
    config: &Config,
    configured: &ConnectionConfig,
    known: &Connection,
    now: DateTime<Utc>,
    zone: &Zone,
    kept: &mut Kept,
) -> Result<ConnectionSight, StoreError> {
    let millis = now.timestamp_millis();
    let last = conn.last_run("sync", Some(known.id))?;
    let synced_at = synced_at(conn, known, last.as_ref())?;
    let schedule = Schedule::of(configured, config.zone);
    let late_at = synced_at.and_then(|at| late_at(&schedule, at, config.alerts.poll_age));
    let blocked = conn.blocked(&known.name)?;
    let yesterday = zone.day(millis).previous();
    Ok(ConnectionSight {
        name: known.name.clone(),
        synced_at,
        late_at,
        blocked: blocked.map(|(_, since)| since),
        rejected: conn.count_rejects_since(known.id, millis - REJECTED_MS)?,
        doubts: conn.doubts(known.id, millis - DOUBT_MS)?,
        edited: edited(conn, configured, known)?,
        volume: day(conn, known, last.as_ref(), zone, yesterday, kept)?,
        hook: hook(conn, configured, known)?,
    })
}

/// What somebody else edited is told where it was asked for; elsewhere it is written again, or accepted, or not ours to write.
fn edited(
    conn: &Conn,
    configured: &ConnectionConfig,
    known: &Connection,
) -> Result<Option<(i64, Millis)>, StoreError> {
    if configured.mode == Mode::Live && configured.push.on_drift == OnDrift::Alert {
        conn.edited(known.id)
    } else {
        Ok(None)
    }
}

fn hook(
    conn: &Conn,
    configured: &ConnectionConfig,
    known: &Connection,
) -> Result<Option<HookSight>, StoreError> {
    // What is not expected yet has not begun.
    let (Some(wanted), Some(hook)) = (&configured.webhook, conn.hook(known.id)?) else {
        return Ok(None);
    };
    let mailed_at = match hook.heard_at {
        Some(_) => None,
        None => conn.first_campaign_after(known.id, hook.expected_at)?,
    };
    Ok(Some(HookSight {
        heard_at: hook.heard_at,
        mailed_at,
        silent_after: wanted.silent_after,
    }))
}

/// Since when nothing good was heard: the beginning of the last good sync or, where one goes on, of its last page. Where
/// there was no good one yet, the beginning of the first.
fn synced_at(
    conn: &Conn,
    known: &Connection,
    last: Option<&Run>,
) -> Result<Option<Millis>, StoreError> {
    let good = conn.last_good_run("sync", Some(known.id))?;
    let (first, page) = conn.sync_span(known.id)?;
    let goes_on = last.filter(|run| run.ended_at.is_none());
    let heard = goes_on.map(|run| run.started_at.max(page.unwrap_or(run.started_at)));
    let good = good.map(|run| run.started_at);
    Ok(good.max(heard).or(first))
}

/// When so many times of a schedule will have passed.
fn late_at(schedule: &Schedule, since: Millis, times: u32) -> Option<Millis> {
    let mut at = DateTime::from_timestamp_millis(since)?;
    for _ in 0..times {
        at = schedule.next_after(at)?;
    }
    Some(at.timestamp_millis())
}

fn day(
    conn: &Conn,
    known: &Connection,
    last: Option<&Run>,
    zone: &Zone,
    on: Day,
    kept: &mut Kept,
) -> Result<Option<super::condition::DayVolume>, StoreError> {
    let synced = last.map(|run| (run.id, run.ended_at.is_some()));
    let stand = (on, conn.volume_mark()?, synced);
    kept.of(known.id, stand, || volume::of(conn, known.id, zone, on))
}
