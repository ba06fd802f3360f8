//! Points from close rates: how often those convert who have a fact, against all.

use engaged_connectors::Clock;
use serde::Serialize;

use super::{
    Ask, CASES_MIN, CONVERSIONS_MIN,
    backtest::{Past, warnings},
    candidates::{self, Wanted},
    cases::{Case, LeftOut, look_back, older_until},
    model::{Fitted, Table},
    rates::{Count, Rate},
    regression::FitError,
};
use crate::{
    rules::set::{Rule, RuleSet, Score},
    score::{calendar::Day, evaluate::evaluate, model::Model},
    store::{Store, StoreError},
};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Suggestion {
    /// The version of this shape.
    pub schema: u32,
    /// The date.
    pub on: Day,
    /// What counted as a conversion.
    pub conversion: String,
    /// Who converted within this time was nobody to compare with.
    pub within: String,
    /// All cases.
    pub all: Count,
    /// Their share of conversions.
    pub rate: Option<Rate>,
    /// What was not known on the days, and so was left out.
    pub left_out: LeftOut,
    /// What makes the numbers doubtful.
    pub warnings: Vec<String>,
    /// Facts that enough cases have, those with the most points, up or down, first.
    pub facts: Vec<Fact>,
    /// Facts that too few cases have.
    pub too_few: Vec<Fact>,
    /// The model, if one was asked for and could be fitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Fitted>,
    /// Why there is no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// A fact and those who have it.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// The condition.
    pub when: String,
    /// Those for whom it holds.
    #[serde(flatten)]
    pub count: Count,
    /// Those for whom it can be told neither way; they count as not having it.
    pub unknown: u64,
    /// The share that converted, with its 95 % interval.
    #[serde(flatten)]
    pub rate: Option<Rate>,
    /// The share less that of all, in percentage points.
    pub points: i64,
    /// The same by the end of the interval that is nearer to all.
    pub cautious: i64,
    /// The condition with its options.
    #[serde(skip)]
    pub rule: Rule,
}

/// Why there is no model.
#[derive(Clone, Debug, Serialize)]
pub struct Refused {
    /// In words.
    pub why: String,
    /// What to do.
    pub help: String,
    /// The error's code.
    pub code: &'static str,
}

/// Too few conversions for a regression.
pub const TOO_FEW: &str = "E0271";
/// A regression whose coefficients have no end.
pub const SEPARATED: &str = "E0272";
/// A regression that cannot be fitted for another reason.
pub const NO_FIT: &str = "E0273";

/// Looks at all facts, or at those that are wanted; `l2` asks for a model too.
pub fn suggest(
    store: &Store,
    ask: &Ask<'_>,
    wanted: &Wanted,
    l2: Option<f64>,
    clock: &dyn Clock,
) -> Result<Suggestion, StoreError> {
    let past = Past::new(store, ask, clock)?;
    let (rules, left_at_first) = candidates::find(&past, ask, wanted)?;
    let (seen, left_out) = look(&past, ask, &rules)?;
    // A field of which no value was known in time is no candidate, and is reported all the same.
    let left_out = left_at_first.unwrap_or(left_out);
    let all = past.count();
    let (facts, too_few) = facts(&rules, &seen, all);
    let mut suggestion = Suggestion {
        schema: 1,
        on: past.today,
        conversion: ask.conversion.to_string(),
        within: ask.within.to_string(),
        all,
        rate: all.rate(),
        left_out,
        warnings: warnings(&without_scores(&ask.config.rules), ask, all),
        facts,
        too_few,
        model: None,
        refused: None,
    };
    if let Some(l2) = l2 {
        let table = Table::new(&rules, &seen, older_until(&past.cases.cases));
        match fitted(&table, all, l2) {
            Ok(model) => suggestion.model = Some(model),
            Err(refused) => suggestion.refused = Some(refused),
        }
    }
    Ok(suggestion)
}

/// The rules that are no score's: what conditions may name, and nothing to warn about.
fn without_scores(rules: &RuleSet) -> RuleSet {
    RuleSet {
        scores: Vec::new(),
        ..rules.clone()
    }
}

/// One case and which of the conditions hold; `None`: cannot be told.
pub(super) struct Seen {
    pub(super) case: Case,
    pub(super) holds: Vec<Option<bool>>,
}

/// Asks each condition of each case, by the evaluator that scores.
fn look(past: &Past, ask: &Ask<'_>, rules: &[Rule]) -> Result<(Vec<Seen>, LeftOut), StoreError> {
    let mut set = ask.config.rules.clone();
    set.stages.clear();
    // Last, so that what it reads is there before it.
    set.scores.push(Score {
        name: String::new(),
        rules: rules.to_vec(),
        bands: Vec::new(),
        range: None,
        groups: Vec::new(),
        penalty_floor: None,
        model: None,
    });
    let model = Model::new(&set, &past.vocabulary);
    let mut seen = Vec::new();
    let left_out = look_back(
        &past.conn,
        &past.cases,
        (&past.zone, &model.needs()),
        ask.profile_today,
        |case, facts| {
            let scores = evaluate(&model, facts, &past.coverage, case.day).scores;
            let values = scores.last().map_or(&[][..], |score| &score.rules);
            let holds = values
                .iter()
                .map(|value| (value.holds || value.doubt.is_none()).then_some(value.holds));
            seen.push(Seen {
                case: *case,
                holds: holds.collect(),
            });
        },
    )?;
    Ok((seen, left_out))
}

/// Those that enough cases have, and the others.
fn facts(rules: &[Rule], seen: &[Seen], all: Count) -> (Vec<Fact>, Vec<Fact>) {
    let facts = rules.iter().enumerate().map(|(number, rule)| {
        let (mut count, mut unknown) = (Count::default(), 0);
        for each in seen {
            match each.holds[number] {
                Some(true) => count.add(each.case.converts),
                Some(false) => {}
                None => unknown += 1,
            }
        }
        let (points, cautious) = count.points(all).unwrap_or_default();
        Fact {
            when: rule.text.clone(),
            count,
            unknown,
            rate: count.rate(),
            points,
            cautious,
            rule: rule.clone(),
        }
    });
    let (mut enough, few): (Vec<Fact>, Vec<Fact>) =
        facts.partition(|fact| fact.count.cases >= CASES_MIN);
    enough.sort_by_key(|fact| std::cmp::Reverse((fact.points.abs(), fact.cautious.abs())));
    (enough, few)
}

fn fitted(table: &Table<'_>, all: Count, l2: f64) -> Result<Fitted, Refused> {
    if all.conversions < CONVERSIONS_MIN {
        return Err(Refused {
            why: format!(
                "{} conversions are too few for a regression: at least {CONVERSIONS_MIN} are needed",
                all.conversions
            ),
            help: "go by the points of the table above, and come back later".to_owned(),
            code: TOO_FEW,
        });
    }
    table.fit(l2).map_err(|error| {
        let (code, help) = match error {
            FitError::Separated(_) => (
                SEPARATED,
                "use a penalty (--l2 1), or leave the condition out by naming others with --fact",
            ),
            FitError::Alike => (
                NO_FIT,
                "use a penalty (--l2 1), or name the conditions with --fact",
            ),
            FitError::OneOutcome | FitError::Unsettled => {
                (NO_FIT, "use a larger penalty, such as --l2 10")
            }
        };
        let name = match error {
            FitError::Separated(Some(input)) => table.name(input),
            _ => None,
        };
        Refused {
            why: match name {
                Some(name) => format!("{error}: \"{name}\" alone does it"),
                None => error.to_string(),
            },
            help: help.to_owned(),
            code,
        }
    })
}
