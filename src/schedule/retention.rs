//! The daily job that deletes what may not be kept any more.

use serde::Serialize;
use tracing::info;

use crate::{
    score::calendar::Zone,
    store::{ContactId, StoreError},
};

use super::jobs::Jobs;

/// The job's name among the runs.
pub const RETENTION: &str = "retention";

/// So many contacts are looked at in one transaction, so that others are not held up.
const AT_ONCE: u32 = 500;

/// What one run deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Contacts who withdrew, and of whom something was left.
    pub contacts: u64,
    /// Their opens, clicks and visits.
    pub events: u64,
    /// Dates of a last open that may not be kept any more.
    pub dates: u64,
}

impl Jobs {
    /// Deletes what may not be kept any more, once a day.
    pub async fn retain_daily(&self) -> Result<(), StoreError> {
        let zone = Zone::new(self.config.zone);
        let today = zone.day(self.clock.now().timestamp_millis());
        let last = self.store.read(|conn| conn.last_run(RETENTION, None))?;
        if last.is_some_and(|run| zone.day(run.started_at) == today) {
            return Ok(());
        }
        let run = self.begin(RETENTION, None).await?;
        let report = self.retain().await?;
        if report.events + report.dates > 0 {
            info!(
                contacts = report.contacts,
                events = report.events,
                dates = report.dates,
                "deleted what may not be used any more"
            );
        }
        self.end(run, None).await
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
