//! Takes out what nobody else is to see.

use std::sync::LazyLock;

use engaged_connectors::http::redact;
use regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use toml::Value as Toml;

/// What stands for something that was taken out.
const GONE: &str = "…";

/// So long a line may be.
const LINE_MAX: usize = 4000;

/// Keys of the configuration whose texts are words of the program.
const WORDS: [&str; 37] = [
    "approve",
    "at_most",
    "cooldown",
    "count",
    "credential",
    "currency",
    "decay",
    "env",
    "expires",
    "extends",
    "group",
    "kinds",
    "language",
    "lifted_by",
    "listen",
    "mode",
    "name",
    "on_drift",
    "only",
    "platform",
    "prefix",
    "products",
    "protect_purchases",
    "purchases",
    "repeat",
    "retention_days",
    "schedule",
    "settle",
    "shadow_until",
    "silent_after",
    "tenure",
    "then",
    "timezone",
    "version",
    "wait",
    "within",
    "bands",
];

/// Keys whose texts are conditions or patterns: they stay, without their literals.
const RULES: [&str; 5] = ["conversion", "protect", "segments", "until", "when"];

/// Keys of a report whose texts are sentences.
const SENTENCES: [&str; 9] = [
    "detail",
    "fix",
    "help",
    "message",
    "notes",
    "place",
    "refused_why",
    "subject",
    "why",
];

/// Keys of a report that name what people made elsewhere.
const NAMES: [&str; 5] = ["account", "address", "campaign", "contact", "words"];

#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; a test compiles it"
)]
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"'[^'\n]*'|"[^"\n]*"|“[^”\n]*”|‘[^’\n]*’"#).expect("a constant"));

/// An address in the network, but for those of this machine.
#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; a test compiles it"
)]
static NETWORK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d{1,3}(?:\.\d{1,3}){3}\b").expect("a constant"));

/// Query strings carry tokens and people's ids.
#[expect(
    clippy::expect_used,
    reason = "the pattern is a constant; a test compiles it"
)]
static QUERY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\?[^\s)>\]]+=[^\s)>\]]*").expect("a constant"));

/// What is taken out wherever it stands.
#[derive(Debug, Default)]
pub struct Cleaner {
    secrets: Vec<SecretString>,
    /// Names of lists and the like.
    names: Vec<String>,
    /// The user's own folder.
    home: Option<String>,
}

impl Cleaner {
    /// Looks for these secrets and names, whatever they look like.
    pub fn new(secrets: Vec<SecretString>, names: Vec<String>, home: Option<String>) -> Self {
        let long = |text: &str| text.trim().len() >= 3;
        Self {
            secrets: secrets
                .into_iter()
                .filter(|each| long(each.expose_secret()))
                .collect(),
            names: names.into_iter().filter(|each| long(each)).collect(),
            home: home.filter(|home| home.len() > 1),
        }
    }

    /// A text without the secrets and names that are known.
    pub fn known(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.expose_secret(), GONE);
        }
        for name in &self.names {
            text = text.replace(name.as_str(), GONE);
        }
        match &self.home {
            Some(home) => text.replace(home.as_str(), "~"),
            None => text,
        }
    }

    /// A sentence, or lines of a log.
    pub fn prose(&self, text: &str) -> String {
        let lines = text.lines().map(|line| {
            let line = self.known(line);
            let line = QUERY.replace_all(&line, "?…");
            let line = QUOTED.replace_all(&line, |found: &regex::Captures<'_>| {
                let mark = found[0].chars().next().unwrap_or('\'');
                format!("{mark}{GONE}{mark}")
            });
            let line = NETWORK.replace_all(&line, |found: &regex::Captures<'_>| {
                if found[0].starts_with("127.") {
                    found[0].to_owned()
                } else {
                    GONE.to_owned()
                }
            });
            redact(&line, LINE_MAX)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A word of the program, or a name of the configuration.
    fn word(&self, text: &str) -> String {
        redact(&self.known(text), 200)
    }

    /// A report: what has the key of a sentence is cleaned as one, other texts as words.
    pub fn report(&self, value: &Json) -> Json {
        self.under("", value)
    }

    fn under(&self, key: &str, value: &Json) -> Json {
        match value {
            Json::String(_) if NAMES.contains(&key) => Json::from(GONE),
            Json::String(text) if SENTENCES.contains(&key) => Json::from(self.prose(text)),
            Json::String(text) => Json::from(self.word(text)),
            Json::Array(all) => all.iter().map(|each| self.under(key, each)).collect(),
            Json::Object(all) => all
                .iter()
                .map(|(name, each)| (self.word(name), self.under(name, each)))
                .collect(),
            other => other.clone(),
        }
    }

    /// A file of the configuration, without its comments; a text that is no TOML is left out.
    pub fn configuration(&self, text: &str) -> String {
        let Ok(table) = text.parse::<toml::Table>() else {
            return "# this file is no TOML, and was left out\n".to_owned();
        };
        let cleaned = self.table("", &table);
        toml::to_string(&cleaned).unwrap_or_else(|error| {
            format!(
                "# this file could not be cleaned: {}\n",
                self.prose(&error.to_string())
            )
        })
    }

    fn table(&self, path: &str, table: &toml::Table) -> toml::Table {
        let kept = table.iter().map(|(name, value)| {
            // Small histories are made up, and all the same somebody's.
            if path.is_empty() && name == "tests" {
                let tests = value.as_array().map_or(0, Vec::len);
                return (name.clone(), Toml::from(format!("{tests} tests, left out")));
            }
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            (self.word(name), self.value(&path, name, value))
        });
        kept.collect()
    }

    fn value(&self, path: &str, key: &str, value: &Toml) -> Toml {
        let section = path.split('.').next().unwrap_or_default();
        match value {
            Toml::String(text) if RULES.contains(&key) || section == "segments" => {
                Toml::from(self.prose(text))
            }
            Toml::String(text) if WORDS.contains(&key) || path.contains("push.fields") => {
                Toml::from(self.word(text))
            }
            Toml::String(_) => Toml::from(GONE),
            Toml::Array(all) => {
                Toml::Array(all.iter().map(|each| self.value(path, key, each)).collect())
            }
            Toml::Table(table) => Toml::Table(self.table(path, table)),
            other => other.clone(),
        }
    }
}
