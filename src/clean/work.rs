//! Carries out what is approved: one last check each, in our own store and at the platform, then export, tag, deed.
//!
//! Each request has a committed attempt. What was cut off, or whose answer was
//! lost, is looked at on the platform before anything is repeated.

use std::collections::HashMap;

use engaged_connectors::{
    Change, Outcome, Write,
    connector::{Look, Removal, Who},
    model::{Address, Status},
};

use crate::{
    config::CleaningPolicy,
    score::calendar::Millis,
    store::{
        CleaningCase, Conn, Lane, NewOutboxRow, OutboxRow, OutboxState, Stage, StoreError, Taken,
        TakenState, Tx,
    },
    sync::LIST_SHRUNK,
};

use super::{
    CleanError, Cleaning, Site,
    apply::CleanReport,
    export::{self, Export},
    judge::{Finding, Judge},
    life::Life,
};

/// How many contacts are checked, exported and taken off at a time: small, so that a last look is a late one.
const CHUNK: i64 = 50;
/// As many rows in doubt as one run settles.
const DOUBTS: i64 = 5_000;
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

/// Why a row is not carried out.
struct Spare {
    row: OutboxRow,
    taken: Option<Taken>,
    why: String,
    /// Whether a person was seen.
    back: bool,
}

/// A row that our own store has nothing against, whose case it is, and when the contact was last seen.
type Known = (OutboxRow, (CleaningCase, Taken, Life));

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

/// A case of which nothing waits any more is over, or rests as removed.
pub(super) fn conclude(
    tx: &Tx,
    case: i64,
    (back, why): (bool, &str),
    now: Millis,
) -> Result<(), StoreError> {
    let taken = tx.taken(case)?;
    let state = |state| taken.iter().any(|each| each.state == state);
    if state(TakenState::Waiting)
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
            Ok(!site.place.live || held || conn.is_paused()?)
        };
        if self.store.read(stopped)? {
            let waiting = self
                .store
                .read(|conn| conn.outbox_ready(id, Lane::Removal, now, 1))?;
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
        let mut judges = Judges::new();
        loop {
            if self.store.read(stopped)? {
                return Ok(());
            }
            let rows = self
                .store
                .read(|conn| conn.outbox_ready(id, Lane::Removal, now, CHUNK))?;
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
        error: &engaged_connectors::ConnectorError,
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
    ) -> Result<Vec<Option<Look>>, engaged_connectors::ConnectorError> {
        let whos: Vec<Who> = rows.iter().map(who).collect();
        let mut looks = site.connector.look(&whos).await?;
        looks.resize_with(rows.len(), || None);
        Ok(looks)
    }

    /// What was cut off or not answered is settled by what the platform shows: done already, or to be done once more.
    async fn settle_doubts(
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
            let now = self.now();
            let settle = move |tx: &Tx| {
                let mut done = (0, 0);
                for (row, look) in chunk.iter().zip(&looks) {
                    settle_doubt(tx, row, look.as_ref(), &mut done, now)?;
                }
                Ok(done)
            };
            let (removed, restored) = self.store.write_async(settle).await?;
            report.removed += removed;
            report.restored += restored;
        }
        Ok(Next::Go)
    }

    /// Takes a chunk of contacts off, or tags them.
    async fn take<'c>(
        &'c self,
        site: &Site<'_>,
        rows: Vec<OutboxRow>,
        judges: &mut Judges<'c>,
        report: &mut CleanReport,
    ) -> Result<Next, CleanError> {
        let (known, mut spared) = self.check_ours(rows, judges)?;
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

    /// The first check: in our own store the condition still holds, and nobody was seen since.
    fn check_ours<'c>(
        &'c self,
        rows: Vec<OutboxRow>,
        judges: &mut Judges<'c>,
    ) -> Result<(Vec<Known>, Vec<Spare>), CleanError> {
        let now = self.now();
        let checked = self.store.read(|conn| {
            let (mut known, mut spared) = (Vec::new(), Vec::new());
            for row in rows {
                let taken = taken_of(conn, &row)?;
                let case = taken
                    .as_ref()
                    .map(|taken| conn.case(taken.case))
                    .transpose()?
                    .flatten();
                let (Some(case), Some(taken)) = (case, taken.clone()) else {
                    spared.push(Spare {
                        row,
                        taken,
                        why: "the case is gone".to_owned(),
                        back: false,
                    });
                    continue;
                };
                let policy = self
                    .config
                    .cleaning
                    .iter()
                    .find(|policy| policy.name == case.policy);
                let Some(policy) = policy else {
                    let why = "the policy is gone".to_owned();
                    spared.push(Spare {
                        row,
                        taken: Some(taken),
                        why,
                        back: false,
                    });
                    continue;
                };
                if !judges.contains_key(&case.policy) {
                    let judge = Judge::new(conn, &self.config.rules, policy, now)?;
                    judges.insert(case.policy.clone(), judge);
                }
                let facts = conn.facts(case.contact, None)?.unwrap_or_default();
                let life = Life::of(&facts);
                let finding = judges
                    .get(&case.policy)
                    .map(|judge| judge.judge(&facts, life));
                match ours(&case, finding, life) {
                    None => known.push((row, (case, taken, life))),
                    Some((why, back)) => spared.push(Spare {
                        row,
                        taken: Some(taken),
                        why,
                        back,
                    }),
                }
            }
            Ok((known, spared))
        })?;
        Ok(checked)
    }

    fn export_of(&self, site: &Site<'_>, case: &CleaningCase, row: &OutboxRow) -> Export {
        Export {
            policy: case.policy.clone(),
            batch: case.batch.unwrap_or_default(),
            connection: site.place.name.clone(),
            done: row.row.write.clone(),
            platform_id: row.row.platform_id.clone(),
            email: row.email.as_deref().and_then(Address::parse),
            status: None,
            subscribed_at: None,
            lists: Vec::new(),
            tags: None,
            fields: std::collections::BTreeMap::new(),
            exported_at: self.clock.now().to_rfc3339(),
        }
    }

    /// Nothing is done to anybody who is not on disk as they were, in the file and in the database.
    async fn keep_exports(
        &self,
        ready: Vec<(Ready, Export)>,
        report: &mut CleanReport,
    ) -> Result<Vec<Ready>, CleanError> {
        let mut files: HashMap<std::path::PathBuf, Vec<String>> = HashMap::new();
        let mut kept = Vec::new();
        let mut befores = Vec::new();
        for (ready, export) in ready {
            let path = export::path(&self.config.database, &export.policy, export.batch);
            let line = serde_json::to_string(&export)
                .map_err(|error| StoreError::bug(format!("an export: {error}")))?;
            files.entry(path).or_default().push(line.clone());
            befores.push((ready.taken.clone(), line));
            kept.push(ready);
        }
        for (path, lines) in files {
            export::write(&path, &lines)?;
            report.export = Some(path.display().to_string());
        }
        let keep = move |tx: &Tx| {
            let mut befores = befores.iter();
            befores.try_for_each(|(taken, before)| tx.export_before(taken, before))
        };
        self.store.write_async(keep).await?;
        Ok(kept)
    }

    /// Puts the policy's tag on before anything else, where tags are kept; who has it may go on.
    async fn mark(
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
    async fn do_it(
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

/// What our own store has against a removal: why, and whether a person was seen.
fn ours(case: &CleaningCase, finding: Option<Finding>, life: Life) -> Option<(String, bool)> {
    if case.stage != Stage::Candidate {
        return Some((format!("{} meanwhile", case.stage.as_str()), false));
    }
    if life.since(case.opened_at) {
        return Some(("came back".to_owned(), true));
    }
    match finding {
        Some(Finding::Silent(_)) => None,
        Some(Finding::Active) => Some(("the condition no longer holds".to_owned(), false)),
        Some(Finding::Unjudged(why)) => Some((format!("not judged any more: {why}"), false)),
        Some(Finding::Protected(why)) => Some((format!("protected: {why}"), false)),
        None => Some(("the policy is gone".to_owned(), false)),
    }
}

/// The second check: what the platform shows at this moment.
fn last_look<'l>(
    policy: &CleaningPolicy,
    judge: &Judge<'_>,
    look: Option<&'l Look>,
    life: Life,
    now: Millis,
) -> Result<&'l Look, (String, bool)> {
    let Some(look) = look else {
        return Err(("no longer on the platform".to_owned(), false));
    };
    if look.contact.status != Some(Status::Subscribed) {
        let status = look
            .contact
            .status
            .and_then(|status| serde_json::to_value(status).ok());
        let status = status
            .as_ref()
            .and_then(|status| status.as_str())
            .unwrap_or("unknown");
        return Err((format!("the status there is {status}"), false));
    }
    // By days: some platforms know no time. What we know ourselves, machines included, was judged above.
    let seen = look
        .last_active_at
        .map(|at| judge.day(at.timestamp_millis()));
    let known = life.any.map(|at| judge.day(at));
    if seen.is_some_and(|seen| known.is_none_or(|known| seen > known)) {
        return Err((
            "the platform saw a sign of life that it did not report".to_owned(),
            true,
        ));
    }
    let mail = look.unreported_mail_at.map(|at| at.timestamp_millis());
    if mail.is_some_and(|mail| mail <= now && !judge.is_over(mail, policy.series())) {
        return Err((
            "recent mail that the platform does not report".to_owned(),
            false,
        ));
    }
    Ok(look)
}

/// A change for the contact of a row.
pub(super) fn change(row: &OutboxRow, write: Write) -> Change {
    Change {
        contact: row.row.platform_id.clone(),
        email: row.email.as_deref().and_then(Address::parse),
        write,
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

/// What is in doubt, by what the platform shows. Counts what turns out to be done: removals, and restorations.
fn settle_doubt(
    tx: &Tx,
    row: &OutboxRow,
    look: Option<&Look>,
    (removed, restored): &mut (u64, u64),
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
        RESTORE => look.is_some_and(|look| super::undo::is_restored(&taken, look)),
        UNMARK => !tagged,
        TAG => tagged,
        _ => !subscribed,
    };
    if !done {
        let words = "not done; once more";
        return tx.settle(row.id, OutboxState::Retry, Some(words), Some(now), now);
    }
    let words = "the platform shows it done";
    tx.settle(row.id, OutboxState::Applied, Some(words), None, now)?;
    match row.row.write.as_str() {
        RESTORE => {
            *restored += 1;
            super::undo::restored(tx, row, &taken, now)
        }
        UNMARK => super::undo::unmarked(tx, &taken, now),
        _ => {
            *removed += 1;
            tx.set_taken(&taken, TakenState::Removed, words, now)?;
            conclude(tx, taken.case, (false, ""), now)
        }
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
