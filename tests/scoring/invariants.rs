//! Those of the contract's section 10 that are about scoring alone.

use chrono_tz::Tz;
use engaged::score::{
    Reason,
    calendar::Day,
    evaluate::{Evaluation, evaluate, evaluate_with_next},
    facts::{Coverage, Fact, Facts},
    model::Model,
};
use engaged_connectors::model::{EventKind, Verdict};

use super::{
    generate::{self, history, kind_id},
    oracle::dates,
    random::Random,
    shop,
    tally::Tally,
};

const ZONE: Tz = Tz::Europe__Amsterdam;

/// Histories for a rule set: facts, coverage and a date each.
pub(super) fn histories(
    number: u64,
    per_rule_set: u64,
    mut visit: impl FnMut(&mut Random, &Model, Facts, Coverage, i32),
) {
    let vocabulary = generate::vocabulary();
    for batch in 0..number / per_rule_set {
        // Every other rule set is the shop, with windows of months.
        let rules = if batch % 2 == 0 {
            shop::rules(ZONE, true)
        } else {
            generate::rules::rule_set(&mut Random::new(batch))
        };
        let model = Model::new(&rules, &vocabulary);
        for seed in 0..per_rule_set {
            let mut random = Random::new((batch << 32) + seed);
            let (facts, coverage, as_of) = history(&mut random, &rules);
            visit(&mut random, &model, facts, coverage, as_of);
        }
    }
}

/// Every absence in every rule, in order.
fn absences(evaluation: &Evaluation) -> Vec<Reason> {
    let rules = evaluation.scores.iter().flat_map(|score| &score.rules);
    let judgements = rules.flat_map(|rule| &rule.judgements);
    judgements.map(|judgement| judgement.reason).collect()
}

fn is_absent(reason: Reason) -> bool {
    matches!(reason, Reason::AbsentSince(_))
}

fn sort(events: &mut [Fact]) {
    events.sort_by_key(|event| (event.at, event.connection, event.id));
}

#[test]
fn the_order_in_which_facts_came_in_does_not_matter() {
    let mut tally = Tally::default();
    histories(1_000, 50, |random, model, facts, coverage, as_of| {
        let (mut other, mut holes) = (facts.clone(), coverage.clone());
        random.shuffle(&mut other.events);
        sort(&mut other.events);
        random.shuffle(&mut other.fields);
        random.shuffle(&mut other.subscriptions);
        random.shuffle(&mut other.connections);
        random.shuffle(&mut holes.holes);
        if other != facts {
            tally.add("another order");
        }
        let then = evaluate_with_next(model, &other, &holes, Day(as_of));
        let now = evaluate_with_next(model, &facts, &coverage, Day(as_of));
        assert_eq!(now, then, "{facts:?}");
    });
    tally.assert_at_least(500, &["another order"]);
}

#[test]
fn a_later_qualifying_event_never_makes_an_absence_start_sooner() {
    let mut tally = Tally::default();
    histories(3_000, 100, |random, model, facts, coverage, as_of| {
        let Some(last) = facts.events.last().copied() else {
            return;
        };
        let before = absences(&evaluate(model, &facts, &coverage, Day(as_of)));
        let kinds = [EventKind::Open, EventKind::Click, EventKind::Purchase];
        let mut later = facts.clone();
        later.events.push(Fact {
            id: 1_000,
            kind: kind_id(&random.pick(&kinds)),
            at: last.at + random.between(0, 90) * 86_400_000,
            verdict: Verdict::Human,
            ..last
        });
        sort(&mut later.events);
        let after = absences(&evaluate(model, &later, &coverage, Day(as_of)));
        for (before, after) in before.into_iter().zip(after) {
            if before != after {
                tally.add("another reason");
            }
            // A first purchase makes a customer, of whom absence may be said at all.
            if before == Reason::NeverCustomer || !is_absent(after) {
                continue;
            }
            assert!(is_absent(before), "{before:?} became {after:?}: {later:?}");
            assert!(before.since() <= after.since(), "{later:?}");
            if before != after {
                tally.add("absent since later");
            }
        }
    });
    tally.assert_at_least(100, &["another reason"]);
    tally.assert_at_least(5, &["absent since later"]);
}

#[test]
fn without_new_events_an_absence_comes_once_and_never_goes() {
    let mut tally = Tally::default();
    histories(400, 20, |_, model, facts, _, _| {
        let coverage = Coverage::default();
        let last = facts.events.iter().map(|event| event.at).max();
        let last = last.unwrap_or(facts.first_known_at);
        let first = dates::local(model.zone().tz(), last);
        let mut before: Option<Vec<Reason>> = None;
        for day in first..first + 200 {
            let now = absences(&evaluate(model, &facts, &coverage, Day(day)));
            for (before, now) in before.iter().flatten().zip(&now) {
                if is_absent(*before) {
                    assert_eq!(before, now, "on {}: {facts:?}", Day(day));
                } else if is_absent(*now) {
                    tally.add("became absent");
                }
            }
            before = Some(now);
        }
    });
    tally.assert_at_least(100, &["became absent"]);
}

#[test]
fn the_shown_lines_add_up_to_the_sum() {
    let mut tally = Tally::default();
    histories(2_000, 50, |_, model, facts, coverage, as_of| {
        let evaluation = evaluate(model, &facts, &coverage, Day(as_of));
        for score in &evaluation.scores {
            let rules: i64 = score.rules.iter().map(|rule| rule.points).sum();
            let corrections: i64 = score.corrections.iter().map(|line| line.points).sum();
            assert_eq!(rules + corrections, score.raw, "{facts:?}");
            if corrections != 0 {
                tally.add("a correction");
            }
        }
    });
    tally.assert_at_least(100, &["a correction"]);
}

/// With the shop, whose points neither expire nor fade. A rule that counts the
/// earliest of a message and lets it expire can rise: a machine's event gives
/// its place to a person's later one.
#[test]
fn a_scanner_never_raises_a_score_and_taking_the_mark_off_restores_it() {
    let positive = [
        EventKind::Open,
        EventKind::Click,
        EventKind::PageVisit,
        EventKind::Like,
        EventKind::Share,
        EventKind::Signup,
    ]
    .map(|kind| kind_id(&kind));
    let mut tally = Tally::default();
    let vocabulary = generate::vocabulary();
    for guards in [true, false] {
        let rules = shop::rules(ZONE, guards);
        let model = Model::new(&rules, &vocabulary);
        for seed in 0..2_000 {
            let mut random = Random::new(seed);
            let (mut facts, coverage, as_of) = history(&mut random, &rules);
            let before = evaluate_with_next(&model, &facts, &coverage, Day(as_of));
            let earning = |event: &&mut Fact| positive.contains(&event.kind);
            let mut events: Vec<&mut Fact> = facts.events.iter_mut().filter(earning).collect();
            if events.is_empty() {
                continue;
            }
            let index = random.index(events.len());
            let verdict = events[index].verdict;
            events[index].verdict = Verdict::Scanner;
            let id = events[index].id;
            let marked = evaluate(&model, &facts, &coverage, Day(as_of));
            assert!(marked.scores[0].raw <= before.0.scores[0].raw, "{facts:?}");
            if marked.scores[0].raw < before.0.scores[0].raw {
                tally.add("lower");
            }
            let event = facts.events.iter_mut().find(|event| event.id == id);
            event.expect("the same event").verdict = verdict;
            let after = evaluate_with_next(&model, &facts, &coverage, Day(as_of));
            assert_eq!(before, after);
        }
    }
    tally.assert_at_least(100, &["lower"]);
}
