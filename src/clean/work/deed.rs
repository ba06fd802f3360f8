//! The requests themselves: the tag that goes first, and what a policy does.

use engaged_connectors::{
    Change, Outcome, Write,
    connector::{Removal, Who},
};

use crate::{
    clean::{CleanError, Cleaning, Site, apply::CleanReport},
    score::calendar::Millis,
    store::{OutboxState, StoreError, TakenState, Tx},
};

use super::{MARK, Next, Ready, change, conclude, later, tag_row, unmark_if_marked, who};

impl Cleaning<'_> {
    /// Puts the policy's tag on before anything else, where tags are kept; who has it may go on.
    pub(super) async fn mark(
        &self,
        site: &Site<'_>,
        ready: Vec<Ready>,
        report: &mut CleanReport,
    ) -> Result<(Vec<Ready>, Next), CleanError> {
        let (tagged, mut through): (Vec<Ready>, Vec<Ready>) = ready
            .into_iter()
            .partition(|ready| ready.row.row.value.is_some());
        if tagged.is_empty() {
            return Ok((through, Next::Go));
        }
        let now = self.now();
        let begin = move |tx: &Tx| {
            let mut begun = Vec::new();
            for ready in tagged {
                let tag = ready.row.row.value.clone().unwrap_or_default();
                let row = tag_row(&ready.row, MARK, ready.case.id, &tag);
                if let Some(mark) = tx.enqueue(&row, now)? {
                    tx.begin_attempt(&[mark], &format!("{now}-{mark}"), now)?;
                    begun.push((ready, mark, tag));
                }
            }
            Ok(begun)
        };
        let begun = self.store.write_async(begin).await?;
        let changes = begun
            .iter()
            .map(|(ready, _, tag)| change(&ready.row, Write::AddTag { tag: tag.clone() }));
        let changes: Vec<Change> = changes.collect();
        let answers = site.connector.push(&changes).await;
        let stop = answers.is_err();
        let answers = match answers {
            Ok(outcomes) => outcomes,
            Err(error) => {
                report
                    .unavailable
                    .push(format!("{}: {} {error}", site.place.name, error.code()));
                vec![Outcome::Retry(error.to_string(), None); begun.len()]
            }
        };
        let now = self.now();
        let record = move |tx: &Tx| {
            let answers = answers.into_iter().map(Some).chain(std::iter::repeat(None));
            let (mut through, mut refused, mut waits) = (Vec::new(), Vec::new(), 0);
            for ((ready, mark, _), outcome) in begun.into_iter().zip(answers) {
                match settle_mark(tx, &ready, mark, outcome, now)? {
                    Marked::On => through.push(ready),
                    Marked::Refused(why) => refused.push(why),
                    Marked::Later => waits += 1,
                }
            }
            Ok((through, refused, waits))
        };
        let (marked, refused, waits) = self.store.write_async(record).await?;
        through.extend(marked);
        report.retried += waits;
        for why in refused {
            CleanReport::count(&mut report.rejected, &why);
        }
        Ok((through, if stop { Next::Stop } else { Next::Go }))
    }

    /// The deed itself.
    pub(super) async fn do_it(
        &self,
        site: &Site<'_>,
        ready: Vec<Ready>,
        tagging: bool,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        if ready.is_empty() {
            return Ok(Next::Go);
        }
        self.begin(ready.iter().map(|each| each.row.id).collect())
            .await?;
        let verb = ready[0].row.row.write.clone();
        let answers = if tagging {
            let tag = |ready: &Ready| ready.row.row.value.clone().unwrap_or_default();
            let changes = ready
                .iter()
                .map(|each| change(&each.row, Write::AddTag { tag: tag(each) }));
            site.connector.push(&changes.collect::<Vec<_>>()).await
        } else {
            let whos: Vec<Who> = ready.iter().map(|each| who(&each.row)).collect();
            match Removal::ALL.into_iter().find(|each| each.as_str() == verb) {
                Some(removal) => site.connector.remove(&whos, removal).await,
                None => Ok(vec![
                    Outcome::Rejected(format!("nobody knows how to {verb}"));
                    whos.len()
                ]),
            }
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => {
                let rows = ready.into_iter().map(|each| each.row).collect();
                return self.unreachable(site, rows, &error, report).await;
            }
        };
        let now = self.now();
        let record = move |tx: &Tx| {
            let answers = answers.into_iter().map(Some).chain(std::iter::repeat(None));
            let mut outcomes = Vec::new();
            for (ready, outcome) in ready.iter().zip(answers) {
                let outcome = outcome.unwrap_or_else(|| {
                    Outcome::Ambiguous("the connector gave no outcome".to_owned())
                });
                settle_deed(tx, ready, &outcome, now)?;
                outcomes.push(outcome);
            }
            Ok(outcomes)
        };
        for outcome in self.store.write_async(record).await? {
            match outcome {
                Outcome::Applied => report.removed += 1,
                Outcome::Rejected(why) => CleanReport::count(&mut report.rejected, &why),
                Outcome::Retry(..) => report.retried += 1,
                Outcome::Ambiguous(_) => report.in_doubt += 1,
            }
        }
        Ok(Next::Go)
    }
}

/// What became of putting the tag on.
enum Marked {
    On,
    Refused(String),
    Later,
}

fn settle_mark(
    tx: &Tx,
    ready: &Ready,
    mark: i64,
    outcome: Option<Outcome>,
    now: Millis,
) -> Result<Marked, StoreError> {
    let outcome =
        outcome.unwrap_or_else(|| Outcome::Ambiguous("the connector gave no outcome".to_owned()));
    let wait = |why: &str, asked| {
        let at = later(&ready.row, asked, now);
        tx.settle(ready.row.id, OutboxState::Retry, Some(why), Some(at), now)
    };
    match outcome {
        Outcome::Applied => {
            tx.settle(mark, OutboxState::Applied, None, None, now)?;
            Ok(Marked::On)
        }
        Outcome::Rejected(why) => {
            tx.settle(mark, OutboxState::Rejected, Some(&why), None, now)?;
            tx.settle(ready.row.id, OutboxState::Rejected, Some(&why), None, now)?;
            tx.set_taken(&ready.taken, TakenState::Left, &why, now)?;
            conclude(tx, ready.case.id, (false, &why), now)?;
            Ok(Marked::Refused(why))
        }
        Outcome::Retry(why, asked) => {
            tx.settle(mark, OutboxState::Abandoned, Some(&why), None, now)?;
            wait(&why, asked)?;
            Ok(Marked::Later)
        }
        Outcome::Ambiguous(why) => {
            tx.settle(mark, OutboxState::Ambiguous, Some(&why), None, now)?;
            wait(&why, None)?;
            Ok(Marked::Later)
        }
    }
}

fn settle_deed(tx: &Tx, ready: &Ready, outcome: &Outcome, now: Millis) -> Result<(), StoreError> {
    let (row, case) = (&ready.row, ready.case.id);
    match outcome {
        Outcome::Applied => {
            tx.settle(row.id, OutboxState::Applied, None, None, now)?;
            tx.set_taken(&ready.taken, TakenState::Removed, "", now)?;
            conclude(tx, case, (false, ""), now)
        }
        Outcome::Rejected(why) => {
            tx.settle(row.id, OutboxState::Rejected, Some(why), None, now)?;
            tx.set_taken(&ready.taken, TakenState::Left, why, now)?;
            unmark_if_marked(tx, row, case, now)?;
            conclude(tx, case, (false, why), now)
        }
        Outcome::Retry(why, asked) => {
            let at = later(row, *asked, now);
            tx.settle(row.id, OutboxState::Retry, Some(why), Some(at), now)
        }
        Outcome::Ambiguous(why) => tx.settle(row.id, OutboxState::Ambiguous, Some(why), None, now),
    }
}
