//! Who caused an event, where its source does not say: rules.md section 6.
//!
//! Pure: what is known about one message's events goes in, a judgement on each
//! comes out. The order in which events became known plays no part. Whose word
//! counts, for how long a judgement may change, and where it is kept, is the
//! store's business (`store/verdict.rs`); docs/machines.md says it all in one page.

mod judge;
mod known;
mod reason;

use engaged_connectors::model::{EventKind, Verdict};
use serde_json::{Map, Value};

pub use ipnet::IpNet;
pub use judge::{Hit, judge};
pub use known::network;
pub(crate) use reason::CLEARED;
pub use reason::{Evidence, Reason, is_ours, words};

use crate::{
    rules::glob::{Glob, UrlGlob},
    score::calendar::Millis,
};

/// Two links of one message within this time are a machine's; the bound is included.
pub const BURST_MS: Millis = 3_000;
/// An open this near to a burst belongs to it; the bound is included.
pub const OPEN_OF_BURST_MS: Millis = 1_000;
/// Nobody reads within this time after delivery; the bound is not included.
pub const AFTER_DELIVERY_MS: Millis = 5_000;
/// What happens to a message this near to a hit on a honeypot is the same machine; the bound is included.
pub const HONEYPOT_MS: Millis = 10_000;
/// No event's judgement depends on events farther away than this.
pub const REACH_MS: Millis = HONEYPOT_MS;
/// A judgement may change for this long after its event became known; the bound is included.
pub const REVISABLE_MS: Millis = 72 * 3_600_000;

/// What the user says about machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether events are judged at all.
    pub judge: bool,
    /// URL globs of links and pages that no person can see.
    pub honeypots: Vec<String>,
    /// Globs of user agents, on the whole text.
    pub agents: Vec<String>,
    /// Networks that no person reads from.
    pub networks: Vec<IpNet>,
    /// Names of connections whose platform reports only the first open of each mail.
    pub first_open_only: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            judge: true,
            honeypots: Vec::new(),
            agents: Vec::new(),
            networks: Vec::new(),
            first_open_only: Vec::new(),
        }
    }
}

/// What is known about machines: the user's settings and the shipped list, made ready.
#[derive(Debug)]
pub struct Machines {
    settings: Settings,
    honeypots: Vec<UrlGlob>,
    agents: Vec<Agent>,
    networks: Vec<IpNet>,
}

/// A user agent that is no person's.
#[derive(Debug)]
struct Agent {
    glob: Glob,
    name: String,
    /// It fetches images before anybody looks, and follows no links.
    proxy: bool,
}

impl Default for Machines {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

/// What an event is to the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The message arrived. Evidence, and never judged.
    Delivery,
    /// An open.
    Open,
    /// A click.
    Click,
    /// An unsubscription: judged by its company, and no evidence against it.
    Unsubscribe,
    /// A visit, a download, a form or a social event: judged by what it says about itself alone.
    Other,
}

impl Act {
    /// What an event of that kind is; `None` if it carries no verdict and tells nothing about one.
    pub fn of(kind: &EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::Delivery => Self::Delivery,
            EventKind::Open => Self::Open,
            EventKind::Click => Self::Click,
            EventKind::Unsubscribe => Self::Unsubscribe,
            EventKind::PageVisit
            | EventKind::FormSubmit
            | EventKind::Download
            | EventKind::Share
            | EventKind::Like
            | EventKind::Unlike
            | EventKind::Comment
            | EventKind::Follow
            | EventKind::Unfollow => Self::Other,
            _ => return None,
        })
    }
}

/// How much of the opens of a message a platform reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opens {
    /// Each of them.
    #[default]
    Each,
    /// The first alone: a machine's open hides all that people did after it.
    First,
}

/// That a machine caused an event, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// [`Verdict::Scanner`] or [`Verdict::PrivacyProxy`].
    pub verdict: Verdict,
    /// At least one.
    pub reasons: Vec<Reason>,
}

impl Judgement {
    /// The judgement that reasons amount to; `None` without a reason.
    ///
    /// An open by a proxy is the proxy's whatever else happened then, since that
    /// proxy follows no links. Where only the first open is reported, a scanner's
    /// open leaves us blind to the person's, just as a proxy's does, and is
    /// called so: an absence of opens cannot be told from it.
    pub fn of(act: Act, reasons: Vec<Reason>, opens: Opens) -> Option<Self> {
        if let Some(proxy) = reasons
            .iter()
            .find(|reason| matches!(reason, Reason::Proxy(_)))
        {
            return Some(Self {
                verdict: Verdict::PrivacyProxy,
                reasons: vec![proxy.clone()],
            });
        }
        if reasons.is_empty() {
            return None;
        }
        let blinds = act == Act::Open && opens == Opens::First;
        Some(Self {
            verdict: if blinds {
                Verdict::PrivacyProxy
            } else {
                Verdict::Scanner
            },
            reasons,
        })
    }

    /// The reasons as they are stored: stable words, a space between two.
    pub fn code(&self) -> String {
        let codes: Vec<String> = self.reasons.iter().map(Reason::to_string).collect();
        codes.join(" ")
    }
}

impl Machines {
    /// Makes settings ready.
    pub fn new(settings: Settings) -> Self {
        let mut agents = known::agents();
        agents.extend(settings.agents.iter().map(|glob| Agent {
            glob: Glob::new(glob),
            name: reason::word(glob),
            proxy: false,
        }));
        let mut networks = known::networks();
        networks.extend(&settings.networks);
        Self {
            honeypots: settings
                .honeypots
                .iter()
                .map(|glob| UrlGlob::new(glob))
                .collect(),
            agents,
            networks,
            settings,
        }
    }

    /// Whether events are judged at all.
    pub fn judges(&self) -> bool {
        self.settings.judge
    }

    /// Whether URLs need to be looked at.
    pub fn has_honeypots(&self) -> bool {
        !self.honeypots.is_empty()
    }

    /// Whether a link or page is one that only machines find.
    pub fn is_honeypot(&self, url: &str) -> bool {
        self.honeypots.iter().any(|glob| glob.matches(url))
    }

    /// What the connection of that name reports about opens.
    pub fn opens(&self, connection: &str) -> Opens {
        let first = self.settings.first_open_only.iter();
        if first.into_iter().any(|name| name == connection) {
            Opens::First
        } else {
            Opens::Each
        }
    }

    /// What an event's own user agent and address say.
    pub fn by_properties(&self, act: Act, properties: &Map<String, Value>) -> Vec<Reason> {
        let named = |names: &[&str]| {
            let wanted = |name: &str| names.iter().any(|each| each.eq_ignore_ascii_case(name));
            let mut found = properties.iter().filter(|(name, _)| wanted(name));
            found.find_map(|(_, value)| value.as_str())
        };
        let mut reasons = Vec::new();
        if let Some(text) = named(&["user_agent", "useragent", "user-agent"]) {
            let agent = self
                .agents
                .iter()
                // A proxy that fetches images has no part in anything but opens.
                .find(|agent| {
                    agent.glob.matches(text.trim()) && (!agent.proxy || act == Act::Open)
                });
            reasons.extend(agent.map(|agent| {
                let name = agent.name.clone();
                if agent.proxy {
                    Reason::Proxy(name)
                } else {
                    Reason::Agent(name)
                }
            }));
        }
        let address = named(&["ip", "ip_address"]).and_then(|text| text.trim().parse().ok());
        if let Some(address) = address.map(|address: std::net::IpAddr| address.to_canonical()) {
            let network = self
                .networks
                .iter()
                .find(|network| network.contains(&address));
            reasons.extend(network.map(|network| Reason::Network(*network)));
        }
        reasons
    }
}

#[cfg(test)]
mod tests;
