//! Walks one stream of the timeline from its newest event back to where the
//! last walk began, less an overlap. Ghost sorts by time and then id, both
//! falling, and has no page numbers, so each request asks for what lies beyond
//! the last row seen (sheet, section 4).
//!
//! The overlap is there because `created_at` is when a thing happened, not when
//! Ghost wrote it down: it reads Mailgun's log every few minutes and fills
//! holes later. The floor hangs on the newest event that was seen, not on the
//! clock, so a Ghost that could not reach Mailgun for a week loses nothing.
//!
//! A recipient's row moves from the type `sent` to `delivered` or `failed`
//! while we read. The stream of sends therefore walks the three in that order
//! as one pass. Take any recipient handed over before the pass began. Where the
//! first walk reaches its place, it either still stands there, or it has moved
//! before that moment; then the second or third walk, which begins later, finds
//! it, since rows never leave those types. So a finished pass has seen every
//! send up to its own beginning, and says so in its coverage.
//!
//! All types have one path, and a cache in between may repeat the answer about
//! another type. Taken for this one's it would end the walk, and what was not
//! read would be lost; so it is refused.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    Ghost,
    events::{self, Feed, Place},
    wire::EventPage,
};
use crate::{
    connector::{Covered, Page, Stream, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
};

/// How far back each pass reads again.
const OVERLAP: TimeDelta = TimeDelta::hours(48);
/// The most rows that Ghost 6 gives at once.
pub(super) const LIMIT: usize = 100;

/// The walks of a stream, in their order; `None` for a stream that has none.
pub(super) fn feeds(stream: Stream) -> Option<&'static [Feed]> {
    Some(match stream {
        super::SENDS => &[Feed::Sent, Feed::Delivered, Feed::Failed],
        super::OPENS => &[Feed::Opened],
        super::COMPLAINTS => &[Feed::Complained],
        super::CLICKS => &[Feed::Clicked],
        super::NEWSLETTERS => &[Feed::Newsletter],
        super::SIGNUPS => &[Feed::Signup],
        super::COMMENTS => &[Feed::Comment],
        super::PAYMENTS => &[Feed::Payment],
        _ => return None,
    })
}

/// Where a stream stands.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// By type: what the last finished walk has seen.
    seen: BTreeMap<String, Seen>,
    /// The pass under way.
    pass: Option<Pass>,
}

/// What a finished walk has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The newest event ever seen, at most the beginning of its pass.
    newest: DateTime<Utc>,
    /// Where the walk ended.
    floor: Option<DateTime<Utc>>,
    /// The newest row of the walk.
    head: Option<Place>,
    /// How many rows the walk has read.
    rows: usize,
}

/// A pass over all feeds of a stream.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// Which of the feeds is being walked.
    feed: usize,
    /// The first row seen on this walk.
    head: Option<Place>,
    /// The last row seen on this walk.
    last: Option<Place>,
    /// How many rows this walk has read.
    rows: usize,
}

impl Pass {
    fn begin(started_at: DateTime<Utc>, feed: usize) -> Self {
        Self {
            started_at,
            feed,
            head: None,
            last: None,
            rows: 0,
        }
    }
}

/// One page of a stream.
pub(super) async fn pull(
    ghost: &Ghost,
    spec: &StreamSpec,
    feeds: &[Feed],
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let now = ghost.clock.now().trunc_subsecs(3);
    let mut pass = position.pass.take().unwrap_or_else(|| Pass::begin(now, 0));
    // A pass from the future, or one of another version with more feeds, begins anew.
    if pass.started_at > now || pass.feed >= feeds.len() {
        warn!(
            stream = spec.stream.0,
            "the stored position is impossible; the pass begins anew"
        );
        pass = Pass::begin(now, 0);
    }
    let feed = feeds[pass.feed];
    let floor = floor(&position, feed, pass.started_at);

    let call = ghost.client.get("members/events/").query("limit", LIMIT);
    let call = call.query("filter", filter(feed, pass.last.as_ref(), floor));
    let answer: EventPage = call.send().await?.json()?;
    let (rows, total) = (answer.events.len(), answer.meta.pagination.total);
    let reading = events::read(feed, answer.events, &ghost.newsletters);
    if let Some(other) = reading.foreign {
        let detail = format!("rows of {other} came: this answers another question");
        return Err(wrong(feed, detail));
    }
    check_order(feed, pass.last.as_ref(), &reading.places, total > rows)?;

    let first = pass.last.is_none();
    pass.rows += rows;
    pass.head = pass.head.or_else(|| reading.places.first().cloned());
    pass.last = reading.places.into_iter().next_back().or(pass.last);
    let mut page = Page::empty(Cursor::encode(&())?, false);
    (page.events, page.campaigns, page.rejects) =
        (reading.events, reading.campaigns, reading.rejects);
    page.unknown = reading.unknown;
    let seen = position.seen.get(feed.asked());
    if first && seen.is_some_and(|seen| seen.holds(&pass, floor, total)) {
        pass = Pass::begin(pass.started_at, pass.feed + 1);
    } else if total <= rows {
        if let Some(seen) = Seen::after(&pass, floor, seen) {
            position.seen.insert(feed.asked().to_owned(), seen);
        }
        pass = Pass::begin(pass.started_at, pass.feed + 1);
    }
    page.done = pass.feed == feeds.len();
    if page.done {
        let lateness = TimeDelta::from_std(spec.lateness).unwrap_or(OVERLAP);
        let through = pass.started_at - lateness;
        page.covered = vec![Covered {
            kinds: spec.kinds.to_vec(),
            from: None,
            through,
        }];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

impl Seen {
    /// Whether a walk that has read its first page would read what this one read.
    /// Events are only ever added, so an equal number of rows above the same
    /// floor is the same rows: a site at rest costs one request for each type.
    /// (When a member is deleted its events go, and may hide as many late ones
    /// until the next event comes in.)
    fn holds(&self, pass: &Pass, floor: Option<DateTime<Utc>>, total: usize) -> bool {
        (self.floor, self.rows, &self.head) == (floor, total, &pass.head)
    }

    /// What a finished walk has seen; `None` while there never was an event.
    fn after(pass: &Pass, floor: Option<DateTime<Utc>>, before: Option<&Self>) -> Option<Self> {
        let head = pass.head.as_ref().map(|head| head.at.min(pass.started_at));
        let newest = head.max(before.map(|seen| seen.newest.min(pass.started_at)))?;
        Some(Self {
            newest,
            floor,
            head: pass.head.clone(),
            rows: pass.rows,
        })
    }
}

/// Where this walk ends; `None` on the first one.
fn floor(position: &Position, feed: Feed, started_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let newest = position.seen.get(feed.asked())?.newest;
    if newest > started_at {
        warn!(
            feed = feed.asked(),
            "the stored position lies in the future; all is read again"
        );
        return None;
    }
    Some(newest - OVERLAP)
}

/// The filter in Ghost's query language. `type` may only be and-ed.
fn filter(feed: Feed, last: Option<&Place>, floor: Option<DateTime<Utc>>) -> String {
    let mut parts = vec![format!("type:{}", feed.asked())];
    parts.extend(last.map(|Place { at, id }| {
        let (at, id) = (stamp(*at), quote(id));
        format!("(data.created_at:<'{at}',(data.created_at:'{at}'+id:<{id}))")
    }));
    parts.extend(floor.map(|floor| format!("data.created_at:>='{}'", stamp(floor))));
    parts.join("+")
}

/// A time as filters take it. Ghost keeps whole seconds; a fraction is written where there is one.
fn stamp(at: DateTime<Utc>) -> String {
    let format = if at.timestamp_subsec_millis() == 0 {
        "%F %T"
    } else {
        "%F %T%.3f"
    };
    at.format(format).to_string()
}

/// A text in Ghost's query language.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Refuses a page that does not lead on: a proxy that drops the query, or a
/// server that sorts otherwise, would have us walk in circles or skip rows.
fn check_order(
    feed: Feed,
    last: Option<&Place>,
    places: &[Place],
    more: bool,
) -> Result<(), ConnectorError> {
    if !last.into_iter().chain(places).is_sorted_by(|a, b| a > b) {
        let detail = "the rows are not sorted by time and id, or come again";
        return Err(wrong(feed, detail.to_owned()));
    }
    if places.is_empty() && more {
        let detail = "the count says that there are more rows, and none came that could be placed";
        return Err(wrong(feed, detail.to_owned()));
    }
    Ok(())
}

fn wrong(feed: Feed, detail: String) -> ConnectorError {
    ConnectorError::Contract {
        what: format!("GET members/events/ ({})", feed.asked()),
        detail,
    }
}

#[cfg(test)]
mod tests;
