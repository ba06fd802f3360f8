//! What the store promises, through its public face.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use engaged_connectors::{
    Cursor, Page, Stream,
    connector::{Covered, Scan},
    model::{Address, Contact, ContactRef, Event, EventKind, Reject, Status, Verdict},
};
use tempfile::TempDir;

use super::*;
use crate::score::{
    calendar::{Day, Millis, Zone},
    facts::{ConnectionId, Facts, KindId},
};

mod append;
mod audit;
mod backups;
mod counters;
mod figures;
mod horizon;
mod leftover;
mod merging;
mod opening;
mod orders;
mod pages;
mod privacy;
mod results;
mod runs;
mod told;
mod tracking;
mod verdicts;

/// A clock that stands where it was put.
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

struct Bench {
    _folder: TempDir,
    path: PathBuf,
    store: Store,
    connection: ConnectionId,
}

const NOW: Millis = 1_781_000_000_000;

fn open(path: &Path, access: Access) -> Result<Store, StoreError> {
    Store::open(path, access, &Standing(AtomicI64::new(NOW)))
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.db");
    let store = open(&path, Access::ReadWrite).unwrap();
    let connection = store
        .write(|tx| tx.connection("news", "mailchimp", NOW))
        .unwrap()
        .id;
    Bench {
        _folder: folder,
        path,
        store,
        connection,
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn at(millis: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn event(email: &str, kind: EventKind, at: DateTime<Utc>) -> Event {
    let who = ContactRef {
        id: None,
        email: Some(address(email)),
    };
    Event::new(who, kind, at)
}

fn contact(id: &str, email: Option<&str>) -> Contact {
    Contact {
        id: id.into(),
        email: email.map(address),
        status: None,
        subscribed_at: None,
        lists: Vec::new(),
        fields: std::collections::BTreeMap::new(),
        tags: None,
    }
}

impl Bench {
    fn append(&self, known_at: Millis, events: &[Event]) -> Appended {
        let (connection, events) = (self.connection, events.to_vec());
        self.store
            .write(move |tx| tx.append(connection, known_at, &events, &mut tx.begin_report()?))
            .unwrap()
    }

    fn contacts(&self, known_at: Millis, rows: &[Contact]) -> PageCommit {
        let mut page = Page::empty(cursor("c"), true);
        page.contacts = rows.to_vec();
        self.page(known_at, "contacts", page)
    }

    fn page(&self, known_at: Millis, stream: &'static str, page: Page) -> PageCommit {
        let connection = self.connection;
        let zone = Zone::new(chrono_tz::Europe::Amsterdam);
        self.store
            .write(move |tx| tx.commit_page(connection, Stream(stream), &page, &zone, known_at))
            .unwrap()
    }

    fn facts(&self, email: &str) -> Facts {
        self.facts_known(email, None).unwrap()
    }

    fn facts_known(&self, email: &str, known: Option<Millis>) -> Option<Facts> {
        let email = address(email);
        self.store
            .read(|conn| {
                let contact = conn.find_contact(&email)?.unwrap();
                conn.facts(contact, known)
            })
            .unwrap()
    }

    fn dirty(&self) -> usize {
        self.store
            .read(|conn| Ok(conn.dirty()?.contacts.len()))
            .unwrap()
    }

    fn clean(&self) {
        self.store.write(|tx| tx.clear_dirty(i64::MAX)).unwrap();
    }

    fn count(&self, select: &'static str) -> i64 {
        self.store
            .read(|conn| Ok(conn.sql.query_row(select, (), |row| row.get(0))?))
            .unwrap()
    }
}

fn cursor(position: &str) -> Cursor {
    Cursor::encode(&position).unwrap()
}
