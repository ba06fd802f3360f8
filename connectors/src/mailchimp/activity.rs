//! What happened, campaign by campaign. A pass lists the counters of all
//! campaigns, queues those with news (see the `campaign` module) and reads their
//! reports one after the other, page by page. When the queue is empty, all that
//! the counters spoke of has been read, and the pass says so in its coverage.
//!
//! A campaign that is deleted meanwhile is dropped: its reports go with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    CACHED, Mailchimp, STREAMS,
    campaign::{Due, Known, Report},
    lists,
    reports::{self, Reading},
    walk::{self, Stretch, Walk},
    wire::{CampaignPage, ReportRow, Row, reject, stamp, time},
};
use crate::{
    connector::{Covered, Page, Stream},
    cursor::Cursor,
    error::ConnectorError,
    model::Campaign,
};

/// What is asked of a campaign's report.
const COUNTERS: &str = "reports.id,reports.campaign_title,reports.subject_line,reports.type,\
    reports.list_id,reports.send_time,reports.emails_sent,reports.unsubscribed,\
    reports.bounces,reports.opens,reports.clicks,total_items";

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// The campaigns that were read, by their id.
    known: BTreeMap<String, Known>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// The walk over all campaigns, until it is over.
    listing: Option<Listing>,
    /// Campaigns to read.
    queue: VecDeque<Due>,
    /// The walk over the report under way.
    walk: Walk,
}

impl Position {
    /// Does not believe what was read or begun at a time that has not come yet.
    fn forget_future(&mut self, now: DateTime<Utc>) {
        let begun = self.pass.as_ref().is_some_and(|pass| pass.started_at > now);
        if begun || self.known.values().any(|known| known.is_from_future(now)) {
            warn!(
                stream = super::ACTIVITY.0,
                "the stored position lies in the future; its reports are read again"
            );
            self.pass = self.pass.take().filter(|_| !begun);
            self.known
                .values_mut()
                .for_each(|known| known.forget_future(now));
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Listing {
    walk: Walk,
    /// The ids of the followed audiences.
    lists: BTreeSet<String>,
    /// Known campaigns that have not been listed; in the end they are gone.
    missing: BTreeSet<String>,
}

/// One page: of campaigns, or of one report.
pub(super) async fn pull(
    mailchimp: &Mailchimp,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = mailchimp.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    position.forget_future(now);
    let mut pass = match position.pass.take() {
        Some(pass) => pass,
        None => begin(mailchimp, &position, now).await?,
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if pass.listing.is_some() {
        list(mailchimp, &mut position, &mut pass, &mut page).await?;
    } else if let Some(due) = pass.queue.pop_front() {
        read(mailchimp, &mut position, &mut pass, due, &mut page).await?;
    }
    page.done = pass.listing.is_none() && pass.queue.is_empty();
    if page.done {
        page.covered = vec![covered(super::ACTIVITY, pass.started_at)];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// What a pass that began then has completed.
pub(super) fn covered(stream: Stream, started_at: DateTime<Utc>) -> Covered {
    let spec = STREAMS.iter().find(|spec| spec.stream == stream);
    Covered {
        kinds: spec.map(|spec| spec.kinds.to_vec()).unwrap_or_default(),
        from: None,
        through: started_at - TimeDelta::from_std(CACHED).unwrap_or_default(),
    }
}

async fn begin(
    mailchimp: &Mailchimp,
    position: &Position,
    now: DateTime<Utc>,
) -> Result<Pass, ConnectorError> {
    let lists = lists::followed(mailchimp).await?;
    Ok(Pass {
        started_at: now,
        listing: Some(Listing {
            walk: Walk::default(),
            lists: lists.into_iter().map(|list| list.id).collect(),
            missing: position.known.keys().cloned().collect(),
        }),
        queue: VecDeque::new(),
        walk: Walk::default(),
    })
}

/// Reads a page of counters and queues the campaigns that have news.
async fn list(
    mailchimp: &Mailchimp,
    position: &mut Position,
    pass: &mut Pass,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let Some(listing) = &mut pass.listing else {
        return Ok(());
    };
    let query = [("fields", COUNTERS.to_owned())];
    let stretch = walk::step::<ReportRow>(mailchimp, "reports", &query, &mut listing.walk).await?;
    let Stretch { rows, over, .. } = stretch.ok_or_else(no_reports)?;
    for item in rows {
        let row = match item.known() {
            Ok(row) => row,
            Err(reject) => {
                page.rejects.push(reject);
                continue;
            }
        };
        listing.missing.remove(&row.id);
        if let Some(reason) = lacks(&row) {
            page.rejects.push(reject(Some(row.id), reason));
            continue;
        }
        let followed = row
            .list_id
            .as_ref()
            .is_some_and(|id| listing.lists.contains(id));
        let queued = pass.queue.iter().any(|due| due.id == row.id);
        if followed && !queued {
            page.campaigns.push(campaign(&row));
            let known = position.known.get(&row.id);
            pass.queue.extend(Due::of(&row, known, pass.started_at));
        }
    }
    if over {
        for id in &listing.missing {
            position.known.remove(id);
        }
        pass.listing = None;
    }
    Ok(())
}

/// What a report must have to be told from one that is not ours, or was not sent: those have an empty text there.
fn lacks(row: &ReportRow) -> Option<&'static str> {
    match (&row.list_id, &row.send_time) {
        (None, _) => Some("a report names no audience"),
        (_, None) => Some("a report has no time of sending"),
        _ => None,
    }
}

fn no_reports() -> ConnectorError {
    ConnectorError::Contract {
        what: "GET reports".into(),
        detail: "Mailchimp says that there is no such list".into(),
    }
}

/// A campaign under the name that the marketer gave it, or else its subject.
fn campaign(row: &ReportRow) -> Campaign {
    let names = [&row.campaign_title, &row.subject_line];
    let name = names.into_iter().flatten().find(|name| !name.is_empty());
    Campaign {
        id: row.id.clone(),
        name: name.cloned().unwrap_or_default(),
        sent_at: time(row.send_time.as_deref()).ok().flatten(),
    }
}

/// Reads a page of the campaign's report and puts the campaign back into the
/// queue until all its reports have been read.
async fn read(
    mailchimp: &Mailchimp,
    position: &mut Position,
    pass: &mut Pass,
    mut due: Due,
    page: &mut Page,
) -> Result<(), ConnectorError> {
    let Some(report) = due.reports.first().copied() else {
        let (id, known) = due.read(pass.started_at);
        position.known.insert(id, known);
        return Ok(());
    };
    if report == Report::Sends && pass.walk == Walk::default() {
        due.tracked = tracked(mailchimp, &due.id).await?;
    }
    let Some((reading, over)) = fetch(mailchimp, report, &due, &mut pass.walk).await? else {
        warn!(campaign = %due.id, "the campaign was deleted while it was read");
        position.known.remove(&due.id);
        pass.walk = Walk::default();
        return Ok(());
    };
    (page.events, page.rejects) = (reading.events, reading.rejects);
    page.unknown = reading.unknown;
    if over {
        due.reports.remove(0);
        pass.walk = Walk::default();
    }
    if due.reports.is_empty() {
        let (id, known) = due.read(pass.started_at);
        position.known.insert(id, known);
    } else {
        pass.queue.push_front(due);
    }
    Ok(())
}

/// Whether a campaign's opens and clicks can be seen at all.
async fn tracked(mailchimp: &Mailchimp, id: &str) -> Result<Option<bool>, ConnectorError> {
    let path = format!("campaigns/{id}");
    let call = mailchimp.client.get(&path).query("fields", "id,tracking");
    let answer = call.send().await?;
    if !answer.status().is_success() {
        return Ok(None);
    }
    let tracking = answer.json::<CampaignPage>()?.tracking;
    let blind = |on: Option<bool>| on == Some(false);
    let hidden = tracking.is_some_and(|t| blind(t.opens) || blind(t.html_clicks));
    Ok(hidden.then_some(false))
}

/// The next page of one report, translated, and whether it was the last.
async fn fetch(
    mailchimp: &Mailchimp,
    report: Report,
    due: &Due,
    walk: &mut Walk,
) -> Result<Option<(Reading, bool)>, ConnectorError> {
    match report {
        Report::Sends => {
            go(
                mailchimp,
                "sent-to",
                "sent_to.email_id,sent_to.email_address,total_items",
                due,
                walk,
                reports::sends,
            )
            .await
        }
        Report::Opens => {
            go(
                mailchimp,
                "open-details",
                "members.email_id,members.email_address,members.opens,total_items",
                due,
                walk,
                reports::opens,
            )
            .await
        }
        Report::Activity => {
            go(
                mailchimp,
                "email-activity",
                "emails.email_id,emails.email_address,emails.activity,total_items",
                due,
                walk,
                reports::activity,
            )
            .await
        }
        Report::Unsubscribes => go(
            mailchimp,
            "unsubscribed",
            "unsubscribes.email_id,unsubscribes.email_address,unsubscribes.timestamp,total_items",
            due,
            walk,
            reports::unsubscribes,
        )
        .await,
    }
}

async fn go<T: Row>(
    mailchimp: &Mailchimp,
    name: &str,
    fields: &str,
    due: &Due,
    walk: &mut Walk,
    translate: fn(&Due, &T, &mut Reading),
) -> Result<Option<(Reading, bool)>, ConnectorError> {
    let path = format!("reports/{}/{name}", due.id);
    let mut query = vec![("fields", fields.to_owned())];
    if let (Some(since), "open-details" | "email-activity") = (due.since, name) {
        query.push(("since", stamp(since)));
    }
    let Some(stretch) = walk::step::<T>(mailchimp, &path, &query, walk).await? else {
        return Ok(None);
    };
    let mut reading = Reading::default();
    for item in stretch.rows {
        match item.known() {
            Ok(row) => translate(due, &row, &mut reading),
            Err(reject) => reading.rejects.push(reject),
        }
    }
    Ok(Some((reading, stretch.over)))
}
