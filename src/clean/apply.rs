//! From a plan that somebody approved to outbox rows; and what the daemon does by itself.

use serde::Serialize;

use crate::{
    config::{Approve, CleaningPolicy, Config},
    score::calendar::Zone,
    store::{CleaningBatch, ContactId, Lane, NewOutboxRow, Speaker, Stage, StoreError, Tx, Voice},
};

use std::{collections::BTreeMap, sync::Arc};

use super::{
    CLEANING, CleanError, Cleaning, Place,
    plan::{Ask, Deed, PolicyPlan, Step, plan},
    second::{is_open, leave},
    series::{Series, win_back},
};

/// What cleaning did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CleanReport {
    /// The policy; empty where the work was of several.
    pub policy: String,
    /// The batch that was made.
    pub batch: Option<i64>,
    /// Win-backs that were asked for.
    pub asked: u64,
    /// Contacts whose win-back is not possible now: inside already, or too lately.
    pub not_asked: u64,
    /// Contacts of the batch that wait until a second person has confirmed it.
    pub waits: u64,
    /// Contacts taken off or tagged, on each of their connections.
    pub removed: u64,
    /// Contacts that a last look spared: why, and how many.
    pub spared: Vec<(String, u64)>,
    /// Contacts that came back.
    pub came_back: u64,
    /// Contacts that were put back.
    pub restored: u64,
    /// Contacts that could not be put back: who, and why.
    pub not_restored: Vec<(String, String)>,
    /// What the platform refuses: why, and how many.
    pub rejected: Vec<(String, u64)>,
    /// To be tried again later.
    pub retried: u64,
    /// Of whom it is not known whether it was done; the next run looks.
    pub in_doubt: u64,
    /// Why nothing was done.
    pub held: Vec<String>,
    /// Platforms that could not be reached, and why.
    pub unavailable: Vec<String>,
    /// The file with what the contacts were before.
    pub export: Option<String>,
}

impl CleanReport {
    /// One more of a reason.
    pub(super) fn count(counts: &mut Vec<(String, u64)>, reason: &str) {
        match counts.iter_mut().find(|(known, _)| known == reason) {
            Some((_, times)) => *times += 1,
            None => counts.push((reason.to_owned(), 1)),
        }
    }

    /// Whether anything was done or found.
    pub fn is_empty(&self) -> bool {
        *self
            == Self {
                policy: self.policy.clone(),
                export: self.export.clone(),
                ..Self::default()
            }
    }
}

/// What came of asking for a plan to be carried out.
enum Decided {
    Stale,
    Held(Vec<String>),
    Approved {
        batch: i64,
        asked: u64,
        not_asked: u64,
        waits: u64,
    },
    Nothing,
}

/// Everything that a transaction needs to decide.
#[derive(Clone)]
struct Decision {
    policy: CleaningPolicy,
    config: Arc<Config>,
    places: Vec<Place>,
    series: Arc<dyn Series>,
    fingerprint: String,
    /// Whom a look spared from being asked.
    not: BTreeMap<ContactId, String>,
    by: Speaker,
    now: i64,
}

impl Cleaning<'_> {
    /// Carries out the plan of that fingerprint, and whatever else is approved and not done. Where two people have to say
    /// so, the plan becomes a batch that waits for the second.
    pub async fn apply(&self, fingerprint: &str, by: &Speaker) -> Result<CleanReport, CleanError> {
        let stale = || CleanError::Stale {
            fingerprint: fingerprint.to_owned(),
        };
        let mut meant = None;
        for policy in &self.config.cleaning {
            let plan = self.plan_of(policy)?;
            if plan.fingerprint == fingerprint {
                meant = Some((policy, plan));
                break;
            }
        }
        let (policy, plan) = meant.ok_or_else(stale)?;
        let mut report = self.approve(policy, plan, by).await?.ok_or_else(stale)?;
        if report.held.is_empty() {
            self.work(&mut report).await?;
        }
        Ok(report)
    }

    /// Whether there is, or ever was, anything to clean.
    pub fn has_work(&self) -> Result<bool, StoreError> {
        let policies = !self.config.cleaning.is_empty();
        Ok(policies
            || !self
                .store
                .read(|conn| conn.cleaning_batches(None, 1))?
                .is_empty())
    }

    /// What the daemon does: who came back, what is approved and not done, and, once a day, policies that need no
    /// approval.
    pub async fn cycle(&self) -> Result<Vec<CleanReport>, CleanError> {
        let mut reports = Vec::new();
        let mut whole = CleanReport {
            came_back: self.come_back().await?,
            ..CleanReport::default()
        };
        for policy in self
            .config
            .cleaning
            .iter()
            .filter(|policy| policy.approve == Approve::Automatic)
        {
            if !self.is_due(policy).await? {
                continue;
            }
            let plan = self.plan_of(policy)?;
            // Beyond the cap a person decides.
            if plan.beyond_cap > 0 {
                let (name, beyond, cap) = (&policy.name, plan.beyond_cap, plan.cap);
                let why = format!(
                    "{name}: {beyond} candidates are beyond the cap of {cap}: nothing is done before somebody approves `engaged clean plan`"
                );
                reports.push(CleanReport {
                    policy: name.clone(),
                    held: vec![why],
                    ..CleanReport::default()
                });
                continue;
            }
            let daemon = Speaker {
                name: "engaged".to_owned(),
                from: Voice::Daemon,
            };
            let report = self.approve(policy, plan, &daemon).await?;
            reports.extend(report.filter(|report| !report.is_empty()));
        }
        self.work(&mut whole).await?;
        if !whole.is_empty() {
            reports.push(whole);
        }
        Ok(reports)
    }

    /// Whether a policy that needs no approval is to be planned: once a day, when yesterday is whole.
    async fn is_due(&self, policy: &CleaningPolicy) -> Result<bool, StoreError> {
        let zone = Zone::new(self.config.zone);
        let now = self.now();
        let today = zone.day(now);
        let places = self.places(policy);
        let name = format!("cleaned {}", policy.name);
        let midnight = zone.start_of(today);
        self.store
            .write_async(move |tx| {
                for place in places {
                    let through = tx.connection_complete_through(place.id)?;
                    if through.is_none_or(|through| through < midnight) {
                        return Ok(false);
                    }
                }
                if tx
                    .control(&name)?
                    .is_some_and(|last| last.value == today.to_string())
                {
                    return Ok(false);
                }
                tx.set_control(&name, &today.to_string(), now)?;
                Ok(true)
            })
            .await
    }

    /// Puts a plan's deeds into the outbox, in one transaction with the decision; `None` if it is stale.
    async fn approve(
        &self,
        policy: &CleaningPolicy,
        plan: PolicyPlan,
        by: &Speaker,
    ) -> Result<Option<CleanReport>, CleanError> {
        let mut report = CleanReport {
            policy: policy.name.clone(),
            ..CleanReport::default()
        };
        // Where a second person confirms it, they are looked at then.
        let not = if policy.approve.people() > 1 {
            BTreeMap::new()
        } else {
            self.look_before_asking(policy, &plan, &mut report).await?
        };
        let decision = Decision {
            policy: policy.clone(),
            config: Arc::clone(self.config),
            places: self.places(policy),
            series: Arc::clone(&self.series),
            fingerprint: plan.fingerprint,
            not,
            by: by.clone(),
            now: self.now(),
        };
        match self
            .store
            .write_async(move |tx| decide(tx, &decision))
            .await?
        {
            Decided::Stale => return Ok(None),
            Decided::Held(why) => report.held = why,
            Decided::Nothing => {}
            Decided::Approved {
                batch,
                asked,
                not_asked,
                waits,
            } => {
                (report.batch, report.waits) = (Some(batch), waits);
                (report.asked, report.not_asked) = (asked, not_asked);
            }
        }
        Ok(Some(report))
    }

    /// Carries out what is approved, on every connection where that may be.
    pub(super) async fn work(&self, report: &mut CleanReport) -> Result<(), CleanError> {
        self.hold().await?;
        for site in &self.sites {
            self.work_off(site, report).await?;
        }
        let now = self.now();
        self.store
            .write_async(move |tx| close_batches(tx, now))
            .await?;
        Ok(())
    }
}

fn decide(tx: &Tx, decision: &Decision) -> Result<Decided, StoreError> {
    let policy = &decision.policy;
    let ask = Ask {
        policy,
        rules: &decision.config.rules,
        places: &decision.places,
        series: decision.series.as_ref(),
        now: decision.now,
    };
    let plan = plan(tx, &ask)?;
    if plan.fingerprint != decision.fingerprint {
        return Ok(Decided::Stale);
    }
    guard(tx, decision, &plan)?;
    if !plan.held.is_empty() {
        return Ok(Decided::Held(plan.held));
    }
    for (contact, silent_since) in &plan.left_alone {
        tx.put_held_out(&policy.name, *contact, *silent_since, decision.now)?;
    }
    if plan.steps.is_empty() {
        return Ok(Decided::Nothing);
    }
    tx.take_allowance(CLEANING, &policy.name)?;
    let batch = keep_batch(tx, decision, &plan)?;
    let (mut asked, mut not_asked) = (0, 0);
    let waits = policy.approve.people() > 1;
    for step in &plan.steps {
        match step.deed {
            Deed::Take => queue(tx, decision, batch, step)?,
            Deed::Ask if waits => {
                // One that was asked for and never came is not to come meanwhile.
                tx.withdraw_asked(step.contact, &policy.name, decision.now)?;
                let (stage, since) = (Stage::ToAsk, step.silent_since);
                tx.put_case(
                    &policy.name,
                    step.contact,
                    Some(batch),
                    stage,
                    since,
                    decision.now,
                )?;
            }
            Deed::Ask if decision.not.contains_key(&step.contact) => {}
            Deed::Ask if enter(tx, decision, batch, step)? => asked += 1,
            Deed::Ask => not_asked += 1,
        }
    }
    let words = if waits {
        let (take, ask) = (plan.take, plan.ask);
        format!(
            "batch {batch} of {}: {take} to take off, {ask} to ask, once a second person has confirmed it",
            policy.name
        )
    } else {
        format!("{}: {} to take off, {asked} asked", policy.name, plan.take)
    };
    tx.audit(&decision.by.name, "clean", &words, decision.now)?;
    Ok(Decided::Approved {
        batch,
        asked,
        not_asked,
        waits: if waits { plan.steps.len() as u64 } else { 0 },
    })
}

/// Keeps what was approved, and how many people have to say so.
fn keep_batch(tx: &Tx, decision: &Decision, plan: &PolicyPlan) -> Result<i64, StoreError> {
    let policy = &decision.policy;
    let summary = serde_json::to_string(plan).unwrap_or_default();
    tx.add_cleaning_batch(&CleaningBatch {
        id: 0,
        policy: policy.name.clone(),
        fingerprint: plan.fingerprint.clone(),
        condition: policy.text.clone(),
        done: policy.then.as_str().to_owned(),
        state: String::new(),
        summary,
        approved_at: decision.now,
        approved_by: decision.by.name.clone(),
        approved_from: Some(decision.by.from),
        people: policy.approve.people(),
        confirmed: None,
    })
}

/// Trips the guard where there are too many candidates, and closes it where there are not.
fn guard(tx: &Tx, decision: &Decision, plan: &PolicyPlan) -> Result<(), StoreError> {
    let (name, now) = (decision.policy.name.as_str(), decision.now);
    let allowed = tx.is_allowed(CLEANING, name)?;
    match &plan.broken {
        Some(detail) if !allowed => {
            let on = decision.places.first().map(|place| place.id);
            tx.trip_guard(CLEANING, on, name, detail, now)?;
        }
        Some(_) => {}
        None => {
            for open in tx.open_guards()? {
                if open.name == CLEANING && open.subject == name {
                    tx.close_guard(open.id, "cleared", "engaged", now)?;
                }
            }
        }
    }
    Ok(())
}

/// Starts the win-back; false if that is not possible now.
fn enter(tx: &Tx, decision: &Decision, batch: i64, step: &Step) -> Result<bool, StoreError> {
    let (policy, contact, now) = (&decision.policy, step.contact, decision.now);
    let series = (decision.series.as_ref(), decision.config.zone);
    let entered = win_back(tx, series, policy, contact, now)?;
    if entered {
        let (stage, since) = (Stage::Asked, step.silent_since);
        tx.put_case(&policy.name, contact, Some(batch), stage, since, now)?;
    }
    Ok(entered)
}

/// Notes one contact's removal for each connection on which it can be mailed, and puts it into the outbox unless a second
/// person has to confirm it.
fn queue(tx: &Tx, decision: &Decision, batch: i64, step: &Step) -> Result<(), StoreError> {
    let (policy, now) = (&decision.policy, decision.now);
    let (contact, stage) = (step.contact, Stage::Candidate);
    let case = tx.put_case(
        &policy.name,
        contact,
        Some(batch),
        stage,
        step.silent_since,
        now,
    )?;
    for placed in &step.placed {
        let done = policy.then.as_str();
        tx.add_taken(case, placed.connection, &placed.platform_id, done)?;
        if policy.approve.people() > 1 {
            continue;
        }
        let mut places = decision.places.iter();
        let place = places.find(|place| place.id == placed.connection);
        let tag = place.and_then(|place| place.tag(policy));
        let row = NewOutboxRow {
            plan: None,
            connection: placed.connection,
            contact: Some(contact),
            platform_id: placed.platform_id.clone(),
            write: done.to_owned(),
            target: format!("clean:{case}"),
            value: tag,
            reason: format!("cleaning {}", policy.name),
            lane: Lane::Removal,
        };
        tx.enqueue(&row, now)?;
    }
    Ok(())
}

/// Batches of which nothing is left to be done are done.
fn close_batches(tx: &Tx, now: i64) -> Result<(), StoreError> {
    // Older ones were closed by the run that ended them.
    for batch in tx.cleaning_batches(None, 100)? {
        if batch.state != "approved" {
            continue;
        }
        let cases = tx.cases_of_batch(batch.id)?;
        if !cases.iter().any(is_open) {
            let state = if batch.waits() { "lapsed" } else { "applied" };
            for case in cases.iter().filter(|_| batch.waits()) {
                leave(
                    tx,
                    case,
                    "nothing of its batch is left to be confirmed",
                    now,
                )?;
            }
            tx.set_batch_state(batch.id, state, now)?;
        }
    }
    Ok(())
}
