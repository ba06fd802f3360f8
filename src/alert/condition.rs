//! What is wrong, by what a look saw. Pure.
//!
//! A condition that holds is a fact with its numbers; one of which nothing can
//! be said is unknown, and what is in neither list is in order. A connection's
//! data are not called old while its key is refused, nor its volume odd on a
//! day that our own sync did not read whole.

use serde::{Deserialize, Serialize};

use crate::{
    care,
    config::Alerts,
    score::calendar::{Day, Millis},
};

use super::{Kind, volume};

/// What a look saw. Nothing in it is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// When.
    pub now: Millis,
    /// Each configured connection that was ever synced.
    pub connections: Vec<ConnectionSight>,
    /// Open guards: the connection, the name, since when.
    pub guards: Vec<(Option<String>, String, Millis)>,
    /// The last reload, if it was refused.
    pub refused: Option<Refused>,
    /// Since when there is no good backup, where that is too long.
    pub backup_stale: Option<Millis>,
    /// Which checks of the database found something, and since when.
    pub damaged: Vec<(String, Millis)>,
    /// The bytes that are free on the database's disk, where they are too few.
    pub disk_low: Option<i64>,
    /// The bytes of the database's log.
    pub log_bytes: i64,
}

/// What a look saw of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionSight {
    /// Its name.
    pub name: String,
    /// When its last good sync began, or one that goes on last committed a page.
    pub synced_at: Option<Millis>,
    /// When so many syncs of its schedule as may be missed will have passed since then.
    pub late_at: Option<Millis>,
    /// Since when its key is refused.
    pub blocked: Option<Millis>,
    /// Rows that were rejected for the first time in the last day.
    pub rejected: i64,
    /// Starts in doubt, and removals that have been for an hour.
    pub doubts: (i64, i64),
    /// Contacts with something of ours that somebody else edited, and since when, where that is to be told.
    pub edited: Option<(i64, Millis)>,
    /// Yesterday's events, if that day was read whole.
    pub volume: Option<DayVolume>,
    /// What was heard by webhook, if there are to be any.
    pub hook: Option<HookSight>,
}

/// What was heard by webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSight {
    /// When the last genuine one came.
    pub heard_at: Option<Millis>,
    /// Where none ever came: when the first campaign went out since they are expected.
    pub mailed_at: Option<Millis>,
    /// So long a silence is suspicious.
    pub silent_after: Millis,
}

/// The events of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayVolume {
    /// The day.
    pub on: Day,
    /// How many events happened.
    pub events: i64,
    /// How many happened on the same weekday before, of days that were read whole.
    pub before: Vec<i64>,
}

/// A reload that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When.
    pub at: Millis,
    /// How many errors there are.
    pub errors: i64,
}

/// What holds, and with which numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Fact {
    /// No sync has ended well.
    PollAge {
        /// Since then.
        since: Millis,
    },
    /// The key is refused.
    Blocked {
        /// Since then.
        since: Millis,
    },
    /// Rows could not be understood.
    Rejected {
        /// How many, in the last day.
        rows: i64,
    },
    /// A day had too many events, or too few.
    Volume {
        /// The date.
        on: String,
        /// How many there were.
        events: i64,
        /// How many are usual.
        usual: i64,
    },
    /// A guard holds writing up.
    Guard {
        /// Its name.
        name: String,
        /// Since then.
        since: Millis,
    },
    /// It is not known what became of something.
    InDoubt {
        /// Starts.
        starts: i64,
        /// Removals.
        removals: i64,
    },
    /// Somebody else edited what is ours.
    Edited {
        /// Of how many contacts.
        contacts: i64,
        /// Since the first of them.
        since: Millis,
    },
    /// Nothing comes by webhook.
    HookSilent {
        /// Since the last delivery, or the first campaign without any.
        since: Millis,
        /// Whether there ever was one.
        heard: bool,
    },
    /// There is no good backup of late.
    BackupStale {
        /// Since the last one, or since there are to be any.
        since: Millis,
    },
    /// A check of the database found something.
    Damaged {
        /// Which check.
        check: String,
        /// Since then.
        since: Millis,
    },
    /// The database's disk has too little room.
    DiskLow {
        /// Bytes that are left.
        free: i64,
    },
    /// The database's log is large.
    LogLarge {
        /// Its bytes.
        bytes: i64,
    },
    /// A new configuration was refused.
    Configuration {
        /// When.
        since: Millis,
        /// How many errors it has.
        errors: i64,
    },
}

impl Fact {
    /// What sort of alert it makes.
    pub fn kind(&self) -> Kind {
        match self {
            Self::PollAge { .. } => Kind::PollAge,
            Self::Blocked { .. } => Kind::Blocked,
            Self::Rejected { .. } => Kind::Rejected,
            Self::Volume { .. } => Kind::Volume,
            Self::Guard { .. } => Kind::Guard,
            Self::InDoubt { .. } => Kind::InDoubt,
            Self::Edited { .. } => Kind::Edited,
            Self::HookSilent { .. } => Kind::HookSilent,
            Self::BackupStale { .. } => Kind::BackupStale,
            Self::Damaged { .. } => Kind::Damaged,
            Self::DiskLow { .. } => Kind::DiskLow,
            Self::LogLarge { .. } => Kind::LogLarge,
            Self::Configuration { .. } => Kind::Configuration,
        }
    }

    /// Since when it holds, where the fact itself says so.
    pub fn since(&self) -> Option<Millis> {
        match self {
            Self::PollAge { since }
            | Self::Blocked { since }
            | Self::Guard { since, .. }
            | Self::Edited { since, .. }
            | Self::HookSilent { since, .. }
            | Self::BackupStale { since }
            | Self::Damaged { since, .. }
            | Self::Configuration { since, .. } => Some(*since),
            Self::Rejected { .. }
            | Self::Volume { .. }
            | Self::InDoubt { .. }
            | Self::DiskLow { .. }
            | Self::LogLarge { .. } => None,
        }
    }
}

/// A condition that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The connection that it is about; `None` is the whole.
    pub connection: Option<String>,
    /// What holds.
    pub fact: Fact,
}

impl Condition {
    /// What tells its alert from others.
    pub fn key(&self) -> String {
        let key = key(self.fact.kind(), self.connection.as_deref());
        match &self.fact {
            Fact::Guard { name, .. } => format!("{key}:{name}"),
            Fact::Damaged { check, .. } => format!("{key}:{check}"),
            _ => key,
        }
    }
}

fn key(kind: Kind, connection: Option<&str>) -> String {
    match connection {
        Some(connection) => format!("{}:{connection}", kind.as_str()),
        None => kind.as_str().to_owned(),
    }
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What holds.
    pub holds: Vec<Condition>,
    /// The keys of what may hold or not.
    pub unknown: Vec<String>,
}

/// What holds, by what was seen.
pub fn judge(sight: &Sight, alerts: &Alerts) -> Found {
    let mut found = Found::default();
    for connection in &sight.connections {
        judge_connection(connection, sight.now, alerts, &mut found);
    }
    for (connection, name, since) in &sight.guards {
        let (name, since) = (name.clone(), *since);
        found.holds.push(Condition {
            connection: connection.clone(),
            fact: Fact::Guard { name, since },
        });
    }
    let whole = |fact| Condition {
        connection: None,
        fact,
    };
    if let Some(Refused { at, errors }) = sight.refused {
        let fact = Fact::Configuration { since: at, errors };
        found.holds.push(whole(fact));
    }
    judge_storage(sight, |fact| found.holds.push(whole(fact)));
    found
}

fn judge_storage(sight: &Sight, mut holds: impl FnMut(Fact)) {
    if let Some(since) = sight.backup_stale {
        holds(Fact::BackupStale { since });
    }
    for (check, since) in &sight.damaged {
        let (check, since) = (check.clone(), *since);
        holds(Fact::Damaged { check, since });
    }
    if let Some(free) = sight.disk_low {
        holds(Fact::DiskLow { free });
    }
    if sight.log_bytes > care::LOG_LARGE {
        let bytes = sight.log_bytes;
        holds(Fact::LogLarge { bytes });
    }
}

fn judge_connection(seen: &ConnectionSight, now: Millis, alerts: &Alerts, found: &mut Found) {
    let name = &seen.name;
    let mut holds = |fact| {
        found.holds.push(Condition {
            connection: Some(name.clone()),
            fact,
        });
    };
    if let Some(since) = seen.blocked {
        holds(Fact::Blocked { since });
    } else if let Some(since) = seen.synced_at
        && seen.late_at.is_some_and(|at| at <= now)
    {
        holds(Fact::PollAge { since });
    }
    if seen.rejected > 0 {
        let rows = seen.rejected;
        holds(Fact::Rejected { rows });
    }
    if seen.doubts != (0, 0) {
        let (starts, removals) = seen.doubts;
        holds(Fact::InDoubt { starts, removals });
    }
    if let Some((contacts, since)) = seen.edited {
        holds(Fact::Edited { contacts, since });
    }
    if let Some(hook) = &seen.hook
        && let Some(since) = hook.heard_at.or(hook.mailed_at)
        && since + hook.silent_after <= now
    {
        let heard = hook.heard_at.is_some();
        holds(Fact::HookSilent { since, heard });
    }
    match &seen.volume {
        None => found.unknown.push(key(Kind::Volume, Some(name))),
        Some(day) => {
            let usual = volume::usual(day.events, &day.before, alerts.volume);
            if let Some(usual) = usual {
                holds(Fact::Volume {
                    on: day.on.to_string(),
                    events: day.events,
                    usual,
                });
            }
        }
    }
    if seen.blocked.is_some() {
        found.unknown.push(key(Kind::PollAge, Some(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Damping;

    const DAY: Millis = 86_400_000;

    fn silent(heard_at: Option<Millis>, mailed_at: Option<Millis>, now: Millis) -> Option<Fact> {
        let alerts = Alerts {
            receiver: None,
            only: Vec::new(),
            damping: Damping {
                failure_after: 2,
                success_after: 2,
                repeat: DAY,
            },
            poll_age: 2,
            volume: 0.5,
            backup_age: 2 * DAY,
        };
        let hook = HookSight {
            heard_at,
            mailed_at,
            silent_after: 7 * DAY,
        };
        let sight = Sight {
            now,
            connections: vec![ConnectionSight {
                name: "news".into(),
                hook: Some(hook),
                ..ConnectionSight::default()
            }],
            ..Sight::default()
        };
        let found = judge(&sight, &alerts);
        found.holds.into_iter().map(|holds| holds.fact).next()
    }

    #[test]
    fn hooks_are_silent_after_the_last_or_after_the_first_campaign_without_any() {
        let fact = |since, heard| Some(Fact::HookSilent { since, heard });
        assert_eq!(silent(Some(DAY), None, 8 * DAY - 1), None);
        assert_eq!(silent(Some(DAY), None, 8 * DAY), fact(DAY, true));
        assert_eq!(silent(None, Some(DAY), 8 * DAY - 1), None);
        assert_eq!(silent(None, Some(DAY), 8 * DAY), fact(DAY, false));
        // Nothing was sent, and nothing ever came: nothing can be said.
        assert_eq!(silent(None, None, 800 * DAY), None);
    }
}
