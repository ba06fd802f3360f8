//! Why an event is a machine's: a stable word for the table, how it is read again, and plain English.

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

/// What a stored reason says: codes as [`Reason`] is displayed, and those that are not of a judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// So many links of one message within seconds.
    Burst(u32),
    /// A link that no person sees.
    Honeypot,
    /// Such a link of the same message was hit at that moment.
    BesideHoneypot,
    /// So many seconds after delivery.
    Delivery(u32),
    /// A user agent that is a machine's.
    Agent(String),
    /// A mail app's proxy that fetches before anybody looks.
    Proxy(String),
    /// A network that no person reads from.
    Network(String),
    /// The platform or file said so with the event.
    Source,
    /// No longer taken for a machine's.
    Cleared,
    /// Anything else, as it was written.
    Other(String),
}

impl Evidence {
    /// Reads a stored reason: codes between spaces. A text that is not made of known codes stands for itself.
    pub fn read(reason: &str) -> Vec<Self> {
        let codes: Option<Vec<Self>> = reason.split_whitespace().map(Self::one).collect();
        codes.unwrap_or_else(|| vec![Self::Other(reason.to_owned())])
    }

    fn one(code: &str) -> Option<Self> {
        let (word, detail) = code.split_once(':').unwrap_or((code, ""));
        Some(match (word, detail) {
            ("honeypot", "") => Self::Honeypot,
            ("beside_honeypot", "") => Self::BesideHoneypot,
            ("source", "") => Self::Source,
            (CLEARED, "") => Self::Cleared,
            (_, "") => return None,
            ("burst", links) => Self::Burst(links.parse().ok()?),
            ("delivery", after) => Self::Delivery(after.trim_end_matches('s').parse().ok()?),
            ("agent", name) => Self::Agent(name.to_owned()),
            ("proxy", name) => Self::Proxy(name.to_owned()),
            ("network", network) => Self::Network(network.to_owned()),
            _ => return None,
        })
    }
}

/// Whether a stored reason is one of ours, and not a source's or a person's.
pub fn is_ours(stored: &str) -> bool {
    are_ours(&Evidence::read(stored))
}

fn are_ours(evidence: &[Evidence]) -> bool {
    let foreign = |each: &Evidence| matches!(each, Evidence::Source | Evidence::Other(_));
    !evidence.is_empty() && !evidence.iter().any(foreign)
}

/// A stored reason in plain English; one that is not ours, nor a source's, as it stands.
pub fn words(stored: &str) -> String {
    if ["source", "platform"].contains(&stored) {
        return "the source says so".to_owned();
    }
    let evidence = Evidence::read(stored);
    if !are_ours(&evidence) {
        return stored.to_owned();
    }
    let parts: Vec<String> = evidence.iter().map(english).collect();
    parts.join(", ")
}

fn english(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Honeypot => "a link that no person can see".to_owned(),
        Evidence::BesideHoneypot => {
            "a link that no person can see was hit at that moment".to_owned()
        }
        Evidence::Cleared => "no longer taken for a machine's".to_owned(),
        Evidence::Agent(name) => format!("the user agent {name} is a machine's"),
        Evidence::Proxy(name) => format!("the privacy proxy {name} fetches before anybody looks"),
        Evidence::Network(network) => format!("the network {network} is a machine's"),
        Evidence::Burst(links) => format!("{links} links of one message within 3 s"),
        Evidence::Delivery(0) => "less than a second after delivery".to_owned(),
        Evidence::Delivery(after) => format!("{after} s after delivery"),
        Evidence::Source => "the source says so".to_owned(),
        Evidence::Other(text) => text.clone(),
    }
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

#[cfg(test)]
mod tests {
    use super::Evidence;

    #[test]
    fn known_codes_are_read_and_other_texts_stand_for_themselves() {
        assert_eq!(
            Evidence::read("burst:6 honeypot delivery:1s"),
            [
                Evidence::Burst(6),
                Evidence::Honeypot,
                Evidence::Delivery(1)
            ]
        );
        for other in [
            "burst",
            "burst:many",
            "two links in one second",
            "burst:6 platform",
        ] {
            assert_eq!(Evidence::read(other), [Evidence::Other(other.to_owned())]);
        }
        assert_eq!(Evidence::read(""), []);
    }
}
