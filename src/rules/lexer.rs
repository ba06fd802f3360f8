//! Text to tokens. What cannot be read is reported once and passed on as
//! [`TokenKind::Bad`], so that the parser goes on without saying it again.

use std::{iter::Peekable, ops::Range, str::CharIndices};

use chrono::NaiveDate;

use super::{
    error::{Code, SyntaxError},
    glob::fold,
    names::{continues_name, starts_name},
    syntax::Cmp,
    text_test::parse_date,
};

/// One token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// In bytes of the text.
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A keyword, a kind or a bare name, folded; the span has it as typed.
    Word(String),
    /// Quoted text, without its quotes.
    Text(String),
    /// Digits, as typed.
    Number(String),
    Date(NaiveDate),
    Cmp(Cmp),
    Open,
    Close,
    Comma,
    /// Something that has been reported already.
    Bad,
    /// The end of the text; always the last token.
    End,
}

/// All tokens, the last of them [`TokenKind::End`], and what could not be read.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<SyntaxError>) {
    let mut lexer = Lexer {
        text,
        rest: text.char_indices().peekable(),
        errors: Vec::new(),
    };
    let mut tokens = Vec::new();
    while let Some((start, c)) = lexer.rest.next() {
        if c.is_whitespace() {
            continue;
        }
        let kind = lexer.token(start, c);
        let span = start..lexer.at();
        tokens.push(Token { kind, span });
    }
    let end = text.trim_end().len();
    tokens.push(Token {
        kind: TokenKind::End,
        span: end..end,
    });
    (tokens, lexer.errors)
}

struct Lexer<'t> {
    text: &'t str,
    rest: Peekable<CharIndices<'t>>,
    errors: Vec<SyntaxError>,
}

impl Lexer<'_> {
    /// Where the next character stands.
    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn skip_while(&mut self, fits: impl Fn(char) -> bool) {
        while self.rest.next_if(|(_, c)| fits(*c)).is_some() {}
    }

    /// Takes the next character if it is this one.
    fn takes(&mut self, wanted: char) -> bool {
        self.rest.next_if(|(_, c)| *c == wanted).is_some()
    }

    /// Takes a digit or more after `mark`, and the mark with them; else nothing.
    fn takes_digits_after(&mut self, mark: char) -> bool {
        let mut ahead = self.rest.clone();
        let there = ahead.next().is_some_and(|(_, c)| c == mark)
            && ahead.next().is_some_and(|(_, c)| c.is_ascii_digit());
        if there {
            self.rest.next();
            self.skip_while(|c| c.is_ascii_digit());
        }
        there
    }

    fn token(&mut self, start: usize, first: char) -> TokenKind {
        match first {
            '(' => TokenKind::Open,
            ')' => TokenKind::Close,
            ',' => TokenKind::Comma,
            '\'' | '"' => self.quoted(start, first),
            c if c.is_ascii_digit() => self.number_or_date(start),
            '-' if self.rest.peek().is_some_and(|(_, c)| c.is_ascii_digit()) => {
                self.number_or_date(start)
            }
            c if starts_name(c) => {
                self.skip_while(continues_name);
                let end = self.at();
                TokenKind::Word(fold(&self.text[start..end]))
            }
            '>' | '<' | '=' | '!' | '≥' | '≤' | '≠' => self.comparison(start, first),
            '‘' | '’' | '“' | '”' | '„' | '`' | '´' | '«' | '»' => self.bad(
                start,
                format!("`{first}` is not a quote of this language"),
                Some("use straight quotes: ' or \"".into()),
            ),
            '&' | '|' => {
                self.skip_while(|c| c == first);
                let word = if first == '&' { "and" } else { "or" };
                self.bad(
                    start,
                    format!("unexpected character `{first}`"),
                    Some(format!("write `{word}`")),
                );
                TokenKind::Word(word.into())
            }
            other => self.bad(start, format!("unexpected character `{other}`"), None),
        }
    }

    fn bad(&mut self, start: usize, message: String, help: Option<String>) -> TokenKind {
        let span = start..self.at();
        self.errors.push(SyntaxError {
            code: Code::Unexpected,
            span,
            message,
            label: "not part of the language".into(),
            help,
        });
        TokenKind::Bad
    }

    fn quoted(&mut self, start: usize, quote: char) -> TokenKind {
        self.skip_while(|c| c != quote);
        let end = self.at();
        if self.takes(quote) {
            return TokenKind::Text(self.text[start + 1..end].into());
        }
        self.errors.push(SyntaxError {
            code: Code::UnterminatedText,
            span: start..self.text.trim_end().len(),
            message: "the text has no closing quote".into(),
            label: "begins here".into(),
            help: Some(format!("close it with {quote}")),
        });
        // A text all the same, so that what stands before it is still checked.
        TokenKind::Text(self.text[start + 1..].into())
    }

    fn number_or_date(&mut self, start: usize) -> TokenKind {
        self.skip_while(|c| c.is_ascii_digit());
        let mut dashed = false;
        while self.takes_digits_after('-') {
            dashed = true;
        }
        if !dashed {
            self.takes_digits_after('.');
            let end = self.at();
            return TokenKind::Number(self.text[start..end].into());
        }
        let end = self.at();
        let typed = &self.text[start..end];
        if let Some(date) = parse_date(typed) {
            return TokenKind::Date(date);
        }
        let meant = NaiveDate::parse_from_str(typed, "%d-%m-%Y");
        self.errors.push(SyntaxError {
            code: Code::BadNumber,
            span: start..end,
            message: format!("`{typed}` is not a date"),
            label: "expected a day of the calendar, year first".into(),
            help: Some(meant.map_or_else(
                |_| "write dates as YYYY-MM-DD".into(),
                |date| format!("write {}", date.format("%Y-%m-%d")),
            )),
        });
        TokenKind::Bad
    }

    fn comparison(&mut self, start: usize, first: char) -> TokenKind {
        let equals = self.takes('=');
        let (cmp, fault) = match (first, equals) {
            ('>', true) => (Cmp::GreaterOrEqual, false),
            ('<', true) => (Cmp::LessOrEqual, false),
            ('!', true) => (Cmp::NotEqual, false),
            ('=', true) => (Cmp::Equal, true),
            ('=', false) if self.takes('>') => (Cmp::GreaterOrEqual, true),
            ('=', false) if self.takes('<') => (Cmp::LessOrEqual, true),
            ('<', false) if self.takes('>') => (Cmp::NotEqual, true),
            ('=', false) => (Cmp::Equal, false),
            ('>', false) => (Cmp::Greater, false),
            ('<', false) => (Cmp::Less, false),
            ('≥', _) => (Cmp::GreaterOrEqual, true),
            ('≤', _) => (Cmp::LessOrEqual, true),
            _ => (Cmp::NotEqual, true),
        };
        if fault {
            let end = self.at();
            let typed = &self.text[start..end];
            self.bad(
                start,
                format!("`{typed}` is not a comparison of this language"),
                Some(format!("write `{cmp}`")),
            );
        }
        TokenKind::Cmp(cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let (tokens, errors) = tokens(text);
        assert_eq!(errors, [], "{text}");
        tokens.into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn words_numbers_dates_and_texts_are_told_apart() {
        use TokenKind::{Close, Comma, Date, End, Number, Open, Text, Word};
        let word = |text: &str| Word(text.into());
        assert_eq!(
            kinds("Field job-title_2 >=-1.50 ('a \"b\"',\"it's\")2026-02-28 3months"),
            [
                word("field"),
                word("job-title_2"),
                TokenKind::Cmp(Cmp::GreaterOrEqual),
                Number("-1.50".into()),
                Open,
                Text("a \"b\"".into()),
                Comma,
                Text("it's".into()),
                Close,
                Date(NaiveDate::from_ymd_opt(2026, 2, 28).unwrap()),
                Number("3".into()),
                word("months"),
                End,
            ]
        );
        assert_eq!(kinds("E\u{301}quipe"), [word("équipe"), End]);
    }

    #[test]
    fn what_cannot_be_read_is_reported_with_the_way_to_write_it() {
        for (text, code, span, help) in [
            (
                "field x is 'NL ",
                Code::UnterminatedText,
                11..14,
                "close it with '",
            ),
            (
                "x is ‘NL",
                Code::Unexpected,
                5..8,
                "use straight quotes: ' or \"",
            ),
            ("x == 3", Code::Unexpected, 2..4, "write `=`"),
            ("x <> 3", Code::Unexpected, 2..4, "write `!=`"),
            ("x => 3", Code::Unexpected, 2..4, "write `>=`"),
            ("x ≥ 3", Code::Unexpected, 2..5, "write `>=`"),
            ("a && b", Code::Unexpected, 2..4, "write `and`"),
            (
                "2026-02-30",
                Code::BadNumber,
                0..10,
                "write dates as YYYY-MM-DD",
            ),
            ("1-2-2026", Code::BadNumber, 0..8, "write 2026-02-01"),
        ] {
            let (_, errors) = tokens(text);
            assert_eq!(errors.len(), 1, "{text}: {errors:?}");
            assert_eq!((errors[0].code, &errors[0].span), (code, &span), "{text}");
            assert_eq!(errors[0].help.as_deref(), Some(help), "{text}");
        }
    }
}
