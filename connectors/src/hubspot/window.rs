//! Walks feeds that can be asked for by time: windows from the oldest to the newest,
//! each drained before the next.
//!
//! Pages within a window come newest first, so the stream counts as read up to a
//! time only when the whole window is. A window ends at least five minutes ago, and
//! the last hours are read again by every pass, since near the present HubSpot does
//! not show everything yet (sheet, section 4). A window that does not fit on a page
//! is halved as long as it is longer than a day: so a token, which nobody knows how
//! long it is good for, is seldom carried over from one page to the next, and the
//! years in which nothing happened cost one request.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    HubSpot,
    email::{self, Kind},
    subscriptions, visits,
    wire::contract,
};
use crate::{
    connector::{Covered, Page, Stream, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{Campaign, Event, Reject},
};

/// How long ago a window must have ended.
const SETTLED: TimeDelta = TimeDelta::minutes(5);
/// How far back each pass reads again.
const OVERLAP: TimeDelta = TimeDelta::hours(6);
/// Shorter windows are not halved but read page by page; in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// How often a window is read from its beginning because its token is refused.
const TRIES: u8 = 3;

/// What is read at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feed {
    Email(Kind),
    Subscriptions,
    Visits,
}

/// The feeds of a stream, in their order.
fn feeds(stream: Stream) -> &'static [Feed] {
    match stream {
        super::EMAIL => &[
            Feed::Email(Kind::Sent),
            Feed::Email(Kind::Open),
            Feed::Email(Kind::Click),
            Feed::Email(Kind::Bounce),
            Feed::Email(Kind::SpamReport),
        ],
        super::SUBSCRIPTIONS => &[Feed::Subscriptions],
        super::VISITS => &[Feed::Visits],
        _ => &[],
    }
}

/// Where a stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// Up to when a finished pass has read.
    through: Option<DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// Which of the feeds is read.
    feed: usize,
    window: Window,
    tries: u8,
}

/// A stretch of time, from its first to before its last millisecond, and the place in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) to: i64,
    /// The token of the page.
    pub(super) after: Option<String>,
    /// What came first on the page before.
    head: Option<String>,
}

/// What a page of a feed says.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub(super) events: Vec<Event>,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) rejects: Vec<Reject>,
    pub(super) unknown: u64,
    /// The first row, as a text.
    pub(super) head: Option<String>,
    /// The token of the next page.
    pub(super) next: Option<String>,
    /// Whether the token was refused: then nothing was read.
    pub(super) refused: bool,
}

/// One page of a stream.
pub(super) async fn pull(
    hub: &HubSpot,
    spec: &StreamSpec,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = hub.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let feeds = feeds(spec.stream);
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    if [begun, position.through]
        .into_iter()
        .flatten()
        .any(|at| at > now)
    {
        warn!(
            stream = spec.stream.0,
            "the stored position lies in the future; all is read again"
        );
        position = Position::default();
    }
    let known = |pass: &Pass| pass.feed < feeds.len();
    let mut pass = position.pass.take().filter(known).unwrap_or_else(|| Pass {
        started_at: now,
        feed: 0,
        window: first(position.through, now),
        tries: 0,
    });
    let stretch = read(hub, feeds[pass.feed], &pass.window).await?;
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if stretch.refused {
        pass.tries += 1;
        if pass.tries > TRIES {
            return Err(contract(
                spec.stream.0,
                "its own token is refused, again and again",
            ));
        }
        (pass.window.after, pass.window.head) = (None, None);
    } else {
        let over = pass.window.behind(&stretch, end(pass.started_at));
        if over.map_err(|reason| contract(spec.stream.0, reason))? {
            pass.feed += 1;
            pass.window = first(position.through, pass.started_at);
            pass.tries = 0;
        }
    }
    (page.events, page.campaigns) = (stretch.events, stretch.campaigns);
    (page.rejects, page.unknown) = (stretch.rejects, stretch.unknown);
    page.done = pass.feed == feeds.len();
    if page.done {
        let lateness = TimeDelta::from_std(spec.lateness).unwrap_or(OVERLAP);
        position.through = Some(end(pass.started_at));
        page.covered = vec![Covered {
            kinds: spec.kinds.to_vec(),
            from: None,
            through: pass.started_at - lateness,
        }];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

async fn read(hub: &HubSpot, feed: Feed, window: &Window) -> Result<Stretch, ConnectorError> {
    match feed {
        Feed::Email(kind) => email::read(hub, kind, window).await,
        Feed::Subscriptions => subscriptions::read(hub, window).await,
        Feed::Visits => visits::read(hub, window).await,
    }
}

/// Where the windows of a pass end.
fn end(started_at: DateTime<Utc>) -> DateTime<Utc> {
    started_at - SETTLED
}

/// The first window of a feed: all that was not read yet, and the overlap.
fn first(through: Option<DateTime<Utc>>, started_at: DateTime<Utc>) -> Window {
    let from = through.map_or(0, |through| (through - OVERLAP).timestamp_millis());
    Window::of(from, end(started_at).timestamp_millis())
}

impl Window {
    fn of(from: i64, to: i64) -> Self {
        Self {
            from,
            to,
            after: None,
            head: None,
        }
    }

    /// Moves on behind a page; whether the feed is read up to `end`. The reason when the page does not lead on.
    fn behind(&mut self, stretch: &Stretch, end: DateTime<Utc>) -> Result<bool, &'static str> {
        let (end, length) = (end.timestamp_millis(), self.to - self.from);
        let Some(next) = &stretch.next else {
            *self = Self::of(self.to, end.min(self.to + 2 * length.max(DAY)));
            return Ok(self.from >= end);
        };
        if length > DAY && self.after.is_none() {
            self.to = self.from + length / 2;
            return Ok(false);
        }
        let same_page = stretch.head.is_some() && stretch.head == self.head;
        if self.after.as_ref() == Some(next) || (self.after.is_some() && same_page) {
            return Err("the page is the one before, once more");
        }
        (self.after, self.head) = (Some(next.clone()), stretch.head.clone());
        Ok(false)
    }

    /// Whether a time lies in it.
    pub(super) fn holds(&self, at: DateTime<Utc>) -> bool {
        (self.from..self.to).contains(&at.timestamp_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(next: Option<&str>) -> Stretch {
        Stretch {
            next: next.map(str::to_owned),
            ..Stretch::default()
        }
    }

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(ms).unwrap()
    }

    #[test]
    fn a_long_window_that_does_not_fit_is_halved_and_grows_again() {
        let mut window = Window::of(0, 8 * DAY);
        assert_eq!(window.behind(&stretch(Some("a")), at(8 * DAY)), Ok(false));
        assert_eq!(window, Window::of(0, 4 * DAY));
        assert_eq!(window.behind(&stretch(None), at(8 * DAY)), Ok(false));
        assert_eq!(window, Window::of(4 * DAY, 8 * DAY));
        assert_eq!(window.behind(&stretch(None), at(8 * DAY)), Ok(true));
    }

    #[test]
    fn a_short_window_is_read_by_its_tokens_which_must_lead_on() {
        let mut window = Window::of(0, DAY);
        window.behind(&stretch(Some("a")), at(DAY)).unwrap();
        assert_eq!(window.after.as_deref(), Some("a"));
        assert!(window.clone().behind(&stretch(Some("a")), at(DAY)).is_err());
        assert_eq!(window.behind(&stretch(Some("b")), at(DAY)), Ok(false));
        assert_eq!(window.behind(&stretch(None), at(DAY)), Ok(true));
    }
}
