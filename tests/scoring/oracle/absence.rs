//! Section 5: absence, day by day.

use engaged::{
    rules::syntax::{Pattern, Unit, Window},
    score::facts::{ConnectionId, KindId},
};
use engaged_connectors::model::{EventKind, Verdict};

use super::{
    Kleene, Note, Oracle,
    conditions::Settings,
    dates,
    readings::{
        FROM_NARROWS_HOLES, MACHINE_SUBSCRIBE_MOVES_ANCHOR, NEVER_OPENED_ASKS_FOR_MAIL,
        UNREPORTED_IS_A_HOLE,
    },
};

/// Why an absence is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Why {
    NeverCustomer,
    Present,
    NoTracking,
    TooNew,
    NotTracked,
    NotMailed,
    TooFewSends,
    CoverageGap,
    Unmeasurable,
    AbsentSince(i32),
    /// The literal reading, which has no date.
    Absent,
}

impl Why {
    pub(crate) fn truth(self) -> Kleene {
        match self {
            Self::Present => Some(false),
            Self::AbsentSince(_) | Self::Absent => Some(true),
            _ => None,
        }
    }
}

/// Longer than every window of the rule sets here.
const LONGEST_WINDOW: i32 = 370;

/// A span of days: the first, and the first that is no longer in it.
type Span = (i32, i32);

fn within(day: i32, spans: &[Span]) -> bool {
    (spans.iter()).any(|(from, until)| *from <= day && day < *until)
}

/// What the guards look at, gathered once; each day `t` is judged on its own.
struct Guards {
    /// Opens and clicks only.
    mails: Option<Mails>,
    holes: Vec<Span>,
    proxies: Vec<Span>,
    /// The days on which nobody looked.
    blind: Option<Span>,
}

struct Mails {
    /// Day, whether tracked, and the first day on which it is known to have bounced.
    sends: Vec<(i32, bool, Option<i32>)>,
    min: u32,
    start: i32,
    /// Whether mails of the start's own day count: it is the anchor's, and no event's.
    own_day: bool,
}

impl Mails {
    /// What is wrong with the mails before `t`, if anything.
    fn wrong(&self, t: i32) -> Option<Why> {
        let (mut tracked, mut untracked) = (0, 0);
        for (day, is_tracked, bounced) in &self.sends {
            let after_start = *day > self.start || (*day == self.start && self.own_day);
            let came_back = bounced.is_some_and(|bounced| bounced <= t);
            if !after_start || *day >= t || came_back {
                continue;
            }
            if *is_tracked {
                tracked += 1;
            } else {
                untracked += 1;
            }
        }
        match (tracked, untracked) {
            (tracked, _) if tracked >= self.min => None,
            (0, 0) => Some(Why::NotMailed),
            (0, _) => Some(Why::NotTracked),
            _ => Some(Why::TooFewSends),
        }
    }
}

impl Guards {
    fn failing(&self, t: i32) -> Option<Why> {
        if self.blind.is_some_and(|blind| within(t, &[blind])) {
            return Some(Why::NoTracking);
        }
        if let Some(wrong) = self.mails.as_ref().and_then(|mails| mails.wrong(t)) {
            return Some(wrong);
        }
        if within(t, &self.holes) {
            return Some(Why::CoverageGap);
        }
        within(t, &self.proxies).then_some(Why::Unmeasurable)
    }
}

impl Oracle<'_> {
    /// `no PATTERN in WINDOW` on a date.
    pub(super) fn absence(
        &self,
        pattern: &Pattern,
        window: Option<Window>,
        settings: Settings,
        as_of: i32,
    ) -> Why {
        let mut qualifying: Vec<i32> = self.days(pattern, &pattern.kind, as_of);
        if pattern.kind == EventKind::Open {
            let clicks = self.days(pattern, &EventKind::Click, as_of);
            if clicks.iter().max() > qualifying.iter().max() {
                self.note(Note::ClickForOpen);
            }
            qualifying.extend(clicks);
        }
        let end = |day: i32| window.map_or(i32::MAX, |window| dates::plus(day, window, 1));
        let present = qualifying.iter().any(|day| as_of < end(*day));
        let blind = self.blind(&pattern.kind, true);
        let unseen = blind.is_some_and(|day| day == i32::MAX || as_of < end(day));
        if blind == Some(i32::MAX) || !settings.guards {
            let forgotten = self.forgotten(&pattern.kind, true);
            let gone = forgotten.is_some_and(|day| as_of < end(day));
            return match (present, unseen, gone) {
                (true, ..) => Why::Present,
                (_, true, _) => Why::NoTracking,
                (.., true) => Why::CoverageGap,
                _ => Why::Absent,
            };
        }
        let Some(window) = window else {
            return self.never(pattern, settings, present, as_of);
        };
        if pattern.kind == EventKind::Purchase
            && self.of_kind(&EventKind::Purchase, as_of).is_empty()
        {
            return Why::NeverCustomer;
        }
        if present {
            return Why::Present;
        }
        let anchor = self.anchor(&pattern.kind, as_of);
        let last = qualifying.iter().max().copied();
        let start = last.map_or(anchor, |last| last.max(anchor));
        let first = dates::plus(start, window, 1);
        if as_of < first {
            return Why::TooNew;
        }
        let guards = self.guards(pattern, window, settings.min_sends, start, last, as_of);
        for t in first..=as_of {
            if guards.failing(t).is_none() {
                if t < as_of {
                    self.note(Note::AbsentBeforeToday);
                }
                return Why::AbsentSince(t);
            }
        }
        guards
            .failing(as_of)
            .expect("no day held, so today did not")
    }

    /// `no PATTERN` over all time; it holds since the anchor.
    fn never(&self, pattern: &Pattern, settings: Settings, present: bool, as_of: i32) -> Why {
        if present {
            return Why::Present;
        }
        let anchor = self.anchor(&pattern.kind, as_of);
        let window = Window {
            number: 1_000,
            unit: Unit::Year,
        };
        let mut guards = self.guards(pattern, window, settings.min_sends, anchor, None, as_of);
        if !NEVER_OPENED_ASKS_FOR_MAIL {
            guards.mails = None;
            guards.proxies.clear();
        }
        guards.failing(as_of).unwrap_or(Why::AbsentSince(anchor))
    }

    fn days(&self, pattern: &Pattern, kind: &EventKind, as_of: i32) -> Vec<i32> {
        let found = self.found_as(pattern, kind, as_of);
        found.iter().map(|(_, day)| *day).collect()
    }

    /// The day first subscribed: what a platform says, else the first event, else when first known.
    pub(super) fn first_subscribed(&self, as_of: i32) -> i32 {
        if let Some(at) = self.facts.subscribed_at {
            return dates::local(self.rules.zone, at);
        }
        let first = self.events.iter().map(|(_, day)| *day);
        let gone = self.facts.forgotten.map(|gone| gone.first_at);
        let gone = gone.map(|at| dates::local(self.rules.zone, at));
        let first = first.chain(gone).min();
        first
            .filter(|day| *day <= as_of)
            .unwrap_or_else(|| dates::local(self.rules.zone, self.facts.first_known_at))
    }

    /// The first day that anything is known of. Of holes without a beginning, older days decide
    /// nothing: no window that reaches `as_of` or begins with the contact covers them.
    fn beginning(&self) -> i32 {
        let of_profile = [self.facts.subscribed_at, Some(self.facts.first_known_at)];
        let of_profile =
            (of_profile.into_iter().flatten()).map(|at| dates::local(self.rules.zone, at));
        let of_events = self.events.iter().map(|(_, day)| *day);
        let gone = self.facts.forgotten.map(|gone| gone.first_at);
        let gone = gone.map(|at| dates::local(self.rules.zone, at));
        let of_events = of_events.chain(gone);
        of_profile
            .chain(of_events)
            .min()
            .expect("first known is a day")
    }

    fn anchor(&self, kind: &EventKind, as_of: i32) -> i32 {
        let first = self.first_subscribed(as_of);
        if !matches!(kind, EventKind::Open | EventKind::Click) {
            return first;
        }
        let again = if MACHINE_SUBSCRIBE_MOVES_ANCHOR {
            let events = self.events.iter().copied();
            let all = events.filter(|(fact, _)| self.is_kind(fact, &EventKind::Subscribe));
            all.filter(|(_, day)| *day <= as_of).collect()
        } else {
            self.of_kind(&EventKind::Subscribe, as_of)
        };
        let again = again.iter().map(|(_, day)| *day).max();
        again.map_or(first, |again| again.max(first))
    }

    fn guards(
        &self,
        pattern: &Pattern,
        window: Window,
        min: u32,
        start: i32,
        last: Option<i32>,
        as_of: i32,
    ) -> Guards {
        let covered = |day: i32| (day, dates::plus(day, window, 1));
        let holes = self.hole_days(pattern, &pattern.kind, true, as_of);
        let holes = holes.into_iter().map(covered).collect();
        let mut proxies = Vec::new();
        if pattern.kind == EventKind::Open {
            for (fact, day) in &self.events {
                let proxy = fact.verdict == Verdict::PrivacyProxy;
                if *day <= as_of && proxy && self.kind(fact) == EventKind::Open {
                    proxies.push(covered(*day));
                }
            }
        }
        let mails = matches!(pattern.kind, EventKind::Open | EventKind::Click).then(|| Mails {
            sends: self.sends(&pattern.kind, as_of),
            min,
            start,
            own_day: last.is_none_or(|last| last < start),
        });
        let blind = self.blind(&pattern.kind, true);
        Guards {
            blind: blind.map(|day| (i32::MIN, covered(day).1)),
            mails,
            holes,
            proxies,
        }
    }

    fn sends(&self, kind: &EventKind, as_of: i32) -> Vec<(i32, bool, Option<i32>)> {
        let bounces = self.of_kind(&EventKind::Bounce, as_of);
        let sends = self.of_kind(&EventKind::Send, as_of);
        let blind = self.blind(kind, true);
        let gone = self.forgotten(kind, true);
        let mut all = Vec::new();
        for (send, day) in sends {
            // Whether it was ignored is no longer known.
            if gone.is_some_and(|gone| day <= gone) {
                self.note(Note::ForgottenMail);
                continue;
            }
            let of_it = bounces.iter().filter(|(bounce, _)| {
                send.campaign.is_some()
                    && (bounce.connection, bounce.campaign) == (send.connection, send.campaign)
            });
            let bounced = of_it.map(|(_, day)| *day).min();
            if bounced.is_some() {
                self.note(Note::BouncedMail);
            }
            let seen = blind.is_none_or(|blind| day > blind);
            all.push((day, send.tracked && seen, bounced));
        }
        all
    }

    /// The days before `as_of` that our own sync did not cover for a kind, on a connection the contact is in.
    pub(super) fn hole_days(
        &self,
        pattern: &Pattern,
        kind: &EventKind,
        stand_in: bool,
        as_of: i32,
    ) -> Vec<i32> {
        let of_kind = |of: &Option<KindId>| match of {
            None => true,
            Some(id) => {
                let name = self.kind_named(*id);
                name == *kind
                    || (stand_in && *kind == EventKind::Open && name == EventKind::Click)
                    || (*kind == EventKind::Bounce
                        && matches!(name, EventKind::HardBounce | EventKind::SoftBounce))
            }
        };
        let asked = |connection: &ConnectionId| {
            let elsewhere = FROM_NARROWS_HOLES && !self.may_be_from(pattern, *connection);
            !elsewhere && self.facts.connections.contains(connection)
        };
        let mut days = Vec::new();
        let floor = self.beginning().min(as_of - LONGEST_WINDOW);
        let mut add = |from: i32, to: i32| {
            days.extend(from.max(floor.min(to))..=to);
        };
        for (connection, of, holes) in &self.coverage.holes {
            if of_kind(of) && asked(connection) {
                for hole in holes {
                    add(hole.from.0, hole.to.0.min(as_of - 1));
                }
            }
        }
        if let Some(gone) = self.forgotten(kind, stand_in) {
            add(i32::MIN, gone.min(as_of - 1));
        }
        if let Some(reported) = self
            .coverage
            .reported
            .as_ref()
            .filter(|_| UNREPORTED_IS_A_HOLE)
        {
            let mut told = reported.kinds.iter();
            if !told.any(|(connection, of)| of_kind(of) && asked(connection)) {
                add(i32::MIN, as_of);
            }
        }
        days
    }
}
