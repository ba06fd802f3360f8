//! Both scorers on the same history: everything that a user sees must agree.

use std::env;

use engaged::{
    rules::{set::RuleSet, syntax::Window, truth::Truth},
    score::{
        Reason,
        calendar::Day,
        evaluate::{CorrectionKind, Evaluation, evaluate, evaluate_with_next},
        facts::Hole,
        model::Model,
    },
};
use engaged_connectors::model::Verdict;

use super::{
    case::Case,
    describe::describe,
    generate::{self, history, windows},
    oracle::{Kleene, Oracle, Outcome, ScoreLines, Why, dates},
    random::Random,
    shop, shrink,
    tally::Tally,
};

/// How many histories one rule set meets; compiling a rule set unrolls a time zone, which is slow.
pub(super) const PER_RULE_SET: u64 = 40;

/// Brute force looks at every day up to here; beyond, at samples and at the claimed day.
const EVERY_DAY: usize = 12;

/// Brute force over every day ends here: three years.
const HORIZON: usize = 1_100;

/// How many histories, from the environment.
pub(super) fn histories(default: u64) -> u64 {
    let asked = env::var("ENGAGED_HISTORIES").ok();
    asked.map_or(default, |number| {
        number.parse().expect("ENGAGED_HISTORIES is a number")
    })
}

/// The one seed to replay, if the environment names one.
pub(super) fn only_seed() -> Option<u64> {
    let asked = env::var("ENGAGED_SEED").ok()?;
    asked.parse().ok()
}

/// What the engine says, in the oracle's words.
pub(super) fn engine(evaluation: &Evaluation) -> Outcome {
    let scores = evaluation.scores.iter().map(|score| {
        let rules = score.rules.iter().map(|rule| {
            let absences = rule.judgements.iter().map(|each| why(each.reason));
            (rule.points, absences.collect())
        });
        let mut lines = ScoreLines {
            rules: rules.collect(),
            groups: Vec::new(),
            adjustments: Vec::new(),
            floor: 0,
            raw: score.raw,
            shown: score.shown,
            band: score.band,
        };
        for correction in score.corrections.iter().filter(|each| each.points != 0) {
            match correction.kind {
                CorrectionKind::Group(group) => lines.groups.push((group, correction.points)),
                CorrectionKind::Adjustment(id) => lines.adjustments.push((id, correction.points)),
                CorrectionKind::Floor => lines.floor += correction.points,
            }
        }
        lines
    });
    Outcome {
        scores: scores.collect(),
        segments: evaluation
            .segments
            .iter()
            .map(|each| kleene(*each))
            .collect(),
        stage: evaluation.stage,
    }
}

fn kleene(truth: Truth) -> Kleene {
    match truth {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}

fn why(reason: Reason) -> Why {
    match reason {
        Reason::NeverCustomer => Why::NeverCustomer,
        Reason::Present => Why::Present,
        Reason::NoTracking => Why::NoTracking,
        Reason::TooNew => Why::TooNew,
        Reason::NotTracked => Why::NotTracked,
        Reason::NotMailed => Why::NotMailed,
        Reason::TooFewSends => Why::TooFewSends,
        Reason::CoverageGap => Why::CoverageGap,
        Reason::Unmeasurable => Why::Unmeasurable,
        Reason::AbsentSince(day) => Why::AbsentSince(day.0),
        Reason::Absent => Why::Absent,
    }
}

/// What the two disagree about, if anything.
pub(super) fn disagreement(
    case: &Case,
    model: &Model,
    seed: u64,
    tally: &mut Tally,
) -> Option<String> {
    let oracle = Oracle::new(&case.rules, &case.vocabulary, &case.facts, &case.coverage);
    let seen = case.seen();
    let (evaluation, next) = evaluate_with_next(model, &seen, &case.coverage, Day(case.as_of));
    let found = differs(&oracle, &evaluation, case.as_of)
        .or_else(|| next_differs(&oracle, case, model, next.map(|day| day.0), seed, tally));
    for (note, number) in oracle.notes.borrow().iter() {
        tally.add_many(&format!("{note:?}"), usize::from(*number > 0));
    }
    found
}

/// What the oracle says otherwise on a day, if anything.
pub(super) fn differs(oracle: &Oracle<'_>, evaluation: &Evaluation, day: i32) -> Option<String> {
    let (ours, theirs) = (oracle.evaluate(day), engine(evaluation));
    (ours != theirs).then(|| {
        format!(
            "on {}:\noracle {ours:?}\nengine {theirs:?}\nwith {:?}",
            Day(day),
            evaluation.scores
        )
    })
}

/// `next_change_on` against brute force, and both scorers on some of the days that it looks at.
fn next_differs(
    oracle: &Oracle<'_>,
    case: &Case,
    model: &Model,
    next: Option<i32>,
    seed: u64,
    tally: &mut Tally,
) -> Option<String> {
    let mut random = Random::new(seed);
    let now = oracle.evaluate(case.as_of);
    let end = next.unwrap_or(case.as_of + 1_100);
    let every_day = if seed.is_multiple_of(300) {
        tally.add("every day for three years");
        HORIZON
    } else {
        random.weighted(&[(3, 0), (1, EVERY_DAY)])
    };
    let mut days: Vec<i32> = (case.as_of + 1..end).take(every_day).collect();
    if next.is_none() {
        days.extend([1, 2, 35, 100, 400, 1_100].map(|later| case.as_of + later));
    }
    if end > case.as_of + 1 {
        let middle = random.day(case.as_of + 1, end - 1);
        days.extend([middle, end - 1]);
    }
    for day in days {
        let then = oracle.evaluate(day);
        if then != now {
            let said = next.map(Day);
            let real = Day(day);
            return Some(format!(
                "next change: engine {said:?}, but {real} differs\nnow  {now:?}\nthen {then:?}"
            ));
        }
    }
    let Some(day) = next else {
        tally.add("no next change");
        return None;
    };
    tally.add("a next change");
    let then = oracle.evaluate(day);
    if then == now {
        let said = Day(day);
        return Some(format!(
            "next change: engine {said}, but nothing differs then: {now:?}"
        ));
    }
    let evaluation = evaluate(model, &case.seen(), &case.coverage, Day(day));
    differs(oracle, &evaluation, day)
}

/// Compares many histories with rule sets from `rules`; fails with the smallest that disagrees.
fn compare(name: &str, number: u64, rules: impl Fn(&mut Random) -> RuleSet) -> Tally {
    let vocabulary = generate::vocabulary();
    let only = only_seed();
    let mut tally = Tally::default();
    for batch in 0..number.div_ceil(PER_RULE_SET) {
        if only.is_some_and(|only| only / PER_RULE_SET != batch) {
            continue;
        }
        let rules = rules(&mut Random::new(batch));
        let model = Model::new(&rules, &vocabulary);
        for seed in batch * PER_RULE_SET..(batch + 1) * PER_RULE_SET {
            let (mut facts, coverage, as_of) = history(&mut Random::new(!seed), &rules);
            generate::consent(&mut Random::new(seed ^ 0x7ac1), &mut facts);
            generate::forgotten(&mut Random::new(seed ^ 0x01d), &mut facts);
            let case = Case {
                rules: rules.clone(),
                vocabulary: vocabulary.clone(),
                facts,
                coverage,
                as_of,
            };
            count(&case, &mut tally);
            if disagreement(&case, &model, seed, &mut tally).is_some() {
                let (case, what) = shrink::smallest(case, seed);
                panic!("{name}, seed {seed}: {what}\n{}", describe(&case));
            }
        }
    }
    tally
}

/// Counts what makes a history interesting.
fn count(case: &Case, tally: &mut Tally) {
    tally.add("histories");
    let oracle = Oracle::new(&case.rules, &case.vocabulary, &case.facts, &case.coverage);
    let outcome = oracle.evaluate(case.as_of);
    count_reasons(&outcome, tally);
    for score in &outcome.scores {
        if score.raw != score.shown * 1000 {
            tally.add("shown is not raw");
        }
    }
    for segment in &outcome.segments {
        tally.add(&format!("segment {segment:?}"));
    }
    tally.add(&format!("in a stage {}", outcome.stage.is_some()));
    let facts = &case.facts;
    if facts.events.windows(2).any(|pair| pair[0].at == pair[1].at) {
        tally.add("tie of instants");
    }
    if !case.coverage.holes.is_empty() {
        tally.add("hole");
    }
    let today = |hole: &Hole| hole.from.0 <= case.as_of && case.as_of <= hole.to.0;
    let mut holes = case.coverage.holes.iter().flat_map(|(_, _, holes)| holes);
    if holes.any(today) {
        tally.add("a hole on as_of itself");
    }
    if facts.forgotten.is_some() {
        tally.add("forgotten");
    }
    if facts.subscribed_at.is_none() {
        tally.add("no subscribed_at");
    }
    let proxy = |verdict| verdict == Verdict::PrivacyProxy;
    if facts.events.iter().any(|event| proxy(event.verdict)) {
        tally.add("privacy proxy");
    }
    let next_month = dates::date(case.as_of + 1).2 == 1;
    tally.add(if next_month {
        "end of a month"
    } else {
        "any day"
    });
    if matches!(dates::date(case.as_of), (_, 2, 29)) {
        tally.add("leap day");
    }
    let edges: Vec<Window> = windows(&case.rules);
    let days = facts.events.iter().map(|event| event.at);
    let days = days.map(|at| dates::local(case.rules.zone, at));
    let mut ends = days.flat_map(|day| edges.iter().map(move |edge| dates::plus(day, *edge, 1)));
    if ends.any(|end| end == case.as_of) {
        tally.add("as_of is the end of a window");
    }
}

/// Counts each absence by its reason.
pub(super) fn count_reasons(outcome: &Outcome, tally: &mut Tally) {
    let rules = outcome.scores.iter().flat_map(|score| &score.rules);
    for why in rules.flat_map(|(_, absences)| absences) {
        match why {
            Why::AbsentSince(_) => tally.add("AbsentSince"),
            other => tally.add(&format!("{other:?}")),
        }
    }
}

pub(super) const REASONS: [&str; 9] = [
    "NeverCustomer",
    "Present",
    "TooNew",
    "NotTracked",
    "NotMailed",
    "TooFewSends",
    "CoverageGap",
    "Unmeasurable",
    "AbsentSince",
];

#[test]
fn random_rules_on_random_histories_score_like_the_oracle() {
    let number = histories(12_000);
    let tally = compare("random rules", number, generate::rules::rule_set);
    println!("{tally}");
    let least = usize::try_from(number / 400).expect("a small number");
    tally.assert_at_least(least, &REASONS);
    tally.assert_at_least(
        least,
        &[
            "Absent",
            "NoTracking",
            "BlindMeasure",
            "AbsentBeforeToday",
            "BouncedMail",
            "ClickForOpen",
            "Decayed",
            "Expired",
            "GroupLimit",
            "HoleUnderMeasure",
            "LaterEvent",
            "OrderToldAgain",
            "Lifted",
            "NotYetCustomer",
            "OtherCurrency",
            "PenaltyFloor",
            "PeriodCap",
            "RangeLimit",
            "Repeat",
            "RuleCap",
            "StagePassedOver",
            "a hole on as_of itself",
            "a next change",
            "as_of is the end of a window",
            "end of a month",
            "hole",
            "in a stage true",
            "leap day",
            "no next change",
            "no subscribed_at",
            "privacy proxy",
            "segment None",
            "segment Some(true)",
            "shown is not raw",
            "tie of instants",
        ],
    );
}

#[test]
fn the_shoe_shop_on_random_histories_scores_like_the_oracle() {
    let number = histories(6_000);
    let tally = compare("shoe shop", number, |random| {
        shop::rules(random.pick(&generate::rules::ZONES), true)
    });
    println!("{tally}");
    let least = usize::try_from(number / 400).expect("a small number");
    tally.assert_at_least(least, &REASONS);
}

#[test]
fn the_literal_shoe_shop_on_random_histories_scores_like_the_oracle() {
    let number = histories(2_000);
    let tally = compare("literal shoe shop", number, |random| {
        shop::rules(random.pick(&generate::rules::ZONES), false)
    });
    let least = usize::try_from(number / 10).expect("a small number");
    tally.assert_at_least(least, &["Absent", "Present"]);
}
