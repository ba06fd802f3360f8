//! The codes in which a verdict's reasons are stored: `burst:6 delivery:1s`.

/// Why something is taken for a machine's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
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
    pub(super) fn read(reason: &str) -> Vec<Self> {
        let codes: Option<Vec<Self>> = reason.split_whitespace().map(Self::one).collect();
        codes.unwrap_or_else(|| vec![Self::Other(reason.to_owned())])
    }

    fn one(code: &str) -> Option<Self> {
        let (word, detail) = code.split_once(':').unwrap_or((code, ""));
        Some(match (word, detail) {
            ("honeypot", "") => Self::Honeypot,
            ("beside_honeypot", "") => Self::BesideHoneypot,
            ("source", "") => Self::Source,
            ("cleared", "") => Self::Cleared,
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
