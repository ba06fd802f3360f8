//! Shares and how sure they are: Wilson's interval, lift, points, the area under the curve.
//!
//! Counts go in; sums are of whole numbers, so the order of cases cannot matter.

use serde::Serialize;

/// 97.5 % of a normal distribution lie below this: both ends together make 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Some cases, and how many of them converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// All.
    pub cases: u64,
    /// Those that converted.
    pub conversions: u64,
}

/// A share with its 95 % interval, as fractions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The share.
    pub rate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A whole number as a fraction: counts stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn real(number: u64) -> f64 {
    number as f64
}

impl Count {
    /// Adds one case.
    pub fn add(&mut self, converts: bool) {
        self.cases += 1;
        self.conversions += u64::from(converts);
    }

    /// What is in this and not in a part of it.
    #[must_use]
    pub fn without(self, part: Self) -> Self {
        Self {
            cases: self.cases - part.cases,
            conversions: self.conversions - part.conversions,
        }
    }

    /// The share of conversions with Wilson's 95 % interval; `None` without cases.
    pub fn rate(self) -> Option<Rate> {
        if self.cases == 0 {
            return None;
        }
        let (n, rate) = (real(self.cases), real(self.conversions) / real(self.cases));
        let center = (rate + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let spread = (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt();
        let half = Z * spread / (1.0 + Z * Z / n);
        Some(Rate {
            rate,
            low: (center - half).max(0.0),
            high: (center + half).min(1.0),
        })
    }

    /// How many times the share of all it is; `None` where one of the two has no share.
    pub fn lift(self, all: Self) -> Option<f64> {
        let (own, all) = (self.rate()?.rate, all.rate()?.rate);
        (all > 0.0).then(|| own / all)
    }

    /// Points for a fact: the share of those who have it less that of all, in
    /// percentage points; and the cautious ones, by the end of the interval that is
    /// nearer to the share of all, 0 where the interval holds it.
    pub fn points(self, all: Self) -> Option<(i64, i64)> {
        let (own, all) = (self.rate()?, all.rate()?.rate);
        let cautious = if own.low > all {
            own.low - all
        } else if own.high < all {
            own.high - all
        } else {
            0.0
        };
        Some((
            percentage_points(own.rate - all),
            percentage_points(cautious),
        ))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number from -100 to 100"
)]
fn percentage_points(difference: f64) -> i64 {
    // Twelve decimals: 0.285 is stored a little below itself, and would be rounded down.
    let exact = (difference * 1e14).round() / 1e12;
    exact.round() as i64
}

/// How well a number tells who converts: of all pairs of one who does and one who
/// does not, the share in which the first has more, ties as half. `None` without either.
pub fn area_under_curve<N: Ord + Copy>(cases: &[(N, bool)]) -> Option<f64> {
    let mut sorted = cases.to_vec();
    sorted.sort_unstable();
    // Twice the pairs won, so that ties are whole.
    let (mut won, mut below, mut converted) = (0_u128, 0_u128, 0_u128);
    for same in sorted.chunk_by(|one, other| one.0 == other.0) {
        let yes = same.iter().filter(|(_, converts)| *converts).count() as u128;
        let no = same.len() as u128 - yes;
        won += yes * (2 * below + no);
        below += no;
        converted += yes;
    }
    let pairs = 2 * converted * below;
    let narrow = |number: u128| u64::try_from(number).map(real).ok();
    (pairs > 0).then(|| Some(narrow(won)? / narrow(pairs)?))?
}

/// A line, and who is at or above it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The line, in thousandths.
    #[serde(serialize_with = "points")]
    pub from: i64,
    /// The share of the conversions at or above it.
    pub caught: f64,
    /// The share of the others at or above it.
    pub flagged: f64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn points<S: serde::Serializer>(from: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    crate::score::explain::Points(*from).serialize(serializer)
}

/// The strictest line that catches so many in a hundred of the conversions; `None` without conversions.
pub fn threshold(cases: &[(i64, bool)], percent: u64) -> Option<Threshold> {
    let mut all = Count::default();
    for (_, converts) in cases {
        all.add(*converts);
    }
    let mut sorted = cases.to_vec();
    sorted.sort_unstable_by_key(|case| std::cmp::Reverse(case.0));
    let mut above = Count::default();
    for same in sorted.chunk_by(|one, other| one.0 == other.0) {
        for (_, converts) in same {
            above.add(*converts);
        }
        if above.conversions > 0 && above.conversions * 100 >= all.conversions * percent {
            let others = |count: Count| real(count.cases - count.conversions);
            return Some(Threshold {
                from: same[0].0,
                caught: real(above.conversions) / real(all.conversions),
                flagged: if others(all) > 0.0 {
                    others(above) / others(all)
                } else {
                    0.0
                },
            });
        }
    }
    None
}

#[cfg(test)]
mod tests;
