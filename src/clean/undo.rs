//! Putting back what a batch took, and nothing else.
//!
//! It is the one place in which we make anybody more contactable, so it undoes
//! our own removal alone: each contact is looked at first, and who has decided
//! anything since stays as they are (docs/decisions/0018).

use engaged_connectors::{
    Change, Outcome, Write,
    connector::{Former, Look},
    model::{EventKind, Status},
};

use crate::{
    score::{
        calendar::Millis,
        facts::{Facts, KindId},
    },
    store::{CleaningCase, OutboxRow, OutboxState, Stage, StoreError, Taken, TakenState, Tx},
};

use super::{
    CleanError, Cleaning, Place, Site, UNDO_MS,
    apply::CleanReport,
    export::Export,
    second::leave,
    work::{Next, RESTORE, TAG, UNMARK, change, later, row_of, tag_row, taken_of},
};

/// What ends a subscription.
const LEAVING: [EventKind; 4] = [
    EventKind::Unsubscribe,
    EventKind::Complaint,
    EventKind::HardBounce,
    EventKind::Bounce,
];

/// Why one contact is not put back.
type Not = (String, String);

impl Cleaning<'_> {
    /// Puts back what a batch took. What waits in it is called off.
    pub async fn undo(&self, batch: i64, who: &str) -> Result<CleanReport, CleanError> {
        let known = self.store.read(|conn| conn.cleaning_batch(batch))?;
        let known = known.ok_or(CleanError::UnknownBatch { batch })?;
        let places: Vec<Place> = self.sites.iter().map(|site| site.place.clone()).collect();
        let (now, author) = (self.now(), who.to_owned());
        let queue = move |tx: &Tx| {
            let (mut queued, mut cut_off) = (0_u64, 0_u64);
            let mut not: Vec<Not> = Vec::new();
            let waits = tx.cleaning_batch(batch)?.is_some_and(|batch| batch.waits());
            for case in tx.cases_of_batch(batch)? {
                let called_off = call_off(tx, &case, now)?;
                queued += called_off;
                if waits {
                    leave(tx, &case, "called off", now)?;
                }
                for taken in tx.taken(case.id)? {
                    cut_off += u64::from(taken.state == TakenState::Restoring);
                    if taken.state != TakenState::Removed {
                        continue;
                    }
                    match queue(tx, &places, &case, &taken, now)? {
                        None => queued += 1,
                        Some(why) => not.push((name_of(&taken), why)),
                    }
                }
            }
            if queued > 0 {
                tx.set_batch_state(batch, "undone", now)?;
                tx.audit(&author, "clean undo", &format!("batch {batch}"), now)?;
            }
            Ok((queued + cut_off, not))
        };
        let (queued, not_restored) = self.store.write_async(queue).await?;
        if queued == 0 {
            let why = not_restored
                .first()
                .map_or("it took nobody off, or is undone already", |(_, why)| why);
            let why = why.to_owned();
            return Err(CleanError::NothingToUndo { batch, why });
        }
        let mut report = CleanReport {
            policy: known.policy,
            batch: Some(batch),
            not_restored,
            ..CleanReport::default()
        };
        self.work(&mut report).await?;
        Ok(report)
    }

    /// Puts a chunk of contacts back, after a look at each.
    pub(super) async fn restore(
        &self,
        site: &Site<'_>,
        rows: Vec<OutboxRow>,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        let looks = match self.look(site, &rows).await {
            Ok(looks) => looks,
            Err(error) => return self.unreachable(site, rows, &error, report).await,
        };
        let now = self.now();
        let sort = move |tx: &Tx| sort(tx, rows, looks, now);
        let Sorted { ready, done, not } = self.store.write_async(sort).await?;
        report.restored += done;
        report.not_restored.extend(not);
        if ready.is_empty() {
            return Ok(Next::Go);
        }
        self.begin(ready.iter().map(|(row, ..)| row.id).collect())
            .await?;
        let formers: Vec<Former> = ready.iter().map(|(.., former)| former.clone()).collect();
        let answers = match site.connector.restore(&formers).await {
            Ok(answers) => answers,
            Err(error) => {
                let rows = ready.into_iter().map(|(row, ..)| row).collect();
                return self.unreachable(site, rows, &error, report).await;
            }
        };
        let now = self.now();
        let record = move |tx: &Tx| {
            let answers = answers.into_iter().map(Some).chain(std::iter::repeat(None));
            let mut outcomes = Vec::new();
            for ((row, taken, _), outcome) in ready.iter().zip(answers) {
                let outcome = settle_restored(tx, row, taken, outcome, now)?;
                outcomes.push((name_of(taken), outcome));
            }
            Ok(outcomes)
        };
        for (name, outcome) in self.store.write_async(record).await? {
            match outcome {
                Outcome::Applied => report.restored += 1,
                Outcome::Rejected(why) => report.not_restored.push((name, why)),
                Outcome::Retry(..) => report.retried += 1,
                Outcome::Ambiguous(_) => report.in_doubt += 1,
            }
        }
        Ok(Next::Go)
    }

    /// Takes our tag off again.
    pub(super) async fn unmark(
        &self,
        site: &Site<'_>,
        rows: Vec<OutboxRow>,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        self.begin(rows.iter().map(|row| row.id).collect()).await?;
        let changes = rows.iter().map(|row| {
            let tag = row.row.value.clone().unwrap_or_default();
            change(row, Write::RemoveTag { tag })
        });
        let changes: Vec<Change> = changes.collect();
        let answers = match site.connector.push(&changes).await {
            Ok(answers) => answers,
            Err(error) => return self.unreachable(site, rows, &error, report).await,
        };
        let now = self.now();
        let record = move |tx: &Tx| {
            let answers = answers.into_iter().map(Some).chain(std::iter::repeat(None));
            let mut outcomes = Vec::new();
            for (row, outcome) in rows.iter().zip(answers) {
                outcomes.push(settle_unmarked(tx, row, outcome, now)?);
            }
            Ok(outcomes)
        };
        for (name, outcome) in self.store.write_async(record).await? {
            match (outcome, name) {
                (Outcome::Applied, Some(_)) => report.restored += 1,
                (Outcome::Rejected(why), Some(name)) => report.not_restored.push((name, why)),
                (Outcome::Applied | Outcome::Rejected(_), None) => {}
                (Outcome::Retry(..), _) => report.retried += 1,
                (Outcome::Ambiguous(_), _) => report.in_doubt += 1,
            }
        }
        Ok(Next::Go)
    }
}

/// What a look at some contacts gave.
#[derive(Default)]
struct Sorted {
    /// To be put back.
    ready: Vec<(OutboxRow, Taken, Former)>,
    /// How many need nothing.
    done: u64,
    /// Who stays as they are, and why.
    not: Vec<Not>,
}

/// Settles what needs no request, and gives the rest.
fn sort(
    tx: &Tx,
    rows: Vec<OutboxRow>,
    looks: Vec<Option<Look>>,
    now: Millis,
) -> Result<Sorted, StoreError> {
    let mut sorted = Sorted::default();
    for (row, look) in rows.into_iter().zip(looks) {
        let Some(taken) = taken_of(tx, &row)? else {
            tx.settle(
                row.id,
                OutboxState::Abandoned,
                Some("the case is gone"),
                None,
                now,
            )?;
            continue;
        };
        match restorable(&taken, look.as_ref()) {
            Restorable::Yes(former) => sorted.ready.push((row, taken, *former)),
            Restorable::Done => {
                let words = "subscribed already";
                tx.settle(row.id, OutboxState::Applied, Some(words), None, now)?;
                restored(tx, &row, &taken, now)?;
                sorted.done += 1;
            }
            Restorable::No(why) => {
                tx.settle(row.id, OutboxState::Rejected, Some(&why), None, now)?;
                tx.set_taken(&taken, TakenState::Lost, &why, now)?;
                sorted.not.push((name_of(&taken), why));
            }
        }
    }
    Ok(sorted)
}

/// How a contact is named where something is said about it: by its address where the export has it.
pub(super) fn name_of(taken: &Taken) -> String {
    let export: Option<Export> = export_of(taken);
    let email = export.and_then(|export| export.email);
    email.map_or_else(
        || taken.platform_id.clone(),
        |email| email.reveal().to_owned(),
    )
}

fn export_of(taken: &Taken) -> Option<Export> {
    serde_json::from_str(taken.before.as_deref()?).ok()
}

/// What was approved or asked for and is not done is called off. How many.
fn call_off(tx: &Tx, case: &CleaningCase, now: Millis) -> Result<u64, StoreError> {
    if !matches!(case.stage, Stage::Candidate | Stage::ToAsk | Stage::Asked) {
        return Ok(0);
    }
    // Its rows, if it has any, are spared when their turn comes.
    tx.withdraw_asked(case.contact, &case.policy, now)?;
    tx.set_stage(case.id, Stage::Kept, "called off", now)?;
    Ok(1)
}

/// Queues what puts one contact back; why not, otherwise.
pub(super) fn queue(
    tx: &Tx,
    places: &[Place],
    case: &CleaningCase,
    taken: &Taken,
    now: Millis,
) -> Result<Option<String>, StoreError> {
    let place = places.iter().find(|place| place.id == taken.connection);
    let tag = tx.mark_of(taken.connection, &taken.platform_id, case.id)?;
    let spec = place.and_then(|place| {
        place
            .removals
            .iter()
            .find(|spec| spec.removal.as_str() == taken.done)
    });
    let facts = tx.facts(case.contact, None)?.unwrap_or_default();
    let done_at = taken.done_at.unwrap_or(case.since_at);
    let lost = |why: String| {
        tx.set_taken(taken, TakenState::Removed, &why, done_at)?;
        Ok(Some(why))
    };
    if now - done_at > UNDO_MS {
        return lost("more than 90 days ago".to_owned());
    }
    if place.is_none_or(|place| !place.live) {
        return lost("its connection is not there, or read-only".to_owned());
    }
    if complained_since(&facts, done_at) {
        return lost("has complained since".to_owned());
    }
    let (verb, target) = if taken.done == TAG {
        (UNMARK, format!("clean mark:{}", case.id))
    } else if let Some(why) = left_elsewhere(tx, case, taken, &facts, done_at)? {
        return lost(why.to_owned());
    } else if spec.is_some_and(|spec| spec.undone) && taken.before.is_some() {
        (RESTORE, format!("clean:{}", case.id))
    } else {
        return lost(format!("the platform does not undo {}", taken.done));
    };
    tx.set_taken(taken, TakenState::Restoring, "", done_at)?;
    let reason = "undo".to_owned();
    let row = row_of(taken, case.contact, (verb, &target, tag), reason);
    tx.enqueue(&row, now)?;
    Ok(None)
}

fn complained_since(facts: &Facts, at: Millis) -> bool {
    let complaint = KindId::built_in(&EventKind::Complaint);
    let mut events = facts.events.iter();
    events.any(|fact| Some(fact.kind) == complaint && fact.at > at)
}

/// What a contact did on the other platforms, or as another contact there, that speaks against putting it back. Where we
/// took it off ourselves, or where it had left before we took it off here, that says nothing.
fn left_elsewhere(
    tx: &Tx,
    case: &CleaningCase,
    taken: &Taken,
    facts: &Facts,
    done_at: Millis,
) -> Result<Option<&'static str>, StoreError> {
    let mut ours = tx.taken_of_contact(case.contact)?;
    ours.extend(tx.taken(case.id)?);
    ours.retain(|each| {
        each.done != TAG && !matches!(each.state, TakenState::Waiting | TakenState::Left)
    });
    let last = |connection, kinds: &[EventKind]| {
        let kinds: Vec<_> = kinds.iter().map(KindId::built_in).collect();
        let events = facts.events.iter();
        let there = events.filter(|fact| fact.connection == connection);
        let such = there.filter(|fact| kinds.contains(&Some(fact.kind)));
        such.map(|fact| fact.at).max()
    };
    let elsewhere = facts.connections.iter().filter(|connection| {
        **connection != taken.connection && ours.iter().all(|each| each.connection != **connection)
    });
    for connection in elsewhere {
        if last(*connection, &[EventKind::Unsubscribe]).is_some_and(|at| at > done_at) {
            return Ok(Some("has unsubscribed elsewhere since"));
        }
    }
    for placed in tx.placed(case.contact)? {
        let is_there = |each: &Taken| {
            each.connection == placed.connection && each.platform_id == placed.platform_id
        };
        let subscribed = placed
            .status
            .is_none_or(|status| status == Status::Subscribed);
        if subscribed || is_there(taken) || ours.iter().any(is_there) {
            continue;
        }
        if last(placed.connection, &LEAVING).is_none_or(|at| at > done_at) {
            return Ok(Some("is not subscribed elsewhere"));
        }
    }
    Ok(None)
}

/// What a look says about putting somebody back.
enum Restorable {
    Yes(Box<Former>),
    Done,
    No(String),
}

fn restorable(taken: &Taken, look: Option<&Look>) -> Restorable {
    if taken.state != TakenState::Restoring {
        return Restorable::No("nothing to undo".to_owned());
    }
    let Some(former) = export_of(taken).and_then(|export| export.former()) else {
        return Restorable::No("there is no export of it".to_owned());
    };
    match look.and_then(|look| look.contact.status) {
        _ if look.is_some_and(|look| is_as_before(&former, look)) => Restorable::Done,
        Some(Status::Complained) => Restorable::No("has complained since".to_owned()),
        Some(Status::Bounced) => Restorable::No("has bounced since".to_owned()),
        // Who left by themselves since is the platform's to tell from whom we took off.
        _ => Restorable::Yes(Box::new(former)),
    }
}

/// Whether a contact has the status and the tags that it had.
fn is_as_before(former: &Former, look: &Look) -> bool {
    let tags = look.contact.tags.as_ref();
    let has = |tag: &String| tags.is_some_and(|tags| tags.contains(tag));
    look.contact.status == Some(former.status) && former.tags.iter().all(has)
}

/// Whether a look shows that an undoing, of which nobody knows, was done.
pub(super) fn is_restored(taken: &Taken, look: &Look) -> bool {
    let former = export_of(taken).and_then(|export| export.former());
    former.is_some_and(|former| is_as_before(&former, look))
}

fn settle_restored(
    tx: &Tx,
    row: &OutboxRow,
    taken: &Taken,
    outcome: Option<Outcome>,
    now: Millis,
) -> Result<Outcome, StoreError> {
    let outcome =
        outcome.unwrap_or_else(|| Outcome::Ambiguous("the connector gave no outcome".to_owned()));
    match &outcome {
        Outcome::Applied => {
            tx.settle(row.id, OutboxState::Applied, None, None, now)?;
            restored(tx, row, taken, now)?;
        }
        Outcome::Rejected(why) => {
            tx.settle(row.id, OutboxState::Rejected, Some(why), None, now)?;
            tx.set_taken(taken, TakenState::Lost, why, now)?;
        }
        Outcome::Retry(why, asked) => {
            let at = later(row, *asked, now);
            tx.settle(row.id, OutboxState::Retry, Some(why), Some(at), now)?;
        }
        Outcome::Ambiguous(why) => {
            tx.settle(row.id, OutboxState::Ambiguous, Some(why), None, now)?;
        }
    }
    Ok(outcome)
}

/// What became of taking our tag off. Where that was to undo all that we did, who it was about.
fn settle_unmarked(
    tx: &Tx,
    row: &OutboxRow,
    outcome: Option<Outcome>,
    now: Millis,
) -> Result<(Option<String>, Outcome), StoreError> {
    let outcome = outcome.unwrap_or_else(|| Outcome::Ambiguous("the answer was lost".to_owned()));
    let taken = taken_of(tx, row)?
        .filter(|taken| taken.done == TAG && taken.state == TakenState::Restoring);
    match &outcome {
        Outcome::Applied => {
            tx.settle(row.id, OutboxState::Applied, None, None, now)?;
            if let Some(taken) = &taken {
                unmarked(tx, taken, now)?;
            }
        }
        Outcome::Rejected(why) => {
            tx.settle(row.id, OutboxState::Rejected, Some(why), None, now)?;
            if let Some(taken) = &taken {
                tx.set_taken(taken, TakenState::Lost, why, now)?;
            }
        }
        Outcome::Retry(why, asked) => {
            let at = later(row, *asked, now);
            tx.settle(row.id, OutboxState::Retry, Some(why), Some(at), now)?;
        }
        Outcome::Ambiguous(why) => {
            tx.settle(row.id, OutboxState::Ambiguous, Some(why), None, now)?;
        }
    }
    Ok((taken.as_ref().map(name_of), outcome))
}

/// A contact is as it was: our tag comes off, and the policy leaves it alone until it is seen.
pub(super) fn restored(
    tx: &Tx,
    row: &OutboxRow,
    taken: &Taken,
    now: Millis,
) -> Result<(), StoreError> {
    tx.set_taken(taken, TakenState::Restored, "", now)?;
    if let Some(tag) = tx.mark_of(taken.connection, &taken.platform_id, taken.case)? {
        tx.enqueue(&tag_row(row, UNMARK, taken.case, &tag), now)?;
    }
    tx.set_stage(taken.case, Stage::Kept, "undone", now)
}

/// Our tag is off. Where it was all that we did, that undoes it.
pub(super) fn unmarked(tx: &Tx, taken: &Taken, now: Millis) -> Result<(), StoreError> {
    if taken.done != TAG || taken.state != TakenState::Restoring {
        return Ok(());
    }
    tx.set_taken(taken, TakenState::Restored, "", now)?;
    match tx.case(taken.case)? {
        Some(case) if case.stage == Stage::Removed => {
            tx.set_stage(case.id, Stage::Kept, "undone", now)
        }
        _ => Ok(()),
    }
}
