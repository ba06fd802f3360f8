//! Scores by a logistic model: the probability as points, and what each condition adds to it.
//!
//! `exp` is the one of a library in plain Rust, so that a machine's own
//! mathematics cannot move a score. Nothing here is fitted.

use super::evaluate::RuleValue;

/// The probability at a logarithm of the odds.
pub fn probability(log_odds: f64) -> f64 {
    // The exponent is never positive, so nothing overflows.
    let small = libm::exp(-log_odds.abs());
    if log_odds < 0.0 {
        small / (1.0 + small)
    } else {
        1.0 / (1.0 + small)
    }
}

/// A hundred times the probability, in thousandths.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number from 0 to 100,000"
)]
pub fn thousandths(log_odds: f64) -> i64 {
    (100_000.0 * probability(log_odds)).round() as i64
}

/// Gives each rule what it adds to the score as one goes through them in their
/// order: the differences add up to a hundred times the probability, exactly.
/// What is unknown adds nothing.
pub(super) fn spread(weights: &[f64], rules: &mut [RuleValue]) {
    let (mut log_odds, mut reached) = (0.0, 0);
    for (rule, weight) in rules.iter_mut().zip(weights) {
        rule.points = 0;
        if rule.holds {
            log_odds += weight;
            let now = thousandths(log_odds);
            rule.points = now - reached;
            reached = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread_over(weights: &[f64], holds: &[bool]) -> Vec<i64> {
        let value = |holds: &bool| RuleValue {
            holds: *holds,
            points: 7,
            ..RuleValue::default()
        };
        let mut rules: Vec<RuleValue> = holds.iter().map(value).collect();
        spread(weights, &mut rules);
        rules.iter().map(|rule| rule.points).collect()
    }

    #[test]
    fn four_in_ten_and_one_in_fifteen_are_forty_and_seven_points() {
        // ln(1/14) and ln(2/3) - ln(1/14), as the reference's table has them.
        let weights = [-2.639_057_329_615_258_6, 2.233_592_221_507_094];
        assert_eq!(spread_over(&weights, &[true, false]), [6_667, 0]);
        assert_eq!(spread_over(&weights, &[true, true]), [6_667, 33_333]);
    }

    #[test]
    fn the_parts_add_up_to_the_whole_whatever_holds() {
        let weights = [-1.3, 0.7, -2.9, 40.0, -80.0, 0.000_001];
        for mask in 0..32_u32 {
            let mut holds = vec![true];
            holds.extend((0..5).map(|bit| mask & (1 << bit) != 0));
            let sum: f64 = weights
                .iter()
                .zip(&holds)
                .filter(|(_, holds)| **holds)
                .fold(0.0, |sum, (weight, _)| sum + weight);
            let parts = spread_over(&weights, &holds);
            assert_eq!(parts.iter().sum::<i64>(), thousandths(sum));
        }
    }

    #[test]
    fn the_ends_of_the_scale_are_reached_and_never_left() {
        assert_eq!(thousandths(0.0), 50_000);
        assert_eq!(thousandths(1e9), 100_000);
        assert_eq!(thousandths(-1e9), 0);
        // The same bits on every machine.
        assert_eq!(probability(-2.5).to_bits(), 0x3fb3_6b71_1253_4848);
    }
}
