//! The requests themselves: the tag that goes first, and what a policy does.

use engaged_connectors::{
    Change, ConnectorError, Outcome, Write,
    connector::{Removal, Who},
};

use crate::{
    clean::{CleanError, Cleaning, Site, apply::CleanReport},
    push::stop,
    score::calendar::Millis,
    store::{OutboxState, Stage, StoreError, TakenState, Tx},
};

use super::{
    MARK, Next, Ready, change, check::Spare, conclude, later, tag_row, unmark_if_marked, who,
};

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

    /// Commits that the requests are about to go out, for those whose case is still one: between the last look and this
    /// lie other requests, and somebody may have kept a contact. `None`, and nothing begun, if writing is paused.
    async fn begin_deed(
        &self,
        ready: Vec<Ready>,
    ) -> Result<Option<(Vec<Ready>, Vec<Spare>)>, CleanError> {
        let now = self.now();
        let begin = move |tx: &Tx| {
            for each in &ready {
                if stop::stopped(tx, each.row.row.connection)?.is_some() {
                    return Ok(None);
                }
            }
            let (mut go, mut spared) = (Vec::new(), Vec::new());
            for each in ready {
                let case = tx.case(each.case.id)?;
                let stage = case.map_or(Stage::Spared, |case| case.stage);
                if stage == Stage::Candidate {
                    go.push(each);
                } else {
                    spared.push(Spare {
                        why: format!("{} meanwhile", stage.as_str()),
                        row: each.row,
                        taken: Some(each.taken),
                        back: false,
                    });
                }
            }
            let rows: Vec<i64> = go.iter().map(|each| each.row.id).collect();
            let attempt = format!("{now}-{}", rows.first().copied().unwrap_or_default());
            tx.begin_attempt(&rows, &attempt, now)?;
            Ok(Some((go, spared)))
        };
        Ok(self.store.write_async(begin).await?)
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
        let Some((ready, spared)) = self.begin_deed(ready).await? else {
            let why = "writing was paused during the last look; what is approved waits";
            report.held.push(format!("{}: {why}", site.place.name));
            return Ok(Next::Stop);
        };
        self.spare(spared, report).await?;
        if ready.is_empty() {
            return Ok(Next::Go);
        }
        let verb = ready[0].row.row.write.clone();
        let answers = match request(site, &ready, &verb, tagging).await {
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

/// Sends what tags, or takes off.
async fn request(
    site: &Site<'_>,
    ready: &[Ready],
    verb: &str,
    tagging: bool,
) -> Result<Vec<Outcome>, ConnectorError> {
    if tagging {
        let tag = |ready: &Ready| ready.row.row.value.clone().unwrap_or_default();
        let changes = ready
            .iter()
            .map(|each| change(&each.row, Write::AddTag { tag: tag(each) }));
        return site.connector.push(&changes.collect::<Vec<_>>()).await;
    }
    let whos: Vec<Who> = ready.iter().map(|each| who(&each.row)).collect();
    match Removal::ALL.into_iter().find(|each| each.as_str() == verb) {
        Some(removal) => site.connector.remove(&whos, removal).await,
        None => Ok(vec![
            Outcome::Rejected(format!("nobody knows how to {verb}"));
            whos.len()
        ]),
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
