//! What is due: a pure function of schedules, last runs and the present.
//!
//! A job that was missed while the program was down runs once, not once for
//! each time it was missed. Daylight saving is croner's: a time that a spring
//! night skips runs at its end, one that an autumn night repeats runs once.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;

use crate::{config::ConnectionConfig, score::calendar::Millis};

/// A last run that lies further ahead than this came from a clock that was
/// wrong; it is not waited for.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(10);

/// A job and its times.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The job's name, unique.
    pub job: String,
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// Reads a cron line of five fields (`minute hour day month weekday`), in a zone.
    pub fn new(job: &str, line: &str, zone: Tz) -> Result<Self, croner::errors::CronError> {
        Ok(Self {
            job: job.to_owned(),
            cron: Cron::from_str(line)?,
            zone,
        })
    }

    /// When a connection is synced.
    pub fn of(connection: &ConnectionConfig, zone: Tz) -> Self {
        Self {
            job: format!("sync {}", connection.name),
            cron: connection.schedule.clone(),
            zone,
        }
    }

    /// The first time after an instant at which the job is to run.
    pub fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Whole seconds: a fraction would leak into the answer.
        let instant = instant.with_nanosecond(0)?.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&instant, false).ok()?;
        Some(next.with_timezone(&Utc))
    }

    /// Whether the job is due, given when it last started. One that never ran is.
    pub fn is_due(&self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let Some(last) = last.filter(|last| *last <= now + CLOCK_SLACK) else {
            return true;
        };
        self.next_after(last).is_some_and(|next| next <= now)
    }
}

/// However much a platform reports by itself, its connection is not polled more often than this for it.
const HINT_APART_MS: Millis = 5 * 60_000;

/// Whether a connection is to be polled for a hint that came after its last sync began.
pub fn is_hinted(hinted_at: Millis, last: Option<Millis>, now: Millis) -> bool {
    // A last run of the future came from a clock that was wrong; its schedule looks after it.
    last.is_none_or(|last| hinted_at >= last && now - last >= HINT_APART_MS)
}

/// The jobs that are due, in the order of their schedules.
pub fn due(
    schedules: &[Schedule],
    last: impl Fn(&str) -> Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Vec<&Schedule> {
    schedules
        .iter()
        .filter(|schedule| schedule.is_due(last(&schedule.job), now))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{Datelike, NaiveDate, Offset};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text)
            .unwrap()
            .with_timezone(&Utc)
    }

    fn amsterdam(line: &str) -> Schedule {
        Schedule::new("job", line, chrono_tz::Europe::Amsterdam).unwrap()
    }

    #[test]
    fn a_job_keeps_its_local_hour_when_the_clocks_change() {
        let job = amsterdam("0 8 * * *");
        assert_eq!(
            job.next_after(at("2026-03-28T09:00:00Z")),
            Some(at("2026-03-29T06:00:00Z"))
        );
        assert_eq!(
            job.next_after(at("2026-10-24T09:00:00Z")),
            Some(at("2026-10-25T07:00:00Z"))
        );
    }

    #[test]
    fn a_job_in_the_skipped_hour_runs_once_and_one_in_the_repeated_hour_runs_once() {
        let job = amsterdam("30 2 * * *");
        assert_eq!(
            job.next_after(at("2027-03-27T12:00:00Z")),
            Some(at("2027-03-28T01:00:00Z"))
        );
        let first = job.next_after(at("2027-10-30T12:00:00Z")).unwrap();
        assert!(first > at("2027-10-30T23:00:00Z") && first <= at("2027-10-31T01:30:00Z"));
        assert!(job.next_after(first).unwrap() > at("2027-10-31T12:00:00Z"));
    }

    #[test]
    fn three_weeks_of_downtime_are_one_run() {
        let job = amsterdam("*/15 * * * *");
        let (last, now) = (at("2026-11-01T10:00:00Z"), at("2026-11-22T10:07:00Z"));
        assert!(job.is_due(Some(last), now));
        assert!(!job.is_due(Some(now), now));
        assert!(job.is_due(Some(now), at("2026-11-22T10:15:00Z")));
    }

    #[test]
    fn a_job_that_never_ran_is_due_and_a_clock_that_ran_ahead_blocks_nothing() {
        let job = amsterdam("0 4 1 1 *");
        assert!(job.is_due(None, at("2026-11-22T10:00:00Z")));
        assert!(job.is_due(Some(at("2038-01-19T00:00:00Z")), at("2026-11-22T10:00:00Z")));
    }

    #[test]
    fn next_is_always_later() {
        for line in ["*/15 * * * *", "30 2 * * *", "0 0 29 2 *", "0 12 * * MON"] {
            let job = amsterdam(line);
            let mut now = at("2026-10-20T00:00:00Z");
            for _ in 0..200 {
                let next = job.next_after(now).unwrap();
                assert!(next > now, "{line} {now}");
                now = next;
            }
        }
    }

    /// How often a daily job runs on each date of a year, by the zone's own clock; the dates on which that is not once.
    fn odd(line: &str, zone: Tz, year: i32) -> Vec<(NaiveDate, u32)> {
        let job = Schedule::new("job", line, zone).unwrap();
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let of_year = |date: &NaiveDate| date.year() == year;
        let dates = first.iter_days().take_while(of_year);
        let mut times: BTreeMap<NaiveDate, u32> = dates.map(|date| (date, 0)).collect();
        let mut last = first.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::days(3);
        while let Some(next) = job.next_after(last) {
            assert!(job.is_due(Some(last), next), "{zone} {next}");
            let local = next.with_timezone(&zone).date_naive();
            if local.year() > year {
                break;
            }
            if of_year(&local) {
                *times.entry(local).or_default() += 1;
            }
            // It begins a few seconds late.
            last = next + TimeDelta::seconds(7);
        }
        times.into_iter().filter(|(_, times)| *times != 1).collect()
    }

    /// When a zone's clocks change in a year, to a quarter of an hour, with their distance from UTC from then on.
    fn changes(zone: Tz, year: i32) -> Vec<(DateTime<Utc>, i32)> {
        let distance = |at: DateTime<Utc>| at.with_timezone(&zone).offset().fix().local_minus_utc();
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let mut at = first.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::days(3);
        let mut found = vec![(at, distance(at))];
        for _ in 0..372 {
            let next = at + TimeDelta::days(1);
            if distance(at) != distance(next) {
                let quarters = (1..=96).map(|quarter| at + TimeDelta::minutes(15 * quarter));
                let changed = quarters.filter(|quarter| distance(*quarter) != distance(at));
                found.extend(changed.min().map(|at| (at, distance(at))));
            }
            at = next;
        }
        found
    }

    // F17.
    #[test]
    fn a_daily_job_runs_once_on_each_date_of_a_year_in_every_zone_there_is() {
        // Zones whose clocks agree all year are one.
        let mut clocks: BTreeMap<Vec<_>, Tz> = BTreeMap::new();
        for zone in chrono_tz::TZ_VARIANTS {
            clocks.entry(changes(zone, 2026)).or_insert(zone);
        }
        let change = clocks.keys().filter(|changes| changes.len() > 1).count();
        assert!(
            clocks.len() > 40 && change > 10,
            "{change} of {} change",
            clocks.len()
        );
        for zone in clocks.into_values() {
            // The usual line, and two in the hours that most zones skip or repeat.
            for line in ["35 0 * * *", "30 1 * * *", "30 2 * * *"] {
                assert_eq!(odd(line, zone, 2026), [], "{line} in {zone}");
            }
        }
    }
}
