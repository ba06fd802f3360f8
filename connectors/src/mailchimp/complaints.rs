//! Complaints, audience by audience, all of them on every pass: they are few, and
//! neither a filter nor an order is documented. Each has a stable id.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{
    COMPLAINTS, Mailchimp, activity,
    lists::{self, List},
    walk::{self, Walk},
    wire::{AbuseRow, contact, reject, time},
};
use crate::{
    connector::Page,
    cursor::Cursor,
    error::ConnectorError,
    model::{Event, EventKind, Reject},
};

/// What is asked of a complaint.
const FIELDS: &str = "abuse_reports.id,abuse_reports.campaign_id,abuse_reports.email_id,\
    abuse_reports.email_address,abuse_reports.date,total_items";

/// Where the stream stands; nothing is kept between passes.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// The audiences still to read; the first is under way.
    lists: Vec<List>,
    walk: Walk,
}

/// One page of complaints.
pub(super) async fn pull(
    mailchimp: &Mailchimp,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = mailchimp.now();
    let position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    if position
        .pass
        .as_ref()
        .is_some_and(|pass| pass.started_at > now)
    {
        warn!(
            stream = COMPLAINTS.0,
            "the stored position lies in the future; the pass begins anew"
        );
    }
    let mut pass = match position.pass.filter(|pass| pass.started_at <= now) {
        Some(pass) => pass,
        None => Pass {
            started_at: now,
            lists: lists::followed(mailchimp).await?,
            walk: Walk::default(),
        },
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if let Some(list) = pass.lists.first() {
        let path = format!("lists/{}/abuse-reports", list.id);
        let query = [("fields", FIELDS.to_owned())];
        let stretch = walk::step::<AbuseRow>(mailchimp, &path, &query, &mut pass.walk).await?;
        let over = stretch.as_ref().is_none_or(|stretch| stretch.over);
        for item in stretch.into_iter().flat_map(|stretch| stretch.rows) {
            match item.known().and_then(|row| complaint(&row)) {
                Ok(event) => page.events.extend(event),
                Err(reject) => page.rejects.push(reject),
            }
        }
        if over {
            pass.lists.remove(0);
            pass.walk = Walk::default();
        }
    }
    page.done = pass.lists.is_empty();
    let mut position = Position::default();
    if page.done {
        page.covered = vec![activity::covered(COMPLAINTS, pass.started_at)];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

fn complaint(row: &AbuseRow) -> Result<Option<Event>, Reject> {
    let id = row.id.to_string();
    let refuse = |reason| reject(Some(id.clone()), reason);
    let at = time(row.date.as_deref()).and_then(|at| at.ok_or("the complaint has no time"));
    let at = at.map_err(refuse)?;
    let contact = contact(row.email_address.as_deref()).map_err(|reason| Reject {
        at: Some(at),
        ..refuse(reason)
    })?;
    Ok(contact.map(|contact| Event {
        id: Some(id.clone()),
        campaign: row.campaign_id.clone().filter(|id| !id.is_empty()),
        ..Event::new(contact, EventKind::Complaint, at)
    }))
}
