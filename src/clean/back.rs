//! Who came back: any sign of life by a person ends a case at once.
//!
//! A tag that we put on comes off. Who was unsubscribed or archived is only
//! reported: we resubscribe nobody unless a person undoes the batch.

use engaged_connectors::model::Status;

use crate::{
    score::{calendar::Millis, facts::Needs},
    store::{CleaningCase, Conn, Stage, StoreError, TakenState, Tx, Which},
};

use super::{
    CleanError, Cleaning,
    life::Life,
    work::{TAG, UNMARK, row_of},
};

/// For so long it is worth telling that somebody who was taken off came back.
const WATCHED_MS: Millis = 90 * 86_400_000;

impl Cleaning<'_> {
    /// Ends the cases of those who were seen since, also of policies that are no longer configured. How many.
    pub async fn come_back(&self) -> Result<u64, CleanError> {
        let now = self.now();
        let back = self.store.read(|conn| {
            let mut back = Vec::new();
            for case in conn.watched_cases()? {
                if is_back(conn, &case, now)? {
                    back.push(case);
                }
            }
            Ok(back)
        })?;
        let number = back.len() as u64;
        if number > 0 {
            let end = move |tx: &Tx| {
                let mut back = back.iter();
                back.try_for_each(|case| end(tx, case, now))
            };
            self.store.write_async(end).await?;
        }
        Ok(number)
    }
}

fn is_back(conn: &Conn, case: &CleaningCase, now: Millis) -> Result<bool, StoreError> {
    // Who was taken off long ago matters again only once it can be mailed again.
    if case.stage == Stage::Removed && case.since_at + WATCHED_MS < now {
        let placed = conn.placed(case.contact)?;
        if !placed
            .iter()
            .any(|each| each.status == Some(Status::Subscribed))
        {
            return Ok(false);
        }
    }
    let needs = Needs {
        fields: Some(Vec::new()),
        ..Needs::default()
    };
    let mut back = false;
    conn.for_each_needed(Which::These(&[case.contact]), None, &needs, |_, facts| {
        back = Life::of(facts).since(case.since_at);
        Ok(())
    })?;
    Ok(back)
}

fn end(tx: &Tx, case: &CleaningCase, now: Millis) -> Result<(), StoreError> {
    if case.stage == Stage::Removed {
        for taken in tx.taken(case.id)? {
            let tagged = taken.done == TAG && taken.state == TakenState::Removed;
            if let (true, Some(tag)) = (
                tagged,
                tx.mark_of(taken.connection, &taken.platform_id, case.id)?,
            ) {
                let target = format!("clean mark:{}", case.id);
                let reason = "came back".to_owned();
                let row = row_of(&taken, case.contact, (UNMARK, &target, Some(tag)), reason);
                tx.enqueue(&row, now)?;
                tx.set_taken(&taken, TakenState::Restored, "came back", now)?;
            }
        }
    }
    tx.withdraw_asked(case.contact, &case.policy, now)?;
    let words = format!("was {}", case.stage.as_str());
    tx.set_stage(case.id, Stage::CameBack, &words, now)
}
