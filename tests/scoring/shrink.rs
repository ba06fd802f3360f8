//! Makes a history that fails smaller while it still fails.

use engaged::{
    rules::{
        set::{CountMode, Rule},
        syntax::{Condition, RuleWhen},
    },
    score::model::Model,
};

use super::{case::Case, compare::disagreement, tally::Tally};

/// The smallest case found, and what the scorers say about it.
pub(super) fn smallest(mut case: Case, seed: u64) -> (Case, String) {
    let fails = |case: &Case| {
        let model = Model::new(&case.rules, &case.vocabulary);
        disagreement(case, &model, seed, &mut Tally::default())
    };
    let mut what = fails(&case).expect("a case that fails");
    loop {
        let smaller = candidates(&case)
            .into_iter()
            .find_map(|each| fails(&each).map(|what| (each, what)));
        match smaller {
            Some((each, now)) => (case, what) = (each, now),
            None => return (case, what),
        }
    }
}

/// The case with one thing less, or one thing simpler.
fn candidates(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut less = |change: &dyn Fn(&mut Case)| {
        let mut smaller = case.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    for index in 0..case.rules.stages.len() {
        less(&|case| drop(case.rules.stages.remove(index)));
    }
    let read = format!("{:?}", case.rules);
    for (index, segment) in case.rules.segments.iter().enumerate() {
        if !read.contains(&format!("Segment({:?})", segment.name)) {
            less(&|case| drop(case.rules.segments.remove(index)));
        }
    }
    for (index, score) in case.rules.scores.iter().enumerate() {
        if !read.contains(&format!("score: {:?}", score.name)) && case.rules.scores.len() > 1 {
            less(&|case| drop(case.rules.scores.remove(index)));
        }
        for rule in 0..score.rules.len() {
            less(&|case| drop(case.rules.scores[index].rules.remove(rule)));
        }
    }
    for index in 0..case.facts.events.len() {
        less(&|case| {
            case.facts.events.remove(index);
        });
    }
    for index in 0..case.coverage.holes.len() {
        less(&|case| drop(case.coverage.holes.remove(index)));
    }
    for index in 0..case.facts.subscriptions.len() {
        less(&|case| drop(case.facts.subscriptions.remove(index)));
    }
    for index in 0..case.facts.adjustments.len() {
        less(&|case| drop(case.facts.adjustments.remove(index)));
    }
    for index in 0..case.facts.fields.len() {
        less(&|case| drop(case.facts.fields.remove(index)));
    }
    simpler_rules(case, &mut all);
    all
}

fn simpler_rules(case: &Case, all: &mut Vec<Case>) {
    for (index, score) in case.rules.scores.iter().enumerate() {
        let mut plain = case.clone();
        plain.rules.scores[index].groups.clear();
        plain.rules.scores[index].penalty_floor = None;
        plain.rules.scores[index].range = None;
        for rule in &mut plain.rules.scores[index].rules {
            rule.group = None;
        }
        if plain.rules != case.rules {
            all.push(plain);
        }
        for number in 0..score.rules.len() {
            let mut change = |change: &dyn Fn(&mut Rule)| {
                let mut smaller = case.clone();
                change(&mut smaller.rules.scores[index].rules[number]);
                if smaller.rules != case.rules {
                    all.push(smaller);
                }
            };
            change(&|rule| rule.decay = None);
            change(&|rule| rule.expires = None);
            change(&|rule| rule.at_most = None);
            change(&|rule| rule.at_most_per.clear());
            change(&|rule| rule.lifted_by.clear());
            change(&|rule| rule.count = CountMode::Each);
            change(&|rule| {
                if let RuleWhen::State(Condition::And(parts) | Condition::Or(parts)) =
                    &mut rule.when
                {
                    rule.when = RuleWhen::State(parts.remove(0));
                }
            });
            change(&|rule| {
                if let RuleWhen::State(Condition::And(parts) | Condition::Or(parts)) =
                    &mut rule.when
                {
                    rule.when = RuleWhen::State(parts.remove(1));
                }
            });
        }
    }
}
