//! The configuration: from files, packs and environment variables to one
//! checked value.
//!
//! Raw becomes checked in steps, and each step finds all there is to find: the
//! notation (`tree`), the keys and kinds of values (`shape`, against
//! `schema`), then the meaning, one file per topic. Whatever is wrong is
//! told with its place in the text. Nothing here reads a secret, opens a
//! connection, or asks the time.

mod alerts;
mod automations;
mod backup;
mod cleaning;
pub mod code;
mod condition;
mod connections;
mod found;
mod hash;
mod insight;
mod language;
mod live;
mod machines;
mod models;
mod near;
mod only_rules;
mod options;
mod overrides;
pub mod packs;
pub mod parts;
mod privacy;
mod redact;
mod retention;
mod rule_tests;
mod rules;
mod schema;
mod scores;
mod secret;
mod shape;
mod source;
mod time;
mod tree;
mod web;
mod webhooks;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use chrono_tz::Tz;

pub(crate) use self::near::proposal;
pub use self::{
    alerts::{Alerts, Receiver},
    backup::Backup,
    cleaning::{Approve, CleaningPolicy, Then, WAIT, WinBack, removals},
    connections::{
        ConnectionConfig, CopernicaOwn, DEFAULT_SCHEDULE, HubSpotOwn, Mode, OnDrift, Own, Platform,
        PushConfig, TagsConfig,
    },
    insight::Insight,
    live::live,
    only_rules::beside_rules,
    overrides::PREFIX as OVERRIDE_PREFIX,
    retention::whole_since,
    schema::json::json_schema,
    secret::SecretSource,
    source::{SourceFile, sources},
    web::Web,
    webhooks::{HookConfig, SecretPlace, Signing, Webhooks},
};
use self::{found::Found, parts::Parts, source::directory, tree::Table};
use crate::{
    automation::{Automation, Begin},
    diagnostic::Diagnostic,
    rule_tests::RuleTest,
    rules::{horizon::Horizon, set::RuleSet},
    verdict,
};

/// The process's environment variables, as far as the program may see them.
///
/// It may hold secrets: never print it.
pub type Environment = BTreeMap<String, String>;

/// The language of what people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Dutch.
    Dutch,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Dutch];

    /// As the configuration writes it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Dutch => "nl",
        }
    }
}

/// Limits beyond which nothing is written until somebody approves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guards {
    /// Share of the contacts with a score whose score may change in one run.
    pub max_score_change: f64,
    /// Starts of automations in one run.
    pub max_starts: u32,
    /// Share of a list that may vanish between two syncs.
    pub max_list_shrink: f64,
}

/// When to say that scores drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// The population stability index of a score's bands beyond which it is an alert; from half of it, a notice.
    pub alert: f64,
}

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file or directory it came from, as given.
    pub file: PathBuf,
    /// The zone in which days begin and end.
    pub zone: Tz,
    /// The database file.
    pub database: PathBuf,
    /// The language of what people read.
    pub language: Language,
    /// The connections, in file order.
    pub connections: Vec<ConnectionConfig>,
    /// Everything that decides a score.
    pub rules: RuleSet,
    /// SHA-256, in hexadecimal, of a canonical text of `rules`: equal hashes
    /// score equally, however the files are laid out.
    pub rules_hash: String,
    /// How machines are told from people.
    pub machines: verdict::Settings,
    /// Who is taken off which lists, in file order.
    pub cleaning: Vec<CleaningPolicy>,
    /// Limits on what is written without asking.
    pub guards: Guards,
    /// What backtest and suggest compare scores with.
    pub insight: Insight,
    /// What starts when a condition begins to hold, in file order.
    pub automations: Vec<Automation>,
    /// When to say that scores drift.
    pub drift: Drift,
    /// What is told to whom when something is wrong.
    pub alerts: Alerts,
    /// The daily backup, if there is to be one.
    pub backup: Option<Backup>,
    /// How long events are kept; `None`: for ever.
    pub retention: Option<Horizon>,
    /// Where the dashboard is served; `None` where it is not.
    pub web: Option<Web>,
    /// Where platforms report by themselves; `None` where nothing listens.
    pub webhooks: Option<Webhooks>,
    /// What the rules must make of what somebody did; `check` runs them.
    pub tests: Vec<RuleTest>,
    /// What it consists of, each with a fingerprint: two configurations are compared by it.
    pub parts: Parts,
    /// What is probably not as meant.
    pub warnings: Vec<Diagnostic>,
}

impl Config {
    /// Everything that may be written to: the connections, and the addresses that automations call.
    pub fn written_to(&self) -> impl Iterator<Item = &ConnectionConfig> {
        let hooks = self
            .automations
            .iter()
            .filter_map(|each| match &each.start.begin {
                Begin::Call(hook) => Some(hook.as_ref()),
                _ => None,
            });
        self.connections.iter().chain(hooks)
    }
}

/// Loads a file, or all `*.toml` files of a directory in the order of their
/// names, with the overrides of `environment`.
///
/// # Errors
///
/// All errors there are, and the warnings, in the order of files and lines.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, Vec<Diagnostic>> {
    let files = sources(path).map_err(|diagnostic| vec![*diagnostic])?;
    load_texts(path, &files, environment)
}

/// As [`load`], from texts that stand for the files at `path`: what they would mean there.
///
/// # Errors
///
/// As [`load`].
pub fn load_texts(
    path: &Path,
    files: &[SourceFile],
    environment: &Environment,
) -> Result<Config, Vec<Diagnostic>> {
    assemble(path, directory(path), files, environment)
}

/// A draft of the rules, checked with what it takes over from the configuration.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The configuration as it would be.
    pub config: Config,
    /// Empty for a whole configuration; else what the draft replaces, as `scores.engagement` or `stages`.
    pub replaces: Vec<String>,
}

/// Loads a draft: a whole configuration, as a copy that was edited is; or, where
/// it sets no `timezone`, only what is to replace what has the same name in the
/// configuration at `path`, as own tables replace a pack's.
///
/// # Errors
///
/// As [`load`]; each place names its file.
pub fn load_draft(
    path: &Path,
    draft: &Path,
    environment: &Environment,
) -> Result<Draft, Vec<Diagnostic>> {
    let files = sources(draft).map_err(|diagnostic| {
        vec![diagnostic.help("begin with a copy of the configuration, and edit that")]
    })?;
    let under = sources(path).map_err(|diagnostic| vec![*diagnostic])?;
    let mut found = Found::default();
    let (own, rest) = (joined(&files, &mut found), joined(&under, &mut found));
    if found.has_errors() {
        return Err(found.sorted());
    }
    if own.get("timezone").is_some() {
        let config = assemble(draft, directory(draft), &files, environment)?;
        return Ok(Draft {
            config,
            replaces: Vec::new(),
        });
    }
    let replaces = parts::names(&own);
    let mut root = own;
    tree::merge::lay_over(&mut root, rest);
    let config = finish(draft, directory(path), root, &files, environment, found)?;
    Ok(Draft { config, replaces })
}

/// From texts to a checked configuration.
fn assemble(
    path: &Path,
    base: &Path,
    files: &[SourceFile],
    environment: &Environment,
) -> Result<Config, Vec<Diagnostic>> {
    let mut found = Found::default();
    let root = joined(files, &mut found);
    if found.has_errors() {
        // Half a tree would only yield errors that are none.
        return Err(found.sorted());
    }
    finish(path, base, root, files, environment, found)
}

/// Several files as one tree.
fn joined(files: &[SourceFile], found: &mut Found) -> Table {
    let mut root = Table::default();
    for file in files {
        if let Some(table) = tree::parse(&file.shown(), &file.text, found) {
            tree::merge::merge(&mut root, table, found);
        }
    }
    root
}

/// From a tree to a checked configuration.
fn finish(
    path: &Path,
    base: &Path,
    mut root: Table,
    files: &[SourceFile],
    environment: &Environment,
    mut found: Found,
) -> Result<Config, Vec<Diagnostic>> {
    let packs_first = |part: &str| overrides::same(part, "extends");
    overrides::apply(&mut root, environment, packs_first, &mut found);
    if !packs::inherit(&mut root, &mut found) {
        return Err(found.sorted());
    }
    overrides::apply(
        &mut root,
        environment,
        |part| !packs_first(part),
        &mut found,
    );

    let place = files.first().map_or_else(
        || tree::place_of("configuration", ""),
        |file| tree::place_of(&file.shown(), &file.text).at(0..0),
    );
    shape::check_table(&root, schema::ROOT, &place, "the configuration", &mut found);
    models::read(&mut root, base, &mut found);
    let config = check(path, base, &root, &mut found);
    match config {
        Some(mut config) if !found.has_errors() => {
            config.warnings = found.sorted();
            Ok(config)
        }
        _ => Err(found.sorted()),
    }
}

/// The meaning of a tree whose shape has been checked; `None` after an error.
fn check(path: &Path, base: &Path, root: &Table, found: &mut Found) -> Option<Config> {
    let zone = zone(root, found);
    let currency = currency(root, found);
    // Rules are checked also where the zone is wrong: all errors come at once.
    let rules = rules::check(root, zone.unwrap_or(Tz::UTC), currency, found);
    let defined = connections::Defined {
        scores: &rules.scores,
        score_names: names(root, "scores"),
        segment_names: names(root, "segments"),
    };
    let connections = connections::check(root, base, &defined, found);
    let automations = automations::check(root, base, &rules, &connections, found);
    let machines = machines::check(root, &connections, found);
    let vocabulary = rules::vocabulary(root, &mut Found::default());
    let cleaning = cleaning::check(root, &vocabulary, &connections, found);
    let retention = retention::check(root, &vocabulary, found);
    if let Some(horizon) = retention.as_ref().filter(|_| !found.has_errors()) {
        retention::compare(root, horizon, &rules, &cleaning, found);
    }
    if !found.has_errors() {
        // Doubts are for a file that is right in everything else.
        language::lint(root, &rules, found);
    }
    Some(Config {
        file: path.to_owned(),
        zone: zone?,
        database: base.join(root.text("database").unwrap_or("engaged.db")),
        language: match root.text("language") {
            Some("nl") => Language::Dutch,
            _ => Language::English,
        },
        connections,
        automations,
        rules_hash: hash::of(&rules),
        insight: insight::check(root, found),
        tests: rule_tests::check(root, &rules, found),
        rules,
        machines,
        cleaning,
        guards: guards(root),
        drift: drift(root),
        alerts: alerts::check(root, base, found),
        backup: backup::check(root, base),
        retention,
        web: web::check(root, found),
        webhooks: webhooks::check(root, found),
        parts: parts::of(root),
        warnings: Vec::new(),
    })
}

/// The names in a table of named things.
fn names<'a>(root: &'a Table, section: &str) -> Vec<&'a str> {
    root.entries_of(section)
        .iter()
        .map(|entry| entry.name.as_str())
        .collect()
}

fn zone(root: &Table, found: &mut Found) -> Option<Tz> {
    let node = root.get("timezone")?;
    let name = node.text()?;
    if let Ok(zone) = name.parse() {
        return Some(zone);
    }
    let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let near = near::nearest(name, known.clone())
        .or_else(|| known.clone().find(|zone| last(zone) == last(name)));
    found.add(
        Diagnostic::error(code::BAD_VALUE, format!("there is no time zone '{name}'"))
            .at(&node.place, "not an IANA time zone")
            .help(near.map_or_else(
                || "use a name like \"Europe/Amsterdam\"".to_owned(),
                |near| format!("did you mean \"{near}\"?"),
            )),
    );
    None
}

fn currency(root: &Table, found: &mut Found) -> String {
    let Some(node) = root.get("currency") else {
        return "EUR".to_owned();
    };
    let code = node.text().unwrap_or("EUR");
    if code.len() != 3 || !code.bytes().all(|letter| letter.is_ascii_uppercase()) {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "this is not a currency")
                .at(&node.place, "three capital letters, ISO 4217")
                .help("write it like \"EUR\""),
        );
    }
    code.to_owned()
}

fn drift(root: &Table) -> Drift {
    let table = root.table("drift");
    let alert = table.and_then(|drift| drift.get("alert").and_then(shape::share));
    Drift {
        alert: alert.unwrap_or(0.2),
    }
}

fn guards(root: &Table) -> Guards {
    let empty = Table::default();
    let guards = root.table("guards").unwrap_or(&empty);
    let share = |name: &str| guards.get(name).and_then(shape::share);
    let starts = guards.get("max_starts").and_then(tree::Node::integer);
    Guards {
        max_score_change: share("max_score_change").unwrap_or(0.20),
        max_starts: starts
            .and_then(|starts| u32::try_from(starts).ok())
            .unwrap_or(500),
        max_list_shrink: share("max_list_shrink").unwrap_or(0.10),
    }
}
