//! What several operations take and say alike: pages of lists, instants, numbers of rows.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::unfit;
use crate::{score::calendar::Millis, web::error::Refusal};

/// So many items are on a page unless asked otherwise.
const LIMIT: u16 = 50;

/// So many at most.
pub(super) const LIMIT_MAX: u16 = 200;

/// A page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) items: Vec<T>,
    /// The cursor of the next page; null after the last.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is always whole.
    pub(super) fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self {
            items: items.into_iter().collect(),
            next: None,
        }
    }

    /// A page of what was read with one item more than fits, which tells whether there is a next page.
    pub(super) fn cut(mut items: Vec<T>, limit: u16, number: impl Fn(&T) -> i64) -> Self {
        let more = items.len() > usize::from(limit);
        items.truncate(usize::from(limit));
        let last = items.last().filter(|_| more);
        Self {
            next: last.map(|last| format!("n{}", number(last))),
            items,
        }
    }
}

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    /// So many items at most.
    #[schemars(range(min = 1, max = 200), extend("default" = 50))]
    pub(super) limit: Option<u16>,
    /// Where the last page ended: its `next`.
    #[schemars(regex(pattern = "^n[0-9]{1,18}$"))]
    pub(super) cursor: Option<String>,
}

impl Paging {
    /// How many items; and behind which number, if not from the beginning.
    pub(super) fn read(&self) -> Result<(u16, Option<i64>), Refusal> {
        Ok((limit(self.limit)?, number(self.cursor.as_deref())?))
    }
}

/// How many items, where somebody said so.
pub(super) fn limit(asked: Option<u16>) -> Result<u16, Refusal> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let help = format!("a page has 1 to {LIMIT_MAX} items");
    Err(unfit(format!("no page has {limit} items"), Some(help)))
}

/// The number in a cursor of [`Page::cut`].
pub(super) fn number(cursor: Option<&str>) -> Result<Option<i64>, Refusal> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let number = cursor.strip_prefix('n').and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(no_such_cursor)
}

/// A cursor that no page gave.
pub(super) fn no_such_cursor() -> Refusal {
    let help = "hand back `next` of the page before, with the same question";
    unfit("no page ended there", Some(help.to_owned()))
}

/// An instant as it is told.
pub(super) fn instant(at: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// The number of a thing, in a path.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(super) struct ById {
    /// Its number.
    pub(super) id: i64,
}
