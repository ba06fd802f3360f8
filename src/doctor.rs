//! What can be found out about an installation without changing anything, each finding with a stable code and a fix.
//!
//! Everything but `platform` works without a network. A finding that is `fine` says that something was looked at; `note` is
//! for people to know; `warning` and `trouble` are to be mended. Codes, once given, keep their meaning: docs/doctor.md.

mod configuration;
mod daemon;
mod finding;
mod platform;
mod storage;
mod zone;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;

use crate::{
    config::{Config, Environment},
    status,
    store::{Access, Holder, Store, holder},
};

pub use finding::{CODES, Finding, State};
pub use platform::{Dated, connections};

/// Looks at everything on this machine. `store` is left out where the database cannot be opened, which is a finding.
pub fn look(config: &Config, environment: &Environment, clock: &dyn Clock) -> Vec<Finding> {
    let mut all = configuration::findings(config, environment);
    all.push(zone::findings(config));
    let (store, storage) = storage::findings(config, clock);
    all.extend(storage);
    all.push(daemon::findings(config, store.as_ref(), clock));
    if let Some(store) = &store {
        all.extend(statuses(store, config, clock));
    }
    all
}

/// Opens the store for looking, if that can be done.
pub fn store(config: &Config, clock: &dyn Clock) -> Option<Store> {
    let store = Store::open(&config.database, Access::ReadOnly, clock).ok()?;
    let now = clock.now().timestamp_millis();
    store.track_by(&config.rules.tracking, now).ok()?;
    Some(store)
}

/// What is known of each connection, and whether its shadow period is over.
fn statuses(store: &Store, config: &Config, clock: &dyn Clock) -> Vec<Finding> {
    let now = clock.now();
    let seen = store.read(|conn| status::connections(conn, config, now));
    let all = match seen {
        Ok(all) => all,
        Err(error) => return vec![storage::unusable(&error)],
    };
    let held = matches!(holder(&config.database), Holder::Process(_));
    let mut findings = Vec::new();
    for each in &all {
        let why = each.why.clone().unwrap_or_default();
        let name = &each.name;
        findings.extend(match each.state {
            // Begun and not ended, while somebody holds the database: it is being done.
            "trouble" if held && under_way(store, name) => Some(Finding::new(
                "connection_syncing",
                State::Note,
                name,
                "its first sync is under way",
            )),
            "blocked" => Some(
                Finding::new("connection_blocked", State::Trouble, name, why)
                    .fix("put a good key into the key's file; the next sync that is not refused lifts the block"),
            ),
            "trouble" => Some(
                Finding::new("connection_trouble", State::Warning, name, why)
                    .fix(format!("see it happen: engaged sync {name}")),
            ),
            "stale" => Some(
                Finding::new("connection_stale", State::Warning, name, why)
                    .fix("start the daemon: engaged run, or systemctl start engaged"),
            ),
            "never synced" => Some(
                Finding::new("connection_unsynced", State::Note, name, "nothing was read yet")
                    .fix(format!("engaged sync {name}")),
            ),
            _ => None,
        });
    }
    findings.extend(shadows(config, now));
    findings
}

/// Whether the last sync of a connection has begun and not ended.
fn under_way(store: &Store, name: &str) -> bool {
    let last = store.read(|conn| {
        let known = conn
            .connections()?
            .into_iter()
            .find(|each| each.name == name);
        known.map_or(Ok(None), |known| conn.last_run("sync", Some(known.id)))
    });
    matches!(last, Ok(Some(run)) if run.outcome.is_none())
}

/// Connections whose shadow period has ended without anybody going live.
fn shadows(config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    let today = crate::score::calendar::Zone::new(config.zone).day(now.timestamp_millis());
    let over = config.connections.iter().filter_map(|connection| {
        let until = connection.shadow_until.filter(|until| *until <= today)?;
        let name = &connection.name;
        Some(
            Finding::new(
                "shadow_over",
                State::Note,
                name,
                format!("the shadow period ended on {until}; nothing is written all the same"),
            )
            .fix(format!(
                "look at the plan and let it write: engaged go-live {name}"
            )),
        )
    });
    over.collect()
}
