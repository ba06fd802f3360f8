//! One history, one rule set, one date.

use engaged::{
    rules::set::RuleSet,
    score::{
        facts::{Coverage, Facts, KindId, Vocabulary},
        tracking::Measured,
    },
};
use engaged_connectors::model::EventKind;

/// What both scorers are given.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) rules: RuleSet,
    pub(super) vocabulary: Vocabulary,
    pub(super) facts: Facts,
    pub(super) coverage: Coverage,
    pub(super) as_of: i32,
}

impl Case {
    /// What the engine is given: nothing that the contact has not agreed to.
    pub(super) fn seen(&self) -> Facts {
        let mut facts = self.facts.clone();
        facts.hide(&Measured::new(&self.rules.tracking, &self.vocabulary.kinds));
        facts
    }

    /// The name of a kind.
    pub(super) fn kind(&self, kind: KindId) -> &str {
        let number = usize::from(kind.0);
        match EventKind::BUILT_IN.get(number) {
            Some(kind) => kind.as_str(),
            None => &self.vocabulary.kinds[number - EventKind::BUILT_IN.len()],
        }
    }
}
