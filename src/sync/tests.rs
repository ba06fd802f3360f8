//! What a sync keeps when things go wrong, against a connector that follows a script.

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engaged_connectors::{
    Capabilities, Change, Cursor, Outcome,
    connector::{Account, Scan, StreamSpec},
    model::{Contact, EventKind, Reject},
};
use tempfile::TempDir;

use super::*;
use crate::{
    push::{guard, targets::Keys},
    store::Access,
};

const STREAM: Stream = Stream("all");

static CAPABILITIES: Capabilities = Capabilities {
    platform: "mailchimp",
    streams: &[StreamSpec {
        stream: STREAM,
        kinds: &[EventKind::Open],
        lateness: std::time::Duration::ZERO,
        counted: false,
    }],
    fields: false,
    creates_fields: false,
    field_name_max: 10,
    frozen: &[],
    starts: &[],
    removals: &[],
    retention: None,
    unreported: &[],
    twins: None,
    guarantee: "what the script says",
};

type Answer = Result<Page, ConnectorError>;
type Script = Box<dyn FnMut(u32) -> Answer + Send>;

/// Pulls what the script says for the n-th page, counted from 1; the cursor is n.
struct Scripted(Mutex<Script>);

#[async_trait]
impl Connector for Scripted {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    async fn check(&self) -> Result<Account, ConnectorError> {
        unreachable!("a sync checks nothing")
    }

    async fn pull(&self, _: Stream, cursor: Option<&Cursor>) -> Answer {
        let before: u32 = cursor.map_or(Ok(0), Cursor::decode)?;
        let mut page = (self.0.lock().unwrap())(before + 1)?;
        page.next = Cursor::encode(&(before + 1))?;
        Ok(page)
    }

    async fn push(&self, _: &[Change]) -> Result<Vec<Outcome>, ConnectorError> {
        unreachable!("a sync writes nothing")
    }

    async fn fields(&self) -> Result<Vec<String>, ConnectorError> {
        Ok(Vec::new())
    }
}

/// A clock that stands where it was put.
struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

struct Bench {
    folder: TempDir,
    store: Store,
    zone: Arc<Zone>,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.db");
    Bench {
        store: Store::open(&path, Access::ReadWrite, &At(hour(0))).unwrap(),
        zone: Arc::new(Zone::new(chrono_tz::Europe::Amsterdam)),
        folder,
    }
}

fn hour(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_781_000_000 + hour * 3600, 0).unwrap()
}

impl Bench {
    async fn sync(
        &self,
        now: DateTime<Utc>,
        script: impl FnMut(u32) -> Answer + Send + 'static,
    ) -> Result<SyncReport, StoreError> {
        self.read(now, false, script).await
    }

    async fn read(
        &self,
        now: DateTime<Utc>,
        full: bool,
        script: impl FnMut(u32) -> Answer + Send + 'static,
    ) -> Result<SyncReport, StoreError> {
        let sync = Sync {
            check: false,
            store: &self.store,
            name: "news",
            connector: &Scripted(Mutex::new(Box::new(script))),
            zone: &self.zone,
            clock: &At(now),
            max_list_shrink: 0.2,
            full,
            progress: &|_| (),
        };
        sync.run().await
    }

    /// Syncs one whole scan of a list of so many contacts.
    async fn scan(&self, now: DateTime<Utc>, contacts: usize) -> SyncReport {
        let scan = move |_| Ok(list(now, contacts));
        self.sync(now, scan).await.unwrap()
    }

    fn connection(&self) -> ConnectionId {
        let all = self.store.read(crate::store::Conn::connections).unwrap();
        all[0].id
    }

    fn on_the_platform(&self) -> i64 {
        let connection = self.connection();
        let read = |conn: &crate::store::Conn| {
            Ok((
                conn.count_identities(connection)?,
                conn.contacts_of(connection)?,
            ))
        };
        let (counted, kept) = self.store.read(read).unwrap();
        assert_eq!(counted, kept);
        counted
    }

    fn is_held(&self) -> bool {
        let connection = self.connection();
        let open = self
            .store
            .read(|conn| conn.open_guard(LIST_SHRUNK, connection));
        open.unwrap().is_some()
    }

    fn approve(&self) -> usize {
        self.store
            .write(|tx| guard::approve(tx, &Keys::new(), LIST_SHRUNK, None, "a test", 0))
            .unwrap()
            .len()
    }
}

fn page(done: bool) -> Page {
    Page::empty(Cursor::encode(&0).unwrap(), done)
}

fn list(started_at: DateTime<Utc>, contacts: usize) -> Page {
    let contact = |number| Contact {
        id: format!("c{number}"),
        email: None,
        status: None,
        subscribed_at: None,
        lists: Vec::new(),
        fields: std::collections::BTreeMap::new(),
        tags: None,
    };
    Page {
        contacts: (0..contacts).map(contact).collect(),
        scan: Some(Scan {
            started_at,
            done: true,
        }),
        ..page(true)
    }
}

#[tokio::test]
async fn the_cursor_stays_before_a_batch_that_failed_though_the_next_could_be_stored() {
    let bench = bench();
    let unstorable = Reject {
        id: None,
        at: Some(DateTime::<Utc>::MAX_UTC),
        reason: "no calendar has this day".into(),
    };
    let pages = u32::try_from(BATCH_PAGES).unwrap();
    let script = move |number| {
        let mut page = page(number == 3 * pages);
        if number == 1 {
            page.rejects.push(unstorable.clone());
        }
        Ok(page)
    };
    bench.sync(hour(1), script).await.unwrap_err();
    let connection = bench.connection();
    // A write waits its turn behind all that were queued.
    let cursor = bench
        .store
        .write(move |tx| tx.cursor(connection, STREAM))
        .unwrap();
    assert_eq!(cursor, None);
}

#[tokio::test]
async fn a_list_that_comes_back_no_longer_holds_the_push() {
    let bench = bench();
    bench.scan(hour(1), 100).await;
    assert!(bench.scan(hour(2), 50).await.list_shrunk.is_some());
    assert!(bench.is_held());
    assert_eq!(bench.scan(hour(3), 100).await.list_shrunk, None);
    assert!(!bench.is_held());
    assert_eq!(bench.on_the_platform(), 100);
}

#[tokio::test]
async fn what_was_allowed_for_one_scan_does_not_let_a_later_loss_pass() {
    let bench = bench();
    bench.scan(hour(1), 100).await;
    bench.scan(hour(2), 50).await;
    assert_eq!(bench.approve(), 1);
    bench.scan(hour(3), 100).await;
    assert!(bench.scan(hour(4), 20).await.list_shrunk.is_some());
    assert_eq!(bench.on_the_platform(), 100);
    // The person's word on this one lets it pass, once.
    assert_eq!(bench.approve(), 1);
    assert_eq!(bench.scan(hour(5), 20).await.list_shrunk, None);
    assert_eq!(bench.on_the_platform(), 20);
}

#[tokio::test]
async fn a_platform_that_is_not_reached_does_not_end_the_block_of_a_refused_key() {
    let bench = bench();
    let refused = |_| {
        let (what, detail) = ("GET all".into(), "HTTP 401".into());
        Err(ConnectorError::Auth {
            what,
            detail,
            missing: None,
        })
    };
    let away = |_| {
        let (what, detail) = ("GET all".into(), "connection refused".into());
        Err(ConnectorError::Transient { what, detail })
    };
    let blocked = || {
        let since = bench.store.read(|conn| conn.blocked("news")).unwrap();
        since.map(|(_, since)| since)
    };
    bench.sync(hour(1), refused).await.unwrap();
    bench.sync(hour(2), away).await.unwrap();
    assert_eq!(blocked(), Some(hour(1).timestamp_millis()));
    bench.scan(hour(3), 1).await;
    assert_eq!(blocked(), None);
}

#[tokio::test]
async fn reading_again_from_the_beginning_forgets_the_rows_that_can_be_read_now() {
    let bench = bench();
    let odd = |_| {
        let mut page = page(true);
        page.rejects.push(Reject {
            id: Some("e1".into()),
            at: Some(hour(-48)),
            reason: "no kind".into(),
        });
        Ok(page)
    };
    let rejects = || {
        let connection = bench.connection();
        let stored = bench
            .store
            .read(move |conn| conn.rejects(connection, STREAM, 9));
        stored.unwrap().len()
    };
    bench.sync(hour(1), odd).await.unwrap();
    // Reading on says nothing about what was passed, and a reading that stumbles again heals nothing.
    bench.sync(hour(2), |_| Ok(page(true))).await.unwrap();
    bench.read(hour(3), true, odd).await.unwrap();
    assert_eq!(rejects(), 1);
    let report = bench.read(hour(4), true, |n| Ok(page(n == 2))).await;
    assert_eq!(report.unwrap().streams[0].pages, 2);
    assert_eq!(rejects(), 0);
}

// F21.
#[tokio::test]
async fn a_sync_over_midnight_completes_no_day_that_its_pages_did_not() {
    // Midnight in Amsterdam.
    let midnight = DateTime::parse_from_rfc3339("2026-06-10T00:00:00+02:00").unwrap();
    let midnight = midnight.with_timezone(&Utc);
    let second = chrono::TimeDelta::seconds(1);
    let bench = bench();
    let covers = |through: DateTime<Utc>| Page {
        covered: vec![engaged_connectors::connector::Covered {
            kinds: vec![EventKind::Open],
            from: None,
            through,
        }],
        ..page(false)
    };
    let yesterday_is_whole = |now: DateTime<Utc>| {
        let today = bench.zone.day(now.timestamp_millis());
        let coverage = bench
            .store
            .read(|conn| conn.coverage(&bench.zone, today, None));
        let holes = coverage.unwrap().holes;
        !holes.iter().any(|(_, _, holes)| {
            holes
                .iter()
                .any(|hole| hole.to >= today.previous() && hole.from <= today.previous())
        })
    };
    // Both pages were asked for before midnight; the second is committed after it.
    let early = move |number| {
        let mut page = covers(midnight - second * (3 - i32::try_from(number).unwrap()));
        page.done = number == 2;
        Ok(page)
    };
    bench.sync(midnight + second, early).await.unwrap();
    assert!(
        !yesterday_is_whole(midnight + second),
        "its last second is missing"
    );
    // The next sync, in the next day, completes it.
    let late = move |_| {
        let mut page = covers(midnight + second * 60);
        page.done = true;
        Ok(page)
    };
    bench.sync(midnight + second * 61, late).await.unwrap();
    assert!(yesterday_is_whole(midnight + second * 61));
    let next = midnight + chrono::TimeDelta::days(1);
    assert!(!yesterday_is_whole(next), "and not the day that began");
}

mod counted;
