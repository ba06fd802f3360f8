//! Pulls a connection's streams into the store, page by page.
//!
//! A page is committed with the cursor that follows it, so that a crash at any
//! point resumes where the last commit left off. What fails stops as little as
//! it can: a refused key blocks the connection, a page that does not parse
//! stays unread and holds up its own stream, and the others go on.

use std::sync::Arc;

use engaged_connectors::{Capabilities, Clock, Connector, ConnectorError, Page, Stream};
use serde::Serialize;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::{
    score::{calendar::Zone, facts::ConnectionId},
    store::{PageCommit, Store, StoreError, Tx},
};

/// The guard against a list that vanishes between two syncs.
pub const LIST_SHRUNK: &str = "list_shrunk";

/// What the report calls the question who we are.
const CHECK: Stream = Stream("check");

/// Below this many contacts a share says nothing.
const SHRINK_MIN: usize = 10;

/// A backfill commits so many rows or pages at once; each commit waits for the disk.
/// Two batches are in memory, one read and one committed, at some 400 bytes a row.
const BATCH_ROWS: usize = 20_000;
/// A contact with its fields takes as much room as so many events.
const CONTACT_ROWS: usize = 5;
const BATCH_PAGES: usize = 200;

/// What a commit of several pages gives: each page's outcome, and what the list-shrunk guard saw.
type Committed = Result<(Vec<PageCommit>, Option<String>), StoreError>;

/// Pages that are committed together.
#[derive(Default)]
struct Batch {
    pages: Vec<Page>,
    rows: usize,
}

impl Batch {
    fn add(&mut self, page: Page) {
        self.rows += page.events.len() + CONTACT_ROWS * page.contacts.len();
        self.pages.push(page);
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.pages.len() >= BATCH_PAGES
    }
}

/// What one sync of one connection needs.
pub struct Sync<'a> {
    /// The store.
    pub store: &'a Store,
    /// The connection's name in the configuration.
    pub name: &'a str,
    /// Its platform's connector.
    pub connector: &'a dyn Connector,
    /// The zone in which days begin and end.
    pub zone: &'a Arc<Zone>,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The share of a list that may vanish between two scans.
    pub max_list_shrink: f64,
    /// Read every stream again from its beginning. What is known already changes nothing, and rows
    /// that could not be read before are forgotten, with their holes, if all can be read now.
    pub full: bool,
    /// Ask first who we are and what we may do.
    pub check: bool,
    /// Told after each page.
    pub progress: &'a (dyn Fn(&StreamReport) + Send + std::marker::Sync),
}

/// What one sync of one connection did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SyncReport {
    /// The connection.
    pub connection: String,
    /// Each stream, in the order in which they were pulled.
    pub streams: Vec<StreamReport>,
    /// Why the connection is blocked until a person acts, if it is.
    pub blocked: Option<String>,
    /// What the list-shrunk guard saw, if it tripped.
    pub list_shrunk: Option<String>,
    /// Rights that the key lacks for what we do beside reading.
    pub missing: Vec<String>,
    /// Whether the platform has said who we are, in this sync.
    #[serde(skip)]
    pub checked: bool,
}

/// What one sync of one stream did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamReport {
    /// The stream.
    pub stream: String,
    /// Pages committed.
    pub pages: u64,
    /// Contact rows taken in.
    pub contacts: u64,
    /// Contacts that the connection did not know before.
    pub new_contacts: u64,
    /// Events that were new.
    pub events: u64,
    /// Events that were known.
    pub duplicates: u64,
    /// Events that were not stored, since their contact has not agreed to being measured.
    pub withheld: u64,
    /// Events that were not stored, since they are older than events are kept.
    pub outdated: u64,
    /// Rows that could not be understood.
    pub rejects: u64,
    /// Rows of contacts that were erased: left out.
    pub erased: u64,
    /// Rows of kinds that this version does not know: passed over.
    pub unknown: u64,
    /// Why the stream stopped before its end, with its code.
    pub error: Option<String>,
}

impl SyncReport {
    /// Of a sync that was not begun, because the disk has too little room.
    pub fn without_room(connection: &str, why: String) -> Self {
        let stream = StreamReport {
            stream: "disk".to_owned(),
            error: Some(why),
            ..StreamReport::default()
        };
        Self {
            connection: connection.to_owned(),
            streams: vec![stream],
            ..Self::default()
        }
    }

    /// Events that were not stored, since their contact has not agreed to being measured.
    pub fn withheld(&self) -> u64 {
        self.streams.iter().map(|stream| stream.withheld).sum()
    }

    /// Events that were not stored, since they are older than events are kept.
    pub fn outdated(&self) -> u64 {
        self.streams.iter().map(|stream| stream.outdated).sum()
    }

    /// Whether every stream reached its end.
    pub fn is_complete(&self) -> bool {
        self.blocked.is_none() && self.streams.iter().all(|stream| stream.error.is_none())
    }

    /// Events that were new, over all streams.
    pub fn events(&self) -> u64 {
        self.streams.iter().map(|stream| stream.events).sum()
    }

    /// Contacts that the connection did not know before, over all streams.
    pub fn new_contacts(&self) -> u64 {
        self.streams.iter().map(|stream| stream.new_contacts).sum()
    }

    /// Rows of contacts that were erased, over all streams.
    pub fn erased(&self) -> u64 {
        self.streams.iter().map(|stream| stream.erased).sum()
    }

    /// Rows that could not be understood, over all streams.
    pub fn rejects(&self) -> u64 {
        self.streams.iter().map(|stream| stream.rejects).sum()
    }
}

impl Sync<'_> {
    /// Pulls every stream to its end.
    ///
    /// # Errors
    /// Only the store's: what a platform does wrong stands in the report.
    pub async fn run(&self) -> Result<SyncReport, StoreError> {
        let capabilities = self.connector.capabilities();
        let connection = self.declare().await?;
        let mut report = SyncReport {
            connection: self.name.to_owned(),
            ..SyncReport::default()
        };
        if self.check && self.refused(connection, &mut report).await? {
            return Ok(report);
        }
        for spec in capabilities.streams {
            let mut stream = StreamReport {
                stream: spec.stream.0.to_owned(),
                ..StreamReport::default()
            };
            let ended = self
                .pull(connection, spec.stream, &mut stream, &mut report)
                .await?;
            let stop = match ended {
                Ok(()) => false,
                Err(error) => {
                    self.failed(connection, spec.stream, &error, &mut stream, &mut report)
                        .await?
                }
            };
            report.streams.push(stream);
            if stop {
                break;
            }
        }
        // A platform that was not reached says nothing about the key.
        let answered = |stream: &StreamReport| stream.error.is_none() || stream.pages > 0;
        if report.blocked.is_none() && report.streams.iter().any(answered) {
            let (name, now) = (self.name.to_owned(), self.now());
            self.store
                .write_async(move |tx| tx.unblock(&name, now))
                .await?;
        }
        info!(
            connection = self.name,
            events = report.events(),
            complete = report.is_complete(),
            "synced"
        );
        Ok(report)
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    /// Makes the connection known, and for which kinds each stream answers.
    async fn declare(&self) -> Result<ConnectionId, StoreError> {
        let (name, now) = (self.name.to_owned(), self.now());
        let capabilities = self.connector.capabilities().clone();
        self.store
            .write_async(move |tx| declare(tx, &name, &capabilities, now))
            .await
    }

    /// Asks who we are; whether there is no use in reading. What passes by itself keeps nobody from it: each
    /// stream says for itself what it can.
    async fn refused(
        &self,
        connection: ConnectionId,
        report: &mut SyncReport,
    ) -> Result<bool, StoreError> {
        match self.connector.check().await {
            Ok(account) => {
                (report.checked, report.missing) = (true, account.missing);
                Ok(false)
            }
            Err(error @ (ConnectorError::Auth { .. } | ConnectorError::Config { .. })) => {
                let mut asked = StreamReport {
                    stream: CHECK.0.to_owned(),
                    ..StreamReport::default()
                };
                self.failed(connection, CHECK, &error, &mut asked, report)
                    .await?;
                report.streams.push(asked);
                Ok(true)
            }
            Err(error) => {
                warn!(
                    connection = self.name,
                    code = error.code(),
                    "the check failed; reading all the same"
                );
                Ok(false)
            }
        }
    }

    /// Pulls one stream. While some pages are committed, the next are fetched.
    async fn pull(
        &self,
        connection: ConnectionId,
        stream: Stream,
        report: &mut StreamReport,
        whole: &mut SyncReport,
    ) -> Result<Result<(), ConnectorError>, StoreError> {
        let stored = self
            .store
            .read_async(move |conn| conn.cursor(connection, stream))
            .await?;
        let mut cursor = stored.filter(|_| !self.full).map(|(cursor, _)| cursor);
        let from_the_beginning = cursor.is_none();
        let mut batch = Batch::default();
        let mut under_way: Option<JoinHandle<Committed>> = None;
        let ended = loop {
            let page = match self.connector.pull(stream, cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) => break Err(error),
            };
            let done = page.done;
            cursor = Some(page.next.clone());
            report.unknown += page.unknown;
            batch.add(page);
            if done {
                break Ok(());
            }
            if batch.is_full() {
                // One at a time: a later batch brings its cursor, and must not follow one that failed.
                if let Some(before) = under_way.take() {
                    self.committed(before, report, whole).await?;
                }
                let full = std::mem::take(&mut batch);
                under_way = Some(self.begin_commit(connection, stream, full));
            }
        };
        // What came before an error is kept; the cursor behind it says where to resume.
        if let Some(before) = under_way {
            self.committed(before, report, whole).await?;
        }
        if !batch.pages.is_empty() {
            let last = self.begin_commit(connection, stream, batch);
            self.committed(last, report, whole).await?;
        }
        if from_the_beginning && ended.is_ok() && report.rejects == 0 {
            let now = self.now();
            self.store
                .write_async(move |tx| tx.heal_rejects(connection, stream, now))
                .await?;
        }
        Ok(ended)
    }

    /// Starts to commit a batch of pages, with the cursor behind the last of them, in one transaction.
    fn begin_commit(
        &self,
        connection: ConnectionId,
        stream: Stream,
        batch: Batch,
    ) -> JoinHandle<Committed> {
        let (store, zone) = (self.store.clone(), Arc::clone(self.zone));
        let (now, limit) = (self.now(), self.max_list_shrink);
        tokio::spawn(async move {
            store
                .write_async(move |tx| {
                    let mut commits = Vec::new();
                    let mut shrunk = None;
                    let whose = (connection, stream);
                    tx.commit_pages(whose, &batch.pages, &zone, now, |page, commit| {
                        if page.scan.is_some_and(|scan| scan.done) {
                            shrunk = take_leave(tx, connection, &commit, limit, now)?;
                        }
                        commits.push(commit);
                        Ok(())
                    })?;
                    Ok((commits, shrunk))
                })
                .await
        })
    }

    /// Waits for a commit and adds it to the report.
    async fn committed(
        &self,
        under_way: JoinHandle<Committed>,
        report: &mut StreamReport,
        whole: &mut SyncReport,
    ) -> Result<(), StoreError> {
        let (commits, shrunk) = under_way
            .await
            .map_err(|error| StoreError::ended(&error))??;
        for commit in commits {
            report.pages += 1;
            report.contacts += commit.contacts;
            report.new_contacts += commit.contacts_met;
            report.events += commit.events.new;
            report.duplicates += commit.events.duplicates;
            report.withheld += commit.events.withheld;
            report.outdated += commit.events.outdated;
            report.rejects += commit.rejects;
            report.erased += commit.erased();
        }
        (self.progress)(report);
        if let Some(detail) = shrunk {
            warn!(connection = self.name, detail, "the list shrank");
            whole.list_shrunk = Some(detail);
        }
        Ok(())
    }

    /// Records a failure; whether the connection's other streams are to wait.
    async fn failed(
        &self,
        connection: ConnectionId,
        stream: Stream,
        error: &ConnectorError,
        report: &mut StreamReport,
        whole: &mut SyncReport,
    ) -> Result<bool, StoreError> {
        let words = format!("{} {error}", error.code());
        warn!(
            connection = self.name,
            stream = stream.0,
            code = error.code(),
            "a stream stopped"
        );
        report.error = Some(words.clone());
        let (name, now) = (self.name.to_owned(), self.now());
        match error {
            ConnectorError::Auth { missing, .. } => {
                let missing = missing
                    .as_ref()
                    .map(|right| format!("; the key lacks: {right}"));
                let why = words + &missing.unwrap_or_default();
                whole.blocked = Some(why.clone());
                self.store
                    .write_async(move |tx| tx.block(&name, &why, now))
                    .await?;
                Ok(true)
            }
            ConnectorError::Contract { .. } => {
                let stream_name = stream;
                self.store
                    .write_async(move |tx| tx.reject_page(connection, stream_name, &words, now))
                    .await?;
                Ok(false)
            }
            ConnectorError::Transient { .. }
            | ConnectorError::RateLimited { .. }
            | ConnectorError::Config { .. } => Ok(true),
        }
    }
}

/// At the end of a scan: marks those not seen as gone, unless they are so many
/// that the platform, or the key, is more likely at fault.
fn take_leave(
    tx: &Tx,
    connection: ConnectionId,
    commit: &PageCommit,
    limit: f64,
    now: i64,
) -> Result<Option<String>, StoreError> {
    let gone = commit.unseen.len();
    let all = tx.count_identities(connection)?;
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let share = gone as f64 / all.max(1) as f64;
    let subject = connection.0.to_string();
    // What a person allowed was this scan's loss or none: it does not wait for another one.
    let allowed = tx.take_allowance(LIST_SHRUNK, &subject)?;
    if gone >= SHRINK_MIN && share > limit && !allowed {
        let detail = format!("{gone} of {all} contacts are missing from the platform's list");
        tx.trip_guard(LIST_SHRUNK, Some(connection), &subject, &detail, now)?;
        return Ok(Some(detail));
    }
    if let Some(guard) = tx.open_guard(LIST_SHRUNK, connection)? {
        tx.close_guard(guard, "cleared", "engaged", now)?;
    }
    tx.mark_gone(connection, &commit.unseen, now)?;
    Ok(None)
}

/// What a connection brings, as its connector says: known before anything of it is stored, by a poll or by a webhook.
pub fn declare(
    tx: &Tx,
    name: &str,
    capabilities: &Capabilities,
    now: i64,
) -> Result<ConnectionId, StoreError> {
    let connection = tx.connection(name, capabilities.platform, now)?.id;
    tx.declare_twins(connection, capabilities.twins, now)?;
    for spec in capabilities.streams {
        tx.declare_stream(connection, spec.stream, spec.kinds)?;
        if spec.counted {
            tx.declare_counted(connection, spec.stream)?;
        }
    }
    Ok(connection)
}

#[cfg(test)]
mod tests;
