use super::*;

fn count(conversions: u64, cases: u64) -> Count {
    Count { cases, conversions }
}

fn close(one: f64, other: f64) {
    assert!((one - other).abs() < 5e-7, "{one} {other}");
}

#[test]
fn wilsons_interval_is_the_one_worked_by_hand() {
    // 40 of 100: (0.4 + 1.920729/100 ± 1.959964 sqrt(0.0024 + 0.00009604)) / 1.03841459
    let rate = count(40, 100).rate().unwrap();
    close(rate.rate, 0.4);
    close(rate.low, 0.309_401);
    close(rate.high, 0.497_997);
    // 4 of 10 are 17 % at least, 400 of 1000 are 37 %: the reference's B33.
    assert_eq!(
        format!("{:.0}", 100.0 * count(4, 10).rate().unwrap().low),
        "17"
    );
    assert_eq!(
        format!("{:.0}", 100.0 * count(400, 1000).rate().unwrap().low),
        "37"
    );
    let none = count(0, 10).rate().unwrap();
    close(none.low, 0.0);
    close(none.high, 0.277_533);
    assert_eq!(count(0, 0).rate(), None);
}

#[test]
fn mg_13_forty_of_a_hundred_against_fifteen_percent_are_25_points_16_cautious() {
    let all = count(60, 400);
    assert_eq!(count(40, 100).points(all), Some((25, 16)));
    // The rest of B33: the fewer there are, the less is sure.
    assert_eq!(count(4, 10).points(all), Some((25, 2)));
    assert_eq!(count(400, 1000).points(all), Some((25, 22)));
    // 3 - 15; the cautious end of less is the upper one.
    assert_eq!(count(3, 100).points(all), Some((-12, -7)));
    assert_eq!(count(16, 100).points(all), Some((1, 0)));
    close(count(40, 100).lift(all).unwrap(), 40.0 / 15.0);
    assert_eq!(count(20, 300), all.without(count(40, 100)));
}

#[test]
fn the_area_is_the_share_of_pairs_in_the_right_order_ties_half() {
    // Conversions at 3 and 1, others at 2, 1 and 0: of 6 pairs 3 + 1 are right, 1 is a tie.
    let cases = [(3, true), (1, true), (2, false), (1, false), (0, false)];
    close(area_under_curve(&cases).unwrap(), 4.5 / 6.0);
    let mut turned = cases;
    turned.reverse();
    assert_eq!(area_under_curve(&turned), area_under_curve(&cases));
    close(area_under_curve(&[(1, true), (1, false)]).unwrap(), 0.5);
    assert_eq!(area_under_curve(&[(1, true)]), None);
    assert_eq!(area_under_curve::<i64>(&[]), None);
}

#[test]
fn the_line_is_the_strictest_that_catches_four_in_five() {
    let mut cases: Vec<(i64, bool)> = (1..=5).map(|n| (n * 10_000, true)).collect();
    cases.extend([
        (20_000, false),
        (20_000, false),
        (15_000, false),
        (5_000, false),
    ]);
    let line = threshold(&cases, 80).unwrap();
    assert_eq!(line.from, 20_000);
    close(line.caught, 0.8);
    close(line.flagged, 0.5);
    assert_eq!(threshold(&cases, 100).unwrap().from, 10_000);
    assert_eq!(threshold(&[(1, false)], 80), None);
}
