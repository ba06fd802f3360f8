//! The state of everything, as one look shows it: data age, coverage, what is
//! judged, what waits, what is held. Truthful also while things fail.

mod shadow;

use chrono::{DateTime, Utc};
use engaged_connectors::Clock;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    automation::EntryState,
    care::{self, CareStatus},
    cli::output::table,
    config::{Config, ConnectionConfig, Mode},
    drift::{self, Finding, Severity},
    restored::{self, Quarantined},
    schedule::due::Schedule,
    score::{calendar::Day, facts::ConnectionId},
    store::{CleaningBatch, Conn, Connection, Shortfall, Store, StoreError},
};

pub use shadow::{ShadowStatus, WouldCount, WouldStatus};
use shadow::{shadow, shadow_text};

/// So many shortfalls of a connection are told, and so many in text.
const SHORT_MAX: usize = 20;
const SHORT_SHOWN: usize = 3;

/// The whole state.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Status {
    /// The version of this shape.
    pub schema: u32,
    /// The rules in force.
    pub rules: String,
    /// Each configured connection.
    pub connections: Vec<ConnectionStatus>,
    /// Contacts and events in the store.
    pub contacts: i64,
    /// Events in the store.
    pub events: i64,
    /// Contacts that object to being scored: they are neither judged nor not.
    pub objecting: i64,
    /// Contacts about whom every absence is judged.
    pub judged: i64,
    /// Contacts about whom some absence waits for data: reason and number.
    pub unjudged: Vec<(String, i64)>,
    /// Contacts that have news and are not scored yet.
    pub waiting: i64,
    /// Writes by state: connection, state, number.
    pub outbox: Vec<(String, String, i64)>,
    /// Entries into automations that are still to be started, or are in doubt: state and number.
    pub starts: Vec<(String, i64)>,
    /// What waits for a person.
    pub guards: Vec<GuardStatus>,
    /// Batches of cleaning that one person approved and a second has to confirm.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<BatchStatus>,
    /// Whether writing is paused.
    pub paused: bool,
    /// A backup that took the place of the database and may not write yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantined>,
    /// The newest backup, and what the database's own checks found.
    pub care: CareStatus,
    /// What moved in the scores up to the last week that was taken.
    pub drift: Vec<Finding>,
}

/// One connection.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConnectionStatus {
    /// Its name.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// `read-only` or `live`.
    pub mode: &'static str,
    /// `ok`, `never synced`, `stale`, `trouble`, `blocked`.
    pub state: &'static str,
    /// Why it is not ok.
    pub why: Option<String>,
    /// When the last sync ended well.
    pub last_good_at: Option<DateTime<Utc>>,
    /// Complete for every stream up to here.
    pub complete_through: Option<DateTime<Utc>>,
    /// Contacts that are on the platform.
    pub contacts: i64,
    /// Rows and pages that could not be understood.
    pub rejects: i64,
    /// Where less reached us than the platform counts, the newest first: these days are not judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short: Vec<ShortStatus>,
    /// How many such there are.
    #[serde(skip)]
    pub short_in_all: usize,
    /// When it is synced next, if the daemon runs.
    pub next_at: Option<DateTime<Utc>>,
    /// What its platform reports by itself, if it is to.
    pub webhook: Option<HookStatus>,
    /// What would have been written so far, while it is only watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStatus>,
}

/// What a platform reports by itself.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct HookStatus {
    /// When the last genuine delivery came.
    pub last_at: Option<DateTime<Utc>>,
    /// Genuine deliveries, each counted once.
    pub accepted: i64,
    /// Deliveries that came again.
    pub repeated: i64,
    /// Deliveries that were not believed.
    pub refused: i64,
    /// When the last of those came.
    pub refused_at: Option<DateTime<Utc>>,
    /// Why it was not believed.
    pub refused_why: Option<String>,
    /// Deliveries that wait to be read.
    pub waiting: i64,
    /// Deliveries that were not wholly understood.
    pub odd: i64,
}

/// Days on which less reached us than a platform counts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShortStatus {
    /// The campaign.
    pub campaign: String,
    /// The kind of event.
    pub kind: String,
    /// How many are missing at least.
    pub missing: i64,
    /// How many the platform counts in those days.
    pub counted: i64,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

/// One guard that waits for a person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GuardStatus {
    /// Its name, for `approve`.
    pub name: String,
    /// The connection it holds up.
    pub connection: Option<String>,
    /// What it saw.
    pub detail: String,
}

/// A batch of cleaning that waits for a second person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BatchStatus {
    /// Its number, for `clean confirm`.
    pub batch: i64,
    /// The policy.
    pub policy: String,
    /// Who approved it.
    pub approved_by: String,
    /// When.
    pub approved_at: Option<DateTime<Utc>>,
}

impl From<CleaningBatch> for BatchStatus {
    fn from(batch: CleaningBatch) -> Self {
        Self {
            batch: batch.id,
            policy: batch.policy,
            approved_by: batch.approved_by,
            approved_at: DateTime::from_timestamp_millis(batch.approved_at),
        }
    }
}

impl From<Shortfall> for ShortStatus {
    fn from(short: Shortfall) -> Self {
        Self {
            campaign: short.campaign,
            kind: short.kind,
            missing: short.missing,
            counted: short.counted,
            from: short.from,
            to: short.to,
        }
    }
}

impl ShortStatus {
    /// How many of those that the platform counts have reached us.
    pub fn reported(&self) -> i64 {
        (self.counted - self.missing).max(0)
    }
}

impl Status {
    /// Whether every connection and the database are in order.
    pub fn is_healthy(&self) -> bool {
        let mut connections = self.connections.iter();
        self.care.is_sound() && connections.all(|each| matches!(each.state, "ok" | "never synced"))
    }
}

/// Looks at everything.
pub fn status(store: &Store, config: &Config, clock: &dyn Clock) -> Result<Status, StoreError> {
    let now = clock.now();
    store.read(|conn| {
        let known = conn.connections()?;
        let name_of = |id| {
            known
                .iter()
                .find(|each| each.id == id)
                .map(|each| each.name.clone())
        };
        let connections = connections(conn, config, now)?;
        let (contacts, events) = conn.sizes()?;
        let (judged, unjudged) = conn.judged_sizes()?;
        let outbox = conn.outbox_sizes()?.into_iter().map(|(id, state, number)| {
            (
                name_of(id).unwrap_or_default(),
                state.as_str().to_owned(),
                number,
            )
        });
        let guards = conn.open_guards()?.into_iter().map(|guard| GuardStatus {
            connection: guard.connection.and_then(name_of),
            name: guard.name,
            detail: guard.detail,
        });
        Ok(Status {
            schema: 1,
            rules: config.rules_hash.clone(),
            connections,
            contacts,
            events,
            objecting: conn.count_objecting()?,
            judged,
            unjudged,
            waiting: i64::try_from(conn.count_dirty()?).unwrap_or(i64::MAX),
            outbox: outbox.collect(),
            starts: starts(conn)?,
            guards: guards.collect(),
            unconfirmed: conn
                .batches_that_wait()?
                .into_iter()
                .map(Into::into)
                .collect(),
            paused: conn.is_paused()?,
            quarantine: restored::look(conn, config)?,
            care: care::look(conn, config, now.timestamp_millis())?,
            drift: drift::report(conn, config, drift::WEEKS)?.findings,
        })
    })
}

/// Looks at each configured connection.
pub fn connections(
    conn: &Conn,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Vec<ConnectionStatus>, StoreError> {
    let known = conn.connections()?;
    let all = config.connections.iter().map(|each| {
        let known = known.iter().find(|known| known.name == each.name);
        connection(conn, each, known, config, now)
    });
    all.collect()
}

fn connection(
    conn: &Conn,
    configured: &ConnectionConfig,
    known: Option<&Connection>,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<ConnectionStatus, StoreError> {
    let mut status = ConnectionStatus {
        name: configured.name.clone(),
        platform: configured.platform.as_str().to_owned(),
        mode: if configured.mode == Mode::Live {
            "live"
        } else {
            "read-only"
        },
        state: "never synced",
        why: None,
        last_good_at: None,
        complete_through: None,
        contacts: 0,
        rejects: 0,
        short: Vec::new(),
        short_in_all: 0,
        next_at: Schedule::of(configured, config.zone).next_after(now),
        webhook: configured.webhook.as_ref().map(|_| HookStatus::default()),
        shadow: None,
    };
    status.shadow = shadow(conn, configured, known, config, now)?;
    let Some(known) = known else {
        return Ok(status);
    };
    status.contacts = conn.contacts_of(known.id)?;
    if status.webhook.is_some() {
        status.webhook = Some(webhook(conn, known.id)?);
    }
    status.rejects = conn.count_rejects(known.id)?;
    let (short, short_in_all) = conn.shortfalls(known.id, SHORT_MAX)?;
    status.short_in_all = short_in_all;
    status.short = short.into_iter().map(ShortStatus::from).collect();
    let through = conn.connection_complete_through(known.id)?;
    status.complete_through = through.and_then(DateTime::from_timestamp_millis);
    let good = conn.last_good_run("sync", Some(known.id))?;
    status.last_good_at = good.and_then(|run| DateTime::from_timestamp_millis(run.started_at));
    if let Some(run) = conn.last_run("sync", Some(known.id))? {
        let not_ended = || "the last sync did not end; it is under way, or was cut off".to_owned();
        (status.state, status.why) = match (run.outcome.as_deref(), status.last_good_at) {
            (Some("ok"), _) => ("ok", run.detail),
            (Some(_), _) => ("trouble", run.detail),
            (None, Some(_)) => ("ok", Some(not_ended())),
            (None, None) => ("trouble", Some(not_ended())),
        };
    }
    let schedule = Schedule::of(configured, config.zone);
    if status.state == "ok"
        && status
            .last_good_at
            .is_some_and(|at| missed_two(&schedule, at, now))
    {
        let why = "two syncs of its schedule have passed since the last good one; see whether the daemon runs";
        (status.state, status.why) = ("stale", Some(why.to_owned()));
    }
    if let Some((why, _)) = conn.blocked(&configured.name)? {
        (status.state, status.why) = ("blocked", Some(why));
    }
    Ok(status)
}

fn webhook(conn: &Conn, connection: ConnectionId) -> Result<HookStatus, StoreError> {
    let (waiting, odd) = conn.delivery_sizes(connection)?;
    let mut status = HookStatus {
        waiting,
        odd,
        ..HookStatus::default()
    };
    if let Some(hook) = conn.hook(connection)? {
        status.last_at = hook.heard_at.and_then(DateTime::from_timestamp_millis);
        status.refused_at = hook.refused_at.and_then(DateTime::from_timestamp_millis);
        (status.accepted, status.repeated) = (hook.accepted, hook.repeated);
        (status.refused, status.refused_why) = (hook.refused, hook.refused_why);
    }
    Ok(status)
}

/// Whether two times of a schedule have passed since its job began last.
fn missed_two(schedule: &Schedule, last: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let second = schedule
        .next_after(last)
        .and_then(|first| schedule.next_after(first));
    second.is_some_and(|second| second <= now)
}

/// The state as text.
pub fn text(status: &Status) -> String {
    let waits: i64 = status.unjudged.iter().map(|(_, number)| number).sum();
    let reasons = status.unjudged.iter();
    let reasons: Vec<String> = reasons
        .map(|(reason, number)| format!("{number} {reason}"))
        .collect();
    let reasons = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join(", "))
    };
    let mut out = connections_text(status);
    out += &format!(
        "\nContacts  {} with {} events\n",
        status.contacts, status.events
    );
    out += &format!(
        "Scores    {} judged, {waits} not judged{reasons}\n",
        status.judged
    );
    if status.objecting > 0 {
        out += &format!("          {} object and are not scored\n", status.objecting);
    }
    if status.waiting > 0 {
        out += &format!(
            "          {} have news and wait for the next `engaged score`\n",
            status.waiting
        );
    }
    let restored = status.quarantine.as_ref().map(restored::text);
    let restored = restored.unwrap_or_default();
    let held = starts_text(status) + &guards_text(status) + &unconfirmed_text(status) + &restored;
    out + &outbox_text(status) + &held + &drift_text(status) + &care::text(&status.care)
}

fn connections_text(status: &Status) -> String {
    if status.connections.is_empty() {
        return "No connections are configured; files come in with `engaged import`.\n".to_owned();
    }
    let time = |at: Option<DateTime<Utc>>| {
        at.map_or_else(
            || "-".to_owned(),
            |at| at.format("%Y-%m-%d %H:%MZ").to_string(),
        )
    };
    let row = |each: &ConnectionStatus| {
        vec![
            format!("{} ({})", each.name, each.platform),
            each.mode.to_owned(),
            time(each.last_good_at),
            time(each.complete_through),
            each.contacts.to_string(),
            each.rejects.to_string(),
            time(each.next_at),
            each.state.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = status.connections.iter().map(row).collect();
    let header = [
        "CONNECTION",
        "MODE",
        "LAST GOOD SYNC",
        "COMPLETE THROUGH",
        "CONTACTS",
        "REJECTS",
        "NEXT",
        "STATE",
    ];
    let mut out = table(&header, &[4, 5], &rows);
    for each in &status.connections {
        if let Some(why) = &each.why {
            out += &format!("  {}: {why}\n", each.name);
        }
        out += &short_text(each);
        if let Some(webhook) = &each.webhook {
            out += &format!("  {}: {}\n", each.name, webhook_text(webhook));
        }
        if let Some(shadow) = &each.shadow {
            out += &format!("  {}: {}\n", each.name, shadow_text(&each.name, shadow));
        }
    }
    out
}

/// What did not reach us, the newest first.
fn short_text(status: &ConnectionStatus) -> String {
    let mut out = String::new();
    for each in status.short.iter().take(SHORT_SHOWN) {
        out += &format!(
            "  {}: not judged from {} to {}: the platform counts {} more of kind {} of campaign '{}' than reached us: {} of {} reported\n",
            status.name,
            each.from,
            each.to,
            each.missing,
            each.kind,
            each.campaign,
            each.reported(),
            each.counted
        );
    }
    let more = status.short_in_all.saturating_sub(SHORT_SHOWN);
    if more > 0 {
        out += &format!("  {}: and {more} more like that\n", status.name);
    }
    out
}

fn webhook_text(webhook: &HookStatus) -> String {
    let mut out = match webhook.last_at {
        Some(at) => format!("the last webhook came at {}", at.format("%Y-%m-%d %H:%MZ")),
        None => "no webhook has come yet".to_owned(),
    };
    for (number, what) in [
        (webhook.waiting, "to be read"),
        (webhook.odd, "not understood"),
        (webhook.refused, "refused"),
    ] {
        if number > 0 {
            out += &format!("; {number} {what}");
        }
    }
    if webhook.last_at.is_none() || webhook.odd + webhook.refused > 0 {
        out += "; see `engaged doctor`";
    }
    out
}

fn outbox_text(status: &Status) -> String {
    let open = ["planned", "attempting", "retry", "ambiguous", "rejected"];
    let waiting = status.outbox.iter();
    let waiting: Vec<String> = waiting
        .filter(|(_, state, _)| open.contains(&state.as_str()))
        .map(|(name, state, number)| format!("{name}: {number} {state}"))
        .collect();
    let paused = if status.paused { "PAUSED; " } else { "" };
    let waiting = if waiting.is_empty() {
        "nothing waits".to_owned()
    } else {
        waiting.join(", ")
    };
    format!("Push      {paused}{waiting}\n")
}

fn guards_text(status: &Status) -> String {
    if status.guards.is_empty() {
        return "Guards    none tripped\n".to_owned();
    }
    let mut out = String::new();
    for guard in &status.guards {
        let place = guard.connection.as_ref();
        let place = place.map(|name| format!(" on {name}")).unwrap_or_default();
        out += &format!("Guard     {}{place}: {}\n", guard.name, guard.detail);
        out += &format!(
            "          let it pass with `engaged approve {}`\n",
            guard.name
        );
    }
    out
}

fn unconfirmed_text(status: &Status) -> String {
    let batches = status.unconfirmed.iter().map(|each| {
        format!(
            "Cleaning  batch {} of {} waits for a second person; {} approved it\n          confirm it on its page or with `engaged clean confirm {}`\n",
            each.batch, each.policy, each.approved_by, each.batch
        )
    });
    batches.collect()
}

/// What is to be started, and what a person must look into; nothing where there is neither.
fn starts_text(status: &Status) -> String {
    if status.starts.is_empty() {
        return String::new();
    }
    let words = status.starts.iter();
    let words: Vec<String> = words
        .map(|(state, number)| format!("{number} {state}"))
        .collect();
    format!(
        "Starts    {}\n          see `engaged automations`\n",
        words.join(", ")
    )
}

/// What waits of starts, by state.
fn starts(conn: &Conn) -> Result<Vec<(String, i64)>, StoreError> {
    let mut waiting = Vec::new();
    for state in EntryState::ALL {
        if state.is_pending() || state == EntryState::InDoubt {
            waiting.push((state.as_str().to_owned(), conn.count_entries(state)?));
        }
    }
    waiting.retain(|(_, number)| *number > 0);
    waiting.sort();
    Ok(waiting)
}

/// Alerts alone: `drift` has the rest.
fn drift_text(status: &Status) -> String {
    let mut out = String::new();
    let alerts = status.drift.iter();
    for alert in alerts.filter(|each| each.severity == Severity::Alert) {
        out += &format!("Drift     {alert}\n          see `engaged drift`\n");
    }
    out
}

#[cfg(test)]
mod tests;
