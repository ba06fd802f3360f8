//! What can be wrong with a rule's text, and the codes it is known by.
//!
//! An error knows the text alone; the configuration adds file, line and column.

use std::{fmt, ops::Range};

/// One mistake in the text of a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The stable code.
    pub code: Code,
    /// The exact words that are wrong, in bytes of the rule's text; empty at
    /// the end of the text where something is missing.
    pub span: Range<usize>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What belongs under those words: what was expected there.
    pub label: String,
    /// The nearest word, or how to write it instead.
    pub help: Option<String>,
}

/// The codes of everything that can be wrong with rules: all of E02xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// E0201
    UnknownWord,
    /// E0202
    Unexpected,
    /// E0203
    ZeroSpan,
    /// E0204
    UnterminatedText,
    /// E0205
    BadNumber,
    /// E0206
    BadRegex,
    /// E0207
    BarePattern,
    /// E0208
    ReservedName,
    /// E0209
    UnknownName,
    /// E0210
    Circle,
    /// E0211
    TooDeep,
    /// E0212
    TooLong,
}

impl Code {
    /// Every code with the text it is shown by and what it stands for.
    pub const TABLE: [(Self, &'static str, &'static str); 12] = [
        (
            Self::UnknownWord,
            "E0201",
            "a word the language does not have",
        ),
        (
            Self::Unexpected,
            "E0202",
            "something in the wrong place, or missing",
        ),
        (Self::ZeroSpan, "E0203", "a span of zero"),
        (
            Self::UnterminatedText,
            "E0204",
            "a text without its closing quote",
        ),
        (
            Self::BadNumber,
            "E0205",
            "not a number or a date of the kind needed here",
        ),
        (
            Self::BadRegex,
            "E0206",
            "a regular expression that cannot be compiled",
        ),
        (Self::BarePattern, "E0207", "a bare pattern outside a score"),
        (
            Self::ReservedName,
            "E0208",
            "a score or segment named like a keyword or a kind",
        ),
        (Self::UnknownName, "E0209", "a name that refers to nothing"),
        (
            Self::Circle,
            "E0210",
            "scores or segments that read each other in a circle",
        ),
        (Self::TooDeep, "E0211", "parentheses nested too deeply"),
        (Self::TooLong, "E0212", "a text that is too long"),
    ];

    /// The code as it is shown: `E0201`.
    pub fn as_str(self) -> &'static str {
        Self::TABLE[self as usize].1
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_codes() {
        for (place, (code, text, _)) in Code::TABLE.into_iter().enumerate() {
            assert_eq!(code as usize, place);
            assert_eq!(text, format!("E02{:02}", place + 1));
        }
    }
}
