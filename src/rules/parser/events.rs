//! Patterns, and the conditions that count, sum and date the events they mean.

use engaged_connectors::model::EventKind;

use super::{Failed, Parsed, Parser};
use crate::rules::{
    error::Code,
    lexer::TokenKind,
    names::{KEYWORDS, nearest},
    syntax::{Actor, Bound, Cmp, Condition, Filter, Pattern, Unit, Window},
};

/// The words that go on behind a pattern.
const AFTER_PATTERN: [&str; 10] = [
    "in", "on", "tagged", "of", "from", "over", "under", "where", "and", "or",
];

/// What is proposed where somebody forgot the window.
const USUAL: Window = Window {
    number: 30,
    unit: Unit::Day,
};

impl Parser<'_> {
    /// Whether a pattern begins here.
    pub(super) fn starts_pattern(&self) -> bool {
        matches!(self.word(), Some("machine" | "every")) || self.kind_here().is_some()
    }

    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        let actor = match self.word() {
            Some("machine") if self.kind_here().is_none() => Actor::Machines,
            Some("every") if self.kind_here().is_none() => Actor::Everyone,
            _ => Actor::People,
        };
        if actor != Actor::People {
            self.advance();
        }
        let Some((kind, words)) = self.kind_here() else {
            return Err(self.unknown_kind());
        };
        (0..words).for_each(|_| self.advance());
        let mut filters = Vec::new();
        while self.starts_filter() {
            filters.push(self.filter(&kind)?);
        }
        Ok(Pattern {
            actor,
            kind,
            filters,
        })
    }

    /// Notes that no kind of event begins here.
    fn unknown_kind(&mut self) -> Failed {
        let first = self.word().filter(|word| !KEYWORDS.contains(word));
        let Some(first) = first.map(str::to_owned) else {
            return self.unexpected("a kind of event", &["machine", "every"]);
        };
        let pair = self.word_after(1).map(|second| format!("{first} {second}"));
        let of_two = pair
            .as_deref()
            .and_then(|pair| nearest(pair, self.kinds.names()));
        let of_one = || nearest(&first, self.kinds.names().chain(["machine", "every"]));
        let begun = || {
            let rest = |name: &&str| {
                name.strip_prefix(&*first)
                    .is_some_and(|r| r.starts_with(' '))
            };
            self.kinds.names().find(rest)
        };
        let help = match of_two.or_else(of_one).or_else(begun) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare kinds of your own: [events] kinds = [\"{first}\"]"),
        };
        let span = match of_two {
            Some(_) => self.here().start..self.tokens[self.at + 1].span.end,
            None => self.here(),
        };
        let message = format!("unknown kind of event `{}`", self.typed(span.clone()));
        self.note(
            Code::UnknownWord,
            span,
            message,
            "expected a kind of event",
            Some(help),
        )
    }

    fn starts_filter(&self) -> bool {
        match self.word() {
            Some("in") => self.word_after(1) == Some("campaign"),
            Some("on" | "tagged" | "of" | "from" | "over" | "under" | "where") => true,
            _ => false,
        }
    }

    fn filter(&mut self, kind: &EventKind) -> Parsed<Filter> {
        let first = self.word().unwrap_or_default().to_owned();
        self.advance();
        match &*first {
            "in" => {
                self.advance();
                Ok(Filter::Campaign(
                    self.quoted("a campaign's name or id in quotes")?,
                ))
            }
            "on" => Ok(Filter::On(self.quoted("a page or link in quotes")?)),
            "tagged" => self.tagged(),
            "of" => Ok(Filter::Of(self.quoted("an item in quotes")?)),
            "from" => self.of_connection(),
            "over" => Ok(Filter::Over(self.decimal("an amount")?)),
            "under" => Ok(Filter::Under(self.decimal("an amount")?)),
            _ => {
                let name =
                    self.name(&format!("the name of a property of the {}", kind.as_str()))?;
                let test = self.test()?;
                Ok(Filter::Where { name, test })
            }
        }
    }

    fn tagged(&mut self) -> Parsed<Filter> {
        let span = self.here();
        let class = self.quoted("a class of links in quotes")?;
        let known = self.context.classes;
        let known = known.map(|names| names.iter().map(|name| &**name));
        self.check_name("class of links", span, &class, known);
        Ok(Filter::Tagged(class))
    }

    fn of_connection(&mut self) -> Parsed<Filter> {
        let span = self.here();
        let name = self.name("the name of a connection")?;
        let known = self.context.connections;
        let known = known.map(|names| names.iter().map(|name| &**name));
        self.check_name("connection", span, &name, known);
        Ok(Filter::From(name))
    }

    /// `no`, `any` and the counts.
    pub(super) fn count(&mut self) -> Parsed<Condition> {
        let any = self.is_word("any");
        let bound = self.bound()?;
        let number = match bound {
            Some(_) => self.whole_number("a number")?,
            None => 0,
        };
        let mut pattern = self.pattern()?;
        let window = self.window()?;
        let behind = self.at;
        while window.is_some() && self.starts_filter() {
            let filter = self.filter(&pattern.kind)?;
            pattern.filters.push(filter);
        }
        let late = self.since(behind);
        let condition = match bound {
            None => Condition::Absence {
                any,
                pattern,
                window,
            },
            Some(bound) => Condition::Count {
                bound,
                number,
                pattern,
                window,
            },
        };
        if self.at > behind {
            let help = Some(format!("write `{condition}`"));
            let label = "belongs before the span";
            self.note(
                Code::Unexpected,
                late,
                "filters come before the span",
                label,
                help,
            );
        }
        Ok(condition)
    }

    /// How a count begins; `None` is `no` or `any`.
    fn bound(&mut self) -> Parsed<Option<Bound>> {
        let first = self.word().unwrap_or_default().to_owned();
        self.advance();
        let second = self.word();
        let bound = match (&*first, second) {
            ("no" | "any", _) => return Ok(None),
            ("exactly", _) => return Ok(Some(Bound::Exactly)),
            ("at", Some("least")) => Bound::AtLeast,
            ("at", Some("most")) => Bound::AtMost,
            ("more", Some("than")) => Bound::MoreThan,
            ("fewer", Some("than")) => Bound::FewerThan,
            ("at", _) => return Err(self.unexpected("`least` or `most`", &["least", "most"])),
            _ => return Err(self.unexpected("`than`", &["than"])),
        };
        self.advance();
        Ok(Some(bound))
    }

    /// The window of a count, if one is given.
    fn window(&mut self) -> Parsed<Option<Window>> {
        if self.is_word("in") && self.word_after(1) == Some("list") {
            let span = self.here().start..self.tokens[self.at + 1].span.end;
            let help = Some("a list is a condition of its own: `and in list ...`".into());
            let label = "expected a span, such as `in 3 months`";
            return Err(self.note(Code::Unexpected, span, "unexpected `in list`", label, help));
        }
        if self.takes("in") {
            return self.span().map(Some);
        }
        if self.at_boundary() {
            return Ok(None);
        }
        let number = matches!(self.peek(), TokenKind::Number(_));
        let failed = self.unexpected("a filter, `in` and a span, `and` or `or`", &AFTER_PATTERN);
        if number {
            return Err(self.with_help(failed, || "a span begins with `in`: `in 3 months`".into()));
        }
        Err(failed)
    }

    /// `in` and the window that a measure cannot do without.
    fn needed_window(&mut self) -> Parsed<Window> {
        if self.takes("in") {
            return self.span();
        }
        let failed = self.unexpected("`in` and a span", &AFTER_PATTERN);
        Err(self.with_help(failed, || "say in which window: `in 1 year`".into()))
    }

    pub(super) fn total(&mut self) -> Parsed<Condition> {
        self.advance();
        let pattern = self.pattern()?;
        let window = self.needed_window()?;
        let cmp = self.cmp()?;
        let number = self.decimal("an amount")?;
        Ok(Condition::Total {
            pattern,
            window,
            cmp,
            number,
        })
    }

    pub(super) fn days_with(&mut self) -> Parsed<Condition> {
        self.advance();
        self.expect_word("with")?;
        let pattern = self.pattern()?;
        let window = self.needed_window()?;
        let cmp = self.cmp()?;
        let number = self.whole_number("a number of days")?;
        Ok(Condition::DaysWith {
            pattern,
            window,
            cmp,
            number,
        })
    }

    pub(super) fn time_since(&mut self) -> Parsed<Condition> {
        self.advance();
        self.expect_word("since")?;
        let pattern = self.pattern()?;
        let cmp = self.cmp()?;
        let window = self.span()?;
        Ok(Condition::TimeSince {
            pattern,
            cmp,
            window,
        })
    }

    /// Notes a pattern that stands where a condition must, and how to ask about it.
    pub(super) fn bare_pattern(&mut self) -> Failed {
        let first = self.at;
        let Ok(pattern) = self.pattern() else {
            return Failed;
        };
        let span = self.since(first);
        let window = match (self.word(), self.peek_after(1)) {
            (Some("in"), TokenKind::Number(_)) => {
                self.advance();
                let Ok(window) = self.span() else {
                    return Failed;
                };
                window
            }
            _ => USUAL,
        };
        let meant = match (self.peek(), self.peek_after(1)) {
            (TokenKind::Cmp(cmp), TokenKind::Number(number)) => {
                let bound = bound_of(*cmp);
                let number = number.parse().unwrap_or(1);
                Condition::Count {
                    bound,
                    number,
                    pattern,
                    window: Some(window),
                }
            }
            _ if self.at_boundary() => Condition::Absence {
                any: true,
                pattern,
                window: Some(window),
            },
            _ => return self.unexpected("a filter, `and`, `or` or the end", &AFTER_PATTERN),
        };
        let message = format!(
            "`{}` alone is an event, not a condition",
            self.typed(span.clone())
        );
        let label = "expected a question about it";
        let help = Some(format!("did you mean `{meant}`?"));
        self.note(Code::BarePattern, span, message, label, help)
    }

    /// A number and a unit.
    pub(super) fn span(&mut self) -> Parsed<Window> {
        let first = self.at;
        if !matches!(self.peek(), TokenKind::Number(_)) {
            let unit = self.word().and_then(unit_of);
            let failed = self.unexpected("a span, such as `3 months`", &[]);
            return Err(match unit {
                Some(unit) => self.with_help(failed, || format!("write `1 {unit}`")),
                None => failed,
            });
        }
        let number = self.whole_number("a whole number")?;
        let Some(unit) = self.word().and_then(unit_of) else {
            let units = [
                "days", "weeks", "months", "years", "day", "week", "month", "year",
            ];
            return Err(self.unexpected("`days`, `weeks`, `months` or `years`", &units));
        };
        self.advance();
        if number == 0 {
            let span = self.since(first);
            let label = "expected one day at least";
            let help = Some("without a span, all time counts".into());
            self.note(
                Code::ZeroSpan,
                span,
                "a span of zero holds nothing",
                label,
                help,
            );
        }
        Ok(Window { number, unit })
    }
}

/// The count that somebody meant who compared a pattern with a number.
fn bound_of(cmp: Cmp) -> Bound {
    match cmp {
        Cmp::Greater => Bound::MoreThan,
        Cmp::GreaterOrEqual => Bound::AtLeast,
        Cmp::Less => Bound::FewerThan,
        Cmp::LessOrEqual => Bound::AtMost,
        Cmp::Equal | Cmp::NotEqual => Bound::Exactly,
    }
}

fn unit_of(word: &str) -> Option<Unit> {
    match word {
        "day" | "days" => Some(Unit::Day),
        "week" | "weeks" => Some(Unit::Week),
        "month" | "months" => Some(Unit::Month),
        "year" | "years" => Some(Unit::Year),
        _ => None,
    }
}
