//! How far the reading of one audience has come, by time of last change. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The precision of `last_changed`.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// Where the next page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The filter; `None` reads from the beginning.
    pub(super) since: Option<DateTime<Utc>>,
    /// Rows to skip behind the filter; nought unless one second fills a page.
    pub(super) offset: u64,
    /// Members that came, each change of them once.
    pub(super) seen: u64,
    /// The latest change that came, and how many members have that very time.
    last: Option<(DateTime<Utc>, u64)>,
}

impl Place {
    /// A beginning.
    pub(super) fn from(since: Option<DateTime<Utc>>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// The place after a page whose members changed at these times, and whether
    /// nothing is left; the reason when it is not the page that was asked for.
    /// `total` is the number of rows behind the filter.
    pub(super) fn after(
        &self,
        times: &[Option<DateTime<Utc>>],
        total: u64,
    ) -> Result<(Self, bool), &'static str> {
        let known = || times.iter().copied().flatten();
        if !known().is_sorted() {
            return Err("the members are not sorted by last_changed");
        }
        if known().any(|at| self.since.is_some_and(|since| at < since)) {
            return Err("the members came unfiltered");
        }
        let rows = times.len() as u64;
        let over = self.offset + rows >= total;
        if rows == 0 && !over {
            return Err("the count says that there are more members, and none came");
        }
        let mut next = Self {
            seen: self.seen + self.fresh(times),
            ..self.clone()
        };
        if let Some(last) = known().next_back() {
            let same = known().filter(|at| *at == last).count() as u64;
            let before = self.last.filter(|(at, _)| self.offset > 0 && *at == last);
            next.last = Some((last, same + before.map_or(0, |(_, count)| count)));
        }
        let early = next.last.map(|(at, _)| at - SECOND);
        if early.is_some() && early > self.since {
            (next.since, next.offset) = (early, 0);
        } else {
            next.offset += rows;
        }
        Ok((next, over))
    }

    /// How many of these did not come with the page before. The filter lies a
    /// second early, so those of the last second come again.
    fn fresh(&self, times: &[Option<DateTime<Utc>>]) -> u64 {
        let Some((last, count)) = self.last.filter(|_| self.offset == 0) else {
            return times.len() as u64;
        };
        let known = || times.iter().flatten();
        let later = times.len() - known().filter(|at| **at <= last).count();
        let same = known().filter(|at| **at == last).count() as u64;
        later as u64 + same.saturating_sub(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    /// Reads a list that stands still, with either reading of the filter's edge.
    fn walk(seconds: &[i64], page: usize, inclusive: bool) -> (Vec<usize>, u64) {
        let (mut place, mut came) = (Place::default(), Vec::new());
        for _ in 0..10_000 {
            let fits = |s: i64| match place.since {
                None => true,
                Some(since) => at(s) > since || (inclusive && at(s) == since),
            };
            let behind: Vec<usize> = (0..seconds.len()).filter(|i| fits(seconds[*i])).collect();
            let skip = usize::try_from(place.offset).unwrap();
            let rows: Vec<usize> = behind.iter().copied().skip(skip).take(page).collect();
            let times: Vec<_> = rows.iter().map(|i| Some(at(seconds[*i]))).collect();
            came.extend(rows);
            let (next, over) = place.after(&times, behind.len() as u64).unwrap();
            place = next;
            if over {
                return (came, place.seen);
            }
        }
        panic!("the walk does not end");
    }

    proptest! {
        #[test]
        fn every_member_comes_and_is_counted_once(
            mut seconds in prop::collection::vec(0_i64..6, 0..40),
            page in 1_usize..12,
            inclusive: bool,
        ) {
            seconds.sort_unstable();
            let (mut came, seen) = walk(&seconds, page, inclusive);
            came.sort_unstable();
            came.dedup();
            prop_assert_eq!(came.len(), seconds.len());
            prop_assert_eq!(seen, seconds.len() as u64);
        }
    }

    #[test]
    fn a_page_without_the_filter_is_noticed() {
        let place = Place::from(Some(at(10)));
        assert!(place.after(&[Some(at(9)), Some(at(11))], 2).is_err());
        assert!(place.after(&[Some(at(12)), Some(at(11))], 2).is_err());
        assert!(place.after(&[], 2).is_err());
        assert!(place.after(&[Some(at(10))], 1).is_ok());
    }
}
