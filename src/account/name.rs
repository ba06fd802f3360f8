//! The name by which somebody logs in.

use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

/// Characters at most.
const LONGEST: usize = 64;

/// A login name, folded: names that differ in case alone are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

/// Why a text is no login name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameFault {
    /// Nothing was typed.
    #[error("type a name")]
    Empty,
    /// Too long.
    #[error("a name has at most 64 characters")]
    TooLong,
    /// White space, or characters that nobody sees.
    #[error("a name has no spaces and no invisible characters")]
    Invisible,
}

impl NameFault {
    /// The key under which pages translate it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Empty => "name-empty",
            Self::TooLong => "name-too-long",
            Self::Invisible => "name-invisible",
        }
    }
}

impl Name {
    /// Trims and folds what was typed.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameFault::Empty);
        }
        // What was typed may be of any length; folding makes no text shorter than a tenth of itself.
        if text.chars().nth(LONGEST * 10).is_some() {
            return Err(NameFault::TooLong);
        }
        let folded: String = text.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        if folded.chars().count() > LONGEST {
            return Err(NameFault::TooLong);
        }
        if folded.chars().any(invisible) {
            return Err(NameFault::Invisible);
        }
        Ok(Self(folded))
    }

    /// The folded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// White space, controls, and what only directs how other characters are shown.
pub(super) fn invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}'
                | '\u{e000}'..='\u{f8ff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_width_are_one() {
        let name = |text| Name::parse(text).unwrap();
        assert_eq!(name("Marit"), name(" mARIT "));
        assert_eq!(name("Ｍarit"), name("marit"));
        assert_eq!(name("Zoë@example.nl").as_str(), "zoë@example.nl");
    }

    #[test]
    fn a_name_has_one_to_sixty_four_characters_that_one_sees() {
        assert_eq!(Name::parse("  "), Err(NameFault::Empty));
        assert!(Name::parse(&"é".repeat(64)).is_ok());
        assert_eq!(Name::parse(&"é".repeat(65)), Err(NameFault::TooLong));
        assert_eq!(Name::parse(&"é".repeat(1_000_000)), Err(NameFault::TooLong));
        for odd in [
            "ma rit",
            "ma\nrit",
            "ma\u{200b}rit",
            "\u{202e}tiram",
            "a\0b",
            "\u{3164}",
            "a\u{1b}[2J",
        ] {
            assert_eq!(Name::parse(odd), Err(NameFault::Invisible), "{odd:?}");
        }
    }
}
