//! Guards: reasons for which nothing is written until a person approves.
//!
//! A first score is not a change. A first push of a connection, or of a new
//! field or tag, is a baseline: held once.

use crate::{
    clean::CLEANING,
    score::{calendar::Millis, facts::ConnectionId},
    store::{StoreError, Tx},
    sync::LIST_SHRUNK,
};

use super::{plan::ConnectionPlan, targets::Keys};

/// Held once: the first push of a connection, or of a new field or tag.
pub const BASELINE: &str = "baseline";
/// Too many numbers change at once.
pub const MAX_SCORE_CHANGE: &str = "max_score_change";

/// Every guard that there is, for `approve`.
pub const ALL: [&str; 4] = [BASELINE, MAX_SCORE_CHANGE, LIST_SHRUNK, CLEANING];

/// Why a connection's writes are held, in words; empty if they are not. Guards
/// that tripped are recorded; those whose reason is gone are closed.
pub fn hold(
    tx: &Tx,
    connection: ConnectionId,
    plan: &ConnectionPlan,
    max_score_change: f64,
    now: Millis,
) -> Result<Vec<String>, StoreError> {
    let mut held = Vec::new();
    let subject = connection.0.to_string();
    if tx.open_guard(LIST_SHRUNK, connection)?.is_some() {
        held.push(format!(
            "{LIST_SHRUNK}: the last scan of the list missed too many contacts"
        ));
    }
    if plan.baseline.is_empty() {
        close(tx, BASELINE, connection, now)?;
    } else {
        let detail = format!(
            "first push of {} ({} writes)",
            plan.baseline.join(", "),
            plan.writes
        );
        tx.trip_guard(BASELINE, Some(connection), &subject, &detail, now)?;
        held.push(format!("{BASELINE}: {detail}"));
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let share = plan.changed as f64 / plan.told.max(1) as f64;
    // What a person allowed is used up by the push that it was given for, or by its no longer being needed.
    let allowed = tx.is_allowed(MAX_SCORE_CHANGE, &subject)?;
    if share <= max_score_change || (allowed && held.is_empty()) {
        tx.take_allowance(MAX_SCORE_CHANGE, &subject)?;
        close(tx, MAX_SCORE_CHANGE, connection, now)?;
    } else if !allowed {
        let percent = share * 100.0;
        let detail = format!(
            "{} of {} contacts change at once ({percent:.0} %, limit {:.0} %); look at the rules last edited, at holes in the sync, at machine opens",
            plan.changed,
            plan.told,
            max_score_change * 100.0
        );
        tx.trip_guard(MAX_SCORE_CHANGE, Some(connection), &subject, &detail, now)?;
        held.push(format!("{MAX_SCORE_CHANGE}: {detail}"));
    }
    Ok(held)
}

/// Closes a guard whose reason is gone.
fn close(tx: &Tx, name: &str, connection: ConnectionId, now: Millis) -> Result<(), StoreError> {
    if let Some(guard) = tx.open_guard(name, connection)? {
        tx.close_guard(guard, "cleared", "engaged", now)?;
    }
    Ok(())
}

/// A person's word: lets pass what an open guard holds. Returns what was approved.
pub fn approve(
    tx: &Tx,
    keys: &Keys,
    name: &str,
    connection: Option<ConnectionId>,
    who: &str,
    now: Millis,
) -> Result<Vec<String>, StoreError> {
    let mut approved = Vec::new();
    let known = tx.connections()?;
    for guard in tx.open_guards()? {
        let meant = guard.name == name && (connection.is_none() || guard.connection == connection);
        let Some(held) = guard.connection.filter(|_| meant) else {
            continue;
        };
        if name == BASELINE {
            let held_name = known.iter().find(|each| each.id == held);
            let targets = held_name.and_then(|each| keys.get(&each.name));
            for target in targets.into_iter().flatten() {
                tx.approve_baseline(held, target, who, now)?;
            }
        } else {
            tx.add_allowance(name, &guard.subject, now)?;
        }
        tx.close_guard(guard.id, "approved", who, now)?;
        tx.audit(who, "approve", &format!("{name}: {}", guard.detail), now)?;
        approved.push(guard.detail);
    }
    Ok(approved)
}
