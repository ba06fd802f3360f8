//! The profiles: what changed since the last pass, and once a day all of them, so
//! that profiles that were removed are noticed (they vanish from lists: sheet 3).
//!
//! A pass reads the database's shape first. Then it walks by id, over what was
//! changed since the last pass began, less an overlap that is longer than the hour
//! that October repeats. Our own writes move `modified` too and are read back;
//! that is harmless.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    CONTACTS, Copernica, OVERLAP,
    database::{self, Shape},
    keyset::{self, Ask},
    wire::{local, reject},
};
use crate::{
    connector::{Page, Scan},
    cursor::Cursor,
    error::ConnectorError,
};

/// How often all profiles are read.
const SCAN_EVERY: TimeDelta = TimeDelta::hours(24);
/// A pass that is older than this begins anew: it was forgotten, or it is stuck.
const STALE: TimeDelta = TimeDelta::days(2);

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last finished scan began.
    scanned_at: Option<DateTime<Utc>>,
    /// When the last finished pass began.
    read_at: Option<DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// Changes from here on; `None` reads everybody.
    since: Option<DateTime<Utc>>,
    /// The last id that came.
    after: u64,
    shape: Shape,
}

impl Position {
    fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        let begun = self.pass.as_ref().map(|pass| pass.started_at);
        [self.scanned_at, self.read_at, begun]
            .into_iter()
            .flatten()
            .any(|at| at > now)
    }
}

/// One page of profiles.
pub(super) async fn pull(
    copernica: &Copernica,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = copernica.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    if position.is_ahead(now) {
        warn!(
            stream = CONTACTS.0,
            "the stored position lies in the future; everybody is read again"
        );
        position = Position::default();
    }
    let under_way = position
        .pass
        .take()
        .filter(|pass| now - pass.started_at < STALE);
    let mut pass = match under_way {
        Some(pass) => pass,
        None => begin(&position, database::shape(copernica).await?, now),
    };
    let path = copernica.path("profiles");
    let since = pass.since.map(|since| local(since, copernica.zone));
    let ask = Ask {
        path: &path,
        after: pass.after,
        since,
        dataonly: true,
        ..Ask::default()
    };
    let rows = keyset::step(copernica, ask).await?;
    let mut page = Page::empty(Cursor::encode(&())?, rows.is_empty());
    pass.after = rows.last().map_or(pass.after, |row| row.id);
    let there = rows.iter().filter(|row| !row.removed);
    for row in there {
        let contact = pass.shape.contact(row, &copernica.database);
        if pass.shape.misses(row) {
            let reason = "the profile does not show the field that says who left";
            page.rejects
                .push(reject(Some(contact.id.clone()), None, reason));
        }
        page.contacts.push(contact);
    }
    page.scan = pass.since.is_none().then_some(Scan {
        started_at: pass.started_at,
        done: page.done,
    });
    if page.done {
        position.read_at = Some(pass.started_at);
        if pass.since.is_none() {
            position.scanned_at = Some(pass.started_at);
        }
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// A new pass. All are read when the last scan is a day old, or when changes cannot be asked for.
fn begin(position: &Position, shape: Shape, now: DateTime<Utc>) -> Pass {
    let recent = position.scanned_at.is_some_and(|at| now - at < SCAN_EVERY);
    let since = position.read_at.filter(|_| recent && !shape.blind);
    Pass {
        started_at: now,
        since: since.map(|at| at - OVERLAP),
        after: 0,
        shape,
    }
}
