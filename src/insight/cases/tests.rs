use super::*;
use crate::rules::syntax::Unit;

const WITHIN: Window = Window {
    number: 90,
    unit: Unit::Day,
};

fn life(contact: i64, since: i32, converted: Option<i32>) -> Life {
    Life {
        contact: ContactId(contact),
        since: Day(since),
        converted: converted.map(Day),
    }
}

fn of(cases: &Cases, contact: i64) -> Vec<(i32, bool)> {
    let own = cases.cases.iter();
    let own = own.filter(|case| case.contact == ContactId(contact));
    own.map(|case| (case.day.0, case.converts)).collect()
}

#[test]
fn who_converts_stands_on_the_day_before_and_the_rest_on_the_same_days() {
    let mut lives = vec![life(1, 0, Some(101)), life(2, 0, Some(111))];
    lives.extend((3..=42).map(|contact| life(contact, 0, None)));
    let cases = deal(&lives, WITHIN);
    assert_eq!(of(&cases, 1), [(100, true)]);
    assert_eq!(of(&cases, 2), [(110, true)]);
    let others = cases.cases.iter().filter(|case| !case.converts);
    let early = others.clone().filter(|case| case.day == Day(100)).count();
    // In turn, whoever does not fit takes no day away.
    assert!((19..=21).contains(&early), "{early}");
    assert_eq!(others.count(), 40);
    assert_eq!(cases, deal(&lives, WITHIN));
}

#[test]
fn the_order_in_which_contacts_are_given_does_not_matter() {
    let mut lives: Vec<Life> = (0..50)
        .map(|n| {
            life(
                n,
                i32::try_from(n % 7).unwrap(),
                (n % 5 == 0).then_some(60 + i32::try_from(n).unwrap()),
            )
        })
        .collect();
    let cases = deal(&lives, WITHIN);
    lives.reverse();
    assert_eq!(deal(&lives, WITHIN), cases);
}

#[test]
fn who_converts_later_is_compared_only_beyond_the_horizon() {
    // Day 100 + 90 is 190: a conversion on 191 is beyond it, one on 190 is not.
    let later = |on| deal(&[life(1, 0, Some(101)), life(2, 0, Some(on))], WITHIN);
    assert_eq!(of(&later(191), 2), [(190, true), (100, false)]);
    assert_eq!(of(&later(190), 2), [(189, true)]);
    // Nobody is compared on a day after its own conversion.
    assert_eq!(of(&later(191), 1), [(100, true)]);
}

#[test]
fn who_was_not_there_is_left_out_and_counted() {
    let cases = deal(
        &[
            life(1, 0, Some(101)),
            life(2, 50, Some(50)),
            life(3, 101, None),
            life(4, 100, None),
        ],
        WITHIN,
    );
    assert_eq!((cases.at_once, cases.unfit), (1, 1));
    assert_eq!(of(&cases, 2), []);
    assert_eq!(of(&cases, 3), []);
    assert_eq!(of(&cases, 4), [(100, false)]);
    assert_eq!(deal(&[life(1, 0, None)], WITHIN).unfit, 1);
}

#[test]
fn the_older_part_holds_seven_in_ten_conversions_and_whole_days() {
    let cases = |days: &[i32]| -> Vec<Case> {
        let case = |day: &i32| Case {
            contact: ContactId(1),
            day: Day(*day),
            converts: true,
        };
        days.iter().map(case).collect()
    };
    assert_eq!(
        older_until(&cases(&[10, 1, 2, 3, 4, 5, 6, 7, 8, 9])),
        Some(Day(7))
    );
    assert_eq!(older_until(&cases(&[1, 2])), Some(Day(2)));
    assert_eq!(older_until(&[]), None);
}
