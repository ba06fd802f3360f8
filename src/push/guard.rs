//! Guards: reasons for which nothing is written until a person approves.
//!
//! A first score is not a change. A first push of a connection, or of a new
//! field or tag, is a baseline: held once.

use crate::{
    automation,
    clean::CLEANING,
    score::{calendar::Millis, facts::ConnectionId},
    store::{Guard, QUARANTINE, StoreError, Tx},
    sync::LIST_SHRUNK,
};

use super::{
    cause,
    plan::{Ask, ConnectionPlan},
    starts,
    targets::Keys,
};

/// Held once: the first push of a connection, or of a new field or tag.
pub const BASELINE: &str = "baseline";
/// Too many numbers change at once.
pub const MAX_SCORE_CHANGE: &str = "max_score_change";
/// Too many starts at once.
pub const MAX_STARTS: &str = "max_starts";

/// Why all numbers go at once.
const RETRACTED: &str = "it is retracted: our fields and tags come off";

/// Every guard that there is, for `approve`.
pub const ALL: [&str; 6] = [
    BASELINE,
    MAX_SCORE_CHANGE,
    MAX_STARTS,
    LIST_SHRUNK,
    CLEANING,
    QUARANTINE,
];

/// How much may happen in one push without asking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The share of contacts whose number, band or segment changes.
    pub score_change: f64,
    /// Starts of automations.
    pub starts: u64,
}

/// Why a connection's writes are held, in words; empty if they are not. Guards
/// that tripped are recorded; those whose reason is gone are closed.
pub fn hold(
    tx: &Tx,
    ask: &Ask<'_>,
    plan: &ConnectionPlan,
    limits: Limits,
) -> Result<Vec<String>, StoreError> {
    let (connection, now) = (ask.id, ask.now);
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
    if plan.starts <= limits.starts {
        tx.take_allowance(MAX_STARTS, &subject)?;
        close(tx, MAX_STARTS, connection, now)?;
    } else if !are_starts_allowed(tx, ask, limits, &subject)? {
        // Who approves has seen what was there by now; what becomes ready later is held anew.
        tx.note_held(MAX_STARTS, &subject, now, now)?;
        let detail = format!(
            "{} starts at once (limit {}): {}; {}",
            plan.starts,
            limits.starts,
            of_each(plan),
            cause::of_starts(tx, ask, plan)?
        );
        tx.trip_guard(MAX_STARTS, Some(connection), &subject, &detail, now)?;
        held.push(format!("{MAX_STARTS}: {detail}"));
    }
    let max_score_change = limits.score_change;
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let share = plan.changed as f64 / plan.told.max(1) as f64;
    // What a person allowed is used up by the push that it was given for, or by its no longer being needed.
    let changed = i64::try_from(plan.changed).unwrap_or(i64::MAX);
    let allowed = tx.is_allowed(MAX_SCORE_CHANGE, &subject)?
        && tx
            .allowed_up_to(MAX_SCORE_CHANGE, &subject)?
            .is_none_or(|seen| changed <= seen.saturating_add(seen / 5).saturating_add(10));
    if share <= max_score_change || (allowed && held.is_empty()) {
        tx.take_allowance(MAX_SCORE_CHANGE, &subject)?;
        close(tx, MAX_SCORE_CHANGE, connection, now)?;
    } else if !allowed {
        let percent = share * 100.0;
        let detail = format!(
            "{} of {} contacts change at once ({percent:.0} %, limit {:.0} %); {}",
            plan.changed,
            plan.told,
            max_score_change * 100.0,
            if plan.retracted {
                RETRACTED.to_owned()
            } else {
                cause::named(tx, ask, plan)?
            }
        );
        tx.note_held(MAX_SCORE_CHANGE, &subject, changed, now)?;
        tx.trip_guard(MAX_SCORE_CHANGE, Some(connection), &subject, &detail, now)?;
        held.push(format!("{MAX_SCORE_CHANGE}: {detail}"));
    }
    if held.is_empty() {
        // What the next change is compared with, if it is too large.
        tx.note_push(connection, ask.rules_hash, now)?;
    }
    Ok(held)
}

/// Why what comes off one contact is held, in words. Shares and first pushes are no question of one contact, and what a
/// person allowed is for another push.
pub fn hold_one(tx: &Tx, connection: ConnectionId) -> Result<Vec<String>, StoreError> {
    let shrunk = tx.open_guard(LIST_SHRUNK, connection)?;
    Ok(shrunk
        .map(|_| format!("{LIST_SHRUNK}: the last scan of the list missed too many contacts"))
        .into_iter()
        .collect())
}

/// Whether a person let pass all starts but so many as need no word: those that were ready when they were held.
fn are_starts_allowed(
    tx: &Tx,
    ask: &Ask<'_>,
    limits: Limits,
    subject: &str,
) -> Result<bool, StoreError> {
    if !tx.is_allowed(MAX_STARTS, subject)? {
        return Ok(false);
    }
    let seen = tx
        .allowed_up_to(MAX_STARTS, subject)?
        .unwrap_or(Millis::MAX);
    let mut later = 0;
    for automation in automation::on(ask.automations, &ask.connection.name) {
        later += tx.count_ready_since(&automation.name, seen)?;
    }
    Ok(later <= limits.starts)
}

/// How many starts of each automation.
fn of_each(plan: &ConnectionPlan) -> String {
    let starts = plan
        .counts
        .iter()
        .filter(|count| starts::is_start(count.verb));
    let words = starts.map(|count| format!("{} of {}", count.contacts, count.target));
    words.collect::<Vec<_>>().join(", ")
}

/// Closes a guard whose reason is gone.
fn close(tx: &Tx, name: &str, connection: ConnectionId, now: Millis) -> Result<(), StoreError> {
    if let Some(guard) = tx.open_guard(name, connection)? {
        tx.close_guard(guard, "cleared", "engaged", now)?;
    }
    Ok(())
}

/// A person's word: lets pass what the open guards of a name hold. Returns what was approved.
pub fn approve(
    tx: &Tx,
    keys: &Keys,
    name: &str,
    connection: Option<ConnectionId>,
    who: &str,
    now: Millis,
) -> Result<Vec<String>, StoreError> {
    let meant = |guard: &Guard| {
        guard.name == name && (connection.is_none() || guard.connection == connection)
    };
    approve_those(tx, keys, &meant, who, now)
}

/// The same, of the open guards that are meant.
pub fn approve_those(
    tx: &Tx,
    keys: &Keys,
    meant: &dyn Fn(&Guard) -> bool,
    who: &str,
    now: Millis,
) -> Result<Vec<String>, StoreError> {
    let mut approved = Vec::new();
    let known = tx.connections()?;
    for guard in tx.open_guards()? {
        let Some(held) = guard.connection.filter(|_| meant(&guard)) else {
            continue;
        };
        if guard.name == BASELINE {
            let held_name = known.iter().find(|each| each.id == held);
            let targets = held_name.and_then(|each| keys.get(&each.name));
            for target in targets.into_iter().flatten() {
                tx.approve_baseline(held, target, who, now)?;
            }
        } else {
            tx.add_allowance(&guard.name, &guard.subject, now)?;
        }
        tx.close_guard(guard.id, "approved", who, now)?;
        let words = format!("{}: {}", guard.name, guard.detail);
        tx.audit(who, "approve", &words, now)?;
        approved.push(guard.detail);
    }
    Ok(approved)
}
