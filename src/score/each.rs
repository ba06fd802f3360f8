//! Each-event rules: every matching event earns the rule's points.
//!
//! The order is that of the contract: matching (done before), lifting, counting,
//! caps per period, expiry, decay, the rule's own cap.

use std::collections::{HashMap, HashSet};

use crate::rules::{
    set::{CountMode, Decay, Period, Rule},
    syntax::Window,
};

use super::{calendar::Day, facts::Fact, model::Model, pattern::PatternId, subject::Subject};

/// What one event earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Earned {
    /// The event's index in the facts.
    pub(crate) index: usize,
    /// Thousandths, on the date asked for.
    pub(crate) points: i64,
    /// Thousandths that a cap per period took away.
    pub(crate) capped: i64,
    /// The first day on which nothing is left, if there is one.
    pub(crate) ends_on: Option<Day>,
}

/// A rule's sum on a date.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// Thousandths, after the rule's cap.
    pub(crate) points: i64,
    /// Thousandths that the rule's cap took away.
    pub(crate) capped: i64,
    /// How many events a later one lifted.
    pub(crate) lifted: usize,
    /// The events that count, in time order.
    pub(crate) earned: Vec<Earned>,
    /// Nothing changes before this day.
    pub(crate) hint: Day,
}

/// Evaluates an each-event rule; with `detail` also which events earned what.
pub(crate) fn evaluate(
    model: &Model,
    subject: &Subject<'_>,
    rule: &Rule,
    (pattern, lifting): (PatternId, Option<PatternId>),
    as_of: Day,
    detail: bool,
) -> Sum {
    let mut sum = Sum {
        points: 0,
        capped: 0,
        lifted: 0,
        earned: Vec::new(),
        hint: Day::NEVER,
    };
    let (standing, lifted) = standing(subject, (pattern, lifting), as_of);
    sum.lifted = lifted;
    let mut counter = Counter::new(rule.count, model);
    let mut spent: HashMap<(usize, i64), i64> = HashMap::new();
    for index in standing {
        let (fact, day) = (subject.event(index), subject.days[index]);
        if !counter.counts(index, fact, day) {
            continue;
        }
        let times = if fact.kind == model.kinds.purchase {
            i64::from(fact.quantity)
        } else {
            1
        };
        let full = rule.points.saturating_mul(times);
        let kept = within_periods(&rule.at_most_per, &mut spent, day, full);
        let (points, next, ends_on) = on_date(rule, day, kept, as_of);
        sum.hint = sum.hint.min(next);
        sum.points = sum.points.saturating_add(points);
        if detail {
            sum.earned.push(Earned {
                index,
                points,
                capped: full - kept,
                ends_on,
            });
        }
    }
    if let Some(limit) = rule.at_most {
        let kept = sum.points.clamp(-limit.abs(), limit.abs());
        sum.capped = sum.points - kept;
        sum.points = kept;
    }
    sum
}

/// The events that no later one lifts, in the order in which they count, and how many were lifted.
fn standing(
    subject: &Subject<'_>,
    (pattern, lifting): (PatternId, Option<PatternId>),
    as_of: Day,
) -> (Vec<usize>, usize) {
    let mut standing: Vec<usize> = Vec::new();
    if !subject.has(pattern) {
        return (standing, 0);
    }
    let lifting = lifting.map(|lifting| subject.until(lifting, as_of).rev());
    let mut lifted = 0;
    for index in subject.until(pattern, as_of) {
        // The last lifting event is the one that may be later; no event lifts itself.
        let last = lifting
            .clone()
            .and_then(|mut lifting| lifting.find(|&each| each != index));
        if last.is_none_or(|last| subject.event(index).at > subject.event(last).at) {
            standing.push(index);
        } else {
            lifted += 1;
        }
    }
    // Our ids follow the order of arrival, which must not matter: of events at one
    // instant the smaller purchase comes first, and equal ones earn the same.
    let key = |&index: &usize| {
        let fact = subject.event(index);
        (fact.at, fact.connection, fact.quantity)
    };
    if !standing.is_sorted_by_key(key) {
        standing.sort_by_key(key);
    }
    (standing, lifted)
}

/// Takes points within what each period still allows, in absolute value.
fn within_periods(
    caps: &[(i64, Period)],
    spent: &mut HashMap<(usize, i64), i64>,
    day: Day,
    full: i64,
) -> i64 {
    if caps.is_empty() {
        return full;
    }
    let key = |(number, (_, period)): (usize, &(i64, Period))| (number, day.period(*period));
    let room = caps.iter().enumerate().map(|cap| {
        let used = spent.get(&key(cap)).copied().unwrap_or(0);
        (cap.1.0.abs() - used).max(0)
    });
    let kept = room.fold(full.abs(), i64::min);
    for cap in caps.iter().enumerate() {
        *spent.entry(key(cap)).or_insert(0) += kept;
    }
    kept * full.signum()
}

/// What is left of an event's points on a date, the next day on which that may
/// differ, and the day on which nothing is left.
fn on_date(rule: &Rule, day: Day, points: i64, as_of: Day) -> (i64, Day, Option<Day>) {
    let expires = rule.expires.map(|window| day.plus(window));
    if expires.is_some_and(|end| end <= as_of) {
        return (0, Day::NEVER, expires);
    }
    let (left, next, faded) = match rule.decay {
        None => (points, Day::NEVER, None),
        Some(Decay::Linear { share, period }) => linear(day, points, share, period, as_of),
        Some(Decay::HalfLife { days }) => {
            let left = half_life(day, points, days, as_of);
            (
                left,
                if left == 0 { Day::NEVER } else { as_of.next() },
                None,
            )
        }
    };
    let ends_on = match (expires, faded) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    (left, next.min(expires.unwrap_or(Day::NEVER)), ends_on)
}

/// Each whole period takes `share` thousandths of the event's points.
fn linear(
    day: Day,
    points: i64,
    share: i64,
    period: Window,
    as_of: Day,
) -> (i64, Day, Option<Day>) {
    if share <= 0 {
        return (points, Day::NEVER, None);
    }
    // After this many periods nothing is left.
    let last = u32::try_from((1000 + share - 1) / share).unwrap_or(u32::MAX);
    let gone_on = day.plus_times(period, last);
    let mut whole = 0;
    while whole < last && day.plus_times(period, whole + 1) <= as_of {
        whole += 1;
    }
    let left = (1000 - share.saturating_mul(i64::from(whole))).max(0);
    let next = if left == 0 {
        Day::NEVER
    } else {
        day.plus_times(period, whole + 1)
    };
    (
        round_away(i128::from(points) * i128::from(left), 1000),
        next,
        Some(gone_on),
    )
}

/// `points x 2^(-days / half)`, to the nearest thousandth, halves away from zero.
fn half_life(day: Day, points: i64, half: u32, as_of: Day) -> i64 {
    let age = f64::from(as_of.0 - day.0);
    let factor = (-age / f64::from(half)).exp2();
    #[expect(
        clippy::cast_precision_loss,
        reason = "points of one event stay far below 2^53 thousandths"
    )]
    let left = points as f64 * factor;
    #[expect(clippy::cast_possible_truncation, reason = "the factor is at most one")]
    let left = left.round() as i64;
    left
}

/// `number / divisor`, halves away from zero.
pub(crate) fn round_away(number: i128, divisor: i128) -> i64 {
    let half = divisor / 2;
    let rounded = if number < 0 {
        (number - half) / divisor
    } else {
        (number + half) / divisor
    };
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

/// Keys met before. Most contacts have few, and a few are found faster in a row.
#[derive(Default)]
struct Seen {
    few: Vec<(u64, u64)>,
    many: HashSet<(u64, u64)>,
}

impl Seen {
    const FEW: usize = 16;

    /// Whether the key is new.
    fn insert(&mut self, key: (u64, u64)) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(key);
        }
        if self.few.contains(&key) {
            return false;
        }
        self.few.push(key);
        if self.few.len() > Self::FEW {
            self.many.extend(self.few.drain(..));
        }
        true
    }
}

/// Keeps the earliest event of each key that a count mode tells apart.
struct Counter<'a> {
    mode: CountMode,
    model: &'a Model,
    seen: Seen,
    kept: u32,
}

impl<'a> Counter<'a> {
    fn new(mode: CountMode, model: &'a Model) -> Self {
        Self {
            mode,
            model,
            seen: Seen::default(),
            kept: 0,
        }
    }

    fn counts(&mut self, index: usize, fact: &Fact, day: Day) -> bool {
        // An event without a campaign is a message of its own: its index stands for it.
        let message = if fact.campaign.is_some() {
            u64::from(fact.connection.0) << 32 | u64::from(fact.campaign.0)
        } else {
            1 << 63 | index as u64
        };
        let counts = match self.mode {
            CountMode::Each => true,
            CountMode::Once => self.kept == 0,
            CountMode::First(most) => self.kept < most,
            CountMode::PerMessage => self.seen.insert((message, 0)),
            CountMode::PerLink => self.seen.insert((message, u64::from(fact.url.0))),
            CountMode::PerDay => {
                let page = if fact.kind == self.model.kinds.page_visit {
                    u64::from(self.model.page(fact.url))
                } else {
                    0
                };
                self.seen.insert((u64::from(day.0.cast_unsigned()), page))
            }
        };
        self.kept += u32::from(counts);
        counts
    }
}
