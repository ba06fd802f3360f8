//! The first event of a pattern in a contact's life.

use crate::rules::{set::RuleSet, syntax::Pattern};

use super::{
    calendar::Millis,
    facts::{Facts, Vocabulary},
    pattern::{Patterns, Texts},
};

/// A pattern made ready to be looked for.
#[derive(Debug)]
pub struct First(Patterns);

impl First {
    /// Makes a pattern ready. The rules say which kinds and link classes there are.
    pub fn new(pattern: &Pattern, rules: &RuleSet, vocabulary: &Vocabulary) -> Self {
        let mut patterns = Patterns::default();
        patterns.add(pattern, &Texts::new(rules, vocabulary));
        Self(patterns)
    }

    /// When the contact's first event of the pattern happened.
    pub fn of(&self, facts: &Facts) -> Option<Millis> {
        let mut events = facts.events.iter();
        let first = events.find(|fact| self.0.matching(fact, facts).next().is_some());
        first.map(|fact| fact.at)
    }
}
