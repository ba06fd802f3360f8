//! Conditions: how terms are joined, and those that are not about events.

use engaged_connectors::model::Status;

use super::{Failed, Parsed, Parser};
use crate::rules::{
    error::{Code, SyntaxError},
    glob::fold,
    lexer::TokenKind,
    names::KEYWORDS,
    parser::MAX_DEPTH,
    print::status_word,
    syntax::Condition,
};

/// The words that a condition can begin with, kinds and scores aside.
const FIRST_WORDS: [&str; 18] = [
    "not",
    "no",
    "any",
    "at",
    "exactly",
    "more",
    "fewer",
    "total",
    "days",
    "time",
    "field",
    "email",
    "segment",
    "in",
    "status",
    "otherwise",
    "machine",
    "every",
];

const STATUSES: [Status; 5] = [
    Status::Subscribed,
    Status::Unsubscribed,
    Status::Bounced,
    Status::Complained,
    Status::Suppressed,
];

impl Parser<'_> {
    /// A condition that is the whole text.
    pub(super) fn whole_condition(&mut self) -> Condition {
        let condition = self.condition();
        while *self.peek() == TokenKind::Close {
            let span = self.here();
            let message = "this `)` closes nothing";
            self.note(Code::Unexpected, span, message, "no `(` before it", None);
            self.advance();
            self.recover();
            if matches!(self.word(), Some("and" | "or")) {
                // Nothing of it is kept; it is read for its mistakes.
                self.advance();
                self.condition();
            }
        }
        condition
    }

    /// Terms joined by `or`. What could not be read has been noted and stands
    /// in the tree as anything.
    fn condition(&mut self) -> Condition {
        let mut terms = vec![self.and_term()];
        while self.takes("or") {
            terms.push(self.and_term());
        }
        single(terms, Condition::Or)
    }

    fn and_term(&mut self) -> Condition {
        let mut terms = vec![self.term()];
        while self.takes("and") {
            terms.push(self.term());
        }
        single(terms, Condition::And)
    }

    fn term(&mut self) -> Condition {
        let term = self.not_term();
        if let Ok(term) = term
            && self.boundary().is_ok()
        {
            return term;
        }
        self.recover();
        Condition::Otherwise
    }

    fn not_term(&mut self) -> Parsed<Condition> {
        if !self.takes("not") {
            return self.primary();
        }
        if self.is_word("not") {
            let failed = self.unexpected("a condition", &[]);
            return Err(self.with_help(failed, || "two `not` are none".into()));
        }
        Ok(Condition::Not(Box::new(self.primary()?)))
    }

    /// Says so if a term does not end here.
    fn boundary(&mut self) -> Parsed<()> {
        if self.at_boundary() {
            return Ok(());
        }
        let before = &self.tokens[self.at - 1];
        if let (TokenKind::Comma, TokenKind::Number(whole), TokenKind::Number(fraction)) =
            (self.peek(), &before.kind, self.peek_after(1))
        {
            let help = format!("write {whole}.{fraction}");
            let span = before.span.start..self.tokens[self.at + 1].span.end;
            let message = "a comma is no decimal point";
            return Err(self.note(
                Code::BadNumber,
                span,
                message,
                "expected one number",
                Some(help),
            ));
        }
        Err(self.unexpected("`and`, `or` or the end", &["and", "or"]))
    }

    fn primary(&mut self) -> Parsed<Condition> {
        if self.starts_pattern() {
            return Err(self.bare_pattern());
        }
        match self.peek() {
            TokenKind::Open => self.group(),
            TokenKind::Text(_) => self.score(),
            TokenKind::Word(word) => match &**word {
                "no" | "any" | "at" | "exactly" | "more" | "fewer" => self.count(),
                "total" => self.total(),
                "days" => self.days_with(),
                "time" => self.time_since(),
                "field" => self.field(),
                "email" => self.email(),
                "segment" => self.segment(),
                "in" => self.in_list(),
                "status" => self.status(),
                "otherwise" => {
                    self.advance();
                    Ok(Condition::Otherwise)
                }
                _ => self.score(),
            },
            _ => Err(self.no_condition()),
        }
    }

    fn no_condition(&mut self) -> Failed {
        let names = KindsAndScores::of(self);
        let candidates: Vec<&str> = names.iter().collect();
        self.unexpected("a condition", &candidates)
    }

    fn group(&mut self) -> Parsed<Condition> {
        let open = self.here();
        if self.depth == MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} parentheses inside each other");
            let help = Some("name parts of it as segments".into());
            return Err(self.note(Code::TooDeep, open, message, "one too many", help));
        }
        self.advance();
        self.depth += 1;
        let already = self.errors.len();
        let inner = self.condition();
        self.depth -= 1;
        if *self.peek() == TokenKind::Close {
            self.advance();
            return Ok(inner);
        }
        // Any mistake inside may have swallowed the closing one, a missing quote surely has.
        let swallowed = |error: &SyntaxError| error.code == Code::UnterminatedText;
        if self.errors.len() == already && !self.errors.iter().any(swallowed) {
            let message = "this `(` is never closed";
            self.note(
                Code::Unexpected,
                open,
                message,
                "expected a `)` for it",
                None,
            );
        }
        Err(Failed)
    }

    fn field(&mut self) -> Parsed<Condition> {
        self.advance();
        let name = self.name("the name of a field")?;
        let test = self.test()?;
        Ok(Condition::Field { name, test })
    }

    fn email(&mut self) -> Parsed<Condition> {
        self.advance();
        if !self.takes("domain") {
            return Ok(Condition::Email(self.test()?));
        }
        let negated = self.word_after(1) == Some("not");
        let words = if negated { 3 } else { 2 };
        if self.is_word("is") && self.word_after(words - 1) == Some("free") {
            (0..words).for_each(|_| self.advance());
            return Ok(Condition::EmailDomainFree { negated });
        }
        Ok(Condition::EmailDomain(self.test()?))
    }

    fn segment(&mut self) -> Parsed<Condition> {
        self.advance();
        let span = self.here();
        let name = self.quoted("the name of a segment in quotes")?;
        let known = self.context.segments;
        self.check_name(
            "segment",
            span,
            &name,
            known.map(|names| names.iter().map(|n| &**n)),
        );
        Ok(Condition::Segment(name))
    }

    fn in_list(&mut self) -> Parsed<Condition> {
        self.advance();
        self.expect_word("list")?;
        let span = self.here();
        let name = self.quoted("the name of a list in quotes")?;
        let known = self.context.lists;
        self.check_name(
            "list",
            span,
            &name,
            known.map(|names| names.iter().map(|n| &**n)),
        );
        Ok(Condition::InList(name))
    }

    fn status(&mut self) -> Parsed<Condition> {
        self.advance();
        self.expect_word("is")?;
        let negated = self.takes("not");
        let status = STATUSES
            .into_iter()
            .find(|status| self.is_word(status_word(*status)));
        let Some(status) = status else {
            return Err(self.unexpected("a status", &STATUSES.map(status_word)));
        };
        self.advance();
        Ok(Condition::Status { negated, status })
    }

    /// A score's points or band, or a word that is nothing.
    fn score(&mut self) -> Parsed<Condition> {
        let span = self.here();
        let asks = match self.peek_after(1) {
            TokenKind::Cmp(_) => true,
            TokenKind::Word(word) if word == "is" => true,
            // `opne in 3 months` is an event, whatever it is called.
            TokenKind::Word(word) if word == "in" => {
                !matches!(self.peek_after(2), TokenKind::Number(_) | TokenKind::End)
            }
            _ => false,
        };
        let keyword = self.word().is_some_and(|word| KEYWORDS.contains(&word));
        let known = self.known_score();
        if keyword || !asks && known.is_none() {
            return Err(self.no_condition());
        }
        let score = self.name("the name of a score")?;
        if self.context.scores.is_some() && known.is_none() {
            let names = KindsAndScores::of(self);
            let only_scores: Vec<&str> = names.scores.iter().map(|name| &**name).collect();
            self.check_name("score", span, &score, Some(only_scores));
        }
        let bands = known.and_then(|place| Some(&*self.context.scores?.get(place)?.bands));
        self.asked_of(score, bands)
    }

    /// The place of the score that is next, if that much is known.
    fn known_score(&self) -> Option<usize> {
        let (TokenKind::Word(name) | TokenKind::Text(name)) = self.peek() else {
            return None;
        };
        let name = fold(name);
        self.context
            .scores?
            .iter()
            .position(|score| fold(&score.name) == name)
    }

    /// What stands behind the name of a score.
    fn asked_of(&mut self, score: String, bands: Option<&[String]>) -> Parsed<Condition> {
        if let TokenKind::Cmp(cmp) = *self.peek() {
            self.advance();
            if matches!(self.peek(), TokenKind::Text(_)) {
                let failed = self.unexpected("a number of points", &[]);
                let help = || format!("bands are asked for by `{score} is '...'`");
                return Err(self.with_help(failed, help));
            }
            let number = self.decimal("a number of points")?;
            return Ok(Condition::Points { score, cmp, number });
        }
        let is = self.takes("is");
        let negated = is && self.takes("not");
        let mut names = Vec::new();
        if self.takes("in") {
            names = self.set_of(|parser| parser.band(bands))?;
        } else if is {
            names.push(self.band(bands)?);
        } else {
            return Err(self.unexpected("a comparison, `is` or `in`", &["is", "in"]));
        }
        Ok(Condition::Band {
            score,
            negated,
            names,
        })
    }

    fn band(&mut self, bands: Option<&[String]>) -> Parsed<String> {
        let span = self.here();
        let name = self.quoted("the name of a band in quotes")?;
        self.check_name(
            "band",
            span,
            &name,
            bands.map(|names| names.iter().map(|n| &**n)),
        );
        Ok(name)
    }
}

/// The only term, or all of them joined.
fn single(mut terms: Vec<Condition>, join: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        Some(last) => {
            terms.push(last);
            join(terms)
        }
        None => join(terms),
    }
}

/// Copies of the names that a condition may begin with, to propose one of them.
struct KindsAndScores {
    kinds: Vec<String>,
    scores: Vec<String>,
}

impl KindsAndScores {
    fn of(parser: &Parser<'_>) -> Self {
        let scores = parser.context.scores.unwrap_or_default();
        Self {
            kinds: parser.kinds.names().map(str::to_owned).collect(),
            scores: scores.iter().map(|score| score.name.clone()).collect(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        let names = self.kinds.iter().chain(&self.scores).map(|name| &**name);
        FIRST_WORDS.into_iter().chain(names)
    }
}
