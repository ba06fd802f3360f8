//! Whether a day had as many events as such weekdays have.
//!
//! What is counted is what happened on the day, whenever it came in: a backfill
//! or a sync that catches up is no flood. A day counts once every stream of the
//! connection has read it whole; where our own sync was down, nothing is said.

use std::collections::BTreeMap;

use crate::{
    score::{
        calendar::{Day, Zone},
        facts::ConnectionId,
    },
    store::{Conn, StoreError},
};

use super::condition::DayVolume;

/// So many weeks back a day is compared.
const WEEKS: i32 = 8;
/// With fewer days than these there is no saying what is usual.
const DAYS_MIN: usize = 4;
/// Where fewer events are usual, chance alone leaves the band.
const USUAL_MIN: i64 = 50;

/// How many events are usual, if a day had too many or too few: the median of the days before.
///
/// What lies among those days, but for the lowest and the highest, is no news however far from their median: a
/// mailing every second week makes two sorts of Tuesday.
pub(super) fn usual(events: i64, before: &[i64], band: f64) -> Option<i64> {
    if before.len() < DAYS_MIN {
        return None;
    }
    let mut sorted = before.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    let usual = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        i64::midpoint(sorted[middle - 1], sorted[middle])
    };
    let seen_before = (sorted[1]..=sorted[sorted.len() - 2]).contains(&events);
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let out = events.abs_diff(usual) as f64 > usual as f64 * band;
    (usual >= USUAL_MIN && out && !seen_before).then_some(usual)
}

/// The first day of which events are counted.
pub(super) fn first(today: Day) -> Day {
    Day(today.0 - 7 * WEEKS - 7)
}

/// A day of a connection beside the same weekdays before; `None` if it was not read whole, or not counted yet.
pub(super) fn of(
    conn: &Conn,
    connection: ConnectionId,
    zone: &Zone,
    on: Day,
) -> Result<Option<DayVolume>, StoreError> {
    if !conn.is_volume_counted()? {
        return Ok(None);
    }
    let unread = conn.unread(connection, zone, on)?;
    let is_whole = |day: Day| unread.iter().all(|hole| day < hole.from || hole.to < day);
    if !is_whole(on) {
        return Ok(None);
    }
    let mut before = Vec::new();
    for day in (1..=WEEKS).map(|week| Day(on.0 - 7 * week)) {
        if is_whole(day) {
            before.push(conn.volume(connection, day)?);
        }
    }
    Ok(Some(DayVolume {
        on,
        events: conn.volume(connection, on)?,
        before,
    }))
}

/// What a look need not work out again: the answer stands until something was counted or read, or the day is over.
#[derive(Default)]
pub(super) struct Kept {
    days: BTreeMap<ConnectionId, (Stand, Option<DayVolume>)>,
}

/// The day, the last event counted, and the last sync and whether it has ended.
pub(super) type Stand = (Day, i64, Option<(i64, bool)>);

impl Kept {
    /// The answer, worked out where it is not known.
    pub(super) fn of(
        &mut self,
        connection: ConnectionId,
        stand: Stand,
        ask: impl FnOnce() -> Result<Option<DayVolume>, StoreError>,
    ) -> Result<Option<DayVolume>, StoreError> {
        if let Some((known, answer)) = self.days.get(&connection)
            && *known == stand
        {
            return Ok(answer.clone());
        }
        let answer = ask()?;
        self.days.insert(connection, (stand, answer.clone()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_one_and_a_half_times_the_usual_are_in_the_band_and_more_is_not() {
        let tuesdays = [900, 1000, 1000, 1000, 1000, 1100, 1000, 1000];
        for (events, odd) in [(499, true), (500, false), (1500, false), (1501, true)] {
            let found = usual(events, &tuesdays, 0.5);
            assert_eq!(found.is_some(), odd, "{events}");
        }
        assert_eq!(usual(0, &tuesdays, 0.5), Some(1000));
        assert_eq!(usual(2001, &tuesdays, 1.0), Some(1000));
        assert_eq!(usual(0, &tuesdays, 1.0), None);
    }

    #[test]
    fn without_enough_days_or_events_nothing_is_usual() {
        assert_eq!(usual(0, &[1000, 1000, 1000], 0.5), None);
        assert_eq!(usual(0, &[1000, 1000, 1000, 1000], 0.5), Some(1000));
        assert_eq!(usual(0, &[49; 8], 0.5), None);
        assert_eq!(usual(0, &[50; 8], 0.5), Some(50));
    }

    #[test]
    fn a_mailing_every_second_week_makes_two_sorts_of_day_and_one_odd_day_no_third() {
        let fortnightly = [20_000, 80, 20_000, 80, 20_000, 80, 20_000, 80];
        assert_eq!(usual(80, &fortnightly, 0.5), None);
        assert_eq!(usual(20_000, &fortnightly, 0.5), None);
        assert_eq!(usual(3, &fortnightly, 0.5), Some(10_040));
        assert_eq!(usual(0, &[0, 1000, 1000, 1000, 1000], 0.5), Some(1000));
    }
}
