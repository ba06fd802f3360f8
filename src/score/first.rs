//! The first event of a pattern in a contact's life.

use crate::rules::{set::RuleSet, syntax::Pattern};

use super::{
    calendar::Millis,
    facts::{Facts, KindId, Vocabulary},
    pattern::{Patterns, Texts, kind_ids},
};

/// A pattern made ready to be looked for.
#[derive(Debug)]
pub struct First {
    patterns: Patterns,
    /// The kinds of its events.
    kinds: Vec<KindId>,
}

impl First {
    /// Makes a pattern ready. The rules say which kinds and link classes there are.
    pub fn new(pattern: &Pattern, rules: &RuleSet, vocabulary: &Vocabulary) -> Self {
        let mut patterns = Patterns::default();
        patterns.add(pattern, &Texts::new(rules, vocabulary));
        Self {
            patterns,
            kinds: kind_ids(&pattern.kind, vocabulary),
        }
    }

    /// Whether the first may be gone, because it was old.
    pub fn may_be_gone(&self, facts: &Facts) -> bool {
        let gone = facts.forgotten;
        gone.is_some_and(|gone| self.kinds.iter().any(|kind| gone.kinds.has(*kind)))
    }

    /// When the contact's first event of the pattern happened.
    pub fn of(&self, facts: &Facts) -> Option<Millis> {
        let mut events = facts.events.iter();
        let first = events.find(|fact| self.patterns.matching(fact, facts).next().is_some());
        first.map(|fact| fact.at)
    }
}
