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
