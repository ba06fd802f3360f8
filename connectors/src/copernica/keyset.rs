//! Walks profiles and subprofiles by their id. An offset would slip while rows come
//! and go (sheet 8); an id does not.
//!
//! Copernica passes over a filter that it does not understand, and then gives
//! everything (sheet 3). So each row is held against the filter that was asked for.
//! The walk ends at a page without rows, since a short one may be a cut one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use super::{
    Copernica,
    wire::{Listing, Profile, stamp},
};
use crate::error::ConnectorError;

/// The most rows that Copernica gives at once (sheet 3).
pub(super) const LIMIT: usize = 1000;

/// What to walk through.
#[derive(Clone, Copy, Default)]
pub(super) struct Ask<'a> {
    /// `database/7616/profiles`, say.
    pub(super) path: &'a str,
    /// Rows behind this id.
    pub(super) after: u64,
    /// Rows up to this id.
    pub(super) upto: Option<u64>,
    /// Rows that were changed at this time or later.
    pub(super) since: Option<NaiveDateTime>,
    /// Without what costs the platform more to gather: dates of making, databases (sheet 3).
    pub(super) dataonly: bool,
}

/// The next page, verified; without rows when the walk is over.
pub(super) async fn step(
    copernica: &Copernica,
    ask: Ask<'_>,
) -> Result<Vec<Profile>, ConnectorError> {
    let call = copernica.client.get(ask.path).query("limit", LIMIT);
    let mut call = call
        .query("total", false)
        .query("orderby", "id")
        .query("order", "asc");
    if ask.dataonly {
        call = call.query("dataonly", true);
    }
    if ask.after > 0 {
        call = call.query("fields[]", format!("id>{}", ask.after));
    }
    if let Some(upto) = ask.upto {
        call = call.query("fields[]", format!("id<={upto}"));
    }
    if let Some(since) = ask.since {
        call = call.query("fields[]", format!("modified>={}", stamp(since)));
    }
    let page: Listing = call.send().await?.json()?;
    let read: Option<Vec<Profile>> = page.data.iter().map(Profile::read).collect();
    let rows = read.ok_or_else(|| wrong(ask.path, "a row has no id"))?;
    verify(&ask, &rows).map_err(|reason| wrong(ask.path, reason))?;
    Ok(rows)
}

fn wrong(path: &str, reason: &str) -> ConnectorError {
    ConnectorError::Contract {
        what: format!("GET {path}"),
        detail: reason.to_owned(),
    }
}

/// Holds each row against the filter.
fn verify(ask: &Ask<'_>, rows: &[Profile]) -> Result<(), &'static str> {
    let mut last = ask.after;
    for row in rows {
        if row.id <= last {
            return Err("the rows are not sorted by id, or the filter on it was passed over");
        }
        last = row.id;
        if ask.upto.is_some_and(|upto| row.id > upto) {
            return Err("the filter on the id was passed over");
        }
        if ask
            .since
            .is_some_and(|since| row.modified.is_none_or(|at| at < since))
        {
            return Err("the filter on modified was passed over");
        }
    }
    Ok(())
}

/// The profiles of our database among these ids, as they are now; who is gone, or of another database, is not among
/// them. Asked for one by one, or by their range, whichever costs fewer calls. A profile's own path is not used: it
/// answers for removed ones, and for those of other databases (sheet 3).
pub(super) async fn find(
    copernica: &Copernica,
    ids: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, Profile>, ConnectorError> {
    let mut found = BTreeMap::new();
    let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else {
        return Ok(found);
    };
    let path = copernica.path("profiles");
    let ask = Ask {
        path: &path,
        dataonly: true,
        ..Ask::default()
    };
    let pages = (last - first) / LIMIT as u64 + 2;
    if pages >= ids.len() as u64 {
        for id in ids {
            let ask = Ask {
                after: id - 1,
                upto: Some(*id),
                ..ask
            };
            let rows = step(copernica, ask).await?;
            found.extend(rows.into_iter().map(|row| (row.id, row)));
        }
        return Ok(found);
    }
    let mut ask = Ask {
        after: first - 1,
        upto: Some(last),
        ..ask
    };
    while ask.after < last {
        let rows = step(copernica, ask).await?;
        let Some(end) = rows.last() else { break };
        ask.after = end.id;
        let wanted = rows.into_iter().filter(|row| ids.contains(&row.id));
        found.extend(wanted.map(|row| (row.id, row)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::copernica::wire::{Row, naive};

    fn rows(ids: &[u64]) -> Vec<Profile> {
        let row = |id: &u64| Row::from(json!({"ID": id, "modified": "2026-02-03 07:13:02"}));
        ids.iter()
            .map(|id| Profile::read(&row(id)).unwrap())
            .collect()
    }

    #[test]
    fn a_filter_that_is_silently_ignored_is_noticed() {
        let ask = Ask {
            after: 10,
            upto: Some(20),
            since: naive("2026-02-03"),
            ..Ask::default()
        };
        assert!(verify(&ask, &rows(&[11, 15, 20])).is_ok());
        for ids in [&[9, 11][..], &[10], &[12, 11], &[11, 11], &[21]] {
            assert!(verify(&ask, &rows(ids)).is_err(), "{ids:?}");
        }
        let late = Ask {
            since: naive("2026-02-04"),
            ..ask
        };
        assert!(verify(&late, &rows(&[11])).is_err());
    }
}
