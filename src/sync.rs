//! Pulls a connection's streams into the store, page by page.
//!
//! A page is committed with the cursor that follows it, so that a crash at any
//! point resumes where the last commit left off. What fails stops as little as
//! it can: a refused key blocks the connection, a page that does not parse
//! stays unread and holds up its own stream, and the others go on.

use std::sync::Arc;

use engaged_connectors::{Clock, Connector, ConnectorError, Page, Stream};
use serde::Serialize;
use tracing::{info, warn};

use crate::{
    score::{calendar::Zone, facts::ConnectionId},
    store::{PageCommit, Store, StoreError, Tx},
};

/// The guard against a list that vanishes between two syncs.
pub const LIST_SHRUNK: &str = "list_shrunk";

/// Below this many contacts a share says nothing.
const SHRINK_MIN: usize = 10;

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
    /// Events that were new.
    pub events: u64,
    /// Events that were known.
    pub duplicates: u64,
    /// Rows that could not be understood.
    pub rejects: u64,
    /// Why the stream stopped before its end, with its code.
    pub error: Option<String>,
}

impl SyncReport {
    /// Whether every stream reached its end.
    pub fn is_complete(&self) -> bool {
        self.blocked.is_none() && self.streams.iter().all(|stream| stream.error.is_none())
    }

    /// Events that were new, over all streams.
    pub fn events(&self) -> u64 {
        self.streams.iter().map(|stream| stream.events).sum()
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
        if report.blocked.is_none() {
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
        let capabilities = self.connector.capabilities();
        let (name, platform, streams) = (
            self.name.to_owned(),
            capabilities.platform,
            capabilities.streams,
        );
        let now = self.now();
        self.store
            .write_async(move |tx| {
                let connection = tx.connection(&name, platform, now)?.id;
                for spec in streams {
                    tx.declare_stream(connection, spec.stream, spec.kinds)?;
                }
                Ok(connection)
            })
            .await
    }

    /// Pulls one stream. While one page is committed, the next is fetched.
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
        let mut cursor = stored.map(|(cursor, _)| cursor);
        loop {
            let page = match self.connector.pull(stream, cursor.as_ref()).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            let done = page.done;
            cursor = Some(page.next.clone());
            let commit = self.commit(connection, stream, page, whole).await?;
            report.pages += 1;
            report.contacts += commit.contacts;
            report.events += commit.events.new;
            report.duplicates += commit.events.duplicates;
            report.rejects += commit.rejects;
            (self.progress)(report);
            if done {
                return Ok(Ok(()));
            }
        }
    }

    async fn commit(
        &self,
        connection: ConnectionId,
        stream: Stream,
        page: Page,
        whole: &mut SyncReport,
    ) -> Result<PageCommit, StoreError> {
        let (zone, now, limit) = (Arc::clone(self.zone), self.now(), self.max_list_shrink);
        let (commit, shrunk) = self
            .store
            .write_async(move |tx| {
                let commit = tx.commit_page(connection, stream, &page, &zone, now)?;
                let scan_ended = page.scan.is_some_and(|scan| scan.done);
                let shrunk = if scan_ended {
                    take_leave(tx, connection, &commit, limit, now)?
                } else {
                    None
                };
                Ok((commit, shrunk))
            })
            .await?;
        if let Some(detail) = shrunk {
            warn!(connection = self.name, detail, "the list shrank");
            whole.list_shrunk = Some(detail);
        }
        Ok(commit)
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
    if gone == 0 {
        return Ok(None);
    }
    let all = tx.count_identities(connection)?;
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let share = gone as f64 / all.max(1) as f64;
    let subject = connection.0.to_string();
    if gone >= SHRINK_MIN && share > limit && !tx.take_allowance(LIST_SHRUNK, &subject)? {
        let detail = format!("{gone} of {all} contacts are missing from the platform's list");
        tx.trip_guard(LIST_SHRUNK, Some(connection), &subject, &detail, now)?;
        return Ok(Some(detail));
    }
    tx.mark_gone(connection, &commit.unseen, now)?;
    Ok(None)
}
