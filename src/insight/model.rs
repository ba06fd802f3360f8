//! The regression over the suggested facts: which go in, how well it does on newer days.

use serde::Serialize;

use super::{
    CASES_MIN,
    rates::{Count, Rate, area_under_curve, real},
    regression::{Coefficient, Fit, FitError, Rows},
    suggest::Seen,
};
use crate::{rules::set::Rule, score::calendar::Day};

/// A fitted model and how far to trust it.
#[derive(Clone, Debug, Serialize)]
pub struct Fitted {
    /// The logarithm of the odds where no condition holds.
    pub intercept: f64,
    /// The conditions and what they weigh.
    pub inputs: Vec<Input>,
    /// Conditions that hold for the same cases as an earlier one, or for all others, and which.
    pub same: Vec<(String, String)>,
    /// The penalty.
    pub l2: f64,
    /// Newton's steps.
    pub steps: u32,
    /// What it was fitted on.
    pub fitted_on: Count,
    /// The area under the curve on the newer part, of a model fitted on the older part alone.
    pub newer_auc: Option<f64>,
    /// The same of the model itself, on what it was fitted on: always a little too good.
    pub own_auc: Option<f64>,
    /// Whether the calibration is of the newer part, by a model of the older one.
    pub calibrated_on_newer: bool,
    /// By tenths of the cases, the least likely first: what was foretold and what happened.
    pub calibration: Vec<Tenth>,
}

/// A condition and its weight.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    /// The condition.
    pub when: String,
    /// What it weighs.
    #[serde(flatten)]
    pub coefficient: Coefficient,
    /// The condition with its options.
    #[serde(skip)]
    pub rule: Rule,
}

/// About a tenth of the cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tenth {
    /// How many.
    #[serde(flatten)]
    pub count: Count,
    /// The mean of the foretold probabilities.
    pub predicted: f64,
    /// The share that converted, with its 95 % interval.
    #[serde(flatten)]
    pub observed: Rate,
}

/// Cases with the conditions that go into a model.
pub(super) struct Table<'a> {
    rules: Vec<&'a Rule>,
    same: Vec<(String, String)>,
    all: Rows,
    older: Rows,
    newer: Rows,
}

impl<'a> Table<'a> {
    /// Takes the conditions that enough cases have and enough lack, and of those that say the same the first.
    pub(super) fn new(rules: &'a [Rule], seen: &[Seen], split: Option<Day>) -> Self {
        let column = |number: usize| -> Vec<bool> {
            let cases = seen.iter();
            cases.map(|each| each.holds[number] == Some(true)).collect()
        };
        let (mut chosen, mut columns): (Vec<usize>, Vec<Vec<bool>>) = Default::default();
        let mut same = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            let column = column(number);
            let with = column.iter().filter(|holds| **holds).count() as u64;
            if with < CASES_MIN || column.len() as u64 - with < CASES_MIN {
                continue;
            }
            let alike = |each: &&Vec<bool>| {
                let differs = each.iter().zip(&column).filter(|(one, other)| one != other);
                [0, column.len()].contains(&differs.count())
            };
            if let Some(twin) = columns.iter().position(|each| alike(&each)) {
                same.push((rule.text.clone(), rules[chosen[twin]].text.clone()));
                continue;
            }
            chosen.push(number);
            columns.push(column);
        }
        let mut table = Self {
            rules: chosen.iter().map(|number| &rules[*number]).collect(),
            same,
            all: Rows::default(),
            older: Rows::default(),
            newer: Rows::default(),
        };
        for (number, each) in seen.iter().enumerate() {
            let holds: Vec<bool> = columns.iter().map(|column| column[number]).collect();
            let newer = split.is_some_and(|split| each.case.day > split);
            let part = if newer {
                &mut table.newer
            } else {
                &mut table.older
            };
            part.add(holds.clone(), each.case.converts);
            table.all.add(holds, each.case.converts);
        }
        table
    }

    /// The condition of an input.
    pub(super) fn name(&self, input: usize) -> Option<&str> {
        self.rules.get(input).map(|rule| rule.text.as_str())
    }

    /// Fits on everything, and once more on the older part to see how it does on the newer.
    pub(super) fn fit(&self, l2: f64) -> Result<Fitted, FitError> {
        let fit = self.all.fit(l2)?;
        let held_out = self.older.fit(l2).ok();
        let newer = held_out.map(|older| self.newer.predicted(&older));
        let newer = newer.filter(|rows| !rows.is_empty());
        let own = self.all.predicted(&fit);
        let Fit {
            intercept,
            inputs,
            steps,
        } = fit;
        let named = self.rules.iter().zip(inputs);
        Ok(Fitted {
            intercept,
            inputs: named
                .map(|(rule, coefficient)| Input {
                    when: rule.text.clone(),
                    coefficient,
                    rule: Rule::clone(rule),
                })
                .collect(),
            same: self.same.clone(),
            l2,
            steps,
            fitted_on: self.all.total(),
            newer_auc: newer.as_deref().and_then(auc),
            own_auc: auc(&own),
            calibrated_on_newer: newer.is_some(),
            calibration: tenths(newer.as_deref().unwrap_or(&own)),
        })
    }
}

fn auc(rows: &[(f64, Count)]) -> Option<f64> {
    let mut cases = Vec::new();
    for (chance, count) in rows {
        // The bits of numbers that are not negative are in the numbers' order.
        let key = chance.to_bits();
        let outcomes = (0..count.cases).map(|case| (key, case < count.conversions));
        cases.extend(outcomes);
    }
    area_under_curve(&cases)
}

/// Rows in the order of their chances, put together to tenths of the cases; equal rows stay together.
fn tenths(rows: &[(f64, Count)]) -> Vec<Tenth> {
    let total: u64 = rows.iter().map(|(_, count)| count.cases).sum();
    let mut tenths: Vec<(u64, Count, f64)> = Vec::new();
    let mut before = 0;
    for (chance, count) in rows {
        let number = before * 10 / total.max(1);
        before += count.cases;
        let predicted = chance * real(count.cases);
        match tenths.last_mut() {
            Some((last, all, sum)) if *last == number => {
                all.cases += count.cases;
                all.conversions += count.conversions;
                *sum += predicted;
            }
            _ => tenths.push((number, *count, predicted)),
        }
    }
    let tenths = tenths.into_iter().filter_map(|(_, count, predicted)| {
        Some(Tenth {
            count,
            predicted: predicted / real(count.cases),
            observed: count.rate()?,
        })
    });
    tenths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(conversions: u64, cases: u64) -> Count {
        Count { cases, conversions }
    }

    #[test]
    fn tenths_hold_whole_rows_in_the_order_of_their_chances() {
        let rows = [
            (0.1, count(0, 5)),
            (0.2, count(2, 5)),
            (0.3, count(1, 60)),
            (0.8, count(25, 30)),
        ];
        let told: Vec<(u64, u64, i64)> = tenths(&rows)
            .iter()
            .map(|tenth| {
                #[expect(clippy::cast_possible_truncation, reason = "a small number")]
                let predicted = (tenth.predicted * 1000.0).round() as i64;
                (tenth.count.cases, tenth.count.conversions, predicted)
            })
            .collect();
        // The first two rows begin within the first tenth; the third begins at the second.
        assert_eq!(told, [(10, 2, 150), (60, 1, 300), (30, 25, 800)]);
        assert_eq!(tenths(&[]), []);
    }

    #[test]
    fn the_area_of_a_model_is_that_of_its_cases() {
        let rows = [(0.067, count(20, 300)), (0.4, count(40, 100))];
        // Of 60 x 340 pairs 40 x 280 are right, 40 x 60 + 20 x 280 are ties.
        let expected = (11_200.0 + 8_000.0 / 2.0) / 20_400.0;
        assert!((auc(&rows).unwrap() - expected).abs() < 1e-12);
    }
}
