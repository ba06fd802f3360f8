use super::*;
use crate::score::logistic::thousandths;

fn rows(table: &[(&[bool], u64, u64)]) -> Rows {
    let mut rows = Rows::default();
    for (holds, conversions, cases) in table {
        for case in 0..*cases {
            rows.add(holds.to_vec(), case < *conversions);
        }
    }
    rows
}

fn close(one: f64, other: f64, by: f64) {
    assert!((one - other).abs() < by, "{one} {other}");
}

#[test]
fn mg_17_the_table_without_penalty_gives_the_reference_to_the_last_digit() {
    let rows = rows(&[(&[true], 40, 100), (&[false], 20, 300)]);
    let fit = rows.fit(0.0).unwrap();
    close(fit.intercept, -2.639_057, 5e-7);
    close(fit.inputs[0].coefficient, 2.233_592, 5e-7);
    close(fit.inputs[0].odds_ratio, 9.333, 5e-4);
    // The input's deviation is the root of a quarter times three quarters.
    close(
        fit.inputs[0].standardised,
        2.233_592 * 0.1875_f64.sqrt(),
        5e-7,
    );
    close(probability(fit.log_odds(&[true])), 0.4, 5e-5);
    close(probability(fit.log_odds(&[false])), 0.0667, 5e-5);
    let shown = |holds| (thousandths(fit.log_odds(&[holds])) + 500) / 1000;
    assert_eq!((shown(true), shown(false)), (40, 7));
}

#[test]
fn the_bits_are_the_same_on_each_run_and_in_each_order_of_cases() {
    let table: [(&[bool], u64, u64); 4] = [
        (&[true, false], 9, 31),
        (&[true, true], 17, 23),
        (&[false, true], 3, 19),
        (&[false, false], 4, 57),
    ];
    let fit = rows(&table).fit(0.5).unwrap();
    let mut turned = table;
    turned.reverse();
    assert_eq!(rows(&turned).fit(0.5).unwrap(), fit);
    let bits = [
        fit.intercept,
        fit.inputs[0].coefficient,
        fit.inputs[1].coefficient,
    ]
    .map(f64::to_bits);
    let known = [
        0xc006_9bd4_e260_eb01,
        0x4000_a5e5_4e4d_eeef,
        0x3ff8_6519_1169_f746,
    ];
    assert_eq!(bits, known, "{fit:?} {bits:x?}");
}

#[test]
fn at_the_best_the_sums_of_what_is_expected_are_those_of_what_happened() {
    let rows = rows(&[
        (&[true, false], 9, 31),
        (&[true, true], 17, 23),
        (&[false, true], 3, 19),
        (&[false, false], 4, 57),
    ]);
    let fit = rows.fit(0.0).unwrap();
    let expected = |wanted: fn(&[bool]) -> bool| -> f64 {
        let held = rows.0.iter().filter(|(holds, _)| wanted(holds));
        held.map(|(holds, count)| real(count.cases) * probability(fit.log_odds(holds)))
            .sum()
    };
    close(expected(|_| true), 33.0, 1e-9);
    close(expected(|holds| holds[0]), 26.0, 1e-9);
    close(expected(|holds| holds[1]), 20.0, 1e-9);
}

#[test]
fn a_penalty_pulls_coefficients_towards_nothing_and_leaves_the_share_of_all() {
    let rows = rows(&[(&[true], 40, 100), (&[false], 20, 300)]);
    let mut last = f64::INFINITY;
    for l2 in [0.0, 1.0, 10.0, 1000.0, 1e9] {
        let fit = rows.fit(l2).unwrap();
        assert!(fit.inputs[0].coefficient < last);
        last = fit.inputs[0].coefficient;
        let expected: f64 = rows
            .predicted(&fit)
            .iter()
            .map(|(chance, count)| chance * real(count.cases))
            .sum();
        close(expected, 60.0, 1e-6);
    }
    close(last, 0.0, 1e-6);
}

#[test]
fn what_tells_apart_perfectly_ends_in_a_word_and_with_a_penalty_in_a_number() {
    let perfect = rows(&[
        (&[true, true], 50, 50),
        (&[false, true], 0, 100),
        (&[false, false], 0, 50),
    ]);
    assert_eq!(perfect.fit(0.0), Err(FitError::Separated(Some(0))));
    let half = rows(&[(&[true], 50, 50), (&[false], 10, 100)]);
    assert_eq!(half.fit(0.0), Err(FitError::Separated(Some(0))));
    for (fit, inputs) in [(perfect.fit(1.0).unwrap(), 2), (half.fit(1.0).unwrap(), 1)] {
        assert_eq!(fit.inputs.len(), inputs);
        assert!(fit.inputs.iter().all(|each| each.coefficient.is_finite()));
    }
    // Only both together do.
    let both = rows(&[
        (&[true, true], 20, 20),
        (&[true, false], 0, 20),
        (&[false, true], 0, 20),
        (&[false, false], 0, 20),
    ]);
    assert!(matches!(both.fit(0.0), Err(FitError::Separated(_))));
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let twins = rows(&[(&[true, true], 40, 100), (&[false, false], 20, 300)]);
    assert_eq!(twins.fit(0.0), Err(FitError::Alike));
    let fit = twins.fit(1.0).unwrap();
    close(fit.inputs[0].coefficient, fit.inputs[1].coefficient, 1e-9);
    assert_eq!(
        rows(&[(&[true], 0, 10), (&[false], 0, 10)]).fit(1.0),
        Err(FitError::OneOutcome)
    );
    assert_eq!(Rows::default().fit(1.0), Err(FitError::OneOutcome));
    // What everybody has weighs nothing.
    let constant = rows(&[(&[true, true], 40, 100), (&[true, false], 20, 300)]);
    let fit = constant.fit(0.0).unwrap();
    assert_eq!(fit.inputs[0].coefficient.to_bits(), 0.0_f64.to_bits());
    close(fit.intercept, -2.639_057, 5e-7);
}
