//! The members: what changed since the last pass, and once a day all of them, so
//! that people who were deleted for good are noticed. A pass goes through the
//! followed audiences one after the other, and through each twice, since the
//! archived members are listed only on request. One daily scan spans all
//! audiences; its last page is the last page of the last one.
//!
//! Pages are asked for by `last_changed`, rising, from the last row of the page
//! before, and not by offset: a member who changes meanwhile moves to the end and
//! comes again, where an offset would skip the one who takes the place. There is
//! no upper bound for the same reason. Only where more members changed in one
//! second than fit on a page, an offset leads through that second. Whether the
//! filter includes its own instant is not documented, so it is set a second
//! early, and both answers work.
//!
//! Our own writes move `last_changed` too and are read back; that is harmless.

pub(super) mod member;
mod place;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    Mailchimp,
    lists::{self, List},
    patience::Patience,
    walk::LIMIT,
    wire::{Item, Listing, stamp},
};
use crate::{
    connector::{Page, Scan},
    cursor::Cursor,
    error::ConnectorError,
};
use member::MemberRow;
use place::Place;

/// How far back a pass reads again: a change may show a little later than it is dated.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// How often all members are read.
const SCAN_EVERY: TimeDelta = TimeDelta::hours(24);
/// A pass that is older than this begins anew: it was forgotten, or it is stuck.
const STALE: TimeDelta = TimeDelta::days(2);
/// What is asked of a member; the paths are joined without a space (sheet, section 3).
const FIELDS: &str = "members.id,members.contact_id,members.unique_email_id,\
    members.email_address,members.status,members.merge_fields,members.timestamp_opt,\
    members.timestamp_signup,members.last_changed,members.tags_count,members.tags,total_items";

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last finished scan began.
    scanned_at: Option<DateTime<Utc>>,
    /// By audience: the latest change that a finished pass has seen.
    newest: BTreeMap<String, DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// Whether all members are read.
    scan: bool,
    /// The audiences still to read; the first is under way.
    lists: Vec<List>,
    /// Whether its archived members are being read, which come second.
    archived: bool,
    place: Place,
    /// The latest change seen in this audience.
    newest: Option<DateTime<Utc>>,
    patience: Patience,
}

/// One page of members.
pub(super) async fn pull(
    mailchimp: &Mailchimp,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = mailchimp.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let ahead = |at: &DateTime<Utc>| *at > now;
    let begun = position
        .pass
        .as_ref()
        .is_some_and(|pass| ahead(&pass.started_at));
    if begun || position.scanned_at.as_ref().is_some_and(ahead) {
        warn!(
            stream = super::CONTACTS.0,
            "the stored position lies in the future; everybody is read again"
        );
        position = Position::default();
    }
    let fresh = |pass: &Pass| pass.started_at <= now && now - pass.started_at < STALE;
    let mut pass = match position.pass.take().filter(fresh) {
        Some(pass) => pass,
        None => begin(&position, lists::followed(mailchimp).await?, now),
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if let Some(list) = pass.lists.first().cloned()
        && read(mailchimp, &mut pass, &list, &mut page).await?
        && complete(mailchimp, &mut pass, &list).await?
    {
        turn(&mut position, &mut pass, list);
    }
    page.done = pass.lists.is_empty();
    page.scan = pass.scan.then_some(Scan {
        started_at: pass.started_at,
        done: page.done,
    });
    if !page.done {
        position.pass = Some(pass);
    } else if pass.scan {
        position.scanned_at = Some(pass.started_at);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// A new pass. It is a scan when the last one is a day old or an audience is new.
fn begin(position: &Position, lists: Vec<List>, now: DateTime<Utc>) -> Pass {
    let recent = |at: DateTime<Utc>| at <= now && now - at < SCAN_EVERY;
    let known = |list: &List| position.newest.contains_key(&list.id);
    let scan = !position.scanned_at.is_some_and(recent) || !lists.iter().all(known);
    let mut pass = Pass {
        started_at: now,
        scan,
        lists,
        archived: false,
        place: Place::default(),
        newest: None,
        patience: Patience::default(),
    };
    pass.place = start(position, &pass);
    pass
}

/// Where the audience that is next begins.
fn start(position: &Position, pass: &Pass) -> Place {
    let newest = pass
        .lists
        .first()
        .and_then(|list| position.newest.get(&list.id));
    // A change dated in the future must not stop the reading of all others.
    let newest = newest
        .filter(|_| !pass.scan)
        .map(|at| *at.min(&pass.started_at));
    Place::from(newest.map(|at| at - OVERLAP))
}

/// Reads one page into `page`, moves the pass on, and says whether it was the
/// last. A page that does not follow on is asked for once more; if it was asked
/// for by an offset, that second is read again from its beginning.
async fn read(
    mailchimp: &Mailchimp,
    pass: &mut Pass,
    list: &List,
    page: &mut Page,
) -> Result<bool, ConnectorError> {
    let mut listing = ask(mailchimp, list, pass).await?;
    let mut moved = follow(pass, &listing);
    if moved.is_err() {
        listing = ask(mailchimp, list, pass).await?;
        moved = follow(pass, &listing);
    }
    let (place, over) = match moved {
        Ok(moved) => moved,
        Err(reason) => {
            let lost = |_: &Patience| pass.place.offset > 0;
            let patience = pass.patience.spend(mailchimp.now()).filter(lost);
            pass.patience = patience.ok_or_else(|| contract(list, reason.to_owned()))?;
            pass.place = pass.place.again();
            return Ok(false);
        }
    };
    for item in listing.rows {
        if let Item::Known(row) = item {
            let read = row.read(list);
            let (contact, reject) = read.map_err(|reason| contract(list, reason.to_owned()))?;
            pass.newest = pass.newest.max(row.changed_at());
            page.contacts.push(contact);
            page.rejects.extend(reject);
        }
    }
    pass.place = place;
    Ok(over)
}

async fn ask(
    mailchimp: &Mailchimp,
    list: &List,
    pass: &Pass,
) -> Result<Listing<MemberRow>, ConnectorError> {
    let path = format!("lists/{}/members", list.id);
    let mut call = mailchimp.client.get(&path).query("count", LIMIT);
    call = call
        .query("offset", pass.place.start())
        .query("fields", FIELDS);
    call = call
        .query("sort_field", "last_changed")
        .query("sort_dir", "ASC");
    if let Some(since) = pass.place.since {
        call = call.query("since_last_changed", stamp(since));
    }
    if pass.archived {
        call = call.query("status", "archived");
    }
    Listing::read(&call.send().await?)
}

/// Where the pass stands after this page, and whether it was the last; the reason
/// when it cannot be the page that was asked for.
fn follow(pass: &Pass, listing: &Listing<MemberRow>) -> Result<(Place, bool), &'static str> {
    let mut marks = Vec::new();
    for item in &listing.rows {
        match item {
            Item::Known(row) if pass.archived && !row.is_archived() => {
                return Err("a member is not archived");
            }
            // Those are listed on request only: this answers the other of our two questions.
            Item::Known(row) if !pass.archived && row.is_archived() => {
                return Err("a member is archived");
            }
            Item::Known(row) => marks.push((row.id(), row.changed_at())),
            Item::Odd { .. } => return Err("a member is no object"),
        }
    }
    pass.place.after(&marks, listing.total)
}

/// Whether a scan has seen as many members as there are. Some who joined after
/// the last page make it look again at the end; a hole is an error.
async fn complete(
    mailchimp: &Mailchimp,
    pass: &mut Pass,
    list: &List,
) -> Result<bool, ConnectorError> {
    // What fits on one page carries its own total.
    if !pass.scan || pass.place.since.is_none() {
        return Ok(true);
    }
    let path = format!("lists/{}/members", list.id);
    let mut call = mailchimp.client.get(&path).query("count", 1);
    call = call.query("fields", "members.id,total_items");
    if pass.archived {
        call = call.query("status", "archived");
    }
    let total = Listing::<MemberRow>::read(&call.send().await?)?.total;
    let seen = pass.place.seen;
    if seen >= total {
        return Ok(true);
    }
    match pass.patience.spend(mailchimp.now()) {
        Some(patience) => pass.patience = patience,
        None => {
            return Err(contract(
                list,
                format!("there are {total} members, and {seen} came"),
            ));
        }
    }
    Ok(false)
}

/// Turns to the archived members of the same audience, and then to the next audience.
fn turn(position: &mut Position, pass: &mut Pass, list: List) {
    if pass.archived {
        // An audience without members is known from now on, too.
        let newest = pass.newest.take().unwrap_or(pass.started_at - SCAN_EVERY);
        position.newest.insert(list.id, newest);
        pass.lists.remove(0);
    }
    pass.archived = !pass.archived;
    pass.patience = Patience::default();
    pass.place = start(position, pass);
}

fn contract(list: &List, detail: String) -> ConnectorError {
    ConnectorError::Contract {
        what: format!("GET lists/{}/members", list.id),
        detail,
    }
}
