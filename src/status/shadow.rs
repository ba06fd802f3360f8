//! The shadow period of a connection, as one look shows it.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    config::{Config, ConnectionConfig},
    score::calendar::{Day, Zone},
    store::{Conn, Connection, ShadowDay, StoreError},
};

/// A shadow period.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShadowStatus {
    /// Until when it lasts at least; nothing happens by itself on that day.
    pub until: Day,
    /// Whether that day has come.
    pub over: bool,
    /// On how many days it was kept what would have been written.
    pub days: i64,
    /// The last of these days.
    pub last: Option<WouldStatus>,
}

/// What would have been written on a day, by its last cycle.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WouldStatus {
    /// The day.
    pub on: Day,
    /// How many writes.
    pub writes: i64,
    /// What is done to what, and for how many contacts.
    pub counts: Vec<WouldCount>,
}

/// One kind of write that would have been made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WouldCount {
    /// `set field`, `add tag`, and so on, as a plan says it.
    pub verb: String,
    /// The field, tag or automation.
    pub target: String,
    /// For how many contacts.
    pub contacts: i64,
}

impl WouldStatus {
    /// What would have been written, as in `set field field ENGSCORE 200, add tag tag engaged:hot 12`.
    pub fn named(&self) -> String {
        let counts = self.counts.iter().map(|each| {
            let target = each.target.replacen(':', " ", 1);
            format!("{} {target} {}", each.verb, each.contacts)
        });
        counts.collect::<Vec<_>>().join(", ")
    }
}

impl From<ShadowDay> for WouldStatus {
    fn from(day: ShadowDay) -> Self {
        let counts = day.counts.into_iter();
        let counts: Vec<_> = counts
            .map(|(verb, target, contacts)| WouldCount {
                verb,
                target,
                contacts,
            })
            .collect();
        Self {
            on: day.on,
            writes: counts.iter().map(|each| each.contacts).sum(),
            counts,
        }
    }
}

/// Looks at the shadow period of a connection, if it has one.
pub(super) fn shadow(
    conn: &Conn,
    configured: &ConnectionConfig,
    known: Option<&Connection>,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Option<ShadowStatus>, StoreError> {
    let Some(until) = configured.shadow_until else {
        return Ok(None);
    };
    let (days, last) = match known {
        Some(known) => (
            conn.shadow_days(known.id)?,
            conn.shadow(known.id, 1)?.pop().map(WouldStatus::from),
        ),
        None => (0, None),
    };
    let over = until <= Zone::new(config.zone).day(now.timestamp_millis());
    Ok(Some(ShadowStatus {
        until,
        over,
        days,
        last,
    }))
}

/// The period in a line.
pub(super) fn shadow_text(name: &str, shadow: &ShadowStatus) -> String {
    let mut out = if shadow.over {
        format!("its shadow period is over since {}", shadow.until)
    } else {
        format!("in its shadow period until {}", shadow.until)
    };
    match &shadow.last {
        None => out += "; nothing is kept yet",
        Some(last) if last.writes == 0 => {
            out += &format!("; on {} nothing would have been written", last.on);
        }
        Some(last) => {
            out += &format!("; would have written on {}: {}", last.on, last.named());
        }
    }
    if shadow.over {
        out += &format!("; next: engaged go-live {name}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_everything_that_would_have_been_written_and_what_comes_next() {
        let mut shadow = ShadowStatus {
            until: Day(20_600),
            over: false,
            days: 3,
            last: None,
        };
        let said = shadow_text("krant", &shadow);
        assert_eq!(
            said,
            "in its shadow period until 2026-05-27; nothing is kept yet"
        );
        let count = |verb: &str, target: &str, contacts| (verb.into(), target.into(), contacts);
        shadow.last = Some(WouldStatus::from(ShadowDay {
            on: Day(20_599),
            counts: vec![
                count("set field", "field:ENGSCORE", 200),
                count("add tag", "tag:engaged:hot", 12),
            ],
        }));
        shadow.over = true;
        assert_eq!(
            shadow_text("krant", &shadow),
            "its shadow period is over since 2026-05-27; would have written on 2026-05-26: \
             set field field ENGSCORE 200, add tag tag engaged:hot 12; next: engaged go-live krant"
        );
    }
}
