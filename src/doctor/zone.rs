//! Whether the rules of time zones that are built in are as new as the machine's.

use super::finding::{Finding, State};
use crate::config::Config;

/// Where Debian and others say which release of the zone data they have: `# version 2026a`.
const SYSTEM: &str = "/usr/share/zoneinfo/tzdata.zi";

pub(super) fn findings(config: &Config) -> Finding {
    let text = std::fs::read_to_string(SYSTEM).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let system = first.strip_prefix("# version ").map(str::trim);
    judged(config.zone.name(), chrono_tz::IANA_TZDB_VERSION, system)
}

/// Releases are a year and a letter, so they compare as texts.
pub(super) fn judged(zone: &str, ours: &str, system: Option<&str>) -> Finding {
    let newer = system.filter(|system| system.get(..5) > ours.get(..5));
    match newer {
        None => Finding::new("zone", State::Fine, zone, format!("zone data {ours}")),
        Some(system) => Finding::new(
            "zone",
            State::Note,
            zone,
            format!("zone data {ours}; this machine has {system}"),
        )
        .fix("install a newer engaged if your country has changed its clocks since"),
    }
}
