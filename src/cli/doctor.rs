//! `doctor`: what is wrong or could be better, each with its code and a fix; and what of webhooks arrives.

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::{
    config::{self, Config, ConnectionConfig, Signing, Webhooks},
    diagnostic::{Exit, Expected},
    doctor::{self, Finding, State},
    hooks::{self, Door},
    platform,
    status::{self, HookStatus},
    store::{Store, StoreError, StoredDelivery, WITHOUT_CONNECTION},
};

use super::{Context, runtime::wait, usage};

/// So many odd deliveries are named.
const ODD_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Only this connection
    connection: Option<String>,
    /// Ask no platform: only what can be seen on this machine
    #[arg(long)]
    offline: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: u32,
    /// Whether the platforms were asked.
    online: bool,
    findings: Vec<Finding>,
    webhooks: Vec<HookReport>,
    /// Deliveries to no path of ours.
    strangers: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct HookReport {
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
    let config = config::load(&context.path, &context.environment)?;
    let only = arguments.connection.as_deref();
    if let Some(name) = only.filter(|name| config.connections.iter().all(|each| each.name != *name))
    {
        let names: Vec<&str> = config
            .connections
            .iter()
            .map(|each| each.name.as_str())
            .collect();
        return Err(usage(
            format!("there is no connection '{name}'"),
            format!("there are: {}", names.join(", ")),
        ));
    }
    let report = look(context, &config, only, arguments.offline)?;
    context.output.show(&report, text);
    let ill = report.findings.iter().any(|each| each.state.is_to_mend());
    Ok(if ill { Exit::Part } else { Exit::Done })
}

/// Looks at everything; asks the platforms unless that is not wanted.
pub(super) fn look(
    context: &Context,
    config: &Config,
    only: Option<&str>,
    offline: bool,
) -> Result<Report, Expected> {
    let mut findings = doctor::look(config, &context.environment, context.clock.as_ref());
    if !offline {
        let network = platform::network()?;
        let asked =
            doctor::connections(config, only, &context.environment, &context.clock, &network);
        findings.extend(wait(asked)?);
    }
    if let Some(only) = only {
        let others: Vec<&str> = config
            .connections
            .iter()
            .map(|each| each.name.as_str())
            .collect();
        findings.retain(|each| each.subject == only || !others.contains(&each.subject.as_str()));
    }
    let (webhooks, strangers) = match doctor::store(config, context.clock.as_ref()) {
        Some(store) => hooks_of(context, config, only, &store)?,
        None => (Vec::new(), 0),
    };
    findings.extend(
        webhooks
            .iter()
            .filter_map(|each| ill(each, config, context.clock.now())),
    );
    // What is to be mended comes first.
    findings.sort_by_key(|each| std::cmp::Reverse(each.state));
    Ok(Report {
        schema: 2,
        online: !offline,
        findings,
        webhooks,
        strangers,
    })
}

/// What is to be mended about a webhook.
fn ill(hook: &HookReport, config: &Config, now: DateTime<Utc>) -> Option<Finding> {
    let name = &hook.connection;
    if let Some(trouble) = &hook.trouble {
        let finding = Finding::new("hook_unready", State::Trouble, name, trouble);
        return Some(finding.fix(format!("engaged hooks path {name}; docs/webhooks.md")));
    }
    let status = &hook.status;
    if let Some(why) = status
        .refused_why
        .as_ref()
        .filter(|_| status.refused_at > status.last_at)
    {
        let message = format!("the last delivery was not believed: {why}");
        // On an open port strangers knock; where the platform was ever believed, it is known to come through.
        let state = status.last_at.map_or(State::Warning, |_| State::Note);
        let finding = Finding::new("hook_refused", state, name, message);
        return Some(finding.fix("give the platform the address and the secret that stand here"));
    }
    let mut all = config.connections.iter();
    let silent_after = all
        .find(|each| each.name == *name)?
        .webhook
        .as_ref()?
        .silent_after;
    let silent = status
        .last_at
        .is_none_or(|at| (now - at).num_milliseconds() > silent_after);
    silent.then(|| {
        let message = match status.last_at {
            None => "no webhook has come yet".to_owned(),
            Some(at) => format!("the last webhook came at {}", at.format("%Y-%m-%d %H:%MZ")),
        };
        // Before anything was ever sent, silence is no fault.
        let state = status.last_at.map_or(State::Note, |_| State::Warning);
        Finding::new("hook_silent", state, name, message)
            .fix("let the platform send one; the address it must have stands below")
    })
}

fn hooks_of(
    context: &Context,
    config: &Config,
    only: Option<&str>,
    store: &Store,
) -> Result<(Vec<HookReport>, i64), Expected> {
    let now = context.clock.now();
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
    Ok((webhooks, strangers))
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

pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    for each in &report.findings {
        let line = format!(
            "{:<8} {}: {}",
            each.state.mark(),
            each.subject,
            each.message
        );
        out += line.trim_end();
        out += if each.state == State::Fine {
            "\n"
        } else {
            "  ["
        };
        if each.state != State::Fine {
            out += &format!("{}]\n", each.code);
        }
        if let Some(fix) = &each.fix {
            out += &format!("         -> {fix}\n");
        }
    }
    let count = |state| {
        report
            .findings
            .iter()
            .filter(|each| each.state == state)
            .count()
    };
    let (troubles, warnings) = (count(State::Trouble), count(State::Warning));
    out += &match (troubles, warnings) {
        (0, 0) => "nothing to mend".to_owned(),
        _ => format!(
            "to mend: {troubles} troubles, {warnings} warnings; each code is explained in docs/doctor.md"
        ),
    };
    out += if report.online {
        "\n"
    } else {
        "; the platforms were not asked\n"
    };
    if !report.webhooks.is_empty() {
        out += "\nWebhooks\n";
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
