//! `doctor`: whether what platforms report by themselves arrives, and what to do where it does not.

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::{
    care::{self, CareStatus},
    config::{Config, ConnectionConfig, Signing, Webhooks},
    diagnostic::{Exit, Expected},
    hooks::{self, Door},
    restored::{self, Quarantined},
    status::{self, HookStatus},
    store::{StoreError, StoredDelivery, WITHOUT_CONNECTION},
};

use super::{Context, hooks::of};

/// So many odd deliveries are named.
const ODD_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Only this connection
    connection: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    /// A restored database that may not write yet.
    quarantine: Option<Quarantined>,
    /// The database's backups, checks and disk.
    care: CareStatus,
    webhooks: Vec<HookReport>,
    /// Deliveries to no path of ours.
    strangers: i64,
}

#[derive(Debug, Serialize)]
struct HookReport {
    connection: String,
    platform: String,
    /// The address without its secret part.
    address: String,
    /// What shows that a delivery is the platform's.
    trust: &'static str,
    /// Why nothing can arrive.
    trouble: Option<String>,
    #[serde(flatten)]
    status: HookStatus,
    odd_ones: Vec<Odd>,
}

#[derive(Debug, Serialize)]
struct Odd {
    delivery: i64,
    received_at: Option<DateTime<Utc>>,
    why: String,
}

pub(super) fn doctor(context: &Context, arguments: &Doctor) -> Result<Exit, Expected> {
    let config = context.config()?;
    if let Some(name) = &arguments.connection {
        of(&config, name)?;
    }
    let report = look(context, &config, arguments.connection.as_deref())?;
    context.output.show(&report, text);
    let ill = report.webhooks.iter().any(|each| each.trouble.is_some());
    Ok(if ill { Exit::Unavailable } else { Exit::Done })
}

fn look(context: &Context, config: &Config, only: Option<&str>) -> Result<Report, Expected> {
    let store = context.reading(config)?;
    let now = context.clock.now();
    let (quarantine, care) = store.read(|conn| {
        let care = care::look(conn, config, now.timestamp_millis())?;
        Ok((restored::look(conn, config)?, care))
    })?;
    let (all, odd, strangers, ids) = store.read(|conn| {
        let strangers = conn.hook(WITHOUT_CONNECTION)?;
        Ok::<_, StoreError>((
            status::connections(conn, config, now)?,
            conn.odd_deliveries(100)?,
            strangers.map_or(0, |hook| hook.refused),
            conn.connections()?,
        ))
    })?;
    let mut webhooks = Vec::new();
    for connection in &config.connections {
        let wanted = only.is_none_or(|only| only == connection.name);
        let status = all.iter().find(|each| each.name == connection.name);
        let Some(status) = status
            .and_then(|each| each.webhook.clone())
            .filter(|_| wanted)
        else {
            continue;
        };
        let id = ids.iter().find(|each| each.name == connection.name);
        let of_it = |each: &&StoredDelivery| id.is_some_and(|id| id.id == each.connection);
        webhooks.push(HookReport {
            connection: connection.name.clone(),
            platform: connection.platform.as_str().to_owned(),
            address: masked(config.webhooks.as_ref(), &connection.name),
            trust: trust(connection),
            trouble: trouble(context, connection),
            status,
            odd_ones: odd
                .iter()
                .filter(of_it)
                .take(ODD_SHOWN)
                .map(named)
                .collect(),
        });
    }
    Ok(Report {
        schema: 1,
        quarantine,
        care,
        webhooks,
        strangers,
    })
}

/// The address without its secret part: what a doctor says is pasted into tickets.
fn masked(webhooks: Option<&Webhooks>, connection: &str) -> String {
    let site = webhooks.map(Webhooks::address).unwrap_or_default();
    hooks::address(&site, connection, "…")
}

fn trust(connection: &ConnectionConfig) -> &'static str {
    match connection.platform.signing() {
        Some(Signing::Secret) => "signed with a shared secret",
        Some(Signing::Published) => "signed with a published key",
        Some(Signing::Nothing) | None => "not signed: who knows the path is believed",
    }
}

/// Why nothing of this connection can arrive, as far as that can be seen from here.
fn trouble(context: &Context, connection: &ConnectionConfig) -> Option<String> {
    let hook = connection.webhook.as_ref()?;
    let door = Door::of(connection, &context.environment).map(|_| ());
    let secrets = hooks::secrets(hook, &context.environment).map(|_| ());
    let expected = door.and(secrets).err()?;
    let first = expected.diagnostics.first()?;
    let help = first.help.as_ref().map(|help| format!("; {help}"));
    Some(format!("{}{}", first.message, help.unwrap_or_default()))
}

fn named(odd: &StoredDelivery) -> Odd {
    Odd {
        delivery: odd.id,
        received_at: DateTime::from_timestamp_millis(odd.delivery.received_at),
        why: odd.why.clone().unwrap_or_default(),
    }
}

fn text(report: &Report) -> String {
    let quarantine = report.quarantine.as_ref();
    let mut out = quarantine.map(restored::text).unwrap_or_default() + &care::text(&report.care);
    if report.webhooks.is_empty() {
        out += "No connection has a webhook: everything is polled. See docs/webhooks.md.\n";
    }
    for each in &report.webhooks {
        out += &one(each);
    }
    if report.strangers > 0 {
        out += &format!(
            "{} deliveries came to a path that is none of ours; on an open port that is usual.\n",
            report.strangers
        );
    }
    out
}

fn one(hook: &HookReport) -> String {
    let time = |at: Option<DateTime<Utc>>| {
        at.map_or_else(
            || "never".to_owned(),
            |at| at.format("%Y-%m-%d %H:%MZ").to_string(),
        )
    };
    let status = &hook.status;
    let mut out = format!("{} ({})\n", hook.connection, hook.platform);
    let mut line = |name: &str, what: &str| out += &format!("  {name:<13}{what}\n");
    if let Some(trouble) = &hook.trouble {
        line("TROUBLE", trouble);
    }
    let whole = format!(
        "{}   whole: engaged hooks path {}",
        hook.address, hook.connection
    );
    line("address", &whole);
    line("trust", hook.trust);
    line("last genuine", &time(status.last_at));
    let counts = format!(
        "{} taken, {} came again, {} wait to be read, {} not understood",
        status.accepted, status.repeated, status.waiting, status.odd
    );
    line("deliveries", &counts);
    let refused = match &status.refused_why {
        Some(why) => format!(
            "{}, the last at {}: {why}",
            status.refused,
            time(status.refused_at)
        ),
        None => status.refused.to_string(),
    };
    line("refused", &refused);
    for odd in &hook.odd_ones {
        let named = format!(
            "delivery {} of {}: {}",
            odd.delivery,
            time(odd.received_at),
            odd.why
        );
        line("odd", &named);
    }
    let test = format!(
        "curl -i \"$(engaged hooks path {})\" says 200 if the address reaches us; then let the platform send one",
        hook.connection
    );
    line("test", &test);
    out += "\n";
    out
}
