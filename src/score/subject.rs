//! One contact made ready for evaluation at any number of dates.
//!
//! Holds what does not depend on the date: the local day of each event, which
//! events match which pattern, when each mail was sent and bounced, and where
//! our own sync has holes.

use std::{cell::Cell, mem};

use engaged_connectors::model::{EventKind, Verdict};

use crate::rules::tracking::Signal;

use super::{
    calendar::{Day, Millis},
    facts::{ConnectionId, Coverage, Fact, Facts, Hole, KindId, KindSet},
    model::Model,
    orders::told_again,
    pattern::{PatternId, usable},
    tracking::Measured,
};

/// The kinds that evaluation names itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kinds {
    pub(crate) send: KindId,
    pub(crate) open: KindId,
    pub(crate) bounce: [KindId; 3],
    pub(crate) complaint: KindId,
    pub(crate) delivery: KindId,
    pub(crate) subscribe: KindId,
    pub(crate) unsubscribe: KindId,
    pub(crate) purchase: KindId,
    pub(crate) page_visit: KindId,
    pub(crate) click: KindId,
}

impl Kinds {
    pub(crate) fn new() -> Self {
        // Every kind named here is built in; an unknown one would match no event.
        let id = |kind: EventKind| KindId::built_in(&kind).unwrap_or(KindId(u16::MAX));
        Self {
            send: id(EventKind::Send),
            open: id(EventKind::Open),
            bounce: [
                id(EventKind::Bounce),
                id(EventKind::HardBounce),
                id(EventKind::SoftBounce),
            ],
            complaint: id(EventKind::Complaint),
            delivery: id(EventKind::Delivery),
            subscribe: id(EventKind::Subscribe),
            unsubscribe: id(EventKind::Unsubscribe),
            purchase: id(EventKind::Purchase),
            page_visit: id(EventKind::PageVisit),
            click: id(EventKind::Click),
        }
    }
}

/// A send, and from which day on it counts as bounced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mail {
    pub(crate) day: Day,
    pub(crate) bounced_on: Day,
    pub(crate) tracked: bool,
}

/// For each pattern the indices of its events in time order, all in one piece.
#[derive(Default)]
struct Matches {
    events: Vec<u32>,
    /// Where each pattern's events begin, and where the last one's end.
    starts: Vec<u32>,
    /// Pattern and event, and where each pattern's next one goes: used while it is filled.
    found: Vec<(u32, u32)>,
    next: Vec<u32>,
}

impl Matches {
    fn fill(&mut self, model: &Model, facts: &Facts) {
        self.found.clear();
        self.starts.clear();
        self.starts.resize(model.patterns.len() + 1, 0);
        for (fact, index) in facts.events.iter().zip(0_u32..) {
            for pattern in model.patterns.matching(fact, facts) {
                self.starts[pattern.0 + 1] += 1;
                // Patterns are as many as rules have words.
                let pattern = u32::try_from(pattern.0).unwrap_or(u32::MAX);
                self.found.push((pattern, index));
            }
        }
        for pattern in 1..self.starts.len() {
            self.starts[pattern] += self.starts[pattern - 1];
        }
        self.events.clear();
        self.events.resize(self.found.len(), 0);
        self.next.clone_from(&self.starts);
        for &(pattern, index) in &self.found {
            let place = &mut self.next[pattern as usize];
            self.events[*place as usize] = index;
            *place += 1;
        }
    }

    fn of(&self, pattern: PatternId) -> &[u32] {
        let (from, to) = (self.starts[pattern.0], self.starts[pattern.0 + 1]);
        &self.events[from as usize..to as usize]
    }
}

/// Room for one contact's lists, kept by each thread from one contact to the next:
/// asking for it anew took a fifth of the time of scoring everybody.
#[derive(Default)]
struct Room {
    days: Vec<Day>,
    matches: Matches,
    mails: Vec<Mail>,
}

thread_local! {
    static ROOM: Cell<Room> = Cell::default();
}

impl Drop for Subject<'_> {
    fn drop(&mut self) {
        let room = Room {
            days: mem::take(&mut self.days),
            matches: mem::take(&mut self.matches),
            mails: mem::take(&mut self.mails),
        };
        // A thread that ends has no place for it any more.
        let _ = ROOM.try_with(|place| place.set(room));
    }
}

/// Which measured signals something reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signals([bool; Signal::ALL.len()]);

impl Signals {
    /// The date of the last open.
    pub(crate) const LAST_OPEN: Self = Self([false, false, true]);

    /// Those that some kinds are measured as.
    pub(crate) fn of(kinds: &[KindId], measured: &Measured) -> Self {
        let mut signals = Self::default();
        for signal in kinds.iter().filter_map(|kind| measured.signal(*kind)) {
            signals.0[signal as usize] = true;
        }
        signals
    }
}

/// One contact, ready.
pub(crate) struct Subject<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) days: Vec<Day>,
    matches: Matches,
    pub(crate) mails: Vec<Mail>,
    /// The days of opens by a privacy proxy.
    pub(crate) proxy_days: Vec<Day>,
    /// The days of `subscribe` events.
    pub(crate) subscribe_days: Vec<Day>,
    /// The days of purchases of any item.
    pub(crate) first_purchase: Day,
    /// When first subscribed, by a platform's or an import's word.
    subscribed_on: Option<Day>,
    first_known_on: Day,
    /// For each signal, the last day of which not all may be used: see [`Subject::unseen_to`].
    unseen_to: [Day; Signal::ALL.len()],
    /// The day of the last open, where that alone may be used.
    pub(crate) last_open: Option<Day>,
    /// The first and the last day of what is no longer known, because it was old, and which kinds that is.
    forgotten: Option<(Day, Day, KindSet)>,
    coverage: &'a Coverage,
    /// Events that do not count, in order, and from which day on: another connection tells them too.
    again: Vec<(usize, Day)>,
    /// The same the other way round: which one stands for which, in that order.
    stand_for: Vec<(usize, usize)>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(model: &Model, facts: &'a Facts, coverage: &'a Coverage) -> Self {
        let (zone, kinds) = (&model.zone, model.kinds);
        let Room {
            mut days,
            mut matches,
            mut mails,
        } = ROOM.try_with(Cell::take).unwrap_or_default();
        days.clear();
        days.extend(facts.events.iter().map(|fact| zone.day(fact.at)));
        matches.fill(model, facts);
        list_mails(facts, &days, kinds, &mut mails);
        let mut subject = Self {
            facts,
            matches,
            mails,
            proxy_days: Vec::new(),
            subscribe_days: Vec::new(),
            first_purchase: Day::NEVER,
            subscribed_on: facts.subscribed_at.map(|at| zone.day(at)),
            first_known_on: zone.day(facts.first_known_at),
            unseen_to: Signal::ALL.map(|signal| match facts.consent.from(signal) {
                Millis::MIN => Day::ALWAYS,
                Millis::MAX => Day::NEVER,
                at => zone.day(at),
            }),
            last_open: facts.last_open.map(|at| zone.day(at)),
            forgotten: facts.forgotten.map(|forgotten| {
                let (first, last) = (zone.day(forgotten.first_at), zone.day(forgotten.until_at));
                (first, last, forgotten.kinds)
            }),
            coverage,
            again: Vec::new(),
            stand_for: Vec::new(),
            days,
        };
        let told = told_again(&facts.events);
        subject.again = told
            .iter()
            .map(|told| (told.again, subject.days[told.counts]))
            .collect();
        subject.stand_for = told.iter().map(|told| (told.counts, told.again)).collect();
        subject.stand_for.sort_unstable();
        for (fact, &day) in facts.events.iter().zip(&subject.days) {
            if fact.kind == kinds.open && fact.verdict == Verdict::PrivacyProxy {
                subject.proxy_days.push(day);
            } else if fact.kind == kinds.subscribe {
                subject.subscribe_days.push(day);
            } else if fact.kind == kinds.purchase {
                subject.first_purchase = subject.first_purchase.min(day);
            }
        }
        subject
    }

    /// The day first subscribed: a platform's word, else the first event, else the day first known.
    pub(crate) fn first_subscribed(&self, as_of: Day) -> Day {
        let forgotten = self.forgotten.map(|(first, ..)| first);
        let first_event = self.days.first().copied().into_iter().chain(forgotten);
        let first_event = first_event.min().filter(|day| *day <= as_of);
        self.subscribed_on
            .or(first_event)
            .unwrap_or(self.first_known_on)
    }

    /// The anchor of absences of opens and clicks: the last subscription.
    pub(crate) fn last_subscribed(&self, as_of: Day) -> Day {
        let again = last_on_or_before(&self.subscribe_days, as_of);
        self.first_subscribed(as_of)
            .max(again.unwrap_or(Day::ALWAYS))
    }

    /// The indices of a pattern's events on or before a date, in time order. Where
    /// clocks go back over midnight, days do not rise with time: hence a filter.
    pub(crate) fn until(
        &self,
        pattern: PatternId,
        as_of: Day,
    ) -> impl DoubleEndedIterator<Item = usize> + Clone + '_ {
        self.matches
            .of(pattern)
            .iter()
            .map(|&index| index as usize)
            .filter(move |&index| self.days[index] <= as_of && self.counts(index, as_of))
    }

    /// Whether an event counts on a date, as far as other connections do not tell it too.
    fn counts(&self, index: usize, as_of: Day) -> bool {
        if self.again.is_empty() {
            return true;
        }
        let found = self.again.binary_search_by_key(&index, |(again, _)| *again);
        found.map_or(true, |found| self.again[found].1 > as_of)
    }

    /// The events for which one stands on a date, since another connection tells them too.
    pub(crate) fn stands_for(&self, index: usize, as_of: Day) -> impl Iterator<Item = usize> + '_ {
        let first = self.stand_for.partition_point(|each| each.0 < index);
        let same = self.stand_for[first..].iter();
        let same = same.take_while(move |each| each.0 == index);
        same.map(|each| each.1)
            .filter(move |&again| self.days[again] <= as_of)
    }

    /// The last day on which nobody looked at any of some signals, since the contact had not agreed to it;
    /// [`Day::ALWAYS`] if there was none, [`Day::NEVER`] if nobody looks now.
    pub(crate) fn unseen_to(&self, signals: Signals) -> Day {
        let days = signals.0.iter().zip(self.unseen_to);
        let read = days.filter(|(reads, _)| **reads).map(|(_, day)| day);
        read.max().unwrap_or(Day::ALWAYS)
    }

    /// The last day of which events of some kinds are no longer known, because they were old; [`Day::ALWAYS`] if there is none.
    pub(crate) fn forgotten_to(&self, kinds: &[KindId]) -> Day {
        let forgets = |set: KindSet| kinds.iter().any(|kind| set.has(*kind));
        let forgotten = self.forgotten.filter(|(.., set)| forgets(*set));
        forgotten.map_or(Day::ALWAYS, |(_, last, _)| last)
    }

    /// Whether any event matches a pattern, whenever it is.
    pub(crate) fn has(&self, pattern: PatternId) -> bool {
        !self.matches.of(pattern).is_empty()
    }

    /// Whether any event on or before a date matches both patterns.
    pub(crate) fn share(&self, one: PatternId, other: PatternId, as_of: Day) -> bool {
        let mut others = self.until(other, as_of).peekable();
        self.until(one, as_of).any(|index| {
            while others.next_if(|other| *other < index).is_some() {}
            others.peek() == Some(&index)
        })
    }

    /// The day of a pattern's last event on or before a date.
    pub(crate) fn last(&self, pattern: PatternId, as_of: Day) -> Option<Day> {
        self.until(pattern, as_of)
            .next_back()
            .map(|index| self.days[index])
    }

    /// The event at an index that [`Subject::until`] gave.
    pub(crate) fn event(&self, index: usize) -> &'a Fact {
        &self.facts.events[index]
    }

    /// The first day after a date on which anything happened.
    pub(crate) fn next_event_day(&self, as_of: Day) -> Day {
        let forgotten = self.forgotten.map(|(first, ..)| first);
        (self.days.iter().copied().chain(forgotten))
            .filter(|day| *day > as_of)
            .min()
            .unwrap_or(Day::NEVER)
    }

    /// The holes for some kinds on the contact's connections, in no order; `None` if no connection
    /// reports any of them, so that nobody would have told us and no day is ever covered.
    pub(crate) fn holes(
        &self,
        kinds: &[KindId],
        from: Option<&[ConnectionId]>,
    ) -> Option<Vec<Hole>> {
        let mut holes = Vec::new();
        let asked = |connection: &ConnectionId| {
            self.facts.connections.contains(connection)
                && from.is_none_or(|from| from.contains(connection))
        };
        let wanted = |kind: &Option<KindId>| kind.is_none_or(|kind| kinds.contains(&kind));
        for (connection, kind, runs) in &self.coverage.holes {
            if asked(connection) && wanted(kind) {
                holes.extend_from_slice(runs);
            }
        }
        let forgotten = self.forgotten_to(kinds);
        if forgotten != Day::ALWAYS {
            holes.push(Hole {
                from: Day::ALWAYS,
                to: forgotten,
            });
        }
        let reported = self.coverage.reported.as_ref().is_none_or(|reported| {
            let mut kinds = reported.kinds.iter();
            kinds.any(|(connection, kind)| asked(connection) && wanted(kind))
        });
        reported.then_some(holes)
    }
}

/// The last of some days that is not after a date.
pub(crate) fn last_on_or_before(days: &[Day], as_of: Day) -> Option<Day> {
    days.iter().copied().filter(|day| *day <= as_of).max()
}

/// A mail is one send; a bounce of the same connection and campaign takes it back.
fn list_mails(facts: &Facts, days: &[Day], kinds: Kinds, mails: &mut Vec<Mail>) {
    mails.clear();
    let mut bounces: Vec<(&Fact, Day)> = Vec::new();
    for (fact, &day) in facts.events.iter().zip(days) {
        if fact.kind == kinds.send {
            mails.push(Mail {
                day,
                bounced_on: Day::NEVER,
                tracked: fact.tracked,
            });
        } else if kinds.bounce.contains(&fact.kind) && fact.campaign.is_some() {
            bounces.push((fact, day));
        }
    }
    if bounces.is_empty() {
        return;
    }
    let sends = facts.events.iter().filter(|fact| fact.kind == kinds.send);
    for (mail, send) in mails.iter_mut().zip(sends) {
        let same = |bounce: &Fact| {
            bounce.connection == send.connection && bounce.campaign == send.campaign
        };
        let days = bounces.iter().filter(|(bounce, _)| same(bounce));
        mail.bounced_on = days.map(|(_, day)| *day).min().unwrap_or(Day::NEVER);
    }
}

/// Whether an event shows that the address works: a delivery, or a click by a person.
pub(crate) fn proves_delivery(fact: &Fact, kinds: Kinds) -> bool {
    fact.kind == kinds.delivery || (fact.kind == kinds.click && usable(fact.verdict))
}
