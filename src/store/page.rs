//! Committing one page of a platform: everything it brought and where to resume, together.

use engaged_connectors::{
    Page, Stream,
    model::{ContactRef, Reject},
};
use rusqlite::{OptionalExtension, params};

use super::{
    Tx,
    append::{Appended, Way},
    contact::{Gone, Resolver},
    coverage::Gap,
    error::StoreError,
    gathered::Gathered,
    word::Texts,
};
use crate::{
    planted::{Bug, is_planted},
    score::{
        calendar::{Day, Millis, Zone},
        facts::ConnectionId,
    },
};

/// Rejected rows that are kept for each stream, the newest; their holes are kept all.
const REJECTS_MAX: i64 = 1_000;
/// A row of unknown time on a stream that never was complete may be of any day.
const BEFORE_ALL: Day = Day(0);

/// What one page changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageCommit {
    /// Contact rows taken in.
    pub contacts: u64,
    /// Of those, rows that said something new.
    pub contacts_changed: u64,
    /// Contact rows without an id and an address.
    pub contacts_nameless: u64,
    /// Contact rows of somebody who was erased, which were left out.
    pub contacts_erased: u64,
    /// Contacts that the connection did not know before, by a row of their own or by an event.
    pub contacts_met: u64,
    /// What became of the events.
    pub events: Appended,
    /// Rows that could not be understood.
    pub rejects: u64,
    /// At the end of a scan: contacts that it did not find. The caller decides, and calls [`Tx::mark_gone`].
    pub unseen: Vec<Gone>,
}

impl PageCommit {
    /// Rows of contacts that were erased: left out.
    pub fn erased(&self) -> u64 {
        self.contacts_erased + self.events.erased
    }
}

impl Tx {
    /// Stores a page and moves the stream's cursor.
    pub fn commit_page(
        &self,
        connection: ConnectionId,
        stream: Stream,
        page: &Page,
        zone: &Zone,
        known_at: Millis,
    ) -> Result<PageCommit, StoreError> {
        let pages = std::slice::from_ref(page);
        let mut last = PageCommit::default();
        self.commit_pages((connection, stream), pages, zone, known_at, |_, commit| {
            last = commit;
            Ok(())
        })?;
        Ok(last)
    }

    /// Stores several pages of a stream, one after the other, and moves its cursor behind the last.
    /// `after` is told what became of each, within the transaction and before the next.
    pub fn commit_pages(
        &self,
        (connection, stream): (ConnectionId, Stream),
        pages: &[Page],
        zone: &Zone,
        known_at: Millis,
        mut after: impl FnMut(&Page, PageCommit) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut gathered = self.gather(connection, pages)?;
        for page in pages {
            let whose = (connection, stream);
            after(
                page,
                self.commit_one(&mut gathered, whose, page, zone, known_at)?,
            )?;
        }
        gathered.write()
    }

    fn commit_one<'t>(
        &'t self,
        gathered: &mut Gathered<'t>,
        (connection, stream): (ConnectionId, Stream),
        page: &Page,
        zone: &Zone,
        known_at: Millis,
    ) -> Result<PageCommit, StoreError> {
        let mut commit = PageCommit::default();
        if is_planted(Bug::CursorApart) {
            self.set_cursor(connection, stream, &page.next, known_at)?;
            // Nothing else is to be wrong.
            self.write_counted()?;
            self.sql.execute_batch("commit; begin immediate")?;
        }
        self.name_campaigns(connection, &page.campaigns)?;
        let scan_at = page.scan.map(|scan| scan.started_at.timestamp_millis());
        self.upsert_contacts(connection, &page.contacts, scan_at, known_at, &mut commit)?;
        let report = &mut self.begin_report()?;
        let whose = (connection, Way::Poll);
        commit.events = self.append_to(gathered, whose, known_at, &page.events, report)?;
        commit.contacts_met += std::mem::take(&mut gathered.met);
        // Before the page's own coverage: a row of unknown time reaches back to what was complete before it.
        for reject in &page.rejects {
            self.add_reject(connection, stream, reject, zone, known_at)?;
            commit.rejects += 1;
        }
        let looks = (&*page.counters, &*page.covered, page.done);
        self.reconcile((connection, stream), looks, zone, known_at)?;
        self.cover(connection, &page.covered, known_at)?;
        self.drop_old_rejects(connection, stream)?;
        if let (Some(scan), Some(started_at)) = (page.scan, scan_at)
            && scan.done
        {
            commit.unseen = self.unseen(connection, started_at)?;
        }
        self.set_cursor(connection, stream, &page.next, known_at)?;
        Ok(commit)
    }

    /// Takes in contacts as a platform or a file shows them now.
    pub fn upsert_contacts(
        &self,
        connection: ConnectionId,
        contacts: &[engaged_connectors::model::Contact],
        scan_at: Option<Millis>,
        known_at: Millis,
        commit: &mut PageCommit,
    ) -> Result<(), StoreError> {
        let mut resolver = Resolver::new(self, connection, known_at)?;
        let mut texts = Texts::new(self, connection);
        let mut changed = Vec::new();
        for row in contacts {
            let who = ContactRef {
                id: Some(row.id.clone()),
                email: row.email.clone(),
            };
            if resolver.erased_at(&who).is_some() {
                commit.contacts_erased += 1;
                continue;
            }
            let Some(upserted) = resolver.upsert(row, scan_at, &mut texts)? else {
                commit.contacts_nameless += 1;
                continue;
            };
            commit.contacts += 1;
            if upserted.changed {
                commit.contacts_changed += 1;
                changed.push(upserted.contact);
            }
        }
        commit.contacts_met += resolver.met;
        changed.append(&mut resolver.joined);
        self.mark_dirty(changed)
    }

    /// Keeps the row's reason, and does not judge the days it may belong to.
    fn add_reject(
        &self,
        connection: ConnectionId,
        stream: Stream,
        reject: &Reject,
        zone: &Zone,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        let at = reject.at.map(|at| at.timestamp_millis());
        let who = ContactRef {
            id: reject.id.clone(),
            email: None,
        };
        // Of somebody who was erased the row is kept without the id, for the days that it may belong to.
        let erased = self.erased_at(connection, &who)?.is_some();
        let id = reject.id.as_ref().filter(|_| !erased);
        let again: Option<i64> = self
            .sql
            .prepare_cached(
                "update reject set times = times + 1, seen_at = ?6
                 where connection_id = ?1 and stream = ?2 and platform_id is ?3 and at is ?4 and reason = ?5 returning id",
            )?
            .query_row(
                params![connection.0, stream.0, id, at, reject.reason, known_at],
                |row| row.get(0),
            )
            .optional()?;
        if again.is_none() {
            self.sql
                .prepare_cached(
                    "insert into reject (connection_id, stream, platform_id, at, reason, known_at, seen_at)
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                )?
                .execute(params![connection.0, stream.0, id, at, reject.reason, known_at])?;
        }
        let (from, to) = if let Some(at) = at {
            (zone.day(at), zone.day(at))
        } else {
            let complete = self.complete_through(connection, stream)?;
            (
                complete.map_or(BEFORE_ALL, |through| zone.day(through)),
                zone.day(known_at),
            )
        };
        self.add_stream_gap(connection, stream, from, to, known_at)
    }

    fn add_stream_gap(
        &self,
        connection: ConnectionId,
        stream: Stream,
        from: Day,
        to: Day,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        let kinds = self.kinds_of_stream(connection, stream)?;
        if kinds.is_empty() {
            // A stream of contacts; no list of kinds would mean all of them.
            return Ok(());
        }
        let gap = Gap { from, to, kinds };
        if self.add_gap(connection, &gap, &reject_source(stream), known_at)? > 0 {
            self.mark_connection_dirty(connection)?;
        }
        Ok(())
    }

    fn drop_old_rejects(&self, connection: ConnectionId, stream: Stream) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "delete from reject where connection_id = ?1 and stream = ?2 and id <= (
                   select id from reject where connection_id = ?1 and stream = ?2
                   order by id desc limit 1 offset ?3)",
            )?
            .execute(params![connection.0, stream.0, REJECTS_MAX])?;
        Ok(())
    }

    /// Forgets the rejected rows of a stream and their holes, because it was read again from its beginning.
    pub fn heal_rejects(
        &self,
        connection: ConnectionId,
        stream: Stream,
        known_at: Millis,
    ) -> Result<usize, StoreError> {
        self.sql
            .prepare_cached("delete from reject where connection_id = ?1 and stream = ?2")?
            .execute(params![connection.0, stream.0])?;
        let healed = self.heal(connection, &reject_source(stream), known_at)?;
        if healed > 0 {
            self.mark_connection_dirty(connection)?;
        }
        Ok(healed)
    }
}

fn reject_source(stream: Stream) -> String {
    format!("reject:{}", stream.0)
}
