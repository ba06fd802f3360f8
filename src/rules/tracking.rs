//! What may be used of what is measured of a contact, by its own word.
//!
//! Opens, clicks and visits are seen without the contact saying anything, so
//! whoever does not agree to that is scored without them. What a contact agrees
//! to is read from a field of its profile. The strictest of all that applies counts.

use std::collections::BTreeMap;

use engaged_connectors::model::EventKind;
use serde::{Deserialize, Serialize};

use super::glob::fold;

/// How much of what is measured of a contact is used; the later the stricter.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// Everything.
    #[default]
    Full,
    /// No opens.
    ClicksOnly,
    /// Nothing, but for the date of the last open, with which a list is cleaned and nobody is scored.
    LastOpenDateOnly,
    /// Nothing.
    None,
}

impl Tracking {
    /// All, the strictest last.
    pub const ALL: [Self; 4] = [
        Self::Full,
        Self::ClicksOnly,
        Self::LastOpenDateOnly,
        Self::None,
    ];

    /// As the configuration writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ClicksOnly => "clicks_only",
            Self::LastOpenDateOnly => "last_open_date_only",
            Self::None => "none",
        }
    }

    /// The mode of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }

    /// Whether a signal may be used.
    pub const fn allows(self, signal: Signal) -> bool {
        match signal {
            Signal::Open => matches!(self, Self::Full),
            Signal::Click => matches!(self, Self::Full | Self::ClicksOnly),
            Signal::LastOpen => matches!(self, Self::Full | Self::LastOpenDateOnly),
        }
    }
}

/// What can be used or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Opens.
    Open,
    /// Clicks, visits, downloads, and declared kinds that are measured.
    Click,
    /// The date of the last open, for cleaning alone.
    LastOpen,
}

impl Signal {
    /// All.
    pub const ALL: [Self; 3] = [Self::Open, Self::Click, Self::LastOpen];

    /// What a built-in kind of events is measured as; `None`: somebody said or did it knowingly, or it is our own doing.
    pub fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::Open => Some(Self::Open),
            EventKind::Click | EventKind::PageVisit | EventKind::Download => Some(Self::Click),
            _ => None,
        }
    }
}

/// `[privacy]`: what may be used of whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingRules {
    /// The most that is used of anybody.
    pub most: Tracking,
    /// What contacts say.
    pub fields: Vec<TrackingField>,
    /// Declared kinds of events that are measured, as clicks are.
    pub kinds: Vec<String>,
}

/// A field in which contacts say what may be used of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingField {
    /// The connection whose contacts it counts for; `None`: all.
    pub connection: Option<String>,
    /// The field.
    pub field: String,
    /// What its values mean, folded.
    pub values: BTreeMap<String, Tracking>,
    /// What any other value means, and none.
    pub otherwise: Tracking,
}

impl TrackingRules {
    /// Whether everything may be used of everybody.
    pub fn is_open(&self) -> bool {
        self.most == Tracking::Full && self.fields.is_empty()
    }

    /// What a kind of events is measured as.
    pub fn signal(&self, kind: &EventKind) -> Option<Signal> {
        Signal::of(kind).or_else(|| {
            let declared = matches!(kind, EventKind::Custom(_));
            let named = declared && self.kinds.iter().any(|name| name == kind.as_str());
            named.then_some(Signal::Click)
        })
    }

    /// Whether a field decides anything, its name folded.
    pub fn reads(&self, field: &str) -> bool {
        self.fields.iter().any(|each| fold(&each.field) == field)
    }

    /// The mode of a contact that is in some connections and says something in some fields: `(connection, folded name, value)`.
    pub fn mode(&self, connections: &[&str], said: &[(&str, &str, &str)]) -> Tracking {
        let fields = self.fields.iter();
        let modes = fields.flat_map(|field| field.modes(connections, said));
        modes.fold(self.most, Tracking::max)
    }
}

impl TrackingField {
    fn modes(&self, connections: &[&str], said: &[(&str, &str, &str)]) -> Vec<Tracking> {
        let is_asked = |connection: &str| {
            let only = self.connection.as_deref();
            only.is_none_or(|only| fold(only) == fold(connection))
        };
        if !connections.iter().any(|connection| is_asked(connection)) {
            return Vec::new();
        }
        let name = fold(&self.field);
        let told = said
            .iter()
            .filter(|(connection, field, value)| {
                is_asked(connection) && *field == name && !value.trim().is_empty()
            })
            .map(|(_, _, value)| {
                let known = self.values.get(&fold(value.trim()));
                known.copied().unwrap_or(self.otherwise)
            });
        let told: Vec<Tracking> = told.collect();
        if told.is_empty() {
            return vec![self.otherwise];
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(connection: Option<&str>) -> TrackingRules {
        let values = [("ja", Tracking::Full), ("kliks", Tracking::ClicksOnly)];
        TrackingRules {
            fields: vec![TrackingField {
                connection: connection.map(str::to_owned),
                field: "Tracking".to_owned(),
                values: values.map(|(value, mode)| (value.to_owned(), mode)).into(),
                otherwise: Tracking::None,
            }],
            ..TrackingRules::default()
        }
    }

    #[test]
    fn the_strictest_word_counts_and_silence_is_none() {
        let rules = rules(None);
        let mode = |said: &[(&str, &str, &str)]| rules.mode(&["news", "shop"], said);
        assert_eq!(mode(&[("news", "tracking", "Ja")]), Tracking::Full);
        assert_eq!(
            mode(&[("news", "tracking", "ja"), ("shop", "tracking", " kliks ")]),
            Tracking::ClicksOnly
        );
        assert_eq!(mode(&[("news", "tracking", "misschien")]), Tracking::None);
        assert_eq!(mode(&[("news", "tracking", " ")]), Tracking::None);
        assert_eq!(mode(&[("news", "country", "ja")]), Tracking::None);
    }

    #[test]
    fn a_field_of_one_connection_says_nothing_of_who_is_not_in_it() {
        let rules = rules(Some("news"));
        assert_eq!(rules.mode(&["shop"], &[]), Tracking::Full);
        assert_eq!(rules.mode(&["shop", "news"], &[]), Tracking::None);
        let elsewhere = [("shop", "tracking", "ja")];
        assert_eq!(rules.mode(&["shop", "news"], &elsewhere), Tracking::None);
    }

    #[test]
    fn no_word_of_a_contact_allows_more_than_the_most() {
        let rules = TrackingRules {
            most: Tracking::ClicksOnly,
            ..rules(None)
        };
        let mode = rules.mode(&["news"], &[("news", "tracking", "ja")]);
        assert_eq!(mode, Tracking::ClicksOnly);
    }

    #[test]
    fn what_people_say_or_do_knowingly_is_not_measured() {
        let measured: Vec<&str> = EventKind::BUILT_IN
            .iter()
            .filter(|kind| Signal::of(kind).is_some())
            .map(EventKind::as_str)
            .collect();
        assert_eq!(measured, ["open", "click", "page_visit", "download"]);
        let rules = TrackingRules {
            kinds: vec!["video_view".to_owned()],
            ..TrackingRules::default()
        };
        let custom = |name: &str| rules.signal(&EventKind::Custom(name.to_owned()));
        assert_eq!(custom("video_view"), Some(Signal::Click));
        assert_eq!(custom("demo_request"), None);
    }
}
