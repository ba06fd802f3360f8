//! Carries out what is approved: one last check each, in our own store and at the platform, then export, tag, deed.
//!
//! Each request has a committed attempt. What was cut off, or whose answer was
//! lost, is looked at on the platform before anything is repeated.

pub(super) mod check;
mod deed;
mod doubt;

use std::collections::HashMap;

use engaged_connectors::{
    Change, ConnectorError, Write,
    connector::{Look, Who},
    model::Address,
};

use crate::{
    push::stop,
    score::calendar::Millis,
    store::{
        CleaningCase, Conn, Lane, NewOutboxRow, OutboxRow, OutboxState, Stage, StoreError, Taken,
        TakenState, Tx,
    },
    sync::LIST_SHRUNK,
};

use self::check::{Spare, last_look};
use super::{CleanError, Cleaning, Site, apply::CleanReport, judge::Judge};

/// How many contacts are checked, exported and taken off at a time: small, so that a last look is a late one.
const CHUNK: i64 = 50;
/// The first wait of a row that is to be tried again; doubled each time, at most a day.
const RETRY_MS: Millis = 60_000;
const RETRY_MAX_MS: Millis = 86_400_000;

/// The verbs of rows beside those of removals.
pub(super) const TAG: &str = "tag";
pub(super) const RESTORE: &str = "restore";
pub(super) const MARK: &str = "mark";
pub(super) const UNMARK: &str = "unmark";

/// One row that passed its last check.
pub(super) struct Ready {
    pub(super) row: OutboxRow,
    pub(super) case: CleaningCase,
    pub(super) taken: Taken,
}

/// Judges, each made once for a run.
type Judges<'c> = HashMap<String, Judge<'c>>;

/// What a run goes on with after a chunk.
pub(super) enum Next {
    Go,
    /// The platform cannot be reached.
    Stop,
}

/// The number of the case that a row is about.
fn case_of(row: &OutboxRow) -> Option<i64> {
    row.row.target.rsplit(':').next()?.parse().ok()
}

/// How a row names its contact to the platform.
pub(super) fn who(row: &OutboxRow) -> Who {
    Who {
        contact: row.row.platform_id.clone(),
        email: row.email.as_deref().and_then(Address::parse),
    }
}

/// When to try again.
pub(super) fn later(row: &OutboxRow, wait: Option<std::time::Duration>, now: Millis) -> Millis {
    let doublings = u32::try_from(row.tries.clamp(0, 20)).unwrap_or(20);
    let own = RETRY_MS.saturating_mul(2_i64.saturating_pow(doublings));
    let asked = wait.and_then(|wait| Millis::try_from(wait.as_millis()).ok());
    now + own.min(RETRY_MAX_MS).max(asked.unwrap_or(0))
}

/// The part of a case on the platform that a row is about.
pub(super) fn taken_of(conn: &Conn, row: &OutboxRow) -> Result<Option<Taken>, StoreError> {
    let Some(case) = case_of(row) else {
        return Ok(None);
    };
    let mut all = conn.taken(case)?.into_iter();
    let here = |taken: &Taken| {
        taken.connection == row.row.connection && taken.platform_id == row.row.platform_id
    };
    Ok(all.find(here))
}

/// A row that tags, or takes a tag off, beside a case.
pub(super) fn tag_row(like: &OutboxRow, verb: &str, case: i64, tag: &str) -> NewOutboxRow {
    NewOutboxRow {
        write: verb.to_owned(),
        target: format!("clean mark:{case}"),
        value: Some(tag.to_owned()),
        ..like.row.clone()
    }
}

/// A case of which nothing waits any more is over, or rests as removed; so is, at once, that of a person who was seen,
/// and what still waits elsewhere is given up when its turn comes.
pub(super) fn conclude(
    tx: &Tx,
    case: i64,
    (back, why): (bool, &str),
    now: Millis,
) -> Result<(), StoreError> {
    let taken = tx.taken(case)?;
    let state = |state| taken.iter().any(|each| each.state == state);
    if (state(TakenState::Waiting) && !back)
        || tx
            .case(case)?
            .is_none_or(|case| case.stage != Stage::Candidate)
    {
        return Ok(());
    }
    let stage = match (state(TakenState::Removed), back) {
        (true, _) => Stage::Removed,
        (false, true) => Stage::CameBack,
        (false, false) => Stage::Spared,
    };
    tx.set_stage(case, stage, why, now)
}

impl Cleaning<'_> {
    /// Carries out what is approved on one connection, if anything may be done there.
    pub(super) async fn work_off(
        &self,
        site: &Site<'_>,
        report: &mut CleanReport,
    ) -> Result<(), CleanError> {
        let (id, name, now) = (site.place.id, site.place.name.as_str(), self.now());
        let stopped = |conn: &Conn| {
            let held = conn.blocked(name)?.is_some() || conn.open_guard(LIST_SHRUNK, id)?.is_some();
            Ok(!site.place.live || held || stop::stopped(conn, id)?.is_some())
        };
        if self.store.read(stopped)? {
            let waiting = self
                .store
                .read(|conn| conn.outbox_ready(id, Lane::Removal, None, now, 1))?;
            if !waiting.is_empty() {
                let why = "what is approved waits: paused, read-only, held, or the key is refused";
                report.held.push(format!("{name}: {why}"));
            }
            return Ok(());
        }
        // Runs follow one another: what still looks under way was cut off.
        self.store
            .write_async(move |tx| tx.doubt_attempts_on(id, now))
            .await?;
        if let Next::Stop = self.settle_doubts(site, report).await? {
            return Ok(());
        }
        // What was in doubt and is not done waits again with the rest of its batch.
        self.hold().await?;
        let mut judges = Judges::new();
        loop {
            if self.store.read(stopped)? {
                return Ok(());
            }
            let rows = self
                .store
                .read(|conn| conn.outbox_ready(id, Lane::Removal, None, now, CHUNK))?;
            let Some(first) = rows.first().map(|row| row.row.write.clone()) else {
                return Ok(());
            };
            let rows: Vec<OutboxRow> = rows
                .into_iter()
                .filter(|row| row.row.write == first)
                .collect();
            let next = match first.as_str() {
                RESTORE => self.restore(site, rows, report).await?,
                UNMARK => self.unmark(site, rows, report).await?,
                MARK => self.drop_rows(rows, "goes on with the removal").await?,
                _ => self.take(site, rows, &mut judges, report).await?,
            };
            if let Next::Stop = next {
                return Ok(());
            }
        }
    }

    /// Gives rows up.
    async fn drop_rows(&self, rows: Vec<OutboxRow>, why: &'static str) -> Result<Next, CleanError> {
        let now = self.now();
        let drop = move |tx: &Tx| {
            let mut rows = rows.iter();
            rows.try_for_each(|row| tx.settle(row.id, OutboxState::Abandoned, Some(why), None, now))
        };
        self.store.write_async(drop).await?;
        Ok(Next::Go)
    }

    /// No request was sent: the rows wait.
    pub(super) async fn unreachable(
        &self,
        site: &Site<'_>,
        rows: Vec<OutboxRow>,
        error: &ConnectorError,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        let words = format!("{}: {} {error}", site.place.name, error.code());
        report.retried += rows.len() as u64;
        report.unavailable.push(words.clone());
        let now = self.now();
        let wait = move |tx: &Tx| {
            for row in &rows {
                tx.settle(
                    row.id,
                    OutboxState::Retry,
                    Some(&words),
                    Some(later(row, None, now)),
                    now,
                )?;
            }
            Ok(())
        };
        self.store.write_async(wait).await?;
        Ok(Next::Stop)
    }

    /// Looks at contacts; a connector that gives too few answers shows nothing of the rest.
    pub(super) async fn look(
        &self,
        site: &Site<'_>,
        rows: &[OutboxRow],
    ) -> Result<Vec<Option<Look>>, ConnectorError> {
        let whos: Vec<Who> = rows.iter().map(who).collect();
        let mut looks = site.connector.look(&whos).await?;
        looks.resize_with(rows.len(), || None);
        Ok(looks)
    }

    /// Takes a chunk of contacts off, or tags them.
    async fn take<'c>(
        &'c self,
        site: &Site<'_>,
        rows: Vec<OutboxRow>,
        judges: &mut Judges<'c>,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        let (known, mut spared) = self.check_ours(site, rows, judges)?;
        let known = self.look_elsewhere(site, known, (judges, &mut spared), report);
        let known = known.await?;
        let (rows, rest): (Vec<OutboxRow>, Vec<_>) = known.into_iter().unzip();
        let looks = match self.look(site, &rows).await {
            Ok(looks) => looks,
            Err(error) => {
                self.spare(spared, report).await?;
                return self.unreachable(site, rows, &error, report).await;
            }
        };
        let mut ready = Vec::new();
        for ((row, (case, taken, life)), look) in rows.into_iter().zip(rest).zip(looks) {
            let policy = self.policy(&case.policy)?;
            let judge = judges.get(&case.policy);
            match judge.map(|judge| last_look(policy, judge, look.as_ref(), life, self.now())) {
                Some(Ok(look)) => {
                    let export = self
                        .export_of(site, &case, &row)
                        .with(look, row.row.value.as_deref());
                    ready.push((Ready { row, case, taken }, export));
                }
                Some(Err((why, back))) => spared.push(Spare {
                    row,
                    taken: Some(taken),
                    why,
                    back,
                }),
                None => spared.push(Spare {
                    row,
                    taken: Some(taken),
                    why: "the policy is gone".to_owned(),
                    back: false,
                }),
            }
        }
        self.spare(spared, report).await?;
        if ready.is_empty() {
            return Ok(Next::Go);
        }
        let ready = self.keep_exports(ready, report).await?;
        let tagging = ready[0].row.row.write == TAG;
        let ready = if tagging {
            ready
        } else {
            let (marked, next) = self.mark(site, ready, report).await?;
            if let Next::Stop = next {
                return Ok(Next::Stop);
            }
            marked
        };
        self.do_it(site, ready, tagging, report).await
    }

    /// Commits that requests for these rows are about to go out.
    pub(super) async fn begin(&self, rows: Vec<i64>) -> Result<(), CleanError> {
        let now = self.now();
        let begin = move |tx: &Tx| {
            let attempt = format!("{now}-{}", rows.first().copied().unwrap_or_default());
            tx.begin_attempt(&rows, &attempt, now)
        };
        self.store.write_async(begin).await?;
        Ok(())
    }

    /// Lets go of who did not pass a check.
    async fn spare(&self, spared: Vec<Spare>, report: &mut CleanReport) -> Result<(), CleanError> {
        for each in &spared {
            CleanReport::count(&mut report.spared, &each.why);
            report.came_back += u64::from(each.back);
        }
        let now = self.now();
        let spare = move |tx: &Tx| {
            for each in &spared {
                tx.settle(
                    each.row.id,
                    OutboxState::Abandoned,
                    Some(&each.why),
                    None,
                    now,
                )?;
                if let Some(taken) = &each.taken {
                    tx.set_taken(taken, TakenState::Left, &each.why, now)?;
                    unmark_if_marked(tx, &each.row, taken.case, now)?;
                    conclude(tx, taken.case, (each.back, &each.why), now)?;
                }
            }
            Ok(())
        };
        Ok(self.store.write_async(spare).await?)
    }
}

/// A change for the contact of a row.
pub(super) fn change(row: &OutboxRow, write: Write) -> Change {
    Change {
        contact: row.row.platform_id.clone(),
        email: row.email.as_deref().and_then(Address::parse),
        write,
    }
}

/// Takes the tag off that went on before something that does not come about.
fn unmark_if_marked(tx: &Tx, row: &OutboxRow, case: i64, now: Millis) -> Result<(), StoreError> {
    if let Some(tag) = tx.mark_of(row.row.connection, &row.row.platform_id, case)? {
        tx.enqueue(&tag_row(row, UNMARK, case, &tag), now)?;
    }
    Ok(())
}

/// A row about a case that there is no other row of to copy.
pub(super) fn row_of(
    taken: &Taken,
    contact: crate::store::ContactId,
    (verb, target, value): (&str, &str, Option<String>),
    reason: String,
) -> NewOutboxRow {
    NewOutboxRow {
        plan: None,
        connection: taken.connection,
        contact: Some(contact),
        platform_id: taken.platform_id.clone(),
        write: verb.to_owned(),
        target: target.to_owned(),
        value,
        reason,
        lane: Lane::Removal,
    }
}
