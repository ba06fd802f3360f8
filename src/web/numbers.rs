//! Numbers and dates in charts, in the visitor's language.

use chrono::{Datelike as _, NaiveDateTime, Timelike as _};

use super::chart::{Numbers, Unit};
use crate::{
    score::{calendar::Day, explain::Points},
    text::Say,
};

impl Numbers for Say {
    fn whole(&self, number: i64) -> String {
        self.n(number)
    }

    fn points(&self, thousandths: i64) -> String {
        Say::points(*self, Points(thousandths))
    }

    fn moment(&self, at: NaiveDateTime, unit: Unit) -> String {
        let day = self.day(Day::of(at.date()));
        match unit {
            Unit::Hour => format!("{day} {:02}:{:02}", at.hour(), at.minute()),
            Unit::Day | Unit::Week => day,
            Unit::Month => format!("{} {}", self.month(at.month0()), at.year()),
        }
    }

    fn tick(&self, at: NaiveDateTime, unit: Unit, with_year: bool) -> String {
        let day = Day::of(at.date());
        match (unit, with_year) {
            (Unit::Hour, _) => format!("{:02}:{:02}", at.hour(), at.minute()),
            (Unit::Day | Unit::Week, true) => self.day(day),
            (Unit::Day | Unit::Week, false) => self.day_short(day),
            (Unit::Month, true) => self.moment(at, unit),
            (Unit::Month, false) => self.month(at.month0()).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::config::Language;

    #[test]
    fn charts_write_numbers_and_dates_in_both_languages() {
        let at = NaiveDate::from_ymd_opt(2026, 3, 9).unwrap();
        let at = at.and_hms_opt(14, 0, 0).unwrap();
        let said = |language| {
            let say = Say::new(language, chrono_tz::Europe::Amsterdam);
            let numbers: &dyn Numbers = &say;
            [
                numbers.whole(12_345),
                numbers.points(-2_500),
                numbers.moment(at, Unit::Hour),
                numbers.tick(at, Unit::Hour, true),
                numbers.tick(at, Unit::Day, false),
                numbers.tick(at, Unit::Week, true),
                numbers.tick(at, Unit::Month, false),
                numbers.moment(at, Unit::Month),
            ]
        };
        assert_eq!(
            said(Language::English),
            [
                "12,345",
                "-2.5",
                "9 Mar 2026 14:00",
                "14:00",
                "9 Mar",
                "9 Mar 2026",
                "Mar",
                "Mar 2026"
            ]
        );
        assert_eq!(
            said(Language::Dutch),
            [
                "12.345",
                "-2,5",
                "9 mrt. 2026 14:00",
                "14:00",
                "9 mrt.",
                "9 mrt. 2026",
                "mrt.",
                "mrt. 2026"
            ]
        );
    }
}
