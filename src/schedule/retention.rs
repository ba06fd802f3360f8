//! The daily job that deletes what may not be kept any more.

use serde::Serialize;
use tracing::info;

use crate::{
    care::{DELETED, WAITING},
    score::calendar::{Millis, Zone},
    store::{Conn, ContactId, Run, StoreError, Tx, needs_word},
};

use super::jobs::Jobs;

/// The job's name among the runs.
pub const RETENTION: &str = "retention";

/// So many contacts are looked at in one transaction, so that others are not held up.
const AT_ONCE: u32 = 500;

/// For how long what was written can be looked up.
const WRITES_KEPT_MS: Millis = 90 * 86_400_000;
const WRITES_AT_ONCE: u32 = 2_000;

/// Since when events are kept, as of the last run that came to its end.
const DONE: &str = "retention done";

/// How much was deleted since the last line of the audit trail that says it.
const UNDER_WAY: &str = "retention under way";

/// What one run deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Contacts who withdrew, and of whom something was left.
    pub contacts: u64,
    /// Their opens, clicks and visits.
    pub events: u64,
    /// Dates of a last open that may not be kept any more.
    pub dates: u64,
    /// Contacts of whom something was older than events are kept.
    pub outdated_contacts: u64,
    /// Events that were.
    pub outdated: u64,
    /// Fields and tags that were written long ago.
    pub writes: u64,
}

impl Jobs {
    /// Deletes what may not be kept any more, once a day.
    pub async fn retain_daily(&self) -> Result<(), StoreError> {
        let zone = Zone::new(self.config.zone);
        let today = zone.day(self.clock.now().timestamp_millis());
        let last = self.store.read(|conn| conn.last_run(RETENTION, None))?;
        // One that was cut off goes on.
        let done = |run: Run| run.ended_at.is_some() && zone.day(run.started_at) == today;
        if last.is_some_and(done) && !self.store.read(is_wanted)? {
            return Ok(());
        }
        let run = self.begin(RETENTION, None).await?;
        let mut report = self.retain().await?;
        (report.outdated_contacts, report.outdated) = self.forget_old().await?;
        report.writes = self.drop_settled_writes().await?;
        if report.events + report.dates > 0 {
            info!(
                contacts = report.contacts,
                events = report.events,
                dates = report.dates,
                "deleted what may not be used any more"
            );
        }
        if report.outdated > 0 {
            info!(
                contacts = report.outdated_contacts,
                events = report.outdated,
                "deleted events that are older than they are kept"
            );
        }
        if report.writes > 0 {
            info!(
                writes = report.writes,
                "deleted what was written long ago from the outbox"
            );
        }
        self.end(run, None).await
    }

    /// Deletes fields and tags from the outbox that were settled long ago.
    async fn drop_settled_writes(&self) -> Result<u64, StoreError> {
        let before = self.clock.now().timestamp_millis() - WRITES_KEPT_MS;
        let (mut deleted, mut after) = (0, 0);
        loop {
            let part = move |tx: &Tx| tx.drop_settled_writes(after, before, WRITES_AT_ONCE);
            let part = self.store.write_async(part).await?;
            deleted += part.deleted;
            match part.until {
                Some(until) => after = until,
                None => return Ok(deleted),
            }
        }
    }

    /// Whether old events may be deleted now. What is deleted does not come back: so the first time, and whenever much more
    /// would go than since the last time, it waits for a word.
    async fn may_forget(&self, now: Millis) -> Result<bool, StoreError> {
        let look = |conn: &Conn| {
            let Some(begin) = conn.kept_from(now) else {
                return Ok(None);
            };
            let waits = match conn.kept_since()? {
                None => conn.has_older(begin)?,
                since => needs_word(begin, since),
            };
            Ok(Some((begin, waits)))
        };
        let looked = self.store.read(look)?;
        let waiting = looked.filter(|(_, waits)| *waits);
        let waiting = waiting.map(|(begin, _)| begin.to_string());
        let waiting = waiting.unwrap_or_default();
        let may = looked.is_some() && waiting.is_empty();
        let note = move |tx: &Tx| {
            let known = tx.control(WAITING)?.map(|control| control.value);
            if known.unwrap_or_default() != waiting {
                tx.set_control(WAITING, &waiting, now)?;
            }
            if may { tx.keep_since(now) } else { Ok(()) }
        };
        self.store.write_async(note).await?;
        Ok(may)
    }

    /// Deletes events that are older than they are kept, a few contacts at a time. How much that was is counted with each
    /// part and written into the audit trail at the end; a run that was cut off leaves its count to the next.
    async fn forget_old(&self) -> Result<(u64, u64), StoreError> {
        let now = self.clock.now().timestamp_millis();
        if !self.may_forget(now).await? {
            return Ok((0, 0));
        }
        let mut after = ContactId(0);
        loop {
            let part = move |tx: &Tx| {
                let outdated = tx.forget_old(after, AT_ONCE, now)?;
                if outdated.events > 0 {
                    let (contacts, events) = under_way(tx)?;
                    let (contacts, events) =
                        (contacts + outdated.contacts, events + outdated.events);
                    tx.set_control(UNDER_WAY, &format!("{contacts} {events}"), now)?;
                }
                Ok(outdated.until)
            };
            match self.store.write_async(part).await? {
                Some(until) => after = until,
                None => break,
            }
        }
        let end = move |tx: &Tx| {
            let (contacts, events) = under_way(tx)?;
            if events > 0 {
                let detail = format!(
                    "{events} events of {contacts} contacts, older than [retention] keeps them"
                );
                tx.audit("engaged", "deleted", &detail, now)?;
                tx.set_control(DELETED, &format!("{contacts} {events}"), now)?;
                tx.set_control(UNDER_WAY, "", now)?;
            }
            tx.set_control(DONE, &until(tx)?, now)?;
            Ok((contacts, events))
        };
        self.store.write_async(end).await
    }

    /// Deletes what may not be kept any more, a few contacts at a time; what was deleted stands in the audit trail.
    async fn retain(&self) -> Result<RetentionReport, StoreError> {
        let now = self.clock.now().timestamp_millis();
        let (mut report, mut after) = (RetentionReport::default(), ContactId(0));
        loop {
            let forgotten = self
                .store
                .write_async(move |tx| {
                    let forgotten = tx.forget_hidden(after, AT_ONCE)?;
                    if forgotten.events + forgotten.dates > 0 {
                        let detail = format!(
                            "{} events and {} dates of {} contacts who have not agreed to them",
                            forgotten.events, forgotten.dates, forgotten.contacts
                        );
                        tx.audit("engaged", "deleted", &detail, now)?;
                    }
                    Ok(forgotten)
                })
                .await?;
            report.contacts += forgotten.contacts;
            report.events += forgotten.events;
            report.dates += forgotten.dates;
            match forgotten.until {
                Some(until) => after = until,
                None => break,
            }
        }
        self.store
            .write_async(move |tx| tx.sum_withheld(now))
            .await?;
        Ok(report)
    }
}

/// Whether there is something to delete by a word that was given since the last run.
fn is_wanted(conn: &Conn) -> Result<bool, StoreError> {
    let done = conn.control(DONE)?.map(|control| control.value);
    Ok(until(conn)? != done.unwrap_or_default())
}

fn until(conn: &Conn) -> Result<String, StoreError> {
    Ok(conn
        .kept_since()?
        .map(|begin| begin.to_string())
        .unwrap_or_default())
}

/// Contacts and events.
fn under_way(tx: &Tx) -> Result<(u64, u64), StoreError> {
    let control = tx.control(UNDER_WAY)?;
    let counted = control.and_then(|control| {
        let (contacts, events) = control.value.split_once(' ')?;
        contacts.parse().ok().zip(events.parse().ok())
    });
    Ok(counted.unwrap_or_default())
}
