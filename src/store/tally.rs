//! How many there are of each: counts that whoever writes the rows keeps.
//!
//! A page must not count a million rows, so each count stands in a row of its
//! own. Within a transaction what is added and taken away is gathered in memory;
//! the writer adds it once, before the commit. `compare_tallies` counts again.

use std::{cell::RefCell, collections::HashMap};

use rusqlite::{OptionalExtension, params};

use super::{
    Conn, Tx,
    error::StoreError,
    outbox::OutboxState,
    word::{Dictionary, date_text},
};
use crate::score::{
    calendar::{Day, Millis},
    facts::ConnectionId,
};

/// The number of no word: no band, judged, in no stage.
pub(super) const NONE: u32 = 0;
/// In no group of a sort; for bands and reasons [`NONE`] is a group.
pub(super) const NOWHERE: i64 = NONE as i64;
/// Where contacts come from that were not scored before.
pub(super) const NEW: i64 = -1;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Group {
    /// Contacts; what became one with another is none of its own.
    Contacts,
    /// Contacts that object to being scored.
    Objected,
    /// Events; one that another superseded is none, and one that was told twice is one.
    Events,
    /// A connection's ids of contacts that are still there.
    Identities(ConnectionId),
    /// Writes of a connection in a state.
    Outbox(ConnectionId, OutboxState),
    /// Contacts in a segment.
    Segment(u32),
    /// Contacts in a stage.
    Stage(u32),
    /// Contacts that are not judged for a reason; [`NONE`]: judged.
    Unjudged(u32),
}

/// Between which groups a contact moves; the second column of `moved` and `day_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Sort {
    Band,
    Segment,
    Stage,
    Unjudged,
}

impl Sort {
    /// The name in the tables.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Band => "band",
            Self::Segment => "segment",
            Self::Stage => "stage",
            Self::Unjudged => "unjudged",
        }
    }
}

/// A move: on which day, between groups of which sort, of which score ([`NONE`] but for bands), from where, to where.
pub(super) type Move = (Day, Sort, u32, i64, i64);

/// What a transaction has added and taken away so far.
#[derive(Default)]
pub(super) struct Counted {
    groups: HashMap<Group, i64>,
    /// By score, points and band.
    spread: HashMap<(u32, i64, u32), i64>,
    moves: HashMap<Move, i64>,
}

impl Tx {
    /// Counts more (or, below zero, fewer) of a group.
    pub(super) fn count(&self, group: Group, more: i64) {
        *self.counted.borrow_mut().groups.entry(group).or_default() += more;
    }

    /// Counts a write that goes from one state to another.
    pub(super) fn count_write(&self, connection: ConnectionId, from: OutboxState, to: OutboxState) {
        self.count(Group::Outbox(connection, from), -1);
        self.count(Group::Outbox(connection, to), 1);
    }

    /// Counts more contacts at a number of points and in a band of a score.
    pub(super) fn count_points(&self, (score, shown, band): (u32, i64, u32), more: i64) {
        let mut counted = self.counted.borrow_mut();
        *counted.spread.entry((score, shown, band)).or_default() += more;
    }

    /// Counts a contact that a run takes from one group to another.
    pub(super) fn count_move(&self, each: Move) {
        *self.counted.borrow_mut().moves.entry(each).or_default() += 1;
    }

    /// Forgets what a transaction counted that was rolled back.
    pub(super) fn forget_counted(&self) {
        self.counted.take();
    }

    /// Adds what this transaction counted to the tables.
    pub(super) fn write_counted(&self) -> Result<(), StoreError> {
        let counted = self.counted.take();
        self.write_spread(&counted)?;
        self.write_moves(&counted)?;
        let mut add = self.sql.prepare_cached(
            "insert into tally (sort, connection_id, word_id, number) values (?1, ?2, ?3, ?4)
             on conflict do update set number = number + excluded.number returning number",
        )?;
        let mut delete = self.sql.prepare_cached(
            "delete from tally where sort = ?1 and connection_id = ?2 and word_id = ?3",
        )?;
        for (group, more) in counted.groups.into_iter().filter(|(_, more)| *more != 0) {
            let (sort, connection, word) = self.key(group)?;
            let number: i64 =
                add.query_row(params![sort, connection, word, more], |row| row.get(0))?;
            if number == 0 {
                delete.execute(params![sort, connection, word])?;
            }
        }
        Ok(())
    }

    fn write_spread(&self, counted: &Counted) -> Result<(), StoreError> {
        let mut add = self.sql.prepare_cached(
            "insert into spread (score_id, shown, band_id, contacts) values (?1, ?2, ?3, ?4)
             on conflict do update set contacts = contacts + excluded.contacts returning contacts",
        )?;
        let mut delete = self.sql.prepare_cached(
            "delete from spread where score_id = ?1 and shown = ?2 and band_id = ?3",
        )?;
        for ((score, shown, band), more) in counted.spread.iter().filter(|(_, more)| **more != 0) {
            let contacts: i64 =
                add.query_row(params![score, shown, band, more], |row| row.get(0))?;
            if contacts == 0 {
                delete.execute(params![score, shown, band])?;
            }
        }
        Ok(())
    }

    fn write_moves(&self, counted: &Counted) -> Result<(), StoreError> {
        let mut add = self.sql.prepare_cached(
            "insert into moved (as_of_on, sort, score_id, from_id, to_id, contacts) values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict do update set contacts = contacts + excluded.contacts",
        )?;
        for ((day, sort, score, from, to), contacts) in &counted.moves {
            add.execute(params![
                date_text(*day),
                sort.as_str(),
                score,
                from,
                to,
                contacts
            ])?;
        }
        Ok(())
    }

    /// A group's row: sort, connection, word.
    fn key(&self, group: Group) -> Result<(&'static str, u16, u32), StoreError> {
        Ok(match group {
            Group::Contacts => ("contact", 0, NONE),
            Group::Objected => ("objected", 0, NONE),
            Group::Events => ("event", 0, NONE),
            Group::Identities(connection) => ("identity", connection.0, NONE),
            Group::Outbox(connection, state) => {
                let word = self.text_id(Dictionary::Word, state.as_str())?;
                ("outbox", connection.0, word.0)
            }
            Group::Segment(word) => (Sort::Segment.as_str(), 0, word),
            Group::Stage(word) => (Sort::Stage.as_str(), 0, word),
            Group::Unjudged(word) => (Sort::Unjudged.as_str(), 0, word),
        })
    }
}

/// What [`Tx`] counts with.
pub(super) type Counting = RefCell<Counted>;

impl Conn {
    /// How many contacts and events there are.
    pub fn sizes(&self) -> Result<(i64, i64), StoreError> {
        Ok((self.tallied("contact", 0)?, self.tallied("event", 0)?))
    }

    /// When the first event became known that is kept.
    pub fn held_since(&self) -> Result<Option<Millis>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select known_at from event order by id limit 1")?;
        Ok(select.query_row((), |row| row.get(0)).optional()?)
    }

    /// How many contacts there are.
    pub fn count_contacts(&self) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.tallied("contact", 0)?).unwrap_or_default())
    }

    /// How many contacts a connection has.
    pub fn contacts_of(&self, connection: ConnectionId) -> Result<i64, StoreError> {
        self.tallied("identity", connection.0)
    }

    /// How many rows of each connection are in each state.
    pub fn outbox_sizes(&self) -> Result<Vec<(ConnectionId, OutboxState, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select connection_id, text, number from tally join word on word.id = word_id
             where sort = 'outbox' order by 1, 2",
        )?;
        let mut rows = select.query(())?;
        let mut sizes = Vec::new();
        while let Some(row) = rows.next()? {
            let state = OutboxState::parse(&row.get::<_, String>(1)?)?;
            sizes.push((ConnectionId(row.get(0)?), state, row.get(2)?));
        }
        Ok(sizes)
    }

    /// How many contacts are in each segment that has any.
    pub fn segment_sizes(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.sizes_of(Sort::Segment)
    }

    /// How many contacts are in each stage that has any.
    pub fn stage_sizes(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.sizes_of(Sort::Stage)
    }

    /// How many contacts are judged, and how many are not, by reason.
    pub fn judged_sizes(&self) -> Result<(i64, Vec<(String, i64)>), StoreError> {
        let judged = self.tallied(Sort::Unjudged.as_str(), 0)?;
        let mut unjudged = self.sizes_of(Sort::Unjudged)?;
        unjudged.sort_by_key(|(_, contacts)| std::cmp::Reverse(*contacts));
        Ok((judged, unjudged))
    }

    /// How many contacts are in each band of each score: `(score, band, contacts)`.
    pub fn band_sizes(&self) -> Result<Vec<(String, Option<String>, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select name.text, band.text, sum(contacts) from spread
             join word name on name.id = score_id left join word band on band.id = band_id
             group by score_id, band_id order by score_id, 3 desc",
        )?;
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn sizes_of(&self, sort: Sort) -> Result<Vec<(String, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select text, number from tally join word on word.id = word_id where sort = ?1 and connection_id = 0 order by 1",
        )?;
        let rows = select.query_map([sort.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The count of what has no word.
    pub(super) fn tallied(&self, sort: &str, connection: u16) -> Result<i64, StoreError> {
        self.tallied_word(sort, connection, NONE)
    }

    pub(super) fn tallied_word(
        &self,
        sort: &str,
        connection: u16,
        word: u32,
    ) -> Result<i64, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select coalesce(sum(number), 0) from tally where sort = ?1 and connection_id = ?2 and word_id = ?3",
        )?;
        Ok(select.query_row(params![sort, connection, word], |row| row.get(0))?)
    }

    /// Counts everything again: each count that is not what the rows give, at most so many.
    pub fn compare_tallies(&self, most: usize) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for (counted, kept) in [(RECOUNT, KEPT), (RECOUNT_SPREAD, KEPT_SPREAD)] {
            let select = format!(
                "with counted (what, of_id, also_id, more_id, number) as ({counted}),
                   kept (what, of_id, also_id, more_id, number) as ({kept})
                 select what, of_id, also_id, more_id, sum(kept), sum(counted) from (
                   select what, of_id, also_id, more_id, number kept, 0 counted from kept
                   union all select what, of_id, also_id, more_id, 0, number from counted)
                 group by 1, 2, 3, 4 having sum(kept) <> sum(counted) order by 1, 2, 3, 4 limit ?1"
            );
            let mut select = self.sql.prepare(&select)?;
            let limit = i64::try_from(most - found.len()).unwrap_or(i64::MAX);
            let rows = select.query_map([limit], |row| {
                let what: String = row.get(0)?;
                let of: [i64; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
                let (kept, counted): (i64, i64) = (row.get(4)?, row.get(5)?);
                Ok(format!("{what} {of:?}: kept {kept}, counted {counted}"))
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }
}

const KEPT: &str = "select sort, connection_id, word_id, 0, number from tally";
const KEPT_SPREAD: &str = "select 'points', score_id, shown, band_id, contacts from spread";
const RECOUNT_SPREAD: &str =
    "select 'points', score_id, shown, coalesce(band_id, 0), count(*) from score group by 2, 3, 4";
const RECOUNT: &str = "
  select 'contact', 0, 0, 0, (select count(*) from contact) - (select count(*) from merged)
  union all select 'objected', 0, 0, 0, (select count(*) from objection where withdrawn_at is null
    and contact_id not in (select contact_id from merged))
  union all select 'event', 0, 0, 0, (select count(*) from event) - (select count(*) from superseded)
    - (select count(*) from confirmed where by_id is not null)
  union all select 'identity', connection_id, 0, 0, count(*) from identity where gone_at is null group by connection_id
  union all select 'outbox', connection_id, coalesce(word.id, -1), 0, count(*) from outbox left join word on text = state
    group by connection_id, state
  union all select 'segment', 0, segment_id, 0, count(*) from segment_member group by segment_id
  union all select 'stage', 0, stage_id, 0, count(*) from stage_member group by stage_id
  union all select 'unjudged', 0, iif(unjudged is null, 0, coalesce(word.id, -1)), 0, count(*) from contact_state
    left join word on text = unjudged group by unjudged";
