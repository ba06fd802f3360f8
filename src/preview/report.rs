//! The result of a preview, as `preview --json` prints it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{
    config::Config,
    diagnostic::Diagnostic,
    rule_tests,
    score::{calendar::Day, explain::Points},
};

use super::{
    Ask,
    pair::{Fate, Pair, Pairing, ScorePair},
    push::Pushes,
    tally::{Place, ScoreTally, Tally},
};

/// What a draft would change.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// The version of this shape.
    pub schema: u32,
    /// The draft's file.
    pub draft: String,
    /// What the draft replaces; empty for a whole configuration.
    pub replaces: Vec<String>,
    /// The date.
    pub as_of: String,
    /// Contacts evaluated.
    pub contacts: u64,
    /// Contacts for whom a number, band, segment or stage differs.
    pub changed: u64,
    /// Whether both say the same, however it is typed.
    pub same_rules: bool,
    /// Contacts whose stored scores are behind what is known; `now` is computed and is not.
    pub behind: i64,
    /// What the draft changes beside scores, segments and stages: `timezone`, `currency`, `events`, `links`, `absence`.
    pub settings: Vec<&'static str>,
    /// Contacts about whom an absence cannot be judged.
    pub unjudged: BeforeAfter,
    /// The draft's scores, then those that it takes away.
    pub scores: Vec<ScorePreview>,
    /// The draft's segments, then those that it takes away.
    pub segments: Vec<SegmentPreview>,
    /// The stages, none of them included.
    pub stages: Vec<StageFlow>,
    /// The draft's automations, then those that it takes away.
    pub automations: Vec<AutomationPreview>,
    /// What the push after publishing would change.
    pub pushes: Vec<PushPreview>,
    /// The draft's rule tests that fail.
    pub failing_tests: Vec<String>,
    /// The draft's warnings.
    pub warnings: Vec<Value>,
}

/// One automation.
#[derive(Clone, Debug, Serialize)]
pub struct AutomationPreview {
    /// The automation.
    pub automation: String,
    /// `new`, `changed`, `same`, `removed`.
    pub fate: &'static str,
    /// Contacts for whom its condition holds now.
    pub now: u64,
    /// In the draft.
    pub draft: u64,
    /// Contacts for whom it begins to hold by the edit alone: for them nothing is started.
    pub stay_silent: u64,
}

/// A number now and in the draft.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BeforeAfter {
    /// Now.
    pub now: u64,
    /// In the draft.
    pub draft: u64,
}

/// One score.
#[derive(Clone, Debug, Serialize)]
pub struct ScorePreview {
    /// Its name.
    pub score: String,
    /// `same`, `changed`, `new` or `removed`.
    pub fate: &'static str,
    /// The draft's bands from the top, then those that it takes away, then whoever is in none.
    pub bands: Vec<BandPreview>,
    /// From band to band, those that stay included: together, all contacts.
    pub flows: Vec<Flow>,
    /// How the numbers move.
    pub moves: Moves,
    /// The draft's rules, then those that it takes away.
    pub rules: Vec<RulePreview>,
    /// Pairs of the draft's rules that one event earns points from.
    pub overlaps: Vec<Overlap>,
}

/// One band. Without a name it is those whom no band holds.
#[derive(Clone, Debug, Serialize)]
pub struct BandPreview {
    /// Its name.
    pub band: Option<String>,
    /// Contacts now.
    pub now: u64,
    /// Contacts in the draft.
    pub draft: u64,
}

/// Contacts that go from one band to another, or stay.
#[derive(Clone, Debug, Serialize)]
pub struct Flow {
    /// From where: a band, `(no band)`, or `(not scored)`.
    pub from: String,
    /// To where.
    pub to: String,
    /// How many.
    pub contacts: u64,
}

/// How the shown points of a score move, over the contacts for whom they do.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Moves {
    /// Contacts whose number differs.
    pub contacts: u64,
    /// Of those, contacts whose number rises.
    pub up: u64,
    /// The largest fall, or the smallest rise if none falls.
    pub min: Option<i64>,
    /// Half of them move by this or less; the lower of two in the middle.
    pub median: Option<i64>,
    /// The largest rise, or the smallest fall if none rises.
    pub max: Option<i64>,
}

/// One rule.
#[derive(Clone, Debug, Serialize)]
pub struct RulePreview {
    /// The rule as typed.
    pub when: String,
    /// `same`, `changed`, `new` or `removed`.
    pub fate: &'static str,
    /// Its points now.
    pub points_now: Option<Points>,
    /// Its points in the draft.
    pub points_draft: Option<Points>,
    /// Contacts to whom it gives or costs points.
    pub contacts: BeforeAfter,
    /// Contacts for whom what it gives differs.
    pub differs: u64,
    /// Contacts for whom the draft's condition can be neither true nor false.
    pub unknown: u64,
}

/// Two rules that count the same events.
#[derive(Clone, Debug, Serialize)]
pub struct Overlap {
    /// The rules as typed.
    pub rules: [String; 2],
    /// Contacts of whom an event earns points from both.
    pub contacts: u64,
    /// Whether the draft brings it about: one of the two is new or changed.
    pub new: bool,
}

/// One segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentPreview {
    /// Its name.
    pub segment: String,
    /// `same`, `changed`, `new` or `removed`.
    pub fate: &'static str,
    /// Contacts now.
    pub now: u64,
    /// Contacts in the draft.
    pub draft: u64,
    /// Contacts who come in.
    pub enter: u64,
    /// Contacts who leave.
    pub leave: u64,
}

/// Contacts that go from one stage to another, or stay.
#[derive(Clone, Debug, Serialize)]
pub struct StageFlow {
    /// The stage now.
    pub from: Option<String>,
    /// The stage in the draft.
    pub to: Option<String>,
    /// How many.
    pub contacts: u64,
}

/// One connection.
#[derive(Clone, Debug, Serialize)]
pub struct PushPreview {
    /// Its name.
    pub connection: String,
    /// Contacts on it.
    pub contacts: u64,
    /// Of those, contacts whose field or tags there would change.
    pub changed: u64,
    /// The limit of `max_score_change`, as a share.
    pub limit: f64,
    /// Whether the guard would hold the push.
    pub held: bool,
}

/// What was counted, by name. `when` is the date and how many stored scores are behind.
pub(super) fn report(
    ask: &Ask<'_>,
    pairing: &Pairing,
    pushes: &Pushes,
    tally: &Tally,
    (as_of, behind): (Day, i64),
) -> Preview {
    let draft = &ask.draft.config;
    let limit = draft.guards.max_score_change;
    let scores = pairing.scores.iter().zip(&tally.scores);
    let settings = pairing.settings();
    let pushed = pushes.iter().zip(&tally.pushes);
    Preview {
        schema: 1,
        draft: draft.file.display().to_string(),
        replaces: ask.draft.replaces.clone(),
        as_of: as_of.to_string(),
        contacts: tally.contacts,
        changed: tally.changed,
        same_rules: settings.is_empty() && is_same(pairing),
        behind,
        settings,
        unjudged: before_after(tally.unjudged),
        scores: scores.map(|(pair, tally)| score(pair, tally)).collect(),
        segments: segments(pairing, tally),
        stages: stages(pairing, tally),
        automations: automations(pairing, tally),
        pushes: pushed
            .map(|(push, counted)| push_preview(&push.connection, *counted, limit))
            .collect(),
        failing_tests: failing(draft),
        warnings: draft.warnings.iter().map(Diagnostic::to_json).collect(),
    }
}

fn failing(draft: &Config) -> Vec<String> {
    let failures = rule_tests::run(&draft.rules, &draft.tests);
    let mut names: Vec<String> = failures.into_iter().map(|each| each.test).collect();
    names.dedup();
    names
}

fn before_after((now, draft): (u64, u64)) -> BeforeAfter {
    BeforeAfter { now, draft }
}

fn is_same(pairing: &Pairing) -> bool {
    let segment = |pair: &Pair| segment_fate(pairing, pair) == Fate::Same;
    let stages = |set: &crate::rules::set::RuleSet| -> Vec<String> {
        let stages = set.stages.iter();
        stages
            .map(|stage| format!("{:?} {}", stage.name, stage.when))
            .collect()
    };
    pairing.scores.iter().all(|pair| pair.fate == Fate::Same)
        && pairing.segments.iter().all(segment)
        && stages(&pairing.now) == stages(&pairing.draft)
        && pairing.now.automations == pairing.draft.automations
}

fn automations(pairing: &Pairing, tally: &Tally) -> Vec<AutomationPreview> {
    let pairs = pairing.automations.iter().zip(&tally.automations);
    let fate = |pair: &Pair| match (pair.now, pair.draft) {
        (Some(now), Some(draft)) => {
            let now = pairing.now.behind(&pairing.now.automations[now]);
            let same = now == pairing.draft.behind(&pairing.draft.automations[draft]);
            if same { Fate::Same } else { Fate::Changed }
        }
        (None, _) => Fate::New,
        (_, None) => Fate::Removed,
    };
    pairs
        .map(|(pair, counted)| AutomationPreview {
            automation: pair.name.clone(),
            fate: fate(pair).as_str(),
            now: counted.now,
            draft: counted.draft,
            stay_silent: counted.enter,
        })
        .collect()
}

fn segment_fate(pairing: &Pairing, pair: &Pair) -> Fate {
    match (pair.now, pair.draft) {
        (Some(now), Some(draft)) => {
            let (now, draft) = (&pairing.now.segments[now], &pairing.draft.segments[draft]);
            if now.when == draft.when {
                Fate::Same
            } else {
                Fate::Changed
            }
        }
        (None, _) => Fate::New,
        (_, None) => Fate::Removed,
    }
}

fn score(pair: &ScorePair, tally: &ScoreTally) -> ScorePreview {
    let flows = tally.flows.iter().map(|((from, to), contacts)| Flow {
        from: place(pair, *from),
        to: place(pair, *to),
        contacts: *contacts,
    });
    let rules = pair.rules.iter().zip(&tally.rules);
    let rules = rules.map(|(rule, counted)| RulePreview {
        when: rule.text.clone(),
        fate: rule.fate.as_str(),
        points_now: rule.points_now.map(Points),
        points_draft: rule.points_draft.map(Points),
        contacts: before_after((counted.now, counted.draft)),
        differs: counted.differs,
        unknown: counted.unknown,
    });
    let twins = pair.twins.iter().zip(&tally.twins);
    let overlaps =
        twins
            .filter(|(_, contacts)| **contacts > 0)
            .map(|((first, second), contacts)| {
                let both = [&pair.rules[*first], &pair.rules[*second]];
                Overlap {
                    rules: both.map(|rule| rule.text.clone()),
                    contacts: *contacts,
                    new: both.iter().any(|rule| rule.fate == Fate::New),
                }
            });
    ScorePreview {
        score: pair.score.name.clone(),
        fate: pair.fate.as_str(),
        bands: bands(pair, tally),
        flows: flows.collect(),
        moves: moves(&tally.moves),
        rules: rules.collect(),
        overlaps: overlaps.collect(),
    }
}

fn place(pair: &ScorePair, place: Place) -> String {
    match place {
        Place::NotScored => "(not scored)".to_owned(),
        Place::NoBand => "(no band)".to_owned(),
        Place::Band(number) => pair.bands[number].name.clone(),
    }
}

fn bands(pair: &ScorePair, tally: &ScoreTally) -> Vec<BandPreview> {
    let size = |place: Place, of: fn(&(Place, Place)) -> Place| -> u64 {
        let cells = tally.flows.iter().filter(|(flow, _)| of(flow) == place);
        cells.map(|(_, contacts)| contacts).sum()
    };
    let band = |place: Place, name: Option<&String>| BandPreview {
        band: name.cloned(),
        now: size(place, |flow| flow.0),
        draft: size(place, |flow| flow.1),
    };
    let named = pair.bands.iter().enumerate();
    let mut bands: Vec<BandPreview> = named
        .map(|(number, pair)| band(Place::Band(number), Some(&pair.name)))
        .collect();
    let none = band(Place::NoBand, None);
    if (none.now, none.draft) != (0, 0) {
        bands.push(none);
    }
    bands
}

fn moves(by: &BTreeMap<i64, u64>) -> Moves {
    let contacts: u64 = by.values().sum();
    let mut below = 0;
    let median = by.iter().find_map(|(points, number)| {
        below += number;
        (below * 2 >= contacts).then_some(*points)
    });
    Moves {
        contacts,
        up: by.range(1..).map(|(_, number)| number).sum(),
        min: by.keys().next().copied(),
        median,
        max: by.keys().next_back().copied(),
    }
}

fn segments(pairing: &Pairing, tally: &Tally) -> Vec<SegmentPreview> {
    let pairs = pairing.segments.iter().zip(&tally.segments);
    pairs
        .map(|(pair, counted)| SegmentPreview {
            segment: pair.name.clone(),
            fate: segment_fate(pairing, pair).as_str(),
            now: counted.now,
            draft: counted.draft,
            enter: counted.enter,
            leave: counted.leave,
        })
        .collect()
}

fn stages(pairing: &Pairing, tally: &Tally) -> Vec<StageFlow> {
    if pairing.stages.is_empty() {
        return Vec::new();
    }
    let name = |stage: Option<usize>| stage.map(|stage| pairing.stages[stage].name.clone());
    let flows = tally.stages.iter().map(|((from, to), contacts)| StageFlow {
        from: name(*from),
        to: name(*to),
        contacts: *contacts,
    });
    flows.collect()
}

fn push_preview(connection: &str, (contacts, changed): (u64, u64), limit: f64) -> PushPreview {
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let share = changed as f64 / contacts.max(1) as f64;
    PushPreview {
        connection: connection.to_owned(),
        contacts,
        changed,
        limit,
        held: share > limit,
    }
}
