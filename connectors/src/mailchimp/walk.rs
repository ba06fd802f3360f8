//! Walks a list by offset, without trusting the offset. Mailchimp has no cursors,
//! so rows shift when others come or go before them. Each page therefore begins
//! with the last row of the page before it, the anchor:
//!
//! - the anchor comes first: nothing shifted;
//! - it comes later: rows were added before it. They shift others to the right,
//!   so nothing was skipped; what was added is news for the next pass;
//! - it does not come: rows were removed, or this is another page. The page is
//!   asked for once more, then the walk begins again.
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
    /// What is left of it is kept while the walk begins again.
    patience: Patience,
}

/// One page of a walk.
pub(super) struct Stretch<T> {
    /// Its rows; an overlap with the page before may be among them.
    pub(super) rows: Vec<Item<T>>,
    /// Whether it was the last.
    pub(super) over: bool,
    /// How many rows the whole list has.
    pub(super) total: u64,
}

impl Walk {
    /// A walk that begins behind a row that was the last of the list once.
    pub(super) fn behind(offset: u64, anchor: Option<String>) -> Self {
        Self {
            offset,
            anchor,
            patience: Patience::default(),
        }
    }

    /// Where the next page begins.
    fn start(&self) -> u64 {
        self.offset - u64::from(self.anchor.is_some()).min(self.offset)
    }

    /// Where the walk stands after a page with these keys, if the page fits.
    fn after(&self, keys: &[Option<String>], total: u64) -> Option<Self> {
        let found = |anchor: &String| keys.iter().any(|key| key.as_ref() == Some(anchor));
        let offset = self.start() + keys.len() as u64;
        let fits = self.anchor.as_ref().is_none_or(found);
        let on = offset > self.offset || offset >= total;
        (fits && on).then(|| Self {
            offset,
            anchor: keys.last().cloned().flatten(),
            patience: self.patience.clone(),
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
        if let Some(next) = walk.after(&keys, listing.total) {
            *walk = next;
            return Ok(Some(Stretch {
                rows: listing.rows,
                over: walk.offset >= listing.total,
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

    #[test]
    fn a_page_begins_with_the_last_row_of_the_page_before() {
        let walk = Walk::default().after(&keys("abc"), 5).unwrap();
        assert_eq!((walk.start(), walk.place()), (2, (3, Some("c".into()))));
        let walk = walk.after(&keys("cde"), 5).unwrap();
        assert_eq!(walk.place(), (5, Some("e".into())));
    }

    #[test]
    fn added_rows_before_the_place_skip_nothing() {
        let walk = at(3, "c").after(&keys("bcd"), 6).unwrap();
        assert_eq!(walk.place(), (5, Some("d".into())));
    }

    #[test]
    fn removed_rows_before_the_place_are_noticed() {
        assert_eq!(at(3, "c").after(&keys("de"), 4), None);
    }

    #[test]
    fn a_page_that_leads_nowhere_is_noticed() {
        assert_eq!(Walk::default().after(&[], 4), None);
        assert_eq!(at(3, "c").after(&keys("c"), 4), None);
        assert!(at(3, "c").after(&keys("c"), 3).is_some());
        assert!(Walk::default().after(&[], 0).is_some());
    }

    #[test]
    fn a_server_that_gives_fewer_rows_than_asked_is_walked_on() {
        let walk = Walk::default().after(&keys("ab"), 1000).unwrap();
        assert_eq!(walk.start(), 1);
    }
}
