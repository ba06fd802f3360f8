//! What would change for one contact, and by which rules.

use std::collections::BTreeMap;

use engaged_connectors::model::Address;
use serde::Serialize;

use crate::{
    rules::set::Score,
    score::{
        evaluate::{CorrectionKind, Evaluation, ScoreValue},
        explain::{FakeLine, Points, looks_fake},
        facts::Facts,
    },
    store::ContactId,
};

use super::{
    pair::{Fate, Pairing, ScorePair},
    tally::{inside, stages, values},
};

/// One contact for whom anything differs.
#[derive(Clone, Debug, Serialize)]
pub struct ContactChange {
    /// Our number.
    #[serde(skip)]
    pub id: ContactId,
    /// The address, or our number where there is none.
    pub contact: String,
    /// The scores whose number or band differs.
    pub scores: Vec<ScoreChange>,
    /// The segments that the contact comes into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enters: Vec<String>,
    /// The segments that it leaves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<String>,
    /// The stage, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageChange>,
}

/// One score of one contact.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreChange {
    /// The score.
    pub score: String,
    /// Points now; none if the score is new.
    pub before: Option<i64>,
    /// Points in the draft; none if the score is taken away.
    pub after: Option<i64>,
    /// The band now.
    pub band_before: Option<String>,
    /// The band in the draft.
    pub band_after: Option<String>,
    /// What makes the difference, the largest first; together, the difference of the raw sums.
    pub because: Vec<Because>,
}

/// One part of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The rule as typed; or `group NAME`, `penalty floor`, `adjustment`, `range`, `bands`.
    pub what: String,
    /// For a rule: `same`, `changed`, `new` or `removed`. One that is the same may read what is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// What it adds to the raw sum.
    pub points: Points,
    /// For a rule that asks whether a text looks fake: the texts that do, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fake: Vec<FakeLine>,
}

/// A change of stage.
#[derive(Clone, Debug, Serialize)]
pub struct StageChange {
    /// The stage now.
    pub before: Option<String>,
    /// The stage in the draft.
    pub after: Option<String>,
}

impl ContactChange {
    /// What differs for a contact.
    pub fn new(
        pairing: &Pairing,
        (contact, facts): (ContactId, &Facts),
        now: &Evaluation,
        draft: &Evaluation,
    ) -> Self {
        let address = facts.address.as_ref().map(Address::reveal);
        let mut change = Self {
            id: contact,
            contact: address.map_or_else(|| contact.0.to_string(), str::to_owned),
            scores: Vec::new(),
            enters: Vec::new(),
            leaves: Vec::new(),
            stage: None,
        };
        for pair in &pairing.scores {
            let values = values(pair, now, draft);
            change
                .scores
                .extend(score_change(pairing, pair, facts, values));
        }
        for pair in &pairing.segments {
            match inside(pair, now, draft) {
                (false, true) => change.enters.push(pair.name.clone()),
                (true, false) => change.leaves.push(pair.name.clone()),
                _ => {}
            }
        }
        let (before, after) = stages(pairing, now, draft);
        let name = |stage: Option<usize>| stage.map(|stage| pairing.stages[stage].name.clone());
        change.stage = (before != after).then(|| StageChange {
            before: name(before),
            after: name(after),
        });
        change
    }
}

fn score_change(
    pairing: &Pairing,
    pair: &ScorePair,
    facts: &Facts,
    (now, draft): (Option<&ScoreValue>, Option<&ScoreValue>),
) -> Option<ScoreChange> {
    let old = pair.score.now.map(|number| &pairing.now.scores[number]);
    let new = pair.score.draft.map(|number| &pairing.draft.scores[number]);
    let band = |score: Option<&Score>, value: Option<&ScoreValue>| {
        let band = value?.band?;
        Some(score?.bands[band].name.clone())
    };
    let mut change = ScoreChange {
        score: pair.score.name.clone(),
        before: now.map(|value| value.shown),
        after: draft.map(|value| value.shown),
        band_before: band(old, now),
        band_after: band(new, draft),
        because: Vec::new(),
    };
    if change.before == change.after && change.band_before == change.band_after {
        return None;
    }
    change.because = because(pair, facts, (old, now), (new, draft));
    if change.because.is_empty() {
        let what = if change.before == change.after {
            "bands"
        } else {
            "range"
        };
        change.because.push(Because {
            what: what.to_owned(),
            rule: None,
            points: Points(0),
            fake: Vec::new(),
        });
    }
    Some(change)
}

type Valued<'a> = (Option<&'a Score>, Option<&'a ScoreValue>);

fn because(pair: &ScorePair, facts: &Facts, now: Valued<'_>, draft: Valued<'_>) -> Vec<Because> {
    let mut all = Vec::new();
    for rule in &pair.rules {
        let points = |value: Option<&ScoreValue>, number: Option<usize>| {
            value
                .zip(number)
                .map_or(0, |(value, number)| value.rules[number].points)
        };
        let by = points(draft.1, rule.draft) - points(now.1, rule.now);
        if by != 0 {
            all.push(Because {
                what: rule.text.clone(),
                rule: Some(rule.fate.as_str()),
                points: Points(by),
                fake: fake(facts, [(draft.0, rule.draft), (now.0, rule.now)]),
            });
        }
    }
    let mut corrections: BTreeMap<String, i64> = BTreeMap::new();
    for ((score, value), sign) in [(now, -1), (draft, 1)] {
        let (Some(score), Some(value)) = (score, value) else {
            continue;
        };
        for each in &value.corrections {
            let what = match each.kind {
                CorrectionKind::Group(number) => format!("group {}", score.groups[number].name),
                CorrectionKind::Adjustment(_) => "adjustment".to_owned(),
                CorrectionKind::Floor => "penalty floor".to_owned(),
            };
            *corrections.entry(what).or_default() += sign * each.points;
        }
    }
    let corrections = corrections.into_iter().filter(|(_, points)| *points != 0);
    all.extend(corrections.map(|(what, points)| Because {
        what,
        rule: None,
        points: Points(points),
        fake: Vec::new(),
    }));
    // Stable: equal ones stay in the order of the file.
    all.sort_by_key(|each| std::cmp::Reverse(each.points.0.abs()));
    all
}

/// Why texts that a rule asks about look fake. Both sides have the same condition, where both have the rule.
fn fake(facts: &Facts, places: [(Option<&Score>, Option<usize>); 2]) -> Vec<FakeLine> {
    let rule = |(score, number): (Option<&Score>, Option<usize>)| {
        let asked = &score?.rules[number?].when;
        Some(looks_fake(asked, facts))
    };
    places.into_iter().find_map(rule).unwrap_or_default()
}

impl Because {
    /// Whether it is a rule that the draft edited.
    pub fn is_edited(&self) -> bool {
        self.rule.is_some_and(|fate| fate != Fate::Same.as_str())
    }
}
