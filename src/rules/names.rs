//! The words of the language and the names it can meet: keywords, kinds of
//! events, and what the configuration has called things.

use engaged_connectors::model::EventKind;

use super::glob::fold;

/// What surrounds a rule's text. `None` for names means that they are not checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Kinds declared under `[events] kinds`.
    pub kinds: &'a [String],
    /// The scores and their bands.
    pub scores: Option<&'a [KnownScore]>,
    /// The segments.
    pub segments: Option<&'a [String]>,
    /// The lists, by name.
    pub lists: Option<&'a [String]>,
    /// The connections.
    pub connections: Option<&'a [String]>,
    /// The classes of links.
    pub classes: Option<&'a [String]>,
}

/// A score that conditions may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownScore {
    /// Its name.
    pub name: String,
    /// The names of its bands.
    pub bands: Vec<String>,
}

/// Every word of the language that is not a kind of event.
pub(super) const KEYWORDS: [&str; 60] = [
    "and",
    "any",
    "at",
    "bounced",
    "campaign",
    "complained",
    "contains",
    "day",
    "days",
    "domain",
    "email",
    "ends",
    "every",
    "exactly",
    "fake",
    "false",
    "fewer",
    "field",
    "free",
    "from",
    "in",
    "is",
    "known",
    "least",
    "list",
    "looks",
    "lowercase",
    "machine",
    "matches",
    "month",
    "months",
    "more",
    "most",
    "no",
    "not",
    "of",
    "on",
    "or",
    "otherwise",
    "over",
    "segment",
    "since",
    "starts",
    "status",
    "subscribed",
    "suppressed",
    "tagged",
    "than",
    "time",
    "total",
    "true",
    "under",
    "unknown",
    "unsubscribed",
    "week",
    "weeks",
    "where",
    "with",
    "year",
    "years",
];

/// The keywords of several words.
const PHRASES: [&str; 13] = [
    "at least",
    "at most",
    "more than",
    "fewer than",
    "days with",
    "time since",
    "in campaign",
    "in list",
    "starts with",
    "ends with",
    "looks fake",
    "status is",
    "email domain",
];

/// Why a score or segment cannot have this name, or `None` if it can (E0208).
///
/// `kinds` are the declared ones. Case, and `_` for a space, make no difference.
pub fn reserved(name: &str, kinds: &[String]) -> Option<String> {
    let plain = plain(name);
    if KEYWORDS.contains(&&*plain) || PHRASES.contains(&&*plain) {
        return Some(format!("`{name}` is a word of the rule language"));
    }
    let kind = KindNames::new(kinds).named(&plain)?;
    Some(format!(
        "`{name}` is a kind of event ({})",
        spaced(kind.as_str())
    ))
}

/// Whether a text can stand as a name without quotes: a letter, then letters, digits, `_` and `-`.
///
/// Declared kinds must be names, since no quotes can help them.
pub fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(starts_name) && letters.all(continues_name)
}

pub(super) fn starts_name(c: char) -> bool {
    c.is_alphabetic()
}

pub(super) fn continues_name(c: char) -> bool {
    // A text that is not composed has its accents as characters of their own.
    c.is_alphanumeric() || c == '_' || c == '-' || unicode_normalization::char::is_combining_mark(c)
}

/// A name as kinds are compared: folded, `_` and a run of white space as one space.
fn plain(name: &str) -> String {
    let words = fold(&name.replace('_', " "));
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `page_visit` as people write it.
pub(super) fn spaced(kind: &str) -> String {
    kind.replace('_', " ")
}

/// The English plural of a kind's name: `replies`, `purchases`, `page visits`.
pub(super) fn plural(name: &str) -> String {
    let before_y = name.strip_suffix('y');
    if let Some(stem) = before_y.filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|end| name.ends_with(end));
    format!("{name}{}", if hisses { "es" } else { "s" })
}

/// The names of all kinds, built in and declared, in singular and plural.
pub(super) struct KindNames(Vec<(String, EventKind)>);

impl KindNames {
    /// The built-in kinds and these. A singular stands before every plural, so
    /// that a kind always answers to its own name.
    pub(super) fn new(declared: &[String]) -> Self {
        let declared = declared
            .iter()
            .map(|name| EventKind::Custom(plain(name).replace(' ', "_")));
        let mut names: Vec<(String, EventKind)> = EventKind::BUILT_IN
            .into_iter()
            .chain(declared)
            .map(|kind| (spaced(kind.as_str()), kind))
            .collect();
        let plurals: Vec<_> = names
            .iter()
            .map(|(name, kind)| (plural(name), kind.clone()))
            .collect();
        names.extend(plurals);
        Self(names)
    }

    fn named(&self, plain: &str) -> Option<EventKind> {
        let found = self.0.iter().find(|(name, _)| name == plain)?;
        Some(found.1.clone())
    }

    /// The kind with the longest name that the words begin with, and how many words it took.
    pub(super) fn longest<'w>(
        &self,
        words: impl Iterator<Item = &'w str>,
    ) -> Option<(EventKind, usize)> {
        let mut so_far = String::new();
        let mut best = None;
        for (number, word) in words.enumerate() {
            if number > 0 {
                so_far.push(' ');
            }
            so_far.push_str(&plain(word));
            if let Some(kind) = self.named(&so_far) {
                best = Some((kind, number + 1));
            } else if !self.0.iter().any(|(name, _)| name.starts_with(&so_far)) {
                break;
            }
        }
        best
    }

    /// All names, for the nearest one.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }
}

/// Words that people write, and the one that the language has for them.
const SYNONYMS: [(&str, &str); 22] = [
    ("within", "in"),
    ("during", "in"),
    ("for", "in"),
    ("past", "in"),
    ("last", "in"),
    ("never", "no"),
    ("without", "no"),
    ("has", "any"),
    ("had", "any"),
    ("less", "fewer"),
    ("greater", "more"),
    ("equals", "is"),
    ("has", "is"),
    ("includes", "contains"),
    ("containing", "contains"),
    ("empty", "unknown"),
    ("missing", "unknown"),
    ("set", "known"),
    ("else", "otherwise"),
    ("but", "and"),
    ("sum", "total"),
    ("above", "over"),
];

/// The candidate that a word was meant to be: by its letters, else by its sense.
pub(super) fn meant<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let sense = || {
        let mut same = SYNONYMS.iter().filter(|(typed, _)| *typed == word);
        same.find_map(|(_, ours)| candidates.iter().find(|candidate| *candidate == ours))
    };
    nearest(word, candidates.iter().copied()).or_else(|| sense().copied())
}

/// The candidate most like a word, if it is near enough to be meant.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = plain(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let plain = plain(candidate);
            // A third of the letters of the longer one may be wrong.
            let most = word.chars().count().max(plain.chars().count()) / 3;
            let distance = strsim::damerau_levenshtein(&word, &plain);
            (distance <= most).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_english() {
        for (one, many) in [
            ("reply", "replies"),
            ("delivery", "deliveries"),
            ("purchase", "purchases"),
            ("page visit", "page visits"),
            ("click", "clicks"),
            ("survey", "surveys"),
            ("pitch", "pitches"),
            ("pass", "passes"),
        ] {
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn keywords_and_kinds_are_reserved_in_any_case_and_number() {
        let declared = ["demo_request".to_owned()];
        for name in [
            "and",
            "Total",
            "DAYS",
            "days_with",
            "open",
            "Opens",
            "replies",
            "page_visit",
            "page visits",
            "Hard Bounce",
            "demo request",
            "demo_requests",
            "free",
        ] {
            assert!(reserved(name, &declared).is_some(), "{name}");
        }
        for name in [
            "engagement",
            "fit",
            "hot",
            "vip",
            "open_rate",
            "webinar_fans",
        ] {
            assert_eq!(reserved(name, &declared), None, "{name}");
        }
        assert_eq!(
            reserved("Opens", &[]).as_deref(),
            Some("`Opens` is a kind of event (open)")
        );
    }

    #[test]
    fn the_longest_kind_wins() {
        let declared = ["open_day".to_owned(), "open_day_visit".to_owned()];
        let names = KindNames::new(&declared);
        let longest = |text: &str| {
            let (kind, words) = names.longest(text.split(' '))?;
            Some((kind.as_str().to_owned(), words))
        };
        assert_eq!(longest("open in 3"), Some(("open".into(), 1)));
        assert_eq!(longest("open day in 3"), Some(("open_day".into(), 2)));
        assert_eq!(
            longest("open_day visits"),
            Some(("open_day_visit".into(), 2))
        );
        assert_eq!(longest("OPEN Day visible"), Some(("open_day".into(), 2)));
        assert_eq!(longest("hard bounces"), Some(("hard_bounce".into(), 2)));
        assert_eq!(longest("hard day"), None);
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(nearest("opne", ["open", "opens"]), Some("open"));
        assert_eq!(
            nearest("engagment", ["engagement", "fit"]),
            Some("engagement")
        );
        assert_eq!(nearest("xyz", ["open", "click"]), None);
        assert_eq!(nearest("in", ["is", "on"]), None);
    }
}
