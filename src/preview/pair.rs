//! Which score, rule, band, segment and stage of the draft is which of the present rules.
//!
//! Names pair what has a name. Rules are paired by their conditions, so that a
//! rule whose points, caps or windows of expiry were edited stays one rule, and a rule with
//! another condition is another rule.

use std::ops::Range;

use crate::rules::{
    set::{Rule, RuleSet, Score},
    syntax::RuleWhen,
};

/// What became of a rule or a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is what it was.
    Same,
    /// It has other points or options.
    Changed,
    /// The draft adds it.
    New,
    /// The draft takes it away.
    Removed,
}

impl Fate {
    /// The word that outputs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::New => "new",
            Self::Removed => "removed",
        }
    }
}

/// Two rule sets, and what of one is what of the other.
#[derive(Debug)]
pub struct Pairing {
    /// The present rules.
    pub now: RuleSet,
    /// The draft's.
    pub draft: RuleSet,
    /// The draft's scores in its order, then those that it takes away.
    pub scores: Vec<ScorePair>,
    /// `(name, number now, number in the draft)`: the draft's segments, then those that it takes away.
    pub segments: Vec<Pair>,
    /// As `segments`.
    pub stages: Vec<Pair>,
    /// As `segments`.
    pub automations: Vec<Pair>,
}

/// One thing with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub name: String,
    /// Its number in the present rules.
    pub now: Option<usize>,
    /// Its number in the draft.
    pub draft: Option<usize>,
}

/// One score.
#[derive(Debug)]
pub struct ScorePair {
    /// The score.
    pub score: Pair,
    /// Whether anything in it was edited.
    pub fate: Fate,
    /// The bands.
    pub bands: Vec<Pair>,
    /// The draft's rules in its order and so by their numbers there, then those that it takes away.
    pub rules: Vec<RulePair>,
    /// Pairs of the draft's rules on events of one kind, as numbers in `rules`.
    pub twins: Vec<(usize, usize)>,
}

/// One rule.
#[derive(Debug)]
pub struct RulePair {
    /// The condition as typed, in the draft where it has the rule.
    pub text: String,
    /// Its number in the present score.
    pub now: Option<usize>,
    /// Its number in the draft's.
    pub draft: Option<usize>,
    /// What became of it.
    pub fate: Fate,
    /// Its points now, in thousandths.
    pub points_now: Option<i64>,
    /// Its points in the draft.
    pub points_draft: Option<i64>,
}

impl Pairing {
    /// Pairs two rule sets.
    pub fn new(now: &RuleSet, draft: &RuleSet) -> Self {
        let scores = pairs(
            &names(&now.scores, |each| &each.name),
            &names(&draft.scores, |each| &each.name),
        );
        Self {
            scores: scores
                .into_iter()
                .map(|pair| ScorePair::new(pair, now, draft))
                .collect(),
            segments: pairs(
                &names(&now.segments, |each| &each.name),
                &names(&draft.segments, |each| &each.name),
            ),
            stages: pairs(
                &names(&now.stages, |each| &each.name),
                &names(&draft.stages, |each| &each.name),
            ),
            automations: pairs(
                &names(&now.automations, |each| &each.name),
                &names(&draft.automations, |each| &each.name),
            ),
            now: now.clone(),
            draft: draft.clone(),
        }
    }

    /// The draft's rules on events of one kind, two by two, in the order of `scores`: the
    /// number of the score in the draft, and of two of its rules.
    pub fn twins(&self) -> Vec<(usize, usize, usize)> {
        let scores = self.scores.iter();
        let twins = scores.filter_map(|pair| Some((pair.score.draft?, &pair.twins)));
        twins
            .flat_map(|(score, twins)| {
                let all = twins.iter();
                all.map(move |(first, second)| (score, *first, *second))
            })
            .collect()
    }

    /// What decides scores beside scores, and differs.
    pub fn settings(&self) -> Vec<&'static str> {
        let (now, draft) = (&self.now, &self.draft);
        let all = [
            ("timezone", now.zone != draft.zone),
            ("currency", now.currency != draft.currency),
            ("events", now.kinds != draft.kinds),
            ("links", now.links != draft.links),
            ("absence", now.min_sends != draft.min_sends),
        ];
        all.into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| name)
            .collect()
    }
}

fn names<T>(all: &[T], name: fn(&T) -> &String) -> Vec<&str> {
    all.iter().map(|each| name(each).as_str()).collect()
}

fn pairs(now: &[&str], draft: &[&str]) -> Vec<Pair> {
    let find = |all: &[&str], name: &str| all.iter().position(|each| *each == name);
    let of_draft = draft.iter().enumerate().map(|(number, name)| Pair {
        name: (*name).to_owned(),
        now: find(now, name),
        draft: Some(number),
    });
    let all = now.iter().enumerate();
    let gone = all.filter(|(_, name)| find(draft, name).is_none());
    let gone = gone.map(|(number, name)| Pair {
        name: (*name).to_owned(),
        now: Some(number),
        draft: None,
    });
    of_draft.chain(gone).collect()
}

impl ScorePair {
    fn new(score: Pair, now: &RuleSet, draft: &RuleSet) -> Self {
        let old = score.now.map(|number| &now.scores[number]);
        let new = score.draft.map(|number| &draft.scores[number]);
        let rules = rule_pairs(rules_of(old), rules_of(new));
        let fate = match (old, new) {
            (Some(old), Some(new)) if same_score(old, new, &rules) => Fate::Same,
            (Some(_), Some(_)) => Fate::Changed,
            (None, _) => Fate::New,
            (_, None) => Fate::Removed,
        };
        Self {
            bands: pairs(
                &names(old.map_or(&[], |score| &score.bands), |each| &each.name),
                &names(new.map_or(&[], |score| &score.bands), |each| &each.name),
            ),
            twins: twins(&rules, rules_of(new)),
            score,
            fate,
            rules,
        }
    }
}

fn rules_of(score: Option<&Score>) -> &[Rule] {
    score.map_or(&[], |score| &score.rules)
}

fn same_score(old: &Score, new: &Score, rules: &[RulePair]) -> bool {
    let rest = |score: &Score| Score {
        rules: Vec::new(),
        ..score.clone()
    };
    rules.iter().all(|rule| rule.fate == Fate::Same) && rest(old) == rest(new)
}

fn rule_pairs(now: &[Rule], draft: &[Rule]) -> Vec<RulePair> {
    let mut left: Vec<Option<&Rule>> = now.iter().map(Some).collect();
    // The same rule where there is one, else one with the same condition.
    let mut chosen: Vec<Option<usize>> = vec![None; draft.len()];
    for like in [same_rule, same_condition] {
        for (rule, chosen) in draft.iter().zip(&mut chosen).filter(|(_, it)| it.is_none()) {
            let found = left
                .iter()
                .position(|each| each.is_some_and(|each| like(each, rule)));
            if let Some(found) = found {
                left[found] = None;
                *chosen = Some(found);
            }
        }
    }
    let of_draft = draft.iter().zip(&chosen).enumerate();
    let of_draft = of_draft.map(|(number, (rule, before))| {
        let before = before.map(|before| (before, &now[before]));
        RulePair {
            text: rule.text.clone(),
            now: before.map(|(before, _)| before),
            draft: Some(number),
            fate: match before {
                None => Fate::New,
                Some((_, before)) if same_rule(before, rule) => Fate::Same,
                Some(_) => Fate::Changed,
            },
            points_now: before.map(|(_, before)| before.points),
            points_draft: Some(rule.points),
        }
    });
    let gone = left.iter().enumerate();
    let gone = gone.filter_map(|(number, rule)| rule.map(|rule| (number, rule)));
    let gone = gone.map(|(number, rule)| RulePair {
        text: rule.text.clone(),
        now: Some(number),
        draft: None,
        fate: Fate::Removed,
        points_now: Some(rule.points),
        points_draft: None,
    });
    of_draft.chain(gone).collect()
}

fn same_condition(now: &Rule, draft: &Rule) -> bool {
    now.when == draft.when
}

/// However it was typed.
fn same_rule(now: &Rule, draft: &Rule) -> bool {
    let untyped = |rule: &Rule| Rule {
        text: String::new(),
        ..rule.clone()
    };
    untyped(now) == untyped(draft)
}

/// The pairs that one event may earn points from twice.
fn twins(rules: &[RulePair], draft: &[Rule]) -> Vec<(usize, usize)> {
    let kind = |number: usize| match &draft.get(rules[number].draft?)?.when {
        RuleWhen::Each(pattern) => Some(&pattern.kind),
        RuleWhen::State(_) => None,
    };
    let all: Range<usize> = 0..rules.len();
    all.clone()
        .flat_map(|first| {
            all.clone()
                .skip(first + 1)
                .map(move |second| (first, second))
        })
        .filter(|(first, second)| kind(*first).is_some() && kind(*first) == kind(*second))
        .collect()
}
