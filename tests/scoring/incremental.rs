//! Incremental, full and replayed results of the pure scorer, and the naive one's, over whole lives.
//!
//! A contact is evaluated only when something about it became known, when a date
//! has come on which something changes, or when the holes or the rules are others;
//! each run must find what a full evaluation and the oracle find, and each past
//! run must come out again from what was known then.

use std::collections::BTreeMap;

use engaged::{
    rescore::{mark, state},
    rules::set::RuleSet,
    score::{
        calendar::{Day, Zone},
        evaluate::{Evaluation, evaluate, evaluate_with_next},
        facts::{Coverage, Facts},
        model::Model,
    },
};
use engaged_connectors::model::Verdict;

use super::{
    compare::{REASONS, count_reasons, differs, engine, histories, only_seed},
    generate::{self, rules::edited},
    life::{Life, News, end_of, generate::life, ledger::Ledger, shrink},
    oracle::Oracle,
    random::Random,
    shop,
    tally::Tally,
};

/// How many lives share their rules: few, so that many rules are seen.
const PER_RULE_SET: u64 = 10;

/// Both rule sets of a life, compiled.
pub(super) type Models = [Model];

/// What is kept about a contact between runs.
struct Kept {
    facts: Facts,
    evaluation: Evaluation,
    next: Option<Day>,
    rules: usize,
}

/// What a run found, to be found again.
struct Recorded {
    run: usize,
    persons: Vec<usize>,
    evaluation: Evaluation,
}

/// Compiles a life's rules; slow, so once for many lives.
pub(super) fn models(rules: &[RuleSet]) -> Vec<Model> {
    let vocabulary = generate::vocabulary();
    rules
        .iter()
        .map(|rules| Model::new(rules, &vocabulary))
        .collect()
}

/// What is not the same, if anything.
pub(super) fn disagreement(
    life: &Life,
    models: &Models,
    seed: u64,
    tally: &mut Tally,
) -> Option<String> {
    let zone = models[0].zone();
    let ledger = Ledger::new(life, zone);
    let mut kept: BTreeMap<Vec<usize>, Kept> = BTreeMap::new();
    let mut recorded = Vec::new();
    let mut last_mark = String::new();
    for (index, run) in life.runs.iter().enumerate() {
        let day = Day(life.day(*run));
        let coverage = ledger.coverage(day.0, run.at);
        let this_mark = mark(&coverage);
        let contacts = ledger.contacts(run.at);
        kept.retain(|persons, _| contacts.contains(persons));
        for persons in contacts {
            let Some(facts) = ledger.facts(&persons, run.at, None) else {
                continue;
            };
            let model = &models[run.rules];
            let (evaluation, next) = evaluate_with_next(model, &facts, &coverage, day);
            tally.add("evaluations in full");
            if let Some(kept) = kept.get(&persons) {
                let waits =
                    kept.facts == facts && kept.rules == run.rules && this_mark == last_mark;
                let due = kept.next.is_some_and(|next| next <= day);
                let same = kept.evaluation == evaluation;
                count_wake(waits, due, same, tally);
                if waits && !due && !(same && kept.next == next) {
                    let (was, is) = (
                        state(model, &kept.evaluation, kept.next),
                        state(model, &evaluation, next),
                    );
                    return Some(format!(
                        "run {index} on {day} was left out, kept {was:?}\nbut is {is:?}\n{:?}\n{:?}",
                        kept.evaluation.scores, evaluation.scores
                    ));
                }
            }
            let oracle = Oracle::new(&life.rules[run.rules], &life.vocabulary, &facts, &coverage);
            if let Some(what) = differs(&oracle, &evaluation, day.0) {
                return Some(format!("run {index}: {what}"));
            }
            count_reasons(&engine(&evaluation), tally);
            for (note, number) in oracle.notes.borrow().iter() {
                tally.add_many(&format!("{note:?}"), usize::from(*number > 0));
            }
            recorded.push(Recorded {
                run: index,
                persons: persons.clone(),
                evaluation: evaluation.clone(),
            });
            let now = Kept {
                facts,
                evaluation,
                next,
                rules: run.rules,
            };
            kept.insert(persons, now);
        }
        last_mark = this_mark;
    }
    replay(life, models, &ledger, &recorded, seed, tally)
}

fn count_wake(waits: bool, due: bool, same: bool, tally: &mut Tally) {
    tally.add(match (waits, due, same) {
        (true, false, _) => "left out: nothing became known and no date has come",
        (true, true, false) => "a date has come, and something changed",
        (true, true, true) => "a date has come, and it was as before",
        (false, _, false) => "news, and something changed",
        (false, _, true) => "news, and nothing changed",
    });
}

/// What each run found comes out again from what was known then, whatever numbers events got.
fn replay(
    life: &Life,
    models: &Models,
    ledger: &Ledger<'_>,
    recorded: &[Recorded],
    seed: u64,
    tally: &mut Tally,
) -> Option<String> {
    let mut random = Random::new(seed);
    for Recorded {
        run: index,
        persons,
        evaluation,
    } in recorded
    {
        let run = life.runs[*index];
        let day = life.day(run);
        let mut known = run.at;
        if life.is_last_word(*index, ledger.zone()) {
            known = end_of(ledger.zone(), day);
            tally.add("replayed as of a day, known at its end");
        }
        let facts = ledger.facts(persons, known, Some(&mut random));
        let coverage: Coverage = ledger.coverage(day, known);
        let facts = facts.expect("known then, and still");
        let again = evaluate(&models[run.rules], &facts, &coverage, Day(day));
        if again != *evaluation {
            return Some(format!(
                "run {index} on {} gave {:?}\nand replayed {:?}",
                Day(day),
                evaluation.scores,
                again.scores
            ));
        }
        tally.add("replayed");
    }
    None
}

/// Counts what makes a life interesting.
fn count(life: &Life, zone: &Zone, tally: &mut Tally) {
    tally.add("lives");
    let mut last_rules = 0;
    for run in &life.runs {
        if run.rules != last_rules {
            tally.add("rules edited");
        }
        last_rules = run.rules;
    }
    let mut verdicts: BTreeMap<&str, Verdict> = BTreeMap::new();
    for (at, news) in &life.log {
        match news {
            News::Report { rows, .. } => {
                for row in rows {
                    let late = zone.day(*at).0 - zone.day(row.fact.at).0;
                    tally.add(match late {
                        ..0 => "a row known before its day",
                        0 => "a row on its day",
                        1..30 => "a late row",
                        _ => "a row months late",
                    });
                }
            }
            News::Verdict { id, verdict, .. } => {
                if verdicts
                    .insert(id, *verdict)
                    .is_some_and(|before| before != *verdict)
                {
                    tally.add("a verdict taken back");
                }
                tally.add("a verdict flipped");
            }
            News::Card(_) => tally.add("a card"),
            News::Adjust { .. } => tally.add("a correction"),
            News::Withdraw { .. } => tally.add("a correction withdrawn"),
            News::Cover { .. } => tally.add("a statement of coverage"),
            News::Hole { days, .. } if days.1 < zone.day(*at).0 => tally.add("a hole found later"),
            News::Hole { .. } => tally.add("a hole found on its day"),
            News::Heal { .. } => tally.add("a hole healed"),
            News::Merge { .. } => tally.add("two contacts became one"),
        }
    }
}

/// Lives under rule sets from `rules`; fails with the smallest that disagrees.
fn live(name: &str, number: u64, rules: impl Fn(&mut Random) -> RuleSet) -> Tally {
    let vocabulary = generate::vocabulary();
    let only = only_seed();
    let mut tally = Tally::default();
    for batch in 0..number.div_ceil(PER_RULE_SET) {
        if only.is_some_and(|only| only / PER_RULE_SET != batch) {
            continue;
        }
        let mut random = Random::new(batch);
        let first = rules(&mut random);
        let both = vec![edited(&mut random, &first), first]
            .into_iter()
            .rev()
            .collect::<Vec<_>>();
        let models = models(&both);
        for seed in batch * PER_RULE_SET..(batch + 1) * PER_RULE_SET {
            if only.is_some_and(|only| only != seed) {
                continue;
            }
            let life = life(
                &mut Random::new(!seed),
                &both,
                &vocabulary,
                models[0].zone(),
            );
            count(&life, models[0].zone(), &mut tally);
            if let Some(what) = disagreement(&life, &models, seed, &mut tally) {
                let fails = |life: &Life, models: &Models| {
                    disagreement(life, models, seed, &mut Tally::default())
                };
                let (life, what) = shrink::smallest(life, what, &fails);
                panic!("{name}, seed {seed}: {what}\n{}", life.describe());
            }
        }
    }
    tally
}

const LIFE: [&str; 20] = [
    "left out: nothing became known and no date has come",
    "a date has come, and something changed",
    "news, and something changed",
    "news, and nothing changed",
    "replayed",
    "replayed as of a day, known at its end",
    "rules edited",
    "a row known before its day",
    "a row on its day",
    "a late row",
    "a row months late",
    "a verdict flipped",
    "a verdict taken back",
    "a card",
    "a correction",
    "a correction withdrawn",
    "a hole found later",
    "a hole found on its day",
    "a hole healed",
    "two contacts became one",
];

#[test]
fn incremental_full_and_replayed_results_are_the_same_under_random_rules() {
    let number = histories(500);
    let tally = live("random rules", number, generate::rules::rule_set);
    println!("{tally}");
    let least = usize::try_from(number / 500)
        .expect("a small number")
        .max(1);
    tally.assert_at_least(least, &LIFE);
    tally.assert_at_least(least, &REASONS);
    tally.assert_at_least(
        least,
        &[
            "Absent",
            "Decayed",
            "Expired",
            "GroupLimit",
            "HoleUnderMeasure",
            "LaterEvent",
            "Lifted",
            "PenaltyFloor",
            "PeriodCap",
            "RangeLimit",
            "Repeat",
            "RuleCap",
            "StagePassedOver",
        ],
    );
}

#[test]
fn incremental_full_and_replayed_results_are_the_same_for_the_shoe_shop() {
    let number = histories(200);
    let tally = live("shoe shop", number, |random| {
        shop::rules(random.pick(&generate::rules::ZONES), true)
    });
    println!("{tally}");
    let least = usize::try_from(number / 500)
        .expect("a small number")
        .max(1);
    tally.assert_at_least(least, &LIFE);
    tally.assert_at_least(least, &REASONS);
}
