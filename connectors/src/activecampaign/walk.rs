//! Walks a list by offset. Rows come and go meanwhile (sheet 8), so each page begins at the last row of the page
//! before: where that row has moved away, the walk goes a page back. The end is where nothing follows that row.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ActiveCampaign,
    wire::{id, id_of, rows},
};
use crate::{
    error::ConnectorError,
    http::{Answer, Failure},
};

/// The most rows of a page (sheet 3).
pub(super) const LIMIT: usize = 100;
/// A page with fewer rows than this is the last of a list that tells no total.
const SHORT: usize = 5;
/// How often a walk may go back.
const TRIES: u8 = 5;

/// Where a walk stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    offset: u64,
    anchor: Option<String>,
    /// How far the walk ever came.
    far: u64,
    /// How often it went back since.
    tries: u8,
}

/// One page of a walk. A row may come again.
pub(super) struct Stretch {
    pub(super) rows: Vec<Value>,
    pub(super) over: bool,
}

/// What is asked of a list.
pub(super) struct List<'l> {
    /// The path below the base.
    pub(super) path: &'l str,
    /// What the answer calls the rows.
    pub(super) name: &'l str,
    /// Filters and orders.
    pub(super) query: &'l [(&'static str, &'l str)],
}

impl List<'_> {
    async fn ask(&self, ac: &ActiveCampaign, offset: u64) -> Result<Answer, Failure> {
        let mut call = ac.client.get(self.path).query("limit", LIMIT);
        call = call.query("offset", offset);
        for (name, value) in self.query {
            call = call.query(name, value);
        }
        call.send().await
    }

    /// The answer; `None` where the account does not have the list. A feature that is not in the plan is refused with
    /// the words for a bad key (sheet 8), so the key is tried.
    async fn try_ask(
        &self,
        ac: &ActiveCampaign,
        offset: u64,
    ) -> Result<Option<Answer>, ConnectorError> {
        match self.ask(ac, offset).await {
            Err(Failure::NotDone(ConnectorError::Auth { .. })) => {
                ac.me().await?;
                Ok(None)
            }
            Err(failure) => Err(failure.into()),
            Ok(answer) if answer.status().as_u16() == 404 => Ok(None),
            Ok(answer) => Ok(Some(answer)),
        }
    }
}

/// The next page.
pub(super) async fn step(
    ac: &ActiveCampaign,
    list: &List<'_>,
    walk: &mut Walk,
) -> Result<Stretch, ConnectorError> {
    let answer = list.ask(ac, walk.start()).await?;
    let (rows, total) = rows(&answer, list.name)?;
    walk.follow(list, rows, total)
}

/// The next page of what hangs on a contact; `None` where the contact is gone.
pub(super) async fn step_unless_gone(
    ac: &ActiveCampaign,
    list: &List<'_>,
    walk: &mut Walk,
) -> Result<Option<Stretch>, ConnectorError> {
    let answer = list.ask(ac, walk.start()).await?;
    if answer.status().as_u16() == 404 {
        return Ok(None);
    }
    let (rows, total) = rows(&answer, list.name)?;
    walk.follow(list, rows, total).map(Some)
}

/// The next page of a list that no document promises; `None` where the account does not have it.
pub(super) async fn try_step(
    ac: &ActiveCampaign,
    list: &List<'_>,
    walk: &mut Walk,
) -> Result<Option<Stretch>, ConnectorError> {
    let Some(answer) = list.try_ask(ac, walk.start()).await? else {
        return Ok(None);
    };
    let (rows, total) = rows(&answer, list.name)?;
    walk.follow(list, rows, total).map(Some)
}

/// The same of a list of which nobody knows the shape for certain: JSON of another one is as good as none.
pub(super) async fn guess_step(
    ac: &ActiveCampaign,
    list: &List<'_>,
    walk: &mut Walk,
) -> Result<Option<Stretch>, ConnectorError> {
    let Some(answer) = list.try_ask(ac, walk.start()).await? else {
        return Ok(None);
    };
    let page: Value = answer.json()?;
    if !page[list.name].is_array() {
        return Ok(None);
    }
    let (rows, total) = rows(&answer, list.name)?;
    if !rows.is_empty() && rows.iter().all(|row| key(row).is_none()) {
        return Ok(None);
    }
    walk.follow(list, rows, total).map(Some)
}

/// All rows of a list, each once where it has an id.
pub(super) async fn all(
    ac: &ActiveCampaign,
    list: &List<'_>,
) -> Result<Vec<Value>, ConnectorError> {
    let (mut walk, mut found) = (Walk::default(), Vec::<Value>::new());
    loop {
        let stretch = step(ac, list, &mut walk).await?;
        for row in stretch.rows {
            let known = id(&row, "id").is_some_and(|own| {
                let same = |other: &Value| id(other, "id").as_ref() == Some(&own);
                found.iter().any(same)
            });
            if !known {
                found.push(row);
            }
        }
        if stretch.over {
            return Ok(found);
        }
    }
}

impl Walk {
    /// The place to ask for: that of the last row seen.
    fn start(&self) -> u64 {
        self.offset.saturating_sub(u64::from(self.anchor.is_some()))
    }

    fn follow(
        &mut self,
        list: &List<'_>,
        rows: Vec<Value>,
        total: Option<u64>,
    ) -> Result<Stretch, ConnectorError> {
        let place = self.anchor.as_ref().map(|anchor| {
            let fits = |row: &Value| key(row).as_ref() == Some(anchor);
            rows.iter().position(fits)
        });
        let start = self.start();
        let held = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let lost = place == Some(None);
        // Nothing follows the last row, or the list is empty, or there are no more rows than we have seen.
        // A list that always gives all of itself, whatever the offset, ends with the last row again: it is over, too.
        // An odd row without an id is nothing to stand on: what counts is the last one that has one.
        let standing = rows.iter().rposition(|row| key(row).is_some());
        let last = rows.is_empty() || place.flatten().is_some_and(|place| Some(place) == standing);
        let counted = total.is_some_and(|total| total > 0 && start + held >= total);
        // Rows that cannot be told apart do not say where the walk stands: then only a page that is not full ends it.
        let nameless = !rows.is_empty() && standing.is_none();
        if nameless && total.is_none() && rows.len() >= LIMIT {
            return Err(ConnectorError::Contract {
                what: format!("GET {}", list.path),
                detail: "rows have no id: whether more follow cannot be told".into(),
            });
        }
        let short = total.is_none() && (nameless || rows.len() < SHORT);
        let more = last && total.is_some_and(|total| total > start + held);
        if lost || more {
            self.tries += 1;
            if self.tries > TRIES {
                let more = "the list says that there is more, and gives something else, or nothing";
                return Err(ConnectorError::Contract {
                    what: format!("GET {}", list.path),
                    detail: more.into(),
                });
            }
            let back = u64::try_from(LIMIT).unwrap_or_default();
            self.offset = self.offset.saturating_sub(back);
            // From a page back on, the rows lead up to where we were.
            self.anchor = None;
            return Ok(Stretch { rows, over: false });
        }
        if let Some(standing) = standing {
            self.offset = start + u64::try_from(standing + 1).unwrap_or(held);
            self.anchor = key(&rows[standing]);
        } else if !rows.is_empty() {
            self.offset = start + held;
            self.anchor = None;
        }
        if self.offset > self.far {
            (self.far, self.tries) = (self.offset, 0);
        }
        Ok(Stretch {
            over: last || counted || short,
            rows,
        })
    }
}

/// What tells a row from the others.
fn key(row: &Value) -> Option<String> {
    id_of(row, &["id", "contact", "subscriberid"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIST: List<'static> = List {
        path: "campaigns/19/links",
        name: "links",
        query: &[],
    };

    #[test]
    fn a_list_that_gives_all_of_itself_whatever_the_offset_is_over() {
        let rows: Vec<Value> = (1..=8).map(|id| json!({"id": id.to_string()})).collect();
        let mut walk = Walk::default();
        assert!(!walk.follow(&LIST, rows.clone(), None).unwrap().over);
        assert!(walk.follow(&LIST, rows, None).unwrap().over);
    }

    #[test]
    fn rows_without_an_id_do_not_lead_in_a_circle() {
        let rows = |many: usize| vec![json!({"link": "https://example.org/a"}); many];
        let over = |many, total| {
            let mut walk = Walk::default();
            walk.follow(&LIST, rows(many), total).map(|next| next.over)
        };
        assert!(over(8, None).unwrap());
        assert!(over(8, Some(8)).unwrap());
        assert!(!over(8, Some(9)).unwrap());
        assert_eq!(over(LIMIT, None).unwrap_err().code(), "E0501");
    }

    #[test]
    fn an_odd_row_at_the_end_of_a_page_hides_nothing_behind_it() {
        let row = |id: usize| json!({"subscriberid": id.to_string()});
        let mut first: Vec<Value> = (1..LIMIT).map(row).collect();
        first.push(row(0));
        let mut walk = Walk::default();
        assert!(!walk.follow(&LIST, first, None).unwrap().over);
        assert_eq!(walk.start(), 98, "from the last that can be told on");
        let next = [row(99), row(0), row(100), row(101), row(102)].to_vec();
        assert!(!walk.follow(&LIST, next, None).unwrap().over);
        assert!(walk.follow(&LIST, vec![row(102)], None).unwrap().over);
    }
}
