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
use crate::{push::guard, store::Access};

const STREAM: Stream = Stream("all");

static CAPABILITIES: Capabilities = Capabilities {
    platform: "mailchimp",
    streams: &[StreamSpec {
        stream: STREAM,
        kinds: &[EventKind::Open],
        lateness: std::time::Duration::ZERO,
    }],
    fields: false,
    creates_fields: false,
    field_name_max: 10,
    retention: None,
    unreported: &[],
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
    _folder: TempDir,
    store: Store,
    zone: Arc<Zone>,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.db");
    Bench {
        store: Store::open(&path, Access::ReadWrite, &At(hour(0))).unwrap(),
        zone: Arc::new(Zone::new(chrono_tz::Europe::Amsterdam)),
        _folder: folder,
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
        let sync = Sync {
            store: &self.store,
            name: "news",
            connector: &Scripted(Mutex::new(Box::new(script))),
            zone: &self.zone,
            clock: &At(now),
            max_list_shrink: 0.2,
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
        self.store
            .read(|conn| conn.count_identities(connection))
            .unwrap()
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
            .write(|tx| guard::approve(tx, LIST_SHRUNK, None, &|_| Vec::new(), "a test", 0))
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
