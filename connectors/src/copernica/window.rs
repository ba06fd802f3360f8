//! Walks an event list within one closed span of the past. Such lists have no
//! other paging than an offset, and that drifts on a list that grows (sheet 8).
//! So the span ends before now, and each page begins with the last row of the page
//! before it: where that row does not come, rows have shifted, and the span is
//! read again from its beginning.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::{
    Copernica,
    keyset::LIMIT,
    wire::{Listing, Row, stamp},
};
use crate::error::ConnectorError;

/// Fresh starts in a row before it is an error.
const TRIES: u8 = 3;

/// Which list, and how it is told the span.
pub(super) enum Bounds {
    /// `begintime` and `endtime` (sheet 4.1).
    Parameters,
    /// A filter on `timestamp` (sheet 4.2).
    Filter,
}

/// How far a walk has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Rows behind us.
    at: u64,
    /// The id of the last of them.
    anchor: Option<String>,
    tries: u8,
}

/// What a step of a walk brought.
pub(super) enum Stretch {
    Rows(Vec<Row>),
    /// Nothing is left.
    Over,
    /// Rows have shifted: what came of this walk is void, and it begins again.
    Shifted,
}

/// The next page. Rows outside of the span mean that it was passed over in silence (sheet 4.2).
pub(super) async fn step(
    copernica: &Copernica,
    path: &str,
    bounds: &Bounds,
    (from, to): (NaiveDateTime, NaiveDateTime),
    walk: &mut Walk,
) -> Result<Option<Stretch>, ConnectorError> {
    let start = walk.at - u64::from(walk.anchor.is_some()).min(walk.at);
    let call = copernica
        .client
        .get(path)
        .query("limit", LIMIT)
        .query("start", start);
    let call = call.query("total", false);
    let call = match bounds {
        Bounds::Parameters => call
            .query("begintime", stamp(from))
            .query("endtime", stamp(to)),
        Bounds::Filter => call
            .query("fields[]", format!("timestamp>={}", stamp(from)))
            .query("fields[]", format!("timestamp<={}", stamp(to))),
    };
    let answer = call.send().await?;
    if matches!(answer.status().as_u16(), 400 | 404)
        && matches!(bounds, Bounds::Parameters)
        && path.starts_with("ms/emailing/")
    {
        return Ok(None);
    }
    let page: Listing = answer.json()?;
    let outside = |row: &Row| row.time("timestamp").is_some_and(|at| at < from || at > to);
    if page.data.iter().any(outside) {
        return Err(wrong(
            path,
            "rows outside of the span came: the filter was passed over",
        ));
    }
    walk.after(page.data)
        .map(Some)
        .ok_or_else(|| wrong(path, "the rows change places whenever they are read"))
}

fn wrong(path: &str, detail: &str) -> ConnectorError {
    ConnectorError::Contract {
        what: format!("GET {path}"),
        detail: detail.to_owned(),
    }
}

impl Walk {
    /// Moves behind these rows; `None` when beginning again did not help.
    fn after(&mut self, mut rows: Vec<Row>) -> Option<Stretch> {
        if let Some(anchor) = &self.anchor {
            if rows.first().and_then(|row| row.text("id")).as_ref() != Some(anchor) {
                let tries = self.tries + 1;
                *self = Self {
                    tries,
                    ..Self::default()
                };
                return (tries <= TRIES).then_some(Stretch::Shifted);
            }
            rows.remove(0);
        }
        let Some(last) = rows.last() else {
            return Some(Stretch::Over);
        };
        self.anchor = last.text("id");
        self.at += rows.len() as u64;
        Some(Stretch::Rows(rows))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(ids: &[u64]) -> Vec<Row> {
        ids.iter()
            .map(|id| Row::from(json!({"ID": id.to_string()})))
            .collect()
    }

    #[test]
    fn start_paging_that_drifts_begins_again_and_ends_in_an_error() {
        let mut walk = Walk::default();
        assert!(matches!(walk.after(rows(&[1, 2])), Some(Stretch::Rows(rows)) if rows.len() == 2));
        assert!(matches!(walk.after(rows(&[2, 3])), Some(Stretch::Rows(rows)) if rows.len() == 1));
        assert!(matches!(walk.after(rows(&[3])), Some(Stretch::Over)));
        for _ in 0..3 {
            walk.anchor = Some("9".into());
            assert!(matches!(walk.after(rows(&[3])), Some(Stretch::Shifted)));
            assert_eq!(walk.at, 0);
        }
        walk.anchor = Some("9".into());
        assert!(walk.after(rows(&[3])).is_none());
    }
}
