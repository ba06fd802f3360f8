//! Reads what changed in a kind of record, by the search.
//!
//! A search ends at 10,000 rows, and its pages are numbered, so that a record which
//! changes meanwhile shifts others over the edge of a page (sheet, section 3). So no
//! page is asked for by number: each begins at the time at which the one before
//! ended, and rows of that time come again. Where more records bear one millisecond
//! than fit on a page, as after an import, that millisecond is read by rising ids.
//!
//! What a row shows may be newer than its place in the index. The next page
//! therefore begins at the earliest time among the last rows of the page.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    HubSpot, contacts,
    wire::{Listing, Record, contract, text},
};
use crate::error::ConnectorError;

/// The largest page (sheet, section 3).
pub(super) const LIMIT: usize = 200;
/// Among how many of the last rows the earliest time is looked for.
const TAIL: usize = 10;
/// How far back each pass reads again: the index learns of a write up to minutes late (sheet, section 3).
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// How far HubSpot's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::hours(1);

/// What is searched for.
pub(super) struct Query<'q> {
    /// The path of the kind of record.
    pub(super) path: &'q str,
    /// The property with the time of the last change: contacts have another than all others (sheet, section 3).
    pub(super) modified: &'q str,
    /// What else must hold: name and value.
    pub(super) filters: &'q [(&'q str, &'q str)],
    /// What is asked for.
    pub(super) properties: &'q [String],
}

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// All that changed before this is read; in milliseconds.
    since: i64,
    /// Within the millisecond `since`: the id behind which to read on.
    tie: Option<u64>,
    /// The latest change that was seen.
    newest: Option<i64>,
}

impl Place {
    /// A search from this time on.
    pub(super) fn from(since: DateTime<Utc>) -> Self {
        Self {
            since: since.timestamp_millis(),
            tie: None,
            newest: None,
        }
    }

    /// The latest change that was seen.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.newest?)
    }

    fn body(&self, query: &Query<'_>) -> Value {
        let filter = |name: &str, operator: &str, value: String| json!({"propertyName": name, "operator": operator, "value": value});
        let mut filters: Vec<Value> = query
            .filters
            .iter()
            .map(|(name, value)| filter(name, "EQ", (*value).to_owned()))
            .collect();
        let sort = match self.tie {
            None => {
                filters.push(filter(query.modified, "GTE", self.since.to_string()));
                query.modified
            }
            Some(id) => {
                filters.push(filter(query.modified, "EQ", self.since.to_string()));
                filters.push(filter("hs_object_id", "GT", id.to_string()));
                "hs_object_id"
            }
        };
        json!({
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": query.properties,
            "limit": LIMIT,
        })
    }

    /// Moves on behind a page; whether it was the last. The reason when it cannot be the page that was asked for.
    fn after(&mut self, marks: &[(u64, Option<i64>)], more: bool) -> Result<bool, &'static str> {
        let times = || marks.iter().filter_map(|(_, at)| *at);
        self.newest = self.newest.max(times().max());
        if let Some(last) = self.tie {
            let highest = marks.iter().map(|(id, _)| *id).max();
            match highest {
                Some(highest) if highest > last => self.tie = Some(highest),
                _ if more => return Err("the rows of one millisecond do not lead on"),
                _ => {}
            }
            if !more {
                (self.since, self.tie) = (self.since + 1, None);
            }
            return Ok(false);
        }
        if !more {
            return Ok(true);
        }
        if times().any(|at| at < self.since) {
            return Err("a row changed before the time that was asked for");
        }
        let tail = marks.iter().rev().take(TAIL).filter_map(|(_, at)| *at);
        match tail.min() {
            None => return Err("rows show no time of change"),
            Some(at) if at > self.since => self.since = at,
            // The page did not get beyond its first millisecond.
            Some(_) => self.tie = Some(0),
        }
        Ok(false)
    }
}

/// From when on the next pass reads, after one that began then and saw this as its latest change.
pub(super) fn resume(started_at: DateTime<Utc>, newest: Option<DateTime<Utc>>) -> DateTime<Utc> {
    // A change that is dated in the future must not hide all others, nor one of long ago be read for ever.
    let newest = newest.unwrap_or(started_at - SKEW).min(started_at);
    newest.max(started_at - SKEW) - OVERLAP
}

/// The next page; whether it was the last.
pub(super) async fn step(
    hub: &HubSpot,
    query: &Query<'_>,
    place: &mut Place,
) -> Result<(Vec<Record>, bool), ConnectorError> {
    let path = format!("{}/search", query.path);
    let call = hub.client.call(::http::Method::POST, &path);
    let call = call.json(&place.body(query)).idempotent();
    let listing: Listing = call.send().await?.json()?;
    let more = listing.after().is_some();
    let total = listing.total.as_ref().and_then(text);
    let total = total.and_then(|total| total.parse::<usize>().ok());
    if !more && total.is_some_and(|total| total > listing.results.len()) {
        let why = "there are more than came, and no token leads to them";
        return Err(contract(&path, why));
    }
    let records = contacts::records(listing.results)?;
    let mark = |record: &Record| {
        let id = record.id.parse().unwrap_or(u64::MAX);
        (
            id,
            record.time(query.modified).map(|at| at.timestamp_millis()),
        )
    };
    let marks: Vec<_> = records.iter().map(mark).collect();
    let over = place.after(&marks, more);
    Ok((records, over.map_err(|reason| contract(&path, reason))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(since: i64) -> Place {
        Place {
            since,
            tie: None,
            newest: None,
        }
    }

    fn marks(rows: &[(u64, i64)]) -> Vec<(u64, Option<i64>)> {
        rows.iter().map(|(id, at)| (*id, Some(*at))).collect()
    }

    #[test]
    fn the_next_page_begins_where_the_last_rows_ended() {
        let mut walk = place(10);
        let page: Vec<_> = (0..200)
            .map(|n| (n, 20 + i64::try_from(n).unwrap()))
            .collect();
        assert_eq!(walk.after(&marks(&page), true), Ok(false));
        assert_eq!((walk.since, walk.tie), (210, None));
        assert_eq!(walk.after(&marks(&[(1, 215)]), false), Ok(true));
        assert_eq!(walk.newest, Some(219));
    }

    #[test]
    fn a_row_that_shows_a_newer_time_than_its_place_skips_nothing() {
        let mut walk = place(10);
        walk.after(&marks(&[(1, 11), (2, 12), (3, 9_000)]), true)
            .unwrap();
        assert_eq!(walk.since, 11);
    }

    #[test]
    fn more_records_of_one_millisecond_than_fit_on_a_page_are_read_by_id() {
        let mut walk = place(10);
        let page: Vec<_> = (5..205).map(|n| (n, 10)).collect();
        assert_eq!(walk.after(&marks(&page), true), Ok(false));
        assert_eq!((walk.since, walk.tie), (10, Some(0)));
        walk.after(&marks(&page), true).unwrap();
        assert_eq!(walk.tie, Some(204));
        assert!(walk.clone().after(&marks(&page), true).is_err());
        walk.after(&marks(&[(300, 10)]), false).unwrap();
        assert_eq!((walk.since, walk.tie), (11, None));
    }

    #[test]
    fn a_search_whose_filter_is_ignored_is_noticed() {
        assert!(place(10).after(&marks(&[(1, 9)]), true).is_err());
        assert!(place(10).after(&[], true).is_err());
        assert_eq!(place(10).after(&[], false), Ok(true));
    }

    #[test]
    fn the_next_pass_reads_the_lag_of_the_index_again() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let minutes = |back: i64| now - TimeDelta::minutes(back);
        assert_eq!(resume(now, Some(minutes(3))), minutes(18));
        assert_eq!(resume(now, Some(minutes(-600))), minutes(15));
        assert_eq!(resume(now, Some(minutes(6_000))), minutes(75));
        assert_eq!(resume(now, None), minutes(75));
    }
}
