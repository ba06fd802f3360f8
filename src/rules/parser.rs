//! Recursive descent from text to syntax tree, by the grammar of the contract.
//!
//! A mistake spoils its own term only: the parser goes on behind the next
//! `and` or `or`, so that all terms of a text are checked at once.

mod condition;
mod events;
mod test;

use std::ops::Range;

use engaged_connectors::model::EventKind;

use super::{
    error::{Code, SyntaxError},
    lexer::{Token, TokenKind, tokens},
    names::{Context, KEYWORDS, KindNames, meant},
    syntax::{Condition, RuleWhen, Window},
};

/// The longest text of a rule, in bytes.
pub(super) const MAX_LENGTH: usize = 8192;

/// How deep parentheses may nest.
pub(super) const MAX_DEPTH: usize = 64;

/// Reads the `when` of a rule in a score: a bare pattern, or a condition.
///
/// All mistakes come at once, at least one if there is any, in the order of the text.
pub fn parse_rule(text: &str, context: &Context<'_>) -> Result<RuleWhen, Vec<SyntaxError>> {
    let mut parser = Parser::new(text, context)?;
    if parser.starts_pattern() {
        let already = parser.errors.len();
        if let Ok(pattern) = parser.pattern()
            && *parser.peek() == TokenKind::End
        {
            return parser.finish(RuleWhen::Each(pattern));
        }
        // Read it once more as the beginning of a condition, which says what is wrong.
        parser.at = 0;
        parser.errors.truncate(already);
    }
    let condition = parser.whole_condition();
    parser.finish(RuleWhen::State(condition))
}

/// Reads a condition: a segment, a stage, anything but a rule of a score.
///
/// All mistakes come at once, at least one if there is any, in the order of the text.
pub fn parse_condition(text: &str, context: &Context<'_>) -> Result<Condition, Vec<SyntaxError>> {
    let mut parser = Parser::new(text, context)?;
    let condition = parser.whole_condition();
    parser.finish(condition)
}

/// Reads a span that stands alone, as in `expires = "2 months"`.
pub fn parse_span(text: &str) -> Result<Window, Vec<SyntaxError>> {
    let context = Context::default();
    let mut parser = Parser::new(text, &context)?;
    let window = parser.span();
    if window.is_ok() && *parser.peek() != TokenKind::End {
        parser.unexpected("nothing after the span", &[]);
    }
    match window {
        Ok(window) => parser.finish(window),
        Err(Failed) => Err(parser.errors),
    }
}

/// Something could not be read, and why has been noted.
struct Failed;

type Parsed<T> = Result<T, Failed>;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    /// The token to be read next; never past the last, which is the end.
    at: usize,
    depth: usize,
    context: &'t Context<'t>,
    kinds: KindNames,
    errors: Vec<SyntaxError>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, context: &'t Context<'t>) -> Result<Self, Vec<SyntaxError>> {
        if text.len() > MAX_LENGTH {
            return Err(vec![SyntaxError {
                code: Code::TooLong,
                span: 0..text.len(),
                message: format!("the text is {} bytes long", text.len()),
                label: format!("at most {MAX_LENGTH} are read"),
                help: Some("divide it into segments, and name those".into()),
            }]);
        }
        let (tokens, errors) = tokens(text);
        Ok(Self {
            text,
            tokens,
            at: 0,
            depth: 0,
            context,
            kinds: KindNames::new(context.kinds),
            errors,
        })
    }

    fn finish<T>(mut self, tree: T) -> Result<T, Vec<SyntaxError>> {
        if self.errors.is_empty() {
            return Ok(tree);
        }
        self.errors.sort_by_key(|error| error.span.start);
        Err(self.errors)
    }

    fn peek(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    /// The token that many after the next; the end stays the end.
    fn peek_after(&self, more: usize) -> &TokenKind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + more).min(last)].kind
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    /// Where the next token stands.
    fn here(&self) -> Range<usize> {
        self.tokens[self.at].span.clone()
    }

    /// From the start of a token to the end of the last one read.
    fn since(&self, first: usize) -> Range<usize> {
        let last = self.at.saturating_sub(1).max(first);
        self.tokens[first].span.start..self.tokens[last].span.end
    }

    fn typed(&self, span: Range<usize>) -> &'t str {
        &self.text[span]
    }

    /// The next token, if it is a word: folded.
    fn word(&self) -> Option<&str> {
        word_of(self.peek())
    }

    /// The word that many after the next.
    fn word_after(&self, more: usize) -> Option<&str> {
        word_of(self.peek_after(more))
    }

    fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    /// Takes this word if it is next.
    fn takes(&mut self, word: &str) -> bool {
        let there = self.is_word(word);
        if there {
            self.advance();
        }
        there
    }

    /// Takes this word, or says that it was expected.
    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.takes(word) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{word}`"), &[word]))
    }

    /// The kind of event that begins here and how many tokens it takes.
    fn kind_here(&self) -> Option<(EventKind, usize)> {
        let words = self.tokens[self.at..].iter();
        self.kinds
            .longest(words.map_while(|token| word_of(&token.kind)))
    }

    /// Whether a term ends here.
    fn at_boundary(&self) -> bool {
        matches!(self.peek(), TokenKind::End | TokenKind::Close)
            || matches!(self.word(), Some("and" | "or"))
    }

    /// Goes on behind a mistake: to where the term ends, over whole parentheses.
    fn recover(&mut self) {
        let mut open = 0_usize;
        while *self.peek() != TokenKind::End && (open > 0 || !self.at_boundary()) {
            match self.peek() {
                TokenKind::Open => open += 1,
                TokenKind::Close => open = open.saturating_sub(1),
                _ => {}
            }
            self.advance();
        }
    }

    /// Notes a mistake.
    fn note(
        &mut self,
        code: Code,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) -> Failed {
        self.errors.push(SyntaxError {
            code,
            span,
            message: message.into(),
            label: label.into(),
            help,
        });
        Failed
    }

    /// Notes that the next token is not what was expected, proposing the
    /// candidate that was meant.
    fn unexpected(&mut self, expected: &str, candidates: &[&str]) -> Failed {
        let label = format!("expected {expected}");
        let span = self.here();
        let typed = self.typed(span.clone());
        match self.peek() {
            TokenKind::Bad => Failed,
            TokenKind::End if span.start == 0 => self.note(
                Code::Unexpected,
                span,
                "there is nothing to read",
                label,
                None,
            ),
            TokenKind::End => self.note(
                Code::Unexpected,
                span,
                "the text ends too early",
                label,
                None,
            ),
            TokenKind::Word(word) => {
                if KEYWORDS.contains(&&**word) || self.kind_here().is_some() {
                    let message = format!("unexpected `{typed}`");
                    return self.note(Code::Unexpected, span, message, label, None);
                }
                let meant = meant(word, candidates);
                let help = meant.map(|word| format!("did you mean `{word}`?"));
                let message = format!("unknown word `{typed}`");
                self.note(Code::UnknownWord, span, message, label, help)
            }
            _ => {
                let message = format!("unexpected `{typed}`");
                self.note(Code::Unexpected, span, message, label, None)
            }
        }
    }

    /// Adds to the last mistake how to write it, unless it says so already.
    fn with_help(&mut self, failed: Failed, help: impl FnOnce() -> String) -> Failed {
        if let Some(error) = self.errors.last_mut() {
            error.help.get_or_insert_with(help);
        }
        failed
    }

    /// Notes a name that refers to nothing, if the names are known; text goes on.
    fn check_name<'n>(
        &mut self,
        what: &str,
        span: Range<usize>,
        name: &str,
        known: Option<impl IntoIterator<Item = &'n str>>,
    ) {
        let Some(known) = known else { return };
        let known: Vec<&str> = known.into_iter().collect();
        let same = super::glob::fold(name);
        if known.iter().any(|known| super::glob::fold(known) == same) {
            return;
        }
        let help = match meant(&same, &known) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.is_empty() => Some(format!("no {what} is configured")),
            None if known.len() <= 8 => Some(format!("there are `{}`", known.join("`, `"))),
            None => None,
        };
        let message = format!("there is no {what} named `{name}`");
        let label = format!("expected the name of a {what}");
        self.note(Code::UnknownName, span, message, label, help);
    }
}

fn word_of(kind: &TokenKind) -> Option<&str> {
    match kind {
        TokenKind::Word(word) => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
