//! What of a contact's behaviour is used, and since when.
//!
//! A word of today counts for all that was measured before: who withdraws is
//! scored without it. A word that allows more counts from when it became known:
//! what was measured before is not used, and often was not stored, so the days
//! before it are as if nobody had looked. Silence then is no absence.

use crate::rules::{
    glob::fold,
    tracking::{Signal, Tracking, TrackingRules},
};

use super::{
    calendar::Millis,
    facts::{Facts, KindId},
};
use engaged_connectors::model::EventKind;

/// What may be used of one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// How much now.
    pub mode: Tracking,
    /// For each of [`Signal::ALL`], from when on; `Millis::MIN`: always, `Millis::MAX`: not at all.
    from: [Millis; Signal::ALL.len()],
}

impl Default for Consent {
    /// Everything, always.
    fn default() -> Self {
        Self::always(Tracking::Full)
    }
}

impl Consent {
    /// A mode that was never another one.
    pub fn always(mode: Tracking) -> Self {
        let from = |signal| {
            if mode.allows(signal) {
                Millis::MIN
            } else {
                Millis::MAX
            }
        };
        Self {
            mode,
            from: Signal::ALL.map(from),
        }
    }

    /// A mode that counts since an instant, after a stricter one that allowed nothing.
    pub fn since(mode: Tracking, at: Millis) -> Self {
        let mut consent = Self::always(mode);
        for from in &mut consent.from {
            *from = (*from).max(at);
        }
        consent
    }

    /// From when on a signal is used.
    pub fn from(&self, signal: Signal) -> Millis {
        self.from[signal as usize]
    }

    /// Whether a signal of an instant is used.
    pub fn shows(&self, signal: Signal, at: Millis) -> bool {
        at >= self.from(signal)
    }

    /// Whether everything is used.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The strictest of two, as for contacts that are one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.mode = self.mode.max(other.mode);
        for (mine, other) in self.from.iter_mut().zip(other.from) {
            *mine = (*mine).max(other);
        }
        self
    }
}

/// One record of a contact, and when it became known what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The connections that it is in, and since when.
    pub connections: Vec<(String, Millis)>,
    /// What was said in fields, the oldest first: connection, field folded, value, and when.
    pub said: Vec<(String, String, String, Millis)>,
}

impl Record {
    /// What may be used by rules that were in force since some instants, the oldest first; the first of them since ever.
    pub fn consent(&self, rules: &[(Millis, TrackingRules)]) -> Consent {
        let mut instants: Vec<Millis> = (self.connections.iter().map(|(_, at)| *at))
            .chain(self.said.iter().map(|(.., at)| *at))
            .chain(rules.iter().map(|(at, _)| *at))
            .collect();
        instants.sort_unstable();
        instants.dedup();
        let begun = self.connections.iter().map(|(_, at)| *at).min();
        let begun = begun.unwrap_or(Millis::MIN);
        instants.retain(|at| *at >= begun);
        if instants.is_empty() {
            instants.push(begun);
        }
        let mut consent = Consent::default();
        for (place, &at) in instants.iter().enumerate() {
            let until = instants.get(place + 1).copied().unwrap_or(Millis::MAX);
            consent.mode = self.mode(rules, at);
            for signal in Signal::ALL {
                if !consent.mode.allows(signal) {
                    consent.from[signal as usize] = until;
                }
            }
        }
        consent
    }

    fn mode(&self, rules: &[(Millis, TrackingRules)], at: Millis) -> Tracking {
        let in_force = rules.iter().rev().find(|(since, _)| *since <= at);
        let Some((_, rules)) = in_force.or(rules.first()) else {
            return Tracking::Full;
        };
        let connections = self.connections.iter().filter(|(_, since)| *since <= at);
        let connections: Vec<&str> = connections.map(|(name, _)| name.as_str()).collect();
        let mut said: Vec<(&str, &str, &str)> = Vec::new();
        for (connection, field, value, since) in &self.said {
            if *since > at {
                continue;
            }
            let new = (connection.as_str(), field.as_str(), value.as_str());
            match said
                .iter_mut()
                .find(|(one, other, _)| (*one, *other) == (new.0, new.1))
            {
                Some(known) => *known = new,
                None => said.push(new),
            }
        }
        rules.mode(&connections, &said)
    }
}

/// Which kinds of events are measured, by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The declared ones.
    declared: Vec<KindId>,
}

impl Measured {
    /// By rules, and the names of declared kinds in the order of their numbers.
    pub fn new(rules: &TrackingRules, declared: &[String]) -> Self {
        let numbers = (EventKind::BUILT_IN.len()..).zip(declared);
        let named = numbers.filter(|(_, name)| rules.kinds.contains(name));
        Self {
            declared: named
                .filter_map(|(number, _)| u16::try_from(number).ok().map(KindId))
                .collect(),
        }
    }

    /// What a kind is measured as.
    pub fn signal(&self, kind: KindId) -> Option<Signal> {
        match EventKind::BUILT_IN.get(usize::from(kind.0)) {
            Some(kind) => Signal::of(kind),
            None => self.declared.contains(&kind).then_some(Signal::Click),
        }
    }
}

impl Facts {
    /// Takes out what may not be used, by [`Facts::consent`]; of opens the date of the last is kept where that may be used.
    /// Nothing that was taken out leaves another trace in a score, a list or a chart.
    pub fn hide(&mut self, measured: &Measured) {
        let consent = self.consent;
        if consent.is_open() {
            return;
        }
        let mut last_open = self.last_open;
        self.events.retain(|fact| {
            let Some(signal) = measured.signal(fact.kind) else {
                return true;
            };
            if signal == Signal::Open && consent.shows(Signal::LastOpen, fact.at) {
                last_open = last_open.max(Some(day_of_open(fact.at)));
            }
            consent.shows(signal, fact.at)
        });
        let keeps_date = consent.mode == Tracking::LastOpenDateOnly;
        self.last_open = last_open.filter(|at| keeps_date && consent.shows(Signal::LastOpen, *at));
        let events = &self.events;
        self.properties
            .retain(|(id, _, _)| events.iter().any(|fact| fact.id == *id));
    }
}

/// The noon of an instant's day in UTC: what is kept of an open where its date alone may be.
pub fn day_of_open(at: Millis) -> Millis {
    const DAY_MS: Millis = 86_400_000;
    at - at.rem_euclid(DAY_MS) + DAY_MS / 2
}

/// A field's name as [`Record::said`] has it.
pub fn field_name(name: &str) -> String {
    fold(name)
}
