//! Schedules: each time is later than the one before, and none is missed or run twice.
//!
//! Lines: a cron line, a time zone, seconds since 1970.

use chrono::{DateTime, TimeDelta};
use engaged::schedule::due::Schedule;

/// Walks some times ahead.
pub fn run(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut lines = input.lines();
    let (line, zone) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let zone = zone.parse().unwrap_or(chrono_tz::Europe::Amsterdam);
    let seconds = lines.next().and_then(|text| text.parse::<u32>().ok());
    let Ok(schedule) = Schedule::new("sync", line, zone) else {
        return;
    };
    let start = i64::from(seconds.unwrap_or(1_780_000_000));
    let mut at = DateTime::from_timestamp(start, 0).unwrap_or_default();
    for _ in 0..8 {
        let Some(next) = schedule.next_after(at) else {
            return;
        };
        assert!(next > at, "{line:?} goes back from {at} to {next}");
        let before = next - TimeDelta::seconds(1);
        assert!(!schedule.is_due(Some(at), before), "{line:?} at {before}");
        assert!(schedule.is_due(Some(at), next), "{line:?} at {next}");
        at = next;
    }
}
