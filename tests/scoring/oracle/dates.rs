//! The calendar by year, month and day; days are also numbers, 0 is 1 January 1970.

use chrono::{Datelike, TimeZone};
use chrono_tz::Tz;
use engaged::rules::{
    set::Period,
    syntax::{Unit, Window},
};

fn leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i32, month: i32) -> i32 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn before_year(year: i32) -> i32 {
    let leaps = |year: i32| year / 4 - year / 100 + year / 400;
    365 * (year - 1970) + leaps(year - 1) - leaps(1969)
}

/// The number of a day.
pub(crate) fn number(year: i32, month: i32, day: i32) -> i32 {
    let months: i32 = (1..month).map(|month| month_length(year, month)).sum();
    before_year(year) + months + day - 1
}

/// Year, month and day of a number.
pub(crate) fn date(number: i32) -> (i32, i32, i32) {
    let mut year = 1970 + number / 366 - 1;
    while before_year(year + 1) <= number {
        year += 1;
    }
    let mut day = number - before_year(year) + 1;
    let mut month = 1;
    while day > month_length(year, month) {
        day -= month_length(year, month);
        month += 1;
    }
    (year, month, day)
}

/// A day plus so many windows at once: months from the day itself, clamped to the month's last day.
pub(crate) fn plus(day: i32, window: Window, times: i32) -> i32 {
    let number_of = i32::try_from(window.number).expect("windows here are short") * times;
    let months = match window.unit {
        Unit::Day => return day + number_of,
        Unit::Week => return day + 7 * number_of,
        Unit::Month => number_of,
        Unit::Year => 12 * number_of,
    };
    let (year, month, of_month) = date(day);
    let count = year * 12 + (month - 1) + months;
    let (year, month) = (count / 12, count % 12 + 1);
    number(year, month, of_month.min(month_length(year, month)))
}

/// The local date of an instant.
pub(crate) fn local(zone: Tz, at: i64) -> i32 {
    let there = zone.timestamp_millis_opt(at).unwrap();
    let month = i32::try_from(there.month()).expect("at most 12");
    let day = i32::try_from(there.day()).expect("at most 31");
    number(there.year(), month, day)
}

/// The first day of the period that a day is in.
pub(crate) fn period(day: i32, period: Period) -> i32 {
    let (year, month, _) = date(day);
    match period {
        Period::Day => day,
        // 5 January 1970 was a Monday, and ISO weeks begin on Mondays.
        Period::Week => day - (day - 4).rem_euclid(7),
        Period::Month => number(year, month, 1),
        Period::Year => number(year, 1, 1),
    }
}

#[test]
fn this_calendar_is_the_real_one() {
    for day in -1_000..40_000 {
        let real = chrono::NaiveDate::from_epoch_days(day).unwrap();
        let (year, month, of_month) = date(day);
        assert_eq!(
            (year, month, of_month),
            (
                real.year(),
                real.month().cast_signed(),
                real.day().cast_signed()
            )
        );
        assert_eq!(number(year, month, of_month), day);
        let monday = real.week(chrono::Weekday::Mon).first_day();
        assert_eq!(period(day, Period::Week), monday.to_epoch_days());
    }
    let months = |number| Window {
        number,
        unit: Unit::Month,
    };
    assert_eq!(
        plus(number(2025, 11, 30), months(3), 1),
        number(2026, 2, 28)
    );
    assert_eq!(plus(number(2024, 1, 31), months(1), 1), number(2024, 2, 29));
    assert_eq!(plus(number(2024, 1, 31), months(1), 2), number(2024, 3, 31));
    assert_eq!(
        plus(number(2024, 12, 31), months(2), 1),
        number(2025, 2, 28)
    );
}
