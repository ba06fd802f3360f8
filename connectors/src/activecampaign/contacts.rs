//! The contacts. A pass reads who changed since the last one, and once a day everybody, so that whoever was deleted
//! is noticed: deleted contacts are not told in any other way (sheet 3). Then it reads some contacts one by one, in
//! turn, for what the list does not show: custom fields and tags. It goes round in a week, or as fast as it may.
//!
//! Pages are asked for by id, rising. There is no order by the time of a change, so the watermark moves after the last
//! page alone, to the beginning of the pass. How the filter by that time reads its zone is not documented; it is set
//! a day early, and both answers work. Whether it goes together with `id_greater` is not certain either: where ids do
//! not lie behind the one that was asked for, the page is refused.
//!
//! Our own writes move `udate` (sheet 8) and are read back; that is harmless, and bounded.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    ActiveCampaign, CONTACTS,
    one::{self, Dictionary, Names},
    sets::{Sets, number},
    walk::LIMIT,
    wire::{reject, rows, time},
};
use crate::{
    connector::{Page, Scan},
    cursor::Cursor,
    error::ConnectorError,
};

/// How early the filter is set: a day for its zone, and some hours for a date without a time.
const EARLY: TimeDelta = TimeDelta::hours(26);
/// Older rows than this mean that the filter was ignored.
const IGNORED: TimeDelta = TimeDelta::days(3);
/// How far back a change counts as one since the last pass.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// How often everybody is read.
const SCAN_EVERY: TimeDelta = TimeDelta::hours(24);
/// How often each is read by itself.
const ROUND_EVERY: TimeDelta = TimeDelta::days(7);
/// A pass that is older than this begins anew: it was forgotten, or it is stuck.
const STALE: TimeDelta = TimeDelta::days(2);
/// How many contacts a pass reads by themselves: two requests each, so about eight minutes.
const BUDGET: usize = 1_000;
/// How many on one page of that.
const ROUND: usize = 20;

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// When the last finished pass began.
    read_at: Option<DateTime<Utc>>,
    /// When the last finished scan began.
    scanned_at: Option<DateTime<Utc>>,
    /// When the last finished round began.
    rounded_at: Option<DateTime<Utc>>,
    /// The round under way: when it began, and behind whom it stands.
    round: Option<(DateTime<Utc>, u64)>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    phase: Phase,
    /// Behind whom it stands.
    after: u64,
    lists: Names,
    sets: Sets,
    /// How many may still be read by themselves.
    budget: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// Who changed.
    News,
    /// Everybody.
    Scan,
    /// Some by themselves, in turn.
    Round,
}

/// What is asked of the list of contacts.
pub(super) struct Base<'b> {
    /// Changed since.
    pub(super) since: Option<&'b str>,
    /// Behind this id.
    pub(super) after: u64,
    /// One more filter.
    pub(super) filter: Option<(&'static str, &'b str)>,
}

/// One page of contacts by id, rising.
pub(super) async fn page(
    ac: &ActiveCampaign,
    base: &Base<'_>,
) -> Result<Vec<Value>, ConnectorError> {
    list(ac, base, LIMIT).await
}

async fn list(
    ac: &ActiveCampaign,
    base: &Base<'_>,
    limit: usize,
) -> Result<Vec<Value>, ConnectorError> {
    let mut call = ac.client.get("contacts").query("limit", limit);
    call = call.query("orders[id]", "ASC");
    call = call.query("id_greater", base.after);
    if let Some(since) = base.since {
        call = call.query("filters[updated_after]", since);
    }
    if let Some((name, value)) = base.filter {
        call = call.query(name, value);
    }
    let (rows, total) = rows(&call.send().await?, "contacts")?;
    let refuse = |detail: &str| ConnectorError::Contract {
        what: "GET contacts".into(),
        detail: detail.to_owned(),
    };
    let mut before = base.after;
    for row in &rows {
        let own = number(row).ok_or_else(|| refuse("a contact has no id"))?;
        if own <= before {
            return Err(refuse(
                "the contacts do not come by id behind the last one: id_greater or the order is ignored",
            ));
        }
        before = own;
    }
    let whole = base.after == 0 && base.since.is_none();
    if rows.is_empty() && whole && total.is_some_and(|total| total > 0) && base.filter.is_none() {
        return Err(refuse("says that there are contacts, and shows none"));
    }
    Ok(rows)
}

/// One page of the stream.
pub(super) async fn pull(
    ac: &ActiveCampaign,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = ac.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    if position.is_ahead(now) {
        warn!(
            stream = CONTACTS.0,
            "the stored position lies in the future; everybody is read again"
        );
        position = Position::default();
    }
    let fresh = |pass: &Pass| now - pass.started_at < STALE;
    let mut pass = match position.pass.take().filter(fresh) {
        Some(pass) => pass,
        None => begin(&position, one::lists(ac).await?, now),
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    match pass.phase {
        Phase::News | Phase::Scan => walk(ac, &mut position, &mut pass, &mut page).await?,
        Phase::Round => round(ac, &mut position, &mut pass, &mut page).await?,
    }
    if page.done {
        position.read_at = Some(pass.started_at);
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

impl Position {
    fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        let times = [self.read_at, self.scanned_at, self.rounded_at];
        let times = times.into_iter().flatten();
        let times = times.chain(self.round.map(|(at, _)| at));
        let mut times = times.chain(self.pass.as_ref().map(|pass| pass.started_at));
        times.any(|at| at > now)
    }

    /// The round that is under way or due.
    fn due_round(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, u64)> {
        let due = self.rounded_at.is_none_or(|at| now - at >= ROUND_EVERY);
        self.round.or(due.then_some((now, 0)))
    }
}

fn begin(position: &Position, lists: Names, now: DateTime<Utc>) -> Pass {
    let recent = |at: DateTime<Utc>| now - at < SCAN_EVERY;
    let news = position.scanned_at.is_some_and(recent) && position.read_at.is_some();
    Pass {
        started_at: now,
        phase: if news { Phase::News } else { Phase::Scan },
        after: 0,
        sets: Sets::of(&lists),
        lists,
        budget: BUDGET,
    }
}

/// A page of those who changed, or of everybody.
async fn walk(
    ac: &ActiveCampaign,
    position: &mut Position,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let scan = pass.phase == Phase::Scan;
    let since = position.read_at.filter(|_| !scan).map(|at| at - EARLY);
    let stamp = since.map(|at| at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string());
    let base = Base {
        since: stamp.as_deref(),
        after: pass.after,
        filter: None,
    };
    let rows = self::page(ac, &base).await?;
    read(ac, position, pass, &rows, stamp.as_deref(), page).await?;
    match rows.last().and_then(number) {
        Some(last) => {
            pass.after = last;
            pass.sets.leave(last);
        }
        None => turn(ac, position, pass, page),
    }
    page.scan = scan.then_some(Scan {
        started_at: pass.started_at,
        done: rows.is_empty(),
    });
    Ok(())
}

/// Everybody has been read: on to the round, if there is one to do.
fn turn(ac: &ActiveCampaign, position: &mut Position, pass: &mut Pass, page: &mut Page) {
    if pass.phase == Phase::Scan {
        position.scanned_at = Some(pass.started_at);
    }
    position.round = position.due_round(ac.now());
    page.done = position.round.is_none() || pass.budget == 0;
    (pass.phase, pass.sets) = (Phase::Round, Sets::default());
}

/// Reads the rows of a page: by themselves who changed since the last pass, the others by the sets.
async fn read(
    ac: &ActiveCampaign,
    position: &Position,
    pass: &mut Pass,
    rows: &[Value],
    since: Option<&str>,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let mut dictionary = None;
    let last = rows.last().and_then(number).unwrap_or_default();
    for row in rows {
        let changed_at = time(row, "udate").ok().flatten();
        if let (Some(changed_at), Some(read_at), Some(_)) = (changed_at, position.read_at, since)
            && changed_at < read_at - IGNORED
        {
            return Err(ConnectorError::Contract {
                what: "GET contacts".into(),
                detail: "shows contacts who did not change: the filter updated_after is ignored"
                    .into(),
            });
        }
        let Some(own) = number(row).filter(|_| !one::is_deleted(row)) else {
            continue;
        };
        // Whoever changed since the pass began may have joined a list behind the sets' back.
        let fresh = changed_at.is_none_or(|at| at >= pass.started_at - OVERLAP);
        let news = position
            .read_at
            .is_some_and(|read_at| changed_at.is_none_or(|at| at >= read_at - OVERLAP));
        let (mut contact, odd) = one::bare(row)?;
        let alone = fresh || (news && pass.budget > 0);
        let placed = if alone {
            false
        } else {
            pass.sets.reach(ac, since, last).await?;
            pass.sets.place(&mut contact, own, &pass.lists)
        };
        if !placed {
            let dictionary = match &dictionary {
                Some(dictionary) => dictionary,
                None => dictionary.insert(Dictionary::read(ac, pass.lists.clone()).await?),
            };
            pass.budget = pass.budget.saturating_sub(1);
            match one::read(ac, &contact.id, dictionary).await? {
                Some(read) => contact = read,
                None => continue,
            }
        }
        page.contacts.push(contact);
        page.rejects.extend(odd.map(|why| reject(row, None, why)));
    }
    Ok(())
}

/// A page of contacts who are read by themselves.
async fn round(
    ac: &ActiveCampaign,
    position: &mut Position,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let (begun, after) = position.round.unwrap_or((pass.started_at, 0));
    let base = Base {
        since: None,
        after,
        filter: None,
    };
    let rows = list(ac, &base, ROUND).await?;
    let dictionary = Dictionary::read(ac, pass.lists.clone()).await?;
    for own in rows.iter().filter_map(number) {
        if let Some(read) = one::read(ac, &own.to_string(), &dictionary).await? {
            page.contacts.push(read);
        }
    }
    pass.budget = pass.budget.saturating_sub(rows.len());
    position.round = match rows.last().and_then(number) {
        Some(last) => Some((begun, last)),
        None => {
            position.rounded_at = Some(begun);
            None
        }
    };
    page.done = position.round.is_none() || pass.budget == 0;
    Ok(())
}
