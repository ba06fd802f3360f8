//! What is in a bundle.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use engaged_connectors::Clock;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Part, clean::Cleaner};
use crate::{
    config::{Config, ConnectionConfig, Environment, HookConfig, SourceFile},
    score::calendar::Millis,
    status,
    store::{AlertRow, Store, StoreError, files, sqlite_version},
};

/// So many runs, and so many lines of a log.
const RUNS_MAX: u16 = 300;
const LINES_MAX: usize = 5000;

/// What a bundle is made of.
pub struct Asked<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Its files.
    pub files: &'a [SourceFile],
    /// The environment, for the secrets that are looked for.
    pub environment: &'a Environment,
    /// What the doctor found.
    pub doctor: Value,
    /// The store, if it can be opened.
    pub store: Option<&'a Store>,
    /// A log to take the end of.
    pub log: Option<&'a Path>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// The parts of a bundle, cleaned; the README that explains them is the first.
pub fn contents(asked: &Asked<'_>) -> Vec<Part> {
    let cleaner = cleaner(asked.config, asked.environment);
    let mut parts = vec![part(
        "version.json",
        "versions of the program, of SQLite, of the zone data and of this machine",
        &version(),
    )];
    for file in asked.files {
        parts.push(Part {
            name: format!("configuration/{}", file.name()),
            about: "the configuration without comments, secrets, addresses, names of lists, and rule tests",
            text: cleaner.configuration(&file.text),
        });
    }
    parts.push(part(
        "doctor.json",
        "what `engaged doctor` finds",
        &cleaner.report(&without_accounts(asked.doctor.clone())),
    ));
    if let Some(store) = asked.store {
        parts.extend(of_store(store, asked, &cleaner));
    }
    if let Some(log) = asked.log {
        parts.push(Part {
            name: "log.txt".to_owned(),
            about: "the end of the log that you named, without addresses, keys, and what stands in quotation marks",
            text: excerpt(log, &cleaner),
        });
    }
    parts.insert(0, readme(&parts, asked.clock.now()));
    parts
}

fn part(name: &str, about: &'static str, value: &Value) -> Part {
    Part {
        name: name.to_owned(),
        about,
        text: format!("{value:#}\n"),
    }
}

/// Everything that is looked for in all parts.
fn cleaner(config: &Config, environment: &Environment) -> Cleaner {
    let mut secrets: Vec<SecretString> = Vec::new();
    let mut names = Vec::new();
    for connection in config.written_to() {
        let hook = connection.webhook.iter().flat_map(HookConfig::places);
        let sources = hook
            .map(|(_, place)| &place.source)
            .chain([&connection.key]);
        secrets.extend(sources.filter_map(|source| source.read(environment).ok()));
        names.extend(names_of(connection));
    }
    if let Some(receiver) = &config.alerts.receiver {
        secrets.extend(receiver.key.read(environment).ok());
    }
    Cleaner::new(secrets, names, environment.get("HOME").cloned())
}

/// What people called their lists, and where their account is.
fn names_of(connection: &ConnectionConfig) -> Vec<String> {
    let mut names = connection.lists.clone();
    if let crate::config::Own::Copernica(own) = &connection.own {
        names.push(own.database.clone());
    }
    let host = connection.base_url.as_ref().and_then(|url| url.host_str());
    names.extend(
        host.filter(|host| !host.starts_with("127."))
            .map(str::to_owned),
    );
    names
}

/// The key's finding says whose account it is.
fn without_accounts(mut doctor: Value) -> Value {
    let findings = doctor["findings"].as_array_mut();
    for finding in findings.into_iter().flatten() {
        if finding["code"] == "key" {
            finding["message"] = json!("the key works");
        }
    }
    doctor
}

fn version() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let release = read("/etc/os-release");
    let system = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    json!({
        "engaged": env!("CARGO_PKG_VERSION"),
        "sqlite": sqlite_version(),
        "zone_data": chrono_tz::IANA_TZDB_VERSION,
        "system": system.unwrap_or_default().trim_matches('"'),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "machine": std::env::consts::ARCH,
    })
}

/// What the store tells. What cannot be read is told as such.
fn of_store(store: &Store, asked: &Asked<'_>, cleaner: &Cleaner) -> Vec<Part> {
    let told = |read: Result<Value, StoreError>| {
        let value = read
            .unwrap_or_else(|error| json!({ "code": error.code(), "message": error.to_string() }));
        cleaner.report(&value)
    };
    let status = status::status(store, asked.config, asked.clock);
    let status = status.map(|status| serde_json::to_value(status).unwrap_or_default());
    vec![
        part(
            "status.json",
            "what `engaged status` shows, without names of campaigns",
            &told(status),
        ),
        part(
            "database.json",
            "schema, settings, sizes of files, and how many rows each table has",
            &told(database(store, asked.config)),
        ),
        part(
            "runs.json",
            "which jobs ran lately and how each ended",
            &told(runs(store)),
        ),
        part(
            "alerts.json",
            "what is wrong and what was told of it",
            &told(alerts(store)),
        ),
    ]
}

fn database(store: &Store, config: &Config) -> Result<Value, StoreError> {
    let (settings, tables) = store.read(|conn| Ok((conn.settings()?, conn.table_sizes()?)))?;
    let tables: serde_json::Map<String, Value> = tables
        .into_iter()
        .map(|(name, rows)| (name, json!(rows)))
        .collect();
    let files: Vec<Value> = files(&config.database)
        .into_iter()
        .map(|file| json!({ "file": ending(&file.path), "bytes": file.bytes, "mode": format!("{:o}", file.mode) }))
        .collect();
    Ok(json!({
        "sqlite": settings.sqlite, "schema": settings.schema, "newest": settings.newest, "journal": settings.journal,
        "page_size": settings.page_size, "pages": settings.pages, "free_pages": settings.free_pages,
        "files": files, "rows": tables,
    }))
}

/// A file's name without its folders.
fn ending(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}

fn runs(store: &Store) -> Result<Value, StoreError> {
    let (runs, names) =
        store.read(|conn| Ok((conn.runs(None, None, None, RUNS_MAX)?, conn.connections()?)))?;
    let one = |run: &crate::store::Run| {
        let of = names.iter().find(|each| Some(each.id) == run.connection);
        json!({
            "job": run.job, "connection": of.map(|each| &each.name), "started_at": time(run.started_at),
            "ended_at": run.ended_at.map(time), "outcome": run.outcome, "detail": run.detail,
            "events": run.brought.map(|brought| brought.events),
        })
    };
    Ok(runs.iter().map(one).collect())
}

fn alerts(store: &Store) -> Result<Value, StoreError> {
    let (alerts, notices) = store.read(|conn| Ok((conn.alerts()?, conn.notice_sizes()?)))?;
    let alert = |row: &AlertRow| {
        json!({
            "kind": row.kind.as_str(), "connection": row.connection, "state": row.memory.state.as_str(),
            "since": time(row.memory.since), "changed_at": time(row.memory.changed_at),
        })
    };
    let notices: Vec<Value> = notices
        .iter()
        .map(|(state, number)| json!({ "state": state.as_str(), "number": number }))
        .collect();
    Ok(json!({ "alerts": alerts.iter().map(alert).collect::<Vec<_>>(), "notices": notices }))
}

fn time(at: Millis) -> Option<String> {
    let at = DateTime::from_timestamp_millis(at)?;
    Some(at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The end of a log.
fn excerpt(log: &Path, cleaner: &Cleaner) -> String {
    match std::fs::read(log) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let lines: Vec<&str> = text.lines().collect();
            let last = &lines[lines.len().saturating_sub(LINES_MAX)..];
            cleaner.prose(&last.join("\n")) + "\n"
        }
        Err(error) => format!("it could not be read: {error}\n"),
    }
}

fn readme(parts: &[Part], now: DateTime<Utc>) -> Part {
    let mut text = format!(
        "Made by `engaged support-bundle` ({}) on {}, for somebody who is to help.\n\n",
        env!("CARGO_PKG_VERSION"),
        now.to_rfc3339_opts(SecondsFormat::Secs, true)
    );
    for part in parts {
        text += &format!("  {:<34} {}\n", part.name, part.about);
    }
    text += "\nTaken out: keys and other secrets, addresses of people, their names and all that is known of them, names of\n\
             campaigns and lists, addresses in the network, whatever stands in quotation marks, comments and rule tests.\n\
             Left in: names of connections, scores, bands, segments and automations, rules without the texts in them,\n\
             counts and times. Look it through before you send it: it is yours.\n";
    Part {
        name: "README.txt".to_owned(),
        about: "what each file is, and what was taken out",
        text,
    }
}
