use super::*;
use crate::{score::calendar::Day, store::WeekBand};

/// A score with two bands of so many contacts, and a rule that gave so many contacts so many points.
fn week(name: &str, rules: &str, hot: i64, cold: i64, (given, points): (i64, i64)) -> Week {
    let band = |name: &str, contacts| WeekBand {
        name: Some(name.to_owned()),
        contacts,
        earlier: 0,
        converted: 0,
    };
    Week {
        week: name.to_owned(),
        as_of: Day(20_600),
        rules: rules.to_owned(),
        contacts: hot + cold,
        known_at: 0,
        scores: vec![WeekScore {
            name: "engagement".to_owned(),
            bands: vec![band("hot", hot), band("cold", cold)],
            rules: vec![WeekRule {
                text: "open".to_owned(),
                contacts: given,
                points: points * 1000,
            }],
        }],
    }
}

fn two(hot: i64, cold: i64, given: (i64, i64)) -> Vec<Week> {
    vec![
        week("2026-W23", "a", 500, 500, (400, 800)),
        week("2026-W24", "a", hot, cold, given),
    ]
}

fn told(weeks: &[Week]) -> Vec<(Severity, String)> {
    let found = findings(weeks, 0.2).into_iter();
    found
        .map(|each| (each.severity, each.to_string()))
        .collect()
}

const SAME: (i64, i64) = (400, 800);

#[test]
fn the_index_of_shares_that_move_is_the_one_worked_out_by_hand() {
    // 0.1 ln 1.2 - 0.1 ln 0.8, and 0.25 ln 1.5 - 0.25 ln 0.5.
    for (hot, expected) in [(600, 0.040_547), (750, 0.274_653)] {
        let weeks = two(hot, 1000 - hot, SAME);
        let [before, after] = &weeks[..] else {
            panic!("two weeks");
        };
        let moved = bands((&before.scores[0], 1000), (&after.scores[0], 1000));
        let Some(Moved::Bands { index, .. }) = moved else {
            panic!("bands");
        };
        assert!((index - expected).abs() < 1e-6, "{index}");
    }
}

#[test]
fn bands_are_quiet_up_to_half_the_limit_a_notice_up_to_it_and_an_alert_beyond() {
    // 0.0929, 0.1061, 0.1978, 0.2747.
    assert_eq!(told(&two(650, 350, SAME)), []);
    assert_eq!(told(&two(660, 340, SAME))[0].0, Severity::Notice);
    assert_eq!(told(&two(715, 285, SAME))[0].0, Severity::Notice);
    assert_eq!(
        told(&two(750, 250, SAME)),
        [(
            Severity::Alert,
            "engagement: the bands moved (index 0.27); most of all cold, 50.0 % -> 25.0 %, 2026-W23 -> 2026-W24".to_owned()
        )]
    );
}

#[test]
fn a_band_that_empties_moves_and_few_contacts_never_do() {
    assert_eq!(told(&two(1000, 0, SAME))[0].0, Severity::Alert);
    let few = [
        week("2026-W23", "a", 10, 10, SAME),
        week("2026-W24", "a", 20, 0, (8, 16)),
    ];
    assert!(
        !told(&few).iter().any(|(_, words)| words.contains("bands")),
        "{few:?}"
    );
}

#[test]
fn a_rule_that_doubles_halves_or_stops_is_an_alert() {
    for (given, words) in [
        (
            (400, 1600),
            Some("'open' gives twice as much or more: 0.80 -> 1.60"),
        ),
        ((400, 1599), None),
        ((400, 401), None),
        ((400, 400), Some("'open' gives half or less: 0.80 -> 0.40")),
        ((0, 0), Some("'open' gives nothing any more: 0.80 -> 0.00")),
    ] {
        let found = told(&two(500, 500, given));
        match words {
            None => assert_eq!(found, []),
            Some(words) => {
                assert!(found[0].1.contains(words), "{found:?}");
                assert_eq!(found[0].0, Severity::Alert);
            }
        }
    }
    // Twice as many contacts who are given as much are no news, and few of whom are given anything are none.
    let more = [
        week("2026-W23", "a", 500, 500, (400, 800)),
        week("2026-W24", "a", 1000, 1000, (800, 1600)),
    ];
    assert_eq!(told(&more), []);
    let few = [
        week("2026-W23", "a", 500, 500, (29, 58)),
        week("2026-W24", "a", 500, 500, (0, 0)),
    ];
    assert_eq!(told(&few), []);
}

#[test]
fn after_an_edit_of_the_rules_what_moves_is_a_notice() {
    let weeks = [
        week("2026-W23", "a", 500, 500, SAME),
        week("2026-W24", "b", 900, 100, (0, 0)),
    ];
    let found = told(&weeks);
    assert_eq!(found.len(), 2, "{found:?}");
    for (severity, words) in found {
        assert_eq!(severity, Severity::Notice);
        assert!(
            words.ends_with("the rules were edited in between"),
            "{words}"
        );
    }
}

#[test]
fn what_creeps_is_found_against_the_first_week_and_told_once() {
    let weeks: Vec<Week> = (0..6)
        .map(|at| {
            week(
                &format!("2026-W{}", 20 + at),
                "a",
                500 + 60 * at,
                500 - 60 * at,
                SAME,
            )
        })
        .collect();
    let found = told(&weeks);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.ends_with("2026-W20 -> 2026-W25"), "{found:?}");
    // A leap in the last week is told against the week before, and not again against the first.
    let mut leapt = weeks;
    leapt.push(week("2026-W26", "a", 100, 900, SAME));
    let found = told(&leapt);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.ends_with("2026-W25 -> 2026-W26"), "{found:?}");
}

#[test]
fn one_week_alone_is_nothing_to_compare() {
    assert_eq!(findings(&two(900, 100, SAME)[1..], 0.2), []);
    assert_eq!(findings(&[], 0.2), []);
}
