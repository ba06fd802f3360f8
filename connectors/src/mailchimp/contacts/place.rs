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
    /// The latest change that came, and how many members that have this very time.
    last: Option<(DateTime<Utc>, u64)>,
    /// How many of those came behind the present filter, which lies a second
    /// early, so that some come again.
    again: u64,
    /// While an offset leads through one second: the member behind it. The next
    /// page begins with that member, or others have left the second.
    anchor: Option<String>,
}

/// One member as far as the place is concerned: the id, and the time of the last change.
pub(super) type Mark<'a> = (Option<&'a str>, Option<DateTime<Utc>>);

impl Place {
    /// A beginning.
    pub(super) fn from(since: Option<DateTime<Utc>>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// Rows to skip.
    pub(super) fn start(&self) -> u64 {
        self.offset - u64::from(self.anchor.is_some()).min(self.offset)
    }

    /// The same filter from its beginning, for when the anchor is gone.
    pub(super) fn again(&self) -> Self {
        Self {
            offset: 0,
            again: 0,
            anchor: None,
            ..self.clone()
        }
    }

    /// The place after this page, and whether nothing is left; the reason when it
    /// is not the page that was asked for. `total` is the number of rows behind
    /// the filter.
    pub(super) fn after(
        &self,
        marks: &[Mark<'_>],
        total: u64,
    ) -> Result<(Self, bool), &'static str> {
        let known = || marks.iter().filter_map(|(_, at)| *at);
        if !known().is_sorted() {
            return Err("the members are not sorted by last_changed");
        }
        if known().any(|at| self.since.is_some_and(|since| at < since)) {
            return Err("the members came unfiltered");
        }
        let old = usize::from(self.anchor.is_some());
        if old == 1
            && marks
                .first()
                .is_none_or(|(id, _)| *id != self.anchor.as_deref())
        {
            return Err("the members of one second changed places");
        }
        let fresh = &marks[old..];
        let end = self.offset + fresh.len() as u64;
        if fresh.is_empty() && end < total {
            return Err("the count says that there are more members, and none came");
        }
        let mut next = self.clone();
        for (_, at) in fresh {
            next.count(*at);
        }
        let early = next.last.map(|(at, _)| at - SECOND);
        if early > self.since {
            (next.since, next.offset, next.again, next.anchor) = (early, 0, 0, None);
        } else {
            next.offset = end;
            next.anchor = marks.last().and_then(|(id, _)| id.map(str::to_owned));
        }
        Ok((next, end >= total))
    }

    /// Counts one row, unless it came before.
    fn count(&mut self, time: Option<DateTime<Utc>>) {
        match (time, &mut self.last) {
            (Some(time), Some((at, _))) if time < *at => return,
            (Some(time), Some((at, came))) if time == *at => {
                self.again += 1;
                if self.again <= *came {
                    return;
                }
                *came = self.again;
            }
            (Some(time), last) => (*last, self.again) = (Some((time, 1)), 1),
            (None, _) => {}
        }
        self.seen += 1;
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
            let skip = usize::try_from(place.start()).unwrap();
            let rows: Vec<usize> = behind.iter().copied().skip(skip).take(page).collect();
            let ids: Vec<String> = rows.iter().map(usize::to_string).collect();
            let times = rows.iter().map(|i| Some(at(seconds[*i])));
            let marks: Vec<Mark<'_>> = ids.iter().map(|id| Some(id.as_str())).zip(times).collect();
            came.extend(&rows);
            let (next, over) = place.after(&marks, behind.len() as u64).unwrap();
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
            page in 2_usize..12,
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
        let after = |seconds: &[i64], total| {
            let marks: Vec<Mark<'_>> = seconds.iter().map(|s| (None, Some(at(*s)))).collect();
            place.after(&marks, total)
        };
        assert!(after(&[9, 11], 2).is_err());
        assert!(after(&[12, 11], 2).is_err());
        assert!(after(&[], 2).is_err());
        assert!(after(&[10], 1).is_ok());
    }

    #[test]
    fn members_who_leave_a_full_second_do_not_take_others_with_them() {
        let page = |ids: &'static str| -> Vec<Mark<'static>> {
            let marks = ids.split(' ').map(|id| (Some(id), Some(at(10))));
            marks.collect()
        };
        let (place, _) = Place::from(Some(at(9))).after(&page("a b c"), 6).unwrap();
        assert_eq!(place.start(), 2);
        // Had one of the first three changed, the fourth would now stand in third place.
        assert!(place.after(&page("d e f"), 5).is_err());
        let (place, over) = place.after(&page("c d e"), 6).unwrap();
        assert_eq!((place.seen, over), (5, false));
        assert_eq!(place.again().start(), 0);
    }
}
