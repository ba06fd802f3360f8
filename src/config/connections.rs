//! The accounts to sync with, checked.

mod own;
mod push;

use std::{path::Path, str::FromStr};

use chrono::{NaiveDate, NaiveTime};
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use engaged_connectors::{activecampaign, copernica, ghost, hubspot, mailchimp};
use url::Url;

use super::{
    SecretSource, code,
    found::Found,
    secret,
    tree::{Entry, Node, Table},
    webhooks::{self, HookConfig, Signing},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    score::calendar::Day,
};

pub use own::{CopernicaOwn, HubSpotOwn, Own};
pub(super) use push::Defined;
pub use push::{OnDrift, PushConfig, TagsConfig};

/// How often a connection is synced unless its `schedule` says otherwise.
pub const DEFAULT_SCHEDULE: &str = "0 * * * *";

/// A platform with a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Mailchimp.
    Mailchimp,
    /// Ghost.
    Ghost,
    /// ActiveCampaign, also as MailBlue.
    ActiveCampaign,
    /// Copernica.
    Copernica,
    /// HubSpot.
    HubSpot,
    /// An address that an automation calls; no connection of the configuration.
    Webhook,
}

impl Platform {
    /// The word that the configuration uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mailchimp => "mailchimp",
            Self::Ghost => "ghost",
            Self::ActiveCampaign => "activecampaign",
            Self::Copernica => "copernica",
            Self::HubSpot => "hubspot",
            Self::Webhook => "webhook",
        }
    }

    /// What shows that a webhook is its own; `None` where none of its webhooks are read.
    pub fn signing(self) -> Option<Signing> {
        match self {
            Self::Mailchimp | Self::Webhook => None,
            Self::Ghost | Self::HubSpot => Some(Signing::Secret),
            Self::ActiveCampaign => Some(Signing::Nothing),
            Self::Copernica => Some(Signing::Published),
        }
    }

    /// How many requests a second it bears; `None` for an address to call.
    pub fn requests_per_second(self) -> Option<f64> {
        let rate = match self {
            Self::Mailchimp => mailchimp::RATE,
            Self::Ghost => ghost::RATE,
            Self::ActiveCampaign => activecampaign::RATE,
            Self::Copernica => copernica::RATE,
            Self::HubSpot => hubspot::RATE,
            Self::Webhook => return None,
        };
        Some(rate.per_second)
    }

    /// Whether it reports no open of a mail but the first (docs/platforms/).
    pub(super) fn tells_first_open_only(self) -> bool {
        match self {
            Self::Ghost => true,
            Self::Mailchimp
            | Self::ActiveCampaign
            | Self::Copernica
            | Self::HubSpot
            | Self::Webhook => false,
        }
    }
}

impl FromStr for Platform {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "mailchimp" => Ok(Self::Mailchimp),
            "ghost" => Ok(Self::Ghost),
            // The Dutch reseller's name for the same platform (its sheet, section 1).
            "activecampaign" | "mailblue" => Ok(Self::ActiveCampaign),
            "copernica" => Ok(Self::Copernica),
            "hubspot" => Ok(Self::HubSpot),
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

/// One connection.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// Its name: a letter, then letters, digits, `_` and `-`.
    pub name: String,
    /// Whose account it is.
    pub platform: Platform,
    /// Where its key is.
    pub key: SecretSource,
    /// Where the configuration names it.
    pub key_place: Place,
    /// Names of the lists to follow; empty means all.
    pub lists: Vec<String>,
    /// When to sync, in the configured zone.
    pub schedule: Cron,
    /// Whether it may be written to.
    pub mode: Mode,
    /// The shadow period of a connection that is read-only: each cycle keeps how much would have been written. The
    /// date is what a person set; nothing happens by itself on it.
    pub shadow_until: Option<Day>,
    /// Another host than the platform's own. Always present for Ghost and ActiveCampaign.
    pub base_url: Option<Url>,
    /// How many requests a second at most; `None` for what the platform bears.
    pub requests_per_second: Option<u32>,
    /// What is written.
    pub push: PushConfig,
    /// What the platform reports by itself.
    pub webhook: Option<HookConfig>,
    /// What only this platform is asked.
    pub own: Own,
}

impl ConnectionConfig {
    /// The connection that stands for an address to call: nothing is read from it, and it may be written to.
    pub(super) fn webhook(
        name: &str,
        url: Url,
        key: SecretSource,
        key_place: Place,
        found: &mut Found,
    ) -> Option<Self> {
        Some(Self {
            name: name.to_owned(),
            platform: Platform::Webhook,
            key,
            key_place,
            lists: Vec::new(),
            schedule: schedule(None, found)?,
            mode: Mode::Live,
            shadow_until: None,
            base_url: Some(url),
            requests_per_second: None,
            push: PushConfig::default(),
            webhook: None,
            own: Own::Nothing,
        })
    }
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
        .filter_map(|entry| connection(root, entry, base, defined, found))
        .collect()
}

fn connection(
    root: &Table,
    entry: &Entry,
    base: &Path,
    defined: &Defined<'_>,
    found: &mut Found,
) -> Option<ConnectionConfig> {
    let table = entry.node.table()?;
    check_name(entry, found);
    let platform = platform(table, found);
    let key_table = table.table("key");
    let key = key_table.and_then(|key| secret::source(key, base, found));
    let key_place = key_table.and_then(|key| Some(key.entries.first()?.node.place.clone()));
    let schedule = schedule(table.get("schedule"), found);
    let base_url = base_url(entry, table, platform, found);
    let requests_per_second = pace(table, platform, base_url.as_ref(), found);
    let push = push::push(table, platform, defined, found);
    let webhook = webhooks::of(root, table, platform, base, found);
    let own = own::own(root, entry, table, platform, found);
    let mode = match table.text("mode") {
        Some("live") => Mode::Live,
        _ => Mode::ReadOnly,
    };
    Some(ConnectionConfig {
        name: entry.name.clone(),
        platform: platform?,
        key: key?,
        key_place: key_place?,
        lists: texts(table, "lists"),
        schedule: schedule?,
        shadow_until: shadow_until(table, mode, found),
        mode,
        base_url,
        requests_per_second,
        push,
        webhook,
        own: own?,
    })
}

/// Until when a connection is only watched. On a live one it would be a promise that nobody keeps.
fn shadow_until(table: &Table, mode: Mode, found: &mut Found) -> Option<Day> {
    let node = table.get("shadow_until")?;
    if mode == Mode::Live {
        found.add(
            Diagnostic::error(
                code::MISPLACED_OPTION,
                "a live connection has no shadow period",
            )
            .at(&node.place, "and mode is \"live\"")
            .help("take this line out, or set mode = \"read-only\"; `engaged go-live` does both at once"),
        );
        return None;
    }
    let day = node.date().and_then(Day::parse);
    if day.is_none() {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "'shadow_until' must be a date")
                .at(&node.place, "not a date")
                .help("write it as 2026-06-15"),
        );
    }
    day
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
            .help("bring its contacts and events in with `engaged import`; built are mailchimp, ghost, activecampaign (mailblue), copernica and hubspot"),
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
        let own_address = match platform {
            Some(Platform::Ghost) => Some((
                "a Ghost site has an address of its own",
                "base_url = \"https://your.site\"",
            )),
            Some(Platform::ActiveCampaign) => Some((
                "an account has an address of its own",
                "base_url = the API URL that Settings, Developer shows",
            )),
            _ => None,
        };
        if let Some((label, help)) = own_address {
            found.add(
                Diagnostic::error(
                    code::MISSING,
                    format!("'{}' lacks the key 'base_url'", entry.name),
                )
                .at(&entry.place, label)
                .help(help),
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

/// How fast a connection asks. What a platform bears is not its users' to raise: who asks faster is refused, and so is
/// every other tool on the account.
fn pace(
    table: &Table,
    platform: Option<Platform>,
    base_url: Option<&Url>,
    found: &mut Found,
) -> Option<u32> {
    let node = table.get("requests_per_second")?;
    let most = u32::try_from(node.integer()?).ok()?;
    let bears = platform?.requests_per_second()?;
    if f64::from(most) > bears && !base_url.is_some_and(is_loopback) {
        found.add(
            Diagnostic::error(
                code::BAD_VALUE,
                "'requests_per_second' is more than the platform bears",
            )
            .at(&node.place, format!("at most {bears} here"))
            .help("leave it out, or lower it where other programs ask the same account; only a stand-in on this machine may be asked faster"),
        );
    }
    Some(most)
}

/// An address that is called, with path and query: `https`, or `http` on this machine.
pub(super) fn address_to_call(
    node: &Node,
    name: &str,
    help: &str,
    found: &mut Found,
) -> Option<Url> {
    let url = Url::parse(node.text()?).ok().filter(|url| {
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        safe && url.username().is_empty() && url.password().is_none()
    });
    if url.is_none() {
        found.add(
            Diagnostic::error(
                code::BAD_VALUE,
                format!("'{name}' is not an address to call"),
            )
            .at(&node.place, "must begin with https://")
            .help(help),
        );
    }
    url
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
