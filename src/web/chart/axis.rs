//! Where the ticks of an axis stand: few of them, at numbers and dates that people would choose.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

use super::Numbers;

/// What an axis of time counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Hours, up to a day.
    Hour,
    /// Days, up to 31.
    Day,
    /// Weeks from Monday, up to a hundred.
    Week,
    /// Months, above.
    Month,
}

impl Unit {
    /// What fits a span of time.
    pub fn of(from: NaiveDateTime, until: NaiveDateTime) -> Self {
        let span = until - from;
        if span <= TimeDelta::days(1) {
            Self::Hour
        } else if span <= TimeDelta::days(31) {
            Self::Day
        } else if span <= TimeDelta::weeks(100) {
            Self::Week
        } else {
            Self::Month
        }
    }

    /// One unit later; the end of the calendar stays where it is.
    pub(super) fn after(self, at: NaiveDateTime) -> NaiveDateTime {
        let later = match self {
            Self::Hour => at.checked_add_signed(TimeDelta::hours(1)),
            Self::Day => at.checked_add_days(Days::new(1)),
            Self::Week => at.checked_add_days(Days::new(7)),
            Self::Month => at.checked_add_months(Months::new(1)),
        };
        later.unwrap_or(NaiveDateTime::MAX)
    }
}

/// A span of time that a drawing is as wide as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) from: NaiveDateTime,
    pub(super) until: NaiveDateTime,
}

impl Times {
    /// Never empty: what ends before it has begun is an hour long.
    pub(super) fn new(from: NaiveDateTime, until: NaiveDateTime) -> Self {
        let from = from.min(NaiveDateTime::MAX - TimeDelta::hours(1));
        let until = if until > from {
            until
        } else {
            from + TimeDelta::hours(1)
        };
        Self { from, until }
    }

    /// How far across, from 0 to 100.
    pub(super) fn place(self, at: NaiveDateTime) -> f64 {
        let at = at.clamp(self.from, self.until);
        let whole = float((self.until - self.from).num_milliseconds().max(1));
        100.0 * float((at - self.from).num_milliseconds()) / whole
    }

    pub(super) fn unit(self) -> Unit {
        Unit::of(self.from, self.until)
    }

    /// At most so many ticks: how far across, and what they say. With years, the first of each says it.
    pub(super) fn ticks(
        self,
        most: usize,
        years: bool,
        numbers: &dyn Numbers,
    ) -> Vec<(f64, String)> {
        let unit = self.unit();
        let mut year = None;
        let mut ticks = Vec::new();
        for at in self.moments(unit, most) {
            let with_year = years && unit >= Unit::Week && year != Some(at.year());
            year = Some(at.year());
            ticks.push((self.place(at), numbers.tick(at, unit, with_year)));
        }
        ticks
    }

    fn moments(self, unit: Unit, most: usize) -> Vec<NaiveDateTime> {
        let most = most.max(1);
        match unit {
            Unit::Hour => self.hours(most),
            Unit::Day => self.days(1, &[1, 2, 5, 10, 15], most),
            Unit::Week => self.days(7, &[1, 2, 4, 8, 13, 26, 52], most),
            Unit::Month => self.months(most),
        }
    }

    fn hours(self, most: usize) -> Vec<NaiveDateTime> {
        let midnight = self.from.date().and_time(chrono::NaiveTime::MIN);
        let every = |step: i64| {
            let all = (0..=48 / step)
                .filter_map(move |k| midnight.checked_add_signed(TimeDelta::hours(k * step)));
            all.filter(move |at| (self.from..=self.until).contains(at))
                .collect::<Vec<_>>()
        };
        let mut steps = [1, 2, 3, 6, 12, 24].into_iter().map(every);
        steps.find(|at| at.len() <= most).unwrap_or_default()
    }

    /// Whole days, or Mondays if `unit` is a week.
    fn days(self, unit: u64, steps: &[u64], most: usize) -> Vec<NaiveDateTime> {
        let mut first = self.from.date();
        if self.from > first.and_time(chrono::NaiveTime::MIN) {
            first = first.checked_add_days(Days::new(1)).unwrap_or(first);
        }
        if unit == 7 {
            let to_monday = (7 - u64::from(first.weekday().num_days_from_monday())) % 7;
            first = first
                .checked_add_days(Days::new(to_monday))
                .unwrap_or(first);
        }
        let every = |step: &u64| {
            let mut at = Some(first);
            let mut found = Vec::new();
            while let Some(day) =
                at.filter(|day| day.and_time(chrono::NaiveTime::MIN) <= self.until)
            {
                found.push(day.and_time(chrono::NaiveTime::MIN));
                at = day.checked_add_days(Days::new(unit * step));
            }
            found
        };
        let mut steps = steps.iter().map(every);
        steps.find(|at| at.len() <= most).unwrap_or_default()
    }

    fn months(self, most: usize) -> Vec<NaiveDateTime> {
        let index = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
        let (first, last) = (index(self.from.date()), index(self.until.date()));
        let months = [1, 2, 3, 6].into_iter();
        let years = (0..6).flat_map(|power| [1, 2, 5].map(|digit| 12 * digit * 10_i64.pow(power)));
        let few = |step: &i64| (last - first) / step < i64::try_from(most).unwrap_or(i64::MAX);
        let step = months.chain(years).find(few).unwrap_or(12_000_000);
        let start = first.div_euclid(step);
        let all = (start..)
            .map(|k| k * step)
            .take_while(|month| *month <= last);
        all.filter_map(|month| {
            let year = i32::try_from(month.div_euclid(12)).ok()?;
            let number = u32::try_from(month.rem_euclid(12)).ok()? + 1;
            let date = NaiveDate::from_ymd_opt(year, number, 1)?;
            Some(date.and_time(chrono::NaiveTime::MIN))
        })
        .filter(|at| (self.from..=self.until).contains(at))
        .collect()
    }
}

/// Distances of ticks: 1, 2 or 5 times a power of ten.
fn steps() -> impl Iterator<Item = i128> {
    (0..25).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i128.pow(power)))
}

fn whole(number: usize) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}

fn down(number: i128, step: i128) -> i128 {
    number.div_euclid(step) * step
}

fn up(number: i128, step: i128) -> i128 {
    -down(-number, step)
}

/// A scale of numbers with its ticks.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<i64>,
}

impl Scale {
    /// From a tick at or below `low` to one at or above `high`; never empty.
    pub(super) fn around(low: i64, high: i64, most: usize) -> Self {
        let (low, high) = (i128::from(low.min(high)), i128::from(high.max(low)));
        let high = if low == high { low + 1 } else { high };
        let few = |step: &i128| {
            let ticks = (up(high, *step) - down(low, *step)) / step + 1;
            ticks <= whole(most.max(3))
        };
        let step = steps().find(few).unwrap_or(i128::MAX);
        let (low, high) = (down(low, step), up(high, step));
        Self::with(low, high, step)
    }

    /// From `low` to `high` as they are, with at most so many ticks between; never empty.
    pub(super) fn within(low: i64, high: i64, most: usize) -> Self {
        let (low, high) = (i128::from(low.min(high)), i128::from(high.max(low)));
        let high = if low == high { low + 1 } else { high };
        let few = |step: &i128| (down(high, *step) - up(low, *step)) / step < whole(most.max(1));
        Self::with(low, high, steps().find(few).unwrap_or(i128::MAX))
    }

    /// From `low` to `high` as they are, without ticks; never empty.
    pub(super) fn exactly(low: i64, high: i64) -> Self {
        let high = if low == high {
            low.saturating_add(1)
        } else {
            high
        };
        Self {
            low: float(low),
            high: float(high),
            ticks: Vec::new(),
        }
    }

    fn with(low: i128, high: i128, step: i128) -> Self {
        let mut ticks = Vec::new();
        let mut at = up(low, step);
        while at <= high {
            ticks.extend(i64::try_from(at));
            at += step;
        }
        Self {
            low: wide(low),
            high: wide(high),
            ticks,
        }
    }

    /// Where a number stands, from 0 (low) to 1 (high).
    pub(super) fn share(&self, number: f64) -> f64 {
        ((number - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Nearly: a drawing has fewer than a million places.
#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
pub(super) fn float(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser")]
fn wide(number: i128) -> f64 {
    number as f64
}

/// The `number`th of some things in a row.
pub(super) fn place(number: usize) -> f64 {
    float(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Nearly, and contacts beyond `i64` are as many.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        date.and_time(chrono::NaiveTime::MIN)
    }

    #[test]
    fn ticks_are_one_two_or_five_times_a_power_of_ten_and_cover_the_numbers() {
        assert_eq!(Scale::around(0, 7, 5).ticks, [0, 2, 4, 6, 8]);
        assert_eq!(
            Scale::around(0, 12_345, 4).ticks,
            [0, 5_000, 10_000, 15_000]
        );
        assert_eq!(Scale::around(-30, 95, 5).ticks, [-50, 0, 50, 100]);
        assert_eq!(Scale::around(0, 0, 5).ticks, [0, 1]);
        assert_eq!(
            Scale::within(-20, 115, 8).ticks,
            [-20, 0, 20, 40, 60, 80, 100]
        );
        let all = Scale::around(i64::MIN, i64::MAX, 5);
        assert!(all.ticks.len() <= 5 && all.low < all.high);
    }

    #[test]
    fn the_unit_follows_the_span() {
        let of = |until| Unit::of(at("2026-01-01"), at(until));
        assert_eq!(of("2026-01-02"), Unit::Hour);
        assert_eq!(of("2026-02-01"), Unit::Day);
        assert_eq!(of("2026-02-02"), Unit::Week);
        assert_eq!(of("2027-12-02"), Unit::Week);
        assert_eq!(of("2027-12-03"), Unit::Month);
    }

    #[test]
    fn ticks_of_time_are_few_and_stand_on_whole_units() {
        let times = Times::new(at("2026-01-01"), at("2026-04-01"));
        let weeks = times.moments(Unit::Week, 4);
        let mondays = ["2026-01-05", "2026-02-02", "2026-03-02", "2026-03-30"];
        assert_eq!(weeks, mondays.map(at));
        assert!(weeks.iter().all(|at| at.weekday() == chrono::Weekday::Mon));
        let years = Times::new(at("1990-05-01"), at("2026-04-01")).moments(Unit::Month, 4);
        assert_eq!(years, ["2000-01-01", "2010-01-01", "2020-01-01"].map(at));
        for most in 1..9 {
            for until in ["2026-01-02", "2026-01-20", "2027-06-01", "9999-01-01"] {
                let times = Times::new(at("2026-01-01"), at(until));
                let ticks = times.moments(times.unit(), most);
                assert!(ticks.len() <= most, "{until}: {ticks:?}");
            }
        }
    }
}
