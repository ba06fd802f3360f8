//! `/metrics`: the state of everything as numbers, in the text format that
//! Prometheus reads.
//!
//! Labels hold names from the configuration and words of fixed sets, never
//! anything of a contact or of what a platform said, so that there are few and
//! they tell nothing. All of it is kept or counted in passing: a scrape of a list
//! of a million costs no more than one of a hundred.

mod care;
mod page;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;

use crate::{
    alert::{Kind, State},
    automation::EntryState,
    config::Config,
    health::Pulse,
    push::guard,
    score::calendar::Millis,
    status::{self, ConnectionStatus, HookStatus},
    store::{Conn, Delivery, OutboxState, Store, StoreError, WITHOUT_CONNECTION},
};

use self::page::{Page, Sort};

/// What a label says where a word is of no known set.
const OTHER: &str = "other";

/// How a connection can be.
const STATES: [&str; 5] = ["ok", "never synced", "stale", "trouble", "blocked"];

/// Why somebody can be not judged.
const REASONS: [&str; 7] = [
    "no_tracking",
    "too_new",
    "not_tracked",
    "not_mailed",
    "too_few_sends",
    "coverage_gap",
    "unmeasurable",
];

/// Everything, as it is now.
pub async fn scrape(
    store: &Store,
    config: &Arc<Config>,
    pulse: &Pulse,
    clock: &dyn Clock,
) -> Result<String, StoreError> {
    let begun = clock.now();
    let config = Arc::clone(config);
    let mut page = store
        .read_async(move |conn| {
            let mut page = Page::default();
            of_store(conn, &config, begun, &mut page)?;
            Ok(page)
        })
        .await?;
    of_process(pulse, &mut page);
    let took = clock.now() - begun;
    page.family(
        "engaged_scrape_duration_seconds",
        Sort::Gauge,
        "How long it took to put these numbers together.",
    );
    page.sample(&[], seconds(took.num_milliseconds()));
    Ok(page.text())
}

fn of_process(pulse: &Pulse, page: &mut Page) {
    page.family(
        "engaged_build_info",
        Sort::Gauge,
        "The version that runs; always 1.",
    );
    page.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page.family(
        "engaged_process_start_time_seconds",
        Sort::Gauge,
        "When the process started, in Unix time.",
    );
    page.sample(&[], seconds(pulse.started_at()));
    page.family(
        "engaged_heartbeat_timestamp_seconds",
        Sort::Gauge,
        "When the daemon's loop last beat, in Unix time; it does so once a minute.",
    );
    page.sample(&[], seconds(pulse.beat_at()));
}

fn of_store(
    conn: &Conn,
    config: &Config,
    now: DateTime<Utc>,
    page: &mut Page,
) -> Result<(), StoreError> {
    let connections = status::connections(conn, config, now)?;
    of_connections(&connections, now, page);
    of_webhooks(conn, &connections, page)?;
    of_contacts(conn, page)?;
    of_writing(conn, config, page)?;
    of_alerts(conn, page)?;
    care::of_care(conn, config, now, page)?;
    of_runs(conn, page)
}

fn of_connections(connections: &[ConnectionStatus], now: DateTime<Utc>, page: &mut Page) {
    let age = |at: DateTime<Utc>| seconds((now - at).num_milliseconds());
    let stamp = |at: DateTime<Utc>| seconds(at.timestamp_millis());
    let mut each = |name, help, value: &dyn Fn(&ConnectionStatus) -> Option<f64>| {
        page.family(name, Sort::Gauge, help);
        for connection in connections {
            if let Some(value) = value(connection) {
                page.sample(&[("connection", &connection.name)], value);
            }
        }
    };
    each(
        "engaged_connection_last_success_timestamp_seconds",
        "When the last sync that ended well began, in Unix time.",
        &|connection| connection.last_good_at.map(stamp),
    );
    each(
        "engaged_connection_data_age_seconds",
        "How long ago that is.",
        &|connection| connection.last_good_at.map(age),
    );
    each(
        "engaged_connection_complete_through_timestamp_seconds",
        "Up to when every stream was read completely, in Unix time.",
        &|connection| connection.complete_through.map(stamp),
    );
    each(
        "engaged_connection_complete_through_age_seconds",
        "How long ago that is.",
        &|connection| connection.complete_through.map(age),
    );
    each(
        "engaged_connection_contacts",
        "Contacts that are on the platform.",
        &|connection| Some(whole(connection.contacts)),
    );
    each(
        "engaged_connection_rejected_rows",
        "Rows and pages that could not be understood.",
        &|connection| Some(whole(connection.rejects)),
    );
    page.family(
        "engaged_connection_state",
        Sort::Gauge,
        "1 for the state that a connection is in, 0 for the others.",
    );
    for connection in connections {
        for state in STATES {
            let labels = [("connection", connection.name.as_str()), ("state", state)];
            page.sample(&labels, f64::from(u8::from(connection.state == state)));
        }
    }
}

fn of_webhooks(
    conn: &Conn,
    connections: &[ConnectionStatus],
    page: &mut Page,
) -> Result<(), StoreError> {
    let each = connections.iter();
    let each: Vec<(&str, &HookStatus)> = each
        .filter_map(|each| Some((each.name.as_str(), each.webhook.as_ref()?)))
        .collect();
    page.family(
        "engaged_webhook_deliveries_total",
        Sort::Counter,
        "What platforms sent by themselves: taken, known already, not believed. Without a connection: to no path of ours.",
    );
    for (name, hook) in &each {
        for (outcome, number) in [
            ("accepted", hook.accepted),
            ("repeated", hook.repeated),
            ("refused", hook.refused),
        ] {
            page.sample(&[("connection", name), ("outcome", outcome)], whole(number));
        }
    }
    let strangers = conn.hook(WITHOUT_CONNECTION)?;
    let strangers = strangers.map_or(0, |hook| hook.refused);
    page.sample(
        &[("connection", ""), ("outcome", "refused")],
        whole(strangers),
    );
    page.family(
        "engaged_webhook_last_timestamp_seconds",
        Sort::Gauge,
        "When the last genuine delivery came, in Unix time.",
    );
    for (name, hook) in &each {
        if let Some(at) = hook.last_at {
            page.sample(&[("connection", name)], seconds(at.timestamp_millis()));
        }
    }
    page.family(
        "engaged_webhook_deliveries",
        Sort::Gauge,
        "Deliveries that wait to be read, and such as were not wholly understood.",
    );
    for (name, hook) in &each {
        for (state, number) in [("waiting", hook.waiting), ("odd", hook.odd)] {
            page.sample(&[("connection", name), ("state", state)], whole(number));
        }
    }
    Ok(())
}

fn of_contacts(conn: &Conn, page: &mut Page) -> Result<(), StoreError> {
    let contacts = i64::try_from(conn.count_contacts()?).unwrap_or(i64::MAX);
    let waiting = i64::try_from(conn.count_dirty()?).unwrap_or(i64::MAX);
    let (judged, unjudged) = conn.judged_sizes()?;
    let mut one = |name, help, value| {
        page.family(name, Sort::Gauge, help);
        page.sample(&[], whole(value));
    };
    one("engaged_contacts", "Contacts.", contacts);
    one(
        "engaged_contacts_judged",
        "Contacts about whom every absence is judged.",
        judged,
    );
    one(
        "engaged_contacts_waiting",
        "Contacts that have news and are not scored yet.",
        waiting,
    );
    page.family(
        "engaged_contacts_unjudged",
        Sort::Gauge,
        "Contacts about whom some absence waits for data, by the first reason.",
    );
    let known = unjudged.into_iter();
    let known = known.map(|(reason, number)| (known_of(&REASONS, &reason), number));
    page.by_word("reason", known);
    Ok(())
}

fn of_writing(conn: &Conn, config: &Config, page: &mut Page) -> Result<(), StoreError> {
    page.family(
        "engaged_outbox_rows",
        Sort::Gauge,
        "Writes by connection and how far they have come.",
    );
    let (known, sizes) = (conn.connections()?, conn.outbox_sizes()?);
    for configured in config.written_to() {
        let connection = known.iter().find(|known| known.name == configured.name);
        for state in OutboxState::ALL {
            let rows = sizes.iter().find(|(id, of, _)| {
                *of == state && connection.is_some_and(|connection| connection.id == *id)
            });
            let labels = [
                ("connection", configured.name.as_str()),
                ("state", state.as_str()),
            ];
            page.sample(&labels, whole(rows.map_or(0, |(_, _, rows)| *rows)));
        }
    }
    page.family(
        "engaged_guards_open",
        Sort::Gauge,
        "Guards that hold writing up until somebody approves.",
    );
    let open = conn.open_guards()?.into_iter();
    page.by_word(
        "guard",
        open.map(|open| (known_of(&guard::ALL, &open.name), 1)),
    );
    page.family(
        "engaged_writing_paused",
        Sort::Gauge,
        "1 while a person has paused all writing.",
    );
    page.sample(&[], f64::from(u8::from(conn.is_paused()?)));
    page.family(
        "engaged_starts_in_doubt",
        Sort::Gauge,
        "Starts of automations of which nobody knows whether they were carried out.",
    );
    let in_doubt = conn.count_entries(EntryState::InDoubt)?;
    page.sample(&[], whole(in_doubt));
    Ok(())
}

fn of_alerts(conn: &Conn, page: &mut Page) -> Result<(), StoreError> {
    page.family(
        "engaged_alerts_firing",
        Sort::Gauge,
        "Alerts that fire, by what they are about.",
    );
    let alerts = conn.alerts()?;
    for kind in Kind::ALL {
        let firing = alerts
            .iter()
            .filter(|row| row.kind == kind && row.memory.state == State::Firing);
        let firing = i64::try_from(firing.count()).unwrap_or(i64::MAX);
        page.sample(&[("alert", kind.as_str())], whole(firing));
    }
    page.family(
        "engaged_notices",
        Sort::Gauge,
        "Notices of alerts in the last 90 days, by how far they have come.",
    );
    for (delivery, number) in conn.notice_sizes()? {
        page.sample(&[("delivery", Delivery::as_str(delivery))], whole(number));
    }
    Ok(())
}

fn of_runs(conn: &Conn, page: &mut Page) -> Result<(), StoreError> {
    page.family(
        "engaged_runs_total",
        Sort::Counter,
        "Runs of jobs that have ended, by how.",
    );
    let mut sums = BTreeMap::new();
    for (job, outcome, runs) in conn.run_sizes()? {
        let outcome = known_of(&["ok", "trouble"], &outcome);
        *sums.entry((job, outcome)).or_insert(0) += runs;
    }
    for ((job, outcome), runs) in sums {
        page.sample(&[("job", &job), ("outcome", outcome)], whole(runs));
    }
    Ok(())
}

/// The word, if it is one of a set.
fn known_of(set: &[&'static str], word: &str) -> &'static str {
    set.iter()
        .find(|known| **known == word)
        .copied()
        .unwrap_or(OTHER)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to nine thousand billion"
)]
fn whole(number: i64) -> f64 {
    number as f64
}

fn seconds(time: Millis) -> f64 {
    whole(time) / 1_000.0
}

#[cfg(test)]
mod tests;
