//! Logistic regression over conditions, the same bits on every run and machine.
//!
//! Newton's method, at most 25 steps, on standardised inputs, with a penalty on
//! the squares of the coefficients (not of the intercept). Nothing is random and
//! nothing runs in parallel: equal rows are counted first and then summed in the
//! order of what they hold, so not even the order of cases matters. `exp` and
//! `log` are a library's in plain Rust.

use std::collections::BTreeMap;

use serde::Serialize;
use thiserror::Error;

use crate::score::logistic::probability;

use super::rates::{Count, real};

/// The most steps.
const STEPS_MAX: u32 = 25;
/// A step in which no coefficient moves by more than this is the last.
const SETTLED: f64 = 1e-10;
/// How often a step that would make things worse is halved.
const HALVINGS_MAX: u32 = 30;
/// Beyond these log odds a probability is 0 or 1 for every practical purpose.
const CERTAIN: f64 = 15.0;

/// Rows of conditions, equal ones counted.
#[derive(Clone, Debug, Default)]
pub struct Rows(BTreeMap<Vec<bool>, Count>);

/// A fitted model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The logarithm of the odds where no condition holds.
    pub intercept: f64,
    /// Each input's.
    pub inputs: Vec<Coefficient>,
    /// How many steps it took.
    pub steps: u32,
}

/// What one input weighs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coefficient {
    /// On the standardised input.
    pub standardised: f64,
    /// On the input itself: what it adds to the logarithm of the odds.
    pub coefficient: f64,
    /// By what the odds are multiplied.
    pub odds_ratio: f64,
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FitError {
    /// An input, by its number, tells everybody apart that has or lacks it.
    #[error("who converts is told apart perfectly, so a coefficient has no end")]
    Separated(Option<usize>),
    /// Some inputs say the same.
    #[error("some of the conditions say the same, so their coefficients cannot be told apart")]
    Alike,
    /// Everybody converts, or nobody does.
    #[error("all cases end alike")]
    OneOutcome,
    /// It did not settle.
    #[error("the fit did not settle within {STEPS_MAX} steps")]
    Unsettled,
}

impl Rows {
    /// Adds a case.
    pub fn add(&mut self, holds: Vec<bool>, converts: bool) {
        self.0.entry(holds).or_default().add(converts);
    }

    /// All cases.
    pub fn total(&self) -> Count {
        self.sum(|_| true)
    }

    /// Those in which an input holds.
    fn with(&self, input: usize) -> Count {
        self.sum(|holds| holds[input])
    }

    fn sum(&self, wanted: impl Fn(&[bool]) -> bool) -> Count {
        let mut sum = Count::default();
        for (_, count) in self.0.iter().filter(|(holds, _)| wanted(holds)) {
            sum.cases += count.cases;
            sum.conversions += count.conversions;
        }
        sum
    }

    /// The probability that a fit gives each row, and the row's counts; the least likely first.
    pub fn predicted(&self, fit: &Fit) -> Vec<(f64, Count)> {
        let rows = self.0.iter();
        let mut all: Vec<(f64, Count)> = rows
            .map(|(holds, count)| (probability(fit.log_odds(holds)), *count))
            .collect();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        all
    }

    fn inputs(&self) -> usize {
        self.0.keys().next().map_or(0, Vec::len)
    }

    /// Fits a model. `l2` is half the price of a unit of a squared standardised coefficient.
    ///
    /// # Errors
    ///
    /// Where the data have no one best model, or the steps do not find it.
    pub fn fit(&self, l2: f64) -> Result<Fit, FitError> {
        let total = self.total();
        if total.conversions == 0 || total.conversions == total.cases {
            return Err(FitError::OneOutcome);
        }
        let problem = Problem::new(self, total, l2);
        let found = problem.solve();
        let (weights, steps) = match found {
            Ok(found) if l2 > 0.0 || !problem.is_certain(&found.0) => found,
            // Where the best has no end, steps run out or the slope vanishes on the way there.
            Ok(_) => return Err(FitError::Separated(self.separator())),
            Err((error, weights)) => {
                let separator = self.separator();
                return Err(if l2 > 0.0 {
                    error
                } else if separator.is_some() || problem.is_certain(&weights) {
                    FitError::Separated(separator)
                } else {
                    error
                });
            }
        };
        Ok(problem.fit(&weights, steps))
    }

    /// An input of which those who have it, or those who lack it, all end alike.
    fn separator(&self) -> Option<usize> {
        let total = self.total();
        let alike = |count: Count| count.conversions == 0 || count.conversions == count.cases;
        (0..self.inputs()).find(|input| {
            let with = self.with(*input);
            alike(with) || alike(total.without(with))
        })
    }
}

impl Fit {
    /// The logarithm of the odds, summed in the order of the inputs.
    pub fn log_odds(&self, holds: &[bool]) -> f64 {
        let held = self.inputs.iter().zip(holds).filter(|(_, holds)| **holds);
        held.fold(self.intercept, |sum, (input, _)| sum + input.coefficient)
    }
}

/// The rows in standardised form: each a leading 1, then the inputs.
struct Problem {
    rows: Vec<(Vec<f64>, Count)>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    l2: f64,
}

impl Problem {
    fn new(rows: &Rows, total: Count, l2: f64) -> Self {
        let inputs = 0..rows.inputs();
        let means: Vec<f64> = inputs
            .map(|input| real(rows.with(input).cases) / real(total.cases))
            .collect();
        let deviation = |mean: &f64| (mean * (1.0 - mean)).sqrt();
        let deviations: Vec<f64> = means.iter().map(deviation).collect();
        let standardised = |holds: &[bool]| -> Vec<f64> {
            let inputs = holds.iter().zip(means.iter().zip(&deviations));
            let inputs = inputs.map(|(holds, (mean, deviation))| {
                let value = f64::from(u8::from(*holds));
                // What everybody has says nothing, and weighs nothing.
                if *deviation > 0.0 {
                    (value - mean) / deviation
                } else {
                    0.0
                }
            });
            std::iter::once(1.0).chain(inputs).collect()
        };
        Self {
            rows: rows
                .0
                .iter()
                .map(|(holds, count)| (standardised(holds), *count))
                .collect(),
            means,
            deviations,
            l2,
        }
    }

    /// The weights on the standardised inputs and the number of steps; with an error, the weights reached.
    fn solve(&self) -> Result<(Vec<f64>, u32), (FitError, Vec<f64>)> {
        let mut weights = vec![0.0; self.means.len() + 1];
        let mut value = self.likelihood(&weights);
        for step in 1..=STEPS_MAX {
            let (slope, curve) = self.derivatives(&weights);
            let Some(mut way) = solve(curve, slope) else {
                return Err((FitError::Alike, weights));
            };
            let mut halvings = 0;
            let (next, better) = loop {
                let next: Vec<f64> = weights.iter().zip(&way).map(|(at, by)| at + by).collect();
                let better = self.likelihood(&next);
                if better >= value || halvings == HALVINGS_MAX || largest(&way) < SETTLED {
                    break (next, better);
                }
                for by in &mut way {
                    *by /= 2.0;
                }
                halvings += 1;
            };
            (weights, value) = (next, better);
            if largest(&way) < SETTLED {
                return Ok((weights, step));
            }
        }
        Err((FitError::Unsettled, weights))
    }

    /// The logarithm of the likelihood less the penalty.
    fn likelihood(&self, weights: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (row, count) in &self.rows {
            let at = dot(row, weights);
            // log(1 + e^x) without overflow.
            let softplus = at.max(0.0) + libm::log1p(libm::exp(-at.abs()));
            sum += real(count.conversions) * at - real(count.cases) * softplus;
        }
        let squares = weights[1..].iter().fold(0.0, |sum, each| sum + each * each);
        sum - self.l2 / 2.0 * squares
    }

    /// The slope of the likelihood, and its curve with the sign turned.
    fn derivatives(&self, weights: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let size = weights.len();
        let (mut slope, mut curve) = (vec![0.0; size], vec![vec![0.0; size]; size]);
        for (row, count) in &self.rows {
            let chance = probability(dot(row, weights));
            let missing = real(count.conversions) - real(count.cases) * chance;
            let bend = real(count.cases) * chance * (1.0 - chance);
            for (first, value) in row.iter().enumerate() {
                slope[first] += value * missing;
                for (second, other) in row[..=first].iter().enumerate() {
                    curve[first][second] += value * bend * other;
                }
            }
        }
        for input in 1..size {
            slope[input] -= self.l2 * weights[input];
            curve[input][input] += self.l2;
            if self.deviations[input - 1] == 0.0 {
                curve[input][input] += 1.0;
            }
        }
        (slope, curve)
    }

    /// Whether the model is all but certain about some row.
    fn is_certain(&self, weights: &[f64]) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|(row, _)| dot(row, weights).abs() > CERTAIN)
    }

    /// Back to the inputs as they are.
    fn fit(&self, weights: &[f64], steps: u32) -> Fit {
        let mut intercept = weights[0];
        let mut inputs = Vec::new();
        let scales = self.means.iter().zip(&self.deviations);
        for (standardised, (mean, deviation)) in weights[1..].iter().zip(scales) {
            let coefficient = if *deviation > 0.0 {
                standardised / deviation
            } else {
                0.0
            };
            intercept -= coefficient * mean;
            inputs.push(Coefficient {
                standardised: *standardised,
                coefficient,
                odds_ratio: libm::exp(coefficient),
            });
        }
        Fit {
            intercept,
            inputs,
            steps,
        }
    }
}

fn dot(row: &[f64], weights: &[f64]) -> f64 {
    let pairs = row.iter().zip(weights);
    pairs.fold(0.0, |sum, (value, weight)| sum + value * weight)
}

fn largest(way: &[f64]) -> f64 {
    way.iter().fold(0.0, |most: f64, by| most.max(by.abs()))
}

/// Solves `curve x = slope` by Cholesky's decomposition of the lower triangle; `None` where it is not definite.
#[expect(clippy::needless_range_loop, reason = "indices say it best")]
fn solve(mut curve: Vec<Vec<f64>>, mut slope: Vec<f64>) -> Option<Vec<f64>> {
    let size = slope.len();
    for column in 0..size {
        let whole = curve[column][column];
        let mut rest = whole;
        for before in 0..column {
            rest -= curve[column][before] * curve[column][before];
        }
        // Less than this is what rounding leaves of nothing.
        if rest.is_nan() || rest <= whole * 1e-10 {
            return None;
        }
        curve[column][column] = rest.sqrt();
        for row in column + 1..size {
            let mut rest = curve[row][column];
            for before in 0..column {
                rest -= curve[row][before] * curve[column][before];
            }
            curve[row][column] = rest / curve[column][column];
        }
    }
    for row in 0..size {
        for before in 0..row {
            slope[row] -= curve[row][before] * slope[before];
        }
        slope[row] /= curve[row][row];
    }
    for row in (0..size).rev() {
        for after in row + 1..size {
            slope[row] -= curve[after][row] * slope[after];
        }
        slope[row] /= curve[row][row];
    }
    Some(slope)
}

#[cfg(test)]
mod tests;
