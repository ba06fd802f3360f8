//! The seam to the rule language: its errors get a place in the file.

use super::{
    found::Found,
    tree::{Node, Table},
};
use crate::rules::{
    set::RuleSet,
    syntax::{Actor, Condition, Pattern, RuleWhen},
};
use engaged_connectors::model::EventKind;

/// All names that rules may use.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub(super) kinds: Vec<String>,
    pub(super) scores: Vec<String>,
    pub(super) segments: Vec<String>,
    pub(super) links: Vec<String>,
    pub(super) connections: Vec<String>,
    pub(super) lists: Vec<String>,
}

pub(super) fn rule(node: &Node, _: &Vocabulary, _: &mut Found) -> Option<RuleWhen> {
    let text = node.text()?;
    Some(match EventKind::built_in(text.split(' ').next()?) {
        Some(kind) => RuleWhen::Each(Pattern {
            actor: Actor::People,
            kind,
            filters: vec![],
        }),
        None => RuleWhen::State(Condition::Otherwise),
    })
}

pub(super) fn condition(node: &Node, _: &Vocabulary, _: &mut Found) -> Option<Condition> {
    node.text()?;
    Some(Condition::Otherwise)
}

pub(super) fn reserved(_: &str, _: &[String]) -> Option<&'static str> {
    None
}
pub(super) fn sort(_: &Table, _: &mut RuleSet, _: &mut Found) {}
pub(super) fn lint(_: &Table, _: &RuleSet, _: &mut Found) {}
