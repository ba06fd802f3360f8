//! Walks a list by offset, without trusting the offset. Mailchimp has no cursors,
//! so rows shift when others come or go before them. Each page therefore begins
//! with the last row of the page before it, the anchor:
//!
//! - the anchor comes first: nothing shifted;
//! - it comes later: rows were added before it. They shift others to the right,
//!   so nothing was skipped; what was added is news for the next pass;
//! - it does not come, or comes at the end of the very page that we had: rows were
//!   removed, or this is another page. The page is asked for once more, then the
//!   walk begins again.
//!
//! The walk counts the rows on a page, never what is inside them, and is over
//! when it has come as far as `total_items` says. A platform that says there is
//! more and does not give it is an error.

use serde::{Deserialize, Serialize};

use super::{
    Mailchimp,
    patience::Patience,
    wire::{Item, Listing, Row},
};
use crate::{error::ConnectorError, http::Failure};

/// The most rows that Mailchimp gives at once.
pub(super) const LIMIT: u64 = 1000;
/// Rows to ask for when the answer to [`LIMIT`] is larger than we take.
const FEWER: u64 = 50;

/// How far a walk has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Rows behind us.
    offset: u64,
    /// The key of the last of them.
    anchor: Option<String>,
    /// The key that the last page began with.
    first: Option<String>,
    /// What is left of it is kept while the walk begins again.
    patience: Patience,
}

/// One page of a walk.
pub(super) struct Stretch<T> {
    /// Its rows; an overlap with the page before may be among them.
    pub(super) rows: Vec<Item<T>>,
    /// Whether it was the last.
    pub(super) over: bool,
    /// Whether rows were added before the place where the walk stood.
    pub(super) shifted: bool,
    /// How many rows the whole list has.
    pub(super) total: u64,
}

impl Walk {
    /// A walk that begins behind a row that was the last of the list once.
    pub(super) fn behind(offset: u64, anchor: Option<String>) -> Self {
        Self {
            offset,
            anchor,
            ..Self::default()
        }
    }

    /// Where the next page begins.
    fn start(&self) -> u64 {
        self.offset - u64::from(self.anchor.is_some()).min(self.offset)
    }

    /// Where the walk stands after a page with these keys, and whether rows were
    /// added before it; `None` if the page does not fit.
    fn after(&self, keys: &[Option<String>], total: u64) -> Option<(Self, bool)> {
        let rows = keys.len() as u64;
        let place = match &self.anchor {
            Some(anchor) => Some(keys.iter().position(|key| key.as_ref() == Some(anchor))?),
            None => None,
        };
        let end = self.start() + rows;
        // Of rows added before the anchor some come again on every later page: the
        // place in the list is only believed as far as rows were seen to follow.
        let new = rows - place.map_or(0, |place| place as u64 + 1);
        let over = end >= total;
        let offset = if over { end } else { self.offset + new };
        let first = keys.first().cloned().flatten();
        let same = rows > 1 && new == 0 && first == self.first;
        // More rows behind an anchor than the count leaves room for are another page's.
        let room = end <= total || self.anchor.is_none();
        let fits = room && !same && (new > 0 || over);
        fits.then(|| {
            let walk = Self {
                offset,
                anchor: keys.last().cloned().flatten(),
                first,
                patience: self.patience.clone(),
            };
            (walk, place.is_some_and(|place| place > 0))
        })
    }

    /// How far the walk has come, and the row it stands at.
    pub(super) fn place(&self) -> (u64, Option<String>) {
        (self.offset, self.anchor.clone())
    }
}

/// Reads the next page of a list and moves the walk on. `None` when the platform
/// does not have the list (any more).
pub(super) async fn step<T: Row>(
    mailchimp: &Mailchimp,
    path: &str,
    query: &[(&'static str, String)],
    walk: &mut Walk,
) -> Result<Option<Stretch<T>>, ConnectorError> {
    let mut last = (0, 0);
    for _ in 0..2 {
        let Some(listing) = read::<T>(mailchimp, path, query, walk.start()).await? else {
            return Ok(None);
        };
        let keys: Vec<_> = listing.rows.iter().map(Item::key).collect();
        if let Some((next, shifted)) = walk.after(&keys, listing.total) {
            *walk = next;
            return Ok(Some(Stretch {
                rows: listing.rows,
                over: walk.offset >= listing.total,
                shifted,
                total: listing.total,
            }));
        }
        last = (keys.len(), listing.total);
    }
    let Some(patience) = walk.patience.spend(mailchimp.now()) else {
        return Err(ConnectorError::Contract {
            what: format!("GET {path}"),
            detail: format!(
                "{} rows were counted, and after {} of them came {} that do not follow on; \
                 reading from the start did not help",
                last.1, walk.offset, last.0
            ),
        });
    };
    *walk = Walk {
        patience,
        ..Walk::default()
    };
    Ok(Some(Stretch {
        rows: Vec::new(),
        over: false,
        shifted: false,
        total: last.1,
    }))
}

/// One request; once more with fewer rows when the answer is too large to take.
async fn read<T: Row>(
    mailchimp: &Mailchimp,
    path: &str,
    query: &[(&'static str, String)],
    start: u64,
) -> Result<Option<Listing<T>>, ConnectorError> {
    let ask = async |count: u64| {
        let mut call = mailchimp.client.get(path).query("count", count);
        call = call.query("offset", start);
        for (name, value) in query {
            call = call.query(name, value);
        }
        call.send().await
    };
    let answer = match ask(LIMIT).await {
        // Of a read that was carried out, a broken contract means the size.
        Err(Failure::Unknown(ConnectorError::Contract { .. })) => ask(FEWER).await?,
        other => other?,
    };
    if answer.status() == ::http::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    Listing::read(&answer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Option<String>> {
        text.chars().map(|c| Some(c.to_string())).collect()
    }

    fn at(offset: u64, anchor: &str) -> Walk {
        Walk::behind(offset, Some(anchor.to_owned()))
    }

    fn after(walk: &Walk, page: &str, total: u64) -> Option<Walk> {
        walk.after(&keys(page), total).map(|(walk, _)| walk)
    }

    #[test]
    fn a_page_begins_with_the_last_row_of_the_page_before() {
        let walk = after(&Walk::default(), "abc", 5).unwrap();
        assert_eq!((walk.start(), walk.place()), (2, (3, Some("c".into()))));
        let walk = after(&walk, "cde", 5).unwrap();
        assert_eq!(walk.place(), (5, Some("e".into())));
    }

    #[test]
    fn added_rows_before_the_place_skip_nothing() {
        let (walk, shifted) = at(3, "c").after(&keys("bcd"), 6).unwrap();
        assert_eq!((walk.place(), shifted), ((4, Some("d".into())), true));
        assert_eq!(
            after(&walk, "cde", 6).unwrap().place(),
            (6, Some("e".into()))
        );
    }

    #[test]
    fn removed_rows_before_the_place_are_noticed() {
        assert_eq!(after(&at(3, "c"), "de", 4), None);
    }

    #[test]
    fn the_same_page_again_is_noticed() {
        for total in [4, 5, 6, 100] {
            let walk = after(&Walk::default(), "abc", total).unwrap();
            assert_eq!(after(&walk, "abc", total), None, "{total}");
        }
    }

    #[test]
    fn a_page_that_leads_nowhere_is_noticed() {
        assert_eq!(after(&Walk::default(), "", 4), None);
        assert_eq!(after(&at(3, "c"), "c", 4), None);
        assert!(after(&at(3, "c"), "c", 3).is_some());
        assert!(after(&Walk::default(), "", 0).is_some());
    }

    #[test]
    fn a_server_that_gives_fewer_rows_than_asked_is_walked_on() {
        let walk = after(&Walk::default(), "ab", 1000).unwrap();
        assert_eq!(walk.start(), 1);
    }
}
