//! Local dates: instants become days of one zone, and windows move days.
//!
//! An event of day `d` covers `as_of` exactly when `d <= as_of < d + W`; every
//! window in this program is that one. Months are clamped to their last day.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Datelike, Months, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::rules::{
    set::Period,
    syntax::{Unit, Window},
};

/// Milliseconds since 1970 in UTC.
pub type Millis = i64;

/// A local date, as days since 1 January 1970.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// Later than every date that this program computes with.
    pub const NEVER: Self = Self(i32::MAX);
    /// Earlier than every date that this program computes with.
    pub const ALWAYS: Self = Self(i32::MIN);

    /// The day of a calendar date.
    pub fn of(date: NaiveDate) -> Self {
        Self(date.to_epoch_days())
    }

    /// The calendar date; `None` for days outside the calendar, such as [`Day::NEVER`].
    pub fn date(self) -> Option<NaiveDate> {
        NaiveDate::from_epoch_days(self.0)
    }

    /// Reads `2026-06-15`.
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .map(Self::of)
    }

    /// The next day.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The first day that a window starting here no longer covers; [`Day::NEVER`] beyond the calendar.
    #[must_use]
    pub fn plus(self, window: Window) -> Self {
        self.plus_times(window, 1)
    }

    /// `n` windows later, always counted from this day: 31 January + 2 x 1 month is 31 March.
    #[must_use]
    pub fn plus_times(self, window: Window, n: u32) -> Self {
        let units = window.number.saturating_mul(n);
        let by_days = |days: u32| {
            i32::try_from(days)
                .ok()
                .and_then(|days| self.0.checked_add(days))
                .map(Self)
        };
        let by_months = |months: u32| {
            self.date()?
                .checked_add_months(Months::new(months))
                .map(Self::of)
        };
        match window.unit {
            Unit::Day => by_days(units),
            Unit::Week => by_days(units.saturating_mul(7)),
            Unit::Month => by_months(units),
            Unit::Year => by_months(units.saturating_mul(12)),
        }
        .unwrap_or(Self::NEVER)
    }

    /// The first day that a window must start on to cover this one; [`Day::ALWAYS`] before the calendar.
    #[must_use]
    pub fn first_within(self, window: Window) -> Self {
        let back = |months: u32| self.date()?.checked_sub_months(Months::new(months));
        let guess = match window.unit {
            Unit::Day | Unit::Week => {
                let days =
                    window
                        .number
                        .saturating_mul(if window.unit == Unit::Day { 1 } else { 7 });
                let day = i32::try_from(days)
                    .ok()
                    .and_then(|days| self.0.checked_sub(days));
                day.map(Self)
            }
            Unit::Month => back(window.number).map(Self::of),
            Unit::Year => back(window.number.saturating_mul(12)).map(Self::of),
        };
        let Some(mut day) = guess.filter(|day| day.date().is_some()) else {
            return Self::ALWAYS;
        };
        // Months are clamped, so that the guess may be some days off.
        while day.plus(window) > self {
            day = day.previous();
        }
        while day.plus(window) <= self {
            day = day.next();
        }
        day
    }

    /// A number that two days share exactly when they are in the same period.
    pub fn period(self, period: Period) -> i64 {
        let Some(date) = self.date() else {
            return i64::from(self.0);
        };
        match period {
            Period::Day => i64::from(self.0),
            Period::Week => {
                let week = date.iso_week();
                i64::from(week.year()) * 100 + i64::from(week.week())
            }
            Period::Month => i64::from(date.year()) * 100 + i64::from(date.month()),
            Period::Year => i64::from(date.year()),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date() {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "never"),
        }
    }
}

impl schemars::JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}

impl serde::Serialize for Day {
    /// `2026-06-15`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One zone's offsets, unrolled into a table so that a scoring pass need not
/// ask the zone library for each event.
#[derive(Clone, Debug)]
pub struct Zone {
    tz: Tz,
    /// From this instant on, local time is UTC plus this many milliseconds.
    offsets: Vec<(Millis, Millis)>,
    /// For each span of [`SPAN_BITS`] since the table's start, the offset in force at its beginning.
    spans: Vec<u16>,
    start: Millis,
    end: Millis,
}

/// Instants are looked up by spans of 2^30 ms, 12 days: rarely does an offset change within one.
const SPAN_BITS: u32 = 30;

impl Zone {
    /// A zone, unrolled over 1995 to 2070 when it is first asked for; instants outside are asked one by one.
    pub fn new(tz: Tz) -> Self {
        static UNROLLED: Mutex<BTreeMap<&'static str, Zone>> = Mutex::new(BTreeMap::new());
        // A table is put in whole, so that nobody who fell can have left half of one.
        let mut unrolled = UNROLLED.lock().unwrap_or_else(PoisonError::into_inner);
        unrolled
            .entry(tz.name())
            .or_insert_with(|| Self::unroll(tz))
            .clone()
    }

    fn unroll(tz: Tz) -> Self {
        const DAY_MS: Millis = 86_400_000;
        const START: Millis = 9_131 * DAY_MS;
        const END: Millis = 36_525 * DAY_MS;
        let mut offsets = vec![(START, offset_at(tz, START))];
        let mut at = START;
        while at < END {
            let next = at + DAY_MS;
            if offset_at(tz, at) != offset_at(tz, next) {
                let change = bisect(tz, at, next);
                offsets.push((change, offset_at(tz, change)));
            }
            at = next;
        }
        let in_force = |at| offsets.partition_point(|&(from, _)| from <= at) - 1;
        let spans = (0..=(END - START) >> SPAN_BITS)
            .map(|span| u16::try_from(in_force(START + (span << SPAN_BITS))).unwrap_or(0))
            .collect();
        Self {
            tz,
            offsets,
            spans,
            start: START,
            end: END,
        }
    }

    /// The zone.
    pub fn tz(&self) -> Tz {
        self.tz
    }

    /// The local date of an instant.
    pub fn day(&self, at: Millis) -> Day {
        let offset = if (self.start..self.end).contains(&at) {
            self.tabled(at)
        } else {
            offset_at(self.tz, at)
        };
        let days = (at + offset).div_euclid(86_400_000);
        Day(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    fn tabled(&self, at: Millis) -> Millis {
        let span = usize::try_from((at - self.start) >> SPAN_BITS).unwrap_or(0);
        let mut index = usize::from(self.spans[span]);
        while self
            .offsets
            .get(index + 1)
            .is_some_and(|&(from, _)| from <= at)
        {
            index += 1;
        }
        self.offsets[index].1
    }

    /// The first instant of a local date.
    pub fn start_of(&self, day: Day) -> Millis {
        // Local midnight may not exist or exist twice; the first instant whose date is `day` does.
        let guess = i64::from(day.0) * 86_400_000;
        let (mut low, mut high) = (guess - 2 * 86_400_000, guess + 2 * 86_400_000);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if self.day(middle) < day {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

fn offset_at(tz: Tz, at: Millis) -> Millis {
    let instant = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    i64::from(
        tz.offset_from_utc_datetime(&instant.naive_utc())
            .fix()
            .local_minus_utc(),
    ) * 1000
}

fn bisect(tz: Tz, mut low: Millis, mut high: Millis) -> Millis {
    let before = offset_at(tz, low);
    while low + 1 < high {
        let middle = low.midpoint(high);
        if offset_at(tz, middle) == before {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn months(number: u32) -> Window {
        Window {
            number,
            unit: Unit::Month,
        }
    }

    #[test]
    fn months_are_clamped_to_their_last_day_and_counted_from_the_start() {
        assert_eq!(day("2025-11-30").plus(months(3)), day("2026-02-28"));
        assert_eq!(
            day("2026-01-31").plus_times(months(1), 2),
            day("2026-03-31")
        );
        assert_eq!(
            day("2024-02-29").plus(Window {
                number: 1,
                unit: Unit::Year
            }),
            day("2025-02-28")
        );
    }

    #[test]
    fn the_table_agrees_with_the_zone_library_around_every_change() {
        for tz in [
            chrono_tz::Europe::Amsterdam,
            chrono_tz::America::Sao_Paulo,
            chrono_tz::Pacific::Apia,
            chrono_tz::UTC,
        ] {
            let zone = Zone::new(tz);
            for &(change, _) in &zone.offsets {
                for at in [
                    change - 3_600_001,
                    change - 1,
                    change,
                    change + 1,
                    change + 3_600_000,
                    change + 80_000_000,
                ] {
                    let local = DateTime::<Utc>::from_timestamp_millis(at)
                        .unwrap()
                        .with_timezone(&tz);
                    assert_eq!(zone.day(at), Day::of(local.date_naive()), "{tz} {at}");
                }
            }
        }
    }

    #[test]
    fn a_date_starts_at_its_first_instant() {
        let zone = Zone::new(chrono_tz::Europe::Amsterdam);
        let summer = zone.start_of(day("2026-06-15"));
        assert_eq!(
            DateTime::<Utc>::from_timestamp_millis(summer)
                .unwrap()
                .to_rfc3339(),
            "2026-06-14T22:00:00+00:00"
        );
    }
}
