//! Two pairs of eyes: a batch that a second person has to confirm before anything of it is done.
//!
//! That a batch needs two is kept with it when it is made. Until somebody else
//! has spoken it has no row in the outbox and no entry into the win-back, so
//! that there is nothing that could be carried out. A policy that asks for two
//! meanwhile makes batches wait that one person approved; none is let off by an
//! edit.

use std::{collections::BTreeMap, sync::Arc};

use engaged_connectors::model::Status;
use serde::Deserialize;

use crate::{
    config::{Approve, CleaningPolicy, Config},
    score::calendar::Millis,
    store::{
        CleaningBatch, CleaningCase, Conn, ContactId, Placed, Speaker, Stage, StoreError,
        TakenState, Tx,
    },
};

use super::{
    APPROVED_DAYS, CleanError, Cleaning, Place,
    apply::CleanReport,
    judge::Judge,
    life::Life,
    plan::{Ask, Deed, PolicyPlan, Step, parts, stops},
    series::{Series, win_back},
    work::{UNMARK, check::ours, conclude, row_of},
};

const DAY_MS: Millis = 86_400_000;

/// Why what was queued is given up until somebody confirms it.
const HELD: &str = "waits for a second person";

/// Why nothing is confirmed where somebody is to be asked who cannot be looked at.
const UNSEEN: &str = "a platform cannot be asked whom to leave in peace; confirm when it can";

/// Whether an approval is so long ago that it holds no more.
pub(super) fn is_old(batch: &CleaningBatch, now: Millis) -> bool {
    batch.approved_at + APPROVED_DAYS * DAY_MS < now
}

/// Why what has waited too long is not done.
pub(super) fn too_old() -> String {
    format!("approved more than {APPROVED_DAYS} days ago")
}

/// Whether something of a case is still to be done.
pub(super) fn is_open(case: &CleaningCase) -> bool {
    matches!(case.stage, Stage::Candidate | Stage::ToAsk)
}

/// Whether as many people have spoken as the batch, and the policy as it is now, ask for.
pub(super) fn is_enough(batch: &CleaningBatch, policy: &CleaningPolicy) -> bool {
    let two = batch.needs_two() || policy.approve == Approve::TwoPeople;
    !two || batch.confirmed.is_some()
}

/// What is kept of the plan that was approved, as far as a confirmation needs it.
#[derive(Clone, Debug, Deserialize)]
struct Approved {
    first: Option<String>,
    connections: Vec<ApprovedPart>,
}

#[derive(Clone, Debug, Deserialize)]
struct ApprovedPart {
    connection: String,
    tag: Option<String>,
}

/// What a confirmation needs to know.
struct Confirmation {
    batch: i64,
    by: Speaker,
    config: Arc<Config>,
    places: Vec<Place>,
    series: Arc<dyn Series>,
    /// Whom a look spared from being asked, and why.
    not: BTreeMap<ContactId, String>,
    now: Millis,
}

/// A batch that this person may confirm, by the policy as it is now.
struct Waiting<'c> {
    policy: &'c CleaningPolicy,
    places: Vec<Place>,
    approved: Approved,
    /// Why nothing may be done now.
    held: Vec<String>,
}

/// What came of confirming.
enum Confirmed {
    Held(Vec<String>),
    Done { asked: u64, not_asked: u64 },
}

impl Cleaning<'_> {
    /// A second person confirms a batch: its removals are queued and its win-backs asked for, in one transaction with
    /// their word. Refused, and recorded, where they may be whoever approved it. Carries nothing out.
    pub async fn confirm(&self, batch: i64, by: &Speaker) -> Result<CleanReport, CleanError> {
        let mut confirmation = Confirmation {
            batch,
            by: by.clone(),
            config: Arc::clone(self.config),
            places: self.sites.iter().map(|site| site.place.clone()).collect(),
            series: Arc::clone(&self.series),
            not: BTreeMap::new(),
            now: self.now(),
        };
        let mut report = CleanReport {
            batch: Some(batch),
            ..CleanReport::default()
        };
        match self.store.read(|conn| waiting(conn, &confirmation))? {
            Ok(waiting) => {
                report.policy.clone_from(&waiting.policy.name);
                if !waiting.held.is_empty() {
                    report.held = waiting.held;
                    return Ok(report);
                }
                let not = self.look_before_confirming(&waiting, &confirmation, &mut report);
                let not = not.await?;
                if !report.unavailable.is_empty() {
                    // Neither person's word is spent on a platform that is down.
                    report.held = vec![UNSEEN.to_owned()];
                    report.spared.clear();
                    return Ok(report);
                }
                confirmation.not = not;
            }
            Err(error) => {
                let refuse = move |tx: &Tx| record(tx, &confirmation, &error).map(|()| error);
                return Err(self.store.write_async(refuse).await?);
            }
        }
        let confirm = move |tx: &Tx| confirm(tx, &confirmation);
        match self.store.write_async(confirm).await?? {
            Confirmed::Held(why) => report.held = why,
            Confirmed::Done { asked, not_asked } => {
                (report.asked, report.not_asked) = (asked, not_asked);
            }
        }
        Ok(report)
    }

    /// Confirms a batch, and carries out what is approved and confirmed.
    pub async fn confirm_and_work(
        &self,
        batch: i64,
        by: &Speaker,
    ) -> Result<CleanReport, CleanError> {
        let mut report = self.confirm(batch, by).await?;
        if report.held.is_empty() {
            self.work(&mut report).await?;
        }
        Ok(report)
    }

    /// Who of a batch is not asked after all, and why: by what we know now, and by what the platforms show.
    async fn look_before_confirming(
        &self,
        waiting: &Waiting<'_>,
        confirmation: &Confirmation,
        report: &mut CleanReport,
    ) -> Result<BTreeMap<ContactId, String>, CleanError> {
        let (mut not, steps) = self.store.read(|conn| {
            let (mut not, mut steps) = (BTreeMap::new(), Vec::new());
            let cases = conn.cases_of_batch(confirmation.batch)?;
            let to_ask = cases.iter().filter(|case| case.stage == Stage::ToAsk);
            let (rules, now) = (&confirmation.config.rules, confirmation.now);
            let judge = Judge::new(conn, rules, waiting.policy, now)?;
            for case in to_ask {
                match step(conn, waiting, case, &judge, self.series.as_ref())? {
                    Ok(step) => steps.push(step),
                    Err(why) => {
                        not.insert(case.contact, why);
                    }
                }
            }
            Ok((not, steps))
        })?;
        for why in not.values() {
            CleanReport::count(&mut report.spared, why);
        }
        let plan = PolicyPlan {
            steps,
            ..PolicyPlan::default()
        };
        let looked = self.look_before_asking(waiting.policy, &plan, report);
        not.extend(looked.await?);
        Ok(not)
    }

    /// Gives up what is queued of batches that wait for a second person, so that no run finds it; and lets go of what
    /// waited too long.
    pub(super) async fn hold(&self) -> Result<(), StoreError> {
        let unconfirmed = |conn: &Conn| {
            let batches = conn.batches_under_way()?.into_iter();
            let mut unconfirmed = batches.filter(|batch| must_wait(batch, self.config));
            Ok(unconfirmed.next().is_some())
        };
        if !self.store.read(unconfirmed)? {
            return Ok(());
        }
        let (config, series, now) = (
            Arc::clone(self.config),
            Arc::clone(&self.series),
            self.now(),
        );
        let hold = move |tx: &Tx| {
            let batches = tx.batches_under_way()?.into_iter();
            let mut batches = batches.filter(|batch| must_wait(batch, &config));
            batches.try_for_each(|batch| {
                let mut policies = config.cleaning.iter();
                let policy = policies.find(|policy| policy.name == batch.policy);
                let first = policy.and_then(|policy| policy.first.as_ref());
                let first = first.map(|first| (series.as_ref(), first.automation.as_str()));
                hold(tx, &batch, first, now)
            })
        };
        self.store.write_async(hold).await
    }
}

/// Whether nothing of a batch may be done before somebody confirms it, by what is kept of it or by its policy now.
fn must_wait(batch: &CleaningBatch, config: &Config) -> bool {
    let mut policies = config.cleaning.iter();
    let policy = policies.find(|policy| policy.name == batch.policy);
    batch.waits() || policy.is_some_and(|policy| !is_enough(batch, policy))
}

/// The win-back of a policy, and what is known of who got it.
type WinBack<'s> = Option<(&'s dyn Series, &'s str)>;

fn hold(tx: &Tx, batch: &CleaningBatch, first: WinBack<'_>, now: Millis) -> Result<(), StoreError> {
    if !tx.cases_of_batch(batch.id)?.iter().any(is_open) {
        return Ok(());
    }
    if is_old(batch, now) {
        return let_go(tx, batch, first, &too_old(), now);
    }
    if !batch.needs_two() {
        if batch.is_automatic() {
            // No person has spoken that a second could confirm.
            let why = "the policy now asks for two people";
            return let_go(tx, batch, first, why, now);
        }
        tx.need_second(batch.id, now)?;
        let words = format!("batch {}: its policy asks for two people", batch.id);
        tx.audit("engaged", "clean waits", &words, now)?;
    }
    tx.hold_removals(batch.id, HELD, now)?;
    Ok(())
}

/// What of a batch has not begun is let go of: the next plan may propose it anew. Who has got the win-back need not get it
/// again.
fn let_go(
    tx: &Tx,
    batch: &CleaningBatch,
    first: WinBack<'_>,
    why: &str,
    now: Millis,
) -> Result<(), StoreError> {
    tx.hold_removals(batch.id, why, now)?;
    for case in tx.cases_of_batch(batch.id)? {
        leave(tx, &case, why, now)?;
        let untouched = || -> Result<bool, StoreError> {
            let taken = tx.taken(case.id)?;
            Ok(taken.iter().all(|each| each.state == TakenState::Left))
        };
        let asked = match first {
            Some((series, automation)) if case.stage == Stage::Candidate && untouched()? => series
                .started_since(tx, case.contact, automation, case.opened_at)?
                .is_some(),
            _ => false,
        };
        match case.stage {
            Stage::Candidate if asked => tx.put_back_to_asked(case.id, why)?,
            Stage::Candidate => conclude(tx, case.id, (false, why), now)?,
            Stage::ToAsk => tx.set_stage(case.id, Stage::Spared, why, now)?,
            _ => {}
        }
    }
    tx.set_batch_state(batch.id, "lapsed", now)?;
    tx.audit(
        "engaged",
        "clean lapsed",
        &format!("batch {}: {why}", batch.id),
        now,
    )
}

/// What is still to be done to a case, and has no row that could do it, is not to be done; a tag that went on before it
/// comes off.
pub(super) fn leave(
    tx: &Tx,
    case: &CleaningCase,
    why: &str,
    now: Millis,
) -> Result<(), StoreError> {
    for taken in tx.taken(case.id)? {
        // What may have been done is looked at first.
        if taken.state != TakenState::Waiting || tx.is_removal_in_doubt(&taken)? {
            continue;
        }
        tx.set_taken(&taken, TakenState::Left, why, now)?;
        if let Some(tag) = tx.mark_of(taken.connection, &taken.platform_id, case.id)? {
            let target = format!("clean mark:{}", case.id);
            let verb = (UNMARK, target.as_str(), Some(tag));
            tx.enqueue(&row_of(&taken, case.contact, verb, why.to_owned()), now)?;
        }
    }
    Ok(())
}

/// The batch of a confirmation, if it waits for this person.
fn waiting<'c>(
    conn: &Conn,
    confirmation: &'c Confirmation,
) -> Result<Result<Waiting<'c>, CleanError>, StoreError> {
    let (batch, now) = (confirmation.batch, confirmation.now);
    let Some(known) = conn.cleaning_batch(batch)? else {
        return Ok(Err(CleanError::UnknownBatch { batch }));
    };
    let cases = conn.cases_of_batch(batch)?;
    let (policy, approved) = match by_policy(&known, &cases, confirmation, now) {
        Ok(found) => found,
        Err(why) => return Ok(Err(CleanError::NothingToConfirm { batch, why })),
    };
    if !known.is_other(&confirmation.by) {
        let by = match known.approved_from {
            Some(from) => format!("{} ({})", known.approved_by, from.as_str()),
            None => known.approved_by,
        };
        return Ok(Err(CleanError::SamePerson { batch, by }));
    }
    let places = confirmation.places.iter();
    let places = places.filter(|place| policy.connections.contains(&place.name));
    let places: Vec<Place> = places.cloned().collect();
    let ask = Ask {
        policy,
        rules: &confirmation.config.rules,
        places: &places,
        series: confirmation.series.as_ref(),
        now,
    };
    let held = stops(conn, &parts(conn, &ask)?)?;
    Ok(Ok(Waiting {
        policy,
        places,
        approved,
        held,
    }))
}

/// The policy of a batch and what was approved, if the policy still says that; else why nothing can be confirmed.
fn by_policy<'c>(
    batch: &CleaningBatch,
    cases: &[CleaningCase],
    confirmation: &'c Confirmation,
    now: Millis,
) -> Result<(&'c CleaningPolicy, Approved), String> {
    let mut policies = confirmation.config.cleaning.iter();
    let policy = policies.find(|policy| policy.name == batch.policy);
    if let Some((_, who)) = &batch.confirmed {
        return Err(format!("{who} has confirmed it"));
    }
    if batch.state != "approved" {
        return Err(format!("it is {}", batch.state));
    }
    if !must_wait(batch, &confirmation.config) {
        return Err("one person is enough for it".to_owned());
    }
    if is_old(batch, now) {
        return Err(too_old());
    }
    let policy = policy.ok_or("the policy is gone")?;
    let (done, then) = (&batch.done, policy.then.as_str());
    if done != then {
        return Err(format!(
            "approved as {done}, and the policy now says {then}"
        ));
    }
    let approved: Approved = serde_json::from_str(&batch.summary)
        .map_err(|error| format!("what was approved cannot be read: {error}"))?;
    let first = policy.first.as_ref().map(|first| &first.automation);
    let to_ask = cases.iter().any(|case| case.stage == Stage::ToAsk);
    if to_ask && approved.first.as_ref() != first {
        return Err("the policy now asks in another way than was approved".to_owned());
    }
    if !cases.iter().any(is_open) {
        return Err("nothing of it is left to be done".to_owned());
    }
    Ok((policy, approved))
}

/// One contact that is to be asked, if nothing that we know stands before it; else why not.
fn step(
    conn: &Conn,
    waiting: &Waiting<'_>,
    case: &CleaningCase,
    judge: &Judge<'_>,
    series: &dyn Series,
) -> Result<Result<Step, String>, StoreError> {
    let policy = waiting.policy;
    let open = conn.open_cases_of(&policy.name, case.contact)?;
    if open.iter().any(|case| case.stage == Stage::Kept) {
        return Ok(Err("kept meanwhile".to_owned()));
    }
    let facts = conn.facts(case.contact, None)?.unwrap_or_default();
    let life = Life::of(&facts);
    if let Some((why, _)) = ours(case, Some(judge.judge(&facts, life)), life) {
        return Ok(Err(why));
    }
    let started = series.last_started(conn, case.contact)?;
    if started.is_some_and(|started| !judge.is_over(started, policy.series())) {
        return Ok(Err("in_series".to_owned()));
    }
    let placed = conn.placed(case.contact)?.into_iter().filter(|placed| {
        let mut places = waiting.places.iter();
        let meant = places.any(|place| place.id == placed.connection);
        meant && placed.status == Some(Status::Subscribed)
    });
    let placed: Vec<Placed> = placed.collect();
    if placed.is_empty() {
        return Ok(Err("no longer on the platform".to_owned()));
    }
    Ok(Ok(Step {
        contact: case.contact,
        deed: Deed::Ask,
        silent_since: case.silent_since_at,
        placed,
    }))
}

/// That somebody tried to be both people stands in the audit trail.
fn record(tx: &Tx, confirmation: &Confirmation, error: &CleanError) -> Result<(), StoreError> {
    if let CleanError::SamePerson { batch, .. } = error {
        let (who, now) = (&confirmation.by.name, confirmation.now);
        tx.audit(who, "clean confirm refused", &format!("batch {batch}"), now)?;
    }
    Ok(())
}

fn confirm(
    tx: &Tx,
    confirmation: &Confirmation,
) -> Result<Result<Confirmed, CleanError>, StoreError> {
    let (batch, who, now) = (confirmation.batch, &confirmation.by.name, confirmation.now);
    let waiting = match waiting(tx, confirmation)? {
        Ok(waiting) => waiting,
        Err(error) => return record(tx, confirmation, &error).map(|()| Err(error)),
    };
    if !waiting.held.is_empty() {
        return Ok(Ok(Confirmed::Held(waiting.held)));
    }
    let mut cases = tx.cases_of_batch(batch)?;
    cases.sort_by_key(|case| (case.silent_since_at, case.contact));
    let (mut take, mut asked, mut not_asked) = (0_u64, 0, 0);
    for case in &cases {
        match case.stage {
            Stage::Candidate => {
                queue(tx, confirmation, &waiting, case)?;
                take += 1;
            }
            Stage::ToAsk => match confirmation.not.get(&case.contact) {
                Some(why) => tx.set_stage(case.id, Stage::Spared, why, now)?,
                None if enter(tx, confirmation, &waiting, case)? => asked += 1,
                None => {
                    tx.set_stage(case.id, Stage::Spared, "in_series", now)?;
                    not_asked += 1;
                }
            },
            stage => leave(tx, case, &format!("{} meanwhile", stage.as_str()), now)?,
        }
    }
    tx.need_second(batch, now)?;
    tx.confirm_batch(batch, who, now)?;
    let words = format!(
        "batch {batch} of {}: {take} to take off, {asked} asked",
        waiting.policy.name
    );
    tx.audit(who, "clean confirm", &words, now)?;
    Ok(Ok(Confirmed::Done { asked, not_asked }))
}

/// Puts one contact's removal into the outbox, on each connection where it waits.
fn queue(
    tx: &Tx,
    confirmation: &Confirmation,
    waiting: &Waiting<'_>,
    case: &CleaningCase,
) -> Result<(), StoreError> {
    let now = confirmation.now;
    for taken in tx.taken(case.id)? {
        // What may have been done is looked at first, and then goes on by the row that it has.
        if taken.state != TakenState::Waiting || tx.is_removal_in_doubt(&taken)? {
            continue;
        }
        let mut places = confirmation.places.iter();
        let place = places.find(|place| place.id == taken.connection && place.live);
        let mut parts = waiting.approved.connections.iter();
        let part = place.and_then(|place| parts.find(|part| part.connection == place.name));
        let Some(part) = part else {
            let why = "its connection is not there, or read-only";
            tx.set_taken(&taken, TakenState::Left, why, now)?;
            conclude(tx, case.id, (false, why), now)?;
            continue;
        };
        let target = format!("clean:{}", case.id);
        let verb = (taken.done.as_str(), target.as_str(), part.tag.clone());
        let reason = format!("cleaning {}", waiting.policy.name);
        tx.enqueue(&row_of(&taken, case.contact, verb, reason), now)?;
    }
    Ok(())
}

/// Starts the win-back; false if that is not possible now.
fn enter(
    tx: &Tx,
    confirmation: &Confirmation,
    waiting: &Waiting<'_>,
    case: &CleaningCase,
) -> Result<bool, StoreError> {
    let series = (confirmation.series.as_ref(), confirmation.config.zone);
    let entered = win_back(tx, series, waiting.policy, case.contact, confirmation.now)?;
    if entered {
        tx.set_stage(case.id, Stage::Asked, "", confirmation.now)?;
    }
    Ok(entered)
}
