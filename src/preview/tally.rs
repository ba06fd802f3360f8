//! Counting over contacts: two parts add up to the whole in any order.

use std::collections::BTreeMap;

use crate::{
    rules::truth::Truth,
    score::{
        beside::Both,
        evaluate::{Evaluation, ScoreValue},
        explain::why_unjudged,
        facts::ConnectionId,
    },
};

use super::{
    pair::{Pair, Pairing, ScorePair},
    push::Pushes,
};

/// What was counted so far.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Contacts.
    pub contacts: u64,
    /// Contacts for whom a number, band, segment or stage differs.
    pub changed: u64,
    /// Contacts about whom an absence cannot be judged, now and in the draft.
    pub unjudged: (u64, u64),
    /// For each score of the pairing.
    pub scores: Vec<ScoreTally>,
    /// For each segment of the pairing.
    pub segments: Vec<SegmentTally>,
    /// From stage to stage, by numbers in the pairing's stages; `None` is none.
    pub stages: BTreeMap<(Option<usize>, Option<usize>), u64>,
    /// For each automation of the pairing: contacts for whom its condition holds; those who come in stay without a start.
    pub automations: Vec<SegmentTally>,
    /// For each connection that is pushed to: contacts on it, and those whose number or tags there would differ.
    pub pushes: Vec<(u64, u64)>,
}

/// Where a contact stands in a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The score does not exist.
    NotScored,
    /// No band reaches its points.
    NoBand,
    /// A band, by its number in the pair's bands.
    Band(usize),
}

/// One score.
#[derive(Clone, Debug)]
pub struct ScoreTally {
    /// From place to place.
    pub flows: BTreeMap<(Place, Place), u64>,
    /// How many numbers moved by how many points; those that did not are not here.
    pub moves: BTreeMap<i64, u64>,
    /// For each rule of the pair.
    pub rules: Vec<RuleTally>,
    /// For each pair of twins, contacts of whom an event earns points from both.
    pub twins: Vec<u64>,
}

/// One rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTally {
    /// Contacts to whom it gives or costs points now.
    pub now: u64,
    /// In the draft.
    pub draft: u64,
    /// Contacts for whom its points differ.
    pub differs: u64,
    /// Contacts for whom the draft's condition is unknown.
    pub unknown: u64,
}

/// One segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentTally {
    /// Contacts in it now.
    pub now: u64,
    /// In the draft.
    pub draft: u64,
    /// Contacts who come in.
    pub enter: u64,
    /// Contacts who leave.
    pub leave: u64,
}

/// What a pair of a score says of one contact: the values now and in the draft.
pub(super) fn values<'a>(
    pair: &ScorePair,
    now: &'a Evaluation,
    draft: &'a Evaluation,
) -> (Option<&'a ScoreValue>, Option<&'a ScoreValue>) {
    let of = |evaluation: &'a Evaluation, number: Option<usize>| {
        number.and_then(|number| evaluation.scores.get(number))
    };
    (of(now, pair.score.now), of(draft, pair.score.draft))
}

/// Whether a contact is in the segment, now and in the draft.
pub(super) fn inside(pair: &Pair, now: &Evaluation, draft: &Evaluation) -> (bool, bool) {
    let of = |evaluation: &Evaluation, number: Option<usize>| {
        number.is_some_and(|number| evaluation.segments[number] == Truth::True)
    };
    (of(now, pair.now), of(draft, pair.draft))
}

/// A contact's stages as numbers in the pairing, now and in the draft.
pub(super) fn stages(
    pairing: &Pairing,
    now: &Evaluation,
    draft: &Evaluation,
) -> (Option<usize>, Option<usize>) {
    let find = |wanted: Option<usize>, of: fn(&Pair) -> Option<usize>| {
        wanted.and_then(|_| pairing.stages.iter().position(|pair| of(pair) == wanted))
    };
    (
        find(now.stage, |pair| pair.now),
        find(draft.stage, |pair| pair.draft),
    )
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(pairing: &Pairing, pushes: &Pushes) -> Self {
        let scores = pairing.scores.iter().map(|pair| ScoreTally {
            flows: BTreeMap::new(),
            moves: BTreeMap::new(),
            rules: vec![RuleTally::default(); pair.rules.len()],
            twins: vec![0; pair.twins.len()],
        });
        Self {
            contacts: 0,
            changed: 0,
            unjudged: (0, 0),
            scores: scores.collect(),
            segments: vec![SegmentTally::default(); pairing.segments.len()],
            stages: BTreeMap::new(),
            automations: vec![SegmentTally::default(); pairing.automations.len()],
            pushes: vec![(0, 0); pushes.len()],
        }
    }

    /// Counts one contact; whether anything differs for it.
    pub fn take(&mut self, pairing: &Pairing, both: &Both) -> bool {
        let Both { now, draft, pairs } = both;
        self.contacts += 1;
        self.unjudged.0 += u64::from(why_unjudged(now).is_some());
        self.unjudged.1 += u64::from(why_unjudged(draft).is_some());
        let mut differs = false;
        for (pair, tally) in pairing.scores.iter().zip(&mut self.scores) {
            let (now, draft) = values(pair, now, draft);
            differs |= tally.take(pair, now, draft);
        }
        // The pairs were asked about score by score.
        let twins = self.scores.iter_mut().flat_map(|tally| &mut tally.twins);
        for (count, overlap) in twins.zip(pairs) {
            *count += u64::from(*overlap);
        }
        for (pair, tally) in pairing.segments.iter().zip(&mut self.segments) {
            differs |= tally.take(inside(pair, now, draft));
        }
        for (pair, tally) in pairing.automations.iter().zip(&mut self.automations) {
            let holds = |evaluation: &Evaluation, number: Option<usize>| {
                number.is_some_and(|number| evaluation.automations[number].enters == Truth::True)
            };
            tally.take((holds(now, pair.now), holds(draft, pair.draft)));
        }
        let stages = stages(pairing, now, draft);
        *self.stages.entry(stages).or_default() += 1;
        differs |= stages.0 != stages.1;
        self.changed += u64::from(differs);
        differs
    }

    /// Counts what would be pushed for one contact.
    pub fn push(
        &mut self,
        pushes: &Pushes,
        connections: &[ConnectionId],
        now: &Evaluation,
        draft: &Evaluation,
    ) {
        for (number, differs) in pushes.differences(connections, now, draft) {
            self.pushes[number].0 += 1;
            self.pushes[number].1 += u64::from(differs);
        }
    }

    /// Adds what another part counted.
    pub fn add(&mut self, other: &Self) {
        self.contacts += other.contacts;
        self.changed += other.changed;
        self.unjudged.0 += other.unjudged.0;
        self.unjudged.1 += other.unjudged.1;
        for (mine, other) in self.scores.iter_mut().zip(&other.scores) {
            mine.add(other);
        }
        let mine = self.segments.iter_mut().chain(&mut self.automations);
        for (mine, other) in mine.zip(other.segments.iter().chain(&other.automations)) {
            mine.add(other);
        }
        add_counts(&mut self.stages, &other.stages);
        for (mine, other) in self.pushes.iter_mut().zip(&other.pushes) {
            mine.0 += other.0;
            mine.1 += other.1;
        }
    }
}

impl SegmentTally {
    /// Counts whether one contact is in it, now and in the draft; whether that differs.
    fn take(&mut self, (before, after): (bool, bool)) -> bool {
        self.now += u64::from(before);
        self.draft += u64::from(after);
        self.enter += u64::from(after && !before);
        self.leave += u64::from(before && !after);
        before != after
    }

    fn add(&mut self, other: &Self) {
        self.now += other.now;
        self.draft += other.draft;
        self.enter += other.enter;
        self.leave += other.leave;
    }
}

fn add_counts<K: Copy + Ord>(mine: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (key, number) in other {
        *mine.entry(*key).or_default() += number;
    }
}

impl ScoreTally {
    fn take(
        &mut self,
        pair: &ScorePair,
        now: Option<&ScoreValue>,
        draft: Option<&ScoreValue>,
    ) -> bool {
        let place = |value: Option<&ScoreValue>, of: fn(&Pair) -> Option<usize>| match value {
            None => Place::NotScored,
            Some(ScoreValue { band: None, .. }) => Place::NoBand,
            Some(ScoreValue { band, .. }) => {
                let found = pair.bands.iter().position(|pair| of(pair) == *band);
                found.map_or(Place::NoBand, Place::Band)
            }
        };
        let flow = (place(now, |pair| pair.now), place(draft, |pair| pair.draft));
        *self.flows.entry(flow).or_default() += 1;
        let by = match (now, draft) {
            (Some(now), Some(draft)) => draft.shown - now.shown,
            _ => 0,
        };
        if by != 0 {
            *self.moves.entry(by).or_default() += 1;
        }
        for (pair, tally) in pair.rules.iter().zip(&mut self.rules) {
            let points = |value: Option<&ScoreValue>, number: Option<usize>| {
                value
                    .zip(number)
                    .map_or(0, |(value, number)| value.rules[number].points)
            };
            let (before, after) = (points(now, pair.now), points(draft, pair.draft));
            tally.now += u64::from(before != 0);
            tally.draft += u64::from(after != 0);
            tally.differs += u64::from(before != after);
            let doubt = draft
                .zip(pair.draft)
                .and_then(|(value, number)| value.rules[number].doubt.as_ref());
            tally.unknown += u64::from(doubt.is_some());
        }
        by != 0 || flow.0 != flow.1
    }

    fn add(&mut self, other: &Self) {
        add_counts(&mut self.flows, &other.flows);
        add_counts(&mut self.moves, &other.moves);
        for (mine, other) in self.rules.iter_mut().zip(&other.rules) {
            mine.now += other.now;
            mine.draft += other.draft;
            mine.differs += other.differs;
            mine.unknown += other.unknown;
        }
        for (mine, other) in self.twins.iter_mut().zip(&other.twins) {
            *mine += other;
        }
    }
}
