//! Forms that were sent: each form's submissions, newest first, back to where the
//! last pass began (sheet, section 5: there is no filter by time).
//!
//! What lies beyond counts as read only when a form is drained, since pages come
//! newest first. A submission names whom it is of by its field `email`; without one
//! it is nobody's, and passed over.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;

use super::{
    FORMS, HubSpot,
    wire::{Listing, addressed, contract, instant, reject, segment, text},
};
use crate::{
    connector::{Covered, Page, StreamSpec},
    cursor::Cursor,
    error::ConnectorError,
    model::{Event, EventKind, Reject},
};

/// The path of the forms.
const PATH: &str = "marketing/v3/forms";
/// How many forms are asked for at once.
const LIMIT: usize = 100;
/// The largest page of submissions (sheet, section 5).
const ROWS: usize = 50;
/// How far back each pass reads again.
const OVERLAP: TimeDelta = TimeDelta::hours(2);
/// A pass that is older than this begins anew: nobody knows how long its token is good for.
const STALE: TimeDelta = TimeDelta::days(2);
/// The most pages of forms.
const PAGES: usize = 200;

/// Where the stream stands.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// By form: when the last pass that drained it began.
    read_at: BTreeMap<String, DateTime<Utc>>,
    /// The pass under way.
    pass: Option<Pass>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pass {
    started_at: DateTime<Utc>,
    /// The forms still to read, by id and name; the last is under way.
    forms: Vec<(String, String)>,
    /// The token of the page.
    after: Option<String>,
}

/// One page of submissions.
pub(super) async fn pull(
    hub: &HubSpot,
    spec: &StreamSpec,
    cursor: Option<&Cursor>,
) -> Result<Page, ConnectorError> {
    let now = hub.now();
    let mut position: Position = cursor.map_or_else(|| Ok(Position::default()), Cursor::decode)?;
    let begun = position.pass.as_ref().map(|pass| &pass.started_at);
    if begun
        .into_iter()
        .chain(position.read_at.values())
        .any(|at| *at > now)
    {
        warn!(
            stream = FORMS.0,
            "the stored position lies in the future; all forms are read again"
        );
        position = Position::default();
    }
    let fresh = |pass: &Pass| now - pass.started_at < STALE;
    let mut pass = match position.pass.take().filter(fresh) {
        Some(pass) => pass,
        None => Pass {
            started_at: now,
            forms: forms(hub).await?,
            after: None,
        },
    };
    let mut page = Page::empty(Cursor::encode(&())?, false);
    if let Some((id, name)) = pass.forms.last().cloned() {
        let floor = position.read_at.get(&id).map(|at| *at - OVERLAP);
        if read(hub, &id, &name, floor, &mut pass.after, &mut page).await? {
            pass.forms.pop();
            position.read_at.insert(id, pass.started_at);
        }
    }
    page.done = pass.forms.is_empty();
    if page.done {
        let lateness = TimeDelta::from_std(spec.lateness).unwrap_or(OVERLAP);
        page.covered = vec![Covered {
            kinds: spec.kinds.to_vec(),
            from: None,
            through: pass.started_at - lateness,
        }];
    } else {
        position.pass = Some(pass);
    }
    page.next = Cursor::encode(&position)?;
    Ok(page)
}

/// All forms, by id and name.
async fn forms(hub: &HubSpot) -> Result<Vec<(String, String)>, ConnectorError> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut call = hub.client.get(PATH).query("limit", LIMIT);
        if let Some(after) = &after {
            call = call.query("after", after);
        }
        let listing: Listing = call.send().await?.json()?;
        let next = listing.after();
        for row in &listing.results {
            let id = text(&row["id"]).ok_or_else(|| contract(PATH, "a form has no id"))?;
            all.push((id, text(&row["name"]).unwrap_or_default()));
        }
        if next.is_none() {
            return Ok(all);
        }
        if next == after {
            break;
        }
        after = next;
    }
    Err(contract(PATH, "the pages of forms do not end"))
}

/// Reads a page of one form; whether it was the last that is wanted.
async fn read(
    hub: &HubSpot,
    form: &str,
    name: &str,
    floor: Option<DateTime<Utc>>,
    after: &mut Option<String>,
    page: &mut Page,
) -> Result<bool, ConnectorError> {
    let path = format!("form-integrations/v1/submissions/forms/{}", segment(form));
    let mut call = hub.client.get(&path).query("limit", ROWS);
    if let Some(after) = after.as_ref() {
        call = call.query("after", after);
    }
    let answer = call.send().await?;
    if answer.status() == ::http::StatusCode::NOT_FOUND {
        // Deleted since the forms were listed.
        *after = None;
        return Ok(true);
    }
    let listing: Listing = answer.json()?;
    let next = listing.after();
    let mut beyond = false;
    for row in &listing.results {
        let at = instant(&row["submittedAt"]);
        beyond |= at.zip(floor).is_some_and(|(at, floor)| at < floor);
        match submission(row, at, name) {
            Ok(event) => page.events.extend(event),
            Err(reject) => page.rejects.push(reject),
        }
    }
    if next.is_none() || beyond {
        *after = None;
        return Ok(true);
    }
    if next == *after {
        return Err(contract(&path, "the page is the one before, once more"));
    }
    *after = next;
    Ok(false)
}

/// What a submission says; `None` for one that names nobody.
fn submission(row: &Value, at: Option<DateTime<Utc>>, form: &str) -> Result<Option<Event>, Reject> {
    let id = text(&row["conversionId"]);
    let refuse = |reason: &str| reject(id.clone(), at, reason);
    let at = at.ok_or_else(|| refuse("the submission has no time"))?;
    if id.is_none() {
        return Err(refuse("the submission has no id"));
    }
    let values = row["values"].as_array();
    let values = values.ok_or_else(|| refuse("the submission has no values"))?;
    if values.iter().any(|value| !value["name"].is_string()) {
        return Err(refuse("a value of the submission has no name"));
    }
    let mut addresses = values.iter().filter(|value| value["name"] == "email");
    // A form need not ask for it, and who leaves it empty is nobody.
    let empty = |value: &&Value| {
        value["value"]
            .as_str()
            .is_some_and(|text| text.trim().is_empty())
    };
    let Some(address) = addresses.find(|value| !empty(value)) else {
        return Ok(None);
    };
    let contact = addressed(&address["value"]).map_err(refuse)?;
    let mut event = Event::new(contact, EventKind::FormSubmit, at);
    event.url = text(&row["pageUrl"]);
    event.item = Some(form.to_owned()).filter(|name| !name.is_empty());
    event.id = id;
    Ok(Some(event))
}
