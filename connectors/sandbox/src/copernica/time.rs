//! Times as Copernica writes and reads them: Europe/Amsterdam, without a zone (sheet 3). In October one hour comes twice.

use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Europe::Amsterdam;

use crate::people::{Seconds, time};

const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// What the clock in Amsterdam shows.
pub(super) fn local(at: Seconds) -> NaiveDateTime {
    time(at).with_timezone(&Amsterdam).naive_local()
}

/// The day in Amsterdam.
pub(super) fn day(at: Seconds) -> NaiveDate {
    local(at).date()
}

/// A time as text.
pub(super) fn stamp(at: Seconds) -> String {
    local(at).format(FORM).to_string()
}

/// A time, or a day's first moment; `None` where the text is neither.
pub(super) fn moment(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, FORM)
        .ok()
        .or_else(|| date(text)?.and_hms_opt(0, 0, 0))
}

/// A day.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;
    use crate::people::seconds;

    #[test]
    fn an_hour_of_october_comes_twice_and_cannot_be_told_apart() {
        let at = |hour| seconds(Utc.with_ymd_and_hms(2026, 10, 25, hour, 30, 0).unwrap());
        assert_eq!(stamp(at(0)), "2026-10-25 02:30:00");
        assert_eq!(stamp(at(0)), stamp(at(1)));
        assert_ne!(stamp(at(1)), stamp(at(2)));
    }
}
