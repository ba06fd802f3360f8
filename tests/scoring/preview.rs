//! A preview of random drafts over random histories: counts add up, and say what evaluation says.

use engaged::{
    preview::{
        contact::ContactChange,
        pair::{Fate, Pairing, ScorePair},
        push::Pushes,
        tally::{Place, ScoreTally, Tally},
    },
    rules::set::RuleSet,
    score::{
        beside::{Beside, On},
        calendar::Day,
        evaluate::{Evaluation, evaluate},
        explain::Points,
        model::Model,
    },
    store::ContactId,
};

use super::{
    generate::{self, history, rules::rule_set},
    random::Random,
};

/// Drafts tried; compiling a rule set unrolls a time zone, which is slow.
const DRAFTS: u64 = 12;
/// Contacts of each.
const CONTACTS: u64 = 25;

/// An edit of a rule set as people make them, or another rule set altogether.
fn draft(random: &mut Random, now: &RuleSet) -> RuleSet {
    let mut draft = now.clone();
    match random.index(8) {
        0 => return draft,
        1 => {
            return RuleSet {
                zone: now.zone,
                ..rule_set(random)
            };
        }
        2 => draft.scores.reverse(),
        _ => {}
    }
    for score in &mut draft.scores {
        for rule in &mut score.rules {
            if random.percent(40) {
                rule.points += 2_500;
            }
        }
        if random.percent(40) {
            score.rules.remove(0);
        }
        if random.percent(30) {
            let copy = score.rules.first().cloned();
            score.rules.extend(copy);
        }
        if random.percent(30) {
            score.bands.truncate(1);
        }
        if random.percent(20) {
            score.range = Some((0, 5));
        }
        if random.percent(20) {
            score.name += " too";
        }
    }
    if random.percent(50) {
        draft.segments.truncate(1);
        draft.stages.reverse();
    }
    draft
}

#[test]
fn flows_add_up_and_both_columns_are_what_evaluation_gives() {
    let (mut changed, mut kept, mut unscored, mut overlaps) = (0, 0, 0, 0);
    for seed in 0..DRAFTS {
        let mut random = Random::new(seed);
        let now = rule_set(&mut random);
        let mut draft = draft(&mut random, &now);
        if draft
            .scores
            .iter()
            .zip(&now.scores)
            .any(|(a, b)| a.name != b.name)
        {
            // What no longer has its name is read by nobody.
            draft.segments.clear();
            draft.stages.clear();
        }
        let vocabulary = generate::vocabulary();
        let (pairing, pushes) = (Pairing::new(&now, &draft), Pushes::default());
        let beside = Beside::new(&now, &draft, &vocabulary, pairing.twins());
        let models = [&now, &draft].map(|rules| Model::new(rules, &vocabulary));
        let mut halves = [Tally::new(&pairing, &pushes), Tally::new(&pairing, &pushes)];
        let mut all = Vec::new();
        for number in 0..CONTACTS {
            let (facts, coverage, as_of) = history(&mut random, &now);
            let on = On {
                as_of: Day(as_of),
                coverage: &coverage,
            };
            let both = beside.evaluate(&facts, on, on);
            let alone = |model| evaluate(model, &facts, &coverage, Day(as_of));
            assert_eq!(both.now, alone(&models[0]), "seed {seed}");
            assert_eq!(both.draft, alone(&models[1]), "seed {seed}");
            overlaps += both.pairs.iter().filter(|overlap| **overlap).count();
            let half = &mut halves[usize::from(number % 2 == 0)];
            if half.take(&pairing, &both) {
                let contact = (ContactId(1), &facts);
                let change = ContactChange::new(&pairing, contact, &both.now, &both.draft);
                reasons_add_up(&change, (&pairing, &both.now, &both.draft));
                changed += 1;
            }
            all.push((both.now, both.draft));
        }
        let [mut tally, other] = halves;
        tally.add(&other);
        assert_eq!(tally.contacts, CONTACTS);
        for (pair, counted) in pairing.scores.iter().zip(&tally.scores) {
            columns_are_true(pair, counted, &all);
            kept += usize::from(pair.fate == Fate::Changed);
            unscored += usize::from(pair.score.now.is_none());
        }
    }
    assert!(
        changed > 20 && kept > 2 && unscored > 0 && overlaps > 0,
        "{changed} {kept} {unscored} {overlaps}"
    );
}

type Both = (Evaluation, Evaluation);

/// The flows are everybody's, and those of each band are whom evaluation puts there.
fn columns_are_true(pair: &ScorePair, counted: &ScoreTally, all: &[Both]) {
    let everybody = u64::try_from(all.len()).expect("few");
    assert_eq!(counted.flows.values().sum::<u64>(), everybody);
    for (number, band) in pair.bands.iter().enumerate() {
        let here = |side: fn(&(Place, Place)) -> Place| -> u64 {
            let cells = counted.flows.iter();
            let cells = cells.filter(|(flow, _)| side(flow) == Place::Band(number));
            cells.map(|(_, contacts)| contacts).sum()
        };
        let truly = |side: fn(&Both) -> &Evaluation, score: Option<usize>, band: Option<usize>| {
            let Some((score, band)) = score.zip(band) else {
                return 0;
            };
            let inside = all
                .iter()
                .filter(|each| side(each).scores[score].band == Some(band));
            u64::try_from(inside.count()).expect("few")
        };
        let (before, after) = (here(|flow| flow.0), here(|flow| flow.1));
        assert_eq!(before, truly(|each| &each.0, pair.score.now, band.now));
        assert_eq!(after, truly(|each| &each.1, pair.score.draft, band.draft));
    }
}

/// The parts of each difference are the difference of the raw sums, the largest first.
fn reasons_add_up(
    change: &ContactChange,
    (pairing, now, draft): (&Pairing, &Evaluation, &Evaluation),
) {
    for score in &change.scores {
        let pair = pairing
            .scores
            .iter()
            .find(|pair| pair.score.name == score.score)
            .expect("a pair");
        let raw = |evaluation: &Evaluation, number: Option<usize>| {
            number.map_or(0, |number| evaluation.scores[number].raw)
        };
        let by = raw(draft, pair.score.draft) - raw(now, pair.score.now);
        let parts: Vec<i64> = score.because.iter().map(|each| each.points.0).collect();
        assert_eq!(parts.iter().sum::<i64>(), by, "{score:?}");
        assert!(parts.is_sorted_by_key(|points| -points.abs()), "{parts:?}");
        assert!(!score.because.is_empty());
    }
}

#[test]
fn a_rule_stays_itself_when_its_points_or_its_typing_change() {
    let mut random = Random::new(7);
    let now = loop {
        let set = rule_set(&mut random);
        if set.scores[0].rules.len() >= 3 {
            break set;
        }
    };
    let mut draft = now.clone();
    let rules = &mut draft.scores[0].rules;
    rules[1].points += 1_000;
    rules[2].text = "typed otherwise".to_owned();
    let gone = rules.remove(0);
    let pairing = Pairing::new(&now, &draft);
    let pairs = &pairing.scores[0].rules;
    let twins = now.scores[0]
        .rules
        .iter()
        .filter(|rule| rule.when == gone.when)
        .count();
    if twins == 1 {
        assert_eq!((pairs[0].fate, pairs[1].fate), (Fate::Changed, Fate::Same));
        let last = pairs.last().expect("rules");
        assert_eq!(
            (last.fate, last.points_now),
            (Fate::Removed, Some(gone.points))
        );
        assert_eq!(
            Points(pairs[0].points_draft.expect("there")),
            Points(rules_points(&draft))
        );
    }
    assert_eq!(pairing.scores[0].fate, Fate::Changed);
    assert!(
        Pairing::new(&now, &now)
            .scores
            .iter()
            .all(|pair| pair.fate == Fate::Same)
    );
}

fn rules_points(set: &RuleSet) -> i64 {
    set.scores[0].rules[0].points
}
