//! Why an event is a machine's: a stable word for the table, and plain English for people.

use std::fmt;

use ipnet::IpNet;

use crate::{rules::glob::fold, score::calendar::Millis};

/// Why an event is a machine's. Displayed as the word that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It hit a link or page that no person can see.
    Honeypot,
    /// A user agent that is a machine's, by the name of its entry.
    Agent(String),
    /// The user agent of a proxy that fetches images before anybody looks.
    Proxy(String),
    /// An address in a network that no person reads from.
    Network(IpNet),
    /// So many different links of the message were hit within three seconds, this one or those beside it.
    Burst(usize),
    /// The same message's honeypot was hit at that moment.
    BesideHoneypot,
    /// So long after the message arrived.
    Delivery(Millis),
}

/// Recorded when evidence that came later undid a judgement of ours.
pub(crate) const CLEARED: &str = "cleared";

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Honeypot => f.write_str("honeypot"),
            Self::Agent(name) => write!(f, "agent:{name}"),
            Self::Proxy(name) => write!(f, "proxy:{name}"),
            Self::Network(network) => write!(f, "network:{network}"),
            Self::Burst(links) => write!(f, "burst:{links}"),
            Self::BesideHoneypot => f.write_str("beside_honeypot"),
            Self::Delivery(after) => write!(f, "delivery:{}s", after / 1_000),
        }
    }
}

/// Whether a stored reason is one of ours, and not a source's or a person's.
pub fn is_ours(stored: &str) -> bool {
    !stored.is_empty() && stored.split(' ').all(|code| english(code).is_some())
}

/// A stored reason in plain English; one that is not ours, nor a source's, as it stands.
pub fn words(stored: &str) -> String {
    if ["source", "platform"].contains(&stored) {
        return "the source says so".to_owned();
    }
    let parts: Option<Vec<String>> = stored.split(' ').map(english).collect();
    parts.map_or_else(|| stored.to_owned(), |parts| parts.join(", "))
}

fn english(code: &str) -> Option<String> {
    let (word, detail) = code.split_once(':').unwrap_or((code, ""));
    Some(match (word, detail) {
        ("honeypot", "") => "a link that no person can see".to_owned(),
        ("beside_honeypot", "") => {
            "a link that no person can see was hit at that moment".to_owned()
        }
        (CLEARED, "") => "no longer taken for a machine's".to_owned(),
        (_, "") => return None,
        ("agent", name) => format!("the user agent {name} is a machine's"),
        ("proxy", name) => format!("the privacy proxy {name} fetches before anybody looks"),
        ("network", network) => format!("the network {network} is a machine's"),
        ("burst", links) => format!("{links} links of one message within 3 s"),
        ("delivery", "0s") => "less than a second after delivery".to_owned(),
        ("delivery", after) => format!("{} s after delivery", after.trim_end_matches('s')),
        _ => return None,
    })
}

/// A text as one word, for use in a reason.
pub(super) fn word(text: &str) -> String {
    let parts = fold(text);
    let parts: Vec<&str> = parts
        .split(|c: char| c.is_whitespace() || c == '*' || c == '?')
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        return "any".to_owned();
    }
    parts.join("-")
}
