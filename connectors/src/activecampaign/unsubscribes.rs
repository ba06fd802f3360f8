//! Who left which list. At first, and once a day, all memberships are read: listing them all is undocumented, and known
//! to work (sheet 3). In between, and where it does not, the contacts who left any list and changed lately are read one
//! by one, which is documented. Both show the same rows, so that an event is the same from either.
//!
//! For somebody who left, `udate` is when (sheet 3).
//!
//! Only a reading of all memberships says that nothing is missing: whether leaving one list of several moves the contact's
//! own time of change is not certain. A small account is read whole each time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    ActiveCampaign, UNSUBSCRIBES,
    contacts::{self, Base},
    one::{self, LEFT, Names, contact_lists},
    sets::number,
    walk::{self, List, Walk},
    wire::{id, id_of, reject, time, told, told_or_null, whom},
};
use crate::{
    connector::{Covered, Page},
    cursor::Cursor,
    error::ConnectorError,
    model::{Event, EventKind, Reject},
};

/// How early the filter on changes is set; see the stream of contacts.
const EARLY: TimeDelta = TimeDelta::hours(26);
/// How far back a change counts as one since the last pass.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// How often all memberships are read.
const ALL_EVERY: TimeDelta = TimeDelta::hours(24);
/// With no more pages than this they are read each time.
const FEW: u32 = 10;

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last finished pass began.
    read_at: Option<DateTime<Utc>>,
    /// When the last finished pass over all memberships began.
    all_at: Option<DateTime<Utc>>,
    /// How many pages that took.
    #[serde(default)]
    all_pages: u32,
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    all: bool,
    /// Whether all memberships are read contact by contact.
    alone: bool,
    walk: Walk,
    after: u64,
    pages: u32,
    lists: Names,
}

/// One page.
pub(super) async fn pull(
    ac: &ActiveCampaign,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = ac.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| pass.started_at);
    let times = [begun, position.read_at, position.all_at];
    if times.iter().flatten().any(|at| *at > now) {
        warn!(
            stream = UNSUBSCRIBES.0,
            "the stored position lies in the future; all memberships are read again"
        );
        position = Position::default();
    }
    let mut pass = match position.pass.take() {
        Some(pass) => pass,
        None => Pass {
            started_at: now,
            all: position.all_pages <= FEW
                || position.all_at.is_none_or(|at| now - at >= ALL_EVERY),
            alone: false,
            walk: Walk::default(),
            after: 0,
            pages: 0,
            lists: one::lists(ac).await?,
        },
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if pass.all && !pass.alone {
        memberships(ac, &mut pass, &mut page).await?;
    } else {
        leavers(ac, &position, &mut pass, &mut page).await?;
    }
    pass.pages += 1;
    if page.done {
        position.read_at = Some(pass.started_at);
        if pass.all {
            position.all_at = Some(pass.started_at);
            // Contact by contact is never few.
            position.all_pages = if pass.alone { u32::MAX } else { pass.pages };
        }
        let whole = pass.all && !pass.alone;
        page.covered.extend(whole.then(|| Covered {
            kinds: vec![EventKind::Unsubscribe],
            from: None,
            through: pass.started_at,
        }));
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// A page of all memberships.
async fn memberships(
    ac: &ActiveCampaign,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let list = List {
        path: "contactLists",
        name: "contactLists",
        query: &[],
    };
    match walk::try_step(ac, &list, &mut pass.walk).await? {
        Some(stretch) => {
            tell(&stretch.rows, &pass.lists, page);
            page.done = stretch.over;
        }
        None => pass.alone = true,
    }
    Ok(())
}

/// A page of contacts who left any list, each read by itself.
async fn leavers(
    ac: &ActiveCampaign,
    position: &Position,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let since = position.read_at.filter(|_| !pass.all);
    let stamp = since.map(|at| (at - EARLY).format("%Y-%m-%dT%H:%M:%S+00:00").to_string());
    let base = Base {
        since: stamp.as_deref(),
        after: pass.after,
        filter: Some(("status", LEFT)),
    };
    let rows = contacts::page(ac, &base).await?;
    page.done = rows.is_empty();
    for row in &rows {
        let Some(own) = number(row) else { continue };
        pass.after = own;
        let changed_at = time(row, "udate").ok().flatten();
        let old = since
            .zip(changed_at)
            .is_some_and(|(since, at)| at < since - OVERLAP);
        if old || one::is_deleted(row) {
            continue;
        }
        if let Some(rows) = contact_lists(ac, &own.to_string()).await? {
            tell(&rows, &pass.lists, page);
        }
    }
    Ok(())
}

fn tell(rows: &[Value], lists: &Names, page: &mut Page) {
    for row in rows {
        match event(row, lists) {
            Ok(event) => page.events.extend(event),
            Err(reject) => page.rejects.push(reject),
        }
    }
}

/// That somebody left; `None` for a row that says anything else.
fn event(row: &Value, lists: &Names) -> Result<Option<Event>, Reject> {
    let at = time(row, "udate");
    let when = at.ok().flatten();
    let reason = "a part of the membership is missing or cannot be read";
    let missing = |_| reject(row, when, reason);
    let list = told(row, "list").map_err(missing)?;
    let status = told(row, "status").map_err(missing)?;
    let (Some(list), LEFT) = (lists.get(&list), status.as_str()) else {
        return Ok(None);
    };
    // Whoever was brought in as having left has no time, and did nothing: the status shows it.
    told_or_null(row, "udate").map_err(missing)?;
    let Some(at) = at.map_err(|why| reject(row, None, why))? else {
        return Ok(None);
    };
    let contact = whom(row).map_err(|why| reject(row, Some(at), why))?;
    let own = id(row, "id").ok_or_else(|| reject(row, Some(at), "the membership has no id"))?;
    let mut event = Event {
        // Whoever comes back and leaves again has the same row with another time.
        id: Some(format!("contactlist:{own}:{}", at.timestamp())),
        campaign: id_of(row, &["campaign"]),
        ..Event::new(contact, EventKind::Unsubscribe, at)
    };
    event.properties.insert("list".into(), list.clone().into());
    Ok(Some(event))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_left_a_list_left_at_its_udate() {
        let lists = Names::from([("1".to_owned(), "Nieuwsbrief".to_owned())]);
        let row = |list: &str, status: &str, udate: Value| {
            let row = json!({"id": "19", "contact": "4127", "list": list, "status": status, "udate": udate, "campaign": "31"});
            event(&row, &lists)
        };
        let udate = json!("2026-02-03T00:13:02-06:00");
        let left = row("1", "2", udate.clone()).unwrap().unwrap();
        assert_eq!(left.campaign.as_deref(), Some("31"));
        assert_eq!(row("1", "1", udate.clone()), Ok(None));
        assert_eq!(row("7", "2", udate), Ok(None));
        assert_eq!(row("1", "2", Value::Null), Ok(None));
        assert!(row("1", "2", json!("2026-02-03 00:13:02")).is_err());
    }
}
