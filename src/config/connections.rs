//! The accounts to sync with, checked.

use std::{path::Path, str::FromStr};

use chrono::{NaiveDate, NaiveTime};
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use url::Url;

use super::{
    SecretSource, code,
    found::Found,
    near::proposal,
    secret,
    tree::{Entry, Node, Table},
};
use crate::{diagnostic::Diagnostic, rules::set::Score};

/// How often a connection is synced unless its `schedule` says otherwise.
pub const DEFAULT_SCHEDULE: &str = "0 * * * *";

/// A platform with a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Mailchimp.
    Mailchimp,
    /// Ghost.
    Ghost,
}

impl Platform {
    /// The word that the configuration uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mailchimp => "mailchimp",
            Self::Ghost => "ghost",
        }
    }
}

impl FromStr for Platform {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "mailchimp" => Ok(Self::Mailchimp),
            "ghost" => Ok(Self::Ghost),
            _ => Err(()),
        }
    }
}

/// Whether a connection may be written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Never.
    #[default]
    ReadOnly,
    /// Yes, within plans and guards.
    Live,
}

/// What to do when somebody else edited a field or tag of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDrift {
    /// Leave it and say so.
    #[default]
    Alert,
    /// Write ours again.
    Ours,
    /// Leave it.
    Theirs,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// Its name: a letter, then letters, digits, `_` and `-`.
    pub name: String,
    /// Whose account it is.
    pub platform: Platform,
    /// Where its key is.
    pub key: SecretSource,
    /// Names of the lists to follow; empty means all.
    pub lists: Vec<String>,
    /// When to sync, in the configured zone.
    pub schedule: Cron,
    /// Whether it may be written to.
    pub mode: Mode,
    /// Another host than the platform's own. Always present for Ghost.
    pub base_url: Option<Url>,
    /// What is written.
    pub push: PushConfig,
}

/// What is written to a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushConfig {
    /// The platform's fields in file order, each with the name of the score it shows.
    pub fields: Vec<(String, String)>,
    /// The tags, if any are kept.
    pub tags: Option<TagsConfig>,
    /// A number is sent when it moved by at least this many points.
    pub deadband: u32,
    /// What to do when somebody else edited them.
    pub on_drift: OnDrift,
}

/// The tags that are kept on a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagsConfig {
    /// How they begin.
    pub prefix: String,
    /// Names of segments that become tags.
    pub segments: Vec<String>,
    /// Names of scores whose bands become tags.
    pub bands: Vec<String>,
}

/// What the rules define, for a connection to refer to.
pub(super) struct Defined<'a> {
    pub(super) scores: &'a [Score],
    /// Every score and segment that was named, also those that failed their own checks.
    pub(super) score_names: Vec<&'a str>,
    pub(super) segment_names: Vec<&'a str>,
}

/// Checks all connections. What is wrong is left out, and reported.
pub(super) fn check(
    root: &Table,
    base: &Path,
    defined: &Defined<'_>,
    found: &mut Found,
) -> Vec<ConnectionConfig> {
    root.entries_of("connections")
        .iter()
        .filter_map(|entry| connection(entry, base, defined, found))
        .collect()
}

fn connection(
    entry: &Entry,
    base: &Path,
    defined: &Defined<'_>,
    found: &mut Found,
) -> Option<ConnectionConfig> {
    let table = entry.node.table()?;
    check_name(entry, found);
    let platform = platform(table, found);
    let key = table
        .table("key")
        .and_then(|key| secret::source(key, base, found));
    let schedule = schedule(table.get("schedule"), found);
    let base_url = base_url(entry, table, platform, found);
    let push = push(table, platform, defined, found);
    Some(ConnectionConfig {
        name: entry.name.clone(),
        platform: platform?,
        key: key?,
        lists: texts(table, "lists"),
        schedule: schedule?,
        mode: match table.text("mode") {
            Some("live") => Mode::Live,
            _ => Mode::ReadOnly,
        },
        base_url,
        push,
    })
}

/// The texts of a list; what is no text has been reported.
pub(super) fn texts(table: &Table, name: &str) -> Vec<String> {
    table
        .items_of(name)
        .iter()
        .filter_map(|node| node.text().map(str::to_owned))
        .collect()
}

fn check_name(entry: &Entry, found: &mut Found) {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let fits = entry.name.starts_with(|c: char| c.is_ascii_alphabetic())
        && entry.name.chars().all(letters);
    if !fits {
        found.add(
            Diagnostic::error(
                code::BAD_NAME,
                format!("a connection cannot be named '{}'", entry.name),
            )
            .at(&entry.place, "not a name")
            .help("begin with a letter; then letters, digits, '_' and '-'"),
        );
    }
}

fn platform(table: &Table, found: &mut Found) -> Option<Platform> {
    let node = table.get("platform")?;
    let word = node.text()?;
    if let Ok(platform) = word.parse() {
        return Some(platform);
    }
    // A word that is no platform at all has been reported by the table of keys.
    if super::schema::PLATFORMS.contains(&word) {
        found.add(
            Diagnostic::error(
                code::NOT_BUILT,
                format!("there is no connector for {word} yet"),
            )
            .at(&node.place, "not built yet")
            .help("bring its contacts and events in with `engaged import`; mailchimp and ghost are built"),
        );
    }
    None
}

fn schedule(node: Option<&Node>, found: &mut Found) -> Option<Cron> {
    let text = match node {
        None => DEFAULT_SCHEDULE,
        Some(node) => node.text()?,
    };
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    let wrong = match parser.parse(text) {
        Err(error) => in_short(text, &error),
        Ok(cron) => {
            // Any day will do to see whether there ever is such a time.
            let day = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default();
            let day = day.and_time(NaiveTime::MIN).and_utc();
            if cron.find_next_occurrence(&day, true).is_ok() {
                return Some(cron);
            }
            "no such day ever comes".to_owned()
        }
    };
    if let Some(node) = node {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "this is not a schedule")
                .at(&node.place, wrong)
                .help("five parts: minute, hour, day, month, weekday; */15 * * * * is every quarter of an hour"),
        );
    }
    None
}

/// What the schedule's parser dislikes, without its preamble.
fn in_short(text: &str, error: &CronError) -> String {
    let parts = text.split_whitespace().count();
    match error {
        _ if parts != 5 && !text.trim_start().starts_with('@') => {
            format!("five parts are wanted, this has {parts}")
        }
        CronError::InvalidPattern(why)
        | CronError::IllegalCharacters(why)
        | CronError::ComponentError(why) => why.trim_end_matches('.').to_lowercase(),
        other => other.to_string().trim_end_matches('.').to_lowercase(),
    }
}

fn base_url(
    entry: &Entry,
    table: &Table,
    platform: Option<Platform>,
    found: &mut Found,
) -> Option<Url> {
    let Some(node) = table.get("base_url") else {
        if platform == Some(Platform::Ghost) {
            found.add(
                Diagnostic::error(
                    code::MISSING,
                    format!("'{}' lacks the key 'base_url'", entry.name),
                )
                .at(&entry.place, "a Ghost site has an address of its own")
                .help("base_url = \"https://your.site\""),
            );
        }
        return None;
    };
    let text = node.text()?;
    let refuse = |label: String| {
        Diagnostic::error(
            code::BAD_VALUE,
            "'base_url' is not an address to connect to",
        )
        .at(&node.place, label)
        .help("write it like https://api.example")
    };
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            found.add(refuse(error.to_string()));
            return None;
        }
    };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        found.add(refuse(
            "must begin with https:// (or http://) and a host".into(),
        ));
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        let mut refusal = refuse("no user name and password here".into());
        refusal.place = refusal.place.as_ref().map(super::redact::hide);
        refusal.code = code::INLINE_SECRET;
        found.add(refusal);
        return None;
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        found.add(
            Diagnostic::warning(code::EXPOSED_SECRET, "the key would travel unencrypted")
                .at(&node.place, "http, and not this machine")
                .help("use https"),
        );
    }
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn push(
    table: &Table,
    platform: Option<Platform>,
    defined: &Defined<'_>,
    found: &mut Found,
) -> PushConfig {
    let empty = Table::default();
    let push = table.table("push").unwrap_or(&empty);
    let deadband = push.get("deadband").and_then(Node::integer).unwrap_or(1);
    PushConfig {
        fields: fields(push, platform, defined, found),
        tags: push.table("tags").map(|table| tags(table, defined, found)),
        deadband: u32::try_from(deadband).unwrap_or(1),
        on_drift: match push.text("on_drift") {
            Some("ours") => OnDrift::Ours,
            Some("theirs") => OnDrift::Theirs,
            _ => OnDrift::Alert,
        },
    }
}

fn fields(
    push: &Table,
    platform: Option<Platform>,
    defined: &Defined<'_>,
    found: &mut Found,
) -> Vec<(String, String)> {
    let Some(entry) = push.entry("fields") else {
        return Vec::new();
    };
    let Some(table) = entry.node.table() else {
        return Vec::new();
    };
    if platform == Some(Platform::Ghost) {
        found.add(
            Diagnostic::error(code::UNSUPPORTED, "Ghost has no fields on its members")
                .at(&entry.place, "cannot be pushed to Ghost")
                .help("push tags: push.tags = { bands = [\"engagement\"] }"),
        );
        return Vec::new();
    }
    let mut fields = Vec::new();
    for field in &table.entries {
        if platform == Some(Platform::Mailchimp) && !is_merge_tag(&field.name) {
            found.add(
                Diagnostic::error(
                    code::UNSUPPORTED,
                    format!("Mailchimp cannot have a field named '{}'", field.name),
                )
                .at(&field.place, "at most 10 capital letters, digits and '_'")
                .help("use the merge tag that the audience shows under \"Audience fields\""),
            );
        }
        let Some(score) = field.node.text() else {
            continue;
        };
        if known("score", &field.node, &defined.score_names, found) {
            fields.push((field.name.clone(), score.to_owned()));
        }
    }
    fields
}

/// Mailchimp's merge tags (its platform sheet, "Score field").
fn is_merge_tag(name: &str) -> bool {
    let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (1..=10).contains(&name.len()) && name.chars().all(letters)
}

fn tags(table: &Table, defined: &Defined<'_>, found: &mut Found) -> TagsConfig {
    for node in table.items_of("segments") {
        known("segment", node, &defined.segment_names, found);
    }
    for node in table.items_of("bands") {
        if !known("score", node, &defined.score_names, found) {
            continue;
        }
        let score = defined
            .scores
            .iter()
            .find(|score| Some(score.name.as_str()) == node.text());
        if let Some(score) = score.filter(|score| score.bands.is_empty()) {
            found.add(
                Diagnostic::error(
                    code::UNKNOWN_NAME,
                    format!("the score '{}' has no bands", score.name),
                )
                .at(&node.place, "nothing to make tags of")
                .help(format!("add bands to [scores.{}]", score.name)),
            );
        }
    }
    TagsConfig {
        prefix: table.text("prefix").unwrap_or("engaged:").to_owned(),
        segments: texts(table, "segments"),
        bands: texts(table, "bands"),
    }
}

/// Whether a text names one of these; reports if not.
fn known(what: &str, node: &Node, names: &[&str], found: &mut Found) -> bool {
    let Some(name) = node.text() else {
        return false;
    };
    let known = names.contains(&name);
    if !known {
        found.add(
            Diagnostic::error(code::UNKNOWN_NAME, format!("there is no {what} '{name}'"))
                .at(&node.place, format!("unknown {what}"))
                .maybe_help(proposal(name, names.iter().copied())),
        );
    }
    known
}
