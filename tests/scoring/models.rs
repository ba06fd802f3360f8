//! Scores by a model, on random conditions, weights and histories: the naive scorer knows none, so
//! they are compared with themselves, day by day and in another set of rules.

use engaged::{
    rules::{
        set::{Rule, RuleSet},
        syntax::{Condition, RuleWhen},
    },
    score::{
        beside::{Beside, On},
        calendar::Day,
        evaluate::{Evaluation, evaluate, evaluate_with_next},
        logistic::thousandths,
        model::Model,
    },
};

use super::{
    generate::{self, history, rules::rule_set},
    random::Random,
    tally::Tally,
};

/// Rule sets tried; compiling one is slow.
const SETS: u64 = 16;
/// Contacts of each.
const CONTACTS: u64 = 20;
/// Days that a contact is looked at.
const DAYS: i32 = 60;

/// The same set with every score by a model: its rules' conditions, weighed at random.
fn modelled(random: &mut Random, rules: &RuleSet) -> RuleSet {
    let mut set = rules.clone();
    for score in &mut set.scores {
        for rule in &mut score.rules {
            if let RuleWhen::Each(pattern) = &rule.when {
                rule.when = RuleWhen::State(Condition::Absence {
                    any: true,
                    pattern: pattern.clone(),
                    window: rule.expires,
                });
            }
            (rule.points, rule.group) = (0, None);
        }
        let everybody = Rule {
            when: RuleWhen::State(Condition::Otherwise),
            ..score.rules[0].clone()
        };
        score.rules.insert(0, everybody);
        score.groups.clear();
        (score.penalty_floor, score.range) = (None, None);
        let weights = score.rules.iter().map(|_| {
            let thousandths = i32::try_from(random.between(-3_000, 3_000)).unwrap_or(0);
            f64::from(thousandths) / 1000.0
        });
        score.model = Some(weights.collect());
    }
    set
}

/// What holds of every contact on every date.
fn check(model: &Model, evaluation: &Evaluation, tally: &mut Tally) {
    for (score, value) in model.rules().scores.iter().zip(&evaluation.scores) {
        let lines = value.rules.iter().map(|rule| rule.points);
        let corrections = value.corrections.iter().map(|each| each.points);
        let corrected: i64 = corrections.sum();
        assert_eq!(lines.sum::<i64>() + corrected, value.raw);
        let weights = score.model.iter().flatten();
        let held = weights.zip(&value.rules).filter(|(_, rule)| rule.holds);
        let log_odds = held.fold(0.0, |sum, (weight, _)| sum + weight);
        assert_eq!(thousandths(log_odds) + corrected, value.raw);
        assert!(value.rules[0].holds);
        for rule in &value.rules[1..] {
            assert!(rule.holds || rule.points == 0);
            if rule.doubt.is_some() {
                assert!(!rule.holds, "what is unknown counts as absent");
                tally.add("unknown");
            }
            if rule.points != 0 {
                tally.add("weighs");
            }
        }
    }
}

#[test]
fn a_score_by_a_model_changes_on_its_dates_and_its_lines_add_up() {
    let mut tally = Tally::default();
    for seed in 0..SETS {
        let mut random = Random::new(9_000 + seed);
        let plain = rule_set(&mut random);
        let set = modelled(&mut random, &plain);
        let vocabulary = generate::vocabulary();
        let model = Model::new(&set, &vocabulary);
        let mut silent = plain.clone();
        for rule in silent.scores.iter_mut().flat_map(|score| &mut score.rules) {
            // Nothing but the model tells it from one of the model's.
            (rule.points, rule.group) = (0, None);
        }
        let other = Model::new(&silent, &vocabulary);
        let forth = Beside::new(&silent, &set, &vocabulary, Vec::new());
        let back = Beside::new(&set, &silent, &vocabulary, Vec::new());
        for _ in 0..CONTACTS {
            let (facts, coverage, as_of) = history(&mut random, &set);
            let full = |day: i32| evaluate(&model, &facts, &coverage, Day(day));
            let (mut kept, mut next) =
                evaluate_with_next(&model, &facts, &coverage, Day(as_of - DAYS));
            for day in as_of - DAYS..=as_of {
                if next.is_some_and(|next| next <= Day(day)) {
                    let (then, later) = evaluate_with_next(&model, &facts, &coverage, Day(day));
                    assert_ne!(
                        then, kept,
                        "seed {seed}: {day} was said to change something"
                    );
                    tally.add("changes");
                    (kept, next) = (then, later);
                }
                let now = full(day);
                assert_eq!(now, kept, "seed {seed}, {day}");
                check(&model, &now, &mut tally);
            }
            let on = On {
                as_of: Day(as_of),
                coverage: &coverage,
            };
            let alone = evaluate(&other, &facts, &coverage, Day(as_of));
            for (both, now, draft) in [
                (forth.evaluate(&facts, on, on), &alone, &full(as_of)),
                (back.evaluate(&facts, on, on), &full(as_of), &alone),
            ] {
                assert_eq!((&both.now, &both.draft), (now, draft), "seed {seed}");
            }
        }
    }
    tally.assert_at_least(50, &["changes", "weighs", "unknown"]);
}
