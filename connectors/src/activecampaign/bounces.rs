//! Bounces, from the log of all of them (undocumented, sheet 4.4). Newest first is asked for. Where the rows do come so,
//! the walk ends at the newest row of the last pass; otherwise all are read.
//!
//! A row does not say whether the bounce is for good. What does is the mail server's own status (`5.1.1`), where the
//! row has it; without it the bounce is told as one of unknown kind.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    ActiveCampaign, BOUNCE_LATENESS, BOUNCES,
    sets::number,
    walk::{self, List, Walk},
    wire::{id, id_of, reject, text, time, told_or_null, whom},
};
use crate::{
    connector::{Covered, Page},
    cursor::Cursor,
    error::ConnectorError,
    model::{Address, Event, EventKind, Reject},
};

/// How many rows behind the newest known one are read again.
const OVERLAP: u64 = 200;

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The newest row of the last finished pass.
    newest: Option<u64>,
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    walk: Walk,
    newest: Option<u64>,
    /// The last row seen, as long as all came newest first.
    last: Option<u64>,
    falling: bool,
}

/// One page.
pub(super) async fn pull(
    ac: &ActiveCampaign,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = ac.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    if position
        .pass
        .as_ref()
        .is_some_and(|pass| pass.started_at > now)
    {
        warn!(
            stream = BOUNCES.0,
            "the stored position lies in the future; the pass begins anew"
        );
        position.pass = None;
    }
    let mut pass = position.pass.take().unwrap_or_else(|| Pass {
        started_at: now,
        walk: Walk::default(),
        newest: None,
        last: None,
        falling: true,
    });
    let list = List {
        path: "bounceLogs",
        name: "bounceLogs",
        query: &[("orders[id]", "DESC")],
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let Some(stretch) = walk::try_step(ac, &list, &mut pass.walk).await? else {
        // Nothing is claimed about bounces then.
        page.done = true;
        page.next = Cursor::encode(&position)?;
        return Ok(page);
    };
    for row in &stretch.rows {
        match event(row) {
            Ok(event) => page.events.push(event),
            Err(reject) => page.rejects.push(reject),
        }
        let own = number(row);
        pass.falling &= own.is_some() && (pass.last.is_none() || own <= pass.last);
        pass.last = own;
        pass.newest = pass.newest.max(own);
    }
    let floor = position.newest.map(|newest| newest.saturating_sub(OVERLAP));
    let reached = pass.falling
        && floor
            .zip(pass.last)
            .is_some_and(|(floor, last)| last <= floor);
    page.done = stretch.over || reached;
    if page.done {
        position.newest = position.newest.max(pass.newest);
        let lateness = TimeDelta::from_std(BOUNCE_LATENESS).unwrap_or_default();
        page.covered = vec![Covered {
            kinds: vec![
                EventKind::Bounce,
                EventKind::HardBounce,
                EventKind::SoftBounce,
            ],
            from: None,
            through: pass.started_at - lateness,
        }];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

fn event(row: &Value) -> Result<Event, Reject> {
    let at = time(row, "tstamp").and_then(|at| at.ok_or("the bounce has no time"));
    let at = at.map_err(|why| reject(row, None, why))?;
    let mut contact = whom(row).map_err(|why| reject(row, Some(at), why))?;
    contact.email = text(row, "email").as_deref().and_then(Address::parse);
    let own = id(row, "id").ok_or_else(|| reject(row, Some(at), "the bounce has no id"))?;
    let kind = kind(row).map_err(|_| reject(row, Some(at), "the bounce does not say why"))?;
    Ok(Event {
        id: Some(format!("bounce:{own}")),
        campaign: id_of(row, &["campaignid", "campaign"]),
        ..Event::new(contact, kind, at)
    })
}

/// What kind of bounce it is: by the first place that has a status. A row that lacks a place in front of it is not read: once
/// that is back, the bounce might be one of another kind, and count once more. A place may be empty.
fn kind(row: &Value) -> Result<EventKind, &'static str> {
    let mut found = None;
    for name in ["code", "error", "source"] {
        found = status(&told_or_null(row, name)?);
        if found.is_some() {
            break;
        }
    }
    Ok(match found {
        // A full mailbox and a policy pass, whatever the first digit says.
        Some((5, 2, 2) | (5, 7, _)) => EventKind::Bounce,
        Some((5, _, _)) => EventKind::HardBounce,
        Some((4, _, _)) => EventKind::SoftBounce,
        _ => EventKind::Bounce,
    })
}

/// The first status of a mail server in a text: three numbers, the first of them 4 or 5 (RFC 3463). An address of the
/// network has four, or more digits in front.
fn status(text: &str) -> Option<(u16, u16, u16)> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '.');
    text.split(word).find_map(|word| {
        let parts: Vec<&str> = word.trim_end_matches('.').split('.').collect();
        let [class, subject, detail] = parts[..] else {
            return None;
        };
        let read = (
            class.parse().ok()?,
            subject.parse().ok()?,
            detail.parse().ok()?,
        );
        (class.len() == 1 && matches!(read.0, 4 | 5)).then_some(read)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_no_hard_or_soft_but_often_the_servers_status() {
        let row = |source: &str| json!({"code": "48", "error": "", "source": source});
        let read = |source: &str| kind(&row(source)).unwrap();
        assert_eq!(
            read("Status: 5.1.1\nDiagnostic-Code: smtp; 550"),
            EventKind::HardBounce
        );
        assert_eq!(read("452-4.2.2 over quota"), EventKind::SoftBounce);
        assert_eq!(read("550 5.7.1 blocked"), EventKind::Bounce);
        assert_eq!(read("Return-Path: <> from [5.1.1.9]"), EventKind::Bounce);
        assert_eq!(read(""), EventKind::Bounce);
        assert_eq!(kind(&json!({"code": "48", "error": ""})), Err("source"));
    }
}
