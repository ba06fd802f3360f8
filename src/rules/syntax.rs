//! The syntax tree of the rule language (grammar: the contract's section 2).
//!
//! A tree is what a user wrote, no more: names of scores, segments, lists and
//! link classes are still text, and nothing is compiled. Its `Display`
//! ([`super::print`]) gives the canonical text, which parses to an equal tree.

use std::cmp::Ordering;

use chrono::NaiveDate;
use engaged_connectors::model::{EventKind, Status};

/// The `when` of a rule in a score.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleWhen {
    /// A bare pattern: each matching event earns the points.
    Each(Pattern),
    /// Any other condition: the points are held while it is true.
    State(Condition),
}

/// A condition; it is true, false, or unknown for a reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Any of at least two.
    Or(Vec<Condition>),
    /// All of at least two.
    And(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// `no open in 3 months` (`any` is its negation, guards included).
    Absence {
        /// True for `any`, false for `no`.
        any: bool,
        /// What is missing.
        pattern: Pattern,
        /// `None` is all time.
        window: Option<Window>,
    },
    /// `at least 3 clicks in 30 days`.
    Count {
        /// How the number is compared.
        bound: Bound,
        /// The number.
        number: u32,
        /// What is counted.
        pattern: Pattern,
        /// `None` is all time.
        window: Option<Window>,
    },
    /// `total purchases in 1 year > 250`: the sum of the events' value.
    Total {
        /// Whose value is summed.
        pattern: Pattern,
        /// In which window.
        window: Window,
        /// The comparison.
        cmp: Cmp,
        /// In units of the currency.
        number: Decimal,
    },
    /// `days with open in 30 days >= 3`: distinct local dates.
    DaysWith {
        /// On which something happened.
        pattern: Pattern,
        /// In which window.
        window: Window,
        /// The comparison.
        cmp: Cmp,
        /// The number of days.
        number: u32,
    },
    /// `time since click > 3 months`.
    TimeSince {
        /// The last of which.
        pattern: Pattern,
        /// The comparison.
        cmp: Cmp,
        /// The span to compare with.
        window: Window,
    },
    /// `field country is 'NL'`.
    Field {
        /// The field's name.
        name: String,
        /// What is asked of it.
        test: Test,
    },
    /// `email ends with '.nl'`: the whole address.
    Email(Test),
    /// `email domain is 'example.nl'`: the part after the `@`.
    EmailDomain(Test),
    /// `email domain is free` (or `is not free`).
    EmailDomainFree {
        /// True for `is not free`.
        negated: bool,
    },
    /// `engagement > 75`: the shown points.
    Points {
        /// The score's name.
        score: String,
        /// The comparison.
        cmp: Cmp,
        /// The number.
        number: Decimal,
    },
    /// `engagement is 'ambassador'`, `fit in ('A', 'B')`: the band.
    Band {
        /// The score's name.
        score: String,
        /// True for `is not`.
        negated: bool,
        /// The names of bands, at least one.
        names: Vec<String>,
    },
    /// `segment 'vip'`.
    Segment(String),
    /// `in list 'Newsletter'`.
    InList(String),
    /// `status is subscribed`.
    Status {
        /// True for `is not`.
        negated: bool,
        /// The status.
        status: Status,
    },
    /// Always true: the last of a row of stages.
    Otherwise,
}

/// Which events.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Whose events count.
    pub actor: Actor,
    /// The kind; [`EventKind::Bounce`] means hard, soft and untyped ones.
    pub kind: EventKind,
    /// What else must hold, all of it.
    pub filters: Vec<Filter>,
}

/// Whose events a pattern means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Bare: verdicts human and unknown.
    People,
    /// `machine`: verdicts proxy and scanner.
    Machines,
    /// `every`: all verdicts.
    Everyone,
}

/// A narrowing of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `on '/demo*'`: the URL of a page visit or form, the link of a click.
    On(String),
    /// `in campaign 'Spring*'`: the campaign's id or name.
    Campaign(String),
    /// `tagged 'BOFU'`: the link's class.
    Tagged(String),
    /// `of 'shoes'`: the item.
    Of(String),
    /// `from shop`: the connection.
    From(String),
    /// `over 100`: the value is more.
    Over(Decimal),
    /// `under 100`: the value is less.
    Under(Decimal),
    /// `where colour is 'red'`: a property of the event.
    Where {
        /// The property's name.
        name: String,
        /// What is asked of it.
        test: Test,
    },
}

/// What is asked of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `> 3`, `<= 2026-01-01`.
    Compare(Cmp, Ordered),
    /// `is 'NL'`, `is not 3`, `in ('a', 'b')`, `is not in (...)`.
    OneOf {
        /// True with `not`.
        negated: bool,
        /// At least one.
        values: Vec<Value>,
    },
    /// `contains 'manager'`.
    Contains(String),
    /// `starts with 'a'`.
    StartsWith(String),
    /// `ends with 'z'`.
    EndsWith(String),
    /// `matches '^a+$'`: a regular expression, found anywhere unless anchored; case is ignored.
    Matches(String),
    /// `is known` (`is unknown` when false).
    Known(bool),
    /// `is lowercase`: letters with case, none of them upper; `negated` for `is not lowercase`.
    Lowercase {
        /// True with `not`.
        negated: bool,
    },
    /// `looks fake`.
    LooksFake,
}

/// What can be compared by size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ordered {
    /// A number.
    Number(Decimal),
    /// A date.
    Date(NaiveDate),
}

/// What can be equal to a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Quoted text.
    Text(String),
    /// A number: equal as numbers, so `1` is `1.0`.
    Number(Decimal),
    /// A date.
    Date(NaiveDate),
    /// `true` or `false`.
    Truth(bool),
}

/// A comparison sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cmp {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

impl Cmp {
    /// Whether `left cmp right` holds, given how left is ordered to right.
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
        }
    }
}

/// How a count is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `at least 3`
    AtLeast,
    /// `at most 3`
    AtMost,
    /// `exactly 3`
    Exactly,
    /// `more than 3`
    MoreThan,
    /// `fewer than 3`
    FewerThan,
}

/// A length of time on the calendar; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// How many.
    pub number: u32,
    /// Of what.
    pub unit: Unit,
}

/// A unit of calendar time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Days.
    Day,
    /// Seven days.
    Week,
    /// Calendar months, clamped to the month's last day.
    Month,
    /// Twelve months.
    Year,
}

/// An exact decimal number: `mantissa / 10^scale`, without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

impl Decimal {
    /// Reads `-12.50`. At most 15 digits in all; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits
            .split_once('.')
            .map_or((digits, None), |(w, f)| (w, Some(f)));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fraction_fits = fraction.is_none_or(plain);
        let fraction = fraction.unwrap_or("").trim_end_matches('0');
        if !plain(whole)
            || !fraction_fits
            || whole.trim_start_matches('0').len() + fraction.len() > 15
        {
            return None;
        }
        let mantissa: i64 = format!("{whole}{fraction}").parse().ok()?;
        let scale = u8::try_from(fraction.len()).ok()?;
        Some(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            scale,
        })
    }

    /// The number in units of `10^-places`, if it has no more places than that and fits.
    pub fn scaled(self, places: u8) -> Option<i64> {
        let more = places.checked_sub(self.scale)?;
        10_i64
            .checked_pow(u32::from(more))?
            .checked_mul(self.mantissa)
    }

    /// `mantissa` and `scale` of `mantissa / 10^scale`.
    pub fn parts(self) -> (i64, u8) {
        (self.mantissa, self.scale)
    }
}

impl From<i64> for Decimal {
    fn from(mantissa: i64) -> Self {
        Self { mantissa, scale: 0 }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        // At most 15 digits each, so both sides fit an i128 with room.
        let left = i128::from(self.mantissa) * 10_i128.pow(u32::from(other.scale));
        let right = i128::from(other.mantissa) * 10_i128.pow(u32::from(self.scale));
        left.cmp(&right)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
