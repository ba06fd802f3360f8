//! A test of the language asked of one text: a field, an address, a property.
//!
//! Where the text comes from, and why an answer was unknown, is the caller's.

use std::cmp::Ordering;

use chrono::NaiveDate;
use regex::{Regex, RegexBuilder};

use super::{
    fake::{self, Written},
    glob::{fold, nfc},
    syntax::{Cmp, Decimal, Ordered, Test, Value},
    truth::Truth,
};

/// The most memory one compiled regular expression may take, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// A test, made ready: texts folded, the regular expression compiled.
#[derive(Clone, Debug)]
pub struct CompiledTest(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Compare(Cmp, Ordered),
    OneOf { negated: bool, values: Vec<Value> },
    Contains(String),
    StartsWith(String),
    EndsWith(String),
    Matches(Regex),
    Known(bool),
    Lowercase { negated: bool },
    LooksFake(Written),
}

impl CompiledTest {
    /// Makes a test of such a text ready. Fails only for a regular expression that the parser would have refused.
    pub fn new(test: &Test, written: Written) -> Result<Self, regex::Error> {
        Ok(Self(match test {
            Test::Compare(cmp, with) => Kind::Compare(*cmp, *with),
            Test::OneOf { negated, values } => Kind::OneOf {
                negated: *negated,
                values: values.iter().map(folded).collect(),
            },
            Test::Contains(part) => Kind::Contains(fold(part)),
            Test::StartsWith(part) => Kind::StartsWith(fold(part)),
            Test::EndsWith(part) => Kind::EndsWith(fold(part)),
            Test::Matches(pattern) => Kind::Matches(regex(pattern)?),
            Test::Known(known) => Kind::Known(*known),
            Test::Lowercase { negated } => Kind::Lowercase { negated: *negated },
            Test::LooksFake => Kind::LooksFake(written),
        }))
    }
}

fn folded(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(fold(text)),
        other => other.clone(),
    }
}

/// Compiles the regular expression of `matches`: case ignored, found anywhere, of limited size.
pub fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&nfc(pattern))
        .case_insensitive(true)
        .size_limit(REGEX_SIZE)
        .build()
}

/// Asks the test of a text; `None` is a missing one, and white space alone is as good as that.
///
/// Unknown for what is missing (save `is known` and `is unknown`, which always
/// have an answer), and for a number, a date or a truth asked of a text that is none.
pub fn holds(test: &CompiledTest, value: Option<&str>) -> Truth {
    let value = value.filter(|text| !text.trim().is_empty());
    if let Kind::Known(wanted) = test.0 {
        return Truth::from(value.is_some() == wanted);
    }
    let Some(text) = value else {
        return Truth::Unknown;
    };
    match &test.0 {
        Kind::Compare(cmp, with) => {
            order(text, *with).map_or(Truth::Unknown, |order| cmp.holds(order).into())
        }
        Kind::OneOf { negated, values } => {
            let text = Text::new(text);
            let answers = values.iter().map(|value| text.is(value));
            let any = answers.fold(Truth::False, Truth::or);
            if *negated { !any } else { any }
        }
        Kind::Contains(part) => fold(text).contains(part).into(),
        Kind::StartsWith(part) => fold(text).starts_with(part).into(),
        Kind::EndsWith(part) => fold(text).ends_with(part).into(),
        Kind::Matches(regex) => regex.is_match(&nfc(text)).into(),
        Kind::Known(_) => Truth::True,
        Kind::Lowercase { negated } => (fake::is_lowercase(text) != *negated).into(),
        Kind::LooksFake(written) => fake::fake_sign(*written, text).is_some().into(),
    }
}

/// A text about to be compared with several values.
struct Text<'a> {
    text: &'a str,
    folded: String,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            folded: fold(text),
        }
    }

    fn is(&self, value: &Value) -> Truth {
        let equal =
            |order: Option<Ordering>| order.map_or(Truth::Unknown, |order| order.is_eq().into());
        match value {
            Value::Text(text) => (self.folded == *text).into(),
            Value::Number(number) => equal(order(self.text, Ordered::Number(*number))),
            Value::Date(date) => equal(order(self.text, Ordered::Date(*date))),
            Value::Truth(wanted) => match self.folded.trim() {
                "true" => (*wanted).into(),
                "false" => (!*wanted).into(),
                _ => Truth::Unknown,
            },
        }
    }
}

/// How a text is ordered to a number or date; `None` if it is no such thing.
fn order(text: &str, with: Ordered) -> Option<Ordering> {
    let text = text.trim();
    match with {
        Ordered::Number(number) => Some(Decimal::parse(text)?.cmp(&number)),
        Ordered::Date(date) => Some(parse_date(text)?.cmp(&date)),
    }
}

/// Reads `YYYY-MM-DD`, with all its digits.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let fits = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    fits.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

#[cfg(test)]
mod tests {
    use super::{
        Truth::{False, True, Unknown},
        *,
    };
    use crate::rules::{names::Context, parser::parse_condition, syntax::Condition};

    fn ask(test: &str, value: &str) -> Truth {
        holds(&compile(test), Some(value))
    }

    fn compile(test: &str) -> CompiledTest {
        let condition = parse_condition(&format!("field x {test}"), &Context::default()).unwrap();
        let Condition::Field { test, .. } = condition else {
            panic!("not a field: {condition:?}");
        };
        CompiledTest::new(&test, Written::Text).unwrap()
    }

    #[test]
    fn what_is_missing_or_empty_is_unknown_but_for_the_question_whether_it_is_known() {
        for test in [
            "is 'NL'",
            "is not 'NL'",
            "in ('a')",
            "is not in ('a')",
            "contains 'a'",
            "> 3",
            "starts with ''",
            "ends with ''",
            "matches ''",
            "is lowercase",
            "is not lowercase",
            "looks fake",
            "is true",
        ] {
            assert_eq!(holds(&compile(test), None), Unknown, "{test}");
            assert_eq!(ask(test, " \t"), Unknown, "{test}");
        }
        assert_eq!(holds(&compile("is known"), None), False);
        assert_eq!(holds(&compile("is unknown"), None), True);
        assert_eq!(holds(&compile("is not known"), Some("")), True);
        assert_eq!(ask("is known", "x"), True);
        assert_eq!(ask("is unknown", "x"), False);
    }

    #[test]
    fn texts_compare_without_case_after_composition() {
        assert_eq!(ask("is 'nl'", "NL"), True);
        assert_eq!(ask("is not 'nl'", "NL"), False);
        assert_eq!(ask("is 'café'", "CAFE\u{301}"), True);
        assert_eq!(ask("in ('BE', 'NL')", "nl"), True);
        assert_eq!(ask("is not in ('BE', 'NL')", "de"), True);
        assert_eq!(ask("contains 'manager'", "Sales Manager EMEA"), True);
        assert_eq!(ask("starts with 'sales'", "Sales Manager"), True);
        assert_eq!(ask("ends with '.NL'", "a@example.nl"), True);
        assert_eq!(ask("ends with '.be'", "a@example.nl"), False);
        assert_eq!(ask("matches '^a+$'", "AAA"), True);
        assert_eq!(ask("matches 'b'", "abc"), True);
        assert_eq!(ask("matches '^é'", "E\u{301}lodie"), True);
        assert_eq!(ask("matches '^b'", "abc"), False);
    }

    #[test]
    fn numbers_are_equal_as_numbers_and_unknown_on_other_text() {
        assert_eq!(ask("is 1", "1.0"), True);
        assert_eq!(ask("is '1'", "1.0"), False);
        assert_eq!(ask("> -2.5", "-2"), True);
        assert_eq!(ask("<= 10", "9"), True);
        assert_eq!(ask("!= 10", "10.00"), False);
        for test in ["> 3", "is 3", "is not 3", "= 3", "!= 3", "> 2026-01-01"] {
            assert_eq!(ask(test, "many"), Unknown, "{test}");
        }
        assert_eq!(
            ask("in ('many', 3)", "many"),
            True,
            "one sure answer is enough"
        );
        assert_eq!(ask("in ('few', 3)", "many"), Unknown);
    }

    #[test]
    fn dates_and_truths_are_told_apart_from_other_text() {
        assert_eq!(ask("< 2026-01-01", "2025-12-31"), True);
        assert_eq!(ask("is 2026-01-01", "2026-01-01"), True);
        assert_eq!(ask("< 2026-01-01", "31-12-2025"), Unknown);
        assert_eq!(ask("< 2026-01-01", "2025-1-1"), Unknown);
        assert_eq!(ask("is true", "TRUE"), True);
        assert_eq!(ask("is true", "false"), False);
        assert_eq!(ask("is not false", "true"), True);
        assert_eq!(ask("is not true", "yes"), Unknown);
    }

    #[test]
    fn case_and_fakes_are_judged() {
        assert_eq!(ask("is lowercase", "de vries"), True);
        assert_eq!(ask("is lowercase", "de Vries"), False);
        assert_eq!(ask("is not lowercase", "محمد"), True);
        assert_eq!(ask("looks fake", "azertyop"), True);
        assert_eq!(ask("looks fake", "Doherty"), False);
    }
}
