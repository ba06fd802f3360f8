//! The seam to automations: a win-back is one, and nobody inside a running series is judged.

use crate::{
    score::calendar::{Day, Millis},
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
