//! The contacts: once a day all of them by the list, which alone shows who is gone,
//! and in between what changed, by the search.
//!
//! The list is walked by its own tokens, which are places behind an id: rows that
//! are removed move nothing. The search is another index, which learns of a change
//! a minute late or more (sheet, section 3), so each pass reads again from a
//! quarter of an hour before the last one began. Our own writes move the date of
//! change too and are read back; that is harmless, and costs a request for 200.

pub(super) mod row;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    HubSpot,
    search::{self, Place, Query},
    subscriptions::{self, Type},
    wire::{Listing, Record, contract},
};
use crate::{
    connector::{Page, Scan},
    cursor::Cursor,
    error::ConnectorError,
};

/// The list's path; also how its pages are called in errors.
pub(super) const PATH: &str = "crm/v3/objects/contacts";
/// The largest page of the list (sheet, section 3).
const LIMIT: usize = 100;
/// How often all contacts are read.
const SCAN_EVERY: TimeDelta = TimeDelta::hours(24);
/// A pass that is older than this begins anew: it was forgotten, or it is stuck.
const STALE: TimeDelta = TimeDelta::days(2);

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last finished scan began.
    scanned_at: Option<DateTime<Utc>>,
    /// From when on changes are read next.
    since: Option<DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    walk: Walk,
    /// The subscription types that are followed.
    types: Vec<Type>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Walk {
    /// Over everybody: the token of the next page, and the first contact of the page before.
    Scan {
        after: Option<String>,
        first: Option<String>,
    },
    /// Over what changed.
    News(Place),
}

/// One page of contacts.
pub(super) async fn pull(hub: &HubSpot, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
    let now = hub.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    let times = [begun, position.scanned_at, position.since];
    if times.into_iter().flatten().any(|at| at > now) {
        warn!(
            stream = super::CONTACTS.0,
            "the stored position lies in the future; everybody is read again"
        );
        position = Position::default();
    }
    let fresh = |pass: &Pass| now - pass.started_at < STALE;
    let mut pass = match position.pass.take().filter(fresh) {
        Some(pass) => pass,
        None => begin(hub, &position, now).await?,
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    let records = match &mut pass.walk {
        Walk::Scan { after, first } => {
            let (records, next) = listed(hub, &pass.types, after.as_deref()).await?;
            follow(&records, after, first, next)?;
            page.done = after.is_none();
            page.scan = Some(Scan {
                started_at: pass.started_at,
                done: page.done,
            });
            records
        }
        Walk::News(place) => {
            let names = names(hub, &pass.types);
            let query = Query {
                path: PATH,
                modified: "lastmodifieddate",
                filters: &[],
                properties: &names,
            };
            let (records, over) = search::step(hub, &query, place).await?;
            page.done = over;
            records
        }
    };
    for record in &records {
        let (contact, reject) = row::read(record, &pass.types);
        page.contacts.push(contact);
        page.rejects.extend(reject);
    }
    if page.done {
        position.since = Some(match &pass.walk {
            Walk::Scan { .. } => search::resume(pass.started_at, None),
            Walk::News(place) => search::resume(pass.started_at, place.newest()),
        });
        if page.scan.is_some() {
            position.scanned_at = Some(pass.started_at);
        }
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

async fn begin(
    hub: &HubSpot,
    position: &Position,
    now: DateTime<Utc>,
) -> Result<Pass, ConnectorError> {
    let recent = position.scanned_at.is_some_and(|at| now - at < SCAN_EVERY);
    let walk = match position.since.filter(|_| recent) {
        Some(since) => Walk::News(Place::from(since)),
        None => Walk::Scan {
            after: None,
            first: None,
        },
    };
    Ok(Pass {
        started_at: now,
        walk,
        types: subscriptions::followed(hub).await?,
    })
}

/// The properties to ask for.
pub(super) fn names(hub: &HubSpot, types: &[Type]) -> Vec<String> {
    let own = hub.properties.iter().cloned();
    own.chain(types.iter().map(row::left)).collect()
}

/// A page of the list, and the token of the next.
async fn listed(
    hub: &HubSpot,
    types: &[Type],
    after: Option<&str>,
) -> Result<(Vec<Record>, Option<String>), ConnectorError> {
    let call = hub.client.get(PATH).query("limit", LIMIT);
    let mut call = call.query("properties", names(hub, types).join(","));
    call = call.query("archived", false);
    if let Some(after) = after {
        call = call.query("after", after);
    }
    let listing: Listing = call.send().await?.json()?;
    let next = listing.after();
    Ok((records(listing.results)?, next))
}

/// Contacts that have at least an id: whoever is left out would look as if they were gone.
pub(super) fn records(rows: Vec<serde_json::Value>) -> Result<Vec<Record>, ConnectorError> {
    let read = rows.into_iter().map(serde_json::from_value);
    read.collect::<Result<_, _>>()
        .map_err(|_| contract(PATH, "a record has no id, or its properties are none"))
}

/// Moves the scan on, if this page leads on.
fn follow(
    records: &[Record],
    after: &mut Option<String>,
    first: &mut Option<String>,
    next: Option<String>,
) -> Result<(), ConnectorError> {
    let head = records.first().map(|record| record.id.clone());
    if after.is_some() && (next == *after || head == *first) && head.is_some() {
        return Err(contract(PATH, "the page is the one before, once more"));
    }
    if next.is_some() && head.is_none() {
        return Err(contract(PATH, "there are more contacts, and none came"));
    }
    (*after, *first) = (next, head);
    Ok(())
}
