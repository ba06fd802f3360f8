//! Syntax trees to canonical text, by `Display`: what parses to an equal tree.
//!
//! Kinds are plural where a number stands before them, names are bare where
//! they can be, and parentheses stand only where the tree needs them. A text
//! with both kinds of quotes cannot be written; no parser makes one.

use std::fmt::{self, Display, Formatter, Write as _};

use engaged_connectors::model::Status;

use super::{
    names::{is_name, plural, reserved, spaced},
    syntax::{
        Actor, Bound, Cmp, Condition, Decimal, Filter, Ordered, Pattern, RuleWhen, Test, Unit,
        Value, Window,
    },
};

impl Display for RuleWhen {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each(pattern) => pattern.fmt(f),
            Self::State(condition) => condition.fmt(f),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(terms) => joined(f, terms, " or ", |term| matches!(term, Self::Or(_))),
            Self::And(terms) => joined(f, terms, " and ", |term| {
                matches!(term, Self::Or(_) | Self::And(_))
            }),
            Self::Not(inner) => {
                f.write_str("not ")?;
                let compound = matches!(**inner, Self::Or(_) | Self::And(_) | Self::Not(_));
                enclosed(f, inner, compound)
            }
            Self::Absence { .. }
            | Self::Count { .. }
            | Self::Total { .. }
            | Self::DaysWith { .. }
            | Self::TimeSince { .. } => events(self, f),
            Self::Field { name, test } => write!(f, "field {} {test}", Name(name)),
            Self::Email(test) => write!(f, "email {test}"),
            Self::EmailDomain(test) => write!(f, "email domain {test}"),
            Self::EmailDomainFree { negated } => write!(f, "email domain {} free", is(*negated)),
            Self::Points { score, cmp, number } => {
                write!(f, "{} {cmp} {number}", ScoreName(score))
            }
            Self::Band {
                score,
                negated,
                names,
            } => {
                write!(f, "{} ", ScoreName(score))?;
                one_of(f, *negated, names.iter().map(|name| Quoted(name)))
            }
            Self::Segment(name) => write!(f, "segment {}", Quoted(name)),
            Self::InList(name) => write!(f, "in list {}", Quoted(name)),
            Self::Status { negated, status } => {
                write!(f, "status {} {}", is(*negated), status_word(*status))
            }
            Self::Otherwise => f.write_str("otherwise"),
        }
    }
}

/// Conditions on events.
fn events(condition: &Condition, f: &mut Formatter<'_>) -> fmt::Result {
    match condition {
        Condition::Absence {
            any,
            pattern,
            window,
        } => {
            write!(f, "{} {pattern}", if *any { "any" } else { "no" })?;
            within(f, *window)
        }
        Condition::Count {
            bound,
            number,
            pattern,
            window,
        } => {
            write!(f, "{bound} {number} ")?;
            write_pattern(f, pattern, *number != 1)?;
            within(f, *window)
        }
        Condition::Total {
            pattern,
            window,
            cmp,
            number,
        } => {
            f.write_str("total ")?;
            write_pattern(f, pattern, true)?;
            write!(f, " in {window} {cmp} {number}")
        }
        Condition::DaysWith {
            pattern,
            window,
            cmp,
            number,
        } => {
            write!(f, "days with {pattern} in {window} {cmp} {number}")
        }
        Condition::TimeSince {
            pattern,
            cmp,
            window,
        } => {
            write!(f, "time since {pattern} {cmp} {window}")
        }
        _ => Ok(()),
    }
}

fn joined(
    f: &mut Formatter<'_>,
    terms: &[Condition],
    between: &str,
    compound: impl Fn(&Condition) -> bool,
) -> fmt::Result {
    for (place, term) in terms.iter().enumerate() {
        if place > 0 {
            f.write_str(between)?;
        }
        enclosed(f, term, compound(term))?;
    }
    Ok(())
}

fn enclosed(f: &mut Formatter<'_>, condition: &Condition, compound: bool) -> fmt::Result {
    if compound {
        write!(f, "({condition})")
    } else {
        condition.fmt(f)
    }
}

fn within(f: &mut Formatter<'_>, window: Option<Window>) -> fmt::Result {
    window.map_or(Ok(()), |window| write!(f, " in {window}"))
}

fn is(negated: bool) -> &'static str {
    if negated { "is not" } else { "is" }
}

/// `is 'a'`, `is not 'a'`, `in ('a', 'b')`, `is not in ('a', 'b')`.
fn one_of<T: Display>(
    f: &mut Formatter<'_>,
    negated: bool,
    values: impl ExactSizeIterator<Item = T>,
) -> fmt::Result {
    let single = values.len() == 1;
    match (single, negated) {
        (true, _) => write!(f, "{} ", is(negated))?,
        (false, true) => f.write_str("is not in (")?,
        (false, false) => f.write_str("in (")?,
    }
    for (place, value) in values.enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        write!(f, "{comma}{value}")?;
    }
    if single { Ok(()) } else { f.write_char(')') }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_pattern(f, self, false)
    }
}

fn write_pattern(f: &mut Formatter<'_>, pattern: &Pattern, many: bool) -> fmt::Result {
    match pattern.actor {
        Actor::People => {}
        Actor::Machines => f.write_str("machine ")?,
        Actor::Everyone => f.write_str("every ")?,
    }
    let kind = spaced(pattern.kind.as_str());
    f.write_str(&if many { plural(&kind) } else { kind })?;
    for filter in &pattern.filters {
        write!(f, " {filter}")?;
    }
    Ok(())
}

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(glob) => write!(f, "on {}", Quoted(glob)),
            Self::Campaign(glob) => write!(f, "in campaign {}", Quoted(glob)),
            Self::Tagged(class) => write!(f, "tagged {}", Quoted(class)),
            Self::Of(glob) => write!(f, "of {}", Quoted(glob)),
            Self::From(connection) => write!(f, "from {}", Name(connection)),
            Self::Over(number) => write!(f, "over {number}"),
            Self::Under(number) => write!(f, "under {number}"),
            Self::Where { name, test } => write!(f, "where {} {test}", Name(name)),
        }
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(cmp, with) => write!(f, "{cmp} {with}"),
            Self::OneOf { negated, values } => one_of(f, *negated, values.iter()),
            Self::Contains(text) => write!(f, "contains {}", Quoted(text)),
            Self::StartsWith(text) => write!(f, "starts with {}", Quoted(text)),
            Self::EndsWith(text) => write!(f, "ends with {}", Quoted(text)),
            Self::Matches(regex) => write!(f, "matches {}", Quoted(regex)),
            Self::Known(true) => f.write_str("is known"),
            Self::Known(false) => f.write_str("is unknown"),
            Self::Lowercase { negated } => write!(f, "{} lowercase", is(*negated)),
            Self::LooksFake => f.write_str("looks fake"),
        }
    }
}

impl Display for Ordered {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Date(date) => write!(f, "{}", date.format("%Y-%m-%d")),
        }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => Quoted(text).fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Date(date) => Ordered::Date(*date).fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}

impl Display for Cmp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::NotEqual => "!=",
        })
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::Exactly => "exactly",
            Self::MoreThan => "more than",
            Self::FewerThan => "fewer than",
        })
    }
}

impl Display for Window {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plural = if self.number == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.number, self.unit)
    }
}

impl Display for Unit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        })
    }
}

impl Display for Decimal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (mantissa, scale) = self.parts();
        let scale = usize::from(scale);
        let digits = format!("{:0>1$}", mantissa.unsigned_abs(), scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if mantissa < 0 { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

/// The word of a status in the language.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Subscribed => "subscribed",
        Status::Bounced => "bounced",
        Status::Unsubscribed => "unsubscribed",
        Status::Complained => "complained",
        Status::Suppressed => "suppressed",
    }
}

/// Text in quotes: in double ones only if it has a single one in it.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('\'') { '"' } else { '\'' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// A name where nothing but a name can stand.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_name(self.0) {
            f.write_str(self.0)
        } else {
            Quoted(self.0).fmt(f)
        }
    }
}

/// A name where keywords and kinds can stand too. Declared kinds are not known
/// here; a score that is named like one has been refused.
struct ScoreName<'a>(&'a str);

impl Display for ScoreName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if reserved(self.0, &[]).is_some() {
            Quoted(self.0).fmt(f)
        } else {
            Name(self.0).fmt(f)
        }
    }
}

#[cfg(test)]
mod tests;
