//! Warnings about a set of rules that is correct and probably not what was meant.
//!
//! Everything here can be told from the rules alone; what the contacts do
//! (rules that never matched, for one) is not looked at.

mod bands;
mod links;
mod points;

use std::fmt;

use super::set::RuleSet;

/// One warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub place: Place,
    /// What is odd, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// A place in the configuration. Numbers count from zero, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A class of links.
    Class(String),
    /// A glob of a class of links.
    Glob {
        /// The class.
        class: String,
        /// Which of its globs.
        glob: usize,
    },
    /// A rule of a score.
    Rule {
        /// The score.
        score: String,
        /// Which of its rules.
        rule: usize,
    },
    /// A band of a score.
    Band {
        /// The score.
        score: String,
        /// Which of its bands.
        band: usize,
    },
    /// The bands of a score, all together.
    Bands(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => write!(f, "links.{class}"),
            Self::Glob { class, glob } => write!(f, "links.{class}[{glob}]"),
            Self::Rule { score, rule } => write!(f, "scores.{score}.rules[{rule}]"),
            Self::Band { score, band } => write!(f, "scores.{score}.bands[{band}]"),
            Self::Bands(score) => write!(f, "scores.{score}.bands"),
        }
    }
}

/// All warnings: those about links first, then score by score.
pub fn lint(rules: &RuleSet) -> Vec<Warning> {
    let mut warnings = links::lint(&rules.links);
    for score in &rules.scores {
        warnings.extend(points::lint(score));
        warnings.extend(bands::lint(score));
    }
    warnings
}

#[cfg(test)]
mod tests;
