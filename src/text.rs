//! What the dashboard says: messages by key, in Dutch and English, with the
//! numbers, dates and plurals of the language.
//!
//! The messages stand in `text/en/*.ftl` and `text/nl/*.ftl`, one file for each
//! page. A key that one language lacks, or that nothing says, fails a test.
//! Explanations of scores are sentences built from rules, and live in `words`.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use chrono_tz::Tz;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use intl_memoizer::concurrent::IntlLangMemoizer;
use unic_langid::LanguageIdentifier;

use crate::{
    config::Language,
    score::{calendar::Day, explain::Points},
    words::format::{self, Marks},
};

type Bundle = FluentBundle<FluentResource>;

/// A file of messages: its name, English, Dutch.
type Page = (&'static str, &'static str, &'static str);

macro_rules! pages {
    ($($name:literal),+ $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("text/en/", $name, ".ftl")),
            include_str!(concat!("text/nl/", $name, ".ftl")),
        )),+]
    };
}

/// Every file of messages.
const PAGES: &[Page] = pages![
    "automations",
    "cleaning",
    "common",
    "contact",
    "contacts",
    "login",
    "overview",
    "privacy",
    "push",
    "rules",
    "scores",
    "segments",
    "settings",
    "sync",
    "tasks",
    "told",
];

static ENGLISH: LazyLock<Bundle> =
    LazyLock::new(|| bundle("en", PAGES.iter().map(|page| page.1), english));
static DUTCH: LazyLock<Bundle> =
    LazyLock::new(|| bundle("nl", PAGES.iter().map(|page| page.2), dutch));

fn bundle(
    language: &str,
    texts: impl Iterator<Item = &'static str>,
    numbers: fn(&FluentValue, &IntlLangMemoizer) -> Option<String>,
) -> Bundle {
    // Both names are well-formed; the default would only miss plurals.
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Names are made inert before they come here; marks around every number would only be in the way.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(numbers));
    for text in texts {
        // A test reads every file strictly; what is broken here all the same is left out, and its keys show.
        let resource = match FluentResource::try_new(text.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let _ = bundle.add_resource(resource);
    }
    bundle
}

fn english(value: &FluentValue, _: &IntlLangMemoizer) -> Option<String> {
    whole(value, format::ENGLISH)
}

fn dutch(value: &FluentValue, _: &IntlLangMemoizer) -> Option<String> {
    whole(value, format::DUTCH)
}

/// A number in a message is a count; others come as text.
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts came in as integers far below 2^53"
)]
fn whole(value: &FluentValue, marks: Marks) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(marks.whole(number.value as i64)),
        _ => None,
    }
}

/// The name of a message. Where it is not written beside `t` or `with`, it is written in [`key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub(crate) &'static str);

/// Names a message, for `t` and `with` to say later.
pub const fn key(name: &'static str) -> Key {
    Key(name)
}

impl From<&'static str> for Key {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

/// What is put into a message: a count, which decides the plural, or a text, which is made inert.
#[derive(Clone, Debug)]
pub enum Arg {
    /// A count.
    Count(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Count(number)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Count(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Count(number.into())
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Count(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(inert(text))
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Self::Text(inert(text))
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(inert(&text))
    }
}

/// A text from elsewhere without what could command a terminal or turn a line around:
/// control characters and marks of writing direction are shown as a replacement.
pub fn inert(text: &str) -> String {
    let shown = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (c.is_control() && c != '\n') {
            '\u{fffd}'
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// A language with its messages, and the zone in which people read the clock.
#[derive(Clone, Copy, Debug)]
pub struct Say {
    /// The language.
    pub language: Language,
    zone: Tz,
}

impl Say {
    /// That language, with times in that zone.
    pub fn new(language: Language, zone: Tz) -> Self {
        Self { language, zone }
    }

    fn bundle(self) -> &'static Bundle {
        match self.language {
            Language::English => &ENGLISH,
            Language::Dutch => &DUTCH,
        }
    }

    fn marks(self) -> Marks {
        match self.language {
            Language::English => format::ENGLISH,
            Language::Dutch => format::DUTCH,
        }
    }

    /// A message.
    pub fn t(self, key: impl Into<Key>) -> String {
        self.message(key.into(), None)
    }

    /// A message with counts and texts in it: `say.with("contacts-number", [("n", 5.into())])`.
    pub fn with<const N: usize>(
        self,
        key: impl Into<Key>,
        args: [(&'static str, Arg); N],
    ) -> String {
        let mut all = FluentArgs::new();
        for (name, arg) in args {
            match arg {
                Arg::Count(number) => all.set(name, number),
                Arg::Text(text) => all.set(name, text),
            }
        }
        self.message(key.into(), Some(&all))
    }

    fn message(self, key: Key, args: Option<&FluentArgs>) -> String {
        let bundle = self.bundle();
        let pattern = bundle
            .get_message(key.0)
            .and_then(|message| message.value());
        // A missing key shows itself; a test keeps any from being missing.
        pattern.map_or_else(
            || key.0.to_owned(),
            |pattern| {
                bundle
                    .format_pattern(pattern, args, &mut Vec::new())
                    .into_owned()
            },
        )
    }

    /// A whole number: `1.881` or `1,881`.
    pub fn n(self, number: impl Into<i128>) -> String {
        self.marks().whole(number)
    }

    /// Points, with as many decimals as needed.
    pub fn points(self, points: Points) -> String {
        self.marks().points(points)
    }

    /// Points with their sign.
    pub fn signed(self, points: Points) -> String {
        self.marks().signed(points)
    }

    /// A share as a percentage with one decimal: `12,5 %`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a share is between -1000 and 1000"
    )]
    pub fn percent(self, share: f64) -> String {
        let tenths = (share * 1000.0).round() as i64;
        format!("{} %", self.marks().points(Points(tenths * 100)))
    }

    /// An amount in hundredths: `€ 24,50`.
    pub fn amount(self, hundredths: i64, currency: &str) -> String {
        self.marks().amount(hundredths, currency)
    }

    /// A month in short, from zero.
    pub fn month(self, month0: u32) -> &'static str {
        const EN: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        const NL: [&str; 12] = [
            "jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.",
            "dec.",
        ];
        let months = match self.language {
            Language::English => EN,
            Language::Dutch => NL,
        };
        months.get(month0 as usize).copied().unwrap_or_default()
    }

    /// A date: `22 nov. 2026` or `22 Nov 2026`; a dash outside the calendar.
    pub fn day(self, day: Day) -> String {
        day.date().map_or_else(
            || "–".to_owned(),
            |date| {
                format!(
                    "{} {} {}",
                    date.day(),
                    self.month(date.month0()),
                    date.year()
                )
            },
        )
    }

    /// A date without its year, for axes.
    pub fn day_short(self, day: Day) -> String {
        day.date().map_or_else(
            || "–".to_owned(),
            |date| format!("{} {}", date.day(), self.month(date.month0())),
        )
    }

    /// A date and a time of the day in the configured zone: `22 nov. 2026 13:40`.
    pub fn time(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.zone);
        format!(
            "{} {} {} {:02}:{:02}",
            local.day(),
            self.month(local.month0()),
            local.year(),
            local.hour(),
            local.minute()
        )
    }

    /// As [`Say::time`], from milliseconds.
    pub fn millis(self, at: i64) -> String {
        DateTime::from_timestamp_millis(at).map_or_else(|| "–".to_owned(), |at| self.time(at))
    }

    /// How long ago, roughly: `6 minutes`, `3 hours`, `2 days`.
    pub fn ago(self, since: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let minutes = (now - since).num_minutes().max(0);
        match minutes {
            0..=59 => self.with("minutes", [("n", minutes.into())]),
            60..=2879 => self.with("hours", [("n", (minutes / 60).into())]),
            _ => self.with("days", [("n", (minutes / 1440).into())]),
        }
    }

    /// The local date of an instant.
    pub fn local_day(self, at: i64) -> Day {
        DateTime::from_timestamp_millis(at).map_or(Day::NEVER, |at| {
            Day::of(at.with_timezone(&self.zone).date_naive())
        })
    }
}

#[cfg(test)]
mod tests;
