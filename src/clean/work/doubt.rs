//! What was cut off, or whose answer was lost: settled by what the platform shows.

use engaged_connectors::{connector::Look, model::Status};

use crate::{
    clean::{CleanError, Cleaning, Place, Site, apply::CleanReport, undo},
    score::calendar::Millis,
    store::{CleaningCase, Lane, OutboxRow, OutboxState, Stage, StoreError, Taken, TakenState, Tx},
};

use super::{MARK, Next, RESTORE, TAG, UNMARK, conclude, taken_of};

/// As many rows in doubt as one run settles.
const DOUBTS: i64 = 5_000;

impl Cleaning<'_> {
    /// What was cut off or not answered is settled by what the platform shows: done already, or to be done once more.
    pub(super) async fn settle_doubts(
        &self,
        site: &Site<'_>,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        let id = site.place.id;
        let rows = self
            .store
            .read(|conn| conn.outbox_in_doubt(id, Lane::Removal, DOUBTS))?;
        // A mark that may be on is put on again with the removal that it belongs to, or taken off.
        let mut rows: Vec<OutboxRow> = rows
            .into_iter()
            .filter(|row| row.row.write != MARK)
            .collect();
        while !rows.is_empty() {
            let chunk: Vec<OutboxRow> = rows.drain(..rows.len().min(50)).collect();
            let looks = match self.look(site, &chunk).await {
                Ok(looks) => looks,
                Err(error) => {
                    report.in_doubt += (chunk.len() + rows.len()) as u64;
                    report.unavailable.push(format!(
                        "{}: {} {error}",
                        site.place.name,
                        error.code()
                    ));
                    return Ok(Next::Stop);
                }
            };
            let (now, place) = (self.now(), site.place.clone());
            let settle = move |tx: &Tx| {
                let mut settled = Settled::default();
                for (row, look) in chunk.iter().zip(&looks) {
                    settle_doubt(tx, (row, look.as_ref()), &place, &mut settled, now)?;
                }
                Ok(settled)
            };
            let settled = self.store.write_async(settle).await?;
            report.removed += settled.removed;
            report.restored += settled.restored;
            report.not_restored.extend(settled.not_restored);
        }
        Ok(Next::Go)
    }
}

/// What turned out to be done.
#[derive(Default)]
struct Settled {
    removed: u64,
    restored: u64,
    /// Who was taken off though that was called off, and cannot be put back: who, and why.
    not_restored: Vec<(String, String)>,
}

/// What is in doubt, by what the platform shows.
fn settle_doubt(
    tx: &Tx,
    (row, look): (&OutboxRow, Option<&Look>),
    place: &Place,
    settled: &mut Settled,
    now: Millis,
) -> Result<(), StoreError> {
    let subscribed = look.is_some_and(|look| look.contact.status == Some(Status::Subscribed));
    let tags = look.and_then(|look| look.contact.tags.as_ref());
    let tagged =
        tags.is_some_and(|tags| row.row.value.as_ref().is_some_and(|tag| tags.contains(tag)));
    let Some(taken) = taken_of(tx, row)? else {
        return tx.settle(
            row.id,
            OutboxState::Abandoned,
            Some("the case is gone"),
            None,
            now,
        );
    };
    let done = match row.row.write.as_str() {
        RESTORE => look.is_some_and(|look| undo::is_restored(&taken, look)),
        UNMARK => !tagged,
        TAG => tagged,
        _ => !subscribed,
    };
    if !done {
        let words = "not done; once more";
        return tx.settle(row.id, OutboxState::Retry, Some(words), None, now);
    }
    let words = "the platform shows it done";
    tx.settle(row.id, OutboxState::Applied, Some(words), None, now)?;
    match row.row.write.as_str() {
        RESTORE => {
            settled.restored += 1;
            undo::restored(tx, row, &taken, now)
        }
        UNMARK => undo::unmarked(tx, &taken, now),
        _ => settle_removed(tx, &taken, place, settled, now),
    }
}

/// A removal turned out to be done. Where a person called it off meanwhile, it is undone; where it is not wanted for
/// another reason, it is named, since we resubscribe nobody whom no person asked for.
fn settle_removed(
    tx: &Tx,
    taken: &Taken,
    place: &Place,
    settled: &mut Settled,
    now: Millis,
) -> Result<(), StoreError> {
    let words = "the platform shows it done";
    tx.set_taken(taken, TakenState::Removed, words, now)?;
    let case = tx.case(taken.case)?;
    let wanted = |case: &CleaningCase| matches!(case.stage, Stage::Candidate | Stage::Removed);
    let Some(case) = case.filter(|case| !wanted(case)) else {
        settled.removed += 1;
        return conclude(tx, taken.case, (false, ""), now);
    };
    let done = Taken {
        state: TakenState::Removed,
        done_at: Some(now),
        ..taken.clone()
    };
    let why = if case.stage == Stage::Kept {
        undo::queue(tx, std::slice::from_ref(place), &case, &done, now)?
    } else {
        Some("was taken off before that was called off".to_owned())
    };
    if let Some(why) = why {
        let who = undo::name_of(&done);
        settled.not_restored.push((who, why));
    }
    Ok(())
}
