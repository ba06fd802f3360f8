//! What became of a write, as the outbox and the memory of what a platform was told keep it.

use engaged_connectors::Outcome;

use super::starts;
use crate::{
    score::{calendar::Millis, facts::ConnectionId},
    store::{ContactId, Lane, OutboxRow, OutboxState, StoreError, Tx},
};

/// The first wait of a row that is to be tried again; doubled each time, at most a day.
const RETRY_MS: Millis = 60_000;
const RETRY_MAX_MS: Millis = 86_400_000;

/// Keeps one outcome; without one the write is in doubt.
pub(super) fn settle(
    tx: &Tx,
    connection: ConnectionId,
    row: &OutboxRow,
    outcome: Option<Outcome>,
    now: Millis,
) -> Result<(), StoreError> {
    let outcome =
        outcome.unwrap_or_else(|| Outcome::Ambiguous("the connector gave no outcome".to_owned()));
    let (state, detail, asked) = match outcome {
        Outcome::Applied => (OutboxState::Applied, None, None),
        Outcome::Rejected(reason) => (OutboxState::Rejected, Some(reason), None),
        Outcome::Retry(reason, wait) => (OutboxState::Retry, Some(reason), wait),
        Outcome::Ambiguous(reason) => (OutboxState::Ambiguous, Some(reason), None),
    };
    let state = match row.row.lane {
        Lane::Start => starts::settle(tx, row, state, detail.as_deref(), now)?,
        Lane::Set | Lane::Removal => {
            if let Some(contact) = row.row.contact.filter(|_| state == OutboxState::Applied) {
                acknowledge(tx, connection, contact, row, now)?;
            }
            state
        }
    };
    let asked = asked.and_then(|wait| Millis::try_from(wait.as_millis()).ok());
    let wait = now + backoff(row.tries).max(asked.unwrap_or(0));
    let wait = (state == OutboxState::Retry).then_some(wait);
    tx.settle(row.id, state, detail.as_deref(), wait, now)
}

fn acknowledge(
    tx: &Tx,
    connection: ConnectionId,
    contact: ContactId,
    row: &OutboxRow,
    now: Millis,
) -> Result<(), StoreError> {
    tx.acknowledge(
        contact,
        connection,
        &row.row.platform_id,
        &row.row.target,
        row.row.value.as_deref(),
        now,
    )
}

/// How long a write waits after so many tries.
pub(super) fn backoff(tries: i64) -> Millis {
    let doublings = u32::try_from(tries.clamp(0, 20)).unwrap_or(20);
    RETRY_MS
        .saturating_mul(2_i64.saturating_pow(doublings))
        .min(RETRY_MAX_MS)
}
