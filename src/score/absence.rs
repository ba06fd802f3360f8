//! Absence: "no open in 3 months" is a judgement about a person, so it must be earned.
//!
//! It holds on `as_of` when there is a day `t`, with `start + W <= t <= as_of`,
//! on which every guard held. Since `t` may lie in the past, a penalty rightly
//! given stays; mailing less never raises a score.

use crate::rules::{syntax::Window, truth::Truth};

use super::{
    calendar::Day,
    facts::{ConnectionId, Hole, KindId},
    pattern::PatternId,
    subject::{Mail, Signals, Subject, last_on_or_before},
};

/// A compiled `no X in W`.
#[derive(Clone, Debug)]
pub(crate) struct Absence {
    /// The pattern's own events, and for opens the clicks that prove reading.
    pub(crate) qualifying: PatternId,
    pub(crate) window: Option<Window>,
    /// The kinds whose coverage it needs.
    pub(crate) kinds: Vec<KindId>,
    /// The connections whose coverage it needs, if the pattern names one.
    pub(crate) from: Option<Vec<ConnectionId>>,
    pub(crate) of: Of,
    pub(crate) guards: bool,
    pub(crate) min_sends: u32,
    /// What of what it reads is measured.
    pub(crate) signals: Signals,
    /// Whether the date of the last open stands for opens that may not be used: in cleaning alone.
    pub(crate) by_last_open: bool,
}

/// Which guards beside coverage an absence has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Mails must have been ignored, and no privacy proxy in the way.
    Opens,
    /// Mails must have been ignored.
    Clicks,
    /// There must have been a purchase.
    Purchases,
    /// None.
    Others,
}

/// Why an absence is what it is (the contract's section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// None was ever bought.
    NeverCustomer,
    /// A qualifying event covers the date.
    Present,
    /// The contact has not agreed to what this reads, or not for long enough.
    NoTracking,
    /// Subscribed, or subscribed again, too recently.
    TooNew,
    /// No mails but untracked ones.
    NotTracked,
    /// No mails.
    NotMailed,
    /// Too few tracked mails.
    TooFewSends,
    /// Our own sync has a hole.
    CoverageGap,
    /// A privacy proxy opens the mail, whoever reads it.
    Unmeasurable,
    /// The absence holds since this day.
    AbsentSince(Day),
    /// The absence holds in the literal reading.
    Absent,
}

impl Reason {
    /// Those for which a contact is called not judged.
    pub const WAITING: [Self; 7] = [
        Self::NoTracking,
        Self::TooNew,
        Self::NotTracked,
        Self::NotMailed,
        Self::TooFewSends,
        Self::CoverageGap,
        Self::Unmeasurable,
    ];

    /// The word that outputs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverCustomer => "never_customer",
            Self::Present => "present",
            Self::NoTracking => "no_tracking",
            Self::TooNew => "too_new",
            Self::NotTracked => "not_tracked",
            Self::NotMailed => "not_mailed",
            Self::TooFewSends => "too_few_sends",
            Self::CoverageGap => "coverage_gap",
            Self::Unmeasurable => "unmeasurable",
            Self::AbsentSince(_) | Self::Absent => "absent",
        }
    }

    /// The first day of an absence, where it is known.
    pub fn since(self) -> Option<Day> {
        match self {
            Self::AbsentSince(day) => Some(day),
            _ => None,
        }
    }

    /// Whether the absence is true, false or unknown.
    pub(crate) fn truth(self) -> Truth {
        match self {
            Self::Present => Truth::False,
            Self::AbsentSince(_) | Self::Absent => Truth::True,
            _ => Truth::Unknown,
        }
    }
}

/// What a judgement rests on, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grounds {
    /// The day of the last qualifying event.
    pub last: Option<Day>,
    /// From this day on, silence counts: the later of the last qualifying event and the last subscription.
    pub start: Day,
    /// Whether `start` is a subscription after an earlier one.
    pub subscribed_again: bool,
    /// The first day on which what stands in the way no longer does, as far as dates alone decide.
    pub clears_on: Option<Day>,
    /// Mails since `start`.
    pub mails: u32,
    /// Those of them whose opens and clicks can be seen.
    pub tracked: u32,
    /// How many of the latter it takes.
    pub needed: u32,
    /// The holes in our own sync that stand in the way, none of their days after the date;
    /// one from [`Day::ALWAYS`] where nobody would tell us.
    pub holes: Vec<Hole>,
}

/// What is asked at one date.
struct Question<'a> {
    absence: &'a Absence,
    subject: &'a Subject<'a>,
    as_of: Day,
    /// The later of the last qualifying event and the anchor.
    start: Day,
    /// Whether `start` is an event: then mails of that day do not count.
    from_event: bool,
    holes: Vec<Hole>,
    /// Whether anybody would tell us.
    reported: bool,
    /// The days up to this one are as if nobody had looked: the contact had not agreed to it.
    unseen_to: Day,
    /// Of mails up to this day it is no longer known whether they were ignored.
    forgotten_to: Day,
}

/// Judges an absence; the day is one before which nothing changes.
pub(crate) fn judge(absence: &Absence, subject: &Subject<'_>, as_of: Day) -> (Reason, Day) {
    let (last, unseen_to) = seen(absence, subject, as_of);
    if unseen_to == Day::NEVER {
        // Nothing that was seen in spite of it could be known to be the last.
        return match literally(absence, last, as_of) {
            (Reason::Present, until) => (Reason::Present, until),
            _ => (Reason::NoTracking, Day::NEVER),
        };
    }
    if !absence.guards {
        let forgotten_to = subject.forgotten_to(&absence.kinds);
        return literally_since(absence, last, (unseen_to, forgotten_to), as_of);
    }
    if absence.of == Of::Purchases && absence.window.is_some() && subject.first_purchase > as_of {
        return (Reason::NeverCustomer, Day::NEVER);
    }
    let question = Question::new(absence, subject, as_of, (last, unseen_to));
    match absence.window {
        None => question.ever(last),
        Some(window) => question.within(window, last),
    }
}

/// What [`judge`] looked at, and when it can say more.
pub(crate) fn grounds(absence: &Absence, subject: &Subject<'_>, as_of: Day) -> Grounds {
    let (last, unseen_to) = seen(absence, subject, as_of);
    let question = Question::new(absence, subject, as_of, (last, unseen_to));
    let (reason, _) = judge(absence, subject, as_of);
    let since = subject
        .mails
        .iter()
        .filter(|mail| question.ignored(mail, as_of));
    let count = |mails: &mut dyn Iterator<Item = &Mail>| u32::try_from(mails.count()).unwrap_or(0);
    let clears_on = absence.window.and_then(|window| match reason {
        Reason::Present => last.map(|last| last.plus(window)),
        Reason::NoTracking => question.unseen_end(window, as_of),
        Reason::TooNew => Some(question.start.plus(window)),
        Reason::CoverageGap => question.hole_end(window, as_of),
        Reason::Unmeasurable => question.proxy_end(window, as_of),
        _ => None,
    });
    let in_the_way = |hole: &&Hole| {
        let last = hole.to.min(as_of.previous());
        let ends = absence
            .window
            .map_or(Day::NEVER, |window| last.plus(window));
        hole.from < as_of && ends > as_of
    };
    Grounds {
        last,
        start: question.start,
        subscribed_again: !question.from_event && question.start > subject.first_subscribed(as_of),
        clears_on: clears_on.filter(|day| day.date().is_some()),
        mails: count(&mut since.clone()),
        tracked: count(&mut since.filter(|mail| question.measured(mail))),
        needed: absence.min_sends,
        holes: if question.reported {
            until_yesterday(question.holes.iter().filter(in_the_way), as_of)
        } else {
            vec![Hole::always(as_of)]
        },
    }
}

impl Hole {
    /// All days before a date: nobody would have told us.
    pub(crate) fn always(as_of: Day) -> Self {
        Self {
            from: Day::ALWAYS,
            to: as_of.previous(),
        }
    }
}

/// Holes without the days that are not over on a date, sorted; those that touch are one.
pub(crate) fn until_yesterday<'a>(holes: impl Iterator<Item = &'a Hole>, as_of: Day) -> Vec<Hole> {
    let clipped = holes.map(|hole| Hole {
        from: hole.from,
        to: hole.to.min(as_of.previous()),
    });
    let mut clipped: Vec<Hole> = clipped.collect();
    clipped.sort_unstable_by_key(|hole| (hole.from, hole.to));
    let mut joined: Vec<Hole> = Vec::new();
    for hole in clipped {
        match joined.last_mut() {
            Some(last) if hole.from <= last.to.next() => last.to = last.to.max(hole.to),
            _ => joined.push(hole),
        }
    }
    joined
}

/// The day of the last qualifying event, and up to which day nobody looked: [`Day::NEVER`] if nobody looks.
fn seen(absence: &Absence, subject: &Subject<'_>, as_of: Day) -> (Option<Day>, Day) {
    let last = subject.last(absence.qualifying, as_of);
    let unseen_to = subject.unseen_to(absence.signals);
    if !absence.by_last_open || unseen_to != Day::NEVER {
        return (last, unseen_to);
    }
    match subject.last_open {
        // What was before it was overwritten.
        Some(day) if day > as_of => (last, Day::NEVER),
        day => (last.max(day), subject.unseen_to(Signals::LAST_OPEN)),
    }
}

/// The literal reading, save that silence is none where nobody looked, and where what was seen is no longer known.
fn literally_since(
    absence: &Absence,
    last: Option<Day>,
    (unseen_to, forgotten_to): (Day, Day),
    as_of: Day,
) -> (Reason, Day) {
    let (reason, until) = literally(absence, last, as_of);
    let covers = |day: Day| {
        let end = absence.window.map_or(Day::NEVER, |window| day.plus(window));
        (day != Day::ALWAYS && end > as_of).then_some(end)
    };
    if reason == Reason::Present {
        return (reason, until);
    }
    if let Some(clears) = covers(unseen_to) {
        return (Reason::NoTracking, clears);
    }
    match covers(forgotten_to) {
        Some(clears) => (Reason::CoverageGap, clears),
        None => (reason, until),
    }
}

fn literally(absence: &Absence, last: Option<Day>, as_of: Day) -> (Reason, Day) {
    match (last, absence.window) {
        (Some(_), None) => (Reason::Present, Day::NEVER),
        (Some(last), Some(window)) if last.plus(window) > as_of => {
            (Reason::Present, last.plus(window))
        }
        _ => (Reason::Absent, Day::NEVER),
    }
}

impl<'a> Question<'a> {
    fn new(
        absence: &'a Absence,
        subject: &'a Subject<'a>,
        as_of: Day,
        (last, unseen_to): (Option<Day>, Day),
    ) -> Self {
        let anchor = match absence.of {
            Of::Opens | Of::Clicks => subject.last_subscribed(as_of),
            Of::Purchases | Of::Others => subject.first_subscribed(as_of),
        };
        let holes = subject.holes(&absence.kinds, absence.from.as_deref());
        Self {
            absence,
            subject,
            as_of,
            start: last.map_or(anchor, |last| last.max(anchor)),
            from_event: last.is_some_and(|last| last >= anchor),
            reported: holes.is_some(),
            holes: holes.unwrap_or_default(),
            unseen_to,
            forgotten_to: subject.forgotten_to(&absence.kinds),
        }
    }

    /// Without a window: never. Asks for coverage, and of opens and clicks also that there was mail.
    fn ever(&self, last: Option<Day>) -> (Reason, Day) {
        if last.is_some() {
            return (Reason::Present, Day::NEVER);
        }
        let hint = self.hint(None);
        let hole = !self.reported || self.holes.iter().any(|hole| hole.from < self.as_of);
        let unseen = self.unseen_to != Day::ALWAYS;
        let reason = unseen
            .then_some(Reason::NoTracking)
            .or_else(|| self.mails_missing(self.as_of))
            .or_else(|| hole.then_some(Reason::CoverageGap))
            .or_else(|| self.proxy_before(self.as_of).map(|_| Reason::Unmeasurable));
        (reason.unwrap_or(Reason::AbsentSince(self.start)), hint)
    }

    fn within(&self, window: Window, last: Option<Day>) -> (Reason, Day) {
        if let Some(last) = last
            && last.plus(window) > self.as_of
        {
            return (Reason::Present, last.plus(window));
        }
        let earliest = self.start.plus(window);
        if self.as_of < earliest {
            return (Reason::TooNew, earliest);
        }
        let unseen = self.unseen_end(window, self.as_of);
        if !self.reported {
            let reason = unseen.map(|_| Reason::NoTracking);
            let reason = reason.or_else(|| self.mails_missing(self.as_of));
            let hint = self.next_mail(self.as_of);
            return (
                reason.unwrap_or(Reason::CoverageGap),
                hint.min(unseen.unwrap_or(Day::NEVER)),
            );
        }
        if let Some(since) = self.first_day(window, earliest) {
            return (Reason::AbsentSince(since), self.next_hole());
        }
        let reason = unseen
            .map(|_| Reason::NoTracking)
            .or_else(|| self.mails_missing(self.as_of))
            .or_else(|| {
                self.hole_end(window, self.as_of)
                    .map(|_| Reason::CoverageGap)
            })
            .unwrap_or(Reason::Unmeasurable);
        (reason, self.hint(Some(window)))
    }

    /// The first `t` on which every guard held.
    fn first_day(&self, window: Window, earliest: Day) -> Option<Day> {
        let mut t = earliest;
        // Each step jumps to the next day on which the failed guard may hold, so it ends.
        while t <= self.as_of {
            let later = self
                .hole_end(window, t)
                .or_else(|| self.unseen_end(window, t))
                .or_else(|| self.proxy_end(window, t))
                .or_else(|| self.mails_missing(t).map(|_| self.next_mail(t)));
            match later {
                None => return Some(t),
                Some(later) => t = later,
            }
        }
        None
    }

    /// If a hole covers `t`, the first day that its run of holes no longer covers.
    fn hole_end(&self, window: Window, t: Day) -> Option<Day> {
        let covering = self
            .holes
            .iter()
            .filter(|hole| hole.from <= t && hole.from < self.as_of)
            .map(|hole| {
                // A hole is a day before `as_of`.
                hole.to.min(self.as_of.previous()).plus(window)
            });
        covering.filter(|end| *end > t).max()
    }

    /// If the days that nobody looked at cover `t`, the first day that they no longer cover.
    fn unseen_end(&self, window: Window, t: Day) -> Option<Day> {
        let end = self.unseen_to.plus(window);
        (self.unseen_to != Day::ALWAYS && end > t).then_some(end)
    }

    /// Whether opens and clicks in a mail can be seen, and may be.
    fn measured(&self, mail: &Mail) -> bool {
        mail.tracked && mail.day > self.unseen_to
    }

    /// If an open by a privacy proxy covers `t`, the first day that it no longer covers.
    fn proxy_end(&self, window: Window, t: Day) -> Option<Day> {
        self.proxy_before(t)
            .map(|day| day.plus(window))
            .filter(|end| *end > t)
    }

    fn proxy_before(&self, t: Day) -> Option<Day> {
        (self.absence.of == Of::Opens).then(|| last_on_or_before(&self.subject.proxy_days, t))?
    }

    /// Why the mails before `t` are not enough to judge by.
    fn mails_missing(&self, t: Day) -> Option<Reason> {
        if !matches!(self.absence.of, Of::Opens | Of::Clicks) || self.absence.min_sends == 0 {
            return None;
        }
        let (mut tracked, mut any) = (0, false);
        for mail in &self.subject.mails {
            if self.ignored(mail, t) {
                any = true;
                tracked += u32::from(self.measured(mail));
                if tracked >= self.absence.min_sends {
                    return None;
                }
            }
        }
        Some(match (any, tracked) {
            (false, _) => Reason::NotMailed,
            (true, 0) => Reason::NotTracked,
            (true, _) => Reason::TooFewSends,
        })
    }

    /// Whether a mail was sent after the start and before `t`, and had not bounced by then.
    fn ignored(&self, mail: &Mail, t: Day) -> bool {
        let after_start = if self.from_event {
            mail.day > self.start
        } else {
            mail.day >= self.start
        };
        let known = mail.day > self.forgotten_to;
        known && after_start && mail.day < t && mail.bounced_on > t
    }

    /// The first day after `t` on which one more mail may count.
    fn next_mail(&self, t: Day) -> Day {
        let days = self
            .subject
            .mails
            .iter()
            .map(|mail| mail.day)
            .filter(|day| *day >= t);
        days.min().map_or(Day::NEVER, Day::next)
    }

    /// The first day after `as_of` from which a later day is a hole too.
    fn next_hole(&self) -> Day {
        let later = self.holes.iter().filter(|hole| hole.to >= self.as_of);
        later
            .map(|hole| hole.from.max(self.as_of).next())
            .min()
            .unwrap_or(Day::NEVER)
    }

    /// A day before which none of the guards changes its mind.
    fn hint(&self, window: Option<Window>) -> Day {
        let mail = self.next_mail(self.as_of);
        let Some(window) = window else {
            return mail.min(self.next_hole());
        };
        let ends = self
            .holes
            .iter()
            .map(|hole| hole.to.min(self.as_of.previous()).plus(window));
        let hole = ends
            .filter(|end| *end > self.as_of)
            .min()
            .unwrap_or(Day::NEVER);
        let proxy = self.proxy_end(window, self.as_of).unwrap_or(Day::NEVER);
        let unseen = self.unseen_end(window, self.as_of).unwrap_or(Day::NEVER);
        let guards = mail.min(self.next_hole()).min(hole).min(proxy);
        guards.min(unseen)
    }
}
