//! One history, one rule set, one date.

use engaged::{
    rules::set::RuleSet,
    score::facts::{Coverage, Facts, Vocabulary},
};

/// What both scorers are given.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) rules: RuleSet,
    pub(super) vocabulary: Vocabulary,
    pub(super) facts: Facts,
    pub(super) coverage: Coverage,
    pub(super) as_of: i32,
}
