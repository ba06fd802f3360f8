//! The filter language of Ghost's API, as far as its documentation goes: tests joined by `+` (and) and `,` (or), in parentheses.
//!
//! A filter does not know what it is asked about. The one who asks judges each test, and may leave some open: then the filter
//! tells whether the answer is certain all the same, which is what makes counting a long list cheap.

use super::answer::Refusal;
use crate::people::{Seconds, seconds};
use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Test(Test),
}

/// How a test compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Is,
    IsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
    Contains,
    StartsWith,
    EndsWith,
}

/// One test: any of the values will do, or with [`Op::IsNot`] none may. `null` is an absent value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) key: String,
    pub(super) op: Op,
    pub(super) values: Vec<Option<String>>,
}

impl Filter {
    /// The filter that everything passes.
    pub(super) const fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Reads a filter.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let mut parser = Parser { text, at: 0 };
        let filter = parser.any()?;
        if parser.at < text.len() {
            return Err(parser.unexpected("'EOF', 'AND', 'OR'"));
        }
        Ok(filter)
    }

    /// Judges the filter; none when the open tests could decide it.
    pub(super) fn judge(&self, ask: &mut impl FnMut(&Test) -> Option<bool>) -> Option<bool> {
        let (parts, decisive) = match self {
            Self::Test(test) => return ask(test),
            Self::All(parts) => (parts, false),
            Self::Any(parts) => (parts, true),
        };
        let mut verdict = Some(!decisive);
        for part in parts {
            match part.judge(ask) {
                Some(answer) if answer == decisive => return Some(decisive),
                Some(_) => {}
                None => verdict = None,
            }
        }
        verdict
    }

    /// Calls `visit` with every test.
    pub(super) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Test)) {
        match self {
            Self::Test(test) => visit(test),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.visit(visit)),
        }
    }
}

impl Test {
    /// The test on a text that may be absent.
    pub(super) fn on_text(&self, text: Option<&str>) -> bool {
        let any = |meets: &dyn Fn(&str, &str) -> bool| match text {
            Some(text) => self.values.iter().flatten().any(|value| meets(text, value)),
            None => false,
        };
        match self.op {
            Op::Is => self.holds(text),
            Op::IsNot => !self.holds(text),
            Op::Above => any(&|text, value| text > value),
            Op::AtLeast => any(&|text, value| text >= value),
            Op::Below => any(&|text, value| text < value),
            Op::AtMost => any(&|text, value| text <= value),
            Op::Contains => any(&|text, value| text.to_lowercase().contains(&value.to_lowercase())),
            Op::StartsWith => {
                any(&|text, value| text.to_lowercase().starts_with(&value.to_lowercase()))
            }
            Op::EndsWith => {
                any(&|text, value| text.to_lowercase().ends_with(&value.to_lowercase()))
            }
        }
    }

    fn holds(&self, text: Option<&str>) -> bool {
        self.values.iter().any(|value| value.as_deref() == text)
    }

    /// The test on a number that may be absent.
    pub(super) fn on_number(&self, number: Option<i64>) -> bool {
        let values = self
            .values
            .iter()
            .map(|value| value.as_deref().map(str::parse::<i64>));
        self.on_order(number, values.map(|value| value.map(Result::ok)))
    }

    /// The test on a time that may be absent.
    pub(super) fn on_time(&self, at: Option<Seconds>) -> bool {
        self.on_order(
            at,
            self.values.iter().map(|value| value.as_deref().map(moment)),
        )
    }

    /// A value that is present but unreadable equals nothing and is on no side of anything.
    fn on_order<T: Ord + Copy>(
        &self,
        own: Option<T>,
        values: impl Iterator<Item = Option<Option<T>>>,
    ) -> bool {
        let mut values = values.collect::<Vec<_>>().into_iter();
        let any = |mut values: std::vec::IntoIter<Option<Option<T>>>, meets: fn(&T, &T) -> bool| {
            own.is_some_and(|own| {
                values.any(|value| value.flatten().is_some_and(|value| meets(&own, &value)))
            })
        };
        let mut equal = || {
            values.any(|value| value.map_or(own.is_none(), |value| value.is_some() && value == own))
        };
        match self.op {
            Op::Is => equal(),
            Op::IsNot => !equal(),
            Op::Above => any(values, T::gt),
            Op::AtLeast => any(values, T::ge),
            Op::Below => any(values, T::lt),
            Op::AtMost => any(values, T::le),
            Op::Contains | Op::StartsWith | Op::EndsWith => false,
        }
    }

    /// The test on yes or no; numbers will do.
    pub(super) fn on_flag(&self, flag: bool) -> bool {
        let holds = self
            .values
            .iter()
            .flatten()
            .any(|value| matches!(value.as_str(), "true" | "1") == flag);
        if self.op == Op::IsNot { !holds } else { holds }
    }

    /// The test on a set of texts: one of them is meant.
    pub(super) fn on_set<'a>(&self, mut set: impl Iterator<Item = &'a str>) -> bool {
        if self.op == Op::IsNot {
            return !set.any(|one| self.holds(Some(one)));
        }
        set.any(|one| self.on_text(Some(one)))
    }
}

/// A time in one of the forms that the filter takes; fractions of a second are cut.
pub(super) fn moment(text: &str) -> Option<Seconds> {
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        return Some(seconds(exact.to_utc()));
    }
    let day = || {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .ok()
        .or_else(day)
        .map(|plain| seconds(plain.and_utc()))
}

const VALUE: &str = "'NOT', 'LBRACKET', 'NULL', 'TRUE', 'FALSE', 'NUMBER', 'NOW', 'LITERAL', 'STRING', 'CONTAINS', 'STARTSWITH', 'ENDSWITH', 'GT', 'LT', 'GTE', 'LTE'";

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn take(&mut self, sign: &str) -> bool {
        let there = self.rest().starts_with(sign);
        if there {
            self.at += sign.len();
        }
        there
    }

    /// The refusal in the words of the recording; `1` is its name for the end of the text.
    fn unexpected(&self, expected: &str) -> Refusal {
        let got = if self.rest().is_empty() {
            "1"
        } else {
            "LITERAL"
        };
        let (text, dashes) = (self.text, "-".repeat(self.at));
        Refusal::bad_request(format!(
            "Query Error: unexpected character in filter at char 1\n{text}\n{dashes}^\nExpecting {expected}, got '{got}'"
        ))
    }

    fn any(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.all()?];
        while self.take(",") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, Refusal> {
        let mut parts = vec![self.part()?];
        while self.take("+") {
            parts.push(self.part()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn part(&mut self) -> Result<Filter, Refusal> {
        if self.take("(") {
            let inner = self.any()?;
            if !self.take(")") {
                return Err(self.unexpected("'RPAREN', 'AND', 'OR'"));
            }
            return Ok(inner);
        }
        self.test().map(Filter::Test)
    }

    fn test(&mut self) -> Result<Test, Refusal> {
        let length = self
            .rest()
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(self.rest().len());
        let key = self.rest()[..length].to_owned();
        if key.is_empty() {
            return Err(self.unexpected("'LPAREN', 'PROP'"));
        }
        self.at += length;
        if !self.take(":") {
            return Err(self.unexpected("'PROP'"));
        }
        // The longer signs come first, since the shorter ones begin them.
        let signs = [
            (">=", Op::AtLeast),
            ("<=", Op::AtMost),
            (">", Op::Above),
            ("<", Op::Below),
            ("~^", Op::StartsWith),
            ("~$", Op::EndsWith),
            ("~", Op::Contains),
            ("-", Op::IsNot),
        ];
        let op = signs
            .into_iter()
            .find(|(sign, _)| self.take(sign))
            .map_or(Op::Is, |(_, op)| op);
        let values = if matches!(op, Op::Is | Op::IsNot) && self.take("[") {
            self.list()?
        } else {
            vec![self.value()?]
        };
        Ok(Test { key, op, values })
    }

    fn list(&mut self) -> Result<Vec<Option<String>>, Refusal> {
        let mut values = vec![self.value()?];
        while self.take(",") {
            values.push(self.value()?);
        }
        if !self.take("]") {
            return Err(self.unexpected("'OR', 'RBRACKET'"));
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<Option<String>, Refusal> {
        for quote in ["'", "\""] {
            if self.take(quote) {
                return self.quoted(quote).map(Some);
            }
        }
        let ends = |c: char| c.is_whitespace() || "'\"+,()[]<>=~".contains(c);
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        if length == 0 {
            return Err(self.unexpected(VALUE));
        }
        let word = self.rest()[..length].to_owned();
        self.at += length;
        Ok(if word == "null" { None } else { Some(word) })
    }

    fn quoted(&mut self, quote: &str) -> Result<String, Refusal> {
        let mut value = String::new();
        let mut escaped = false;
        let start = self.at;
        for (offset, c) in self.text[start..].char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                c if !escaped && quote.starts_with(c) => {
                    self.at = start + offset + c.len_utf8();
                    return Ok(value);
                }
                c => {
                    escaped = false;
                    value.push(c);
                }
            }
        }
        Err(self.unexpected(VALUE))
    }
}

fn one_or(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(filter: &str, key: &str, text: &str) -> bool {
        let filter = Filter::parse(filter).unwrap();
        filter
            .judge(&mut |test| Some(test.key == key && test.on_text(Some(text))))
            .unwrap()
    }

    #[test]
    fn and_binds_closer_than_or() {
        let filter = Filter::parse("a:1,b:2+c:3").unwrap();
        let Filter::Any(parts) = filter else {
            panic!("{filter:?}")
        };
        assert!(matches!(&parts[1], Filter::All(both) if both.len() == 2));
    }

    #[test]
    fn lists_negations_and_quotes_are_understood() {
        assert!(passes("id:['a','b']", "id", "b") && !passes("id:['a','b']", "id", "c"));
        assert!(passes("label:-vip", "label", "beta") && !passes("label:-vip", "label", "vip"));
        assert!(passes(r"name:'in \'t Veld'", "name", "in 't Veld"));
        assert!(passes(
            "email:'a+b,c@example.nl'",
            "email",
            "a+b,c@example.nl"
        ));
    }

    #[test]
    fn both_forms_of_a_time_mean_the_same() {
        assert_eq!(
            moment("2026-11-20 00:00:10"),
            moment("2026-11-20T00:00:10.000Z")
        );
        assert_eq!(moment("yesterday"), None);
    }

    #[test]
    fn an_open_test_leaves_the_verdict_open_only_where_it_could_decide() {
        let filter = Filter::parse("a:1,(b:2+c:3)").unwrap();
        let judge = |a, b| {
            filter.judge(&mut |test| match test.key.as_str() {
                "a" => a,
                "b" => b,
                _ => None,
            })
        };
        assert_eq!(judge(Some(true), None), Some(true));
        assert_eq!(judge(Some(false), Some(false)), Some(false));
        assert_eq!(judge(Some(false), Some(true)), None);
    }
}
