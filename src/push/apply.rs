//! Carries a plan out: every write is an outbox row first, and every request
//! has a committed attempt before it leaves.
//!
//! All writes here are sets, which may be done twice: what is in doubt, because
//! its answer was lost or the process ended, is planned and written again. What
//! waits for another try is sent only while the newest plan still has it.

use std::collections::BTreeSet;

use engaged_connectors::{Clock, Connector, ConnectorError, Outcome};
use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;
use tracing::{info, warn};

use crate::{
    automation::{self, Automation, WAITS_MAX_MS},
    config::{ConnectionConfig, Mode},
    rules::set::RuleSet,
    score::{calendar::Millis, facts::ConnectionId},
    store::{ContactId, Lane, NewOutboxRow, OutboxRow, OutboxState, Store, StoreError, Tx},
};

use super::{
    guard::{self, Limits},
    plan::{self, Ask, ConnectionPlan, Count, Planned},
    settle::{backoff, settle},
    starts, stop, targets,
};

/// How many rows one call of a connector gets.
const BATCH: i64 = 2_000;

/// So long one push goes on starting.
const STARTS_LAST_MS: Millis = 10 * 60_000;

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
    /// All automations.
    pub automations: &'a [Automation],
    /// How much may happen at once.
    pub limits: Limits,
    /// Only what comes off this contact, who is being erased: nobody else's writes go along, and no guard but a list that
    /// shrank holds them.
    pub only: Option<ContactId>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// What applying did on one connection.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
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
    /// The number under which its writes are kept, if there are any.
    #[serde(skip)]
    pub plan: Option<i64>,
    /// What a read-only connection would have been told: how many contacts for each verb and target.
    #[serde(skip)]
    pub would: Vec<Count>,
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
        // What an automation of the platform reads of a contact is there before it starts.
        let queued = queued && (self.only.is_none() || report.plan.is_some());
        for lane in [Lane::Set, Lane::Start] {
            if queued && report.trouble().is_none() {
                self.work_off(lane, &mut report).await?;
            }
        }
        if let Some(plan) = report.plan {
            self.store.write_async(move |tx| tx.end_push(plan)).await?;
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
            automations: self.automations,
            frozen: self.connector.capabilities().frozen,
            only: self.only,
            now: self.now(),
        }
    }

    async fn remote_fields(&self) -> Result<Option<Vec<String>>, ConnectorError> {
        let capabilities = self.connector.capabilities();
        if self.only.is_some()
            || !capabilities.fields
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
        let (automations, limits) = (self.automations.to_vec(), self.limits);
        let (frozen, only) = (self.connector.capabilities().frozen, self.only);
        let decided = self
            .store
            .write_async(move |tx| {
                let ask = Ask {
                    connection: &connection,
                    id,
                    rules: &rules,
                    rules_hash: &hash,
                    remote_fields: fields.as_deref(),
                    automations: &automations,
                    frozen,
                    only,
                    now,
                };
                decide(tx, &ask, fingerprint.as_deref(), limits)
            })
            .await?;
        match decided {
            Decided::Stale { expected, found } => Err(PushError::Stale { expected, found }),
            Decided::Watched(planned, why, would) => {
                (report.planned, report.held, report.would) = (planned, why, would);
                Ok(false)
            }
            Decided::Held { planned, why } => {
                (report.planned, report.held) = (planned, why);
                Ok(false)
            }
            Decided::Queued { planned, plan } => {
                (report.planned, report.plan) = (planned, plan);
                Ok(true)
            }
        }
    }

    /// Sends what the outbox holds of one sort and is due.
    async fn work_off(&self, lane: Lane, report: &mut PushReport) -> Result<(), PushError> {
        let (id, now) = (self.id, self.now());
        let of_plan = report.plan.filter(|_| self.only.is_some());
        let mut unmade = BTreeSet::new();
        loop {
            // Who leaves while a long row of starts goes out is heard of by the next sync, before the rest goes out.
            if lane == Lane::Start && self.now() - now > STARTS_LAST_MS {
                return Ok(());
            }
            let rows = self
                .store
                .write_async(move |tx| {
                    // A long push ends where a person says so.
                    if let Some(why) = stop::stopped(tx, id)? {
                        return Ok(Err(why));
                    }
                    let mut rows = tx.outbox_ready(id, lane, of_plan, now, BATCH)?;
                    if lane == Lane::Start {
                        rows = starts::begin(tx, starts::one_call(rows), now)?;
                    }
                    let numbers: Vec<i64> = rows.iter().map(|row| row.id).collect();
                    let attempt = format!("{now}-{}", numbers.first().copied().unwrap_or_default());
                    tx.begin_attempt(&numbers, &attempt, now)?;
                    Ok(Ok(rows))
                })
                .await?;
            let rows = match rows {
                Ok(rows) => rows,
                Err(why) => {
                    report.held.push(why);
                    return Ok(());
                }
            };
            if rows.is_empty() {
                return Ok(());
            }
            for (rows, sent) in self.send(lane, rows, &mut unmade).await {
                match sent {
                    Ok(outcomes) => self.record(rows, outcomes, report).await?,
                    Err(error) => self.nothing_sent(rows, &error, report).await?,
                }
            }
            if report.trouble().is_some() {
                return Ok(());
            }
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
                    let state = starts::settle(tx, row, OutboxState::Retry, Some(&words), now)?;
                    tx.settle(row.id, state, Some(&words), Some(wait), now)?;
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
    Stale {
        expected: String,
        found: String,
    },
    /// The connection is read-only: how many writes, why they wait, what they would be.
    Watched(u64, Vec<String>, Vec<Count>),
    Held {
        planned: u64,
        why: Vec<String>,
    },
    Queued {
        planned: u64,
        plan: Option<i64>,
    },
}

/// Plans, asks the guards, and queues; all in one transaction.
fn decide(
    tx: &Tx,
    ask: &Ask<'_>,
    fingerprint: Option<&str>,
    limits: Limits,
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
        let why = (planned > 0).then(|| "the connection is read-only".to_owned());
        let why = why.into_iter().collect();
        return Ok(Decided::Watched(planned, why, plan.counts));
    }
    if let Some(why) = stop::stopped(tx, ask.id)? {
        return Ok(Decided::Held {
            planned,
            why: vec![why],
        });
    }
    forget_gone(tx, ask, &plan)?;
    tx.keep_edited(ask.id, ask.only, &plan.edited, ask.now)?;
    let why = match ask.only {
        Some(_) => guard::hold_one(tx, ask.id)?,
        None => guard::hold(tx, ask, &plan, limits)?,
    };
    if !why.is_empty() {
        return Ok(Decided::Held { planned, why });
    }
    for automation in automation::on(ask.automations, &ask.connection.name) {
        tx.expire_entries(&automation.name, ask.now - WAITS_MAX_MS, ask.now)?;
    }
    for (entry, becomes, why) in &plan.without {
        tx.set_entry(*entry, *becomes, Some(why), ask.now)?;
    }
    let mut queued = None;
    if planned > 0 {
        let summary = serde_json::to_string(&plan.counts).unwrap_or_default();
        let number = tx.add_plan(ask.id, &plan.fingerprint, &summary, ask.now)?;
        plan::plan(tx, ask, &mut |planned| {
            let row = row(number, ask.id, planned);
            match planned.lane {
                Lane::Start => tx.enqueue_start(&row, ask.now),
                Lane::Set | Lane::Removal => tx.enqueue(&row, ask.now).map(|_| ()),
            }
        })?;
        tx.set_plan_state(number, "applied", "engaged", ask.now)?;
        queued = Some(number);
    }
    // A plan for one contact says nothing of the others' writes.
    if ask.only.is_none() {
        // Whoever is left out of this plan, because refused or not scored yet, keeps the doubts for the next.
        let whole = plan.held_back == 0 && plan.unscored == 0;
        tx.abandon_unplanned(ask.id, queued, whole, ask.now)?;
        tx.abandon_starts(ask.id, queued, ask.now)?;
    }
    Ok(Decided::Queued {
        planned,
        plan: queued,
    })
}

fn row(plan: i64, connection: ConnectionId, planned: &Planned) -> NewOutboxRow {
    NewOutboxRow {
        plan: Some(plan),
        connection,
        contact: planned.contact,
        platform_id: planned.platform_id.clone(),
        write: planned.verb.to_owned(),
        target: planned.target.clone(),
        value: planned.after.clone(),
        reason: match &planned.before {
            _ if planned.lane == Lane::Start => planned.shown.clone(),
            Some(before) => format!("was {before}"),
            None => String::new(),
        },
        lane: planned.lane,
    }
}

/// What we knew of fields that are gone from the platform: to make and fill them is a first push again.
fn forget_gone(tx: &Tx, ask: &Ask<'_>, plan: &ConnectionPlan) -> Result<(), StoreError> {
    for field in &plan.gone {
        warn!(
            connection = ask.connection.name,
            field, "a field of ours is gone from the platform"
        );
        tx.forget_target(ask.id, &targets::field_key(field))?;
    }
    Ok(())
}
