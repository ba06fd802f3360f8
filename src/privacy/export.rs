//! A copy of everything that is kept about one contact.
//!
//! The rows come from the tables themselves, all columns of all that name the
//! contact, so that nothing is left out because nobody thought of it.

use chrono::{DateTime, Utc};
use engaged_connectors::model::Address;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    because::{When, because},
    config::{Config, Language},
    score::{calendar::Millis, explain::Explanation},
    store::{Conn, ContactId, StoreError},
};

use super::{Marks, handle, marks, meaning, trail::trail};

/// Everything about one contact.
#[derive(Debug, Serialize)]
pub struct Export {
    /// The version of this shape.
    pub schema: u32,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The contact's address, or its number.
    pub contact: String,
    /// What the audit trail calls it.
    pub handle: String,
    /// What the data are used for.
    pub purposes: Vec<&'static str>,
    /// Where they come from and go to: each platform, the contact's ids there, and what of ours it shows.
    pub sources: Vec<Marks>,
    /// Since when the contact objects to being scored, if it does.
    pub objects_since: Option<DateTime<Utc>>,
    /// Its scores and what they are made of; none while it objects.
    pub explanation: Option<Explanation>,
    /// Every row about it.
    pub tables: Vec<Table>,
    /// What people did with it.
    pub audit: Vec<Line>,
}

/// One table's rows.
#[derive(Debug, Serialize)]
pub struct Table {
    /// Its name.
    pub table: String,
    /// What its rows say.
    pub meaning: &'static str,
    /// The rows.
    pub rows: Vec<Map<String, Value>>,
}

/// A line of the audit trail.
#[derive(Debug, Serialize)]
pub struct Line {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Who did it.
    pub who: String,
    /// What was done.
    pub what: String,
    /// To what, and how.
    pub detail: String,
}

/// Gathers it, in one snapshot.
pub fn export(
    conn: &Conn,
    config: &Config,
    contact: ContactId,
    language: Language,
    now: Millis,
) -> Result<Export, StoreError> {
    let time = DateTime::from_timestamp_millis;
    let address = conn.address_of(contact)?;
    let name = address.as_ref().map_or_else(
        || contact.0.to_string(),
        |it| Address::reveal(it).to_owned(),
    );
    let objects_at = conn.objected_at(contact)?;
    let explanation = match objects_at {
        Some(_) => None,
        None => because(conn, config, (contact, &name), When::default(), now)?,
    };
    let tables = conn.everything_about(contact)?.into_iter();
    let tables = tables.map(|each| Table {
        meaning: meaning::of_table(&each.table, language).unwrap_or_default(),
        table: each.table,
        rows: each.rows,
    });
    let audit = trail(conn, contact, None)?.into_iter().map(|row| Line {
        at: time(row.at),
        who: row.who,
        what: row.what,
        detail: row.detail,
    });
    Ok(Export {
        schema: 1,
        made_at: time(now).unwrap_or_default(),
        handle: handle(conn, contact)?,
        purposes: meaning::purposes(language).to_vec(),
        sources: marks(conn, config, contact)?,
        objects_since: objects_at.and_then(time),
        contact: name,
        explanation,
        tables: tables.collect(),
        audit: audit.collect(),
    })
}
