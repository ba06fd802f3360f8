//! What a first run asks: nine answers at most, and how a file gives them without anybody to ask.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::offer::{Guide, PLATFORMS, STARTS, Start};
use crate::{
    config::{Environment, Language, SecretSource, code, proposal},
    diagnostic::{Diagnostic, Exit, Expected},
};

/// So long a shadow period may be.
const SHADOW_MAX_DAYS: u16 = 365;

/// How long a shadow period is unless somebody says otherwise.
pub const SHADOW_DAYS: u16 = 7;

/// The answers of a first run.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Whose account it is.
    pub guide: &'static Guide,
    /// What the connection is called.
    pub name: String,
    /// The platform's address, where it has one of its own, or another for a test.
    pub address: Option<Url>,
    /// Where a token of Copernica is exchanged, for a test.
    pub auth_address: Option<Url>,
    /// The key itself.
    pub key: SecretString,
    /// The lists to follow; empty means all. On Copernica the one database.
    pub lists: Vec<String>,
    /// The rules to begin with.
    pub start: &'static Start,
    /// The zone in which days begin and end.
    pub zone: Tz,
    /// The language of what people read.
    pub language: Language,
    /// So many days what would be written is only kept; none is no shadow period.
    pub shadow_days: u16,
    /// Whether the dashboard is served.
    pub dashboard: bool,
}

impl Answers {
    /// The answers that stand where nobody has chosen otherwise.
    pub fn new(guide: &'static Guide, key: SecretString, zone: Tz, language: Language) -> Self {
        Self {
            guide,
            name: guide.word.to_owned(),
            address: None,
            auth_address: None,
            key,
            lists: Vec::new(),
            start: &STARTS[0],
            zone,
            language,
            shadow_days: SHADOW_DAYS,
            dashboard: true,
        }
    }
}

/// A file of answers as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    platform: String,
    name: Option<String>,
    address: Option<String>,
    auth_address: Option<String>,
    key: KeyPlace,
    #[serde(default)]
    lists: Vec<String>,
    database: Option<String>,
    rules: Option<String>,
    timezone: Option<String>,
    language: Option<String>,
    shadow_days: Option<i64>,
    dashboard: Option<bool>,
}

/// Where the key is now; it is copied from there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyPlace {
    file: Option<PathBuf>,
    env: Option<String>,
}

/// Reads a file of answers. What it leaves out is guessed: `zone` and `language`.
///
/// # Errors
///
/// What is wrong with it. No message quotes a line of it, since that may be the one with a key.
pub fn read(
    path: &Path,
    environment: &Environment,
    guess: (Tz, Language),
) -> Result<Answers, Expected> {
    let refuse = |code, message: String, help: &str| {
        Expected::new(Exit::Usage, Diagnostic::error(code, message).help(help))
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("{} cannot be read: {error}", path.display());
        refuse(code::UNREADABLE, message, FORM)
    })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).unwrap_or("").matches('\n').count() + 1;
        let message = format!("{}:{line}: this is not TOML", path.display());
        refuse(code::NOTATION, message, FORM)
    })?;
    if table.get("key").is_some_and(|key| !key.is_table()) {
        let message = format!(
            "{}: the key stands in the answers themselves",
            path.display()
        );
        let help = "say where it is: key = { file = \"FILE\" } or key = { env = \"NAME\" }";
        return Err(refuse(code::INLINE_SECRET, message, help));
    }
    let typed: Typed = table.try_into().map_err(|error: toml::de::Error| {
        let message = format!("{}: {}", path.display(), error.message().trim());
        refuse(code::UNKNOWN_KEY, message, FORM)
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    checked(typed, folder, environment, guess)
        .map_err(|(message, help)| refuse(code::BAD_VALUE, message, &help))
}

/// What is said of a file that is none of answers.
const FORM: &str = "a file of answers has platform, key = { file = \"FILE\" }, and where wanted: address, lists, database, rules, \
                    timezone, language, shadow_days, dashboard, name; see docs/first-hour.md";

/// What is wrong with an answer, and what would do.
pub type Wrong = (String, String);

fn checked(
    typed: Typed,
    folder: &Path,
    environment: &Environment,
    (zone, language): (Tz, Language),
) -> Result<Answers, Wrong> {
    let guide = platform(&typed.platform)?;
    let source = match (typed.key.file, typed.key.env) {
        (Some(file), None) => SecretSource::File(folder.join(file)),
        (None, Some(name)) => SecretSource::Env(name),
        _ => {
            return Err((
                "the key is in one place".to_owned(),
                "key = { file = \"FILE\" } or key = { env = \"NAME\" }".to_owned(),
            ));
        }
    };
    let key = source
        .read(environment)
        .map_err(|diagnostic| (diagnostic.message, diagnostic.help.unwrap_or_default()))?;
    let mut answers = Answers::new(guide, key, zone, language);
    if let Some(name) = typed.name {
        answers.name = connection_name(&name)?;
    }
    answers.address = typed.address.as_deref().map(address).transpose()?;
    answers.auth_address = typed.auth_address.as_deref().map(address).transpose()?;
    if guide.address.is_some() && answers.address.is_none() {
        let help = guide.address.unwrap_or_default();
        return Err((
            format!("{} has an address of its own for each account", guide.title),
            format!("address = \"...\": {help}"),
        ));
    }
    let database = typed.database.into_iter();
    answers.lists = typed.lists.into_iter().chain(database).collect();
    if let Some(rules) = typed.rules {
        answers.start = start(&rules)?;
    }
    if let Some(typed) = typed.timezone {
        answers.zone = self::zone(&typed)?;
    }
    if let Some(typed) = typed.language {
        answers.language = self::language(&typed)?;
    }
    if let Some(days) = typed.shadow_days {
        answers.shadow_days = shadow_days(&days.to_string())?;
    }
    answers.dashboard = typed.dashboard.unwrap_or(true);
    Ok(answers)
}

/// Which platform is meant: its word, its title, or its number in the list.
pub fn platform(typed: &str) -> Result<&'static Guide, Wrong> {
    let numbered = chosen(typed, PLATFORMS.len());
    let found = numbered.map(|at| &PLATFORMS[at]);
    found.or_else(|| Guide::find(typed)).ok_or_else(|| {
        let words = PLATFORMS.iter().map(|guide| guide.word);
        let help = proposal(typed, words.clone());
        (
            format!("there is no connector for '{typed}'"),
            help.unwrap_or_else(|| format!("there are: {}", words.collect::<Vec<_>>().join(", "))),
        )
    })
}

/// Which rules are meant: their word, or their number in the list.
pub fn start(typed: &str) -> Result<&'static Start, Wrong> {
    let numbered = chosen(typed, STARTS.len());
    let found = numbered.map(|at| &STARTS[at]);
    found.or_else(|| Start::find(typed)).ok_or_else(|| {
        let words = STARTS.iter().map(|start| start.word);
        (
            format!("there are no rules '{typed}' to begin with"),
            format!("there are: {}", words.collect::<Vec<_>>().join(", ")),
        )
    })
}

/// A number in a list that counts from one.
fn chosen(typed: &str, length: usize) -> Option<usize> {
    let number: usize = typed.trim().parse().ok()?;
    (1..=length).contains(&number).then(|| number - 1)
}

/// The name of a connection.
fn connection_name(typed: &str) -> Result<String, Wrong> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if typed.starts_with(|c: char| c.is_ascii_alphabetic()) && typed.chars().all(letters) {
        return Ok(typed.to_owned());
    }
    Err((
        format!("a connection cannot be named '{typed}'"),
        "begin with a letter; then letters, digits, '_' and '-'".to_owned(),
    ))
}

/// The address of an account: `https`, or anything on this machine.
pub fn address(typed: &str) -> Result<Url, Wrong> {
    let wrong = |why: &str| {
        (
            format!("this is not an address to connect to: {why}"),
            "write it like https://api.example".to_owned(),
        )
    };
    let typed = typed.trim();
    let typed = if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("https://{typed}")
    };
    let url = Url::parse(&typed).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong("it must begin with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("no user name and password here"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("nothing after a question mark or a #"));
    }
    Ok(url)
}

/// A time zone by its IANA name, in any case.
pub fn zone(typed: &str) -> Result<Tz, Wrong> {
    let typed = typed.trim();
    if let Ok(zone) = typed.parse() {
        return Ok(zone);
    }
    let lower = typed.to_lowercase();
    let mut known = chrono_tz::TZ_VARIANTS.iter();
    if let Some(zone) = known.find(|zone| zone.name().to_lowercase() == lower) {
        return Ok(*zone);
    }
    let help = proposal(typed, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
    Err((
        format!("there is no time zone '{typed}'"),
        help.unwrap_or_else(|| "use a name like Europe/Amsterdam".to_owned()),
    ))
}

/// A language by its code or its name.
pub fn language(typed: &str) -> Result<Language, Wrong> {
    match typed.trim().to_lowercase().as_str() {
        "nl" | "dutch" | "nederlands" => Ok(Language::Dutch),
        "en" | "english" | "engels" => Ok(Language::English),
        _ => Err((
            format!("there is no language '{}' here", typed.trim()),
            "there are nl (Dutch) and en (English)".to_owned(),
        )),
    }
}

/// How many days of shadow.
pub fn shadow_days(typed: &str) -> Result<u16, Wrong> {
    let days = typed.trim().parse().ok();
    days.filter(|days| *days <= SHADOW_MAX_DAYS).ok_or_else(|| {
        (
            format!("'{}' is no number of days", typed.trim()),
            format!("a whole number from 0 (none) to {SHADOW_MAX_DAYS}"),
        )
    })
}

/// Yes or no.
pub fn truth(typed: &str) -> Result<bool, Wrong> {
    match typed.trim().to_lowercase().as_str() {
        "y" | "yes" | "j" | "ja" | "true" => Ok(true),
        "n" | "no" | "nee" | "false" => Ok(false),
        other => Err((
            format!("'{other}' is neither yes nor no"),
            "type y or n".to_owned(),
        )),
    }
}

/// The lists that are meant, by their numbers or names, commas between; nothing and `all` mean all. A list's own name may
/// hold a comma.
pub fn lists(typed: &str, there: &[String]) -> Result<Vec<String>, Wrong> {
    let typed = typed.trim();
    if typed.is_empty() || typed.eq_ignore_ascii_case("all") {
        return Ok(Vec::new());
    }
    let named = |word: &str| {
        let named = there.iter().find(|list| list.as_str() == word);
        named.or_else(|| there.iter().find(|list| list.eq_ignore_ascii_case(word)))
    };
    if let Some(list) = named(typed) {
        return Ok(vec![list.clone()]);
    }
    let mut found: Vec<String> = Vec::new();
    for word in typed.split(',').map(str::trim) {
        let list = chosen(word, there.len()).map(|at| &there[at]);
        let list = list.or_else(|| named(word)).ok_or_else(|| {
            let help = proposal(word, there.iter().map(String::as_str));
            (
                format!("'{word}' is none of them"),
                help.unwrap_or_else(|| {
                    "type their numbers, commas between, or press Enter for all".to_owned()
                }),
            )
        })?;
        if !found.contains(list) {
            found.push(list.clone());
        }
    }
    Ok(found)
}

/// The zone and the language that this machine seems to be used in.
pub fn guess(environment: &Environment) -> (Tz, Language) {
    let of = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let from_link = || {
        let target = std::fs::read_link("/etc/localtime").ok()?;
        let target = target.to_str()?.to_owned();
        Some(target.split_once("zoneinfo/")?.1.to_owned())
    };
    let zone = of("TZ").cloned();
    let zone = zone.or_else(|| std::fs::read_to_string("/etc/timezone").ok());
    let zones = [zone, from_link()].into_iter().flatten();
    let zone = zones
        .filter_map(|name| name.trim().trim_start_matches(':').parse::<Tz>().ok())
        .find(|zone| !matches!(zone, Tz::Etc__UTC | Tz::UTC | Tz::Etc__UCT | Tz::UCT));
    let spoken = of("LC_ALL")
        .or_else(|| of("LC_MESSAGES"))
        .or_else(|| of("LANG"));
    let language = match spoken {
        Some(spoken) if spoken.starts_with("nl") => Language::Dutch,
        _ => Language::English,
    };
    // A machine that is set to UTC tells nothing of where people read their mail.
    (zone.unwrap_or(Tz::Europe__Amsterdam), language)
}
