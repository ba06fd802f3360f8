//! One contact: what it is, where it is, why, and what it was.

use axum::Json;
use chrono::{DateTime, Utc};
use engaged_connectors::model::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Contact;
use crate::{
    because::{When, because},
    schedule::jobs::Jobs,
    score::{
        calendar::Day,
        explain::{Explanation, Points},
    },
    store::{Conn, ContactId, HistoryRow, StoreError},
    web::{
        api::{
            extract::{Body, Caller, Path, Query, Refused, unfit},
            wire::{ById, Page, Paging, instant},
        },
        error::Refusal,
    },
};

/// A contact with where it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WholeContact")]
pub(super) struct WholeContact {
    #[serde(flatten)]
    contact: Contact,
    /// The first date on which anything changes by itself; null if none.
    next_change_on: Option<Day>,
    /// Everywhere the contact is or was.
    connections: Vec<Presence>,
}

/// A contact on a connection.
#[derive(Serialize, JsonSchema)]
struct Presence {
    /// The connection.
    connection: String,
    /// Its id there.
    platform_id: String,
    /// Its address there.
    email: Option<String>,
    /// The platform's own word: `subscribed`, `unsubscribed`, `bounced`, `complained`, `suppressed`.
    status: Option<String>,
    /// When it was first seen there.
    known_at: DateTime<Utc>,
    /// Since when it is there no more.
    gone_at: Option<DateTime<Utc>>,
    /// Its tags there, as last read.
    tags: Vec<String>,
}

/// The contact of that number, or the one that it became part of.
fn present(conn: &Conn, id: i64) -> Result<Option<ContactId>, StoreError> {
    let id = ContactId(id);
    if !conn.has_contact(id)? {
        return Ok(None);
    }
    conn.root(id).map(Some)
}

fn whole(conn: &Conn, id: ContactId) -> Result<WholeContact, StoreError> {
    let known = conn.connections()?;
    let email = conn.address_of(id)?;
    let state = conn.state(id)?;
    let next = state.as_ref().and_then(|state| state.next_change_on);
    let presences = conn.presences(id)?.into_iter().map(|each| {
        let connection = known.iter().find(|known| known.id == each.connection);
        let status = each.status.map(serde_json::to_value).transpose();
        let status = status.map_err(|error| StoreError::bug(error.to_string()))?;
        Ok(Presence {
            connection: connection
                .map(|known| known.name.clone())
                .unwrap_or_default(),
            platform_id: each.platform_id,
            email: each.email.map(|email| email.reveal().to_owned()),
            status: status.and_then(|status| status.as_str().map(str::to_owned)),
            known_at: instant(each.known_at),
            gone_at: each.gone_at.map(instant),
            tags: each.tags,
        })
    });
    Ok(WholeContact {
        connections: presences.collect::<Result<_, StoreError>>()?,
        contact: Contact {
            objects: conn.objected_at(id)?.is_some(),
            ..Contact::new(id, email.as_ref(), state)
        },
        next_change_on: next.filter(|day| *day != Day::NEVER),
    })
}

pub(super) async fn show(
    caller: Caller,
    Path(ById { id }): Path<ById>,
) -> Result<Json<WholeContact>, Refused> {
    let look = move |conn: &Conn| present(conn, id)?.map(|id| whole(conn, id)).transpose();
    let found = caller.read(look).await?;
    Ok(Json(found.ok_or(Refusal::NotFound)?))
}

/// An address to look for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    /// The whole address.
    #[schemars(extend("format" = "email"))]
    email: String,
}

pub(super) async fn look_up(
    caller: Caller,
    Body(Lookup { email }): Body<Lookup>,
) -> Result<Json<WholeContact>, Refused> {
    let Some(email) = Address::parse(&email) else {
        return Err(unfit("that is no address", None).into());
    };
    let look = move |conn: &Conn| match conn.find_contact(&email)? {
        Some(id) => whole(conn, conn.root(id)?).map(Some),
        None => Ok(None),
    };
    let found = caller.read(look).await?;
    Ok(Json(found.ok_or(Refusal::NotFound)?))
}

/// On which date, and with what was known when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainQuery {
    /// As of this date, from 1970 to 2199; today if left out.
    #[schemars(extend("format" = "date"), regex(pattern = "^(19[7-9][0-9]|2[01][0-9]{2})-[0-9]{2}-[0-9]{2}$"))]
    as_of: Option<String>,
    /// With what was known at the end of this date; everything if left out.
    #[schemars(extend("format" = "date"), regex(pattern = "^(19[7-9][0-9]|2[01][0-9]{2})-[0-9]{2}-[0-9]{2}$"))]
    known_at: Option<String>,
}

/// A date that was typed, far from where the calendar ends.
fn date(name: &str, typed: Option<&str>) -> Result<Option<Day>, Refusal> {
    let Some(typed) = typed else {
        return Ok(None);
    };
    let year = typed.get(..4).and_then(|year| year.parse::<u16>().ok());
    let sane = year.is_some_and(|year| (1970..2200).contains(&year));
    let day = Day::parse(typed).filter(|day| sane && day.to_string() == typed);
    day.map(Some).ok_or_else(|| {
        let help = "write it as 2026-06-15, from 1970 to 2199";
        unfit(format!("`{name}` is no date"), Some(help.to_owned()))
    })
}

pub(super) async fn explain(
    caller: Caller,
    Path(ById { id }): Path<ById>,
    Query(query): Query<ExplainQuery>,
) -> Result<Json<Explanation>, Refused> {
    let when = When {
        as_of: date("as_of", query.as_of.as_deref())?,
        known_at: date("known_at", query.known_at.as_deref())?,
    };
    let look = move |conn: &Conn, jobs: &Jobs| {
        let Some(contact) = present(conn, id)? else {
            return Ok(None);
        };
        let address = conn.address_of(contact)?;
        let number = contact.0.to_string();
        let name = address.as_ref().map_or(number.as_str(), Address::reveal);
        let now = jobs.clock.now().timestamp_millis();
        if conn.objected_at(contact)?.is_some() {
            return Ok(Some(Err(())));
        }
        because(conn, &jobs.config, (contact, name), when, now).map(|found| found.map(Ok))
    };
    let found = caller.look(look).await?;
    let found = found.ok_or(Refusal::NotFound)?;
    Ok(Json(found.map_err(|()| {
        let help = "nothing is computed about the contact until the objection is taken back";
        unfit("the contact objects to being scored", Some(help.to_owned()))
    })?))
}

/// A change of one score.
#[derive(Serialize, JsonSchema)]
pub(super) struct HistoryLine {
    /// From this date on.
    #[schemars(extend("format" = "date"))]
    on: String,
    /// The score.
    score: String,
    /// What was shown.
    points: i64,
    /// The sum before it was rounded and kept within its range.
    raw: Points,
    /// The band.
    band: Option<String>,
    /// The fingerprint of the rules.
    rules: String,
}

impl From<HistoryRow> for HistoryLine {
    fn from(row: HistoryRow) -> Self {
        Self {
            on: row.on,
            score: row.score,
            points: row.shown,
            raw: Points(row.raw),
            band: row.band,
            rules: row.rules,
        }
    }
}

pub(super) async fn history(
    caller: Caller,
    Path(ById { id }): Path<ById>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<HistoryLine>>, Refused> {
    let (limit, behind) = paging.read()?;
    let look = move |conn: &Conn| match present(conn, id)? {
        Some(contact) => conn.score_history(contact).map(Some),
        None => Ok(None),
    };
    let rows = caller.read(look).await?.ok_or(Refusal::NotFound)?;
    // Changes are added at the end, so a line keeps its place.
    let numbered = (0_i64..).zip(rows);
    let rest = numbered.filter(|(number, _)| behind.is_none_or(|behind| *number > behind));
    let rest = rest.take(usize::from(limit) + 1).collect();
    let page = Page::cut(rest, limit, |(number, _)| *number);
    Ok(Json(Page {
        items: page.items.into_iter().map(|(_, row)| row.into()).collect(),
        next: page.next,
    }))
}
