//! The seam to automations: a win-back is one, and nobody inside a running series is judged.

use chrono_tz::Tz;

use crate::{
    config::CleaningPolicy,
    score::calendar::{Day, Millis, Zone},
    store::{Conn, ContactId, StoreError, Tx},
};

/// What cleaning asks of automations.
pub trait Series: Send + Sync {
    /// Lets a contact into an automation; the next push starts it. `None` if it is inside already, or was too lately.
    fn enter(
        &self,
        tx: &Tx,
        contact: ContactId,
        automation: &str,
        reason: &str,
        on: Day,
        now: Millis,
    ) -> Result<Option<i64>, StoreError>;

    /// When any automation was last started for a contact.
    fn last_started(&self, conn: &Conn, contact: ContactId) -> Result<Option<Millis>, StoreError>;

    /// When this automation was last started for a contact, not before an instant.
    fn started_since(
        &self,
        conn: &Conn,
        contact: ContactId,
        automation: &str,
        since: Millis,
    ) -> Result<Option<Millis>, StoreError>;
}

/// Lets a contact into the win-back of a policy, if it has one; false if that is not possible now.
pub(super) fn win_back(
    tx: &Tx,
    (series, zone): (&dyn Series, Tz),
    policy: &CleaningPolicy,
    contact: ContactId,
    now: Millis,
) -> Result<bool, StoreError> {
    let Some(first) = &policy.first else {
        return Ok(false);
    };
    let reason = format!("cleaning {}", policy.name);
    let today = Zone::new(zone).day(now);
    let entry = series.enter(tx, contact, &first.automation, &reason, today, now)?;
    Ok(entry.is_some())
}

/// The automations of this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Automations;

impl Series for Automations {
    fn enter(
        &self,
        tx: &Tx,
        contact: ContactId,
        automation: &str,
        reason: &str,
        on: Day,
        now: Millis,
    ) -> Result<Option<i64>, StoreError> {
        tx.enter_automation(contact, automation, reason, on, now)
            .map(Some)
    }

    fn last_started(&self, conn: &Conn, contact: ContactId) -> Result<Option<Millis>, StoreError> {
        conn.last_started(contact)
    }
    fn started_since(
        &self,
        conn: &Conn,
        contact: ContactId,
        automation: &str,
        since: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        conn.started_since(contact, automation, since)
    }
}
