//! Carries a plan out: every write is an outbox row first, and every request
//! has a committed attempt before it leaves.
//!
//! All writes here are sets, which may be done twice: what is in doubt, because
//! its answer was lost or the process ended, is planned and written again. What
//! waits for another try is sent only while the newest plan still has it.

use engaged_connectors::{
    Change, Clock, Connector, ConnectorError, Outcome, Write, model::Address,
};
use serde::Serialize;
use thiserror::Error;
use tracing::{info, warn};

use crate::{
    config::{ConnectionConfig, Mode},
    rules::set::RuleSet,
    score::{calendar::Millis, facts::ConnectionId},
    store::{ContactId, NewOutboxRow, OutboxRow, OutboxState, Store, StoreError, Tx},
};

use super::{
    guard,
    plan::{self, Ask, ConnectionPlan, Planned},
};

/// How many rows one call of a connector gets.
const BATCH: i64 = 2_000;

/// The first wait of a row that is to be tried again; doubled each time, at most a day.
const RETRY_MS: Millis = 60_000;
const RETRY_MAX_MS: Millis = 86_400_000;

/// Why nothing is written, when a person said so.
const PAUSED: &str = "pushing is paused; `engaged resume` goes on";

/// The connection's writes, planned and applied.
pub struct Push<'a> {
    /// The store.
    pub store: &'a Store,
    /// The connection.
    pub connection: &'a ConnectionConfig,
    /// Its number in the store.
    pub id: ConnectionId,
    /// The rules that scores come from.
    pub rules: &'a RuleSet,
    /// Their fingerprint.
    pub rules_hash: &'a str,
    /// Its platform's connector.
    pub connector: &'a dyn Connector,
    /// The share of numbers that may change at once.
    pub max_score_change: f64,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// What applying did on one connection.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PushReport {
    /// The connection.
    pub connection: String,
    /// Writes in the plan.
    pub planned: u64,
    /// Writes that the platform acknowledged.
    pub applied: u64,
    /// Writes that the platform refuses, by reason.
    pub rejected: Vec<(String, u64)>,
    /// Writes to be tried again later.
    pub retried: u64,
    /// Writes of which it is not known whether they were carried out; they are compared again.
    pub in_doubt: u64,
    /// Why nothing was written.
    pub held: Vec<String>,
    /// Why the platform refused us altogether.
    pub refused: Option<String>,
    /// Why the platform could not be written to; what is planned waits.
    pub unavailable: Option<String>,
}

impl PushReport {
    /// What went wrong with the connection as a whole, if anything did.
    pub fn trouble(&self) -> Option<&String> {
        let refused = self.refused.as_ref().or(self.unavailable.as_ref());
        refused.or(self.held.first())
    }

    /// A platform's error, by what a person can do about it.
    fn failed(&mut self, error: &ConnectorError, words: String) {
        match error {
            ConnectorError::Auth { .. } | ConnectorError::Config { .. } => {
                self.refused = Some(words);
            }
            ConnectorError::Transient { .. }
            | ConnectorError::RateLimited { .. }
            | ConnectorError::Contract { .. } => self.unavailable = Some(words),
        }
    }
}

/// Why planning or applying failed.
#[derive(Debug, Error)]
pub enum PushError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform failed before anything was written.
    #[error("{0}")]
    Platform(#[from] ConnectorError),
    /// The plan that was looked at is not the one that would be carried out now.
    #[error("the plan is stale: it was {expected}, now it would be {found}")]
    Stale {
        /// The fingerprint that was approved.
        expected: String,
        /// The fingerprint now.
        found: String,
    },
}

impl Push<'_> {
    fn now(&self) -> Millis {
        self.clock.now().timestamp_millis()
    }

    /// Works out the writes; writes nothing.
    pub async fn plan(&self) -> Result<ConnectionPlan, PushError> {
        let fields = self.remote_fields().await?;
        let ask = self.ask(fields.as_deref());
        Ok(self
            .store
            .read(|conn| plan::plan(conn, &ask, &mut |_| Ok(())))?)
    }

    /// Carries the writes out, unless the connection is read-only, paused or held by a guard.
    pub async fn apply(&self, fingerprint: Option<&str>) -> Result<PushReport, PushError> {
        let mut report = PushReport {
            connection: self.connection.name.clone(),
            ..PushReport::default()
        };
        let fields = match self.remote_fields().await {
            Ok(fields) => fields,
            Err(error) => {
                self.nothing_sent(Vec::new(), &error, &mut report).await?;
                return Ok(report);
            }
        };
        let queued = self
            .queue(fields, fingerprint.map(str::to_owned), &mut report)
            .await?;
        if queued {
            self.work_off(&mut report).await?;
        }
        info!(
            connection = report.connection,
            applied = report.applied,
            "pushed"
        );
        Ok(report)
    }

    fn ask<'s>(&'s self, remote_fields: Option<&'s [String]>) -> Ask<'s> {
        Ask {
            connection: self.connection,
            id: self.id,
            rules: self.rules,
            rules_hash: self.rules_hash,
            remote_fields,
            frozen: self.connector.capabilities().frozen,
            now: self.now(),
        }
    }

    async fn remote_fields(&self) -> Result<Option<Vec<String>>, ConnectorError> {
        let capabilities = self.connector.capabilities();
        if !capabilities.fields
            || !capabilities.creates_fields
            || self.connection.push.fields.is_empty()
        {
            return Ok(None);
        }
        self.connector.fields().await.map(Some)
    }

    /// Puts every write of the plan into the outbox, in one transaction with the guards' decision.
    async fn queue(
        &self,
        fields: Option<Vec<String>>,
        fingerprint: Option<String>,
        report: &mut PushReport,
    ) -> Result<bool, PushError> {
        let (connection, rules, hash, id, now) = (
            self.connection.clone(),
            self.rules.clone(),
            self.rules_hash.to_owned(),
            self.id,
            self.now(),
        );
        let limit = self.max_score_change;
        let frozen = self.connector.capabilities().frozen;
        let decided = self
            .store
            .write_async(move |tx| {
                let ask = Ask {
                    connection: &connection,
                    id,
                    rules: &rules,
                    rules_hash: &hash,
                    remote_fields: fields.as_deref(),
                    frozen,
                    now,
                };
                decide(tx, &ask, fingerprint.as_deref(), limit)
            })
            .await?;
        match decided {
            Decided::Stale { expected, found } => Err(PushError::Stale { expected, found }),
            Decided::Held { planned, why } => {
                (report.planned, report.held) = (planned, why);
                Ok(false)
            }
            Decided::Queued { planned } => {
                report.planned = planned;
                Ok(true)
            }
        }
    }

    /// Sends what the outbox holds and is due.
    async fn work_off(&self, report: &mut PushReport) -> Result<(), PushError> {
        let (id, now) = (self.id, self.now());
        loop {
            let rows = self
                .store
                .write_async(move |tx| {
                    // A long push ends where a person says so.
                    if tx.is_paused()? {
                        return Ok(None);
                    }
                    let rows = tx.outbox_ready(id, now, BATCH)?;
                    let numbers: Vec<i64> = rows.iter().map(|row| row.id).collect();
                    let attempt = format!("{now}-{}", numbers.first().copied().unwrap_or_default());
                    tx.begin_attempt(&numbers, &attempt, now)?;
                    Ok(Some(rows))
                })
                .await?;
            let Some(rows) = rows else {
                report.held.push(PAUSED.to_owned());
                return Ok(());
            };
            if rows.is_empty() {
                return Ok(());
            }
            let changes: Vec<Change> = rows.iter().filter_map(change).collect();
            let outcomes = match self.connector.push(&changes).await {
                Ok(outcomes) => outcomes,
                Err(error) => {
                    self.nothing_sent(rows, &error, report).await?;
                    return Ok(());
                }
            };
            self.record(rows, outcomes, report).await?;
        }
    }

    /// A connector's error means that no request left: the rows wait, untried.
    async fn nothing_sent(
        &self,
        rows: Vec<OutboxRow>,
        error: &ConnectorError,
        report: &mut PushReport,
    ) -> Result<(), PushError> {
        let words = format!("{} {error}", error.code());
        warn!(
            connection = report.connection,
            code = error.code(),
            "nothing was pushed"
        );
        report.retried += rows.len() as u64;
        report.failed(error, words.clone());
        let (now, auth) = (self.now(), matches!(error, ConnectorError::Auth { .. }));
        let name = self.connection.name.clone();
        self.store
            .write_async(move |tx| {
                for row in &rows {
                    let wait = now + backoff(row.tries);
                    tx.settle(row.id, OutboxState::Retry, Some(&words), Some(wait), now)?;
                }
                if auth {
                    tx.block(&name, &words, now)
                } else {
                    Ok(())
                }
            })
            .await?;
        Ok(())
    }

    async fn record(
        &self,
        rows: Vec<OutboxRow>,
        outcomes: Vec<Outcome>,
        report: &mut PushReport,
    ) -> Result<(), PushError> {
        for outcome in &outcomes {
            match outcome {
                Outcome::Applied => report.applied += 1,
                Outcome::Retry(..) => report.retried += 1,
                Outcome::Ambiguous(_) => report.in_doubt += 1,
                Outcome::Rejected(reason) => match report
                    .rejected
                    .iter_mut()
                    .find(|(known, _)| known == reason)
                {
                    Some((_, times)) => *times += 1,
                    None => report.rejected.push((reason.clone(), 1)),
                },
            }
        }
        let (connection, now) = (self.id, self.now());
        self.store
            .write_async(move |tx| {
                // A connector that gave too few outcomes leaves the rest in doubt.
                let outcomes = outcomes
                    .into_iter()
                    .map(Some)
                    .chain(std::iter::repeat(None));
                for (row, outcome) in rows.iter().zip(outcomes) {
                    settle(tx, connection, row, outcome, now)?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }
}

enum Decided {
    Stale { expected: String, found: String },
    Held { planned: u64, why: Vec<String> },
    Queued { planned: u64 },
}

/// Plans, asks the guards, and queues; all in one transaction.
fn decide(
    tx: &Tx,
    ask: &Ask<'_>,
    fingerprint: Option<&str>,
    limit: f64,
) -> Result<Decided, StoreError> {
    // Pushes of one connection follow one another: what still looks under way was cut off.
    tx.doubt_attempts_on(ask.id, ask.now)?;
    let plan = plan::plan(tx, ask, &mut |_| Ok(()))?;
    if let Some(expected) = fingerprint.filter(|expected| *expected != plan.fingerprint) {
        return Ok(Decided::Stale {
            expected: expected.to_owned(),
            found: plan.fingerprint,
        });
    }
    let planned = plan.writes;
    if ask.connection.mode == Mode::ReadOnly {
        let why = if planned > 0 {
            vec!["the connection is read-only".to_owned()]
        } else {
            Vec::new()
        };
        return Ok(Decided::Held { planned, why });
    }
    if tx.is_paused()? {
        return Ok(Decided::Held {
            planned,
            why: vec![PAUSED.to_owned()],
        });
    }
    let why = guard::hold(tx, ask, &plan, limit)?;
    if !why.is_empty() {
        return Ok(Decided::Held { planned, why });
    }
    for (contact, platform_id, drift) in &plan.drifted {
        let (ours, theirs) = (drift.ours.as_deref(), drift.theirs.as_deref());
        tx.record_drift(
            *contact,
            ask.id,
            platform_id,
            &drift.target,
            (ours, theirs),
            ask.now,
        )?;
    }
    let mut queued = None;
    if planned > 0 {
        let summary = serde_json::to_string(&plan.counts).unwrap_or_default();
        let number = tx.add_plan(&plan.fingerprint, &summary, ask.now)?;
        plan::plan(tx, ask, &mut |planned| {
            tx.enqueue(&row(number, ask.id, planned), ask.now)
                .map(|_| ())
        })?;
        tx.set_plan_state(number, "applied", "engaged", ask.now)?;
        queued = Some(number);
    }
    // Whoever is left out of this plan, because refused or not scored yet, keeps the doubts for the next.
    let whole = plan.held_back == 0 && plan.unscored == 0;
    tx.abandon_unplanned(ask.id, queued, whole, ask.now)?;
    Ok(Decided::Queued { planned })
}

fn row(plan: i64, connection: ConnectionId, planned: &Planned) -> NewOutboxRow {
    NewOutboxRow {
        plan: Some(plan),
        connection,
        contact: planned.contact,
        platform_id: planned.platform_id.clone(),
        write: plan::verb(&planned.difference.write).to_owned(),
        target: planned.difference.target.clone(),
        value: plan::value(&planned.difference.write),
        reason: planned
            .difference
            .before
            .as_ref()
            .map_or_else(String::new, |before| format!("was {before}")),
    }
}

/// The change that a row asks for; `None` for a verb that this version does not know.
fn change(row: &OutboxRow) -> Option<Change> {
    let (_, name) = row.row.target.split_once(':')?;
    let name = name.to_owned();
    let write = match row.row.write.as_str() {
        "create field" => Write::CreateField { field: name },
        "set field" => Write::SetField {
            field: name,
            value: row.row.value.clone(),
        },
        "add tag" => Write::AddTag { tag: name },
        "remove tag" => Write::RemoveTag { tag: name },
        _ => return None,
    };
    Some(Change {
        contact: row.row.platform_id.clone(),
        email: row.email.as_deref().and_then(Address::parse),
        write,
    })
}

fn settle(
    tx: &Tx,
    connection: ConnectionId,
    row: &OutboxRow,
    outcome: Option<Outcome>,
    now: Millis,
) -> Result<(), StoreError> {
    let outcome =
        outcome.unwrap_or_else(|| Outcome::Ambiguous("the connector gave no outcome".to_owned()));
    match outcome {
        Outcome::Applied => {
            if let Some(contact) = row.row.contact {
                acknowledge(tx, connection, contact, row, now)?;
            }
            tx.settle(row.id, OutboxState::Applied, None, None, now)
        }
        Outcome::Rejected(reason) => {
            tx.settle(row.id, OutboxState::Rejected, Some(&reason), None, now)
        }
        Outcome::Retry(reason, wait) => {
            let asked = wait
                .and_then(|wait| Millis::try_from(wait.as_millis()).ok())
                .unwrap_or(0);
            let wait = now + backoff(row.tries).max(asked);
            tx.settle(row.id, OutboxState::Retry, Some(&reason), Some(wait), now)
        }
        Outcome::Ambiguous(reason) => {
            tx.settle(row.id, OutboxState::Ambiguous, Some(&reason), None, now)
        }
    }
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

fn backoff(tries: i64) -> Millis {
    let doublings = u32::try_from(tries.clamp(0, 20)).unwrap_or(20);
    RETRY_MS
        .saturating_mul(2_i64.saturating_pow(doublings))
        .min(RETRY_MAX_MS)
}
