//! Erasing a contact: our marks on the platforms first, then everything here.
//!
//! What a person asks for is not done by halves unseen: where our marks could not
//! be taken off a live platform, nothing is deleted here, for we would forget
//! where they are. The contact counts as objecting from then on, and the same
//! verb goes on later.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;

use crate::{
    push::apply::PushReport,
    schedule::jobs::{Jobs, Trouble},
    store::{Cleared, ContactId, Erasure, StoreError, Tx},
};

use super::{
    Marks,
    files::{self, Holder},
    handle, marks, object,
};

/// Why a contact was not erased.
#[derive(Debug, Error)]
pub enum EraseError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A platform failed before anything was written.
    #[error("{}: {}", .0.connection, .0.error)]
    Platform(Trouble),
    /// Our marks are still there: each connection, and why.
    #[error("our fields and tags are not off yet: {}", why(.0))]
    MarksLeft(Vec<Left>),
}

impl From<Trouble> for EraseError {
    fn from(trouble: Trouble) -> Self {
        Self::Platform(trouble)
    }
}

/// A platform that may be written to and that still shows our marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The connection.
    pub connection: String,
    /// What is still there.
    pub shown: Vec<String>,
    /// Why.
    pub why: String,
}

fn why(left: &[Left]) -> String {
    let words = left
        .iter()
        .map(|each| format!("{} ({})", each.connection, each.why));
    words.collect::<Vec<_>>().join("; ")
}

/// What was erased, and what is left for the user to do. It names the contact, and is kept nowhere here.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// The version of this shape.
    pub schema: u32,
    /// The contact's address, or its number.
    pub contact: String,
    /// What the audit trail calls it.
    pub handle: String,
    /// When.
    pub erased_at: DateTime<Utc>,
    /// Rows that are gone, by table.
    pub rows: BTreeMap<String, u64>,
    /// Deliveries of webhooks that were emptied.
    pub deliveries: u64,
    /// How many hashes of addresses and ids keep the contact out.
    pub kept_out_by: u64,
    /// Whether no byte of the database and its log holds an address of the contact.
    pub clear: bool,
    /// Whether the file was made anew for that.
    pub made_anew: bool,
    /// Columns that still name an address, since they are about something else or may not be changed: table, column, rows.
    pub named_in: Vec<(String, String, u64)>,
    /// Where the contact stands or stood, with what of ours is left there.
    pub platforms: Vec<Marks>,
    /// Our marks that came off just now.
    pub taken_off: u64,
    /// Files beside the database that hold the contact.
    pub files: Vec<Holder>,
}

/// Erases a contact and everybody who became part of it. `leave_marks`: also where a platform still shows our marks.
pub async fn erase(
    jobs: &Jobs,
    contact: ContactId,
    leave_marks: bool,
    who: &str,
) -> Result<Certificate, EraseError> {
    let now = jobs.clock.now().timestamp_millis();
    // What a webhook brought and nobody has read yet would be about the contact, too.
    jobs.read_inbox().await?;
    let author = who.to_owned();
    jobs.store
        .write_async(move |tx| object(tx, contact, false, &author, now))
        .await?;
    let reports = jobs.take_off(contact).await?;
    let (name, handle, places, traces, backups) = jobs.store.read(|conn| {
        let name = conn.address_of(contact)?;
        Ok((
            name.map_or_else(|| contact.0.to_string(), |name| name.reveal().to_owned()),
            handle(conn, contact)?,
            marks(conn, &jobs.config, contact)?,
            conn.traces(contact)?,
            conn.backups()?,
        ))
    })?;
    let left = left(&places, &reports);
    if !left.is_empty() && !leave_marks {
        return Err(EraseError::MarksLeft(left));
    }
    let (database, author, named) = (jobs.config.database.clone(), who.to_owned(), handle.clone());
    let erasure = jobs
        .store
        .write_async(move |tx| {
            let erasure = tx.erase(&database, contact, now)?;
            note(tx, &erasure, &author, &named, now)?;
            Ok(erasure)
        })
        .await?;
    let cleared: Cleared = jobs.store.clear_remains(&jobs.config.database, &traces)?;
    Ok(Certificate {
        schema: 1,
        contact: name,
        handle,
        erased_at: jobs.clock.now(),
        rows: erasure.rows,
        deliveries: erasure.deliveries,
        kept_out_by: erasure.hashes,
        clear: cleared.clear,
        made_anew: cleared.made_anew,
        named_in: erasure.left,
        platforms: places,
        taken_off: reports.iter().map(|report| report.applied).sum(),
        files: files::holding(&jobs.config.database, &traces, &backups),
    })
}

fn note(tx: &Tx, erasure: &Erasure, who: &str, handle: &str, now: i64) -> Result<(), StoreError> {
    let rows: u64 = erasure.rows.values().sum();
    let detail = format!(
        "{handle}: {rows} rows of {} tables, kept out by {} hashes",
        erasure.rows.len(),
        erasure.hashes
    );
    tx.audit(who, "privacy erase", &detail, now)
}

/// Live platforms that still show something of ours, and why they do.
fn left(places: &[Marks], reports: &[PushReport]) -> Vec<Left> {
    let live = places
        .iter()
        .filter(|each| each.live && !each.shown.is_empty());
    let left = live.map(|place| {
        let report = reports
            .iter()
            .find(|report| report.connection == place.connection);
        let why = match report {
            None => "it cannot be written to now".to_owned(),
            Some(report) => reason(report),
        };
        Left {
            connection: place.connection.clone(),
            shown: place.shown.clone(),
            why,
        }
    });
    left.collect()
}

fn reason(report: &PushReport) -> String {
    if let Some(trouble) = report.trouble() {
        return trouble.clone();
    }
    match report.rejected.first() {
        Some((why, _)) => format!("refused: {why}"),
        None if report.retried > 0 => "it waits for another try".to_owned(),
        None if report.in_doubt > 0 => "it is in doubt".to_owned(),
        None => "the platform lets nobody change the contact".to_owned(),
    }
}
