//! A score by a model: its conditions as rules, and what each weighs.

use super::{MIN_SENDS, min_sends};
use crate::{
    config::{
        code,
        found::Found,
        language::{self, Vocabulary},
        shape::real,
        tree::{Entry, Node, Table},
    },
    diagnostic::Diagnostic,
    rules::{
        set::{CountMode, Rule},
        syntax::{Condition, RuleWhen},
    },
};

/// What means nothing beside a model.
const EXCLUDED: [&str; 5] = ["rules", "groups", "penalty_floor", "guards", "min_sends"];

/// The rules of a model and their weights, the intercept first; `None` if the file could not be read.
pub(super) fn rules(
    score: &Table,
    entry: &Entry,
    vocabulary: &Vocabulary,
    found: &mut Found,
) -> Option<(Vec<Rule>, Option<Vec<f64>>)> {
    for name in EXCLUDED {
        if let Some(other) = score.entry(name) {
            found.add(
                Diagnostic::error(
                    code::MISPLACED_OPTION,
                    format!("a score by a model has no '{name}'"),
                )
                .at(&other.place, "not beside 'model'")
                .help("take one of the two away"),
            );
        }
    }
    let model = entry.node.table()?;
    let mut rules = vec![Rule {
        text: "intercept".to_owned(),
        ..state(Condition::Otherwise)
    }];
    let mut weights = Vec::new();
    for table in model.items_of("inputs").iter().filter_map(Node::table) {
        let when = table
            .get("when")
            .and_then(|node| language::condition(node, vocabulary, found));
        let Some((when, weight)) = when.zip(table.get("coefficient").and_then(real)) else {
            continue;
        };
        rules.push(Rule {
            text: table.text("when").unwrap_or_default().to_owned(),
            guards: table.get("guards").and_then(Node::truth).unwrap_or(true),
            min_sends: min_sends(table.get("min_sends")).unwrap_or(MIN_SENDS),
            ..state(when)
        });
        weights.push(weight);
    }
    weights.insert(0, model.get("intercept").and_then(real)?);
    Some((rules, Some(weights)))
}

fn state(when: Condition) -> Rule {
    Rule {
        text: String::new(),
        when: RuleWhen::State(when),
        points: 0,
        count: CountMode::Each,
        at_most_per: Vec::new(),
        at_most: None,
        expires: None,
        decay: None,
        lifted_by: Vec::new(),
        group: None,
        guards: true,
        min_sends: MIN_SENDS,
    }
}
