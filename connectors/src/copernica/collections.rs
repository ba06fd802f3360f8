//! Rows of collections as events. Copernica has no orders; shops write them as
//! subprofiles, into columns of the account's own choice (sheet 5). The settings
//! say which collection means what.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    COLLECTIONS, Copernica, LATE, OVERLAP,
    keyset::{self, Ask},
    wire::{Profile, instant, local, naive, reject},
};
use crate::{
    connector::{Covered, Page, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{ContactRef, Event, EventKind, Reject},
};

/// A pass that is older than this begins anew.
const STALE: TimeDelta = TimeDelta::days(2);

/// What the rows of a collection mean. Columns are named as Copernica shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// The collection's id, a number.
    pub id: u64,
    /// What a row is: a purchase, say.
    pub kind: EventKind,
    /// The column that says when; `None` for when the row was made.
    pub at: Option<String>,
    /// The column with the amount.
    pub amount: Option<String>,
    /// The column with the order's number, one row for each: it names the event, also beside other sources.
    pub order: Option<String>,
    /// The column that says what was bought.
    pub item: Option<String>,
}

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// By collection: when the last finished pass over it began.
    read: BTreeMap<u64, DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// Collections still to read; the first is under way.
    todo: Vec<u64>,
    /// The last id that came.
    after: u64,
}

/// One page of rows.
pub(super) async fn pull(
    copernica: &Copernica,
    spec: &StreamSpec,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = copernica.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    if position
        .read
        .values()
        .copied()
        .chain(begun)
        .any(|at| at > now)
    {
        warn!(
            stream = COLLECTIONS.0,
            "the stored position lies in the future; all rows are read again"
        );
        position = Position::default();
    }
    let under_way = position
        .pass
        .take()
        .filter(|pass| now - pass.started_at < STALE);
    let all = || copernica.collections.iter().map(|each| each.id).collect();
    let mut pass = under_way.unwrap_or_else(|| Pass {
        started_at: now,
        todo: all(),
        after: 0,
    });
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if let Some(id) = pass.todo.first().copied() {
        let path = format!("collection/{id}/subprofiles");
        let since = position
            .read
            .get(&id)
            .map(|at| local(*at - OVERLAP, copernica.zone));
        let ask = Ask {
            path: &path,
            after: pass.after,
            since,
            ..Ask::default()
        };
        let rows = keyset::step(copernica, ask).await?;
        translate(copernica, id, &rows, &mut page);
        match rows.last() {
            Some(last) => pass.after = last.id,
            None => {
                position.read.insert(id, pass.started_at);
                pass.todo.retain(|each| *each != id);
                pass.after = 0;
            }
        }
    }
    page.done = pass.todo.is_empty();
    if page.done {
        // A collection keeps its rows, so there is no beginning.
        let covered = Covered {
            kinds: spec.kinds.to_vec(),
            from: None,
            through: pass.started_at - LATE,
        };
        page.covered.push(covered);
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// What the rows of a collection say, under each meaning that it has.
fn translate(copernica: &Copernica, id: u64, rows: &[Profile], page: &mut Page) {
    for meaning in copernica.collections.iter().filter(|each| each.id == id) {
        for row in rows.iter().filter(|row| !row.removed) {
            match event(meaning, row, copernica) {
                Ok(event) => page.events.push(event),
                Err(reject) => page.rejects.push(reject),
            }
        }
    }
}

/// The event that a row is.
fn event(meaning: &Collection, row: &Profile, copernica: &Copernica) -> Result<Event, Reject> {
    let own = format!("collection:{}:{}", meaning.id, row.id);
    let made = row
        .created
        .or(row.modified)
        .map(|at| instant(at, copernica.zone));
    let refuse = |reason: &str| reject(Some(own.clone()), made, reason);
    let filled = |column: &Option<String>| {
        let text = row.field(column.as_deref()?)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let at = match &meaning.at {
        None => made,
        column => filled(column)
            .and_then(|text| naive(&text))
            .map(|at| instant(at, copernica.zone)),
    };
    let at = at.ok_or_else(|| refuse("the row cannot be dated"))?;
    let profile = row
        .parent
        .ok_or_else(|| refuse("the row names no profile"))?;
    let contact = ContactRef {
        id: Some(profile.to_string()),
        email: None,
    };
    let mut event = Event::new(contact, meaning.kind.clone(), at);
    event.order = filled(&meaning.order);
    event.id = Some(event.order.clone().unwrap_or(own.clone()));
    event.item = filled(&meaning.item);
    if let Some(amount) = filled(&meaning.amount) {
        event.value_cents = Some(cents(&amount).ok_or_else(|| refuse("the amount is no number"))?);
    }
    Ok(event)
}

/// An amount in hundredths, as people write it: `12.5`, `12,50`, `€ 1.234,50`.
fn cents(text: &str) -> Option<i64> {
    let plain: String = text
        .chars()
        .filter(|c| c.is_ascii_digit() || ".,-".contains(*c))
        .collect();
    // Three digits behind it make it a mark between thousands.
    let point = plain
        .rfind(['.', ','])
        .filter(|at| plain.len() - at - 1 != 3);
    let (whole, part) = point.map_or((plain.as_str(), ""), |at| (&plain[..at], &plain[at + 1..]));
    let whole: String = whole.chars().filter(|c| !".,".contains(*c)).collect();
    if !whole.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let amount: f64 = format!("{whole}.{part}0").parse().ok()?;
    let cents = (amount * 100.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number within the bounds that were just tested"
    )]
    (cents.abs() < 1e15).then_some(cents as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_people_write_it() {
        for (text, amount) in [
            ("12.5", Some(1250)),
            ("12,50", Some(1250)),
            ("€ 1.234,50", Some(123_450)),
            ("1,234.50", Some(123_450)),
            ("1.234", Some(123_400)),
            ("-3", Some(-300)),
            ("19", Some(1900)),
            ("", None),
            ("free", None),
        ] {
            assert_eq!(cents(text), amount, "{text}");
        }
    }
}
