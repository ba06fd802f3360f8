//! Taking events in: through the sync that ships, beside a bare loop of inserts.

use std::{
    cell::RefCell,
    path::Path,
    sync::{Arc, Mutex},
};

use engaged::{
    score::calendar::Zone,
    store::Store,
    sync::{StreamReport, Sync, SyncReport},
};
use engaged_connectors::Clock;
use rusqlite::{Connection, params};

use crate::{
    audience::{Audience, Happening, What},
    feed::{self, Feed},
    measure,
    report::{Good, Report, number},
};

/// How many events the bare loop inserts at most; it does not grow slower.
const BARE_MAX: usize = 5_000_000;
/// How many of the last events come once more.
const AGAIN: usize = 500_000;

/// The end of the history, for ever.
pub struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        feed::end()
    }
}

/// Events that were new and CPU seconds of the writing thread, after each commit.
type Trace = Vec<(u64, f64)>;

/// What the audience's history is made of.
pub struct Counts {
    pub events: usize,
    pub sends: usize,
    pub opens: usize,
}

/// Counts the history without keeping it.
pub fn count(audience: &Arc<Audience>) -> Counts {
    let mut counts = Counts {
        events: 0,
        sends: 0,
        opens: 0,
    };
    for each in audience.happenings() {
        counts.events += 1;
        counts.sends += usize::from(each.what == What::Send);
        counts.opens += usize::from(each.what == What::Open);
    }
    counts
}

/// Syncs a feed into a store; where the writer's time went, commit by commit.
pub fn sync(store: &Store, feed: &Feed, clock: &dyn Clock) -> (SyncReport, Trace) {
    let path = Mutex::new(RefCell::new(Vec::new()));
    let note = |report: &StreamReport| {
        let cpu = measure::of_thread_named("engaged-writer");
        let path = path.lock().expect("one sync tells at a time");
        if report.stream == "activity" {
            path.borrow_mut()
                .push((report.events + report.duplicates, cpu));
        }
    };
    let before = measure::of_thread_named("engaged-writer");
    let sync = Sync {
        check: false,
        store,
        name: "letters",
        connector: feed,
        zone: &Arc::new(Zone::new(chrono_tz::UTC)),
        clock,
        max_list_shrink: 0.5,
        full: false,
        progress: &note,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("a runtime starts");
    let report = runtime.block_on(sync.run()).expect("the store takes it");
    let path = path.into_inner().expect("nobody fell").into_inner();
    let path = path.into_iter().map(|(events, cpu)| (events, cpu - before));
    (report, path.collect())
}

/// Events per CPU second between two points of a path, given as shares of it.
fn rate(path: &Trace, from: f64, to: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let at = |share: f64| path[((path.len() - 1) as f64 * share) as usize];
    let ((e1, c1), (e2, c2)) = (at(from), at(to));
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let events = (e2 - e1) as f64;
    events / (c2 - c1).max(1e-9)
}

/// Fills a new store and reports the cost.
pub fn measure(store: &Store, file: &Path, audience: &Arc<Audience>, report: &Report) -> usize {
    let counts = count(audience);
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let (events, sends, opens) = (
        counts.events as f64,
        counts.sends as f64,
        counts.opens as f64,
    );
    report.note(format!(
        "{} events of {} contacts, {} of whom never react; {:.1} sends to an open",
        number(events),
        number(f64::from(audience.contacts())),
        audience.silent(),
        sends / opens
    ));
    assert!(sends >= 4.0 * opens, "fewer than four sends to an open");

    let bare = bare(file, audience, counts.events.min(BARE_MAX));
    report.note(format!(
        "bare loop of inserts into a log without a key: {} events per CPU second",
        number(bare)
    ));

    let before = measure::of_thread_named("engaged-writer");
    let (synced, path) = sync(store, &Feed::whole(audience), &Stopped);
    let cpu = measure::of_thread_named("engaged-writer") - before;
    assert_eq!(synced.events(), counts.events as u64, "an event was lost");
    let first = path.first().map_or(0.0, |(_, cpu)| *cpu);
    report.note(format!(
        "{cpu:.1} CPU s in the store, {first:.1} of them until the contacts were in"
    ));
    let quarters = [0.0, 0.25, 0.5, 0.75].map(|from| rate(&path, from, from + 0.25));
    report.note(format!(
        "events per CPU second in each quarter: {}",
        quarters.map(number).join(", ")
    ));
    let whole = rate(&path, 0.0, 1.0);
    report.claim(
        "append: events per CPU second",
        (whole, ""),
        (Good::High, 400_000.0),
        8.0,
    );
    report.note(format!(
        "the bare loop is {:.1} times as fast",
        bare / whole
    ));

    let again = counts.events.min(AGAIN);
    let last = audience.happenings().skip(counts.events - again);
    let (redone, path) = sync(store, &Feed::events(last), &Stopped);
    let known: u64 = redone.streams.iter().map(|each| each.duplicates).sum();
    assert_eq!(
        (redone.events(), known),
        (0, again as u64),
        "known events are known"
    );
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let speed = known as f64 / path.last().map_or(f64::NAN, |(_, cpu)| *cpu);
    report.note(format!(
        "the last {again} events once more: all known, {} per CPU second",
        number(speed)
    ));
    sizes(file, events, report);
    counts.events
}

/// A prepared insert in a loop: what no store can be much faster than.
fn bare(file: &Path, audience: &Arc<Audience>, events: usize) -> f64 {
    let path = file.with_extension("bare");
    let mut sql = Connection::open(&path).expect("a database opens");
    sql.execute_batch(
        "pragma page_size = 8192; pragma journal_mode = wal; pragma synchronous = full;
         create table log (id integer primary key, contact_id integer, at integer, kind integer, connection_id integer,
           known_at integer, campaign_id integer, which integer, value integer) strict;",
    )
    .expect("a table is made");
    let mut happenings = audience.happenings().take(events);
    let (mut cpu, mut done) = (0.0, 0_u32);
    loop {
        let batch: Vec<Happening> = happenings.by_ref().take(50_000).collect();
        if batch.is_empty() {
            break;
        }
        let before = measure::of_thread();
        let tx = sql.transaction().expect("nobody else writes");
        {
            let mut insert = tx
                .prepare_cached("insert into log values (null, ?1, ?2, ?3, 1, ?4, ?5, ?6, ?7)")
                .expect("a statement");
            for each in &batch {
                let row = params![
                    each.contact,
                    each.at,
                    each.what as i64,
                    each.at,
                    each.campaign,
                    each.which,
                    each.value
                ];
                insert.execute(row).expect("a row goes in");
            }
        }
        tx.commit().expect("a commit");
        cpu += measure::of_thread() - before;
        done += u32::try_from(batch.len()).expect("a batch");
    }
    drop(sql);
    for end in ["bare", "bare-wal", "bare-shm"] {
        let _ = std::fs::remove_file(file.with_extension(end));
    }
    f64::from(done) / cpu
}

/// How large the tables are, for each event.
fn sizes(file: &Path, events: f64, report: &Report) {
    let sql = Connection::open(file).expect("the store can be read");
    let pages = |name: &str| -> f64 {
        sql.query_row(
            "select coalesce(sum(pgsize), 0) from dbstat where name = ?1",
            [name],
            |row| row.get(0),
        )
        .expect("the size of a table")
    };
    let blobs: f64 = sql
        .query_row("select sum(length(ev)) from history", (), |row| row.get(0))
        .expect("the size of the blobs");
    let rows: f64 = sql
        .query_row("select count(*) from history", (), |row| row.get(0))
        .expect("the number of blobs");
    report.note(format!(
        "an event takes {:.1} bytes in `event`, {:.1} in blobs; {} blobs of {:.1} events",
        pages("event") / events,
        blobs / events,
        number(rows),
        events / rows
    ));
    report.claim(
        "history: bytes per event on disk",
        (pages("history") / events, ""),
        (Good::Low, 12.0),
        1.5,
    );
}
