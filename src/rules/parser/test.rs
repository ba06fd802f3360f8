//! Tests of a text, and the values, names and numbers they are made of.

use super::{Failed, Parsed, Parser};
use crate::rules::{
    error::Code,
    lexer::TokenKind,
    names::meant,
    print::Quoted,
    syntax::{Cmp, Decimal, Ordered, Test, Value},
    text_test::regex,
};

/// The words that a test begins with.
const FIRST_WORDS: [&str; 7] = ["is", "in", "contains", "starts", "ends", "matches", "looks"];

/// The words that nobody means as a text: one was forgotten before them.
const JOINING: [&str; 5] = ["and", "or", "not", "in", "is"];

/// The words that may follow `is`.
const AFTER_IS: [&str; 7] = [
    "not",
    "in",
    "known",
    "unknown",
    "lowercase",
    "true",
    "false",
];

impl Parser<'_> {
    pub(super) fn test(&mut self) -> Parsed<Test> {
        let first = match self.peek() {
            TokenKind::Cmp(cmp) => return self.comparison(*cmp),
            TokenKind::Word(word) => word.clone(),
            _ => String::new(),
        };
        match &*first {
            "is" => {
                self.advance();
                self.after_is()
            }
            "in" => self.set(false),
            "contains" => {
                self.advance();
                Ok(Test::Contains(self.quoted("a text in quotes")?))
            }
            "starts" => {
                self.advance();
                self.expect_word("with")?;
                Ok(Test::StartsWith(self.quoted("a text in quotes")?))
            }
            "ends" => {
                self.advance();
                self.expect_word("with")?;
                Ok(Test::EndsWith(self.quoted("a text in quotes")?))
            }
            "matches" => {
                self.advance();
                self.regex()
            }
            "looks" => {
                self.advance();
                self.expect_word("fake")?;
                Ok(Test::LooksFake)
            }
            "not" => {
                let failed = self.unexpected("a test, such as `is 'NL'`", &[]);
                let help = || "`not` stands before the whole condition, or after `is`".into();
                Err(self.with_help(failed, help))
            }
            _ => Err(self.unexpected("a test, such as `is 'NL'`", &FIRST_WORDS)),
        }
    }

    fn comparison(&mut self, cmp: Cmp) -> Parsed<Test> {
        self.advance();
        if let TokenKind::Date(date) = *self.peek() {
            self.advance();
            return Ok(Test::Compare(cmp, Ordered::Date(date)));
        }
        if let TokenKind::Text(text) = self.peek() {
            let is = match cmp {
                Cmp::Equal => format!("write `is {}`", Quoted(text)),
                Cmp::NotEqual => format!("write `is not {}`", Quoted(text)),
                _ => "texts are not compared by size".into(),
            };
            let failed = self.unexpected("a number or a date", &[]);
            return Err(self.with_help(failed, || is));
        }
        let number = self.decimal("a number or a date")?;
        Ok(Test::Compare(cmp, Ordered::Number(number)))
    }

    fn after_is(&mut self) -> Parsed<Test> {
        let negated = self.takes("not");
        let test = match self.word() {
            Some("in") => return self.set(negated),
            Some("known") => Test::Known(!negated),
            Some("unknown") => Test::Known(negated),
            Some("lowercase") => Test::Lowercase { negated },
            _ => {
                let values = vec![self.value(&AFTER_IS)?];
                return Ok(Test::OneOf { negated, values });
            }
        };
        self.advance();
        Ok(test)
    }

    fn set(&mut self, negated: bool) -> Parsed<Test> {
        self.advance();
        let values = self.set_of(|parser| parser.value(&[]))?;
        Ok(Test::OneOf { negated, values })
    }

    /// A set in parentheses, at least one; a mistake in it spoils it to its closing parenthesis.
    pub(super) fn set_of<T>(&mut self, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        if *self.peek() != TokenKind::Open {
            let failed = self.unexpected("`(` and the values", &[]);
            return Err(self.with_help(failed, || "write `in ('A', 'B')`, or `is 'A'`".into()));
        }
        self.advance();
        let values = self.values_to_close(one);
        if values.is_err() {
            while !matches!(self.peek(), TokenKind::Close | TokenKind::End) {
                self.advance();
            }
            self.advance();
        }
        values
    }

    fn values_to_close<T>(&mut self, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut values = vec![one(self)?];
        while *self.peek() == TokenKind::Comma {
            self.advance();
            values.push(one(self)?);
        }
        if *self.peek() != TokenKind::Close {
            return Err(self.unexpected("`,` or `)`", &[]));
        }
        self.advance();
        Ok(values)
    }

    fn value(&mut self, besides: &[&str]) -> Parsed<Value> {
        let value = match self.peek() {
            TokenKind::Text(text) => Value::Text(text.clone()),
            TokenKind::Date(date) => Value::Date(*date),
            TokenKind::Number(_) => return Ok(Value::Number(self.decimal("a value")?)),
            TokenKind::Word(word) if word == "true" => Value::Truth(true),
            TokenKind::Word(word) if word == "false" => Value::Truth(false),
            _ => return Err(self.no_text("a value", besides)),
        };
        self.advance();
        Ok(value)
    }

    fn regex(&mut self) -> Parsed<Test> {
        let span = self.here();
        let pattern = self.quoted("a regular expression in quotes")?;
        if let Err(error) = regex(&pattern) {
            let reason = error.to_string();
            // The library draws a picture above its reason; we draw our own.
            let reason = reason.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ").to_owned();
            let message = "the regular expression cannot be compiled";
            self.note(Code::BadRegex, span, message, reason, None);
        }
        Ok(Test::Matches(pattern))
    }

    /// A text in quotes.
    pub(super) fn quoted(&mut self, expected: &str) -> Parsed<String> {
        if let TokenKind::Text(text) = self.peek() {
            let text = text.clone();
            self.advance();
            return Ok(text);
        }
        Err(self.no_text(expected, &[]))
    }

    /// Notes that a text was expected; a bare word probably lacks its quotes.
    fn no_text(&mut self, expected: &str, besides: &[&str]) -> Failed {
        let typed = self.typed(self.here());
        let bare = match self.peek() {
            TokenKind::Word(word) => !JOINING.contains(&&**word) && meant(word, besides).is_none(),
            TokenKind::Number(_) | TokenKind::Date(_) => true,
            _ => false,
        };
        if !bare {
            return self.unexpected(expected, besides);
        }
        let message = format!("`{typed}` has no quotes");
        let help = Some(format!("write {}", Quoted(typed)));
        let label = format!("expected {expected}");
        self.note(Code::Unexpected, self.here(), message, label, help)
    }

    /// A name, bare or in quotes, as typed.
    pub(super) fn name(&mut self, expected: &str) -> Parsed<String> {
        let name = match self.peek() {
            TokenKind::Word(_) => self.typed(self.here()).to_owned(),
            TokenKind::Text(text) => text.clone(),
            _ => return Err(self.unexpected(expected, &[])),
        };
        self.advance();
        Ok(name)
    }

    pub(super) fn cmp(&mut self) -> Parsed<Cmp> {
        let TokenKind::Cmp(cmp) = *self.peek() else {
            return Err(self.unexpected("a comparison, such as `>`", &[]));
        };
        self.advance();
        Ok(cmp)
    }

    pub(super) fn decimal(&mut self, expected: &str) -> Parsed<Decimal> {
        let TokenKind::Number(typed) = self.peek() else {
            return Err(self.unexpected(expected, &[]));
        };
        let Some(number) = Decimal::parse(typed) else {
            let message = format!("`{typed}` has too many digits");
            let label = "expected 15 digits at most";
            return Err(self.note(Code::BadNumber, self.here(), message, label, None));
        };
        self.advance();
        Ok(number)
    }

    /// A whole number that is not negative.
    pub(super) fn whole_number(&mut self, expected: &str) -> Parsed<u32> {
        let TokenKind::Number(typed) = self.peek() else {
            return Err(self.unexpected(expected, &[]));
        };
        let Ok(number) = typed.parse() else {
            let message = format!("`{typed}` cannot be counted");
            let label = format!("expected a whole number from 0 to {}", u32::MAX);
            return Err(self.note(Code::BadNumber, self.here(), message, label, None));
        };
        self.advance();
        Ok(number)
    }
}
