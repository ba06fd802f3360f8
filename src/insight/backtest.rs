//! Scores as of the day before each conversion, against those of others on the same days.

use engaged_connectors::Clock;
use serde::Serialize;

use super::{
    Ask, CONVERSIONS_MIN,
    cases::{Case, Cases, LeftOut, find, look_back, older_until},
    own_conversion,
    rates::{Count, Rate, Threshold, area_under_curve, threshold},
};
use crate::{
    rules::set::{RuleSet, Score},
    score::{
        calendar::{Day, Zone},
        evaluate::evaluate,
        facts::Coverage,
        model::Model,
    },
    store::{Snapshot, Store, StoreError},
};

/// How many in a hundred conversions the line of a score is to catch.
const CATCH: u64 = 80;

/// What all looks back share: one state of the store.
pub(super) struct Past {
    pub(super) conn: Snapshot,
    pub(super) zone: Zone,
    pub(super) today: Day,
    pub(super) coverage: Coverage,
    pub(super) vocabulary: crate::score::facts::Vocabulary,
    pub(super) cases: Cases,
}

impl Past {
    pub(super) fn new(store: &Store, ask: &Ask<'_>, clock: &dyn Clock) -> Result<Self, StoreError> {
        let conn = store.snapshots(1)?.pop();
        let conn = conn.ok_or_else(|| StoreError::bug("a look back without a reader"))?;
        let zone = Zone::new(ask.config.zone);
        let today = zone.day(clock.now().timestamp_millis());
        let vocabulary = conn.vocabulary()?;
        let wanted = (&ask.conversion, ask.within);
        Ok(Self {
            coverage: conn.coverage(&zone, today, None)?,
            cases: find(&conn, wanted, &ask.config.rules, &vocabulary, today)?,
            conn,
            zone,
            today,
            vocabulary,
        })
    }

    pub(super) fn count(&self) -> Count {
        let mut all = Count::default();
        for case in &self.cases.cases {
            all.add(case.converts);
        }
        all
    }
}

/// What backtesting found.
#[derive(Clone, Debug, Serialize)]
pub struct Backtest {
    /// The version of this shape.
    pub schema: u32,
    /// What counted as a conversion.
    pub conversion: String,
    /// Who converted within this time was nobody to compare with.
    pub within: String,
    /// All cases.
    pub all: Count,
    /// The older part, which holds seven in ten of the conversions, and its last day.
    pub older: Part,
    /// The newer part.
    pub newer: Part,
    /// What was not known on the days, and so was left out.
    pub left_out: LeftOut,
    /// What makes the numbers doubtful.
    pub warnings: Vec<String>,
    /// Each score.
    pub scores: Vec<ScoreBacktest>,
}

/// Cases of some days.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
    /// How many.
    #[serde(flatten)]
    pub count: Count,
}

/// How one score did.
#[derive(Clone, Debug, Serialize)]
pub struct ScoreBacktest {
    /// Its name.
    pub score: String,
    /// Each band from the top; last those in none.
    pub bands: Vec<BandBacktest>,
    /// Over all cases.
    pub all: Telling,
    /// Over the older.
    pub older: Telling,
    /// Over the newer.
    pub newer: Telling,
}

/// How well a score tells who converts; by its sum, before range and rounding.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Telling {
    /// The area under the curve: 0.5 is chance, 1 perfect.
    pub auc: Option<f64>,
    /// The strictest line that catches 80 % of the conversions.
    pub threshold: Option<Threshold>,
}

/// One band.
#[derive(Clone, Debug, Serialize)]
pub struct BandBacktest {
    /// Its name; nothing for those in none.
    pub band: Option<String>,
    /// Over all cases.
    pub all: Cell,
    /// Over the older.
    pub older: Cell,
    /// Over the newer.
    pub newer: Cell,
}

/// How those in a band did.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cell {
    /// How many.
    #[serde(flatten)]
    pub count: Count,
    /// The share that converted, with its 95 % interval.
    #[serde(flatten)]
    pub rate: Option<Rate>,
    /// How many times the share of all cases that is.
    pub lift: Option<f64>,
}

/// One case's score.
#[derive(Clone, Copy)]
struct Seen {
    case: Case,
    raw: i64,
    band: Option<usize>,
}

/// Scores all cases.
pub fn backtest(store: &Store, ask: &Ask<'_>, clock: &dyn Clock) -> Result<Backtest, StoreError> {
    let past = Past::new(store, ask, clock)?;
    let rules = &ask.config.rules;
    let model = Model::new(rules, &past.vocabulary);
    let mut seen: Vec<Vec<Seen>> = vec![Vec::new(); rules.scores.len()];
    let needs = model.needs();
    let left_out = look_back(
        &past.conn,
        &past.cases,
        (&past.zone, &needs),
        ask.profile_today,
        |case, facts| {
            let values = evaluate(&model, facts, &past.coverage, case.day).scores;
            for (seen, value) in seen.iter_mut().zip(values) {
                seen.push(Seen {
                    case: *case,
                    raw: value.raw,
                    band: value.band,
                });
            }
        },
    )?;
    let split = older_until(&past.cases.cases);
    let part = |newer: bool| {
        let cases = past.cases.cases.iter();
        Part::of(cases.filter(|case| split.is_some_and(|split| (case.day > split) == newer)))
    };
    let all = past.count();
    Ok(Backtest {
        schema: 1,
        conversion: ask.conversion.to_string(),
        within: ask.within.to_string(),
        warnings: warnings(rules, ask, all),
        all,
        older: part(false),
        newer: part(true),
        left_out,
        scores: rules
            .scores
            .iter()
            .zip(&seen)
            .map(|(score, seen)| ScoreBacktest::of(score, seen, split))
            .collect(),
    })
}

/// What makes the numbers doubtful.
pub(super) fn warnings(rules: &RuleSet, ask: &Ask<'_>, all: Count) -> Vec<String> {
    let mut warnings = Vec::new();
    if all.conversions < CONVERSIONS_MIN {
        warnings.push(format!(
            "{} conversions are few: look at the intervals, not at the rates",
            all.conversions
        ));
    }
    for (score, rule) in own_conversion(rules, &ask.conversion) {
        warnings.push(format!(
            "{score}: \"{rule}\" asks about what counts as the conversion, so before the first it says next to nothing"
        ));
    }
    if ask.profile_today {
        warnings.push(
            "fields and lists are as they are today: what was filled in at the conversion looks as if it foretold it"
                .to_owned(),
        );
    }
    warnings
}

impl Part {
    fn of<'a>(cases: impl Iterator<Item = &'a Case>) -> Self {
        let mut part = Self {
            from: None,
            to: None,
            count: Count::default(),
        };
        for case in cases {
            part.from = Some(part.from.map_or(case.day, |from| from.min(case.day)));
            part.to = part.to.max(Some(case.day));
            part.count.add(case.converts);
        }
        part
    }
}

impl ScoreBacktest {
    fn of(score: &Score, seen: &[Seen], split: Option<Day>) -> Self {
        let newer = |seen: &Seen| split.is_some_and(|split| seen.case.day > split);
        let (new, old): (Vec<Seen>, Vec<Seen>) = seen.iter().partition(|seen| newer(seen));
        let numbers = (0..score.bands.len()).map(Some).chain([None]);
        let rows = numbers.map(|band| BandBacktest {
            band: band.map(|band| score.bands[band].name.clone()),
            all: Cell::of(seen, band),
            older: Cell::of(&old, band),
            newer: Cell::of(&new, band),
        });
        Self {
            score: score.name.clone(),
            bands: rows
                .filter(|row| row.band.is_some() || row.all.count.cases > 0)
                .collect(),
            all: Telling::of(seen),
            older: Telling::of(&old),
            newer: Telling::of(&new),
        }
    }
}

impl Cell {
    fn of(seen: &[Seen], band: Option<usize>) -> Self {
        let (mut all, mut own) = (Count::default(), Count::default());
        for each in seen {
            all.add(each.case.converts);
            if each.band == band {
                own.add(each.case.converts);
            }
        }
        Self {
            count: own,
            rate: own.rate(),
            lift: own.lift(all),
        }
    }
}

impl Telling {
    fn of(seen: &[Seen]) -> Self {
        let pairs: Vec<(i64, bool)> = seen
            .iter()
            .map(|seen| (seen.raw, seen.case.converts))
            .collect();
        Self {
            auc: area_under_curve(&pairs),
            threshold: threshold(&pairs, CATCH),
        }
    }
}
