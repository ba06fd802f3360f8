//! Why so many numbers change at once: the likely cause that the guard names.
//!
//! Looked for in the order in which a person would: an edit of the rules, holes
//! in our own sync that opened or closed, machines that were recognised, a new
//! source. The first that explains at least half of the contacts that would
//! change is named, with its count. It says what coincides, and proves nothing.

mod holes;

use std::fmt;

use chrono::DateTime;
use engaged_connectors::model::Verdict;

use crate::{
    automation::EntryState,
    score::{
        calendar::{Millis, Zone},
        facts::{ConnectionId, Facts, Needs},
    },
    store::{Connection, ContactId, EntryTally, StoreError, Tx, Which},
};

use self::holes::{Moved, moved_holes};
use super::{
    plan::{self, Ask, ConnectionPlan, Planned},
    starts,
};

/// How many contacts are looked up at once.
const BATCH: usize = 1_000;

/// How many spans of days are named.
const SPANS_MAX: usize = 3;

/// What explains that so many contacts change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The rules are others than the last push rested on.
    Rules,
    /// Days of our own sync became holes, or were read after all.
    Coverage {
        /// `newsletter open: 3 to 9 June 2026 became a hole`.
        spans: Vec<String>,
        /// Contacts on the connections concerned.
        contacts: u64,
    },
    /// Machines were recognised.
    Machines {
        /// Contacts of whom anything was said to be a machine's.
        contacts: u64,
    },
    /// A source was read for the first time, or a file imported.
    Source {
        /// Its name.
        name: String,
        /// Whether it is an import.
        import: bool,
        /// Contacts of whom it told anything.
        contacts: u64,
    },
    /// None of these.
    Unknown {
        /// Whether an edit of the rules was looked for.
        edits: bool,
        /// Contacts of whom anything was said to be a machine's.
        machines: u64,
        /// Contacts of whom a new source told anything.
        told: u64,
    },
}

/// The likely cause of what a connection's plan would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Contacts that would change.
    pub changed: u64,
    /// When the connection's last push was that nothing held, if that is known.
    pub since: Option<Millis>,
    /// What explains it.
    pub reason: Reason,
}

/// Why so much would be started at once, in words: a backfill that somebody asked for, else as for numbers.
pub fn of_starts(tx: &Tx, ask: &Ask<'_>, plan: &ConnectionPlan) -> Result<String, StoreError> {
    let asked_for = |(_, state, reason, ..): &&EntryTally| {
        *state == EntryState::Ready && reason.as_deref() == Some("backfill")
    };
    let tallies = tx.tally_entries()?;
    let backfilled: i64 = tallies.iter().filter(asked_for).map(|tally| tally.4).sum();
    let backfilled = u64::try_from(backfilled).unwrap_or_default();
    if backfilled * 2 >= plan.starts {
        return Ok(format!("a backfill asked for {backfilled} of them"));
    }
    kept(tx, ask, plan, What::Starts)
}

/// What a cause is looked for of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Numbers, bands and segments.
    Changes,
    /// Starts of automations.
    Starts,
}

impl What {
    fn has(self, planned: &Planned) -> bool {
        match self {
            Self::Changes => planned.changes,
            Self::Starts => starts::is_start(planned.verb),
        }
    }
}

/// The likely cause of what a plan would change, in words. A plan that is held is made again with each run, so what
/// was found for the same writes is kept until the next push.
pub fn named(tx: &Tx, ask: &Ask<'_>, plan: &ConnectionPlan) -> Result<String, StoreError> {
    kept(tx, ask, plan, What::Changes)
}

fn kept(tx: &Tx, ask: &Ask<'_>, plan: &ConnectionPlan, what: What) -> Result<String, StoreError> {
    let since = tx.last_push(ask.id)?.map_or(0, |pushed| pushed.at);
    let asked = format!("{since} {}", plan.fingerprint);
    let (name, changed) = match what {
        What::Changes => (format!("cause {}", ask.id.0), plan.changed),
        What::Starts => (format!("cause of starts {}", ask.id.0), plan.starts),
    };
    if let Some(kept) = tx.control(&name)?
        && let Some((before, words)) = kept.value.split_once('\n')
        && before == asked
    {
        return Ok(words.to_owned());
    }
    let words = likely(tx, ask, changed, what)?.to_string();
    tx.set_control(&name, &format!("{asked}\n{words}"), ask.now)?;
    Ok(words)
}

/// Finds the likely cause of what a plan would change.
fn likely(tx: &Tx, ask: &Ask<'_>, changed: u64, what: What) -> Result<Cause, StoreError> {
    let Some(pushed) = tx.last_push(ask.id)? else {
        let reason = Reason::Unknown {
            edits: false,
            machines: 0,
            told: 0,
        };
        return Ok(Cause {
            changed,
            since: None,
            reason,
        });
    };
    let cause = |reason| Cause {
        changed,
        since: Some(pushed.at),
        reason,
    };
    let edited = match &pushed.rules {
        Some(rules) => rules != ask.rules_hash,
        None => tx.are_rules_newer(ask.rules_hash, pushed.at)?,
    };
    // An edit moves numbers; nothing starts by it.
    if edited && what == What::Changes {
        return Ok(cause(Reason::Rules));
    }
    let zone = Zone::new(ask.rules.zone);
    let moved = moved_holes(tx, &zone, pushed.at, ask.now)?;
    let mut tally = Tally::new(tx, pushed.at, &moved)?;
    let mut last = String::new();
    plan::plan(tx, ask, &mut |planned: &Planned| match planned.contact {
        Some(contact) if what.has(planned) && planned.platform_id != last => {
            last.clone_from(&planned.platform_id);
            tally.add(contact)
        }
        _ => Ok(()),
    })?;
    tally.flush()?;
    let edits = what == What::Changes;
    Ok(cause(tally.reason(&moved, changed, edits)))
}

/// Counts, over the contacts that would change, for whom each cause applies.
struct Tally<'t> {
    tx: &'t Tx,
    since: Millis,
    last_event: i64,
    sources: Vec<Connection>,
    needs: Needs,
    holed: Vec<ConnectionId>,
    batch: Vec<ContactId>,
    on_holed: u64,
    machines: u64,
    /// For each source.
    told: Vec<u64>,
}

impl<'t> Tally<'t> {
    fn new(tx: &'t Tx, since: Millis, moved: &[Moved]) -> Result<Self, StoreError> {
        let sources = tx.sources_new_since(since)?;
        Ok(Self {
            tx,
            since,
            last_event: tx.last_event_known(since)?,
            told: vec![0; sources.len()],
            sources,
            needs: Needs {
                fields: Some(Vec::new()),
                ..Needs::default()
            },
            holed: moved.iter().map(|each| each.connection).collect(),
            batch: Vec::new(),
            on_holed: 0,
            machines: 0,
        })
    }

    fn add(&mut self, contact: ContactId) -> Result<(), StoreError> {
        self.batch.push(contact);
        if self.batch.len() < BATCH {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = std::mem::take(&mut self.batch);
        let (tx, needs) = (self.tx, self.needs.clone());
        tx.for_each_needed(Which::These(&batch), None, &needs, |contact, facts| {
            self.take(contact, facts)
        })
    }

    fn take(&mut self, contact: ContactId, facts: &Facts) -> Result<(), StoreError> {
        let holed = |connection| self.holed.contains(connection);
        self.on_holed += u64::from(facts.connections.iter().any(holed));
        let new = || {
            facts
                .events
                .iter()
                .filter(|event| event.id > self.last_event)
        };
        let machine = |verdict| matches!(verdict, Verdict::PrivacyProxy | Verdict::Scanner);
        let by_machine = new().any(|event| machine(event.verdict))
            || self.tx.is_machine_since(contact, self.since)?;
        self.machines += u64::from(by_machine);
        for (source, told) in self.sources.iter().zip(&mut self.told) {
            let did = new().any(|event| event.connection == source.id);
            let any = did || self.tx.is_told_of_since(contact, source.id, self.since)?;
            *told += u64::from(any);
        }
        Ok(())
    }

    /// The first cause that applies to at least half.
    fn reason(self, moved: &[Moved], changed: u64, edits: bool) -> Reason {
        let explains = |contacts: u64| contacts > 0 && contacts * 2 >= changed;
        if explains(self.on_holed) {
            let mut spans: Vec<String> = moved.iter().map(|each| each.words.clone()).collect();
            if spans.len() > SPANS_MAX {
                let more = spans.split_off(SPANS_MAX - 1).len();
                spans.push(format!("{more} more such spans"));
            }
            return Reason::Coverage {
                spans,
                contacts: self.on_holed,
            };
        }
        if explains(self.machines) {
            return Reason::Machines {
                contacts: self.machines,
            };
        }
        let sources = self.sources.into_iter().zip(self.told);
        let most = sources.max_by_key(|(_, told)| *told);
        match most {
            Some((source, contacts)) if explains(contacts) => Reason::Source {
                import: source.platform == crate::store::IMPORTED,
                name: source.name,
                contacts,
            },
            most => Reason::Unknown {
                edits,
                machines: self.machines,
                told: most.map_or(0, |(_, told)| told),
            },
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(since) = self.since.and_then(DateTime::from_timestamp_millis) else {
            return f.write_str(
                "no earlier push is known to compare with; see a sample with `engaged plan`",
            );
        };
        let since = since.format("%Y-%m-%d %H:%MZ");
        let of = self.changed;
        match &self.reason {
            Reason::Rules => write!(
                f,
                "likely cause: the rules were edited since the last push ({since}), which scored all {of} anew"
            ),
            Reason::Coverage { spans, contacts } => write!(
                f,
                "likely cause: our own sync since the last push ({since}): {}; {contacts} of the {of} are on it",
                spans.join(", ")
            ),
            Reason::Machines { contacts } => write!(
                f,
                "likely cause: machines: of {contacts} of the {of}, opens or clicks were said to be a privacy proxy's or scanner's since the last push ({since})"
            ),
            Reason::Source {
                name,
                import,
                contacts,
            } => {
                let what = if *import {
                    "an import into"
                } else {
                    "the first sync of"
                };
                write!(
                    f,
                    "likely cause: {what} {name} since the last push ({since}), which told of {contacts} of the {of}"
                )
            }
            Reason::Unknown {
                edits,
                machines,
                told,
            } => write!(
                f,
                "no likely cause: since the last push ({since}) {}no hole that opened or closed; \
                 of the {of}, {machines} with new verdicts on machines and {told} told of by a new source; see a sample with `engaged plan`",
                if *edits {
                    "no edit of the rules and "
                } else {
                    ""
                }
            ),
        }
    }
}
