//! Opens and clicks, campaign by campaign: the counters of every campaign in every pass, and for those whose counters
//! rose the links with who opened or clicked (`linkData`).
//!
//! Webhooks are the first source of both. This stream says how much the platform counts, fills what they missed,
//! and brings what was before them. `linkData` is not documented: believed to be one row for each contact and link,
//! with the latest time (sheet 4.2). An account that has it not, or in another shape, is read without it.
//!
//! `linkData` has no filter by time, so that a campaign is read whole each time. A large one is therefore not read again
//! at once, but after a minute for each hundred rows that it must have, a day at most; until then its counters
//! alone are told.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    ActiveCampaign, CACHED, REPORTS,
    linkdata::{self, Link},
    walk::{self, List, Walk},
    wire::{count, id, reject, text, time},
};
use crate::{
    connector::{Counter, Covered, Page},
    cursor::Cursor,
    error::ConnectorError,
    model::{Campaign, EventKind},
};

/// The longest wait before a campaign with news is read again.
const WAIT_MAX: TimeDelta = TimeDelta::hours(24);

/// What the platform counts for a campaign (sheet 4.1): opens, contacts who opened, clicks, contacts who clicked.
type Counts = [u64; 4];

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// By campaign: what was counted when it was read whole.
    known: BTreeMap<String, Known>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// The counters before the last complete reading.
    counts: Option<Counts>,
    /// When a reading last began, complete or not.
    read_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// The walk through the campaigns.
    walk: Walk,
    /// Whether it is over.
    listed: bool,
    /// Whether `linkData` is not to be had.
    without: bool,
    /// Campaigns of the last page that are to be read.
    work: VecDeque<Work>,
}

/// A campaign that is to be read.
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    campaign: String,
    counts: Counts,
    /// When the counters were read.
    at: DateTime<Utc>,
    /// Its links that are left; `None` before they are known.
    links: Option<VecDeque<Link>>,
    walk: Walk,
    /// Whether nothing was left out so far.
    whole: bool,
}

/// One page.
pub(super) async fn pull(
    ac: &ActiveCampaign,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = ac.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    if position.is_ahead(now) {
        warn!(
            stream = REPORTS.0,
            "the stored position lies in the future; all campaigns are read again"
        );
        position = Position::default();
    }
    let mut pass = position.pass.take().unwrap_or_else(|| Pass {
        started_at: now,
        walk: Walk::default(),
        listed: false,
        without: false,
        work: VecDeque::new(),
    });
    let mut page = Page::empty(Cursor::encode(&())?, false);
    match pass.work.pop_front() {
        Some(work) => read(ac, &mut position, &mut pass, work, &mut page).await?,
        None => list(ac, &mut position, &mut pass, &mut page, now).await?,
    }
    page.done = pass.listed && pass.work.is_empty();
    if page.done {
        let lateness = TimeDelta::from_std(CACHED).unwrap_or_default();
        page.covered = vec![Covered {
            kinds: vec![EventKind::Open, EventKind::Click],
            from: None,
            through: pass.started_at - lateness,
        }];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

impl Position {
    fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        let begun = self.pass.as_ref().map(|pass| pass.started_at);
        let mut times = self.known.values().filter_map(|known| known.read_at);
        begun.is_some_and(|at| at > now) || times.any(|at| at > now)
    }
}

/// A page of campaigns: their counters, and which of them are to be read.
async fn list(
    ac: &ActiveCampaign,
    position: &mut Position,
    pass: &mut Pass,
    page: &mut Page,
    now: DateTime<Utc>,
) -> Result<(), ConnectorError> {
    let list = List {
        path: "campaigns",
        name: "campaigns",
        query: &[("orders[sdate]", "DESC")],
    };
    let stretch = walk::step(ac, &list, &mut pass.walk).await?;
    pass.listed = stretch.over;
    for row in &stretch.rows {
        let Some(campaign) = id(row, "id") else {
            page.rejects.push(reject(row, None, "a campaign has no id"));
            continue;
        };
        let Ok((counts, sent)) = counted(row) else {
            let reason = "a counter of the campaign is missing or cannot be read";
            page.rejects.push(reject(row, None, reason));
            continue;
        };
        if counts == Counts::default() && sent == 0 {
            continue;
        }
        page.campaigns.push(Campaign {
            id: campaign.clone(),
            name: text(row, "name").unwrap_or_default(),
            sent_at: time(row, "sdate").ok().flatten(),
        });
        let known = position.known.get(&campaign);
        if is_due(known, counts, now) && !pass.without {
            pass.work.push_back(Work {
                campaign,
                counts,
                at: now,
                links: None,
                walk: Walk::default(),
                whole: true,
            });
        } else {
            let read = known.is_some_and(|known| known.counts == Some(counts));
            page.counters.extend(counters(&campaign, counts, now, read));
        }
    }
    Ok(())
}

/// What is counted for a campaign, and how many it was sent to. Without any of it nobody could tell that there is news.
fn counted(row: &Value) -> Result<(Counts, u64), &'static str> {
    let mut counts = Counts::default();
    let names = ["opens", "uniqueopens", "linkclicks", "subscriberclicks"];
    for (each, name) in counts.iter_mut().zip(names) {
        *each = count(row, name)?;
    }
    Ok((counts, count(row, "send_amt")?))
}

/// Whether a campaign has news, and was not read just before.
fn is_due(known: Option<&Known>, counts: Counts, now: DateTime<Utc>) -> bool {
    let Some(known) = known else {
        return counts != Counts::default();
    };
    if known.counts == Some(counts) {
        return false;
    }
    let pages = i64::try_from((counts[1] + counts[3]) / 100).unwrap_or(i64::MAX);
    let wait = TimeDelta::try_minutes(pages)
        .unwrap_or(WAIT_MAX)
        .min(WAIT_MAX);
    known.read_at.is_none_or(|at| now - at >= wait)
}

/// What the platform counts. Opens are compared one by one only where webhooks alone tell of them: after a
/// complete reading each contact's latest open is there, and no more than that is promised. How often webhooks tell of the
/// clicks of one contact is not certain (sheet 7), so those are compared by contacts.
fn counters(campaign: &str, counts: Counts, at: DateTime<Utc>, read: bool) -> [Counter; 2] {
    let counter = |kind, contacts, times| Counter {
        campaign: campaign.to_owned(),
        kind,
        at,
        contacts,
        times,
    };
    let opens = (!read).then_some(counts[0]);
    [
        counter(EventKind::Open, counts[1], opens),
        counter(EventKind::Click, counts[3], None),
    ]
}

/// A step of one campaign: its links, or a page of one of them.
async fn read(
    ac: &ActiveCampaign,
    position: &mut Position,
    pass: &mut Pass,
    mut work: Work,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let links = match &mut work.links {
        Some(links) => links,
        None => {
            let begun = ac.now();
            let known = position.known.entry(work.campaign.clone()).or_default();
            known.read_at = Some(begun);
            let (links, odd) = linkdata::links(ac, &work.campaign).await?;
            // Read again in the next pass, as long as something is missing.
            work.whole &= odd.is_empty();
            page.rejects.extend(odd);
            work.links.insert(links)
        }
    };
    if let Some(link) = links.front() {
        let stretch = linkdata::step(ac, link, &mut work.walk).await?;
        match stretch {
            Some(stretch) => {
                let rows = stretch.rows.iter();
                let read = rows.map(|row: &Value| linkdata::event(&work.campaign, link, row));
                let (events, rejects): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
                page.events.extend(events.into_iter().flatten());
                let rejects = rejects.into_iter().filter_map(Result::err);
                page.rejects.extend(rejects);
                if stretch.over {
                    work.walk = Walk::default();
                    links.pop_front();
                }
            }
            None => {
                warn!(
                    stream = REPORTS.0,
                    "linkData cannot be read on this account: opens and clicks come by webhook alone"
                );
                pass.without = true;
                work.whole = false;
                links.clear();
            }
        }
    }
    if !links.is_empty() {
        pass.work.push_front(work);
        return Ok(());
    }
    settle(position, &work, page);
    if pass.without {
        for rest in std::mem::take(&mut pass.work) {
            page.counters
                .extend(counters(&rest.campaign, rest.counts, rest.at, false));
        }
    }
    Ok(())
}

/// A campaign has been read.
fn settle(position: &mut Position, work: &Work, page: &mut Page) {
    if work.whole {
        let known = position.known.entry(work.campaign.clone()).or_default();
        known.counts = Some(work.counts);
    }
    let told = counters(&work.campaign, work.counts, work.at, work.whole);
    page.counters.extend(told);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_campaign_is_not_read_again_at_once() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(9);
        let read = |minutes| Known {
            counts: Some([1, 1, 0, 0]),
            read_at: Some(now - TimeDelta::minutes(minutes)),
        };
        assert!(is_due(None, [1, 1, 0, 0], now));
        assert!(!is_due(None, [0; 4], now));
        assert!(!is_due(Some(&read(9_999)), [1, 1, 0, 0], now));
        assert!(is_due(Some(&read(0)), [9, 9, 0, 0], now));
        assert!(!is_due(Some(&read(9)), [2_000, 1_000, 0, 0], now));
        assert!(is_due(Some(&read(10)), [2_000, 1_000, 0, 0], now));
        assert!(is_due(
            Some(&read(1_440)),
            [u64::MAX / 2, 9_000_000, 0, 0],
            now
        ));
    }
}
